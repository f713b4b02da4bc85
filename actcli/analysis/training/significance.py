"""Intervals of means, and tests of whether means differ by more than chance.

Student's t for paired samples, Holm's correction, and the correction of Nadeau and Bengio (2003) for test sets that
overlap.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_MOST_TERMS = 1000
_SAME = 1e-15


@dataclass(frozen=True, slots=True)
class Nesting:
    """How networks are nested: so many splits of the data, with equally many seeds on each.

    With several splits the unit of chance is the split. The splits share samples, so their means are correlated.
    Nadeau and Bengio (2003) raise the variance of their mean from s²/S to s²·(1/S + test/training samples).

    Attributes:
        splits: S; values are ordered by split and then by seed.
        test_ratio: the number of test samples over that of training samples.

    """

    splits: int = 1
    test_ratio: float = 0.0

    def half_width(self, values: Sequence[float] | Array) -> float:
        """Return half the 95 % interval of the mean: over seeds with one split, else over splits and seeds."""
        if self.splits == 1:
            return half_width(values)
        means = self._means(values)
        return half_width(means) * self._correction

    def half_width_of_seeds(self, values: Sequence[float] | Array) -> float:
        """Return half the 95 % interval of the mean over the seeds of one split, by the spread within all splits.

        NaN for one seed, and if a value is not finite.
        """
        array = np.asarray(values, np.float64).reshape(self.splits, -1)
        seeds = array.shape[1]
        if seeds < 2 or not np.isfinite(array).all():
            return math.nan
        spread = math.sqrt(float(array.var(axis=1, ddof=1).mean()))
        return _quantile(0.05, self.splits * (seeds - 1)) * spread / math.sqrt(seeds)

    def paired_p(self, a: Sequence[float] | Array, b: Sequence[float] | Array, step: float = 0.0) -> float:
        """Return the p value of equal means, of pairs of networks or of the means of splits; see `paired_p`."""
        if self.splits == 1:
            return paired_p(a, b, step)
        return paired_p(self._means(a), self._means(b), step, self._correction)

    @property
    def _correction(self) -> float:
        return math.sqrt(1 + self.splits * self.test_ratio)

    def _means(self, values: Sequence[float] | Array) -> Array:
        means: Array = np.asarray(values, np.float64).reshape(self.splits, -1).mean(axis=1)
        return means


ONE_SPLIT = Nesting()


def two_sided_p(t: float, dof: int) -> float:
    """Return P(|T| > t) for Student's distribution with `dof` >= 1 degrees of freedom; relative error about 1e-12.

    The regularised incomplete beta function I_x(dof/2, 1/2) at x = dof/(dof + t²) (Abramowitz and Stegun 1964,
    26.7.1), by its continued fraction (26.5.8) on the side on which it converges fast. Tiny p keep their digits.
    """
    square = t * t
    if square == 0:
        return 1.0
    if math.isinf(square):
        return 0.0
    a, x = dof / 2, dof / (dof + square)
    if x < (a + 1) / (a + 2.5):
        return _incomplete_beta(a, 0.5, x, square / (dof + square))
    return 1 - _incomplete_beta(0.5, a, square / (dof + square), x)


def half_width(values: Sequence[float] | Array, confidence: float = 0.95) -> float:
    """Return half the width of the confidence interval of the mean of n independent values.

    NaN for a single value, and if a value is not finite.
    """
    array = np.asarray(values, np.float64)
    if array.size < 2 or not np.isfinite(array).all():
        return math.nan
    # the mean of equal values is rounded, so that deviations from it would not be 0
    spread = float(array.std(ddof=1)) if array.min() < array.max() else 0.0
    return _quantile(1 - confidence, array.size - 1) * spread / math.sqrt(array.size)


def paired_p(
    a: Sequence[float] | Array, b: Sequence[float] | Array, step: float = 0.0, correction: float = 1.0
) -> float:
    """Return the p value of the paired t test of equal means for a and b of one length; 1 if they are the same.

    Values in steps (1/n for a share of n samples) may differ by the same amount in every pair; the spread of their
    differences is then hidden by rounding. It is taken as step/√12 at least, the deviation of a rounding error
    (Sheppard 1898). `correction` multiplies the standard error. NaN for fewer than two pairs, or non-finite values.
    """
    with np.errstate(invalid="ignore"):
        difference = np.subtract(a, b, dtype=np.float64)
    if difference.size < 2 or not np.isfinite(difference).all():
        return math.nan
    mean, spread = float(difference.mean()), max(float(difference.std(ddof=1)), step / math.sqrt(12))
    if spread == 0:
        return 1.0 if mean == 0 else 0.0
    return two_sided_p(mean / (spread * correction) * math.sqrt(difference.size), difference.size - 1)


def holm(p: Sequence[float]) -> tuple[float, ...]:
    """Correct p values for their number (Holm 1979), so that all of them hold together. NaN stays."""
    ordered = sorted((value, place) for place, value in enumerate(p) if not math.isnan(value))
    corrected = [math.nan] * len(p)
    largest = 0.0
    for rank, (value, place) in enumerate(ordered):
        largest = max(largest, min(1.0, value * (len(ordered) - rank)))
        corrected[place] = largest
    return tuple(corrected)


@lru_cache(maxsize=64)
def _quantile(p: float, dof: int) -> float:
    """Return the t that |T| exceeds with probability p. Cached: it takes 2 ms, for every point of a learning curve."""
    low, high = 0.0, 1.0
    while two_sided_p(high, dof) > p:
        low, high = high, 2 * high
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if two_sided_p(middle, dof) > p else (low, middle)
    return (low + high) / 2


def _incomplete_beta(a: float, b: float, x: float, rest: float) -> float:
    """Return I_x(a, b) for x below its middle, `rest` = 1 - x, by Lentz's method (Thompson and Barnett 1986)."""
    front = a * math.log(x) + b * math.log(rest) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, _MOST_TERMS):
        before = fraction
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / (1 + term * d)
            c = 1 + term / c
            fraction *= c * d
        if abs(fraction - before) <= _SAME * abs(fraction):
            break
    return math.exp(front) * fraction / a
