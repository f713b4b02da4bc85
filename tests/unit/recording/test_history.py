"""A history closes epochs, compares each with the one before, and goes on after a restart."""

import numpy as np
import pytest

from actcli import Recorder
from actcli.exits import DataError, UsageError
from actcli.sources.records.timeline_file import read_timeline


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def record_epoch(recorder, *dead, layers=("a",), number=None, samples=300):
    """Record one epoch in which these of six units are silent."""
    for layer in layers:
        h = np.abs(np.random.default_rng(0).normal(size=(samples, 6)))
        h[:, list(dead)] = 0
        recorder.add(layer, h)
    return recorder.epoch(number)


def test_units_die_and_revive_from_epoch_to_epoch():
    recorder = Recorder()
    first, second, third = (record_epoch(recorder, *dead) for dead in ((), (1, 2), (2, 3)))
    assert [report.number for report in (first, second, third)] == [1, 2, 3]
    assert (first.dead, first.newly_dead, first.since) == (0, 0, None)
    assert (second.dead, second.newly_dead, second.revived, second.since) == (2, 2, 0, 1)
    assert (third.dead, third.newly_dead, third.revived, third.since) == (2, 1, 1, 2)


def test_an_epoch_counts_its_own_samples_only():
    recorder = Recorder()
    record_epoch(recorder)
    assert record_epoch(recorder, 1).report.layers[0].samples == 300


def test_a_restarted_run_goes_on_in_the_same_timeline():
    first = Recorder(resume="run.npz")
    record_epoch(first, 1)
    first.save("run.npz")
    second = Recorder(resume="run.npz")
    report = record_epoch(second, 1, 2)
    second.save("run.npz")
    assert (report.number, report.newly_dead) == (2, 1)
    timeline = read_timeline("run.npz")
    assert [epoch.number for epoch in timeline.epochs] == [1, 2]
    assert timeline.run


def test_a_run_that_went_back_to_a_checkpoint_replaces_what_it_repeats():
    recorder = Recorder()
    for number in range(4):
        record_epoch(recorder, number=number)
    report = record_epoch(recorder, 1, number=2)
    recorder.save("run.npz")
    assert report.since == 1
    assert [epoch.number for epoch in read_timeline("run.npz").epochs] == [0, 1, 2]


def test_layers_that_one_epoch_lacks_are_not_compared():
    recorder = Recorder()
    record_epoch(recorder, layers=("a", "b"))
    report = record_epoch(recorder, 1, layers=("b", "c"))
    assert [layer.name for layer in report.change.layers] == ["b"]
    assert (report.dead, report.newly_dead) == (2, 1)


def test_a_layer_without_samples_is_not_compared():
    recorder = Recorder()
    recorder.add("b", np.zeros((0, 6)))
    record_epoch(recorder)
    recorder.add("b", np.zeros((0, 6)))
    assert [layer.name for layer in record_epoch(recorder).change.layers] == ["a"]


def test_an_epoch_takes_something_recorded():
    recorder = Recorder()
    for wrong in (recorder.epoch, lambda: recorder.save("run.npz")):
        with pytest.raises(DataError, match="nothing was recorded"):
            wrong()
    with pytest.raises(UsageError, match="epoch"):
        recorder.scalars()


def test_a_layer_keeps_its_units_through_the_run():
    recorder = Recorder()
    record_epoch(recorder)
    recorder.add("a", np.zeros((10, 5)))
    with pytest.raises(DataError, match="6 units"):
        recorder.epoch()


@pytest.mark.parametrize("number", [-1, 1.5, True, "3", 1 << 62])
def test_a_number_of_an_epoch_is_a_whole_number(number):
    with pytest.raises(UsageError, match="number"):
        record_epoch(Recorder(), number=number)


def test_a_file_that_is_no_timeline_is_not_gone_on_with():
    np.savez("run.npz", a=np.zeros(3))
    with pytest.raises(DataError, match=r"run\.npz"):
        Recorder(resume="run.npz")


@pytest.mark.parametrize("path", ["", ".", "run", "run.txt", "run.npz.gz", "npz", 3, None])
def test_a_timeline_is_saved_under_a_name_that_is_read_as_one(path):
    recorder = Recorder()
    record_epoch(recorder)
    with pytest.raises(UsageError, match=r"ends in \.npz"):
        recorder.save(path)


@pytest.mark.parametrize("path", ["run", "run.npy", 3])
def test_a_run_is_gone_on_with_from_such_a_name(path):
    with pytest.raises(UsageError, match=r"ends in \.npz"):
        Recorder(resume=path)


@pytest.mark.parametrize(
    "option", [{"confidence": "x"}, {"confidence": None}, {"rare": "1%"}, {"rare": [0.1]}]
)
def test_options_are_numbers(option):
    with pytest.raises(UsageError, match=f"{next(iter(option))}=.* number"):
        Recorder(**option)
