"""Functions of the normal distribution, by its tail: 1 − Φ(a) = e**(−a²/2)·G(a)/(a + ¾) for a >= 0.

G varies slowly. Around sixty centres c it is a polynomial in (a − c)/(a + 6), whose constant and linear term are known
as h + l; the other terms are smaller by 2**-13 or more, so that the tail is within 2**-59 (the form is that of
M. M. Shepherd and J. G. Laframboise, Chebyshev approximation of (1 + 2x) exp(x²) erfc x, 1981).
"""

import math

import numpy as np

from actcli.activations.definition import Array
from actcli.activations.exact.exponential import exponential
from actcli.activations.exact.sums import (
    Scaled,
    add,
    choose,
    divide,
    fast_two_sum,
    lift,
    multiply,
    negative,
    product,
    ratio,
    rounded,
    rounded_scaled,
    subtract,
    times,
    two_product,
    two_sum,
    two_to,
)
from actcli.activations.exact.tables import MILLS, MILLS_CENTRES, ZERO_OF_GELU_SLOPE
from actcli.activations.exact.zeros import set_beside, zero
from actcli.activations.families.exact import Sum

FAR = 66.0
"""e**(−66²/2) is 0, times the square of any float64."""
_LARGE = 2.0**1020
"""Beyond it every x is far, for all but the largest parameters."""
_WHOLE = 10.0
"""From here on erf is ±1 to 2**-140."""
NEAR = 0.25
"""Below it the series of erf has less to cancel than 1 − erfc."""
_SERIES = tuple((-1) ** k / (math.factorial(k) * (2 * k + 1)) for k in range(9, 1, -1))
_MINUS_THIRD = Sum(np.asarray(-1 / 3), -1.850371707708594e-17)
"""erf(x)·√π/2/x is 1 − x²/3 and these higher powers of x²; the highest comes first."""
_ZERO_OF_SLOPE = zero(ZERO_OF_GELU_SLOPE)
_CENTRES = np.array(MILLS_CENTRES)
_CONSTANT, _CONSTANT_LOW, _LINEAR, _LINEAR_LOW, *_TERMS = (
    np.ascontiguousarray(column) for column in np.array(MILLS).reshape(len(_CENTRES), -1).T
)
_DENSITY_AT_0 = Sum(np.asarray(0.3989422804014327), -2.49232720227773e-17)
"""1/√(2π)"""
_TWO_OVER_ROOT_PI = Scaled(np.asarray(1.1283791670955126), 1.533545961316588e-17, 0)
_ROOT_2 = Sum(np.asarray(1.4142135623730951), -9.667293313452913e-17)


def _cut_off(x: Array) -> Array:
    """|x|, at most 66."""
    a = np.abs(x)
    return np.minimum(a, FAR, out=a)


def mills(a: Sum) -> Sum:
    """Return e**(a²/2)·(1 − Φ(a)), for a from 0 to 66."""
    place = np.rint((a.h - 6.0) / (a.h + 6.0) * 32.0 + 32.0).astype(np.int64)
    step = divide(two_sum(a.h - _CENTRES.take(place), a.l), add(a, 6.0))
    tail = _TERMS[-1].take(place)
    for column in _TERMS[-2::-1]:
        tail *= step.h
        tail += column.take(place)
    tail *= step.h
    tail += _LINEAR_LOW.take(place)
    h, low = multiply(step, Sum(_LINEAR.take(place), tail))
    low += _CONSTANT_LOW.take(place)
    h, part = fast_two_sum(_CONSTANT.take(place), h)
    return divide(Sum(h, low + part), add(a, 0.75))


def _bell(square: Sum) -> Scaled:
    """Return e**−(h + l)."""
    return exponential(negative(square))


def _half_square(a: Array) -> Sum:
    return times(two_product(a, a), 0.5)


def _tail(a: Array) -> Scaled:
    """Return 1 − Φ(a), for a from 0 to 66."""
    return product(_bell(_half_square(a)), Scaled(*mills(Sum(a, 0.0)), 0))


def gelu_unrounded(x: Array) -> Scaled:
    """Return x·Φ(x) as h + l."""
    tail = _tail(_cut_off(x))
    below = x < 0
    near, e = lift(np.maximum(x, -FAR))
    phi = choose(below, Sum(tail.h, tail.l), subtract(1.0, tail.sum))
    return Scaled(*multiply(phi, near), np.where(below, tail.m, 0) + e)


def gelu(x: Array) -> Array:
    """Return x·Φ(x)."""
    return rounded_scaled(gelu_unrounded(x))


def gelu_slope_unrounded(x: Array) -> Scaled:
    """Return Φ(x) + x·φ(x) as h + l."""
    a = _cut_off(x)
    factor = subtract(mills(Sum(a, 0.0)), multiply(_DENSITY_AT_0, a))
    tail = product(_bell(_half_square(a)), Scaled(*factor, 0))
    below = x < 0
    return Scaled(*choose(below, Sum(tail.h, tail.l), subtract(1.0, tail.sum)), np.where(below, tail.m, 0))


def gelu_slope(x: Array) -> Array:
    """Return Φ(x) + x·φ(x), also beside its zero."""
    y = rounded_scaled(gelu_slope_unrounded(x))
    set_beside(_ZERO_OF_SLOPE, Sum(x, 0.0), y)
    return y


def gelu_curvature(x: Array) -> Array:
    """Return φ(x)·(2 − x²)."""
    a = _cut_off(x)
    square = two_product(a, a)
    factor = multiply(subtract(2.0, square), _DENSITY_AT_0)
    return rounded_scaled(product(_bell(times(square, 0.5)), Scaled(*factor, 0)))


def erf_series(square: Sum) -> Sum:
    """Return erf(x)·√π/(2x), given x² below 1/16."""
    rest = square.h * _SERIES[0]
    for c in _SERIES[1:]:
        rest += c
        rest *= square.h
    return add(multiply(two_sum(_MINUS_THIRD.h, rest + _MINUS_THIRD.l), square), 1.0)


def erf(x: Array) -> Array:
    """Return erf(x): 1 − 2·(1 − Φ(|x|√2)), and its series around 0."""
    a = np.minimum(np.abs(x), _WHOLE)
    square = two_product(a, a)
    tail = product(_bell(square), Scaled(*mills(multiply(_ROOT_2, a)), 0)).sum
    near = a < NEAR
    inner, e = lift(np.where(near, a, NEAR))
    series = multiply(multiply(erf_series(square), inner), Sum(*_TWO_OVER_ROOT_PI[:2]))
    y = choose(near, series, subtract(1.0, times(tail, 2.0)))
    return np.copysign(rounded(y, np.where(near, e, 0)), x)


def erf_slope(x: Array) -> Array:
    """Return 2/√π·e**(−x²)."""
    a = _cut_off(x)
    return rounded_scaled(product(_bell(two_product(a, a)), _TWO_OVER_ROOT_PI))


def _times_x(y: Scaled, x: Array) -> Array:
    """Return y·x, for |x| up to 66."""
    near, e = lift(x)
    h, low = multiply(Sum(y.h, y.l), near)
    return rounded(Sum(h, low), y.m + e)


def erf_curvature(x: Array) -> Array:
    """Return −4x/√π·e**(−x²)."""
    a = _cut_off(x)
    return _times_x(product(_bell(two_product(a, a)), _TWO_OVER_ROOT_PI), np.copysign(2.0 * a, -x))


def gaussian(x: Array) -> Array:
    """Return e**(−x²)."""
    a = _cut_off(x)
    return rounded_scaled(_bell(two_product(a, a)))


def gaussian_slope(x: Array) -> Array:
    """Return −2x·e**(−x²)."""
    a = _cut_off(x)
    return _times_x(_bell(two_product(a, a)), np.copysign(2.0 * a, -x))


def gaussian_curvature(x: Array) -> Array:
    """Return (4x² − 2)·e**(−x²)."""
    a = _cut_off(x)
    square = two_product(a, a)
    return rounded_scaled(product(_bell(square), Scaled(*subtract(times(square, 4.0), 2.0), 0)))


def _standardise(x: Array, mu: float, sigma: float) -> tuple[Sum, Scaled]:
    """Return |t| for t = (x − μ)/σ, cut off at 66, and t at any size."""
    h, low = two_sum(np.clip(x, -_LARGE, _LARGE), -mu)
    near, e = lift(h)
    t = product(Scaled(near, low * two_to(-e), e), ratio((1.0,), (sigma,)))
    h, low = t.sum
    inside = np.abs(h) < FAR
    size = np.where(inside, np.abs(h), FAR)
    return Sum(size, np.where(inside, np.copysign(1.0, h) * low, 0.0)), t


def laplace(x: Array, mu: float, sigma: float) -> Array:
    """Return Φ(t)."""
    a, t = _standardise(x, mu, sigma)
    tail = product(_bell(times(multiply(a, a), 0.5)), Scaled(*mills(a), 0))
    below = t.h < 0
    return rounded(choose(below, Sum(tail.h, tail.l), subtract(1.0, tail.sum)), np.where(below, tail.m, 0))


def _laplace_slope(a: Sum, factor: Scaled) -> Scaled:
    return product(product(_bell(times(multiply(a, a), 0.5)), Scaled(*_DENSITY_AT_0, 0)), factor)


def laplace_slope(x: Array, mu: float, sigma: float) -> Array:
    """Return φ(t)/σ."""
    a, _ = _standardise(x, mu, sigma)
    return rounded_scaled(_laplace_slope(a, ratio((1.0,), (sigma,))))


def laplace_curvature(x: Array, mu: float, sigma: float) -> Array:
    """Return −t·φ(t)/σ²."""
    return _laplace_bend(x, mu, sigma, ratio((-1.0,), (sigma, sigma)))


def laplace_by_mu(x: Array, mu: float, sigma: float) -> Array:
    """Return −φ(t)/σ."""
    return -laplace_slope(x, mu, sigma)


def laplace_by_sigma(x: Array, mu: float, sigma: float) -> Array:
    """Return −t·φ(t)/σ."""
    return _laplace_bend(x, mu, sigma, ratio((-1.0,), (sigma,)))


def _laplace_bend(x: Array, mu: float, sigma: float, factor: Scaled) -> Array:
    """Return factor·t·φ(t)."""
    a, t = _standardise(x, mu, sigma)
    far = a.h >= FAR
    t = Scaled(np.where(far, np.copysign(0.0, t.h), t.h), np.where(far, 0.0, t.l), np.where(far, 0, t.m))
    return rounded_scaled(product(_laplace_slope(a, factor), t))
