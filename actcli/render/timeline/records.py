"""Timelines as lines and JSON for programs."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from actcli.analysis.timeline.course import LayerCourse, RunCourse, UnitCourse
from actcli.render.text.delimited import guard_formula
from actcli.render.text.fields import field_text

LAYER_COLUMNS = (
    "epoch", "label", "layer", "units", "samples", "dead", "dead_share", "died", "revived", "nonfinite",
    "median_firing_rate",
)  # fmt: skip
"""Columns of the lines that a pipe gets: one line per epoch and layer."""
UNIT_COLUMNS = ("layer", "unit", "fate", "died", "revived", "epochs_dead", "p_value")
"""Columns with --units: one line per unit that was dead in some epoch."""
EPOCH_COLUMNS = (
    "epoch", "label", "samples", "units", "dead", "dead_share", "died", "revived", "nonfinite", "worst_layer",
    "worst_share",
)  # fmt: skip
"""Columns with --follow: one line per epoch."""


def layer_lines(course: RunCourse, form: str) -> Iterator[list[str]]:
    """Yield a header, and one line per epoch and layer."""
    yield list(LAYER_COLUMNS)
    for row in layer_records(course):
        yield [_field(row[name], name, form) for name in LAYER_COLUMNS]


def unit_lines(course: RunCourse, form: str) -> Iterator[list[str]]:
    """Yield a header, and one line per unit that was dead in some epoch."""
    yield list(UNIT_COLUMNS)
    for unit in course.units:
        row = unit_record(unit)
        yield [_field(row[name], name, form) for name in UNIT_COLUMNS]


def epoch_line(course: RunCourse, number: int, form: str) -> list[str]:
    """Return the line of one epoch, with EPOCH_COLUMNS."""
    row = epoch_record(course, number)
    return [_field(row[name], name, form) for name in EPOCH_COLUMNS]


def timeline_record(course: RunCourse) -> dict[str, Any]:
    """Return the timeline for JSON. Keys are stable: new ones may come, none goes or changes its meaning."""
    beginning = course.beginning
    return {
        "run": course.timeline.run,
        "beginning": None
        if beginning is None
        else dict(zip(("epoch", "layer", "units"), beginning, strict=True)),
        "epochs": [
            {"epoch": epoch.number, "label": epoch.label, "passes": epoch.passes, "samples": epoch.samples}
            for epoch in course.timeline.epochs
        ],
        "by_layer": list(layer_records(course)),
        "units_dead_once": list(map(unit_record, course.units)),
    }


def layer_records(course: RunCourse) -> Iterator[dict[str, Any]]:
    """Yield the record of each layer in each epoch in which it had samples, epoch by epoch."""
    for epoch in course.timeline.epochs:
        for layer in course.layers:
            for place in np.flatnonzero(layer.numbers == epoch.number).tolist():
                yield {"epoch": epoch.number, "label": epoch.label, **_layer_record(layer, place)}


def unit_record(unit: UnitCourse) -> dict[str, Any]:
    """Return the record of a unit that was dead in some epoch."""
    return {
        "layer": unit.layer,
        "unit": unit.unit,
        "fate": unit.fate,
        "died": unit.died,
        "revived": unit.revived,
        "epochs_dead": unit.epochs,
        "p_value": unit.p_value,
    }


def epoch_record(course: RunCourse, number: int) -> dict[str, Any]:
    """Return the record of one epoch, all layers together, and the layer with the largest dead share."""
    epoch = next(one for one in course.timeline.epochs if one.number == number)
    rows = [row for row in layer_records(course) if row["epoch"] == number]
    sums = {
        name: sum(row[name] for row in rows) for name in ("units", "dead", "died", "revived", "nonfinite")
    }
    worst = max(rows, key=lambda row: float(row["dead_share"]), default=None)
    return {
        "epoch": number,
        "label": epoch.label,
        "samples": epoch.samples,
        **sums,
        "dead_share": sums["dead"] / sums["units"] if sums["units"] else 0.0,
        "worst_layer": None if worst is None else worst["layer"],
        "worst_share": None if worst is None else worst["dead_share"],
    }


def _layer_record(layer: LayerCourse, place: int) -> dict[str, Any]:
    samples = int(layer.samples[place])
    alive = ~layer.broken[place]
    rates = layer.fired[place][alive] / samples
    return {
        "layer": layer.name,
        "units": layer.units,
        "samples": samples,
        "dead": int(layer.counts[place]),
        "dead_share": float(layer.shares[place]),
        "died": int(layer.deaths[place]),
        "revived": int(layer.revivals[place]),
        "nonfinite": int(layer.broken[place].sum()),
        "median_firing_rate": float(np.median(rates)) if rates.size else None,
    }


def _field(value: Any, name: str, form: str) -> str:
    text = field_text(value)
    return guard_formula(text, form) if name in {"label", "layer", "worst_layer"} else text
