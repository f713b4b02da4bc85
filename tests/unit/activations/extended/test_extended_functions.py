"""Elementary functions of extended numbers: every error lies within the bound that the number carries."""

import mpmath
import numpy as np
import pytest

from actcli.activations.extended import functions
from actcli.activations.extended.number import Extended, extended
from actcli.activations.families.exact import Sum

WORST = 2.0**-90
CASES = {
    "exp": (mpmath.exp, -4000, 4000),
    "expm1": (mpmath.expm1, -500, 700),
    "log": (mpmath.log, 1e-9, 1e9),
    "log1p": (mpmath.log1p, -0.9, 1e6),
    "sqrt": (mpmath.sqrt, 1e-9, 1e9),
    "cbrt": (lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)), -1e9, 1e9),
    "sin": (mpmath.sin, -1e6, 1e6),
    "cos": (mpmath.cos, -1e6, 1e6),
    "tan": (mpmath.tan, -10, 10),
    "sinh": (mpmath.sinh, -500, 500),
    "cosh": (mpmath.cosh, -500, 500),
    "tanh": (mpmath.tanh, -50, 50),
    "sech_squared": (lambda x: mpmath.sech(x) ** 2, -500, 500),
    "arctan": (mpmath.atan, -1e6, 1e6),
    "asinh": (mpmath.asinh, -1e9, 1e9),
    "acosh": (mpmath.acosh, 1 + 2.0**-52, 1e9),
    "atanh": (mpmath.atanh, -1 + 2.0**-53, 1 - 2.0**-53),
    "erfinv": (mpmath.erfinv, -1 + 2.0**-53, 1 - 2.0**-53),
    "erf": (mpmath.erf, -8, 8),
    "erfc": (mpmath.erfc, -8, 100),
    "normal_cdf": (mpmath.ncdf, -100, 10),
}


@pytest.fixture(autouse=True)
def precise():
    with mpmath.workprec(400):
        yield


def exactly(number: Extended, i: int) -> mpmath.mpf:
    return (mpmath.mpf(float(number.h[i])) + mpmath.mpf(float(number.l[i]))) * mpmath.mpf(2) ** int(
        number.k[i]
    )


def points(low: float, high: float, count: int = 40) -> Sum:
    """Numbers of 106 bits in a range, most of them near 0 or 1 where the range has those."""
    rng = np.random.default_rng(7)
    x = np.concatenate(
        [rng.uniform(low, high, count), rng.uniform(-3, 3, count), 10.0 ** rng.uniform(-30, 0, count)]
    )
    x = x[(x >= low) & (x <= high)]
    return Sum(x, rng.uniform(-0.5, 0.5, x.size) * np.spacing(np.abs(x)))


@pytest.mark.parametrize("name", CASES)
def test_the_error_is_small_and_within_its_bound(name):
    reference, low, high = CASES[name]
    x = points(low, high)
    with np.errstate(all="ignore"):
        y = getattr(functions, name)(extended(x))
    for i in range(x.h.size):
        true = reference(mpmath.mpf(float(x.h[i])) + mpmath.mpf(float(x.l[i])))
        error = abs(exactly(y, i) - true)
        assert error <= mpmath.mpf(float(y.e[i])) * mpmath.mpf(2) ** int(y.k[i]), (name, x.h[i])
        # beside a zero of the function the error is absolute; erfc loses 16 bits before it is a fraction
        floor = mpmath.mpf(2) ** (-10 if name in {"log", "sin", "cos"} else -2000)
        assert error <= (2.0**-80 if name in {"erfc", "normal_cdf", "erfinv"} else WORST) * max(
            abs(true), floor
        )


def test_exponentials_keep_numbers_that_float64_has_not():
    with np.errstate(all="ignore"):
        huge = functions.exp(extended(np.array([5000.0, 1e100, -1e100])))
        ratio = (huge * 3.0) / (huge + 2.0)
    assert ratio.rounded[0] == 3.0
    assert ratio.trusted().tolist() == [True, False, True]  # e**1e100 is known by its size only
    assert ratio.rounded[2] == 0.0


@pytest.mark.parametrize("name", ["expm1", "log1p", "sin", "tan", "sinh", "tanh", "arctan", "erf"])
def test_a_tiny_argument_keeps_all_its_digits(name):
    x = extended(Sum(np.array([1.1, -1.3]), np.array([1e-17, 1e-18])))
    for exponent in (-119, -121, -900, -1040, -1075, -5000):
        u = Extended(x.h, x.l, x.k + exponent, x.e)
        with np.errstate(all="ignore"):
            y = getattr(functions, name)(u)
        for i in range(2):
            true = CASES[name][0](exactly(u, i))
            error = abs(exactly(y, i) - true)
            assert error <= mpmath.mpf(float(y.e[i])) * mpmath.mpf(2) ** int(y.k[i]), (name, exponent)
            assert error <= WORST * abs(true), (name, exponent)


def test_cancellation_widens_the_bound_until_nothing_is_trusted():
    x = extended(np.array([1e-3, 1e-8, 1e-14]))
    lost = functions.exp(x) - 1.0 - x
    assert lost.trusted().tolist() == [True, False, False]
    assert (lost.error > 0).all()


def test_nan_is_never_trusted():
    with np.errstate(all="ignore"):
        for name in CASES:
            assert not getattr(functions, name)(extended(np.array([np.nan]))).trusted().any(), name


def test_infinity_is_larger_than_everything_and_otherwise_unknown():
    with np.errstate(all="ignore"):
        inf = extended(np.array([np.inf]))
        assert (inf - 1e308).h[0] > 0
        assert functions.tanh(inf).rounded[0] == 1.0
        assert not (inf - inf).trusted().any()
        assert not functions.sin(inf).trusted().any()
