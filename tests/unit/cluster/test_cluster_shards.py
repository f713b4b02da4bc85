"""Recorded activations cut into shards, observed one by one in any order: the bits of one pass."""

import io

import numpy as np
import pytest
from layers import require_same

from actcli import __version__, activation
from actcli.analysis.deadness import watching
from actcli.analysis.deadness.firing_rule import firing_rule
from actcli.analysis.deadness.unit_statistics import observe
from actcli.cluster import dense as module
from actcli.cluster.dense import DenseReader, cut
from actcli.cluster.gathering import Gathered
from actcli.cluster.observation import Common, observe_shards
from actcli.cluster.shards import tasks
from actcli.exits import DataError, UsageError
from actcli.sources.number_request import NumberRequest
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


def test_small_files_are_read_together_and_every_worker_has_some(tmp_path):
    for number in range(40):
        np.save(tmp_path / f"{number}.npy", np.ones((10, 4)))
    pieces = cut(records(f"a={tmp_path}/*.npy"))
    assert [len(group) for group in tasks(pieces, 1)] == [5] * 8
    assert [len(group) for group in tasks(pieces, 100)] == [1] * 40
    assert sum(tasks(pieces, 3), ()) == tuple(pieces)


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
