"""Masks of recorded activations: which positions of each sample count, from a file or from beside the layers."""

import math
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.masked import MaskedBlock, fit_mask
from actcli.exits import DataError, UsageError
from actcli.sources.budget import require_memory
from actcli.sources.records.recordings import Records, inspect_records
from actcli.terminal import Terminal

if TYPE_CHECKING:
    from actcli.analysis.deadness.watching import LayerRecording

Mask = NDArray[np.bool_]
_BYTES = 3
"""Bytes of memory for each position of a mask: the mask, and what is made of it for a layer."""


@dataclass(frozen=True, slots=True)
class SampleMask:
    """The positions that count, of all samples of a run.

    Attributes:
        origin: its name in messages.
        whole: (samples, ...), for each layer; None where each file of the sources has its own.
        by_file: the masks of the sources' files.
        totals: the samples of each layer, where they are known beforehand.
        read: the samples of each layer that were read, and those of them that count.

    """

    origin: str
    whole: Mask | None
    by_file: Mapping[str, Mask]
    totals: Mapping[str, int]
    read: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)

    @property
    def note(self) -> str:
        """A sentence about what is left out."""
        masks = list(self.by_file.values()) if self.whole is None else [self.whole]
        rows = [mask.reshape(len(mask), -1) for mask in masks]
        positions, left_out = sum(row.size for row in rows), sum(int((~row).sum()) for row in rows)
        samples = sum(int((~row.any(axis=1)).sum()) for row in rows)
        whole = f", among them {samples:,} whole samples" if samples else ""
        return f"--mask leaves out {left_out:,} of {positions:,} positions{whole}."

    @property
    def digest(self) -> str:
        """A short text that is equal for equal masks."""
        return (
            ""
            if self.whole is None
            else sha256(repr(self.whole.shape).encode() + self.whole.tobytes()).hexdigest()
        )

    def require_samples(self) -> None:
        """Raise DataError for a layer with another number of samples."""
        for name, total in self.totals.items():
            if self.whole is not None and total not in {len(self.whole), self.whole.size}:
                raise self._unfit(name, total, None, self.whole.shape)

    def apply(self, recording: "LayerRecording", path: str) -> "LayerRecording":
        """Return a recording of which only the kept positions count. Raises DataError where the mask does not fit."""
        rows = self._rows(recording.name, recording.samples, path)
        return replace(recording, start=self.kept[recording.name], blocks=self._blocks(recording, rows))

    def part(self, name: str, first: int, samples: int, path: str) -> "SampleMask":
        """Return the mask of some samples of a layer, or of all samples of a file that has its own.

        Raises DataError for a mask of other samples.
        """
        rows, total = (
            (self.by_file[path], samples) if self.whole is None else (self.whole, self.totals.get(name))
        )
        if total is not None and len(rows) != total:
            rows = rows.reshape(-1)
        own = rows if self.whole is None else rows[first : first + samples]
        if len(own) != samples:
            raise self._unfit(name, samples, None, rows.shape)
        return SampleMask(self.origin, own, {}, {})

    def fresh(self) -> "SampleMask":
        """Return the same mask before anything was read."""
        return replace(self, read=Counter(), kept=Counter())

    def kept_samples(self) -> int:
        """Return the samples of which any position counts, for one mask of all."""
        return 0 if self.whole is None else int(self.whole.reshape(len(self.whole), -1).any(axis=1).sum())

    def fit(self, name: str, samples: int, positions: int, path: str) -> Mask:
        """Return the mask of the next samples of a layer, (samples, positions). Raises DataError if it does not fit."""
        rows = self._rows(name, samples, path)
        found = fit_mask(rows, samples, positions)
        if found is None:
            raise self._unfit(name, samples, positions, rows.shape)
        self._count(name, found)
        return found

    def _rows(self, name: str, samples: int | None, path: str) -> Mask:
        """Return the rows of the mask for the next samples of a layer; all that are left if their number is unknown."""
        if self.whole is None:
            return self.by_file[path]
        rows, total, first = self.whole, self.totals.get(name), self.read[name]
        if total is not None and len(rows) != total:
            rows = rows.reshape(-1)  # the positions of all sequences one after the other
        return rows[first:] if samples is None else rows[first : first + samples]

    def _count(self, name: str, kept: Mask) -> None:
        self.read[name] += len(kept)
        self.kept[name] += int(kept.any(axis=1).sum())

    def _blocks(self, recording: "LayerRecording", rows: Mask) -> Iterator[MaskedBlock]:
        name, samples, fitted, done = recording.name, recording.samples, rows, 0
        with closing(cast("Any", recording.blocks)) as blocks:
            for block in blocks:
                positions = block.shape[2] if block.ndim == 3 else 1
                if not done:
                    found = fit_mask(rows, len(rows) if samples is None else samples, positions)
                    if found is None:
                        raise self._unfit(name, samples, positions, rows.shape)
                    fitted = found
                kept = fitted[done : done + len(block)]
                done += len(block)
                if len(kept) < len(block):
                    raise self._unfit(name, samples, positions, rows.shape)
                self._count(name, kept)
                yield MaskedBlock(block, kept)
        if samples is None and done < len(rows):
            raise self._unfit(name, done, None, rows.shape)

    def _unfit(
        self, name: str, samples: int | None, positions: int | None, shape: tuple[int, ...]
    ) -> DataError:
        there = "more samples" if samples is None else f"{samples:,} samples"
        there += "" if positions is None else f" of {positions:,} positions"
        return DataError(
            f"{self.origin}: a mask of the shape {shape} does not fit layer '{name}' with {there}; a mask is "
            "(samples, positions), (samples, 1) or (samples,)"
        )


def read_mask(
    text: str,
    records: Records,
    terminal: Terminal,
    memory: int | None,
    totals: Mapping[str, int] | None = None,
) -> tuple[Records, SampleMask]:
    """Return the records without the mask's own array, and the mask that --mask names.

    `text` is a file like a source, NAME=FILE, or the NAME of an array beside the layers in each file. `totals` are the
    samples of each layer, where they are not those of the records' arrays. Raises
    UsageError for a name that neither a file nor an array has, DataError for a mask of other numbers than 0 and 1.
    """
    name, equals, path = text.rpartition("=")
    if not os.path.exists(text) and _is_source(path, records):  # noqa: PTH110
        return _beside(name, records, memory)
    if not equals and not os.path.exists(text) and any(_has(one, text) for one in records.files):  # noqa: PTH110
        return _beside(text, records, memory)
    found = inspect_records([text], terminal)
    mask = SampleMask(text, _read(found, text, memory), {}, records.samples if totals is None else totals)
    mask.require_samples()
    return records, mask


def _is_source(path: str, records: Records) -> bool:
    return any(os.path.realpath(path) == os.path.realpath(one.file.path) for one in records.files)


def _has(described: Any, name: str) -> bool:
    return any(member.name == name for member in described.members)


def _beside(name: str, records: Records, memory: int | None) -> tuple[Records, SampleMask]:
    """Return the records without the arrays of this name, and these as masks, one for each file."""
    lacking = next((one for one in records.files if not _has(one, name)), None)
    if lacking is not None:
        raise UsageError(f"--mask {name}: {lacking.file.path} holds no array of that name")
    masks = {
        one.file.path: _read(replace(records, files=(one.of_layer(name),)), f"{one.file.path}:{name}", memory)
        for one in records.files
    }
    layers = replace(records, files=tuple(one.without(name) for one in records.files))
    return layers, SampleMask(f"--mask {name}", None, masks, {})


def _read(records: Records, origin: str, memory: int | None) -> Mask:
    """Return a mask, the parts of several files one after the other."""
    heads = records.heads or ()
    if len({head.layer for head in heads}) > 1:
        raise UsageError(f"--mask {origin}: holds {len(heads):,} arrays; choose one by NAME=FILE")
    positions = sum(math.prod(head.shape) for head in heads if head.shape)
    require_memory(_BYTES * positions, memory, f"{origin}: a mask")
    parts: list[Mask] = []
    shape: tuple[int, ...] | None = None
    for numbers in records.arrays_in_turn():
        shape = numbers.shape
        for block in numbers.blocks:
            if not ((block == 0) | (block == 1)).all():
                raise DataError(
                    f"{numbers.origin}: a mask is of 0 and 1, or of booleans; it holds other numbers"
                )
            parts.append(block != 0)
    if not parts or any(part.shape[1:] != parts[0].shape[1:] for part in parts):
        raise DataError(f"{origin}: a mask needs samples of one length each")
    mask = np.concatenate(parts)
    return mask.reshape(len(mask), *shape[1:]) if shape else mask
