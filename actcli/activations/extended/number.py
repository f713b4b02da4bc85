"""Numbers of 106 bits with an unbounded exponent that know how far off they may be.

A number stands for (h + l)·2**k ± e·2**k, elementwise over arrays of one shape; 0.5 <= |h| < 1, or h = 0. Products
never overflow or underflow, so 0·inf does not arise where factors only look infinite in float64. The bound e follows
every operation: where digits cancel it grows beside what is left, and `trusted` says where enough of them remain.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activations.definition import Array
from actcli.activations.extended import arithmetic
from actcli.activations.families.exact import Sum

ROUNDING = 2.0**-102
"""The relative error of one of the four operations, with some room."""
ENOUGH = 2.0**-54
"""A relative error up to here leaves float64's 53 bits right but for the rounding itself."""
_NOTHING = -(2.0**60)
_SMALLEST = -1080.0
_NO_ROOM = 2.0**-80


@dataclass(frozen=True)
class Extended:
    """An array of numbers (h + l)·2**k, each within e·2**k."""

    h: Array
    l: Array  # noqa: E741 - h and l are what the literature calls them
    k: Array
    e: Array

    __array_ufunc__ = None  # an array times a number of ours asks us

    def __add__(self, other: "Extended | float") -> "Extended":
        other = extended(other)
        top = np.maximum(self.k, other.k)
        a, b = _shifted(self, top), _shifted(other, top)
        total = arithmetic.add(Sum(a.h, a.l), Sum(b.h, b.l))
        return _normalised(total, top, a.e + b.e + ROUNDING * np.abs(total.h))

    def __neg__(self) -> "Extended":
        return Extended(-self.h, -self.l, self.k, self.e)

    def __sub__(self, other: "Extended | float") -> "Extended":
        return self + -extended(other)

    def __rsub__(self, other: float) -> "Extended":
        return extended(other) - self

    def __mul__(self, other: "Extended | float") -> "Extended":
        other = extended(other)
        product = arithmetic.multiply(Sum(self.h, self.l), Sum(other.h, other.l))
        error = np.abs(self.h) * other.e + np.abs(other.h) * self.e + self.e * other.e
        return _normalised(product, self.k + other.k, error + ROUNDING * np.abs(product.h))

    def __truediv__(self, other: "Extended | float") -> "Extended":
        other = extended(other)
        ratio = arithmetic.divide(Sum(self.h, self.l), Sum(other.h, other.l))
        room = np.abs(other.h) - other.e
        error = np.where(room > 0, (self.e + np.abs(ratio.h) * other.e) / room, np.inf)
        return _normalised(ratio, self.k - other.k, error + ROUNDING * np.abs(ratio.h))

    __radd__ = __add__
    __rmul__ = __mul__

    def __rtruediv__(self, other: float) -> "Extended":
        return extended(other) / self

    def within(self, error: Array | float) -> "Extended":
        """Return the same numbers with `error`, relative to each, added to their bound."""
        return Extended(self.h, self.l, self.k, self.e + error * np.abs(self.h))

    @property
    def sum(self) -> Sum:
        """The numbers as h + l; inf or 0 beyond float64's range."""
        return Sum(_power_of_two(self.h, self.k), _power_of_two(self.l, self.k))

    @property
    def error(self) -> Array:
        """The bound of the error, absolute."""
        return _power_of_two(self.e, self.k)

    @property
    def rounded(self) -> Array:
        """The nearest float64."""
        return _power_of_two(self.h + self.l, self.k)

    @property
    def is_zero(self) -> NDArray[np.bool_]:
        """Where the number is not told apart from 0."""
        zero: NDArray[np.bool_] = np.abs(self.h) <= self.e
        return zero

    @property
    def is_exact(self) -> NDArray[np.bool_]:
        """Where the number has no error."""
        exact: NDArray[np.bool_] = np.equal(self.e, 0)
        return exact

    @property
    def vanishes(self) -> bool:
        """Whether every number is 0: all of its digits, and little room for another."""
        return bool(np.all((self.h == 0) & (self.error < _NO_ROOM)))

    @property
    def sign(self) -> Array:
        """The sign of h."""
        sign: Array = np.sign(self.h)
        return sign

    def floor(self) -> "tuple[Extended, Extended]":
        """Return the largest whole number below, and the distance to the nearest whole number."""
        whole = np.floor(self.rounded)
        whole = np.where((self - whole).h < 0, whole - 1.0, whole)
        return extended(whole), self - np.rint(self.rounded)

    def trusted(self, enough: float = ENOUGH) -> NDArray[np.bool_]:
        """Where 53 bits are right, or the number is too small for float64 whatever the error."""
        right: NDArray[np.bool_] = self.e <= enough * np.abs(self.h)
        with np.errstate(all="ignore"):
            right |= np.log2(np.abs(self.h) + self.e) + self.k < _SMALLEST
        return right


def extended(number: "Extended | Sum | Array | float") -> Extended:
    """Return float64 numbers, or sums h + l, as extended ones, exactly.

    ±inf is larger than any other, by no certain amount; NaN has an infinite error.
    """
    if isinstance(number, Extended):
        return number
    total = arithmetic.as_sum(number)
    endless = np.isinf(total.h)
    if endless.any():
        finite = extended(np.where(endless, np.nan, total.h))
        return select(
            endless,
            Extended(
                0.75 * np.sign(total.h), 0.0 * finite.h, -_NOTHING + 0.0 * finite.h, 0.25 + 0.0 * finite.h
            ),
            finite,
        )
    low = np.broadcast_to(np.asarray(total.l, np.float64), total.h.shape)
    none = np.zeros_like(total.h)
    return _normalised(Sum(total.h, low), none, none)


def select(condition: Any, then: Extended, otherwise: Extended) -> Extended:
    """Return `then` where the condition holds, `otherwise` elsewhere."""
    return Extended(
        np.where(condition, then.h, otherwise.h),
        np.where(condition, then.l, otherwise.l),
        np.where(condition, then.k, otherwise.k),
        np.where(condition, then.e, otherwise.e),
    )


def power_of_two(number: Extended, exponent: Any) -> Extended:
    """Return number · 2**exponent, exactly."""
    return Extended(number.h, number.l, np.where(number.h == 0, number.k, number.k + exponent), number.e)


def _normalised(total: Sum, k: Array, error: Array) -> Extended:
    """Return total·2**k ± error·2**k with h between 0.5 and 1; a lost number has an infinite error."""
    mantissa, shift = np.frexp(total.h)
    lost = ~np.isfinite(total.h)
    down = -shift
    return Extended(
        np.where(lost, 0.0, mantissa),
        np.where(lost, 0.0, np.ldexp(total.l, down)),
        np.where(total.h == 0, np.where(error > 0, k, _NOTHING), k + shift),
        np.where(lost | np.isnan(error), np.inf, np.ldexp(error, np.where(total.h == 0, 0, down))),
    )


def _shifted(number: Extended, top: Array) -> Extended:
    """Return the number at the exponent `top`, which is not below its own."""
    down = np.maximum(number.k - top, -1100.0).astype(np.int64)
    return Extended(
        np.ldexp(number.h, down), np.ldexp(number.l, down), top, np.ldexp(number.e, np.maximum(down, -900))
    )


def _power_of_two(number: Array, k: Array) -> Array:
    """Return number·2**k, rounded once."""
    exponent = np.clip(k, -2200.0, 2200.0).astype(np.int64)
    return np.ldexp(number, exponent)
