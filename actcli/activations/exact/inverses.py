"""Inverse functions: arctan and logit."""

import numpy as np

from actcli.activations.definition import INF, Array
from actcli.activations.exact.algebraic import arctan_curvature, arctan_slope
from actcli.activations.exact.logarithm import logarithm, twice_artanh
from actcli.activations.exact.sums import (
    add,
    choose,
    divide,
    fast_two_sum,
    multiply,
    product,
    ratio,
    rounded,
    rounded_quotient,
    scaled,
    subtract,
    two_sum,
)
from actcli.activations.exact.tables import ARCTANGENTS
from actcli.activations.families.exact import Sum

__all__ = ["arctan", "arctan_curvature", "arctan_slope", "logit", "logit_curvature", "logit_slope"]

_HIGH, _LOW = (np.ascontiguousarray(column) for column in np.array(ARCTANGENTS).reshape(-1, 2).T)
_HALF_PI = Sum(np.asarray(1.5707963267948966), 6.123233995736766e-17)
_FLAT = 2.0**80
_SERIES = (1 / 13, -1 / 11, 1 / 9, -1 / 7, 1 / 5, -1 / 3)


def arctan(x: Array) -> Array:
    """Return arctan(x): of c = i/32 by a table, and of (t − c)/(1 + t·c) by its series; t is |x| or 1/|x|."""
    a = np.minimum(np.abs(x), _FLAT)
    inverse = divide(1.0, np.maximum(a, 1.0))
    outside = a > 1.0
    t = choose(outside, inverse, a)
    whole = np.rint(t.h * 32.0)
    c = whole * (1 / 32)
    s = divide(Sum(t.h - c, t.l), add(multiply(t, c), 1.0))
    square = s.h * s.h
    tail = square * _SERIES[0]
    for k in _SERIES[1:]:
        tail += k
        tail *= square
    tail *= s.h
    place = whole.astype(np.int64)
    h, low = fast_two_sum(_HIGH.take(place), s.h)
    inner = Sum(h, low + ((tail + s.l) + _LOW.take(place)))
    return np.copysign(rounded(choose(outside, subtract(_HALF_PI, inner), inner)), x)


_MIDDLE = 2.0**-7


def _inside(x: Array) -> Array:
    return np.where((x > 0) & (x < 1), x, 0.5)


def _at_ends(x: Array, inside: Array, at_0: float) -> Array:
    ends = np.where(x == 0.0, at_0, np.where(x == 1.0, INF, np.nan))
    return np.where((x > 0) & (x < 1), inside, ends)


def logit(x: Array) -> Array:
    """Return log(x/(1 − x)); around ½ 2·artanh(2x − 1), where the logarithm would cancel."""
    p = _inside(x)
    near = np.abs(p - 0.5) < _MIDDLE
    s = np.where(near, p - 0.5, 0.0) * 2.0
    far = logarithm(divide(np.where(near, 0.75, p), two_sum(1.0, -np.where(near, 0.75, p))))
    return _at_ends(x, rounded(choose(near, twice_artanh(s), far)), -INF)


def logit_slope(x: Array) -> Array:
    """Return 1/(x·(1 − x))."""
    p = _inside(x)
    d = product(scaled(two_sum(1.0, -p)), scaled(p))
    return _at_ends(x, rounded_quotient(ratio((1.0,)), d), INF)


def logit_curvature(x: Array) -> Array:
    """Return (2x − 1)/(x·(1 − x))²."""
    p = _inside(x)
    d = product(scaled(two_sum(1.0, -p)), scaled(p))
    return _at_ends(x, rounded_quotient(scaled(two_sum(2.0 * p, -1.0)), product(d, d)), -INF)
