"""Masked statistics are those of the samples without what is masked out."""

from dataclasses import fields

import numpy as np
import pytest

from actcli.activations import activation
from actcli.analysis.deadness.consistency import require_consistent
from actcli.analysis.deadness.firing_rule import firing_rule
from actcli.analysis.deadness.masked import observe_masked
from actcli.analysis.deadness.unit_state import merge
from actcli.analysis.deadness.unit_statistics import observe


@pytest.mark.parametrize("function", ["relu", "gelu", "tanh"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_sequences_of_several_lengths_are_each_one_sample(function, dtype):
    rule = firing_rule(activation(function), "pre")
    rng = np.random.default_rng(0)
    z = (rng.normal(size=(12, 5, 7)) * 3 - 4).astype(dtype)
    mask = rng.random((12, 7)) < 0.4
    mask[3] = False
    state = observe_masked(rule, "a", z, mask, 10)
    kept = [sample[:, own][np.newaxis] for sample, own in zip(z, mask, strict=True) if own.any()]
    parts = [observe(rule, "a", sample, 10 + place) for place, sample in enumerate(kept)]
    whole = parts[0]
    for part in parts[1:]:
        whole = merge(whole, part)
    require_consistent([state])
    for field in fields(state):
        ours, theirs = getattr(state, field.name), getattr(whole, field.name)
        if field.name in {"mean", "m2", "absolute"}:
            np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)
        elif isinstance(ours, np.ndarray):
            np.testing.assert_array_equal(ours, theirs, field.name)
        else:
            assert ours == theirs, field.name


def test_a_mask_of_samples_leaves_them_out():
    rule = firing_rule(activation("relu"), "post")
    h = np.eye(4)
    state = observe_masked(rule, "a", h, np.array([True, False, True, True]), 0)
    assert state.fired.tolist() == [1, 0, 1, 1]
    assert state.first.tolist() == [0, -1, 1, 2]


def test_nothing_left_is_no_sample():
    rule = firing_rule(activation("relu"), "post")
    state = observe_masked(rule, "a", np.ones((3, 2)), np.zeros(3, np.bool_), 5)
    assert (state.samples, state.units, state.start) == (0, 2, 5)
