"""Exact upper bounds of firing probabilities, and the samples they need."""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.quadrature import gauss_legendre
from actcli.dataclass import dataclass
from actcli.exits import UsageError

Numbers = NDArray[np.float64]

_NEWTON_STEPS = 100
_CLOSE = 1e-12
"""Relative Newton step of p that ends the search; the next step would be its square."""
_REACH = 37.0
"""Fall of the log density at which its tail is cut off: e**-37 = 1e-16."""
_NODES = 64
_FEWEST = 2
"""One sample is never proof."""
_PANEL = 1024
_SMALL = 16


def silent_bound(samples: int, confidence: float) -> float:
    """Return the upper bound of the firing probability of a unit that was silent in all samples: 1 - alpha**(1/N).

    alpha = 1 - confidence. Exact, and valid at any stopping time, since silence ends only once. 1 without samples.
    Raises UsageError for a confidence that is not between 0 and 1.
    """
    alpha = _alpha(confidence)
    return 1.0 if samples < 1 else -math.expm1(math.log(alpha) / samples)


def firing_bound(fired: NDArray[np.int64], samples: int | NDArray[np.int64], confidence: float) -> Numbers:
    """Return the upper bounds of firing probabilities after k firings in N samples: BetaInv(1 - alpha; k + 1, N - k).

    fired: (units,), each from 0 to its samples, of which there are as many for all units, or (units,) too. Returns
    (units,) float64, 1 where k = N. For a number of samples fixed in advance. Each solves P(X <= k) = alpha for X
    binomial (N, p); equal k and N are solved once. Raises UsageError for a confidence that is not between 0 and 1.
    Source: Clopper & Pearson 1934.
    """
    alpha = _alpha(confidence)
    counts, trials = np.broadcast_arrays(np.asarray(fired, np.int64), samples)
    order = np.lexsort((counts, trials))
    counts, trials = counts[order], trials[order]
    is_new = np.ones(counts.size, np.bool_)
    is_new[1:] = (counts[1:] != counts[:-1]) | (trials[1:] != trials[:-1])
    counts, trials = counts[is_new], trials[is_new]
    bounds = np.ones(counts.size)
    bounds[counts == 0] = [silent_bound(n, confidence) for n in trials[counts == 0].tolist()]
    between = (counts > 0) & (counts < trials)
    if between.any():
        bounds[between] = _solve(
            counts[between].astype(np.float64), trials[between].astype(np.float64), alpha
        )
    found = np.empty(order.size)
    found[order] = bounds[np.cumsum(is_new) - 1]
    return found


def samples_needed(units: int, rare: float, confidence: float) -> int:
    """Return the samples after which silence of any of M units means p < p0: N >= ln(M / alpha) / -ln(1 - p0).

    The bound holds for all units together (Bonferroni). At least 2: one sample is never proof.
    Raises UsageError for no units, or a rare or confidence that is not between 0 and 1.
    """
    alpha = _alpha(confidence)
    if units < 1:
        raise UsageError(f"{units} units: must be 1 or more")
    if not 0 < rare < 1:
        raise UsageError(f"rare {rare:g}: must be a firing probability between 0 and 1")
    needed = (math.log(units) - math.log(alpha)) / -math.log1p(-rare)
    return max(_FEWEST, math.ceil(needed))


def proves_excess(
    silent: Sequence[tuple[int, int]], units: int, allowed: int, rare: float, alpha: float
) -> bool:
    """Return whether silent units refute that at most `allowed` of `units` fire with p < p0, at level alpha.

    silent: samples and silent units of each layer. With D silent units in N samples each: (U-m)(1-p0)**N <= alpha(D-m).
    At least U-m units fire with p >= p0, so that at most (U-m)(1-p0)**N of these are expected to be silent, and Markov
    bounds P(D-m or more of them): units need not be independent. As silent/(1-p0)**N is a nonnegative supermartingale,
    it holds at any stopping time. Layers with different N: the sum of (1-p0)**-N over all but the m units with the
    most samples takes the place of (D-m)(1-p0)**-N. One sample is never proof.
    """
    left = sum(count for _, count in silent) - allowed
    logarithm = -math.inf
    for samples, count in sorted(layer for layer in silent if layer[1]):
        taken = min(count, left)
        if taken <= 0:
            break
        if samples < _FEWEST:
            return False
        logarithm = float(np.logaddexp(logarithm, math.log(taken) - samples * math.log1p(-rare)))
        left -= taken
    # a millionth of a millionth more than rounding takes
    return (
        logarithm * (1 + 1e-12) >= math.log(units - allowed) - math.log(alpha) if units > allowed else False
    )


def samples_of_excess(dead: int, units: int, allowed: int, rare: float, alpha: float) -> int:
    """Return the samples in which D > m silent units are proof of more than m units with p < p0.

    N >= ln((U-m) / (alpha (D-m))) / -ln(1-p0), and at least 2.
    """
    needed = (math.log(units - allowed) - math.log(alpha * (dead - allowed))) / -math.log1p(-rare)
    return max(_FEWEST, math.ceil(needed * (1 - 1e-12)))


def round_up(bound: float, digits: int = 3) -> float:
    """Round a bound outward to some significant digits: the smallest such decimal that is not below it.

    0 and non-finite numbers stay. Raises UsageError for fewer than 1 digit.
    """
    if digits < 1:
        raise UsageError(f"{digits} digits: must be 1 or more")
    if not bound or not math.isfinite(bound):
        return bound
    from decimal import ROUND_CEILING, Context

    return float(Context(prec=digits, rounding=ROUND_CEILING).create_decimal(repr(float(bound))))


def _alpha(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise UsageError(f"confidence {confidence:g}: must be between 0 and 1, such as 0.95")
    return 1.0 - confidence


def _solve(fired: Numbers, samples: Numbers, alpha: float) -> Numbers:
    """Return the p at which P(X <= k) = alpha: the upper tail of a beta density with a = k + 1, b = N - k.

    Written in d, the log odds of p less those of the mode q = a / (a + b): there the density is
    c · exp(-D(d)), D(d) = n·log(1 + q (e**d - 1)) - a·d: log-concave, with exponential tails on both sides, and
    exact where a, b or both are huge. Newton's method on the logarithm of its tail, which is concave, comes down
    to the root from the right and cannot overshoot it.
    """
    beta = _Beta.of(fired + 1.0, samples - fired)
    # the normal tail is below exp(-z**2 / 2) / 2: its z lies right of the root, or near it
    z = math.copysign(math.sqrt(-2.0 * math.log(2.0 * min(alpha, 1.0 - alpha))), 0.5 - alpha)
    at = z / np.sqrt(beta.a * (beta.b / beta.n))
    target = math.log(alpha)
    for _ in range(_NEWTON_STEPS):
        density, tail = beta.density_and_tail(at)
        step = (np.log(tail) - target) * tail / density
        at += step
        if float(np.abs(step).max()) <= _CLOSE:
            break
    return np.asarray(beta.q * np.exp(at) / (1.0 + beta.q * np.expm1(at)), np.float64)


@dataclass(frozen=True, slots=True)
class _Beta:
    """Beta densities of whole a >= 2 and b >= 1 in d, the log odds less those of the mode. All (units,)."""

    a: Numbers
    b: Numbers
    n: Numbers
    q: Numbers
    height: Numbers

    @classmethod
    def of(cls, a: Numbers, b: Numbers) -> "_Beta":
        n = a + b
        # Gamma(n) / (Gamma(a) Gamma(b)) a**a b**b / n**n by Stirling's formula, in which the huge factors cancel
        correction = _stirling_error(n) - _stirling_error(a) - _stirling_error(b)
        height = np.sqrt(a * (b / n) / (2.0 * np.pi)) * np.exp(correction)
        return cls(a, b, n, a / n, height)

    def density_and_tail(self, at: Numbers) -> tuple[Numbers, Numbers]:
        """Return the density at d, and its integral from there to infinity."""
        density, tail = np.empty(at.size), np.empty(at.size)
        for start in range(0, at.size, _PANEL):  # a panel's nodes stay in the cache
            part = slice(start, start + _PANEL)
            chosen = _Beta(self.a[part], self.b[part], self.n[part], self.q[part], self.height[part])
            density[part], tail[part] = chosen._integrate(at[part])
        return density, tail

    def _integrate(self, at: Numbers) -> tuple[Numbers, Numbers]:
        nodes, weights = gauss_legendre(_NODES)
        here = self._fall(at)
        width = self._end(at) - at
        inside = at + width * nodes[:, None]
        shape = weights @ np.exp(here - self._fall(inside))
        density = self.height * np.exp(-here)
        return density, density * width * shape

    def _fall(self, d: Numbers) -> Numbers:
        """Return D(d), how far the log density lies below its mode. (units,) or (nodes, units)."""
        return np.asarray(self.n * np.log1p(self.q * np.expm1(d)) - self.a * d, np.float64)

    def _end(self, at: Numbers) -> Numbers:
        """Return where the tail is cut off; D is convex, so that Newton's steps end beyond that point."""
        start = np.maximum(at, 0.0)
        level = self._fall(start) + _REACH
        slope, bend = self._slope(start)
        end = start + 2.0 * _REACH / (slope + np.sqrt(slope**2 + 2.0 * _REACH * bend))
        for _ in range(4):
            slope, _ = self._slope(end)
            end += (level - self._fall(end)) / slope
        return end

    def _slope(self, d: Numbers) -> tuple[Numbers, Numbers]:
        """Return D' and D''."""
        share = self.q * np.exp(d) / (1.0 + self.q * np.expm1(d))
        return self.n * share - self.a, self.n * share * (1.0 - share)


def _stirling_error(x: Numbers) -> Numbers:
    """Return log Gamma(x) less Stirling's (x - 1/2) log x - x + log(2 pi)/2, for whole x >= 1 to 1e-16."""
    inverse = 1.0 / (x * x)
    series = (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - inverse / 1188) * inverse) * inverse) * inverse) / x
    small = np.minimum(x, _SMALL).astype(np.int64)
    return np.where(x < _SMALL, _stirling_table()[small], series)


@cache
def _stirling_table() -> Numbers:
    exact = [
        math.lgamma(x) - (x - 0.5) * math.log(x) + x - math.log(2 * math.pi) / 2 for x in range(1, _SMALL)
    ]
    return np.array([0.0, *exact, 0.0])
