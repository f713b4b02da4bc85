"""Rectifiers: piecewise linear, or the square of that, with a kink at 0 or at a threshold."""

import numpy as np

from actcli.activations.definition import (
    INF,
    Array,
    Definition,
    Kink,
    Names,
    Parameter,
    constant,
    hf,
    jax,
    keras,
    onnx,
    torch,
)

_ZERO = constant(0.0)


def _positive(x: Array) -> Array:
    """1 where x > 0, else 0; NaN stays NaN."""
    # seven times as fast as np.heaviside, to the same bits (measured)
    return np.sign(np.clip(x, 0.0, INF))


def within(x: Array, low: float, high: float, inside: float) -> Array:
    """Return `inside` where low < x < high, 0 elsewhere; NaN stays NaN. x: any shape, float64."""
    return np.where(np.isnan(x), x, np.where((low < x) & (x < high), inside, 0.0))


def _leaky(x: Array, alpha: float) -> Array:
    """x above 0, αx below; 0·inf is the limit 0."""
    if 1e-30 < alpha <= 1:  # the usual leak, ten times as fast; a smaller one may be 0 in float32
        return np.maximum(x, alpha * x)
    below = alpha * x if alpha else np.where(np.isnan(x), x, 0.0)
    return np.where(x > 0, x, below)


def _leaky_slope(x: Array, alpha: float) -> Array:
    if 0 <= alpha <= 1:
        return np.maximum(_positive(x), alpha)
    return np.where(np.isnan(x), x, np.where(x > 0, 1.0, alpha))


def _leak_kinks(alpha: float) -> tuple[Kink, ...]:
    return (Kink(0.0, (alpha, 1.0), default=(alpha, 0.0), jax=(1.0, 0.0)),)


def _mean_slope(lower: float, upper: float) -> float:
    return (lower + upper) / 2


# Keras documents x >= threshold, but computes x·(x > threshold), clipped, minus the negative part.


def _keras_relu(x: Array, max_value: float, negative_slope: float, threshold: float) -> Array:
    below = negative_slope * (x - threshold) if negative_slope else np.zeros_like(x)
    # + 0.0: 0.1·(−0.0 − 0) is −0.0
    return np.where(np.isnan(x), x, np.where(x > threshold, np.minimum(x, max_value), below + 0.0))


def _keras_relu_slope(x: Array, max_value: float, negative_slope: float, threshold: float) -> Array:
    slope = np.where(x > threshold, (x < max_value) | (max_value == INF), negative_slope)
    return np.where(np.isnan(x), x, slope)


def _keras_relu_kinks(max_value: float, negative_slope: float, threshold: float) -> tuple[Kink, ...]:
    start = 1.0 if max_value > threshold else 0.0
    jump = min(threshold, max_value) > 0
    kinks = [Kink(threshold, (negative_slope, start), default=(negative_slope, 0.0), jump=jump)]
    if threshold < max_value < INF:
        kinks.append(Kink(max_value, (1.0, 0.0)))
    return tuple(kinks)


DEFINITIONS = (
    Definition(
        name="identity",
        aliases=("linear",),
        family="rectifier",
        formula="x",
        expression="x",
        derivative="1",
        source="the linear neuron",
        value=lambda x: x.copy(),
        slope=constant(1.0),
        curvature=_ZERO,
        frameworks=(
            torch("nn.Identity"),
            jax("nn.identity"),
            keras("activations.linear"),
            onnx("Identity"),
            hf("linear"),
        ),
    ),
    Definition(
        name="step",
        aliases=("heaviside",),
        family="rectifier",
        formula="1 if x > 0 else 0",
        expression="1 if x > 0 else 0",
        derivative="0",
        source="Rosenblatt 1958",
        value=_positive,
        slope=_ZERO,
        curvature=_ZERO,
        kinks=lambda: (Kink(0.0, (0.0, 0.0), jump=True),),
        range=(0.0, 1.0),
        smoothness=-1,
    ),
    Definition(
        name="relu",
        family="rectifier",
        formula="max(x, 0)",
        expression="max(x, 0)",
        derivative="1 if x > 0 else 0",
        source="Nair & Hinton 2010",
        # half the time of np.maximum with a number (measured); + 0.0: relu(-0.0) is 0.0
        value=lambda x: np.clip(x, 0.0, INF) + 0.0,
        slope=_positive,
        curvature=_ZERO,
        kinks=lambda: (Kink(0.0, (0.0, 1.0)),),
        range=(0.0, INF),
        smoothness=0,
        frameworks=(torch("nn.ReLU", "nn.functional.relu"), jax("nn.relu"), onnx("Relu"), hf("relu")),
    ),
    Definition(
        name="keras.relu",
        family="rectifier",
        formula="min(x, max_value) if x > threshold else negative_slope·(x − threshold)",
        expression="min(x, max_value) if x > threshold else negative_slope*(x - threshold)",
        derivative="(1 if x < max_value else 0) if x > threshold else negative_slope",
        source="Keras 3, activations.relu",
        parameters=(
            Parameter("negative_slope", 0.0, ("alpha",), low=0.0),
            Parameter("max_value", INF, low=0.0),
            Parameter("threshold", 0.0, low=0.0),
        ),
        value=_keras_relu,
        slope=_keras_relu_slope,
        curvature=_ZERO,
        by_parameter={
            "negative_slope": lambda x, threshold, **_: np.minimum(x - threshold, 0.0),
            "max_value": lambda x, max_value, threshold, **_: 1.0 * (x > max(max_value, threshold)),
            "threshold": lambda x, negative_slope, threshold, **_: np.where(
                x < threshold, 0.0 - negative_slope, 0.0
            ),
        },
        kinks=_keras_relu_kinks,
        range=(0.0, INF),
        smoothness=0,
        frameworks=(
            keras("activations.relu"),
            Names("keras", ("layers.ReLU",), order=("max_value", "negative_slope", "threshold")),
        ),
    ),
    Definition(
        name="leaky_relu",
        aliases=("lrelu",),
        family="rectifier",
        formula="x if x > 0 else alpha·x",
        expression="x if x > 0 else alpha*x",
        derivative="1 if x > 0 else alpha",
        source="Maas, Hannun & Ng 2013",
        parameters=(Parameter("alpha", 0.01, ("negative_slope", "slope")),),
        value=_leaky,
        slope=_leaky_slope,
        curvature=_ZERO,
        by_parameter={"alpha": lambda x, **_: np.minimum(x, 0.0)},
        kinks=_leak_kinks,
        smoothness=0,
        frameworks=(
            torch("nn.LeakyReLU", "nn.functional.leaky_relu"),
            jax("nn.leaky_relu"),
            keras("activations.leaky_relu", alpha=0.2),
            keras("layers.LeakyReLU", alpha=0.3),
            onnx("LeakyRelu"),
            hf("leaky_relu"),
        ),
    ),
    Definition(
        name="prelu",
        aliases=("parametric_relu",),
        family="rectifier",
        formula="x if x > 0 else alpha·x, alpha learned",
        expression="x if x > 0 else alpha*x",
        derivative="1 if x > 0 else alpha",
        source="He, Zhang, Ren & Sun 2015",
        parameters=(Parameter("alpha", 0.25, ("weight", "slope", "init")),),
        value=_leaky,
        slope=_leaky_slope,
        curvature=_ZERO,
        by_parameter={"alpha": lambda x, **_: np.minimum(x, 0.0)},
        kinks=_leak_kinks,
        smoothness=0,
        frameworks=(
            torch("nn.PReLU", "nn.functional.prelu"),
            keras("layers.PReLU", alpha=0.0),
            onnx("PRelu"),
            hf("prelu"),
        ),
    ),
    Definition(
        name="rrelu",
        aliases=("randomized_relu",),
        family="rectifier",
        formula="x if x > 0 else (lower + upper)/2·x, as in evaluation",
        expression="x if x > 0 else (lower + upper)/2*x",
        derivative="1 if x > 0 else (lower + upper)/2",
        source="Xu, Wang, Chen & Li 2015",
        parameters=(Parameter("lower", 1 / 8), Parameter("upper", 1 / 3)),
        value=lambda x, lower, upper: _leaky(x, _mean_slope(lower, upper)),
        slope=lambda x, lower, upper: _leaky_slope(x, _mean_slope(lower, upper)),
        curvature=_ZERO,
        by_parameter={
            "lower": lambda x, **_: np.minimum(x, 0.0) / 2,
            "upper": lambda x, **_: np.minimum(x, 0.0) / 2,
        },
        kinks=lambda lower, upper: _leak_kinks(_mean_slope(lower, upper)),
        relation=lambda lower, upper: None if lower <= upper else "lower <= upper",
        smoothness=0,
        frameworks=(torch("nn.RReLU", "nn.functional.rrelu"),),
    ),
    Definition(
        name="relu6",
        family="rectifier",
        formula="clip(x, 0, 6)",
        expression="clip(x, 0, 6)",
        derivative="1 if 0 < x < 6 else 0",
        source="Krizhevsky 2010",
        value=lambda x: np.clip(x, 0.0, 6.0) + 0.0,
        slope=lambda x: within(x, 0.0, 6.0, 1.0),
        curvature=_ZERO,
        kinks=lambda: (Kink(0.0, (0.0, 1.0)), Kink(6.0, (1.0, 0.0))),
        range=(0.0, 6.0),
        smoothness=0,
        frameworks=(
            torch("nn.ReLU6", "nn.functional.relu6"),
            jax("nn.relu6"),
            keras("activations.relu6"),
            hf("relu6"),
        ),
    ),
    Definition(
        name="relu_squared",
        aliases=("squared_relu", "relu2"),
        family="rectifier",
        formula="max(x, 0)²",
        expression="max(x, 0)^2",
        derivative="2·max(x, 0)",
        source="So et al. 2021",
        value=lambda x: np.square(np.clip(x, 0.0, INF)),
        slope=lambda x: 2.0 * np.clip(x, 0.0, INF) + 0.0,
        curvature=lambda x: 2.0 * _positive(x),
        kinks=lambda: (Kink(0.0, (0.0, 0.0), (0.0, 2.0)),),
        range=(0.0, INF),
        smoothness=1,
        frameworks=(hf("relu2"),),
    ),
    Definition(
        name="thresholded_relu",
        aliases=("threshold", "jumprelu", "fatrelu"),
        family="rectifier",
        formula="x if x > theta else value",
        expression="x if x > theta else value",
        derivative="1 if x > theta else 0",
        source="Konda, Memisevic & Krueger 2014",
        parameters=(
            Parameter("theta", 1.0, ("threshold", "alpha")),
            Parameter("value", 0.0, ("default_value",)),
        ),
        value=lambda x, theta, value: np.where(np.isnan(x), x, np.where(x > theta, x, value)),
        slope=lambda x, theta, **_: np.where(np.isnan(x), x, x > theta),
        curvature=_ZERO,
        by_parameter={
            "theta": _ZERO,
            "value": lambda x, theta, **_: np.where(np.isnan(x), x, x <= theta),
        },
        kinks=lambda theta, value: (Kink(theta, (0.0, 1.0), jump=theta != value),),
        range=(0.0, INF),
        smoothness=-1,
        frameworks=(
            torch("nn.Threshold", "nn.functional.threshold"),
            keras("activations.threshold"),
            onnx("ThresholdedRelu"),
        ),
    ),
)
