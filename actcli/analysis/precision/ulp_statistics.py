"""Mergeable statistics of millions of errors in ULP."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.number_types import Floats
from actcli.analysis.precision.ulp import Judged

WORST = 10
"""The count of largest errors that are kept."""
_POWERS = 2.0 ** np.arange(-1, 65)
_EDGES = np.concatenate([[0.0], _POWERS, [np.finfo(np.float64).max, np.inf]])
"""Bucket i holds the errors above edge i−1 and up to edge i."""
_STEPS = (0.0, 1.0, 2.0, 10.0, 100.0)
"""The ends of the buckets of distances in steps."""
KEPT = 1 << 20
"""Up to so many errors are kept exactly for the median: 8 MiB."""
_FINE = 256
_FINE_UP_TO = 64.0
_COUNTED_OVER = (0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True, slots=True)
class Bucket:
    """The count of results that are `low` to `high` steps off; inf to inf are those off without bound."""

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
        rounded_right: the count of results that are the exact one rounded to nearest, or pass as it.
        nan_disagreements: the count of NaN on one side only.
        zero_signs: the count of zeros of the wrong sign.
        flushed: the count of zeros instead of subnormal numbers.
        over: the counts of errors above 0.5, 1, 2 and 4.
        worst: the ten largest errors above 0, largest first, the first in the array among equals.
        buckets, fine: the counts of errors in buckets of powers of two, and in those of 1/256 ULP.
        steps: the counts of distances in steps, by `_STEPS`; the last one is infinite.
        most_steps: the largest finite distance in steps.
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
    flushed: int = 0
    over: tuple[int, ...] = (0,) * len(_COUNTED_OVER)
    worst: tuple[Wrong, ...] = ()
    buckets: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(_EDGES), np.int64))
    fine: NDArray[np.int64] = field(default_factory=lambda: np.zeros(int(_FINE * _FINE_UP_TO) + 2, np.int64))
    kept: tuple[Floats, ...] = ()
    steps: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(_STEPS) + 2, np.int64))
    most_steps: float = 0.0

    @classmethod
    def of(cls, x: Floats, judged: Judged) -> "UlpStatistics":
        """Return the statistics of one piece, float64 and 1-D; indices within the piece."""
        errors, theirs, exact = judged.errors, judged.theirs, judged.exact
        finite = np.isfinite(errors)
        place = int(np.argmax(np.where(finite, errors, -1.0))) if finite.any() else -1
        top = float(errors[place]) if place >= 0 else 0.0
        bounded = np.isfinite(judged.steps)
        counted = np.searchsorted(_STEPS, judged.steps)
        fine = np.ceil(np.minimum(errors, _FINE_UP_TO + 1 / _FINE) * _FINE).astype(np.int64)
        return cls(
            count=errors.size,
            largest=float(errors.max(initial=0.0)),
            largest_finite=top,
            largest_finite_x=float(x[place]) if top else math.nan,
            total=float(errors.sum(where=finite)),
            rounded_right=int(judged.right.sum()),
            nan_disagreements=int((np.isnan(theirs) != np.isnan(exact)).sum()),
            zero_signs=int(judged.zero_signs.sum()),
            flushed=int(judged.flushed.sum()),
            over=tuple(int((errors > bound).sum()) for bound in _COUNTED_OVER),
            worst=_worst(errors, x, theirs, exact),
            buckets=np.bincount(np.searchsorted(_EDGES, errors), minlength=len(_EDGES)),
            fine=np.bincount(fine, minlength=int(_FINE * _FINE_UP_TO) + 2),
            kept=(errors,),
            steps=np.bincount(np.where(bounded, counted, len(_STEPS) + 1), minlength=len(_STEPS) + 2),
            most_steps=float(judged.steps.max(where=bounded, initial=0.0)),
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
        self.flushed += later.flushed
        self.steps = self.steps + later.steps
        self.most_steps = max(self.most_steps, later.most_steps)
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
        """Return the results by their distance in steps: 0, 1, 2, 3 to 10, 11 to 100, more; and infinite ones."""
        if not self.count:
            return ()
        lows = (0, 1, 2, 3, 11, 101)
        highs = (*_STEPS[:3], 10, 100, self.most_steps if self.most_steps > _STEPS[-1] else math.inf)
        buckets = [
            Bucket(float(a), float(b), int(n)) for a, b, n in zip(lows, highs, self.steps, strict=False)
        ]
        if self.steps[-1]:
            buckets.append(Bucket(math.inf, math.inf, int(self.steps[-1])))
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
