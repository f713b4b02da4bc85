"""Gated pairs: a row holds gates and as many numbers that they let through, and has half as many results.

Every kernel takes x of shape (rows, 2m). A result is gate(a)·linear(b), a and b one pair of the row; a Jacobian has the
shape (rows, m, 2m). Three SwiGLUs with a limit differ: `swiglu` limits the gate's argument, `swiglu_step` the gate, and
`swiglu_oai` alone has an alpha, adds 1 to b and takes pairs that alternate.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

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
    torch,
)
from actcli.activations.families import gated, normal, rectifiers, sigmoids
from actcli.activations.families.exact import Sum, magnitude, scale


class PairLayout(NamedTuple):
    """Where the pairs of a row are: whether they alternate (a₁ b₁ a₂ b₂ …), and whether b comes before a."""

    alternate: bool = False
    linear_first: bool = False

    def columns(self, m: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return the columns of a and of b, for m pairs."""
        i = np.arange(m)
        first, second = (2 * i, 2 * i + 1) if self.alternate else (i, m + i)
        return (second, first) if self.linear_first else (first, second)

    def split(self, x: Array) -> tuple[Array, Array]:
        """Return a and b, contiguous, for x of shape (rows, 2m)."""
        a, b = self.columns(x.shape[1] // 2)
        return np.ascontiguousarray(x[:, a]), np.ascontiguousarray(x[:, b])

    def jacobian(self, by_a: Array, by_b: Array) -> Array:
        """Return the Jacobian (rows, m, 2m) of the derivatives (rows, m) of each result by its own a and b."""
        m = by_a.shape[1]
        result = np.zeros((by_a.shape[0], m, 2 * m))
        for columns, values in zip(self.columns(m), (by_a, by_b), strict=True):
            result[:, np.arange(m), columns] = values
        return result


HALVES, GATE_LAST, ALTERNATING = PairLayout(), PairLayout(linear_first=True), PairLayout(alternate=True)

Factor = tuple[Kernel, Kernel]
"""Value and slope of one factor of a pair; they take all parameters of the function."""


def _elementwise(name: str) -> Factor:
    """Return value and slope of an elementwise activation at its defaults."""
    families = (gated.DEFINITIONS, normal.DEFINITIONS, rectifiers.DEFINITIONS, sigmoids.DEFINITIONS)
    definition = next(d for family in families for d in family if d.name == name)
    defaults = {p.name: p.default for p in definition.parameters}
    return partial(definition.value, **defaults), partial(definition.slope or constant(0.0), **defaults)


_RELU, _SIGMOID, _GELU, _SILU = map(_elementwise, ("relu", "sigmoid", "gelu", "silu"))
_SWISH: Factor = next(
    (d.value, d.slope or d.value) for d in gated.DEFINITIONS if d.name == "silu"
)  # with its beta, unlike _SILU
_PLAIN: Factor = (lambda x: x, constant(1.0))


def _below(x: Array, limit: float, y: Array) -> Array:
    """Return y where x is not above the limit, else 0: the slope of min(x, limit), as torch.clamp has it."""
    return np.where(x > limit, 0.0, y)


_UNDERFLOWS = 2.0**-960
_FAR = 30.0
"""Gates below _UNDERFLOWS are in a tail beyond it; a gate within it only passes through 0."""
Tail = Callable[..., tuple[Sum, Array | float, Array | float]]
"""In a tail: h + l, and the factors of e**-(h + l) in the gate and in its slope."""


def _swish_tail(x: Array, alpha: float = 1.0, **_: float) -> tuple[Sum, Array, Array]:
    y = scale(x, alpha)
    return magnitude(y), x, 1.0 + y.h


def _sigmoid_tail(x: Array) -> tuple[Sum, float, float]:
    return Sum(np.abs(x), 0.0), 1.0, 1.0


def _times(
    gate: Factor, tail: Tail | None, order: int, inner: Array, factor: Array, **parameters: float
) -> Array:
    """Return the gate, or its slope, of one array times another, also where the gate underflows."""
    size = gate[order](inner, **parameters)
    y = np.asarray(size * factor)
    if tail is None:
        return y
    far = np.abs(inner) if tail is _sigmoid_tail else -inner  # the slope of sigmoid has two tails
    deep = (np.abs(size) < _UNDERFLOWS) & (far > _FAR) & np.isfinite(inner) & np.isfinite(factor)
    if deep.any():
        exponent, *factors = tail(inner[deep], **parameters)
        half = np.exp(-0.5 * exponent.h)
        y[deep] = half * factor[deep] * (factors[order] * (1.0 - exponent.l)) * half
    return y


def _width(name: str, layout: PairLayout, n: int, **_: float) -> int:
    if n % 2:
        order = "pairs a b, a b, …" if layout.alternate else "first half a, second half b"
        raise ValueError(f"{name} takes rows of even length ({order}), not {n}")
    return n // 2


def _pair(
    name: str,
    formula: str,
    derivative: str,
    source: str,
    *names: Names,
    gate: Factor,
    linear: Factor = _PLAIN,
    tail: Tail | None = None,
    layout: PairLayout = HALVES,
    parameters: tuple[Parameter, ...] = (),
    smoothness: float = INF,
    lowest: float = -INF,
    about: str = "",
) -> Definition:
    """Return the definition of gate(a)·linear(b)."""

    def value(x: Array, **p: float) -> Array:
        a, b = layout.split(x)
        return _times(gate, tail, 0, a, linear[0](b, **p), **p)

    def jacobian(x: Array, **p: float) -> Array:
        a, b = layout.split(x)
        by_a = _times(gate, tail, 1, a, linear[0](b, **p), **p)
        return layout.jacobian(by_a, gate[0](a, **p) * linear[1](b, **p))

    return Definition(
        name=name,
        family="row",
        formula=formula,
        derivative=derivative,
        source=source,
        value=value,
        slope=None,
        curvature=None,
        jacobian=jacobian,
        parameters=parameters,
        monotone=False,
        range=(lowest, INF),
        about=about,
        smoothness=smoothness,
        output_width=partial(_width, name, layout),
        frameworks=names,
    )


def _clipped(x: Array, limit: float, **_: float) -> Array:
    return np.clip(x, -limit, limit)


def _clipped_slope(x: Array, limit: float, **_: float) -> Array:
    return _below(np.abs(x), limit, constant(1.0)(x))


_CLIPPED: Factor = (_clipped, _clipped_slope)
_CLIPPED_PLUS_1: Factor = (lambda x, **p: _clipped(x, **p) + 1.0, _clipped_slope)

_OF_LIMITED: Factor = (
    lambda x, limit, alpha=1.0: _SWISH[0](np.minimum(x, limit), beta=alpha),
    lambda x, limit, alpha=1.0: _below(x, limit, _SWISH[1](x, beta=alpha)),
)
_LIMITED: Factor = (
    lambda x, limit: np.minimum(_SILU[0](x), limit),
    lambda x, limit: _below(_SILU[0](x), limit, _SILU[1](x)),
)


def _limit(default: float) -> Parameter:
    return Parameter("limit", default, ("swiglu_limit",), low=0.0, open_low=True)


DEFINITIONS = (
    _pair(
        "glu",
        "a·sigmoid(b)",
        "∂y/∂a = sigmoid(b), ∂y/∂b = a·sigmoid'(b)",
        "Dauphin et al. 2016",
        torch("nn.GLU", "nn.functional.glu"),
        jax("nn.glu"),
        keras("activations.glu"),
        gate=_SIGMOID,
        tail=_sigmoid_tail,
        layout=GATE_LAST,
    ),
    _pair(
        "reglu",
        "relu(a)·b",
        "∂y/∂a = relu'(a)·b, ∂y/∂b = relu(a)",
        "Shazeer 2020",
        gate=_RELU,
        smoothness=0,
    ),
    _pair(
        "geglu",
        "gelu(a)·b",
        "∂y/∂a = gelu'(a)·b, ∂y/∂b = gelu(a)",
        "Shazeer 2020",
        gate=_GELU,
        tail=normal.gelu_tail,
    ),
    _pair(
        "swiglu",
        "silu(min(a, limit))·clip(b, −limit, limit), without a limit silu(a)·b",
        "∂y/∂a = silu'(a)·b, ∂y/∂b = silu(a); beyond the limit 0",
        "Shazeer 2020; with a limit (10) DeepSeek-V4, 2026",
        gate=_OF_LIMITED,
        linear=_CLIPPED,
        tail=_swish_tail,
        parameters=(_limit(INF),),
        about="limits a before silu; swiglu_step limits silu(a), and swiglu_oai is that of gpt-oss",
    ),
    _pair(
        "swiglu_oai",
        "a·sigmoid(alpha·a)·(clip(b, −limit, limit) + 1), a at most limit; a and b alternate in a row",
        "∂y/∂a = swish'(a)·(b + 1), ∂y/∂b = swish(a), swish(a) = a·sigmoid(alpha·a); beyond the limit 0",
        "gpt-oss, OpenAI 2025",
        gate=_OF_LIMITED,
        linear=_CLIPPED_PLUS_1,
        tail=_swish_tail,
        layout=ALTERNATING,
        parameters=(Parameter("alpha", 1.702, low=0.0, open_low=True), _limit(7.0)),
        smoothness=0,
        about="pairs alternate, as gpt-oss stores them; swiglu and swiglu_step take halves, and no alpha or + 1",
    ),
    _pair(
        "swiglu_step",
        "min(silu(a), limit)·clip(b, −limit, limit)",
        "∂y/∂a = silu'(a)·b, ∂y/∂b = silu(a); where silu(a) or b is beyond the limit 0",
        "Step-3.5 and Step-3.7, StepFun 2026",
        gate=_LIMITED,
        linear=_CLIPPED,
        tail=_swish_tail,
        parameters=(_limit(7.0),),
        smoothness=0,
        about="limits silu(a); swiglu with a limit limits a before silu, and swiglu_oai is that of gpt-oss",
    ),
    _pair(
        "drelu",
        "relu(a)·relu(b)",
        "∂y/∂a = relu'(a)·relu(b), ∂y/∂b = relu(a)·relu'(b)",
        "TurboSparse, Song et al. 2024",
        gate=_RELU,
        linear=_RELU,
        smoothness=0,
        lowest=0.0,
    ),
)
