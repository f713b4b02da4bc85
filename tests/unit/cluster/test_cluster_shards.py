"""Recorded activations cut into shards, observed one by one in any order: the bits of one pass."""

import io
from dataclasses import replace

import numpy as np
import pytest
from layers import require_same

from actcli import __version__, activation
from actcli.analysis.deadness import watching
from actcli.analysis.deadness.firing_rule import firing_rule
from actcli.analysis.deadness.unit_statistics import observe
from actcli.cluster import dense as module
from actcli.cluster.dense import DenseReader, cut
from actcli.cluster.gathering import Gathered, Gathering, UnreadShardsError
from actcli.cluster.observation import Common, observe_shards
from actcli.cluster.shards import Work, tasks
from actcli.exits import DataError, UsageError
from actcli.render.deadness.wording import shard_facts
from actcli.render.output.progress import Bar
from actcli.sources.number_request import NumberRequest
from actcli.sources.records.masks import read_mask
from actcli.sources.records.recordings import BLOCK, inspect_records
from actcli.sources.records.unit_axis import UnitAxes
from actcli.terminal import Terminal

RULE = firing_rule(activation("relu"), "post")
NOWHERE = Terminal(None, None, None)


def records(*tokens):
    return inspect_records([str(token) for token in tokens], NOWHERE)


REQUEST = NumberRequest(samples=BLOCK, by_rows=True, keep_open=True)


def common(*layers, version=__version__):
    rules = dict.fromkeys(layers, RULE)
    return Common(DenseReader(UnitAxes(), rules, REQUEST, ask=True), version=version)


@pytest.fixture
def small_parts(monkeypatch):
    """Parts of two blocks, as only recordings of gigabytes have them."""
    monkeypatch.setattr(watching, "PART", 2)
    monkeypatch.setattr(module, "PART", 2)
    monkeypatch.setattr(module, "samples_at_once", lambda *_: 4096)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("groups", [1, 3])
def test_parts_of_a_large_array_and_its_neighbours(tmp_path, groups):
    rng = np.random.default_rng(0)
    arrays = [np.maximum(rng.normal(size=(n, 128)) + 3, 0).astype(np.float32) for n in (50, 70_000, 8192, 20)]
    for number, array in enumerate(arrays):
        np.save(tmp_path / f"{number}.npy", array)
    found = records(f"a={tmp_path}/*.npy")
    pieces = cut(found)
    assert [(piece.places[0].part, piece.places[0].parts, piece.samples) for piece in pieces] == [
        (0, 1, 50), *((part, 9, 8192) for part in range(8)), (8, 9, 4464), (0, 1, 8192), (0, 1, 20),
    ]  # fmt: skip
    *_, last = watching.watch(found.read(UnitAxes()), lambda _: RULE, 1)
    work = [tuple(pieces[at : at + groups]) for at in range(0, len(pieces), groups)]
    gathered = Gathered()
    for at in rng.permutation(len(work)):
        gathered.add(observe_shards(common("a"), work[at]), work[at])
    state = gathered.states(["a"])["a"]
    for field in ("mean", "m2", "absolute", "fired", "first", "last"):
        assert getattr(state, field).tobytes() == getattr(last.states["a"], field).tobytes()
    require_same(state, observe(RULE, "a", np.concatenate(arrays), 0))


@pytest.mark.usefixtures("small_parts")
def test_a_mask_is_cut_with_its_samples(tmp_path):
    rng = np.random.default_rng(0)
    masks = []
    for number, samples in enumerate((70, 9000, 30)):
        np.save(tmp_path / f"{number}.npy", rng.normal(size=(samples, 64, 2)).astype(np.float32))
        masks.append(np.arange(2) < rng.integers(0, 3, size=(samples, 1)))
    np.save(tmp_path / "mask.npy", np.concatenate(masks))
    found, mask = read_mask(str(tmp_path / "mask.npy"), records(f"a={tmp_path}/[0-9].npy"), NOWHERE, None)
    axes = UnitAxes(bare=1)
    pieces = cut(found, mask)
    assert [piece.samples for piece in pieces] == [70, 8192, 808, 30]
    reader = DenseReader(axes, {"a": RULE}, REQUEST, ask=True)
    gathered = Gathered()
    for piece in pieces[::-1]:
        gathered.add(observe_shards(Common(reader), [piece]), [piece])
    *_, last = watching.watch(found.read(axes, mask.apply), lambda _: RULE, 1)
    state = gathered.states(["a"])["a"]
    assert gathered.is_whole
    assert state.samples < 9100
    for field in ("samples", "elements", "mean", "m2", "absolute", "fired", "first", "last"):
        assert np.array_equal(getattr(state, field), getattr(last.states["a"], field))


def test_a_shard_that_cannot_be_read_leaves_the_others(tmp_path):
    for number in range(3):
        np.save(tmp_path / f"{number}.npy", np.full((10, 4), number))
    pieces = cut(records(f"a={tmp_path}/*.npy"))
    (tmp_path / "1.npy").unlink()
    work = Work(common("a").reader, pieces, "")
    gathering = Gathering(work)
    for _ in range(2):
        assert gathering.take(observe_shards(common("a"), pieces[1:2]), pieces[1:2]) == pieces[1:2]
    assert gathering.take(observe_shards(common("a"), pieces), pieces) == []
    with pytest.raises(UnreadShardsError, match=r"1\.npy: No such file") as failure:
        gathering.require_whole()
    assert failure.value.partial.done == (pieces[0].key, pieces[2].key)
    assert [node.state.samples for node in failure.value.partial.nodes] == [10, 10]


def test_progress_says_how_many_units_are_silent():
    state = observe(RULE, "a", np.array([[0.0, 1.0, 0.0]] * 5), 0)
    snapshot = watching.Snapshot(5, 50, "9 shards", {"a": state}, watching.ShardTally(2, 9, 3_000_000_000))
    assert shard_facts(snapshot, 2.0) == "2 of 3 units silent, 2 done, 1.5 GB/s, 5 samples"
    line = Bar(NOWHERE, lambda: 0.0, facts=shard_facts).line(snapshot, 2.0).decode()
    assert "9 shards" in line
    assert "10%" in line
    assert "0:18 left, 2 of 3 units silent" in line


def test_small_files_are_read_together_and_every_worker_has_some(tmp_path):
    for number in range(40):
        np.save(tmp_path / f"{number}.npy", np.ones((10, 4)))
    pieces = cut(records(f"a={tmp_path}/*.npy"))
    assert [len(group) for group in tasks(pieces, 1)] == [5] * 8
    assert [len(group) for group in tasks(pieces, 100)] == [1] * 40
    assert sum(tasks(pieces, 3), ()) == tuple(pieces)


@pytest.mark.parametrize(
    ("megabytes", "workers", "files"), [(10, 2, 7), (100, 100, 1), (40, 1, 7), (1000, 1, 2), (1000, 50, 1)]
)
def test_tasks_of_large_files_are_bounded(tmp_path, megabytes, workers, files):
    """Of 100 files: eight tasks or more for a worker, none below 64 MiB without need, none far above 1 GiB."""
    np.save(tmp_path / "a.npy", np.ones((10, 4)))
    (piece,) = cut(records(tmp_path / "a.npy"))
    pieces = [replace(piece, nbytes=megabytes << 20)] * 100
    assert len(next(tasks(pieces, workers))) == files


def test_several_arrays_in_one_file(tmp_path):
    stream = io.BytesIO()
    np.save(stream, np.ones((3, 2)))
    np.save(stream, np.ones((3, 2)))
    (tmp_path / "a.npy").write_bytes(stream.getvalue())
    with pytest.raises(UsageError, match="several arrays"):
        observe_shards(common("a"), tuple(cut(records(tmp_path / "a.npy"))))


def test_another_version(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((3, 2)))
    with pytest.raises(DataError, match=r"has actcli .*, this is 0\.0"):
        observe_shards(common("a", version="0.0"), tuple(cut(records(tmp_path / "a.npy"))))
