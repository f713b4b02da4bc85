"""Gated pairs, gate(a)·linear(b), of rows of shape (rows, 2m), within two units in the last place."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from actcli.activations.definition import Array
from actcli.activations.exact import gated, normal, sigmoids
from actcli.activations.exact.sums import (
    Scaled,
    add,
    rounded,
    rounded_product,
    scaled,
    subtract,
)
from actcli.activations.families.pairs import ALTERNATING, GATE_LAST, HALVES, PairLayout

_Unrounded = Callable[..., Scaled]
_Factor = tuple[_Unrounded, _Unrounded]
"""Value and slope; they take all parameters of the function."""


def _zero_where(condition: NDArray[np.bool_], y: Scaled) -> Scaled:
    return Scaled(np.where(condition, 0.0, y.h), np.where(condition, 0.0, y.l), y.m)


def _one(x: Array, **_: float) -> Scaled:
    return Scaled(np.ones_like(x), 0.0, 0)


def _within(x: Array, limit: float, **_: float) -> Scaled:
    return _zero_where(np.abs(x) > limit, _one(x))


def _clipped(x: Array, limit: float, **_: float) -> Scaled:
    return scaled(np.clip(x, -limit, limit))


def _clipped_plus_1(x: Array, limit: float, **_: float) -> Scaled:
    return scaled(add(np.clip(x, -limit, limit), 1.0))


def _of_limited(x: Array, limit: float, alpha: float = 1.0) -> Scaled:
    return gated.silu_unrounded(np.minimum(x, limit), alpha)


def _of_limited_slope(x: Array, limit: float, alpha: float = 1.0) -> Scaled:
    return _zero_where(x > limit, gated.silu_slope_unrounded(x, alpha))


def _exceeds(x: Array, limit: float) -> NDArray[np.bool_]:
    """Return where silu(x) is above the limit."""
    silu = gated.silu_unrounded(np.minimum(x, limit + 1.0), 1.0)  # less than x by at most 0.279
    return np.asarray(rounded(subtract(silu.sum, limit)) > 0) | (x > limit + 1.0)


def _limited(x: Array, limit: float) -> Scaled:
    y, above = gated.silu_unrounded(x, 1.0), _exceeds(x, limit)
    top = scaled(np.full_like(x, limit))
    return Scaled(np.where(above, top.h, y.h), np.where(above, 0.0, y.l), np.where(above, top.m, y.m))


def _limited_slope(x: Array, limit: float) -> Scaled:
    return _zero_where(_exceeds(x, limit), gated.silu_slope_unrounded(x, 1.0))


_PLAIN: _Factor = (scaled, _one)
_PAIRS: dict[str, tuple[PairLayout, _Factor, _Factor]] = {
    "glu": (GATE_LAST, (sigmoids.sigmoid_unrounded, sigmoids.sigmoid_slope_unrounded), _PLAIN),
    "geglu": (HALVES, (normal.gelu_unrounded, normal.gelu_slope_unrounded), _PLAIN),
    "swiglu": (HALVES, (_of_limited, _of_limited_slope), (_clipped, _within)),
    "swiglu_oai": (ALTERNATING, (_of_limited, _of_limited_slope), (_clipped_plus_1, _within)),
    "swiglu_step": (HALVES, (_limited, _limited_slope), (_clipped, _within)),
}
"""The layout of a row, the gate and the other factor."""


def _value(name: str, x: Array, parameters: dict[str, float]) -> Array:
    layout, gate, linear = _PAIRS[name]
    a, b = layout.split(x)
    return rounded_product(gate[0](a, **parameters), linear[0](b, **parameters))


def _jacobian(name: str, x: Array, parameters: dict[str, float]) -> Array:
    layout, gate, linear = _PAIRS[name]
    a, b = layout.split(x)
    return layout.jacobian(
        rounded_product(gate[1](a, **parameters), linear[0](b, **parameters)),
        rounded_product(gate[0](a, **parameters), linear[1](b, **parameters)),
    )


def glu(x: Array) -> Array:
    """Return a·sigmoid(b)."""
    return _value("glu", x, {})


def glu_jacobian(x: Array) -> Array:
    """Return ∂y/∂a = sigmoid(b), ∂y/∂b = a·sigmoid'(b)."""
    return _jacobian("glu", x, {})


def geglu(x: Array) -> Array:
    """Return gelu(a)·b."""
    return _value("geglu", x, {})


def geglu_jacobian(x: Array) -> Array:
    """Return ∂y/∂a = gelu'(a)·b, ∂y/∂b = gelu(a)."""
    return _jacobian("geglu", x, {})


def swiglu(x: Array, **parameters: float) -> Array:
    """Return silu(a)·b, a at most the limit and b within it."""
    return _value("swiglu", x, parameters)


def swiglu_jacobian(x: Array, **parameters: float) -> Array:
    """Return ∂y/∂a = silu'(a)·b, ∂y/∂b = silu(a), 0 beyond the limit."""
    return _jacobian("swiglu", x, parameters)


def swiglu_oai(x: Array, **parameters: float) -> Array:
    """Return a·sigmoid(αa)·(b + 1), a at most the limit and b within it."""
    return _value("swiglu_oai", x, parameters)


def swiglu_oai_jacobian(x: Array, **parameters: float) -> Array:
    """Return the derivatives of swiglu_oai by a and by b, 0 beyond the limit."""
    return _jacobian("swiglu_oai", x, parameters)


def swiglu_step(x: Array, **parameters: float) -> Array:
    """Return silu(a)·b, silu(a) at most the limit and b within it."""
    return _value("swiglu_step", x, parameters)


def swiglu_step_jacobian(x: Array, **parameters: float) -> Array:
    """Return ∂y/∂a = silu'(a)·b, ∂y/∂b = silu(a), 0 beyond the limit."""
    return _jacobian("swiglu_step", x, parameters)
