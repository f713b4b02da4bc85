"""Sigmoids, and functions built from them: a = |x|, z = e**−a, d = 1 + z, as in families/sigmoids.py."""

import numpy as np

from actcli.activations.definition import INF, Array
from actcli.activations.exact.exponential import FARTHEST, exponential, exponential_less_one
from actcli.activations.exact.exponential_units import over
from actcli.activations.exact.logarithm import log_of_one_plus
from actcli.activations.exact.sums import (
    Scaled,
    add,
    choose,
    divide,
    multiply,
    negative,
    one_plus,
    product,
    ratio,
    rounded,
    rounded_product,
    rounded_scaled,
    scaled,
    subtract,
    times,
)
from actcli.activations.families.exact import Sum, magnitude, scale

_TINY = 2.0**-70
_LOG_2 = Sum(np.asarray(0.6931471805599453), 2.3190468138462996e-17)
_HALVED_NEAR = 0.9
"""Up to here e**−a − 1 is above −⅝, where half of it has a logarithm."""
_LINEAR = -70
"""Below 2**−70 log(1 + z) is z to 2**-71."""


def _size(x: Array) -> Array:
    a = np.abs(x)
    return np.minimum(a, FARTHEST, out=a)


def _logistic(y: Sum, z: Scaled) -> Scaled:
    """Return 1/(1 + e**−y), given z = e**−|y|."""
    below = y.h < 0
    return Scaled(*divide(choose(below, Sum(z.h, z.l), 1.0), one_plus(z)), np.where(below, z.m, 0))


def sigmoid_unrounded(x: Array) -> Scaled:
    """Return 1/(1 + e**−x) as h + l."""
    return _logistic(Sum(x, 0.0), exponential(-_size(x)))


def sigmoid(x: Array) -> Array:
    """Return 1/(1 + e**−x)."""
    return rounded_scaled(sigmoid_unrounded(x))


def _logistic_slope(z: Scaled, factor: Scaled) -> Scaled:
    """Return factor·z/(1 + z)²."""
    d = one_plus(z)
    n = product(z, factor)
    return Scaled(*divide(Sum(n.h, n.l), multiply(d, d)), n.m)


_ONE = ratio((1.0,))


def sigmoid_slope_unrounded(x: Array) -> Scaled:
    """Return z/d² as h + l."""
    return _logistic_slope(exponential(-_size(x)), _ONE)


def sigmoid_slope(x: Array) -> Array:
    """Return z/d²."""
    return rounded_scaled(sigmoid_slope_unrounded(x))


def sigmoid_curvature(x: Array) -> Array:
    """Return −sign(x)·z·(1 − z)/d³."""
    a = _size(x)
    z = exponential(-a)
    d = one_plus(z)
    n = multiply(Sum(z.h, z.l), exponential_less_one(-a))
    y = rounded(divide(n, multiply(multiply(d, d), d)), z.m)
    return np.where(a < _TINY, x * -0.125, np.copysign(y, -x))


def log_sigmoid(x: Array) -> Array:
    """Return −log(1 + e**−x)."""
    return -softplus(-x, 1.0, INF)


def log_sigmoid_slope(x: Array) -> Array:
    """Return 1/(1 + e**x)."""
    return sigmoid(-x)


def log_sigmoid_curvature(x: Array) -> Array:
    """Return −z/d²."""
    return -sigmoid_slope(x)


def softplus(x: Array, beta: float, threshold: float) -> Array:
    """Return log(1 + e**(βx))/β, and x where βx > threshold."""
    y = scale(x, beta)
    z = exponential(negative(magnitude(y)))
    deep = z.m < _LINEAR
    near = log_of_one_plus(z.sum)
    tail = Scaled(*choose(deep, Sum(z.h, z.l), near), np.where(deep, z.m, 0))
    if beta != 1.0:
        tail = product(tail, ratio((1.0,), (beta,)))
    below = rounded_scaled(tail)
    above = rounded(add(np.maximum(x, 0.0), tail.sum))
    return np.where(_is_linear(y, threshold), x, np.where(x < 0, below, above))


def softplus_slope(x: Array, beta: float, threshold: float) -> Array:
    """Return 1/(1 + e**−βx), and 1 where βx > threshold."""
    y = scale(x, beta)
    slope = rounded_scaled(_logistic(y, exponential(negative(magnitude(y)))))
    return np.where(_is_linear(y, threshold), 1.0, slope)


def softplus_curvature(x: Array, beta: float, threshold: float) -> Array:
    """Return β·z/d², and 0 where βx > threshold."""
    y = scale(x, beta)
    curvature = rounded_scaled(_logistic_slope(exponential(negative(magnitude(y))), ratio((beta,))))
    return np.where(_is_linear(y, threshold), 0.0, curvature)


def softplus_by_beta(x: Array, beta: float, threshold: float) -> Array:
    """Return −(a·z/d + log(1 + z))/β², and 0 where βx > threshold."""
    y = scale(x, beta)
    a = magnitude(y)
    z = exponential(negative(a))
    deep = z.m < _LINEAR
    share = divide(a, one_plus(z))
    near = add(multiply(z.sum, share), log_of_one_plus(z.sum))
    n = choose(deep, multiply(Sum(z.h, z.l), add(share, 1.0)), near)
    total = product(Scaled(n.h, n.l, np.where(deep, z.m, 0)), ratio((-1.0,), (beta, beta)))
    return np.where(_is_linear(y, threshold), 0.0, rounded_scaled(total))


def _is_linear(y: Sum, threshold: float) -> np.ndarray:
    if threshold == INF:
        return np.zeros(y.h.shape, np.bool_)
    is_linear: np.ndarray = (y.h - threshold) + y.l > 0
    return is_linear


def _twice(x: Array) -> Array:
    return np.minimum(2.0 * np.abs(x), FARTHEST)


def tanh_sum(x: Array) -> Sum:
    """Return tanh |x| = −E/(2 + E), E = e**−2|x| − 1."""
    e = exponential_less_one(-_twice(x))
    return divide(negative(e), add(e, 2.0))


def tanh(x: Array) -> Array:
    """Return tanh(x)."""
    return np.copysign(rounded(tanh_sum(x)), x)


def tanh_slope(x: Array) -> Array:
    """Return 4w/(1 + w)², w = e**−2|x|."""
    return rounded_scaled(_logistic_slope(exponential(-_twice(x)), ratio((4.0,))))


def tanh_curvature(x: Array) -> Array:
    """Return −2·tanh·tanh' = 8w·E/(1 + w)³ for x > 0."""
    w = exponential(-_twice(x))
    d = one_plus(w)
    n = times(multiply(Sum(w.h, w.l), exponential_less_one(-_twice(x))), 8.0)
    y = rounded(divide(n, multiply(multiply(d, d), d)), w.m)
    return np.where(np.abs(x) < _TINY, x * -2.0, np.copysign(y, -x))


_THIRD = Sum(np.asarray(1 / 3), 1.850371707708594e-17)
# x − tanh x = x³·(⅓ − v·P(v)/(3·Q(v))), v = x²: the convergent of Lambert's continued fraction (1768) in
# families/shrinkage.py, with ⅓ taken out; the highest coefficients come first
_SHRUNK_ABOVE = (45.0, 13728.0, 907335.0, 13783770.0)
_SHRUNK_BELOW = (135.0, 41580.0, 2837835.0, 48648600.0, 103378275.0)
_SHRUNK_NEAR = 0.375
"""From here on x − tanh x loses fewer digits than tanh has in reserve."""


def _horner(v: Array, coefficients: tuple[float, ...]) -> Array:
    y = v * coefficients[0]
    for c in coefficients[1:-1]:
        y += c
        y *= v
    y += coefficients[-1]
    return y


def tanhshrink(x: Array) -> Array:
    """Return x − tanh x."""
    near = np.abs(x) < _SHRUNK_NEAR
    t = np.where(near, x, 0.0)
    v = t * t
    rest = v * _horner(v, _SHRUNK_ABOVE) / _horner(v, _SHRUNK_BELOW)
    cube = scaled(t)
    cube = product(product(cube, cube), cube)
    inner = product(cube, Scaled(*subtract(_THIRD, rest), 0))
    outer = subtract(np.abs(x), tanh_sum(x))
    sign = np.copysign(1.0, x)
    y = choose(near, Sum(inner.h, inner.l), times(outer, sign))
    return rounded(y, np.where(near, inner.m, 0))


def tanhshrink_slope(x: Array) -> Array:
    """Return tanh(x)²."""
    t = scaled(tanh_sum(x))
    return rounded_product(t, t)


def tanhshrink_curvature(x: Array) -> Array:
    """Return 2·tanh·tanh'."""
    return -tanh_curvature(x)


def softcap_by_cap(x: Array, cap: float) -> Array:
    """Return tanh t − t·(1 − tanh² t) with t = x/cap, as t·tanh² t − (t − tanh t): these do not cancel."""
    a = magnitude(over(x, cap))
    near = a.h < _SHRUNK_NEAR
    t = product(scaled(np.abs(np.where(near, x, 0.0))), ratio((1.0,), (cap,)))
    v = t.sum.h * t.sum.h
    rest = v * _horner(v, _SHRUNK_ABOVE) / _horner(v, _SHRUNK_BELOW)
    e = exponential_less_one(Sum(-2.0 * np.minimum(a.h, 1000.0), -2.0 * a.l))
    tanh_of = divide(negative(e), add(e, 2.0))
    # tanh t is t·(1 − t²·(⅓ − rest)) near 0
    shrunk = subtract(_THIRD, rest)
    share = subtract(1.0, multiply(shrunk, t.sum.h * t.sum.h))
    inner = product(product(product(t, t), t), Scaled(*subtract(multiply(share, share), shrunk), 0))
    outer = subtract(tanh_of, multiply(multiply(a, subtract(1.0, tanh_of)), add(tanh_of, 1.0)))
    y = choose(near, Sum(inner.h, inner.l), choose(a.h > 100.0, 1.0, outer))
    return np.copysign(rounded(y, np.where(near, inner.m, 0)), x)


def shifted_softplus(x: Array) -> Array:
    """Return log(1 + e**x) − log 2 = max(x, 0) + log(1 + (e**−|x| − 1)/2)."""
    a = _size(x)
    near = a < _HALVED_NEAR
    half = times(exponential_less_one(-np.where(near, a, 0.0)), 0.5)
    close = log_of_one_plus(half)
    far = subtract(log_of_one_plus(exponential(-a).sum), _LOG_2)
    tail = choose(near, close, far)
    tiny = a < _TINY
    y = rounded(add(tail, np.maximum(x, 0.0)))
    return np.where(tiny, 0.5 * x, y)


shifted_softplus_slope, shifted_softplus_curvature = sigmoid, sigmoid_slope
