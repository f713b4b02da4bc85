"""A formula's value and derivatives to 106 bits, each with the bound of its error.

A program's instructions run on Taylor series whose coefficients are extended numbers. Constants are real numbers: π,
log(2), 1/3; only the point at which a branch ends is the float64 one, so that it stays where float64 has it. A
catalogued function is computed by its expression: nothing in here leans on a float64 kernel.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activations.calculus.taylor import (
    Jet,
    add,
    chain,
    coefficient,
    divide,
    multiply,
    negate,
    solve,
    subtract,
)
from actcli.activations.definition import Array
from actcli.activations.extended import elementary, functions
from actcli.activations.extended.number import Extended, extended, select
from actcli.activations.formula.formula import read_expression
from actcli.activations.formula.program import Instruction, Program

_MOST_PRODUCTS = 64
_NO_ROOM = 2.0**-80
_REAL = {math.pi: elementary.PI, math.e: elementary.E}


@dataclass
class Run:
    """One evaluation of programs on series.

    Attributes:
        order: the highest coefficient that is computed.
        at_a_point: there is one x, and a quotient 0/0 there takes the next coefficients.
        unsure: where a condition was not certain, or where a branch ends and a derivative was asked for.

    """

    order: int
    shape: tuple[int, ...]
    at_a_point: bool = False
    unsure: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        self.unsure = np.zeros(self.shape, np.bool_)

    def program(self, program: Program, x: Jet, parameters: Mapping[str, Jet]) -> Jet:
        """Return the series of a program."""
        results: list[Any] = []
        for step in program.instructions:
            match step.operation:
                case "x":
                    results.append(x)
                case "number":
                    results.append([extended(_REAL.get(step.value, step.value))])
                case "parameter":
                    results.append(parameters[step.name])
                case _:
                    results.append(self._step(step, [results[i] for i in step.inputs]))
        return list(results[-1])

    def _step(self, step: Instruction, taken: list[Any]) -> Any:
        match step.operation:
            case "negative":
                return negate(taken[0])
            case "+":
                return add(*taken)
            case "-":
                return subtract(*taken)
            case "*":
                return multiply(taken[0], taken[1], self.order)
            case "/":
                return self._quotient(*taken)
            case "%":
                whole = self._floor(self._quotient(*taken))
                return subtract(taken[0], multiply(taken[1], whole, self.order))
            case "^":
                return self._power(*taken)
            case "and":
                return taken[0] & taken[1]
            case "or":
                return taken[0] | taken[1]
            case "not":
                return ~taken[0]
            case "where":
                return _selected(*taken)
            case "as number":
                return [extended(np.where(taken[0], 1.0, 0.0))]
            case "<" | "<=" | ">" | ">=" | "==" | "!=":
                return self._compared(step.operation, *taken)
        if step.definition is not None:
            inner = dict(zip(step.parameters, taken[1:], strict=True))
            return self.program(read_expression(step.definition).unfolded_literal, taken[0], inner)
        return self._function(step.operation, taken)

    def _function(self, name: str, taken: list[Jet]) -> Jet:
        u = taken[0]
        match name:
            case "abs":
                sign = self._sign(u[0])
                return _selected(sign < 0, negate(u), u)
            case "sign":
                return [extended(self._sign(u[0]))]
            case "floor":
                return self._floor(u)
            case "min":
                return _selected(self._compared("<", *taken), *taken)
            case "max":
                return _selected(self._compared(">", *taken), *taken)
            case "clip":
                raised = _selected(self._compared(">", u, taken[1]), u, taken[1])
                return _selected(self._compared("<", raised, taken[2]), raised, taken[2])
            case "logaddexp":
                high = subtract(*taken)[0].h > 0
                first, second = _selected(high, *taken), _selected(high, taken[1], taken[0])
                return add(
                    first, _SMOOTH["log1p"](_SMOOTH["exp"](subtract(second, first), self.order), self.order)
                )
            case "plain":
                return u
        return _SMOOTH[name](u, self.order)

    def _sign(self, u: Extended) -> Array:
        """Return the sign, which is unsure near 0, and at 0 where a derivative is asked for."""
        exact = (u.e == 0) & (self.order == 0)
        self.unsure = self.unsure | (u.is_zero & ~exact)
        sign: Array = np.sign(u.h)
        return sign

    def _compared(self, operator: str, a: Jet, b: Jet) -> NDArray[np.bool_]:
        sign = self._sign(subtract(_as_float64(a), _as_float64(b))[0])
        result: NDArray[np.bool_] = _COMPARISONS[operator](sign, 0)
        return result

    def _floor(self, u: Jet) -> Jet:
        whole = np.floor(u[0].rounded)
        below = u[0] - whole
        whole = np.where(below.h < 0, whole - 1.0, whole)
        nearest = u[0] - np.rint(u[0].rounded)
        self._sign(nearest)
        return [extended(whole)]

    def _quotient(self, a: Jet, b: Jet) -> Jet:
        """Return a/b; at a point, leading zeros of both cancel, and what they hide is unknown."""
        lost = 0
        while self.at_a_point and b and _vanishes(b[0]) and _vanishes(extended(coefficient(a, 0))):
            a, b, lost = a[1:] or [extended(0.0)], b[1:], lost + 1
        if not b:
            return [_unknown(self.shape)]
        c = divide(a, b, self.order)
        if lost:
            c = [extended(coefficient(c, k)) for k in range(self.order + 1 - lost)] + [
                _unknown(self.shape)
            ] * lost
        return c

    def _power(self, base: Jet, exponent: Jet) -> Jet:
        whole = _whole(exponent)
        if whole is not None and abs(whole) <= _MOST_PRODUCTS:
            result: Jet = [extended(1.0)]
            for bit in f"{abs(whole):b}":
                result = multiply(result, result, self.order)
                if bit == "1":
                    result = multiply(result, base, self.order)
            return self._quotient([extended(1.0)], result) if whole < 0 else result
        logarithm = _SMOOTH["log"](base, self.order)
        return _SMOOTH["exp"](multiply(exponent, logarithm, self.order), self.order)


def coefficients(
    program: Program, order: int, x: Array, parameters: Mapping[str, float], wrt: str = "x"
) -> tuple[Jet, NDArray[np.bool_]]:
    """Return the Taylor coefficients 0 to `order` of a program at numbers x, and where they may be those of no branch.

    x of any shape. The coefficients are extended numbers; those beyond the list are 0.
    """
    run = Run(order, x.shape)
    here = extended(x)
    first: Jet = [here, extended(np.ones_like(x))] if wrt == "x" and order else [here]
    given: dict[str, Jet] = {
        name: [extended(value), extended(1.0)] if name == wrt and order else [extended(value)]
        for name, value in parameters.items()
    }
    return run.program(program, first, given), run.unsure


def coefficients_at(program: Program, order: int, x: float, parameters: Mapping[str, float]) -> Jet | None:
    """Return the Taylor coefficients at one point, also where quotients are 0/0; None at the end of a branch."""
    run = Run(order, (1,), at_a_point=True)
    first: Jet = [extended(np.array([x])), extended(np.array([1.0]))]
    given: dict[str, Jet] = {name: [extended(value)] for name, value in parameters.items()}
    found = run.program(program, first, given)
    if run.unsure.any():
        return None
    return [_settled(extended(coefficient(found, k))) for k in range(order + 1)]


def _as_float64(u: Jet) -> Jet:
    """Return a constant as the float64 number that it is elsewhere, and everything else as it is."""
    return u if len(u) > 1 or np.ndim(u[0].h) else [extended(u[0].rounded)]


def _vanishes(number: Extended) -> bool:
    """Return whether a number is 0: all of its digits, and little room for another."""
    return bool(np.all((number.h == 0) & (number.error < _NO_ROOM)))


def _settled(number: Extended) -> Extended:
    """Return exactly 0 for a number that vanishes, else the number."""
    return extended(np.zeros_like(number.h)) if _vanishes(number) else number


def _whole(exponent: Jet) -> int | None:
    """Return an exponent that is one whole number, else None."""
    number = exponent[0]
    if len(exponent) > 1 or np.ndim(number.h) or number.e != 0:
        return None
    value = float(number.rounded)
    return int(value) if value.is_integer() else None


def _unknown(shape: tuple[int, ...]) -> Extended:
    return replace(extended(np.zeros(shape)), e=np.full(shape, np.inf), k=np.zeros(shape))


def _selected(condition: Any, then: Jet, otherwise: Jet) -> Jet:
    longest = max(len(then), len(otherwise))
    return [
        select(condition, extended(coefficient(then, k)), extended(coefficient(otherwise, k)))
        for k in range(longest)
    ]


def _count(u: Jet, order: int) -> int:
    """Return how many coefficients a function of u has: one where u is constant."""
    return order + 1 if len(u) > 1 else 1


def _exponential(value: Callable[[Extended], Extended]) -> Callable[[Jet, int], Jet]:
    """E' = e·u', whatever is added to the value."""

    def series(u: Jet, order: int) -> Jet:
        e: Jet = [functions.exp(u[0])]
        for k in range(1, _count(u, order)):
            e.append(chain(u, e, k))
        return [value(u[0]), *e[1:]]

    return series


def _primitive(
    value: Callable[[Extended], Extended], slope: Callable[[Jet, int], Jet]
) -> Callable[[Jet, int], Jet]:
    """F' = slope(u)·u'."""

    def series(u: Jet, order: int) -> Jet:
        if len(u) == 1 or not order:
            return [value(u[0])]
        g = slope(u, order)
        return [value(u[0]), *(chain(u, g, k) for k in range(1, order + 1))]

    return series


def _pair(
    first: Callable[[Extended], Extended], second: Callable[[Extended], Extended], sign: float, pick: int
) -> Any:
    """S' = c·u', c' = sign·s·u': circular and hyperbolic functions."""

    def series(u: Jet, order: int) -> Jet:
        s, c = [first(u[0])], [second(u[0])]
        for k in range(1, _count(u, order)):
            s.append(chain(u, c, k))
            c.append(chain(u, s[:k], k) * sign)
        return (s, c)[pick]

    return series


def _root(value: Callable[[Extended], Extended], exponent: float) -> Callable[[Jet, int], Jet]:
    """P·u' · exponent = p'·u, as a recurrence of the coefficients."""

    def series(u: Jet, order: int) -> Jet:
        p: Jet = [value(u[0])]
        for k in range(1, _count(u, order)):
            total: Any = 0.0
            for j in range(1, min(k, len(u) - 1) + 1):
                total = total + u[j] * p[k - j] * (j - (k - j) / exponent)
            p.append(total * exponent / (u[0] * k))
        return p

    return series


def _tanh(u: Jet, order: int) -> Jet:
    """T' = w, w' = -2·t·w."""
    bend = lambda t, w: multiply([p * -2.0 for p in t], w, len(w) - 1)  # noqa: E731
    return solve(functions.tanh(u[0]), functions.sech_squared(u[0]), bend, u, order)[0]


def _tan(u: Jet, order: int) -> Jet:
    return divide(_SMOOTH["sin"](u, order), _SMOOTH["cos"](u, order), order)


def _inverse(u: Jet, order: int) -> Jet:
    return divide([extended(1.0)], u, order)


def _of_one_plus(u: Jet) -> Jet:
    return add(u, [extended(1.0)])


def _bell(factor: Extended, scale: float) -> Callable[[Jet, int], Jet]:
    """Factor·e**(-scale·u²)."""

    def series(u: Jet, order: int) -> Jet:
        inner = [p * -scale for p in multiply(u, u, order)]
        return [p * factor for p in _SMOOTH["exp"](inner, order)]

    return series


_ERF_SLOPE = extended(elementary.TWO_OVER_ROOT_PI)
_SMOOTH: dict[str, Callable[[Jet, int], Jet]] = {
    "exp": _exponential(functions.exp),
    "expm1": _exponential(functions.expm1),
    "log": _primitive(functions.log, _inverse),
    "log1p": _primitive(functions.log1p, lambda u, order: _inverse(_of_one_plus(u), order)),
    "sqrt": _root(functions.sqrt, 0.5),
    "cbrt": _root(functions.cbrt, 1 / 3),
    "sin": _pair(functions.sin, functions.cos, -1.0, 0),
    "cos": _pair(functions.sin, functions.cos, -1.0, 1),
    "tan": _tan,
    "sinh": _pair(functions.sinh, functions.cosh, 1.0, 0),
    "cosh": _pair(functions.sinh, functions.cosh, 1.0, 1),
    "tanh": _tanh,
    "arctan": _primitive(
        functions.arctan, lambda u, order: _inverse(_of_one_plus(multiply(u, u, order)), order)
    ),
    "erf": _primitive(functions.erf, _bell(_ERF_SLOPE, 1.0)),
    "erfc": _primitive(functions.erfc, _bell(-_ERF_SLOPE, 1.0)),
    "normcdf": _primitive(
        functions.normal_cdf, _bell(_ERF_SLOPE * extended(elementary.ROOT_HALF) * 0.5, 0.5)
    ),
}
_COMPARISONS: dict[str, Callable[..., Any]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}
