"""Errors by regions of x: where a kernel is good, and where not."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.number_types import Floats, LowType
from actcli.analysis.precision.ulp import Judged

_SIZES = (1e-3, 1.0, 5.0, 20.0, 100.0)


@dataclass(frozen=True, slots=True)
class Region:
    """The results at x from `low` to `high`.

    Attributes:
        low, high: the ends; |x| is at least the smaller of their sizes and below the larger. Both NaN for x = NaN.
        count, right: the counts of results, and of those correctly rounded.
        largest: the largest error in ULP.
        x: the first x with it.

    """

    low: float
    high: float
    count: int
    right: int
    largest: float
    x: float


@dataclass(slots=True)
class RegionStatistics:
    """Mergeable errors by the size and sign of x: below the normal numbers, to 0.001, 1, 5, 20, 100, and beyond.

    Attributes:
        sizes: where the regions of |x| begin.
        count, right, largest, x: as of a `Region`; negative regions from the largest on, then positive ones, then NaN.

    """

    sizes: Floats
    count: NDArray[np.int64] = field(init=False)
    right: NDArray[np.int64] = field(init=False)
    largest: Floats = field(init=False)
    x: Floats = field(init=False)

    def __post_init__(self) -> None:
        """Begin with nothing counted."""
        regions = 2 * self.sizes.size + 1
        self.count, self.right = np.zeros(regions, np.int64), np.zeros(regions, np.int64)
        self.largest, self.x = np.full(regions, -1.0), np.full(regions, math.nan)

    @classmethod
    def of(cls, x: Floats, judged: Judged, kind: LowType) -> "RegionStatistics":
        """Return the errors of one piece, 1-D; x are numbers of the type `kind`."""
        found = cls(np.array([0.0, 2.0**kind.smallest_exponent, *_SIZES]))
        size = found.sizes.size
        place = np.searchsorted(found.sizes, np.abs(x), side="right") - 1
        region = np.where(np.signbit(x), size - 1 - place, size + place)
        region = np.where(np.isnan(x), 2 * size, region)
        found.count += np.bincount(region, minlength=2 * size + 1)
        found.right += np.bincount(region[judged.right], minlength=2 * size + 1)
        for one in np.flatnonzero(found.count):
            inside = np.flatnonzero(region == one)
            top = inside[int(np.argmax(judged.errors[inside]))]
            found.largest[one], found.x[one] = judged.errors[top], x[top]
        return found

    def add(self, later: "RegionStatistics") -> None:
        """Add the errors of the next piece."""
        self.count, self.right = self.count + later.count, self.right + later.right
        higher = later.largest > self.largest
        self.x = np.where(higher, later.x, self.x)
        self.largest = np.where(higher, later.largest, self.largest)

    def regions(self) -> Iterator[Region]:
        """Yield the regions that have results, in ascending order of x; the one of NaN comes last."""
        ends = np.append(self.sizes, math.inf)
        bounds = [(-high, -low) for low, high in pairwise(ends)][::-1]
        bounds += [*pairwise(ends), (math.nan, math.nan)]
        for place, (low, high) in enumerate(bounds):
            if self.count[place]:
                yield Region(
                    float(low),
                    float(high),
                    int(self.count[place]),
                    int(self.right[place]),
                    float(self.largest[place]),
                    float(self.x[place]),
                )
