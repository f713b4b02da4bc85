"""Nodes and weights of quadrature against NumPy's."""

import numpy as np
import pytest

from actcli.analysis.quadrature import gauss_legendre


@pytest.mark.parametrize("count", [3, 16, 20, 64, 100])
def test_nodes_and_weights_are_those_of_numpy(count):
    at, weights = np.polynomial.legendre.leggauss(count)
    nodes, shares = gauss_legendre(count)
    assert np.array_equal(nodes, (at + 1) / 2)
    assert np.array_equal(shares, weights / 2)


def test_polynomials_of_twice_the_degree_are_integrated_exactly():
    nodes, shares = gauss_legendre(16)
    powers = np.arange(32)
    np.testing.assert_allclose(
        (shares[:, None] * nodes[:, None] ** powers).sum(axis=0), 1 / (powers + 1), 1e-14
    )
