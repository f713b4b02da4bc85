"""Inverse functions and logarithms of formulas: no value, slope or higher derivative loses its digits."""

import mpmath as mp
import numpy as np
import pytest

pytest.importorskip("flint", reason="python-flint computes the references")

from catastrophes import wrong_numbers
from kept_aside import points
from seed import SEED

from actcli import activation

FORMULAS = (
    *(
        "asinh(x)",
        "acosh(x)",
        "atanh(x)",
        "log2(x)",
        "log10(x)",
        "erfinv(x)",
        "atanh(tanh(x))",
        "erfinv(erf(x))",
    ),
    *("asinh(x)-x", "asinh(sinh(x))-x", "x-atanh(x)", "acosh(1+x^2)", "acosh(cosh(x))", "log2(1+exp(x))"),
    *("log10(1+x)/x", "atanh(1-exp(-x))", "erfinv(1-exp(-x))", "erfinv(tanh(x))-x", "erfinv(x)-sqrt(pi)/2*x"),
    *(
        "asinh(exp(x))-x",
        "atanh(x)/x",
        "1/atanh(x)-1/x",
        "x*asinh(x)/|x|",
        "asinh(x)-log(2*x)",
        "log2(cosh(x))",
    ),
    *("acosh(x)-log(x)", "log2(|x|)-log10(|x|)*log(10)/log(2)"),
)


@pytest.mark.parametrize("text", FORMULAS)
def test_no_value_and_no_slope_is_catastrophic(text):
    assert wrong_numbers(text, points(SEED)[::2]) == ([], []), SEED


REAL = {
    "asinh": (mp.asinh, [-40.0, -0.3, 1e-20, 0.7, 5.0, 1e6]),
    "acosh": (mp.acosh, [1 + 1e-9, 1.5, 7.0, 1e6]),
    "atanh": (mp.atanh, [-1 + 1e-12, -0.3, 1e-20, 0.7]),
    "log2": (lambda x: mp.log(x) / mp.log(2), [1e-9, 0.3, 1 + 2.0**-52, 9.0, 1e6]),
    "log10": (lambda x: mp.log(x) / mp.log(10), [1e-9, 0.3, 1 + 2.0**-52, 9.0, 1e6]),
    "erfinv": (mp.erfinv, [-1 + 1e-9, -0.3, 0.7]),
}


@pytest.mark.parametrize("name", REAL)
def test_derivatives_of_order_0_to_5(name):
    function, points = REAL[name]
    f = activation(f"{name}(x)")
    for x in points:
        with mp.workdps(160):
            true = [c * mp.factorial(k) for k, c in enumerate(mp.taylor(function, mp.mpf(x), 5))]
        for order, expected in enumerate(true):
            got = float(f.grad([x], order=order)[0]) if order else float(f([x])[0])
            assert abs(got - expected) <= 1e-12 * abs(expected) + 1e-30, (x, order, got, expected)


@pytest.mark.parametrize(
    ("name", "outside", "low", "high"),
    [
        ("acosh", [0.999, -1.0, -np.inf], 0.0, np.inf),
        ("atanh", [1.001, -2.0, np.inf], -np.inf, np.inf),
        ("erfinv", [1.001, -2.0, -np.inf], -np.inf, np.inf),
        ("log2", [-1e-300, -1.0, -np.inf], -np.inf, 0.0),
        ("log10", [-1e-300, -1.0, -np.inf], -np.inf, 0.0),
    ],
)
def test_outside_of_its_domain_a_function_is_nan(name, outside, low, high):
    f = activation(f"{name}(x)")
    assert np.isnan(f(outside)).all()
    if "log" not in name:  # that of a logarithm is 1/x, as autograd's
        assert np.isnan(f.grad(outside)).all()
    ends = {"acosh": [1.0, np.inf], "log2": [0.0, 1.0], "log10": [0.0, 1.0]}.get(name, [-1.0, 1.0])
    assert f(ends).tolist() == [low, high]
    domain = {"acosh": (1.0, np.inf), "log2": (0.0, np.inf), "log10": (0.0, np.inf)}
    assert f.definition.domain == domain.get(name, (-1.0, 1.0))


def test_signs_at_0():
    f = activation("sign(x)")
    assert f([0.0, -0.0, 5e-324]).tolist() == [0.0, 0.0, 1.0]
    assert f.grad([0.0, 3.0]).tolist() == [0.0, 0.0]
    assert np.signbit(activation("asinh(x)")([-0.0])[0])
    assert activation("|x|").grad([0.0], at_kink="right").tolist() == [1.0]
    assert activation("|x|").grad([0.0]).tolist() == [0.0]


def test_powers_of_the_base_have_whole_logarithms():
    assert activation("log2(x)")([8.0, 2.0**-1000]).tolist() == [3.0, -1000.0]
    assert activation("log10(x)")([1000.0, 1e-5]).tolist() == [3.0, -5.0]
    assert activation("floor(log2(x))")([8.0, 7.9]).tolist() == [3.0, 2.0]
