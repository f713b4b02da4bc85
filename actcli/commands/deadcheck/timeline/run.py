"""`deadcheck` of a timeline: of one file, or of several statistics files as its epochs."""

import os
from typing import TYPE_CHECKING

from actcli.commands.deadcheck.files import files_written, require_writable_files
from actcli.exits import ExitStatus, UsageError
from actcli.render.output.destinations import write_each

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actcli.analysis.deadness.unit_state import LayerState
    from actcli.analysis.timeline.timeline import Timeline
    from actcli.commands.deadcheck.options import DeadcheckOptions
    from actcli.commands.deadcheck.reports import Reports
    from actcli.commands.session import Session
    from actcli.render.output.layout import Layout
    from actcli.render.timeline.findings import TimelineFindings


def check_timeline(options: "DeadcheckOptions", reports: "Reports", session: "Session") -> ExitStatus:
    """Follow the units of a run through its epochs, write the report, and return the exit status of its last epoch.

    Mistakes on the command line are reported before anything is read: UsageError. Raises DataError for a file that
    cannot be read, or whose epochs are not of one run.
    """
    from actcli.commands.deadcheck.run import exit_status, read_earlier

    require_writable_files(options, reports)
    old = read_earlier(options.against, session.memory)
    timeline = read_epochs(options.sources, session.memory)
    session.writes()
    findings = judge_timeline(timeline, options, old)
    write_reports(findings, options, reports, session)
    return exit_status(findings.last)


def read_epochs(sources: "Sequence[str]", memory: int | None) -> "Timeline":
    """Return the timeline of one file, or of several statistics files in their order.

    Raises DataError for files that cannot be read or are of different runs, UsageError for a file named twice.
    """
    from actcli.analysis.timeline.timeline import timeline_of
    from actcli.sources.records.state_file import BYTES_PER_UNIT, is_state, read_state
    from actcli.sources.records.state_parts import require_different
    from actcli.sources.records.timeline_file import is_timeline, read_timeline

    if not sources:
        raise UsageError("SOURCE is missing: --timeline takes statistics files in the order of their epochs")
    if len(sources) == 1 and not is_state(sources[0]):
        return read_timeline(sources[0], memory)
    require_different(sources)
    for path in sources:
        if is_timeline(path):
            raise UsageError(
                f"{path} is a timeline of several epochs; name it alone, or statistics files only"
            )
    # all files are kept at once
    parts = [(path, read_state(path, memory, len(sources) * BYTES_PER_UNIT)) for path in sources]
    return timeline_of([(_label(path), states) for path, states in parts])


def judge_timeline(
    timeline: "Timeline",
    options: "DeadcheckOptions",
    old: "tuple[LayerState, ...] | None",
    *,
    complete: bool = True,
) -> "TimelineFindings":
    """Return the course of the run, and the findings about its last epoch."""
    from actcli.analysis.deadness.watching import Snapshot
    from actcli.analysis.timeline.course import follow_units
    from actcli.commands.deadcheck.run import Ending, make_findings
    from actcli.commands.deadcheck.sources import Sources
    from actcli.render.timeline.findings import TimelineFindings

    settings = options.settings
    states = {state.name: state for state in timeline.last.states}
    sources = Sources(iter(()), {}, (), {}, (), lambda _: ())
    last = make_findings(
        options, settings, sources, Snapshot(1, 1, "timeline", states), Ending(complete), old
    )
    return TimelineFindings(follow_units(timeline, settings), last)


def write_reports(
    findings: "TimelineFindings", options: "DeadcheckOptions", reports: "Reports", session: "Session"
) -> None:
    """Write the report to every place, and to stderr the sentences that the screen does not show."""
    from actcli.render.deadness.findings import View
    from actcli.render.timeline.report import write_timeline_report
    from actcli.render.timeline.sentences import timeline_sentences

    terminal, complete = session.terminal, findings.last.complete

    def report(layout: "Layout") -> None:
        view = View(options.units, sentences=not layout.is_piped_table(terminal), paper=reports.paper)
        write_timeline_report(findings, view, layout, terminal)

    write_each(*reports.writers(report, complete=complete))
    if not complete:
        reports.say_interrupted(files_written(options, reports), terminal)
    elif not reports.is_on_screen(terminal):
        reports.say(timeline_sentences(findings), terminal)


def write_files(
    findings: "TimelineFindings", options: "DeadcheckOptions", reports: "Reports", session: "Session"
) -> None:
    """Write the report to the files alone."""
    from actcli.render.deadness.findings import View
    from actcli.render.timeline.report import write_timeline_report

    for layout in reports.layouts:
        if layout.path is not None:
            write_timeline_report(
                findings, View(options.units, paper=reports.paper), layout, session.terminal
            )


def _label(path: str) -> str:
    return os.path.splitext(os.path.basename(path))[0]  # noqa: PTH119, PTH122 - pathlib is slow to load
