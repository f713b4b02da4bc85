"""Operators added to a model's graph, so that only numbers by sample and unit leave it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Self

import numpy as np

from actcli.analysis.deadness.quantities import (
    STEP,
    describing_counts,
    is_in_steps,
    limits,
    measured_extremes,
)
from actcli.sources.onnx.outputs import BFLOAT16, DOUBLE, FLOAT, FLOAT16, Outputs, Place, Watched

_PREFIX = "actcli/"
_SIXTEEN_BITS = {4, 5}


class Extension:
    """A model with operators added and its outputs replaced; a context that restores the model at its end.

    Among the operators that can run, onnxruntime takes the first in the file. Ours stand before the model's, so that a
    tensor is reduced while it is in the cache.
    """

    def __init__(self, model: Any, opset: int, taken: set[str]) -> None:
        self._model, self._opset, self._taken = model, opset, taken
        graph = model.graph
        self._before = len(graph.node), len(graph.initializer)
        self._outputs = [type(output).FromString(output.SerializeToString()) for output in graph.output]
        self._count = 0
        self._made: dict[tuple[Any, ...], str] = {}
        self._shapes: dict[str, str] = {}
        self._made_by_nodes = {name for node in graph.node for name in node.output}
        self._own: set[str] = set()
        self._declared: set[str] = set()
        del graph.output[:]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        graph = self._model.graph
        nodes, initializers = self._before
        graph.node.sort(key=self._is_own)
        del graph.node[nodes:]
        del graph.initializer[initializers:]
        del graph.output[:]
        graph.output.extend(self._outputs)

    def all_of(self, layers: Iterable[Watched], *, describe: bool = True) -> tuple[Outputs, ...]:
        """Reduce each layer. The operators that return shapes come last: before others they disturb the order.

        describe: whether to count what decides neither a class nor firing.
        """
        from onnx import helper

        outputs = tuple(self.reduce(layer, describe=describe) for layer in layers)
        self._model.graph.node.extend(
            helper.make_node("Shape", [tensor], [output]) for tensor, output in self._shapes.items()
        )
        self._own.update(self._shapes.values())
        self._model.graph.node.sort(key=lambda node: not self._is_own(node))
        return outputs

    def _is_own(self, node: Any) -> bool:
        return bool(node.output) and node.output[0] in self._own

    def whole(self, layer: Watched) -> Outputs:
        """Make z itself an output, for what reductions cannot tell."""
        tensor, _, _ = self._as_number(layer.before)
        return Outputs(layer, self._itself(tensor))

    def reduce(self, layer: Watched, *, describe: bool = True) -> Outputs:
        """Reduce a layer to its quantities over positions; z itself where it has one, or they cannot be expressed.

        What decides comes first; without `describe`, nothing else comes.
        """
        rule, before, after = layer.rule, layer.before, layer.after
        if before.single or after is None or not rule.fires or self._opset < 7:
            return self.whole(layer)
        z, before, dtype = self._as_number(before)
        h, after, other = self._as_number(after)
        if other != dtype:
            h = self._node("Cast", h, to=FLOAT if dtype.itemsize == 4 else DOUBLE)
        shape = self._shape(z) if describe else None
        z, before = self._positions_last(z, before)
        if layer.same_everywhere and rule.function == "relu":
            h, after = self._node("Relu", z), before
        reduced = {
            "maximum": ("ReduceMax", z, before),
            "minimum": ("ReduceMin", z, before),
            "mean": ("ReduceMean", z, before),
            "absolute": ("ReduceMean", h if rule.lowest >= 0 else self._node("Abs", h), after),
        }
        extremes = {"value_minimum": ("ReduceMin", h, after), "value_maximum": ("ReduceMax", h, after)}
        for key in measured_extremes(rule) if layer.same_everywhere else tuple(extremes):
            reduced[key] = extremes[key]
        above, later = limits(rule, dtype), describing_counts(rule)
        keys = sorted((*reduced, *above), key=lambda key: key in later)
        deciding = sum(key not in later for key in keys)
        numbers = {
            key: self._above(z, before, above[key]) if key in above else self._over_positions(*reduced[key])
            for key in (keys if describe else keys[:deciding])
        }
        packed = self._declare(self._node("Concat", *numbers.values(), axis=1))
        return Outputs(layer, packed, tuple(numbers), shape, deciding)

    def _as_number(self, place: Place) -> tuple[str, Place, np.dtype[Any]]:
        """The tensor as float32 or float64, which float16 and whole numbers fit exactly, with a known rank."""
        tensor, single = place.tensor, place.type in {FLOAT, FLOAT16, BFLOAT16, None}
        if place.quantisation is not None:
            tensor, single = self._dequantise(place), True
        elif place.type not in {FLOAT, DOUBLE}:
            tensor = self._node("Cast", tensor, to=FLOAT if single else DOUBLE)
        if not place.rank:
            tensor = self._node("Reshape", tensor, self._constant(np.array([0, -1, place.units], np.int64)))
            place = replace(place, axis=2, rank=3)
        return tensor, place, np.dtype(np.float32 if single else np.float64)

    def _positions_last(self, tensor: str, place: Place) -> tuple[str, Place]:
        """The tensor as (samples, units, positions), where that moves no number.

        onnxruntime keeps what a convolution gives in blocks of channels, and would run some of our operators on that
        and put the results of each into order; behind a Reshape everything is in order once.
        """
        if place.axis != 1 or place.rank < 4:
            return tensor, place
        flat = self._node("Reshape", tensor, self._constant(np.array([0, 0, -1], np.int64)))
        return flat, replace(place, rank=3)

    def _dequantise(self, place: Place) -> str:
        quantisation = place.quantisation
        if quantisation is None:
            return place.tensor
        inputs = [place.tensor, quantisation.scale]
        if quantisation.zero_point:
            inputs.append(quantisation.zero_point)
        # ONNX's own operator takes 16 bits from opset 21 on
        domain = {"domain": "com.microsoft"} if place.type in _SIXTEEN_BITS and self._opset < 21 else {}
        return self._node("Cast", self._node("DequantizeLinear", *inputs, **domain), to=FLOAT)

    def _above(self, z: str, place: Place, limit: Any) -> str:
        """Count the elements that are larger than a number of z's own type; above 0 in units of STEP."""
        if is_in_steps(limit):
            return self._over_positions("ReduceSum", self._clip(z, 0.0, STEP), place)
        to = FLOAT if limit.dtype.itemsize == 4 else DOUBLE
        step = _step(limit)
        if step is None:
            ones = self._node("Cast", self._node("Greater", z, self._constant(limit)), to=to)
        else:
            ones = self._node("HardSigmoid", z, alpha=step[0], beta=step[1])
        return self._over_positions("ReduceSum", ones, place)

    def _clip(self, tensor: str, low: float, high: float) -> str:
        if self._opset < 11:
            return self._node("Clip", tensor, min=low, max=high)
        return self._node("Clip", tensor, *(self._constant(np.float32(end)) for end in (low, high)))

    def _over_positions(self, op: str, tensor: str, place: Place) -> str:
        axes = [axis for axis in range(1, place.rank) if axis != place.axis]
        by_input = 13 if op == "ReduceSum" else 18
        if self._opset < by_input:
            return self._node(op, tensor, axes=axes, keepdims=0)
        return self._node(op, tensor, self._constant(np.array(axes, np.int64)), keepdims=0)

    def _itself(self, tensor: str) -> str:
        """Make a tensor an output; an input, which no node makes, goes through an Identity."""
        return self._declare(tensor if tensor in self._made_by_nodes else self._node("Identity", tensor))

    def _shape(self, tensor: str) -> str:
        if tensor not in self._shapes:
            self._shapes[tensor] = self._declare(self._fresh("Shape"))
        return self._shapes[tensor]

    def _declare(self, name: str) -> str:
        if name not in self._declared:
            self._declared.add(name)
            self._model.graph.output.add().name = name
        return name

    def _node(self, op: str, *inputs: str, **attributes: Any) -> str:
        """The output of a new node, or of an equal one that exists."""
        from onnx import helper

        key = (op, inputs, repr(attributes))
        if key not in self._made:
            output = self._fresh(op)
            self._model.graph.node.append(helper.make_node(op, list(inputs), [output], **attributes))
            self._made_by_nodes.add(output)
            self._own.add(output)
            self._made[key] = output
        return self._made[key]

    def _constant(self, value: Any) -> str:
        from onnx import numpy_helper

        array = np.asarray(value)
        key = ("constant", array.dtype.str, array.shape, array.tobytes())
        if key not in self._made:
            name = self._fresh("constant")
            self._model.graph.initializer.append(numpy_helper.from_array(array, name))
            self._made[key] = name
        return self._made[key]

    def _fresh(self, word: str) -> str:
        while True:
            self._count += 1
            name = f"{_PREFIX}{word}_{self._count}"
            if name not in self._taken:
                return name


def _step(limit: Any) -> tuple[float, float] | None:
    """The slope and offset with which HardSigmoid is exactly 1 above a limit and 0 up to it; None where none exist.

    It is one operator, where a comparison takes two. A power of 2 as slope rounds nothing, and the limit differs from
    every other number by at least its last bit, which times the slope is at least 1. None at 0, whose neighbours are
    too small for any slope, and where the slope or the offset does not fit float32, the type of attributes.
    """
    if limit.dtype.itemsize != 4 or limit == 0 or not np.isfinite(limit):
        return None
    below = np.nextafter(abs(limit), np.float32(0))
    slope = 2.0 ** -int(np.floor(np.log2(abs(limit) - below)))
    offset = -float(limit) * slope
    return (slope, offset) if slope < 2.0**60 and float(np.float32(offset)) == offset else None
