import numpy as np
import pytest
from layer_states import normal, silenced, state

from actcli.analysis.deadness.other_definitions import PRESETS, apply_definition
from actcli.analysis.deadness.report import make_report
from actcli.analysis.deadness.verdict import Settings
from actcli.exits import UsageError


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
    read = apply_definition(state(np.empty((0, 3))), definition)

    assert (read.flags.tolist(), read.layer_flagged, read.share) == ([False] * 3, False, 0)
    assert read.wording == PRESETS[definition].wording


def test_a_report_has_a_reading_a_layer():
    layers = [state(silenced(50, 20, 2), name="a"), state(normal(50, 20), name="b")]

    assert make_report(layers, Settings()).readings == ()
    readings = make_report(layers, Settings(definition="keras-contrib")).readings
    assert [(read.layer, read.share) for read in readings] == [("a", 0.1), ("b", 0)]


def test_an_unknown_definition():
    with pytest.raises(UsageError, match="unknown definition 'keras'; there are sagemaker, keras-contrib, "):
        apply_definition(state([[1.0]]), "keras")
