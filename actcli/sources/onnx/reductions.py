"""Operators appended to a model's graph, so that of a layer only numbers by sample and unit leave it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation, activation
from actcli.analysis.firing import INF, Rule, rounded, within
from actcli.analysis.landmarks import pieces

FLOAT, FLOAT16, DOUBLE, BFLOAT16 = 1, 10, 11, 16
_PREFIX = "actcli/"
Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Place:
    """A tensor of a layer: its name, unit axis and rank, and its ONNX element type, None when not known.

    A rank of 0 is not known; the units lie along the last axis then.
    """

    tensor: str
    axis: int
    rank: int
    type: int | None
    units: int


@dataclass(frozen=True, slots=True)
class Watched:
    """A layer to observe: its rule, where z and h are, and whether h is exactly the rule's function of z.

    `after` is None where only z can be had; then, and where the rule asks for it, z leaves the graph whole.
    """

    name: str
    units: int
    rule: Rule
    before: Place
    after: Place | None
    same_everywhere: bool


@dataclass(frozen=True, slots=True)
class Outputs:
    """What the graph gives of a layer.

    Attributes:
        layer: the layer.
        shape: the output that holds the shape of z.
        tensor: the output that holds z itself, or side by side the quantities, (samples, units · quantities).
        quantities: their names, in order; none where the output is z.

    """

    layer: Watched
    shape: str
    tensor: str
    quantities: tuple[str, ...] = ()


class Extension:
    """A model with operators appended and with its outputs replaced, until it is taken back.

    The model's own nodes stay as they are; used as a context, everything added goes when it is left.
    """

    def __init__(self, model: Any, opset: int, taken: set[str]) -> None:
        self._model, self._opset, self._taken = model, opset, taken
        graph = model.graph
        self._before = len(graph.node), len(graph.initializer)
        self._outputs = [type(output).FromString(output.SerializeToString()) for output in graph.output]
        self._count = 0
        self._made: dict[tuple[Any, ...], str] = {}
        del graph.output[:]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        graph = self._model.graph
        nodes, initializers = self._before
        del graph.node[nodes:]
        del graph.initializer[initializers:]
        del graph.output[:]
        graph.output.extend(self._outputs)

    def whole(self, layer: Watched) -> Outputs:
        """z as it is, for what reductions cannot say."""
        tensor, _, _ = self._as_number(layer.before)
        return Outputs(layer, self._out("Shape", tensor), self._out("Identity", tensor))

    def reduced(self, layer: Watched) -> Outputs:
        """Each quantity of a layer over its positions; z whole where it has none, or they cannot be expressed."""
        rule, before, after = layer.rule, layer.before, layer.after
        if before.rank == 2 or after is None or not rule.fires or self._opset < 7:
            return self.whole(layer)
        z, before, dtype = self._as_number(before)
        h, after, other = self._as_number(after)
        if other != dtype:
            h = self._node("Cast", h, to=FLOAT if dtype.itemsize == 4 else DOUBLE)
        numbers = {
            "maximum": self._reduced("ReduceMax", z, before),
            "minimum": self._reduced("ReduceMin", z, before),
            "mean": self._reduced("ReduceMean", z, before),
            "absolute": self._reduced("ReduceMean", h if rule.lowest >= 0 else self._node("Abs", h), after),
        }
        for key, (bound, holds) in _bounds(rule).items():
            numbers[key] = self._above(z, before, dtype, bound, holds=holds)
        shape = _shape_of(rule.function)
        if not (layer.same_everywhere and shape.rises):
            numbers["value_minimum"] = self._reduced("ReduceMin", h, after)
        if not (layer.same_everywhere and shape.dips):
            numbers["value_maximum"] = self._reduced("ReduceMax", h, after)
        packed = self._declare(self._node("Concat", *numbers.values(), axis=1))
        return Outputs(layer, self._out("Shape", z), packed, tuple(numbers))

    def _as_number(self, place: Place) -> tuple[str, Place, np.dtype[Any]]:
        """The tensor as float32 or float64: float16 and whole numbers lose nothing by it. Its rank is known then."""
        tensor, single = place.tensor, place.type in {FLOAT, FLOAT16, BFLOAT16, None}
        if place.type not in {FLOAT, DOUBLE}:
            tensor = self._node("Cast", tensor, to=FLOAT if single else DOUBLE)
        if not place.rank:
            tensor = self._node("Reshape", tensor, self._constant(np.array([0, -1, place.units], np.int64)))
            place = replace(place, axis=2, rank=3)
        return tensor, place, np.dtype(np.float32 if single else np.float64)

    def _above(self, z: str, place: Place, dtype: np.dtype[Any], bound: float, *, holds: bool) -> str:
        """How many elements are > bound, or >= where it holds: always asked as `>`, of a number of z's own type."""
        limit = rounded(bound, dtype, up=holds)
        if holds:
            limit = np.nextafter(limit, dtype.type(-np.inf))
        over = self._node("Greater", z, self._constant(limit))
        ones = self._node("Cast", over, to=FLOAT if dtype.itemsize == 4 else DOUBLE)
        return self._reduced("ReduceSum", ones, place)

    def _reduced(self, op: str, tensor: str, place: Place) -> str:
        axes = [axis for axis in range(1, place.rank) if axis != place.axis]
        by_input = 13 if op == "ReduceSum" else 18
        if self._opset < by_input:
            return self._node(op, tensor, axes=axes, keepdims=0)
        return self._node(op, tensor, self._constant(np.array(axes, np.int64)), keepdims=0)

    def _out(self, op: str, tensor: str) -> str:
        return self._declare(self._node(op, tensor))

    def _declare(self, name: str) -> str:
        if all(output.name != name for output in self._model.graph.output):
            self._model.graph.output.add().name = name
        return name

    def _node(self, op: str, *inputs: str, **attributes: Any) -> str:
        """The output of a new node, or of the one that was made for the same before."""
        from onnx import helper

        key = (op, inputs, repr(attributes))
        if key not in self._made:
            output = self._fresh(op)
            self._model.graph.node.append(helper.make_node(op, list(inputs), [output], **attributes))
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


def _bounds(rule: Rule) -> dict[str, tuple[float, bool]]:
    """The bounds above which elements are counted, with whether one at the bound counts too.

    above_zero: z > 0. above_low: from the first firing interval on. above_high: beyond the last one.
    """
    first, last = rule.fires[0], rule.fires[-1]
    bounds: dict[str, tuple[float, bool]] = {"above_zero": (0.0, False)}
    if first.low > -INF:
        bounds["above_low"] = (first.low, first.holds_low)
    if last.high < INF:
        bounds["above_high"] = (last.high, not last.holds_high)
    return bounds


@dataclass(frozen=True, slots=True)
class _Shape:
    """An activation; whether it never falls; whether its most lies at an end of every interval."""

    f: Activation
    rises: bool
    dips: bool


@lru_cache(maxsize=256)
def _shape_of(spec: str) -> _Shape:
    f = activation(spec)
    with np.errstate(all="ignore"):
        slopes = np.concatenate([part.slope for part in pieces(f)])
    jumps = any(kink.jump for kink in f.kinks)
    signs = np.sign(slopes[slopes != 0])
    return _Shape(f, not jumps and bool((signs > 0).all()), not jumps and bool((np.diff(signs) >= 0).all()))


def is_clear(outputs: Outputs, packed: NDArray[Any], positions: int) -> bool:
    """Whether the quantities say all that is asked.

    They do not where NaN or inf is among the numbers, which must be counted, and where a unit's extremes lie in two
    gaps between which it may have fired.
    """
    if not np.isfinite(packed).all():
        return False
    return (
        len(outputs.layer.rule.fires) == 1 or _fired(outputs, _apart(outputs, packed), positions) is not None
    )


def by_unit(outputs: Outputs, packed: NDArray[Any], positions: int) -> Arrays:
    """The quantities of some samples, all clear, as analysis.observing.from_reductions takes them.

    `m2` is 0: spread over positions is not observed, for it would cost a third of what running the model does.
    """
    rule, found = outputs.layer.rule, _apart(outputs, packed)
    least, most = found["minimum"], found["maximum"]
    low, high = _flat(found, positions)
    fired = _fired(outputs, found, positions)
    if fired is None:
        raise ValueError(outputs.layer.name)
    # the mean of float32 numbers may lie just outside of them
    mean = np.clip(found["mean"].astype(np.float64), least, most)
    numbers: Arrays = {
        "maximum": most + 0.0,
        "minimum": least + 0.0,
        "mean": mean,
        "m2": np.zeros(least.shape),
        "absolute": found["absolute"].astype(np.float64) * positions,
        "nonpositive": positions - found["above_zero"],
        "low": low,
        "high": high,
        "fired": fired,
        **_values(outputs, found),
    }
    if rule.gradient is not None:
        numbers["slope"] = np.where(fired, rule.gradient, 0.0)
    return numbers


def _apart(outputs: Outputs, packed: NDArray[Any]) -> Arrays:
    units = outputs.layer.units
    return {key: packed[:, i * units : (i + 1) * units] for i, key in enumerate(outputs.quantities)}


def _flat(found: Arrays, positions: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """How many elements lie below the first firing interval, and how many above the last."""
    none = np.zeros(found["minimum"].shape)
    low = positions - found["above_low"] if "above_low" in found else none
    return low, found.get("above_high", none)


def _fired(outputs: Outputs, found: Arrays, positions: int) -> NDArray[np.bool_] | None:
    """Whether each unit fired on each sample; None where the extremes do not tell."""
    rule, least, most = outputs.layer.rule, found["minimum"], found["maximum"]
    low, high = _flat(found, positions)
    if len(rule.fires) == 1:
        return np.asarray(low + high < positions, np.bool_)
    fired = np.logical_or.reduce([within(part, least) | within(part, most) for part in rule.fires])
    silent = (low == positions) | (high == positions) | _in_one_gap(rule, least, most)
    return fired if (fired | silent).all() else None


def _values(outputs: Outputs, found: Mapping[str, NDArray[Any]]) -> Arrays:
    """The extremes of h: measured, or those of f at the extremes of z where f says that they lie there."""
    f = _shape_of(outputs.layer.rule.function).f
    values = {key: found[key] for key in ("value_minimum", "value_maximum") if key in found}
    if len(values) < 2:
        at = f(found["minimum"]), f(found["maximum"])
        values = {"value_minimum": np.minimum(*at), "value_maximum": np.maximum(*at), **values}
    return values


def _in_one_gap(rule: Rule, least: NDArray[Any], most: NDArray[Any]) -> NDArray[np.bool_]:
    """Where all values of a unit lie between the same two firing intervals."""
    found = np.zeros(least.shape, np.bool_)
    for left, right in zip(rule.fires, rule.fires[1:], strict=False):
        beyond = ~within(replace(left, low=-INF), least)
        found |= beyond & ~within(replace(right, high=INF), most)
    return found


def units_first(outputs: Outputs, z: NDArray[Any]) -> NDArray[Any]:
    """z as (samples, units, positions)."""
    axis = outputs.layer.before.axis
    return np.moveaxis(z, axis, 1).reshape(z.shape[0], z.shape[axis], -1)
