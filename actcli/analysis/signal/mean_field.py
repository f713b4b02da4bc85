"""E f(√q·z)², E f'(√q·z)² and related expectations for any variance q of the preactivations, z ~ N(0, 1).

A recursion over fifty layers and a search for fixed points need hundreds of values of q. So f is computed once,
on a lattice in x that is graded over all scales of float64 and split at the kinks, and each q needs only a new
density on the lattice.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from actcli.activations import Activation
from actcli.activations.distinct import distinct
from actcli.analysis.card.gaussian import Floats
from actcli.analysis.quadrature import gauss_legendre
from actcli.analysis.stream.evaluation import require_elementwise
from actcli.exits import UsageError

TINY = 1e-100
"""A variance that stands for the limit at 0."""
HUGE = 1e100
"""A variance that stands for the limit at infinity."""

_LEAST = 1e-200
"""For smaller variances f(√q·z)² leaves the range of float64."""
_NODES = 20
_LOWEST, _HIGHEST = -620, 522
"""Powers of 2 at which the lattice begins and ends: √q for any float64 q, times the next constants."""
_FARTHEST = 38.0
"""Standard deviations beyond which the density is below the normal numbers of float64."""
_NEAREST = 2.0**-54
"""Standard deviations around 0 with a negligible mass."""
_TOLERANCE = 1e-12
_ROUNDS = 12
_REFINED = 2.0**10
"""The lattice is fitted to the function up to here; an endless wave is averaged beyond."""
_MOST_PANELS = 12_000
_TERMS = 1_000
_WIDE = 12.0
"""Standard deviations beyond which a Hermite function times the density is negligible."""
_WAVE = 0.25
"""The width of a panel on which 20 nodes resolve the Hermite polynomial of degree 1000, of wavelength 0.2."""


@dataclass(frozen=True, slots=True, eq=False)
class MeanField:
    """The effect of a wide layer with this activation on variances and correlations.

    Attributes:
        function: an elementwise activation, defined for all numbers.
        edges: the ends of the lattice's panels.
        x, root: its nodes and the square roots of their weights.
        value, slope: f and f' at the nodes.

    """

    function: Activation
    edges: Floats
    x: Floats
    root: Floats
    value: Floats
    slope: Floats

    @classmethod
    def of(cls, f: Activation) -> "MeanField":
        """Return the lattice of f. Raises UsageError for a function over rows, or with a limited domain."""
        require_everywhere(f)
        with np.errstate(all="ignore"):
            edges = _fit_panels(f)
            x, weights = _nodes(edges)
            return cls(f, edges, x, np.sqrt(weights), f(x), f.grad(x))

    def square(self, q: float) -> float:
        """Return E f(√q·z)², the second moment after the function at variance q; inf where it overflows."""
        if q == 0:
            return float(self.function(0.0)) ** 2
        if q < _LEAST and float(self.function(0.0)) == 0:
            # so near 0 the ratio is constant, and a variance must be able to fall to 0
            return self._mean_square(self.value, _LEAST) * (q / _LEAST)
        return self._mean_square(self.value, q)

    def slope_square(self, q: float) -> float:
        """Return E f'(√q·z)², the factor for the variance of gradients; f'(0)² at q = 0."""
        if q == 0:
            return float(self.function.grad(0.0)) ** 2
        return self._mean_square(self.slope, q)

    def growth(self, q: float) -> float:
        """Return d E f(√q·z)² / dq = E f(√q·z)²·(z² − 1) / 2q, from the density's derivative, since f may jump."""
        return self._mean_square(self.value, q, lambda z: (z * z - 1) / (2 * q))

    def hermite(self, q: float) -> Floats:
        """Return a_k² for k = 0 … 1000, where f(√q·z) = Σ a_k h_k(z) in normalised Hermite polynomials.

        Then E f(√q·z₁)·f(√q·z₂) = Σ a_k² c^k for z of correlation c (Mehler), which turns integrals in the plane
        into integrals on the line.
        """
        s = math.sqrt(q)
        near = self.edges[np.abs(self.edges) < _WIDE * s] / s
        # panels nearer to 0 hold no mass, and there are hundreds of octaves of them
        near = near[(np.abs(near) > 1e-17) | (near == 0)]
        panels = np.linspace(-_WIDE, _WIDE, round(2 * _WIDE / _WAVE) + 1)
        z, weights = _nodes(distinct(np.concatenate([panels, near])))
        with np.errstate(all="ignore"):
            mass = weights * np.exp(-z * z / 2) / math.sqrt(2 * math.pi) * self.function(s * z)
        before, now = np.zeros_like(z), np.ones_like(z)
        coefficients = np.empty(_TERMS + 1)
        for k in range(_TERMS + 1):
            coefficients[k] = mass @ now
            before, now = now, (z * now - math.sqrt(k) * before) / math.sqrt(k + 1)
        return np.square(coefficients)

    def _mean_square(self, y: Floats, q: float, also: Callable[[Floats], Floats] | None = None) -> float:
        s = math.sqrt(min(max(q, 1e-300), 1e308))
        total = 0.0
        with np.errstate(all="ignore"):
            for low, high in ((-_FARTHEST * s, -_NEAREST * s), (_NEAREST * s, _FARTHEST * s)):
                part = slice(*np.searchsorted(self.x, (low, high)).tolist())
                z = self.x[part] / s
                # squared last, since the square of e^x overflows where its product with the density does not
                shares = np.square(y[part] * (self.root[part] * np.exp(-z * z / 4) / math.sqrt(s)))
                total += float((shares if also is None else shares * also(z)).sum())
        return total / math.sqrt(2 * math.pi)


def require_everywhere(f: Activation) -> None:
    """Raise UsageError for a function over rows, or one that is not defined for every number."""
    require_elementwise([f])
    low, high = f.definition.domain
    if math.isfinite(low) or math.isfinite(high):
        raise UsageError(
            f"{f.spec} is defined from {low:g} to {high:g} only; a network's signal takes all values"
        )


def _fit_panels(f: Activation) -> Floats:
    """Return the panels' ends: an octave each, split at the kinks, halved until 20 nodes resolve f."""
    scales = 2.0 ** np.arange(_LOWEST, _HIGHEST + 1)
    kinks = [kink.at for kink in f.kinks if abs(kink.at) < scales[-1]]
    edges = distinct(np.concatenate([-scales, [0.0], scales, kinks]))
    open_ = (edges[:-1] >= -_REFINED) & (edges[1:] <= _REFINED)
    for _ in range(_ROUNDS):
        low, high = edges[:-1][open_], edges[1:][open_]
        middle = (low + high) / 2
        whole, size = _sums(f, low, high)
        left, _ = _sums(f, low, middle)
        right, _ = _sums(f, middle, high)
        rough = (np.abs(whole - left - right) > _TOLERANCE * size).any(axis=0)
        if not rough.any() or edges.size > _MOST_PANELS:
            break
        added = middle[rough]
        edges = distinct(np.concatenate([edges, added]))
        open_ = np.isin(edges[:-1], added) | np.isin(edges[1:], added)
    return edges


def _sums(f: Activation, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Return the integrals of f² and f'² over panels, and a size to compare errors with, both (2, panels)."""
    nodes, weights = gauss_legendre(_NODES)
    width = (high - low)[:, None]
    x = low[:, None] + width * nodes
    flat = x.ravel()
    y = np.square(np.stack([f(flat), f.grad(flat)])).reshape(2, *x.shape)
    y = np.where(np.isfinite(y), y, 0.0)
    # a slope that is only rounding error cannot be resolved
    largest = np.maximum(y.max(axis=2), 1e-6)
    return (y * (width * weights)).sum(axis=2), largest * width[:, 0]


def _nodes(edges: Floats) -> tuple[Floats, Floats]:
    nodes, weights = gauss_legendre(_NODES)
    width = np.diff(edges)[:, None]
    return (edges[:-1, None] + width * nodes).ravel(), (width * weights).ravel()
