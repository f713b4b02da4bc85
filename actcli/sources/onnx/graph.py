"""A model's graph as plain Python: nodes in the order they run, who makes a tensor, constants, shapes."""

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.exits import DataError

MICROSOFT = "com.microsoft"
_DOMAINS = {"", "ai.onnx", MICROSOFT}
_VIEWS = {"Cast", "Identity", "Unsqueeze", "Squeeze", "Reshape", "Transpose", "Dropout"}
"""Through these a constant is followed: they change its type or shape, not its numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One operator of the graph.

    Attributes:
        op: its name; empty for an operator of a domain that is not known.
        name: what the model calls this node, possibly nothing.
        inputs, outputs: names of tensors; an input left out is empty.
        attributes: by name, as onnx.helper.get_attribute_value gives them.

    """

    op: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]

    @property
    def title(self) -> str:
        """The node's name, else its first output's."""
        return self.name or next((output for output in self.outputs if output), "")


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """The graph of a model.

    Attributes:
        nodes: in an order in which they can run.
        producer: the node that makes a tensor.
        consumers: the nodes that take a tensor.
        shapes: as far as they can be inferred: a number, or None for a length that is not known.
        types: the ONNX element type of each tensor, where it is known.
        arrays: the initializers and constants, read when they are asked for.
        opset: the version of ONNX's own operators.

    """

    nodes: tuple[Node, ...]
    producer: Mapping[str, Node]
    consumers: Mapping[str, tuple[Node, ...]]
    shapes: Mapping[str, tuple[int | None, ...]]
    types: Mapping[str, int]
    arrays: Mapping[str, Any]
    opset: int
    folder: str
    _read: dict[str, NDArray[Any] | None] = field(default_factory=dict)

    def rank(self, tensor: str) -> int | None:
        """How many axes a tensor has, where that can be inferred."""
        shape = self.shapes.get(tensor)
        return None if shape is None else len(shape)

    def constant(self, tensor: str) -> NDArray[Any] | None:
        """The numbers of a tensor that no input changes, in the shape they were stored in unless they are plain.

        None for every other tensor, and for one that more than a change of type or shape makes.
        """
        name, changed = tensor, False
        for _ in range(64):
            if name in self.arrays:
                if name not in self._read:
                    self._read[name] = _numbers(self.arrays[name], self.folder)
                array = self._read[name]
                shape = self.shapes.get(tensor)
                if array is None or not changed or shape is None or None in shape:
                    return array
                return array.reshape([int(length or 0) for length in shape])
            node = self.producer.get(name)
            if node is None or node.op not in _VIEWS or not node.inputs:
                return None
            if node.op == "Transpose" and self.rank(node.inputs[0]) not in {0, 1}:
                return None
            changed |= node.op not in {"Cast", "Identity"}
            name = node.inputs[0]
        return None

    def number(self, tensor: str) -> float | None:
        """The value of a constant whose elements are all one number; None for all else."""
        array = self.constant(tensor)
        if array is None or not array.size or array.dtype.kind not in "fiub":
            return None
        first = float(array.flat[0])
        return first if array.size == 1 or bool((array == array.flat[0]).all()) else None


def read_graph(model: Any, folder: str, origin: str) -> Graph:
    """The graph of a model whose local functions are already inlined. Raises DataError for a cycle."""
    import onnx

    graph = model.graph
    arrays: dict[str, Any] = {tensor.name: tensor for tensor in graph.initializer}
    unsorted: list[Node] = []
    for proto in graph.node:
        node = as_node(proto)
        unsorted.append(node)
        if node.op == "Constant" and node.outputs:
            value = node.attributes.get("value")
            for kind in ("value_float", "value_floats", "value_int", "value_ints"):
                if value is None and kind in node.attributes:
                    value = np.asarray(node.attributes[kind], np.float32 if "float" in kind else np.int64)
            if value is not None:
                arrays[node.outputs[0]] = value
    producer: dict[str, Node] = {}
    for node in unsorted:
        for output in node.outputs:
            if output in producer:
                raise DataError(f"{origin}: two nodes make the tensor {output!r}, a graph has one for each")
            if output:
                producer[output] = node
    consumers: dict[str, list[Node]] = {}
    for node in unsorted:
        for name in dict.fromkeys(node.inputs):
            consumers.setdefault(name, []).append(node)
    nodes = _in_order(unsorted, producer, consumers, origin)
    opset = max((entry.version for entry in model.opset_import if entry.domain in {"", "ai.onnx"}), default=1)
    shapes, types = _inferred(model, onnx)
    return Graph(
        nodes,
        producer,
        {name: tuple(found) for name, found in consumers.items()},
        shapes,
        types,
        arrays,
        int(opset),
        folder,
    )


def as_node(proto: Any) -> Node:
    """A node of the file; its subgraphs stay attributes."""
    from onnx import helper

    return Node(
        proto.op_type if proto.domain in _DOMAINS else "",
        proto.name,
        tuple(proto.input),
        tuple(proto.output),
        {attribute.name: helper.get_attribute_value(attribute) for attribute in proto.attribute},
    )


def subgraphs(node: Node) -> Iterator[tuple[str, Any]]:
    """The graphs inside a node (If, Loop, Scan), each with the name of its attribute."""
    for name, value in node.attributes.items():
        for graph in value if isinstance(value, list) else [value]:
            if type(graph).__name__ == "GraphProto":
                yield name, graph


def _in_order(
    nodes: list[Node],
    producer: Mapping[str, Node],
    consumers: Mapping[str, list[Node]],
    origin: str,
) -> tuple[Node, ...]:
    """The nodes so that each follows those it needs (Kahn 1962). Raises DataError when they wait for each other."""
    place = {id(node): i for i, node in enumerate(nodes)}
    waiting = [len({name for name in node.inputs if name in producer}) for node in nodes]
    # of those that can run, the first in the file
    ready = [i for i, count in enumerate(waiting) if not count]
    ordered: list[Node] = []
    while ready:
        node = nodes[heapq.heappop(ready)]
        ordered.append(node)
        for output in dict.fromkeys(node.outputs):
            for consumer in consumers.get(output, []) if output else []:
                i = place[id(consumer)]
                waiting[i] -= 1
                if not waiting[i]:
                    heapq.heappush(ready, i)
    if len(ordered) < len(nodes):
        stuck = next(node for node, count in zip(nodes, waiting, strict=True) if count)
        raise DataError(f"{origin}: the graph has a cycle, the node {stuck.title!r} waits for its own output")
    return tuple(ordered)


_LARGE = 1 << 16


def _inferred(model: Any, onnx: Any) -> tuple[dict[str, tuple[int | None, ...]], dict[str, int]]:
    """Shapes and element types by ONNX's own inference, on a copy without the weights."""
    slim = onnx.ModelProto()
    slim.ir_version = model.ir_version
    slim.opset_import.extend(model.opset_import)
    graph = slim.graph
    graph.name = "shapes"
    graph.node.extend(model.graph.node)
    graph.output.extend(model.graph.output)
    graph.value_info.extend(model.graph.value_info)
    known = {value.name for value in model.graph.input}
    graph.input.extend(model.graph.input)
    for tensor in model.graph.initializer:
        external = tensor.data_location == onnx.TensorProto.EXTERNAL
        if not external and tensor.ByteSize() <= _LARGE:
            graph.initializer.append(tensor)
        elif tensor.name not in known:
            graph.input.append(onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    try:
        graph = onnx.shape_inference.infer_shapes(slim, data_prop=True).graph
    except Exception:  # noqa: BLE001 - inference is a convenience: what it cannot say is not known
        graph = slim.graph
    shapes: dict[str, tuple[int | None, ...]] = {}
    types: dict[str, int] = {}
    for value in (*graph.input, *graph.output, *graph.value_info):
        tensor = value.type.tensor_type
        if tensor.elem_type:
            types[value.name] = tensor.elem_type
        if tensor.HasField("shape"):
            shapes[value.name] = tuple(
                dim.dim_value if dim.HasField("dim_value") and dim.dim_value >= 0 else None
                for dim in tensor.shape.dim
            )
    for tensor in model.graph.initializer:
        shapes.setdefault(tensor.name, tuple(tensor.dims))
        types.setdefault(tensor.name, tensor.data_type)
    return shapes, types


def _numbers(value: Any, folder: str) -> NDArray[Any] | None:
    """A constant's numbers; None for strings and types NumPy does not have."""
    if isinstance(value, np.ndarray):
        return value
    from onnx import numpy_helper

    from actcli.sources.onnx.external import is_external, read_external

    try:
        return (
            read_external(value, folder) if is_external(value) else np.asarray(numpy_helper.to_array(value))
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
