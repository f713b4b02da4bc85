"""Exponentials, logarithms and angles of fixed-point numbers: an integer n stands for n·2**-bits.

Each result is within a few units of the last place (`ERROR`). Arguments are reduced by halving, series are summed by
integer products (R. P. Brent, Fast multiple-precision evaluation of elementary functions, 1976).
"""

import math
from collections.abc import Callable
from functools import lru_cache

from actcli.activations.extended.work import spend_products

ERROR = 8
"""No result is off by more units of the last place."""
_STEP = 256


def pi(bits: int) -> int:
    """Return π."""
    return _round_down(_pi, bits)


def log_2(bits: int) -> int:
    """Return log(2)."""
    return _round_down(_log_2, bits)


def _round_down(constant: Callable[[int], int], bits: int) -> int:
    more = -bits % _STEP
    return constant(bits + more) >> more


@lru_cache(64)
def _pi(bits: int) -> int:
    return (16 * _inverse(5, bits + 16, -1) - 4 * _inverse(239, bits + 16, -1)) >> 16  # Machin 1706


@lru_cache(64)
def _log_2(bits: int) -> int:
    return (
        18 * _inverse(26, bits + 16) - 2 * _inverse(4801, bits + 16) + 8 * _inverse(8749, bits + 16)
    ) >> 16


def _inverse(n: int, bits: int, sign: int = 1) -> int:
    """Return artanh(1/n), or arctan(1/n) for sign -1."""
    power = (1 << bits) // n
    total, k, square = power, 1, sign * n * n
    while power:
        power = power // square if sign > 0 else -(power // -square)
        k += 2
        total += power // k
    return total


def exp(x: int, bits: int) -> int:
    """Return e**x for |x| < 1."""
    if x < 0:
        return exp(x + log_2(bits), bits) >> 1
    halvings = math.isqrt(bits) // 2 + 1
    inner = bits + 2 * halvings + 8
    u = x << (inner - bits) >> halvings
    total = term = 1 << inner
    k = 1
    while term:
        term = (term * u >> inner) // k
        total += term
        k += 1
    spend_products(k + halvings, inner)
    for _ in range(halvings):
        total = total * total >> inner
    return total >> (inner - bits)


def log(x: int, bits: int) -> int:
    """Return log(x) for 1/2 < x < 2: Halley's iteration on the exponential, with three times as many digits each."""
    widths = [bits + 8]
    while widths[-1] > 140:
        widths.append(widths[-1] // 3 + 12)
    y = int(math.log(x / (1 << bits)) * 2.0**60)
    before = 60
    for width in reversed(widths):
        y = _shift(y, width - before)
        here = _shift(x, width - bits)
        power = exp(y, width)
        y += (2 * (here - power) << width) // (here + power)
        before = width
    return y >> 8


def sine_and_cosine(x: int, bits: int) -> tuple[int, int]:
    """Return sin(x) and cos(x) for |x| < 1."""
    if x < 0:
        s, c = sine_and_cosine(-x, bits)
        return -s, c
    halvings = math.isqrt(bits) // 2 + 1
    inner = bits + 2 * halvings + 16
    u = x << (inner - bits) >> halvings
    square = u * u >> inner
    s = term = u
    versed, other = 0, square >> 1  # 1 - cos keeps its digits when angles are doubled
    k, sign = 1, -1
    while term or other:
        versed -= sign * other
        term = (term * square >> inner) // ((k + 1) * (k + 2))
        other = (other * square >> inner) // ((k + 2) * (k + 3))
        s += sign * term
        k, sign = k + 2, -sign
    spend_products(k + 2 * halvings, inner)
    for _ in range(halvings):
        s, versed = (
            (s * ((1 << inner) - versed) >> inner) << 1,
            (versed * ((2 << inner) - versed) >> inner) << 1,
        )
    return s >> (inner - bits), ((1 << inner) - versed) >> (inner - bits)


def arctan(x: int, bits: int) -> int:
    """Return arctan(x) for |x| <= 1: arctan(x) = y + arctan((x·cos y - sin y)/(cos y + x·sin y))."""
    widths = [bits + 8]
    while widths[-1] > 140:
        widths.append(widths[-1] // 3 + 12)
    y, before = int(math.atan(x / (1 << bits)) * 2.0**60), 60
    for width in reversed(widths):
        y = _shift(y, width - before)
        here = _shift(x, width - bits)
        s, c = sine_and_cosine(y, width)
        y += (((here * c >> width) - s) << width) // (c + (here * s >> width))
        before = width
    return y >> 8


def _shift(x: int, by: int) -> int:
    return x << by if by >= 0 else x >> -by
