"""A recorder counts what a program hands over as `deadcheck` would count it in a file."""

from threading import Thread

import numpy as np
import pytest
from invocation import invoke

import actcli
from actcli import Recorder
from actcli.exits import DataError, UsageError
from actcli.sources.records.timeline_file import read_timeline


def activations(samples=400, units=6, dead=(2,), seed=0):
    h = np.maximum(np.random.default_rng(seed).normal(size=(samples, units)), 0).astype(np.float32)
    h[:, list(dead)] = 0
    return h


def state_of(recorder, path="run.npz"):
    """The statistics of the last epoch's only layer, as they are in the file."""
    recorder.save(path)
    (state,) = read_timeline(str(path)).last.states
    return state


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_parts_add_up_to_what_deadcheck_counts():
    h = activations()
    recorder = Recorder()
    for part in np.array_split(h, 7):
        recorder.add("block1", part)
    report = recorder.epoch()
    np.save("block1.npy", h)
    verdict = invoke("deadcheck", "block1.npy", "--format", "json").json["layers"][0]
    (layer,) = report.report.layers
    assert (report.dead, layer.samples, layer.counts) == (1, 400, verdict["counts"])
    assert layer.firing_rates.max() == verdict["firing_rate"]["maximum"]


def test_every_count_and_place_is_that_of_one_pass():
    from actcli.activations import activation
    from actcli.analysis.deadness.firing_rule import firing_rule
    from actcli.analysis.deadness.unit_statistics import observe

    h = activations()
    recorder = Recorder()
    for part in np.array_split(h, 7):
        recorder.add("block1", part)
    state, whole = state_of(recorder), observe(firing_rule(activation("relu"), "post"), "block1", h, 0)
    for field in ("fired", "nonpositive", "low", "minimum", "maximum", "first", "last"):
        assert (getattr(state, field) == getattr(whole, field)).all(), field
    np.testing.assert_allclose(state.mean, whole.mean, rtol=1e-12)


def test_channels_lie_where_unit_axis_says():
    h = activations(64 * 5 * 7).reshape(64, 5, 7, 6)
    last, first = Recorder(), Recorder()
    last.add("conv", h, unit_axis=-1)
    first.add("conv", np.moveaxis(h, -1, 1), unit_axis=1)
    assert (state_of(last).fired == state_of(first).fired).all()
    assert last.epoch().report.layers[0].samples == 64


def test_gelu_is_judged_by_its_inputs():
    z = np.random.default_rng(0).normal(size=(300, 4))
    z[:, 1] = -9
    recorder = Recorder()
    recorder.add("mlp", z, activation="gelu", recorded="pre")
    assert recorder.epoch().report.layers[0].counts["gate_dead"] == 1


def test_padding_neither_fires_nor_counts():
    h = activations(10 * 8).reshape(10, 8, 6)
    lengths = np.arange(10)
    mask = np.arange(8) < lengths[:, np.newaxis]
    h[~mask] = 7.0
    recorder = Recorder()
    recorder.add("mlp", h, unit_axis=-1, mask=mask)
    state = state_of(recorder)
    assert (state.samples, state.elements) == (9, mask.sum())
    assert state.fired[2] == 0
    assert state.maximum.max() < 7


def test_a_mask_may_be_one_flag_per_sample_and_zeros_and_ones():
    recorder = Recorder()
    recorder.add("mlp", activations(10), mask=[1, 1, 0, 0, 1, 1, 1, 0, 0, 0])
    assert state_of(recorder).samples == 5


def test_parts_of_many_elements_are_taken_piece_by_piece(monkeypatch):
    whole, pieces = Recorder(), Recorder()
    whole.add("block1", activations())
    monkeypatch.setattr("actcli.recording.recorder._PIECE", 60)
    pieces.add("block1", activations())
    assert (state_of(whole).first == state_of(pieces).first).all()
    assert state_of(pieces).samples == 400


def test_samples_of_threads_are_all_counted():
    recorder, h = Recorder(), activations(50)
    threads = [Thread(target=lambda: [recorder.add("block1", h) for _ in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert state_of(recorder).samples == 4 * 20 * 50


def test_an_empty_part_changes_nothing():
    recorder = Recorder()
    recorder.add("block1", activations())
    recorder.add("block1", activations()[:0])
    assert state_of(recorder).samples == 400


def test_a_file_is_written_without_an_epoch_being_closed():
    recorder = Recorder()
    recorder.add("block1", activations())
    recorder.save("run.npz")
    recorder.save("run.npz")
    assert len(read_timeline("run.npz").epochs) == 1
    assert recorder.epoch().number == 1


BAD = {
    "no name": (("", activations()), {}, "name"),
    "a name that is no text": ((3, activations()), {}, "3"),
    "one axis": (("a", np.zeros(5)), {}, r"\(5,\)"),
    "three axes and no word": (("a", np.zeros((9, 5, 4))), {}, "unit_axis=-1"),
    "the axis of the samples": (("a", activations()), {"unit_axis": 0}, "sample"),
    "an axis too many": (("a", activations()), {"unit_axis": 2}, "0 to 1"),
    "an axis that is no number": (("a", activations()), {"unit_axis": "last"}, "last"),
    "no units": (("a", np.zeros((5, 0))), {}, "no units"),
    "text": (("a", np.array([["x"]])), {}, "<U1"),
    "complex numbers": (("a", np.zeros((5, 4), complex)), {}, "complex"),
    "rows of two lengths": (("a", [[1.0], [1.0, 2.0]]), {}, "list"),
    "an object": (("a", object()), {}, "object"),
    "a masked array": (("a", np.ma.zeros((5, 4))), {}, "mask"),
    "an unknown activation": (("a", activations()), {"activation": "reulu"}, "reulu"),
    "an activation that is no text": (("a", activations()), {"activation": np.tanh}, "tanh"),
    "a record that does not tell": (("a", activations()), {"activation": "gelu"}, "gelu"),
    "a record that there is not": (("a", activations()), {"recorded": "inputs"}, "inputs"),
    "outputs of another function": (("a", -activations()), {}, "recorded='pre'"),
    "a mask of another shape": (("a", activations()), {"mask": np.ones(3)}, r"\(400,\)"),
    "a mask of weights": (("a", activations()), {"mask": np.full(400, 0.5)}, "0 and 1"),
    "a mask for each value": (("a", activations()), {"mask": np.ones((400, 6))}, r"\(400,\)"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_wrong_call_is_one_line_and_counts_nothing(name):
    arguments, options, word = BAD[name]
    recorder = Recorder()
    with pytest.raises(UsageError, match=word) as caught:
        recorder.add(*arguments, **options)
    assert "\n" not in str(caught.value)
    with pytest.raises(DataError, match="nothing was recorded"):
        recorder.epoch()


def test_parts_of_different_layers_do_not_mix():
    recorder = Recorder()
    recorder.add("a", activations())
    with pytest.raises(DataError, match="6 units"):
        recorder.add("a", activations(units=5))
    with pytest.raises(DataError, match="relu6"):
        recorder.add("a", activations(), activation="relu6")
    assert state_of(recorder).samples == 400


@pytest.mark.parametrize("options", [{"confidence": 1.0}, {"rare": 0.0}])
def test_wrong_settings_are_refused_at_once(options):
    with pytest.raises(UsageError):
        Recorder(**options)


def test_the_package_offers_the_recorder():
    assert "Recorder" in actcli.__all__
    assert actcli.Recorder is Recorder
