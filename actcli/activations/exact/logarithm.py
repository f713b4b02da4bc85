"""The logarithm as h + l.

log(1 + z) = log(F) + 2·artanh(s), s = (1 + z − F)/(1 + z + F), where F = 1 + i/64 is close to 1 + z and its logarithm
comes from a table; around z = 0 F is 1, and no digit is lost. The result is within 2**-66 of the true one.
"""

import numpy as np

from actcli.activations.definition import Array
from actcli.activations.exact.sums import add, divide, fast_two_sum, two_sum
from actcli.activations.exact.tables import LOG_2, LOGARITHMS
from actcli.activations.families.exact import Sum

_FIRST = 44
_HIGH, _LOW = (np.ascontiguousarray(column) for column in np.array(LOGARITHMS).reshape(-1, 2).T)
_SERIES = (2 / 13, 2 / 11, 2 / 9, 2 / 7, 2 / 5, 2 / 3)
"""2·artanh(s) = 2s + s³·(2/3 + 2/5·s² + …)"""


def log_of_one_plus(z: Sum) -> Sum:
    """Return log(1 + z), for z between −0.3125 and 1.02."""
    whole = np.rint(z.h * 64.0)
    step = whole * (1 / 64)
    below = two_sum(z.h, 2.0 + step)
    s = divide(Sum(z.h - step, z.l), Sum(below.h, below.l + z.l))
    place = (whole + (64.0 - _FIRST)).astype(np.int64)
    square = s.h * s.h
    tail = square * _SERIES[0]
    for c in _SERIES[1:]:
        tail += c
        tail *= square
    tail *= s.h
    tail += 2.0 * s.l
    tail += _LOW.take(place)
    h, low = fast_two_sum(_HIGH.take(place), 2.0 * s.h)
    low += tail
    return fast_two_sum(h, low)


def twice_artanh(s: Array) -> Sum:
    """Return 2·artanh(s) = log((1 + s)/(1 − s)), for |s| < 2**-6."""
    square = s * s
    tail = square * _SERIES[0]
    for c in _SERIES[1:]:
        tail += c
        tail *= square
    return Sum(2.0 * s, tail * s)


def logarithm(u: Sum) -> Sum:
    """Return log(u), for u > 0 with a normal h."""
    mantissa, m = np.frexp(u.h)
    shift = (mantissa < 0.6875).astype(np.int64)
    mantissa = np.ldexp(mantissa, shift)
    whole = m.astype(np.int64) - shift
    low = np.ldexp(u.l, -whole)
    y = log_of_one_plus(Sum(mantissa - 1.0, low))
    return add(_times_log_2(whole.astype(np.float64)), y)


def _times_log_2(whole: Array) -> Sum:
    first, second, third = LOG_2
    h, low = two_sum(whole * first, whole * second)
    return Sum(h, low + whole * third)
