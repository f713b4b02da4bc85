"""What a worker refuses to do, and how work is cut; a cluster itself is not needed."""

from types import SimpleNamespace

import pytest

from actcli.analysis.training.history import Member
from actcli.analysis.training.stack import parse_stack
from actcli.cluster import training, workers
from actcli.cluster.workers import Sent, Workers
from actcli.exits import DataError


def double(payload, job):
    return payload * job


def test_a_job_is_done(monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    assert workers._do(double, Sent(2, ()), 3) == 6


def test_another_version_is_refused(monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    with pytest.raises(DataError, match="install the same"):
        workers._do(double, Sent(2, (), "0.0"), 3)


def test_matrix_products_on_several_threads_are_refused(monkeypatch):
    for name in workers._BLAS_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    with pytest.raises(DataError, match="OPENBLAS_NUM_THREADS=1"):
        workers._do(double, Sent(2, ()), 3)


@pytest.mark.parametrize(
    ("count", "of_workers", "share"), [(240, 2, 30), (240, 1, 50), (240, 5, 12), (10, 5, 4), (0, 1, 4)]
)
def test_every_worker_has_several_tasks(count, of_workers, share):
    client = SimpleNamespace(scheduler_info=lambda **_: {"workers": dict.fromkeys(range(of_workers))})
    team = Workers(())
    assert list(team.lend(client, iter([1]))) == [1]
    assert team.share(count, 50, 4) == share


def test_a_part_has_one_function_and_one_split():
    members = [
        Member(parse_stack(spec), 0.1, seed, part)
        for spec in ("relu", "tanh")
        for part in (0, 1)
        for seed in range(7)
    ]
    parts = training._parts(members, 3)
    assert [len(part) for part in parts] == [2, 2, 3] * 4
    assert [member for part in parts for member in part] == members
    assert all(len({(m.stack.spec, m.split) for m in part}) == 1 for part in parts)
