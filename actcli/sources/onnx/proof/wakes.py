"""The search for inputs that wake silent units of a model, each confirmed by onnxruntime."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.firing_rule import fires
from actcli.analysis.proof.box import Box, Numbers
from actcli.analysis.proof.network import Placed, steps_behind
from actcli.analysis.proof.prove import ProofTarget
from actcli.analysis.proof.waking import TURNS, Point, Wake, WakeSearch, climb, gap_to_firing
from actcli.sources.onnx.inputs import Samples
from actcli.sources.onnx.model import Model
from actcli.sources.onnx.running import Whole

_MOST_SAMPLES, _MOST_NUMBERS = 256, 1 << 23
_STARTS = 2
"""Samples from which the search for a unit begins."""
BUDGET = 4e9
"""Multiplications of a search: some seconds."""
_STEP_COST = 2e5
"""What a step costs besides its multiplications."""


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """The samples that are kept: how many, and the arrays of all inputs with the axis of the samples in each."""

    count: int
    arrays: Mapping[str, NDArray[Any]]
    axes: Mapping[str, int | None]
    batch: int

    def start(self, sample: int, boxes: Mapping[str, Box]) -> Point:
        """Return one sample in the shapes of the boxes."""
        point = {}
        for name, array in self.arrays.items():
            axis = self.axes[name]
            one = array if axis is None else np.repeat(array.take([sample], axis=axis), self.batch, axis=axis)
            point[name] = np.broadcast_to(one, boxes[name].shape).astype(np.float64)
        return point


def search_wakes(
    model: Model,
    steps: Sequence[Placed],
    boxes: Mapping[str, Box],
    wanted: Sequence[tuple[ProofTarget, Sequence[int]]],
    samples: Samples,
    threads: int,
    budget: float = BUDGET,
) -> WakeSearch:
    """WakeSearch an input in the boxes for each wanted unit of each layer on which it fires.

    Only float32 inputs are searched. budget: multiplications that all layers may cost together; layers that are
    cheap to compute come first.
    """
    total = sum(len(units) for _, units in wanted)
    if not total or any(one.dtype != np.float32 for one in model.inputs):
        return WakeSearch((), 0, total)
    held = _hold(model, samples)
    whole = Whole(model, samples.origin, threads)
    wakes: list[Wake] = []
    tried = 0
    by_cost = sorted(wanted, key=lambda one: _cost(steps_behind(steps, {one[0].tensor})))
    for target, units in by_cost:
        own = steps_behind(steps, {target.tensor})
        each = _STARTS * TURNS * _cost(own)
        affordable = list(units)[: int(max(budget, 0.0) // each)] if units else []
        if not affordable:
            continue
        gaps = _gaps(held, whole, target)
        budget -= each * len(affordable)
        tried += len(affordable)
        for unit in affordable:
            wake = _wake(own, boxes, target, unit, held, np.argsort(gaps[:, unit])[:_STARTS].tolist(), whole)
            if wake is not None:
                wakes.append(wake)
    same = frozenset(name for name, axis in held.axes.items() if axis is None)
    return WakeSearch(tuple(wakes), tried, total - tried, same)


def _cost(steps: Sequence[Placed]) -> float:
    return sum(placed.step.cost + _STEP_COST for placed in steps)


def _hold(model: Model, samples: Samples) -> _Held:
    """Keep the first samples."""
    most = max(1, min(_MOST_SAMPLES, _MOST_NUMBERS // max(samples.elements, 1), samples.samples))
    count, arrays = next(iter(samples.batches(most)))
    axes = {one.name: one.axis for one in samples.inputs}
    return _Held(count, arrays, axes, max((one.fixed_batch or 1 for one in model.inputs), default=1))


def _gaps(held: _Held, whole: Whole, target: ProofTarget) -> Numbers:
    """Return how far each unit is from firing on each sample, (samples, units)."""
    gaps = []
    size = held.batch if held.batch > 1 else min(held.count, 16)
    for first in range(0, held.count, size):
        places = np.minimum(np.arange(first, first + size), held.count - 1)
        feed = {
            name: array if held.axes[name] is None else array.take(places, axis=held.axes[name])
            for name, array in held.arrays.items()
        }
        z = whole(target.name, feed).astype(np.float64)
        gaps.append(gap_to_firing(target.rule, z)[0].min(axis=2)[: held.count - first])
    return np.concatenate(gaps)


def _wake(
    steps: Sequence[Placed],
    boxes: Mapping[str, Box],
    target: ProofTarget,
    unit: int,
    held: _Held,
    starts: Sequence[int],
    whole: Whole,
) -> Wake | None:
    """Return a confirmed input on which the unit fires; None where none was found."""
    for sample in starts:
        start = held.start(sample, boxes)
        for point in climb(steps, boxes, target.tensor, (target.axis, unit), target.rule, start):
            feed = {name: values.astype(np.float32) for name, values in point.items()}
            z = whole(target.name, feed)[:, unit]
            firing = fires(target.rule, z)
            if firing.any():
                moved = [np.abs(feed[name] - start[name]) for name in feed]
                changed = sum(int((one > 0).sum()) for one in moved)
                largest = max(float(one.max(initial=0.0)) for one in moved)
                value = float(z[firing].flat[0])
                return Wake(target.name, unit, sample, value, changed // held.batch, largest, feed)
    return None
