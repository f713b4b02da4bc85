"""Recorded activations cut into shards: a file with all its arrays, or some samples of a large array."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING

from actcli.analysis.deadness.watching import PART, watch
from actcli.cluster.shards import READING, ShardPlace
from actcli.exits import UsageError
from actcli.sources.numbers.npy import samples_at_once
from actcli.sources.records.described import Described, version_of
from actcli.sources.records.recordings import BLOCK, Records
from actcli.sources.records.unit_axis import Head
from actcli.terminal import Terminal

if TYPE_CHECKING:
    from actcli.analysis.deadness.firing_rule import Rule
    from actcli.analysis.deadness.unit_state import LayerState
    from actcli.sources.number_request import NumberRequest
    from actcli.sources.records.masks import SampleMask
    from actcli.sources.records.unit_axis import UnitAxes


@dataclass(frozen=True, slots=True)
class DenseShard:
    """Whole activations that are read together.

    Attributes:
        described: the file, looked at.
        places: where its arrays belong, in their order.
        nbytes: the bytes of its numbers.
        version: what tells the file's present content from another.
        rows: the samples that are read of its one array; None means all.
        mask: the mask of each array; none without --mask.

    """

    described: Described
    places: tuple[ShardPlace, ...]
    nbytes: int
    version: tuple[int, ...]
    rows: slice | None = None
    masks: "tuple[SampleMask, ...]" = ()

    @property
    def origin(self) -> str:
        """The file."""
        return self.described.file.path

    @property
    def key(self) -> str:
        """The file, its version, and where its samples belong."""
        rows = None if self.rows is None else [self.rows.start, self.rows.stop]
        places = [[place.layer, place.number, place.start] for place in self.places]
        return json.dumps([self.origin, self.version, rows, places])

    @property
    def layers(self) -> list[str]:
        """The layers of its arrays."""
        return [place.layer for place in self.places]

    @property
    def samples(self) -> int | None:
        """The samples of all its arrays; None for text."""
        if self.rows is not None:
            return int(self.rows.stop - self.rows.start)
        shapes = [head.shape for head in self.described.heads or ()]
        return None if None in shapes else sum(shape[0] for shape in shapes if shape)


@dataclass(frozen=True, slots=True)
class DenseReader:
    """Reads whole activations.

    Attributes:
        axes: where the units lie.
        rules: the firing rule of each layer.
        request: how the files are read.
        ask: whether whole numbers that look like indices of units are refused.

    """

    axes: "UnitAxes"
    rules: "Mapping[str, Rule]"
    request: "NumberRequest"
    ask: bool

    @property
    def activity(self) -> str:
        """What a worker may die of."""
        return READING

    def states(self, shard: DenseShard, threads: int) -> "Iterator[tuple[ShardPlace, LayerState]]":
        """Yield the statistics of each array of a shard."""
        request = replace(self.request, rows=shard.rows, keep_open=shard.rows is None)
        records = Records((shard.described,), Terminal(None, None, None), request)
        for number, recording in enumerate(records.read(self.axes, ask=self.ask)):
            if number == len(shard.places):
                raise UsageError(
                    f"{shard.origin}: holds several arrays, one after the other; leave --cluster and --resume out "
                    "for it"
                )
            place = shard.places[number]
            if shard.masks:
                recording = shard.masks[number].fresh().apply(recording, shard.origin)  # noqa: PLW2901
            placed = replace(recording, start=place.start or 0)
            *_, last = watch([placed], self.rules.__getitem__, threads, inf)
            yield place, last.states[place.layer]


def cut(records: Records, mask: "SampleMask | None" = None) -> list[DenseShard]:
    """Return the shards of recorded activations, in order.

    Of a text the samples are counted when it is read; its layer is placed file by file. Raises UsageError for what
    only one pass can read: standard input and pipes, and text with a mask.
    """
    counted_later = {head.layer for head in _heads(records) if head.shape is None}
    numbers: Counter[str] = Counter()
    starts: Counter[str] = Counter()
    before: Counter[str] = Counter()
    shards: list[DenseShard] = []
    for described in records.files:
        places, masks = [], []
        for head in _heads_of(described):
            layer = head.layer
            if mask is not None and head.shape is None:
                raise UsageError(
                    f"{head.origin}: --mask of text is for one machine; leave out --cluster and --resume"
                )
            places.append(
                ShardPlace(layer, numbers[layer], None if layer in counted_later else starts[layer])
            )
            numbers[layer] += 1
            if head.shape is None:
                continue
            if mask is not None:
                masks.append(mask.part(layer, before[layer], head.shape[0], described.file.path))
            before[layer] += head.shape[0]
            starts[layer] += masks[-1].kept_samples() if masks else head.shape[0]
        nbytes = sum(header.nbytes for header in described.headers)
        version = version_of(described.file.path) if described.version is None else described.version
        shard = DenseShard(described.absolute(), tuple(places), nbytes or version[1], version[1:])
        shards += _in_parts(replace(shard, masks=tuple(masks)))
    return shards


def _heads(records: Records) -> Iterator[Head]:
    for described in records.files:
        yield from _heads_of(described)


def _heads_of(described: Described) -> tuple[Head, ...]:
    """Return the layers of a file. Raises UsageError for a stream."""
    if described.heads is None:
        raise UsageError(
            f"{described.file.path}: standard input and pipes are read on one machine, once; leave out --cluster and "
            "--resume, or name files"
        )
    return described.heads


def is_plain(described: Described) -> bool:
    """Return whether a file is one array and nothing else: another may follow in a packed file."""
    header, version = described.header, described.version
    return header is not None and version is not None and version[1] == header.length + header.nbytes


def is_text(described: Described) -> bool:
    """Return whether a file holds numbers as text, which can be read again."""
    return described.heads is not None and any(head.shape is None for head in described.heads)


def _in_parts(shard: DenseShard) -> Iterator[DenseShard]:
    """Yield a large array in C order of a file of its own in the parts in which its statistics are merged."""
    described, header = shard.described, shard.described.header
    if header is None or not is_plain(described) or header.is_fortran or shard.places[0].start is None:
        yield shard
        return
    step = PART * samples_at_once(header, BLOCK)
    if header.shape[0] <= step:
        yield shard
        return
    samples, (place,) = header.shape[0], shard.places
    firsts = range(0, samples, step)
    start = place.start or 0
    for part, first in enumerate(firsts):
        rows = slice(first, min(first + step, samples))
        nbytes = shard.nbytes // samples * (rows.stop - first)
        masks = tuple(mask.part(place.layer, first, rows.stop - first, shard.origin) for mask in shard.masks)
        there = (replace(place, start=start, part=part, parts=len(firsts)),)
        yield replace(shard, places=there, nbytes=nbytes, rows=rows, masks=masks)
        start += masks[0].kept_samples() if masks else rows.stop - first
