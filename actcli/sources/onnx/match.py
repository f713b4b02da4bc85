"""Which nodes are activations: one operator, or a composition from the table; each part is reported once."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from actcli.sources.onnx.graph import Graph, Node
from actcli.sources.onnx.patterns import (
    TABLE,
    Either,
    Number,
    Op,
    Parameter,
    Pattern,
    Tree,
    X,
    number_text,
)

_THROUGH = {
    "Cast": None,
    "Identity": None,
    "Dropout": None,
    "Transpose": "perm",
    "Squeeze": "axes",
    "Unsqueeze": "axes",
}
"""What lies between the nodes of a pattern without being part of it, and the attribute by which it moves axes."""
_EITHER_ORDER = {"Add", "Mul", "Max", "Min"}
_FLOAT16 = 2e-3
"""Relative: a constant of a composition may have been rounded to float16."""

Path = tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """An activation of the graph.

    Attributes:
        node: the one that makes its output.
        op: what to call it: an operator, or the composition's name.
        spec: the activation as `activation` takes it; None when it cannot be said.
        reason: why spec is None.
        before: the tensor z.
        after: the tensor h.
        same_everywhere: every unit has exactly this function (not so where PRelu has a slope a channel).

    """

    node: Node
    op: str
    spec: str | None
    before: str
    after: str
    reason: str = ""
    same_everywhere: bool = True


def activations(graph: Graph) -> tuple[Found, ...]:
    """All activations in the order of the graph. A part of a composition is no activation of its own."""
    claimed: set[int] = set()
    found: list[Found] = []
    for node in reversed(graph.nodes):
        if id(node) in claimed or not node.outputs:
            continue
        composed = _composition(graph, node)
        if composed is not None:
            activation, parts = composed
            claimed |= {id(part) for part in parts}
            found.append(activation)
            continue
        single = _operator(graph, node)
        if single is not None:
            found.append(single)
    return tuple(reversed(found))


def is_activation(op: str) -> bool:
    """Whether an operator of this name is one by itself, told without its surroundings."""
    return op in OPERATORS and op != "Clip"


def _composition(graph: Graph, node: Node) -> tuple[Found, list[Node]] | None:
    for pattern in _BY_ROOT.get(node.op, ()):
        for match in _matches(graph, pattern.tree, node.outputs[0], (), _Match({}, None, ())):
            if match.before is not None:
                before = match.before[0]
                activation = Found(
                    node, pattern.name, pattern.spec(match.parameters), before, node.outputs[0]
                )
                return activation, [part for part in match.parts if part is not node]
    return None


@dataclass(frozen=True, slots=True)
class _Match:
    parameters: Mapping[str, float]
    before: tuple[str, Path] | None
    parts: tuple[Node, ...]


_BY_ROOT: dict[str, list[Pattern]] = {}
for _pattern in TABLE:
    _BY_ROOT.setdefault(_pattern.tree.op, []).append(_pattern)


def _matches(graph: Graph, tree: Tree, tensor: str, path: Path, so_far: _Match) -> Iterator[_Match]:
    """All ways in which a tensor is what the tree says, each continuing what was matched before it."""
    match tree:
        case Either(trees):
            for one in trees:
                yield from _matches(graph, one, tensor, path, so_far)
        case X():
            name, path = _looked_through(graph, tensor, path)
            if graph.constant(name) is None and so_far.before in {None, (name, path)}:
                yield _Match(so_far.parameters, (name, path), so_far.parts)
        case Number(value):
            number = graph.number(tensor)
            if number is not None and _is_near(number, value):
                yield so_far
        case Parameter(name):
            number = graph.number(tensor)
            if number is not None and math.isfinite(number):
                yield _Match({**so_far.parameters, name: number}, so_far.before, so_far.parts)
        case Op():
            name, path = _looked_through(graph, tensor, path)
            node = graph.producer.get(name)
            if node is not None and node.op == tree.op:
                yield from _operands(graph, tree, node, path, so_far)


def _is_near(number: float, value: float) -> bool:
    if math.isinf(value):
        return number >= 1e30 if value > 0 else number <= -1e30
    return math.isclose(number, value, rel_tol=_FLOAT16)


def _operands(graph: Graph, tree: Op, node: Node, path: Path, so_far: _Match) -> Iterator[_Match]:
    for name, value in tree.attributes:
        if not _is_near(float(node.attributes.get(name, _DEFAULTS.get((node.op, name), math.nan))), value):
            return
    so_far = _Match(so_far.parameters, so_far.before, (*so_far.parts, node))
    if node.op == "Clip":
        bounds = _bounds(graph, node)
        asked = [operand.value for operand in tree.operands[1:] if isinstance(operand, Number)]
        if bounds is not None and all(map(_is_near, bounds, asked)):
            yield from _matches(graph, tree.operands[0], node.inputs[0], path, so_far)
        return
    inputs = [name for name in node.inputs if name]
    if len(inputs) != len(tree.operands):
        return
    orders = permutations(inputs) if node.op in _EITHER_ORDER and len(inputs) == 2 else iter([tuple(inputs)])
    for order in orders:
        yield from _each(graph, tree.operands, order, path, so_far)


def _each(
    graph: Graph, trees: tuple[Tree, ...], tensors: tuple[str, ...], path: Path, so_far: _Match
) -> Iterator[_Match]:
    if not trees:
        yield so_far
        return
    for match in _matches(graph, trees[0], tensors[0], path, so_far):
        yield from _each(graph, trees[1:], tensors[1:], path, match)


def _looked_through(graph: Graph, tensor: str, path: Path) -> tuple[str, Path]:
    """The tensor behind casts and moves of axes, and the moves passed, so that two ways can be compared."""
    for _ in range(64):
        node = graph.producer.get(tensor)
        if node is None or node.op not in _THROUGH or not node.inputs:
            break
        moves = _THROUGH[node.op]
        if moves is not None:
            axes = node.attributes.get(moves)
            if axes is None and len(node.inputs) > 1:
                array = graph.constant(node.inputs[1])
                axes = None if array is None else array.reshape(-1).tolist()
            path = (*path, (node.op, tuple(int(axis) for axis in axes or ())))
            path = _cancelled(path)
        tensor = node.inputs[0]
    return tensor, path


def _cancelled(path: Path) -> Path:
    """A path whose last two moves undo each other, without them."""
    if len(path) < 2:
        return path
    (first, by), (second, back) = path[-2:]
    if (
        first == second == "Transpose"
        and len(by) == len(back)
        and [by[axis] for axis in back] == list(range(len(by)))
    ):
        return path[:-2]
    if {first, second} == {"Squeeze", "Unsqueeze"} and by and by == back:
        return path[:-2]
    return path


def _operator(graph: Graph, node: Node) -> Found | None:
    specify = OPERATORS.get(node.op)
    if specify is None or not node.inputs or graph.constant(node.inputs[0]) is not None:
        return None
    spec, reason, same = specify(graph, node)
    if spec is None and not reason:
        return None
    return Found(node, node.op, spec, node.inputs[0], node.outputs[0], reason, same)


Specified = tuple[str | None, str, bool]
_NOTHING: Specified = (None, "", True)
_DEFAULTS = {
    ("LeakyRelu", "alpha"): 0.01,
    ("Elu", "alpha"): 1.0,
    ("Celu", "alpha"): 1.0,
    ("Selu", "alpha"): 1.67326319217681884765625,
    ("Selu", "gamma"): 1.05070102214813232421875,
    ("HardSigmoid", "alpha"): 0.2,
    ("HardSigmoid", "beta"): 0.5,
    ("ThresholdedRelu", "alpha"): 1.0,
    ("Swish", "alpha"): 1.0,
    ("QuickGelu", "alpha"): 1.702,
}
"""What ONNX's operators take where a node has no such attribute."""


def _attribute(node: Node, name: str) -> float:
    return float(node.attributes.get(name, _DEFAULTS[node.op, name]))


def _plain(spec: str) -> Callable[[Graph, Node], Specified]:
    return lambda graph, node: (spec, "", True)  # noqa: ARG005


def _with(spec: str, **names: str) -> Callable[[Graph, Node], Specified]:
    """Our name, and our names of the node's attributes; a value that is ONNX's default and ours is left out."""

    def specify(graph: Graph, node: Node) -> Specified:  # noqa: ARG001
        from actcli.activations import activation

        ours = activation(spec).parameters
        said = [
            f"{parameter}={number_text(value)}"
            for parameter, attribute in names.items()
            if np.float32(value := _attribute(node, attribute)) != np.float32(ours[parameter])
        ]
        return f"{spec}:{','.join(said)}" if said else spec, "", True

    return specify


def _gelu(graph: Graph, node: Node) -> Specified:  # noqa: ARG001
    approximate = node.attributes.get("approximate", b"none")
    return ("gelu_tanh" if approximate in {b"tanh", "tanh"} else "gelu"), "", True


def _fast_gelu(graph: Graph, node: Node) -> Specified:  # noqa: ARG001
    if len(node.inputs) > 1 and node.inputs[1]:
        return None, "its bias is added inside the operator, so that its pre-activation is no tensor", True
    return "gelu_tanh", "", True


def _prelu(graph: Graph, node: Node) -> Specified:
    slopes = graph.constant(node.inputs[1]) if len(node.inputs) > 1 else None
    if slopes is None or not slopes.size:
        return None, "its slopes are computed, not stored", True
    sizes = np.abs(slopes.astype(np.float64))
    # The sign of firing depends on |slope| against 1e-3 of the larger of |slope| and 1.
    fires = sizes >= 1e-3 * np.maximum(sizes, 1.0)
    if not (fires.all() or not slopes.any()):
        return None, "some of its slopes are 0 and some are not: its units follow different rules", True
    middle = float(np.sort(slopes, axis=None)[slopes.size // 2])
    return f"prelu:alpha={number_text(middle)}", "", bool((slopes == slopes.flat[0]).all())


def _clip(graph: Graph, node: Node) -> Specified:
    bounds = _bounds(graph, node)
    if bounds is None:
        return _NOTHING
    low, high = bounds
    if low == 0 and high == 6:
        return "relu6", "", True
    if low == 0 and high >= 1e30:
        return "relu", "", True
    if abs(low) < 1e30 and abs(high) < 1e30 and low < high and (low in {0.0, -high}):
        return f"hard_tanh:min={number_text(low)},max={number_text(high)}", "", True
    return _NOTHING


def _bounds(graph: Graph, node: Node) -> tuple[float, float] | None:
    """What a Clip clips to, by its attributes or by its inputs; None when that is computed."""
    bounds = [-math.inf, math.inf]
    for i, name in enumerate(("min", "max")):
        if name in node.attributes:
            bounds[i] = float(node.attributes[name])
        elif len(node.inputs) > i + 1 and node.inputs[i + 1]:
            number = graph.number(node.inputs[i + 1])
            if number is None:
                return None
            bounds[i] = number
    return bounds[0], bounds[1]


def _fused(graph: Graph, node: Node) -> Specified:  # noqa: ARG001
    if not node.attributes.get("activation"):
        return _NOTHING
    return None, "it is fused into its convolution: export the model without that optimization", True


def _recurrent(graph: Graph, node: Node) -> Specified:  # noqa: ARG001
    return None, "its gates are computed inside the operator, which hands none of their tensors out", True


OPERATORS: Mapping[str, Callable[[Graph, Node], Specified]] = {
    "Relu": _plain("relu"),
    "Sigmoid": _plain("sigmoid"),
    "Tanh": _plain("tanh"),
    "Softplus": _plain("softplus"),
    "Softsign": _plain("softsign"),
    "HardSwish": _plain("hard_swish"),
    "Mish": _plain("mish"),
    "Gelu": _gelu,
    "FastGelu": _fast_gelu,
    "BiasGelu": _fast_gelu,
    "QuickGelu": _with("silu", beta="alpha"),
    "Swish": _with("silu", beta="alpha"),
    "LeakyRelu": _with("leaky_relu", alpha="alpha"),
    "Elu": _with("elu", alpha="alpha"),
    "Celu": _with("celu", alpha="alpha"),
    "Selu": _with("selu", alpha="alpha", scale="gamma"),
    "HardSigmoid": _with("onnx.hard_sigmoid", alpha="alpha", beta="beta"),
    "ThresholdedRelu": _with("thresholded_relu", theta="alpha"),
    "PRelu": _prelu,
    "Clip": _clip,
    "FusedConv": _fused,
    **dict.fromkeys(("LSTM", "GRU", "RNN"), _recurrent),
}
