"""The activations of a graph: nodes and compositions that match a form of the table, each part reported once."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np

from actcli.analysis.deadness.firing_rule import RecordedValue
from actcli.analysis.onnx.forms import DEFAULTS, FORMS, Constant, Either, Form, Op, Slot, Tree, X
from actcli.sources.onnx.graph import Graph, Node
from actcli.sources.onnx.operators import OPERATORS, clip_bounds, number_text
from actcli.sources.onnx.quantised import Quantisation, folded_relu, function_on_quantised

_THROUGH = {
    "Cast": None,
    "Identity": None,
    "Dropout": None,
    "QuantizeLinear": None,
    "DequantizeLinear": None,
    "Transpose": "perm",
    "Squeeze": "axes",
    "Unsqueeze": "axes",
}
"""Operators that may stand between the nodes of a form, and the attribute by which they move axes."""
_EITHER_ORDER = {"Add", "Mul", "Max", "Min"}
_FLOAT16 = 2e-3
"""Relative tolerance: a constant of a composition may have been rounded to float16."""
_CLOSE = 2.0**-22
"""Relative tolerance of a constant in float32."""
_MOST_NODES = 64

Path = tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True, eq=False)
class FoundActivation:
    """An activation of the graph.

    Attributes:
        node: the node that makes its output.
        op: its name in reports: the operator's, or the composition's.
        spec: the activation as `activation` takes it; None where its units cannot be watched.
        before: the tensor z.
        after: the tensor h.
        reason: why spec is None.
        same_everywhere: whether every unit has exactly this function; not so where PRelu has a slope per channel, or
            where a constant of a composition is only near.
        parts: the other nodes of a composition.
        recorded: `post` where the tensor `before` is h, and there is no other.
        units_like: the tensor whose unit axis `before` has; empty for its own.
        quantisation: how the numbers of `before` are quantised; None for numbers as they are.

    """

    node: Node
    op: str
    spec: str | None
    before: str
    after: str
    reason: str = ""
    same_everywhere: bool = True
    parts: tuple[Node, ...] = ()
    recorded: RecordedValue = "pre"
    units_like: str = ""
    quantisation: Quantisation | None = None


def find_activations(graph: Graph) -> tuple[FoundActivation, ...]:
    """All activations in the order of the graph. The parts of a composition are not reported again."""
    claimed: set[int] = set()
    activations: list[FoundActivation] = []
    for node in reversed(graph.nodes):
        if id(node) in claimed or not node.outputs:
            continue
        match = _match_forms(graph, node)
        if match is not None:
            claimed |= {id(part) for part in match.parts}
            activations.append(match)
            continue
        found = _match_operator(graph, node) or _match_quantised(graph, node)
        if found is not None:
            activations.append(found)
    return tuple(reversed(activations))


def is_activation(op: str) -> bool:
    """Return whether every node of this operator is an activation, whatever surrounds it."""
    return op in _SINGLE or (op in OPERATORS and op != "Clip")


_BY_ROOT: dict[str, list[Form]] = {}
for _form in FORMS:
    if _form.read:
        _BY_ROOT.setdefault(_form.tree.op, []).append(_form)
_SINGLE = {form.tree.op for form in FORMS if form.read and form.is_operator}


def _match_operator(graph: Graph, node: Node) -> FoundActivation | None:
    identify = OPERATORS.get(node.op)
    if identify is None or not node.input(0) or graph.constant(node.input(0)) is not None:
        return None
    identified = identify(graph, node)
    if identified is None:
        return None
    return FoundActivation(
        node,
        node.op,
        identified.function,
        node.input(0),
        node.outputs[0],
        identified.reason,
        identified.same_everywhere,
    )


def _match_quantised(graph: Graph, node: Node) -> FoundActivation | None:
    """A ReLU folded into a quantisation, judged after it; an operator that acts on quantised numbers."""
    quantisation = folded_relu(graph, node)
    if quantisation is not None:
        after = node.outputs[0]
        op = f"Relu in {node.op}"
        return FoundActivation(node, op, "relu", after, after, recorded="post", quantisation=quantisation)
    computed = function_on_quantised(node)
    if computed is None:
        return None
    function, quantisation = computed
    return FoundActivation(node, node.op, function, node.input(0), node.outputs[0], quantisation=quantisation)


def _match_forms(graph: Graph, node: Node) -> FoundActivation | None:
    """The first form that a node is the root of."""
    for form in _BY_ROOT.get(node.op, ()):
        for match in _matches(graph, form.tree, node.outputs[0], (), _Match({}, None, ())):
            if match.before is not None:
                # an operator acts on its input as it is; between the nodes of a composition axes may move
                before = node.input(0) if form.is_operator else match.before[0]
                spec = _specification(form, match.parameters)
                parts = tuple(part for part in match.parts if part is not node)
                return FoundActivation(
                    node,
                    form.title,
                    spec,
                    before,
                    node.outputs[0],
                    same_everywhere=match.exact,
                    parts=parts,
                )
    return None


def _specification(form: Form, parameters: Mapping[str, float]) -> str:
    """An activation as it is typed; parameters that have their defaults, in float32, are left out."""
    if not parameters:
        return form.function
    from actcli.activations import activation

    defaults = activation(form.function).parameters
    with np.errstate(over="ignore"):
        texts = [
            f"{name}={number_text(value)}"
            for name, value in parameters.items()
            if np.float32(value) != np.float32(defaults[name])
        ]
    return f"{form.function}:{','.join(texts)}" if texts else form.function


@dataclass(frozen=True, slots=True)
class _Match:
    """A part of a form that matches: the parameters, z and the moves of axes passed on the way to it, the nodes.

    exact: whether all constants are those of the form, in float32.
    """

    parameters: Mapping[str, float]
    before: tuple[str, Path] | None
    parts: tuple[Node, ...]
    exact: bool = True

    def with_constants(self, *pairs: tuple[float, float]) -> "_Match":
        """Return this match, exact only if these numbers also are the values of the form."""
        return replace(self, exact=self.exact and all(_number_is(*pair, _CLOSE) for pair in pairs))


def _matches(graph: Graph, tree: Tree, tensor: str, path: Path, so_far: _Match) -> Iterator[_Match]:
    """Yield every way in which a tensor matches a tree, each continuing the match so far."""
    match tree:
        case Either(trees):
            for one in trees:
                yield from _matches(graph, one, tensor, path, so_far)
        case X():
            name, path = _look_through(graph, tensor, path)
            if name and graph.constant(name) is None and so_far.before in {None, (name, path)}:
                yield replace(so_far, before=(name, path))
        case Constant(value):
            number = graph.number(tensor)
            if number is not None and _number_is(number, value):
                yield so_far.with_constants((number, value))
        case Slot(name):
            number = graph.number(tensor)
            if number is not None and math.isfinite(number):
                yield replace(so_far, parameters={**so_far.parameters, name: number})
        case Op():
            name, path = _look_through(graph, tensor, path)
            node = graph.producer.get(name)
            if node is not None and node.op == tree.op:
                yield from _match_operands(graph, tree, node, path, so_far)


def _number_is(number: float, value: float, tolerance: float = _FLOAT16) -> bool:
    """Return whether a number is that of a form, to a relative tolerance."""
    if math.isinf(value):
        return number >= 1e30 if value > 0 else number <= -1e30
    return math.isclose(number, value, rel_tol=tolerance)


def _match_operands(graph: Graph, tree: Op, node: Node, path: Path, so_far: _Match) -> Iterator[_Match]:
    parameters = dict(so_far.parameters)
    for name, wanted in tree.attributes:
        value = node.real(name, DEFAULTS[node.op, name])
        if isinstance(wanted, Slot):
            parameters[wanted.name] = value
        elif _number_is(value, wanted.value):
            so_far = so_far.with_constants((value, wanted.value))
        else:
            return
    so_far = replace(so_far, parameters=parameters, parts=(*so_far.parts, node))
    if node.op == "Clip":
        bounds = clip_bounds(graph, node)
        wanted_bounds = [operand.value for operand in tree.operands[1:] if isinstance(operand, Constant)]
        if bounds is not None and all(map(_number_is, bounds, wanted_bounds)):
            so_far = so_far.with_constants(*zip(bounds, wanted_bounds, strict=True))
            yield from _matches(graph, tree.operands[0], node.input(0), path, so_far)
        return
    inputs = tuple(name for name in node.inputs if name)
    if len(inputs) != len(tree.operands):
        return
    for order in permutations(inputs) if node.op in _EITHER_ORDER and len(inputs) == 2 else (inputs,):
        yield from _match_each(graph, tree.operands, order, path, so_far)


def _match_each(
    graph: Graph, trees: tuple[Tree, ...], tensors: tuple[str, ...], path: Path, so_far: _Match
) -> Iterator[_Match]:
    if not trees:
        yield so_far
        return
    for match in _matches(graph, trees[0], tensors[0], path, so_far):
        yield from _match_each(graph, trees[1:], tensors[1:], path, match)


def _look_through(graph: Graph, tensor: str, path: Path) -> tuple[str, Path]:
    """The tensor behind casts and moves of axes, and the moves passed, by which two ways can be compared."""
    for _ in range(_MOST_NODES):
        node = graph.producer.get(tensor)
        if node is None or node.op not in _THROUGH or not node.input(0) or folded_relu(graph, node):
            break
        attribute = _THROUGH[node.op]
        if attribute is not None:
            path = _cancel((*path, (node.op, tuple(graph.axes(node, attribute) or ()))))
        tensor = node.input(0)
    return tensor, path


def _cancel(path: Path) -> Path:
    """A path without its last two moves where they undo each other."""
    if len(path) < 2:
        return path
    (first, by), (second, back) = path[-2:]
    if first == second == "Transpose" and sorted(by) == sorted(back) == list(range(len(by))):
        return path[:-2] if [by[axis] for axis in back] == list(range(len(by))) else path
    if {first, second} == {"Squeeze", "Unsqueeze"} and by and by == back:
        return path[:-2]
    return path
