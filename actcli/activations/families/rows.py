"""Activations over a row: the softmax family and the k largest keep its length, maxout shortens it.

Every kernel here takes x of shape (rows, n). A Jacobian has the shape (rows, m, n): d y_i / d x_j.
"""

import numpy as np

from actcli.activations.definition import (
    INF,
    Array,
    Definition,
    Parameter,
    jax,
    keras,
    onnx,
    torch,
)
from actcli.activations.families.exact import two_sum


def _exponentials(x: Array) -> tuple[Array, Array]:
    """e**(x − max x), with the exact difference, and their sum over the row."""
    top = x.max(axis=1, keepdims=True)
    h, low = two_sum(x, -top)
    e = np.exp(h)
    e += np.where(np.isfinite(low), e * low, 0.0)
    return e, e.sum(axis=1, keepdims=True)


def _softmax(x: Array) -> Array:
    e, total = _exponentials(x)
    return np.asarray(e / total)


def _one_minus(p: Array) -> Array:
    """1 − p without cancellation: the sum of the row's other probabilities."""
    largest = np.zeros(p.shape, bool)
    np.put_along_axis(largest, p.argmax(axis=1, keepdims=True), values=True, axis=1)
    rest = np.where(largest, 0.0, p).sum(axis=1, keepdims=True)
    return np.where(largest, rest, 1.0 - p)


def _softmax_slope(x: Array) -> Array:
    p = _softmax(x)
    return p * _one_minus(p)


def _softmax_curvature(x: Array) -> Array:
    p = _softmax(x)
    return p * _one_minus(p) * (1.0 - 2.0 * p)


def _outer(p: Array, q: Array) -> Array:
    return p[:, :, None] * q[:, None, :]


def _with_diagonal(jacobian: Array, diagonal: Array) -> Array:
    i = np.arange(jacobian.shape[1])
    jacobian[:, i, i] = diagonal
    return jacobian


def _softmax_jacobian(x: Array) -> Array:
    p = _softmax(x)
    return _with_diagonal(-_outer(p, p), p * _one_minus(p))


def _log_softmax(x: Array) -> Array:
    """(x − max) − log1p(Σ of the others), so that a probability close to 1 keeps its digits."""
    e, _ = _exponentials(x)
    top = x.max(axis=1, keepdims=True)
    first = np.zeros(x.shape, bool)
    np.put_along_axis(first, x.argmax(axis=1, keepdims=True), values=True, axis=1)
    # the first largest is e**0; an infinite one makes NaN of the whole row, as in torch
    others = np.where(first & np.isfinite(top), 0.0, e).sum(axis=1, keepdims=True)
    return np.asarray(x - top - np.log1p(others))


def _log_softmax_jacobian(x: Array) -> Array:
    p = _softmax(x)
    jacobian = np.broadcast_to(-p[:, None, :], (p.shape[0], p.shape[1], p.shape[1])).copy()
    return _with_diagonal(jacobian, _one_minus(p))


def _support(x: Array) -> tuple[Array, Array]:
    """The threshold τ with Σ max(x − τ, 0) = 1, and which entries are above it (Martins & Astudillo 2016, alg. 1)."""
    z = x - x.max(axis=1, keepdims=True)
    ordered = -np.sort(-z, axis=1)
    sums = np.cumsum(ordered, axis=1)
    count = np.arange(1, x.shape[1] + 1)
    size = np.maximum((1 + count * ordered > sums).sum(axis=1, keepdims=True), 1)
    tau = (np.take_along_axis(sums, size - 1, axis=1) - 1) / size
    return np.maximum(z - tau, 0.0), np.where(np.isnan(z), np.nan, z > tau)


def _sparsemax_slope(x: Array) -> Array:
    _, inside = _support(x)
    return np.asarray(inside * (1.0 - 1.0 / inside.sum(axis=1, keepdims=True)))


def _sparsemax_jacobian(x: Array) -> Array:
    _, inside = _support(x)
    size = inside.sum(axis=1, keepdims=True)
    return _with_diagonal(-_outer(inside / size, inside), inside * (1.0 - 1.0 / size))


def _roots(x: Array) -> tuple[Array, Array]:
    """Return the roots s of entmax15 and their sum: pᵢ = sᵢ², sᵢ = max(xᵢ/2 − τ, 0) (Peters et al. 2019)."""
    z = (x - x.max(axis=1, keepdims=True)) / 2
    ordered = -np.sort(-z, axis=1)
    count = np.arange(1, x.shape[1] + 1)
    mean = np.cumsum(ordered, axis=1) / count
    spread = np.cumsum(ordered * ordered, axis=1) - count * mean * mean
    tau = mean - np.sqrt(np.maximum((1.0 - spread) / count, 0.0))
    size = np.maximum((tau <= ordered).sum(axis=1, keepdims=True), 1)
    s = np.maximum(z - np.take_along_axis(tau, size - 1, axis=1), 0.0)
    return s, s.sum(axis=1, keepdims=True)


def _entmax15(x: Array) -> Array:
    s, _ = _roots(x)
    return s * s


def _entmax15_slope(x: Array) -> Array:
    s, total = _roots(x)
    return s * _one_minus(s / total)


def _entmax15_curvature(x: Array) -> Array:
    """½·((1 − r)³ − (k − 1)·r³), r = s/Σs, on the support of k entries."""
    s, total = _roots(x)
    r, size = s / total, (s > 0).sum(axis=1, keepdims=True)
    return np.where(s == 0, 0.0, 0.5 * (_one_minus(r) ** 3 - (size - 1) * r**3))


def _entmax15_jacobian(x: Array) -> Array:
    s, total = _roots(x)
    return _with_diagonal(-_outer(s / total, s), s * _one_minus(s / total))


def _largest(x: Array, count: int) -> Array:
    """1 at the `count` largest of each row, of equal ones at the first, else 0; NaN in rows with NaN."""
    chosen = np.zeros_like(x)
    # a stable sort of −x keeps equal numbers in their order
    np.put_along_axis(chosen, np.argsort(-x, axis=1, kind="stable")[:, :count], 1.0, axis=1)
    chosen[np.isnan(x).any(axis=1)] = np.nan
    return chosen


def _keep(x: Array, chosen: Array) -> Array:
    return np.where(chosen == 0, 0.0, np.where(np.isnan(chosen), chosen, x))


def _diagonal(chosen: Array) -> Array:
    jacobian = np.zeros((*chosen.shape, chosen.shape[1]))
    jacobian[np.isnan(chosen).any(axis=1)] = np.nan
    return _with_diagonal(jacobian, chosen)


def _topk(x: Array, k: float) -> Array:
    return _largest(x, int(k))


def _batch_topk(x: Array, k: float, width: float) -> Array:
    return _largest(x, int(k) * (x.shape[1] // int(width) if width < INF else 1))


def _topk_width(n: int, k: float) -> int:
    if 0 < n < k:
        raise ValueError(f"topk:k={int(k)} takes rows of at least {int(k)} numbers, not {n}")
    return n


def _batch_topk_width(n: int, k: float, width: float) -> int:
    sample = n if width == INF else int(width)
    if n and n % sample:
        whole = f"batch_topk:width={sample} takes rows that are whole batches, samples of {sample} numbers"
        raise ValueError(f"{whole} one after the other; {sample} does not divide {n}")
    if n > 0 and sample < k:
        raise ValueError(f"batch_topk:k={int(k)} takes samples of at least {int(k)} numbers, not {sample}")
    return n


def _hardmax(x: Array) -> Array:
    y = np.zeros_like(x)
    np.put_along_axis(y, x.argmax(axis=1, keepdims=True), 1.0, axis=1)
    y[np.isnan(x).any(axis=1)] = np.nan
    return y


def _zeros_square(x: Array) -> Array:
    jacobian = np.zeros((x.shape[0], x.shape[1], x.shape[1]))
    jacobian[np.isnan(x).any(axis=1)] = np.nan
    return jacobian


def _group(x: Array, groups: float) -> Array:
    return x.reshape(x.shape[0], int(groups), -1)


def _maxout_jacobian(x: Array, groups: float) -> Array:
    parts = _group(x, groups)
    width = parts.shape[2]
    winner = parts.argmax(axis=1)
    jacobian = np.zeros((x.shape[0], width, x.shape[1]))
    np.put_along_axis(jacobian, (winner * width + np.arange(width))[:, :, None], 1.0, axis=2)
    jacobian[np.isnan(parts).any(axis=1)] = np.nan
    return jacobian


def _maxout_width(n: int, groups: float) -> int:
    if n % int(groups):
        raise ValueError(
            f"maxout:groups={int(groups)} takes rows whose length {int(groups)} divides, not {n}"
        )
    return n // int(groups)


_K = Parameter("k", 1.0, low=1.0, whole=True)

DEFINITIONS = (
    Definition(
        name="softmax",
        family="row",
        formula="e^xᵢ/Σⱼ e^xⱼ",
        derivative="∂yᵢ/∂xⱼ = yᵢ·(δᵢⱼ − yⱼ)",
        source="Boltzmann 1868; Bridle 1990",
        value=_softmax,
        slope=_softmax_slope,
        curvature=_softmax_curvature,
        jacobian=_softmax_jacobian,
        range=(0.0, 1.0),
        frameworks=(
            torch("nn.Softmax", "nn.functional.softmax"),
            jax("nn.softmax"),
            keras("activations.softmax", "layers.Softmax"),
            onnx("Softmax"),
        ),
    ),
    Definition(
        name="log_softmax",
        family="row",
        formula="xᵢ − log Σⱼ e^xⱼ",
        derivative="∂yᵢ/∂xⱼ = δᵢⱼ − e^yⱼ",
        source="the logarithm of softmax",
        value=_log_softmax,
        slope=lambda x: _one_minus(_softmax(x)),
        curvature=lambda x: -_softmax_slope(x),
        jacobian=_log_softmax_jacobian,
        range=(-INF, 0.0),
        frameworks=(
            torch("nn.LogSoftmax", "nn.functional.log_softmax"),
            jax("nn.log_softmax"),
            keras("activations.log_softmax"),
            onnx("LogSoftmax"),
        ),
    ),
    Definition(
        name="softmin",
        family="row",
        formula="e^−xᵢ/Σⱼ e^−xⱼ",
        derivative="∂yᵢ/∂xⱼ = −yᵢ·(δᵢⱼ − yⱼ)",
        source="softmax of −x",
        value=lambda x: _softmax(-x),
        slope=lambda x: -_softmax_slope(-x),
        curvature=lambda x: _softmax_curvature(-x),
        jacobian=lambda x: -_softmax_jacobian(-x),
        range=(0.0, 1.0),
        frameworks=(torch("nn.Softmin", "nn.functional.softmin"),),
    ),
    Definition(
        name="sparsemax",
        family="row",
        formula="the point of the probability simplex nearest to x",
        derivative="∂yᵢ/∂xⱼ = δᵢⱼ − 1/k where yᵢ and yⱼ are among the k that are not 0, else 0",
        source="Martins & Astudillo 2016",
        value=lambda x: _support(x)[0],
        slope=_sparsemax_slope,
        curvature=lambda x: 0.0 * _support(x)[1],
        jacobian=_sparsemax_jacobian,
        range=(0.0, 1.0),
        smoothness=0,
        frameworks=(keras("activations.sparsemax"),),
    ),
    Definition(
        name="entmax15",
        family="row",
        formula="max(xᵢ/2 − τ, 0)², τ such that the sum is 1",
        derivative="∂yᵢ/∂xⱼ = sᵢ·(δᵢⱼ − sⱼ/Σₖ sₖ), sᵢ = √yᵢ",
        source="Peters, Niculae & Martins 2019",
        value=_entmax15,
        slope=_entmax15_slope,
        curvature=_entmax15_curvature,
        jacobian=_entmax15_jacobian,
        range=(0.0, 1.0),
        smoothness=1,
    ),
    Definition(
        name="hardmax",
        family="row",
        formula="1 at the first largest entry, else 0",
        derivative="0",
        source="ONNX Hardmax",
        value=_hardmax,
        slope=lambda x: 0.0 * _hardmax(x),
        curvature=lambda x: 0.0 * _hardmax(x),
        jacobian=_zeros_square,
        range=(0.0, 1.0),
        smoothness=-1,
        frameworks=(onnx("Hardmax"),),
    ),
    Definition(
        name="topk",
        family="row",
        formula="xᵢ where it is one of the k largest of the row, of equal ones the first, else 0",
        derivative="∂yᵢ/∂xⱼ = δᵢⱼ where xᵢ is one of the k largest, else 0",
        source="Makhzani & Frey 2013; sparse autoencoders: Gao et al. 2024",
        parameters=(_K,),
        value=lambda x, k: _keep(x, _topk(x, k)),
        slope=_topk,
        curvature=lambda x, k: 0.0 * _topk(x, k),
        jacobian=lambda x, k: _diagonal(_topk(x, k)),
        monotone=False,
        smoothness=-1,
        output_width=_topk_width,
        about="also keeps negative numbers; sparse autoencoders put relu before or after it",
    ),
    Definition(
        name="batch_topk",
        family="row",
        formula="xᵢ where it is one of the k·b largest of a row that is a batch of b samples of width numbers, else 0",
        derivative="∂yᵢ/∂xⱼ = δᵢⱼ where xᵢ is one of the k·b largest, else 0",
        source="Bussmann, Leask & Nanda 2024",
        parameters=(_K, Parameter("width", INF, low=1.0, whole=True)),
        value=lambda x, k, width: _keep(x, _batch_topk(x, k, width)),
        slope=_batch_topk,
        curvature=lambda x, k, width: 0.0 * _batch_topk(x, k, width),
        jacobian=lambda x, k, width: _diagonal(_batch_topk(x, k, width)),
        monotone=False,
        smoothness=-1,
        output_width=_batch_topk_width,
        about="over a whole batch, which is one row: samples one after the other; without a width it is topk",
    ),
    Definition(
        name="maxout",
        family="row",
        formula="maxₖ xᵢ₊ₖₘ, m the row's length/groups",
        derivative="∂yᵢ/∂xⱼ = 1 where xⱼ is the largest of its group, else 0",
        source="Goodfellow et al. 2013",
        parameters=(Parameter("groups", 2.0, low=1.0, whole=True),),
        value=lambda x, groups: _group(x, groups).max(axis=1),
        slope=None,
        curvature=None,
        jacobian=_maxout_jacobian,
        smoothness=0,
        output_width=_maxout_width,
    ),
)
