"""Where the units lie after Flatten and Reshape: by the order of the numbers in memory, which both keep."""

import math

import numpy as np

from actcli.sources.onnx.graph import Graph, Node
from actcli.sources.onnx.pruning.unit_path import StaysError, UnitPath, UnitPlaces

Shape = tuple[int | None, ...]


def reshape(graph: Graph, path: UnitPath, node: Node) -> UnitPlaces:
    """Return the places of the units in the output of a Flatten or Reshape.

    A unit's numbers lie `inner` apart in memory; an axis of the output whose numbers lie `step` apart holds whole units
    where step divides inner. Raises StaysError where no axis does, where lengths are unknown, and where the new shape
    is computed in the graph and counts the units.
    """
    if any(name in path.tensors for name in node.inputs[1:]):
        raise StaysError(f"{node.title!r} ({node.op}) takes them as parameters")
    units = path.tensors[node.inputs[0]]
    before, after = _shape(graph, node.inputs[0], units), _shape_after(graph, node)
    inner = _product(before[units.axis + 1 :])
    if after is None or inner is None:
        raise StaysError(f"{node.title!r} ({node.op}) has an unknown shape")
    extent = units.length * inner
    for axis in range(len(after)):
        step, length = _product(after[axis + 1 :]), after[axis]
        if not step or inner % step or length is None or (length * step) % extent:
            continue
        outer, copies = length * step // extent, inner // step
        if node.op == "Reshape":
            _note_new_shape(graph, path, node, axis, units)
        starts = (
            np.arange(outer, dtype=np.int64)[:, None] * (units.length * copies)
            + np.arange(copies, dtype=np.int64)[None, :]
        ).reshape(-1)
        places = (units.places[:, :, None] * copies + starts).reshape(len(units.places), -1)
        return UnitPlaces(axis, len(after), length, places)
    raise StaysError(f"{node.title!r} ({node.op}) mixes them with other axes, or its shape is unknown")


def _shape(graph: Graph, name: str, units: UnitPlaces) -> Shape:
    shape = graph.shapes.get(name)
    if shape is None or len(shape) != units.rank:
        raise StaysError(f"the shape of {name!r} is unknown")
    return shape


def _shape_after(graph: Graph, node: Node) -> Shape | None:
    """The shape of the output; an unknown last length is the one that the weights behind it take."""
    shape = graph.shapes.get(node.outputs[0])
    if not shape or shape[-1] is not None:
        return shape
    for taker in graph.nodes:
        if (
            taker.op in {"Gemm", "MatMul"}
            and taker.input(0) == node.outputs[0]
            and not taker.integer("transA", 0)
        ):
            weights = graph.shapes.get(taker.input(1))
            if weights is not None and len(weights) == 2:
                return (*shape[:-1], weights[1 if taker.integer("transB", 0) else 0])
    return shape


def _product(lengths: Shape) -> int | None:
    known = [length for length in lengths if length is not None]
    return math.prod(known) if len(known) == len(lengths) else None


def _note_new_shape(graph: Graph, path: UnitPath, node: Node, axis: int, units: UnitPlaces) -> None:
    """Note a new shape that states how many units there are, to be changed. Raises StaysError for a computed one."""
    stated = node.integers("shape")
    if stated is None and node.input(1) in graph.arrays:
        array = graph.constant(node.input(1))
        stated = None if array is None else array.reshape(-1).tolist()
    entry = stated[axis] if stated is not None and axis < len(stated) else None
    if stated is None:
        entry = _computed_entry(graph, node.input(1), axis)
    if entry == -1 or (entry == 0 and axis == units.axis and not node.integer("allowzero", 0)):
        return
    if entry is None or entry <= 0 or stated is None or node.input(1) not in graph.arrays:
        raise StaysError(f"the new shape of {node.title!r} ({node.op}) is computed in the graph")
    path.reshapes.append((node, axis))


def _computed_entry(graph: Graph, tensor: str, axis: int) -> int | None:
    """An entry of a shape that is put together by a Concat of parts of known length; None where it is unknown."""
    node = graph.producer.get(tensor)
    if node is None or node.op != "Concat":
        return None
    start = 0
    for name in node.inputs:
        part, shape = graph.constant(name), graph.shapes.get(name)
        length = (
            part.size if part is not None else shape[0] if shape is not None and len(shape) == 1 else None
        )
        if length is None:
            return None
        if start <= axis < start + length:
            return None if part is None else int(part.reshape(-1)[axis - start])
        start += length
    return None
