"""Elementary functions of extended numbers, with the bound of the error carried along.

Each computes f(h + l) to 2**-93 (`elementary`) and adds |f'|·e. Exponentials keep their exponent apart, so that
e**1000 is a number like any other. Where a function is not known (an argument of sin beyond 2**40) the error is inf.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from actcli.activations.definition import Array
from actcli.activations.extended import elementary
from actcli.activations.extended.arithmetic import Real, add, choose, square_root
from actcli.activations.extended.number import Extended, extended, power_of_two, select
from actcli.activations.families.erf_inverse import erfc_inverse_of_log
from actcli.activations.families.erf_inverse import erfinv as erfinv_in_float64
from actcli.activations.families.exact import Sum

_OF_A_FUNCTION = 2.0**-99
_OF_ERFC = 2.0**-84
_TINY, _OF_TINY = -120.0, 2.0**-118
"""Below 2**_TINY functions through 0 are a straight line to that relative error, and u may underflow in float64."""
_LARGEST_EXPONENT = 2.0**40
_BEYOND = 2.0**41
"""2**±_BEYOND stands for every power of e beyond those, with an error that leaves it nothing but its size."""
_MOST_KNOWN = 1.5 * 2.0**40
"""Powers of two from there on may stand for any larger one: their logarithms and roots are unknown."""


def _apply(function: Callable[[Real], Sum], u: Extended, slope: Array) -> Extended:
    """Return function(u); `slope` is |f'(u)|, in float64."""
    y = extended(function(u.sum)).within(_OF_A_FUNCTION)
    with np.errstate(all="ignore"):
        moved = np.where(u.e == 0, 0.0, slope * u.error)
    return _off_by(y, moved)


def _off_by(y: Extended, error: Array) -> Extended:
    """Return y with an absolute error added to its bound."""
    k = np.where(y.h == 0, 0.0, y.k)
    with np.errstate(all="ignore"):
        own = np.ldexp(error, np.clip(-k, -2000, 2000).astype(np.int64))
    return Extended(y.h, y.l, np.where(error == 0, y.k, k), y.e + np.where(error == 0, 0.0, own))


def _straight_near_0(u: Extended, y: Extended, slope: Extended | float = 1.0) -> Extended:
    """Return y, or slope·u where u is tiny."""
    return select(u.k < _TINY, (u * slope).within(_OF_TINY), y)


def exp(u: Extended) -> Extended:
    """Return e**u, at any size."""
    inside = np.log2(np.abs(u.h)) + u.k < np.log2(_LARGEST_EXPONENT)
    rest, k = elementary.reduce_by_log_2(choose(inside, u.sum, 0.0))
    y = extended(add(elementary.expm1(rest), 1.0)).within(_OF_A_FUNCTION)
    y = y.within(np.where(inside, np.where(u.error < 0.25, 2.0 * u.error, np.inf), 0.0))
    y = power_of_two(y, k)
    some, sign = np.full_like(u.h, 0.75), np.sign(u.h)
    huge = Extended(np.where(sign > 0, some, 0.0), 0.0 * u.h, sign * _BEYOND, np.where(sign > 0, 0.25, 1.0))
    return select(inside, y, _known(huge, u.e < 0.25 * np.abs(u.h)))


def expm1(u: Extended) -> Extended:
    """Return e**u - 1."""
    small = np.abs(u.rounded) < 1
    inner = select(small, u, extended(np.zeros_like(u.h)))
    y = select(small, _apply(elementary.expm1, inner, np.exp(inner.rounded)), exp(u) - 1.0)
    return _straight_near_0(u, y)


def log(u: Extended) -> Extended:
    """Return log(u); unknown for u <= 0."""
    near = np.abs(u.rounded - 1.0) < 0.25
    mantissa = select(u.h > 0, Extended(u.h, u.l, np.zeros_like(u.k), u.e), extended(np.ones_like(u.h)))
    far = _apply(elementary.log, mantissa, 1.0 / mantissa.rounded)
    far = far + extended(elementary.LOG_2) * extended(np.where(u.h > 0, u.k, 0.0))
    inner = select(near, u, extended(np.ones_like(u.h)))
    y = select(near, _apply(elementary.log, inner, 1.0 / inner.rounded), far)
    return _known(y, (u.h > 0) & ~u.is_zero & (np.abs(u.k) < _MOST_KNOWN))


def log1p(u: Extended) -> Extended:
    """Return log(1 + u)."""
    small = np.abs(u.rounded) < 0.25
    inner = select(small, u, extended(np.zeros_like(u.h)))
    y = select(small, _apply(elementary.log1p, inner, 1.0 / (1.0 + inner.rounded)), log(u + 1.0))
    return _straight_near_0(u, y)


def sqrt(u: Extended) -> Extended:
    """Return √u; unknown for u < 0."""
    odd = np.mod(u.k, 2.0) == 1
    mantissa = Extended(np.abs(u.h), np.where(u.h < 0, -u.l, u.l), np.where(odd, 1.0, 0.0), u.e)
    root = _apply(square_root, mantissa, 0.5 / np.sqrt(np.maximum(mantissa.rounded, 1e-300)))
    y = power_of_two(root, (u.k - odd) / 2)
    exact_zero = (u.h == 0) & (u.e == 0)
    return _known(y, exact_zero | ((u.h > 0) & ~u.is_zero & (np.abs(u.k) < _MOST_KNOWN)))


def cbrt(u: Extended) -> Extended:
    """Return the real cube root of u."""
    third = np.mod(u.k, 3.0)
    mantissa = Extended(u.h, u.l, third, u.e)
    size = np.abs(mantissa.rounded)
    root = _apply(elementary.cbrt, mantissa, 1.0 / (3.0 * np.cbrt(np.maximum(size, 1e-300)) ** 2))
    return _known(power_of_two(root, (u.k - third) / 3), np.abs(u.k) < _MOST_KNOWN)


def sin(u: Extended) -> Extended:
    """Return sin(u)."""
    return _straight_near_0(u, _apply(elementary.sin, u, np.ones_like(u.h)))


def cos(u: Extended) -> Extended:
    """Return cos(u)."""
    return _apply(elementary.cos, u, np.ones_like(u.h))


def tan(u: Extended) -> Extended:
    """Return tan(u)."""
    return sin(u) / cos(u)


def sinh(u: Extended) -> Extended:
    """Return sinh(u)."""
    a = absolute(u)
    e = expm1(a)
    y = (e + e / (e + 1.0)) * 0.5
    return select(u.h < 0, -y, y)


def cosh(u: Extended) -> Extended:
    """Return cosh(u)."""
    e = exp(u)
    return (e + 1.0 / e) * 0.5


def tanh(u: Extended) -> Extended:
    """Return tanh(u) = ∓expm1(-2|u|)/(2 + expm1(-2|u|))."""
    e = expm1(absolute(u) * -2.0)
    y = e / (e + 2.0)
    return select(u.h < 0, y, -y)


def sech_squared(u: Extended) -> Extended:
    """Return 1 - tanh(u)² = 4z/(1 + z)² with z = e**(-2|u|)."""
    z = exp(absolute(u) * -2.0)
    return z * 4.0 / ((z + 1.0) * (z + 1.0))


def arctan(u: Extended) -> Extended:
    """Return arctan(u)."""
    large = np.abs(u.rounded) > 1
    one = extended(np.ones_like(u.h))
    inner = select(large, 1.0 / select(large, u, one), u)
    y = _straight_near_0(inner, _apply(elementary.arctan, inner, np.ones_like(u.h)))
    quarter = extended(elementary.HALF_PI) * extended(np.sign(u.h))
    return select(large, quarter - y, y)


def erf(u: Extended) -> Extended:
    """Return erf(u)."""
    inner = _clipped(u, 40.0)
    y = _apply(elementary.erf, inner, _bell(inner, 2.0))
    return _straight_near_0(u, y, extended(elementary.TWO_OVER_ROOT_PI))


def erfc(u: Extended) -> Extended:
    """Return erfc(u), at any size."""
    far = u.rounded > 3
    tail = select(far, u, extended(np.full_like(u.h, 30.0)))
    scaled_tail = _apply(elementary.erfcx, _clipped(tail, 1e30), np.ones_like(u.h))
    inner = select(far, extended(np.zeros_like(u.h)), _clipped(u, 40.0))
    near = _apply(elementary.erfc, inner, _bell(inner, 2.0)).within(
        np.where(inner.rounded > 0.5, _OF_ERFC, 0.0)
    )
    return select(far, scaled_tail * exp(-(tail * tail)), near)


def asinh(u: Extended) -> Extended:
    """Return asinh(u) = ±log1p(a + a²/(1 + √(1 + a²))), a = |u|."""
    a = absolute(u)
    square = a * a
    y = log1p(a + square / (sqrt(square + 1.0) + 1.0))
    return select(u.h < 0, -y, y)


def acosh(u: Extended) -> Extended:
    """Return acosh(u) = log1p(t + √(t(t + 2))), t = u - 1; unknown for u < 1."""
    t = u - 1.0
    return log1p(t + sqrt(t * (t + 2.0)))


def atanh(u: Extended) -> Extended:
    """Return atanh(u) = ±log1p(2a/(1 - a))/2, a = |u|; unknown for a >= 1."""
    a = absolute(u)
    rest = 1.0 - a
    inside = (rest.h > 0) & ~rest.is_zero
    one = extended(np.ones_like(u.h))
    y = log1p(a * 2.0 / select(inside, rest, one)) * 0.5
    return _known(select(u.h < 0, -y, y), inside)


def erfinv(u: Extended) -> Extended:
    """Return the inverse of erf, one step of Halley's method from float64; unknown for |u| >= 1."""
    a = absolute(u)
    near, half = a.rounded < 0.5, extended(np.full_like(u.h, 0.25))
    inner = select(near, a, half)
    start = erfinv_in_float64(inner.rounded)
    y = extended(start)
    middle = Extended(inner.h, inner.l, inner.k, np.zeros_like(inner.e))
    off = (erf(y) - middle) * exp(y * y) / extended(elementary.TWO_OVER_ROOT_PI)
    close = y - off + extended(start * off.rounded**2)
    close = _off_by(close.within(_OF_ERFC), 4.0 * inner.error)
    close = _straight_near_0(a, close, 1.0 / extended(elementary.TWO_OVER_ROOT_PI))
    far = _erfc_inverse(select(near, half, 1.0 - a))
    y = select(near, close, far)
    return select(u.h < 0, -y, y)


def _erfc_inverse(c: Extended) -> Extended:
    """Return y with erfc(y) = c, for 0 < c <= 1/2: log(erfc(y)) = log(c), by two terms of a series from float64."""
    known = (c.h > 0) & (c.e < 0.25 * c.h)
    c = select(known, c, extended(np.full_like(c.h, 0.25)))
    log_c = log(Extended(c.h, c.l, c.k, np.zeros_like(c.e)))
    start = erfc_inverse_of_log(np.minimum(log_c.rounded, np.log(0.5)))
    y = extended(start)
    tail = erfc(y)
    slope = exp(-(y * y)) * extended(elementary.TWO_OVER_ROOT_PI) / tail
    first = (log(tail) - log_c) / slope
    rest = 0.5 * (2.0 * start - slope.rounded) * first.rounded**2
    y = (y + first + extended(rest)).within(_OF_ERFC)
    # erfinv' = 1/(slope·c)
    return _known(_off_by(y, 2.0 * c.e / c.h / slope.rounded), known)


def normal_cdf(u: Extended) -> Extended:
    """Return Φ(u) = erfc(-u/√2)/2."""
    return erfc(-(u * extended(elementary.ROOT_HALF))) * 0.5


def absolute(u: Extended) -> Extended:
    """Return |u|."""
    return select(u.h < 0, -u, u)


def _bell(u: Extended, factor: float) -> Array:
    """Return 2/√π·e**(-u²), the slope of erf, with room."""
    slope: Array = factor * np.exp(-np.minimum(u.rounded**2, 700.0))
    return slope


def _clipped(u: Extended, bound: float) -> Extended:
    """Return u between ±bound."""
    outside = np.abs(u.rounded) > bound
    return select(outside, extended(bound * np.sign(u.h)), u)


def _known(y: Extended, where: NDArray[np.bool_]) -> Extended:
    """Return y, with an infinite error where the condition does not hold."""
    return Extended(y.h, y.l, y.k, np.where(where, y.e, np.inf))
