"""Parts of a formula that a branch makes constant: their slope is 0, also inside a function that is steep at 0."""

import numpy as np
import pytest

from actcli import activation
from actcli.analysis.card.properties import measure

ROOTS = [
    "sqrt(max(x, 0))",
    "sqrt(-min(-x, 0))",
    "max(x, 0)^0.3",
    "cbrt(max(x, 0))",
    "sqrt(relu(x))",
    "sqrt(clip(x, 0, 6))",
    "sqrt(where(x > 0, x, 0))",
    "sqrt(x*(x > 0))",
    "tanh(sqrt(relu(x)))",
]


@pytest.mark.parametrize("spec", ROOTS)
@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_a_root_of_0_that_stays_0_has_no_slope(spec, order):
    f = activation(spec)
    x = np.array([-1e300, -3.0, -1.0, -1e-9, -1e-300])
    assert f.grad(x, order=order).tolist() == [0.0] * 5
    assert np.isfinite(f.grad(np.array([0.5, 1.0]), order=order)).all()


def test_the_rest_of_the_formula_keeps_its_slope():
    f = activation("x^2 + sqrt(max(x - 1, 0))")
    assert f.grad(np.array([-2.0, 0.5, 1 - 1e-15])).tolist() == [-4.0, 1.0, 2 - 2e-15]
    assert f.grad(0.5, order=2) == 2


@pytest.mark.parametrize("spec", ROOTS)
def test_at_the_kink_each_side_has_its_own(spec):
    f = activation(spec)
    assert f.grad(0.0, at_kink="left") == 0
    assert f.grad(0.0, at_kink="right") == np.inf


@pytest.mark.parametrize(
    "spec", ["sqrt(abs(x))", "sqrt(1 - cos(x))", "sqrt(x*x*x*x)", "sqrt(relu(x))", "x*log(max(x, 0))"]
)
def test_what_only_touches_0_stays_unknown_there_as_autograd_has_it(spec):
    assert np.isnan(activation(spec).grad(0.0))


@pytest.mark.parametrize(
    "spec",
    [
        "sqrt(max(x, 0))",
        "sqrt(relu(x))",
        "sqrt(max(x - 1, 0)) + x",
        "sqrt(abs(x))",
        "sign(x)*sqrt(abs(x))",
        "cbrt(x)",
    ],
)
def test_a_vertical_slope_is_infinite_on_the_card(spec):
    found = measure(activation(spec))
    assert found.largest_slope == np.inf
    assert found.lipschitz == np.inf
    assert found.smoothness == 0
    assert found.bend == "neither"
    assert found.saturation == (None, None)


def test_where_nothing_is_known_of_the_slope_the_card_says_what_it_can():
    for spec in ("log(max(x, 0))", "1/max(x, 0)", "x*log(max(x, 0))"):
        assert measure(activation(spec)).largest_slope > 600


def test_a_pole_is_a_jump():
    assert measure(activation("1/x")).smoothness == -1


@pytest.mark.parametrize("spec", ["x^3", "exp(x)", "x*exp(x)", "cosh(x)"])
def test_a_slope_too_large_for_a_number_is_no_pole(spec):
    assert measure(activation(spec)).smoothness == np.inf
