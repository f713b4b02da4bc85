"""Units that die while networks are trained, in every form: tables and a chart, lines, JSON, Markdown, JUnit."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from actcli.activations.distinct import distinct
from actcli.analysis.figure.curves import Curve, Figure, Panel
from actcli.analysis.training.fates import Course, Fate
from actcli.analysis.wording import with_error
from actcli.render.deadness.dying_records import (
    EPOCH_COLUMNS,
    LIMIT_COLUMNS,
    Deaths,
    epoch_lines,
    limit_lines,
    training_record,
)
from actcli.render.deadness.dying_sentences import conditions, dead_percent
from actcli.render.deadness.findings import View
from actcli.render.deadness.report import change_markdown, layers_with_change, record, write_findings
from actcli.render.deadness.table import dead_screen, layer_rows, print_change
from actcli.render.deadness.verdict import caution, verdict
from actcli.render.deadness.wording import percent
from actcli.render.output.documents import in_utf8, refuse_arrays, stream_json, write_document
from actcli.render.output.layout import Layout
from actcli.render.output.surface import Surface, console
from actcli.render.table.fit import split_columns
from actcli.render.table.grid import GridColumn, cut, draw_grid, in_characters, in_script
from actcli.render.text.delimited import delimited_text
from actcli.render.text.markdown import markdown_table
from actcli.terminal import Terminal, printable

if TYPE_CHECKING:
    from rich.console import Console

_MOST_EPOCHS = 9
"""Rows of a table by epoch; of more epochs a selection is shown, dense at first."""
_LONGEST_NAME = 18
_MOST_CURVES = 8
_CHART_LINES = 12
_NARROWEST, _WIDEST = 60, 120
_MOST_LAYERS = 4
"""Layers whose shares are listed; of more, the first and the last."""
_NAMES = ("function", "layers", "lr")
"""Columns that name a row; they stand in every block of a table that is split."""
_WIDE = Surface(10_000, unicode=True, color=False, encoding="utf-8", live=False)

Columns = list[list[str]]
"""Columns of texts, each with its heading first."""


def write_deaths(deaths: Deaths, view: View, layout: Layout, terminal: Terminal) -> None:
    """Write the result in the layout's format, which may be `junit` too.

    Raises UsageError for .npy and .npz, DataError if it cannot be written.
    """
    refuse_arrays(layout, "a report of dead units")
    # units of a diverged network have extremes inf and -inf, which have no margin
    with np.errstate(invalid="ignore"):
        _write(deaths, view, layout, terminal)


def _write(deaths: Deaths, view: View, layout: Layout, terminal: Terminal) -> None:
    text: str | Iterable[str]
    match layout.format:
        case "table":
            text = dying_screen(deaths, view, Surface.of(terminal, to_file=layout.path is not None))
        case "json":
            whole = {**record(deaths.findings), "training": training_record(deaths)}
            text = stream_json(whole, indented=True)
        case "jsonl":
            training = training_record(deaths)
            lines = [*training["courses"], *training["limits"], *layers_with_change(deaths.findings)]
            text = chain.from_iterable(stream_json(line, indented=False) for line in lines)
        case "markdown":
            text = _markdown(deaths)
        case "html":
            text = _page(deaths)
        case "junit":
            write_findings(deaths.findings, view, layout, terminal)
            return
        case _ if view.units:
            write_findings(deaths.findings, view, layout, terminal)
            return
        case _ if deaths.thresholds:
            text = delimited_text([list(LIMIT_COLUMNS), *limit_lines(deaths.thresholds)], layout.format)
        case _:
            text = delimited_text([list(EPOCH_COLUMNS), *epoch_lines(deaths.fates)], layout.format)
    write_document(text, in_utf8(layout), terminal)


def dying_screen(deaths: Deaths, view: View, surface: Surface) -> str:
    """Return the page for a person, in the surface's width, characters and colours."""
    from rich.text import Text

    script = in_script(surface)
    page = io.StringIO()
    printer = console(page, surface.width, surface)
    printer.print(Text(script(conditions(deaths.courses))))
    if deaths.fates:
        if not deaths.thresholds:
            printer.print(Text(script("\nDead units after each epoch, %"), "bold"))
            _print_blocks(printer, _by_epoch(deaths, surface), surface)
        printer.print(Text("\nAt the end", "bold"))
        (functions, *rest) = _at_the_end(deaths)
        functions = [cut(name, _LONGEST_NAME, surface) for name in functions]
        _print_blocks(printer, [functions, *rest], surface)
        chart = _chart(deaths, surface)
        if chart:
            printer.print()
            printer.file.write(chart)
    if view.units or view.map:
        printer.print()
        printer.file.write(dead_screen(deaths.findings, view, surface))
    else:
        print_change(printer, deaths.findings.report, surface)
        for i, sentence in enumerate(death_sentences(deaths) if view.sentences else ()):
            printer.print(
                Text(script(sentence if i else f"\n{sentence}"), "" if i else "bold"), width=surface.width
            )
    return "".join(line.rstrip() + "\n" for line in page.getvalue().splitlines())


def epochs_shown(last: int) -> list[int]:
    """Return the epochs of a table: all, or a selection with the first two and the last, dense at first."""
    if last < _MOST_EPOCHS:
        return list(range(last + 1))
    chosen = distinct(np.round(np.geomspace(1, last, _MOST_EPOCHS - 1)))
    return [0, *chosen.astype(int).tolist()]


def death_sentences(deaths: Deaths) -> list[str]:
    """Return the sentences below the tables: the answer, and with a limit or earlier statistics the verdict.

    The verdict counts the units of all rates together, which means little without a limit.
    """
    findings = deaths.findings
    notes = list(map(printable, findings.report.notes))
    if findings.judgement is None and findings.report.change is None:
        return [*caution(findings), *notes]
    return [*notes, *(sentence for sentence in verdict(findings) if sentence not in notes)]


def _by_epoch(deaths: Deaths, surface: Surface) -> Columns:
    """Return the epochs, and for each function and rate the dead share after them."""
    fates = deaths.fates
    epochs = epochs_shown(max(fate.epochs for fate in fates))
    several = len(deaths.courses.trial.depths) > 1
    columns = [["\nepoch", *map(str, epochs)]]
    for fate in fates:
        name = cut(printable(fate.course.stack.spec), _LONGEST_NAME, surface)
        depth = f", {fate.course.depth} layers" if several else ""
        shares = [_dead_text(fate, epoch) if epoch <= fate.epochs else "" for epoch in epochs]
        columns.append([f"{name}{depth}\nlr {fate.course.rate_text}", *shares])
    return columns


def _at_the_end(deaths: Deaths) -> Columns:
    """Return the final numbers of each function and rate, without the columns in which nothing happened."""
    fates = deaths.fates
    score = "accuracy" if deaths.courses.data.classes else "R²"
    columns = [["function", *(printable(fate.course.stack.spec) for fate in fates)]]
    if len(deaths.courses.trial.depths) > 1:
        columns.append(["layers", *(str(fate.course.depth) for fate in fates)])
    columns.append(["lr", *(fate.course.rate_text for fate in fates)])
    columns.append(["dead %", *("–" if fate.gone[-1] == 1 else dead_percent(fate) for fate in fates)])
    if any(fate.course.depth > 1 and fate.dead[-1] for fate in fates):
        columns.append(["by layer", *(_layers_text(fate) for fate in fates)])
    for name, texts in (
        ("rare %", [percent(float(fate.rare[-1])) for fate in fates]),
        ("saturated %", [percent(float(fate.saturated[-1])) for fate in fates]),
        ("deaths", [str(int(fate.deaths.sum())) for fate in fates]),
        ("revivals", [str(int(fate.revivals.sum())) for fate in fates]),
        ("died at", ["" if fate.died is None else f"{fate.died:g}" for fate in fates]),
        ("diverged", [f"{fate.diverged} of {fate.networks}" if fate.diverged else "0" for fate in fates]),
    ):
        if any(text not in {"0", ""} for text in texts):
            columns.append([name, *texts])
    columns.append(
        [f"test {score}", *(with_error(float(fate.test_score[-1]), fate.interval or 0.0) for fate in fates)]
    )
    return columns


def _dead_text(fate: Fate, epoch: int) -> str:
    """Return the dead share after an epoch; a dash if all networks have diverged."""
    return "–" if fate.gone[epoch] == 1 else percent(float(fate.dead[epoch]))


def _layers_text(fate: Fate) -> str:
    """Return the dead shares of the layers, the first first; blank if all networks diverged."""
    if fate.gone[-1] == 1:
        return ""
    shares = [percent(round(share, 3)) for share in fate.layers.tolist()]
    return " ".join(shares if len(shares) <= _MOST_LAYERS else [shares[0], "…", shares[-1]])


def _print_blocks(printer: "Console", columns: Columns, surface: Surface) -> None:
    """Print the columns as one table, or as several that fit, each with the columns that name its rows."""
    grid = [
        in_characters(
            GridColumn(
                heading, texts, ["dim" if text == "0" else "" for text in texts], left=heading == "function"
            ),
            surface,
        )
        for heading, *texts in columns
    ]
    names = max(1, sum(heading in _NAMES for heading, *_ in columns))
    tables = split_columns([column.width for column in grid], surface.width, repeated=names)
    printer.file.write("\n".join(draw_grid([grid[place] for place in places], surface) for places in tables))


def _chart(deaths: Deaths, surface: Surface) -> str:
    """Return a chart of the dead share by epoch, or of a search by the logarithm of the rate; blank if none died."""
    from actcli.render.figure.figure_text import Style, figure_text, lines_of_key

    figure = _figure_by_rate(deaths) if deaths.thresholds else _figure_by_epoch(deaths)
    if figure is None:
        return ""
    style = Style(
        width=min(max(surface.width, _NARROWEST), _WIDEST),
        height=_CHART_LINES,
        marker="braille" if surface.unicode else "ascii",
        color=surface.color,
        theme=surface.colors,
        axis="log10 of lr" if deaths.thresholds else "epoch",
    )
    height = max(_CHART_LINES, 5 + len(figure.panels[0].curves)) + lines_of_key(figure, style)
    return figure_text(figure, replace(style, height=height))


def _figure_by_epoch(deaths: Deaths) -> Figure | None:
    several = len(deaths.courses.trial.depths) > 1
    shown = [fate for fate in deaths.fates if fate.epochs and fate.dead.any()]
    if not shown:
        return None
    worst = sorted(shown, key=lambda fate: -float(fate.dead[-1]))[:_MOST_CURVES]
    curves = [
        # once all networks have diverged, no unit is dead or alive
        _curve(
            _curve_name(fate.course, several),
            np.arange(len(fate.dead)),
            np.where(fate.gone < 1, fate.dead, np.nan),
        )
        for fate in shown
        if fate in worst
    ]
    last = max(fate.epochs for fate in shown)
    return Figure((Panel("dead units, %", tuple(curves)),), (0.0, float(last)))


def _figure_by_rate(deaths: Deaths) -> Figure | None:
    curves, rates = [], []
    for threshold in deaths.thresholds[:_MOST_CURVES]:
        team = (threshold.stack, threshold.depth)
        own = [fate for fate in deaths.fates if (fate.course.stack, fate.course.depth) == team]
        x = np.log10([fate.course.rate for fate in own])
        shares = np.array([fate.lost for fate in own])
        if np.isnan(shares).all():
            continue
        rates += x.tolist()
        curves.append(_curve(printable(threshold.stack.spec), x, shares))
    if not rates or min(rates) == max(rates):
        return None
    return Figure((Panel("units that died, %", tuple(curves)),), (min(rates), max(rates)))


def _curve_name(course: Course, several_depths: bool) -> str:
    """Return the name of a course in a chart: `relu 0.1`, `relu 8x 0.1`."""
    depth = f" {course.depth}x" if several_depths else ""
    return f"{printable(course.stack.spec)}{depth} {course.rate_text}"


def _curve(name: str, x: Sequence[float] | NDArray[Any], shares: NDArray[Any]) -> Curve:
    """Return the curve of the shares that are not NaN, in percent."""
    finite = ~np.isnan(shares)
    return Curve(name, "dead", name, ((np.asarray(x, np.float64)[finite], 100 * shares[finite]),))


def _page(deaths: Deaths) -> str:
    """Return the page of the final networks, with the chart and the tables of the training before it."""
    from actcli.render.deadness.page import report_foot, report_head, report_parts
    from actcli.render.figure.html_page import html_page, html_table, section
    from actcli.render.figure.svg import figure_html, figure_svg

    figure = _figure_by_rate(deaths) if deaths.thresholds else _figure_by_epoch(deaths)
    axis, sentences = "log10 of lr" if deaths.thresholds else "epoch", death_sentences(deaths)
    chart = (
        [] if figure is None else [figure_html(figure, figure_svg(figure, title="Dead units, %", axis=axis))]
    )
    tables = [html_table(_rows(_at_the_end(deaths)))] if deaths.fates else []
    body = "".join(
        (
            report_head(deaths.findings, sentences or [conditions(deaths.courses)]),
            section("Dead units in training", *chart, *tables),
            report_parts(deaths.findings),
            report_foot(deaths.findings),
        )
    )
    return html_page("Units that die in training", body)


def _markdown(deaths: Deaths) -> str:
    parts = [markdown_table([["Verdict"], *([sentence] for sentence in death_sentences(deaths))])]
    if deaths.fates:
        parts.append(markdown_table(_rows(_at_the_end(deaths))))
        if not deaths.thresholds:
            columns = _by_epoch(deaths, _WIDE)
            flat = [[cell.replace("\n", " ").strip() for cell in column] for column in columns]
            parts.append(markdown_table(_rows(flat)))
        parts.append(markdown_table(layer_rows(deaths.findings.report)))
    if deaths.findings.report.change is not None:
        parts.append(change_markdown(deaths.findings.report.change))
    return "\n".join(parts)


def _rows(columns: Columns) -> list[list[str]]:
    return [list(row) for row in zip(*columns, strict=True)]
