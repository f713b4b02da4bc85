"""The unit axis of each tensor: from the layer that makes the units, followed forward through the graph."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from actcli.sources.onnx.graph import Graph, Node


@dataclass(frozen=True, slots=True)
class Units:
    """The place of the units in a tensor.

    Attributes:
        axis: the axis of the units; -1, the last, where the rank is unknown.
        rank: the number of the tensor's axes; 0 where it is unknown.
        count: the number of units; None where the model does not state it.
        layer: the Conv, Gemm, MatMul or BatchNormalization they come from; None where several meet.

    """

    axis: int
    rank: int
    count: int | None
    layer: Node | None


def unit_axes(graph: Graph) -> dict[str, Units]:
    """Find the units of each tensor, in one pass from the inputs on; tensors without a unit axis are left out."""
    units_by_tensor: dict[str, Units] = {}
    for node in graph.nodes:
        rule = _RULES.get(node.op)
        if rule is None or not node.outputs:
            continue
        # the parts of a Split have the units of what is split; other operators have one output with units
        for output in node.outputs if node.op == "Split" else node.outputs[:1]:
            units = _with_shape(rule(graph, node, units_by_tensor), graph.shapes.get(output))
            if output and units is not None:
                units_by_tensor[output] = units
    return units_by_tensor


def _with_shape(units: Units | None, shape: tuple[int | None, ...] | None) -> Units | None:
    """The units of a tensor, corrected by its shape; None where the two do not go together."""
    if units is None or shape == () or not -1 <= units.axis < max(units.rank, 1):
        return None
    if shape is not None and not units.rank and shape:
        units = replace(units, axis=len(shape) - 1, rank=len(shape))
    if shape is not None and len(shape) == units.rank:
        written = shape[units.axis]
        if written is not None and units.count not in {None, written}:
            units = replace(units, layer=None)
        units = replace(units, count=units.count if written is None else written)
    return units


def units_of(graph: Graph, before: Mapping[str, Units], tensor: str) -> Units | str:
    """The units of a tensor, or the reason why they are unknown."""
    units = before.get(tensor)
    shape = graph.shapes.get(tensor)
    if units is None and shape is not None and len(shape) == 2:
        units = Units(1, 2, shape[1], None)  # (sample, feature): there is no other reading
    if units is None:
        return "its unit axis is not known: no layer with units comes before it"
    if units.axis == 0:
        return "its units lie along the first axis, which should hold the samples"
    if not units.count:
        return "the model does not state the number of its units"
    return units


Rule = Callable[[Graph, Node, Mapping[str, Units]], Units | None]


def _length(graph: Graph, tensor: str, axis: int) -> int | None:
    shape = graph.shapes.get(tensor)
    return shape[axis] if shape is not None and -len(shape) <= axis < len(shape) else None


def _convolve(graph: Graph, node: Node, before: Mapping[str, Units]) -> Units | None:  # noqa: ARG001
    place = 3 if node.op == "QLinearConv" else 1
    if len(node.inputs) <= place:
        return None
    weights = node.inputs[place]
    rank = graph.rank(weights) or graph.rank(node.inputs[0])
    if rank is None:
        return None
    count = _length(graph, weights, 0)
    if node.op == "ConvTranspose":
        count = _length(graph, weights, 1)
        count = None if count is None else count * max(node.integer("group", 1), 1)
    return Units(1, rank, count, node)


def _gemm(graph: Graph, node: Node, before: Mapping[str, Units]) -> Units | None:  # noqa: ARG001
    if len(node.inputs) < 2:
        return None
    weights = node.input(3 if node.op == "QGemm" else 1)
    return Units(1, 2, _length(graph, weights, 0 if node.integer("transB", 0) else 1), node)


def _matmul(graph: Graph, node: Node, before: Mapping[str, Units]) -> Units | None:
    if len(node.inputs) < 2:
        return None
    data, weights = node.inputs[0], node.input(3 if node.op == "QLinearMatMul" else 1)
    if graph.rank(weights) != 2 or not (graph.is_stored(weights) or graph.constant(weights) is not None):
        return None
    units = before.get(data)
    rank = graph.rank(data) or graph.rank(node.outputs[0]) or (units.rank if units else 0)
    return None if rank == 1 else Units(rank - 1, rank, _length(graph, weights, 1), node)


def _normalize(graph: Graph, node: Node, before: Mapping[str, Units]) -> Units | None:
    units = before.get(node.input(0))
    if units is not None and units.axis == 1:
        return units
    rank = graph.rank(node.input(0)) or graph.rank(node.outputs[0])
    if rank is None or rank < 2:
        return None
    return Units(1, rank, _length(graph, node.input(1), 0), node)


def _keep(graph: Graph, node: Node, before: Mapping[str, Units]) -> Units | None:  # noqa: ARG001
    return before.get(node.input(0))


def _transpose(graph: Graph, node: Node, before: Mapping[str, Units]) -> Units | None:  # noqa: ARG001
    units = before.get(node.input(0))
    if units is None or not units.rank:
        return None
    order = node.integers("perm") or list(range(units.rank - 1, -1, -1))
    return replace(units, axis=order.index(units.axis)) if sorted(order) == list(range(units.rank)) else None


def _combine(graph: Graph, node: Node, before: Mapping[str, Units]) -> Units | None:
    """The units of an elementwise result; its operands are aligned at their last axes, as broadcasting does."""
    operands = [before[name] for name in node.inputs if name in before]
    if not operands:
        return None
    if not all(units.rank for units in operands):
        return _combine_last(operands)
    ranks = [graph.rank(name) for name in node.inputs if name]
    rank = graph.rank(node.outputs[0]) or max(
        [units.rank for units in operands] + [r for r in ranks if r is not None]
    )
    axes = {units.axis + rank - units.rank for units in operands}
    return _together(operands, axes.pop(), rank) if len(axes) == 1 else None


def _combine_last(operands: list[Units]) -> Units | None:
    """The units where some rank is unknown: last axes meet whatever it is."""
    return (
        _together(operands, -1, 0) if all(units.axis in {-1, units.rank - 1} for units in operands) else None
    )


def _together(operands: list[Units], axis: int, rank: int) -> Units:
    counts = {units.count for units in operands if units.count != 1} or {1}
    layers = {id(units.layer): units.layer for units in operands}
    return Units(
        axis,
        rank,
        counts.pop() if len(counts) == 1 else None,
        next(iter(layers.values())) if len(layers) == 1 else None,
    )


def _pool(graph: Graph, node: Node, before: Mapping[str, Units]) -> Units | None:  # noqa: ARG001
    units = before.get(node.input(0))
    return units if units is not None and units.axis == 1 else None


def _concatenate(graph: Graph, node: Node, before: Mapping[str, Units]) -> Units | None:  # noqa: ARG001
    operands = [before.get(name) for name in node.inputs]
    first = operands[0] if operands else None
    if (
        first is None
        or not first.rank
        or any(u is None or (u.axis, u.rank) != (first.axis, first.rank) for u in operands)
    ):
        return None
    counts = [units.count for units in operands if units is not None]
    along = node.integer("axis", 0) % first.rank
    if along != first.axis:
        return first if len(set(counts)) == 1 else None
    known_counts = [count for count in counts if count is not None]
    total = sum(known_counts) if len(known_counts) == len(counts) else None
    return Units(first.axis, first.rank, total, None)


def _part(graph: Graph, node: Node, before: Mapping[str, Units]) -> Units | None:  # noqa: ARG001
    """The units of a part of a tensor; how many is in its shape."""
    units = before.get(node.input(0))
    return None if units is None else replace(units, count=None, layer=None)


def _squeeze(graph: Graph, node: Node, before: Mapping[str, Units]) -> Units | None:
    units, axes = before.get(node.input(0)), graph.axes(node)
    if units is None or axes is None or not units.rank:
        return None
    gone = {axis % units.rank for axis in axes}
    if units.axis in gone:
        return None
    return replace(
        units, axis=units.axis - sum(axis < units.axis for axis in gone), rank=units.rank - len(gone)
    )


def _unsqueeze(graph: Graph, node: Node, before: Mapping[str, Units]) -> Units | None:
    units, axes = before.get(node.input(0)), graph.axes(node)
    if units is None or axes is None or not units.rank:
        return None
    rank = units.rank + len(axes)
    new = {axis % rank for axis in axes}
    left = [axis for axis in range(rank) if axis not in new]
    return replace(units, axis=left[units.axis], rank=rank) if len(left) == units.rank else None


def _reshape(graph: Graph, node: Node, before: Mapping[str, Units]) -> Units | None:
    """The units where they stay a last axis of the same length: (samples·steps, units) to (samples, steps, units)."""
    units, shape = before.get(node.input(0)), graph.shapes.get(node.outputs[0])
    if units is None or shape is None or units.axis not in {-1, units.rank - 1} or len(shape) < 2:
        return None
    return replace(units, axis=len(shape) - 1, rank=len(shape)) if shape[-1] == units.count else None


_POOLS = (
    "MaxPool AveragePool LpPool GlobalMaxPool GlobalAveragePool GlobalLpPool Upsample Resize Pad "
    "QLinearAveragePool QLinearGlobalAveragePool"
)
_ELEMENTWISE = "Add Sub Mul Div Max Min Mean Sum Pow Where PRelu BiasGelu QLinearAdd QLinearMul"
_KEEPING = (
    "Relu LeakyRelu Elu Selu Celu Gelu FastGelu QuickGelu Sigmoid Tanh HardSigmoid HardSwish Softplus Softsign "
    "ThresholdedRelu Mish Swish Clip Cast Identity Dropout Erf Exp Log Neg Abs Sqrt Reciprocal "
    "LayerNormalization GroupNormalization SkipLayerNormalization LRN QuantizeLinear DequantizeLinear "
    "QLinearSigmoid QLinearLeakyRelu Shrink Sin Cos"
)
_RULES: Mapping[str, Rule] = {
    **dict.fromkeys(("Conv", "ConvTranspose", "FusedConv", "ConvInteger", "QLinearConv"), _convolve),
    **dict.fromkeys(("Gemm", "FusedGemm", "QGemm"), _gemm),
    **dict.fromkeys(("MatMul", "FusedMatMul", "MatMulInteger", "QLinearMatMul"), _matmul),
    "BatchNormalization": _normalize,
    "InstanceNormalization": _normalize,
    "Transpose": _transpose,
    "Concat": _concatenate,
    "Split": _part,
    "Slice": _part,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Reshape": _reshape,
    **dict.fromkeys(_POOLS.split(), _pool),
    **dict.fromkeys(_ELEMENTWISE.split(), _combine),
    **dict.fromkeys(_KEEPING.split(), _keep),
}
