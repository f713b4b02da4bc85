"""What a worker does: it reads shards and returns the statistics of their units."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import inf

from actcli import __version__
from actcli.activations.personal import Entry
from actcli.analysis.deadness.firing_rule import Rule
from actcli.analysis.deadness.unit_state import LayerState, merge
from actcli.analysis.deadness.watching import watch
from actcli.analysis.stream.merge_tree import MergedParts, MergeTree
from actcli.cluster.shards import PlaceInLayer, Shard
from actcli.exits import DataError
from actcli.sources.number_request import NumberRequest
from actcli.sources.records.recordings import Records
from actcli.sources.records.unit_axis import UnitAxes
from actcli.terminal import Terminal


@dataclass(frozen=True, slots=True)
class Common:
    """What all tasks of a run share; it is sent to each worker once.

    Attributes:
        axes: where the units lie.
        rules: the firing rule of each layer.
        request: how the files are read.
        ask: whether whole numbers that look like indices of units are refused.
        own: the person's own functions, which rules may name.
        version: the version of actcli that sends the tasks.

    """

    axes: UnitAxes
    rules: Mapping[str, Rule]
    request: NumberRequest
    ask: bool
    own: tuple[Entry, ...]
    version: str = __version__


@dataclass(frozen=True, slots=True)
class ShardStatistics:
    """The statistics of some shards.

    Attributes:
        layers: by layer, whole recordings, merged as far as they follow each other.
        parts: parts of large recordings, each with its shard.
        samples: the samples of all.

    """

    layers: Mapping[str, list[MergedParts[LayerState]]]
    parts: tuple[tuple[Shard, LayerState], ...]
    samples: int


def observe_shards(common: Common, shards: tuple[Shard, ...]) -> ShardStatistics:
    """Read shards. Raises DataError, naming the file, where one cannot be read, and for another version of actcli."""
    if common.version != __version__:
        raise DataError(
            f"a worker has actcli {__version__}, this is {common.version}: install the same on both"
        )
    if common.own:
        from actcli.activations import await_functions

        await_functions(lambda: list(common.own), lambda _: None)
    layers: dict[str, MergeTree[LayerState]] = {}
    parts: list[tuple[Shard, LayerState]] = []
    for shard in shards:
        for place, state in _states(common, shard):
            if shard.parts > 1:
                parts.append((shard, state))
            else:
                tree = layers.setdefault(place.layer, MergeTree(merge))
                tree.add(MergedParts(place.number, 1, state))
    samples = sum(shard.samples for shard in shards)
    return ShardStatistics({name: tree.nodes for name, tree in layers.items()}, tuple(parts), samples)


def _states(common: Common, shard: Shard) -> Iterator[tuple[PlaceInLayer, LayerState]]:
    """Yield the statistics of each array of a shard."""
    request = replace(common.request, rows=shard.rows, keep_open=shard.rows is None)
    records = Records((shard.described,), Terminal(None, None, None), request)
    for number, recording in enumerate(records.read(common.axes, ask=common.ask)):
        if number == len(shard.places):
            path = shard.described.file.path
            raise DataError(f"{path}: holds several arrays, one after the other; leave --cluster out for it")
        place = shard.places[number]
        *_, last = watch([replace(recording, start=place.start)], common.rules.__getitem__, 1, inf)
        yield place, last.states[place.layer]
