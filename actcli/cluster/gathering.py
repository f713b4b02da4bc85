"""The statistics of shards, merged in their order, whatever order they come in; and which shards cannot be read."""

from collections.abc import Sequence
from time import perf_counter
from typing import TYPE_CHECKING

from actcli.analysis.deadness.unit_state import LayerState, merge, place_at
from actcli.analysis.deadness.watching import ShardTally, Snapshot
from actcli.analysis.stream.merge_tree import MergedParts, MergeTree
from actcli.analysis.wording import counted
from actcli.cluster.partial import PartialNode, PartialRun
from actcli.exits import DataError
from actcli.terminal import without_credentials

if TYPE_CHECKING:
    from actcli.cluster.observation import ShardStatistics
    from actcli.cluster.shards import Shard, ShardPlace, Work

TRIES = 3
_BETWEEN = 0.05
"""Seconds between two snapshots: of many small shards, merging all again and again would cost more than reading."""


class UnreadShardsError(DataError):
    """Some shards could not be read; `partial` holds the statistics of the others."""

    def __init__(self, message: str, partial: PartialRun) -> None:
        super().__init__(message)
        self.partial = partial


class Gathering:
    """The statistics of the shards that are done.

    A shard is tried three times, or `tries`.

    Attributes:
        work: the shards, and what reads them.
        doing: what works on them, for the progress.
        waiting: the shards that were not done from the start.

    """

    def __init__(self, work: "Work", resumed: PartialRun | None = None, tries: int = TRIES) -> None:
        self.work, self._most = work, tries
        self.doing = counted(len(work.shards), "shard")
        self._is_torn = False
        self._names = work.layers
        self._gathered = Gathered()
        self._done: dict[str, None] = {}
        self._tries: dict[str, int] = {}
        self._failures: dict[str, str] = {}
        self._samples = self._nbytes = 0
        samples = [shard.samples for shard in work.shards]
        self._total = None if None in samples else sum(one for one in samples if one is not None)
        self._reported = 0.0
        if resumed is not None:
            self._gathered.restore(resumed.nodes)
            self._done = dict.fromkeys(resumed.done)
            for shard in work.shards:
                if shard.key in self._done:
                    self._samples += shard.samples or 0
        self.waiting = [shard for shard in work.shards if shard.key not in self._done]

    def take(self, observed: "ShardStatistics", shards: Sequence["Shard"]) -> list["Shard"]:
        """Take what a task found in its shards; return those that are to be tried again."""
        again = []
        self._is_torn = True  # until Ctrl-C cannot leave half of it
        for number, shard in enumerate(shards):
            if number in observed.failed:
                if self.fail(shard, observed.failed[number]):
                    again.append(shard)
                continue
            self._done[shard.key] = None
            self._samples += shard.samples or 0
            self._nbytes += shard.nbytes
        self._gathered.add(observed, shards)
        self._is_torn = False
        return again

    def fail(self, shard: "Shard", reason: str, *, finally_: bool = False) -> bool:
        """Note that a shard could not be read; return whether it is to be tried again."""
        self._tries[shard.key] = self._tries.get(shard.key, 0) + 1
        if not finally_ and self._tries[shard.key] < self._most:
            return True
        self._failures[shard.key] = reason
        return False

    @property
    def has_some(self) -> bool:
        """Whether a shard was read."""
        return bool(self._done)

    def tries(self, shards: Sequence["Shard"]) -> int:
        """Return how often one of these was tried."""
        return max(self._tries.get(shard.key, 0) for shard in shards)

    def snapshot(self) -> Snapshot | None:
        """Return the statistics so far; None where the last are not older than a moment."""
        now = perf_counter()
        whole = len(self._done) == len(self.work.shards)
        if now - self._reported < _BETWEEN and not whole:
            return None
        self._reported = now
        samples = self._samples if self._total is not None else self._gathered.samples(self._names)
        tally = ShardTally(len(self._done), len(self.work.shards), self._nbytes)
        total = samples if whole and self._total is None else self._total
        return Snapshot(samples, total, self.doing, self._gathered.states(self._names), tally)

    def require_whole(self) -> None:
        """Raise UnreadShardsError where some shards could not be read, with the statistics of the others."""
        if self._failures:
            # in the order of the shards, whichever was tried first
            reason, *others = [
                self._failures[one.key] for one in self.work.shards if one.key in self._failures
            ]
            more = f"; nor can {len(others):,} more shards be read" if others else ""
            raise UnreadShardsError(f"{reason}{more}", self.partial())
        if not self._gathered.is_whole:
            raise DataError("the statistics that were resumed do not belong to these shards; begin anew")

    def give_up(self, error: DataError) -> UnreadShardsError:
        """Return an error that ends the run, with the statistics so far."""
        return UnreadShardsError(str(error), self.partial())

    def partial(self) -> PartialRun:
        """Return what is in order; of a layer whose places are counted, what comes before the first failure.

        Of a run that Ctrl-C ended while a result was taken there is nothing.
        """
        if self._is_torn:
            return PartialRun(self.work.how, (), (), ())
        lost = self._gathered.unplaced
        done = tuple(
            shard.key for shard in self.work.shards if shard.key in self._done and shard.key not in lost
        )
        missing = [shard.origin for shard in self.work.shards if shard.key not in set(done)]
        return PartialRun(
            self.work.how,
            done,
            tuple(map(without_credentials, missing)),
            tuple(self._gathered.nodes),
        )


class Gathered:
    """Statistics merged in the order of the shards."""

    def __init__(self) -> None:
        self._layers: dict[str, MergeTree[LayerState]] = {}
        self._parts: dict[tuple[str, int], MergeTree[LayerState]] = {}
        self._missing: dict[tuple[str, int], int] = {}
        self._of: dict[tuple[str, int], int] = {}
        self._waiting: dict[tuple[str, int], tuple[LayerState, str]] = {}
        self._next: dict[str, tuple[int, int]] = {}

    def add(self, observed: "ShardStatistics", shards: Sequence["Shard"]) -> None:
        """Take what a task found in its shards."""
        for layer, nodes in observed.layers.items():
            for node in nodes:
                self._tree(layer).add(node)
        for number, place, state in observed.loose:
            if place.start is None:
                self._waiting[place.layer, place.number] = state, shards[number].key
                self._place_those_in_order(place.layer)
            else:
                self._add_part(place, state)

    def restore(self, nodes: Sequence[PartialNode]) -> None:
        """Take the statistics of an earlier run."""
        for node in nodes:
            merged = MergedParts(node.number, node.parts, node.state)
            if node.recording < 0:
                self._tree(node.state.name).add(merged)
                continue
            recording = node.state.name, node.recording
            self._parts.setdefault(recording, MergeTree(merge)).add(merged)
            self._of[recording] = node.of
            self._missing[recording] = self._missing.get(recording, node.of) - node.parts
        for layer, tree in self._layers.items():
            total = tree.total
            if total is not None:
                self._next[layer] = tree.end, total.samples

    def states(self, names: Sequence[str]) -> dict[str, LayerState]:
        """Return the statistics so far by layer, in the order of the names; recordings that are not whole count too."""
        states: dict[str, LayerState] = {}
        for name in names:
            trees = [
                self._layers.get(name),
                *(tree for (layer, _), tree in self._parts.items() if layer == name),
            ]
            for tree in trees:
                total = None if tree is None else tree.total
                if total is not None:
                    states[name] = merge(states[name], total) if name in states else total
        return states

    def samples(self, names: Sequence[str]) -> int:
        """Return the samples of all layers together."""
        return sum(state.samples for state in self.states(names).values())

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing between what there is."""
        return not self._parts and not self._waiting and all(tree.is_whole for tree in self._layers.values())

    @property
    def unplaced(self) -> set[str]:
        """The shards of which something waits for the samples before it."""
        return {key for _, key in self._waiting.values()}

    @property
    def nodes(self) -> list[PartialNode]:
        """The statistics as far as they are merged."""
        nodes = [
            PartialNode(*node[:2], -1, 0, node.value) for tree in self._layers.values() for node in tree.nodes
        ]
        nodes += [
            PartialNode(*node[:2], recording[1], self._of[recording], node.value)
            for recording, tree in self._parts.items()
            for node in tree.nodes
        ]
        return nodes

    def _add_part(self, place: "ShardPlace", state: LayerState) -> None:
        """Take a part of a large recording; with the last one it is whole."""
        recording = place.layer, place.number
        tree = self._parts.setdefault(recording, MergeTree(merge))
        tree.add(MergedParts(place.part, 1, state))
        self._of[recording] = place.parts
        self._missing[recording] = self._missing.get(recording, place.parts) - 1
        whole = tree.total
        if not self._missing[recording] and whole is not None:
            self._tree(place.layer).add(MergedParts(place.number, 1, whole))
            del self._parts[recording], self._missing[recording], self._of[recording]

    def _place_those_in_order(self, layer: str) -> None:
        """Place the recordings of a layer up to the first one that is missing."""
        number, start = self._next.get(layer, (0, 0))
        while (layer, number) in self._waiting:
            state, _ = self._waiting.pop((layer, number))
            self._tree(layer).add(MergedParts(number, 1, place_at(state, start)))
            number, start = number + 1, start + state.samples
            self._next[layer] = number, start

    def _tree(self, layer: str) -> MergeTree[LayerState]:
        return self._layers.setdefault(layer, MergeTree(merge))
