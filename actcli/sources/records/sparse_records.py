"""Sparse records as layers: arrays of indices and values, COO caches, and the expert ids of routers.

Two forms. By rows: `indices` (samples, k) or (samples, positions, k), and `values` of the same shape, without which
every listed unit counts as 1. By places: `locations` (n, 2) with sample and unit, or (n, 3) with sample, position and
unit, sorted by sample, and `values` (n,).
"""

import math
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.sparse.sparse_block import SparseBlock
from actcli.exits import DataError, UsageError
from actcli.sources.records.described import Described
from actcli.sources.records.masks import SampleMask
from actcli.sources.records.recordings import Records
from actcli.sources.records.sparse_entries import Entries, Rows
from actcli.sources.records.unit_axis import Head, listed

if TYPE_CHECKING:
    from actcli.analysis.deadness.watching import LayerRecording

Array = NDArray[Any]
_KEYS = ("layer", "indices", "locations", "values", "units", "samples")
_MOST_UNITS = 10**9


@dataclass(frozen=True, slots=True)
class SparseLayer:
    """A layer that --sparse names.

    Attributes:
        name: of the layer.
        entries: the array of indices or of locations.
        values: the array of values; None where every listed unit counts as 1.
        units: the number of units.
        samples: of locations, the number of samples, or the name of an array with a number for each position.

    """

    name: str
    entries: str
    by_place: bool
    values: str | None
    units: int
    samples: str | None

    @property
    def arrays(self) -> tuple[str, ...]:
        """The arrays that it is read from."""
        names = (self.entries, self.values, None if _is_count(self.samples) else self.samples)
        return tuple(name for name in names if name is not None)


def sparse_layer(text: str) -> SparseLayer:
    """Return the layer of a text such as `indices=idx,values=val,units=1024`. Raises UsageError."""
    fields: dict[str, str] = {}
    for part in text.split(","):
        key, equals, value = part.strip().partition("=")
        if key not in _KEYS or not equals or not value:
            raise UsageError(
                f"--sparse {text!r}: write indices=NAME,values=NAME,units=N, or locations=NAME,values=NAME,units=N,"
                "samples=N; layer=NAME names the layer"
            )
        if key in fields:
            raise UsageError(f"--sparse {text!r}: {key} is named twice")
        fields[key] = value
    if ("indices" in fields) == ("locations" in fields):
        raise UsageError(f"--sparse {text!r}: needs indices=NAME or locations=NAME, one of them")
    if "units" not in fields:
        raise UsageError(
            f"--sparse {text!r}: needs units=N, the number of all units: those that never fire are in no list"
        )
    if not _is_count(fields["units"]) or not 1 <= int(fields["units"]) <= _MOST_UNITS:
        raise UsageError(f"--sparse {text!r}: units is a whole number from 1 to {_MOST_UNITS:,}")
    by_place = "locations" in fields
    if by_place != ("samples" in fields):
        raise UsageError(
            f"--sparse {text!r}: samples=N, or samples=NAME of an array such as the tokens, "
            f"{'is needed: samples without an entry are in no list' if by_place else 'goes with locations only'}"
        )
    entries = fields["locations" if by_place else "indices"]
    return SparseLayer(
        fields.get("layer", entries),
        entries,
        by_place,
        fields.get("values"),
        int(fields["units"]),
        fields.get("samples"),
    )


def expand_layers(specs: Sequence[SparseLayer], records: Records) -> tuple[SparseLayer, ...]:
    """Return the layers, one for each array that a name with a * stands for; what * is goes into the other names too.

    Raises UsageError for a * that no array fits, and for two layers of one name.
    """
    names = list(dict.fromkeys(head.layer for head in records.heads or ()))
    layers = [layer for spec in specs for layer in _expand(spec, names)]
    counts = Counter(layer.name for layer in layers)
    twice = next((name for name, count in counts.items() if count > 1), None)
    if twice is not None:
        raise UsageError(
            f"--sparse: two layers are named '{twice}'; name each by layer=NAME, or layer=NAME* with a *"
        )
    return tuple(layers)


def _expand(spec: SparseLayer, names: Sequence[str]) -> list[SparseLayer]:
    before, star, after = spec.entries.partition("*")
    if not star or spec.entries in names:
        return [spec]
    fitting = [
        name
        for name in names
        if name.startswith(before) and name.endswith(after) and len(name) > len(before) + len(after)
    ]
    if not fitting:
        raise UsageError(f"--sparse: no array fits '{spec.entries}'; there are {listed(sorted(names))}")
    middles = [name[len(before) : len(name) - len(after)] for name in fitting]
    return [
        replace(
            spec,
            entries=name,
            name=spec.name.replace("*", middle),
            values=None if spec.values is None else spec.values.replace("*", middle),
            samples=None if spec.samples is None else spec.samples.replace("*", middle),
        )
        for name, middle in zip(fitting, middles, strict=True)
    ]


def _is_count(text: str | None) -> bool:
    return text is not None and text.isascii() and text.isdigit() and len(text) < 16


@dataclass(frozen=True, slots=True)
class SparseRecords:
    """Sparse layers, the files that hold their arrays, and the index that stands for none."""

    layers: tuple[SparseLayer, ...]
    records: Records
    filler: int | None = None
    mask: SampleMask | None = None

    @property
    def names(self) -> list[str]:
        """The layers."""
        return [layer.name for layer in self.layers]

    @property
    def units(self) -> int:
        """Units of all layers."""
        return sum(layer.units for layer in self.layers)

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence about arrays of the files that were not read."""
        used = {name for layer in self.layers for name in layer.arrays}
        rest = list(dict.fromkeys(head.layer for head in self.records.heads or () if head.layer not in used))
        return (f"Not read, since no --sparse names them: {listed(rest)}.",) if rest else ()

    @property
    def totals(self) -> dict[str, int]:
        """The samples of each layer of indices."""
        return {layer.name: sum(part.shape[0] for part in self.parts(layer.entries)) for layer in self.layers}

    def require_arrays(self) -> None:
        """Raise UsageError for an array that no file has, and for a file of which nothing is read."""
        if self.records.heads is None:
            raise UsageError(
                "--sparse reads several arrays side by side, which a pipe cannot give; name files"
            )
        there = {head.layer for head in self.records.heads}
        for layer in self.layers:
            for name in layer.arrays:
                if name not in there:
                    raise UsageError(
                        f"--sparse: there is no array '{name}'; there are {listed(sorted(there))}"
                    )
        used = {name for layer in self.layers for name in layer.arrays}
        for one in self.records.files:
            if not used & {head.layer for head in one.heads or ()}:
                raise UsageError(f"{one.file.path}: no --sparse names it")

    def read(self) -> "Generator[LayerRecording, None, None]":
        """Yield the layers, their parts in the order of the files.

        Drawing raises DataError for indices that are none of a unit, and arrays whose shapes do not go together.
        """
        for layer in self.layers:
            yield from self._by_place(layer) if layer.by_place else self._by_rows(layer)

    def _by_rows(self, layer: SparseLayer) -> "Generator[LayerRecording, None, None]":
        from actcli.analysis.deadness.watching import LayerRecording

        parts = self.parts(layer.entries)
        values = [None] * len(parts) if layer.values is None else self.parts(layer.values)
        if len(values) != len(parts):
            raise DataError(
                f"'{layer.entries}' is in {len(parts):,} files and '{layer.values}' in {len(values):,}: "
                "each part of one needs a part of the other"
            )
        start = 0
        for entries, own in zip(parts, values, strict=True):
            shape = entries.shape
            if len(shape) not in {2, 3} or (own is not None and own.shape != shape):
                theirs = "" if own is None else f" and values of the shape {own.shape}"
                raise DataError(
                    f"{entries.origin}: has the shape {shape}{theirs}; indices are (samples, k) or (samples, "
                    "positions, k), values alike"
                )
            positions = shape[1] if len(shape) == 3 else 1
            kept = None
            if self.mask is not None:
                start = self.mask.kept[layer.name]
                kept = self.mask.fit(layer.name, shape[0], positions, entries.described.file.path)
            blocks = self._blocks(layer, entries, own, positions, kept)
            yield LayerRecording(layer.name, layer.units, shape[0], start, blocks)
            start += shape[0]

    def _blocks(
        self,
        layer: SparseLayer,
        entries: "SparsePart",
        own: "SparsePart | None",
        positions: int,
        kept: NDArray[np.bool_] | None,
    ) -> Generator[SparseBlock, None, None]:
        done, slots = 0, entries.shape[-1]
        with ExitStack() as stack:
            values = None if own is None else Rows(stack.enter_context(closing(own.blocks())))
            for block in stack.enter_context(closing(entries.blocks())):
                index = _whole(block, entries.origin).reshape(-1)
                value = np.ones(index.size, np.float32) if values is None else values.take(len(block))
                found = Entries.of_rows(index, value, (len(block), positions, slots))
                found = found.without(self.filler)
                samples, lengths = len(block), None
                if kept is not None:
                    found, lengths = found.masked(kept[done : done + len(block)])
                    samples = lengths.size
                shape = samples, positions, layer.units
                yield replace(found.block(shape, done, entries.origin, self.filler), lengths=lengths)
                done += len(block)

    def _by_place(self, layer: SparseLayer) -> "Generator[LayerRecording, None, None]":
        from actcli.analysis.deadness.watching import LayerRecording

        parts = self.parts(layer.entries)
        values = [None] if layer.values is None else self.parts(layer.values)
        if len(parts) != 1 or len(values) != 1:
            raise DataError(
                f"'{layer.entries}' is in {len(parts):,} files: save the statistics of each by --save-state, "
                "then merge them"
            )
        (entries,), (own,) = parts, values
        if len(entries.shape) != 2 or entries.shape[1] not in {2, 3}:
            raise DataError(
                f"{entries.origin}: has the shape {entries.shape}; locations are (n, 2) or (n, 3)"
            )
        if own is not None and own.shape != entries.shape[:1]:
            raise DataError(
                f"{own.origin}: has the shape {own.shape}; values of {entries.shape[0]:,} are (n,)"
            )
        samples, positions = self._samples(layer, entries)
        blocks = self._placed(layer, entries, own, samples, positions)
        yield LayerRecording(layer.name, layer.units, samples, 0, blocks)

    def _samples(self, layer: SparseLayer, entries: "SparsePart") -> tuple[int, int]:
        """Return the samples of locations, and their positions."""
        with_positions = entries.shape[1] == 3
        if _is_count(layer.samples):
            if with_positions:
                raise UsageError(
                    "--sparse: locations of three numbers need samples=NAME, an array of (samples, positions)"
                )
            return int(layer.samples or 0), 1
        tokens, *more = self.parts(layer.samples or "")
        if more:
            raise DataError(f"'{layer.samples}' is in {1 + len(more):,} files; --sparse samples= needs one")
        if len(tokens.shape) < 1 + with_positions:
            raise DataError(
                f"{tokens.origin}: has the shape {tokens.shape}; it is to be (samples, positions)"
            )
        return tokens.shape[0], math.prod(tokens.shape[1:]) if with_positions else 1

    def _placed(
        self,
        layer: SparseLayer,
        entries: "SparsePart",
        own: "SparsePart | None",
        samples: int,
        positions: int,
    ) -> Generator[SparseBlock, None, None]:
        """Yield blocks that end where a sample ends; the last sample of a piece waits for the rest of it."""
        begin, held, origin = 0, Entries.none(), entries.origin
        with ExitStack() as stack:
            values = None if own is None else Rows(stack.enter_context(closing(own.blocks())))
            for block in stack.enter_context(closing(entries.blocks())):
                value = np.ones(len(block), np.float32) if values is None else values.take(len(block))
                found = Entries.of_places(_whole(block, origin), value, positions, origin)
                held = held.join(found.without(self.filler))
                if not held.sample.size:
                    continue
                if (np.diff(held.sample) < 0).any() or held.sample[0] < begin:
                    raise DataError(
                        f"{origin}: locations are to be sorted by sample, their first number, from 0 on"
                    )
                end = int(held.sample[-1])
                if end >= samples:
                    raise DataError(
                        f"{origin}: sample {end:,} where there are {samples:,}, 0 to {samples - 1:,}"
                    )
                complete, held = held.split(end)
                if end > begin:
                    shape = end - begin, positions, layer.units
                    yield complete.counted_from(begin, positions).block(shape, begin, origin, self.filler)
                    begin = end
        shape = samples - begin, positions, layer.units
        yield held.counted_from(begin, positions).block(shape, begin, origin, self.filler)

    def parts(self, name: str) -> "list[SparsePart]":
        """Return the arrays of a name, in the order of the files."""
        return [
            SparsePart(self.records, one.of_layer(name), head)
            for one in self.records.files
            for head in one.heads or ()
            if head.layer == name
        ]


@dataclass(frozen=True, slots=True)
class SparsePart:
    """One array of a file."""

    records: Records
    described: Described
    head: Head

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape. Raises UsageError for text, which has none beforehand."""
        if self.head.shape is None:
            raise UsageError(f"{self.origin}: is text; sparse records are arrays (.npy, .npz, .safetensors)")
        return self.head.shape

    @property
    def origin(self) -> str:
        """Its name in messages."""
        return self.head.origin

    def blocks(self) -> Generator[Array, None, None]:
        """Yield its samples, (n, numbers of a sample) at a time."""
        for numbers in replace(self.records, files=(self.described,)).arrays_in_turn():
            yield from numbers.blocks


def _whole(block: Array, origin: str) -> NDArray[np.int64]:
    """Return numbers as integers. Raises DataError for one that is none."""
    with np.errstate(invalid="ignore"):
        index = block.astype(np.int64)
    wrong = index != block
    if wrong.any():
        raise DataError(f"{origin}: indices are whole numbers, it holds {block[wrong][0]:g}")
    return index
