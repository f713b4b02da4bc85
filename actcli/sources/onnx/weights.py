"""The weights that feed a layer: z = W x + b, with batch normalization and scaling folded in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.causes import Weights
from actcli.sources.onnx.graph import Graph, Node

_KEEPS = {
    "Cast",
    "Identity",
    "Dropout",
    "Transpose",
    "Squeeze",
    "Unsqueeze",
    "QuantizeLinear",
    "DequantizeLinear",
}
_POOLS = {"MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool", "Pad", "Resize", "Upsample"}
"""A unit whose outputs are all 0 stays 0 through these."""
_FLATTENS = {"Flatten", "Reshape"}
_LINEAR = {"Conv", "ConvTranspose", "Gemm", "MatMul"}
_MOST_NODES = 64
"""Nodes that are looked through on the way to a layer."""
_MOST_PAIRS = 1 << 28
"""Pairs of a unit and an input, a byte each, in the largest layer whose weights are looked at."""

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(slots=True)
class _Affine:
    """The map z = scale · y + shift, by unit."""

    scale: Numbers
    shift: Numbers


def weights_of(
    graph: Graph, before: str, units: int, outputs: Mapping[str, tuple[str, int]]
) -> Weights | None:
    """The weights of the layer that makes the tensor `before`, z; None where they do not all come from constants.

    outputs: from the tensor h of every layer to the layer's name and its number of units.
    """
    tensor, affine = before, _Affine(np.ones(units), np.zeros(units))
    with np.errstate(all="ignore"):  # stored weights may hold inf and NaN
        for _ in range(_MOST_NODES):
            node = graph.producer.get(tensor)
            if node is None or (tensor in outputs and tensor != before):
                return None
            if node.op in _LINEAR:
                return _linear_weights(graph, node, affine, outputs)
            source = _fold(graph, node, affine)
            if source is None:
                return None
            tensor = source
    return None


def _fold(graph: Graph, node: Node, affine: _Affine) -> str | None:
    """Take a node that scales and shifts by unit into `affine` and return its input; None for any other node."""
    if node.op in _KEEPS:
        return node.input(0)
    units = affine.scale.size
    if node.op == "BatchNormalization":
        if node.integer("training_mode", 0):
            return None  # its mean and variance are those of each batch, not constants
        parts = [_by_unit(graph.constant(name), units) for name in node.inputs[1:5]]
        if any(part is None for part in parts) or len(parts) < 4:
            return None
        gain, bias, mean, variance = (part for part in parts if part is not None)
        gain = gain / np.sqrt(variance + node.real("epsilon", 1e-5))
        affine.shift = affine.shift + affine.scale * (bias - mean * gain)
        affine.scale = affine.scale * gain
        return node.inputs[0]
    if node.op not in {"Add", "Sub", "Mul", "Div"} or len(node.inputs) < 2:
        return None
    left, right = (_by_unit(graph.constant(name), units) for name in node.inputs[:2])
    if left is not None and right is None and node.op in {"Add", "Mul"}:
        number, tensor = left, node.inputs[1]
    elif right is not None and left is None:
        number, tensor = right, node.inputs[0]
    else:
        return None
    if node.op in {"Add", "Sub"}:
        affine.shift = affine.shift + affine.scale * (number if node.op == "Add" else -number)
    else:
        affine.scale = affine.scale * (number if node.op == "Mul" else 1 / number)
    return tensor


def _by_unit(array: NDArray[Any] | None, units: int) -> Numbers | None:
    """A constant as one number per unit; None where it is none."""
    if array is None or array.size not in {1, units} or array.dtype.kind != "f":
        return None
    return np.broadcast_to(array.reshape(-1).astype(np.float64), (units,))


def _linear_weights(
    graph: Graph, node: Node, affine: _Affine, outputs: Mapping[str, tuple[str, int]]
) -> Weights | None:
    units = affine.scale.size
    array = graph.constant(node.input(1))
    if array is None or array.dtype.kind != "f" or not array.size:
        return None
    connected = _connections(node, np.asarray(array != 0, np.bool_))
    if connected is None or len(connected) != units:
        return None
    bias: Numbers | None = np.zeros(units)
    if node.input(2):
        bias = _by_unit(graph.constant(node.input(2)), units)
        if bias is not None and node.op == "Gemm":
            bias = bias * node.real("beta", 1.0)
    upstream, flattened, first = _source(graph, node.input(0), outputs)
    reaches: Flags | None = None
    if upstream is not None:
        count = upstream[1]
        if connected.shape[1] == count:
            reaches = connected
        elif flattened and connected.shape[1] % count == 0:
            reaches = np.asarray(connected.reshape(units, count, -1).any(axis=2), np.bool_)
    return Weights(
        bias=None if bias is None else affine.shift + affine.scale * bias,
        zero=~connected.any(axis=1) | (affine.scale == 0),
        upstream=upstream[0] if upstream is not None and reaches is not None else None,
        reaches=reaches,
        first=first and not _is_shared(graph, node.input(1)),
    )


def _is_shared(graph: Graph, tensor: str) -> bool:
    """Return whether several nodes use the weights: a gradient through another of them may still change them."""
    return sum(name == tensor for node in graph.nodes for name in node.inputs) > 1


def _connections(node: Node, nonzero: Flags) -> Flags | None:
    """Which inputs each unit has a weight other than 0 on, (units, inputs); None where the weights do not tell."""
    if node.op in {"MatMul", "Gemm"}:
        if nonzero.ndim != 2:
            return None
        return nonzero if node.op == "Gemm" and node.integer("transB", 0) else nonzero.T
    if nonzero.ndim < 2:
        return None
    groups = node.integer("group", 1)
    pairs = np.asarray(nonzero.reshape(*nonzero.shape[:2], -1).any(axis=2), np.bool_)
    if groups < 1 or len(pairs) % groups or pairs.size * groups > _MOST_PAIRS:
        return None
    blocks: Flags = pairs.reshape(groups, -1, pairs.shape[1])
    if node.op == "ConvTranspose":
        blocks = blocks.swapaxes(1, 2)
    _, out, into = blocks.shape
    connected = np.zeros((groups * out, groups * into), np.bool_)
    for i, block in enumerate(blocks):
        connected[i * out : (i + 1) * out, i * into : (i + 1) * into] = block
    return connected


def _source(
    graph: Graph, tensor: str, outputs: Mapping[str, tuple[str, int]]
) -> tuple[tuple[str, int] | None, bool, bool]:
    """Follow an input to the layer whose h it is.

    Returns the layer's name and units, whether h is flattened on the way, and whether the input is the model's own.
    """
    flattened = False
    for _ in range(_MOST_NODES):
        if tensor in outputs:
            return outputs[tensor], flattened, False
        node = graph.producer.get(tensor)
        if node is None:
            return None, flattened, graph.constant(tensor) is None
        if node.op in _FLATTENS:
            flattened = True
        elif node.op not in _KEEPS | _POOLS:
            return None, flattened, False
        tensor = node.input(0)
    return None, flattened, False
