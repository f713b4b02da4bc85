"""Clusters of real processes."""

import pytest
from cluster_processes import Cluster


@pytest.fixture
def cluster(tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def two_workers(tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("two"))
    cluster.add_worker()
    cluster.add_worker()
    yield cluster
    cluster.stop()


@pytest.fixture
def dying(tmp_path_factory):
    """Start a worker that runs some code first, at a scheduler that blames a task for one death; return its address."""
    cluster = Cluster(tmp_path_factory.mktemp("dying"), DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0")

    def begin(code):
        (cluster.folder / "before.py").write_text(code)
        cluster.add_worker("--preload", cluster.folder / "before.py", nanny=True)
        return cluster.address

    yield begin
    cluster.stop()
