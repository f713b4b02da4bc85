"""Gauss-Legendre quadrature, the same to the bit as numpy.polynomial.legendre, which takes 4 ms to load."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


@cache
def gauss_legendre(nodes: int) -> tuple[Numbers, Numbers]:
    """Return the nodes and weights of Gauss-Legendre quadrature on (0, 1), of at least 3 nodes.

    The nodes are the eigenvalues of a tridiagonal matrix (Golub & Welsch 1969), after one step of Newton's method on
    the Legendre polynomial P_n. The weights are proportional to 1 / (P_n' · P_(n-1)).
    """
    scale = 1.0 / np.sqrt(2.0 * np.arange(nodes) + 1.0)
    at = np.linalg.eigvalsh(np.diag(np.arange(1.0, nodes) * scale[:-1] * scale[1:], -1))
    single = [*[0.0] * nodes, 1.0]
    derivative = [(2.0 * k + 1.0) * ((nodes - k) % 2) for k in range(nodes)]
    slope = _legendre_series(derivative, at)
    at -= _legendre_series(single, at) / slope
    before = _legendre_series(single[1:], at)
    weights = 1.0 / (before / np.abs(before).max() * (slope / np.abs(slope).max()))
    at, weights = (at - at[::-1]) / 2, (weights + weights[::-1]) / 2
    weights *= 2.0 / weights.sum()
    return (at + 1.0) / 2.0, weights / 2.0


def _legendre_series(factors: Sequence[float], x: Numbers) -> Numbers:
    """Return the sum of factors times P_0, P_1, ... at x, by Clenshaw's recursion."""
    low: float | Numbers
    high: float | Numbers
    *_, low, high = factors
    for k in range(len(factors) - 1, 1, -1):
        low, high = factors[k - 2] - high * ((k - 1) / k), low + high * x * ((2 * k - 1) / k)
    return low + high * x
