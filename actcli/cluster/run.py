"""Shards read to the last one: by the workers of a Dask cluster, or one after the other by this process."""

import time
from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING

from actcli.analysis.wording import counted
from actcli.cluster.gathering import TRIES, Gathering, UnreadShardsError
from actcli.cluster.observation import Common, ShardStatistics, observe_shards
from actcli.cluster.shards import Shard, tasks
from actcli.exits import ActcliError, DataError
from actcli.remote import is_url
from actcli.terminal import without_credentials

if TYPE_CHECKING:
    from distributed import Client, Future, as_completed

    from actcli.activations.personal import Entry
    from actcli.analysis.deadness.watching import Snapshot

_LOOK = 0.01
"""Seconds between two looks at finished tasks."""
_MOST_KILLERS = 5
"""Shards over which workers die one by one, until no more are tried: each costs the time to start several workers."""
Group = tuple[Shard, ...]


def observe_here(gathering: Gathering, threads: int) -> Generator["Snapshot", None, None]:
    """Yield the statistics as shards are read one by one: on a disk tried once, behind a URL three times.

    Raises UnreadShardsError for shards that cannot be read, after all others were.
    """
    common = Common(gathering.work.reader)
    for shard in gathering.waiting:
        for tried in range(TRIES):
            observed = observe_shards(common, (shard,), float(tried), threads)
            if observed.failed and not is_url(shard.origin):
                gathering.fail(shard, observed.failed[0], finally_=True)
                break
            if not gathering.take(observed, (shard,)):
                break
        snapshot = gathering.snapshot()
        if snapshot is not None:
            yield snapshot
    gathering.require_whole()
    if not gathering.waiting:
        yield from filter(None, (gathering.snapshot(),))


def observe_on(
    client: "Client", gathering: Gathering, own: "tuple[Entry, ...]" = ()
) -> Generator["Snapshot", None, None]:
    """Yield the statistics as tasks are done; what is not done is cancelled when the iterator is closed.

    A shard that cannot be read is tried three times. Where workers die over a task of several shards, each is tried by
    itself, so that the others count; where they die over that one, it is tried at the end while nothing else runs,
    since Dask blames all tasks that waited at a dead worker. Raises UnreadShardsError after all others were read, and
    at once where the scheduler or the workers are gone.
    """
    workers = len(client.scheduler_info(n_workers=-1)["workers"])
    gathering.doing += f" on {counted(workers, 'worker')}"
    tasks_now = _Tasks(client, Common(gathering.work.reader, own))
    try:
        for group in tasks(gathering.waiting, workers):
            tasks_now.submit(group, 0)
        for future in tasks_now.finished():
            if tasks_now.wait_again(future):
                continue
            for group in _take(future, tasks_now, gathering):
                tasks_now.submit(group, gathering.tries(group))
            tasks_now.submit_a_suspect()
            future.release()
            snapshot = gathering.snapshot()
            if snapshot is not None:
                yield snapshot
        gathering.require_whole()
        if not gathering.waiting:
            yield from filter(None, (gathering.snapshot(),))
    except UnreadShardsError:
        raise
    except DataError as error:
        raise gathering.give_up(error) from error
    finally:
        tasks_now.cancel()


def _take(future: "Future[ShardStatistics]", tasks_now: "_Tasks", gathering: Gathering) -> list[Group]:
    """Take the result of a task, and return what is to be tried again. Raises ActcliError for what will not go away."""
    from distributed import CancelledError

    group = tasks_now.groups.pop(future)
    if future.status == "finished":
        try:
            observed = future.result()
        except (OSError, CancelledError) as lost:
            raise _gone() from lost
        again = gathering.take(observed, group)
        return [tuple(again)] if again else []
    if future.status != "error":
        raise _gone()
    error = future.exception()
    if isinstance(error, ActcliError):
        raise error
    if len(group) > 1:
        return [(shard,) for shard in group]
    name = without_credentials(group[0].origin)
    if type(error).__name__ == "KilledWorker":
        if not tasks_now.one_by_one and (gathering.has_some or len(tasks_now.suspects) < _MOST_KILLERS):
            tasks_now.suspects.append(group)
            return []
        deaths = getattr(error, "allowed_failures", TRIES) + 1
        reason = f"{name}: {counted(deaths, 'worker')} died while {gathering.work.reader.activity}"
        if not tasks_now.one_by_one:
            raise DataError(f"{reason}; so it was with {_MOST_KILLERS} other shards, and none could be read")
        gathering.fail(group[0], reason, finally_=True)
        tasks_now.killers += 1
        if tasks_now.killers == _MOST_KILLERS:
            for suspect in tasks_now.suspects:
                gathering.fail(suspect[0], "workers died over it and others", finally_=True)
            tasks_now.suspects.clear()
        return []
    lines = str(error).splitlines() or [""]
    reason = f"{name}: a worker failed: {type(error).__name__}: {lines[0]}"
    return [group] if gathering.fail(group[0], reason) else []


def _gone() -> DataError:
    return DataError("the cluster's scheduler is gone, or cancelled the work; start it again")


class _Tasks:
    """The tasks that the cluster works on.

    Attributes:
        groups: the shards of each.
        suspects: shards over which workers died while others waited.
        one_by_one: whether a task runs while no other does.
        killers: over how many shards workers died then.

    """

    def __init__(self, client: "Client", common: Common) -> None:
        self.groups: dict[Future[ShardStatistics], Group] = {}
        self.suspects: list[Group] = []
        self.one_by_one = False
        self.killers = 0
        self._client = client
        # a task that returns it, since the scheduler can run it again where the workers that hold it die
        self._common = client.submit(_keep, common, pure=False)
        self._completed: as_completed | None = None

    def submit(self, group: Sequence[Shard], tried: int) -> None:
        """Send a task that reads some shards; one that was tried before waits a moment."""
        future = self._client.submit(observe_shards, self._common, tuple(group), float(tried), pure=False)
        self.groups[future] = tuple(group)
        if self._completed is not None:
            self._completed.add(future)

    def submit_a_suspect(self) -> None:
        """Send a shard that may kill workers once nothing else runs."""
        if self.suspects and not self.groups:
            self.one_by_one = True
            self.submit(self.suspects.pop(0), 0)

    def finished(self) -> Iterator["Future[ShardStatistics]"]:
        """Yield the tasks as they are done, those too that are sent meanwhile."""
        from distributed import as_completed

        self._completed = as_completed(self.groups)
        while self.groups:
            if self._completed.has_ready():
                yield from self._completed.next_batch(block=False)
            else:
                # not a wait for another thread: of a model, that is how a hanging onnxruntime is recognised
                time.sleep(_LOOK)

    def wait_again(self, future: "Future[ShardStatistics]") -> bool:
        """Wait for a task that is done no more, since its result died with a worker; Dask runs it again.

        Return whether that is so.
        """
        lost = future.status in {"lost", "pending"} and self._client.status == "running"
        if lost and self._completed is not None:
            self._completed.add(future)
        return lost

    def cancel(self) -> None:
        """Cancel what is not done."""
        self._client.cancel([*self.groups, self._common], force=True)


def _keep(common: Common) -> Common:
    return common
