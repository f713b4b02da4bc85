"""Gated units: x times a sigmoid of x.

As in families/gated.py, y is the sigmoid's argument, a = |y|, z = e**−a, d = 1 + z.
"""

import numpy as np

from actcli.activations.definition import Array
from actcli.activations.exact import tables
from actcli.activations.exact.exponential import FARTHEST, exponential
from actcli.activations.exact.sums import (
    Scaled,
    add,
    choose,
    divide,
    lift,
    multiply,
    negative,
    one_plus,
    product,
    ratio,
    rounded,
    rounded_scaled,
    scaled,
    subtract,
    times,
    two_product,
)
from actcli.activations.exact.zeros import set_beside, zero
from actcli.activations.families.exact import Sum, magnitude, scale

_SWISH_SLOPE, _SWISH_CURVATURE = zero(tables.ZERO_OF_SWISH_SLOPE), zero(tables.ZERO_OF_SWISH_CURVATURE)
_GELU_TANH_SLOPE = zero(tables.ZERO_OF_GELU_TANH_SLOPE)
_GELU_TANH_CURVATURE = zero(tables.ZERO_OF_GELU_TANH_CURVATURE)
_MISH_SLOPE = zero(tables.ZERO_OF_MISH_SLOPE)
_MISH_CURVATURE = (zero(tables.ZERO_OF_MISH_CURVATURE_LEFT), zero(tables.ZERO_OF_MISH_CURVATURE_RIGHT))
_LINEAR = 100.0
"""From here on x·sigmoid(y) is x to 2**-140."""


def _cubed(d: Sum) -> Sum:
    return multiply(multiply(d, d), d)


def silu_unrounded(x: Array, beta: float) -> Scaled:
    """Return x/d, and z·x/d where y < 0, as h + l."""
    y = scale(x, beta)
    z = exponential(negative(magnitude(y)))
    near, e = lift(x)
    below = y.h < 0
    n = multiply(choose(below, Sum(z.h, z.l), 1.0), near)
    return Scaled(*divide(n, one_plus(z)), np.where(below, z.m, 0) + e)


def silu(x: Array, beta: float) -> Array:
    """Return x/d, and z·x/d where y < 0."""
    return rounded_scaled(silu_unrounded(x, beta))


def silu_slope_unrounded(x: Array, beta: float) -> Scaled:
    """Return (1 + z(1 + a))/d², and z(1 − a + z)/d² where y < 0, as h + l."""
    y = scale(x, beta)
    a = magnitude(y)
    return _gate_slope(y.h < 0, a, exponential(negative(a)))


def silu_slope(x: Array, beta: float) -> Array:
    """Return the slope, also beside its zero."""
    slope = rounded_scaled(silu_slope_unrounded(x, beta))
    set_beside(_SWISH_SLOPE, scale(x, beta), slope)
    return slope


def _gate_slope(below: np.ndarray, b: Sum, z: Scaled) -> Scaled:
    """Return (1 + z(1 + b))/d², and z(1 − b + z)/d² where `below` holds."""
    d = one_plus(z)
    above = add(d, multiply(z.sum, b))
    off = multiply(subtract(d, b), Sum(z.h, z.l))
    n = choose(below, off, above)
    return Scaled(*divide(n, multiply(d, d)), np.where(below, z.m, 0))


def silu_curvature(x: Array, beta: float) -> Array:
    """Return β·z·((2 − a) + z(2 + a))/d³."""
    a = magnitude(scale(x, beta))
    z = exponential(negative(a))
    n = add(subtract(2.0, a), multiply(z.sum, add(a, 2.0)))
    h, low, m = ratio((beta,))
    n = multiply(multiply(n, Sum(z.h, z.l)), Sum(h, low))
    curvature = rounded(divide(n, _cubed(one_plus(z))), z.m + m)
    set_beside(_SWISH_CURVATURE, a, curvature, beta)
    return curvature


def silu_by_beta(x: Array, beta: float) -> Array:
    """Return x²·z/d²."""
    z = exponential(negative(magnitude(scale(x, beta))))
    d = one_plus(z)
    near = scaled(x)
    n = product(product(near, near), z)
    return rounded(divide(Sum(n.h, n.l), multiply(d, d)), n.m)


def quick_gelu(x: Array, alpha: float) -> Array:
    """Return silu with β = α."""
    return silu(x, alpha)


def quick_gelu_slope(x: Array, alpha: float) -> Array:
    """Return the slope of silu with β = α."""
    return silu_slope(x, alpha)


def quick_gelu_curvature(x: Array, alpha: float) -> Array:
    """Return the curvature of silu with β = α."""
    return silu_curvature(x, alpha)


def quick_gelu_by_alpha(x: Array, alpha: float) -> Array:
    """Return the derivative of silu by β = α."""
    return silu_by_beta(x, alpha)


# gelu_tanh is silu in y = 2u, u = √(2/π)(x + 0.044715 x³). The two constants as sums h + l.
ROOT = Sum(np.asarray(1.5957691216057308), -9.96930880911092e-17)
CUBIC = Sum(np.asarray(0.044715), 2.1960211427085595e-18)
CUT = 32.0
"""There y is beyond 2300."""


def _gelu_tanh_parts(x: Array) -> tuple[Array, Sum, Scaled]:
    """Return |x|, k = 0.044715·x², and z = e**−|y|, for |x| cut off at 32."""
    a = np.abs(x)
    a = np.minimum(a, CUT, out=a)
    k = multiply(two_product(a, a), CUBIC)
    y = multiply(multiply(add(k, 1.0), a), ROOT)
    beyond = y.h > FARTHEST
    return a, k, exponential(Sum(-np.minimum(y.h, FARTHEST), np.where(beyond, 0.0, -y.l)))


def gelu_tanh(x: Array) -> Array:
    """Return x/d, and z·x/d where x < 0."""
    _, _, z = _gelu_tanh_parts(x)
    near, e = lift(np.maximum(x, -CUT))
    below = x < 0
    n = multiply(choose(below, Sum(z.h, z.l), 1.0), near)
    return rounded(divide(n, one_plus(z)), np.where(below, z.m, 0) + e)


def gelu_tanh_slope(x: Array) -> Array:
    """Return the slope of the gate in y, with b = |x|·y'(x) in the place of a."""
    a, k, z = _gelu_tanh_parts(x)
    slope = rounded_scaled(_gate_slope(x < 0, multiply(multiply(add(multiply(k, 3.0), 1.0), a), ROOT), z))
    set_beside(_GELU_TANH_SLOPE, Sum(x, 0.0), slope)
    return slope


def gelu_tanh_curvature(x: Array) -> Array:
    """Return √(8/π)·((2 + 12k)·d − b(1 + 3k)(1 − z))·z/d³ with b = |x|·y'(x)."""
    a, k, z = _gelu_tanh_parts(x)
    d = one_plus(z)
    triple = multiply(k, 3.0)
    bend = add(triple, 1.0)
    b = multiply(multiply(bend, a), ROOT)
    first = multiply(add(times(triple, 4.0), 2.0), d)
    second = multiply(multiply(b, bend), subtract(2.0, d))
    n = multiply(multiply(subtract(first, second), ROOT), Sum(z.h, z.l))
    curvature = rounded(divide(n, _cubed(d)), z.m)
    set_beside(_GELU_TANH_CURVATURE, Sum(a, 0.0), curvature)
    return curvature


# mish = x·n(n + 2)/D with n = e**x, D = n² + 2n + 2 for x < 0; for x > 0 the same in z = e**-x, divided through.


def _mish_parts(x: Array) -> tuple[np.ndarray, Array, Scaled, Sum, Sum]:
    """Return where x < 0, x cut off, z as a product and as a sum, and D."""
    s = np.minimum(x, FARTHEST)
    s = np.maximum(s, -FARTHEST, out=s)
    z = exponential(-np.abs(s))
    n = z.sum
    below = x < 0
    square = multiply(n, n)
    low = add(add(square, times(n, 2.0)), 2.0)
    high = add(times(add(square, n), 2.0), 1.0)
    return below, s, z, n, choose(below, low, high)


def mish(x: Array) -> Array:
    """Return x·z(z + 2)/D, and x·(2z + 1)/D where x >= 0."""
    below, s, z, n, D = _mish_parts(x)
    near, e = lift(np.where(x > _LINEAR, x, s))
    over = choose(below, multiply(add(n, 2.0), Sum(z.h, z.l)), add(times(n, 2.0), 1.0))
    return rounded(divide(multiply(over, near), D), np.where(below, z.m, 0) + e)


def _horner(n: Sum, coefficients: tuple[Sum | float, ...]) -> Sum:
    """Return the polynomial at n; the highest coefficient comes first."""
    total = coefficients[0]
    for c in coefficients[1:]:
        total = add(multiply(n, total), c)
    return total if isinstance(total, Sum) else Sum(np.asarray(total), 0.0)


def mish_slope(x: Array) -> Array:
    """Return z·(z³ + 4z² + (6 + 4x)z + 4(1 + x))/D², and its mirror in z where x >= 0."""
    below, s, z, n, D = _mish_parts(x)
    six, four = Sum(*_line(6.0, 4.0, s)), Sum(*_line(4.0, 4.0, s))
    off = multiply(_horner(n, (1.0, 4.0, six, four)), Sum(z.h, z.l))
    on = _horner(n, (four, six, 4.0, 1.0))
    slope = rounded(divide(choose(below, off, on), multiply(D, D)), np.where(below, z.m, 0))
    set_beside(_MISH_SLOPE, Sum(x, 0.0), slope)
    return slope


def _line(constant: float, factor: float, s: Array) -> Sum:
    """Return constant + factor·s, for |s| up to SATURATED and a small whole factor."""
    return add(two_product(s, factor), constant)


def mish_curvature(x: Array) -> Array:
    """Return 4z·((2 − 2x)z³ + (6 − 3x)z² + (8 + 2x)z + 4 + 2x)/D³, and its mirror in z, times z, where x >= 0."""
    below, s, z, n, D = _mish_parts(x)
    rows = [_line(c, f, s) for c, f in ((2.0, -2.0), (6.0, -3.0), (8.0, 2.0), (4.0, 2.0))]
    mirrored = [choose(below, a, b) for a, b in zip(rows, rows[::-1], strict=True)]
    over = times(multiply(_horner(n, tuple(mirrored)), Sum(z.h, z.l)), 4.0)
    over = choose(below, over, multiply(over, Sum(z.h, z.l)))
    curvature = rounded(divide(over, _cubed(D)), np.where(below, z.m, 2 * z.m))
    for zero_of_mish in _MISH_CURVATURE:
        set_beside(zero_of_mish, Sum(x, 0.0), curvature)
    return curvature
