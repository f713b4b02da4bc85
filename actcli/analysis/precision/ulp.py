"""Errors in units in the last place (ULP), and mergeable statistics of millions of them.

The error of a result t for the exact y is |y − t| / ulp(y). ulp(y) is the distance of the numbers of t's type in
the binade of y, 2**e <= |y| < 2**(e+1): Goldberg's (1991) and, except at powers of two, Muller's (2005) unit;
below the normal numbers it is the distance of the subnormal numbers. A result rounded to nearest has an error of
at most 0.5. An infinite t is right (error 0) where y rounds to it; otherwise it counts as the first power of two
beyond the type's largest number.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.number_types import Floats, LowType

WORST = 10
"""The count of largest errors that are kept."""
_POWERS = 2.0 ** np.arange(-1, 65)
_EDGES = np.concatenate([[0.0], _POWERS, [np.finfo(np.float64).max, np.inf]])
"""Bucket i holds the errors above edge i−1 and up to edge i."""
KEPT = 1 << 20
"""Up to so many errors are kept exactly for the median: 8 MiB."""
_FINE = 256
_FINE_UP_TO = 64.0
_COUNTED_OVER = (0.5, 1.0, 2.0, 4.0)


def ulp_errors(theirs: Floats, exact: Floats, unit: LowType) -> Floats:
    """Return |exact − theirs| / ulp(exact) as defined above; all float64 and of one shape.

    NaN for NaN is 0; NaN for a number, a number for NaN, and a finite number for an exact result that is infinite
    even in float64 are inf. The sign of zero is ignored.
    """
    with np.errstate(all="ignore"):
        # halved, so that the power of two beyond the largest float64 is finite
        infinite = np.isinf(theirs)
        half = np.where(infinite | (np.abs(exact) > 1) | (np.abs(theirs) > 1), 0.5, 1.0)
        beyond = np.copysign(math.ldexp(1.0, unit.largest_exponent), theirs)
        distance = np.abs(half * exact - np.where(infinite, beyond, half * theirs))
        errors = distance / unit.ulp(exact) / half
        rounded = unit.round(exact)
        right = (theirs == exact) | (infinite & (theirs == _infinite(rounded, exact)))
        errors = np.where(right, 0.0, errors)
        errors = np.where(np.isinf(exact) & (theirs != exact), np.inf, errors)
        theirs_nan, exact_nan = np.isnan(theirs), np.isnan(exact)
        errors = np.where(theirs_nan | exact_nan, np.inf, errors)
        return np.where(theirs_nan & exact_nan, 0.0, errors)


def _infinite(rounded: Floats, exact: Floats) -> Floats:
    """Return the rounded results, infinite where a type without infinity has NaN for a too large value."""
    return np.where(np.isnan(rounded), np.copysign(np.inf, exact), rounded)


@dataclass(frozen=True, slots=True)
class Bucket:
    """The count of errors above `low` and up to `high`; the first bucket is 0 to 0, the last inf to inf."""

    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Wrong:
    """One result: its index in the array, x, the result, the exact result, and the error in ULP."""

    index: int
    x: float
    theirs: float
    exact: float
    ulp: float


@dataclass(slots=True)
class UlpStatistics:
    """Mergeable statistics of a stream of errors, bounded in size.

    Attributes:
        count: the count of results.
        largest: the largest error; 0 without errors.
        largest_finite, largest_finite_x: the largest finite error and the first x that has it; NaN where it is 0.
        total: the sum of the finite errors.
        rounded_right: the count of results that are the exact one rounded to nearest.
        nan_disagreements: the count of NaN on one side only.
        zero_signs: the count of zeros of the wrong sign.
        over: the counts of errors above 0.5, 1, 2 and 4.
        worst: the ten largest errors above 0, largest first, the first in the array among equals.
        buckets, fine: the counts of errors in buckets of powers of two, and in those of 1/256 ULP.
        kept: the errors themselves while there are at most `KEPT`.

    """

    count: int = 0
    largest: float = 0.0
    largest_finite: float = 0.0
    largest_finite_x: float = math.nan
    total: float = 0.0
    rounded_right: int = 0
    nan_disagreements: int = 0
    zero_signs: int = 0
    over: tuple[int, ...] = (0,) * len(_COUNTED_OVER)
    worst: tuple[Wrong, ...] = ()
    buckets: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(_EDGES), np.int64))
    fine: NDArray[np.int64] = field(default_factory=lambda: np.zeros(int(_FINE * _FINE_UP_TO) + 2, np.int64))
    kept: tuple[Floats, ...] = ()

    @classmethod
    def of(cls, x: Floats, theirs: Floats, exact: Floats, errors: Floats, unit: LowType) -> "UlpStatistics":
        """Return the statistics of one piece, float64 and 1-D; errors from `ulp_errors`, indices within the piece."""
        finite = np.isfinite(errors)
        rounded = unit.round(exact)
        same = (theirs == rounded) | (np.isnan(theirs) & np.isnan(exact))
        zeros = (theirs == 0) & (rounded == 0)
        place = int(np.argmax(np.where(finite, errors, -1.0))) if finite.any() else -1
        top = float(errors[place]) if place >= 0 else 0.0
        steps = np.ceil(np.minimum(errors, _FINE_UP_TO + 1 / _FINE) * _FINE).astype(np.int64)
        return cls(
            count=errors.size,
            largest=float(errors.max(initial=0.0)),
            largest_finite=top,
            largest_finite_x=float(x[place]) if top else math.nan,
            total=float(errors.sum(where=finite)),
            rounded_right=int((same | (np.isinf(theirs) & (errors == 0))).sum()),
            nan_disagreements=int((np.isnan(theirs) != np.isnan(exact)).sum()),
            zero_signs=int((zeros & (np.signbit(theirs) != np.signbit(rounded))).sum()),
            over=tuple(int((errors > bound).sum()) for bound in _COUNTED_OVER),
            worst=_worst(errors, x, theirs, exact),
            buckets=np.bincount(np.searchsorted(_EDGES, errors), minlength=len(_EDGES)),
            fine=np.bincount(steps, minlength=int(_FINE * _FINE_UP_TO) + 2),
            kept=(errors,),
        )

    def add(self, later: "UlpStatistics") -> None:
        """Add the statistics of the next piece; its indices continue from ours."""
        moved = [replace(wrong, index=wrong.index + self.count) for wrong in later.worst]
        self.count += later.count
        self.largest = max(self.largest, later.largest)
        if later.largest_finite > self.largest_finite:
            self.largest_finite, self.largest_finite_x = later.largest_finite, later.largest_finite_x
        self.total += later.total
        self.rounded_right += later.rounded_right
        self.nan_disagreements += later.nan_disagreements
        self.zero_signs += later.zero_signs
        self.over = tuple(a + b for a, b in zip(self.over, later.over, strict=True))
        both = sorted((*self.worst, *moved), key=lambda wrong: (-wrong.ulp, wrong.index))
        self.worst = tuple(both[:WORST])
        self.buckets = self.buckets + later.buckets
        self.fine = self.fine + later.fine
        self.kept = (*self.kept, *later.kept) if self.count <= KEPT else ()

    @property
    def infinite(self) -> int:
        """Return the count of infinite errors."""
        return int(self.buckets[-1])

    @property
    def mean(self) -> float | None:
        """Return the mean of all errors, inf where one is infinite; None without errors."""
        return math.inf if self.infinite else self.finite_mean

    @property
    def finite_mean(self) -> float | None:
        """Return the mean of the finite errors; None without any."""
        finite = self.count - self.infinite
        return self.total / finite if finite else None

    @property
    def exact_median(self) -> bool:
        """Return whether the errors are few enough for an exact median."""
        return self.count <= KEPT

    @property
    def median(self) -> float | None:
        """Return the median of all errors; with more than `KEPT` an upper bound, the end of its narrow bucket.

        The bound is a multiple of 1/256 up to 64, and above it a power of two.
        """
        if not self.count:
            return None
        half = (self.count + 1) // 2
        if self.exact_median:
            errors = np.concatenate(self.kept)
            upper = self.count // 2
            low, high = np.partition(errors, (half - 1, upper))[[half - 1, upper]].tolist()
            return float(low / 2 + high / 2)
        place = int(np.searchsorted(np.cumsum(self.fine), half))
        if place < len(self.fine) - 1:
            return place / _FINE
        return float(_EDGES[int(np.searchsorted(np.cumsum(self.buckets), half))])

    def histogram(self) -> Sequence[Bucket]:
        """Return the errors by size: 0, up to 0.5, 1, 2, 4 …, the last one infinite; up to the largest that occurs.

        Empty buckets above 4 are left out, since a single result of the wrong sign is off by millions.
        """
        if not self.count:
            return ()
        last = int(np.flatnonzero(self.buckets[:-1]).max(initial=1))
        buckets = [Bucket(0.0, 0.0, int(self.buckets[0]))]
        buckets += [
            Bucket(float(_EDGES[i - 1]), float(_EDGES[i]), int(self.buckets[i]))
            for i in range(1, last + 1)
            if self.buckets[i] or _EDGES[i] <= _COUNTED_OVER[-1]
        ]
        if self.infinite:
            buckets.append(Bucket(math.inf, math.inf, self.infinite))
        return buckets


def _worst(errors: Floats, x: Floats, theirs: Floats, exact: Floats) -> tuple[Wrong, ...]:
    kept: NDArray[Any] = np.flatnonzero(errors > 0)
    if kept.size > WORST:
        bound = np.partition(errors[kept], kept.size - WORST)[kept.size - WORST]
        # among ties at the bound the first in the array are enough
        above, level = kept[errors[kept] > bound], kept[errors[kept] == bound]
        kept = np.concatenate([above, level[: WORST - above.size]])
    order = np.lexsort((kept, -errors[kept]))
    return tuple(
        Wrong(int(i), float(x[i]), float(theirs[i]), float(exact[i]), float(errors[i])) for i in kept[order]
    )
