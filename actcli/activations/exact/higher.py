"""Derivatives of order 3 to 10 in closed form, within 2**-50 of the largest of the neighbouring orders.

The derivatives of the sigmoid are polynomials in z = e**−|y| with Eulerian numbers (A. A. Minai and R. D. Williams, On
the derivatives of the sigmoid, 1993), those of the normal density are Hermite polynomials.
"""

import math

import numpy as np

from actcli.activations.definition import INF, Array
from actcli.activations.exact import taylor
from actcli.activations.exact.exponential import FARTHEST, exponential
from actcli.activations.exact.exponential_units import over
from actcli.activations.exact.sums import (
    Scaled,
    add,
    divide,
    multiply,
    negative,
    one_plus,
    product,
    quotient,
    ratio,
    rounded_product,
    rounded_quotient,
    rounded_scaled,
    scaled,
    square_root,
    subtract,
    times,
    two_product,
    two_sum,
)
from actcli.activations.exact.turns import reduce
from actcli.activations.exact.turns import sine as sine_of
from actcli.activations.families.exact import Sum, magnitude, scale

_FAR = 66.0
_DENSITY_AT_0 = Scaled(np.asarray(0.3989422804014327), -2.49232720227773e-17, 0)
_TWO_OVER_ROOT_PI = Scaled(np.asarray(1.1283791670955126), 1.533545961316588e-17, 0)


def _power(a: Sum, n: int) -> Sum:
    y = a
    for _ in range(n - 1):
        y = multiply(y, a)
    return y


def _scaled_power(a: Scaled, n: int) -> Scaled:
    y = a
    for _ in range(n - 1):
        y = product(y, a)
    return y


def _eulerian(n: int) -> list[int]:
    """Return the Eulerian numbers A(n, 0), …, A(n, n − 1)."""
    row = [1]
    for m in range(2, n + 1):
        wide = [0, *row, 0]
        row = [(m - k) * wide[k] + (k + 1) * wide[k + 1] for k in range(m)]
    return row


def _polynomial(z: Sum, n: int) -> Sum:
    """Return Σ (−1)**k·A(n, k)·z**k."""
    coefficients = [(-1) ** k * a for k, a in enumerate(_eulerian(n))]
    y = Sum(np.full(z.h.shape, float(coefficients[-1])), 0.0)
    for c in coefficients[-2::-1]:
        y = add(multiply(y, z), float(c))
    return y


def _sign(y: Sum, n: int) -> Array | float:
    """Return the sign of sigmoid⁽ⁿ⁾ beside that of its polynomial."""
    return 1.0 if n % 2 else np.where(y.h < 0, 1.0, -1.0)


def _sigmoid(n: int, y: Sum, factor: Scaled) -> Array:
    """Return factor·sigmoid⁽ⁿ⁾(y)."""
    z = exponential(negative(magnitude(y)))
    over = product(Scaled(*times(_polynomial(z.sum, n), _sign(y, n)), 0), product(z, factor))
    return rounded_quotient(over, Scaled(*_power(one_plus(z), n + 1), 0))


def sigmoid(n: int, x: Array) -> Array:
    """Return sigmoid⁽ⁿ⁾."""
    return _sigmoid(n, Sum(np.clip(x, -FARTHEST, FARTHEST), 0.0), ratio((1.0,)))


def softplus(n: int, x: Array, beta: float, threshold: float) -> Array:
    """Return β**(n − 1)·sigmoid⁽ⁿ⁻¹⁾(βx), and 0 where βx > threshold."""
    y = scale(x, beta)
    derivative = _sigmoid(n - 1, y, ratio((beta,) * (n - 1)))
    return derivative if threshold == INF else np.where((y.h - threshold) + y.l > 0, 0.0, derivative)


def shifted_softplus(n: int, x: Array) -> Array:
    """Return the derivative of softplus."""
    return softplus(n, x, 1.0, INF)


def log_sigmoid(n: int, x: Array) -> Array:
    """Return the derivative of −softplus(−x)."""
    return (-1.0) ** (n - 1) * softplus(n, -x, 1.0, INF)


def tanh(n: int, x: Array) -> Array:
    """Return 2**(n + 1)·sigmoid⁽ⁿ⁾(2x)."""
    return _sigmoid(n, scale(x, 2.0), ratio((2.0 ** (n + 1),)))


def tanhshrink(n: int, x: Array) -> Array:
    """Return −tanh⁽ⁿ⁾."""
    return -tanh(n, x)


def silu(n: int, x: Array, beta: float) -> Array:
    """Return β**(n − 1)·(y·sigmoid⁽ⁿ⁾(y) + n·sigmoid⁽ⁿ⁻¹⁾(y)) with y = βx."""
    y = scale(x, beta)
    z = exponential(negative(magnitude(y)))
    d = one_plus(z)
    first = times(multiply(_polynomial(z.sum, n), y), _sign(y, n))
    second = multiply(multiply(_polynomial(z.sum, n - 1), d), float(n))
    over = add(first, times(second, _sign(y, n - 1)))
    whole = product(Scaled(*over, 0), product(z, ratio((beta,) * (n - 1))))
    return rounded_quotient(whole, Scaled(*_power(d, n + 1), 0))


def quick_gelu(n: int, x: Array, alpha: float) -> Array:
    """Return the derivative of silu with β = α."""
    return silu(n, x, alpha)


def exponential_of(n: int, x: Array) -> Array:
    """Return e**x."""
    _ = n
    return rounded_scaled(exponential(np.clip(x, -FARTHEST, FARTHEST)))


def elu(n: int, x: Array, alpha: float) -> Array:
    """Return 0 above 0, α·e**x below."""
    _ = n
    y = rounded_product(exponential(np.clip(x, -FARTHEST, 0.0)), ratio((alpha,)))
    return np.where(x > 0, 0.0, y)


def selu(n: int, x: Array, alpha: float, scale: float) -> Array:
    """Return 0 above 0, scale·α·e**x below."""
    _ = n
    y = rounded_product(exponential(np.clip(x, -FARTHEST, 0.0)), ratio((scale, alpha)))
    return np.where(x > 0, 0.0, y)


def celu(n: int, x: Array, alpha: float) -> Array:
    """Return 0 above 0, e**(x/α)·α**(1 − n) below."""
    power = exponential(over(np.minimum(x, 0.0), alpha))
    return np.where(x > 0, 0.0, rounded_product(power, ratio((1.0,), (alpha,) * (n - 1))))


def _hermite(n: int, x: Sum) -> Sum:
    """Return the Hermite polynomial Heₙ, by Heₖ₊₁ = x·Heₖ − k·Heₖ₋₁."""
    before, now = Sum(np.zeros_like(x.h), 0.0), Sum(np.ones_like(x.h), 0.0)
    for k in range(n):
        before, now = now, subtract(multiply(x, now), multiply(before, float(k)))
    return now


_ROOT_2 = Sum(np.asarray(1.4142135623730951), -9.667293313452913e-17)


def _cut(x: Array) -> Array:
    return np.clip(x, -_FAR, _FAR)


def _density(n: int, x: Array, factor: Scaled) -> Array:
    """Return factor·(d/dx)ⁿ e**(−x²) = factor·(−√2)ⁿ·Heₙ(x√2)·e**(−x²)."""
    x = _cut(x)
    bell = exponential(negative(two_product(x, x)))
    polynomial = Scaled(*_hermite(n, multiply(_ROOT_2, x)), 0)
    root = Scaled(*_power(negative(_ROOT_2), n), 0) if n else ratio((1.0,))
    return rounded_product(product(product(bell, polynomial), root), factor)


def gaussian(n: int, x: Array) -> Array:
    """Return the derivative of e**(−x²)."""
    return _density(n, x, ratio((1.0,)))


def erf(n: int, x: Array) -> Array:
    """Return the derivative of 2/√π·e**(−x²), of one order less."""
    return _density(n - 1, x, _TWO_OVER_ROOT_PI)


def gelu(n: int, x: Array) -> Array:
    """Return (−1)**(n − 1)·φ(x)·(x·Heₙ₋₁(x) − n·Heₙ₋₂(x))."""
    x = _cut(x)
    exact = Sum(x, 0.0)
    over = subtract(multiply(_hermite(n - 1, exact), x), multiply(_hermite(n - 2, exact), float(n)))
    bell = exponential(negative(times(two_product(x, x), 0.5)))
    return (-1.0) ** (n - 1) * rounded_product(product(bell, Scaled(*over, 0)), _DENSITY_AT_0)


def laplace(n: int, x: Array, mu: float, sigma: float) -> Array:
    """Return (−1)**(n − 1)·Heₙ₋₁(t)·φ(t)/σⁿ with t = (x − μ)/σ."""
    difference = two_sum(np.clip(x, -(2.0**1020), 2.0**1020), -mu)
    h, low = quotient(scaled(difference), ratio((sigma,))).sum
    inside = np.abs(h) < _FAR
    t = Sum(np.clip(h, -_FAR, _FAR), np.where(inside, low, 0.0))
    bell = exponential(negative(times(multiply(t, t), 0.5)))
    over = product(product(bell, Scaled(*_hermite(n - 1, t), 0)), _DENSITY_AT_0)
    y = (-1.0) ** (n - 1) * rounded_product(over, ratio((1.0,), (sigma,) * n))
    return np.where(inside, y, 0.0)


def arctan(n: int, x: Array) -> Array:
    """Return (−1)**(n − 1)·(n − 1)!·Im (x + i)ⁿ/(1 + x²)ⁿ."""
    _, k = np.frexp(x)
    k = np.maximum(k, 0).astype(np.int64)
    inner, unit = np.ldexp(x, -k), np.ldexp(1.0, -k)
    real, imaginary = Sum(inner, 0.0), Sum(unit, 0.0)
    for _ in range(n - 1):
        real, imaginary = (
            subtract(multiply(real, inner), times(imaginary, unit)),
            add(times(real, unit), multiply(imaginary, inner)),
        )
    below = _power(add(two_product(inner, inner), unit * unit), n)
    over = multiply(imaginary, float((-1) ** (n - 1) * math.factorial(n - 1)))
    return rounded_quotient(Scaled(*over, 0), Scaled(*below, k * n))


def squareplus(n: int, x: Array, b: float) -> Array:
    """Return r⁽ⁿ⁾/2 for r = √(x² + b), by r²·r⁽ᵏ⁺¹⁾ = (1 − 2k)·x·r⁽ᵏ⁾ + k(2 − k)·r⁽ᵏ⁻¹⁾."""
    if b == 0:
        return np.zeros_like(x)
    _, k = np.frexp(x)
    k = np.maximum(k, int(np.frexp(b)[1]) >> 1).astype(np.int64)
    inner = np.ldexp(x, -k)
    q = add(two_product(inner, inner), np.ldexp(b, -2 * k))
    root = square_root(q)
    # the second derivative is b/r³; b is known at any size, its scaled form may have become 0
    before, now = Sum(np.zeros_like(x), 0.0), divide(1.0, multiply(q, root))
    for order in range(2, n):
        step = add(
            multiply(multiply(now, inner), float(1 - 2 * order)),
            multiply(before, float(order * (2 - order))),
        )
        before, now = now, divide(step, q)
    whole = product(Scaled(*now, -k * (n + 1)), ratio((b,), (2.0,)))
    return rounded_scaled(whole)


def isru(n: int, x: Array, alpha: float) -> Array:
    """Return the derivative of g = 1/r³ of one order less, by r²·g⁽ᵏ⁺¹⁾ = −(2k + 3)·αx·g⁽ᵏ⁾ − k(k + 2)·α·g⁽ᵏ⁻¹⁾.

    In units of 2**k of x and 2**b of r = √(1 + αx²) all numbers are ordinary.
    """
    if alpha == 0:
        return np.zeros_like(x)
    mantissa, exponent = np.frexp(alpha)
    _, k = np.frexp(x)
    k = np.maximum(k, -(int(exponent) >> 1)).astype(np.int64)
    b = k + (int(exponent) >> 1)
    rate = float(mantissa) * (2.0 if exponent % 2 else 1.0)  # α·4**(k − b)
    inner = np.ldexp(x, -k)
    slope = times(two_product(inner, rate), 1.0)
    q = add(multiply(slope, inner), np.ldexp(1.0, -2 * b))
    before, now = Sum(np.zeros_like(x), 0.0), divide(1.0, multiply(q, square_root(q)))
    for j in range(n - 1):
        step = add(
            multiply(multiply(now, slope), float(-(2 * j + 3))),
            multiply(multiply(before, rate), float(-j * (j + 2))),
        )
        before, now = now, divide(step, q)
    return rounded_scaled(Scaled(*now, -3 * b - k * (n - 1)))


def isrlu(n: int, x: Array, alpha: float) -> Array:
    """Return 0 above 0, the derivative of isru below."""
    return np.where(x > 0, 0.0, isru(n, np.minimum(x, 0.0), alpha))


def logit(n: int, x: Array) -> Array:
    """Return (n − 1)!·((−1)**(n − 1)·(1 − x)ⁿ + xⁿ)/(x·(1 − x))ⁿ."""
    p = np.where((x > 0) & (x < 1), x, 0.5)
    other = two_sum(1.0, -p)
    over = add(times(_power(other, n), (-1.0) ** (n - 1)), _power(Sum(p, 0.0), n))
    below = _scaled_power(product(scaled(p), scaled(other)), n)
    y = rounded_quotient(product(scaled(over), ratio((float(math.factorial(n - 1)),))), below)
    return np.where((x > 0) & (x < 1), y, np.nan)


def sine(n: int, x: Array) -> Array:
    """Return the sine of n right angles ahead."""
    return rounded_scaled(Scaled(*sine_of(reduce(x), ahead=n), 0))


def snake(n: int, x: Array, a: float) -> Array:
    """Return −(2a)**(n − 1)·sin(2ax + (n + 1)·π/2)."""
    s = sine_of(reduce(x, a, times=2), ahead=n + 1)
    return -rounded_product(Scaled(*s, 0), ratio((2.0, a) * (n - 1)))


def softsign(n: int, x: Array) -> Array:
    """Return (−1)**(n − 1)·n!/(1 + x)**(n + 1) for x > 0; odd orders are even functions."""
    d = _scaled_power(scaled(two_sum(np.abs(x), 1.0)), n + 1)
    y = rounded_quotient(ratio((float(math.factorial(n)),)), d)
    return y if n % 2 else np.where(x > 0, -y, y)


def mish(n: int, x: Array) -> Array:
    """Return the derivative by a Taylor series."""
    return taylor.mish(n, x)


def gelu_tanh(n: int, x: Array) -> Array:
    """Return the derivative by a Taylor series."""
    return taylor.gelu_tanh(n, x)
