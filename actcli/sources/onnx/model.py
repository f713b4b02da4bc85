"""A model file opened: its inputs, the layers whose units can be watched, and the activations that cannot be."""

import hashlib
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from actcli.activations import activation
from actcli.analysis.deadness.causes import Weights
from actcli.analysis.deadness.firing_rule import Rule, firing_rule
from actcli.analysis.deadness.verdict import Unobserved
from actcli.exits import DataError, UsageError
from actcli.sources.budget import require_memory
from actcli.sources.onnx.axes import Units, unit_axes, units_of
from actcli.sources.onnx.downstream import NONZERO, follow_downstream
from actcli.sources.onnx.external import is_external, read_external
from actcli.sources.onnx.graph import Graph, Node, as_node, read_graph, subgraphs
from actcli.sources.onnx.load import folder_of, load_model
from actcli.sources.onnx.lookalikes import SOFTMAX, find_lookalikes
from actcli.sources.onnx.match import FoundActivation, find_activations, is_activation
from actcli.sources.onnx.model_input import ModelInput, place_samples
from actcli.sources.onnx.outputs import Place, Watched
from actcli.sources.onnx.quantised import is_one_number, is_quantised
from actcli.sources.onnx.weights import weights_of

_IDENTITY_DIGITS = 32
_SNAKE = re.compile(r"(?<=[a-z])(?=[A-Z])")
_BYTES_PER_UNIT = 600
"""The statistics of a unit in a few copies, and its bias and scale (measured)."""


@dataclass(frozen=True, slots=True, eq=False)
class ModelLayer:
    """A layer of units behind one activation.

    Attributes:
        name: where the exporter noted modules, the path of its module, or the module that calls it and its function;
            else the name of its node, else of its output. Unique.
        op: the operator, or the name of the composition.
        function: the activation's specification, as `activation` takes it.
        units: how many units it has.
        weights: the weights that feed it; None where they do not all come from constants.

    """

    name: str
    op: str
    function: str
    units: int
    weights: Weights | None


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A model that was read and not run.

    Attributes:
        path: of its file.
        inputs: the inputs that a run needs.
        layers: the layers that can be watched, in the order of the graph.
        unobserved: activations that cannot be watched, with the reason.
        watched: each layer's tensors, in the same order.
        proto: the model as onnx.ModelProto.
        opset: the version of ONNX's own operators.
        tensors: the names of all tensors.

    """

    path: str
    inputs: tuple[ModelInput, ...]
    layers: tuple[ModelLayer, ...]
    unobserved: tuple[Unobserved, ...]
    watched: tuple[Watched, ...] = field(repr=False)
    proto: Any = field(repr=False)
    opset: int = field(repr=False)
    tensors: frozenset[str] = field(repr=False)


def open_model(path: str, memory: int | None = None) -> Model:
    """Read a model and find its activations: single operators and the compositions that exporters write.

    Nothing is run. memory: the bytes that may be used; None for half of what is available. Raises DataError when onnx
    or onnxruntime is missing; for a file that is truncated, is not a model, or has a cycle; for weights kept outside
    its own folder; for a model without activations; and for one that needs too much memory.
    """
    proto = load_model(path, memory)
    graph = read_graph(proto, folder_of(path), path)
    axes = unit_axes(graph)
    names = _Names(graph)
    rules: dict[tuple[str, str], Rule] = {}
    observable: list[tuple[FoundActivation, Watched]] = []
    unobserved: list[Unobserved] = []
    activations = find_activations(graph)
    judged = follow_downstream(graph, activations)
    for candidate in judged:
        name = names.of_node(candidate.node, candidate.after, _function_name(candidate))
        watched = _layer_to_watch(graph, axes, candidate, name, rules)
        if isinstance(watched, str):
            unobserved.append(Unobserved(name, candidate.op, watched))
        else:
            observable.append((candidate, watched))
    claimed = {id(part) for found in (*activations, *judged) for part in (found.node, *found.parts)}
    for node, reason in find_lookalikes(graph, claimed):
        unobserved.append(
            Unobserved(
                names.of_node(node, node.outputs[0], _SNAKE.sub("_", node.op).lower()), node.op, reason
            )
        )
    unobserved += _activations_in_branches(graph, names)
    if not observable and not unobserved:
        raise DataError(f"{path}: the model has no activation function that is recognised{_why(graph)}")
    units = sum(watched.units for _, watched in observable)
    require_memory(_BYTES_PER_UNIT * units, memory, f"{path}: the statistics of its {units:,} units")
    outputs = {candidate.after: (watched.name, watched.units) for candidate, watched in observable}
    layers = tuple(
        ModelLayer(
            name=watched.name,
            op=candidate.op,
            function=watched.rule.function,
            units=watched.units,
            weights=weights_of(graph, candidate.before, watched.units, outputs),
        )
        for candidate, watched in observable
    )
    inputs = (name for node in graph.nodes for name in node.inputs)
    tensors = {*graph.producer, *graph.shapes, *graph.arrays, *inputs}
    return Model(
        path,
        _inputs(proto),
        layers,
        tuple(unobserved),
        tuple(watched for _, watched in observable),
        proto,
        graph.opset,
        frozenset(tensors),
    )


def identity(model: Model) -> str:
    """Return a text that is equal for equal models alone, weights in other files included: `onnx:` and hex digits.

    Raises DataError for a file that has gone or is cut short meanwhile.
    """
    from actcli.sources.streams.bytestream import open_file

    digest = hashlib.sha256()
    with open_file(model.path) as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    for tensor in model.proto.graph.initializer:
        if is_external(tensor):
            digest.update(read_external(tensor, folder_of(model.path)).tobytes())
    return f"onnx:{digest.hexdigest()[:_IDENTITY_DIGITS]}"


def _why(graph: Graph) -> str:
    """The reason why a model may have no activation that is recognised."""
    if not is_quantised(graph):
        return ""
    return (
        "; it is quantised, and quantisation may hide activations in its ranges: check the float model that it was "
        "made from"
    )


class _Names:
    """The names of layers: Watch's names, else a node's own, else its output's, else one with a number."""

    def __init__(self, graph: Graph) -> None:
        self._used: set[str] = set()
        self._numbers: dict[str, int] = {}
        self._calls: dict[str, int] = {}
        self._paths = sorted({*graph.arrays, *(node.module for node in graph.nodes if node.module)})

    def of_node(self, node: Node, output: str, function: str) -> str:
        """Return the name of a node's layer: the module that is the activation, or the module that calls a function.

        The second call in a pass has #2.
        """
        if node.module is None:
            return self.unique(node.name, output)
        own = node.module and self._is_activation(node)
        base = node.module if own else f"{node.module}.{function}".removeprefix(".")
        calls = self._calls[base] = self._calls.get(base, 0) + 1
        return self.unique(base if calls == 1 else f"{base}#{calls}")

    def _is_activation(self, node: Node) -> bool:
        """Return whether a module computes nothing but an activation: PyTorch's, or one without parts and weights."""
        kind = node.module_class
        if kind.startswith("torch.nn."):
            return kind.startswith("torch.nn.modules.activation.") and not kind.endswith("MultiheadAttention")
        inside = f"{node.module}."
        place = bisect_left(self._paths, inside)
        return place == len(self._paths) or not self._paths[place].startswith(inside)

    def unique(self, *candidates: str) -> str:
        wanted = [candidate for candidate in candidates if candidate] or ["activation"]
        name = next((candidate for candidate in wanted if candidate not in self._used), "")
        while not name or name in self._used:
            number = self._numbers.get(wanted[0], 1) + 1
            self._numbers[wanted[0]] = number
            name = f"{wanted[0]} ({number})"
        self._used.add(name)
        return name


def _function_name(found: FoundActivation) -> str:
    """Return how Watch calls a function: `relu`, `silu`, or `product` for one that a gate lets pass."""
    if found.spec is None or found.spec == NONZERO:
        return _SNAKE.sub("_", found.op.split()[-1]).lower()
    return found.spec.partition(":")[0]


def _layer_to_watch(
    graph: Graph,
    axes: dict[str, Units],
    candidate: FoundActivation,
    name: str,
    rules: dict[tuple[str, str], Rule],
) -> Watched | str:
    """A layer to observe, or the reason why it cannot be."""
    if candidate.spec is None:
        return candidate.reason
    if candidate.quantisation is not None and not is_one_number(graph, candidate.quantisation):
        return "its numbers are quantised by channel"
    before = units_of(graph, axes, candidate.units_like or candidate.before)
    if isinstance(before, str):
        return before
    key = candidate.spec, candidate.recorded
    try:
        if key not in rules:
            rules[key] = firing_rule(activation(candidate.spec), candidate.recorded)
    except UsageError as error:
        return str(error)
    after = units_of(graph, axes, candidate.after)
    place = None
    # quantised or given as h, the tensor is watched as it is
    as_it_is = candidate.recorded == "post" or candidate.quantisation is not None
    if not as_it_is and not isinstance(after, str) and after.count == before.count:
        place = Place(
            candidate.after, after.axis, after.rank, graph.types.get(candidate.after), after.count or 0
        )
    return Watched(
        name,
        before.count or 0,
        rules[key],
        Place(
            candidate.before,
            before.axis,
            before.rank,
            graph.types.get(candidate.before),
            before.count or 0,
            single=_is_single(graph.shapes.get(candidate.before), before),
            quantisation=candidate.quantisation,
        ),
        place,
        candidate.same_everywhere,
    )


def _is_single(shape: tuple[int | None, ...] | None, units: Units) -> bool:
    """Return whether every axis but those of the samples and the units surely has length 1."""
    if units.rank == 2:
        return True
    return shape is not None and all(
        length == 1 for axis, length in enumerate(shape) if axis not in {0, units.axis}
    )


def _activations_in_branches(graph: Graph, names: _Names) -> list[Unobserved]:
    """The activations in graphs inside nodes, branches and loop bodies: their tensors cannot become outputs."""
    unobserved = []
    for node in graph.nodes:
        for branch, inner in subgraphs(node):
            where = f"inside {branch} of the {node.op or 'operator'} node {node.title!r}"
            for op, title in _activations_inside(inner):
                reason = f"{where}, whose tensors are not tensors of the graph"
                unobserved.append(Unobserved(names.unique(title), op, reason))
    return unobserved


def _activations_inside(graph: Any) -> Iterator[tuple[str, str]]:
    for proto in graph.node:
        node = as_node(proto)
        if is_activation(node.op) or node.op in SOFTMAX:
            yield node.op, node.title
        for _, inner in subgraphs(node):
            yield from _activations_inside(inner)


def _inputs(proto: Any) -> tuple[ModelInput, ...]:
    """The inputs without a value in the model, with the axes of their samples."""
    from onnx import helper

    with_value = {tensor.name for tensor in proto.graph.initializer}
    inputs = []
    for value in proto.graph.input:
        if value.name in with_value:
            continue
        tensor = value.type.tensor_type
        dtype: np.dtype[Any] | None = None
        if value.type.HasField("tensor_type"):
            try:
                dtype = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.elem_type))
            except (KeyError, TypeError, ValueError):
                dtype = None
        if dtype is not None and dtype.kind not in "fiub":
            dtype = None
        shape: tuple[int | str | None, ...] | None = None
        if tensor.HasField("shape"):
            shape = tuple(
                dim.dim_value if dim.HasField("dim_value") and dim.dim_value > 0 else dim.dim_param or None
                for dim in tensor.shape.dim
            )
        inputs.append(ModelInput(value.name, dtype, shape))
    return place_samples(inputs)
