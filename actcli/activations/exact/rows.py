"""Functions over a row, of shape (rows, n), within two units in the last place."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from actcli.activations.definition import Array
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
    scaled,
    square_root,
    subtract,
    two_sum,
    two_to,
)
from actcli.activations.families.exact import Sum

_MASKED = ("softmax", "softmin", "log_softmax", "entmax15")
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


class _Roots(NamedTuple):
    """Of entmax15 the roots s, pᵢ = sᵢ²; which entries are not 0, which is the first largest, and columns of sums.

    `others` is the sum of all but the first largest, `total` that of all.
    """

    s: Sum
    inside: NDArray[np.bool_]
    first: NDArray[np.bool_]
    others: Sum
    total: Sum


def _roots(x: Array) -> _Roots:
    """Return sᵢ = xᵢ/2 − τ, Σ sᵢ² = 1: with k entries of mean M, τ = M − √((1 − Σ(xᵢ/2 − M)²)/k)."""
    h, low = two_sum(x, -x.max(axis=1, keepdims=True))
    near = h > -4.0
    z = Sum(np.where(near, 0.5 * h, -2.0), np.where(near, 0.5 * low, 0.0))
    ordered = -np.sort(-z.h, axis=1)
    count = np.arange(1, x.shape[1] + 1)
    mean = np.cumsum(ordered, axis=1) / count
    spread = np.cumsum(ordered * ordered, axis=1) - count * mean * mean
    tau = mean - np.sqrt(np.maximum((1.0 - spread) / count, 0.0))
    size = np.maximum((tau <= ordered).sum(axis=1, keepdims=True), 1)
    inside = z.h >= np.take_along_axis(ordered, size - 1, axis=1)
    for _ in range(2):  # float64 may miss an entry that is next to τ
        s = subtract(z, _threshold(z, inside))
        inside = (s.h + s.l) > 0
    s = Sum(np.where(inside, s.h, 0.0), np.where(inside, s.l, 0.0))
    first = np.zeros(x.shape, np.bool_)
    np.put_along_axis(first, x.argmax(axis=1, keepdims=True), values=True, axis=1)
    others = _fold(Sum(np.where(first, 0.0, s.h), np.where(first, 0.0, s.l)))
    return _Roots(s, inside, first, others, _fold(s))


def _threshold(z: Sum, inside: NDArray[np.bool_]) -> Sum:
    """Return τ of entmax15 for the entries inside, as a column."""
    size = inside.sum(axis=1, keepdims=True).astype(np.float64)
    mean = divide(_fold(Sum(np.where(inside, z.h, 0.0), np.where(inside, z.l, 0.0))), size)
    off = subtract(z, mean)
    square = multiply(off, off)
    spread = _fold(Sum(np.where(inside, square.h, 0.0), np.where(inside, square.l, 0.0)))
    return subtract(mean, square_root(divide(subtract(1.0, spread), size)))


def _others_of_each_root(r: _Roots) -> Sum:
    """Return Σs − s, for the first largest the sum of the others."""
    return choose(r.first, r.others, subtract(r.total, r.s))


def entmax15(x: Array) -> Array:
    """Return max(x/2 − τ, 0)², Σ of which is 1 (B. Peters, V. Niculae and A. Martins 2019, algorithm 2)."""
    s = _roots(x).s
    return rounded(multiply(s, s))


def entmax15_slope(x: Array) -> Array:
    """Return s·(Σs − s)/Σs."""
    r = _roots(x)
    return np.where(r.inside, rounded(multiply(r.s, divide(_others_of_each_root(r), r.total))), 0.0)


def entmax15_curvature(x: Array) -> Array:
    """Return ½·((1 − q)³ − (k − 1)·q³), q = s/Σs, for k entries other than 0."""
    r = _roots(x)
    q, rest = divide(r.s, r.total), divide(_others_of_each_root(r), r.total)
    less = (r.inside.sum(axis=1, keepdims=True) - 1).astype(np.float64)
    bend = subtract(multiply(multiply(rest, rest), rest), multiply(multiply(multiply(q, q), q), less))
    return np.where(r.inside, 0.5 * rounded(bend), 0.0)


def entmax15_jacobian(x: Array) -> Array:
    """Return sᵢ·(δᵢⱼ − sⱼ/Σs)."""
    r = _roots(x)
    rows, n = x.shape
    share = divide(r.s, r.total)
    result = np.empty((rows, n, n))
    for row, part in _blocks(rows, n):
        left = Sum(r.s.h[row, part, None], np.asarray(r.s.l)[row, part, None])
        right = Sum(share.h[row, None, :], np.asarray(share.l)[row, None, :])
        result[row, part] = -rounded(multiply(left, right)) + 0.0
    return _with_diagonal(result, entmax15_slope(x))
