"""The sine and the cosine as h + l, of exact products a·x of any size.

An angle is reduced to r between ±π/4 and a count of right angles: with π/2 in parts below 2**19; beyond,
one number at a time, by whole numbers of as many digits of 2/π as the angle takes (M. H. Payne and R. N. Hanek, Radian
reduction for trigonometric functions, 1983). Then sin and cos of the nearest i/32 come from a table.
"""

import math
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from actcli.activations.definition import Array
from actcli.activations.exact.sums import add, normalise, two_product, two_sum
from actcli.activations.exact.tables import COSINES, SINES
from actcli.activations.families.exact import Sum

_SIN, _SIN_LOW = (np.ascontiguousarray(column) for column in np.array(SINES).reshape(-1, 2).T)
_COS, _COS_LOW = (np.ascontiguousarray(column) for column in np.array(COSINES).reshape(-1, 2).T)
_COARSE = 1.5 * 2.0**19
"""Added to a number it leaves multiples of 2**-33."""
_MOST_TURNS = 2.0**19
_GUARD = 220
"""Binary digits of the fraction of a turn: 53 + 53 cancel at worst, and 106 are to be left."""
_DIGITS = 2500


class Turn(NamedTuple):
    """An angle as q right angles, modulo 4, and the rest r, |r| <= π/4."""

    q: NDArray[np.int64]
    r: Sum


@cache
def _half_pi_parts() -> tuple[float, ...]:
    """Return π/2 as a sum of floats of 33 bits."""
    whole, parts = (1 << (2 * _DIGITS + 8)) // _two_over_pi(), []
    shift = _DIGITS + 8
    for _ in range(5):
        size = whole.bit_length() if whole >= 0 else (-whole).bit_length()
        cut = round(whole / (1 << (size - 33))) << (size - 33)
        parts.append(math.ldexp(float(cut >> (size - 33)), size - 33 - shift))
        whole -= cut
    return tuple(parts)


@cache
def _half_pi() -> int:
    """Return π/2 · 2**140."""
    return (1 << (_DIGITS + 140)) // _two_over_pi()


@cache
def _two_over_pi() -> int:
    """Return 2/π · 2**2500, by π = 16·arctan(1/5) − 4·arctan(1/239) (J. Machin 1706)."""
    scale = 1 << (_DIGITS + 64)

    def arctan_of_inverse(n: int) -> int:
        total, power, k = 0, scale // n, 0
        while power:
            total += (-power if k % 2 else power) // (2 * k + 1)
            power //= n * n
            k += 1
        return total

    pi = 16 * arctan_of_inverse(5) - 4 * arctan_of_inverse(239)
    return (2 << (2 * _DIGITS + 64)) // pi


def reduce(x: Array, factor: float = 1.0, ahead: float = 0.0, times: int = 1) -> Turn:
    """Return factor·x, 1 or 2 times, as right angles and a rest that is right to about 2**-100 of itself.

    The angle may be `ahead` of the exact product by 0 or half a right angle.
    """
    size = np.abs(x) * abs(factor) * times
    near = size < _MOST_TURNS
    inner = np.where(near, x, 0.0)
    angle = Sum(inner, 0.0) if factor * times == 1.0 else _exact_product(inner, factor, times)
    k = np.rint(angle.h * (2 / math.pi) + ahead)
    first, *others = _half_pi_parts()
    taken = k - ahead
    rest = two_sum(angle.h, taken * -first)
    for part in others:
        rest = normalise(add(rest, taken * -part))
    if not isinstance(angle.l, float):
        rest = normalise(add(rest, angle.l))
    q = k.astype(np.int64) & 3
    far = np.flatnonzero(~near)
    if far.size:
        r, low = rest.h.copy(), np.broadcast_to(rest.l, rest.h.shape).copy()
        for i in far:
            q[i], r[i], low[i] = _reduce_one(float(x[i]), factor, ahead, times)
        rest = Sum(r, low)
    return Turn(q, rest)


def _exact_product(x: Array, factor: float, times: int) -> Sum:
    """Return factor·x, 1 or 2 times, where it is below 2**20; both may be far from 1."""
    mantissa, m = np.frexp(x)
    scale, k = math.frexp(factor)
    k += times - 1
    h, low = two_product(mantissa, scale)
    return Sum(np.ldexp(h, m + k), np.ldexp(low, m + k))


def _reduce_one(x: float, factor: float, ahead: float, times: int) -> tuple[int, float, float]:
    """Return the right angles, modulo 4, and the rest of factor·x·times as h + l, by whole numbers."""
    (n, below), (a, a_below) = x.as_integer_ratio(), factor.as_integer_ratio()
    whole, below = times * n * a, below * a_below
    # whole/below is whole·2**e; digits of 2/π beyond the fraction's are not needed
    e = 1 - below.bit_length()
    points = min(_DIGITS, max(0, whole.bit_length() + e) + _GUARD)
    turns = whole * (_two_over_pi() >> (_DIGITS - points))
    fraction = points - e
    turns += int(2 * ahead) << (fraction - 1)
    k = (turns + (1 << (fraction - 1))) >> fraction
    rest = turns - (k << fraction)
    shift = max(0, rest.bit_length() - 140)
    r = (rest >> shift) * _half_pi()
    high = float(r)
    low = float(r - int(high))
    return k & 3, math.ldexp(high, shift - fraction - 140), math.ldexp(low, shift - fraction - 140)


def sine_of_rest(r: Sum, *, cosine: NDArray[np.bool_]) -> Sum:
    """Return sin|r|, or cos(r) where `cosine` holds, for |r| up to 0.82."""
    sign = np.where(r.h < 0, -1.0, 1.0)
    h, low = r.h * sign, r.l * sign
    whole = np.rint(h * 32.0)
    d = h - whole * (1 / 32)
    place = whole.astype(np.int64)
    # cos(c + d) is sin(c + d + π/2): cos c in the place of sin c, −sin c in that of cos c
    sin, sin_low = _SIN.take(place), _SIN_LOW.take(place)
    cos, cos_low = _COS.take(place), _COS_LOW.take(place)
    s, s_low = np.where(cosine, cos, sin), np.where(cosine, cos_low, sin_low)
    c, c_low = np.where(cosine, -sin, cos), np.where(cosine, -sin_low, cos_low)
    v = d * d
    less = ((v * (1 / 40320) - 1 / 720) * v + 1 / 24) * v - 0.5
    less *= v
    bend = ((v * (1 / 362880) - 1 / 5040) * v + 1 / 120) * v - 1 / 6
    bend *= v * d
    coarse = (d + _COARSE) - _COARSE
    fine = d - coarse
    tail = (s + s_low) * less + (c + c_low) * (bend + low) + (s_low + c_low * d)
    h, part = two_sum(s, c * coarse)
    tail += part
    h, part = two_sum(h, c * fine)
    tail += part
    return normalise(Sum(h, tail))


def sine(turn: Turn, *, ahead: int = 0) -> Sum:
    """Return the sine of an angle, or of one that is so many right angles ahead."""
    q = (turn.q + ahead) & 3
    odd = (q & 1) == 1
    y = sine_of_rest(turn.r, cosine=odd)
    down = (q >= 2) ^ (~odd & np.signbit(turn.r.h))
    sign = np.where(down, -1.0, 1.0)
    return Sum(y.h * sign, y.l * sign)
