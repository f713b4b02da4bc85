"""The report of a comparison: followed to its end, then sorted, drawn and written, or only its winner printed."""

import os
from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING

from actcli.commands.picture_options import choose_picture, require_pipe
from actcli.dataclass import dataclass
from actcli.exits import DataError, ExitStatus, UsageError
from actcli.render.figure.page import DRAWN, Paper
from actcli.render.output.destinations import choose_each, require_apart, write_each

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from actcli.analysis.compare.result import Comparison, Step, Steps
    from actcli.commands.compare.options import CompareOptions
    from actcli.commands.session import Session
    from actcli.render.figure.lettering import Lettering
    from actcli.render.output.layout import Layout
    from actcli.render.training.recording import Recording
    from actcli.terminal import Terminal

FIGURES = ("txt", *DRAWN)
_OWN_FORMATS = {"junit": ".xml", "html": ".html"}
TABLES = ("csv", "tsv", "json", "jsonl", "txt", "md", "html")


@dataclass(frozen=True, slots=True)
class Presentation:
    """How the results of a comparison are written.

    Attributes:
        layout: the form of the table and where it goes.
        figure: the form and the file of a chart that is written instead of a table; no file for stdout.
        plot: whether a chart stands below the table.
        sort: the column to sort by.
        best: the column whose winner is printed, and nothing else.
        lettering: the texts of the chart.
        paper: its layout as a picture.

    """

    layout: "Layout"
    figure: tuple[str, str | None] | None = None
    plot: bool = False
    sort: str | None = None
    best: str | None = None
    lettering: "Lettering | None" = None
    paper: Paper = field(default_factory=Paper)

    @property
    def path(self) -> str | None:
        """The file; None for stdout."""
        return self.figure[1] if self.figure else self.layout.path

    @property
    def form(self) -> str:
        """The form of the chart in it: text, html, txt or a picture's; `table` without a chart."""
        if self.figure:
            return self.figure[0]
        return "html" if self.layout.format == "html" else "text" if self.plot else "table"

    @property
    def draws(self) -> bool:
        """Whether there is a chart in it."""
        return self.form != "table"


def choose_reports(options: "CompareOptions", terminal: "Terminal") -> tuple[Presentation, ...]:
    """Return how the results are to be written: once for every -o.

    Raises UsageError for options that disagree, DataError for a file that cannot be written.
    """
    from actcli.render.output.outfile import require_writable

    several = len(options.outputs) > 1
    chosen = choose_each(
        options.format,
        options.outputs,
        lambda output: _choose_report(options, output, terminal, several=several),
    )
    if several and options.plot and not any(one.draws for one in chosen):
        raise UsageError("--plot draws, and no -o names a chart; use .html, .txt, or a picture such as .svg")
    # the options of a chart are checked against the form that has use for most of them
    preferred = ("png", *DRAWN, "html", "txt", "text", "table")
    form = min((one.form for one in chosen), key=preferred.index)
    lettering, paper = choose_picture(options, form)
    paths = [path for one in chosen if (path := one.path) is not None]
    require_apart(paths)
    for path in paths:
        require_writable(path)
    return tuple(replace(one, lettering=lettering, paper=paper) for one in chosen)


def _choose_report(
    options: "CompareOptions", output: str | None, terminal: "Terminal", *, several: bool
) -> Presentation:
    from actcli.render.output.documents import refuse_arrays
    from actcli.render.output.layout import (
        FILE_FORMATS,
        Layout,
        choose_layout,
        choose_own_layout,
        is_standard_output,
        plain_suffix,
    )

    format_, sort, digits = options.format, options.sort, options.digits
    own = choose_own_layout(_OWN_FORMATS, format_, output)
    if own is not None and own.format == "html":
        return Presentation(replace(own, digits=digits), sort=sort)
    if own is not None:
        if options.against is None:
            raise UsageError("junit is a verdict on the results of --against; choose another format")
        if options.plot and not several:
            raise UsageError("--plot draws, and junit holds a verdict; leave one of them out")
        return Presentation(own)
    if options.best is not None:
        return Presentation(Layout("plain", None), best=options.best)
    suffix = plain_suffix(output or "").removeprefix(".")
    if not options.plot or (several and suffix in TABLES and suffix != "txt"):
        if format_ in DRAWN:
            raise UsageError(f"--format {format_} is a chart; add --plot")
        if suffix in DRAWN and format_ is None:
            raise UsageError(f"-o {output!r} is a chart by its suffix; add --plot")
        if (
            output
            and not is_standard_output(output)
            and format_ is None
            and suffix not in {*TABLES, *FILE_FORMATS}
        ):
            known = ", ".join(f".{name}" for name in TABLES)
            raise UsageError(f"-o {output!r}: the suffix names no format; use one of {known}, or --format")
        layout = choose_layout(format_, output, with_x=False, digits=digits, terminal=terminal)
        refuse_arrays(layout, "a comparison")
        return Presentation(layout, sort=sort)
    if format_ in DRAWN and (output is None or is_standard_output(output)):
        require_pipe(format_, None, terminal)
        return Presentation(Layout("plain", None), figure=(format_, None), sort=sort)
    if format_ in DRAWN and format_ != suffix and suffix in FIGURES:
        raise UsageError(
            f"-o {output!r} is {suffix} by its suffix, but --format says {format_}; leave out one of them"
        )
    if format_ not in {None, "table", *DRAWN}:
        raise UsageError(f"--plot draws, and {format_} holds numbers; leave one of them out")
    if output is None or is_standard_output(output):
        # a chart is for a person, in a pipe too
        layout = choose_layout("table", None, with_x=False, digits=digits, terminal=terminal)
        return Presentation(layout, plot=True, sort=sort)
    by_format = format_ in DRAWN
    if not by_format and (suffix not in FIGURES or not output.lower().endswith(suffix)):
        known = ", ".join(f".{name}" for name in FIGURES)
        raise UsageError(f"-o {output!r}: the suffix names no chart; use one of {known}")
    for option, given in (("--format", format_ == "table"), ("--digits", digits is not None)):
        if given:
            raise UsageError(f"--plot -o {output} writes the chart alone; leave out {option}")
    return Presentation(
        Layout("plain", None), figure=(str(format_) if by_format else suffix, output), sort=sort
    )


def open_recording(path: str | None, outputs: "Sequence[str]") -> "Recording | None":
    """Return the recording of --record; None without. Raises UsageError for the file of -o or an unknown suffix."""
    if path is None:
        return None
    from actcli.render.training.recording import Recording

    if os.path.realpath(path) in map(os.path.realpath, outputs):
        raise UsageError(f"--record and -o both name {path}; they write different things")
    return Recording(path)


def follow_and_write(
    steps: "Steps",
    reports: "Sequence[Presentation]",
    session: "Session",
    recording: "Recording | None" = None,
) -> ExitStatus:
    """Follow the steps, write the results, and return the exit status.

    After Ctrl-C the results so far go to stdout: files, charts and winners are made of complete results only.
    A recording is written in any case, and first.
    Raises UsageError for a column that does not exist, DataError for data that cannot be read or written.
    """
    from actcli.analysis.compare.result import is_function_column
    from actcli.render.compare.live_chart import open_display
    from actcli.render.output.progress_loop import follow

    report, terminal = reports[0], session.terminal

    def look_at(first: "Comparison") -> None:
        if report.sort is not None and not is_function_column(report.sort):
            _require_column(first, report.sort, with_a_best=False)
        if report.best is not None:
            _require_column(first, report.best, with_a_best=True)

    run = follow(_check_first(steps, look_at), open_display(terminal))
    # a recording keeps what is compared
    comparison = run.last.so_far
    if recording is not None:
        recording.write()
    if run.interrupted and run.last.done != run.last.total:
        return _write_part(run.last, comparison, reports, terminal)
    # files first: a reader who leaves (`| head -1`) does not cost one; and the answer is said once
    ordered = sorted(reports, key=lambda one: one.path is None)
    write_each(*(partial(_write, comparison, one, session, spoken=one is ordered[-1]) for one in ordered))
    return ExitStatus.FOUND if comparison.over_limit else ExitStatus.DONE


def _check_first(steps: "Steps", check: "Callable[[Comparison], None]") -> "Steps":
    """Yield the steps; before the second is computed, `check` gets the comparison of the first, and may raise."""
    for place, step in enumerate(steps):
        if place == 0:
            check(step.so_far)
        yield step


def _write(comparison: "Comparison", report: Presentation, session: "Session", *, spoken: bool) -> None:
    from actcli.render.compare.comparison import Page, write_comparison, write_winner

    terminal = session.terminal
    if report.best is not None:
        write_winner(comparison, comparison.column(report.best), terminal)
        return
    comparison = _sorted(comparison, report)
    if report.figure is not None:
        from actcli.render.compare.comparison_chart import write_chart

        write_chart(comparison, *report.figure, terminal, report.lettering, report.paper)
        return
    chart, without = _chart(comparison, report, terminal) if report.plot else ("", "")
    page = Page(comparison, chart=chart, lettering=report.lettering, command=session.command, spoken=spoken)
    write_comparison(page, report.layout, terminal)
    if without:
        terminal.say(f"actcli: {without}")


def _write_part(
    step: "Step", so_far: "Comparison", reports: "Sequence[Presentation]", terminal: "Terminal"
) -> ExitStatus:
    """Write the results so far of an interrupted comparison, and a line that says so."""
    from actcli.render.compare.comparison import Page, write_comparison
    from actcli.render.output.layout import choose_layout

    report = next((one for one in reports if one.path is None and one.figure is None), reports[0])
    unwritten = [one.path or "the chart" for one in reports if one.path is not None or one.figure is not None]
    left_out = report.best and "no winner yet"
    if unwritten:
        left_out = f"{' and '.join(unwritten)} {'is' if len(unwritten) == 1 else 'are'} not written"
    if report.best is None and so_far.contenders:
        layout = report.layout
        if report.path is not None or report.figure is not None:
            layout = choose_layout(None, None, with_x=False, digits=None, terminal=terminal)
        write_comparison(Page(_sorted(so_far, report), complete=False), layout, terminal)
    more = f"; {left_out}" if left_out else ""
    done = f"{100 * step.done / step.total:.0f} %" if step.total else "part of it"
    terminal.say(f"actcli: interrupted: {done} done{more}")
    return ExitStatus.INTERRUPTED


def _sorted(comparison: "Comparison", report: Presentation) -> "Comparison":
    if report.sort is None:
        return comparison
    from actcli.analysis.compare.result import is_function_column, sort_by_column, sort_by_name

    contenders = (
        sort_by_name(comparison)
        if is_function_column(report.sort)
        else sort_by_column(comparison, comparison.column(report.sort))
    )
    return replace(comparison, contenders=contenders)


def _chart(comparison: "Comparison", report: Presentation, terminal: "Terminal") -> tuple[str, str]:
    """Return the chart, or else the sentence that says why there is none; the table is printed in any case."""
    from actcli.render.compare.comparison_chart import chart_text
    from actcli.render.output.surface import Surface

    try:
        return chart_text(comparison, Surface.of(terminal, to_file=False), report.lettering), ""
    except DataError as nothing:
        return "", str(nothing)


def _require_column(comparison: "Comparison", name: str, *, with_a_best: bool) -> None:
    """Raise UsageError when there is no such column, or when a best is needed and the column has none."""
    column = comparison.column(name)
    if with_a_best and column.better == "neither":
        known = ", ".join(one.name for one in comparison.columns if one.better != "neither")
        raise UsageError(f"--best {column.name}: no value of it is better than another; choose from {known}")
