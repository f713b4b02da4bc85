"""Sigmoids, functions built from them (log_sigmoid, softplus), and other bounded or slowly growing curves."""

import math

import numpy as np
from numpy.typing import NDArray

from actcli.activations.definition import (
    INF,
    Array,
    Definition,
    Kink,
    Parameter,
    constant,
    hf,
    jax,
    keras,
    onnx,
    torch,
)
from actcli.activations.families.exact import (
    SATURATED,
    Sum,
    decay,
    decay_times,
    magnitude,
    scale,
)

# In this file a = |x|, z = e**-a, d = 1 + z: z never overflows, and 1 − sigmoid(a) is z/d without cancellation.


def _parts(x: Array) -> tuple[Array, Array, Array]:
    a = np.abs(x)
    z = np.exp(-a)
    return a, z, 1.0 + z


def sigmoid(x: Array) -> Array:
    """Return 1/(1 + e^−x). x: any shape, float64."""
    _, z, d = _parts(x)
    return np.where(x < 0, z, 1.0) / d


def sigmoid_slope(x: Array) -> Array:
    """Return the derivative of the sigmoid. x: any shape, float64."""
    _, z, d = _parts(x)
    return z / (d * d)


def _sigmoid_curvature(x: Array) -> Array:
    a, z, d = _parts(x)
    return np.copysign(z * np.expm1(-a) / (d * d * d), -x)


def _log_sigmoid(x: Array) -> Array:
    # in this order −0.0 where the logarithm underflows
    return -(np.log1p(np.exp(-np.abs(x))) - np.minimum(x, 0.0))


def _log_sigmoid_slope(x: Array) -> Array:
    return sigmoid(-x)


def _tanh_slope(x: Array) -> Array:
    """4w/(1 + w)² with w = e**-2a, exact argument."""
    w2 = Sum(np.minimum(2.0 * np.abs(x), SATURATED), 0.0)
    return decay_times(w2, 4.0 / np.square(1.0 + np.exp(-w2.h)))


def tanh_curvature(x: Array) -> Array:
    """Return the second derivative of tanh, −2·tanh·tanh'. x: any shape, float64."""
    w2 = Sum(np.minimum(2.0 * np.abs(x), SATURATED), 0.0)
    return decay_times(w2, -8.0 * np.tanh(x) / np.square(1.0 + np.exp(-w2.h)))


def _softsign_slope(x: Array) -> Array:
    r = 1.0 / (1.0 + np.abs(x))
    return r * r


def _softsign_curvature(x: Array) -> Array:
    d = 1.0 + np.abs(x)
    return np.where(np.isnan(x), x, -2.0 * np.sign(x) / d / d / d)


def _arctan_slope(x: Array) -> Array:
    far = np.abs(x) > 1e60
    return np.where(far, 1.0 / x / x, 1.0 / (1.0 + np.square(np.where(far, 0.0, x))))


def _arctan_curvature(x: Array) -> Array:
    far = np.abs(x) > 1e60
    near = np.where(far, 0.0, x)
    return np.where(far, -2.0 / x / x / x, -2.0 * near / np.square(1.0 + near * near))


def _softplus_parts(x: Array, beta: float) -> tuple[Sum, Array, Array]:
    """|βx|, z = e**-|βx|, 1 + z."""
    a = magnitude(scale(x, beta))
    z = decay(a)
    return a, z, 1.0 + z


def _linear_part(x: Array, beta: float, threshold: float) -> NDArray[np.bool_]:
    """Where torch's softplus returns x itself: βx > threshold."""
    if threshold == INF:
        return np.zeros_like(x, bool)
    h, low = scale(x, beta)
    return (h - threshold) + low > 0


def _softplus(x: Array, beta: float, threshold: float) -> Array:
    a, z, _ = _softplus_parts(x, beta)
    # below e**-690 log1p(z) is z, and z·(1/β) is lifted out of the subnormal numbers
    tail = (
        np.where(a.h > 690.0, decay_times(a, 1.0 / beta), np.log1p(z) / beta)
        if beta < 1
        else np.log1p(z) / beta
    )
    return np.where(_linear_part(x, beta, threshold), x, np.maximum(x, 0.0) + tail)


def _softplus_slope(x: Array, beta: float, threshold: float) -> Array:
    _, z, d = _softplus_parts(x, beta)
    return np.where(_linear_part(x, beta, threshold), 1.0, np.where(x < 0, z, 1.0) / d)


def _softplus_curvature(x: Array, beta: float, threshold: float) -> Array:
    a, _, d = _softplus_parts(x, beta)
    return np.where(_linear_part(x, beta, threshold), 0.0, decay_times(a, beta / (d * d)))


def _softplus_by_beta(x: Array, beta: float, threshold: float) -> Array:
    """−(a·z/d + log1p z)/β²."""
    a, z, d = _softplus_parts(x, beta)
    return np.where(_linear_part(x, beta, threshold), 0.0, -(a.h * z / d + np.log1p(z)) / beta / beta)


def _softplus_kinks(beta: float, threshold: float) -> tuple[Kink, ...]:
    if threshold == INF:
        return ()
    z = math.exp(-abs(threshold))
    left = 1 / (1 + z) if threshold >= 0 else z / (1 + z)
    bend = beta * z / (1 + z) ** 2
    return (Kink(threshold / beta, (left, 1.0), (bend, 0.0), default=(left, 0.0), jump=True),)


def _squareplus_root(x: Array, b: float) -> Array:
    return np.hypot(x, math.sqrt(b))


def _squareplus(x: Array, b: float) -> Array:
    r = _squareplus_root(x, b)
    below = (b / 4) / (r / 2 - x / 2) if b else np.zeros_like(x)
    return np.where(np.isnan(x), x, np.where(x < 0, below, x / 2 + r / 2))


def _squareplus_slope(x: Array, b: float) -> Array:
    r = _squareplus_root(x, b)
    if b == 0:
        return np.heaviside(x, 0.0)
    return np.where(x == INF, 1.0, _squareplus(x, b) / r)


def _squareplus_curvature(x: Array, b: float) -> Array:
    r = _squareplus_root(x, b)
    return (b / 2) / r / r / r if b else constant(0.0)(x)


def _squareplus_kinks(b: float) -> tuple[Kink, ...]:
    return () if b else (Kink(0.0, (0.0, 1.0), jax=(math.nan, math.nan)),)


def _sparse_plus(x: Array) -> Array:
    middle = np.clip(x, -1.0, 1.0) + 1.0
    return np.where(x >= 1.0, x, middle * middle / 4.0)


def _sparse_sigmoid(x: Array) -> Array:
    return (np.clip(x, -1.0, 1.0) + 1.0) / 2.0


def _inside(x: Array, value: float) -> Array:
    return np.where(np.isnan(x), x, np.where(np.abs(x) < 1.0, value, 0.0))


def _logit(x: Array) -> Array:
    """2·artanh(2p − 1) around ½, where log p − log(1 − p) would cancel."""
    middle = np.abs(x - 0.5) < 0.25
    near = 2.0 * np.arctanh(2.0 * np.where(middle, x, 0.5) - 1.0)
    return np.where(middle, near, np.log(x) - np.log1p(-x))


def _logit_slope(x: Array) -> Array:
    return np.where((x < 0) | (x > 1), np.nan, 1.0 / (x * (1.0 - x)))


def _logit_curvature(x: Array) -> Array:
    v = x * (1.0 - x)
    return np.where((x < 0) | (x > 1), np.nan, (2.0 * x - 1.0) / v / v)


DEFINITIONS = (
    Definition(
        name="sigmoid",
        aliases=("logistic", "expit"),
        family="sigmoid",
        formula="1/(1 + e^−x)",
        expression="1/(1 + exp(-x))",
        derivative="f(x)·(1 − f(x))",
        source="Verhulst 1838; Rumelhart, Hinton & Williams 1986",
        value=sigmoid,
        slope=sigmoid_slope,
        curvature=_sigmoid_curvature,
        range=(0.0, 1.0),
        frameworks=(
            torch("nn.Sigmoid", "nn.functional.sigmoid", "special.expit"),
            jax("nn.sigmoid", "scipy.special.expit"),
            keras("activations.sigmoid"),
            onnx("Sigmoid"),
            hf("sigmoid"),
        ),
    ),
    Definition(
        name="log_sigmoid",
        family="sigmoid",
        formula="−log(1 + e^−x)",
        expression="-softplus(-x)",
        derivative="1/(1 + e^x)",
        source="the logarithm of the logistic function",
        value=_log_sigmoid,
        slope=_log_sigmoid_slope,
        curvature=lambda x: -sigmoid_slope(x),
        range=(-INF, 0.0),
        frameworks=(
            torch("nn.LogSigmoid", "nn.functional.logsigmoid"),
            jax("nn.log_sigmoid"),
            keras("activations.log_sigmoid"),
        ),
    ),
    Definition(
        name="tanh",
        family="sigmoid",
        formula="tanh(x)",
        expression="tanh(x)",
        derivative="1 − tanh(x)²",
        source="LeCun, Bottou, Orr & Müller 1998",
        value=np.tanh,
        slope=_tanh_slope,
        curvature=tanh_curvature,
        range=(-1.0, 1.0),
        frameworks=(
            torch("nn.Tanh", "nn.functional.tanh"),
            jax("nn.tanh", "numpy.tanh"),
            keras("activations.tanh"),
            onnx("Tanh"),
            hf("tanh"),
        ),
    ),
    Definition(
        name="softsign",
        family="sigmoid",
        formula="x/(1 + |x|)",
        expression="x/(1 + abs(x))",
        derivative="1/(1 + |x|)²",
        source="Bergstra, Desjardins, Lamblin & Bengio 2009",
        value=lambda x: np.where(np.isinf(x), np.sign(x), x / (1.0 + np.abs(x))),
        slope=_softsign_slope,
        curvature=_softsign_curvature,
        kinks=lambda: (Kink(0.0, (1.0, 1.0), (2.0, -2.0), default=(1.0, 0.0), jax=(1.0, -2.0)),),
        range=(-1.0, 1.0),
        smoothness=1,
        frameworks=(
            torch("nn.Softsign", "nn.functional.softsign"),
            jax("nn.soft_sign"),
            keras("activations.softsign"),
            onnx("Softsign"),
        ),
    ),
    Definition(
        name="arctan",
        aliases=("atan",),
        family="sigmoid",
        formula="arctan(x)",
        expression="arctan(x)",
        derivative="1/(1 + x²)",
        source="Leibniz and Gregory, 17th century",
        value=np.arctan,
        slope=_arctan_slope,
        curvature=_arctan_curvature,
        range=(-math.pi / 2, math.pi / 2),
        frameworks=(torch("arctan", "atan"), jax("numpy.arctan"), onnx("Atan")),
    ),
    Definition(
        name="softplus",
        family="sigmoid",
        formula="log(1 + e^(beta·x))/beta, and x where beta·x > threshold",
        expression="x if beta*x > threshold else logaddexp(0, beta*x)/beta",
        derivative="1/(1 + e^(−beta·x)), and 1 where beta·x > threshold",
        source="Dugas, Bengio, Bélisle, Nadeau & Garcia 2001",
        parameters=(Parameter("beta", 1.0, low=0.0, open_low=True), Parameter("threshold", INF)),
        value=_softplus,
        slope=_softplus_slope,
        curvature=_softplus_curvature,
        by_parameter={"beta": _softplus_by_beta, "threshold": constant(0.0)},
        kinks=_softplus_kinks,
        range=(0.0, INF),
        frameworks=(
            torch("nn.Softplus", "nn.functional.softplus", threshold=20.0),
            jax("nn.softplus"),
            keras("activations.softplus"),
            onnx("Softplus"),
        ),
    ),
    Definition(
        name="squareplus",
        family="sigmoid",
        formula="(x + √(x² + b))/2",
        expression="(x + sqrt(x^2 + b))/2",
        derivative="(1 + x/√(x² + b))/2",
        source="Barron 2021",
        parameters=(Parameter("b", 4.0, low=0.0),),
        value=_squareplus,
        slope=_squareplus_slope,
        curvature=_squareplus_curvature,
        by_parameter={"b": lambda x, b: 0.25 / _squareplus_root(x, b)},
        kinks=_squareplus_kinks,
        range=(0.0, INF),
        frameworks=(jax("nn.squareplus"), keras("activations.squareplus")),
    ),
    Definition(
        name="sparse_plus",
        family="sigmoid",
        formula="(x + 1)²/4 between −1 and 1, 0 below, x above",
        expression="0 if x <= -1 else x if x >= 1 else (x + 1)^2/4",
        derivative="(x + 1)/2 if |x| < 1 else 1 if x > 0 else 0",
        source="Martins & Astudillo 2016",
        value=_sparse_plus,
        slope=_sparse_sigmoid,
        curvature=lambda x: _inside(x, 0.5),
        kinks=lambda: (
            Kink(-1.0, (0.0, 0.0), (0.0, 0.5)),
            Kink(1.0, (1.0, 1.0), (0.5, 0.0), default=(1.0, 0.0)),
        ),
        range=(0.0, INF),
        smoothness=1,
        frameworks=(jax("nn.sparse_plus"), keras("activations.sparse_plus")),
    ),
    Definition(
        name="sparse_sigmoid",
        family="sigmoid",
        formula="(x + 1)/2 between −1 and 1, 0 below, 1 above",
        expression="0 if x <= -1 else 1 if x >= 1 else (x + 1)/2",
        derivative="1/2 if |x| < 1 else 0",
        source="Martins & Astudillo 2016",
        value=_sparse_sigmoid,
        slope=lambda x: _inside(x, 0.5),
        curvature=constant(0.0),
        kinks=lambda: (
            Kink(-1.0, (0.0, 0.5), default=(0.25, 0.0)),
            Kink(1.0, (0.5, 0.0), default=(0.25, 0.0)),
        ),
        range=(0.0, 1.0),
        smoothness=0,
        frameworks=(jax("nn.sparse_sigmoid"), keras("activations.sparse_sigmoid")),
    ),
    Definition(
        name="logit",
        family="sigmoid",
        formula="log(x/(1 − x))",
        expression="log(x) - log1p(-x)",
        derivative="1/(x·(1 − x))",
        source="Berkson 1944",
        value=_logit,
        slope=_logit_slope,
        curvature=_logit_curvature,
        domain=(0.0, 1.0),
        frameworks=(torch("logit", "special.logit"), jax("scipy.special.logit")),
    ),
)
