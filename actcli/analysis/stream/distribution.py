"""The distribution of an activation's inputs, N(0, 1) or a stream of numbers, as masses at points of the line."""

import math
from dataclasses import field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.stream.evaluation import Array
from actcli.dataclass import dataclass

Floats = NDArray[np.float64]

REACH = 10.0
"""The points of N(0, 1) lie within it; 1.5e-23 of its mass lies beyond."""
_POINTS = 1 << 19
_KEPT = 1 << 17
"""Up to so many numbers are kept exactly: 1 MiB."""
_DROPPED_BITS = 15
BINS = 1 << (32 - _DROPPED_BITS)
"""Bins of all numbers: those of positive numbers come first, those of negative ones in the second half."""
INFINITE = 0x7F800000 >> _DROPPED_BITS
"""The bin of inf."""
_MOST_SPLITS = 64


@dataclass(frozen=True, slots=True)
class WeightedPoints:
    """Masses at points.

    Attributes:
        x: (n,) ascending.
        mass: (n,), with sum 1.
        count: the count of numbers behind them; for N(0, 1) of points.

    """

    x: Floats
    mass: Floats
    count: int

    @property
    def variance(self) -> float:
        """Return the variance of x, as of a whole population."""
        mean = float(self.mass @ self.x)
        return float(self.mass @ np.square(self.x - mean))


def standard_normal() -> WeightedPoints:
    """Return N(0, 1) at half a million evenly spaced points within 10 of 0."""
    step = 2 * REACH / _POINTS
    z = (np.arange(_POINTS, dtype=np.float64) + 0.5) * step - REACH
    mass: Floats = np.exp(-z * z / 2)
    return WeightedPoints(z, np.divide(mass, mass.sum()), _POINTS)


def bin_numbers(block: Array) -> NDArray[Any]:
    """Return the bin of each number: its sign, exponent and 8 bits of the fraction as float32 stores them."""
    with np.errstate(over="ignore"):
        bits = np.ascontiguousarray(block, np.float32).view(np.uint32)
    return (bits >> _DROPPED_BITS).astype(np.intp)


@dataclass(slots=True)
class Distribution:
    """A stream of numbers, counted in bins at most 1/256 of their distance from 0 wide; memory is flat.

    Attributes:
        numbers: the count of all numbers.
        left_out: the count of those that are nan, infinite, or beyond the range of float32.

    """

    numbers: int = 0
    left_out: int = 0
    smallest: float = math.inf
    largest: float = -math.inf
    bins: NDArray[np.int64] = field(default_factory=lambda: np.zeros(BINS, np.int64))
    kept: list[Floats] = field(default_factory=list)

    def add(self, block: Array, bins: NDArray[Any]) -> None:
        """Count a block; `bins` are those of its numbers."""
        at = np.asarray(bins, np.intp)
        finite = (at & (BINS // 2 - 1)) < INFINITE
        present = block[finite].astype(np.float64)
        at = at[finite]
        if at.size < BINS // 16:
            np.add.at(self.bins, at, 1)
        else:
            self.bins += np.bincount(at, minlength=BINS)
        self.left_out += block.size - present.size
        if present.size:
            self.smallest = min(self.smallest, float(present.min()))
            self.largest = max(self.largest, float(present.max()))
        self.numbers += block.size
        if self.numbers <= _KEPT:
            self.kept.append(present)
        else:
            self.kept.clear()

    @property
    def count(self) -> int:
        """Return the count of numbers that are not left out."""
        return self.numbers - self.left_out

    @property
    def exact(self) -> bool:
        """Return whether the numbers are few enough to be kept exactly."""
        return self.numbers <= _KEPT

    def inputs(self) -> WeightedPoints:
        """Return the numbers themselves, or evenly spaced points in each bin; without numbers no points."""
        count = self.count
        if self.exact:
            x = np.sort(np.concatenate(self.kept)) if self.kept else np.empty(0)
            return WeightedPoints(x, np.full(count, 1 / max(count, 1)), count)
        occupied = np.flatnonzero(self.bins)
        counts = self.bins[occupied] / max(count, 1)
        negative = occupied >= BINS // 2
        size = (occupied & (BINS // 2 - 1)).astype(np.uint32)
        low, high = (lower_ends(size + end) for end in (0, 1))
        splits = min(max(_POINTS // max(occupied.size, 1), 1), _MOST_SPLITS)
        shares = (np.arange(splits) + 0.5) / splits
        # 0 is frequent in real data, and many functions have a kink there: the smallest bin is that point
        x = np.where(size[:, None] == 0, 0.0, low[:, None] + (high - low)[:, None] * shares)
        x = np.where(negative[:, None], -x, x).ravel()
        mass = np.repeat(counts / splits, splits)
        ascending = np.argsort(x, kind="stable")
        return WeightedPoints(np.clip(x[ascending], self.smallest, self.largest), mass[ascending], count)


def lower_ends(size: NDArray[np.uint32]) -> Floats:
    """Return the lower ends of bins of positive numbers; for the bin of inf the largest float32."""
    ends = (size << np.uint32(_DROPPED_BITS)).view(np.float32).astype(np.float64)
    return np.where(np.isinf(ends), float(np.finfo(np.float32).max), ends)
