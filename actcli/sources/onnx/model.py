"""What a model file holds for us: its inputs, the layers whose units can be watched, and what cannot be."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from actcli.activations import activation
from actcli.analysis.deadness.causes import Weights
from actcli.analysis.deadness.firing_rule import Rule, firing_rule
from actcli.analysis.deadness.verdict import Unobserved
from actcli.exits import DataError, UsageError
from actcli.sources.onnx.axes import Units, unit_axes, units_of
from actcli.sources.onnx.graph import Graph, as_node, read_graph, subgraphs
from actcli.sources.onnx.inputs import ModelInput
from actcli.sources.onnx.load import folder_of, load_model
from actcli.sources.onnx.match import Found, activations, is_activation
from actcli.sources.onnx.outputs import Place, Watched
from actcli.sources.onnx.weights import upstream_of, weights_of


@dataclass(frozen=True, slots=True, eq=False)
class ModelLayer:
    """A layer of units behind one activation.

    Attributes:
        name: of its node, else of its output; no two layers have the same.
        op: the operator, or the name of the composition.
        function: the activation's specification, as `activation` takes it.
        units: how many it has.
        weights: what feeds it; None where that is not made of constants.
        upstream: the layers whose outputs feed it.

    """

    name: str
    op: str
    function: str
    units: int
    weights: Weights | None
    upstream: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A model, looked at but not run.

    Attributes:
        path: of its file.
        inputs: what it must be given.
        layers: those that can be watched, in the order of the graph.
        unobserved: activations that cannot be, with the reason.
        watched: where each layer's tensors are, in the same order.
        proto: the model as onnx.ModelProto.
        opset: of ONNX's own operators.
        tensors: every name that is taken.

    """

    path: str
    inputs: tuple[ModelInput, ...]
    layers: tuple[ModelLayer, ...]
    unobserved: tuple[Unobserved, ...]
    watched: tuple[Watched, ...] = field(repr=False)
    proto: Any = field(repr=False)
    opset: int = field(repr=False)
    tensors: frozenset[str] = field(repr=False)


def open_model(path: str) -> Model:
    """A model and its activations: single operators and the compositions that exporters write.

    Nothing is run. Raises DataError when onnx or onnxruntime is missing; for a file that is truncated, no model,
    or has a cycle; for weights kept outside its own folder; and for a model without activations.
    """
    proto = load_model(path)
    graph = read_graph(proto, folder_of(path), path)
    axes = unit_axes(graph)
    names = _Names()
    rules: dict[str, Rule] = {}
    found: list[tuple[Found, Watched]] = []
    unobserved: list[Unobserved] = []
    for activation_ in activations(graph):
        name = names.unique(activation_.node.name, activation_.after)
        watched = _watched(graph, axes, activation_, name, rules)
        if isinstance(watched, str):
            unobserved.append(Unobserved(name, activation_.op, watched))
        else:
            found.append((activation_, watched))
    unobserved += _inside(graph, names)
    if not found and not unobserved:
        raise DataError(f"{path}: holds no activation that is known")
    outputs = {one.after: (watched.name, watched.units) for one, watched in found}
    layers = tuple(
        ModelLayer(
            name=watched.name,
            op=one.op,
            function=watched.rule.function,
            units=watched.units,
            weights=weights_of(graph, one.before, watched.units, outputs),
            upstream=upstream_of(graph, one.before, outputs),
        )
        for one, watched in found
    )
    tensors = {*graph.producer, *graph.shapes, *graph.arrays, *graph.consumers}
    return Model(
        path,
        _inputs(proto),
        layers,
        tuple(unobserved),
        tuple(watched for _, watched in found),
        proto,
        graph.opset,
        frozenset(tensors),
    )


class _Names:
    """Names given so far: a node's own, else its output's, else one with a number."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def unique(self, *candidates: str) -> str:
        wanted = [candidate for candidate in candidates if candidate] or ["activation"]
        name = next((candidate for candidate in wanted if candidate not in self._given), None)
        number = 2
        while name is None:
            name = f"{wanted[0]} ({number})"
            if name in self._given:
                name, number = None, number + 1
        self._given.add(name)
        return name


def _watched(
    graph: Graph, axes: dict[str, Units], found: Found, name: str, rules: dict[str, Rule]
) -> Watched | str:
    """Where a layer's tensors are, or why it cannot be watched."""
    if found.spec is None:
        return found.reason
    before = units_of(graph, axes, found.before)
    if isinstance(before, str):
        return before
    try:
        if found.spec not in rules:
            rules[found.spec] = firing_rule(activation(found.spec), "pre")
    except UsageError as error:
        return str(error)
    after = units_of(graph, axes, found.after)
    place = None
    if not isinstance(after, str) and after.count == before.count:
        place = Place(found.after, after.axis, after.rank, graph.types.get(found.after), after.count or 0)
    return Watched(
        name,
        before.count or 0,
        rules[found.spec],
        Place(
            found.before,
            before.axis,
            before.rank,
            graph.types.get(found.before),
            before.count or 0,
            single=_is_single(graph.shapes.get(found.before), before),
        ),
        place,
        found.same_everywhere,
    )


def _is_single(shape: tuple[int | None, ...] | None, units: Units) -> bool:
    """Whether every axis but those of the samples and the units is known to have length 1."""
    if units.rank == 2:
        return True
    return shape is not None and all(
        length == 1 for axis, length in enumerate(shape) if axis not in {0, units.axis}
    )


def _inside(graph: Graph, names: _Names) -> list[Unobserved]:
    """The activations in graphs inside nodes: branches and loop bodies hand no tensors out."""
    found = []
    for node in graph.nodes:
        for branch, inner in subgraphs(node):
            where = f"inside {branch} of the {node.op or 'operator'} node {node.title!r}"
            for op, title in _activations_inside(inner):
                found.append(
                    Unobserved(names.unique(title), op, f"{where}, which hands none of its tensors out")
                )
    return found


def _activations_inside(graph: Any) -> Iterator[tuple[str, str]]:
    for proto in graph.node:
        node = as_node(proto)
        if is_activation(node.op):
            yield node.op, node.title
        for _, inner in subgraphs(node):
            yield from _activations_inside(inner)


def _inputs(proto: Any) -> tuple[ModelInput, ...]:
    """The inputs without a value of their own."""
    from onnx import helper

    given = {tensor.name for tensor in proto.graph.initializer}
    found = []
    for value in proto.graph.input:
        if value.name in given:
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
        found.append(ModelInput(value.name, dtype, shape))
    return tuple(found)
