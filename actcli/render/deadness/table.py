"""Dead units as a person sees them: a table of the layers, their firing rates, their units, the verdict."""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from actcli.analysis.deadness.report import Report
from actcli.analysis.deadness.verdict import DEAD, LayerVerdict
from actcli.render.deadness.map import layer_map, map_legend, rates_chart
from actcli.render.deadness.unit_table import print_units
from actcli.render.deadness.verdict import (
    Findings,
    bound_text,
    percent,
    samples_text,
    silence,
    verdict,
)
from actcli.render.output.surface import Surface, console
from actcli.render.table.grid import in_script, ruled_table
from actcli.render.table.layer_names import fit_names
from actcli.render.text.notation import quantity, thousands
from actcli.terminal import printable

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod
    from rich.table import Table

_SHORT = {
    "nonfinite": "nonfin", "gate_dead": "gate", "negative_only": "neg", "dormant": "dorm", "saturated": "satur",
    "constant": "const", "always_active": "always",
}  # fmt: skip
_LONG = {
    "nonfinite": "non-finite", "gate_dead": "gate-dead", "negative_only": "negative-only",
    "always_active": "always active",
}  # fmt: skip
_ORDER = (
    "silent", "gate_dead", "rare", "negative_only", "dormant", "saturated", "constant", "always_active",
    "nonfinite",
)  # fmt: skip
_NAMES = ("layer", "op")
_INDENT = 2
_ROOMS, _SHORTEST_NAME = (40, 28, 20), 12


@dataclass(frozen=True, slots=True)
class View:
    """What is shown besides the table of the layers: the units that are not alive, the map of all units."""

    units: bool = False
    map: bool = False


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the layers' table: its name, a text a layer, and one for all of them.

    `alarming`: what is not 0 is dead; `other`: units that are neither dead nor alive.
    """

    name: str
    texts: tuple[str, ...]
    total: str
    alarming: bool = False
    other: bool = False


def dead_screen(findings: Findings, view: View, surface: Surface) -> str:
    """The whole page, in the surface's width, characters and colours."""
    from rich.text import Text

    report = findings.report
    page = io.StringIO()
    tables, caption = _fitted(report, surface)
    printer = console(page, max(surface.width, *map(_width, tables)), color=surface.color)
    said = in_script(surface)
    if report.layers:
        printer.print(Text(said(_title(report) + caption)))
        for columns in tables:
            printer.print()
            printer.print(_layers_table(columns, len(report.layers), surface))
        printer.print(Text("\nHow many units fire on which share of the samples", "bold"))
        printer.print(rates_chart(report, surface, tables[0][0].texts))
    if view.map:
        _print_maps(printer, report, surface)
    if view.units:
        print_units(printer, report, surface)
    _print_unobserved(printer, report, surface)
    print_change(printer, report, surface)
    printer.print()
    for place, sentence in enumerate(verdict(findings)):
        printer.print(Text(said(sentence), "" if place else "bold"), width=surface.width)
    return "".join(line.rstrip() + "\n" for line in page.getvalue().splitlines())


def layer_rows(report: Report) -> list[list[str]]:
    """The layers as a head and rows of text, every class in its column: what Markdown gets."""
    columns = _columns(report, every=True, short=False)
    names = [column.name for column in columns]
    return [names, *(list(row) for row in zip(*(column.texts for column in columns), strict=True))]


def _title(report: Report) -> str:
    return f"{quantity(report.units, 'unit')} in {quantity(len(report.layers), 'layer')}"


def _columns(report: Report, *, every: bool, short: bool, evidence: bool = True) -> list[_Column]:
    """The columns; without `every` those of classes that no unit has are left out."""
    layers, settings = report.layers, report.settings
    columns = [
        _Column("layer", tuple(printable(layer.name) for layer in layers), "all"),
        _Column("op", tuple(printable(layer.op) for layer in layers), ""),
        _Column("units", tuple(str(layer.units) for layer in layers), str(report.units)),
    ]
    if evidence:
        columns.append(_Column("samples", tuple(str(layer.samples) for layer in layers), ""))
    counts = [layer.counts for layer in layers]
    for name in _ORDER:
        total = sum(of[name] for of in counts)
        if total or every:
            texts = tuple(str(of[name]) for of in counts)
            heading = (_SHORT if short else _LONG).get(name, name)
            columns.append(_Column(heading, texts, str(total), alarming=name in DEAD, other=name not in DEAD))
    shares = tuple(percent(layer.dead_share) for layer in layers)
    columns.append(_Column("dead %", shares, percent(report.dead_share), alarming=True))
    if report.readings:
        flags = tuple(str(int(reading.flags.sum())) for reading in report.readings)
        total = sum(int(reading.flags.sum()) for reading in report.readings)
        columns.append(_Column("flagged", flags, str(total)))
    sparse = tuple("–" if math.isnan(layer.sparsity) else percent(layer.sparsity) for layer in layers)
    columns.append(_Column("sparse %" if short else "sparsity %", sparse, ""))
    if evidence:
        bounds = tuple(_silent(layer, settings.confidence) for layer in layers)
        columns.append(_Column(f"at {percent(settings.confidence)} %", bounds, ""))
    return columns


def _silent(layer: LayerVerdict, confidence: float) -> str:
    bound = silence(layer, confidence)
    return "–" if math.isnan(bound) else f"p < {bound_text(bound)}"


def _fitted(report: Report, surface: Surface) -> tuple[list[list[_Column]], str]:
    """One table or two, as columns that fit, and what is then said above the table instead of in it.

    Numbers are never cut. Headings are shortened first; then what is the same in every layer is said once,
    above the table; then the classes that are not dead get a table of their own; names lose their middle
    all along, down to a few characters.
    """
    same = len({layer.samples for layer in report.layers}) == 1
    tries = [(False, True, False), (True, True, False)]
    tries += [(True, False, False)] if same else []
    tries += [(False, True, True), (True, True, True)]
    tries += [(True, False, True)] if same else []
    for short, evidence, split in tries:
        columns = _columns(report, every=False, short=short, evidence=evidence)
        for room in _ROOMS if (short, evidence, split) != tries[-1] else (*_ROOMS, _SHORTEST_NAME):
            named = _named(columns, room, surface)
            tables = _split(named) if split else [named]
            if max(map(_width, tables)) <= surface.width:
                return tables, "" if evidence else _evidence(report)
    return tables, "" if evidence else _evidence(report)


def _split(columns: list[_Column]) -> list[list[_Column]]:
    """Two tables: what is dead and how sure that is, and the other classes."""
    others = [column for column in columns if column.other]
    first = [column for column in columns if not column.other]
    return [first, [columns[0], *others]] if others else [first]


def _evidence(report: Report) -> str:
    confidence = report.settings.confidence
    telling = [layer for layer in report.layers if layer.evidence is not None]
    if not telling:
        return f", {samples_text(report.layers)}"
    bound = bound_text(silence(telling[0], confidence))
    return f", {samples_text(report.layers)}: silent means p < {bound} at {percent(confidence)} %"


def _named(columns: Sequence[_Column], room: int, surface: Surface) -> list[_Column]:
    """The columns with names cut to their room; everything in the surface's characters."""
    said = in_script(surface)
    fitted = []
    for column in columns:
        is_name = column.name in _NAMES
        texts = tuple(fit_names(column.texts, room, surface) if is_name else map(said, column.texts))
        fitted.append(replace(column, name=said(column.name), texts=texts, total=said(column.total)))
    return fitted


def _width(columns: Sequence[_Column]) -> int:
    from rich.cells import cell_len

    return sum(max(map(cell_len, (c.name, c.total, *c.texts))) + 2 for c in columns) - 2


def _layers_table(columns: Sequence[_Column], layers: int, surface: Surface) -> "Table":
    from rich.text import Text

    table = ruled_table(surface)
    for column in columns:
        justify: JustifyMethod = "left" if column.name in _NAMES else "right"
        table.add_column(Text(column.name, "bold"), no_wrap=True, justify=justify)
    for i in range(layers):
        table.add_row(*(Text(column.texts[i], _style(column, column.texts[i])) for column in columns))
    if layers > 1:
        table.add_row(*(Text(column.total, _style(column, column.total) or "bold") for column in columns))
    return table


def _style(column: _Column, text: str) -> str:
    if text == "0":
        return "dim"
    return "bold red" if column.alarming else ""


def _print_maps(printer: "Console", report: Report, surface: Surface) -> None:
    from rich.text import Text

    said = in_script(surface)
    for layer in report.layers:
        head = Text("\n").append(said(printable(layer.name)), "bold cyan")
        printer.print(
            head.append(said(f"  {quantity(layer.units, 'unit')}, {thousands(layer.dead)} dead"), "dim")
        )
        printer.print(layer_map(layer, surface))
    printer.print(Text(map_legend(surface), "dim"), width=surface.width)


def _print_unobserved(printer: "Console", report: Report, surface: Surface) -> None:
    from rich.text import Text

    if not report.unobserved:
        return
    said = in_script(surface)
    printer.print(Text("\nNot observed", "bold yellow"))
    for one in report.unobserved:
        line = f"  {printable(one.name)} ({printable(one.op)}): {printable(one.reason)}"
        printer.print(Text(said(line)), width=surface.width)


def print_change(printer: "Console", report: Report, surface: Surface) -> None:
    """What has become of the units since the earlier statistics; nothing where there were none."""
    from rich.text import Text

    if report.change is None:
        return
    from actcli.render.deadness.change import change_lines

    said = in_script(surface)
    printer.print(Text("\nAgainst the earlier statistics", "bold"))
    for line in change_lines(report.change):
        first, *more = Text(said(line)).wrap(printer, max(surface.width - 2 * _INDENT, _INDENT))
        printer.print(Text(" " * _INDENT).append(first), width=surface.width)
        for part in more:
            printer.print(Text(2 * " " * _INDENT).append(part), width=surface.width)
