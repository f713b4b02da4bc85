"""Shrinkage: 0 close to 0, or at least smaller than x."""

import numpy as np

from actcli.activations.definition import Array, Definition, Kink, Parameter, constant, keras, onnx, torch
from actcli.activations.families.exact import polynomial
from actcli.activations.families.sigmoids import tanh_curvature

_ZERO = constant(0.0)
_LAMBDA = Parameter("lambda", 0.5, ("lambd", "lam", "threshold"), low=0.0)


def _outside(x: Array, threshold: float) -> Array:
    """-1 below −threshold, 1 above threshold, 0 between; NaN stays NaN."""
    return np.where(np.abs(x) <= threshold, 0.0, np.sign(x))


def _shrink(x: Array, threshold: float, bias: float) -> Array:
    side = _outside(x, threshold)
    # −0.0 stays −0.0; 0·x would also give −0.0 for all x between −threshold and 0
    return np.where(side == 0.0, np.where(x == 0.0, x, 0.0), x - side * bias)


def _slope(x: Array, threshold: float) -> Array:
    return np.abs(_outside(x, threshold))


def _ends(threshold: float, *, jump: bool) -> tuple[Kink, ...]:
    if threshold == 0:
        return (Kink(0.0, (1.0, 1.0), jump=jump),)
    return Kink(-threshold, (1.0, 0.0), jump=jump), Kink(threshold, (0.0, 1.0), jump=jump)


# tanh x = x/(1 + y), y = x²/(3 + x²/(5 + …)) (Lambert 1768): the eighth convergent of y/(1 + y), over x², as a quotient
# of polynomials in x², constant first. All terms have one sign, so nothing is lost.
_SHRUNK_ABOVE = (11486475.0, 810810.0, 12870.0, 44.0)
_SHRUNK_BELOW = (34459425.0, 16216200.0, 945945.0, 13860.0, 45.0)
_SHRUNK_NEAR = 1.02
"""From here on x − tanh x is at least a quarter, and the subtraction loses at most one bit."""


def _tanhshrink(x: Array) -> Array:
    """x − tanh x; close to 0, where it would lose its digits, by Lambert's continued fraction."""
    flat = x.reshape(-1)
    square = flat * flat
    shrunk = polynomial(square, _SHRUNK_ABOVE)
    shrunk /= polynomial(square, _SHRUNK_BELOW)
    # by index: a copy under a random mask takes longer than tanh, since its branches are mispredicted
    far = np.flatnonzero(square >= _SHRUNK_NEAR * _SHRUNK_NEAR)
    shrunk *= square
    shrunk *= flat
    outer = flat.take(far)
    outer -= np.tanh(outer)
    shrunk[far] = outer
    return shrunk.reshape(x.shape)


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
        value=lambda x, **p: _shrink(x, p["lambda"], p["lambda"]),
        slope=lambda x, **p: _slope(x, p["lambda"]),
        curvature=_ZERO,
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
        value=lambda x, **p: _shrink(x, p["lambda"], 0.0),
        slope=lambda x, **p: _slope(x, p["lambda"]),
        curvature=_ZERO,
        by_parameter={"lambda": _ZERO},
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
        value=lambda x, lambd, bias: _shrink(x, threshold=lambd, bias=bias),
        slope=lambda x, lambd, **_: _slope(x, lambd),
        curvature=_ZERO,
        by_parameter={
            "lambd": _ZERO,
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
