"""Networks trained and measured on workers: the numbers of one machine, whatever happens to the workers."""

import json
import os
import signal
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
from cluster_processes import ENVIRON, SECONDS, Cluster

pytest.importorskip("distributed")

OWN = '[kinked]\nformula = "x - 0.1*relu(x)*x if x > 1 else tanh(x)"\n'
TRAINING = ["--by", "training", "--data", "xy.npz", "--epochs", "2", "--seeds", "5", "--width", "8"]


@pytest.fixture(scope="module")
def growing(tmp_path_factory):
    """A cluster to which workers are added."""
    cluster = Cluster(tmp_path_factory.mktemp("growing"))
    cluster.add_worker()
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Own functions and samples: ten classes, so that the order of sums shows."""
    folder = tmp_path_factory.mktemp("networks")
    (folder / "f.toml").write_text(OWN)
    rng = np.random.default_rng(0)
    y = np.arange(400) % 10
    np.savez(folder / "xy.npz", X=rng.normal(size=(400, 6)) + np.eye(10, 6)[y] * 3, y=y)
    return folder


def start(folder, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "actcli", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**ENVIRON, "ACTCLI_CONFIG": ""},
    )


def actcli(folder, *arguments):
    process = start(folder, *arguments)
    out, err = process.communicate(timeout=SECONDS)
    return process.returncode, out, err


def without_times(text):
    """A table without its times."""
    header, *rows = (line.split("\t") for line in text.splitlines())
    return [[f for name, f in zip(header, row, strict=True) if "seconds" not in name] for row in (header, *rows)]


def epochs(path):
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [{name: value for name, value in row.items() if "seconds" not in name} for row in rows]


@pytest.fixture(scope="module")
def on_one(folder):
    """What one machine finds."""
    contenders = ["relu", "kinked", "prelu", "x*sigmoid(b*x):b=1.3", "relu/tanh", "--functions", "f.toml"]
    train = ["compare", *contenders, *TRAINING, "--lr", "0.1,1", "--depth", "2,3", "--splits", "2"]
    gradients = ["compare", *contenders[:3], "--by", "gradients", "--depth", "4", "--width", "16", *contenders[-2:]]
    commands = {
        "train": [*train, "--optimizer", "adam", "--batch-norm", "--record", "epochs.jsonl"],
        "gradients": gradients,
    }
    return {name: (command, actcli(folder, *command), epochs_of(folder, command)) for name, command in commands.items()}


def epochs_of(folder, command):
    return epochs(folder / "epochs.jsonl") if "--record" in command else None


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_any_number_of_workers_gives_the_bits_of_one_machine(folder, growing, on_one, workers):
    while growing.count_workers() < workers:
        growing.add_worker()
    for command, (status, out, err), rows in on_one.values():
        found = actcli(folder, *command, "--cluster", growing.address)
        assert found[0] == status == 0
        assert without_times(found[1]) == without_times(out)
        assert found[2] == err
        assert epochs_of(folder, command) == rows
