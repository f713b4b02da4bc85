"""Bounded functions with parameters: soft caps, the layers in the place of normalisation, inverse square roots."""

import math

import numpy as np

from actcli.activations.definition import INF, Array, Definition, Parameter, hf
from actcli.activations.families import normal, sigmoids
from actcli.activations.families.chain import KernelTriple, compose, kernels_of

_TANH = kernels_of(sigmoids.DEFINITIONS, "tanh")
_ERF = kernels_of(normal.DEFINITIONS, "erf")
_SIGMOID = kernels_of(sigmoids.DEFINITIONS, "sigmoid")
_SOFTPLUS = kernels_of(sigmoids.DEFINITIONS, "softplus", beta=1.0, threshold=INF)
_ROOT = KernelTriple(np.sqrt, lambda u: 0.5 / np.sqrt(u), lambda u: -0.25 / u / np.sqrt(u))
_LOG_2 = math.log(2.0)
_FAR = 600.0
_POSITIVE = {"low": 0.0, "open_low": True}


def _softcap_by_cap(x: Array, cap: float) -> Array:
    """Return tanh(t) − t·(1 − tanh(t)²) with t = x/cap, as t·tanh(t)² − (t − tanh(t))."""
    t = np.clip(x / cap, -_FAR, _FAR)
    shrunk = t * t * t * (1.0 / 3.0 - t * t * (2.0 / 15.0 - t * t * 17.0 / 315.0))
    return np.where(np.abs(t) < 0.02, t * np.tanh(t) ** 2 - shrunk, np.tanh(t) - t * _TANH.slope(t))


def _dyt_by_alpha(x: Array, alpha: float, gamma: float, **_: float) -> Array:
    inside = np.clip(x, -1e308, 1e308)
    return gamma * inside * _TANH.slope(alpha * inside)


def _derf_by_alpha(x: Array, alpha: float, shift: float, gamma: float, **_: float) -> Array:
    inside = np.clip(x, -1e308, 1e308)
    return gamma * inside * _ERF.slope(alpha * inside + shift)


def _isru_root(x: Array, alpha: float) -> Array:
    """Return √(1 + αx²)."""
    return np.hypot(1.0, math.sqrt(alpha) * x)


def _isru(x: Array, alpha: float) -> Array:
    if alpha == 0:
        return x.copy()
    inside = np.clip(x, -1e300, 1e300) if np.isinf(x).any() else x
    return inside / _isru_root(inside, alpha)


def _isru_slope(x: Array, alpha: float) -> Array:
    return _isru_root(x, alpha) ** -3.0 if alpha else np.ones_like(x)


def _isru_curvature(x: Array, alpha: float) -> Array:
    r = _isru_root(x, alpha)
    inside = np.clip(x, -1e300, 1e300)
    return np.where(np.isinf(r), 0.0, -3.0 * alpha * inside / r / r / r / r / r) + 0.0


def _isru_by_alpha(x: Array, alpha: float) -> Array:
    """Return −x³/2/(1 + αx²)**(3/2)."""
    q = _isru(x, alpha)
    return -0.5 * q * q * q


def _above(otherwise: float, x: Array, y: Array) -> Array:
    """Return y below 0, `otherwise` from there on."""
    return np.where(x >= 0, otherwise, y)


_SQRT_SOFTPLUS = compose(_ROOT, _SOFTPLUS)


def _sqrt_softplus_slope(x: Array) -> Array:
    root = np.sqrt(_SOFTPLUS.value(x))
    return np.where(root == 0.0, 0.0, _SIGMOID.value(x) / (2.0 * np.where(root == 0.0, 1.0, root)))


def _sqrt_softplus_curvature(x: Array) -> Array:
    """Return s·((1 − s) − s/(2u))/(2√u) with s = sigmoid(x), u = softplus(x)."""
    u, s = _SOFTPLUS.value(x), _SIGMOID.value(x)
    u = np.where(u == 0.0, 1.0, u)
    return np.where(s == 0.0, 0.0, s * (_SIGMOID.value(-x) - 0.5 * s / u) / (2.0 * np.sqrt(u)))


def _far_out(inner: str, distance: str) -> str:
    """Return gamma·f(inner) + beta where f is ±(1 − distance)."""
    return f"where({inner} < 0, beta - gamma + gamma*{distance}, beta + gamma - gamma*{distance})"


_GAMMA, _BETA = Parameter("gamma", 1.0, ("weight",)), Parameter("beta", 0.0, ("bias",))
_ISRU_ALPHA = Parameter("alpha", 1.0, low=0.0)

DEFINITIONS = (
    Definition(
        name="softcap",
        aliases=("tanh_softcap", "logit_softcap"),
        family="sigmoid",
        formula="cap·tanh(x/cap)",
        expression="cap*tanh(x/cap)",
        derivative="1 − tanh(x/cap)²",
        source="Bello et al. 2016; Gemma 2, 2024",
        about="Gemma 2 caps logits at 30 and attention scores at 50",
        parameters=(Parameter("cap", 30.0, ("c", "softcap", "logit_cap"), **_POSITIVE),),  # type: ignore[arg-type]
        value=lambda x, cap: cap * np.tanh(x / cap),
        slope=lambda x, cap: _TANH.slope(x / cap),
        curvature=lambda x, cap: _TANH.curvature(x / cap) / cap,
        by_parameter={"cap": _softcap_by_cap},
        composed=True,
        range=(-30.0, 30.0),
    ),
    Definition(
        name="dyt",
        aliases=("dynamic_tanh",),
        family="sigmoid",
        formula="gamma·tanh(alpha·x) + beta",
        expression="gamma*tanh(alpha*x) + beta",
        derivative="gamma·alpha·(1 − tanh(alpha·x)²)",
        source="Zhu, Chen, He, LeCun & Liu 2025",
        parameters=(Parameter("alpha", 0.5), _GAMMA, _BETA),
        value=lambda x, alpha, gamma, beta: gamma * np.tanh(alpha * x) + beta,
        slope=lambda x, alpha, gamma, **_: gamma * alpha * _TANH.slope(alpha * x),
        curvature=lambda x, alpha, gamma, **_: gamma * alpha * alpha * _TANH.curvature(alpha * x),
        by_parameter={
            "alpha": _dyt_by_alpha,
            "gamma": lambda x, alpha, **_: np.tanh(alpha * x),
            "beta": lambda x, **_: np.ones_like(x),
        },
        composed=True,
        expression_far_out=_far_out("alpha*x", "2/(exp(2*abs(alpha*x)) + 1)"),
        range=(-1.0, 1.0),
    ),
    Definition(
        name="derf",
        aliases=("dynamic_erf",),
        family="sigmoid",
        formula="gamma·erf(alpha·x + shift) + beta",
        expression="gamma*erf(alpha*x + shift) + beta",
        derivative="gamma·alpha·2/√π·e^(−u²), u = alpha·x + shift",
        source="Chen, Lu, Zhu, Sun & Liu 2025",
        parameters=(Parameter("alpha", 0.5), Parameter("shift", 0.0, ("s",)), _GAMMA, _BETA),
        value=lambda x, alpha, shift, gamma, beta: gamma * _ERF.value(alpha * x + shift) + beta,
        slope=lambda x, alpha, shift, gamma, **_: gamma * alpha * _ERF.slope(alpha * x + shift),
        curvature=lambda x, alpha, shift, gamma, **_: (
            gamma * alpha * alpha * _ERF.curvature(alpha * x + shift)
        ),
        by_parameter={
            "alpha": _derf_by_alpha,
            "shift": lambda x, alpha, shift, gamma, **_: gamma * _ERF.slope(alpha * x + shift),
            "gamma": lambda x, alpha, shift, **_: _ERF.value(alpha * x + shift),
            "beta": lambda x, **_: np.ones_like(x),
        },
        composed=True,
        expression_far_out=_far_out("alpha*x + shift", "erfc(abs(alpha*x + shift))"),
        range=(-1.0, 1.0),
    ),
    Definition(
        name="isru",
        family="sigmoid",
        formula="x/√(1 + alpha·x²)",
        expression="x/sqrt(1 + alpha*x^2)",
        derivative="1/√(1 + alpha·x²)/(1 + alpha·x²)",
        source="Carlile, Delamarter, Kinney, Marti & Whitney 2017",
        parameters=(_ISRU_ALPHA,),
        value=_isru,
        slope=_isru_slope,
        curvature=_isru_curvature,
        by_parameter={"alpha": _isru_by_alpha},
        range=(-1.0, 1.0),
    ),
    Definition(
        name="isrlu",
        family="exponential",
        formula="x if x >= 0 else x/√(1 + alpha·x²)",
        expression="x if x >= 0 else x/sqrt(1 + alpha*x^2)",
        derivative="1 if x >= 0 else 1/√(1 + alpha·x²)/(1 + alpha·x²)",
        source="Carlile, Delamarter, Kinney, Marti & Whitney 2017",
        parameters=(_ISRU_ALPHA,),
        value=lambda x, alpha: np.where(x >= 0, x, _isru(x, alpha)),
        slope=lambda x, alpha: _above(1.0, x, _isru_slope(x, alpha)),
        curvature=lambda x, alpha: _above(0.0, x, _isru_curvature(x, alpha)),
        by_parameter={"alpha": lambda x, alpha: _above(0.0, x, _isru_by_alpha(x, alpha))},
        range=(-1.0, INF),
        smoothness=2,
    ),
    Definition(
        name="shifted_softplus",
        aliases=("ssp",),
        family="exponential",
        formula="log(1 + e^x) − log(2)",
        expression="softplus(x) - log(2)",
        derivative="1/(1 + e^(−x))",
        source="Schütt et al. 2017, SchNet",
        value=lambda x: np.where(
            np.abs(x) < 1, np.log1p(0.5 * np.expm1(np.clip(x, -1.0, 1.0))), _SOFTPLUS.value(x) - _LOG_2
        ),
        slope=_SIGMOID.value,
        curvature=_SIGMOID.slope,
        range=(-_LOG_2, INF),
    ),
    Definition(
        name="sqrt_softplus",
        family="exponential",
        formula="√(log(1 + e^x))",
        expression="sqrt(softplus(x))",
        derivative="sigmoid(x)/(2·√(log(1 + e^x)))",
        source="DeepSeek V4, 2026",
        value=_SQRT_SOFTPLUS.value,
        slope=_sqrt_softplus_slope,
        curvature=_sqrt_softplus_curvature,
        composed=True,
        range=(0.0, INF),
        frameworks=(hf("sqrtsoftplus"),),
    ),
)
