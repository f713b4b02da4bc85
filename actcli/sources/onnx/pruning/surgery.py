"""A model with units taken out: constants cut, biases changed, shapes corrected, everything else as it was."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.sources.onnx.graph import Graph
from actcli.sources.onnx.model import Model
from actcli.sources.onnx.pruning.consumers import Consumers
from actcli.sources.onnx.pruning.cutting import Cuts, ModelChanges, OperandKey, cut
from actcli.sources.onnx.pruning.layers import LINEAR

_FREE_INITIALIZERS = 4
"""The version of the format from which initializers need not be listed as inputs."""
_OUTPUT_AXES = {"Conv": 0, "ConvTranspose": 1, "MatMul": 1}


def smaller_model(model: Model, whole: Any, graph: Graph, consumers: Consumers, changes: ModelChanges) -> Any:
    """Return a copy of a model (whole: with all its weights inside) that has the changes.

    A constant that has another use is copied, under a name of its own, and stays for the other.
    """
    proto = type(whole)()
    proto.CopyFrom(whole)
    nodes = {node.output[0]: node for node in proto.graph.node if node.output}
    arrays = _new_operands(graph, changes, nodes)
    store = _Store(proto, set(model.tensors))
    by_name: dict[str, dict[OperandKey, NDArray[Any]]] = {}
    for key, array in arrays.items():
        by_name.setdefault(_operand_name(nodes, key), {})[key] = array
    for (output, operand), array in by_name.pop("", {}).items():
        _set_input(nodes[output], operand, store.add(f"{output}_bias", array))
    for name, wanted in by_name.items():
        _replace(store, consumers, nodes, name, wanted)
    for output, entry in changes.lengths:
        _shorten(store, graph, nodes[output], entry, len(changes.tensors[output][entry]))
    _correct_shapes(proto.graph, changes.tensors, store.changed)
    _remove_unused(proto.graph, store.replaced, consumers)
    return proto


def operand_names(proto: Any, changes: ModelChanges) -> dict[OperandKey, str]:
    """The tensor that each changed operand has in the old model; blank for a new one."""
    nodes = {node.output[0]: node for node in proto.graph.node if node.output}
    return {key: _operand_name(nodes, key) for key in (*changes.operands, *changes.folded)}


def _operand_name(nodes: Mapping[str, Any], key: OperandKey) -> str:
    inputs = nodes[key[0]].input
    return str(inputs[key[1]]) if key[1] < len(inputs) else ""


def _new_operands(
    graph: Graph, changes: ModelChanges, nodes: Mapping[str, Any]
) -> dict[OperandKey, NDArray[Any]]:
    """The new numbers of every changed operand, in the type of the old ones."""
    arrays = {}
    for key in dict.fromkeys((*changes.operands, *changes.folded, *changes.orders)):
        node, name = nodes[key[0]], _operand_name(nodes, key)
        cuts = changes.operands.get(key, {})
        weights = graph.constant(node.input[1]) if node.op_type in LINEAR else None
        old = graph.constant(name) if name else None
        if key in changes.folded:
            like = old if old is not None else weights
            if like is None:
                raise AssertionError(key)
            bias = (0 if old is None else old.astype(np.float64)) + changes.folded[key]
            array = np.asarray(bias, like.dtype)
            cuts = cuts or _cuts_of_bias(node, changes, array)
        elif old is not None:
            array = old
        else:
            raise AssertionError(key)
        for axis, order in changes.orders.get(key, {}).items():
            array = array.take(order, axis)
        arrays[key] = np.ascontiguousarray(cut(array, cuts))
    return arrays


def _cuts_of_bias(node: Any, changes: ModelChanges, bias: NDArray[Any]) -> Cuts:
    """What a bias that is new, or was one number, loses with the weights beside it."""
    if node.op_type not in LINEAR:
        return {}
    axis = _OUTPUT_AXES.get(node.op_type)
    if axis is None:
        axis = 0 if any(one.name == "transB" and one.i for one in node.attribute) else 1
    places = changes.operands.get((node.output[0], 1), {}).get(axis)
    return {bias.ndim - 1: places} if places else {}


class _Store:
    """The constants of a model that is being changed: initializers, and Constant nodes."""

    def __init__(self, proto: Any, taken: set[str]) -> None:
        self._graph, self._taken = proto.graph, taken
        self._lists_inputs = proto.ir_version < _FREE_INITIALIZERS
        self._stored = {tensor.name: tensor for tensor in proto.graph.initializer}
        self._made = {
            node.output[0]: node for node in proto.graph.node if node.op_type == "Constant" and node.output
        }
        self.changed: dict[str, tuple[int, ...]] = {}
        self.replaced: set[str] = set()

    def holds(self, name: str) -> bool:
        """Return whether a constant is stored under this name; others are views of one."""
        return name in self._stored or name in self._made

    def put(self, name: str, array: NDArray[Any]) -> None:
        """Replace the numbers of a constant."""
        from onnx import helper, numpy_helper

        self.changed[name] = array.shape
        if name in self._stored:
            self._stored[name].CopyFrom(numpy_helper.from_array(array, name))
            return
        node = self._made[name]
        del node.attribute[:]
        node.attribute.append(helper.make_attribute("value", numpy_helper.from_array(array, name)))

    def add(self, wish: str, array: NDArray[Any]) -> str:
        """Add a constant and return its name, which nothing else has."""
        from onnx import helper, numpy_helper

        name, number = f"{wish}_pruned", 1
        while name in self._taken:
            number += 1
            name = f"{wish}_pruned_{number}"
        self._taken.add(name)
        tensor = numpy_helper.from_array(array, name)
        self._graph.initializer.append(tensor)
        if self._lists_inputs:
            value = helper.make_tensor_value_info(name, tensor.data_type, array.shape)
            self._graph.input.append(value)
        return name


def _replace(
    store: _Store,
    consumers: Consumers,
    nodes: Mapping[str, Any],
    name: str,
    wanted: Mapping[OperandKey, NDArray[Any]],
) -> None:
    """Give operands their new numbers: in place where all uses of the constant get the same, else as copies."""
    first, *others = wanted.values()
    has_other_use = (
        name in consumers.outputs or name in consumers.captured or len(consumers.of(name)) > len(wanted)
    )
    if store.holds(name) and not has_other_use and all(_same(first, other) for other in others):
        store.put(name, first)
        return
    store.replaced.add(name)
    copies: list[tuple[str, NDArray[Any]]] = []
    for (output, operand), array in wanted.items():
        copy = next((own for own, numbers in copies if _same(numbers, array)), None)
        if copy is None:
            copy = store.add(name, array)
            copies.append((copy, array))
        _set_input(nodes[output], operand, copy)


def _same(one: NDArray[Any], other: NDArray[Any]) -> bool:
    return one.shape == other.shape and np.array_equal(one, other)


def _set_input(node: Any, place: int, name: str) -> None:
    while len(node.input) <= place:
        node.input.append("")
    node.input[place] = name


def _shorten(store: _Store, graph: Graph, node: Any, entry: int, fewer: int) -> None:
    """Take units out of an entry of the shape that a Reshape makes."""
    name = node.input[1]
    old = graph.constant(name)
    if old is None:
        raise AssertionError(name)
    new = old.copy()
    new.reshape(-1)[entry] -= fewer
    node.input[1] = store.add(name, new)
    store.replaced.add(name)


def _remove_unused(graph: Any, names: set[str], consumers: Consumers) -> None:
    """Remove the constants that copies replaced, and the views of them, where nothing else takes them."""
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        used = {used for node in graph.node for used in node.input} | consumers.captured | consumers.outputs
        if name in used:
            continue
        for group in (graph.initializer, graph.input, graph.value_info):
            for one in [one for one in group if one.name == name]:
                group.remove(one)
        for node in [node for node in graph.node if list(node.output) == [name]]:
            waiting += [one for one in node.input if one]
            graph.node.remove(node)


def _correct_shapes(graph: Any, tensors: Mapping[str, Cuts], changed: Mapping[str, tuple[int, ...]]) -> None:
    """Correct the lengths that the model states; names of free axes stay."""
    for value in (*graph.value_info, *graph.input):
        if not value.type.tensor_type.HasField("shape"):
            continue
        lengths = value.type.tensor_type.shape.dim
        for axis, places in tensors.get(value.name, {}).items():
            if axis < len(lengths) and lengths[axis].HasField("dim_value"):
                lengths[axis].dim_value -= len(places)
        if value.name in changed and len(lengths) == len(changed[value.name]):
            for length, now in zip(lengths, changed[value.name], strict=True):
                if length.HasField("dim_value"):
                    length.dim_value = now
