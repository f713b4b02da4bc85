"""Angles as right angles and a rest, where the factor is the double of a number."""

import numpy as np
import pytest

from actcli import activation
from actcli.activations.exact.turns import Turn, reduce


def assert_equal(one: Turn, other: Turn) -> None:
    for mine, yours in zip((one.q, *one.r), (other.q, *other.r), strict=True):
        np.testing.assert_array_equal(mine, yours)


@pytest.mark.parametrize("ahead", [0.0, 0.5])
@pytest.mark.parametrize("a", [0.5, 0.37, -33.3, 1e300, 1e-300])
def test_twice_is_the_double_factor(a: float, ahead: float) -> None:
    x = np.array([0.0, 1e-9, -0.3, 2.5, 1e4, -1e22, 1e300])
    with np.errstate(over="ignore"):
        assert_equal(reduce(x, a, ahead, times=2), reduce(x, 2.0 * a, ahead))


def test_a_factor_whose_double_overflows() -> None:
    x = np.array([0.5, -0.25, 1e-300])
    assert_equal(reduce(x, 1.7e308, times=2), reduce(2.0 * x, 1.7e308))
    for order in (1, 2, 3):
        assert not np.isnan(activation("snake:a=-1.7e308").grad(np.array([-1.0, 0.5, 1e300]), order)).any()
