"""Waves: sine and snake."""

import numpy as np

from actcli.activations.definition import Array
from actcli.activations.exact.sums import (
    Scaled,
    add,
    choose,
    lift,
    multiply,
    product,
    ratio,
    rounded,
    rounded_product,
    scaled,
    subtract,
    times,
)
from actcli.activations.exact.turns import reduce
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
    near, e = lift(x)
    square = Sum(np.ldexp(h, m - e), np.ldexp(low, m - e))
    return np.where(x == 0.0, x, rounded(add(near, square), e))


def snake_slope(x: Array, a: float) -> Array:
    """Return 1 + sin(2ax) = 2·sin²(ax + π/4)."""
    s = sine_of(reduce(x, a, ahead=0.5))
    return rounded(times(multiply(s, s), 2.0))


def snake_curvature(x: Array, a: float) -> Array:
    """Return 2a·cos(2ax)."""
    c = sine_of(reduce(x, a, times=2), ahead=1)
    return rounded_product(scaled(c), ratio((2.0, a)))


_SMALL, _LARGE = 2.0**-40, 2.0**100


def snake_by_a(x: Array, a: float) -> Array:
    """Return (u·sin(2u) − sin²u)/a² with u = ax; u²/a² where u is small, u·sin(2u)/a² where it is large."""
    s, double = sine_of(reduce(x, a)), sine_of(reduce(x, a, times=2))
    u = product(scaled(x), ratio((a,)))
    size = np.abs(x) * abs(a)
    small, large = size < _SMALL, size > _LARGE
    inner = Sum(*Scaled(u.h, u.l, np.where(large, 0, u.m)).sum)
    middle = scaled(subtract(multiply(inner, double), multiply(s, s)))
    square, far = product(u, u), product(u, scaled(double))
    n = choose(small, Sum(square.h, square.l), choose(large, Sum(far.h, far.l), Sum(middle.h, middle.l)))
    m = np.where(small, square.m, np.where(large, far.m, middle.m))
    return rounded_product(Scaled(n.h, n.l, m), ratio((1.0,), (a, a)))
