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
