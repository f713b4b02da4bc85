"""Expectations under the standard normal distribution, the preactivations of a wide layer.

Composite Gauss-Legendre against the density, split at the kinks and where the integrand changes fast.
Gauss-Hermite is no choice here: its polynomials cannot bend at a kink.
"""

import math
from collections.abc import Callable, Iterable
from functools import cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_FARTHEST = 38.0
"""Beyond it the density is below the normal numbers."""
_NODES = 16
_GRADING = 4.0 ** -np.arange(1.0, 22.0)
"""How far from a break the panels end: what happens there may be of any width."""
_ROUNDS = 48
_MOST_PANELS = 2_000
_TOLERANCE = 1e-13
"""Of the integral of |g|, the error that one panel may have before it is halved."""
_ROUNDING = 1e-15
_SAME_POWER = 0.03
"""Ratios of masses that differ no more are those of one power; so near to 1 they are taken for equal shells."""


def expectation(integrands: Callable[[Array], Array], breaks: Iterable[float] = ()) -> Array:
    """E[g(z)], z ~ N(0, 1), of k functions at once: (n,) to (k, n) in, (k,) out.

    `breaks` are the points where a g jumps, bends or peaks; it is split there and closely around.
    An integral that overflows is inf, and so is one that grows without end towards a break, as that of 1/|z| does;
    where it grows to both sides, it is NaN.
    """
    inner = np.array([point for point in breaks if -_FARTHEST < point < _FARTHEST])
    graded = (inner[:, None] + np.concatenate([-_GRADING, [0.0], _GRADING])).ravel()
    edges = np.unique(np.concatenate([np.linspace(-_FARTHEST, _FARTHEST, 77), graded]))

    def away(z: Array) -> Array:
        """The integrands; at a break itself, a single point that a node may be rounded to, nothing where it is inf."""
        y = integrands(z)
        lost = ~np.isfinite(y)
        return np.where(lost & np.isin(z, inner), 0.0, y) if lost.any() else y

    with np.errstate(all="ignore"):
        low, high = edges[:-1], edges[1:]
        coarse, sizes = _panels(away, low, high)
        allowed = _TOLERANCE * sizes.sum(axis=1, keepdims=True)
        total = np.zeros(len(coarse))
        for _ in range(_ROUNDS):
            middle = low / 2 + high / 2
            halves = np.concatenate([low, middle]), np.concatenate([middle, high])
            fine, _ = _panels(away, *halves)
            better = fine[:, : low.size] + fine[:, low.size :]
            open_ = (np.abs(better - coarse) > allowed).any(axis=0) & (middle > low) & (middle < high)
            total += better[:, ~open_].sum(axis=1)
            if not open_.any() or low.size > _MOST_PANELS:
                coarse = better[:, open_]
                break
            keep = np.concatenate([open_, open_])
            low, high, coarse = halves[0][keep], halves[1][keep], fine[:, keep]
    total += coarse.sum(axis=1)
    # what rounding leaves of an integral that cancels
    size = sizes.sum(axis=1)
    total = np.where((np.abs(total) <= _ROUNDING * size) & np.isfinite(size), 0.0, total)
    for point in np.unique(inner):
        for side in (-1.0, 1.0):
            total += _endless(away, point, side)
    return total


def _endless(integrands: Callable[[Array], Array], point: float, side: float) -> Array:
    """±inf for each integrand whose integral grows without end towards a point from one side, else 0; (k,).

    About |z - point|^-q the shells from 4^-i to 4^-(i+1) hold masses whose ratio is 4^(q-1), and a sum of equal or
    growing shells has no end. A narrow peak is no such power: inside it the shells shrink as they do for a constant.
    """
    ends = point + side * _GRADING[7:]
    low, high = np.sort([ends[:-1], ends[1:]], axis=0)
    with np.errstate(all="ignore"):
        signed, sizes = _panels(integrands, low, high)
        ratios = sizes[:, 1:] / sizes[:, :-1]
        same_power = ratios.max(axis=1) < (1 + _SAME_POWER) * ratios.min(axis=1)
    return np.where(
        same_power & (ratios.min(axis=1) > 1 - _SAME_POWER), np.copysign(np.inf, signed[:, -1]), 0.0
    )


@cache
def _rule() -> tuple[Array, Array]:
    """Nodes and weights on (0, 1)."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return (nodes + 1) / 2, weights / 2


def _panels(integrands: Callable[[Array], Array], low: Array, high: Array) -> tuple[Array, Array]:
    """The integrals of g·φ and of |g|·φ over each panel, (k, panels) both."""
    nodes, weights = _rule()
    width = (high - low)[:, None]
    z = low[:, None] + width * nodes
    mass = np.exp(-z * z / 2) / math.sqrt(2 * math.pi) * (width * weights)
    values = integrands(z.ravel())
    weighted = values.reshape(len(values), *z.shape) * mass
    return weighted.sum(axis=2), np.abs(weighted).sum(axis=2)
