"""Units that die while networks are trained, in every form: tables and a chart, lines an epoch, JSON, JUnit."""

import io
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.figure.curves import Curve, Figure, Panel
from actcli.analysis.training.fates import Fate
from actcli.render.deadness.dying_text import (
    EPOCH_COLUMNS,
    LIMIT_COLUMNS,
    Deaths,
    conditions,
    dead_text,
    epoch_lines,
    limit_lines,
    plain_number,
    score_text,
    share_text,
    short_name,
    training_record,
)
from actcli.render.deadness.report import change_markdown, with_change, write_findings
from actcli.render.deadness.table import View, dead_screen, layer_rows, print_change
from actcli.render.deadness.verdict import caution, verdict
from actcli.render.output.documents import json_document, json_line, refuse_arrays, write_document
from actcli.render.output.layout import Layout
from actcli.render.output.surface import Surface, console
from actcli.render.table.grid import cut, in_script, ruled_table
from actcli.render.text.delimited import delimited_text
from actcli.render.text.markdown import markdown_table
from actcli.terminal import Terminal, printable

if TYPE_CHECKING:
    from rich.console import Console

_MOST_EPOCHS = 9
"""Rows of a table by epoch; more epochs than that are shown by a choice, close at first."""
_LONGEST_NAME = 18
_MOST_CURVES = 8
_CHART_LINES = 12
_NARROWEST, _WIDEST = 60, 120
_MOST_LAYERS = 4
"""Layers whose shares are named one by one; of more, the first and the last."""

Rows = list[list[str]]


def write_deaths(deaths: Deaths, view: View, layout: Layout, terminal: Terminal) -> None:
    """Write what was found as the layout says; its format may be `junit` too.

    Raises UsageError for .npy and .npz, DataError when it cannot be written.
    """
    refuse_arrays(layout, "a report of dead units")
    # the extremes of a diverged network's units are inf and -inf, between which there is no margin
    with np.errstate(invalid="ignore"):
        _write(deaths, view, layout, terminal)


def _write(deaths: Deaths, view: View, layout: Layout, terminal: Terminal) -> None:
    match layout.format:
        case "table":
            text = dying_screen(deaths, view, Surface.of(terminal, to_file=layout.path is not None))
        case "json":
            text = json_document(_record(deaths))
        case "jsonl":
            record = _record(deaths)
            layers = with_change(deaths.findings)
            lines = [*record["training"]["courses"], *record["training"]["limits"], *layers]
            text = "".join(map(json_line, lines))
        case "markdown":
            text = _markdown(deaths)
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
    write_document(text, layout, terminal)


def dying_screen(deaths: Deaths, view: View, surface: Surface) -> str:
    """The whole page, in the surface's width, characters and colours."""
    from rich.text import Text

    said = in_script(surface)
    page = io.StringIO()
    printer = console(page, surface.width, color=surface.color)
    printer.print(Text(said(conditions(deaths.dying))))
    if deaths.fates:
        if not deaths.thresholds:
            printer.print(Text(said("\nDead units after each epoch, %"), "bold"))
            _print_blocks(printer, _by_epoch(deaths, surface), surface)
        printer.print(Text("\nAt the end", "bold"))
        _print_blocks(printer, _columns_of(_at_the_end(deaths), surface), surface, texts=1)
        chart = _chart(deaths, surface)
        if chart:
            printer.print()
            printer.file.write(chart)
    if view.units or view.map:
        printer.print()
        printer.file.write(dead_screen(deaths.findings, view, surface))
    else:
        print_change(printer, deaths.findings.report, surface)
        printer.print()
        for place, sentence in enumerate(death_sentences(deaths)):
            printer.print(Text(said(sentence), "" if place else "bold"), width=surface.width)
    return "".join(line.rstrip() + "\n" for line in page.getvalue().splitlines())


def epochs_shown(last: int) -> list[int]:
    """The epochs of a table: all, or a choice with the first two and the last, close at first."""
    if last < _MOST_EPOCHS:
        return list(range(last + 1))
    chosen = np.unique(np.round(np.geomspace(1, last, _MOST_EPOCHS - 1)))
    return [0, *chosen.astype(int).tolist()]


def death_sentences(deaths: Deaths) -> list[str]:
    """Those about the training first: they answer the question. Of a search there are no others.

    For all units of all rates that were tried mean nothing together.
    """
    notes = list(map(printable, deaths.findings.report.notes))
    if deaths.dying.limit is not None:
        return [*caution(deaths.findings), *notes]
    return [*notes, *(one for one in verdict(deaths.findings) if one not in notes)]


def _record(deaths: Deaths) -> dict[str, Any]:
    from actcli.render.deadness.report import record

    return {**record(deaths.findings), "training": training_record(deaths)}


def _by_epoch(deaths: Deaths, surface: Surface) -> Rows:
    """Columns of texts: the epochs, then for each function and rate, side by side, the dead share after them."""
    fates = deaths.fates
    epochs = epochs_shown(max(one.epochs for one in fates))
    several = len(deaths.dying.trial.depths) > 1
    columns = [["\nepoch", *map(str, epochs)]]
    for one in fates:
        name = cut(printable(one.course.stack.spec), _LONGEST_NAME, surface)
        depth = f", {one.course.depth} layers" if several else ""
        shares = [dead_text(one, epoch) if epoch <= one.epochs else "" for epoch in epochs]
        columns.append([f"{name}{depth}\nlr {one.course.rate:g}", *shares])
    return columns


def _at_the_end(deaths: Deaths) -> Rows:
    """A head, and a row a function and rate; without the columns in which nothing happened."""
    fates = deaths.fates
    several = len(deaths.dying.trial.depths) > 1
    score = "accuracy" if deaths.dying.data.classes else "R²"
    columns = [["function", *(printable(one.course.stack.spec) for one in fates)]]
    if several:
        columns.append(["layers", *(str(one.course.depth) for one in fates)])
    columns.append(["lr", *(f"{one.course.rate:g}" for one in fates)])
    columns.append(["dead %", *(dead_text(one, -1) for one in fates)])
    if any(one.course.depth > 1 and one.dead[-1] for one in fates):
        columns.append(["by layer", *(_layers(one) for one in fates)])
    for name, texts in (
        ("rare %", [share_text(float(one.rare[-1])) for one in fates]),
        ("saturated %", [share_text(float(one.saturated[-1])) for one in fates]),
        ("deaths", [str(int(one.deaths.sum())) for one in fates]),
        ("revivals", [str(int(one.revivals.sum())) for one in fates]),
        ("died at", ["" if one.died is None else plain_number(one.died) for one in fates]),
        ("diverged", [f"{one.diverged} of {one.networks}" if one.diverged else "0" for one in fates]),
    ):
        if any(text not in {"0", ""} for text in texts):
            columns.append([name, *texts])
    columns.append([f"test {score}", *(score_text(one) for one in fates)])
    return [list(row) for row in zip(*columns, strict=True)]


def _layers(one: Fate) -> str:
    """The dead shares of the layers, the first first; blank where all networks diverged."""
    if one.gone[-1] == 1:
        return ""
    shares = [share_text(round(share, 3)) for share in one.layers.tolist()]
    return " ".join(shares if len(shares) <= _MOST_LAYERS else [shares[0], "…", shares[-1]])


def _columns_of(rows: Rows, surface: Surface) -> Rows:
    cut_rows = [[cut(row[0], _LONGEST_NAME, surface), *row[1:]] for row in rows]
    return [list(column) for column in zip(*cut_rows, strict=True)]


def _print_blocks(printer: "Console", columns: Rows, surface: Surface, texts: int = 0) -> None:
    """The columns as one table, or as many as it takes to fit, each with the first column; `texts` are flush left."""
    from rich.text import Text

    said = in_script(surface)
    widths = [max(len(line) for cell in column for line in said(cell).split("\n")) + 2 for column in columns]
    first, rest = columns[0], list(range(1, len(columns)))
    if texts:
        # what names a row stands in every block
        names = 1 + sum(column[0] in {"layers", "lr"} for column in columns)
        rest = list(range(names, len(columns)))
    else:
        names = 1
    while rest:
        taken: list[int] = []
        room = surface.width + 2 - sum(widths[:names])
        while rest and (not taken or widths[rest[0]] <= room):
            room -= widths[rest[0]]
            taken.append(rest.pop(0))
        table = ruled_table(surface)
        for place in (*range(names), *taken):
            heading = Text(said(columns[place][0]), "bold")
            table.add_column(heading, no_wrap=True, justify="left" if place < texts else "right")
        for row in range(1, len(first)):
            cells = [said(columns[place][row]) for place in (*range(names), *taken)]
            table.add_row(*(Text(cell, "dim" if cell == "0" else "") for cell in cells))
        printer.print(table, width=max(surface.width, sum(widths[:names]) + sum(widths[i] for i in taken)))
        if rest:
            printer.print()


def _chart(deaths: Deaths, surface: Surface) -> str:
    """The dead share by epoch; of a search, by the logarithm of the rate. Nothing where nothing died."""
    from actcli.render.figure.figure_text import Style, figure_text, lines_of_key
    from actcli.render.text.theme import theme_named

    figure = _by_rate(deaths) if deaths.thresholds else _by_epoch_drawn(deaths)
    if figure is None:
        return ""
    style = Style(
        width=min(max(surface.width, _NARROWEST), _WIDEST),
        height=_CHART_LINES,
        marker="braille" if surface.unicode else "ascii",
        color=surface.color,
        theme=theme_named("default"),
        axis="log10 of lr" if deaths.thresholds else "epoch",
    )
    height = max(_CHART_LINES, 5 + len(figure.panels[0].curves)) + lines_of_key(figure, style)
    return figure_text(figure, replace(style, height=height))


def _by_epoch_drawn(deaths: Deaths) -> Figure | None:
    several = len(deaths.dying.trial.depths) > 1
    shown = [one for one in deaths.fates if one.epochs and one.dead.any()]
    if not shown:
        return None
    worst = sorted(shown, key=lambda one: -float(one.dead[-1]))[:_MOST_CURVES]
    curves = [
        # where all networks have diverged, no unit is left to be dead or alive
        _curve(
            short_name(one.course, depth=several),
            np.arange(len(one.dead)),
            np.where(one.gone < 1, one.dead, np.nan),
        )
        for one in shown
        if one in worst
    ]
    last = max(one.epochs for one in shown)
    return Figure((Panel("dead units, %", tuple(curves)),), (0.0, float(last)))


def _by_rate(deaths: Deaths) -> Figure | None:
    curves, rates = [], []
    for threshold in deaths.thresholds[:_MOST_CURVES]:
        own = [
            o for o in deaths.fates if (o.course.stack, o.course.depth) == (threshold.stack, threshold.depth)
        ]
        x = np.log10([one.course.rate for one in own])
        shares = np.array([one.survivors_dead for one in own])
        if np.isnan(shares).all():
            continue
        rates += x.tolist()
        curves.append(_curve(printable(threshold.stack.spec), x, shares))
    if not rates or min(rates) == max(rates):
        return None
    return Figure((Panel("dead units, %", tuple(curves)),), (min(rates), max(rates)))


def _curve(name: str, x: Sequence[float] | NDArray[Any], shares: NDArray[Any]) -> Curve:
    """As far as the shares are known: that of networks which all diverged is NaN."""
    known = ~np.isnan(shares)
    return Curve(name, "dead", name, ((np.asarray(x, np.float64)[known], 100 * shares[known]),))


def _markdown(deaths: Deaths) -> str:
    parts = [markdown_table([["Verdict"], *([sentence] for sentence in death_sentences(deaths))])]
    if deaths.fates:
        parts.append(markdown_table(_at_the_end(deaths)))
        if not deaths.thresholds:
            columns = _by_epoch(deaths, _WIDE)
            flat = [[cell.replace("\n", " ").strip() for cell in column] for column in columns]
            parts.append(markdown_table([list(row) for row in zip(*flat, strict=True)]))
        parts.append(markdown_table(layer_rows(deaths.findings.report)))
    if deaths.findings.report.change is not None:
        parts.append(change_markdown(deaths.findings.report.change))
    return "\n".join(parts)


_WIDE = Surface(10_000, unicode=True, color=False, encoding="utf-8", live=False)
