"""The changes of a model that take units out: positions to cut along axes, and constants to add to biases."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.pruning.result import BiasChange, TensorCut
from actcli.sources.onnx.graph import Graph, Node
from actcli.sources.onnx.pruning.consumers import Consumers
from actcli.sources.onnx.pruning.unit_path import Indices, Taker, UnitPath

OperandKey = tuple[str, int]
"""An operand: the first output of its node, and the number of the input."""
Cuts = dict[int, set[int]]
"""Positions by axis."""


def node_key(node: Node) -> str:
    """The tensor by which a node is found again in the file: its first output."""
    return node.outputs[0]


@dataclass(slots=True)
class ModelChanges:
    """What changes in a model.

    Attributes:
        operands: positions cut out of constant operands.
        tensors: positions that tensors between nodes lose.
        lengths: entries of new shapes that lose so many, by node and entry.
        folded: what is added to biases.
        orders: new orders along the axes of constant operands, for a model with the same units in another order.

    """

    operands: dict[OperandKey, Cuts] = field(default_factory=dict)
    tensors: dict[str, Cuts] = field(default_factory=dict)
    lengths: set[tuple[str, int]] = field(default_factory=set)
    folded: dict[OperandKey, NDArray[np.float64]] = field(default_factory=dict)
    orders: dict[OperandKey, dict[int, Indices]] = field(default_factory=dict)

    def take_out(self, path: UnitPath, units: Indices) -> None:
        """Note that these units go, along the whole path."""
        for name, own in path.tensors.items():
            _add(self.tensors, name, own.axis, own.places[units])
        for key, axis, places, _ in _operands_on(path):
            _add(self.operands, key, axis, places[units])
        self.lengths |= {(node_key(node), entry) for node, entry in path.reshapes}

    def reverse(self, path: UnitPath) -> None:
        """Note that the units stand in reverse order, along the whole path: the same sums in another order."""
        for key, axis, places, length in _operands_on(path):
            order = self.orders.setdefault(key, {}).setdefault(axis, np.arange(length))
            order[places] = places[::-1]

    def fold(self, operand: OperandKey, values: NDArray[np.float64]) -> None:
        """Note that a bias grows by these values."""
        self.folded[operand] = self.folded.get(operand, np.zeros(1)) + values


def _operands_on(path: UnitPath) -> Iterator[tuple[OperandKey, int, Indices, int]]:
    """Yield the constant operands on a path that have numbers of each unit: axis, places, length of the axis."""
    for use in path.constants:
        yield (node_key(use.node), use.operand), use.axis, use.places, use.length
    for taker in path.takers:
        yield (node_key(taker.node), 1), taker.axis, taker.taken.places, taker.taken.length


def _add(cuts: dict[Any, Cuts], key: Any, axis: int, places: Indices) -> None:
    cuts.setdefault(key, {}).setdefault(axis, set()).update(places.reshape(-1).tolist())


def cut(array: NDArray[Any], cuts: Mapping[int, Iterable[int]]) -> NDArray[Any]:
    """Return an array without some positions along some axes."""
    for axis, places in cuts.items():
        array = np.delete(array, sorted(places), axis)
    return array


def weights_taken(graph: Graph, taker: Taker, places: Indices) -> NDArray[np.float64]:
    """The weights of a taker at some places of its input: (places, outputs, kernel positions), float64."""
    array = graph.constant(taker.node.inputs[1])
    if array is None:
        raise AssertionError
    rows = np.moveaxis(array, taker.axis, 0)[places].astype(np.float64)
    return rows.reshape(*rows.shape[:2], -1)


def bias_of(graph: Graph, consumers: Consumers, taker: Taker) -> tuple[OperandKey, str] | None:
    """The operand that is the bias of a taker, and the tensor it is added in; None where a new one has no place.

    A Conv or Gemm has its own, which may be added; behind a MatMul it is the constant of an Add of its own.
    """
    node = taker.node
    if node.op != "MatMul":
        key = node_key(node), 2
        if node.op == "Gemm" and not node.real("beta", 1.0):
            return None
        return (key, node.outputs[0])
    takers = consumers.of(node.outputs[0])
    if len(takers) != 1 or node.outputs[0] in consumers.outputs | consumers.captured:
        return None
    add, place = takers[0]
    array = graph.constant(add.input(1 - place)) if add.op == "Add" else None
    weights = graph.shapes.get(node.inputs[1])
    if array is None or add.input(1 - place) not in graph.arrays or weights is None:
        return None
    return ((node_key(add), 1 - place), add.outputs[0]) if array.shape == (weights[1],) else None


def described_cuts(changes: ModelChanges, names: Mapping[OperandKey, str]) -> tuple[TensorCut, ...]:
    """What was cut out of which stored tensor, by the names of the tensors in the old model, each once."""
    cuts = {
        (names[key], axis): tuple(sorted(places))
        for key, axes in changes.operands.items()
        for axis, places in axes.items()
    }
    return tuple(TensorCut(name, axis, places) for (name, axis), places in cuts.items())


def described_biases(changes: ModelChanges, names: Mapping[OperandKey, str]) -> tuple[BiasChange, ...]:
    """What was added to which bias, by the names of the tensors in the old model."""
    return tuple(
        BiasChange(node, names[node, operand], tuple(added.tolist()))
        for (node, operand), added in changes.folded.items()
    )
