"""The exponential as h + l, of which the other kernels are made.

x = k·log(2)/64 + r with |r| < 0.0055, so that e**x = 2**(k // 64)·T·e**r, where T = 2**(k % 64 / 64) comes from a
table. T and the leading part of r have 26 bits each, which makes their product exact; all that is rounded is smaller
than the result by 2**-16 or more. The result is within 2**-66 (P. T. P. Tang, Table-driven implementation of the
exponential function in IEEE floating-point arithmetic, 1989).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from actcli.activations.definition import Array
from actcli.activations.exact.sums import Real, Scaled, fast_two_sum, two_sum, two_to
from actcli.activations.exact.tables import LOG_2_OVER_64, POWERS
from actcli.activations.families.exact import SATURATED, Sum

FARTHEST = SATURATED

_HIGH, _LOW = (np.ascontiguousarray(column) for column in np.array(POWERS).reshape(64, 2).T)
_PER_LOG_2 = 92.33248261893165
"""64/log(2)"""
_WHOLE = 1.5 * 2.0**52
"""Added to a number it leaves whole numbers, which stand in the last bits of the sum."""
_COARSE = 1.5 * 2.0**19
"""Added to a number it leaves multiples of 2**-33."""
_SERIES = (1 / 5040, 1 / 720, 1 / 120, 1 / 24, 1 / 6, 1 / 2)


class _Reduced(NamedTuple):
    """T as h + l, the exponent m, the float64 next to r as coarse + fine, and what e**r − 1 is beyond that."""

    high: Array
    low: Array
    m: NDArray[np.int64]
    coarse: Array
    fine: Array
    rest: Array


def clip(x: Array) -> Array:
    """Return x between ±FARTHEST."""
    y = np.minimum(x, FARTHEST)
    return np.maximum(y, -FARTHEST, out=y)


def _reduce(x: Real) -> _Reduced:
    h, l = x if isinstance(x, tuple) else (np.asarray(x), 0.0)  # noqa: E741
    k: Array = h * _PER_LOG_2
    k += _WHOLE
    whole = k.view(np.int64)
    place, m = whole & 63, whole << 13
    m >>= 19
    k -= _WHOLE
    first, second, third = LOG_2_OVER_64
    t = k * first
    np.subtract(h, t, out=t)
    r, low = two_sum(t, k * -second)
    k *= third
    low -= k
    if not isinstance(l, float):
        low += l
    q: Array = r * _SERIES[0]
    for c in _SERIES[1:]:
        q += c
        q *= r
    # of the lowest part of x, too, there is e**low − 1 and the product with r
    q += low
    q *= r
    q += low
    coarse = r + _COARSE
    coarse -= _COARSE
    r -= coarse
    return _Reduced(_HIGH.take(place), _LOW.take(place), m, coarse, r, q)


def exponential(x: Real) -> Scaled:
    """Return e**x as (h + l)·2**m, 1 <= h <= 2, for x between ±FARTHEST."""
    high, low, m, coarse, fine, rest = _reduce(x)
    rest += fine
    tail = coarse + rest
    tail *= low
    low += tail
    rest *= high
    low += rest
    coarse *= high
    h, part = fast_two_sum(high, coarse)
    low += part
    return Scaled(*fast_two_sum(h, low), m)


def exponential_less_one(x: Real) -> Sum:
    """Return e**x − 1 within 2**-60, for x between −FARTHEST and 700."""
    high, low, m, coarse, fine, rest = _reduce(x)
    power = two_to(np.maximum(m, -1000, out=m))
    high *= power
    low *= power
    tail = coarse + fine
    tail += rest
    tail *= low
    low += tail
    rest *= high
    low += rest
    coarse *= high
    fine *= high
    h, part = two_sum(high, -1.0)
    low += part
    h, part = two_sum(h, coarse)
    low += part
    h, part = two_sum(h, fine)
    low += part
    return fast_two_sum(h, low)
