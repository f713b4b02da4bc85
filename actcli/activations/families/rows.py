"""Activations over a row: the softmax family keeps its length, maxout and the gated linear units halve it.

Every kernel here takes x of shape (rows, n). A Jacobian has the shape (rows, m, n): d y_i / d x_j.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from actcli.activations.definition import (
    INF,
    Array,
    Definition,
    Kernel,
    Names,
    Parameter,
    constant,
    jax,
    keras,
    onnx,
    torch,
)
from actcli.activations.families import gated, normal, rectifiers, sigmoids
from actcli.activations.families.exact import Sum, two_sum


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


def _half_width(name: str) -> Callable[[int], int]:
    def width(n: int) -> int:
        if n % 2:
            raise ValueError(f"{name} takes rows of even length (first half a, second half b), not {n}")
        return n // 2

    return width


def _halves(x: Array) -> tuple[Array, Array]:
    middle = x.shape[1] // 2
    return np.ascontiguousarray(x[:, :middle]), np.ascontiguousarray(x[:, middle:])


def _gate(name: str) -> tuple[Kernel, Kernel]:
    """Return value and slope of an elementwise activation at its defaults."""
    families = (gated.DEFINITIONS, normal.DEFINITIONS, rectifiers.DEFINITIONS, sigmoids.DEFINITIONS)
    definition = next(d for family in families for d in family if d.name == name)
    defaults = {p.name: p.default for p in definition.parameters}
    return partial(definition.value, **defaults), partial(definition.slope or constant(0.0), **defaults)


_UNDERFLOWS = 2.0**-960
_FAR = 30.0
"""Gates below _UNDERFLOWS are in a tail beyond it; a gate within it only passes through 0."""
Tail = Callable[[Array], tuple[Sum, Array | float, Array | float]]
"""In a tail: h + l, and the factors of e**-(h + l) in the gate and in its slope."""
_TAILS: dict[str, Tail] = {
    "sigmoid": lambda x: (Sum(np.abs(x), 0.0), 1.0, 1.0),
    "silu": lambda x: (Sum(-x, 0.0), x, 1.0 + x),
    "gelu": normal.gelu_tail,
}


def _gate_times(gate: str, order: int) -> Callable[[Array, Array], Array]:
    """Return a function: the gate, or its slope, of one array times another, also where the gate underflows."""
    kernel, tail = _gate(gate)[order], _TAILS.get(gate)

    def product(inner: Array, factor: Array) -> Array:
        size = kernel(inner)
        y = np.asarray(size * factor)
        if tail is None:
            return y
        deep = (
            (np.abs(size) < _UNDERFLOWS) & (np.abs(inner) > _FAR) & np.isfinite(inner) & np.isfinite(factor)
        )
        if deep.any():
            exponent, *factors = tail(inner[deep])
            half = np.exp(-0.5 * exponent.h)
            y[deep] = half * factor[deep] * (factors[order] * (1.0 - exponent.l)) * half
        return y

    return product


def _gated_linear_unit(
    name: str, gate: str, source: str, *names: Names, gate_first: bool = True
) -> Definition:
    """gate(a)·b, or a·gate(b): a the first half of the row, b the second."""
    gate_value, _ = _gate(gate)
    gate_times, slope_times = _gate_times(gate, 0), _gate_times(gate, 1)

    def ordered(x: Array) -> tuple[Array, Array]:
        """The gated half, then the linear one."""
        a, b = _halves(x)
        return (a, b) if gate_first else (b, a)

    def value(x: Array) -> Array:
        inner, linear = ordered(x)
        return gate_times(inner, linear)

    def jacobian(x: Array) -> Array:
        inner, linear = ordered(x)
        width = inner.shape[1]
        i = np.arange(width)
        result = np.zeros((x.shape[0], width, 2 * width))
        inner_column, linear_column = (i, width + i) if gate_first else (width + i, i)
        result[:, i, inner_column] = slope_times(inner, linear)
        result[:, i, linear_column] = gate_value(inner)
        return result

    return Definition(
        name=name,
        family="row",
        formula=f"{gate}(a)·b" if gate_first else f"a·{gate}(b)",
        derivative=f"∂y/∂a = {gate}'(a)·b, ∂y/∂b = {gate}(a)"
        if gate_first
        else f"∂y/∂a = {gate}(b), ∂y/∂b = a·{gate}'(b)",
        source=source,
        value=value,
        slope=None,
        curvature=None,
        jacobian=jacobian,
        monotone=False,
        smoothness=0 if gate == "relu" else INF,
        output_width=_half_width(name),
        frameworks=names,
    )


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
    _gated_linear_unit(
        "glu",
        "sigmoid",
        "Dauphin et al. 2016",
        torch("nn.GLU", "nn.functional.glu"),
        jax("nn.glu"),
        keras("activations.glu"),
        gate_first=False,
    ),
    _gated_linear_unit("reglu", "relu", "Shazeer 2020"),
    _gated_linear_unit("geglu", "gelu", "Shazeer 2020"),
    _gated_linear_unit("swiglu", "silu", "Shazeer 2020"),
)
