"""Hard forms of smooth functions: made of straight lines or a parabola, and flat beyond two bounds."""

import numpy as np

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
from actcli.activations.families.exact import balance, two_product, two_sum
from actcli.activations.families.rectifiers import within

_ZERO = constant(0.0)


def _clip(x: Array, low: float, high: float) -> Array:
    """Return x between the bounds; a bound 0 keeps its own sign, which a minimum or maximum leaves open."""
    if low and high:
        return np.clip(x, low, high)
    return np.where(x <= low, low, np.where(x >= high, high, x))


def _clip_slope(x: Array, low: float, high: float) -> Array:
    """1 between the bounds, also at infinity where a bound is not set."""
    inside = ((low < x) | (low == -INF)) & ((x < high) | (high == INF))
    return np.where(np.isnan(x), x, inside)


def _clip_kinks(low: float, high: float) -> tuple[Kink, ...]:
    ends = (Kink(low, (0.0, 1.0), jax=(1.0, 0.0)), Kink(high, (1.0, 0.0), jax=(1.0, 0.0)))
    return tuple(kink for kink in ends if abs(kink.at) < INF)


def _line(x: Array, alpha: float, beta: float) -> Array:
    """αx + β rounded once: near its zero the rounding of αx would show."""
    x, alpha = balance(x, alpha)
    product = two_product(np.clip(x, -(2.0**500), 2.0**500), alpha)
    total = two_sum(product.h, beta)
    return total.h + (total.l + product.l)


def _line_kinks(alpha: float, beta: float) -> tuple[Kink, ...]:
    if alpha == 0:
        return ()
    ends = sorted((-beta / alpha, (1 - beta) / alpha))
    return (Kink(ends[0], (0.0, alpha)), Kink(ends[1], (alpha, 0.0)))


def _inside_line(x: Array, alpha: float, beta: float) -> Array:
    y = _line(x, alpha, beta)
    return np.where(np.isnan(y), y, (y > 0) & (y < 1))


DEFINITIONS = (
    Definition(
        name="hard_tanh",
        family="rectifier",
        formula="clip(x, min, max)",
        expression="clip(x, min, max)",
        derivative="1 if min < x < max else 0",
        source="Collobert 2004",
        parameters=(
            Parameter("min", -1.0, ("min_val", "low")),
            Parameter("max", 1.0, ("max_val", "high")),
        ),
        value=lambda x, **p: _clip(x, p["min"], p["max"]),
        slope=lambda x, **p: _clip_slope(x, p["min"], p["max"]),
        curvature=_ZERO,
        by_parameter={
            "min": lambda x, **p: np.where(np.isnan(x), x, x < p["min"]),
            "max": lambda x, **p: np.where(np.isnan(x), x, x > p["max"]),
        },
        kinks=lambda **p: _clip_kinks(p["min"], p["max"]),
        relation=lambda **p: None if p["min"] < p["max"] else "min < max",
        range=(-1.0, 1.0),
        smoothness=0,
        frameworks=(
            torch("nn.Hardtanh", "nn.functional.hardtanh"),
            jax("nn.hard_tanh"),
            keras("activations.hard_tanh"),
            # both bounds are optional there
            onnx("Clip", min=-INF, max=INF),
        ),
    ),
    Definition(
        name="hard_sigmoid",
        aliases=("h_sigmoid",),
        family="rectifier",
        formula="clip(x + 3, 0, 6)/6",
        expression="clip(x + 3, 0, 6)/6",
        derivative="1/6 if |x| < 3 else 0",
        source="Howard et al. 2019",
        value=lambda x: np.clip(x + 3.0, 0.0, 6.0) / 6.0,
        slope=lambda x: within(x, -3.0, 3.0, 1 / 6),
        curvature=_ZERO,
        kinks=lambda: (Kink(-3.0, (0.0, 1 / 6)), Kink(3.0, (1 / 6, 0.0))),
        range=(0.0, 1.0),
        smoothness=0,
        frameworks=(
            torch("nn.Hardsigmoid", "nn.functional.hardsigmoid"),
            jax("nn.hard_sigmoid"),
            keras("activations.hard_sigmoid"),
        ),
    ),
    Definition(
        name="onnx.hard_sigmoid",
        family="rectifier",
        formula="clip(alpha·x + beta, 0, 1)",
        expression="clip(alpha*x + beta, 0, 1)",
        derivative="alpha if 0 < alpha·x + beta < 1 else 0",
        source="ONNX HardSigmoid; Courbariaux, Bengio & David 2015",
        parameters=(Parameter("alpha", 0.2), Parameter("beta", 0.5)),
        value=lambda x, alpha, beta: np.clip(_line(x, alpha, beta), 0.0, 1.0) + 0.0,
        slope=lambda x, alpha, beta: alpha * _inside_line(x, alpha, beta),
        curvature=_ZERO,
        by_parameter={
            "alpha": lambda x, alpha, beta: np.where(_inside_line(x, alpha, beta) == 0.0, 0.0, x),
            "beta": _inside_line,
        },
        kinks=_line_kinks,
        range=(0.0, 1.0),
        smoothness=0,
        frameworks=(onnx("HardSigmoid"),),
    ),
    Definition(
        name="hard_swish",
        aliases=("hard_silu", "h_swish"),
        family="rectifier",
        formula="x·clip(x + 3, 0, 6)/6",
        expression="x*clip(x + 3, 0, 6)/6",
        derivative="(2·x + 3)/6 if |x| < 3 else 1 if x > 0 else 0",
        source="Howard et al. 2019",
        value=lambda x: np.where(x >= 3.0, x, np.maximum(x, -3.0) * (np.maximum(x, -3.0) + 3.0) / 6.0),
        slope=lambda x: np.where(np.abs(x) <= 3.0, (x + 1.5) / 3.0, np.where(np.isnan(x), x, x > 3.0)),
        curvature=lambda x: within(x, -3.0, 3.0, 1 / 3),
        kinks=lambda: (
            Kink(-3.0, (0.0, -0.5), (0.0, 1 / 3)),
            Kink(3.0, (1.5, 1.0), (1 / 3, 0.0), default=(1.0, 0.0)),
        ),
        range=(-0.375, INF),
        monotone=False,
        smoothness=0,
        frameworks=(
            torch("nn.Hardswish", "nn.functional.hardswish"),
            jax("nn.hard_swish", "nn.hard_silu"),
            keras("activations.hard_swish", "activations.hard_silu"),
            onnx("HardSwish"),
            hf("hardswish"),
        ),
    ),
)
