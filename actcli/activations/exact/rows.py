"""Functions over a row, of shape (rows, n), within two units in the last place."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from actcli.activations.definition import Array
from actcli.activations.exact import gated, normal, sigmoids
from actcli.activations.exact.exponential import FARTHEST, exponential
from actcli.activations.exact.logarithm import log_of_one_plus, logarithm
from actcli.activations.exact.sums import (
    Scaled,
    add,
    choose,
    divide,
    multiply,
    negative,
    normalise,
    product,
    quotient,
    rounded,
    rounded_product,
    rounded_quotient,
    rounded_scaled,
    scaled,
    subtract,
    two_sum,
    two_to,
)
from actcli.activations.families.exact import Sum

_MASKED = ("softmax", "softmin", "log_softmax")
"""Functions for which an entry may be infinitely far below the others."""
_NONE = -5000
"""The exponent of nothing: below that of every power of e."""
_PIECE = 8192


def is_ordinary(name: str, x: Array) -> NDArray[np.bool_]:
    """Return which rows the kernels here take: finite ones, and for softmax those with a finite largest entry."""
    if name in _MASKED:
        y = -x if name == "softmin" else x
        return np.asarray(np.isfinite(y.max(axis=1)))
    return np.asarray(np.isfinite(x).all(axis=1))


def _fold(a: Sum) -> Sum:
    """Return the sum of each row, as a column, by halves."""
    h, low = a.h, np.broadcast_to(a.l, a.h.shape)
    while (n := h.shape[1]) > 1:
        half = n // 2
        total = add(Sum(h[:, :half], low[:, :half]), Sum(h[:, half : 2 * half], low[:, half : 2 * half]))
        h = np.concatenate([total.h, h[:, 2 * half :]], axis=1)
        low = np.concatenate([total.l, low[:, 2 * half :]], axis=1)
    return normalise(Sum(h, low))


class _Powers(NamedTuple):
    """Of each row: x − max x, its exponentials, which entry is the first largest, and two columns of sums.

    The exponential of the first largest is 1; `others` is the sum of the others, `total` that of all.
    """

    below: Sum
    e: Scaled
    first: NDArray[np.bool_]
    others: Scaled
    total: Sum


def _powers(x: Array) -> _Powers:
    top = x.max(axis=1, keepdims=True)
    h, low = two_sum(x, -top)
    near = h > -FARTHEST
    low = np.where(near, low, 0.0)
    e = exponential(Sum(np.maximum(h, -FARTHEST), low))
    first = np.zeros(x.shape, np.bool_)
    np.put_along_axis(first, x.argmax(axis=1, keepdims=True), values=True, axis=1)
    m = np.where(first, _NONE, e.m)
    peak = m.max(axis=1, keepdims=True)
    power = np.where(first, 0.0, two_to(np.maximum(m - peak, -1000)))
    others = Scaled(*_fold(Sum(e.h * power, e.l * power)), np.where(peak == _NONE, 0, peak))
    return _Powers(Sum(h, low), e, first, others, add(others.sum, 1.0))


def _others_of_each(p: _Powers) -> Scaled:
    """Return total − e, for the first largest the sum of the others."""
    rest = subtract(p.total, p.e.sum)
    return Scaled(*choose(p.first, Sum(p.others.h, p.others.l), rest), np.where(p.first, p.others.m, 0))


def softmax(x: Array) -> Array:
    """Return e**xᵢ/Σ e**xⱼ."""
    p = _powers(x)
    return rounded(divide(Sum(p.e.h, p.e.l), p.total), p.e.m)


def softmax_slope(x: Array) -> Array:
    """Return p(1 − p)."""
    p = _powers(x)
    return rounded_quotient(product(p.e, _others_of_each(p)), Scaled(*multiply(p.total, p.total), 0))


def softmax_curvature(x: Array) -> Array:
    """Return p(1 − p)(1 − 2p)."""
    p = _powers(x)
    rest = _others_of_each(p)
    bend = scaled(subtract(rest.sum, p.e.sum))
    cube = multiply(multiply(p.total, p.total), p.total)
    return rounded_quotient(product(product(p.e, rest), bend), Scaled(*cube, 0))


def _blocks(rows: int, n: int) -> Iterator[tuple[int, slice]]:
    """Yield pieces of the Jacobians: a row, and a slice of the results."""
    step = max(1, _PIECE // n)
    yield from ((row, slice(i, i + step)) for row in range(rows) for i in range(0, n, step))


def softmax_jacobian(x: Array) -> Array:
    """Return pᵢ·(δᵢⱼ − pⱼ)."""
    p = _powers(x)
    rows, n = x.shape
    share = quotient(p.e, Scaled(*p.total, 0))
    result = np.empty((rows, n, n))
    for row, part in _blocks(rows, n):
        left = Scaled(*(np.asarray(a)[row, part, None] for a in share))
        right = Scaled(*(np.asarray(a)[row, None, :] for a in share))
        result[row, part] = -rounded_product(left, right)
    return _with_diagonal(result, softmax_slope(x))


def _with_diagonal(jacobian: Array, diagonal: Array) -> Array:
    i = np.arange(jacobian.shape[1])
    jacobian[:, i, i] = diagonal
    return jacobian


def softmin(x: Array) -> Array:
    """Return softmax(−x)."""
    return softmax(-x)


def softmin_slope(x: Array) -> Array:
    """Return −p(1 − p)."""
    return -softmax_slope(-x)


def softmin_curvature(x: Array) -> Array:
    """Return p(1 − p)(1 − 2p)."""
    return softmax_curvature(-x)


def softmin_jacobian(x: Array) -> Array:
    """Return −pᵢ·(δᵢⱼ − pⱼ)."""
    return -softmax_jacobian(-x)


def log_softmax(x: Array) -> Array:
    """Return xᵢ − max x − log(1 + the sum of the other exponentials)."""
    p = _powers(x)
    few = p.others.sum.h < 1.0
    small = p.others.sum
    near = log_of_one_plus(Sum(np.where(few, small.h, 0.0), np.where(few, small.l, 0.0)))
    logs = choose(few, near, logarithm(p.total))
    y = rounded(subtract(p.below, logs))
    tiny = p.others.m < -70
    sure = rounded(negative(Sum(p.others.h, p.others.l)), p.others.m)
    y = np.where(p.first & tiny, sure, y)
    return np.where(np.isinf(p.below.h), p.below.h, y)


def log_softmax_slope(x: Array) -> Array:
    """Return 1 − p."""
    p = _powers(x)
    return rounded_quotient(_others_of_each(p), Scaled(*p.total, 0))


def log_softmax_curvature(x: Array) -> Array:
    """Return −p(1 − p)."""
    return -softmax_slope(x)


def log_softmax_jacobian(x: Array) -> Array:
    """Return δᵢⱼ − pⱼ."""
    p = softmax(x)
    jacobian = np.broadcast_to(-p[:, None, :], (p.shape[0], p.shape[1], p.shape[1])).copy()
    return _with_diagonal(jacobian, log_softmax_slope(x))


def sparsemax(x: Array) -> Array:
    """Return max(x − τ, 0), Σ of which is 1 (A. Martins and R. Astudillo 2016, algorithm 1)."""
    h, low = two_sum(x, -x.max(axis=1, keepdims=True))
    z = Sum(h, np.where(np.isfinite(h), low, 0.0))
    ordered = -np.sort(-z.h, axis=1)
    sums = np.cumsum(ordered, axis=1)
    count = np.arange(1, x.shape[1] + 1)
    size = np.maximum((1 + count * ordered > sums).sum(axis=1, keepdims=True), 1)
    threshold = (np.take_along_axis(sums, size - 1, axis=1) - 1) / size
    inside = z.h > threshold
    chosen = Sum(np.where(inside, z.h, 0.0), np.where(inside, z.l, 0.0))
    tau = divide(add(_fold(chosen), -1.0), size.astype(np.float64))
    y = rounded(subtract(Sum(np.maximum(z.h, -2.0), z.l), tau))
    return np.where(inside, np.maximum(y, 0.0), 0.0)


Gate = Callable[[Array], Scaled]
_GATES: dict[str, tuple[Gate, Gate]] = {
    "glu": (sigmoids.sigmoid_unrounded, sigmoids.sigmoid_slope_unrounded),
    "geglu": (normal.gelu_unrounded, normal.gelu_slope_unrounded),
    "swiglu": (lambda x: gated.silu_unrounded(x, 1.0), lambda x: gated.silu_slope_unrounded(x, 1.0)),
}
"""The gate and its slope; the gated half of the row comes first, but in glu."""


def _halves(name: str, x: Array) -> tuple[Array, Array]:
    middle = x.shape[1] // 2
    a, b = np.ascontiguousarray(x[:, :middle]), np.ascontiguousarray(x[:, middle:])
    return (b, a) if name == "glu" else (a, b)


def _gated(name: str, x: Array) -> Array:
    inner, linear = _halves(name, x)
    return rounded_product(_GATES[name][0](inner), scaled(linear))


def _gated_jacobian(name: str, x: Array) -> Array:
    inner, linear = _halves(name, x)
    value, slope = _GATES[name]
    width = inner.shape[1]
    i = np.arange(width)
    result = np.zeros((x.shape[0], width, 2 * width))
    inner_column, linear_column = (width + i, i) if name == "glu" else (i, width + i)
    result[:, i, inner_column] = rounded_product(slope(inner), scaled(linear))
    result[:, i, linear_column] = rounded_scaled(value(inner))
    return result


def glu(x: Array) -> Array:
    """Return a·sigmoid(b)."""
    return _gated("glu", x)


def glu_jacobian(x: Array) -> Array:
    """Return ∂y/∂a = sigmoid(b), ∂y/∂b = a·sigmoid'(b)."""
    return _gated_jacobian("glu", x)


def geglu(x: Array) -> Array:
    """Return gelu(a)·b."""
    return _gated("geglu", x)


def geglu_jacobian(x: Array) -> Array:
    """Return ∂y/∂a = gelu'(a)·b, ∂y/∂b = gelu(a)."""
    return _gated_jacobian("geglu", x)


def swiglu(x: Array) -> Array:
    """Return silu(a)·b."""
    return _gated("swiglu", x)


def swiglu_jacobian(x: Array) -> Array:
    """Return ∂y/∂a = silu'(a)·b, ∂y/∂b = silu(a)."""
    return _gated_jacobian("swiglu", x)
