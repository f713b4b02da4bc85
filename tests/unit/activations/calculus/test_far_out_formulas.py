"""Formulas whose exponentials leave every range: what is known there is right, in arrays as for a number alone."""

import numpy as np
import pytest

from actcli import activation

LOG_2 = float(np.log(2.0))
X = np.concatenate(
    [np.arange(-105.0, -87), [-3e38, -1e30, -1e13, 1e4, 1e12, 1e13, 1e18, 1e30, 3e38], np.arange(88.0, 130)]
)


@pytest.mark.parametrize(
    ("text", "true"),
    [
        ("log(cosh(x))", lambda x: np.abs(x) - LOG_2),
        ("log(sqrt(exp(x)+1))", lambda x: np.maximum(x, 0) / 2),
        ("log(1+exp(x^2))", lambda x: x * x),
        ("log(exp(x)+exp(-x))", np.abs),
        ("abs(x)-log(cosh(x))", lambda x: np.full_like(x, LOG_2)),
    ],
)
def test_logarithms_of_huge_exponentials(text, true):
    f = activation(text)
    np.testing.assert_allclose(f(X), true(X), rtol=1e-15, atol=1e-37)
    for x in (-3e38, 1e13, 1e30):
        np.testing.assert_allclose(f(x), true(np.asarray(x)), rtol=1e-15, atol=1e-37)
