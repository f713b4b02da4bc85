"""The lattice's expectations against adaptive quadrature and closed forms, for every activation."""

import math

import numpy as np
import pytest

from actcli import activation, catalogue
from actcli.activations import Activation
from actcli.analysis.card.gaussian import expectation
from actcli.analysis.signal.mean_field import MeanField
from actcli.exits import UsageError

EVERYWHERE = [d for d in catalogue() if not d.by_rows and d.domain == (-math.inf, math.inf)]


def field(spec: str) -> MeanField:
    return MeanField.of(activation(spec))


@pytest.mark.parametrize("definition", EVERYWHERE, ids=lambda d: d.name)
def test_second_moments_are_those_of_adaptive_quadrature(definition) -> None:
    f = Activation(definition.name, definition, {p.name: p.default for p in definition.parameters})
    lattice = MeanField.of(f)
    for q in (0.09, 1.0, 30.0):
        s = math.sqrt(q)
        wanted = expectation(
            lambda z, s=s: np.square(np.stack([f(s * z), f.grad(s * z)])), [0.0, *(k.at / s for k in f.kinks)]
        )
        assert [lattice.square(q), lattice.slope_square(q)] == pytest.approx(wanted, rel=1e-11, abs=1e-20)


@pytest.mark.parametrize(
    "spec", ["sigmoid", "sine", "keras.relu:threshold=2", "softplus:beta=1e6", "snake:alpha=30"]
)
def test_steep_jumping_and_waving_functions_too(spec: str) -> None:
    f = activation(spec)
    wanted = expectation(lambda z: np.square(f(1.5 * z))[None], [0.0, *(k.at / 1.5 for k in f.kinks)])[0]
    assert field(spec).square(2.25) == pytest.approx(wanted, rel=1e-11)


def test_all_scales_of_the_numbers_are_covered() -> None:
    relu, tanh = field("relu"), field("tanh")
    for q in (1e-280, 1e-30, 1e30, 1e300):
        assert relu.square(q) == pytest.approx(q / 2, rel=1e-13)
        assert relu.slope_square(q) == pytest.approx(0.5, rel=1e-13)
    assert tanh.square(1e-200) == pytest.approx(1e-200, rel=1e-13)
    assert tanh.square(1e200) == pytest.approx(1.0, rel=1e-13)
    # E tanh'(√q·z)² -> 4/3 / √(2πq)
    assert tanh.slope_square(1e20) == pytest.approx(4 / 3 / math.sqrt(2 * math.pi) * 1e-10, rel=1e-9)


def test_exponential_is_exact_until_it_overflows() -> None:
    f = field("exponential")
    assert f.square(100.0) == pytest.approx(math.exp(200), rel=1e-9)
    assert f.square(1e4) == math.inf


def test_at_variance_0_it_is_the_function_at_0() -> None:
    assert field("sigmoid").square(0.0) == 0.25
    assert field("sigmoid").slope_square(0.0) == 0.0625


def test_growth_is_the_derivative_by_the_variance_also_of_a_jump() -> None:
    for spec in ("relu", "tanh", "gelu", "hardshrink"):
        f = field(spec)
        quotient = (f.square(1.3 + 1e-5) - f.square(1.3 - 1e-5)) / 2e-5
        assert f.growth(1.3) == pytest.approx(quotient, rel=1e-8)
    assert field("step").growth(1.3) == pytest.approx(0.0, abs=1e-14)


def test_hermite_coefficients_of_erf_give_the_arcsine() -> None:
    terms = field("erf").hermite(1.0)
    for c in (-1.0, -0.3, 0.0, 0.5, 0.99, 1.0):
        # Williams 1998, with erf(x) at x ~ N(0, 1)
        assert np.polynomial.polynomial.polyval(c, terms) == pytest.approx(
            2 / math.pi * math.asin(2 * c / 3), abs=1e-13
        )


def test_functions_that_are_not_defined_everywhere_are_refused() -> None:
    with pytest.raises(UsageError, match="logit is defined from 0 to 1 only"):
        field("logit")
    with pytest.raises(UsageError, match="softmax works over rows"):
        field("softmax")
