"""Activations in quantised models: ReLUs folded into a quantisation, and operators on quantised numbers.

A number is quantised as q = round(x / scale) + zero_point, cut off at the ends of its integer type. Where the zero
point is the lowest number of the type, nothing below 0 is left: the quantisation of a signed tensor is a ReLU.
Quantisers drop the ReLU itself then (Jacob et al. 2018, section 2.4).
"""

from dataclasses import dataclass

from actcli.sources.onnx.graph import Graph, Node


@dataclass(frozen=True, slots=True)
class Quantisation:
    """How the numbers of a tensor are quantised.

    Attributes:
        scale: the tensor of the scale; one number.
        zero_point: the tensor of the zero point; empty for 0.

    """

    scale: str
    zero_point: str


_LOWEST = {2: 0, 3: -128, 4: 0, 5: -32768, 21: 0, 22: -8}
"""The lowest number of an integer type, by its ONNX element type."""
_OUTPUT = {
    "QuantizeLinear": 1,
    "QLinearConv": 6,
    "QLinearMatMul": 6,
    "QLinearAdd": 6,
    "QLinearMul": 6,
    "QGemm": 7,
}
"""Operators with a quantised output, and the place of its scale among the inputs; the zero point follows."""
_LINEAR_OPERATORS = (
    "Conv ConvTranspose FusedConv Gemm FusedGemm MatMul FusedMatMul MatMulInteger ConvInteger "
    "BatchNormalization QLinearConv QLinearMatMul QGemm MatMulNBits DynamicQuantizeMatMul "
    "MatMulIntegerToFloat"
)
_LINEAR = frozenset(_LINEAR_OPERATORS.split())
"""Operators whose output may be negative and is no activation."""
_SUMS = frozenset(["Add", "Sub", "Sum", "QLinearAdd", "BiasAdd"])
_SCALINGS = frozenset(["Mul", "Div"])
_PASSES_OPERATORS = (
    "Cast Identity Dropout Transpose Squeeze Unsqueeze Reshape Flatten Slice Split MaxPool AveragePool "
    "GlobalAveragePool QuantizeLinear DequantizeLinear QLinearGlobalAveragePool QLinearAveragePool "
    "Pad"
)
_PASSES = frozenset(_PASSES_OPERATORS.split())
_MOST_NODES = 64

_ON_QUANTISED = {"QLinearSigmoid": "sigmoid", "QLinearLeakyRelu": "leaky_relu"}
MARKS = ("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "MatMulInteger", "ConvInteger")
"""Operators that show that a model is quantised, beside those whose names begin with QLinear."""


def is_quantised(graph: Graph) -> bool:
    """Return whether a graph holds operators of quantised models."""
    return any(node.op in MARKS or node.op.startswith(("QLinear", "QGemm")) for node in graph.nodes)


def folded_relu(graph: Graph, node: Node) -> Quantisation | None:
    """Return how the output of a node is quantised where that makes it a ReLU; None for any other node."""
    quantisation = output_quantisation(node)
    if quantisation is None or not cuts_at_zero(graph, node):
        return None
    signed = is_signed(graph, node.input(0)) if node.op == "QuantizeLinear" else _is_signed_node(graph, node)
    return quantisation if signed else None


def cuts_at_zero(graph: Graph, node: Node) -> bool:
    """Return whether a node's quantised output has its zero point at the lowest number of its type."""
    quantisation = output_quantisation(node)
    if quantisation is None:
        return False
    if quantisation.zero_point:
        zero = graph.number(quantisation.zero_point)
        kind = graph.types.get(quantisation.zero_point)
    else:
        zero = 0.0
        kind = graph.types.get(node.outputs[0], node.integer("output_dtype", 0) or 2)
    return zero is not None and kind in _LOWEST and zero == _LOWEST[kind]


def function_on_quantised(node: Node) -> tuple[str, Quantisation] | None:
    """Return the activation that a node computes on quantised numbers, and how its input is quantised."""
    function = _ON_QUANTISED.get(node.op)
    if function is None or not node.input(1):
        return None
    if function == "leaky_relu":
        from actcli.sources.onnx.operators import number_text

        alpha = node.real("alpha", 0.01)
        function = function if abs(alpha - 0.01) < 1e-9 else f"{function}:alpha={number_text(alpha)}"
    return function, Quantisation(node.input(1), node.input(2))


def is_signed(graph: Graph, tensor: str) -> bool:
    """Return whether a tensor comes from a linear layer without an activation in between, so that it may be negative.

    It is followed back through moves of axes, pools, scaling by constants, sums, and quantisations that keep its sign.
    """
    waiting, seen = [tensor], {tensor}
    while waiting and len(seen) <= _MOST_NODES:
        node = graph.producer.get(waiting.pop())
        if node is None:
            continue
        if node.op in _LINEAR:
            if not cuts_at_zero(graph, node):
                return True
            continue
        for name in _sources(graph, node):
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return False


def _is_signed_node(graph: Graph, node: Node) -> bool:
    return node.op in _LINEAR or any(is_signed(graph, name) for name in _sources(graph, node, cut=True))


def _sources(graph: Graph, node: Node, *, cut: bool = False) -> tuple[str, ...]:
    """The inputs from which a node has its signs; none where it is not known to keep them.

    cut: whether to go on through a node whose own output is cut off at 0.
    """
    if not cut and cuts_at_zero(graph, node):
        return ()
    if node.op in _PASSES:
        return (node.input(0),)
    if node.op in _SUMS:
        return (node.input(0), node.input(3)) if node.op == "QLinearAdd" else node.inputs
    if node.op in _SCALINGS:
        changing = [name for name in node.inputs if graph.constant(name) is None]
        # the scale of a dynamic quantisation is computed, and positive
        integers = [name for name in changing if _is_integer_product(graph, name)]
        return tuple(integers or changing) if integers or len(changing) == 1 else ()
    return ()


def _is_integer_product(graph: Graph, tensor: str) -> bool:
    node = graph.producer.get(tensor)
    if node is not None and node.op == "Cast":
        node = graph.producer.get(node.input(0))
    return node is not None and node.op in {"MatMulInteger", "ConvInteger"}


def output_quantisation(node: Node) -> Quantisation | None:
    """Return how the output of a node is quantised; None for numbers as they are."""
    place = _OUTPUT.get(node.op)
    if place is None or not node.outputs or not node.input(place):
        return None
    return Quantisation(node.input(place), node.input(place + 1))


def is_one_number(graph: Graph, quantisation: Quantisation) -> bool:
    """Return whether the scale is one number for the whole tensor."""
    shape = graph.shapes.get(quantisation.scale)
    return shape is None or all(length == 1 for length in shape)
