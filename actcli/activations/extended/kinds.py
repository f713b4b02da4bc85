"""The kinds of numbers on which a program can run with the bound of its error: quick ones, 106 bits, and balls."""

import math
from typing import Any, Protocol

import numpy as np

from actcli.activations.extended import ball_functions, bounded_functions, elementary, functions
from actcli.activations.extended import bounded as quick
from actcli.activations.extended.ball import Ball, ball, unknown
from actcli.activations.extended.bounded import Bounded, bounded
from actcli.activations.extended.number import Extended, extended, select
from actcli.activations.families.exact import Sum

_BEYOND = 2**41
"""As in `functions`: of a power of two from there on only the size is kept."""


class NumberKind(Protocol):
    """One kind of numbers: how they are made and chosen, and the module of their elementary functions.

    The numbers themselves have `+ - * /` and the properties `sign`, `is_zero`, `is_exact`, `vanishes`, `rounded`, and
    `floor()`.
    """

    @property
    def functions(self) -> Any:
        """The module of the elementary functions."""

    def exact(self, number: Any) -> Any:
        """Return a float64 as a number; a number stays what it is."""

    def real(self, value: float) -> Any:
        """Return a constant: π and e where it is their float64."""

    def erf_slope(self) -> Any:
        """Return 2/√π."""

    def choose(self, condition: Any, then: Any, otherwise: Any) -> Any:
        """Return `then` where the condition holds, `otherwise` elsewhere."""

    def unknown(self) -> Any:
        """Return a number of which nothing is known."""


class QuickArrays:
    """Arrays of sums h + l, elementwise, with the functions of the exact kernels."""

    functions = bounded_functions

    def exact(self, number: Any) -> Bounded:
        """Return a float64 as a number; a number stays what it is."""
        return bounded(number)

    def real(self, value: float) -> Bounded:
        """Return a constant."""
        return bounded(value)

    def erf_slope(self) -> Bounded:
        """Return 2/√π."""
        return bounded_functions.erf_slope_at_0()

    def choose(self, condition: Any, then: Any, otherwise: Any) -> Bounded:
        """Return `then` where the condition holds, `otherwise` elsewhere."""
        return quick.choose(condition, bounded(then), bounded(otherwise))

    def unknown(self) -> Bounded:
        """Return a number of which nothing is known."""
        return Bounded(np.asarray(0.0), 0.0, 0, np.inf)


class ArraysOf106Bits:
    """Arrays of one shape, elementwise."""

    functions = functions
    _REAL: dict[float, Any] = {math.pi: elementary.PI, math.e: elementary.E}  # noqa: RUF012 - a constant

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._shape = shape

    def exact(self, number: Any) -> Extended:
        """Return a float64 as a number; a number stays what it is."""
        return extended(number)

    def real(self, value: float) -> Extended:
        """Return a constant: π and e where it is their float64."""
        return extended(self._REAL.get(value, value))

    def erf_slope(self) -> Extended:
        """Return 2/√π."""
        return extended(elementary.TWO_OVER_ROOT_PI)

    def choose(self, condition: Any, then: Any, otherwise: Any) -> Extended:
        """Return `then` where the condition holds, `otherwise` elsewhere."""
        return select(condition, extended(then), extended(otherwise))

    def unknown(self) -> Extended:
        """Return numbers of which nothing is known."""
        nothing = np.zeros(self._shape)
        return Extended(nothing, nothing, nothing, np.full(self._shape, np.inf))


class Balls:
    """Single numbers of `bits` bits."""

    functions = ball_functions

    def __init__(self, bits: int) -> None:
        self._bits = bits

    def exact(self, number: Any) -> Ball:
        """Return a float64 as a number; a number stays what it is."""
        return number if isinstance(number, Ball) else ball(float(number), self._bits)

    def real(self, value: float) -> Ball:
        """Return a constant: π and e where it is their float64."""
        if value == math.pi:
            return ball_functions.pi(self._bits)
        return ball_functions.exp(self.exact(1.0)) if value == math.e else self.exact(value)

    def erf_slope(self) -> Ball:
        """Return 2/√π."""
        return 2.0 / ball_functions.sqrt(ball_functions.pi(self._bits))

    def choose(self, condition: Any, then: Any, otherwise: Any) -> Ball:
        """Return `then` where the condition holds, `otherwise` elsewhere."""
        return self.exact(then if condition else otherwise)

    def unknown(self) -> Ball:
        """Return a number of which nothing is known."""
        return unknown(self._bits)


def as_extended(number: Ball) -> Extended:
    """Return a ball as a number of 106 bits; of one beyond 2**±2**41 only that it is so large or small."""
    if abs(number.top) > _BEYOND and not number.is_exact_zero:
        small, none = number.top < 0 <= number.r, np.asarray(0.0)
        return Extended(none, none, none - _BEYOND, none + (1.0 if small else np.inf))
    shift = max(0, number.m.bit_length() - 120)
    m, r, k = number.m >> shift, (number.r >> shift) + (shift > 0), number.k + shift
    h = float(m)
    rest = m - int(h)
    total = extended(Sum(np.asarray(h), float(rest)))
    error = (float(r) if r.bit_length() < 1000 else math.inf) + abs(rest) * 2.0**-50
    down = np.clip(-total.k, -2000, 2000).astype(np.int64)
    return Extended(
        total.h,
        total.l,
        np.where(total.h == 0, float(k), total.k + k),
        np.where(total.h == 0, error, np.ldexp(error, down)),
    )
