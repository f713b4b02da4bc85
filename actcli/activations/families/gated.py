"""Gated units: x times a sigmoid of x. Smooth, with a dip below 0."""

import numpy as np
from numpy.typing import NDArray

from actcli.activations.definition import INF, Array, Definition, Parameter, hf, jax, keras, onnx, torch
from actcli.activations.families.exact import (
    LARGEST,
    SATURATED,
    Sum,
    add,
    decay,
    decay_times,
    magnitude,
    multiply,
    scale,
    two_product,
    two_sum,
)

# In this file y is the sigmoid's argument, a = |y|, z = e**-a, d = 1 + z.


def _swish(x: Array, beta: float) -> Array:
    """x/d, or z·x/d where y < 0."""
    y = scale(x, beta)
    a = magnitude(y)
    z = decay(a)
    d = 1.0 + z
    off = decay_times(a, np.clip(x, -LARGEST, LARGEST) / d)
    return np.where(y.h < 0, off, x / d)


# (1 − a) + z is 0 at a = 1.278…, (2 − a) + z(2 + a) at a = 2.399…: around them both cancel, and are written in the
# distance h from the zero, where z = z₀·e**-h.
_ZERO_OF_SLOPE = Sum(np.asarray(1.2784645427610737), 1.0946994183093437e-16)
_ZERO_OF_CURVATURE = Sum(np.asarray(2.3993572805154675), 1.8464872855353363e-16)


def _near(y: Array, a: Sum, zero: Sum) -> tuple[tuple[NDArray[np.intp], ...], Array]:
    """Return where y, which is 0 at `zero`, has lost digits, and the distance a − zero there."""
    at = np.nonzero(np.abs(y) < 0.25)
    low = a.l if isinstance(a.l, float) else a.l[at]
    return at, ((a.h[at] - zero.h) - zero.l) + low


def _one_less(a: Sum, z: Array) -> Array:
    """(1 − a) + z."""
    y: Array = ((1.0 - a.h) - a.l) + z
    at, h = _near(y, a, _ZERO_OF_SLOPE)
    y[at] = (_ZERO_OF_SLOPE.h - 1.0) * np.expm1(-h) - h
    return y


def _two_less(a: Sum, z: Array) -> Array:
    """(2 − a) + z(2 + a)."""
    y: Array = ((2.0 - a.h) - a.l) + z * (2.0 + a.h)
    at, h = _near(y, a, _ZERO_OF_CURVATURE)
    y[at] = (_ZERO_OF_CURVATURE.h - 2.0) * np.expm1(-h) - h * (1.0 - z[at])
    return y


def _swish_slope(x: Array, beta: float) -> Array:
    y = scale(x, beta)
    a = magnitude(y)
    z = decay(a)
    d = 1.0 + z
    off = decay_times(a, _one_less(a, z) / (d * d))
    return np.where(y.h < 0, off, (1.0 + z * (1.0 + a.h)) / (d * d))


def _swish_curvature(x: Array, beta: float) -> Array:
    a = magnitude(scale(x, beta))
    z = decay(a)
    d = 1.0 + z
    return decay_times(a, beta * (_two_less(a, z) / (d * d * d)))


def _swish_by_beta(x: Array, beta: float) -> Array:
    """x²·σ'(βx)."""
    a = magnitude(scale(x, beta))
    d = 1.0 + decay(a)
    inside = np.clip(x, -LARGEST, LARGEST)
    once = decay_times(a, inside / (d * d))
    return np.where(once == 0.0, np.abs(once), once * inside)


# gelu_tanh is swish in y = 2u, u = √(2/π)(x + 0.044715 x³); y' = p. The two constants as sums h + l.
_ROOT = Sum(np.asarray(1.5957691216057308), -9.96930880911092e-17)
_ONE = Sum(np.asarray(1.0), 0.0)
_CUBIC = Sum(np.asarray(0.044715), 2.1960211427085595e-18)


def _gelu_tanh_argument(x: Array) -> tuple[Sum, Array, Sum]:
    """y, |x|, k = 0.044715·x², for |x| cut off at 30, where y is beyond 1900."""
    a = np.minimum(np.abs(x), 30.0)
    k = multiply(two_product(a, a), _CUBIC)
    y = multiply(multiply(Sum(a, 0.0), add(_ONE, k)), _ROOT)
    beyond = y.h > SATURATED
    return Sum(np.minimum(y.h, SATURATED), np.where(beyond, 0.0, y.l)), a, k


def _gelu_tanh(x: Array) -> Array:
    y, a, _ = _gelu_tanh_argument(x)
    d = 1.0 + decay(y)
    return np.where(x < 0, decay_times(y, -a / d), x / d)


def _gelu_tanh_slope(x: Array) -> Array:
    y, a, k = _gelu_tanh_argument(x)
    z = decay(y)
    d = 1.0 + z
    b = a * (_ROOT.h * (1.0 + 3.0 * k.h))
    off = decay_times(y, ((1.0 - b) + z) / (d * d))
    return np.where(x < 0, off, (1.0 + z * (1.0 + b)) / (d * d))


def _gelu_tanh_curvature(x: Array) -> Array:
    """√(8/π)·[(2 + 12k)·d − b(1 + 3k)(1 − z)]·z/d³ with b = |x|·p; as sums, because the two terms nearly cancel."""
    y, a, k = _gelu_tanh_argument(x)
    z = decay(y)
    triple = multiply(k, Sum(np.asarray(3.0), 0.0))
    bend = add(_ONE, triple)
    b = multiply(multiply(Sum(a, 0.0), bend), _ROOT)
    first = multiply(add(Sum(np.asarray(2.0), 0.0), Sum(4.0 * triple.h, 4.0 * triple.l)), two_sum(1.0, z))
    second = multiply(multiply(b, bend), two_sum(1.0, -z))
    factor = (first.h - second.h) + (first.l - second.l)
    d = 1.0 + z
    return decay_times(y, _ROOT.h * factor / (d * d * d))


# mish = x·n(n + 2)/D with n = e**x, D = n² + 2n + 2 for x < 0; for x > 0 the same in m = e**-x, divided through.


def _mish_parts(x: Array) -> tuple[Sum, Array, Array, Array]:
    """|x| as a sum, x cut off at ±LARGEST, e**-|x|, and D (x < 0) or D·m² (x >= 0)."""
    inside = np.clip(x, -LARGEST, LARGEST)
    a = Sum(np.minimum(np.abs(x), SATURATED), 0.0)
    z = decay(a)
    low = (z + 2.0) * z + 2.0
    high = (2.0 * z + 2.0) * z + 1.0
    return a, inside, z, np.where(x < 0, low, high)


def _mish(x: Array) -> Array:
    a, inside, z, D = _mish_parts(x)
    off = decay_times(a, inside * ((z + 2.0) / D))
    return np.where(x < 0, off, x * ((1.0 + 2.0 * z) / D))


def _mish_slope(x: Array) -> Array:
    a, _, z, D = _mish_parts(x)
    s = np.clip(x, -SATURATED, SATURATED)
    below = ((z + 4.0) * z + (6.0 + 4.0 * s)) * z + 4.0 * (1.0 + s)
    off = decay_times(a, below / (D * D))
    on = ((4.0 * (1.0 + s) * z + (6.0 + 4.0 * s)) * z + 4.0) * z + 1.0
    return np.where(x < 0, off, on / (D * D))


def _mish_curvature(x: Array) -> Array:
    a, _, z, D = _mish_parts(x)
    s = np.clip(x, -SATURATED, SATURATED)
    below = (((2.0 - 2.0 * s) * z + (6.0 - 3.0 * s)) * z + (8.0 + 2.0 * s)) * z + (4.0 + 2.0 * s)
    above = (((4.0 + 2.0 * s) * z + (8.0 + 2.0 * s)) * z + (6.0 - 3.0 * s)) * z + (2.0 - 2.0 * s)
    twice = Sum(np.minimum(2.0 * a.h, SATURATED), 0.0)
    cube = D * D * D
    return np.where(x < 0, decay_times(a, 4.0 * below / cube), decay_times(twice, 4.0 * above / cube))


DEFINITIONS = (
    Definition(
        name="gelu_tanh",
        aliases=("gelu_approximate", "gelu_new", "gelu_pytorch_tanh"),
        family="gated",
        formula="x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³)))",
        expression="x*sigmoid(sqrt(8/pi)*(x + 0.044715*x^3))",
        derivative="(1 + t)/2 + x/2·(1 − t²)·√(2/π)·(1 + 0.134145·x²), t = tanh(√(2/π)·(x + 0.044715·x³))",
        source="Hendrycks & Gimpel 2016",
        value=_gelu_tanh,
        slope=_gelu_tanh_slope,
        curvature=_gelu_tanh_curvature,
        range=(-0.17004075057125412, INF),
        monotone=False,
        frameworks=(
            jax("nn.gelu"),
            hf("gelu_new", "gelu_pytorch_tanh", "gelu_python_tanh", "gelu_accurate", "gelu_fast"),
        ),
    ),
    Definition(
        name="quick_gelu",
        family="gated",
        formula="x·sigmoid(alpha·x)",
        expression="x*sigmoid(alpha*x)",
        derivative="s + alpha·x·s·(1 − s), s = sigmoid(alpha·x)",
        source="Hendrycks & Gimpel 2016",
        parameters=(Parameter("alpha", 1.702, ("beta",)),),
        value=lambda x, alpha: _swish(x, beta=alpha),
        slope=lambda x, alpha: _swish_slope(x, beta=alpha),
        curvature=lambda x, alpha: _swish_curvature(x, beta=alpha),
        by_parameter={"alpha": lambda x, alpha: _swish_by_beta(x, beta=alpha)},
        range=(-0.16361018963635357, INF),
        monotone=False,
        frameworks=(hf("quick_gelu"),),
    ),
    Definition(
        name="silu",
        aliases=("swish",),
        family="gated",
        formula="x·sigmoid(beta·x)",
        expression="x*sigmoid(beta*x)",
        derivative="s + beta·x·s·(1 − s), s = sigmoid(beta·x)",
        source="Elfwing, Uchibe & Doya 2017; Ramachandran, Zoph & Le 2017",
        parameters=(Parameter("beta", 1.0, ("alpha",)),),
        value=_swish,
        slope=_swish_slope,
        curvature=_swish_curvature,
        by_parameter={"beta": _swish_by_beta},
        range=(-0.27846454276107380, INF),
        monotone=False,
        frameworks=(
            torch("nn.SiLU", "nn.functional.silu"),
            jax("nn.silu", "nn.swish"),
            keras("activations.silu", "activations.swish"),
            onnx("Swish"),
            hf("silu", "swish"),
        ),
    ),
    Definition(
        name="mish",
        family="gated",
        formula="x·tanh(log(1 + e^x))",
        expression="x*tanh(softplus(x))",
        derivative="t + x·(1 − t²)·sigmoid(x), t = tanh(log(1 + e^x))",
        source="Misra 2019",
        value=_mish,
        slope=_mish_slope,
        curvature=_mish_curvature,
        range=(-0.3088434130172504, INF),
        monotone=False,
        frameworks=(
            torch("nn.Mish", "nn.functional.mish"),
            jax("nn.mish"),
            keras("activations.mish"),
            onnx("Mish"),
            hf("mish"),
        ),
    ),
)
