"""Use of the experts of routers for a person: a table by layer, and how many samples each needs."""

import math

from actcli.analysis.deadness.report import Report
from actcli.analysis.deadness.verdict import LayerVerdict
from actcli.analysis.sparse.experts import least_rate, samples_until, utilisation
from actcli.render.deadness.wording import bound_text, percent, silence_bound
from actcli.render.output.surface import Surface
from actcli.render.table.fit import column_width
from actcli.render.table.grid import GridColumn, draw_grid
from actcli.render.table.layer_names import fit_names
from actcli.render.text.notation import number, thousands

_NAME_ROOM, _LEAST_ROOM = 20, 8


def experts_part(report: Report, surface: Surface, until: int | None) -> str:
    """Return the part of a page that shows how evenly units are used; `until`: the firings that each is to have."""
    layers = [layer for layer in report.layers if layer.samples]
    if not layers:
        return ""
    used = [utilisation(layer.state) for layer in layers]
    confidence = report.settings.confidence
    columns = [
        GridColumn("experts", [thousands(one.units) for one in used]),
        GridColumn("unvisited", [_unvisited(layer, confidence) for layer in layers]),
        GridColumn("least %", [_share(one.least) for one in used]),
        GridColumn("most %", [_share(one.most) for one in used]),
        GridColumn("imbalance", [number(one.imbalance, 3) for one in used]),
        GridColumn("effective", [number(one.effective, 3) for one in used]),
    ]
    if until is not None:
        texts = [samples_text(layer, until, confidence) for layer in layers]
        columns.append(GridColumn(f"{thousands(until)} each", texts))
    others = sum(2 + column_width([column.heading, *column.texts]) for column in columns)
    room = min(_NAME_ROOM, max(_LEAST_ROOM, surface.width - others))
    names = fit_names([layer.name for layer in layers], room, surface)
    return draw_grid([GridColumn("layer", names, left=True), *columns], surface)


def samples_text(layer: LayerVerdict, firings: int, confidence: float) -> str:
    """Return the samples until every unit has fired so often; if some never fired, those of the others are a least."""
    needed = samples_for_visited(layer, firings, confidence)
    if needed is None:
        return "–"
    return ("" if layer.state.fired.all() else "≥ ") + thousands(needed)


def samples_for_visited(layer: LayerVerdict, firings: int, confidence: float) -> int | None:
    """Return the samples until every unit that fired has fired so often, by the least rate that its firings allow.

    None if none fired, or too many samples are needed to count.
    """
    visited = layer.state.fired[layer.state.fired > 0]
    rate = least_rate(visited, layer.samples, confidence)
    return samples_until(firings, rate, visited.size, confidence) if 0 < rate < 1 else None


def _unvisited(layer: LayerVerdict, confidence: float) -> str:
    count = int((layer.state.fired == 0).sum())
    return f"{thousands(count)} p < {bound_text(silence_bound(layer, confidence))}" if count else "0"


def _share(share: float) -> str:
    return "–" if math.isnan(share) else percent(share)
