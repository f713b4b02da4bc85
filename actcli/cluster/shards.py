"""Recorded activations cut into shards: each is read on its own, and together they are the whole, sample by sample."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from actcli.analysis.deadness.watching import PART
from actcli.exits import UsageError
from actcli.remote import is_url
from actcli.sources.numbers.npy import samples_at_once
from actcli.sources.records.described import Described
from actcli.sources.records.recordings import BLOCK, Records
from actcli.sources.records.unit_axis import Head

TASK_BYTES = 64 << 20
"""Bytes of small files that make one task: their reading then takes far longer than the scheduler's work for it."""
_TASKS_PER_WORKER = 8


@dataclass(frozen=True, slots=True)
class PlaceInLayer:
    """Where a recording belongs: its layer, its number among those of the layer, and the place of its first sample."""

    layer: str
    number: int
    start: int


@dataclass(frozen=True, slots=True)
class Shard:
    """What is read together: a file with all its arrays, or some samples of a large array.

    Attributes:
        described: the file, looked at.
        places: where its arrays belong, in their order.
        nbytes: the bytes of its numbers.
        rows: the samples that are read of its one array; None means all.
        part, parts: which part of that array this is, counted from 0, and of how many.

    """

    described: Described
    places: tuple[PlaceInLayer, ...]
    nbytes: int
    rows: slice | None = None
    part: int = 0
    parts: int = 1

    @property
    def samples(self) -> int:
        """The samples of all its arrays."""
        if self.rows is not None:
            return int(self.rows.stop - self.rows.start)
        return sum(head.shape[0] for head in self.described.heads or () if head.shape)


def cut(records: Records) -> list[Shard]:
    """Return the shards of recorded activations, in order.

    Raises UsageError for what only one machine can read: standard input, a pipe, and text, whose samples are not
    known before.
    """
    numbers: Counter[str] = Counter()
    starts: Counter[str] = Counter()
    shards: list[Shard] = []
    for described in records.files:
        places = []
        for head in described.heads or (Head(described.file.layer, None, described.file.path),):
            if head.shape is None:
                raise UsageError(
                    f"{head.origin}: text and pipes are read on one machine; leave --cluster out, or save the numbers "
                    "as .npy, .npz or .safetensors"
                )
            places.append(PlaceInLayer(head.layer, numbers[head.layer], starts[head.layer]))
            numbers[head.layer] += 1
            starts[head.layer] += head.shape[0]
        nbytes = sum(header.nbytes for header in described.headers)
        # the folder of a worker is another one
        path = described.file.path
        file = replace(described.file, path=path if is_url(path) else os.path.abspath(path))  # noqa: PTH100
        shards += _in_parts(Shard(replace(described, file=file), tuple(places), nbytes))
    return shards


def _in_parts(shard: Shard) -> Iterator[Shard]:
    """Yield a large array in C order of a file of its own in the parts in which its statistics are merged."""
    described = shard.described
    header, version = described.header, described.version
    # of a packed file, or one with several arrays, the size is another
    if header is None or version is None or version[1] != header.length + header.nbytes or header.is_fortran:
        yield shard
        return
    step = PART * samples_at_once(header, BLOCK)
    if header.shape[0] <= step:
        yield shard
        return
    samples, (place,) = header.shape[0], shard.places
    firsts = range(0, samples, step)
    for part, first in enumerate(firsts):
        rows = slice(first, min(first + step, samples))
        nbytes = shard.nbytes // samples * (rows.stop - first)
        there = (replace(place, start=place.start + first),)
        yield replace(shard, places=there, nbytes=nbytes, rows=rows, part=part, parts=len(firsts))


def tasks(shards: Sequence[Shard], workers: int) -> Iterator[tuple[Shard, ...]]:
    """Yield the shards in groups, so that a task is large, and there are several for each worker."""
    most = min(TASK_BYTES, sum(shard.nbytes for shard in shards) // max(_TASKS_PER_WORKER * workers, 1))
    group: list[Shard] = []
    nbytes = 0
    for shard in shards:
        group.append(shard)
        nbytes += shard.nbytes
        if nbytes >= most:
            yield tuple(group)
            group, nbytes = [], 0
    if group:
        yield tuple(group)
