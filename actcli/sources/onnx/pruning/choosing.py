"""The dead units that can go: their outputs are constant in the data, and what follows can do without them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.pruning.result import Staying
from actcli.sources.onnx.graph import Graph
from actcli.sources.onnx.model_input import Batch
from actcli.sources.onnx.pruning.consumers import Consumers
from actcli.sources.onnx.pruning.cutting import ModelChanges, bias_of, node_key, weights_taken
from actcli.sources.onnx.pruning.unit_path import Taker, UnitPath, UnitPlaces

LAST_UNIT = "a layer keeps at least one unit"
_LARGEST = 65504.0
"""The largest number of float16: no bias grows by more."""


@dataclass(slots=True)
class Range:
    """The lowest and the highest value at each place of a tensor's unit axis, over all samples."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @classmethod
    def none(cls, length: int) -> "Range":
        """Return the range of no sample."""
        return cls(np.full(length, np.inf), np.full(length, -np.inf))

    def extend(self, array: NDArray[np.floating], axis: int) -> None:
        """Widen the range by an array; NaN makes it NaN."""
        rows = np.moveaxis(array, axis, 0).reshape(array.shape[axis], -1)
        if rows.shape[1]:
            np.minimum(self.low, rows.min(axis=1), out=self.low)
            np.maximum(self.high, rows.max(axis=1), out=self.high)


def extend_ranges(ranges: Mapping[str, Range], axes: Mapping[str, int], arrays: Batch) -> None:
    """Widen the ranges of tensors by a batch of their values."""
    for name, own in ranges.items():
        own.extend(arrays[name], axes[name])


def choose_units(
    graph: Graph,
    consumers: Consumers,
    path: UnitPath,
    output: str,
    dead: Sequence[int],
    gone: set[int],
    ranges: Mapping[str, Range],
    changes: ModelChanges,
) -> tuple[tuple[int, ...], tuple[Staying, ...]]:
    """Choose the dead units that go, note the changes, and return them and those that stay with the reason.

    output: the tensor of the layer's outputs, on the path. gone: the units of the same weights that go already; those
    that go now are added. One unit of a layer stays.
    """
    count = len(path.tensors[path.maker.outputs[0]].places)
    removed: list[int] = []
    reasons: dict[str, list[int]] = {}
    for unit in dead:
        if unit in gone:
            removed.append(unit)
            continue
        reason = _movement(path.tensors[output], ranges[output], unit)
        reason = reason or _objection(graph, consumers, path, unit, ranges)
        if not reason and len(gone) == count - 1:
            reason = LAST_UNIT
        if reason:
            reasons.setdefault(reason, []).append(unit)
            continue
        gone.add(unit)
        removed.append(unit)
        for taker in path.takers:
            _fold(graph, consumers, taker, unit, ranges, changes)
        changes.take_out(path, np.array([unit], np.int64))
    return tuple(removed), tuple(Staying(tuple(units), reason) for reason, units in reasons.items())


def _movement(own: UnitPlaces, seen: Range, unit: int) -> str:
    """Return how the numbers of a unit differ in the data; empty where all are the same."""
    low, high = seen.low[own.places[unit]], seen.high[own.places[unit]]
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        return "its output is NaN or inf somewhere in these data"
    if np.array_equal(low, high):
        return ""
    place = int(np.argmax(high - low))
    return f"its output moves between {low[place]:.4g} and {high[place]:.4g} in these data"


def _objection(
    graph: Graph, consumers: Consumers, path: UnitPath, unit: int, ranges: Mapping[str, Range]
) -> str:
    """Return why a unit has to stay; empty where it can go."""
    for taker in path.takers:
        own, places = ranges[taker.node.inputs[0]], taker.taken.places[unit]
        moves = _movement(taker.taken, own, unit)
        if moves:
            return moves
        low = own.low[places]
        weights = weights_taken(graph, taker, places)
        if not np.isfinite(weights).all():
            return f"the weights of {taker.node.title!r} that take it are not finite"
        if not low.any():
            continue
        number = f"its output is {low[np.flatnonzero(low)[0]]:.4g}, not 0"
        if path.border:
            return f"{number}, and {path.border}"
        if bias_of(graph, consumers, taker) is None:
            return f"{number}, and {taker.node.title!r} has no bias to add it to"
        if np.abs(weights).sum(axis=(0, 2)).max() * np.abs(low).max() > _LARGEST:
            return f"{number}, and its weights are too large to be added to a bias"
    return ""


def _fold(
    graph: Graph,
    consumers: Consumers,
    taker: Taker,
    unit: int,
    ranges: Mapping[str, Range],
    changes: ModelChanges,
) -> None:
    """Note what a unit that is a constant adds to the bias of a node that takes it."""
    places = taker.taken.places[unit]
    values = ranges[taker.node.inputs[0]].low[places]
    if not values.any():
        return
    bias = bias_of(graph, consumers, taker)
    if bias is None:
        raise AssertionError(node_key(taker.node))
    added = np.einsum("pok,p->o", weights_taken(graph, taker, places), values)
    if taker.node.op == "Gemm":
        added = added * taker.node.real("alpha", 1.0) / taker.node.real("beta", 1.0)
    changes.fold(bias[0], added)
