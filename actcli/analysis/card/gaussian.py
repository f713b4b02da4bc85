"""Expectations under the standard normal distribution, that of the preactivations of a wide layer.

Composite Gauss-Legendre quadrature against the density, split at the kinks and where the integrand changes fast.
Gauss-Hermite quadrature would be inaccurate: its polynomials cannot bend at a kink.
"""

import math
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from actcli.activations.distinct import distinct
from actcli.analysis.quadrature import gauss_legendre

Floats = NDArray[np.float64]

_FARTHEST = 38.0
"""Beyond it the density is below the normal numbers."""
_NODES = 16
_GRADING = 4.0 ** -np.arange(1.0, 22.0)
"""Distances from a break at which panels end, so that a feature of any width there is resolved."""
_ROUNDS = 48
_MOST_PANELS = 2_000
_TOLERANCE = 1e-13
"""A panel is halved while its error exceeds this share of the integral of |g|."""
_ROUNDING = 1e-15
_SAME_POWER = 0.03
"""Ratios of masses that differ by less belong to one power law; so near to 1 the shells count as equal."""


def expectation(
    integrands: Callable[[Floats], Floats], breaks: Iterable[float] = (), *, bounded: bool = False
) -> Floats:
    """Return E[g(z)], z ~ N(0, 1), for k functions at once: g maps (n,) to (k, n), the result is (k,).

    `breaks` are the points where a g jumps, bends or peaks; the integral is split there and closely around.
    An integral that overflows is inf, and so is one that diverges towards a break, as that of 1/|z| does; where it
    diverges to inf on one side and to -inf on the other, it is NaN. No integral of `bounded` functions is looked
    at for that.
    """
    inner = np.array([point for point in breaks if -_FARTHEST < point < _FARTHEST])
    graded = (inner[:, None] + np.concatenate([-_GRADING, [0.0], _GRADING])).ravel()
    edges = distinct(np.concatenate([np.linspace(-_FARTHEST, _FARTHEST, 77), graded]))

    def finite_at_breaks(z: Floats) -> Floats:
        """Return the integrands; 0 for one that is not finite at a break, to which a node may be rounded."""
        y = integrands(z)
        lost = ~np.isfinite(y)
        return np.where(lost & np.isin(z, inner), 0.0, y) if lost.any() else y

    with np.errstate(all="ignore"):
        low, high = edges[:-1], edges[1:]
        coarse, sizes = _panels(finite_at_breaks, low, high)
        allowed = _TOLERANCE * sizes.sum(axis=1, keepdims=True)
        total = np.zeros(len(coarse))
        for _ in range(_ROUNDS):
            middle = low / 2 + high / 2
            halves = np.concatenate([low, middle]), np.concatenate([middle, high])
            fine, _ = _panels(finite_at_breaks, *halves)
            better = fine[:, : low.size] + fine[:, low.size :]
            open_ = (np.abs(better - coarse) > allowed).any(axis=0) & (middle > low) & (middle < high)
            total += better[:, ~open_].sum(axis=1)
            if not open_.any() or low.size > _MOST_PANELS:
                coarse = better[:, open_]
                break
            keep = np.concatenate([open_, open_])
            low, high, coarse = halves[0][keep], halves[1][keep], fine[:, keep]
    total += coarse.sum(axis=1)
    # an integral that cancels leaves a rounding error
    size = sizes.sum(axis=1)
    total = np.where((np.abs(total) <= _ROUNDING * size) & np.isfinite(size), 0.0, total)
    return total if bounded or not inner.size else total + _divergence(finite_at_breaks, distinct(inner))


def _divergence(integrands: Callable[[Floats], Floats], points: Floats) -> Floats:
    """Return ±inf for each integrand whose integral diverges towards a point from one side, else 0; shape (k,).

    Near |z - point|^-q the shells from 4^-i to 4^-(i+1) hold masses with the ratio 4^(q-1), so the sum diverges where
    shells stay equal or grow. A narrow peak is no such power: inside it the shells shrink as for a constant. Where the
    integral diverges to inf and to -inf, the result is NaN.
    """
    ends = points[:, np.newaxis, np.newaxis] + np.array([[-1.0], [1.0]]) * _GRADING[7:]
    low, high = np.sort([ends[..., :-1], ends[..., 1:]], axis=0)
    with np.errstate(all="ignore"):
        signed, sizes = (
            part.reshape(-1, *low.shape) for part in _panels(integrands, low.ravel(), high.ravel())
        )
        ratios = sizes[..., 1:] / sizes[..., :-1]
        least, most = ratios.min(axis=-1), ratios.max(axis=-1)
        diverges = (most < (1 + _SAME_POWER) * least) & (least > 1 - _SAME_POWER)
        sums: Floats = np.where(diverges, np.copysign(np.inf, signed[..., -1]), 0.0).sum(axis=(1, 2))
    return sums


def _panels(integrands: Callable[[Floats], Floats], low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Return the integrals of g·φ and of |g|·φ over each panel, both of shape (k, panels)."""
    nodes, weights = gauss_legendre(_NODES)
    width = (high - low)[:, None]
    z = low[:, None] + width * nodes
    mass = np.exp(-z * z / 2) / math.sqrt(2 * math.pi) * (width * weights)
    values = integrands(z.ravel())
    weighted = values.reshape(len(values), *z.shape) * mass
    return weighted.sum(axis=2), np.abs(weighted).sum(axis=2)
