import io
import json
import zipfile
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from training_runs import layer, run_of

from actcli.analysis.timeline.timeline import Epoch, Timeline
from actcli.analysis.timeline.timeline_record import MEMBERS
from actcli.exits import DataError
from actcli.render.deadness.state_file import write_state
from actcli.render.deadness.timeline_file import write_timeline
from actcli.sources.records.state_file import is_state
from actcli.sources.records.timeline_file import is_timeline, read_timeline

HOSTILE = "\x1b[31m\n'[red]é\ud800"


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "run.npz")


def same(one, other):
    assert (one.name, one.rule, one.samples, one.elements, one.start) == (
        other.name, other.rule, other.samples, other.elements, other.start
    )  # fmt: skip
    for field in fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, np.ndarray):
            assert (a.dtype, a.tobytes()) == (b.dtype, b.tobytes()), field.name


def test_a_timeline_comes_back_to_the_bit(path):
    before = Timeline(
        (
            Epoch(0, (layer("a", ["."], 0),), HOSTILE, 12),
            Epoch(3, (layer("a", ["."], 0), layer(HOSTILE, ["x", "."], 0))),
        ),
        run="some run",
    )

    write_timeline(before, path)
    back = read_timeline(path)

    assert back.run == "some run"
    assert [(e.number, e.label, e.passes) for e in back.epochs] == [(0, HOSTILE, 12), (3, "", None)]
    for one, other in zip(before.epochs, back.epochs, strict=True):
        for ours, theirs in zip(one.states, other.states, strict=True):
            same(ours, theirs)


def test_an_epoch_more_replaces_the_file_in_one_step(path):
    write_timeline(run_of({"a": ["..x"]}, epochs=2), path)
    with Path(path).open("rb") as open_before:
        write_timeline(run_of({"a": ["..x"]}, epochs=3), path)

        assert len(read_timeline(path).epochs) == 3
        with zipfile.ZipFile(open_before) as old:
            assert old.testzip() is None


def test_a_timeline_is_known_by_its_content(path, tmp_path):
    write_timeline(run_of({"a": ["."]}), path)
    state = str(tmp_path / "state.npz")
    write_state((layer("a", ["."], 0),), state)

    assert (is_timeline(path), is_state(path)) == (True, False)
    assert (is_timeline(state), is_state(state)) == (False, True)
    with pytest.raises(DataError, match="holds no timeline"):
        read_timeline(state)


def test_a_timeline_larger_than_the_budget_is_refused(path):
    write_timeline(run_of({"a": ["..x"]}), path)

    with pytest.raises(DataError, match="a timeline of 3 units"):
        read_timeline(path, memory=500)


def npy(array) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def rewrite(path, change=None, arrays=None):
    """Write a run of 2 epochs of one unit, its description changed and some arrays in place of others."""
    write_timeline(run_of({"a": [".x"]}, run="r"), path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    description = json.loads(np.load(io.BytesIO(members[MEMBERS[0]])).tobytes())
    if change is not None:
        change(description)
    members[MEMBERS[0]] = npy(np.frombuffer(json.dumps(description).encode(), np.uint8))
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {**members, **(arrays or {})}.items():
            if content is not None:
                archive.writestr(name, content)


def second(**changes):
    return lambda description: description["epochs"][1].update(changes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(version=2), "version 2, written by a newer actcli"),
        (lambda d: d.update(kind="actcli unit statistics"), "not a statistics file"),
        (lambda d: d.update(epochs=[]), "has no epochs"),
        (lambda d: d.update(epochs={"1": 2}), "has no epochs"),
        (lambda d: d.update(epochs=[1, 2]), "has no epochs"),
        (lambda d: d.update(run=5), "its run is no short text"),
        (lambda d: d.update(run="r" * 2000), "its run is no short text"),
        (second(number=1), "epoch 1 after epoch 1"),
        (second(number=-2), "an epoch is incomplete"),
        (second(number="2"), "an epoch is incomplete"),
        (second(passes=1.5), "an epoch is incomplete"),
        (second(label=None), "its label is no short text"),
        (second(layers=[]), "no layer"),
        (second(layers="abc"), "no layer"),
        (
            lambda d: d["epochs"][1]["layers"][0].update(function="relu6"),
            "relu in epoch 1 and relu6 in epoch 2",
        ),
        (lambda d: d["epochs"][1]["layers"][0].update(units=2), "not the array that is described"),
        (lambda d: d["epochs"][1]["layers"][0].update(samples=1001), "epoch 2: .*impossible"),
        (lambda d: d["epochs"].append(d["epochs"][1]), "not the array that is described"),
    ],
)
def test_a_description_that_cannot_be(path, change, message):
    rewrite(path, change)

    with pytest.raises(DataError, match=f"run.npz.*{message}"):
        read_timeline(path)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"counts.npy": None}, "counts.npy is missing"),
        ({"numbers.npy": npy(np.zeros((8, 2), "f4"))}, "not the array that is described"),
        ({"counts.npy": npy(np.full((8, 2), -3))}, "epoch 1: .*fired = -3"),
        ({MEMBERS[0]: npy(np.frombuffer(b"[" * 9999, np.uint8))}, "damaged"),
        ({MEMBERS[0]: None}, "holds no timeline"),
    ],
)
def test_arrays_that_cannot_be(path, members, message):
    rewrite(path, arrays=members)

    with pytest.raises(DataError, match=message):
        read_timeline(path)


def test_files_that_are_cut_short(path):
    write_timeline(run_of({"a": ["..x"]}), path)
    whole = Path(path).read_bytes()

    for end in range(0, len(whole), 97):
        Path(path).write_bytes(whole[:end])
        with pytest.raises(DataError):
            read_timeline(path)
