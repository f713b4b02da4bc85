"""Statistics files as parts of one whole: what merges, what is refused, and what is said about inputs seen twice."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from layer_states import state

from actcli.exits import DataError
from actcli.render.deadness.state_file import write_state
from actcli.sources.records.state_file import read_part
from actcli.sources.records.state_parts import StateParts


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(path, seed, part_of="", samples=30, start=None):
    values = np.random.default_rng(seed).standard_normal((samples, 4))
    write_state([replace(state(values, start=start or 0), start=start)], path, part_of)


def merge(*paths):
    """The merged samples, the notes, and what all are parts of."""
    parts = StateParts(paths)
    *_, last = parts.merge()
    return last.states["layer"].samples, parts.notes(), parts.part_of


def test_a_file_carries_what_it_is_a_part_of():
    write("a.npz", 1, "onnx:12")
    write("b.npz", 1)

    assert (read_part("a.npz")[1], read_part("b.npz")[1]) == ("onnx:12", "")


def test_parts_of_one_whole_merge_without_a_word():
    write("a.npz", 1, "onnx:12")
    write("b.npz", 2, "onnx:12")

    assert merge("a.npz", "b.npz") == (60, (), "onnx:12")


def test_parts_of_two_models_are_refused():
    write("a.npz", 1, "onnx:12")
    write("b.npz", 2)
    write("c.npz", 3, "onnx:13")

    with pytest.raises(DataError, match=r"a\.npz and c\.npz .*two different models or epochs.*--timeline"):
        merge("a.npz", "b.npz", "c.npz")


def test_files_that_say_nothing_may_hold_the_same_inputs():
    for name, seed in (("a", 1), ("b", 2), ("c", 3)):
        write(f"{name}.npz", seed, samples=1350)
    samples, (note,), part_of = merge("a.npz", "b.npz")

    assert (samples, part_of) == (2700, "")
    assert "2,700 samples of 1,350 inputs" in note
    assert "4,050 samples of 1,350 inputs" in merge("a.npz", "b.npz", "c.npz")[1][0]


def test_parts_with_places_or_of_different_lengths_need_no_note():
    write("a.npz", 1, start=0)
    write("b.npz", 2, start=30)
    write("c.npz", 3, samples=31)

    assert merge("a.npz", "b.npz")[1] == ()
    assert merge("a.npz", "c.npz")[1] == ()


def test_the_same_statistics_twice_are_told_wherever_they_come_from():
    write("a.npz", 1, "onnx:12")
    shutil.copy("a.npz", "b.npz")
    _, (note,), _ = merge("a.npz", "b.npz")

    assert "a.npz and b.npz hold the same statistics: 60 samples of 30 inputs" in note


def test_parts_without_samples_say_nothing():
    for name in "ab":
        write(f"{name}.npz", 1, samples=0)

    assert merge("a.npz", "b.npz")[1] == ()


def test_what_only_some_parts_say_is_not_said_of_all():
    write("a.npz", 1, "onnx:12")
    write("b.npz", 2, samples=31)

    assert merge("a.npz", "b.npz")[2] == ""
    assert merge("b.npz", "a.npz")[2] == ""
