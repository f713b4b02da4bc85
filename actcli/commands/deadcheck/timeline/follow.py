"""`deadcheck --follow`: a timeline that is shown while another program writes it."""

from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

from actcli.commands.deadcheck.files import require_writable_files
from actcli.exits import DataError, ExitStatus, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actcli.analysis.timeline.timeline import Timeline
    from actcli.commands.deadcheck.options import DeadcheckOptions
    from actcli.commands.deadcheck.reports import Reports
    from actcli.commands.session import Session
    from actcli.render.timeline.findings import TimelineFindings


def follow_run(mode: str, options: "DeadcheckOptions", reports: "Reports", session: "Session") -> ExitStatus:
    """Show every epoch as it comes, until the stream ends or Ctrl-C; files are written anew after each.

    Returns INTERRUPTED after Ctrl-C; at the end of a stream the exit status of its last epoch. Mistakes on the command
    line are reported before anything is read: UsageError. Raises DataError for what cannot be read.
    """
    from actcli.commands.deadcheck.run import exit_status, read_earlier
    from actcli.commands.deadcheck.timeline.run import judge_timeline, write_files
    from actcli.render.deadness.findings import View
    from actcli.render.timeline.live import open_live
    from actcli.render.timeline.sentences import timeline_sentences

    require_writable_files(options, reports)
    old = read_earlier(options.against, session.memory)
    live = open_live(reports.layouts, View(options.units), session.terminal)
    session.writes()
    last: TimelineFindings | None = None
    interrupted = False
    steps = _timelines(mode, options, session)
    try:
        with closing(cast("Any", steps)):
            for timeline in steps:
                if timeline is None:
                    session.terminal.say(f"actcli: waiting for {options.sources[0]}")
                    continue
                last = judge_timeline(timeline, options, old)
                live.show(last)
                write_files(last, options, reports, session)
    except KeyboardInterrupt:
        interrupted = True
    if last is None and not interrupted:
        raise DataError(f"{options.sources[0]}: the stream ended before its first epoch")
    live.close(last, interrupted=interrupted)
    if last is not None and not live.is_on_screen:
        reports.say(timeline_sentences(last), session.terminal)
    return ExitStatus.INTERRUPTED if interrupted or last is None else exit_status(last.last)


def _timelines(mode: str, options: "DeadcheckOptions", session: "Session") -> "Iterator[Timeline | None]":
    from actcli.sources.records.followed import follow_file, stream_timelines

    if mode == "timeline":
        return follow_file(options.sources[0], session.memory)
    from dataclasses import replace

    from actcli.sources.records.archive_stream import ARRAY, Rewound
    from actcli.sources.streams.bytestream import open_stdin

    terminal = session.terminal
    if terminal.stdin_is_tty:
        raise UsageError("--follow -: standard input is a terminal: send arrays or statistics files to it")
    stream = open_stdin(terminal.stdin)
    head = stream.peek(len(ARRAY))
    if stream.is_checked:
        raise DataError("stdin: is packed, which would hold epochs back: unpack it on the way, gzip -dc | …")
    rewound = Rewound(stream.take_head(), cast("Any", getattr(terminal.stdin, "raw", terminal.stdin)))
    if head == ARRAY:
        return _timelines_of_arrays(
            options, replace(session, terminal=replace(terminal, stdin=cast("Any", rewound)))
        )
    if options.recorded or options.activations or options.unit_axes or options.dtype:
        raise UsageError(
            "--recorded, --activation, --unit-axis and --dtype are for .npy arrays in the stream"
        )
    return stream_timelines(rewound, session.memory)


def _timelines_of_arrays(options: "DeadcheckOptions", session: "Session") -> "Iterator[Timeline]":
    """Yield the timeline after each array of a stream: one layer in one epoch."""
    from actcli.analysis.timeline.timeline import Epoch
    from actcli.commands.deadcheck.sources import open_epochs
    from actcli.sources.records.followed import append_epoch

    timeline: Timeline | None = None
    for number, state in enumerate(open_epochs(options, session), 1):
        timeline = append_epoch(timeline, Epoch(number, (state,)))
        yield timeline
