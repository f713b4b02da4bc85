"""Exponentials, logarithms, circular functions and the error function to 2**-98, for sums h + l.

Each reduces its argument exactly and sums a series; none is fast (1 to 20 µs a number). They say NaN where they do
not know: circular functions beyond 2**40, everything that overflows.
"""

import math
from fractions import Fraction

import numpy as np

from actcli.activations.extended.arithmetic import (
    Real,
    add,
    as_sum,
    choose,
    divide,
    is_below,
    magnitude,
    multiply,
    negative,
    normalise,
    scale,
    series,
    subtract,
)
from actcli.activations.families.exact import Sum

_HALVINGS = 9
_FARTHEST_TURN = 2.0**40


def _constant(value: Fraction) -> Sum:
    """Return a rational number as h + l."""
    high = float(value)
    return Sum(np.asarray(high), float(value - Fraction(high)))


def _parts(value: Fraction, count: int) -> tuple[float, ...]:
    """Return a number as a sum of floats of 33 bits, so that whole numbers below 2**20 multiply them exactly."""
    parts = []
    for _ in range(count):
        mantissa, exponent = math.frexp(float(value))
        parts.append(math.ldexp(round(math.ldexp(mantissa, 33)), exponent - 33))
        value -= Fraction(parts[-1])
    return tuple(parts)


def _arctan_of_inverse(n: int) -> Fraction:
    """Return arctan(1/n) to 2**-400."""
    total, power, k = 0, (1 << 400) // n, 0
    while power:
        total += (-power if k % 2 else power) // (2 * k + 1)
        power //= n * n
        k += 1
    return Fraction(total, 1 << 400)


def _arctanh_of_inverse(n: int) -> Fraction:
    """Return artanh(1/n) to 2**-400."""
    total, power, k = 0, (1 << 400) // n, 0
    while power:
        total += power // (2 * k + 1)
        power //= n * n
        k += 1
    return Fraction(total, 1 << 400)


RATIONAL_PI = 16 * _arctan_of_inverse(5) - 4 * _arctan_of_inverse(239)  # Machin 1706
RATIONAL_E: Fraction = sum((Fraction(1, math.factorial(k)) for k in range(90)), Fraction(0))
"""To about 2**-400, as pi is."""
_LOG_2 = 2 * _arctanh_of_inverse(3)
PI, HALF_PI, LOG_2 = _constant(RATIONAL_PI), _constant(RATIONAL_PI / 2), _constant(_LOG_2)
_HALF_PI_PARTS = _parts(RATIONAL_PI / 2, 6)
_LOG_2_PARTS = _parts(_LOG_2, 5)
E = _constant(RATIONAL_E)
TWO_OVER_ROOT_PI = _constant(Fraction(math.isqrt(int(4 / RATIONAL_PI * (1 << 500))), 1 << 250))
ROOT_HALF = _constant(Fraction(math.isqrt(1 << 499), 1 << 250))

_FACTORIALS = [_constant(Fraction(1, math.factorial(k))) for k in range(32)]
_ODD = [_constant(Fraction((-1) ** k, math.factorial(2 * k + 1))) for k in range(15)]
_EVEN = [_constant(Fraction((-1) ** k, math.factorial(2 * k))) for k in range(15)]
_ARTANH = [_constant(Fraction(2, 2 * k + 1)) for k in range(21)]


def _reduce(x: Sum, parts: tuple[float, ...], period: float) -> tuple[Sum, np.ndarray]:
    """Return x - k·period, and the nearest whole k; `parts` add up to the period."""
    k = np.rint(x.h / period)
    rest = x
    for part in parts:
        product = k * part if np.all(np.abs(k) < 2.0**20) else None
        rest = subtract(rest, multiply(part, k) if product is None else product)
    return rest, k


def reduce_by_log_2(x: Sum) -> tuple[Sum, np.ndarray]:
    """Return r and a whole k with x = r + k·log 2, |r| <= log(2)/2."""
    return _reduce(x, _LOG_2_PARTS, float(LOG_2.h))


def expm1(x: Real) -> Sum:
    """Return e**x - 1."""
    x = as_sum(x)
    inside = Sum(np.clip(x.h, -800.0, 800.0), np.where(np.abs(x.h) < 800, x.l, 0.0))
    rest, k = reduce_by_log_2(inside)
    rest = scale(rest, 2.0**-_HALVINGS)
    e = multiply(rest, series(rest, _FACTORIALS[1:11]))
    for _ in range(_HALVINGS):
        e = add(scale(e, 2.0), multiply(e, e))  # e**2r - 1 = 2e + e²
    half = np.floor(k / 2)
    large = scale(scale(add(e, 1.0), np.exp2(half)), np.exp2(k - half))
    return choose(k == 0, e, subtract(large, 1.0))


def exp(x: Real) -> Sum:
    """Return e**x."""
    x = as_sum(x)
    inside = Sum(np.clip(x.h, -800.0, 800.0), np.where(np.abs(x.h) < 800, x.l, 0.0))
    rest, k = reduce_by_log_2(inside)
    half = np.floor(k / 2)
    return scale(scale(add(expm1(rest), 1.0), np.exp2(half)), np.exp2(k - half))


def log1p(u: Real) -> Sum:
    """Return log(1 + u)."""
    u = as_sum(u)
    near = np.abs(u.h) < 0.25
    small = choose(near, u, 0.0)
    s = divide(small, add(small, 2.0))  # log(1 + u) = 2·artanh(u / (2 + u))
    close = multiply(s, series(multiply(s, s), _ARTANH))
    return choose(near, close, _far_log(choose(near, 1.0, add(u, 1.0))))


def log(x: Real) -> Sum:
    """Return log(x); NaN for x < 0, -inf at 0."""
    x = as_sum(x)
    near = np.abs(x.h - 1.0) < 0.25
    close = log1p(subtract(choose(near, x, 1.0), 1.0))
    return choose(near, close, _far_log(choose(near, 2.0, x)))


def _far_log(x: Sum) -> Sum:
    """Return log(x) for x away from 1: Newton's step from the float64 logarithm, on a mantissa near 1."""
    mantissa, exponent = np.frexp(x.h)
    m = Sum(mantissa, np.ldexp(np.asarray(x.l) + 0.0 * mantissa, -exponent))
    guess = np.log(mantissa)
    d = subtract(multiply(m, exp(-guess)), 1.0)
    whole = exponent.astype(np.float64)
    result = add(multiply(LOG_2, whole), add(guess, subtract(d, scale(multiply(d, d), 0.5))))
    with np.errstate(all="ignore"):
        plain = np.log(x.h)
    return choose(np.isfinite(plain), result, plain)


def sine_and_cosine(x: Real) -> tuple[Sum, Sum]:
    """Return sin(x) and cos(x); NaN beyond 2**40."""
    x = as_sum(x)
    known = np.abs(x.h) < _FARTHEST_TURN
    rest, k = _reduce(choose(known, x, 0.0), _HALF_PI_PARTS, float(HALF_PI.h))
    square = multiply(rest, rest)
    sine, cosine = multiply(rest, series(square, _ODD)), series(square, _EVEN)
    turn = np.mod(k, 4.0)
    odd = (turn == 1) | (turn == 3)
    s = choose(odd, cosine, sine)
    c = choose(odd, sine, cosine)
    s = choose(turn >= 2, negative(s), s)
    c = choose((turn == 1) | (turn == 2), negative(c), c)
    return choose(known, s, np.nan), choose(known, c, np.nan)


def sin(x: Real) -> Sum:
    """Return sin(x); NaN beyond 2**40."""
    return sine_and_cosine(x)[0]


def cos(x: Real) -> Sum:
    """Return cos(x); NaN beyond 2**40."""
    return sine_and_cosine(x)[1]


def arctan(x: Real) -> Sum:
    """Return arctan(x)."""
    x = as_sum(x)
    large = np.abs(x.h) > 1
    inside = choose(large, divide(1.0, choose(large, x, 1.0)), x)
    guess = np.arctan(inside.h)
    s, c = sine_and_cosine(guess)
    d = divide(subtract(multiply(inside, c), s), add(c, multiply(inside, s)))
    y = add(guess, d)
    return choose(large, subtract(multiply(HALF_PI, np.sign(x.h)), y), y)


def cbrt(x: Real) -> Sum:
    """Return the real cube root: one Newton step from float64."""
    x = as_sum(x)
    root = np.cbrt(x.h)
    cube = multiply(multiply(root, root), root)
    rest = subtract(x, cube)
    with np.errstate(all="ignore"):
        return normalise(root, np.where(x.h == 0, 0.0, rest.h / (3.0 * root * root)))


def _erf_near(x: Sum) -> Sum:
    """Return erf(x) for |x| < 3: e**-x²·2x/√π·Σ (2x²)**n / (1·3·5…(2n+1)), a sum of positive terms."""
    double = scale(multiply(x, x), 2.0)
    largest = float(np.max(np.abs(x.h), initial=0.0))
    total = as_sum(np.ones_like(x.h))
    for n in range(24 + int(24 * largest), 0, -1):
        total = add(multiply(multiply(total, double), _constant(Fraction(1, 2 * n + 1))), 1.0)
    decay = exp(scale(double, -0.5))
    return multiply(multiply(multiply(total, decay), x), TWO_OVER_ROOT_PI)


def erfcx(x: Real) -> Sum:
    """Return e**x²·erfc(x) for x >= 3: the continued fraction 1/√π · 1/(x + ½/(x + 1/(x + 3/2/(x + …))))."""
    x = as_sum(x)
    total, smallest = x, float(np.min(x.h, initial=1e9))
    for n in range(12 + int(1200 / smallest**2), 0, -1):
        total = add(x, divide(0.5 * n, total))
    return divide(scale(TWO_OVER_ROOT_PI, 0.5), total)


def erfc(x: Real) -> Sum:
    """Return erfc(x) = 1 - erf(x)."""
    x = as_sum(x)
    a = magnitude(x)
    near = is_below(a, 3.0)
    close = subtract(1.0, _erf_near(choose(near, x, 0.0)))
    outer = choose(near, 30.0, choose(a.h > 40, 40.0, a))
    tail = multiply(erfcx(outer), exp(negative(multiply(outer, outer))))
    return choose(near, close, choose(x.h < 0, subtract(2.0, tail), tail))


def erf(x: Real) -> Sum:
    """Return erf(x)."""
    x = as_sum(x)
    near = np.abs(x.h) < 1
    return choose(near, _erf_near(choose(near, x, 0.0)), subtract(1.0, erfc(choose(near, 2.0, x))))
