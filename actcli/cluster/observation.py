"""What a worker does: it reads shards and returns the statistics of their units."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from actcli import __version__
from actcli.activations.personal import Entry
from actcli.analysis.deadness.unit_state import LayerState, merge
from actcli.analysis.stream.merge_tree import MergedParts, MergeTree
from actcli.cluster.own_functions import OWN_FUNCTIONS
from actcli.cluster.shards import Shard, ShardPlace, ShardReader
from actcli.exits import DataError
from actcli.terminal import without_credentials


@dataclass(frozen=True, slots=True)
class Common:
    """What all tasks of a run share; it is sent to each worker once.

    Attributes:
        reader: what reads the shards.
        own: the person's own functions, which rules may name.
        version: the version of actcli that sends the tasks.

    """

    reader: ShardReader
    own: tuple[Entry, ...] = ()
    version: str = __version__


@dataclass(frozen=True, slots=True)
class ShardStatistics:
    """The statistics of some shards.

    Attributes:
        layers: by layer, whole recordings whose place is known, merged as far as they follow each other.
        loose: the others, and parts of large recordings: the number of the shard among these, the place, the state.
        failed: by its number among these, why a shard cannot be read.

    """

    layers: Mapping[str, list[MergedParts[LayerState]]]
    loose: tuple[tuple[int, ShardPlace, LayerState], ...]
    failed: Mapping[int, str]


def observe_shards(
    common: Common, shards: Sequence[Shard], wait: float = 0.0, threads: int = 1
) -> ShardStatistics:
    """Read shards, after `wait` seconds. Raises DataError for another version of actcli.

    What cannot be read is named in the result, beside the statistics of the others.
    """
    if common.version != __version__:
        raise DataError(
            f"a worker has actcli {__version__}, this is {common.version}: install the same on both"
        )
    time.sleep(wait)
    with OWN_FUNCTIONS.defined(common.own):
        return _observe(common.reader, shards, threads)


def _observe(reader: ShardReader, shards: Sequence[Shard], threads: int) -> ShardStatistics:
    layers: dict[str, MergeTree[LayerState]] = {}
    loose: list[tuple[int, ShardPlace, LayerState]] = []
    failed: dict[int, str] = {}
    for number, shard in enumerate(shards):
        try:
            found = list(reader.states(shard, threads))
        except DataError as error:
            name, reason = without_credentials(shard.origin), str(error)
            failed[number] = reason if os.path.basename(name) in reason else f"{name}: {reason}"  # noqa: PTH119
            continue
        for place, state in found:
            if place.parts > 1 or place.start is None:
                loose.append((number, place, state))
            else:
                tree = layers.setdefault(place.layer, MergeTree(merge))
                tree.add(MergedParts(place.number, 1, state))
    return ShardStatistics({name: tree.nodes for name, tree in layers.items()}, tuple(loose), failed)
