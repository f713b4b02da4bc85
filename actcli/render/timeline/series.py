"""The series of a timeline's chart: the dead share of each layer by epoch."""

import numpy as np

from actcli.analysis.figure.curves import Curve, Figure, Panel
from actcli.analysis.timeline.course import LayerCourse, RunCourse
from actcli.terminal import printable

MOST_CURVES = 6


def shares_figure(course: RunCourse, most: int = MOST_CURVES, *, even_none: bool = False) -> Figure | None:
    """Return the dead shares of the worst layers in percent; None of one epoch alone.

    Where no unit died it is None too, unless `even_none` wants lines at 0.
    """
    worst = course.worst_first()
    layers = [layer for layer in worst if layer.counts.any()] or (list(worst) if even_none else [])
    numbers = [epoch.number for epoch in course.timeline.epochs]
    if not layers or len(numbers) < 2:
        return None
    curves = tuple(_curve(layer, numbers) for layer in layers[:most])
    return Figure((Panel("dead units, %", curves),), (float(numbers[0]), float(numbers[-1])))


def _curve(layer: LayerCourse, numbers: list[int]) -> Curve:
    """Return the layer's curve, which has a gap at epochs in which it was not observed."""
    seen = np.isin(numbers, layer.numbers)
    x = np.asarray(numbers, np.float64)[seen]
    breaks = np.flatnonzero(np.diff(np.flatnonzero(seen)) > 1) + 1
    pieces = zip(np.split(x, breaks), np.split(100 * layer.shares, breaks), strict=True)
    name = printable(layer.name)
    return Curve(name, "dead", name, tuple((a, b) for a, b in pieces))
