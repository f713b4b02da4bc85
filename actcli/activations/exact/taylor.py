"""Taylor series of sums h + l, for the derivatives of mish and gelu_tanh: lists of coefficients f⁽ᵏ⁾/k!."""

import math

import numpy as np

from actcli.activations.definition import Array
from actcli.activations.exact.exponential import FARTHEST, exponential
from actcli.activations.exact.gated import CUBIC, CUT, ROOT
from actcli.activations.exact.sums import (
    Scaled,
    add,
    divide,
    multiply,
    negative,
    rounded_scaled,
    subtract,
    times,
    two_product,
    two_to,
)
from actcli.activations.families.exact import Sum

Series = list[Sum]


def _multiply(a: Series, b: Series, n: int) -> Series:
    return [_convolve(a, b, k) for k in range(n + 1)]


def _convolve(a: Series, b: Series, k: int, first: int = 0) -> Sum:
    """Return Σ aᵢ·bₖ₋ᵢ from i = `first` on."""
    total: Sum | float = 0.0
    for i in range(max(first, k - len(b) + 1), min(k, len(a) - 1) + 1):
        total = add(multiply(a[i], b[k - i]), total)
    return total if isinstance(total, Sum) else Sum(np.zeros_like(a[0].h), 0.0)


def _divide(a: Series, b: Series, n: int) -> Series:
    y: Series = []
    for k in range(n + 1):
        rest = _convolve(b, y, k, 1) if k else Sum(np.zeros_like(b[0].h), 0.0)
        y.append(divide(subtract(a[k], rest) if k < len(a) else negative(rest), b[0]))
    return y


def _powers_of_e(start: Sum, rate: float, n: int) -> Series:
    """Return the series of start·e**(rate·t)."""
    return [divide(multiply(start, rate**k), float(math.factorial(k))) for k in range(n + 1)]


def _plus(a: Series, constant: float) -> Series:
    return [add(a[0], constant), *a[1:]]


def _times_x(p: Series, x: Array, n: int, sign: Array, m: Array) -> Array:
    """Return the derivative of order n of sign·x·p(x)·2**m."""
    y = add(multiply(p[n], x), p[n - 1])
    h, low = multiply(y, sign * float(math.factorial(n)))
    return rounded_scaled(Scaled(h, low, m))


def mish(n: int, x: Array) -> Array:
    """Return mish⁽ⁿ⁾ for n >= 2.

    mish is x·z(z + 2)/(z² + 2z + 2) with z = e**x for x < 0, x − 2x·z²/(2z² + 2z + 1) with z = e**−x for x >= 0.
    """
    y = np.empty_like(x)
    for positive in (False, True):
        at = np.flatnonzero((x >= 0) == positive)
        if at.size:
            y[at] = _mish_one_side(n, np.clip(x[at], -FARTHEST, FARTHEST), positive=positive)
    return y


def _mish_one_side(n: int, x: Array, *, positive: bool) -> Array:
    z = exponential(-np.abs(x))
    rate = -1.0 if positive else 1.0
    inner = _powers_of_e(z.sum, rate, n)
    leading = Sum(z.h, z.l)
    twice = [times(c, 2.0) for c in inner]
    square = _multiply(inner, inner, n)
    if not positive:
        over = _multiply(_powers_of_e(leading, rate, n), _plus(inner, 2.0), n)
        below = _plus([add(a, b) for a, b in zip(square, twice, strict=True)], 2.0)
        return _times_x(_divide(over, below, n), x, n, np.ones_like(x), z.m)
    over = _powers_of_e(multiply(leading, leading), 2.0 * rate, n)
    below = _plus([add(times(a, 2.0), b) for a, b in zip(square, twice, strict=True)], 1.0)
    return _times_x(_divide(over, below, n), x, n, np.full_like(x, -2.0), 2 * z.m)


def gelu_tanh(n: int, x: Array) -> Array:
    """Return gelu_tanh⁽ⁿ⁾ for n >= 2.

    gelu_tanh is −|x|·z/(1 + z), plus x for x >= 0, with z = e**−|y| and y = √(8/π)·(x + 0.044715·x³).
    """
    x = np.clip(x, -CUT, CUT)
    side = np.where(x < 0, -1.0, 1.0)
    square = multiply(two_product(x, x), CUBIC)
    y = multiply(multiply(add(square, 1.0), np.abs(x)), ROOT)
    far = y.h > FARTHEST
    z = exponential(Sum(-np.minimum(y.h, FARTHEST), np.where(far, 0.0, -y.l)))
    steps = [
        multiply(multiply(add(multiply(square, 3.0), 1.0), ROOT), -side),
        multiply(multiply(multiply(multiply(CUBIC, x), 6.0), ROOT), -side),
        multiply(multiply(multiply(CUBIC, 3.0), ROOT), -side),
    ]
    # z' = −|y|'·z; `steps` are the coefficients of −|y|'
    power: Series = [Sum(z.h, z.l)]
    for k in range(1, n + 1):
        power.append(divide(_convolve(steps, power, k - 1), float(k)))
    scale = two_to(np.clip(z.m, -1023, 1023))
    below = _plus([times(c, scale) for c in power], 1.0)
    p = _divide(power, below, n)
    return _times_x(p, x, n, -side, z.m)
