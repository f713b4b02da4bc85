"""Elementary functions of quick numbers, with the bound of the error carried along: those of the exact kernels.

A function of h + l is within 2**-59 of its value, relative, or better; |f'|·e is added. Where a function is not known
here (log1p far from 0) the error is inf, and the number is computed by another kind.
"""

from typing import Any

import numpy as np

from actcli.activations.exact import normal
from actcli.activations.exact.exponential import FARTHEST, exponential, exponential_less_one
from actcli.activations.exact.logarithm import log_of_one_plus
from actcli.activations.exact.sums import square_root
from actcli.activations.extended.bounded import Bounded, bounded, choose
from actcli.activations.families.exact import Sum

_OF_POWER = 2.0**-64
_OF_LESS_ONE = 2.0**-60
_OF_LOGARITHM = 2.0**-64
_OF_NORMAL = 2.0**-59
_TINY = 2.0**-70
"""Below it functions through 0 are a straight line to that relative error."""
_BEYOND = 2**41
"""2**±_BEYOND stands for every power of e beyond e**±FARTHEST."""
_ROOT_2 = Bounded(np.asarray(1.4142135623730951), -9.667293313452913e-17, 0, 2.0**-105)
_TWO_OVER_ROOT_PI = Bounded(np.asarray(1.1283791670955126), 1.533545961316588e-17, 0, 2.0**-105)


def exp(u: Bounded) -> Bounded:
    """Return e**u, at any size."""
    h, low = u.sum
    near = np.abs(h) < FARTHEST
    inside = near.all()
    if not inside:
        h = np.clip(np.where(near, h, 0.0), -FARTHEST, FARTHEST)
        low = np.where(near, low, 0.0)
    z = exponential(Sum(h, low))
    moved: Any = 0.0 if isinstance(u.e, float) and u.e == 0.0 else np.abs(z.h) * _growth(u.error)
    y = Bounded(z.h, z.l, z.m, _OF_POWER * z.h + moved)
    if inside:
        return y
    sign = np.sign(u.h)
    lost = np.where(u.e < 0.25 * np.abs(u.h), 0.5, np.inf)
    far = Bounded(np.full_like(z.h, 0.75), 0.0, (sign * _BEYOND).astype(np.int64), lost)
    return choose(near, y, far)


def _growth(error: Any) -> Any:
    """Return a bound of e**error − 1."""
    return np.where(np.less(error, 0.25), 1.25 * np.minimum(error, 0.25), np.inf)


def expm1(u: Bounded) -> Bounded:
    """Return e**u - 1."""
    h, low = u.sum
    size = np.abs(h)
    tiny, far = size < _TINY, size > 300.0
    plain = h if not far.any() else np.clip(np.where(far, 0.0, h), -300.0, 300.0)
    y = exponential_less_one(Sum(plain, np.where(far, 0.0, low)))
    error = _OF_LESS_ONE * np.abs(y.h) + (np.abs(y.h) + 1.0) * _growth(u.error)
    result = Bounded(y.h, y.l, 0, error)
    if tiny.any():
        result = choose(tiny, u.within(_TINY), result)
    return choose(far, exp(u) - 1.0, result) if far.any() else result


def log1p(u: Bounded) -> Bounded:
    """Return log(1 + u) for u between −0.3125 and 1.02; unknown elsewhere."""
    h, low = u.sum
    tiny, known = np.abs(h) < _TINY, (h > -0.3125) & (h < 1.02)
    y = log_of_one_plus(Sum(np.where(known, h, 0.0), np.where(known, low, 0.0)))
    error = np.where(known, _OF_LOGARITHM * np.abs(y.h) + 1.5 * u.error, np.inf)
    result = Bounded(y.h, y.l, 0, error)
    return choose(tiny, u.within(_TINY), result) if tiny.any() else result


def sqrt(u: Bounded) -> Bounded:
    """Return √u; unknown for u <= 0."""
    odd = np.asarray(u.m, np.int64) & 1
    root = square_root(Sum(np.where(odd, 2.0, 1.0) * u.h, np.where(odd, 2.0, 1.0) * u.l))
    error = np.where(u.h > u.e, np.where(odd, 2.0, 1.0) * u.e / root.h + _OF_POWER * root.h, np.inf)
    return Bounded(root.h, root.l, (np.asarray(u.m, np.int64) - odd) >> 1, error)


def absolute(u: Bounded) -> Bounded:
    """Return |u|."""
    return choose(u.h < 0, -u, u)


def tanh(u: Bounded) -> Bounded:
    """Return tanh(u) = ∓expm1(-2|u|)/(2 + expm1(-2|u|))."""
    e = expm1(absolute(u) * -2.0)
    y = e / (e + 2.0)
    return choose(u.h < 0, y, -y)


def sech_squared(u: Bounded) -> Bounded:
    """Return 1 - tanh(u)² = 4z/(1 + z)² with z = e**(-2|u|)."""
    z = exp(absolute(u) * -2.0)
    d = z + 1.0
    return z * 4.0 / (d * d)


def _tail(a: Bounded) -> Bounded:
    """Return 1 − Φ(a) for a >= 0."""
    h, low = a.sum
    near = h < normal.FAR
    mills = normal.mills(Sum(np.where(near, h, normal.FAR), np.where(near, low, 0.0)))
    # M' = a·M − φ(0) lies between −M and 0
    factor = Bounded(mills.h, mills.l, 0, np.where(near, np.abs(mills.h) * (_OF_NORMAL + a.error), mills.h))
    return factor * exp(a * a * -0.5)


def normal_cdf(u: Bounded) -> Bounded:
    """Return Φ(u)."""
    tail = _tail(absolute(u))
    return choose(u.h < 0, tail, 1.0 - tail)


def erf(u: Bounded) -> Bounded:
    """Return erf(u)."""
    a = absolute(u)
    near = a.sum.h < normal.NEAR
    outer = 1.0 - _tail(a * _ROOT_2) * 2.0
    if near.any():
        inner = choose(near, a, bounded(normal.NEAR))
        square = inner * inner
        rest = normal.erf_series(square.sum)
        slope = Bounded(rest.h, rest.l, 0, 2.0**-60 * rest.h + square.error)
        outer = choose(near, inner * slope * _TWO_OVER_ROOT_PI, outer)
    return choose(u.h < 0, -outer, outer)


def erf_slope_at_0() -> Bounded:
    """Return 2/√π."""
    return _TWO_OVER_ROOT_PI
