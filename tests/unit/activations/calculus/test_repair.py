"""Formulas where float64 loses digits: computed there in 106 bits, at single numbers and in arrays alike."""

import mpmath
import numpy as np
import pytest

from actcli.activations import activation

REMOVABLE = {
    "tanh(x)/x": (lambda x: mpmath.tanh(x) / x, lambda x: (x * mpmath.sech(x) ** 2 - mpmath.tanh(x)) / x**2),
    "sin(x)/x": (lambda x: mpmath.sin(x) / x, lambda x: (x * mpmath.cos(x) - mpmath.sin(x)) / x**2),
    "(exp(x)-1)/x": (lambda x: mpmath.expm1(x) / x, lambda x: (x * mpmath.exp(x) - mpmath.expm1(x)) / x**2),
    "log(1+x)/x": (lambda x: mpmath.log1p(x) / x, lambda x: (x / (1 + x) - mpmath.log1p(x)) / x**2),
}
CANCELLING = {
    "exp(x)-1-x": lambda x: mpmath.exp(x) - 1 - x,
    "x-sin(x)": lambda x: x - mpmath.sin(x),
    "2/(1+exp(-2*x))-1": mpmath.tanh,
    "cosh(x)-1": lambda x: mpmath.cosh(x) - 1,
    "sqrt(1+x)-1": lambda x: mpmath.sqrt(1 + x) - 1,
    "log((1+x)/(1-x))": lambda x: mpmath.log((1 + x) / (1 - x)),
    "log(1+exp(x))-log(2)": lambda x: mpmath.log1p(mpmath.exp(x)) - mpmath.log(2),
    "log(x+sqrt(x^2+1))": mpmath.asinh,
}
# beyond 106 bits: more than 80 bits cancel
MEETING = {
    ("mish(x)-x", 36.0): lambda x: x * (mpmath.tanh(mpmath.log1p(mpmath.exp(x))) - 1),
    ("exp(x)-sigmoid(x)", -50.0): lambda x: mpmath.exp(x) - 1 / (1 + mpmath.exp(-x)),
    ("gelu(x)-x", 12.0): lambda x: -x * mpmath.erfc(x / mpmath.sqrt(2)) / 2,
    ("erf(x)-1", 20.0): lambda x: -mpmath.erfc(x),
    ("1/x-1/sinh(x)", 1e-12): lambda x: 1 / x - 1 / mpmath.sinh(x),
    ("1/log1p(x)-1/x", -3e-15): lambda x: 1 / mpmath.log1p(x) - 1 / x,
    ("tanh(x)-erf(x)", 40.0): lambda x: mpmath.tanh(x) - mpmath.erf(x),
    ("x*tanh(x)+min(x,2)", -316.0): lambda x: x * mpmath.tanh(x) + x,
}
SMALL = [3.4e-15, -1e-9, 1e-20, 1e-4, -0.03]


def close(value: float, true: mpmath.mpf, ulp: float = 17.0) -> bool:
    return abs(mpmath.mpf(float(value)) - true) <= ulp * float(np.spacing(abs(float(true))))


@pytest.fixture(autouse=True)
def precise():
    with mpmath.workprec(400):
        yield


@pytest.mark.parametrize("text", REMOVABLE)
@pytest.mark.parametrize("x", SMALL)
def test_beside_a_removable_singularity_value_and_slope_keep_their_digits(text, x):
    f = activation(text)
    value, slope = REMOVABLE[text]
    assert close(f(x), value(mpmath.mpf(x)))
    assert close(f.grad(x), slope(mpmath.mpf(x)))


@pytest.mark.parametrize(
    ("text", "value", "slope"), [("tanh(x)/x", 1, 0), ("(exp(x)-1)/x", 1, 0.5), ("log(1+x)/x", 1, -0.5)]
)
def test_a_removable_singularity_is_filled(text, value, slope):
    f = activation(text)
    assert f(0.0) == value
    assert f.grad(0.0) == slope


def test_a_removable_singularity_elsewhere_is_filled_too():
    assert activation("log(x)/(x-1)")(1.0) == 1.0


@pytest.mark.parametrize("text", ["1/x", "abs(x)/x", "x/x^2", "log(x)/x"])
def test_a_pole_or_a_jump_is_not_filled(text):
    assert not np.isfinite(activation(text)(0.0))


@pytest.mark.parametrize("text", CANCELLING)
@pytest.mark.parametrize("x", SMALL)
def test_what_cancels_keeps_its_digits(text, x):
    assert close(activation(text)(x), CANCELLING[text](mpmath.mpf(x)))


@pytest.mark.parametrize(("text", "x"), MEETING)
def test_what_meets_further_than_106_bits_keeps_value_and_slope(text, x):
    f, true = activation(text), MEETING[text, x]
    with mpmath.workprec(2000):
        assert close(f(x), true(mpmath.mpf(x)))
        assert close(f.grad(x), mpmath.diff(true, mpmath.mpf(x), h=mpmath.mpf(2) ** -600))


def test_a_few_numbers_of_an_array_are_computed_as_each_alone():
    x = np.linspace(30.0, 60.0, 100)
    f = activation("mish(x)-x")
    np.testing.assert_array_equal(f(x), [float(f(at)) for at in x])


def test_a_difference_of_equal_functions_is_0():
    assert not activation("tanh(x/2)-(2*sigmoid(x)-1)")(np.linspace(-60.0, 60.0, 60)).any()


@pytest.mark.parametrize(
    ("text", "x", "slope"),
    [
        ("x*tanh(exp(x))", 710.0, 1.0),
        ("x*tanh(exp(x))", 1e300, 1.0),
        ("x*exp(-exp(-x))", -720.0, 0.0),
        ("1/(1+exp(-x))^2", -720.0, 0.0),
        ("x*(1-tanh(x)^2)", 800.0, 0.0),
        ("exp(x+0.1*x^3)", -1e300, 0.0),
        ("x*exp(x)/(exp(x)+2)", 710.0, 1.0),
    ],
)
def test_far_out_a_slope_is_its_limit(text, x, slope):
    assert activation(text).grad(x) == slope


def test_far_out_a_value_is_its_limit():
    f = activation("x*exp(x)/(exp(x)+2)")
    assert f(np.array([710.0, 1e300])).tolist() == [710.0, 1e300]


def test_an_array_gets_what_its_numbers_get_alone():
    f = activation("exp(x)-1-x")
    x = np.concatenate([np.linspace(-2, 2, 1001), 10.0 ** np.linspace(-20, 0, 99)])
    assert f(x).tolist() == [float(f(one)) for one in x]
    slopes = f.grad(x)
    assert slopes.tolist() == [float(f.grad(one)) for one in x]


def test_kinks_keep_the_derivative_of_their_rule():
    f = activation("max(x, 0)*1")
    assert f.grad(0.0) == 0.5  # of two equal numbers autograd's maximum takes the mean
    assert f.grad(0.0, at_kink="right") == 1.0


def test_a_remainder_of_many_numbers_is_computed():
    x = np.linspace(-3, 3, 1001)
    assert np.array_equal(activation("x%1.5")(x), np.mod(x, 1.5))


@pytest.mark.parametrize("x", [-720.0, -745.0])
def test_results_below_the_normal_numbers_are_not_lost(x):
    for text in ("x*tanh(softplus(x))", "mish(x)*1"):
        assert float(activation(text)(x)) == pytest.approx(x * np.exp(x), rel=0.5)


@pytest.mark.parametrize("name", ["leaky_relu", "relu", "abs", "floor"])
def test_a_branch_that_ends_at_a_constant_ends_nowhere(name):
    f = activation(f"{name}((x - x)*expm1(x^2))")
    assert (f(48.9), f.grad(48.9), f.grad(48.9, order=2)) == (0.0, 0.0, 0.0)
