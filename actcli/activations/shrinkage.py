"""Shrinkage: zero, or smaller, around 0."""

import numpy as np

from actcli.activations.definition import Array, Definition, Kink, Parameter, constant, keras, onnx, torch
from actcli.activations.sigmoids import tanh_curvature

_ZERO = constant(0.0)
_LAMBDA = Parameter("lambda", 0.5, ("lambd", "lam", "threshold"), low=0.0)


def _outside(x: Array, threshold: float) -> Array:
    """-1 below −threshold, 1 above threshold, 0 between; NaN stays NaN."""
    return np.where(np.abs(x) <= threshold, 0.0, np.sign(x))


def _shrunk(x: Array, threshold: float, bias: float) -> Array:
    side = _outside(x, threshold)
    # 0·x would keep the sign of −0.0, but make a −0.0 of all that is shrunk from below 0
    return np.where(side == 0.0, np.where(x == 0.0, x, 0.0), x - side * bias)


def _slope(x: Array, threshold: float) -> Array:
    return np.abs(_outside(x, threshold)) if threshold else constant(1.0)(x)


def _ends(threshold: float, *, jump: bool) -> tuple[Kink, ...]:
    if threshold == 0:
        return (Kink(0.0, (1.0, 1.0), jump=jump),)
    return Kink(-threshold, (1.0, 0.0), jump=jump), Kink(threshold, (0.0, 1.0), jump=jump)


_FRACTION = tuple(float(odd) for odd in range(29, 1, -2))


def _tanhshrink(x: Array) -> Array:
    """x − tanh x; below 2 by Lambert's continued fraction tanh x = x/(1 + y), y = x²/(3 + x²/(5 + …))."""
    near = np.clip(x, -2.0, 2.0)
    square = near * near
    y = square / _FRACTION[0]
    for odd in _FRACTION[1:]:
        y = square / (odd + y)
    return np.where(np.abs(x) < 2.0, near * (y / (1.0 + y)), x - np.tanh(x))


DEFINITIONS = (
    Definition(
        name="softshrink",
        aliases=("soft_shrink",),
        family="shrink",
        formula="x − lambda if x > lambda else x + lambda if x < −lambda else 0",
        expression="x - lambda if x > lambda else x + lambda if x < -lambda else 0",
        derivative="1 if |x| > lambda else 0",
        source="Donoho 1995",
        parameters=(_LAMBDA,),
        value=lambda x, **p: _shrunk(x, p["lambda"], p["lambda"]),
        slope=lambda x, **p: _slope(x, p["lambda"]),
        curvature=lambda x, **_: _ZERO(x),
        by_parameter={"lambda": lambda x, **p: -_outside(x, p["lambda"]) + 0.0},
        kinks=lambda **p: _ends(p["lambda"], jump=False),
        smoothness=0,
        frameworks=(
            torch("nn.Softshrink", "nn.functional.softshrink"),
            keras("activations.soft_shrink"),
        ),
    ),
    Definition(
        name="hardshrink",
        aliases=("hard_shrink",),
        family="shrink",
        formula="x if |x| > lambda else 0",
        expression="x if abs(x) > lambda else 0",
        derivative="1 if |x| > lambda else 0",
        source="Donoho & Johnstone 1994",
        parameters=(_LAMBDA,),
        value=lambda x, **p: _shrunk(x, p["lambda"], 0.0),
        slope=lambda x, **p: _slope(x, p["lambda"]),
        curvature=lambda x, **_: _ZERO(x),
        by_parameter={"lambda": lambda x, **_: _ZERO(x)},
        kinks=lambda **p: _ends(p["lambda"], jump=p["lambda"] != 0),
        smoothness=-1,
        frameworks=(
            torch("nn.Hardshrink", "nn.functional.hardshrink"),
            keras("activations.hard_shrink"),
        ),
    ),
    Definition(
        name="onnx.shrink",
        family="shrink",
        formula="x − bias if x > lambd else x + bias if x < −lambd else 0",
        expression="x - bias if x > lambd else x + bias if x < -lambd else 0",
        derivative="1 if |x| > lambd else 0",
        source="ONNX Shrink",
        parameters=(Parameter("lambd", 0.5, ("lambda",), low=0.0), Parameter("bias", 0.0)),
        value=lambda x, lambd, bias: _shrunk(x, threshold=lambd, bias=bias),
        slope=lambda x, lambd, **_: _slope(x, lambd),
        curvature=lambda x, **_: _ZERO(x),
        by_parameter={
            "lambd": lambda x, **_: _ZERO(x),
            "bias": lambda x, lambd, **_: -_outside(x, lambd) + 0.0,
        },
        kinks=lambda lambd, bias: _ends(lambd, jump=lambd != bias),
        smoothness=-1,
        frameworks=(onnx("Shrink"),),
    ),
    Definition(
        name="tanhshrink",
        aliases=("tanh_shrink",),
        family="shrink",
        formula="x − tanh(x)",
        expression="x - tanh(x)",
        derivative="tanh(x)²",
        source="PyTorch",
        value=_tanhshrink,
        slope=lambda x: np.square(np.tanh(x)),
        curvature=lambda x: -tanh_curvature(x),
        frameworks=(
            torch("nn.Tanhshrink", "nn.functional.tanhshrink"),
            keras("activations.tanh_shrink"),
        ),
    ),
)
