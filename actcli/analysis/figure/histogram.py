"""The histogram of a stream of numbers, and how many of them an activation saturates. One pass, flat memory."""

from collections.abc import Iterable, Sequence
from dataclasses import field
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation
from actcli.activations.distinct import distinct
from actcli.analysis.figure.curves import Segment, Series
from actcli.analysis.figure.plot_range import round_up, steepest
from actcli.analysis.stream.blocks import in_order
from actcli.analysis.stream.distribution import BINS, INFINITE, bin_numbers, lower_ends
from actcli.analysis.stream.evaluation import Array, Numbers
from actcli.analysis.wording import file_named
from actcli.dataclass import dataclass

SATURATED = 1e-3
"""A slope below this share of the steepest one lets hardly any gradient through."""

_KEPT = 1000
_SMALL_BLOCK = 4096


@dataclass(frozen=True, slots=True)
class Share:
    """The count of numbers that get no gradient, or hardly any, through one function.

    Attributes:
        function: the specification as typed.
        zero_gradient: the count of numbers with f'(x) = 0.
        saturated: the count of others with |f'(x)| below a thousandth of the steepest slope; None where f' is
            unbounded.

    """

    function: str
    zero_gradient: int
    saturated: int | None


@dataclass(frozen=True, slots=True)
class Occupancy:
    """The histogram of a stream, in bins at most 1/256 of their distance from 0 wide.

    Attributes:
        origin: where the numbers come from.
        numbers: their count without NaN.
        nan: the count of NaN.
        smallest, largest: of all but NaN; NaN when there are none.
        edges: (bins + 1,), ascending, of the occupied part.
        counts: (bins,).
        exact: the numbers themselves, up to a thousand; else None.
        shares: per function, how many numbers it stops.

    """

    origin: str
    numbers: int
    nan: int
    smallest: float
    largest: float
    edges: Series
    counts: NDArray[np.int64]
    exact: Series | None
    shares: tuple[Share, ...]

    def histogram(self, between: tuple[float, float], bins: int) -> NDArray[np.float64]:
        """Return the counts in so many bins of equal width; exact for few numbers, else interpolated in `edges`."""
        at = np.linspace(*between, bins + 1)
        if self.exact is not None:
            return np.histogram(self.exact, at)[0].astype(np.float64)
        if not self.counts.size:
            return np.zeros(bins)
        below = np.interp(at, self.edges, np.r_[0, np.cumsum(self.counts)])
        return np.diff(below)

    def bulk(self) -> tuple[float, float] | None:
        """Return the round ends of a range that holds all but a thousandth on each side; None without numbers."""
        if not self.counts.size:
            return None
        total = np.cumsum(self.counts)
        first = int(np.searchsorted(total, total[-1] / 1000, side="right"))
        last = int(np.searchsorted(total, total[-1] * (1 - 1 / 1000), side="left"))
        low, high = float(self.edges[first]), float(self.edges[min(last, len(self.counts) - 1) + 1])
        return _round_outwards(min(low, 0.0)), _round_outwards(max(high, 0.0))


def count_occupancy(functions: Sequence[Activation], streams: Iterable[Numbers], threads: int) -> Occupancy:
    """Return the histogram of all the streams together. `functions` are elementwise."""
    counts = _Counts(tuple(functions), tuple(steepest(f) for f in functions))
    origin = ""
    for numbers in streams:
        origin = origin or file_named(numbers.origin.split(":")[0])
        for _ in in_order(counts.add, numbers.blocks, threads):
            pass
    return counts.occupancy(origin)


def place_on_curve(f: Activation, data: Occupancy, between: tuple[float, float], columns: int) -> Segment:
    """Return the points (x, f(x)) of the data: one per number, or one per occupied column at its middle."""
    low, high = between
    if data.exact is not None:
        x: Series = distinct(data.exact[(data.exact >= low) & (data.exact <= high)])
    else:
        occupied = data.histogram(between, columns) >= 0.5
        x = np.asarray(low + (np.flatnonzero(occupied) + 0.5) * ((high - low) / columns))
    y = np.asarray(f(x), np.float64)
    return x[np.isfinite(y)], y[np.isfinite(y)]


@dataclass(slots=True)
class _Counts:
    """The counts so far. Blocks are counted on several threads at once and added one at a time."""

    functions: tuple[Activation, ...]
    steepest: tuple[float | None, ...]
    bins: NDArray[np.int64] = field(default_factory=lambda: np.zeros(BINS, np.int64))
    numbers: int = 0
    nan: int = 0
    smallest: float = np.inf
    largest: float = -np.inf
    stopped: dict[int, tuple[int, int]] = field(default_factory=dict)
    kept: list[Array] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def add(self, block: Array) -> Array:
        """Count one block and return it unchanged."""
        nan = int(np.count_nonzero(np.isnan(block)))
        present = block[~np.isnan(block)] if nan else block
        keys = bin_numbers(present)
        counts = np.bincount(keys, minlength=BINS) if keys.size >= _SMALL_BLOCK else None
        stopped = [self._count_stopped(i, present) for i in range(len(self.functions))]
        ends = (float(present.min()), float(present.max())) if present.size else (np.inf, -np.inf)
        with self.lock:
            if counts is None:
                np.add.at(self.bins, keys, 1)
            else:
                self.bins += counts
            if self.numbers <= _KEPT:
                self.kept.append(present[: _KEPT + 1].astype(np.float64))
            self.numbers += present.size
            self.nan += nan
            self.smallest, self.largest = min(self.smallest, ends[0]), max(self.largest, ends[1])
            for i, (zero, saturated) in enumerate(stopped):
                before = self.stopped.get(i, (0, 0))
                self.stopped[i] = (before[0] + zero, before[1] + saturated)
        return block

    def _count_stopped(self, i: int, present: Array) -> tuple[int, int]:
        slope = self.functions[i].grad(present)
        zero = int(np.count_nonzero(slope == 0))
        top = self.steepest[i]
        if top is None or not top:
            return zero, 0
        return zero, int(np.count_nonzero(np.abs(slope) < SATURATED * top)) - zero

    def occupancy(self, origin: str) -> Occupancy:
        edges, counts = _sort_bins(self.bins)
        shares = tuple(
            Share(
                f.spec,
                self.stopped.get(i, (0, 0))[0],
                self.stopped.get(i, (0, 0))[1] if top is not None else None,
            )
            for i, (f, top) in enumerate(zip(self.functions, self.steepest, strict=True))
        )
        return Occupancy(
            origin=origin,
            numbers=self.numbers,
            nan=self.nan,
            smallest=self.smallest if self.numbers else np.nan,
            largest=self.largest if self.numbers else np.nan,
            edges=edges,
            counts=counts,
            exact=np.concatenate(self.kept) if self.kept and self.numbers <= _KEPT else None,
            shares=shares,
        )


def _sort_bins(bins: NDArray[np.int64]) -> tuple[Series, NDArray[np.int64]]:
    """Return the edges and counts of the occupied bins in ascending order, without the infinities."""
    half = BINS // 2
    counts = np.concatenate((bins[half : half + INFINITE][::-1], bins[:INFINITE]))
    ends = lower_ends(np.arange(INFINITE + 1, dtype=np.uint32))[1:]
    edges = np.concatenate((-ends[::-1], [0.0], ends))
    occupied = np.flatnonzero(counts)
    if not occupied.size:
        return np.zeros(0), np.zeros(0, np.int64)
    first, last = int(occupied[0]), int(occupied[-1])
    return edges[first : last + 2], counts[first : last + 1]


def _round_outwards(value: float) -> float:
    """Return a round number at or beyond `value`, on its side of 0."""
    if value == 0:
        return 0.0
    return float(np.copysign(round_up(abs(value)), value))
