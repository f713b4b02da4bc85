"""The constants of the core, computed anew in mpmath: nobody edits one unnoticed."""

import itertools
import math

import mpmath as mp
import pytest

from actcli.activations.families import exponentials, gated, normal, shrinkage, waves


def one_ulp_of(value):
    return math.ulp(abs(float(value)))


def low_part(exact, high):
    """The rest of an exact number after its nearest float64."""
    return float(exact - mp.mpf(high))


def chebyshev_powers(function, terms):
    """The Chebyshev interpolant of `function` on [-1, 1], as powers of t, constant first."""
    nodes = 2 * terms + 40
    angles = [mp.pi * (2 * k + 1) / (2 * nodes) for k in range(nodes)]
    samples = [function(mp.cos(a)) for a in angles]
    series = [
        2 * mp.fsum(s * mp.cos(j * a) for s, a in zip(samples, angles, strict=True)) / nodes
        for j in range(terms)
    ]
    series[0] /= 2
    previous, current = [mp.mpf(1)], [mp.mpf(0), mp.mpf(1)]
    powers = [mp.mpf(0)] * terms
    for j, weight in enumerate(series):
        polynomial = previous if j == 0 else current
        for k, c in enumerate(polynomial):
            powers[k] += weight * c
        if j:
            doubled = [mp.mpf(0), *(2 * c for c in current)]
            previous, current = (
                current,
                [c - (previous[k] if k < len(previous) else 0) for k, c in enumerate(doubled)],
            )
    return powers


def exact_mills(a):
    if a > 1e4:  # the asymptotic series; mpmath's erfc is slow there, and fails later
        return (1 - 1 / a**2 + 3 / a**4 - 15 / a**6 + 105 / a**8) / (a * mp.sqrt(2 * mp.pi))
    return mp.exp(a * a / 2) * mp.erfc(a / mp.sqrt(2)) / 2


def scaled_mills(t):
    """(a + ¾)·M(a) at t = (a − 6)/(a + 6)."""
    a = 6 * (1 + t) / (1 - t)
    return (a + mp.mpf("0.75")) * exact_mills(a)


def test_the_coefficients_of_mills_ratio_are_those_of_the_chebyshev_series():
    with mp.workdps(50):
        powers = chebyshev_powers(scaled_mills, len(normal.MILLS))
        # the scale of the polynomial is 1: an ULP of it is what a coefficient can be off without being seen
        off = [abs(mp.mpf(c) - p) for c, p in zip(normal.MILLS, powers, strict=True)]
    assert max(off) < 2.0**-53, [float(o) for o in off]


def test_the_polynomial_of_mills_ratio_is_that_ratio_within_2_ulp():
    import numpy as np

    a = np.concatenate([np.linspace(0.0, 60.0, 301), [1e3, 1e6, 1e100]])
    got = normal.mills(a)
    with mp.workdps(40):
        for point, value in zip(a, got, strict=True):
            exact = exact_mills(mp.mpf(float(point)))
            assert abs(mp.mpf(float(value)) - exact) <= 2 * one_ulp_of(exact), point


def test_the_series_of_the_normal_distribution():
    for k, c in enumerate(normal.NORMAL_SERIES):
        exact = (-1) ** k / (mp.mpf(2) ** k * mp.factorial(k) * (2 * k + 1))
        assert abs(c - float(exact)) <= one_ulp_of(exact), k
    # at its edge, x² = ½ for erf and 0.5625 for gelu, the next term is below half an ULP
    last = len(normal.NORMAL_SERIES)
    assert 0.5625**last / (2**last * math.factorial(last) * (2 * last + 1)) < 2.0**-54


def gelu_slope(x):
    return mp.ncdf(x) + x * mp.npdf(x)


def test_the_series_of_the_slope_of_gelu_at_its_zero():
    with mp.workdps(50):
        zero = mp.findroot(gelu_slope, -0.75)
        high, low = normal.GELU_LOWEST
        assert (high, low) == (float(zero), low_part(zero, high))
        terms = mp.taylor(gelu_slope, zero, len(normal.GELU_SLOPE_SERIES) + 3)[1:]
    series = normal.GELU_SLOPE_SERIES
    assert all(abs(c - float(t)) <= one_ulp_of(t) for c, t in zip(series, terms, strict=False))
    # what is left out, at the edge of where it is used, against the smallest of what is kept
    left_out = sum(abs(t) * normal._GELU_LOWEST_REACH ** (len(series) + k) for k, t in enumerate(terms[-3:]))
    assert left_out < 2.0**-55 * series[0]


@pytest.mark.parametrize("x", [-0.6255293300154987, -0.7, -0.75, -0.7517915, -0.76, -1.0, -1.1])
def test_the_slope_of_gelu_keeps_its_digits_beside_its_zero(x):
    from actcli import activation

    with mp.workdps(50):
        exact = gelu_slope(mp.mpf(x))
        assert abs(mp.mpf(float(activation("gelu").grad(x))) - exact) <= 4 * one_ulp_of(exact)


def test_the_series_of_celu_by_alpha():
    for k, c in enumerate(exponentials._CELU_SERIES, start=2):
        exact = mp.mpf(k - 1) / mp.factorial(k)
        assert abs(c - float(exact)) <= one_ulp_of(exact), k


def test_the_quotient_of_tanhshrink_is_the_eighth_convergent_of_lamberts_fraction():
    # y = x²/(3 + x²/(5 + …)) as above/below, both by powers of x²
    above, below = [0], [1]
    for odd in range(17, 1, -2):
        above, below = (
            [0, *below],
            [odd * b + a for b, a in itertools.zip_longest(below, above, fillvalue=0)],
        )
    assert tuple(above[1:]) == shrinkage._SHRUNK_ABOVE
    assert (
        tuple(b + a for b, a in itertools.zip_longest(below, above, fillvalue=0)) == shrinkage._SHRUNK_BELOW
    )


@pytest.mark.parametrize(
    ("module", "high", "low", "exact"),
    [
        (normal, "_SQRT_2", "_SQRT_2_LOW", lambda: mp.sqrt(2)),
        (normal, "_SQRT_HALF", "_SQRT_HALF_LOW", lambda: mp.sqrt(0.5)),
        (normal, "_DENSITY_AT_0", None, lambda: 1 / mp.sqrt(2 * mp.pi)),
        (normal, "_TWO_OVER_ROOT_PI", None, lambda: 2 / mp.sqrt(mp.pi)),
        (waves, "_QUARTER_PI", "_QUARTER_PI_LOW", lambda: mp.pi / 4),
        (gated, "_ROOT", None, lambda: mp.sqrt(8 / mp.pi)),
        (gated, "_CUBIC", None, lambda: mp.mpf("0.044715")),
    ],
)
def test_a_constant_and_its_low_part(module, high, low, exact):
    with mp.workdps(60):
        value = exact()
        got = getattr(module, high)
        if isinstance(got, tuple):
            head, tail = float(got.h), got.l
        else:
            head, tail = got, None if low is None else getattr(module, low)
        assert abs(head - float(value)) <= (0 if tail is not None else one_ulp_of(value))
        if tail is not None:
            assert tail == pytest.approx(low_part(value, head), rel=1e-14, abs=0)


@pytest.mark.parametrize(
    ("zero", "function"),
    [
        (gated._ZERO_OF_SLOPE, lambda a: (1 - a) + mp.exp(-a)),
        (gated._ZERO_OF_CURVATURE, lambda a: (2 - a) + mp.exp(-a) * (2 + a)),
    ],
    ids=["slope", "curvature"],
)
def test_the_zeros_of_the_derivatives_of_silu(zero, function):
    with mp.workdps(60):
        exact = mp.findroot(function, float(zero.h))
        assert float(zero.h) == float(exact)
        assert zero.l == pytest.approx(low_part(exact, float(zero.h)), rel=1e-14, abs=0)


def test_the_constants_of_selu_are_those_of_its_fixed_point():
    """Klambauer et al.: with them a standard normal input keeps mean 0 and variance 1."""
    with mp.workdps(30):
        half = mp.erfc(1 / mp.sqrt(2)) * mp.exp(mp.mpf(1) / 2) / 2  # E[e^z; z < 0] = √e·Φ(−1)
        twice = mp.erfc(mp.sqrt(2)) * mp.exp(2) / 2  # E[e^2z; z < 0] = e²·Φ(−2)
        mean_above = 1 / mp.sqrt(2 * mp.pi)
        alpha = -mean_above / (half - mp.mpf(1) / 2)
        below = alpha**2 * (twice - 2 * half + mp.mpf(1) / 2)
        scale = 1 / mp.sqrt(mp.mpf(1) / 2 + below)
        assert pytest.approx(float(alpha), rel=2.3e-16) == exponentials._ALPHA
        assert pytest.approx(float(scale), rel=2.3e-16) == exponentials._SCALE
