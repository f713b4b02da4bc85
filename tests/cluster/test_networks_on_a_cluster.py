"""Networks trained and measured on workers: the numbers of one machine, whatever happens to the workers."""

import json
import signal
import subprocess
import sys
from dataclasses import fields
from functools import partial

import numpy as np
import pytest
from cluster_processes import ENVIRON, SECONDS, Cluster

from actcli.analysis.signal.gradients import Conditions, compare_gradients
from actcli.analysis.training.dataset import split, toy
from actcli.analysis.training.dying import find_limits
from actcli.analysis.training.history import Member
from actcli.analysis.training.plan import TrainingPlan
from actcli.analysis.training.population import train
from actcli.analysis.training.stack import parse_stack
from actcli.analysis.training.training_comparison import compare_training
from actcli.analysis.training.trial import Trial
from actcli.cluster.gradients import measure_on
from actcli.cluster.training import train_on
from actcli.cluster.workers import Workers

distributed = pytest.importorskip("distributed")

RNG = np.random.default_rng(0)
TEN = split("ten", RNG.normal(size=(97, 6)), np.arange(97) % 10, 0, splits=2)
"""Ten classes, and a last batch of one sample: the order of each sum shows in the bits."""
MOONS = toy("moons", 0)
STACKS = [parse_stack(spec) for spec in ("prelu", "x*sigmoid(b*x):b=1.3", "relu/tanh")]
MEMBERS = [
    Member(one, rate, seed, part)
    for one in STACKS
    for rate in (0.1, 3.0)
    for seed in (0, 1)
    for part in (0, 1)
]
PLAN = TrainingPlan(hidden=(3, 3), epochs=2, batch=8, optimizer="momentum")
RANDOM = STACKS[2:], Conditions(depth=3, width=9, seeds=5), 1


@pytest.fixture(scope="module")
def growing(tmp_path_factory):
    """A cluster to which workers are added."""
    cluster = Cluster(tmp_path_factory.mktemp("growing"))
    yield cluster
    cluster.stop()


def same(one, other):
    """Whether two histories, networks or steps have the same bits; times differ."""
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    return one == other


def measures(history):
    return [getattr(history, field.name) for field in fields(history) if field.name != "seconds"]


def last_of(steps):
    *_, last = steps
    return last.so_far


def rows(comparison):
    """The numbers of a comparison without its times."""
    return [
        ({name: value for name, value in one.values.items() if "seconds" not in name}, one.details)
        for one in comparison.contenders
    ]


@pytest.fixture(scope="module")
def on_one():
    """What one machine finds."""
    *_, trained = train(MEMBERS, PLAN, TEN, 1)
    return trained, last_of(compare_gradients(*RANDOM)).contenders


@pytest.mark.parametrize("count", [1, 2, 5])
def test_any_number_of_workers_gives_the_bits_of_one_machine(growing, on_one, count):
    while len(growing.worker_names()) < count:
        growing.add_worker()
    here, norms = on_one
    with distributed.Client(growing.address, set_as_default=False) as client:
        workers = Workers(())
        *_, there = workers.lend(client, train_on(workers, True, MEMBERS, PLAN, TEN))
        assert same(measures(there.of(MEMBERS)), measures(here.of(MEMBERS)))
        assert all(same(there.network(one), here.network(one)) for one in MEMBERS)
        measured = compare_gradients(*RANDOM, partial(measure_on, workers))
        assert last_of(workers.lend(client, measured)).contenders == norms


def test_a_search_for_rates(growing):
    plan = TrainingPlan(epochs=1)
    searched = STACKS[:1], TEN, Trial(plan, width=4, rates=(), seeds=2, splits=2), 1
    limits = STACKS[:1], TEN, Trial(plan, width=4, depths=(1,), rates=(0.1, 1.0), seeds=2), 0.05, 1
    with distributed.Client(growing.address, set_as_default=False) as client:
        workers = Workers(())
        best = compare_training(*searched, elsewhere=partial(train_on, workers, False))
        assert rows(last_of(workers.lend(client, best))) == rows(last_of(compare_training(*searched)))
        found = find_limits(*limits, partial(train_on, workers, True))
        assert last_of(workers.lend(client, found)).thresholds() == last_of(find_limits(*limits)).thresholds()


OWN = '[kinked]\nformula = "x - 0.1*relu(x)*x if x > 1 else tanh(x)"\n'
SMALL = ["--data", "xy.npz", "--epochs", "2", "--seeds", "3", "--width", "4"]
LONG = ["--epochs", "400", "--seeds", "40"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Own functions, and samples that only this machine has."""
    folder = tmp_path_factory.mktemp("networks")
    (folder / "f.toml").write_text(OWN)
    np.savez(folder / "xy.npz", X=RNG.normal(size=(90, 4)), y=np.arange(90) % 3)
    return folder


def start(folder, *arguments, **environ):
    return subprocess.Popen(
        [sys.executable, "-m", "actcli", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**ENVIRON, **environ},
    )


def actcli(folder, *arguments, **environ):
    process = start(folder, *arguments, **environ)
    out, err = process.communicate(timeout=SECONDS)
    return process.returncode, out, err


def epochs(path):
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [{name: value for name, value in line.items() if "seconds" not in name} for line in lines]


def test_own_functions_and_data_go_along_and_the_recording_comes_back(folder, growing):
    command = ["compare", "relu", "kinked", "--functions", "f.toml", "--by", "training", *SMALL, "--record"]
    assert actcli(folder, *command, "one.jsonl")[0] == 0
    assert actcli(folder, *command, "many.jsonl", ACTCLI_CLUSTER=growing.address)[0] == 0
    assert epochs(folder / "many.jsonl") == epochs(folder / "one.jsonl")


def test_dead_units_of_trained_networks(folder, growing):
    command = [
        "deadcheck",
        "--train",
        "relu",
        "--train",
        "kinked",
        "--functions",
        "f.toml",
        *SMALL,
        "--lr",
        "0.1,5",
    ]
    one = actcli(folder, *command, "--save-state", "one.npz", "--export", "one-network.npz")
    many = actcli(
        folder,
        *command,
        "--save-state",
        "many.npz",
        "--export",
        "many-network.npz",
        "--cluster",
        growing.address,
    )
    assert many == one
    assert one[0] == 0
    for name in ("", "-network"):
        assert (folder / f"many{name}.npz").read_bytes() == (folder / f"one{name}.npz").read_bytes()


def test_all_workers_are_killed_and_another_joins_late(cluster):
    members = [Member(parse_stack("gelu"), 0.1, seed) for seed in range(8)]
    plan = TrainingPlan(hidden=(8,), epochs=60)
    *_, here = train(members, plan, MOONS, 1)
    dying = cluster.add_worker()
    with distributed.Client(cluster.address, set_as_default=False) as client:
        workers = Workers(())
        steps = workers.lend(client, train_on(workers, True, members, plan, MOONS))
        next(steps)
        cluster.wait_for(cluster.has_begun)
        dying.kill()
        dying.wait()
        cluster.add_worker()
        *_, there = steps
    assert same(measures(there.of(members)), measures(here.of(members)))


def test_the_scheduler_is_gone(folder, cluster):
    cluster.add_worker()
    running = start(folder, "compare", "gelu", "--by", "training", *LONG, "--cluster", cluster.address)
    cluster.wait_for(cluster.has_begun, running)
    cluster.scheduler.kill()
    out, err = running.communicate(timeout=SECONDS)
    assert (running.returncode, out) == (1, "")
    assert err.count("\n") == 1
    assert "scheduler" in err


def test_interrupted_tasks_are_cancelled_and_what_is_known_is_printed(folder, cluster):
    cluster.add_worker()
    command = [
        "compare",
        "relu",
        "gelu",
        "--by",
        "training",
        "--width",
        "4",
        "--seeds",
        "8",
        "--data",
        "moons",
    ]
    running = start(
        folder, *command, "--lr", "0.1", "--depth", "1,2", "--epochs", "400", "--cluster", cluster.address
    )
    cluster.wait_for(cluster.has_begun, running)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=SECONDS)
    assert running.returncode == 130
    cluster.wait_for(cluster.is_idle)
    with distributed.Client(cluster.address, set_as_default=False) as client:
        # the worker stops in the middle of the training, too
        cluster.wait_for(
            lambda: not any(client.run(lambda dask_worker: len(dask_worker.active_threads)).values())
        )


@pytest.mark.parametrize("where", ["scheduler", "workers"])
def test_a_cluster_without_actcli_is_refused(folder, tmp_path, where):
    (tmp_path / "actcli").mkdir()
    (tmp_path / "actcli/__init__.py").write_text("raise ModuleNotFoundError(\"No module named 'actcli'\")\n")
    without, environ = {"PYTHONPATH": str(tmp_path)}, {"PYTHONSAFEPATH": "1"}
    cluster = Cluster(tmp_path, **environ, **(without if where == "scheduler" else {}))
    try:
        cluster.add_worker(**environ, **(without if where == "workers" else {}))
        found = actcli(folder, "compare", "relu", "--by", "training", *SMALL, "--cluster", cluster.address)
    finally:
        cluster.stop()
    assert found[:2] == (1, "")
    assert f"its {where} cannot load actcli" in found[2]
    assert found[2].count("\n") == 1
