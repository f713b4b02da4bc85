"""The operators that act on each unit by itself, and where the units lie behind them."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from actcli.sources.onnx.graph import Graph, Node
from actcli.sources.onnx.pruning.consumers import Consumers
from actcli.sources.onnx.pruning.layers import LINEAR, constant_shape, is_padded
from actcli.sources.onnx.pruning.reshaping import reshape
from actcli.sources.onnx.pruning.shape_reading import require_other_lengths
from actcli.sources.onnx.pruning.unit_path import ConstantUse, StaysError, UnitPath, UnitPlaces

_OLDEST_OPSET = 7
"""Before it, Add and its like broadcast by another rule."""
_MIXING = {"LayerNormalization", "SimplifiedLayerNormalization", "SkipLayerNormalization", "GroupNormalization",
    "InstanceNormalization", "LRN", "LpNormalization", "MeanVarianceNormalization", "RMSNormalization", "Softmax",
    "LogSoftmax", "Hardmax", "TopK", "ArgMax", "ArgMin"}  # fmt: skip
"""Operators whose result for one unit depends on the others, or on how many there are."""

Rule = Callable[[Graph, UnitPath, Node], UnitPlaces]


def pass_units(graph: Graph, consumers: Consumers, path: UnitPath, node: Node) -> None:
    """Note the places of the units in the output of a node. Raises StaysError where it does not act unit by unit."""
    if node.op == "Shape":
        require_other_lengths(graph, consumers, path.tensors[node.inputs[0]], node)
        return
    rule = _RULES.get(node.op)
    if node.op in LINEAR:
        raise StaysError(f"{node.title!r} ({node.op}) takes them beside its weights")
    if rule is None:
        label = f"{node.title!r} ({node.op or 'of an unknown domain'})"
        raise StaysError(
            f"{label} needs all units of the layer"
            if node.op in _MIXING
            else f"{label} is not known to act on each unit by itself"
        )
    for output in node.outputs[1:]:
        if output and (consumers.of(output) or output in consumers.outputs or output in consumers.captured):
            raise StaysError(f"{node.title!r} ({node.op}) has a second output that is used")
    path.tensors[node.outputs[0]] = rule(graph, path, node)


def _keep(graph: Graph, path: UnitPath, node: Node) -> UnitPlaces:  # noqa: ARG001
    return _only_data(path, node)


def _only_data(path: UnitPath, node: Node) -> UnitPlaces:
    """The places of the units in the first input. Raises StaysError where another input has units too."""
    if any(name in path.tensors for name in node.inputs[1:]) or node.input(0) not in path.tensors:
        raise StaysError(f"{node.title!r} ({node.op}) takes them as parameters")
    return path.tensors[node.inputs[0]]


def _combine(graph: Graph, path: UnitPath, node: Node) -> UnitPlaces:
    """Operators that act element by element on several operands, whose last axes are aligned."""
    if graph.opset < _OLDEST_OPSET:
        raise StaysError(f"{node.title!r} ({node.op}) is of opset {graph.opset}, before {_OLDEST_OPSET}")
    names = [name for name in node.inputs if name]
    shapes = {name: _shape(graph, path, name) for name in names}
    if any(shape is None for shape in shapes.values()):
        raise StaysError(f"{node.title!r} ({node.op}) has an operand of an unknown shape")
    known = {name: shape for name, shape in shapes.items() if shape is not None}
    rank = max(map(len, known.values()))
    units: UnitPlaces | None = None
    for name in names:
        if name in path.tensors:
            own = path.tensors[name]
            moved = replace(own, axis=own.axis + rank - own.rank, rank=rank)
            if units is not None and not moved.is_like(units):
                raise StaysError(f"{node.title!r} ({node.op}) puts different units together")
            units = moved
    if units is None or units.length == 1:
        raise StaysError(f"{node.title!r} ({node.op}) has no axis of units")
    for operand, name in enumerate(node.inputs):
        if name and name not in path.tensors:
            _note_operand(graph, path, node, operand, known[name], units)
    return units


def _note_operand(
    graph: Graph, path: UnitPath, node: Node, operand: int, shape: tuple[int | None, ...], units: UnitPlaces
) -> None:
    """Note a constant operand that has numbers of each unit. Raises StaysError for a tensor that has units too."""
    if graph.constant(node.inputs[operand]) is None:
        path.mover = (
            f"{node.title!r} ({node.op}) combines them with {node.inputs[operand]!r}, which is computed"
        )
    axis = units.axis - (units.rank - len(shape))
    if axis < 0 or shape[axis] == 1:
        return
    if constant_shape(graph, node.inputs[operand]) is None:
        what = "added to" if node.op in {"Add", "Sub", "Sum"} else "combined with"
        raise StaysError(
            f"{node.title!r} ({node.op}): they are {what} the units of another tensor, {node.inputs[operand]!r}"
        )
    path.constants.append(ConstantUse(node, operand, axis, units.length, units.places))


def _shape(graph: Graph, path: UnitPath, name: str) -> tuple[int | None, ...] | None:
    """A tensor's shape; of a tensor with units its rank is enough."""
    shape = constant_shape(graph, name)
    if shape is not None:
        return shape
    return (None,) * path.tensors[name].rank if name in path.tensors else graph.shapes.get(name)


def _normalize(graph: Graph, path: UnitPath, node: Node) -> UnitPlaces:
    units = _only_data(path, node)
    if units.axis != 1 or node.integer("training_mode", 0) or not node.integer("spatial", 1):
        raise StaysError(f"{node.title!r} (BatchNormalization) does not normalize them by fixed numbers")
    for operand in range(1, 5):
        if constant_shape(graph, node.input(operand)) != (units.length,):
            raise StaysError(
                f"the parameters of {node.title!r} (BatchNormalization) are not stored constants"
            )
        path.constants.append(ConstantUse(node, operand, 0, units.length, units.places))
    return units


def _pool(graph: Graph, path: UnitPath, node: Node) -> UnitPlaces:  # noqa: ARG001
    units = _only_data(path, node)
    if units.axis != 1:
        raise StaysError(f"{node.title!r} ({node.op}) pools along their axis")
    if node.op == "AveragePool" and node.integer("count_include_pad", 0) and is_padded(node):
        path.border = path.border or f"{node.title!r} (AveragePool) pads with zeros"
    return units


def _pad(graph: Graph, path: UnitPath, node: Node) -> UnitPlaces:
    units = _only_data(path, node)
    pads = node.integers("pads")
    if pads is None:
        array = graph.constant(node.input(1))
        pads = None if array is None else array.reshape(-1).tolist()
    if pads is None or node.input(3) or len(pads) != 2 * units.rank:
        raise StaysError(f"{node.title!r} (Pad) does not state how much it pads along which axis")
    if pads[units.axis] or pads[units.rank + units.axis]:
        raise StaysError(f"{node.title!r} (Pad) pads along their axis")
    path.border = path.border or f"{node.title!r} (Pad) pads"
    if node.input(2) and graph.constant(node.input(2)) is None:
        path.mover = f"{node.title!r} (Pad) puts {node.input(2)!r} around them, which is computed"
    return units


def _resize(graph: Graph, path: UnitPath, node: Node) -> UnitPlaces:
    units = _only_data(path, node)
    by_size = node.input(3) or "axes" in node.attributes
    if by_size or node.text("coordinate_transformation_mode") == "tf_crop_and_resize":
        raise StaysError(f"{node.title!r} ({node.op}) does not resize by fixed factors")
    place = 1 if node.op == "Upsample" or len(node.inputs) == 2 else 2
    scales = graph.constant(node.input(place))
    if scales is None or scales.size != units.rank or float(scales.reshape(-1)[units.axis]) != 1:
        raise StaysError(f"{node.title!r} ({node.op}) does not resize by fixed factors")
    return units


def _transpose(graph: Graph, path: UnitPath, node: Node) -> UnitPlaces:  # noqa: ARG001
    units = _only_data(path, node)
    order = node.integers("perm") or list(range(units.rank - 1, -1, -1))
    if sorted(order) != list(range(units.rank)):
        raise StaysError(f"{node.title!r} (Transpose) has the order {order}")
    return replace(units, axis=order.index(units.axis))


def _squeeze(graph: Graph, path: UnitPath, node: Node) -> UnitPlaces:
    units, axes = _only_data(path, node), graph.axes(node)
    if axes is None:
        raise StaysError(f"{node.title!r} (Squeeze) does not state its axes")
    gone = {axis % units.rank for axis in axes}
    if units.axis in gone:
        raise StaysError(f"{node.title!r} (Squeeze) removes their axis")
    return replace(
        units, axis=units.axis - sum(axis < units.axis for axis in gone), rank=units.rank - len(gone)
    )


def _unsqueeze(graph: Graph, path: UnitPath, node: Node) -> UnitPlaces:
    units, axes = _only_data(path, node), graph.axes(node)
    if axes is None:
        raise StaysError(f"{node.title!r} (Unsqueeze) does not state its axes")
    rank = units.rank + len(axes)
    new = {axis % rank for axis in axes}
    left = [axis for axis in range(rank) if axis not in new]
    return replace(units, axis=left[units.axis], rank=rank)


def _reduce(graph: Graph, path: UnitPath, node: Node) -> UnitPlaces:
    units, axes = _only_data(path, node), graph.axes(node)
    if not axes:
        raise StaysError(f"{node.title!r} ({node.op}) does not state its axes")
    gone = {axis % units.rank for axis in axes}
    if units.axis in gone:
        raise StaysError(f"{node.title!r} ({node.op}) needs all units of the layer")
    if node.integer("keepdims", 1):
        return units
    return replace(
        units, axis=units.axis - sum(axis < units.axis for axis in gone), rank=units.rank - len(gone)
    )


def _concatenate(graph: Graph, path: UnitPath, node: Node) -> UnitPlaces:
    inside = [path.tensors[name] for name in node.inputs if name in path.tensors]
    first = inside[0]
    along = node.integer("axis", 0) % first.rank
    if along != first.axis:
        if len(inside) < len(node.inputs) or not all(one.is_like(first) for one in inside):
            raise StaysError(f"{node.title!r} (Concat) puts them beside other units")
        return first
    places, start = [], 0
    for name in node.inputs:
        shape = graph.shapes.get(name)
        own = path.tensors.get(name)
        length = own.length if own is not None else None if shape is None else shape[along]
        if length is None or (own is not None and (own.axis, own.rank) != (first.axis, first.rank)):
            raise StaysError(f"{node.title!r} (Concat) has a part of an unknown length")
        if own is not None:
            places.append(own.places + start)
        start += length
    return UnitPlaces(first.axis, first.rank, start, np.concatenate(places, axis=1))


_UNARY = (
    "Relu LeakyRelu Elu Selu Celu Sigmoid Tanh HardSigmoid HardSwish Softplus Softsign ThresholdedRelu Mish Swish "
    "QuickGelu Cast Identity Erf Exp Log Neg Abs Sqrt Reciprocal Shrink Sin Cos Sign Floor Ceil Round Not"
)
_ELEMENTWISE = (
    "Add Sub Mul Div Max Min Mean Sum Pow Where PRelu BiasGelu Gelu FastGelu Clip Dropout Greater Less GreaterOrEqual "
    "LessOrEqual Equal And Or"
)
_REDUCTIONS = "ReduceMean ReduceMax ReduceMin ReduceSum ReduceL1 ReduceL2"
_RULES: Mapping[str, Rule] = {
    **dict.fromkeys(_UNARY.split(), _keep),
    **dict.fromkeys(_ELEMENTWISE.split(), _combine),
    **dict.fromkeys(("MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool"), _pool),
    **dict.fromkeys(_REDUCTIONS.split(), _reduce),
    **dict.fromkeys(("Flatten", "Reshape"), reshape),
    **dict.fromkeys(("Resize", "Upsample"), _resize),
    "BatchNormalization": _normalize,
    "Pad": _pad,
    "Transpose": _transpose,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Concat": _concatenate,
}
