"""Self-gated functions of recent years: x times a smooth gate that is made of other functions."""

import numpy as np

from actcli.activations.definition import INF, Array, Definition, Kink, Parameter
from actcli.activations.families import normal, sigmoids
from actcli.activations.families.chain import KernelTriple, compose, gate, kernels_of

_TANH = kernels_of(sigmoids.DEFINITIONS, "tanh")
_SIGMOID = kernels_of(sigmoids.DEFINITIONS, "sigmoid")
_SOFTPLUS = kernels_of(sigmoids.DEFINITIONS, "softplus", beta=1.0, threshold=INF)
_ERF = kernels_of(normal.DEFINITIONS, "erf")
_GELU = kernels_of(normal.DEFINITIONS, "gelu")
_LOG1P = KernelTriple(np.log1p, lambda u: 1.0 / (1.0 + u), lambda u: -1.0 / (1.0 + u) ** 2)
_FAR = 40.0
"""e**e**40 is infinite, and e**80 is not, in float32 too: beyond it these gates are 0 or 1 and their slopes are 0."""


def _gompertz(x: Array) -> Array:
    """Return exp(−exp(−x))."""
    return np.exp(-np.exp(-np.maximum(x, -_FAR)))


def _gompertz_slope(x: Array) -> Array:
    x = np.maximum(x, -_FAR)
    z = np.exp(-x)
    return np.exp(-z) * z


def _gompertz_curvature(x: Array) -> Array:
    x = np.maximum(x, -_FAR)
    z = np.exp(-x)
    return np.exp(-z) * z * (z - 1.0)


def _exponential(x: Array) -> Array:
    return np.exp(np.minimum(x, _FAR))


_GOLU = gate(KernelTriple(_gompertz, _gompertz_slope, _gompertz_curvature))
_SERF = gate(compose(_ERF, _SOFTPLUS))
_LOGISH_GATE = compose(_LOG1P, _SIGMOID)
_LOGISH = gate(_LOGISH_GATE)
_SMISH = gate(compose(_TANH, _LOGISH_GATE))
_PHISH = gate(compose(_TANH, _GELU))
_LISHT = gate(_TANH)
_SILU = gate(_SIGMOID)
_TELU = gate(compose(_TANH, KernelTriple(_exponential, _exponential, _exponential)))


def _elish(x: Array) -> Array:
    below = np.minimum(x, 0.0)
    return np.where(x < 0, np.expm1(below) * sigmoids.sigmoid(below), _SILU.value(np.maximum(x, 0.0)))


def _elish_slope(x: Array) -> Array:
    below = np.minimum(x, 0.0)
    e, s, s1 = np.exp(below), _SIGMOID.value(below), _SIGMOID.slope(below)
    return np.where(x < 0, e * s + np.expm1(below) * s1, _SILU.slope(np.maximum(x, 0.0)))


def _elish_curvature(x: Array) -> Array:
    below = np.minimum(x, 0.0)
    e, s, s1 = np.exp(below), _SIGMOID.value(below), _SIGMOID.slope(below)
    bend = e * (s + 2.0 * s1) + np.expm1(below) * _SIGMOID.curvature(below)
    return np.where(x < 0, bend, _SILU.curvature(np.maximum(x, 0.0)))


def _hard_elish(x: Array) -> Array:
    inside = np.clip(x, -1.0, 1.0)
    below = np.minimum(inside, 0.0)
    on = np.where(x >= 1, x, inside * (inside + 1.0) / 2.0)
    return np.where(x < 0, np.expm1(below) * (inside + 1.0) / 2.0, on) + 0.0


def _hard_elish_slope(x: Array) -> Array:
    below = np.clip(x, -1.0, 0.0)
    off = np.where(x < -1, 0.0, (np.exp(below) * (below + 1.0) + np.expm1(below)) / 2.0)
    return np.where(x < 0, off, np.where(x > 1, 1.0, np.clip(x, -1.0, 1.0) + 0.5)) + 0.0 * x.clip(-1.0, 1.0)


def _hard_elish_curvature(x: Array) -> Array:
    below = np.clip(x, -1.0, 0.0)
    off = np.where(x < -1, 0.0, np.exp(below) * (below + 3.0) / 2.0)
    return np.where(x < 0, off, np.where(x > 1, 0.0, 1.0)) + 0.0 * x.clip(-1.0, 1.0)


_E = 0.36787944117144233
_HARD_ELISH_KINKS = (
    Kink(-1.0, (0.0, (_E - 1.0) / 2.0), (0.0, _E), default=((_E - 1.0) / 2.0, _E)),
    Kink(0.0, (0.5, 0.5), (1.5, 1.0), default=(0.5, 1.0)),
    Kink(1.0, (1.5, 1.0), (1.0, 0.0), default=(1.5, 1.0)),
)


def _acon(x: Array, p1: float, p2: float, beta: float) -> Array:
    """Return (p1 − p2)·x·σ(β(p1 − p2)x) + p2·x."""
    p = p1 - p2
    gated = _SILU.value(p * beta * x) / beta if beta else p * x / 2.0
    return gated + (p2 * x if p2 else 0.0)


def _acon_slope(x: Array, p1: float, p2: float, beta: float) -> Array:
    p = p1 - p2
    return p * _SILU.slope(p * beta * x) + p2


def _acon_curvature(x: Array, p1: float, p2: float, beta: float) -> Array:
    p = p1 - p2
    return p * p * beta * _SILU.curvature(p * beta * x)


def _acon_by_p1(x: Array, p1: float, p2: float, beta: float) -> Array:
    return x * _SILU.slope((p1 - p2) * beta * x)


def _acon_by_p2(x: Array, p1: float, p2: float, beta: float) -> Array:
    return x * _SILU.slope((p2 - p1) * beta * x)  # 1 − S(y) = S(−y) for the slope S of silu


def _acon_by_beta(x: Array, p1: float, p2: float, beta: float) -> Array:
    p = p1 - p2
    return p * x * (p * x) * _SIGMOID.slope(p * beta * x)


DEFINITIONS = (
    Definition(
        name="golu",
        family="gated",
        formula="x·exp(−exp(−x))",
        expression="x*exp(-exp(-x))",
        derivative="exp(−e^−x)·(1 + x·e^−x)",
        source="Das, Safari, Adriaensen & Hutter 2025",
        value=_GOLU.value,
        slope=_GOLU.slope,
        curvature=_GOLU.curvature,
        composed=True,
        range=(-0.09726013122763941, INF),
        monotone=False,
    ),
    Definition(
        name="telu",
        aliases=("tanhexp",),
        family="gated",
        formula="x·tanh(e^x)",
        expression="x*tanh(exp(x))",
        derivative="t + x·(1 − t²)·e^x, t = tanh(e^x)",
        source="Liu & Di 2020, TanhExp; Fernandez & Mali 2024, TeLU",
        value=_TELU.value,
        slope=_TELU.slope,
        curvature=_TELU.curvature,
        composed=True,
        range=(-0.35328577784821125, INF),
        monotone=False,
    ),
    Definition(
        name="serf",
        family="gated",
        formula="x·erf(log(1 + e^x))",
        expression="x*erf(softplus(x))",
        derivative="erf(s) + x·2/√π·e^(−s²)·sigmoid(x), s = log(1 + e^x)",
        source="Nag, Bhattacharyya, Mukherjee & Kundu 2021",
        value=_SERF.value,
        slope=_SERF.slope,
        curvature=_SERF.curvature,
        composed=True,
        range=(-0.34843745875960642, INF),
        monotone=False,
    ),
    Definition(
        name="logish",
        family="gated",
        formula="x·log(1 + sigmoid(x))",
        expression="x*log1p(sigmoid(x))",
        derivative="log(1 + s) + x·s·(1 − s)/(1 + s), s = sigmoid(x)",
        source="Zhu, Zeng, Liu & Zhang 2021",
        value=_LOGISH.value,
        slope=_LOGISH.slope,
        curvature=_LOGISH.curvature,
        composed=True,
        range=(-0.25276881678944035, INF),
        monotone=False,
    ),
    Definition(
        name="smish",
        family="gated",
        formula="x·tanh(log(1 + sigmoid(x)))",
        expression="x*tanh(log1p(sigmoid(x)))",
        derivative="tanh(log(1 + s)) + x·(1 − tanh(log(1 + s))²)·s·(1 − s)/(1 + s), s = sigmoid(x)",
        source="Wang, Ren & Wang 2022",
        value=_SMISH.value,
        slope=_SMISH.slope,
        curvature=_SMISH.curvature,
        composed=True,
        range=(-0.24999366366012949, INF),
        monotone=False,
    ),
    Definition(
        name="phish",
        family="gated",
        formula="x·tanh(gelu(x))",
        expression="x*tanh(gelu(x))",
        derivative="t + x·(1 − t²)·(Φ(x) + x·φ(x)), t = tanh(x·Φ(x))",
        source="Naveen 2022",
        value=_PHISH.value,
        slope=_PHISH.slope,
        curvature=_PHISH.curvature,
        composed=True,
        range=(0.0, INF),
        monotone=False,
    ),
    Definition(
        name="lisht",
        family="gated",
        formula="x·tanh(x)",
        expression="x*tanh(x)",
        derivative="tanh(x) + x·(1 − tanh(x)²)",
        source="Roy, Manna, Dubey & Chaudhuri 2019",
        value=_LISHT.value,
        slope=_LISHT.slope,
        curvature=_LISHT.curvature,
        composed=True,
        range=(0.0, INF),
        monotone=False,
    ),
    Definition(
        name="elish",
        family="gated",
        formula="x·sigmoid(x) if x >= 0 else (e^x − 1)·sigmoid(x)",
        expression="x*sigmoid(x) if x >= 0 else expm1(x)*sigmoid(x)",
        derivative="s + x·s·(1 − s) if x >= 0 else e^x·s + (e^x − 1)·s·(1 − s), s = sigmoid(x)",
        source="Basirat & Roth 2018",
        value=_elish,
        slope=_elish_slope,
        curvature=_elish_curvature,
        composed=True,
        range=(-0.1715728752538099, INF),
        monotone=False,
        kinks=lambda: (Kink(0.0, (0.5, 0.5), (1.0, 0.5), default=(0.5, 0.5)),),
        smoothness=1,
    ),
    Definition(
        name="hard_elish",
        family="gated",
        formula="(x if x >= 0 else e^x − 1)·clip((x + 1)/2, 0, 1)",
        expression="x*clip((x + 1)/2, 0, 1) if x >= 0 else expm1(x)*clip((x + 1)/2, 0, 1)",
        derivative="0 if x < −1 else (e^x·(x + 2) − 1)/2 if x < 0 else x + 1/2 if x <= 1 else 1",
        source="Basirat & Roth 2018",
        value=_hard_elish,
        slope=_hard_elish_slope,
        curvature=_hard_elish_curvature,
        composed=True,
        range=(-0.09967315152874262, INF),
        monotone=False,
        kinks=lambda: _HARD_ELISH_KINKS,
        smoothness=0,
    ),
    Definition(
        name="acon_c",
        family="gated",
        formula="(p1 − p2)·x·sigmoid(beta·(p1 − p2)·x) + p2·x",
        expression="(p1 - p2)*x*sigmoid(beta*(p1 - p2)*x) + p2*x",
        derivative="(p1 − p2)·(s + beta·(p1 − p2)·x·s·(1 − s)) + p2, s = sigmoid(beta·(p1 − p2)·x)",
        source="Ma, Zhang, Liu & Sun 2021",
        value=_acon,
        slope=_acon_slope,
        curvature=_acon_curvature,
        composed=True,
        range=(-0.27846454276107380, INF),
        monotone=False,
        parameters=(Parameter("p1", 1.0), Parameter("p2", 0.0), Parameter("beta", 1.0)),
        by_parameter={"p1": _acon_by_p1, "p2": _acon_by_p2, "beta": _acon_by_beta},
    ),
)
