"""Tasks sent to the workers, and their statistics merged as they come back."""

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

from actcli.analysis.deadness.unit_state import LayerState, merge
from actcli.analysis.deadness.watching import Snapshot
from actcli.analysis.stream.merge_tree import MergedParts, MergeTree
from actcli.cluster.observation import Common, ShardStatistics, observe_shards
from actcli.cluster.shards import Shard, tasks
from actcli.exits import ActcliError, DataError

if TYPE_CHECKING:
    from distributed import Client, Future

_RETRIES = 2


class Gathered:
    """The statistics of the tasks that are done, merged in the order of the shards, whatever order they come in."""

    def __init__(self) -> None:
        self._layers: dict[str, MergeTree[LayerState]] = {}
        self._parts: dict[tuple[str, int], MergeTree[LayerState]] = {}
        self._missing: dict[tuple[str, int], int] = {}

    def add(self, observed: ShardStatistics) -> None:
        """Take what a task found."""
        for layer, nodes in observed.layers.items():
            for node in nodes:
                self._tree(layer).add(node)
        for shard, state in observed.parts:
            (place,) = shard.places
            recording = place.layer, place.number
            tree = self._parts.setdefault(recording, MergeTree(merge))
            tree.add(MergedParts(shard.part, 1, state))
            self._missing[recording] = self._missing.get(recording, shard.parts) - 1
            whole = tree.total
            if not self._missing[recording] and whole is not None:
                self._tree(place.layer).add(MergedParts(place.number, 1, whole))
                del self._parts[recording]

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

    def _tree(self, layer: str) -> MergeTree[LayerState]:
        return self._layers.setdefault(layer, MergeTree(merge))


def observe_on(client: "Client", common: Common, shards: Sequence[Shard]) -> Generator[Snapshot, None, None]:
    """Yield the statistics as tasks are done; what is not done is cancelled when the iterator is closed.

    A task that fails is tried three times, on other workers where there are some. Raises DataError for a shard that
    cannot be read, after all others were, and where the scheduler or the workers are gone.
    """
    from distributed import as_completed

    names = list(dict.fromkeys(place.layer for shard in shards for place in shard.places))
    total = sum(shard.samples for shard in shards)
    workers = len(client.scheduler_info(n_workers=-1)["workers"])
    shared = client.scatter(common, broadcast=True, hash=False)
    groups = list(tasks(shards, workers))
    futures = [client.submit(observe_shards, shared, group, pure=False, retries=_RETRIES) for group in groups]
    task_of = dict(zip(futures, groups, strict=True))
    doing = f"{len(shards):,} shards on {workers:,} worker{'' if workers == 1 else 's'}"
    gathered, done = Gathered(), 0
    failures: list[ActcliError] = []
    try:
        for future in as_completed(futures):
            if future.status == "finished":
                observed = future.result()
                future.release()
                gathered.add(observed)
                done += observed.samples
                yield Snapshot(done, total, doing, gathered.states(names))
            else:
                failures.append(_failure(future, task_of[future]))
        if failures:
            raise failures[0]
    finally:
        client.cancel(futures, force=True)


def _failure(future: "Future[ShardStatistics]", task: Sequence[Shard]) -> ActcliError:
    """Return why a task failed, each time that it was tried."""
    if future.status != "error":
        return DataError("the cluster's scheduler is gone, or cancelled the work; start it again")
    error = future.exception()
    if isinstance(error, ActcliError):
        return error
    files = task[0].described.file.path + (f" and {len(task) - 1:,} more" if len(task) > 1 else "")
    if type(error).__name__ == "KilledWorker":
        return DataError(f"{files}: every worker that read it died; give the workers more memory")
    lines = str(error).splitlines() or [""]
    return DataError(f"{files}: a worker failed: {type(error).__name__}: {lines[0]}")
