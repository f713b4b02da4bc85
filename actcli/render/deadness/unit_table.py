"""The units that are not alive, as one table per layer: numbers stay whole, columns without room are left out."""

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.report import Report
from actcli.analysis.deadness.unit_state import NEVER, UNKNOWN
from actcli.analysis.deadness.verdict import CLASSES, DEAD, LayerVerdict
from actcli.render.deadness.wording import bound_text
from actcli.render.output.surface import Surface
from actcli.render.table.fit import table_width
from actcli.render.table.grid import GridColumn, draw_grid, in_script
from actcli.render.text.notation import number, thousands
from actcli.terminal import printable

if TYPE_CHECKING:
    from rich.console import Console

HEADINGS = {"firings": "fired", "bound": "p <", "largest": "largest z"}
_BY_IMPORTANCE = (
    "unit", "class", "firings", "bound", "largest", "cause", "margin", "first", "last", "samples",
)  # fmt: skip
_ALWAYS = 2
"""Columns that are never left out: without its class a unit's number says nothing."""
_DIGITS = (4, 3)
"""Significant digits of pre-activations; the second if the columns do not fit with the first."""
_LEFT = ("class", "cause")
_MOST = 1000
"""Rows of a layer's table; 100,000 would take minutes to draw."""


def unit_rows(
    layer: LayerVerdict, digits: int = _DIGITS[0], most: int | None = None
) -> tuple[list[str], list[list[str]]]:
    """Return a header, and a row of texts for each unit of a layer that is not alive; blank for unknown numbers.

    digits: significant digits of pre-activations. most: the number of rows; None for all.
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
                thousands(int(state.fired[unit])),
                thousands(layer.samples),
                bound_text(float(layer.bounds[unit])),
                _number_text(largest, digits),
                _number_text(float(margins[unit]), digits),
                printable(layer.causes[unit]) + (", locked" if layer.locked[unit] else ""),
                _place_text(int(state.first[unit])),
                _place_text(int(state.last[unit])),
            ]
        )
    return head, rows


def _not_alive(layer: LayerVerdict) -> NDArray[np.intp]:
    return np.flatnonzero(layer.classes != CLASSES.index("alive"))


def print_units(printer: "Console", report: Report, surface: Surface) -> None:
    """Print a title for each layer, and a table if it has a unit that is not alive."""
    from rich.text import Text

    script = in_script(surface)
    left_out: dict[str, None] = {}
    for layer in report.layers:
        columns, without = _fit(layer, surface)
        left_out |= dict.fromkeys(without)
        units = len(_not_alive(layer))
        title = Text("\n").append(script(printable(layer.name)), "bold cyan")
        title.append(script(f"  {printable(layer.op)}{_alive_text(layer.units - units, layer.units)}"), "dim")
        printer.print(title, width=surface.width)
        if not units:
            continue
        printer.file.write(draw_grid(columns, surface))
        if units > _MOST:
            line = f"{thousands(units - _MOST)} more units are not alive; --format csv has all"
            printer.print(Text(line, "dim"), width=surface.width)
    if left_out:
        names = ", ".join(left_out)
        line = f"left out on a screen of {surface.width} columns: {names}; --format csv has all"
        printer.print(Text("\n" + line, "dim"), width=surface.width)


def _alive_text(alive: int, units: int) -> str:
    if not alive:
        return ""
    if alive == units:
        return f", all {thousands(units)} units are alive" if units > 1 else ", its only unit is alive"
    return ", the other one is alive" if alive == 1 else f", the other {thousands(alive)} are alive"


def _fit(layer: LayerVerdict, surface: Surface) -> tuple[list[GridColumn], list[str]]:
    """Return the columns that fit, in their order, and the headings of those that do not.

    Digits go first, then the least important columns. Columns without any value are left out silently.
    """
    for digits in _DIGITS:
        head, rows = unit_rows(layer, digits, _MOST)
        texts_of = dict(zip(head, zip(*rows, strict=True), strict=True)) if rows else {}
        styles = ["red" if name in DEAD else "" for name in texts_of.get("class", ())]
        columns = {
            name: GridColumn(
                HEADINGS.get(name, name), texts, styles if name == "class" else (), left=name in _LEFT
            )
            for name, texts in texts_of.items()
            if any(texts)
        }
        if _width(columns) <= surface.width:
            return list(columns.values()), []
    left_out = []
    for name in reversed(_BY_IMPORTANCE[_ALWAYS:]):
        if name in columns and _width(columns) > surface.width:
            left_out.append(columns.pop(name).heading)  # noqa: PERF401 - the width shrinks with each
    return list(columns.values()), left_out


def _width(columns: dict[str, GridColumn]) -> int:
    return table_width([column.width for column in columns.values()])


def _number_text(value: float, digits: int) -> str:
    return number(value, digits) if math.isfinite(value) else ""


def _place_text(sample: int) -> str:
    """Return a sample's place: blank if the unit never fired, ? if it fired in a part without a start."""
    if sample == UNKNOWN:
        return "?"
    return "" if sample == NEVER else str(sample)
