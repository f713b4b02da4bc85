"""Dead units for a person: a table of the layers, their firing rates, their units, and the verdict."""

import io
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from actcli.analysis.deadness.report import Report
from actcli.analysis.deadness.verdict import DEAD, LayerVerdict
from actcli.dataclass import dataclass
from actcli.render.deadness.change import change_lines
from actcli.render.deadness.findings import Findings, View
from actcli.render.deadness.unit_table import print_units
from actcli.render.deadness.verdict import verdict
from actcli.render.deadness.wording import bound_text, percent, samples_text, silence_bound
from actcli.render.output.surface import Surface, console
from actcli.render.table.fit import column_width, table_width
from actcli.render.table.grid import GridColumn, draw_grid, in_script
from actcli.render.table.layer_names import fit_names
from actcli.render.text.notation import quantity, thousands
from actcli.terminal import printable

if TYPE_CHECKING:
    from rich.console import Console

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
class _Column:
    """A column of the layers' table: its heading, one text per layer, and one for all of them.

    `alarming`: numbers other than 0 mean death; `other`: it counts units that are neither dead nor alive.
    """

    name: str
    texts: tuple[str, ...]
    total: str
    alarming: bool = False
    other: bool = False

    @property
    def width(self) -> int:
        """Terminal columns that it takes."""
        return column_width((self.name, self.total, *self.texts))


def dead_screen(findings: Findings, view: View, surface: Surface) -> str:
    """Return the page for a person, in the surface's width, characters and colours."""
    from rich.text import Text

    report = findings.report
    page = io.StringIO()
    tables, caption = _fit(report, surface)
    widest = max(table_width([column.width for column in columns]) for columns in tables)
    printer = console(page, max(surface.width, widest), surface)
    script = in_script(surface)
    if report.layers:
        title = f"{quantity(report.units, 'unit')} in {quantity(len(report.layers), 'layer')}"
        printer.print(Text(script(title + caption)))
        for columns in tables:
            printer.print()
            printer.file.write(_draw_layers(columns, len(report.layers), surface))
        if view.rates:
            from actcli.render.deadness.map import rates_chart

            printer.print(Text("\nHow many units fire on which share of the samples", "bold"))
            printer.print(rates_chart(report, surface, tables[0][0].texts))
        if findings.proof is not None:
            from actcli.render.deadness.proof.table import TITLE as PROVED_TITLE
            from actcli.render.deadness.proof.table import proof_table

            printer.print(Text(f"\n{PROVED_TITLE}", "bold"))
            ops = {layer.name: layer.op for layer in report.layers}
            printer.file.write(proof_table(findings.proof, ops, report.layers, surface))
        for title, make in view.parts:
            printer.print(Text(f"\n{title}", "bold"))
            printer.file.write(make(report, surface))
    if view.map:
        _print_maps(printer, report, surface)
    if view.units:
        print_units(printer, report, surface)
    _print_unobserved(printer, report, surface)
    print_change(printer, report, surface)
    sentences = verdict(findings)
    # that the data are noise stands in the table too, wherever it ends up
    shown = sentences if view.sentences else sentences[: findings.noise is not None]
    for i, sentence in enumerate(shown):
        printer.print(
            Text(script(sentence if i else f"\n{sentence}"), "" if i else "bold"), width=surface.width
        )
    return "".join(line.rstrip() + "\n" for line in page.getvalue().splitlines())


def layer_rows(report: Report) -> list[list[str]]:
    """Return a header and one row of texts per layer, with a column for every class, for Markdown."""
    columns = _columns(report, every=True, short=False)
    return [
        [column.name for column in columns],
        *map(list, zip(*(column.texts for column in columns), strict=True)),
    ]


def _columns(report: Report, *, every: bool, short: bool, evidence: bool = True) -> list[_Column]:
    """Return the columns; without `every` those of classes that no unit has are left out."""
    layers, confidence = report.layers, report.settings.confidence
    columns = [
        _Column("layer", tuple(printable(layer.name) for layer in layers), "all"),
        _Column("op", tuple(printable(layer.op) for layer in layers), ""),
        _Column("units", tuple(thousands(layer.units) for layer in layers), thousands(report.units)),
    ]
    if evidence:
        columns.append(_Column("samples", tuple(thousands(layer.samples) for layer in layers), ""))
    counts = [layer.counts for layer in layers]
    for name in _ORDER:
        total = sum(of[name] for of in counts)
        if total or every:
            texts = tuple(thousands(of[name]) for of in counts)
            heading = (_SHORT if short else _LONG).get(name, name)
            is_dead = name in DEAD
            columns.append(_Column(heading, texts, thousands(total), alarming=is_dead, other=not is_dead))
    shares = tuple(percent(layer.dead_share) for layer in layers)
    columns.append(_Column("dead %", shares, percent(report.dead_share), alarming=True))
    if report.readings:
        flags = [int(reading.flags.sum()) for reading in report.readings]
        columns.append(_Column("flagged", tuple(map(thousands, flags)), thousands(sum(flags))))
    sparse = tuple("–" if math.isnan(layer.sparsity) else percent(layer.sparsity) for layer in layers)
    columns.append(_Column("sparse %" if short else "sparsity %", sparse, ""))
    if evidence:
        bounds = tuple(_silence_text(layer, confidence) for layer in layers)
        columns.append(_Column(f"at {percent(confidence)} %", bounds, ""))
    return columns


def _silence_text(layer: LayerVerdict, confidence: float) -> str:
    bound = silence_bound(layer, confidence)
    return "–" if math.isnan(bound) else f"p < {bound_text(bound)}"


def _fit(report: Report, surface: Surface) -> tuple[list[list[_Column]], str]:
    """Return one table or two, as columns that fit, and what then stands above the table instead of in it.

    Numbers are never cut. First headings get shorter; then samples and bound, if all layers share them, move above
    the table; then the classes that are not dead get a table of their own. At each step names lose their middle.
    """
    same = len({layer.samples for layer in report.layers}) == 1
    tries = [(False, True, False), (True, True, False)]
    tries += [(True, False, False)] if same else []
    tries += [(False, True, True), (True, True, True)]
    tries += [(True, False, True)] if same else []
    for short, evidence, split in tries:
        columns = _columns(report, every=False, short=short, evidence=evidence)
        for room in _ROOMS if (short, evidence, split) != tries[-1] else (*_ROOMS, _SHORTEST_NAME):
            fitted = _fit_names(columns, room, surface)
            tables = _split(fitted) if split else [fitted]
            if all(table_width([c.width for c in table]) <= surface.width for table in tables):
                return tables, "" if evidence else _evidence(report)
    return tables, "" if evidence else _evidence(report)


def _split(columns: list[_Column]) -> list[list[_Column]]:
    """Return two tables: dead units with their evidence, and the other classes."""
    others = [column for column in columns if column.other]
    first = [column for column in columns if not column.other]
    return [first, [columns[0], *others]] if others else [first]


def _evidence(report: Report) -> str:
    """Return samples and bound in words."""
    confidence = report.settings.confidence
    samples = f", {samples_text(report.layers)}"
    bounded = [layer for layer in report.layers if layer.evidence is not None]
    if not bounded:
        return samples
    bound = bound_text(silence_bound(bounded[0], confidence))
    return f"{samples}: silent means p < {bound} at {percent(confidence)} %"


def _fit_names(columns: Sequence[_Column], room: int, surface: Surface) -> list[_Column]:
    """Return the columns with names cut to their room, in the surface's characters."""
    script = in_script(surface)
    return [
        replace(
            column,
            name=script(column.name),
            texts=tuple(
                fit_names(column.texts, room, surface) if column.name in _NAMES else map(script, column.texts)
            ),
            total=script(column.total),
        )
        for column in columns
    ]


def _draw_layers(columns: Sequence[_Column], layers: int, surface: Surface) -> str:
    grid = []
    for column in columns:
        texts = [*column.texts, *([column.total] if layers > 1 else [])]
        styles = [_style(column, text) for text in texts]
        if layers > 1:
            styles[-1] = styles[-1] or "bold"
        grid.append(GridColumn(column.name, texts, styles, left=column.name in _NAMES))
    return draw_grid(grid, surface)


def _style(column: _Column, text: str) -> str:
    if text == "0":
        return "dim"
    return "bold red" if column.alarming else ""


def _print_maps(printer: "Console", report: Report, surface: Surface) -> None:
    from rich.text import Text

    from actcli.render.deadness.map import layer_map, map_legend

    script = in_script(surface)
    for layer in report.layers:
        head = Text("\n").append(script(printable(layer.name)), "bold cyan")
        counts = f"  {quantity(layer.units, 'unit')}, {thousands(layer.dead)} dead"
        printer.print(head.append(counts, "dim"))
        printer.print(layer_map(layer, surface))
    printer.print(Text(map_legend(surface), "dim"), width=surface.width)


def _print_unobserved(printer: "Console", report: Report, surface: Surface) -> None:
    from rich.text import Text

    if not report.unobserved:
        return
    script = in_script(surface)
    printer.print(Text("\nNot observed", "bold yellow"))
    for one in report.unobserved:
        line = f"  {printable(one.name)} ({printable(one.op)}): {printable(one.reason)}"
        printer.print(Text(script(line)), width=surface.width)


def print_change(printer: "Console", report: Report, surface: Surface) -> None:
    """Print the units that changed since earlier statistics, one line per layer."""
    from rich.text import Text

    lines = [] if report.change is None else change_lines(report.change)
    if not lines:
        return
    script = in_script(surface)
    printer.print(Text("\nAgainst the earlier statistics", "bold"))
    for line in lines:
        first, *more = Text(script(line)).wrap(printer, max(surface.width - 2 * _INDENT, _INDENT))
        printer.print(Text(" " * _INDENT).append(first), width=surface.width)
        for part in more:
            printer.print(Text(2 * " " * _INDENT).append(part), width=surface.width)
