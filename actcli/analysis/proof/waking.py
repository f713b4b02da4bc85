"""Inputs that wake units: z is driven towards firing inside a box, by the gradient, from samples that come near it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.firing_rule import Rule, fires
from actcli.analysis.proof.box import Box, Numbers
from actcli.analysis.proof.network import Placed, gradient, point_values

Point = dict[str, Numbers]
TURNS = 14
"""Steps from one sample."""
_RATE, _SLOWER = 0.5, 0.75
"""The first step as a share of the box, and what each further step is of the one before."""


@dataclass(frozen=True, slots=True, eq=False)
class Wake:
    """An input in the box on which a unit fires that no sample fires, as a run of the model confirmed.

    Attributes:
        layer, unit: the unit.
        sample: the sample that the search began with.
        value: what the rule looks at, where it fires.
        changed: numbers of the input that differ from the sample's.
        largest: the largest difference.
        inputs: the input, one array for each of the model's.

    """

    layer: str
    unit: int
    sample: int
    value: float
    changed: int
    largest: float
    inputs: Mapping[str, NDArray[np.float32]]

    @property
    def numbers(self) -> int:
        """The numbers of the input."""
        return sum(array.size for array in self.inputs.values())


@dataclass(frozen=True, slots=True, eq=False)
class WakeSearch:
    """The result of a search.

    Attributes:
        wakes: the units that woke.
        tried: the units that were tried.
        left: units for which there was no time.
        same: inputs that are the same for all samples.

    """

    wakes: tuple[Wake, ...]
    tried: int
    left: int
    same: frozenset[str] = frozenset()


def gap_to_firing(rule: Rule, z: Numbers) -> tuple[Numbers, Numbers]:
    """Return how far each value is from the nearest firing interval, and the sign of the way there."""
    gap, toward = np.full(z.shape, np.inf), np.ones(z.shape)
    for part in rule.fires:
        below, above = part.low - z, z - part.high
        own = np.maximum(np.maximum(below, above), 0.0)
        nearer = own < gap
        gap = np.where(nearer, own, gap)
        toward = np.where(nearer, np.where(above > below, -1.0, 1.0), toward)
    return gap, toward


def climb(
    steps: Sequence[Placed],
    boxes: Mapping[str, Box],
    tensor: str,
    place: tuple[int, int],
    rule: Rule,
    start: Point,
) -> Iterator[Point]:
    """Yield the points of a projected gradient ascent from a start at which a unit fires in exact arithmetic.

    place: the axis of the units and the unit's number in it. Ends after TURNS steps, or where the gradient is 0.
    """
    x = {name: _into_box(values, boxes[name]) for name, values in start.items()}
    rate = _RATE
    for _ in range(TURNS):
        values = point_values(steps, x)
        whole = values[tensor]
        index = np.arange(whole.size).reshape(whole.shape).take(place[1], axis=place[0]).reshape(-1)
        z = whole.reshape(-1)[index]
        if np.isnan(z).all():
            return
        if fires(rule, z).any():
            yield x
        gap, toward = gap_to_firing(rule, z)
        nearest = int(np.nanargmin(gap))
        row = np.zeros((1, whole.size))
        row[0, index[nearest]] = toward[nearest]
        slopes = gradient(steps, values, tensor, row.reshape(1, *whole.shape), x)
        if not any(np.nan_to_num(slope).any() for slope in slopes.values()):
            return
        for name, slope in slopes.items():
            box = boxes[name]
            move = rate * (box.upper - box.lower) * np.sign(np.nan_to_num(slope[0]))
            x[name] = _into_box(x[name] + move, box)
        rate *= _SLOWER


def _into_box(x: Numbers, box: Box) -> Numbers:
    """Return numbers of float32 inside a box."""
    single = np.clip(x, box.lower, box.upper).astype(np.float32)
    single = np.where(single > box.upper, np.nextafter(single, np.float32(-np.inf)), single)
    single = np.where(single < box.lower, np.nextafter(single, np.float32(np.inf)), single)
    return single.astype(np.float64)
