"""Entries of sparse records: which unit has which value in which sample, checked and cut into blocks."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.sparse.sparse_block import SparseBlock
from actcli.exits import DataError

Indices = NDArray[np.int64]
Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Entries:
    """Entries, each (n,): samples, the positions of all samples counted through, units and values."""

    sample: Indices
    place: Indices
    unit: Indices
    value: Array

    @classmethod
    def none(cls) -> Self:
        """Return no entry."""
        nothing = np.empty(0, np.int64)
        return cls(nothing, nothing, nothing, np.empty(0, np.float32))

    @classmethod
    def of_rows(cls, index: Indices, value: Array, shape: tuple[int, int, int]) -> Self:
        """Return the entries of indices and values of the shape (samples, positions, k), both flat."""
        samples, positions, slots = shape
        place = np.repeat(np.arange(samples * positions), slots)
        return cls(place // positions, place, index, value)

    @classmethod
    def of_places(cls, location: Indices, value: Array, positions: int, origin: str) -> Self:
        """Return the entries of locations (n, 2), sample and unit, or (n, 3), sample, position and unit.

        Raises DataError for a position that does not exist.
        """
        sample, unit = location[:, 0], location[:, -1]
        position = location[:, 1] if location.shape[1] == 3 else np.zeros_like(sample)
        outside = (position < 0) | (position >= positions)
        if outside.any():
            raise DataError(
                f"{origin}: position {position[outside][0]:,} where a sample has {positions:,}, 0 to {positions - 1:,}"
            )
        return cls(sample, sample * positions + position, unit, value)

    def select(self, chosen: Any) -> "Entries":
        """Return some of the entries."""
        return Entries(self.sample[chosen], self.place[chosen], self.unit[chosen], self.value[chosen])

    def without(self, filler: int | None) -> "Entries":
        """Return the entries without those of an index that stands for no unit; all of them for None."""
        return self if filler is None else self.select(self.unit != filler)

    def split(self, sample: int) -> "tuple[Entries, Entries]":
        """Return the entries before a sample, and those from it on; they are sorted by sample."""
        at = int(np.searchsorted(self.sample, sample))
        return self.select(slice(0, at)), self.select(slice(at, None))

    def join(self, more: "Entries") -> "Entries":
        """Return these entries and more."""
        if not self.sample.size:
            return more
        return Entries(
            np.concatenate((self.sample, more.sample)),
            np.concatenate((self.place, more.place)),
            np.concatenate((self.unit, more.unit)),
            np.concatenate((self.value, more.value)),
        )

    def counted_from(self, sample: int, positions: int) -> "Entries":
        """Return the same entries with their samples counted from this one."""
        return Entries(self.sample - sample, self.place - sample * positions, self.unit, self.value)

    def masked(self, kept: NDArray[np.bool_]) -> "tuple[Entries, Indices]":
        """Return the entries at positions that a mask (samples, positions) keeps, and how many positions each has.

        Samples without such a position are none, and the others are counted through.
        """
        there = kept.any(axis=1)
        entries = self.select(kept.reshape(-1)[self.place])
        numbers = np.cumsum(there) - 1
        sample, position = numbers[entries.sample], entries.place % kept.shape[1]
        moved = Entries(sample, sample * kept.shape[1] + position, entries.unit, entries.value)
        return moved, kept.sum(axis=1)[there]

    def block(self, shape: tuple[int, int, int], first: int, origin: str, filler: int | None) -> SparseBlock:
        """Return the entries as a block of the shape (samples, positions, units).

        `first` is the place of its first sample in the file, `filler` the index that --ignore-index names. Raises
        DataError for an index that is none of a unit, and a unit that a position lists twice.
        """
        samples, positions, units = shape
        outside = (self.unit < 0) | (self.unit >= units)
        if outside.any():
            wrong = int(self.unit[outside][0])
            remedy = "" if filler is not None else f"; is {wrong} a filler? then add --ignore-index {wrong}"
            raise DataError(
                f"{origin}: index {wrong} where units={units} is stated, so 0 to {units - 1:,}{remedy}"
            )
        key = np.sort(self.place * units + self.unit)
        twice = key[1:][np.diff(key) == 0]
        if twice.size:
            place, unit = divmod(int(twice[0]), units)
            raise DataError(f"{origin}: sample {first + place // positions:,} lists unit {unit:,} twice")
        return SparseBlock(samples, positions, units, self.sample, self.unit, self.value)


class Rows:
    """The rows of an array that comes in blocks, as many at a time as are asked for."""

    def __init__(self, blocks: Any) -> None:
        self._blocks, self._held = blocks, np.empty((0, 1))

    def take(self, count: int) -> Array:
        """Return the numbers of the next rows, flat; fewer where the array ends."""
        parts, there = [self._held], len(self._held)
        while there < count and (block := next(self._blocks, None)) is not None:
            parts.append(block)
            there += len(block)
        rows = [part for part in parts if len(part)]
        whole = np.concatenate(rows) if rows else self._held
        self._held = whole[count:]
        taken: Array = whole[:count].reshape(-1)
        return taken
