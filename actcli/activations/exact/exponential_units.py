"""Exponential units, and the exponential itself."""

import math

import numpy as np

from actcli.activations.definition import Array
from actcli.activations.exact.exponential import FARTHEST, clip, exponential_less_one
from actcli.activations.exact.exponential import exponential as power_of_e
from actcli.activations.exact.sums import (
    Scaled,
    choose,
    lift,
    multiply,
    product,
    quotient,
    ratio,
    rounded,
    scaled,
    subtract,
    two_sum,
)
from actcli.activations.families.exact import Sum

_TINY = 2.0**-70
"""Below it e**t − 1 is t to 2**-71."""


def exponential(x: Array) -> Array:
    """Return e**x."""
    h, low, m = power_of_e(clip(x))
    return rounded(Sum(h, low), m)


exponential_slope = exponential_curvature = exponential


def _unit(x: Array, factor: Scaled) -> Array:
    """Return factor·(e**x − 1) for x <= 0."""
    near, e = lift(x)
    tiny = np.abs(x) < _TINY
    h, low = exponential_less_one(np.maximum(x, -FARTHEST))
    y = product(Scaled(np.where(tiny, near, h), np.where(tiny, 0.0, low), np.where(tiny, e, 0)), factor)
    return rounded(Sum(y.h, y.l), y.m)


def _decay(x: Array, factor: Scaled) -> Array:
    """Return factor·e**x for x <= 0."""
    y = product(power_of_e(np.maximum(x, -FARTHEST)), factor)
    return rounded(Sum(y.h, y.l), y.m)


def elu(x: Array, alpha: float) -> Array:
    """Return x above 0, α·(e**x − 1) below."""
    return np.where(x >= 0, x, _unit(np.minimum(x, 0.0), ratio((alpha,))))


def elu_slope(x: Array, alpha: float) -> Array:
    """Return 1 above 0, α·e**x below."""
    return np.where(x >= 0, 1.0, _decay(np.minimum(x, 0.0), ratio((alpha,))))


def elu_curvature(x: Array, alpha: float) -> Array:
    """Return 0 above 0, α·e**x below."""
    return np.where(x >= 0, 0.0, _decay(np.minimum(x, 0.0), ratio((alpha,))))


def selu(x: Array, alpha: float, scale: float) -> Array:
    """Return scale·elu(x)."""
    return np.where(x >= 0, scale * x, _unit(np.minimum(x, 0.0), ratio((scale, alpha))))


def selu_slope(x: Array, alpha: float, scale: float) -> Array:
    """Return scale above 0, scale·α·e**x below."""
    return np.where(x >= 0, scale, _decay(np.minimum(x, 0.0), ratio((scale, alpha))))


def selu_curvature(x: Array, alpha: float, scale: float) -> Array:
    """Return 0 above 0, scale·α·e**x below."""
    return np.where(x >= 0, 0.0, _decay(np.minimum(x, 0.0), ratio((scale, alpha))))


def over(x: Array, alpha: float) -> Sum:
    """Return x/α, cut off at ±FARTHEST, also for numbers whose product with α is subnormal."""
    if alpha == 1.0:
        return Sum(clip(x), 0.0)
    h, low = quotient(scaled(x), ratio((alpha,))).sum
    return Sum(clip(h), np.where(np.abs(h) < FARTHEST, low, 0.0))


def celu(x: Array, alpha: float) -> Array:
    """Return x above 0, α·(e**(x/α) − 1) below; x/α is positive where α is negative."""
    below = np.minimum(x, 0.0)
    t = over(below, alpha)
    inside = np.minimum(t.h, 700.0)
    y = exponential_less_one(Sum(inside, t.l))
    less_one = Scaled(y.h, y.l, np.zeros(x.shape, np.int64))
    if alpha < 0 and (t.h > 70.0).any():
        # there −1 is lost anyway
        large = power_of_e(t)
        far = t.h > 70.0
        less_one = Scaled(np.where(far, large.h, y.h), np.where(far, large.l, y.l), np.where(far, large.m, 0))
    h, low, m = product(less_one, ratio((alpha,)))
    value = rounded(Sum(h, low), m)
    return np.where((x >= 0) | (np.abs(t.h) < _TINY), x, value)


def _celu_decay(x: Array, alpha: float, factor: Scaled) -> Array:
    h, low, m = product(power_of_e(over(np.minimum(x, 0.0), alpha)), factor)
    return rounded(Sum(h, low), m)


def celu_slope(x: Array, alpha: float) -> Array:
    """Return 1 above 0, e**(x/α) below."""
    return np.where(x >= 0, 1.0, _celu_decay(x, alpha, ratio((1.0,))))


def celu_curvature(x: Array, alpha: float) -> Array:
    """Return 0 above 0, e**(x/α)/α below."""
    return np.where(x >= 0, 0.0, _celu_decay(x, alpha, ratio((1.0,), (alpha,))))


def elu_by_alpha(x: Array, alpha: float) -> Array:
    """Return e**x − 1 below 0, 0 above."""
    _ = alpha
    return _unit(np.minimum(x, 0.0), ratio((1.0,)))


def selu_by_alpha(x: Array, alpha: float, scale: float) -> Array:
    """Return scale·(e**x − 1) below 0, 0 above."""
    _ = alpha
    return _unit(np.minimum(x, 0.0), ratio((scale,)))


def selu_by_scale(x: Array, alpha: float, scale: float) -> Array:
    """Return elu(x)."""
    _ = scale
    return elu(x, alpha)


# (1 − t)·e**t − 1 over −t², in powers of t: (k − 1)/k! from k = 2 on; the highest comes first
_BENT = tuple((k - 1) / math.factorial(k) for k in range(14, 2, -1))
_BENT_NEAR = 0.25


def celu_by_alpha(x: Array, alpha: float) -> Array:
    """Return (1 − t)·e**t − 1 with t = x/α below 0, 0 above; by its series around t = 0, where it cancels."""
    below = np.minimum(x, 0.0)
    t = over(below, alpha)
    near = np.abs(t.h) < _BENT_NEAR
    u = np.where(near, t.h, 0.0)
    rest = u * _BENT[0]
    for c in _BENT[1:]:
        rest += c
        rest *= u
    exact = quotient(scaled(below), ratio((alpha,)))
    inner = product(product(exact, exact), Scaled(*two_sum(-0.5, -rest), 0))
    power = power_of_e(t)
    large = multiply(Sum(power.h, power.l), subtract(1.0, t))
    plain = subtract(multiply(Scaled(power.h, power.l, np.minimum(power.m, 1000)).sum, subtract(1.0, t)), 1.0)
    far = t.h > 70.0
    outer = choose(far, large, plain)
    y = choose(near, Sum(inner.h, inner.l), outer)
    value = rounded(y, np.where(near, inner.m, np.where(far, power.m, 0)))
    return np.where(x >= 0, 0.0, value)
