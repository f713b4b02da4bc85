"""A model's graph as plain Python: nodes in the order they run, who makes a tensor, constants, shapes."""

import heapq
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.exits import DataError

_DOMAINS = {"", "ai.onnx", "com.microsoft"}
_VIEWS = {"Cast", "Identity", "Unsqueeze", "Squeeze", "Reshape", "Transpose", "Dropout"}
"""Through these a constant is followed: they change its type or shape, not its numbers."""
_SCOPES, _CLASSES, _NAMESPACE = (
    "pkg.torch.onnx.name_scopes",
    "pkg.torch.onnx.class_hierarchy",
    "namespace",
)
_QUOTED = re.compile(r"'([^'\\]*)'|\"([^\"\\]*)\"")
_CALL = re.compile(r"@[0-9]+$")
_LONGEST = 1 << 14
"""Characters of a node's metadata that are read; deeper modules than that do not exist."""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One operator of the graph.

    Attributes:
        op: the operator's name; empty for one of an unknown domain.
        name: the node's own name; may be empty.
        inputs, outputs: names of tensors; an input left out is empty.
        attributes: by name, as onnx.helper.get_attribute_value returns them. A damaged model may hold any type under
            any name, so read them with `real`, `integer`, `integers` and `text`.
        module: the path of the module that called it, `blocks.1.relu`, empty for the model itself; None where the
            exporter noted none.
        module_class: the class of that module, `torch.nn.modules.activation.ReLU`; empty where it is not noted.
        call: the call of a function of PyTorch that the node is a part of, `glu_1`; empty where it is not noted.

    """

    op: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    module: str | None = None
    module_class: str = ""
    call: str = ""

    def input(self, place: int) -> str:
        """The name of an input; empty where there is none."""
        return self.inputs[place] if place < len(self.inputs) else ""

    def real(self, name: str, default: float) -> float:
        """An attribute that is a number; `default` where it is absent or something else."""
        value = self.attributes.get(name)
        return float(value) if isinstance(value, (int, float)) else default

    def integer(self, name: str, default: int) -> int:
        """An attribute that is a whole number; `default` where it is absent or something else."""
        value = self.attributes.get(name)
        return value if isinstance(value, int) else default

    def integers(self, name: str) -> list[int] | None:
        """An attribute that is a list of whole numbers; None where it is absent or something else."""
        value = self.attributes.get(name)
        return value if isinstance(value, list) and all(isinstance(v, int) for v in value) else None

    def text(self, name: str) -> str:
        """An attribute that is a string; empty where it is absent or something else."""
        value = self.attributes.get(name)
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""

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
        shapes: as far as they can be inferred: lengths, None for an unknown one.
        types: the ONNX element type of each tensor, where it is known.
        arrays: the initializers and constants, read on demand.
        opset: the version of ONNX's own operators.
        folder: the model's folder, where weights in files of their own lie.
        outputs: the tensors that the model returns.

    """

    nodes: tuple[Node, ...]
    producer: Mapping[str, Node]
    shapes: Mapping[str, tuple[int | None, ...]]
    types: Mapping[str, int]
    arrays: Mapping[str, Any]
    opset: int
    folder: str
    outputs: frozenset[str] = frozenset()
    _read: dict[str, NDArray[Any] | None] = field(default_factory=dict)

    def rank(self, tensor: str) -> int | None:
        """The number of a tensor's axes; None where it is unknown."""
        shape = self.shapes.get(tensor)
        return None if shape is None else len(shape)

    def constant(self, tensor: str) -> NDArray[Any] | None:
        """The numbers of a tensor that depends on no input, through changes of type and shape.

        They keep the shape in which they are stored where the tensor's own is unknown. None for every other tensor.
        """
        name, changed = tensor, False
        for _ in range(64):
            if name in self.arrays:
                if name not in self._read:
                    self._read[name] = _numbers(self.arrays[name], self.folder)
                array = self._read[name]
                shape = self.shapes.get(tensor)
                if array is None or not changed or shape is None:
                    return array
                lengths = [-1 if length is None else length for length in shape]
                fits = -1 not in lengths and math.prod(lengths) == array.size
                return array.reshape(lengths) if fits else array
            node = self.producer.get(name)
            if node is not None and self.is_stored(name):
                return self._dequantised(node)
            if node is None or node.op not in _VIEWS or not node.inputs:
                return None
            if node.op == "Transpose" and self.rank(node.inputs[0]) not in {0, 1}:
                return None
            changed |= node.op not in {"Cast", "Identity"}
            name = node.inputs[0]
        return None

    def is_stored(self, tensor: str) -> bool:
        """Return whether a tensor is stored in whole numbers and dequantised by a node."""
        node = self.producer.get(tensor)
        return node is not None and node.op == "DequantizeLinear" and node.input(0) in self.arrays

    def _dequantised(self, node: Node) -> NDArray[Any] | None:
        """The numbers of a DequantizeLinear of constants, (q - zero point) · scale; None for scales by block."""
        stored, scale = (
            self.constant(name) if name in self.arrays else None for name in (node.input(0), node.input(1))
        )
        zero = self.constant(node.input(2)) if node.input(2) in self.arrays else np.zeros(1, np.int32)
        if stored is None or scale is None or zero is None or scale.dtype.kind != "f":
            return None
        if stored.dtype.kind not in "iu" or zero.dtype.kind not in "iu" or zero.size not in {1, scale.size}:
            return None
        shape = [1] * stored.ndim
        axis = node.integer("axis", 1)
        if scale.size > 1:
            if scale.ndim != 1 or not -stored.ndim <= axis < stored.ndim or stored.shape[axis] != scale.size:
                return None
            shape[axis] = scale.size
        elif not scale.size:
            return None
        offset = zero.astype(np.float32).reshape(shape if zero.size > 1 else [1] * stored.ndim)
        return (stored.astype(np.float32) - offset) * scale.astype(np.float32).reshape(shape)

    def number(self, tensor: str) -> float | None:
        """The value of a constant whose elements are all the same number; None for any other tensor."""
        array = self.constant(tensor)
        if array is None or not array.size or array.dtype.kind not in "fiub":
            return None
        first = float(array.flat[0])
        return first if array.size == 1 or bool((array == array.flat[0]).all()) else None

    def axes(self, node: Node, attribute: str = "axes") -> list[int] | None:
        """The axes that a node names in an attribute, or in its second input where that is constant; else None."""
        if attribute in node.attributes:
            return node.integers(attribute)
        array = self.constant(node.input(1))
        return array.reshape(-1).tolist() if array is not None and array.dtype.kind in "iu" else None


def read_graph(model: Any, folder: str, origin: str) -> Graph:
    """Read the graph of a model without local functions. Raises DataError for a cycle, or a tensor made twice."""
    import onnx

    graph = model.graph
    arrays: dict[str, Any] = {tensor.name: tensor for tensor in graph.initializer}
    unsorted: list[Node] = []
    for proto in graph.node:
        node = as_node(proto)
        unsorted.append(node)
        if node.op == "Constant" and node.outputs:
            value = _constant_value(node)
            if value is not None:
                arrays[node.outputs[0]] = value
    producer: dict[str, Node] = {}
    for node in unsorted:
        for output in node.outputs:
            if output in producer:
                raise DataError(f"{origin}: two nodes make the tensor {output!r}")
            if output:
                producer[output] = node
    nodes = _in_order(unsorted, producer, origin)
    opset = max((entry.version for entry in model.opset_import if entry.domain in {"", "ai.onnx"}), default=1)
    shapes, types = _infer(model, onnx)
    outputs = frozenset(value.name for value in graph.output)
    return Graph(nodes, producer, shapes, types, arrays, int(opset), folder, outputs)


def as_node(proto: Any) -> Node:
    """A node of the file as a Node; its subgraphs stay attributes."""
    metadata = {entry.key: entry.value for entry in getattr(proto, "metadata_props", ())}
    return Node(
        proto.op_type if proto.domain in _DOMAINS else "",
        proto.name,
        tuple(proto.input),
        tuple(proto.output),
        {attribute.name: _attribute_value(attribute) for attribute in proto.attribute},
        *calling_module(metadata),
    )


def calling_module(metadata: Mapping[str, str]) -> tuple[str | None, str, str]:
    """Return path and class of the module that called a node, and the call, as torch.onnx.export(dynamo=True) notes.

    The path is empty for the model itself and None where none is noted; class and call are empty where not noted.

    `name_scopes` lists the paths from the model down to the node: ['', 'blocks.1', 'blocks.1.relu', 'relu_1'], and
    `class_hierarchy` the classes; `namespace` holds both: `: Net/blocks.1.relu: ReLU/relu_1: aten.relu`. A second
    call of a module has the suffix @1, which is left out.
    """
    parts = [part.partition(": ") for part in metadata.get(_NAMESPACE, "")[:_LONGEST].split("/")]
    paths = _quoted(metadata, _SCOPES) or [path for path, _, _ in parts]
    classes = _quoted(metadata, _CLASSES) or [kind for _, _, kind in parts]
    if len(paths) < 2:
        return None, "", ""
    kind = classes[-2].strip() if len(classes) == len(paths) else ""
    return _CALL.sub("", paths[-2].strip()), kind, paths[-1].strip()


def _quoted(metadata: Mapping[str, str], key: str) -> list[str]:
    return [single or double for single, double in _QUOTED.findall(metadata.get(key, "")[:_LONGEST])]


def _attribute_value(attribute: Any) -> Any:
    """An attribute as a number, bytes, a tensor, a graph or a list of such; None for one of an unknown type."""
    from onnx import helper

    try:
        return helper.get_attribute_value(attribute)
    except ValueError:
        return None


def _constant_value(node: Node) -> Any:
    """The tensor or array that a Constant holds; None for a sparse one, a string or nothing."""
    value = node.attributes.get("value")
    if type(value).__name__ == "TensorProto":
        return value
    for kind, dtype in (("float", np.float32), ("int", np.int64)):
        for name in (f"value_{kind}", f"value_{kind}s"):
            if name in node.attributes:
                try:
                    return np.asarray(node.attributes[name], dtype)
                except (TypeError, ValueError, OverflowError):
                    return None
    return None


def subgraphs(node: Node) -> Iterator[tuple[str, Any]]:
    """Yield the graphs inside a node (If, Loop, Scan), each with the name of its attribute."""
    for name, value in node.attributes.items():
        for graph in value if isinstance(value, list) else [value]:
            if type(graph).__name__ == "GraphProto":
                yield name, graph


def _in_order(nodes: list[Node], producer: Mapping[str, Node], origin: str) -> tuple[Node, ...]:
    """Sort nodes so that each follows those it needs (Kahn 1962). Raises DataError for a cycle."""
    consumers: dict[str, list[int]] = {}
    waiting = []
    for i, node in enumerate(nodes):
        needed = {name for name in node.inputs if name in producer}
        waiting.append(len(needed))
        for name in needed:
            consumers.setdefault(name, []).append(i)
    # among those that can run, the first in the file goes first
    ready = [i for i, count in enumerate(waiting) if not count]
    ordered: list[Node] = []
    while ready:
        node = nodes[heapq.heappop(ready)]
        ordered.append(node)
        for output in dict.fromkeys(node.outputs):
            for i in consumers.get(output, []):
                waiting[i] -= 1
                if not waiting[i]:
                    heapq.heappush(ready, i)
    if len(ordered) < len(nodes):
        stuck = next(node for node, count in zip(nodes, waiting, strict=True) if count)
        raise DataError(f"{origin}: the graph has a cycle: the node {stuck.title!r} waits for its own output")
    return tuple(ordered)


_LARGE = 1 << 16


def _infer(model: Any, onnx: Any) -> tuple[dict[str, tuple[int | None, ...]], dict[str, int]]:
    """Infer shapes and element types with onnx, on a copy without the weights."""
    slim = onnx.ModelProto()
    slim.ir_version = model.ir_version
    slim.opset_import.extend(model.opset_import)
    graph = slim.graph
    graph.name = "shapes"
    graph.node.extend(model.graph.node)
    graph.output.extend(model.graph.output)
    graph.value_info.extend(model.graph.value_info)
    inputs = {value.name for value in model.graph.input}
    graph.input.extend(model.graph.input)
    for tensor in model.graph.initializer:
        external = tensor.data_location == onnx.TensorProto.EXTERNAL
        if not external and tensor.ByteSize() <= _LARGE:
            graph.initializer.append(tensor)
        elif tensor.name not in inputs:
            graph.input.append(onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    try:
        graph = onnx.shape_inference.infer_shapes(slim, data_prop=True).graph
    except Exception:  # noqa: BLE001 - without inference there are still the shapes that the model states
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
        shapes.setdefault(tensor.name, tuple(length if length >= 0 else None for length in tensor.dims))
        types.setdefault(tensor.name, tensor.data_type)
    return shapes, types


def _numbers(value: Any, folder: str) -> NDArray[Any] | None:
    """A constant's numbers; None for strings, damaged tensors and types that NumPy does not have."""
    if isinstance(value, np.ndarray):
        return value
    from onnx import numpy_helper

    from actcli.sources.onnx.external import is_external, read_external

    if is_external(value):
        return read_external(value, folder)
    try:
        array = np.asarray(numpy_helper.to_array(value))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return None
    return None if array.dtype.kind in "OSUc" else array
