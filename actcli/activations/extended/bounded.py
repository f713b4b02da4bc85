"""Quick numbers h + l that know how far off they may be, for the exact kernels of functions made of other functions.

A number stands for (h + l)·2**m ± e·2**m, elementwise over arrays of one shape; |l| is at most half a unit in the last
place of h. They are the numbers of `extended`, made of the exact kernels: products lose 2**-101, functions 2**-59, in
a twentieth of the time. The exponent m is apart so that nothing over- or underflows; it is 0 until a number is very
large or small. Only + − · / √ and whole numbers are used: the bits are the same on every processor.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activations.definition import Array
from actcli.activations.exact import sums
from actcli.activations.exact.sums import Scaled, rounded, two_product, two_sum, two_to
from actcli.activations.families.exact import Sum

ROUNDING = 2.0**-100
"""The relative error of one of the four operations, with some room."""
_LARGE, _SMALL = 2.0**200, 2.0**-200
_NOTHING = -(2**60)
"""The exponent of 0."""
_VANISHED = -1080.0


@dataclass(frozen=True, slots=True)
class Bounded:
    """An array of numbers (h + l)·2**m, each within e·2**m."""

    h: Any
    l: Any  # noqa: E741 - h and l are what the literature calls them
    m: Any = 0
    e: Any = 0.0

    __array_ufunc__ = None  # an array times a number of ours asks us

    def __add__(self, other: "Bounded | float") -> "Bounded":
        other = bounded(other)
        a, b, m = _align(self, other)
        h, low = two_sum(a.h, b.h)
        low = low + a.l + b.l
        error = ROUNDING * (np.abs(a.h) + np.abs(b.h)) + (a.e + b.e)
        return _fit(h, low, m, error)

    def __neg__(self) -> "Bounded":
        return Bounded(-self.h, -self.l, self.m, self.e)

    def __sub__(self, other: "Bounded | float") -> "Bounded":
        return self + -other

    def __rsub__(self, other: float) -> "Bounded":
        return -self + other

    def __mul__(self, other: "Bounded | float") -> "Bounded":
        if not isinstance(other, Bounded) and np.ndim(other) == 0:
            size = math.frexp(abs(float(other)))
            if size[0] == 0.5 and abs(size[1]) < 100:  # a power of two
                return Bounded(self.h * other, self.l * other, self.m, self.e * abs(other))
        other = bounded(other)
        h, low = two_product(self.h, other.h)
        if not _is_zero(other.l):
            low = low + self.h * other.l
        if not _is_zero(self.l):
            low = low + self.l * other.h
        error = ROUNDING * np.abs(h)
        if not _is_zero(other.e):
            error = error + np.abs(self.h) * other.e + self.e * other.e
        if not _is_zero(self.e):
            error = error + np.abs(other.h) * self.e
        return _fit(h, low, self.m + other.m, error)

    def __truediv__(self, other: "Bounded | float") -> "Bounded":
        other = bounded(other)
        q = sums.divide(Sum(self.h, self.l), Sum(other.h, other.l))
        error = ROUNDING * np.abs(q.h)
        room = np.abs(other.h) - other.e
        error = error + np.where(room > 0, (self.e + np.abs(q.h) * other.e) / room, np.inf)
        return _fit(q.h, q.l, self.m - other.m, error)

    __radd__ = __add__
    __rmul__ = __mul__

    def __rtruediv__(self, other: float) -> "Bounded":
        return bounded(other) / self

    def within(self, error: Array | float) -> "Bounded":
        """Return the same numbers with `error`, relative to each, added to their bound."""
        return Bounded(self.h, self.l, self.m, self.e + error * np.abs(self.h))

    @property
    def scaled(self) -> Scaled:
        """The numbers without their bound."""
        return Scaled(self.h, self.l, self.m)

    @property
    def sum(self) -> Sum:
        """The numbers as h + l; 0 or ±2**800 and more beyond float64's range."""
        if isinstance(self.m, int) and self.m == 0:
            return Sum(self.h, self.l)
        power = two_to(np.clip(self.m, -1023, 800))
        return Sum(self.h * power, self.l * power)

    @property
    def error(self) -> Any:
        """The bound of the error, absolute."""
        return (
            self.e
            if isinstance(self.m, int) and self.m == 0
            else self.e * two_to(np.clip(self.m, -1000, 800))
        )

    @property
    def rounded(self) -> Array:
        """The nearest float64."""
        return rounded(Sum(self.h, self.l), self.m)

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
    def sign(self) -> Array:
        """The sign of h."""
        sign: Array = np.sign(self.h)
        return sign

    def trusted(self, relative: float) -> NDArray[np.bool_]:
        """Where the error is so small, or the number too small for float64 whatever the error."""
        right: NDArray[np.bool_] = self.e <= relative * np.abs(self.h)
        if not right.all():
            size = np.log2(np.abs(self.h) + self.e) + self.m
            right = right | (size < _VANISHED) | (np.log2(self.e) + self.m < _VANISHED)
        return right


def bounded(number: "Bounded | Array | float") -> Bounded:
    """Return float64 numbers as bounded ones, exactly."""
    if isinstance(number, Bounded):
        return number
    if np.ndim(number) == 0 and np.isinf(number):  # a parameter that is switched off
        return Bounded(np.asarray(math.copysign(0.75, number)), 0.0, -_NOTHING, 0.25)
    return _fit(np.asarray(number, np.float64), 0.0, 0, 0.0)


def choose(condition: Any, then: Bounded, otherwise: Bounded) -> Bounded:
    """Return `then` where the condition holds, `otherwise` elsewhere."""

    def pick(a: Any, b: Any) -> Any:
        return a if a is b or (np.ndim(a) == np.ndim(b) == 0 and a == b) else np.where(condition, a, b)

    m = pick(then.m, otherwise.m)
    return Bounded(
        np.where(condition, then.h, otherwise.h),
        pick(then.l, otherwise.l),
        m if isinstance(m, int) else np.asarray(m, np.int64),
        pick(then.e, otherwise.e),
    )


def _is_zero(part: Any) -> bool:
    return isinstance(part, float) and part == 0.0


def _fit(h: Any, low: Any, m: Any, error: Any) -> Bounded:
    """Return (h + low)·2**m with a small low and an h that can be multiplied again."""
    if not _is_zero(low):
        total = np.asarray(h + low)
        h, low = total, low - (total - h)
    size = np.abs(h)
    if size.max(initial=0.0) < _LARGE and size.min(initial=1.0) > _SMALL:
        return Bounded(h, low, m, error)
    mantissa, k = np.frexp(h)
    k = np.asarray(k, np.int64)
    is_nothing = (h == 0.0) & np.equal(error, 0.0)
    return Bounded(
        mantissa,
        low if _is_zero(low) else np.ldexp(low, -k),
        np.where(is_nothing, _NOTHING, m + k),
        error if _is_zero(error) else np.ldexp(error, -k),
    )


def _align(a: Bounded, b: Bounded) -> tuple[Bounded, Bounded, Any]:
    """Return both numbers at the larger of their exponents, and that."""
    if isinstance(a.m, int) and isinstance(b.m, int) and a.m == b.m:
        return a, b, a.m
    # a plain 0 has the exponent 0 as long as its neighbours are ordinary
    mine = np.where((a.h == 0.0) & np.equal(a.e, 0.0), _NOTHING, a.m)
    other = np.where((b.h == 0.0) & np.equal(b.e, 0.0), _NOTHING, b.m)
    top = np.maximum(mine, other)
    return _shift(a, mine - top), _shift(b, other - top), top


def _shift(a: Bounded, down: Any) -> Bounded:
    power = two_to(np.maximum(down, -1023))
    return Bounded(a.h * power, a.l * power, 0, a.e * power)
