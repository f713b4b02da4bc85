"""Firing rates: a histogram per layer, and a map with a character per unit, or a square in a picture for print."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.report import Report
from actcli.analysis.deadness.verdict import CLASSES, LayerVerdict
from actcli.exits import DataError
from actcli.render.deadness.wording import percent
from actcli.render.output.surface import Surface
from actcli.render.text.notation import quantity, thousands
from actcli.render.text.theme import Theme

if TYPE_CHECKING:
    from rich.text import Text

    from actcli.render.figure.page import Paper
    from actcli.render.figure.unit_map import UnitRow
    from actcli.render.output.layout import Layout

_BARS = " ▁▂▃▄▅▆▇█"
_BARS_ASCII = " .:-=+*#@"
_SHADES, _SHADES_ASCII = "·░▒▓█", ".:+*#"
_WIDEST = 60
_NARROWEST = 12
_MOST_PANELS = 12
"""Layers of a picture; of more those with the largest share of dead units are drawn."""

Rates = NDArray[np.float64]


def rates_chart(report: Report, surface: Surface, names: Sequence[str]) -> "Text":
    """Return one line per layer: how many of its units fire on which share of the samples, from never to always.

    `names` are the layers' names, cut to fit. The first cell counts units that never fired, the last those that always
    did. Each line is scaled to its own largest count.
    """
    from rich.cells import cell_len
    from rich.text import Text

    room = max(map(cell_len, names), default=0)
    width = max(_NARROWEST, min(_WIDEST, surface.width - room - 6))
    bar = "│" if surface.unicode else "|"
    text = Text()
    for layer, name in zip(report.layers, names, strict=True):
        bars = rate_bars(layer.firing_rates, width, unicode=surface.unicode)
        text.append(" " * (room - cell_len(name)) + name + " ", "cyan")
        text.append(bar + bars[0], "red" if bars[0] != " " else "dim")
        text.append(bar, "dim").append(bars[1:-1]).append(bar, "dim")
        text.append(bars[-1] + bar + "\n")
    axis = "never".ljust(width // 2 - 1) + "50 %"
    text.append(" " * (room + 2) + axis.ljust(width - 4) + "always", "dim")
    return text


def rate_bars(rates: Rates, width: int, *, unicode: bool) -> str:
    """Return a histogram of firing rates in `width` characters: exactly 0, equal parts between, exactly 1.

    rates: float64 (units,), 0 to 1; NaN is left out. A single unit makes a visible mark.
    """
    ramp = _BARS if unicode else _BARS_ASCII
    counts = rate_counts(rates, width)
    heights = np.ceil(counts * ((len(ramp) - 1) / max(int(counts.max()), 1))).astype(np.intp)
    return "".join(ramp[height] for height in heights)


def rate_counts(rates: Rates, cells: int) -> NDArray[np.int64]:
    """Return how many units have a firing rate of exactly 0, in equal parts between, and of exactly 1. (cells,)."""
    finite = rates[~np.isnan(rates)]
    inside = finite[(finite > 0) & (finite < 1)]
    places = np.minimum((inside * (cells - 2)).astype(np.intp), cells - 3)
    counts = np.bincount(places + 1, minlength=cells).astype(np.int64)
    counts[0], counts[-1] = (finite == 0).sum(), (finite == 1).sum()
    return counts


def layer_map(layer: LayerVerdict, surface: Surface) -> "Text":
    """Return the layer's units in order, one character each; lines begin with the number of their first unit."""
    from rich.text import Text

    marks = unit_marks(layer, unicode=surface.unicode)
    room = len(str(max(layer.units - 1, 0)))
    width = max(10, (surface.width - room - 4) // 10 * 10)
    text = Text()
    for start in range(0, layer.units, width):
        text.append(f"{start:{room}} ", "dim")
        line = marks[start : start + width]
        for character in line:
            text.append(character, _STYLES.get(character, ""))
        text.append("\n")
    text.rstrip()
    return text


_STYLES = {"×": "bold red", "x": "bold red", "!": "bold yellow"}


def unit_marks(layer: LayerVerdict, *, unicode: bool) -> str:
    """Return one character per unit: the shade of its firing rate, × if it is dead, ! if it gave NaN or inf."""
    shades = _SHADES if unicode else _SHADES_ASCII
    marks = np.array(list(shades))[rate_levels(layer)]
    marks[layer.dead_units] = "×" if unicode else "x"
    marks[layer.classes == CLASSES.index("nonfinite")] = "!"
    return "".join(marks.tolist())


def rate_levels(layer: LayerVerdict) -> NDArray[np.intp]:
    """Return a level per unit by its firing rate: 0 for never, 1 up to 25 %, 4 for more than 75 %. (units,)."""
    rates = np.nan_to_num(layer.firing_rates)
    # the lowest level is for units that never fired and are not dead: linear or resting ones
    levels = np.where(rates > 0, np.ceil(rates * (len(_SHADES) - 1)), 0).astype(np.intp)
    return np.clip(levels, 0, len(_SHADES) - 1)


def map_legend(surface: Surface) -> str:
    """Return the key to the characters of a map."""
    shades = _SHADES if surface.unicode else _SHADES_ASCII
    dead = "×" if surface.unicode else "x"
    steps = ", ".join(f"{shade} to {25 * place} %" for place, shade in enumerate(shades) if place)
    return f"{dead} dead, ! NaN or inf, {shades[0]} never but not dead, {steps} of the samples"


def write_map(
    report: Report, caption: Sequence[str], layout: "Layout", theme: Theme, paper: "Paper | None" = None
) -> None:
    """Write the units of each layer as squares to a file, whole or not at all, with sentences below them.

    Raises DataError where the file cannot be written, or nothing was observed; UsageError for too small a page.
    """
    from actcli.render.figure.drawn import captioned
    from actcli.render.figure.page import Paper
    from actcli.render.figure.unit_map import drawn_units
    from actcli.render.output.outfile import atomic_file

    layers = [layer for layer in report.layers if layer.units]
    if not layers:
        raise DataError(f"-o {layout.path}: there is no unit to draw")
    if len(layers) > _MOST_PANELS:
        left = quantity(len(layers) - _MOST_PANELS, "more layer")
        caption = [*caption, f"{left}, whose share of dead units is no larger, not drawn."]
        order = sorted(range(len(layers)), key=lambda at: -layers[at].dead_share)[:_MOST_PANELS]
        layers = [layers[at] for at in sorted(order)]
    rows, style = [_row(layer) for layer in layers], captioned(caption, theme)
    picture = drawn_units(layout.format, rows, style, paper or Paper())
    with atomic_file(str(layout.path)) as file:
        file.write(picture)


def _row(layer: LayerVerdict) -> "UnitRow":
    from actcli.render.figure.drawn import literal
    from actcli.render.figure.unit_map import UnitRow

    dead = f"{thousands(layer.dead)} of {quantity(layer.units, 'unit')} dead ({percent(layer.dead_share)} %)"
    title = literal(f"{layer.name} ({layer.op}): {dead}")
    return UnitRow(title, rate_levels(layer), layer.dead_units, layer.nonfinite_units)
