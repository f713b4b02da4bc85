"""Densities by powers of ten for a person: a strip of bars per layer, and a table of the units in each decade."""

from collections.abc import Sequence

import numpy as np

from actcli.analysis.deadness.report import Report
from actcli.analysis.deadness.verdict import LayerVerdict
from actcli.analysis.sparse.density import by_decade, lowest_decade
from actcli.render.deadness.wording import bound_text, percent, silence_bound
from actcli.render.output.surface import Surface
from actcli.render.table.fit import pad, text_width
from actcli.render.table.grid import GridColumn, draw_grid
from actcli.render.table.layer_names import fit_names
from actcli.render.text.notation import thousands

_BARS, _BARS_ASCII = " ▁▂▃▄▅▆▇█", " .:-=+*#@"
_MOST_PARTS, _LEAST_PARTS = 10, 5
_NAME_ROOM = 20


def decades_part(report: Report, surface: Surface) -> str:
    """Return the part of a page that shows how many units fire on which share of the samples, by powers of ten."""
    layers = [layer for layer in report.layers if layer.samples]
    if not layers:
        return ""
    lowest = min(lowest_decade(layer.samples) for layer in layers)
    names = fit_names([layer.name for layer in layers], _NAME_ROOM, surface)
    bars = _bars(layers, names, lowest, surface)
    return f"{bars}\n{_table(report, layers, names, lowest, surface)}"


def _bars(layers: Sequence[LayerVerdict], names: Sequence[str], lowest: int, surface: Surface) -> str:
    room = max(map(text_width, names))
    parts = min(max((surface.width - room - 6) // -lowest, _LEAST_PARTS), _MOST_PARTS)
    ramp, bar = (_BARS, "│") if surface.unicode else (_BARS_ASCII, "|")
    lines = []
    for layer, name in zip(layers, names, strict=True):
        found = by_decade(layer.firing_rates, lowest, parts)
        counts = np.concatenate(([found.never], found.counts))
        heights = np.ceil(counts * ((len(ramp) - 1) / max(int(counts.max()), 1))).astype(np.intp)
        marks = "".join(ramp[height] for height in heights)
        lines.append(f"{pad(name, room, left=True)} {bar}{marks[0]}{bar}{marks[1:]}{bar}")
    axis = "".join(f"1e{power}".ljust(parts) for power in range(lowest, 0)) + "1"
    lines.append(" " * (room + 2) + "0 " + axis)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _table(
    report: Report, layers: Sequence[LayerVerdict], names: Sequence[str], lowest: int, surface: Surface
) -> str:
    found = [by_decade(layer.firing_rates, lowest) for layer in layers]
    bounds = [f"p < {bound_text(silence_bound(layer, report.settings.confidence))}" for layer in layers]
    columns = [
        GridColumn("layer", names, left=True),
        GridColumn("never", [thousands(one.never) for one in found]),
        GridColumn(f"at {percent(report.settings.confidence)} %", bounds),
    ]
    columns += [
        GridColumn(f"1e{power}", [thousands(int(one.counts[power - lowest])) for one in found])
        for power in range(lowest, 0)
    ]
    return draw_grid(columns, surface)
