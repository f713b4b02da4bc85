"""A model's graph read as a network that bounds go through, as far as all operators are known."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from actcli.analysis.proof.activation_step import Apply
from actcli.analysis.proof.network import Placed, steps_behind
from actcli.analysis.proof.prove import ProofTarget
from actcli.sources.onnx.graph import Node, read_graph
from actcli.sources.onnx.load import folder_of
from actcli.sources.onnx.match import FoundActivation, find_activations
from actcli.sources.onnx.model import Model
from actcli.sources.onnx.model_input import ModelInput
from actcli.sources.onnx.outputs import Watched
from actcli.sources.onnx.proof.activations import PIECEWISE, place_composition, place_smooth
from actcli.sources.onnx.proof.arithmetic import ARITHMETIC
from actcli.sources.onnx.proof.constants import computed_constant, stored_constant
from actcli.sources.onnx.proof.reading import EndOfProofError, GraphReading, Handlers, Shape
from actcli.sources.onnx.proof.shaping import SHAPING
from actcli.terminal import printable

_OLDEST_OPSET = 7
"""Before it Add and its like broadcast by another rule, and BatchNormalization may be in training mode."""
_HANDLERS: Handlers = {**ARITHMETIC, **SHAPING, **PIECEWISE}


@dataclass(frozen=True, slots=True, eq=False)
class ReadNetwork:
    """A model as steps.

    Attributes:
        steps: those that the layers need, in order.
        targets: the layers.
        numbers: of all tensors.

    """

    steps: tuple[Placed, ...]
    targets: tuple[ProofTarget, ...]
    numbers: int


def read_network(
    model: Model, shapes: Mapping[str, Shape], inputs: Sequence[ModelInput] | None = None
) -> ReadNetwork:
    """Return the steps of a model for inputs of these shapes; a layer behind an unknown operator has a reason.

    inputs: with the axes of their samples; the model's own where it is None.
    """
    inputs = model.inputs if inputs is None else inputs
    batch = max((one.fixed_batch or 1 for one in inputs), default=1)
    graph = read_graph(model.proto, folder_of(model.path), model.path)
    is_free = any(one.axis is not None and one.fixed_batch is None for one in inputs)
    reading = GraphReading(graph, dict(shapes), {}, batch, 2 if is_free else 1)
    for one in inputs:
        if graph.opset < _OLDEST_OPSET:
            reading.ended[one.name] = f"the model is of opset {graph.opset}, before {_OLDEST_OPSET}"
        if one.axis not in {0, None}:
            name = printable(one.name)
            reading.ended[one.name] = (
                f"the samples of input {name} lie along axis {one.axis}, not the first one"
            )
    activations = find_activations(graph)
    by_node = {id(found.node): found for found in activations}
    compositions = {found.after: found for found in activations if found.parts}
    for node in graph.nodes:
        _read_node(reading, node, by_node.get(id(node)), compositions)
    targets = tuple(_target(reading, watched) for watched in model.watched)
    steps = _needed(reading.steps, targets)
    return ReadNetwork(steps, targets, sum(math.prod(reading.shapes[placed.output]) for placed in steps))


def _read_node(
    reading: GraphReading,
    node: Node,
    found: FoundActivation | None,
    compositions: Mapping[str, FoundActivation],
) -> None:
    """Add a node's step, its constant, or the reason why the proof ends there."""
    output = node.outputs[0] if node.outputs else ""
    if not output or _is_constant(reading, node):
        return
    if output in compositions and place_composition(reading, compositions[output]):
        return
    reason = next((reading.ended[name] for name in node.inputs if name in reading.ended), "")
    if not reason:
        try:
            _place(reading, node, found)
        except EndOfProofError as error:
            reason = f"{_title(node)}: {error}"
        except (ValueError, IndexError, TypeError):
            reason = f"{_title(node)}: its attributes do not fit its input"
    if reason:
        for name in node.outputs:
            reading.shapes.pop(name, None)
            reading.ended[name] = reason


def _place(reading: GraphReading, node: Node, found: FoundActivation | None) -> None:
    for name in node.inputs:
        if name and name not in reading.shapes and name not in reading.constants:
            raise EndOfProofError(f"nothing is known of {printable(name)}")
    if node.op != "Cast":
        for name in node.inputs:
            if name in reading.shapes:
                reading.require_float(name)
    handler = _HANDLERS.get(node.op)
    if handler is not None:
        handler(reading, node)
    elif not place_smooth(reading, node, found):
        raise EndOfProofError("the operator is not supported")


def _title(node: Node) -> str:
    return f"{node.op or 'an operator of another domain'} {printable(node.title)!r}"


def _is_constant(reading: GraphReading, node: Node) -> bool:
    """Return whether a node's output is constant, and note it."""
    output = node.outputs[0]
    if node.op == "Shape" and node.input(0) in reading.shapes:
        first, *others = reading.shapes[node.input(0)]
        part = slice(node.integer("start", 0), node.integer("end", len(others) + 1))
        reading.constants[output] = np.array([first, *others], np.int64)[part]
        reading.doubled[output] = np.array([reading.times * first, *others], np.int64)[part]
        return True
    for name in node.inputs:
        if name and name not in reading.constants:
            stored = stored_constant(reading.graph, name)
            if stored is not None:
                reading.constants[name] = stored
    if node.op == "Constant":
        stored = stored_constant(reading.graph, output)
        if stored is not None:
            reading.constants[output] = stored
        return stored is not None
    if any(name and name not in reading.constants for name in node.inputs):
        return False
    computed = computed_constant(node, [reading.constants.get(name) for name in node.inputs])
    if computed is None:
        return False
    if not reading.doubled.keys().isdisjoint(node.inputs):
        doubled = computed_constant(
            node, [reading.doubled.get(name, reading.constants.get(name)) for name in node.inputs]
        )
        if doubled is None:
            return False
        reading.doubled[output] = doubled
    reading.constants[output] = computed
    return True


def _target(reading: GraphReading, watched: Watched) -> ProofTarget:
    place = watched.before
    reason, axis = reading.ended.get(place.tensor, ""), place.axis
    shape = reading.shapes.get(place.tensor)
    if not reason and shape is None:
        reason = "its value is not a tensor with bounds"
    elif not reason and place.quantisation is not None:
        reason = "its numbers are quantised"
    elif not reason and not watched.same_everywhere and not watched.rule.function.startswith("prelu"):
        reason = f"its constants are near to those of {watched.rule.function}, and not the same"
    elif not reason and shape is not None:
        axis = axis % len(shape)
        if shape[axis] != watched.units or (place.rank and place.rank != len(shape)):
            reason = "its units lie along another axis than the graph says"
    return ProofTarget(watched.name, watched.rule, watched.units, place.tensor, axis, reason)


def _needed(steps: Sequence[Placed], targets: Sequence[ProofTarget]) -> tuple[Placed, ...]:
    """Return the steps that the layers need, in order, and their own activations.

    Before an activation its input is bounded by lines: without its own the last layer would have intervals only.
    """
    wanted = {target.tensor for target in targets if not target.reason}
    own = {
        placed.output
        for placed in steps
        if isinstance(placed.step, Apply) and wanted.issuperset(placed.inputs)
    }
    return steps_behind(steps, wanted | own)
