"""Constants of a graph: stored tensors, and what is computed of them and of shapes alone."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.sources.onnx.graph import Graph, Node

Array = NDArray[Any]

_MOST_NUMBERS = 1 << 24


def stored_constant(graph: Graph, tensor: str) -> Array | None:
    """Return the numbers of an initializer or a Constant; None for any other tensor."""
    return graph.constant(tensor) if tensor in graph.arrays else None


def computed_constant(node: Node, operands: list[Array | None]) -> Array | None:
    """Return what a node computes of constants, as IEEE arithmetic rounds it; None for operators that are not known.

    operands: its inputs; None for one that is left out.
    """
    compute = _OPERATORS.get(node.op)
    if compute is None or not operands or operands[0] is None:
        return None
    try:
        with np.errstate(all="ignore"):
            result = compute(node, operands)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return result if result is not None and result.size <= _MOST_NUMBERS else None


def _axes(node: Node, operands: list[Array | None]) -> list[int] | None:
    if "axes" in node.attributes:
        return node.integers("axes")
    second = operands[1] if len(operands) > 1 else None
    return None if second is None else second.reshape(-1).tolist()


def _cast(node: Node, operands: list[Array | None]) -> Array | None:
    from onnx import helper

    dtype = np.dtype(helper.tensor_dtype_to_np_dtype(node.integer("to", 0)))
    return operands[0].astype(dtype) if dtype.kind in "fiub" and operands[0] is not None else None


def _gather(node: Node, operands: list[Array | None]) -> Array | None:
    data, index = operands[0], operands[1]
    if data is None or index is None or data.size * index.size > _MOST_NUMBERS:
        return None
    return np.take(data, index, axis=node.integer("axis", 0))


def _slice(node: Node, operands: list[Array | None]) -> Array | None:
    data = operands[0]
    parts = slices_of(node, operands, () if data is None else data.shape)
    return None if parts is None or data is None else data[parts]


def slices_of(node: Node, operands: list[Array | None], shape: tuple[int, ...]) -> tuple[slice, ...] | None:
    """Return the part of a tensor of this shape that a Slice takes; None where it is not constant."""
    if "starts" in node.attributes:
        starts, ends = node.integers("starts"), node.integers("ends")
        axes, steps = node.integers("axes"), None
    else:
        given = [
            None if one is None else one.reshape(-1).tolist()
            for one in [*operands[1:], None, None, None, None]
        ]
        starts, ends, axes, steps = given[:4]
    if starts is None or ends is None:
        return None
    axes = list(range(len(starts))) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    parts = [slice(None)] * len(shape)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        length = shape[axis]
        first = start + length if start < 0 else start
        last = end + length if end < 0 else end
        if step < 0:
            first = max(min(first, length - 1), 0)
            parts[axis] = slice(first, None if last < 0 else last, step)
        else:
            parts[axis] = slice(max(min(first, length), 0), max(min(last, length), 0), step)
    return tuple(parts)


def _concatenate(node: Node, operands: list[Array | None]) -> Array | None:
    arrays = [one for one in operands if one is not None]
    return np.concatenate(arrays, axis=node.integer("axis", 0)) if len(arrays) == len(operands) else None


def _squeeze(node: Node, operands: list[Array | None]) -> Array | None:
    axes = _axes(node, operands)
    return np.squeeze(operands[0], None if axes is None else tuple(axes))  # type: ignore[arg-type]


def _unsqueeze(node: Node, operands: list[Array | None]) -> Array | None:
    axes = _axes(node, operands)
    return None if axes is None else np.expand_dims(operands[0], tuple(axes))  # type: ignore[arg-type]


def _reshape(node: Node, operands: list[Array | None]) -> Array | None:
    data, lengths = operands[0], operands[1] if len(operands) > 1 else None
    if data is None or lengths is None:
        return None
    return data.reshape(
        lengths_of(lengths.reshape(-1).tolist(), data.shape, zero=bool(node.integer("allowzero", 0)))
    )


def lengths_of(wanted: list[int], shape: tuple[int, ...], *, zero: bool = False) -> list[int]:
    """Return the lengths of a Reshape: 0 keeps a length, unless `zero` allows it; -1 is what remains."""
    return [shape[i] if length == 0 and not zero else length for i, length in enumerate(wanted)]


def _transpose(node: Node, operands: list[Array | None]) -> Array | None:
    return np.transpose(operands[0], node.integers("perm"))  # type: ignore[arg-type]


def _fill(node: Node, operands: list[Array | None]) -> Array | None:
    from onnx import numpy_helper

    shape = operands[0]
    value = node.attributes.get("value")
    filled = np.zeros(1, np.float32) if value is None else np.asarray(numpy_helper.to_array(value))
    if shape is None or math.prod(shape.reshape(-1).tolist()) > _MOST_NUMBERS:
        return None
    return np.full(shape.reshape(-1).tolist(), filled.reshape(-1)[0], filled.dtype)


def _expand(node: Node, operands: list[Array | None]) -> Array | None:  # noqa: ARG001
    data, shape = operands[0], operands[1]
    if data is None or shape is None or math.prod(shape.reshape(-1).tolist()) > _MOST_NUMBERS:
        return None
    return np.asarray(data * np.ones(shape.reshape(-1).tolist(), data.dtype))


def _arithmetic(compute: Callable[[Any, Any], Any]) -> Callable[[Node, list[Array | None]], Array | None]:
    def apply(node: Node, operands: list[Array | None]) -> Array | None:  # noqa: ARG001
        first, second = operands[0], operands[1]
        if first is None or second is None or first.dtype != second.dtype:
            return None
        if math.prod(np.broadcast_shapes(first.shape, second.shape)) > _MOST_NUMBERS:
            return None
        return np.asarray(compute(first, second), first.dtype)

    return apply


def _divide(first: Array, second: Array) -> Array:
    if first.dtype.kind == "f":
        return np.asarray(first / second)
    quotient = np.abs(first) // np.abs(second)
    return np.asarray(np.sign(first) * np.sign(second) * quotient)


_OPERATORS: Mapping[str, Callable[[Node, list[Array | None]], Array | None]] = {
    "Cast": _cast,
    "Identity": lambda _, operands: operands[0],
    "Gather": _gather,
    "Slice": _slice,
    "Concat": _concatenate,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Reshape": _reshape,
    "Transpose": _transpose,
    "ConstantOfShape": _fill,
    "Expand": _expand,
    "Add": _arithmetic(np.add),
    "Sub": _arithmetic(np.subtract),
    "Mul": _arithmetic(np.multiply),
    "Div": _arithmetic(_divide),
    "Neg": lambda _, operands: None if operands[0] is None else -operands[0],
    "Sqrt": lambda _, operands: None if operands[0] is None else np.sqrt(operands[0]),
}
