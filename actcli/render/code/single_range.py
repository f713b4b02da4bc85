"""Where code that is differentiated in float32 gives no finite number although the function and its slope are finite.

The code's operations are run here in float32 with their derivatives. Where they overflow far out and the function is a
straight line there, code can take the line; elsewhere it says where it fails.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation, activation
from actcli.activations.formula.functions import BY_NAME
from actcli.activations.formula.program import CONDITIONS
from actcli.activations.formula.tree import (
    Binary,
    Call,
    Catalogued,
    Compare,
    Conditional,
    Free,
    Logic,
    Negative,
    Node,
    Not,
    Number,
    Variable,
    contains_x,
    walk,
)
from actcli.activations.symbolic.derive import rule_of
from actcli.render.code.lowering import all_parameters

Single = NDArray[np.float32]
REMARK = "# in float32 value or gradient may be inf or NaN at"
Pair = tuple[Any, Any]

_SINGLE = np.finfo(np.float32)
_PER_OCTAVE = 2
_LEAST = 8.0
_GROW = ("exp", "expm1", "sinh", "cosh", "log", "log1p", "sqrt", "cbrt", "logaddexp", "tan")
_WHOLE = 1000.0
_STEADY = 2.0**-24
_STEEP = np.float32(1)
_STRAIGHT = 2.0**-51
"""The line may be off by so much, relative to the largest of 1 and |x|: no more than float64 rounds."""


@dataclass(frozen=True, slots=True)
class SingleRange:
    """The numbers at which code is finite.

    Attributes:
        low, high: it is finite between them; infinite where a side is finite as far as the function is.
        near: it is not finite at |x| below this.
        slopes: of the lines that the function is below `low` and above `high`; None where it is none.

    """

    low: float
    high: float
    near: float
    slopes: tuple[float, float] | None

    @property
    def remark(self) -> str:
        """A sentence for a comment; empty where the code is finite wherever the function is."""
        parts = [f"x < {self.low:.2g}"] if self.low > -math.inf and self.slopes is None else []
        parts += [f"x > {self.high:.2g}"] if self.high < math.inf and self.slopes is None else []
        parts += [f"|x| < {self.near:.3g}"] if self.near else []
        if not parts:
            return ""
        return f"{REMARK} {' and '.join(parts)}"

    @property
    def is_cut(self) -> bool:
        """Whether code should take lines beyond the limits."""
        return self.slopes is not None and (math.isfinite(self.low) or math.isfinite(self.high))


def may_fail(tree: Node) -> bool:
    """Return whether a tree has operations that may overflow in float32: powers, products, quotients, exponentials."""
    return any(
        (
            isinstance(part, Binary)
            and part.operator in "*/^"
            and contains_x(part.right if part.operator != "^" else part)
        )
        or (isinstance(part, Call) and part.name in _GROW and contains_x(part))
        for part in walk(tree)
    )


def single_range(tree: Node, f: Activation) -> SingleRange:
    """Return where code of a tree is finite in float32; f is what it computes, at its parameters."""
    sizes = np.exp2(np.arange(-149.0, 128.0, 1 / _PER_OCTAVE))
    x = np.concatenate([-sizes[::-1], sizes])
    x = x[(np.abs(x) < _SINGLE.max) & (x > f.definition.domain[0]) & (x < f.definition.domain[1])]
    with np.errstate(all="ignore"):
        wanted = np.isfinite(f(x).astype(np.float32)) & np.isfinite(f.grad(x).astype(np.float32))
        bad = x[wanted & ~_is_finite(tree, f, x.astype(np.float32))]
    near = float(np.abs(bad[np.abs(bad) < 1]).max(initial=0.0))
    left, right = -bad[bad < -1], bad[bad > 1]
    limits = -_below(left), _below(right)
    return SingleRange(*limits, near, _slopes(f, limits))


def _below(bad: NDArray[np.float64]) -> float:
    """Return a round number below the smallest at which code fails; inf where it does not fail."""
    if not bad.size:
        return math.inf
    below = float(bad.min()) * 2.0 ** (-1 / _PER_OCTAVE)
    return math.floor(below) if below < _WHOLE else float(10.0 ** math.floor(math.log10(below)))


def _is_finite(tree: Node, f: Activation, x: Single) -> NDArray[np.bool_]:
    value, slope = _Dual(x, f.parameters).of(tree)
    finite: NDArray[np.bool_] = np.isfinite(value) & np.isfinite(0.0 if slope is None else slope)
    return np.broadcast_to(finite, x.shape)


class _Dual:
    """Values and slopes in float32 as automatic differentiation computes them: 0·inf is NaN."""

    __slots__ = ("parameters", "slope", "x")

    def __init__(self, x: Single, parameters: Mapping[str, float], slope: Any = _STEEP) -> None:
        self.x, self.parameters, self.slope = x, parameters, slope

    def of(self, node: Node) -> Pair:
        """Return value and slope of a tree; the slope of what contains no x is None."""
        match node:
            case Number(value):
                return np.float32(value), None
            case Variable():
                return self.x, self.slope
            case Free(name):
                return np.float32(self.parameters[name]), None
            case Negative(operand):
                value, slope = self.of(operand)
                return -value, None if slope is None else -slope
            case Binary(operator, left, right):
                return _flush(self._binary(operator, self.of(left), self.of(right)))
            case Conditional(condition, then, otherwise):
                where, one, other = self._condition(condition), self.of(then), self.of(otherwise)
                # the branch that is not taken has the gradient 0, and 0·inf is NaN
                taken = np.where(where, _slope(one) + 0 * _slope(other), _slope(other) + 0 * _slope(one))
                return np.where(where, one[0], other[0]), taken
            case Call(name, arguments):
                return _flush(self._call(name, [self.of(argument) for argument in arguments]))
            case Catalogued(_, argument):
                return _flush(self._catalogued(node, self.of(argument)))
            case _:
                return np.float32(self._condition(node)), None

    def _binary(self, operator: str, left: Pair, right: Pair) -> Pair:
        (a, da), (b, db) = left, right
        slopes: list[Any] = []
        match operator:
            case "+" | "-":
                value = a + b if operator == "+" else a - b
                slopes = [da, None if db is None else db if operator == "+" else -db]
            case "*":
                value = a * b
                slopes = [_times(da, b), _times(db, a)]
            case "/":
                value = a / b
                slopes = [_times(da, 1 / b), _times(db, -(a / b) / b)]
            case "^":
                value = a**b
                slopes = [_times(da, b * a ** (b - 1)), _times(db, value * np.log(a))]
            case _:
                value = a % b
                slopes = [da]
        known = [one for one in slopes if one is not None]
        return value, sum(known[1:], known[0]) if known else None

    def _call(self, name: str, pairs: list[Pair]) -> Pair:
        values = [value for value, _ in pairs]
        result = np.asarray(BY_NAME[name].compute(*(np.atleast_1d(value) for value in values)), np.float32)
        if all(slope is None for _, slope in pairs):
            return result, None
        if name in {"min", "max", "clip"}:
            slope = np.zeros_like(result)
            for value, own in (pair for pair in pairs if pair[1] is not None):
                slope = np.where(result == value, own, slope)
            return result, slope
        if name == "logaddexp":
            shares = [
                np.exp(value - result) * _slope(pair) for value, pair in zip(values, pairs, strict=True)
            ]
            return result, shares[0] + shares[1]
        inner = _Dual(np.asarray(values[0], np.float32), {}, None).of(rule_of(name))[0]
        return result, _times(pairs[0][1], inner)

    def _catalogued(self, node: Catalogued, pair: Pair) -> Pair:
        values = {name: float(np.ravel(self.of(value)[0])[0]) for name, value in all_parameters(node).items()}
        f = replace(activation(node.definition.name), parameters=values)
        u = np.atleast_1d(np.asarray(pair[0], np.float32))
        slope = None if pair[1] is None else _times(pair[1], f.grad(u))
        return f(u), slope

    def _condition(self, node: Node) -> Any:
        match node:
            case Compare(operator, left, right):
                return CONDITIONS[operator](self.of(left)[0], self.of(right)[0])
            case Logic(operator, left, right):
                return CONDITIONS[operator](self._condition(left), self._condition(right))
            case Not(operand):
                return np.logical_not(self._condition(operand))
            case Call("isnan", (operand,)):
                return np.isnan(self.of(operand)[0])
            case _:
                return np.not_equal(self.of(node)[0], 0)


def _flush(pair: Pair) -> Pair:
    """Return a value without numbers below the normal ones, which JAX rounds to 0."""
    value, slope = pair
    return np.where(np.abs(value) < _SINGLE.tiny, np.float32(0), value), slope


def _slope(pair: Pair) -> Any:
    return np.float32(0) if pair[1] is None else pair[1]


def _times(slope: Any, factor: Any) -> Any:
    return None if slope is None else np.asarray(slope * factor, np.float32)


def _slopes(f: Activation, limits: tuple[float, float]) -> tuple[float, float] | None:
    """Return the slopes of the lines that f is beyond the limits; None where it is no line."""
    slopes = []
    for limit, side in zip(limits, (-1.0, 1.0), strict=True):
        if math.isinf(limit):
            slopes.append(0.0)
            continue
        far = side * np.geomspace(abs(limit), float(_SINGLE.max), 129)
        slope = float(f.grad(far[-1:])[0])
        line = float(f(limit)) + slope * (far - limit)
        straight = np.abs(f(far) - line) <= _STRAIGHT * np.maximum(1.0, np.abs(far))
        straight &= np.abs(f.grad(far) - slope) <= _STEADY * max(1.0, abs(slope))
        if not straight.all() or abs(limit) < _LEAST:
            return None
        slopes.append(float(np.float32(slope)) + 0.0)
    return slopes[0], slopes[1]
