"""Shards that cannot be read or kill their workers, other versions, a thousand shards: nothing is lost or hidden."""

import numpy as np
import pytest
from cluster_processes import deadcheck, same_as_on_one_machine

from actcli.cluster.partial import read_partial

pytest.importorskip("distributed")

RNG = np.random.default_rng(0)
POISON = """
import os, signal
from actcli.sources.records import recordings

def poisoned(read):
    def open_file(path, *rest):
        if "poison" in path:
            os.kill(os.getpid(), signal.SIGKILL)
        return read(path, *rest)
    return open_file

recordings.open_file = poisoned(recordings.open_file)  # Dask may load this twice
"""


def save_shards(folder, count, samples):
    for number in range(count):
        z = RNG.normal(size=(samples, 16))
        z[:, ::5] -= 9
        np.save(folder / f"{number:04}.npy", np.maximum(z, 0).astype(np.float32))


def test_a_thousand_shards(tmp_path, two_workers):
    save_shards(tmp_path, 1000, 40)
    same_as_on_one_machine(tmp_path, ["a=*.npy"], "--cluster", two_workers.address)


def test_what_could_be_read_is_kept(tmp_path, two_workers):
    """The file is damaged behind its header, so that it shows when a worker reads it."""
    for number, samples in enumerate((3000, 4000, 10, 2500)):
        np.savez(tmp_path / f"{number}.npz", a=np.maximum(RNG.normal(size=(samples, 12)), 0))
    whole = (tmp_path / "1.npz").read_bytes()
    (tmp_path / "1.npz").write_bytes(whole[:20_000] + b"\x55" * 40 + whole[20_040:])
    shards = [f"{number}.npz" for number in range(4)]
    run = [*shards, "--cluster", two_workers.address]
    status, out, err = deadcheck(tmp_path, *run, "--save-state", "part.npz")
    assert (status, out) == (1, "")
    assert f"{tmp_path}/1.npz" in err
    assert "3 of 4 shards are in part.npz" in err
    assert read_partial(f"{tmp_path}/part.npz").missing == (f"{tmp_path}/1.npz",)
    (tmp_path / "1.npz").write_bytes(whole)
    resumed = deadcheck(tmp_path, *run, "--resume", "part.npz", "--save-state", "many.npz")
    here = deadcheck(tmp_path, *shards, "--resume", "part.npz", "--save-state", "here.npz")
    assert resumed == here == deadcheck(tmp_path, *shards, "--save-state", "one.npz")
    assert (tmp_path / "many.npz").read_bytes() == (tmp_path / "one.npz").read_bytes()
    assert (tmp_path / "here.npz").read_bytes() == (tmp_path / "one.npz").read_bytes()


def test_only_the_shard_that_kills_its_workers_is_named(tmp_path, dying):
    """The scheduler blames every task that waited at a worker that died, too."""
    save_shards(tmp_path, 30, 40)
    (tmp_path / "0017.npy").rename(tmp_path / "0017-poison.npy")
    status, _, err = deadcheck(tmp_path, "a=*.npy", "--save-state", "part.npz", "--cluster", dying(POISON))
    assert status == 1
    assert "0017-poison.npy: 1 worker died" in err
    assert "29 of 30 shards are in part.npz" in err
    resumed = deadcheck(tmp_path, "a=*.npy", "--resume", "part.npz", "--save-state", "all.npz")
    assert resumed == deadcheck(tmp_path, "a=*.npy", "--save-state", "one.npz")
    assert (tmp_path / "all.npz").read_bytes() == (tmp_path / "one.npz").read_bytes()


def test_a_worker_with_another_version(tmp_path, cluster):
    (tmp_path / "older.py").write_text("import actcli\n\nactcli.__version__ = '0.0.1'\n")
    cluster.add_worker("--preload", tmp_path / "older.py")
    save_shards(tmp_path, 1, 40)
    status, _, err = deadcheck(tmp_path, "0000.npy", "--cluster", cluster.address)
    assert status == 1
    assert "has actcli 0.0.1, this is" in err
