"""The units that are not alive as a table a layer: numbers whole, and what has no room left out and said so."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.report import Report
from actcli.analysis.deadness.unit_state import NEVER, UNKNOWN
from actcli.analysis.deadness.verdict import CLASSES, DEAD, LayerVerdict
from actcli.render.deadness.verdict import bound_text
from actcli.render.output.surface import Surface
from actcli.render.table.grid import in_script, ruled_table
from actcli.render.text.notation import number, thousands
from actcli.terminal import printable

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod

_HEADINGS = {"firings": "fired", "bound": "p <", "largest": "largest z"}
_BY_IMPORTANCE = (
    "unit", "class", "firings", "bound", "largest", "cause", "margin", "first", "last", "samples",
)  # fmt: skip
_ALWAYS = 2
"""So many of them are never left out: without its class a unit's number says nothing."""
_DIGITS = (4, 3)
"""How exact the pre-activations are, as long as all columns fit."""
_LEFT = ("class", "cause")
_MOST = 1000
"""Rows of a layer's table: more nobody reads, and 100 000 take minutes to draw."""


def unit_rows(
    layer: LayerVerdict, digits: int = _DIGITS[0], most: int | None = None
) -> tuple[list[str], list[list[str]]]:
    """The units of a layer that are not alive: a head, and rows of text with a blank for what is not known.

    digits: significant digits of pre-activations. most: so many units, the first ones; None for all.
    """
    head = ["unit", "class", "firings", "samples", "bound", "largest", "margin", "cause", "first", "last"]
    state, margins = layer.state, layer.margins
    rows = []
    for unit in _not_alive(layer)[:most].tolist():
        largest = float(state.maximum[unit]) if state.rule.recorded == "pre" else math.nan
        rows.append(
            [
                str(unit),
                CLASSES[layer.classes[unit]],
                str(int(state.fired[unit])),
                str(layer.samples),
                bound_text(float(layer.bounds[unit])),
                _known(largest, digits),
                _known(float(margins[unit]), digits),
                printable(layer.causes[unit]) + (", locked" if layer.locked[unit] else ""),
                _place(int(state.first[unit])),
                _place(int(state.last[unit])),
            ]
        )
    return head, rows


def _not_alive(layer: LayerVerdict) -> NDArray[np.intp]:
    return np.flatnonzero(layer.classes != CLASSES.index("alive"))


def print_units(printer: "Console", report: Report, surface: Surface) -> None:
    """A title a layer, and a table where it has a unit that is not alive."""
    from rich.text import Text

    said = in_script(surface)
    left_out: dict[str, None] = {}
    for layer in report.layers:
        columns, without = _fitted(layer, surface)
        left_out |= dict.fromkeys(without)
        units = len(_not_alive(layer))
        alive = _alive(layer.units - units, layer.units)
        title = Text("\n").append(said(printable(layer.name)), "bold cyan")
        title.append(said(f"  {printable(layer.op)}{alive}"), "dim")
        printer.print(title, width=surface.width)
        if not units:
            continue
        table = ruled_table(surface)
        for name in columns:
            justify: JustifyMethod = "left" if name in _LEFT else "right"
            table.add_column(Text(_heading(name), "bold"), no_wrap=True, justify=justify)
        for row in zip(*columns.values(), strict=True):
            cells = dict(zip(columns, row, strict=True))
            style = "red" if cells["class"] in DEAD else ""
            table.add_row(
                *(Text(said(text), style if name == "class" else "") for name, text in cells.items())
            )
        printer.print(table)
        if units > _MOST:
            line = f"{thousands(units - _MOST)} more units are not alive; --format csv has all"
            printer.print(Text(line, "dim"), width=surface.width)
    if left_out:
        names = ", ".join(map(_heading, left_out))
        line = f"left out, since the screen is {surface.width} columns wide: {names}; --format csv has all"
        printer.print(Text("\n" + line, "dim"), width=surface.width)


def _alive(alive: int, units: int) -> str:
    if not alive:
        return ""
    if alive == units:
        return f", all {thousands(units)} units are alive" if units > 1 else ", its only unit is alive"
    return ", the other one is alive" if alive == 1 else f", the other {thousands(alive)} are alive"


def _fitted(layer: LayerVerdict, surface: Surface) -> tuple[dict[str, list[str]], list[str]]:
    """The columns that fit, in their order, with the names of those that do not.

    Digits go first, then what matters least. A column in which nothing is known says nothing.
    """
    for digits in _DIGITS:
        head, rows = unit_rows(layer, digits, _MOST)
        columns = {name: [row[place] for row in rows] for place, name in enumerate(head)}
        if rows:
            columns = {name: texts for name, texts in columns.items() if any(texts)}
        if _width(columns) <= surface.width:
            return columns, []
    left_out = []
    for name in reversed(_BY_IMPORTANCE[_ALWAYS:]):
        if name in columns and _width(columns) > surface.width:
            del columns[name]
            left_out.append(name)
    return columns, left_out


def _width(columns: Mapping[str, Sequence[str]]) -> int:
    from rich.cells import cell_len

    widths = [max(map(cell_len, (_heading(name), *texts))) for name, texts in columns.items()]
    return sum(widths) + 2 * (len(widths) - 1)


def _heading(name: str) -> str:
    return _HEADINGS.get(name, name)


def _known(value: float, digits: int) -> str:
    return number(value, digits) if math.isfinite(value) else ""


def _place(sample: int) -> str:
    """Blank for a unit that never fired; ? where it did in a part that does not say where it starts."""
    if sample == UNKNOWN:
        return "?"
    return "" if sample == NEVER else str(sample)
