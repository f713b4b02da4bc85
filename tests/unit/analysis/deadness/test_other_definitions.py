from dataclasses import replace

import numpy as np
import pytest
from layer_states import normal, silenced, state

from actcli.analysis.deadness.other_definitions import (
    PRESETS,
    Thresholds,
    apply_definition,
    samples_since_firing,
)
from actcli.analysis.deadness.report import judge, make_report
from actcli.analysis.deadness.unit_state import merge, place_at
from actcli.analysis.deadness.verdict import Settings
from actcli.exits import DataError, UsageError


def flagged(z, definition, function="relu", recorded="pre"):
    read = apply_definition(state(z, function, recorded), definition)
    return np.flatnonzero(read.flags).tolist(), read.layer_flagged


def test_sagemaker():
    z = -np.ones((1000, 4))
    z[:9, 0] = z[:10, 1] = z[:, 2:] = 1
    assert flagged(z, "sagemaker") == ([0], False)
    z[:, 2] = -1
    assert flagged(z, "sagemaker") == ([0, 2], False)
    z[:, 3] = -1
    assert flagged(z, "sagemaker") == ([0, 2, 3], True)


def test_keras_contrib():
    assert flagged(silenced(50, 20, 1), "keras-contrib") == ([0], False)
    assert flagged(silenced(50, 20, 2), "keras-contrib") == ([0, 1], True)
    assert flagged(np.maximum(silenced(50, 20, 2), 0), "keras-contrib", recorded="post") == ([0, 1], True)


def test_a_channel_of_nan_has_no_sum_of_zero():
    z = normal(50, 3)
    z[:, 0] = np.nan

    assert flagged(z, "keras-contrib") == ([], False)


@pytest.mark.parametrize(("positive", "flags"), [(300, [0, 1]), (301, [])])
def test_deepdiagnosis_looks_at_elements(positive, flags):
    z = np.where(np.arange(2000) % 1000 < positive, 1.0, -1.0).reshape(2, 1000).T

    assert flagged(z, "deepdiagnosis") == (flags, bool(flags))


def test_deepdiagnosis_looks_at_outputs_where_inputs_were_recorded():
    z = -np.abs(normal(100, 3))

    assert flagged(z, "deepdiagnosis", "sigmoid") == ([], False)
    assert flagged(z, "deepdiagnosis", "tanh") == ([0, 1, 2], True)
    assert flagged(np.abs(z) * 0.1, "deepdiagnosis", "thresholded_relu") == ([0, 1, 2], True)


def test_redo():
    h = np.ones((10, 41))
    h[:, 0] = 0.0239
    h[:, 1] = 0.0238  # of a mean of 0.9524

    assert flagged(h, "redo", recorded="post") == ([1], False)


def test_loss_of_plasticity():
    z = -np.ones((1000, 3))
    z[:9, 0] = z[:10, 1] = 1

    assert flagged(z, "loss-of-plasticity") == ([0, 2], False)


@pytest.mark.parametrize("definition", PRESETS)
def test_nothing_seen_nothing_flagged(definition):
    read = apply_definition(state(np.empty((0, 3))), definition, Thresholds(window=5, density_below=0.5))

    assert (read.flags.tolist(), read.layer_flagged, read.share) == ([False] * 3, False, 0)
    assert read.wording == PRESETS[definition].wording.format(window=5, below=0.5)


def fired_at(*samples, of=100):
    """Units that each fired on one sample alone; None never."""
    z = -np.ones((of, len(samples)))
    for unit, sample in enumerate(samples):
        if sample is not None:
            z[sample, unit] = 1
    return state(z)


@pytest.mark.parametrize(
    ("definition", "flags"), [("window", [0, 1, 4]), ("dictionary-learning", [0, 1, 4]), ("saelens", [0, 4])]
)
def test_a_window_of_the_last_samples(definition, flags):
    # silent for 99, 10, 9 and 0 samples at the end, and for all 100
    read = apply_definition(fired_at(0, 89, 90, 99, None), definition, Thresholds(window=10))
    assert (np.flatnonzero(read.flags).tolist(), read.window) == (flags, 10)


@pytest.mark.parametrize(
    ("definition", "window"), [("saelens", 4_096_000), ("dictionary-learning", 10_000_000)]
)
def test_windows_of_their_own(definition, window):
    read = apply_definition(fired_at(0, None), definition)
    assert (read.window, read.flags.any()) == (window, False)
    assert f"{window:,}" in read.wording


def test_a_window_counts_from_the_start_of_the_whole_data():
    placed = place_at(fired_at(0, 95), 5000)
    assert samples_since_firing(placed).tolist() == [99, 4]
    merged = merge(fired_at(0, 95), fired_at(3, 4))
    assert apply_definition(merged, "window", Thresholds(window=10)).flags.any()
    unknown = merge(place_at(fired_at(0), None), replace(fired_at(0), start=None))
    with pytest.raises(DataError, match="--start"):
        apply_definition(unknown, "window", Thresholds(window=10))


def test_densities():
    z = -np.ones((1000, 3))
    z[:9, 0] = z[:10, 1] = 1
    read = apply_definition(state(z), "density", Thresholds(density_below=0.01))
    assert (np.flatnonzero(read.flags).tolist(), read.below) == ([0, 2], 0.01)


@pytest.mark.parametrize("definition", ["window", "density"])
def test_a_definition_without_its_number(definition):
    with pytest.raises(UsageError, match=definition):
        Settings(definition=definition)


def test_a_verdict_by_densities_needs_enough_samples():
    z = -np.ones((1000, 20))
    z[:, 5:] = 1
    few = judge(make_report([state(z)], Settings(definition="density", density_below=1e-4)), 0.1)
    enough = judge(make_report([state(z)], Settings(definition="density", density_below=0.1)), 0.1)
    assert (few.status, enough.status) == ("not enough data", "found")
    assert few.needed > 30_000


def test_a_verdict_by_a_window_is_what_was_seen():
    report = make_report([fired_at(0, 99, None)], Settings(definition="window", window=50))
    assert judge(report, 0.1).status == "found"
    report = make_report([fired_at(0, 99, None)], Settings(definition="window", window=5000))
    judged = judge(report, 0.1)
    assert (judged.status, judged.needed) == ("not enough data", 6400)


def test_a_report_has_a_reading_a_layer():
    layers = [state(silenced(50, 20, 2), name="a"), state(normal(50, 20), name="b")]

    assert make_report(layers, Settings()).readings == ()
    readings = make_report(layers, Settings(definition="keras-contrib")).readings
    assert [(read.layer, read.share) for read in readings] == [("a", 0.1), ("b", 0)]


def test_an_unknown_definition():
    with pytest.raises(UsageError, match="unknown definition 'keras'; there are sagemaker, keras-contrib, "):
        apply_definition(state([[1.0]]), "keras")
