"""Exponential units: x above 0, an exponential with a lower limit below; and the exponential itself."""

import numpy as np

from actcli.activations.definition import INF, Array, Definition, Kink, Parameter, jax, keras, onnx, torch
from actcli.activations.families.exact import SATURATED, Sum, decay_times, expm1_sum, polynomial, quotient

_SCALE = 1.0507009873554805
_ALPHA = 1.6732632423543772


def _below(x: Array, factor: float) -> Array:
    """factor·e**x for x <= 0 (for x > 0 as at 0)."""
    return decay_times(Sum(np.minimum(np.maximum(-x, 0.0), SATURATED), 0.0), factor)


def _unit(x: Array, above: Array | float, below: Array) -> Array:
    # at 0 both are 0, and x keeps the sign of −0.0
    return np.where(np.isnan(x), x, np.where(x >= 0, above, below))


def _elu(x: Array, alpha: float) -> Array:
    return _unit(x, x, alpha * np.expm1(np.minimum(x, 0.0)))


def _celu_argument(x: Array, alpha: float) -> Sum:
    """x/α for x <= 0."""
    return quotient(np.minimum(x, 0.0), alpha)


def _celu_exponential(x: Array, alpha: float, factor: float) -> Array:
    """factor·e**(x/α) for x <= 0; x/α > 0 when α is negative."""
    t = _celu_argument(x, alpha)
    return decay_times(Sum(-t.h, -t.l), factor)


def _celu(x: Array, alpha: float) -> Array:
    t = _celu_argument(x, alpha)
    below = alpha * expm1_sum(t)
    if alpha < 0:
        below = np.where(t.h > 1.0, decay_times(Sum(-t.h, -t.l), alpha) - alpha, below)
    return _unit(x, x, below)


# (t − 1)·e**t + 1 in powers of t: t²/2 + t³/3 + t⁴/8 + …, t^k·(k − 1)/k!
_CELU_SERIES = (
    1 / 2, 1 / 3, 1 / 8, 1 / 30, 1 / 144, 1 / 840, 1 / 5760, 1 / 45360, 1 / 403200, 1 / 3991680,
    1 / 43545600, 1 / 518918400, 1 / 6706022400, 1 / 93405312000, 1 / 1394852659200, 1 / 22230464256000,
)  # fmt: skip


def _celu_by_alpha(x: Array, alpha: float) -> Array:
    """e**t − 1 − t·e**t with t = x/α; by its series around 0, where it cancels."""
    argument = _celu_argument(x, alpha)
    t = argument.h
    near = np.clip(t, -0.5, 0.5)
    value = np.expm1(t) - t * np.exp(t)
    if alpha < 0:
        growing = decay_times(Sum(-t, -argument.l), 1.0 - t) - 1.0
        value = np.where(t > 1.0, growing, value)
    value = np.where(np.abs(t) < 0.5, -near * near * polynomial(near, _CELU_SERIES), value)
    return _unit(x, 0.0, value)


DEFINITIONS = (
    Definition(
        name="elu",
        family="exponential",
        formula="x if x > 0 else alpha·(e^x − 1)",
        expression="x if x > 0 else alpha*expm1(x)",
        derivative="1 if x > 0 else alpha·e^x",
        source="Clevert, Unterthiner & Hochreiter 2015",
        parameters=(Parameter("alpha", 1.0),),
        value=_elu,
        slope=lambda x, alpha: _unit(x, 1.0, _below(x, alpha)),
        curvature=lambda x, alpha: _unit(x, 0.0, _below(x, alpha)),
        by_parameter={"alpha": lambda x, **_: np.expm1(np.minimum(x, 0.0))},
        kinks=lambda alpha: (
            Kink(0.0, (alpha, 1.0), (alpha, 0.0), default=(alpha, 0.0), jax=(alpha, alpha)),
        ),
        range=(-1.0, INF),
        smoothness=1,
        frameworks=(
            torch("nn.ELU", "nn.functional.elu"),
            jax("nn.elu"),
            keras("activations.elu", "layers.ELU"),
            onnx("Elu"),
        ),
    ),
    Definition(
        name="selu",
        family="exponential",
        formula="scale·(x if x > 0 else alpha·(e^x − 1))",
        expression="scale*(x if x > 0 else alpha*expm1(x))",
        derivative="scale·(1 if x > 0 else alpha·e^x)",
        source="Klambauer, Unterthiner, Mayr & Hochreiter 2017",
        parameters=(Parameter("alpha", _ALPHA), Parameter("scale", _SCALE, ("gamma", "lambda"))),
        value=lambda x, alpha, scale: _unit(x, scale * x, scale * alpha * np.expm1(np.minimum(x, 0.0))),
        slope=lambda x, alpha, scale: _unit(x, scale, _below(x, scale * alpha)),
        curvature=lambda x, alpha, scale: _unit(x, 0.0, _below(x, scale * alpha)),
        by_parameter={
            "alpha": lambda x, scale, **_: scale * np.expm1(np.minimum(x, 0.0)),
            "scale": lambda x, alpha, **_: _elu(x, alpha),
        },
        kinks=lambda alpha, scale: (
            Kink(
                0.0,
                (scale * alpha, scale),
                (scale * alpha, 0.0),
                default=(scale * alpha, 0.0),
                jax=(scale * alpha, scale * alpha),
            ),
        ),
        range=(-_SCALE * _ALPHA, INF),
        smoothness=0,
        frameworks=(
            torch("nn.SELU", "nn.functional.selu"),
            jax("nn.selu"),
            keras("activations.selu"),
            # the standard writes them as float32
            onnx("Selu", alpha=1.67326319217681884765625, scale=1.05070102214813232421875),
        ),
    ),
    Definition(
        name="celu",
        family="exponential",
        formula="x if x > 0 else alpha·(e^(x/alpha) − 1)",
        expression="x if x > 0 else alpha*expm1(x/alpha)",
        derivative="1 if x > 0 else e^(x/alpha)",
        source="Barron 2017",
        parameters=(Parameter("alpha", 1.0, nonzero=True),),
        value=_celu,
        slope=lambda x, alpha: _unit(x, 1.0, _celu_exponential(x, alpha, 1.0)),
        curvature=lambda x, alpha: _unit(x, 0.0, _celu_exponential(x, alpha, 1.0 / alpha)),
        by_parameter={"alpha": _celu_by_alpha},
        kinks=lambda alpha: (
            Kink(0.0, (1.0, 1.0), (1 / alpha, 0.0), default=(1.0, 0.0), jax=(1.0, 0.25 / alpha)),
        ),
        range=(-1.0, INF),
        smoothness=1,
        frameworks=(
            torch("nn.CELU", "nn.functional.celu"),
            jax("nn.celu"),
            keras("activations.celu"),
            onnx("Celu"),
        ),
    ),
    Definition(
        name="exponential",
        aliases=("exp",),
        family="exponential",
        formula="e^x",
        expression="exp(x)",
        derivative="e^x",
        source="Euler 1748",
        value=np.exp,
        slope=np.exp,
        curvature=np.exp,
        range=(0.0, INF),
        frameworks=(torch("exp"), jax("numpy.exp"), keras("activations.exponential"), onnx("Exp")),
    ),
)
