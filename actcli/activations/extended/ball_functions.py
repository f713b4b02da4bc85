"""Elementary functions of numbers of any precision, each with the bound of its error.

A function is computed at the middle of a ball, by fixed-point series, and the radius is carried along by the largest
slope within the ball. The names are those of `functions`, which does the same for arrays of 106 bits.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from actcli.activations.extended import fixed_point
from actcli.activations.extended.ball import NO_NUMBER, Ball, ball, unknown
from actcli.activations.extended.work import spend, spend_products, spent
from actcli.activations.families.erf_inverse import erfc_inverse_of_log
from actcli.activations.families.erf_inverse import erfinv as erfinv_in_float64

_SPARE = 24
_LARGEST = 1 << 15
"""Exponents with more binary digits are given up."""
_FARTHEST_TURN = 1 << 14


def exp(u: Ball) -> Ball:
    """Return e**u."""
    if u.is_exact_zero:
        return ball(1.0, u.bits)
    size = u.top
    radius = _radius(u)
    if u.r < 0 or size > _LARGEST or radius.top > -2:
        return unknown(u.bits, u.r)
    if size < -u.bits:
        return (ball(1.0, u.bits) + _middle(u)).widened(radius + radius + _middle(u))
    bits = u.bits + _SPARE + max(0, size)
    period = fixed_point.log_2(bits)
    turns, rest = divmod(_fixed(u, bits), period)
    power = fixed_point.exp(rest, bits)
    error = 4 * (abs(turns) + 2) + fixed_point.ERROR
    y = Ball(power, error, turns - bits, u.bits)
    return (y + 0.0).widened(y * radius * 2)


def expm1(u: Ball) -> Ball:
    """Return e**u - 1."""
    return _near_0(u, lambda v: exp(v) - 1.0)


def log(u: Ball) -> Ball:
    """Return log(u); unknown for u <= 0."""
    if u.m <= u.r or u.r < 0:
        return _beyond(u)
    middle = _middle(u)
    from_1 = _exactly(middle) - 1.0
    if from_1.is_exact_zero:
        y = ball(0.0, u.bits)
    elif from_1.top < -u.bits:
        d = Ball(from_1.m, from_1.r, from_1.k, u.bits) + 0.0
        y = d.widened(d * d)
    else:
        bits = u.bits + _SPARE + max(0, -from_1.top) + u.k.bit_length()
        exponent = u.k + u.m.bit_length()
        mantissa = _fixed(Ball(u.m, 0, u.k - exponent, bits), bits)
        if mantissa * 3 < 2 << bits:
            mantissa, exponent = 2 * mantissa, exponent - 1
        total = fixed_point.log(mantissa, bits) + exponent * fixed_point.log_2(bits)
        y = Ball(total, fixed_point.ERROR + 4 + abs(exponent), -bits, u.bits) + 0.0
    return y.widened(_radius(u) / Ball(u.m - u.r, 0, u.k, u.bits)) if u.r else y


def log1p(u: Ball) -> Ball:
    """Return log(1 + u)."""
    return _near_0(u, lambda v: log(v + 1.0))


def sqrt(u: Ball) -> Ball:
    """Return √u; unknown for u < 0."""
    return _root(u, 2)


def cbrt(u: Ball) -> Ball:
    """Return the real cube root of u."""
    return -_root(-u, 3) if u.m < 0 else _root(u, 3)


def sine_and_cosine(u: Ball) -> tuple[Ball, Ball]:
    """Return sin(u) and cos(u)."""
    size = u.top
    if u.r < 0 or size > _FARTHEST_TURN:
        return unknown(u.bits, u.r), unknown(u.bits, u.r)
    if u.is_exact_zero:
        return u, ball(1.0, u.bits)
    if size < -u.bits:
        cube = u * u * u
        return u.widened(cube), ball(1.0, u.bits).widened(u * u)
    bits = u.bits + _SPARE + abs(size)
    quarter = fixed_point.pi(bits) >> 1
    x = _fixed(u, bits)
    turns = (2 * x + quarter) // (2 * quarter)
    s, c = fixed_point.sine_and_cosine(x - turns * quarter, bits)
    s, c = ((s, c), (c, -s), (-s, -c), (-c, s))[turns % 4]
    error, radius = abs(turns) + fixed_point.ERROR + 4, _radius(u)
    sine, cosine = (Ball(part, error, -bits, u.bits) + 0.0 for part in (s, c))
    return sine.widened(radius), cosine.widened(radius)


def sin(u: Ball) -> Ball:
    """Return sin(u)."""
    return sine_and_cosine(u)[0]


def cos(u: Ball) -> Ball:
    """Return cos(u)."""
    return sine_and_cosine(u)[1]


def sinh(u: Ball) -> Ball:
    """Return sinh(u)."""
    if u.m < 0:
        return -sinh(-u)
    e = expm1(u)
    return (e + e / (e + 1.0)) * 0.5


def cosh(u: Ball) -> Ball:
    """Return cosh(u)."""
    e = exp(u)
    return (e + 1.0 / e) * 0.5


def tanh(u: Ball) -> Ball:
    """Return tanh(u)."""
    if u.m < 0:
        return -tanh(-u)
    e = expm1(u * -2.0)
    return -e / (e + 2.0)


def sech_squared(u: Ball) -> Ball:
    """Return 1 - tanh(u)²."""
    z = exp(absolute(u) * -2.0)
    return z * 4.0 / ((z + 1.0) * (z + 1.0))


def arctan(u: Ball) -> Ball:
    """Return arctan(u)."""
    if u.r < 0:
        return u
    if u.m < 0:
        return -arctan(-u)
    if (u - 1.0).m > 0 and not u.is_zero:
        bits = u.bits + _SPARE
        return Ball(fixed_point.pi(bits), 4, -bits - 1, u.bits) - arctan(1.0 / u)
    if u.top < -u.bits:
        return u.widened(u * u * u)
    bits = u.bits + _SPARE + max(0, -u.top)
    y = Ball(fixed_point.arctan(_fixed(u, bits), bits), fixed_point.ERROR, -bits, u.bits)
    return (y + 0.0).widened(_radius(u))


def erf(u: Ball) -> Ball:
    """Return erf(u)."""
    if u.m < 0:
        return -erf(-u)
    if u.r < 0 or u.top > 1:
        return 1.0 - erfc(u)
    return _erf_series(_middle(u)).widened(_radius(u) * 1.25)


def erfc(u: Ball) -> Ball:
    """Return erfc(u)."""
    if u.r < 0:
        return u
    if u.m < 0:
        return 2.0 - erfc(-u)
    x, radius = _middle(u), _radius(u)
    if u.top > _LARGEST // 2:
        return unknown(u.bits)
    square = (x * x).rounded if u.top < 500 else float("inf")
    if square * 1.44 > u.bits + _SPARE:
        y = _erfc_far(x)
    else:
        more = _at(x, u.bits + _SPARE + int(1.5 * square))
        y = _at(1.0 - _erf_series(more), u.bits) + 0.0
    # -erfc'/erfc < x + √(x² + 2)
    moved = radius * ((x + radius) * 2.0 + 2.0)
    return y if not u.r else y.widened(y * moved * 2.0) if moved.top < 0 else unknown(u.bits)


def asinh(u: Ball) -> Ball:
    """Return asinh(u) = log1p(u + u²/(1 + √(1 + u²))) for u >= 0."""
    if u.m < 0:
        return -asinh(-u)
    square = u * u
    return log1p(u + square / (sqrt(square + 1.0) + 1.0))


def acosh(u: Ball) -> Ball:
    """Return acosh(u) = log1p(t + √(t(t + 2))), t = u - 1; unknown for u < 1."""
    t = u - 1.0
    return log1p(t + sqrt(t * (t + 2.0)))


def atanh(u: Ball) -> Ball:
    """Return atanh(u) = log1p(2u/(1 - u))/2 for u >= 0; unknown for |u| >= 1."""
    if u.m < 0:
        return -atanh(-u)
    rest = 1.0 - u
    return log1p(u * 2.0 / rest) * 0.5 if rest.m > 0 else _beyond(rest)


def erfinv(u: Ball) -> Ball:
    """Return the inverse of erf by Newton's method, twice as many digits each time; unknown for |u| >= 1."""
    before = spent()
    y, units = _erfinv(u)
    spend(before + units - spent())  # as much whether it is computed or remembered
    return y


@lru_cache(maxsize=64)
def _erfinv(u: Ball) -> tuple[Ball, float]:
    """Return erfinv(u) and what it takes: the slowest function, and of a constant it is asked for at every number."""
    before = spent()
    y = _inverse_of_erf(u)
    return y, spent() - before


def _inverse_of_erf(u: Ball) -> Ball:
    if u.m < 0:
        return -_inverse_of_erf(-u)
    rest = 1.0 - u
    if u.r < 0 or u.is_exact_zero or rest.m <= rest.r:
        return u if u.r < 0 or u.is_exact_zero else _beyond(rest)
    bits = u.bits + _SPARE
    if u.top < -u.bits:
        return _at((_at(u, bits) * sqrt(pi(bits)) * 0.5).widened(u * u * u), u.bits) + 0.0

    def step(y: Ball, x: Ball, other: Ball) -> Ball:
        """Return (erf(y) - x)/erf'(y); `other` is 1 - x, which has more digits where it is small."""
        off = other - erfc(y) if other.top < 0 else erf(y) - x
        return off * exp(y * y) * sqrt(pi(y.bits)) * 0.5

    y, right = _erfinv_start(_at(u, bits), rest), 30
    while right < bits:
        right *= 2
        y = _at(y, min(bits, right) + _SPARE)
        y = _middle(y - step(y, _middle(u), _middle(rest)))
    # with slopes that differ by less than a factor of 2, the root is as near as twice the first step
    first = step(y, u, rest) * 2.0
    known = (first * (y * 2.0 + 1.0)).top < -2
    return _at(y.widened(first), u.bits) + 0.0 if known else unknown(u.bits)


def _erfinv_start(x: Ball, rest: Ball) -> Ball:
    """Return the inverse of erf to about 30 bits; `rest` is 1 - x."""
    if x.top < -20:
        return _middle(x * sqrt(pi(x.bits)) * 0.5)
    if rest.top > -1:
        return ball(float(erfinv_in_float64(np.array([x.rounded]))[0]), x.bits)
    log_rest = math.log(rest.m) + rest.k * math.log(2)
    return ball(float(erfc_inverse_of_log(np.array([log_rest]))[0]), x.bits)


def normal_cdf(u: Ball) -> Ball:
    """Return Φ(u) = erfc(-u/√2)/2."""
    return erfc(-u * sqrt(ball(0.5, u.bits))) * 0.5


def absolute(u: Ball) -> Ball:
    """Return |u|."""
    return -u if u.m < 0 else u


def pi(bits: int) -> Ball:
    """Return π."""
    return Ball(fixed_point.pi(bits), 2, -bits, bits)


def _erf_series(x: Ball) -> Ball:
    """Return erf(x) for an exact x >= 0: e**-x²·2x/√π·Σ (2x²)**n / (1·3·5…(2n+1)), a sum of positive terms."""
    bits = x.bits + _SPARE
    double = _fixed(x * x * 2.0, bits)
    total = term = 1 << bits
    n = 0
    while term:
        n += 1
        term = (term * double >> bits) // (2 * n + 1)
        total += term
    spend_products(n, bits)
    series = Ball(total, 4 * n * (1 + (total >> bits)) + 4, -bits, x.bits)
    return x * 2.0 * exp(-(x * x)) * series / sqrt(pi(bits))


def _erfc_far(x: Ball) -> Ball:
    """Return erfc(x) for an exact x: e**-x²/(x·√π)·Σ (-1)**n·(1·3·5…(2n-1))/(2x²)**n, off by less than a term."""
    bits = x.bits + _SPARE
    inverse = _fixed(1.0 / (x * x * 2.0), bits)
    total = term = 1 << bits
    n = 0
    while term:
        n += 1
        following = term * (2 * n - 1) * inverse >> bits
        if following >= term:
            break
        term = following
        total += -term if n % 2 else term
    spend_products(2 * n, bits)
    series = Ball(total, term + 4 * n * n + 4, -bits, x.bits)
    exact = _exactly(x)
    square = exact * exact
    return exp(Ball(-square.m, 0, square.k, x.bits)) * series / (x * sqrt(pi(bits)))


def _beyond(room: Ball) -> Ball:
    """Return what a function is of a number that has no certain `room` to the end of the function's domain."""
    return unknown(room.bits, NO_NUMBER if room.is_negative else room.r)


def _near_0(u: Ball, function: Callable[[Ball], Ball]) -> Ball:
    """Return a function through 0 with slope 1 and curvature at most 1 near 0, at a precision that 1 + u keeps."""
    if u.r < 0 or u.is_exact_zero:
        return u
    if u.top < -u.bits:
        return u.widened(u * u)
    more = u.bits + max(0, -u.top)
    return _at(function(_at(u, more)), u.bits) + 0.0


def _root(u: Ball, n: int) -> Ball:
    """Return the n-th root, n = 2 or 3, of u >= 0."""
    if u.is_exact_zero:
        return u
    if u.r < 0 or u.m <= u.r:
        return _beyond(u)
    up = max(0, n * (u.bits + _SPARE) - u.m.bit_length())
    up += (u.k - up) % n
    x = u.m << up
    root = _whole_root(x, n)
    y = Ball(root, 0 if root**n == x else 2, (u.k - up) // n, u.bits) + 0.0
    return y.widened(y * Ball(u.r, 0, 0, u.bits) / Ball(u.m - u.r, 0, 0, u.bits)) if u.r else y


def _whole_root(x: int, n: int) -> int:
    """Return the whole part of the n-th root, by Newton's iteration from above."""
    if n == 2:
        return math.isqrt(x)
    root = 1 << -(-x.bit_length() // n)
    while True:
        lower = ((n - 1) * root + x // root ** (n - 1)) // n
        if lower >= root:
            return root
        root = lower


def _middle(u: Ball) -> Ball:
    return Ball(u.m, 0, u.k, u.bits)


def _radius(u: Ball) -> Ball:
    return Ball(u.r, 0, u.k, u.bits)


def _at(u: Ball, bits: int) -> Ball:
    """Return the same number, for results of another precision."""
    return Ball(u.m, u.r, u.k, bits)


def _exactly(u: Ball) -> Ball:
    """Return the same number, for sums and squares of it that are not rounded, within reason."""
    return _at(u, 2 * u.m.bit_length() + 2 * abs(u.top) + 64 if abs(u.top) < _LARGEST else u.bits)


def _fixed(u: Ball, bits: int) -> int:
    """Return the middle as a fixed-point number."""
    up = u.k + bits
    return u.m << up if up >= 0 else u.m >> -up
