"""Boxes: a lower and an upper bound of every number of a tensor, and the rounding of float32 that they allow for.

The bounds hold for IEEE float32 with gradual underflow, in any order of summation, with or without fused multiply-add
(Higham 2002, chapter 3). They are computed in float64, whose own rounding is added. A bound that is not known is NaN:
every comparison with it is false, so that nothing is proved by it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

UNIT = 2.0**-24
"""The largest relative error of one rounding to float32."""
TINY = 2.0**-149
"""The smallest positive float32; an operation that underflows is wrong by half of it at most."""
LARGEST = float(np.finfo(np.float32).max) / 8
"""Beyond this nothing is known: a runtime may add a few tensors in one sum, and overflow on the way."""
DOUBLE = 2.0**-52
"""Twice the largest relative error of one rounding to float64."""
_SPARE = 1.0 + 2.0**-10
"""Covers the rounding of the error bounds themselves."""
_MOST_ROUNDINGS = 2.0**22


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """Bounds of a tensor, in its own shape.

    Attributes:
        lower, upper: the bounds; both NaN where nothing is known, or where sums may overflow.
        fixed: numbers that no input in the box changes, whatever they are rounded to.

    """

    lower: Numbers
    upper: Numbers
    fixed: Flags

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the tensor."""
        return self.lower.shape

    @property
    def center(self) -> Numbers:
        """The middle of each interval."""
        return self.lower / 2 + self.upper / 2

    @property
    def magnitude(self) -> Numbers:
        """The largest absolute value in each interval."""
        return np.maximum(np.abs(self.lower), np.abs(self.upper))

    def radius(self, center: Numbers) -> Numbers:
        """Return half the width of each interval about its center, rounded up."""
        half = (self.upper - self.lower) * (0.5 + DOUBLE)
        half += np.abs(center) * DOUBLE
        return half


def make_box(lower: Numbers, upper: Numbers, fixed: Flags | None = None) -> Box:
    """Return a box; numbers whose bounds are NaN, or so large that sums may overflow, are unknown."""
    if not _all_known(lower, upper):
        known = (np.abs(lower) <= LARGEST) & (np.abs(upper) <= LARGEST) & (lower <= upper)
        fixed = None if fixed is None else np.asarray(fixed & known, np.bool_)
        lower, upper = np.where(known, lower, np.nan), np.where(known, upper, np.nan)
    if fixed is None:
        fixed = np.zeros(lower.shape, np.bool_)
    return Box(lower, upper, fixed)


def _all_known(lower: Numbers, upper: Numbers) -> bool:
    """Return whether every bound is known; NaN makes every comparison false."""
    least, most = lower.min(initial=0.0), upper.max(initial=0.0)
    return bool(least >= -LARGEST and most <= LARGEST and (lower <= upper).all())


def rounding(count: Numbers | float) -> Numbers:
    """Return the relative error that so many roundings to float32 may add up to; NaN for too many."""
    n = np.asarray(count, np.float64)
    return np.where(n <= _MOST_ROUNDINGS, n * UNIT / (1 - n * UNIT) * _SPARE, np.nan)


def double_rounding(count: float) -> float:
    """Return the relative error that so many roundings to float64 may add up to, with some to spare."""
    return (count + 16) * DOUBLE * _SPARE
