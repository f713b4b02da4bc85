"""Functions made of the four operations and square roots: their textbook forms, in sums h + l."""

import numpy as np

from actcli.activations.definition import Array
from actcli.activations.exact.sums import (
    Scaled,
    add,
    choose,
    divide,
    multiply,
    product,
    quotient,
    ratio,
    rounded,
    rounded_product,
    rounded_quotient,
    scaled,
    square_root,
    times,
    two_product,
    two_sum,
    two_to,
)
from actcli.activations.families.exact import Sum

_ONE, _TWO = ratio((1.0,)), ratio((2.0,))
_WIDE = 2.0**100
"""From here on 1 + x² is x² to 2**-200."""


def _softsign_divisor(x: Array) -> Scaled:
    return scaled(two_sum(np.abs(x), 1.0))


def softsign(x: Array) -> Array:
    """Return x/(1 + |x|)."""
    return rounded_quotient(scaled(x), _softsign_divisor(x))


def softsign_slope(x: Array) -> Array:
    """Return 1/(1 + |x|)²."""
    d = _softsign_divisor(x)
    return rounded_quotient(_ONE, product(d, d))


def softsign_curvature(x: Array) -> Array:
    """Return −2·sign(x)/(1 + |x|)³."""
    d = _softsign_divisor(x)
    y = rounded_quotient(_TWO, product(product(d, d), d))
    return np.where(x == 0.0, -x, np.copysign(y, -x))


def _arctan_divisor(x: Array) -> Scaled:
    """Return 1 + x²."""
    a = scaled(x)
    inner = np.clip(x, -_WIDE, _WIDE)
    near, far = scaled(add(two_product(inner, inner), 1.0)), product(a, a)
    is_far = np.abs(x) >= _WIDE
    both = choose(is_far, Sum(far.h, far.l), Sum(near.h, near.l))
    return Scaled(both.h, both.l, np.where(is_far, far.m, near.m))


def arctan_slope(x: Array) -> Array:
    """Return 1/(1 + x²)."""
    return rounded_quotient(_ONE, _arctan_divisor(x))


def arctan_curvature(x: Array) -> Array:
    """Return −2x/(1 + x²)²."""
    d = _arctan_divisor(x)
    return rounded_quotient(scaled(-2.0 * np.clip(x, -(2.0**1000), 2.0**1000)), product(d, d))


def _squareplus_parts(x: Array, b: float) -> tuple[Scaled, Scaled]:
    """Return √(x² + b) and √(x² + b) + |x|."""
    _, b_exponent = np.frexp(b)
    _, k = np.frexp(x)
    k = np.maximum(k, int(b_exponent) >> 1).astype(np.int64)
    inner = np.abs(np.ldexp(x, -k))
    root = square_root(add(two_product(inner, inner), np.ldexp(b, -2 * k)))
    return Scaled(root.h, root.l, k), Scaled(*add(root, inner), k)


def squareplus(x: Array, b: float) -> Array:
    """Return (x + √(x² + b))/2, and b/2/(√(x² + b) − x) where x < 0."""
    if b == 0:
        return np.maximum(x, 0.0) + 0.0
    _, total = _squareplus_parts(x, b)
    above = rounded(Sum(total.h, total.l), total.m - 1)
    return np.where(x < 0, rounded_quotient(ratio((b,), (2.0,)), total), above)


def squareplus_slope(x: Array, b: float) -> Array:
    """Return (r + x)/(2r), and b/2/(r·(r − x)) where x < 0, for r = √(x² + b)."""
    if b == 0:
        return np.where(x > 0, 1.0, 0.0)
    root, total = _squareplus_parts(x, b)
    below = rounded_quotient(ratio((b,), (2.0,)), product(root, total))
    return np.where(x < 0, below, 0.5 * rounded_quotient(total, root))


def squareplus_curvature(x: Array, b: float) -> Array:
    """Return b/2/r³ for r = √(x² + b)."""
    if b == 0:
        return np.zeros_like(x)
    root, _ = _squareplus_parts(x, b)
    return rounded_quotient(ratio((b,), (2.0,)), product(product(root, root), root))


def squareplus_by_b(x: Array, b: float) -> Array:
    """Return 1/4/√(x² + b)."""
    if b == 0:
        return 0.25 / np.abs(x)
    return rounded_quotient(ratio((0.25,)), _squareplus_parts(x, b)[0])


def sparse_plus(x: Array) -> Array:
    """Return (x + 1)²/4 between −1 and 1, 0 below, x above."""
    s = two_sum(np.clip(x, -1.0, 1.0), 1.0)
    return np.where(x >= 1.0, x, rounded(times(multiply(s, s), 0.25)))


def hard_sigmoid(x: Array) -> Array:
    """Return (x + 3)/6 between −3 and 3, 0 below, 1 above."""
    return rounded(divide(two_sum(np.clip(x, -3.0, 3.0), 3.0), 6.0))


def hard_swish(x: Array) -> Array:
    """Return x·(x + 3)/6 between −3 and 3, 0 below, x above."""
    inner = np.clip(x, -3.0, 3.0)
    y = rounded_product(product(scaled(two_sum(inner, 3.0)), scaled(inner)), ratio((1.0,), (6.0,)))
    return np.where(x >= 3.0, x, y)


def hard_swish_slope(x: Array) -> Array:
    """Return (2x + 3)/6 between −3 and 3, 0 below, 1 above."""
    y = rounded(divide(two_sum(np.clip(x, -3.0, 3.0), 1.5), 3.0))
    return np.where(np.abs(x) <= 3.0, y, np.where(x > 3.0, 1.0, 0.0))


def rrelu(x: Array, lower: float, upper: float) -> Array:
    """Return x above 0, (lower + upper)/2·x below."""
    mean = scaled(times(two_sum(lower, upper), 0.5))
    return np.where(x > 0, x, rounded_product(mean, scaled(np.where(x > 0, 0.0, x))))


def keras_relu(x: Array, max_value: float, negative_slope: float, threshold: float) -> Array:
    """Return min(x, max_value) above the threshold, negative_slope·(x − threshold) below."""
    beyond = scaled(two_sum(np.minimum(x, threshold) * 0.5, -0.5 * threshold))
    below = rounded_product(product(beyond, _TWO), ratio((negative_slope,))) if negative_slope else 0.0
    return np.where(x > threshold, np.minimum(x, max_value), below + 0.0)


def _isru_root(x: Array, alpha: float) -> Scaled:
    """Return √(1 + αx²)."""
    near = scaled(x)
    q = product(product(near, near), ratio((alpha,)))
    # q is 0 at any exponent where α is
    k = np.where(q.h == 0.0, 0, np.maximum(q.m + 2, 0)) >> 1
    part = times(Sum(q.h, q.l), two_to(np.clip(q.m - 2 * k, -1023, 2)))
    root = square_root(add(part, two_to(np.maximum(-2 * k, -1023))))
    return Scaled(root.h, root.l, k)


def isru(x: Array, alpha: float) -> Array:
    """Return x/r with r = √(1 + αx²)."""
    return rounded_quotient(scaled(x), _isru_root(x, alpha))


def isru_slope(x: Array, alpha: float) -> Array:
    """Return 1/r³."""
    r = _isru_root(x, alpha)
    return rounded_quotient(_ONE, product(product(r, r), r))


def isru_curvature(x: Array, alpha: float) -> Array:
    """Return −3αx/r⁵."""
    r = _isru_root(x, alpha)
    square = product(r, r)
    over = product(scaled(x), ratio((-3.0, alpha)))
    return rounded_quotient(over, product(product(square, square), r)) + 0.0


def isru_by_alpha(x: Array, alpha: float) -> Array:
    """Return −x³/2/r³."""
    q = quotient(scaled(x), _isru_root(x, alpha))
    return rounded_product(product(product(q, q), q), ratio((-0.5,))) + 0.0


def isrlu(x: Array, alpha: float) -> Array:
    """Return x above 0, isru below."""
    return np.where(x >= 0, x, isru(np.minimum(x, 0.0), alpha))


def isrlu_slope(x: Array, alpha: float) -> Array:
    """Return 1 above 0, the slope of isru below."""
    return np.where(x >= 0, 1.0, isru_slope(np.minimum(x, 0.0), alpha))


def isrlu_curvature(x: Array, alpha: float) -> Array:
    """Return 0 above 0, the curvature of isru below."""
    return np.where(x >= 0, 0.0, isru_curvature(np.minimum(x, 0.0), alpha))


def isrlu_by_alpha(x: Array, alpha: float) -> Array:
    """Return 0 above 0, the derivative of isru below."""
    return np.where(x >= 0, 0.0, isru_by_alpha(np.minimum(x, 0.0), alpha))
