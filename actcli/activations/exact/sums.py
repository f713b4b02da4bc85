"""Arithmetic of unevaluated sums h + l of two float64, without a branch and without a fused operation.

Only + − · / and √ of NumPy are used, which IEEE 754 rounds correctly: the bits are the same on every machine. Results
are within about 2**-100 of the true ones, relative to the larger operand; l may be a few units in the last place of h,
so that h + l is rounded once more. A number that leaves the range of float64 carries its exponent apart (`Scaled`).

Sources: T. J. Dekker, A floating-point technique for extending the available precision, 1971 (products);
D. E. Knuth, The Art of Computer Programming 2, 4.2.2 (sums).
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from actcli.activations.definition import Array
from actcli.activations.families.exact import Sum

_SPLITTER = 2.0**27 + 1.0
_SMALLEST, _NORMAL = -1074, -1021
"""The exponents of the last place of a subnormal number, and of the smallest normal one (frexp's)."""
_ORDINARY = 500
"""Exponents up to here need no care: the numbers that they scale lie between 2**-400 and 2**400."""

Exponent = Any
"""A whole number, or an array of them."""
Real = Sum | Array | float
"""An operand: a sum, or float64 numbers that are exact."""


class Scaled(NamedTuple):
    """Numbers (h + l)·2**m."""

    h: Array
    l: Array | float  # noqa: E741 - h and l are what the literature calls them
    m: Exponent

    @property
    def sum(self) -> Sum:
        """The numbers as h + l; 0 where 2**m is below the normal range."""
        power = two_to(np.clip(self.m, -1023, 1023))
        return Sum(self.h * power, self.l * power)


def two_to(m: Any) -> Any:
    """Return 2**m for whole m from −1022 to 1023, and 0 for −1023."""
    return ((np.asarray(m, np.int64) + 1023) << 52).view(np.float64)


def fast_two_sum(a: Any, b: Any) -> Sum:
    """Return a + b exactly, for |a| >= |b| or a = 0."""
    s = np.asarray(a + b)
    low = s - a
    np.subtract(b, low, out=low)
    return Sum(s, low)


def two_sum(a: Any, b: Any) -> Sum:
    """Return a + b exactly."""
    s = np.asarray(a + b)
    v = np.asarray(s - a)
    low = np.asarray(s - v)
    np.subtract(a, low, out=low)
    np.subtract(b, v, out=v)
    low += v
    return Sum(s, low)


def _split(a: Any) -> tuple[Any, Any]:
    high = np.asarray(_SPLITTER * a)
    low = np.asarray(high - a)
    high -= low
    np.subtract(a, high, out=low)
    return high, low


def two_product(a: Any, b: Any) -> Sum:
    """Return a · b exactly, for factors below 2**990 and a product above 2**-960 (or 0)."""
    p = np.asarray(a * b)
    ah, al = _split(a)
    bh, bl = (ah, al) if b is a else _split(b)
    low = np.asarray(ah * bh)
    low -= p
    low += ah * bl
    low += al * bh
    low += al * bl
    return Sum(p, low)


def _parts(a: Real) -> tuple[Any, Any]:
    return a if isinstance(a, tuple) else (a, 0.0)


def _is_zero(low: Any) -> bool:
    return isinstance(low, float) and low == 0.0


def negative(a: Sum) -> Sum:
    """Return −a."""
    return Sum(-a.h, -a.l)


def add(a: Real, b: Real) -> Sum:
    """Return a + b, to 2**-104 of the larger."""
    (ah, al), (bh, bl) = _parts(a), _parts(b)
    h, low = two_sum(ah, bh)
    for part in (al, bl):
        if not _is_zero(part):
            low = low + part
    return Sum(h, low)


def subtract(a: Real, b: Real) -> Sum:
    """Return a − b, to 2**-104 of the larger."""
    bh, bl = _parts(b)
    return add(a, Sum(-bh, -bl))


def multiply(a: Real, b: Real) -> Sum:
    """Return a · b."""
    (ah, al), (bh, bl) = _parts(a), _parts(b)
    h, low = two_product(ah, bh)
    if not _is_zero(bl):
        low = low + ah * bl
    if not _is_zero(al):
        low = low + al * bh
    return Sum(h, low)


def times(a: Sum, power: Any) -> Sum:
    """Return a · power exactly, for powers of two."""
    return Sum(a.h * power, a.l * power)


def divide(a: Real, b: Real) -> Sum:
    """Return a / b."""
    (ah, al), (bh, bl) = _parts(a), _parts(b)
    q = np.asarray(ah / bh)
    p, low = two_product(q, bh)
    rest = np.asarray(ah - p)
    rest -= low
    if not _is_zero(al):
        rest += al
    if not _is_zero(bl):
        rest -= q * bl
    rest /= bh
    return Sum(q, rest)


def square_root(a: Sum) -> Sum:
    """Return √a; 0 at 0."""
    root = np.sqrt(a.h)
    p, low = two_product(root, root)
    rest = np.asarray(a.h - p)
    rest -= low
    rest += a.l
    return Sum(root, np.where(root == 0.0, 0.0, rest / (2.0 * root)))


def normalise(a: Sum) -> Sum:
    """Return the same number with |l| <= ulp(h)/2."""
    return fast_two_sum(a.h, a.l)


def choose(condition: Any, then: Real, otherwise: Real) -> Sum:
    """Return `then` where the condition holds, `otherwise` elsewhere."""
    (th, tl), (oh, ol) = _parts(then), _parts(otherwise)
    low = 0.0 if _is_zero(tl) and _is_zero(ol) else np.where(condition, tl, ol)
    return Sum(np.where(condition, th, oh), low)


def rounded(a: Sum, m: Exponent = 0) -> Array:
    """Return (h + l)·2**m, rounded once, also where it is a subnormal number; a 0 has the sign of h."""
    y = np.asarray(a.h + a.l)
    zero = y == 0.0
    if zero.any():  # −0.0 + 0.0 is 0.0
        y = np.where(zero, np.copysign(0.0, a.h), y)
    if isinstance(m, int):
        if m == 0:
            return y
        m = np.full(y.shape, m, np.int64)
    inside = np.clip(m, -_ORDINARY, _ORDINARY)
    y *= two_to(inside)
    far = np.flatnonzero(inside != m)
    if far.size:
        low = a.l if isinstance(a.l, float) else np.broadcast_to(a.l, y.shape).reshape(-1)[far]
        y = y.copy() if y.ndim == 0 else y
        y.reshape(-1)[far] = _rounded_far(
            np.broadcast_to(a.h, y.shape).reshape(-1)[far], low, m.reshape(-1)[far]
        )
    return y


def _rounded_far(h: Array, low: Any, m: NDArray[np.int64]) -> Array:
    m = np.clip(m, -2200, 2200)
    mantissa, exponent = np.frexp(np.abs(h))
    total = m + exponent
    part = np.ldexp(np.copysign(1.0, h) * low, -exponent)
    # added to 2**52 units of a subnormal result, the mantissa is left in such units
    unit = np.clip(_SMALLEST - total, -52, 60)
    grid = np.ldexp(2.0**52, unit)
    first = grid + mantissa
    first += (mantissa - (first - grid)) + part
    first -= grid
    y = np.where(total >= _NORMAL, mantissa + part, first)
    half = total >> 1
    y = np.ldexp(np.ldexp(y, half), total - half)
    result: Array = np.where(np.isnan(h), h, np.copysign(y, h))
    return result


def ratio(numerators: tuple[float, ...], denominators: tuple[float, ...] = ()) -> Scaled:
    """Return a product of numbers over a product of numbers, to 2**-100 at any size, as (h + l)·2**m, 1 <= |h| <= 4."""
    above = below = 1
    for n, d in (x.as_integer_ratio() for x in numerators):
        above, below = above * n, below * d
    for n, d in (x.as_integer_ratio() for x in denominators):
        above, below = above * d, below * n
    if above == 0 or below == 0:
        return Scaled(np.asarray(0.0 if below else math.nan), 0.0, 0)
    sign = -1.0 if (above < 0) != (below < 0) else 1.0
    above, below = abs(above), abs(below)
    m = above.bit_length() - below.bit_length() - 1
    shift = 110 - m
    quotient = (above << shift) // below if shift >= 0 else above // (below << -shift)
    high = float(quotient)
    low = float(quotient - int(high))
    return Scaled(np.asarray(sign * high * 2.0**-110), sign * low * 2.0**-110, m)


_LARGE, _SMALL = 2.0**400, 2.0**-400
_LIFT = 600


def lift(x: Array) -> tuple[Array, Exponent]:
    """Return x' and e with x = x'·2**e, where x' can be multiplied without under- or overflow of a low part."""
    size = np.abs(x)
    if size.max(initial=0.0) < _LARGE and size.min(initial=1.0) > _SMALL:
        return x, 0
    e = _LIFT * ((size > _LARGE).astype(np.int64) - (size < _SMALL))
    return x * two_to(-e), e


def one_plus(z: Scaled) -> Sum:
    """Return 1 + z, for 0 <= z <= 1."""
    h, low = z.sum
    total = fast_two_sum(1.0, h)
    return Sum(total.h, total.l + low)


def product(a: Scaled, b: Scaled) -> Scaled:
    """Return a · b."""
    return Scaled(*multiply(Sum(a.h, a.l), Sum(b.h, b.l)), a.m + b.m)


def scaled(a: Real) -> Scaled:
    """Return a as (h + l)·2**m with 0.5 <= |h| < 1, or h = 0."""
    h, low = _parts(a)
    mantissa, m = np.frexp(h)
    m = np.asarray(m, np.int64)
    return Scaled(mantissa, 0.0 if _is_zero(low) else np.ldexp(low, -m), m)


def quotient(a: Scaled, b: Scaled) -> Scaled:
    """Return a / b."""
    return Scaled(*divide(Sum(a.h, a.l), Sum(b.h, b.l)), a.m - b.m)


def rounded_scaled(a: Scaled) -> Array:
    """Return a, rounded once."""
    return rounded(Sum(a.h, a.l), a.m)


def rounded_product(a: Scaled, b: Scaled) -> Array:
    """Return a · b, rounded once."""
    return rounded_scaled(product(a, b))


def rounded_quotient(a: Scaled, b: Scaled) -> Array:
    """Return a / b, rounded once."""
    return rounded_scaled(quotient(a, b))
