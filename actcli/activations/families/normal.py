"""Functions of the normal distribution: gelu, erf, laplace, gaussian.

Their tails are e**(−x²/2), with x² exact, times a factor that varies slowly: Mills' ratio
M(a) = e**(a²/2)·(1 − Φ(a)), which neither under- nor overflows (erfcx(y) is 2·M(y√2)).
"""

import math

import numpy as np

from actcli.activations.definition import INF, Array, Definition, Parameter, hf, jax, keras, onnx, torch
from actcli.activations.families.exact import (
    Sum,
    decay_times,
    multiply,
    piecewise,
    polynomial,
    square,
    two_product,
    two_sum,
)

_SQRT_2 = 1.4142135623730951
_SQRT_2_LOW = -9.667293313452913e-17
_SQRT_HALF = 0.7071067811865476
_SQRT_HALF_LOW = -4.833646656726457e-17
_DENSITY_AT_0 = 0.3989422804014327
"""1/√(2π)"""
_TWO_OVER_ROOT_PI = 2.0 / math.sqrt(math.pi)
_FAR = 60.0
"""e**(−60²/2) is 0."""
_NEAR = 0.75
"""Below it Φ comes from its series, above it from M."""

# (a + ¾)·M(a) as a polynomial in t = (a − 6)/(a + 6), constant first: the Chebyshev series of 25 terms on the
# whole half line, summed as powers of t (their coefficients add up to 0.58, so nothing is lost). The form is that of
# M. M. Shepherd and J. G. Laframboise, Chebyshev approximation of (1 + 2x) exp(x²) erfc x, 1981; a test fits it anew.
MILLS = (
    0.43726037169001625, -0.05422617894151603, 0.01335355119981182, 0.01610312317021189,
    -0.030347305490869197, 0.03135610201899688, -0.024513398964947947, 0.015458473139005549,
    -0.007914301417293464, 0.0031890185415666167, -0.0009140879509617696, 0.00011639616290526437,
    4.292248310986289e-05, -2.7724908860801574e-05, 4.292507764355247e-06, 1.9628911407889633e-06,
    -1.0267772992359508e-06, -1.537153949565613e-08, 1.3711586111580022e-07, -1.9977459457252712e-08,
    -1.566146945410223e-08, 3.817738642171158e-09, 1.5713129948625493e-09, -3.4147350502721115e-10,
    -1.0431897789431497e-10,
)  # fmt: skip

# (Φ(x) − ½)·√(2π)/x in powers of x²: (−1)^k/(2^k·k!·(2k + 1)).
NORMAL_SERIES = (
    1.0, -0.16666666666666666, 0.025, -0.002976190476190476,
    0.00028935185185185184, -2.3674242424242424e-05, 1.6693376068376068e-06, -1.033399470899471e-07,
    5.698894140989729e-09, -2.832783637334076e-10, 1.2814973597463678e-11, -5.318467303295202e-13,
    2.038745799596494e-14, -7.260490739303754e-16,
)  # fmt: skip

# gelu' at its zero x0 (as h + l), divided by x − x0, in powers of x − x0: its Taylor series there. Away from the zero
# both other forms subtract numbers four times as large as the result, and lose 17 ULP at −0.63.
GELU_LOWEST = (-0.7517915246935645, 1.4956759177009883e-17)
GELU_SLOPE_SERIES = (
    0.4314939923140469, 0.388284982990552, -0.018199676398671087, -0.1140082332972217,
    -0.014771522148244337, 0.019421679838189067, 0.004539228379125415, -0.002239538068073497,
    -0.0007448268386746817, 0.00018633974623233514, 8.615947861116571e-05, -1.121438018842664e-05,
    -7.74846130700372e-06, 4.3284506257392273e-07, 5.702764979242107e-07, -1.6044265494246427e-09,
    -3.5459866461783865e-08, -1.396942086426202e-09, 1.90319840501314e-09,
)  # fmt: skip
_GELU_LOWEST_REACH = 0.35


def _mills_polynomial(a: Array) -> Array:
    return polynomial((a - 6.0) / (a + 6.0), MILLS)


def mills(a: Array) -> Array:
    """M(a) = e**(a²/2)·(1 − Φ(a)) for a >= 0. Shape as a, float64; within 2 ULP."""
    return _mills_polynomial(a) / (a + 0.75)


def _times_mills(a: Array) -> Array:
    """a·M(a) for a > 0, with one rounding less."""
    return _mills_polynomial(a) / (1.0 + 0.75 / a)


def _half_square(a: Array) -> Sum:
    """a²/2 exactly."""
    h, low = square(a)
    return Sum(0.5 * h, 0.5 * low)


def _cut_off(x: Array) -> Array:
    """|x|, at most 60."""
    a = np.abs(x)
    return np.minimum(a, _FAR, out=a)


def _series(x: Array) -> Array:
    """(Φ(x) − ½)/x for |x| < 0.75."""
    return polynomial(x * x, NORMAL_SERIES) * _DENSITY_AT_0


def _gelu_outer(x: Array) -> Array:
    a = _cut_off(x)
    # in this order −0.0 where the tail underflows
    return -(decay_times(_half_square(a), _times_mills(a)) - np.maximum(x, 0.0))


def _gelu(x: Array) -> Array:
    return piecewise(np.abs(x) < _NEAR, x, lambda x: x * (0.5 + x * _series(x)), _gelu_outer)


def _gelu_slope_inner(x: Array) -> Array:
    density = decay_times(_half_square(x), _DENSITY_AT_0)
    return 0.5 + x * (_series(x) + density)


def _gelu_slope_outer(x: Array) -> Array:
    a = _cut_off(x)
    tail = decay_times(_half_square(a), mills(a) - a * _DENSITY_AT_0)
    return np.where(x < 0, tail, 1.0 - tail)


def _gelu_slope_at_lowest(x: Array) -> Array:
    h, low = GELU_LOWEST
    step = (x - h) - low
    return step * polynomial(step, GELU_SLOPE_SERIES)


def _gelu_slope_elsewhere(x: Array) -> Array:
    return piecewise(np.abs(x) < _NEAR, x, _gelu_slope_inner, _gelu_slope_outer)


def _gelu_slope(x: Array) -> Array:
    near = np.abs(x - GELU_LOWEST[0]) < _GELU_LOWEST_REACH
    return piecewise(near, x, _gelu_slope_at_lowest, _gelu_slope_elsewhere)


def gelu_tail(x: Array) -> tuple[Sum, Array, Array]:
    """Return x²/2 and the factors of e**(−x²/2) in gelu and in gelu', for x < −1. Shapes as x, float64."""
    a = _cut_off(x)
    return _half_square(a), -_times_mills(a), mills(a) - a * _DENSITY_AT_0


def _gelu_curvature(x: Array) -> Array:
    """φ(x)·(2 − x²)."""
    a = _cut_off(x)
    factor = ((_SQRT_2 - a) + _SQRT_2_LOW) * (_SQRT_2 + a)
    return decay_times(_half_square(a), factor * _DENSITY_AT_0)


def _gaussian(x: Array, factor: Array | float) -> Array:
    """e**(−x²)·factor."""
    return decay_times(square(_cut_off(x)), factor)


def _gaussian_bend(x: Array) -> Array:
    """4x² − 2, without cancellation."""
    a = _cut_off(x)
    return 4.0 * ((a - _SQRT_HALF) - _SQRT_HALF_LOW) * (a + _SQRT_HALF)


def _cut(x: Array) -> Array:
    return np.clip(x, -_FAR, _FAR)


def _erf_inner(x: Array) -> Array:
    """2Φ(x√2) − 1."""
    return x * polynomial(2.0 * (x * x), NORMAL_SERIES) * _TWO_OVER_ROOT_PI


def _erf_outer(x: Array) -> Array:
    a = _cut_off(x)
    return np.copysign(1.0 - decay_times(square(a), 2.0 * mills(a * _SQRT_2)), x)


def erf(x: Array) -> Array:
    """2Φ(x√2) − 1. Shape as x, float64."""
    return piecewise(np.abs(x) < 0.5, x, _erf_inner, _erf_outer)


def erf_slope(x: Array) -> Array:
    """2/√π·e**(−x²). Shape as x, float64."""
    return _gaussian(x, _TWO_OVER_ROOT_PI)


def erfc(x: Array) -> Array:
    """1 − erf(x), without cancellation where erf comes close to 1. Shape as x, float64."""

    def outer(x: Array) -> Array:
        a = _cut_off(x)
        tail = decay_times(square(a), 2.0 * mills(a * _SQRT_2))
        return np.where(x < 0, 2.0 - tail, tail)

    return piecewise(np.abs(x) < 0.5, x, lambda x: 1.0 - _erf_inner(x), outer)


def normal_cdf(x: Array) -> Array:
    """Φ(x), the normal distribution function. Shape as x, float64."""

    def outer(x: Array) -> Array:
        a = _cut_off(x)
        tail = decay_times(_half_square(a), mills(a))
        return np.where(x < 0, tail, 1.0 - tail)

    return piecewise(np.abs(x) < _NEAR, x, lambda x: 0.5 + x * _series(x), outer)


def normal_density(x: Array) -> Array:
    """φ(x) = e**(−x²/2)/√(2π). Shape as x, float64."""
    return decay_times(_half_square(_cut_off(x)), _DENSITY_AT_0)


def _laplace_argument(x: Array, mu: float, sigma: float) -> Sum:
    """t = (x − μ)/(σ√2) to about 2**-104, cut off at ±60."""
    difference = two_sum(np.clip(x, -1e300, 1e300), -mu)
    width = multiply(Sum(np.asarray(sigma), 0.0), Sum(np.asarray(_SQRT_2), _SQRT_2_LOW))
    h = np.clip(difference.h / width.h, -_FAR, _FAR)
    back = two_product(h, width.h)
    low = ((difference.h - back.h) - back.l + difference.l - h * width.l) / width.h
    return Sum(h, np.where(np.abs(h) < _FAR, low, 0.0))


def _laplace_decay(t: Sum) -> Sum:
    """t² as a sum."""
    return multiply(t, t)


def _laplace(x: Array, mu: float, sigma: float) -> Array:
    """½·erfc(−t)."""
    t = _laplace_argument(x, mu, sigma)
    h, low = t.h, np.asarray(t.l)
    a = np.abs(h)
    upper = decay_times(_laplace_decay(t), mills(a * _SQRT_2))
    near = 0.5 + (h + low) * polynomial(2.0 * (np.clip(h, -0.5, 0.5) ** 2), NORMAL_SERIES) / math.sqrt(
        math.pi
    )
    return np.where(a < 0.5, near, np.where(h < 0, upper, 1.0 - upper))


def _laplace_slope(x: Array, mu: float, sigma: float) -> Array:
    t = _laplace_argument(x, mu, sigma)
    return decay_times(_laplace_decay(t), _DENSITY_AT_0 / sigma)


def _laplace_curvature(x: Array, mu: float, sigma: float) -> Array:
    """−(x − μ)/σ²·f'."""
    t = _laplace_argument(x, mu, sigma)
    return decay_times(_laplace_decay(t), -_SQRT_2 * t.h * (_DENSITY_AT_0 / sigma / sigma))


def _laplace_by_sigma(x: Array, mu: float, sigma: float) -> Array:
    """−(x − μ)/σ·f'."""
    t = _laplace_argument(x, mu, sigma)
    return decay_times(_laplace_decay(t), -_SQRT_2 * t.h * (_DENSITY_AT_0 / sigma))


DEFINITIONS = (
    Definition(
        name="gelu",
        family="gated",
        formula="x·Φ(x), Φ the normal distribution function",
        expression="x*normcdf(x)",
        derivative="Φ(x) + x·φ(x), φ the normal density",
        source="Hendrycks & Gimpel 2016",
        value=_gelu,
        slope=_gelu_slope,
        curvature=_gelu_curvature,
        range=(-0.16997120747990369, INF),
        monotone=False,
        frameworks=(
            torch("nn.GELU", "nn.functional.gelu"),
            keras("activations.gelu"),
            onnx("Gelu"),
            hf("gelu", "gelu_python"),
        ),
    ),
    Definition(
        name="erf",
        family="sigmoid",
        formula="erf(x) = 2/√π·∫₀ˣ e^(−t²) dt",
        expression="erf(x)",
        derivative="2/√π·e^(−x²)",
        source="Glaisher 1871",
        value=erf,
        slope=erf_slope,
        curvature=lambda x: _gaussian(x, -2.0 * _TWO_OVER_ROOT_PI * _cut(x)),
        range=(-1.0, 1.0),
        frameworks=(torch("erf", "special.erf"), jax("scipy.special.erf", "lax.erf"), onnx("Erf")),
    ),
    Definition(
        name="gaussian",
        family="wave",
        formula="e^(−x²)",
        expression="exp(-x^2)",
        derivative="−2·x·e^(−x²)",
        source="Broomhead & Lowe 1988",
        value=lambda x: _gaussian(x, 1.0),
        slope=lambda x: _gaussian(x, -2.0 * _cut(x)),
        curvature=lambda x: _gaussian(x, _gaussian_bend(x)),
        range=(0.0, 1.0),
        monotone=False,
    ),
    Definition(
        name="laplace",
        family="sigmoid",
        formula="(1 + erf((x − mu)/(sigma·√2)))/2",
        expression="normcdf((x - mu)/sigma)",
        derivative="e^(−(x − mu)²/(2·sigma²))/(sigma·√(2·π))",
        source="Ma et al. 2022",
        parameters=(
            Parameter("mu", 0.707107, ("loc",)),
            Parameter("sigma", 0.282095, ("scale",), low=0.0, open_low=True),
        ),
        value=_laplace,
        slope=_laplace_slope,
        curvature=_laplace_curvature,
        by_parameter={
            "mu": lambda x, mu, sigma: -_laplace_slope(x, mu, sigma),
            "sigma": _laplace_by_sigma,
        },
        range=(0.0, 1.0),
        frameworks=(hf("laplace"),),
    ),
)
