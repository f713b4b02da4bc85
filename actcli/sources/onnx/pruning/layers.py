"""The ends of a way of units: the weights that make them, and the weights that take them."""

import math
from typing import Any

import numpy as np

from actcli.sources.onnx.graph import Graph, Node
from actcli.sources.onnx.outputs import FLOAT, FLOAT16
from actcli.sources.onnx.pruning.consumers import Consumers
from actcli.sources.onnx.pruning.unit_path import ConstantUse, StaysError, Taker, UnitPath, UnitPlaces

LINEAR = ("Conv", "ConvTranspose", "Gemm", "MatMul")
_VIEWS = {"Identity", "Unsqueeze", "Squeeze", "Reshape"}
_MOST_VIEWS = 8
_FLOATS = {FLOAT, FLOAT16}


def made_units(graph: Graph, consumers: Consumers, path: UnitPath, units: int) -> UnitPlaces:
    """Return the places of the units in the output of their maker, and note its weights in the path.

    Raises StaysError for weights that are no constants, or whose units are not one axis of them.
    """
    node = path.maker
    shape = _weight_shape(graph, consumers, node)
    axis = _output_axis(node)
    if shape[axis] != units:
        raise StaysError(f"{node.title!r} makes {shape[axis]} units, not {units}")
    rank = _rank_of_output(graph, node, len(shape))
    places = np.arange(units, dtype=np.int64)[:, None]
    path.constants.append(ConstantUse(node, 1, axis, units, places))
    bias = node.input(2)
    if bias:
        lengths = constant_shape(graph, bias)
        if lengths is None:
            raise StaysError(f"the bias of {node.title!r} is not stored as a constant")
        if lengths and lengths[-1] == units:
            path.constants.append(ConstantUse(node, 2, len(lengths) - 1, units, places))
        elif math.prod(lengths) != 1 and lengths[-1] != 1:
            raise StaysError(f"the bias of {node.title!r} has the shape {lengths}")
    return UnitPlaces(unit_axis(node, rank), rank, units, places)


def taker_of(graph: Graph, consumers: Consumers, path: UnitPath, node: Node) -> Taker | None:
    """Return a node that takes the units by its weights; None for one that does something else.

    Raises StaysError for weights that are no constants, that take groups of units, or that others use too.
    """
    if node.op not in LINEAR:
        return None
    taken = path.tensors[node.inputs[0]]
    shape = _weight_shape(graph, consumers, node)
    rank = 2 if node.op == "Gemm" else taken.rank if node.op == "MatMul" else len(shape)
    if node.integer("transA", 0) or taken.axis != unit_axis(node, rank) or taken.rank != rank:
        raise StaysError(f"{node.title!r} ({node.op}) takes them along another axis")
    axis = input_axis(node)
    if shape[axis] != taken.length:
        raise StaysError(f"{node.title!r} has weights for {shape[axis]} units, not {taken.length}")
    if node.op == "ConvTranspose":
        path.border = path.border or f"{node.title!r} (ConvTranspose) adds fewer terms at its borders"
    elif node.op == "Conv" and is_padded(node):
        path.border = path.border or f"{node.title!r} (Conv) pads with zeros"
    return Taker(node, axis, taken)


def unit_axis(node: Node, rank: int) -> int:
    """The axis of the units in the input and the output of a linear node."""
    return rank - 1 if node.op == "MatMul" else 1


def input_axis(node: Node) -> int:
    """The axis of a linear node's weights that counts what it takes."""
    if node.op == "Gemm":
        return 1 if node.integer("transB", 0) else 0
    return 1 if node.op == "Conv" else 0


def _output_axis(node: Node) -> int:
    return 1 - input_axis(node)


def is_padded(node: Node) -> bool:
    """Return whether a convolution or a pooling puts something around its input, at this size or at another."""
    automatic = node.text("auto_pad") or "NOTSET"
    pads = node.integers("pads")
    return automatic not in {"NOTSET", "VALID"} or (pads is not None and any(pads))


def constant_shape(graph: Graph, tensor: str) -> tuple[int, ...] | None:
    """The shape of a constant that is stored in float32 or float16, also behind views of it; None for other tensors."""
    stored, is_view = _stored(graph, tensor)
    if stored is None:
        return None
    if is_view:
        array = graph.constant(tensor)
        fits = array is not None and array.shape == graph.shapes.get(tensor)
        return array.shape if array is not None and fits and array.dtype in (np.float32, np.float16) else None
    if isinstance(stored, np.ndarray):
        return stored.shape if stored.dtype in (np.float32, np.float16) else None
    return tuple(int(length) for length in stored.dims) if stored.data_type in _FLOATS else None


def _stored(graph: Graph, tensor: str) -> tuple[Any, bool]:
    """Return the stored constant that a tensor is, or is a view of, and whether it is a view; None for none."""
    is_view = False
    for _ in range(_MOST_VIEWS):
        if tensor in graph.arrays:
            return graph.arrays[tensor], is_view
        node = graph.producer.get(tensor)
        if node is None or node.op not in _VIEWS:
            break
        tensor, is_view = node.input(0), True
    return None, False


def _weight_shape(graph: Graph, consumers: Consumers, node: Node) -> tuple[int, ...]:
    name = node.input(1)
    shape = constant_shape(graph, name)
    if shape is None:
        if graph.is_stored(name):
            raise StaysError(f"the weights of {node.title!r} ({node.op}) are quantised")
        if name in graph.arrays:
            raise StaysError(f"the weights of {node.title!r} ({node.op}) are neither float32 nor float16")
        raise StaysError(
            f"{node.title!r} ({node.op}) multiplies them by a tensor that is not a stored constant"
        )
    if node.op in {"Conv", "ConvTranspose"} and node.integer("group", 1) != 1:
        raise StaysError(f"{node.title!r} ({node.op}) has groups")
    if (node.op in {"Gemm", "MatMul"} and len(shape) != 2) or len(shape) < 2:
        raise StaysError(f"the weights of {node.title!r} ({node.op}) have the shape {shape}")
    if consumers.is_shared(name):
        raise StaysError(f"the weights {name!r} of {node.title!r} have another use")
    return shape


def _rank_of_output(graph: Graph, node: Node, rank: int) -> int:
    if node.op != "MatMul":
        return rank
    known = graph.rank(node.outputs[0]) or graph.rank(node.inputs[0])
    if known is None or known < 2:
        raise StaysError(f"the rank of the output of {node.title!r} (MatMul) is unknown")
    return known
