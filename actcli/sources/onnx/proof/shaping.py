"""Operators that move numbers without changing them, and poolings."""

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.proof.kernels import Convolution
from actcli.analysis.proof.linear import Affine, ChannelScale
from actcli.analysis.proof.pooling import MaxPool, mean_of_rows, numbers_in_windows, sums_of_windows
from actcli.analysis.proof.steps import Concatenate, Pad, Reshape, Slice, Take, Transpose
from actcli.sources.onnx.graph import Node
from actcli.sources.onnx.proof.arithmetic import window_of
from actcli.sources.onnx.proof.constants import lengths_of, slices_of
from actcli.sources.onnx.proof.reading import (
    EndOfProofError,
    GraphReading,
    Handlers,
    Shape,
    require,
    require_size,
)

_EXACT = {2, 3, 4, 5, 9, 10, 16}
"""ONNX's types whose numbers all are float32 numbers: small integers, booleans, float16, bfloat16."""
_MOVES_SAMPLES = "it moves the axis of the samples"


def _keep(reading: GraphReading, node: Node) -> None:
    shape = reading.shape(node.input(0))
    reading.place(node, Reshape(shape, shape), shape)
    source, output = node.input(0), node.outputs[0]
    if source in reading.linear:
        reading.linear[output] = reading.linear[source]
        reading.terms[output] = reading.terms[source]
    if source in reading.factors:
        reading.factors[output] = reading.factors[source]


def _dropout(reading: GraphReading, node: Node) -> None:
    if node.input(2):
        mode = reading.constants.get(node.input(2))
        require(mode is not None and not mode.any(), "it may be in training mode")
    _keep(reading, node)


def _cast(reading: GraphReading, node: Node) -> None:
    require(node.integer("to", 0) == 1, "it does not convert to float32")
    kind = reading.graph.types.get(node.input(0))
    if kind == 1 or kind in _EXACT:
        _keep(reading, node)
        return
    shape = reading.shape(node.input(0))
    ones = np.ones((1,) * len(shape))
    rounded = ChannelScale(ones, 0 * ones, 0 * ones, 2, ones, ones, 0 * ones)
    reading.place(node, Affine(rounded), shape)


def _reshape_to(reading: GraphReading, node: Node, after: Shape) -> None:
    before = reading.shape(node.input(0))
    require(math.prod(after) == math.prod(before), "its lengths do not fit its input")
    reading.place(node, Reshape(before, after), after)


def _flatten(reading: GraphReading, node: Node) -> None:
    before = reading.shape(node.input(0))
    axis = node.integer("axis", 1)
    axis += len(before) if axis < 0 else 0
    require(axis >= 1, _MOVES_SAMPLES)
    _reshape_to(reading, node, (math.prod(before[:axis]), math.prod(before[axis:])))


def _reshape(reading: GraphReading, node: Node) -> None:
    before = reading.shape(node.input(0))
    shapes = before, (reading.times * before[0], *before[1:])
    after, doubled = map(partial(_lengths, node), reading.lengths(node.input(1)), shapes)
    require(bool(after) and doubled == [reading.times * after[0], *after[1:]], _MOVES_SAMPLES)
    require(after[0] % reading.batch == 0, _MOVES_SAMPLES)
    _reshape_to(reading, node, tuple(after))


def _lengths(node: Node, wanted: list[int], before: Shape) -> list[int]:
    """Return the lengths that a Reshape makes of others."""
    lengths = lengths_of(wanted, before, zero=bool(node.integer("allowzero", 0)))
    if -1 in lengths:
        rest = math.prod([length for length in lengths if length != -1])
        require(rest > 0, "its lengths do not fit its input")
        lengths[lengths.index(-1)] = math.prod(before) // rest
    return lengths


def _transpose(reading: GraphReading, node: Node) -> None:
    before = reading.shape(node.input(0))
    order = node.integers("perm") or list(range(len(before)))[::-1]
    require(sorted(order) == list(range(len(before))), "its axes do not fit its input")
    require(order[0] == 0, _MOVES_SAMPLES)
    reading.place(node, Transpose(tuple(order)), tuple(before[axis] for axis in order))


def _axes(reading: GraphReading, node: Node) -> list[int] | None:
    if "axes" in node.attributes:
        return node.integers("axes")
    return reading.integers(node.input(1)) if node.input(1) else None


def _squeeze(reading: GraphReading, node: Node) -> None:
    before, axes = reading.shape(node.input(0)), _axes(reading, node)
    require(axes is not None, "it does not name its axes")
    gone = {axis % len(before) for axis in axes or ()}
    require(0 not in gone, _MOVES_SAMPLES)
    require(all(before[axis] == 1 for axis in gone), "its axes do not fit its input")
    _reshape_to(reading, node, tuple(length for axis, length in enumerate(before) if axis not in gone))


def _unsqueeze(reading: GraphReading, node: Node) -> None:
    before, axes = reading.shape(node.input(0)), _axes(reading, node)
    require(bool(axes), "its axes are computed")
    rank = len(before) + len(axes or ())
    new = {axis % rank for axis in axes or ()}
    require(0 not in new, _MOVES_SAMPLES)
    require(len(new) == len(axes or ()), "its axes do not fit its input")
    rest = iter(before)
    _reshape_to(reading, node, tuple(1 if axis in new else next(rest) for axis in range(rank)))


def _slice(reading: GraphReading, node: Node) -> None:
    before = reading.shape(node.input(0))
    operands = [reading.constants.get(name) if name else None for name in node.inputs]
    require(
        all(reading.constants.get(name) is not None for name in node.inputs[1:] if name),
        "its bounds are computed",
    )
    samples = reading.times * before[0]
    part = slices_of(node, operands, before)
    doubled = [
        reading.doubled.get(name, reading.constants.get(name)) if name else None for name in node.inputs
    ]
    other = slices_of(node, doubled, (samples, *before[1:]))
    if part is None or other is None:
        raise EndOfProofError("its bounds are computed")
    # slices have no hash before Python 3.12
    require(other[0] in (slice(None), slice(0, samples, 1)) and other[1:] == part[1:], _MOVES_SAMPLES)
    after = tuple(len(range(*one.indices(length))) for one, length in zip(part, before, strict=True))
    reading.place(node, Slice(before, part), after)


def _gather(reading: GraphReading, node: Node) -> None:
    before, axis = reading.shape(node.input(0)), node.integer("axis", 0)
    axis %= len(before)
    require(axis != 0, _MOVES_SAMPLES)
    index = np.array(reading.integers(node.input(1)), np.intp).reshape(reading.constants[node.input(1)].shape)
    require_size(math.prod(before) // before[axis] * index.size)
    places = np.arange(math.prod(before)).reshape(before)
    _take(reading, node, np.take(places, index, axis=axis))


def _take(reading: GraphReading, node: Node, places: NDArray[np.intp]) -> None:
    """Add a step that takes the numbers at some places of the flat input."""
    reading.place(node, Take(reading.shape(node.input(0)), places), places.shape)


def _split(reading: GraphReading, node: Node) -> None:
    before = reading.shape(node.input(0))
    axis = node.integer("axis", 0) % len(before)
    require(axis != 0, _MOVES_SAMPLES)
    lengths = node.integers("split") if "split" in node.attributes else None
    if lengths is None and node.input(1):
        lengths = reading.integers(node.input(1))
    if lengths is None:
        each = -(-before[axis] // len(node.outputs))
        lengths = [min(each, before[axis] - i * each) for i in range(len(node.outputs))]
    require(
        len(lengths) == len(node.outputs) and sum(lengths) == before[axis], "its parts do not fit its input"
    )
    start = 0
    for output, length in zip(node.outputs, lengths, strict=True):
        part = tuple(slice(start, start + length) if i == axis else slice(None) for i in range(len(before)))
        after = tuple(length if i == axis else own for i, own in enumerate(before))
        if output:
            reading.place_at(output, Slice(before, part), after, node.input(0))
        start += length


def _concatenate(reading: GraphReading, node: Node) -> None:
    shapes = [reading.shape(name) for name in node.inputs]
    axis = node.integer("axis", 0) % len(shapes[0])
    require(axis != 0, _MOVES_SAMPLES)
    others = {(*shape[:axis], *shape[axis + 1 :]) for shape in shapes}
    require(len(others) == 1, "its parts do not fit each other")
    lengths = tuple(shape[axis] for shape in shapes)
    after = tuple(sum(lengths) if i == axis else own for i, own in enumerate(shapes[0]))
    reading.place(node, Concatenate(axis, lengths), after, *node.inputs)


def _pad(reading: GraphReading, node: Node) -> None:
    before = reading.shape(node.input(0))
    mode = node.text("mode") or "constant"
    require(mode in {"constant", "reflect", "edge"}, f"it pads by {mode}")
    if "pads" in node.attributes:
        pads = node.integers("pads") or []
        value = node.real("value", 0.0)
    else:
        pads = reading.integers(node.input(1))
        value = float(reading.numbers(node.input(2)).reshape(-1)[0]) if node.input(2) else 0.0
    if node.input(3):
        axes = [axis % len(before) for axis in reading.integers(node.input(3))]
        require(len(pads) == 2 * len(axes), "its pads do not fit its input")
        spread = [0] * (2 * len(before))
        for i, axis in enumerate(axes):
            spread[axis], spread[len(before) + axis] = pads[i], pads[len(axes) + i]
        pads = spread
    require(len(pads) == 2 * len(before) and min(pads) >= 0, "its pads do not fit its input")
    require(bool(np.isfinite(value)), "it pads with inf or NaN")
    margins = tuple(zip(pads[: len(before)], pads[len(before) :], strict=True))
    require(margins[0] == (0, 0), _MOVES_SAMPLES)
    require_size(
        math.prod(first + length + last for (first, last), length in zip(margins, before, strict=True))
    )
    if mode != "constant":
        places = np.arange(math.prod(before)).reshape(before)
        _take(reading, node, np.pad(places, margins, mode=mode))  # type: ignore[call-overload]
        return
    after = tuple(first + length + last for (first, last), length in zip(margins, before, strict=True))
    reading.place(node, Pad(before, margins, value), after)


def _window(reading: GraphReading, node: Node) -> Convolution:
    shape = reading.shape(node.input(0))
    require(not node.integer("ceil_mode", 0), "it rounds its length up")
    require(len(shape) >= 3, "it has no positions")
    lengths = node.integers("kernel_shape")
    require(bool(lengths), "its window is not stated")
    return window_of(node, shape, shape[1], tuple(lengths or ()), shape[1])


def _max_pool(reading: GraphReading, node: Node) -> None:
    require(len([output for output in node.outputs if output]) == 1, "it returns indices")
    window = _window(reading, node)
    reading.place(node, MaxPool(window), window.output_shape())


def _average_pool(reading: GraphReading, node: Node) -> None:
    window = _window(reading, node)
    total = sums_of_windows(window)
    shape = total.kernel.output_shape()
    padded = any(map(any, window.pads))
    if padded and not node.integer("count_include_pad", 0):
        inner = f"{node.outputs[0]} (sums)"
        reading.place_at(inner, total, shape, node.input(0))
        counts = numbers_in_windows(window)
        reading.place(node, Affine(ChannelScale.quotient(counts)), shape, inner)
        return
    places = float(math.prod(window.window))
    reading.place(node, total.folded(ChannelScale.quotient(np.full(shape[1], places))), shape)


def _mean_of_positions(reading: GraphReading, node: Node, axes: list[int], *, keep: bool) -> None:
    """Add the mean over trailing axes."""
    before = reading.shape(node.input(0))
    first = min(axes)
    require(first >= 1 and sorted(axes) == list(range(first, len(before))), "it takes the mean of other axes")
    rows, terms = math.prod(before[:first]), math.prod(before[first:])
    flat, mean = (f"{node.outputs[0]} ({part})" for part in ("rows", "mean"))
    reading.place_at(flat, Reshape(before, (rows, terms)), (rows, terms), node.input(0))
    reading.place_at(mean, mean_of_rows(rows, terms), (rows, 1), flat)
    after = (*before[:first], *([1] * len(axes) if keep else []))
    reading.place(node, Reshape((rows, 1), after), after, mean)


def _global_average(reading: GraphReading, node: Node) -> None:
    rank = len(reading.shape(node.input(0)))
    require(rank >= 3, "it has no positions")
    _mean_of_positions(reading, node, list(range(2, rank)), keep=True)


def _reduce_mean(reading: GraphReading, node: Node) -> None:
    rank, axes = len(reading.shape(node.input(0))), _axes(reading, node)
    require(bool(axes), "it takes the mean over the samples")
    _mean_of_positions(
        reading, node, [axis % rank for axis in axes or ()], keep=bool(node.integer("keepdims", 1))
    )


def _global_max(reading: GraphReading, node: Node) -> None:
    shape = reading.shape(node.input(0))
    require(len(shape) >= 3, "it has no positions")
    rows, terms = math.prod(shape[:2]), math.prod(shape[2:])
    flat, top = (f"{node.outputs[0]} ({part})" for part in ("rows", "top"))
    reading.place_at(flat, Reshape(shape, (1, rows, terms)), (1, rows, terms), node.input(0))
    window = window_of(_PLAIN, (1, rows, terms), rows, (terms,), rows)
    reading.place_at(top, MaxPool(window), (1, rows, 1), flat)
    after = (*shape[:2], *(1 for _ in shape[2:]))
    reading.place(node, Reshape((1, rows, 1), after), after, top)


_PLAIN = Node("MaxPool", "", (), (), {})

SHAPING: Handlers = {
    "Identity": _keep,
    "Dropout": _dropout,
    "Cast": _cast,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Transpose": _transpose,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Slice": _slice,
    "Split": _split,
    "Concat": _concatenate,
    "Gather": _gather,
    "Pad": _pad,
    "MaxPool": _max_pool,
    "AveragePool": _average_pool,
    "GlobalAveragePool": _global_average,
    "GlobalMaxPool": _global_max,
    "ReduceMean": _reduce_mean,
}
