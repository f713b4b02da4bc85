"""Expectations under the normal distribution, against what is known in closed form."""

import math

import numpy as np
import pytest

from actcli import activation
from actcli.analysis.card.gaussian import expectation


@pytest.mark.parametrize(
    ("g", "breaks", "wanted"),
    [
        (np.ones_like, [], 1.0),
        (np.square, [], 1.0),
        (lambda z: z**8, [], 105.0),
        (np.exp, [], math.exp(0.5)),
        (np.cos, [], math.exp(-0.5)),
        (np.abs, [0.0], math.sqrt(2 / math.pi)),
        (lambda z: np.maximum(z, 0.0), [0.0], 1 / math.sqrt(2 * math.pi)),
        (lambda z: (z > 1.0) * 1.0, [1.0], math.erfc(math.sqrt(0.5)) / 2),
        (lambda z: (z > 1.0) * 1.0, [], math.erfc(math.sqrt(0.5)) / 2),
        (lambda z: (z > 1.2345) * 1.0, [], math.erfc(1.2345 * math.sqrt(0.5)) / 2),
    ],
)
def test_closed_forms(g, breaks, wanted) -> None:
    assert expectation(lambda z: g(z)[None], breaks)[0] == pytest.approx(wanted, rel=1e-12)


def test_what_cancels_is_0_and_several_go_together() -> None:
    assert expectation(lambda z: np.stack([z, z**3, np.sin(z), z * z])).tolist()[:3] == [0.0, 0.0, 0.0]


def test_the_slope_of_hard_tanh_where_gauss_hermite_is_off_by_5_percent() -> None:
    f = activation("hard_tanh")
    mean = expectation(lambda z: np.square(f.grad(z))[None], [-1.0, 1.0])[0]
    assert mean == pytest.approx(math.erf(math.sqrt(0.5)), rel=1e-12)


def test_an_integral_that_overflows_is_infinite() -> None:
    with np.errstate(over="ignore"):
        assert expectation(lambda z: np.exp(30 * z * z)[None])[0] == math.inf
