"""The correlation of two signals through random layers, and its limit.

For preactivations of variance q and correlation c, c_l = (sw² E f(√q·z₁)·f(√q·z₂) + sb²)/q_l (Poole et al. 2016).
In Hermite polynomials this is Σ p_k c^k with p_k >= 0 and Σ p_k = 1: the generating function of a distribution,
convex on [0, 1], whose slope at 1 is chi_1. One integral on the line for each k replaces those in the plane.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from actcli.analysis.card.gaussian import Floats
from actcli.analysis.signal.mean_field import MeanField

_SAME = 1e-12
_BINS = 2.0 ** np.linspace(0, 40, 161)
_BISECTIONS = 80


@dataclass(frozen=True, slots=True, eq=False)
class CorrelationMap:
    """The map from c to Σ p_k c^k.

    Attributes:
        weights: p_k, with sum 1.
        exponents: k; beyond the Hermite series 0 … 1000, numbers that each stand for many.

    """

    weights: Floats
    exponents: Floats

    @classmethod
    def of(cls, field: MeanField, q: float, weight_std: float, bias_std: float) -> "CorrelationMap":
        """Return the map at a variance q > 0 before the function."""
        square = weight_std**2 * field.square(q)
        terms = weight_std**2 * field.hermite(q)
        last = float(terms.size - 1)
        rest = square - float(terms.sum())
        slope = weight_std**2 * q * field.slope_square(q) - float(np.arange(terms.size) @ terms)
        terms[0] += bias_std**2
        k = np.arange(terms.size, dtype=np.float64)
        if rest > _SAME * square:
            jumps = any(kink.jump for kink in field.function.kinks)
            shares, beyond = _tail(last, np.inf if jumps else slope / rest)
            terms, k = np.concatenate([terms, rest * shares]), np.concatenate([k, beyond])
        return cls(terms / terms.sum(), k)

    def at(self, c: float) -> float:
        """Return the correlation after the layer, for c in [0, 1] before it."""
        return float(self.weights @ np.power(c, self.exponents))

    def slope(self, c: float) -> float:
        """Return dc_l/dc_{l-1} at c in [0, 1]."""
        k = self.exponents[1:]
        return float((self.weights[1:] * k) @ np.power(c, k - 1))


def find_fixed_point(maps: Sequence[CorrelationMap]) -> tuple[float, float]:
    """Return the stable fixed point in [0, 1] of the composed maps, and their slope there.

    1 is a fixed point. A convex map has another one below it exactly where its slope at 1 is above 1.
    """

    def through(c: float) -> tuple[float, float]:
        slope = 1.0
        for each in maps:
            slope *= each.slope(c)
            c = min(each.at(c), 1.0)
        return c, slope

    top = through(1.0)[1]
    if top <= 1 + _SAME:
        return 1.0, top
    after, slope = through(0.0)
    if after <= _SAME:
        return 0.0, slope
    turn = _bisect_end(lambda c: through(c)[1] < 1)
    below = _bisect_end(lambda c: c <= turn and through(c)[0] > c)
    return below, through(below)[1]


def _tail(last: float, mean: float) -> tuple[Floats, Floats]:
    """Return shares and exponents of the power law k^-a beyond the last term, whose mean exponent is `mean`.

    At a kink p_k falls as k^-5/2, and at a jump as k^-3/2, which has no mean: the law is the right one, and its mean
    makes the map's slope at 1 exact.
    """
    # the tail P(k > b) = (b/last)^-fall has the mean last·fall/(fall - 1)
    if mean == np.inf:
        fall = 0.5
    elif mean > last * 1.001:
        fall = max(mean / (mean - last), 1 + 1e-9)
    else:  # so little that only rounding decides its place
        fall = 1e3
    beyond = _BINS**-fall
    shares = -np.diff(beyond, append=0.0)
    with np.errstate(all="ignore"):
        # the mean exponent of each bin; the last bin is infinite where the law has a mean
        first = _BINS ** (1 - fall)
        moments = fall / (fall - 1) * -np.diff(first, append=0.0 if fall > 1 else first[-1] * 2)
        inside = np.where(shares > 0, moments / shares, _BINS)
    return shares, last * np.maximum(inside, 1.0)


def _bisect_end(holds: Callable[[float], bool]) -> float:
    """Return the end of the stretch of [0, 1] from 0 on which a condition holds."""
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
