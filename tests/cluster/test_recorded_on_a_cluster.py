"""Recorded activations on workers: the answer of one machine, whatever happens to the workers."""

import signal
import subprocess
import sys

import numpy as np
import pytest
from cluster_processes import ENVIRON, SECONDS, deadcheck, same_as_on_one_machine
from safetensors_bytes import safetensors

pytest.importorskip("distributed")

RNG = np.random.default_rng(0)


def values(samples, units=48):
    z = RNG.normal(size=(samples, units))
    z[:, ::7] -= 9
    return np.maximum(z, 0).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Shards of each format: sizes differ, one of them lacks a layer, one is empty."""
    folder = tmp_path_factory.mktemp("shards")
    for number, samples in enumerate((700, 1, 0, 350, 90, 1200, 64)):
        np.save(folder / f"s{number}.npy", values(samples))
        extra = {} if number == 3 else {"b": values(samples, 5)}
        np.savez_compressed(folder / f"z{number}.npz", a=values(samples), **extra)
        (folder / f"t{number}.safetensors").write_bytes(safetensors(a=values(samples).astype(np.float16)))
    return folder


def start(folder, *arguments, **environ):
    return subprocess.Popen(
        [sys.executable, "-m", "actcli", "deadcheck", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**ENVIRON, **environ},
    )


def names(pattern, folder):
    return sorted(path.name for path in folder.glob(pattern))


def test_every_format_gives_the_bits_of_one_machine(folder, two_workers):
    for sources in (["a=s*.npy"], names("z*.npz", folder), ["a=t*.safetensors"], ["s5.npy"]):
        same_as_on_one_machine(folder, sources, "--cluster", two_workers.address)


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_processes_of_this_machine(folder, workers):
    same_as_on_one_machine(folder, ["a=s*.npy"], ACTCLI_CLUSTER=f"local:{workers}")


def test_own_functions_and_axes_go_along(folder, two_workers):
    (folder / "f.toml").write_text('[kinked]\nformula = "x - 0.1*relu(x)*x if x > 1 else tanh(x)"\n')
    np.save(folder / "maps.npy", RNG.normal(size=(60, 3, 4, 5)).astype(np.float32))
    same_as_on_one_machine(
        folder,
        [
            "maps.npy",
            "--activation",
            "kinked",
            "--recorded",
            "pre",
            "--functions",
            "f.toml",
            "--unit-axis",
            "-1",
        ],
        "--cluster",
        two_workers.address,
    )


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """Enough work that something can happen to it in the middle."""
    folder = tmp_path_factory.mktemp("many")
    h = values(4000, 256)
    for number in range(16):
        np.savez_compressed(folder / f"{number:02}.npz", a=h)
    return folder


def test_a_worker_that_is_killed_and_one_that_joins_late(many, cluster):
    dying = cluster.add_worker()
    on_one = deadcheck(many, *names("[01]*.npz", many), "--save-state", "one-state.npz")
    running = start(
        many, *names("[01]*.npz", many), "--save-state", "many-state.npz", "--cluster", cluster.address
    )
    cluster.wait_for(cluster.has_begun, running)
    cluster.add_worker()
    dying.kill()
    out, err = running.communicate(timeout=SECONDS)
    assert (running.returncode, out, err) == on_one
    assert (many / "many-state.npz").read_bytes() == (many / "one-state.npz").read_bytes()


def test_the_scheduler_is_gone(many, cluster):
    cluster.add_worker()
    running = start(
        many, *names("[01]*.npz", many), "--save-state", "gone-state.npz", "--cluster", cluster.address
    )
    cluster.wait_for(cluster.has_begun, running)
    cluster.scheduler.kill()
    _, err = running.communicate(timeout=SECONDS)
    assert running.returncode == 1
    assert err.count("\n") == 1
    assert "scheduler" in err
    assert not (many / "gone-state.npz").exists() or "--resume gone-state.npz" in err


def test_interrupted_tasks_are_cancelled_and_what_is_known_is_printed(many, cluster):
    cluster.add_worker()
    run = names("[01]*.npz", many)
    running = start(many, *run, "--save-state", "left.npz", "--cluster", cluster.address)
    cluster.wait_for(cluster.has_begun, running)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=SECONDS)
    assert running.returncode == 130
    assert (many / "left.npz").exists() == ("--resume left.npz" in err)
    cluster.wait_for(cluster.is_idle)


def test_a_shard_that_cannot_be_read_is_named(folder, two_workers):
    whole = (folder / "s0.npy").read_bytes()
    (folder / "bad.npy").write_bytes(whole[:-100])
    status, _, err = deadcheck(folder, "a=[bs]*[0d].npy", "--cluster", two_workers.address)
    assert status == 1
    assert "bad.npy: truncated" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--cluster", "tcp://127.0.0.1:9"], 1, "no scheduler answers"),
        (["--cluster", "127.0.0.1:8786"], 2, "tcp://HOST:PORT"),
        (["--cluster", "local:0"], 2, "local:N"),
        (["--cluster", "local:x"], 2, "local:N"),
        (["--cluster", "local:-1"], 2, "local:N"),
        (["--cluster", ""], 2, "tcp://HOST:PORT"),
        (["--cluster", "tcp://a b:1"], 2, "tcp://HOST:PORT"),
        (["--cluster", "http://127.0.0.1:8787"], 2, "tcp://HOST:PORT"),
        (["--cluster", "local", "--resume", "s0.npy"], 1, "s0.npy: not a statistics file"),
        (["--cluster", "local", "--plan", "9"], 2, "--cluster"),
    ],
)
def test_what_is_no_cluster(folder, arguments, status, words):
    sources = [] if "--plan" in arguments else ["s0.npy"]
    code, out, err = deadcheck(folder, *sources, *arguments)
    assert (code, out) == (status, "")
    assert words in err
    assert err.count("\n") == 1
