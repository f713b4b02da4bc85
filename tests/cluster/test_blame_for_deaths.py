"""Which shards are blamed for the deaths of workers, as the scheduler tells it; no cluster runs."""

from types import SimpleNamespace

import pytest

from actcli.cluster import run
from actcli.cluster.gathering import Gathering, UnreadShardsError
from actcli.cluster.observation import Common, ShardStatistics
from actcli.cluster.shards import Work
from actcli.exits import DataError

pytest.importorskip("distributed")

READER = SimpleNamespace(activity="reading it")
SHARDS = [
    SimpleNamespace(origin=f"{number}.npy", key=f"{number}", layers=("a",), nbytes=1, samples=1)
    for number in range(9)
]


class KilledWorker(Exception):  # noqa: N818 - Dask's name
    allowed_failures = 1


class Task:
    """A task that is done, or killed its worker."""

    def __init__(self, kills):
        self.status = "error" if kills else "finished"
        self.exception = KilledWorker

    def result(self):
        return ShardStatistics({}, (), {})


class Client:
    """Does what is sent at once."""

    def __init__(self, killers):
        self.killers = killers

    def submit(self, _, __, shards=(), ___=0.0, *, pure):
        assert not pure
        return Task(any(shard.origin in self.killers for shard in shards))


def take_all(killers, blamed=()):
    """Take the results of tasks of one shard each, `blamed` at first for what others did."""
    client = Client({*killers, *blamed})
    gathering = Gathering(Work(READER, SHARDS, ""))
    tasks = run._Tasks(client, Common(READER))
    for shard in SHARDS:
        tasks.submit((shard,), 0)
    client.killers = set(killers)
    while tasks.groups:
        assert run._take(next(iter(tasks.groups)), tasks, gathering) == []
        tasks.submit_a_suspect()
    gathering.require_whole()


def test_a_shard_that_was_blamed_for_another_counts():
    with pytest.raises(UnreadShardsError, match=r"^4\.npy: 2 workers died while reading it$") as error:
        take_all(["4.npy"], ["3.npy", "5.npy"])
    assert error.value.partial.missing == ("4.npy",)


def test_nobody_is_blamed_where_all_can_be_read_alone():
    take_all([], ["3.npy", "5.npy", "8.npy"])


def test_after_five_that_kill_no_more_are_tried():
    killers = [f"{number}.npy" for number in range(1, 9)]
    with pytest.raises(UnreadShardsError, match=r"^1\.npy: 2 workers died .* 7 more shards") as error:
        take_all(killers)
    assert error.value.partial.missing == tuple(killers)


def test_where_nothing_can_be_read_the_run_ends():
    with pytest.raises(DataError, match=r"5\.npy: 2 workers died .* 5 other shards, and none could be read"):
        take_all([shard.origin for shard in SHARDS])
