"""Recorded data cut into shards: each is read on its own, and together they are the whole, sample by sample."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from actcli.analysis.deadness.unit_state import LayerState

_LEAST_BYTES, _MOST_BYTES = 64 << 20, 1 << 30
"""Bytes of files that make one task: reading them takes far longer than the scheduler's work for it, and ends soon."""
READING = "reading it; give the workers more memory"
_FEWEST_TASKS, _ENOUGH_TASKS = 8, 16
"""Tasks for each worker: so many at least, for an even end, and no more where they are large enough."""


@dataclass(frozen=True, slots=True)
class ShardPlace:
    """Where the statistics of some samples belong.

    Attributes:
        layer: their layer.
        number: the number of their recording among those of the layer.
        start: the place of the first sample; None where the samples before it must be counted first.
        part, parts: which part of a large recording this is, counted from 0, and of how many.

    """

    layer: str
    number: int
    start: int | None
    part: int = 0
    parts: int = 1


class Shard(Protocol):
    """What is read together: a file, some samples of a large one, or several files for a batch of a model."""

    @property
    def origin(self) -> str:
        """The file, in messages."""

    @property
    def key(self) -> str:
        """A JSON list, the origin first, that tells it from other shards, and the file from one with other content."""

    @property
    def layers(self) -> Sequence[str]:
        """The layers that it holds."""

    @property
    def nbytes(self) -> int:
        """The bytes of its numbers."""

    @property
    def samples(self) -> int | None:
        """The samples of all its arrays; None for text."""


class ShardReader(Protocol):
    """What turns shards of one kind into statistics; it is sent to each worker once."""

    @property
    def activity(self) -> str:
        """What a worker does to a shard and may die of, and what helps then, as the end of a sentence."""

    def states(self, shard: Any, threads: int) -> "Iterator[tuple[ShardPlace, LayerState]]":
        """Yield the statistics in a shard, and where they belong.

        Places that count from the first sample of a recording have a start of None. Raises DataError where the shard
        cannot be read.
        """


@dataclass(frozen=True, slots=True)
class Work:
    """Shards, and what reads them.

    Attributes:
        reader: reads each shard.
        shards: all of them, in order.
        how: text that tells whether two pieces of work count the same things in the same files.
        part_of: the identity of the network; blank if it is unknown.

    """

    reader: ShardReader
    shards: Sequence[Shard]
    how: str
    part_of: str = ""

    @property
    def layers(self) -> list[str]:
        """The layers, in order of appearance."""
        return list(dict.fromkeys(layer for shard in self.shards for layer in shard.layers))


def tasks(shards: Sequence[Shard], workers: int) -> Iterator[tuple[Shard, ...]]:
    """Yield the shards in groups, so that a task is large, and there are several for each worker."""
    share = sum(shard.nbytes for shard in shards) / max(workers, 1)
    large = min(max(share / _ENOUGH_TASKS, _LEAST_BYTES), _MOST_BYTES)
    most = min(large, share / _FEWEST_TASKS)
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
