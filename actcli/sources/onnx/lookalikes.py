"""Nodes that look like activations and are none that is known: no report may pass over them in silence."""

from collections.abc import Container, Iterator

from actcli.sources.onnx.graph import Graph, Node
from actcli.sources.onnx.quantised import is_signed

SOFTMAX = frozenset({"Softmax", "LogSoftmax", "Hardmax", "QLinearSoftmax", "BiasSoftmax"})
"""Operators that work over rows."""
_INSIDE = frozenset(
    {
        "Attention",
        "QAttention",
        "MultiHeadAttention",
        "GroupQueryAttention",
        "MoE",
        "QMoE",
        "AttnLSTM",
        "BiasSplitGelu",
    }
)
"""Operators with an activation inside."""
_CURVED_OPERATORS = (
    "Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh Exp Log Erf Abs Sqrt Reciprocal Pow Sign "
    "Floor Ceil Round Clip Max Min"
)
_CURVED = frozenset(_CURVED_OPERATORS.split())
"""Operators that bend numbers one by one. Behind a linear layer they work as its activation."""
_COMPARISONS = frozenset({"Greater", "GreaterOrEqual", "Less", "LessOrEqual"})


def find_lookalikes(graph: Graph, claimed: Container[int]) -> Iterator[tuple[Node, str]]:
    """Yield the nodes that look like activations, each with the reason why it is not watched.

    claimed: the identities of nodes that belong to activations.
    """
    # squares and absolute values of a norm go into a sum: x^2 of a layer norm is no activation
    only_summed = {name for node in graph.nodes if node.op.startswith("Reduce") for name in node.inputs[:1]}
    only_summed -= {name for node in graph.nodes if not node.op.startswith("Reduce") for name in node.inputs}
    for node in graph.nodes:
        if id(node) in claimed or not node.outputs or node.outputs[0] in only_summed:
            continue
        reason = _reason(graph, node)
        if reason:
            yield node, reason


def _reason(graph: Graph, node: Node) -> str:
    if node.op in SOFTMAX:
        return "it works over rows: its units do not fire one by one"
    named = node.text("activation") or node.text("activation_type") or node.integer("activation", 0)
    if named or node.op in _INSIDE:
        return "it is computed inside the operator, and its pre-activation is not a tensor of the graph"
    changing = [name for name in node.inputs if name and graph.constant(name) is None]
    squares = node.op == "Mul" and len(changing) == 2 and changing[0] == changing[1]
    if not (node.op in _CURVED or squares or _is_choice(graph, node)):
        return ""
    if not any(is_signed(graph, name) for name in changing):
        return ""
    what = "a square" if squares else node.op
    return f"{what} of a layer's output works as an activation, and is none that is known"


def _is_choice(graph: Graph, node: Node) -> bool:
    """Return whether a node chooses between values by comparing one of them."""
    condition = graph.producer.get(node.input(0)) if node.op == "Where" else None
    if condition is not None and condition.op == "Not":
        condition = graph.producer.get(condition.input(0))
    if condition is None or condition.op not in _COMPARISONS:
        return False
    compared = {name for name in condition.inputs if graph.constant(name) is None}
    return not compared.isdisjoint(node.inputs[1:])
