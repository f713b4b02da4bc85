"""What feeds a layer, read off its weights: z = W x + b, batch normalization and the like folded in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.causes import Weights
from actcli.sources.onnx.graph import Graph, Node

_KEEPS = {"Cast", "Identity", "Dropout", "Transpose", "Squeeze", "Unsqueeze"}
_POOLS = {"MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool", "Pad", "Resize", "Upsample"}
"""A unit whose outputs are all 0 stays 0 through these."""
_FLATTENS = {"Flatten", "Reshape"}
_LONGEST = 64

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(slots=True)
class _Affine:
    """z = scale · y + shift, by unit."""

    scale: Numbers
    shift: Numbers


def weights_of(
    graph: Graph, before: str, units: int, outputs: Mapping[str, tuple[str, int]]
) -> Weights | None:
    """The weights of the layer that makes z; None where something else than constants lies between.

    outputs: h of every layer, to its name and how many units it has.
    """
    tensor, affine = before, _Affine(np.ones(units), np.zeros(units))
    for _ in range(_LONGEST):
        node = graph.producer.get(tensor)
        if node is None:
            return None
        if node.op in _LINEAR:
            return _of_linear(graph, node, affine, outputs)
        folded = _folded(graph, node, affine)
        if folded is None:
            return None
        tensor = folded
    return None


def upstream_of(graph: Graph, before: str, outputs: Mapping[str, tuple[str, int]]) -> tuple[str, ...]:
    """The layers whose outputs reach z without passing another layer's."""
    found: dict[str, None] = {}
    waiting, seen = [before], set()
    while waiting:
        tensor = waiting.pop()
        if tensor in seen:
            continue
        seen.add(tensor)
        if tensor in outputs and tensor != before:
            found[outputs[tensor][0]] = None
            continue
        node = graph.producer.get(tensor)
        waiting.extend(node.inputs if node is not None else ())
    return tuple(found)


def _folded(graph: Graph, node: Node, affine: _Affine) -> str | None:
    """The tensor before a node that scales and shifts by unit, taken into affine; None for any other node."""
    if node.op in _KEEPS:
        return node.inputs[0]
    units = affine.scale.size
    if node.op == "BatchNormalization":
        parts = [_by_unit(graph.constant(name), units) for name in node.inputs[1:5]]
        if any(part is None for part in parts) or len(parts) < 4:
            return None
        gain, bias, mean, variance = (part for part in parts if part is not None)
        gain = gain / np.sqrt(variance + float(node.attributes.get("epsilon", 1e-5)))
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
    """A constant as a number for each unit."""
    if array is None or array.size not in {1, units} or array.dtype.kind != "f":
        return None
    return np.broadcast_to(array.reshape(-1).astype(np.float64), (units,))


_LINEAR = {"Conv", "ConvTranspose", "Gemm", "MatMul"}


def _of_linear(
    graph: Graph, node: Node, affine: _Affine, outputs: Mapping[str, tuple[str, int]]
) -> Weights | None:
    units = affine.scale.size
    array = graph.constant(node.inputs[1])
    if array is None or array.dtype.kind != "f":
        return None
    touched = _touched(node, np.asarray(array != 0, np.bool_))
    if touched is None or len(touched) != units:
        return None
    bias: Numbers | None = np.zeros(units)
    if len(node.inputs) > 2 and node.inputs[2]:
        bias = _by_unit(graph.constant(node.inputs[2]), units)
        if bias is not None and node.op == "Gemm":
            bias = bias * float(node.attributes.get("beta", 1.0))
    upstream, flattened, first = _source(graph, node.inputs[0], outputs)
    reaches: Flags | None = None
    if upstream is not None:
        count = upstream[1]
        if touched.shape[1] == count:
            reaches = touched
        elif flattened and touched.shape[1] % count == 0:
            reaches = np.asarray(touched.reshape(units, count, -1).any(axis=2), np.bool_)
    return Weights(
        bias=None if bias is None else affine.shift + affine.scale * bias,
        zero=~touched.any(axis=1) | (affine.scale == 0),
        upstream=upstream[0] if upstream is not None and reaches is not None else None,
        reaches=reaches,
        first=first,
    )


def _touched(node: Node, nonzero: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """Which inputs each unit has a weight on, (units, inputs)."""
    if node.op == "MatMul":
        return nonzero.T if nonzero.ndim == 2 else None
    if node.op == "Gemm":
        return nonzero if node.attributes.get("transB") else nonzero.T
    if nonzero.ndim < 2:
        return None
    groups = int(node.attributes.get("group", 1))
    pairs = np.asarray(nonzero.reshape(*nonzero.shape[:2], -1).any(axis=2), np.bool_)
    if groups < 1 or len(pairs) % groups:
        return None
    blocks: Flags = pairs.reshape(groups, -1, pairs.shape[1])
    if node.op == "ConvTranspose":
        blocks = blocks.swapaxes(1, 2)
    _, out, into = blocks.shape
    touched = np.zeros((groups * out, groups * into), np.bool_)
    for i, block in enumerate(blocks):
        touched[i * out : (i + 1) * out, i * into : (i + 1) * into] = block
    return touched


def _source(
    graph: Graph, tensor: str, outputs: Mapping[str, tuple[str, int]]
) -> tuple[tuple[str, int] | None, bool, bool]:
    """The layer whose h is the input; whether it was flattened by unit on the way; whether the input is the model's."""
    flattened = False
    for _ in range(_LONGEST):
        if tensor in outputs:
            return outputs[tensor], flattened, False
        node = graph.producer.get(tensor)
        if node is None:
            return None, flattened, graph.constant(tensor) is None
        if node.op in _FLATTENS:
            flattened = True
        elif node.op not in _KEEPS | _POOLS:
            return None, flattened, False
        tensor = node.inputs[0]
    return None, flattened, False
