"""Functions with a square, a straight line or an exponential on each side of 0, and clipped forms."""

import math

import numpy as np

from actcli.activations.definition import INF, Array, Definition, Kink, Parameter, hf
from actcli.activations.families import normal
from actcli.activations.families.chain import kernels_of

_GELU = kernels_of(normal.DEFINITIONS, "gelu")
_CURVATURE_AT_10 = -7.540706654172292e-21
"""gelu''(10)."""


def _nan(x: Array, y: Array) -> Array:
    """Return y, and NaN where x is NaN."""
    return np.where(np.isnan(x), x, y)


def _xielu(x: Array, alpha_p: float, alpha_n: float, beta: float, epsilon: float) -> Array:
    below = np.minimum(x, 0.0)
    off = alpha_n * (np.expm1(np.minimum(below, epsilon)) - below) + beta * below
    end = -alpha_n if alpha_n == beta else (alpha_n - beta) * INF
    off = np.where(below == -INF, end, off)
    return np.where(x > 0, x * (alpha_p * x + beta), off)


def _xielu_slope(x: Array, alpha_p: float, alpha_n: float, beta: float, epsilon: float) -> Array:
    off = np.where(x < epsilon, alpha_n * np.expm1(np.minimum(x, epsilon)), -alpha_n) + beta
    return _nan(x, np.where(x > 0, 2.0 * alpha_p * x + beta, off))


def _xielu_curvature(x: Array, alpha_p: float, alpha_n: float, epsilon: float, **_: float) -> Array:
    off = np.where(x < epsilon, alpha_n * np.exp(np.minimum(x, epsilon)), 0.0)
    return _nan(x, np.where(x > 0, 2.0 * alpha_p, off))


def _xielu_kinks(alpha_p: float, alpha_n: float, beta: float, epsilon: float) -> tuple[Kink, ...]:
    """Return the kinks at epsilon, where torch.min gives each side half of the gradient, and at 0."""
    e = math.exp(epsilon)
    left = (alpha_n * math.expm1(epsilon) + beta, alpha_n * e)
    halved = (alpha_n * (e / 2.0 - 1.0) + beta, alpha_n * e / 4.0)
    if epsilon == 0:
        return (Kink(0.0, (left[0], beta), (left[1], 2.0 * alpha_p), default=halved),)
    flat = (beta - alpha_n, 0.0)
    return (
        Kink(epsilon, (left[0], flat[0]), (left[1], 0.0), default=halved),
        Kink(0.0, (flat[0], beta), (0.0, 2.0 * alpha_p), default=flat, jump=alpha_n != 0),
    )


def _pelu(x: Array, a: float, b: float) -> Array:
    return np.where(x >= 0, a / b * x, a * np.expm1(np.minimum(x, 0.0) / b))


def _pelu_slope(x: Array, a: float, b: float) -> Array:
    return _nan(x, a / b * np.exp(np.minimum(x, 0.0) / b))


def _pelu_curvature(x: Array, a: float, b: float) -> Array:
    return _nan(x, np.where(x >= 0, 0.0, a / b / b * np.exp(np.minimum(x, 0.0) / b)))


def _pelu_by_a(x: Array, b: float, **_: float) -> Array:
    return np.where(x >= 0, x / b, np.expm1(np.minimum(x, 0.0) / b))


def _pelu_by_b(x: Array, a: float, b: float) -> Array:
    inside = np.clip(x, -1e300, INF)
    return -a / b * (inside / b) * np.exp(np.minimum(inside, 0.0) / b)


def _leaky(x: Array, alpha: float) -> Array:
    return np.where(x > 0, x, alpha * x if alpha else 0.0 * np.clip(x, -1.0, 0.0))


DEFINITIONS = (
    Definition(
        name="xielu",
        family="rectifier",
        formula="alpha_p·x² + beta·x if x > 0 else alpha_n·(e^min(x, epsilon) − 1 − x) + beta·x",
        expression="alpha_p*x^2 + beta*x if x > 0 else alpha_n*(expm1(min(x, epsilon)) - x) + beta*x",
        derivative="2·alpha_p·x + beta if x > 0 else alpha_n·(e^x − 1) + beta if x < epsilon else beta − alpha_n",
        source="Huang & Schlag 2024; Apertus 2025",
        about="alpha_p and alpha_n are those of the formula; Apertus stores a and b with alpha_p = softplus(a), "
        "alpha_n = beta + softplus(b)",
        parameters=(
            Parameter("alpha_p", 0.8),
            Parameter("alpha_n", 0.8),
            Parameter("beta", 0.5),
            Parameter("epsilon", -1e-6, ("eps",), high=0.0),
        ),
        value=_xielu,
        slope=_xielu_slope,
        curvature=_xielu_curvature,
        by_parameter={
            "alpha_p": lambda x, **_: np.square(np.maximum(x, 0.0)),
            "alpha_n": lambda x, epsilon, **_: np.where(
                x > 0, 0.0, np.expm1(np.minimum(x, epsilon)) - np.minimum(x, 0.0)
            ),
            "beta": lambda x, **_: x.copy(),
            "epsilon": lambda x, alpha_n, epsilon, **_: np.where(
                (epsilon < x) & (x <= 0), alpha_n * math.exp(epsilon), 0.0
            ),
        },
        kinks=_xielu_kinks,
        composed=True,
        range=(-0.20575122409648214, INF),
        monotone=False,
        smoothness=-1,
        frameworks=(  # the parameters of a new module, in bfloat16
            hf("xielu", alpha_p=0.80078125, alpha_n=0.80078125, epsilon=-9.98377799987793e-07),
        ),
    ),
    Definition(
        name="star_relu",
        family="rectifier",
        formula="scale·max(x, 0)² + bias",
        expression="scale*max(x, 0)^2 + bias",
        derivative="2·scale·max(x, 0)",
        source="Yu et al. 2022, MetaFormer",
        parameters=(Parameter("scale", 0.8944, ("s",)), Parameter("bias", -0.4472, ("b",))),
        value=lambda x, scale, bias: scale * np.square(np.maximum(x, 0.0)) + bias,
        slope=lambda x, scale, **_: 2.0 * (scale * np.maximum(x, 0.0)) + 0.0,
        curvature=lambda x, scale, **_: _nan(x, np.where(x > 0, 2.0 * scale, 0.0)),
        by_parameter={
            "scale": lambda x, **_: np.square(np.maximum(x, 0.0)),
            "bias": lambda x, **_: np.ones_like(x),
        },
        kinks=lambda scale, **_: (Kink(0.0, (0.0, 0.0), (0.0, 2.0 * scale)),),
        composed=True,
        range=(-0.4472, INF),
        smoothness=1,
    ),
    Definition(
        name="leaky_relu_squared",
        aliases=("leaky_relu2",),
        family="rectifier",
        formula="x² if x > 0 else (alpha·x)²",
        expression="x^2 if x > 0 else (alpha*x)^2",
        derivative="2·x if x > 0 else 2·alpha²·x",
        source="speed runs of small language models, 2026",
        parameters=(Parameter("alpha", 0.5, ("negative_slope", "slope")),),
        value=lambda x, alpha: np.square(_leaky(x, alpha)),
        slope=lambda x, alpha: 2.0 * np.where(x > 0, x, alpha * _leaky(x, alpha)) + 0.0,
        curvature=lambda x, alpha: _nan(x, np.where(x > 0, 2.0, 2.0 * alpha * alpha)),
        by_parameter={
            "alpha": lambda x, alpha: 2.0 * np.minimum(x, 0.0) * _leaky(np.minimum(x, 0.0), 1.0) * alpha
        },
        kinks=lambda alpha: (
            Kink(0.0, (0.0, 0.0), (2.0 * alpha * alpha, 2.0), default=(0.0, 2.0 * alpha * alpha)),
        ),
        composed=True,
        range=(0.0, INF),
        monotone=False,
        smoothness=1,
    ),
    Definition(
        name="clipped_relu",
        family="rectifier",
        formula="clip(x, 0, 1)",
        expression="clip(x, 0, 1)",
        derivative="1 if 0 < x < 1 else 0",
        source="Nasu 2018, NNUE",
        about="chess engines call it CReLU; TensorFlow's crelu is another function: relu(x) and relu(-x) side by side",
        value=lambda x: np.minimum(np.maximum(x, 0.0), 1.0) + 0.0,
        slope=lambda x: _nan(x, (x >= 0) & (x <= 1)),
        curvature=lambda x: _nan(x, 0.0 * np.clip(x, 0.0, 1.0)),
        kinks=lambda: (
            Kink(0.0, (0.0, 1.0), default=(1.0, 0.0)),
            Kink(1.0, (1.0, 0.0), default=(1.0, 0.0)),
        ),
        range=(0.0, 1.0),
        smoothness=0,
    ),
    Definition(
        name="squared_clipped_relu",
        aliases=("screlu",),
        family="rectifier",
        formula="clip(x, 0, 1)²",
        expression="clip(x, 0, 1)^2",
        derivative="2·x if 0 < x < 1 else 0",
        source="chess engines with NNUE",
        value=lambda x: np.square(np.minimum(np.maximum(x, 0.0), 1.0)),
        slope=lambda x: _nan(x, np.where((x > 0) & (x <= 1), 2.0 * x, 0.0)),
        curvature=lambda x: _nan(x, np.where((x >= 0) & (x <= 1), 2.0, 0.0)),
        kinks=lambda: (
            Kink(0.0, (0.0, 0.0), (0.0, 2.0), default=(0.0, 2.0)),
            Kink(1.0, (2.0, 0.0), (2.0, 0.0), default=(2.0, 2.0)),
        ),
        range=(0.0, 1.0),
        smoothness=0,
    ),
    Definition(
        name="pelu",
        aliases=("parametric_elu",),
        family="exponential",
        formula="a/b·x if x >= 0 else a·(e^(x/b) − 1)",
        expression="a/b*x if x >= 0 else a*expm1(x/b)",
        derivative="a/b if x >= 0 else a/b·e^(x/b)",
        source="Trottier, Giguère & Chaib-draa 2016",
        parameters=(Parameter("a", 1.0, low=0.0, open_low=True), Parameter("b", 1.0, low=0.0, open_low=True)),
        value=_pelu,
        slope=_pelu_slope,
        curvature=_pelu_curvature,
        by_parameter={"a": _pelu_by_a, "b": _pelu_by_b},
        kinks=lambda a, b: (Kink(0.0, (a / b, a / b), (a / b / b, 0.0), default=(a / b, 0.0)),),
        composed=True,
        range=(-1.0, INF),
        smoothness=1,
    ),
    Definition(
        name="gelu_10",
        aliases=("clipped_gelu",),
        family="gated",
        formula="clip(x·Φ(x), −10, 10)",
        expression="clip(x*normcdf(x), -10, 10)",
        derivative="Φ(x) + x·φ(x) if x <= 10 else 0",
        source="Wu, Judd, Zhang, Isaev & Micikevicius 2020; transformers' gelu_10",
        value=lambda x: np.minimum(_GELU.value(x), 10.0),
        slope=lambda x: np.where(x > 10, 0.0, _GELU.slope(x)),
        curvature=lambda x: np.where(x > 10, 0.0, _GELU.curvature(x)),
        # the clip begins between 10 and the float64 after it
        kinks=lambda: (Kink(10.0, (1.0, 0.0), (_CURVATURE_AT_10, 0.0), default=(1.0, _CURVATURE_AT_10)),),
        composed=True,
        range=(-0.16997120747990369, 10.0),
        monotone=False,
        smoothness=0,
        frameworks=(hf("gelu_10"),),
    ),
)
