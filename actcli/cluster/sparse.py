"""Sparse records cut into shards: of each layer the parts that are in one file, or side by side in two."""

import json
from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING

from actcli.analysis.deadness.watching import watch
from actcli.cluster.shards import READING, ShardPlace
from actcli.sources.records.described import Described
from actcli.sources.records.recordings import Records
from actcli.sources.records.sparse_records import SparseLayer, SparseRecords
from actcli.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from actcli.analysis.deadness.firing_rule import Rule
    from actcli.analysis.deadness.unit_state import LayerState
    from actcli.sources.number_request import NumberRequest
    from actcli.sources.records.masks import SampleMask


@dataclass(frozen=True, slots=True)
class SparseShard:
    """The arrays of a layer that are read side by side.

    Attributes:
        layer: the layer, and how its arrays are named.
        files: the files that hold them, looked at.
        place: where its samples belong.
        samples: how many there are.
        mask: their mask; None without --mask.

    """

    layer: SparseLayer
    files: tuple[Described, ...]
    place: ShardPlace
    samples: int | None
    mask: "SampleMask | None"

    @property
    def origin(self) -> str:
        """The first file."""
        return self.files[0].file.path

    @property
    def key(self) -> str:
        """The files, their versions, and where the samples belong."""
        files = [[one.file.path, one.version and one.version[1:]] for one in self.files]
        return json.dumps([self.origin, files, [self.place.layer, self.place.number, self.place.start]])

    @property
    def layers(self) -> list[str]:
        """The layer."""
        return [self.layer.name]

    @property
    def nbytes(self) -> int:
        """The bytes of its arrays."""
        return sum(
            header.nbytes
            for one in self.files
            for head, header in zip(one.heads or (), one.headers, strict=True)
            if head.layer in self.layer.arrays
        )


@dataclass(frozen=True, slots=True)
class SparseReader:
    """Reads sparse records: by the rules of their layers, with the index that stands for no unit."""

    rules: "Mapping[str, Rule]"
    request: "NumberRequest"
    filler: int | None

    @property
    def activity(self) -> str:
        """What a worker may die of."""
        return READING

    def states(self, shard: SparseShard, threads: int) -> "Iterator[tuple[ShardPlace, LayerState]]":
        """Yield the statistics of a shard's layer."""
        records = Records(shard.files, Terminal(None, None, None), self.request)
        mask = None if shard.mask is None else shard.mask.fresh()
        sparse = SparseRecords((shard.layer,), records, self.filler, mask)
        for recording in sparse.read():
            *_, last = watch(
                [replace(recording, start=shard.place.start)], self.rules.__getitem__, threads, inf
            )
            yield shard.place, last.states[shard.place.layer]


def cut_sparse(sparse: SparseRecords) -> list[SparseShard]:
    """Return the shards of sparse records, layer by layer. Raises what reading their first blocks would raise."""
    shards: list[SparseShard] = []
    for layer in sparse.layers:
        files, before = _files_of(sparse, layer), 0
        # nothing is read: headers are compared, and masked samples counted
        for number, recording in enumerate(replace(sparse, layers=(layer,)).read()):
            samples, path = recording.samples or 0, files[number][0].file.path
            mask = None if sparse.mask is None else sparse.mask.part(layer.name, before, samples, path)
            place = ShardPlace(layer.name, number, recording.start)
            shards.append(
                SparseShard(layer, tuple(one.absolute() for one in files[number]), place, samples, mask)
            )
            before += samples
    return shards


def _files_of(sparse: SparseRecords, layer: SparseLayer) -> list[list[Described]]:
    """Return the files of each part of a layer, that of its entries first."""
    if layer.by_place:
        parts = [[part for name in layer.arrays for part in sparse.parts(name)]]
    else:
        entries = sparse.parts(layer.entries)
        values = entries if layer.values is None else sparse.parts(layer.values)
        parts = [list(pair) for pair in zip(entries, values, strict=False)]
    whole = {one.file.path: one for one in sparse.records.files}
    return [
        list({path: whole[path] for path in (one.described.file.path for one in part)}.values())
        for part in parts
    ]
