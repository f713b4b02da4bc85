"""Operators that multiply and add: dense layers, convolutions, batch normalizations, scales, sums and products."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from actcli.analysis.proof.box import Numbers
from actcli.analysis.proof.kernels import Convolution, Dense
from actcli.analysis.proof.linear import Affine, ChannelScale, Linear
from actcli.analysis.proof.steps import TensorProduct, TensorSum
from actcli.sources.onnx.graph import Node
from actcli.sources.onnx.proof.reading import (
    EndOfProofError,
    GraphReading,
    Handlers,
    Shape,
    require,
    require_size,
)

_MOST_PLACES = 1 << 16
"""Places of a window, each of which is a pass over its input."""


def window_of(node: Node, shape: Shape, outputs: int, lengths: Shape, groups: int) -> Convolution:
    """Return the window of a convolution or a pooling with its strides, dilations and pads.

    lengths: of the window. Raises EndOfProofError for attributes that do not fit.
    """
    dimensions = len(lengths)
    require(len(shape) == dimensions + 2, "its rank does not fit its window")
    strides = tuple(node.integers("strides") or [1] * dimensions)
    dilations = tuple(node.integers("dilations") or [1] * dimensions)
    require(
        len(strides) == len(dilations) == dimensions and min((*strides, *dilations, *lengths)) >= 1,
        "its attributes do not fit its window",
    )
    pads = _pads(node, shape[2:], lengths, strides, dilations)
    padded = (length + sum(pair) for length, pair in zip(shape[2:], pads, strict=True))
    require_size(math.prod(shape[:2]) * math.prod(padded))
    require(math.prod(lengths) <= _MOST_PLACES, "its window is too large")
    window = Convolution(shape, outputs, lengths, strides, dilations, pads, groups)
    require(min(window.output_shape()) >= 1, "its window is larger than its input")
    return window


def _pads(
    node: Node, lengths: Shape, window: Shape, strides: Shape, dilations: Shape
) -> tuple[tuple[int, int], ...]:
    automatic = node.text("auto_pad")
    if automatic in {"", "NOTSET"}:
        pads = node.integers("pads") or [0] * (2 * len(window))
        require(len(pads) == 2 * len(window) and min(pads) >= 0, "its pads do not fit its window")
        return tuple(zip(pads[: len(window)], pads[len(window) :], strict=True))
    if automatic == "VALID":
        return tuple((0, 0) for _ in window)
    require(automatic in {"SAME_UPPER", "SAME_LOWER"}, f"auto_pad {automatic}")
    pairs = []
    for length, size, stride, dilation in zip(lengths, window, strides, dilations, strict=True):
        total = max((math.ceil(length / stride) - 1) * stride + dilation * (size - 1) + 1 - length, 0)
        small, large = total // 2, total - total // 2
        pairs.append((small, large) if automatic == "SAME_UPPER" else (large, small))
    return tuple(pairs)


def place_linear(reading: GraphReading, node: Node, step: Linear, source: str) -> None:
    """Add a dot product, and remember it for a scale that may be folded into it."""
    output = node.outputs[0]
    reading.place(node, step, step.kernel.output_shape(), source)
    reading.linear[output] = source, step
    reading.terms[output] = int(step.terms.max(initial=0.0)) + step.roundings


def _convolve(reading: GraphReading, node: Node) -> None:
    shape = reading.shape(node.input(0))
    weights = _weights(reading, node)
    groups = node.integer("group", 1)
    require(weights.ndim == len(shape) >= 3 and groups >= 1, "its weights do not fit its input")
    require(
        shape[1] == weights.shape[1] * groups and len(weights) % groups == 0,
        "its weights do not fit its input",
    )
    bias = reading.numbers(node.input(2)).reshape(-1) if node.input(2) else None
    require(bias is None or len(bias) == len(weights), "its bias does not fit its weights")
    window = window_of(node, shape, len(weights), weights.shape[2:], groups)
    place_linear(reading, node, Linear.of(window, weights, bias), node.input(0))


def _weights(reading: GraphReading, node: Node) -> Numbers:
    if reading.graph.is_stored(node.input(1)):
        raise EndOfProofError("its weights are quantised")
    return reading.numbers(node.input(1))


def _gemm(reading: GraphReading, node: Node) -> None:
    shape = reading.shape(node.input(0))
    weights = _weights(reading, node)
    require(not node.integer("transA", 0), "its input is transposed")
    require(weights.ndim == 2 and len(shape) == 2, "its weights do not fit its input")
    weights = weights if node.integer("transB", 0) else weights.T
    require(weights.shape[1] == shape[1], "its weights do not fit its input")
    alpha, beta = node.real("alpha", 1.0), node.real("beta", 1.0)
    bias = None
    if node.input(2):
        stored = reading.numbers(node.input(2))
        require(
            stored.size in {1, len(weights)} and (stored.ndim < 2 or len(stored) == 1),
            "its bias differs by sample",
        )
        bias = np.broadcast_to(stored.reshape(-1), (len(weights),)).copy()
    kernel = Dense(shape, len(weights))
    if alpha == beta == 1:
        step = Linear.of(kernel, weights, bias)
    else:
        # alpha scales the weights or the sums: these may overflow or underflow before
        step = Linear.of(kernel, weights, None).folded(ChannelScale.product(np.full(len(weights), alpha)))
        if bias is not None:
            shift = ChannelScale.total(bias * beta)
            step = step.folded(replace(shift, roundings=2, tiny=np.ones(len(weights))))
    place_linear(reading, node, step, node.input(0))


def _matmul(reading: GraphReading, node: Node) -> None:
    shape = reading.shape(node.input(0))
    require(node.input(1) in reading.constants, "both factors are computed")
    weights = _weights(reading, node)
    require(
        weights.ndim == 2 and len(shape) >= 2 and weights.shape[0] == shape[-1],
        "its weights do not fit its input",
    )
    step = Linear.of(Dense(shape, weights.shape[1]), np.ascontiguousarray(weights.T), None)
    if node.input(0) in reading.factors:
        step = step.behind(*reading.factors[node.input(0)])
    place_linear(reading, node, step, node.input(0))


def _normalize(reading: GraphReading, node: Node) -> None:
    shape = reading.shape(node.input(0))
    require(not node.integer("training_mode", 0), "it is in training mode")
    require(len(shape) >= 2 and node.integer("spatial", 1) == 1, "its statistics are not by channel")
    parts = [reading.numbers(name).reshape(-1) for name in node.inputs[1:5]]
    require(
        len(parts) == 4 and all(len(part) == shape[1] for part in parts), "its statistics are not by channel"
    )
    gain, bias, mean, variance = parts
    place_scale(
        reading, node, ChannelScale.normalization(gain, bias, mean, variance, node.real("epsilon", 1e-5)), 1
    )


def place_scale(reading: GraphReading, node: Node, scale: ChannelScale, axis: int, source: str = "") -> None:
    """Add a scale and a shift by channel, folded into the dot product before it if there is one.

    axis: of the channels.
    """
    source = source or node.input(0)
    shape = reading.shape(source)
    linear = reading.linear.get(source)
    if linear is not None and axis == _channel_axis(linear[1], shape):
        place_linear(reading, node, linear[1].folded(scale), linear[0])
        return
    lengths = [-1 if i == axis else 1 for i in range(len(shape))]
    reading.place(node, Affine(scale.reshape(tuple(lengths))), shape, source)


def _channel_axis(linear: Linear, shape: Shape) -> int:
    return 1 if isinstance(linear.kernel, Convolution) else len(shape) - 1


def _constant_operand(reading: GraphReading, node: Node) -> tuple[str, Numbers, bool] | None:
    """Return the tensor, the constant, and whether the constant comes first; None for two tensors."""
    require(len(node.inputs) == 2, "it does not have two operands")
    for place in (0, 1):
        if node.input(place) in reading.constants:
            return node.input(1 - place), reading.numbers(node.input(place)), place == 0
    return None


def _by_constant(
    reading: GraphReading, node: Node, tensor: str, constant: Numbers, make: Callable[[Numbers], ChannelScale]
) -> None:
    """Add a scale by a constant: by channel where it has one number for each, else by position."""
    shape = reading.shape(tensor)
    whole = np.broadcast_shapes(shape, constant.shape)
    require(whole == shape, "its constant has more axes than its tensor")
    padded = constant.reshape((1,) * (len(shape) - constant.ndim) + constant.shape)
    linear = reading.linear.get(tensor)
    axis = 1 if linear is None else _channel_axis(linear[1], shape)
    if constant.size == 1:
        factor = float(np.abs(make(constant.reshape(-1)).scale[0]))
        low, high = reading.factors.get(tensor, (1.0, 1.0))
        reading.factors[node.outputs[0]] = low * min(factor, 1.0), high * max(factor, 1.0)
    if all(length == 1 for i, length in enumerate(padded.shape) if i != axis):
        numbers = np.broadcast_to(padded.reshape(-1), (shape[axis],)).copy()
        place_scale(reading, node, make(numbers), axis, tensor)
        return
    reading.place(node, Affine(make(padded)), shape, tensor)


def _add(reading: GraphReading, node: Node) -> None:
    found = _constant_operand(reading, node)
    if found is None:
        _sum(reading, node, 1.0)
        return
    tensor, constant, _ = found
    _by_constant(reading, node, tensor, constant, ChannelScale.total)


def _subtract(reading: GraphReading, node: Node) -> None:
    found = _constant_operand(reading, node)
    if found is None:
        _sum(reading, node, -1.0)
        return
    tensor, constant, first = found
    if first:
        _by_constant(reading, node, tensor, constant, lambda numbers: ChannelScale.total(numbers, -1.0))
    else:
        _by_constant(reading, node, tensor, -constant, ChannelScale.total)


def _sum(reading: GraphReading, node: Node, sign: float) -> None:
    shapes = reading.shape(node.input(0)), reading.shape(node.input(1))
    shape = np.broadcast_shapes(*shapes)
    require(all(one[0] == shape[0] and len(one) == len(shape) for one in shapes), "it mixes samples")
    terms = sum(reading.terms.get(name, 0) for name in node.inputs)
    reading.place(node, TensorSum(shapes, sign, terms + 1), shape, *node.inputs)
    reading.terms[node.outputs[0]] = terms + 1


def _multiply(reading: GraphReading, node: Node) -> None:
    found = _constant_operand(reading, node)
    if found is not None:
        tensor, constant, _ = found
        _by_constant(reading, node, tensor, constant, ChannelScale.product)
        return
    shapes = reading.shape(node.input(0)), reading.shape(node.input(1))
    shape = np.broadcast_shapes(*shapes)
    require(all(one[0] == shape[0] and len(one) == len(shape) for one in shapes), "it mixes samples")
    reading.place(node, TensorProduct(shapes), shape, *node.inputs)


def _divide(reading: GraphReading, node: Node) -> None:
    found = _constant_operand(reading, node)
    require(found is not None and not found[2], "it divides by a tensor that is computed")
    if found is not None:
        tensor, constant, _ = found
        _by_constant(reading, node, tensor, constant, ChannelScale.quotient)


def _negate(reading: GraphReading, node: Node) -> None:
    shape = reading.shape(node.input(0))
    reading.place(node, Affine(ChannelScale.product(np.full((1,) * len(shape), -1.0))), shape)


ARITHMETIC: Handlers = {
    "Conv": _convolve,
    "Gemm": _gemm,
    "MatMul": _matmul,
    "BatchNormalization": _normalize,
    "Add": _add,
    "Sub": _subtract,
    "Mul": _multiply,
    "Div": _divide,
    "Neg": _negate,
}
