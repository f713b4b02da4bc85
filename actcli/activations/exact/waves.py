"""Waves: sine and snake."""

import numpy as np

from actcli.activations.definition import Array
from actcli.activations.exact.sums import (
    add,
    multiply,
    product,
    ratio,
    rounded,
    rounded_product,
    scaled,
    times,
)
from actcli.activations.exact.turns import diagonal, reduce
from actcli.activations.exact.turns import sine as sine_of
from actcli.activations.families.exact import Sum


def sine(x: Array) -> Array:
    """Return sin(x)."""
    y = rounded(sine_of(reduce(x)))
    return np.where(x == 0.0, x, y)


def sine_slope(x: Array) -> Array:
    """Return cos(x)."""
    return rounded(sine_of(reduce(x), ahead=1))


def sine_curvature(x: Array) -> Array:
    """Return −sin(x)."""
    return -sine(x)


def snake(x: Array, a: float) -> Array:
    """Return x + sin²(ax)/a."""
    s = sine_of(reduce(x, a))
    h, low, m = product(scaled(multiply(s, s)), ratio((1.0,), (a,)))
    square = Sum(np.ldexp(h, m), np.ldexp(low, m))
    return np.where(x == 0.0, x, rounded(add(x, square)))


def snake_slope(x: Array, a: float) -> Array:
    """Return 1 + sin(2ax) = 2·sin²(ax + π/4)."""
    s = diagonal(reduce(x, a))
    return rounded(times(multiply(s, s), 2.0))


def snake_curvature(x: Array, a: float) -> Array:
    """Return 2a·cos(2ax)."""
    c = sine_of(reduce(x, 2.0 * a), ahead=1)
    return rounded_product(scaled(c), ratio((2.0, a)))
