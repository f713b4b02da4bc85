"""Errors in units of the last place, and what is kept of millions of them.

The error of a result t for the exact y is |y − t| / ulp(y). ulp(y) is the distance of the numbers of t's type in
the binade of y, 2**e <= |y| < 2**(e+1): Goldberg's (1991) and, but for powers of two, Muller's (2005) unit;
below the normal numbers it is the distance of the subnormal ones. A result rounded to nearest has an error of
at most 0.5. An infinite t is right (error 0) where y rounds to it; else it counts as the first power of two
beyond the type's largest number.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.precision.number_types import LowType

Array = NDArray[np.float64]

WORST = 10
"""How many of the largest errors are kept."""
_POWERS = 2.0 ** np.arange(-1, 65)
_EDGES = np.concatenate([[0.0], _POWERS, [np.finfo(np.float64).max, np.inf]])
"""Bucket i holds the errors above edge i−1 up to edge i."""
KEPT = 1 << 20
"""So many errors, or fewer, are kept one by one for the median: 8 MiB."""
_FINE = 256
_FINE_UP_TO = 64.0
_COUNTED_OVER = (0.5, 1.0, 2.0, 4.0)


def ulp_errors(theirs: Array, exact: Array, unit: LowType) -> Array:
    """|exact − theirs| / ulp(exact), as the module says; float64, of one shape.

    NaN for NaN is 0; NaN for a number, a number for NaN, and a finite number for an infinite exact result
    (infinite even as a float64) are inf. The sign of zero does not count.
    """
    with np.errstate(all="ignore"):
        # halved, so that a power of two beyond the largest float64 has a number too
        infinite = np.isinf(theirs)
        half = np.where(infinite | (np.abs(exact) > 1) | (np.abs(theirs) > 1), 0.5, 1.0)
        beyond = np.copysign(math.ldexp(1.0, unit.largest_exponent), theirs)
        distance = np.abs(half * exact - np.where(infinite, beyond, half * theirs))
        errors = distance / unit.ulp(exact) / half
        rounded = unit.round(exact)
        right = (theirs == exact) | (infinite & (theirs == _infinite(rounded, exact)))
        errors = np.where(right, 0.0, errors)
        errors = np.where(np.isinf(exact) & (theirs != exact), np.inf, errors)
        lost = np.isnan(theirs), np.isnan(exact)
        errors = np.where(lost[0] | lost[1], np.inf, errors)
        return np.where(lost[0] & lost[1], 0.0, errors)


def _infinite(rounded: Array, exact: Array) -> Array:
    """The rounded results, infinite where a type without infinity has NaN for what is too large."""
    return np.where(np.isnan(rounded), np.copysign(np.inf, exact), rounded)


@dataclass(frozen=True, slots=True)
class Bucket:
    """How many errors lie above `low` and up to `high`; the first is 0 to 0, the last inf to inf."""

    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Wrong:
    """One result: its place in the array, x, what was given, the exact result, and the error in ULP."""

    index: int
    x: float
    theirs: float
    exact: float
    ulp: float


@dataclass(slots=True)
class UlpTally:
    """What is kept of a stream of errors: bounded in size. Tallies of consecutive pieces add up.

    Attributes:
        count: results compared.
        largest: the largest error; 0 of none.
        largest_finite, largest_finite_x: the largest finite error, and the first x that has it; NaN where it is 0.
        total: the sum of the finite errors.
        rounded_right: results that are the exact one rounded to nearest.
        nan_disagreements: NaN on one side only.
        zero_signs: zeros of the other sign.
        over: how many errors are above 0.5, 1, 2 and 4.
        worst: the ten largest errors above 0, the largest first, of equal ones the first in the array.
        buckets, fine: how many errors lie in the buckets of powers of two, and in those of 1/256 ULP.
        kept: the errors themselves, as long as there are no more than `KEPT`.

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
    kept: tuple[Array, ...] = ()

    @classmethod
    def of(cls, x: Array, theirs: Array, exact: Array, errors: Array, unit: LowType) -> "UlpTally":
        """The tally of one piece, float64 and 1-D; errors as `ulp_errors` has them, indices within the piece."""
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

    def add(self, later: "UlpTally") -> None:
        """Take in the tally of the piece that follows; its indices go on from ours."""
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
        """How many errors are infinite."""
        return int(self.buckets[-1])

    @property
    def mean(self) -> float | None:
        """The mean of all errors: inf where one is; None where there are none."""
        return math.inf if self.infinite else self.finite_mean

    @property
    def finite_mean(self) -> float | None:
        """The mean of the finite errors; None where there are none."""
        finite = self.count - self.infinite
        return self.total / finite if finite else None

    @property
    def exact_median(self) -> bool:
        """Whether the errors are few enough for their median to be known."""
        return self.count <= KEPT

    @property
    def median(self) -> float | None:
        """The median of all errors; of more than `KEPT` the upper end of the narrow bucket that it lies in.

        Such an end is a multiple of 1/256 up to 64, above it a power of two.
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
        """The errors by size: 0, up to 0.5, 1, 2, 4 …, the last one infinite; up to the largest that occurs.

        Empty buckets above 4 are left out: a lone result of the other sign is off by millions.
        """
        if not self.count:
            return ()
        last = int(np.flatnonzero(self.buckets[:-1]).max(initial=1))
        found = [Bucket(0.0, 0.0, int(self.buckets[0]))]
        found += [
            Bucket(float(_EDGES[i - 1]), float(_EDGES[i]), int(self.buckets[i]))
            for i in range(1, last + 1)
            if self.buckets[i] or _EDGES[i] <= _COUNTED_OVER[-1]
        ]
        if self.infinite:
            found.append(Bucket(math.inf, math.inf, self.infinite))
        return found


def _worst(errors: Array, x: Array, theirs: Array, exact: Array) -> tuple[Wrong, ...]:
    kept: NDArray[Any] = np.flatnonzero(errors > 0)
    if kept.size > WORST:
        bound = np.partition(errors[kept], kept.size - WORST)[kept.size - WORST]
        # of those that tie at the bound, the first in the array are enough
        above, level = kept[errors[kept] > bound], kept[errors[kept] == bound]
        kept = np.concatenate([above, level[: WORST - above.size]])
    order = np.lexsort((kept, -errors[kept]))
    return tuple(
        Wrong(int(i), float(x[i]), float(theirs[i]), float(exact[i]), float(errors[i])) for i in kept[order]
    )
