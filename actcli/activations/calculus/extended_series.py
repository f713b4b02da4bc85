"""A formula's value and derivatives to 106 bits or more, each with the bound of its error.

A program's instructions run on Taylor series whose coefficients know their error. Constants are real numbers: π,
log(2), 1/3; only the point at which a branch ends is the float64 one, so that it stays where float64 has it. A
catalogued function is computed by its expression: nothing in here leans on a float64 kernel.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activations.calculus.extended_rules import apply_function
from actcli.activations.calculus.taylor import (
    Jet,
    add,
    coefficient,
    divide,
    multiply,
    negate,
    subtract,
)
from actcli.activations.definition import Array
from actcli.activations.extended.ball import Ball
from actcli.activations.extended.kinds import ArraysOf106Bits, Balls, NumberKind
from actcli.activations.extended.number import extended
from actcli.activations.formula.formula import read_expression
from actcli.activations.formula.program import Instruction, Program

_MOST_PRODUCTS = 64
BITS_AT_A_POINT = 1440
"""Enough to tell 0 from the smallest float64."""


@dataclass
class Run:
    """One evaluation of programs on series.

    Attributes:
        numbers: the kind of the coefficients.
        order: the highest coefficient that is computed.
        at_a_point: there is one x, and a quotient 0/0 there takes the next coefficients.
        unsure: where a condition was not certain, or where a branch ends and a derivative was asked for.
        ended: where a branch certainly ends and a derivative was asked for: more digits decide nothing.

    """

    numbers: NumberKind
    order: int
    at_a_point: bool = False
    unsure: Any = np.False_
    ended: Any = np.False_

    def program(self, program: Program, x: Jet, parameters: Mapping[str, Jet]) -> Jet:
        """Return the series of a program."""
        steps = program.instructions
        results: list[Any] = []
        for step in steps:
            match step.operation:
                case "x":
                    results.append(parameters[step.name] if step.name else x)
                case "number":
                    results.append([self.numbers.real(step.value)])
                case "parameter":
                    results.append(parameters[step.name])
                case _:
                    taken = [results[i] for i in step.inputs]
                    ends = taken
                    if step.operation in _ENDS_BRANCHES:
                        ends = [
                            u if steps[i].varies else self._as_float64(u)
                            for i, u in zip(step.inputs, taken, strict=True)
                        ]
                    results.append(self._step(step, taken, ends))
        return list(results[-1])

    def _step(self, step: Instruction, taken: list[Any], ends: list[Any]) -> Any:
        """Return the result of a step on `taken`; branches end where `ends` are equal."""
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
                return self._selected(*taken)
            case "as number":
                return [self.numbers.exact(np.where(taken[0], 1.0, 0.0))]
            case "<" | "<=" | ">" | ">=" | "==" | "!=":
                return self._compared(step.operation, *ends)
        if step.definition is not None:
            inner = dict(zip(step.parameters, taken[1:], strict=True))
            return self.program(read_expression(step.definition).unfolded_literal, taken[0], inner)
        return self._function(step.operation, taken, ends)

    def _function(self, name: str, taken: list[Jet], ends: list[Jet]) -> Jet:
        u = taken[0]
        match name:
            case "abs":
                return self._selected(self._sign(u) < 0, negate(u), u)
            case "sign":
                return [self.numbers.exact(self._sign(u))]
            case "floor":
                return self._floor(u)
            case "min" | "max" if taken[0] is taken[1]:
                return u
            case "min":
                return self._selected(self._compared("<", *ends), *taken)
            case "max":
                return self._selected(self._compared(">", *ends), *taken)
            case "clip":
                above = self._compared(">", u, ends[1])
                raised, end = self._selected(above, u, taken[1]), self._selected(above, u, ends[1])
                return self._selected(self._compared("<", end, ends[2]), raised, taken[2])
            case "logaddexp":
                high = subtract(*taken)[0].sign > 0
                first, second = self._selected(high, *taken), self._selected(high, taken[1], taken[0])
                return add(first, self._smooth("log1p", self._smooth("exp", subtract(second, first))))
            case "plain":
                return u
        return self._smooth(name, u)

    def _smooth(self, name: str, u: Jet) -> Jet:
        return apply_function(name, self.numbers, u, self.order)

    def _selected(self, condition: Any, then: Jet, otherwise: Jet) -> Jet:
        longest = max(len(then), len(otherwise))
        return [
            self.numbers.choose(condition, coefficient(then, k), coefficient(otherwise, k))
            for k in range(longest)
        ]

    def _sign(self, u: Jet) -> Any:
        """Return the sign, which is unsure near 0, and at 0 where u moves and a derivative is asked for."""
        first = u[0]
        if self.order:
            exact = [self.numbers.exact(c) for c in u]
            moves = np.logical_not(reduce(and_, (c.is_zero & c.is_exact for c in exact)))
            self.ended = self.ended | (first.is_zero & first.is_exact & moves)
        else:
            moves = np.logical_not(first.is_exact)
        self.unsure = self.unsure | (first.is_zero & moves)
        return first.sign

    def _compared(self, operator: str, a: Jet, b: Jet) -> NDArray[np.bool_]:
        result: NDArray[np.bool_] = _COMPARISONS[operator](self._sign(subtract(a, b)), 0)
        return result

    def _as_float64(self, u: Jet) -> Jet:
        """Return a constant as the float64 number that it is elsewhere."""
        return u if len(u) > 1 else [self.numbers.exact(u[0].rounded)]

    def _floor(self, u: Jet) -> Jet:
        whole, nearest = u[0].floor()
        self._sign([nearest, *u[1:]])
        return [whole]

    def _quotient(self, a: Jet, b: Jet) -> Jet:
        """Return a/b; at a point, leading zeros of both cancel, and what they hide is unknown."""
        lost = 0
        while self.at_a_point and b and b[0].vanishes and self.numbers.exact(coefficient(a, 0)).vanishes:
            a, b, lost = a[1:] or [self.numbers.exact(0.0)], b[1:], lost + 1
        if not b:
            return [self.numbers.unknown()]
        c = divide(a, b, self.order)
        if lost:
            known = [self.numbers.exact(coefficient(c, k)) for k in range(self.order + 1 - lost)]
            c = known + [self.numbers.unknown()] * lost
        return c

    def _power(self, base: Jet, exponent: Jet) -> Jet:
        whole = _whole(exponent)
        if whole is not None and abs(whole) <= _MOST_PRODUCTS:
            result: Jet = [self.numbers.exact(1.0)]
            for bit in f"{abs(whole):b}":
                result = multiply(result, result, self.order)
                if bit == "1":
                    result = multiply(result, base, self.order)
            return self._quotient([self.numbers.exact(1.0)], result) if whole < 0 else result
        return self._smooth("exp", multiply(exponent, self._smooth("log", base), self.order))


def coefficients(
    program: Program, order: int, x: Array, parameters: Mapping[str, float | Array], wrt: str = "x"
) -> tuple[Jet, NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the Taylor coefficients 0 to `order` of a program at numbers x, where `Run.unsure` and where `Run.ended`.

    x of any shape; the second input of a pair is among the parameters, of that shape. The coefficients are extended
    numbers; those beyond the list are 0.
    """
    run = Run(ArraysOf106Bits(x.shape), order)
    first: Jet = [extended(x), extended(np.ones_like(x))][: 2 if wrt == "x" and order else 1]
    found = run.program(program, first, _series(run, parameters, wrt))
    return (
        found,
        np.array(np.broadcast_to(run.unsure, x.shape)),
        np.array(np.broadcast_to(run.ended, x.shape)),
    )


def ball_at(
    program: Program, order: int, x: float, parameters: Mapping[str, float], wrt: str, bits: int
) -> Ball:
    """Return one Taylor coefficient at one number, computed with so many bits; not known at the end of a branch."""
    run = Run(Balls(bits), order)
    first = [run.numbers.exact(x), run.numbers.exact(1.0)][: 2 if wrt == "x" and order else 1]
    found = run.program(program, first, _series(run, parameters, wrt))
    result: Ball = run.numbers.unknown() if run.unsure else run.numbers.exact(coefficient(found, order))
    return result


def coefficients_at(
    program: Program, order: int, x: float, parameters: Mapping[str, float]
) -> list[Ball] | None:
    """Return the Taylor coefficients at one point, also where quotients are 0/0; None at the end of a branch."""
    run = Run(Balls(BITS_AT_A_POINT), order, at_a_point=True)
    exact = run.numbers.exact
    found = run.program(program, [exact(x), exact(1.0)], _series(run, parameters, "x"))
    if run.unsure:
        return None
    return [exact(coefficient(found, k)) for k in range(order + 1)]


def _series(run: Run, parameters: Mapping[str, Any], wrt: str) -> dict[str, Jet]:
    """Return the parameters as series; that of `wrt` moves."""
    exact = run.numbers.exact
    return {
        name: [exact(value), exact(1.0)] if name == wrt and run.order else [exact(value)]
        for name, value in parameters.items()
    }


def _whole(exponent: Jet) -> int | None:
    """Return an exponent that is one whole number, else None."""
    number = exponent[0]
    if len(exponent) > 1 or np.ndim(number.rounded) or not number.is_exact:
        return None
    value = float(number.rounded)
    return int(value) if value.is_integer() else None


_COMPARISONS: dict[str, Callable[..., Any]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}
_ENDS_BRANCHES = {*_COMPARISONS, "min", "max", "clip"}
