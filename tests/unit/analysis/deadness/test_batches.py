"""Batches of values or of quantities give the statistics of the values."""

import numpy as np
import pytest

from actcli.activations import activation
from actcli.analysis.deadness.batches import BatchedLayer
from actcli.analysis.deadness.firing_rule import firing_rule
from actcli.analysis.deadness.quantities import STEP, is_in_steps, limits, measured_extremes
from actcli.analysis.deadness.unit_statistics import observe
from actcli.exits import DataError

VALUES = np.random.default_rng(0).normal(size=(20, 5, 7)).astype(np.float32) * 3
VALUES[:, 0] = -np.abs(VALUES[:, 0])
EXACT = ("fired", "nonpositive", "low", "high", "minimum", "maximum", "first", "last", "nan", "infinite")
CLOSE = ("mean", "absolute", "value_minimum", "value_maximum")


def batched(spec, positions=7, **quantities):
    rule = firing_rule(activation(spec), "pre")
    return BatchedLayer("layer", rule, 5, positions, tuple(quantities))


def quantities(spec, z):
    """What a graph computes of a batch, in NumPy."""
    f = activation(spec)
    rule = firing_rule(f, "pre")
    h = f(z)
    found = {"maximum": z.max(2), "minimum": z.min(2), "mean": z.mean(2), "absolute": np.abs(h).mean(2)}
    for name, limit in limits(rule, z.dtype).items():
        found[name] = ((z > limit).sum(2) * (STEP if is_in_steps(limit) else 1.0)).astype(z.dtype)
    extremes = {"value_minimum": h.min(2), "value_maximum": h.max(2)}
    return found | {name: extremes[name] for name in measured_extremes(rule)}


def require_same(state, expected):
    for name in EXACT:
        np.testing.assert_array_equal(getattr(state, name), getattr(expected, name), err_msg=name)
    for name in CLOSE:
        np.testing.assert_allclose(getattr(state, name), getattr(expected, name), rtol=1e-5, err_msg=name)


@pytest.mark.parametrize(
    "spec", ["relu", "gelu", "hard_tanh", "hard_swish", "relu6", "hard_shrink", "leaky_relu", "sigmoid"]
)
def test_quantities(spec):
    layer = batched(spec, **quantities(spec, VALUES))
    parts = []
    for start in (0, 8, 16):
        values = VALUES[start : start + 8]
        part = layer.part(np.concatenate(list(quantities(spec, values).values()), axis=1))
        parts.append((start, part or layer.part_of_values(values)))
    require_same(layer.state(parts), observe(layer.rule, "layer", VALUES, 0))


@pytest.mark.parametrize("positions", [1, 7])
def test_values(positions):
    values = VALUES[:, :, :positions]
    layer = batched("relu", positions)
    state = layer.state((start, layer.part(values[start : start + 8])) for start in (0, 8, 16))
    require_same(state, observe(layer.rule, "layer", values, 0))


def test_quantities_that_hold_nan_do_not_suffice():
    values = VALUES.copy()
    values[3, 2, 1] = np.nan
    layer = batched("relu", **quantities("relu", values))
    assert layer.part(np.concatenate(list(quantities("relu", values).values()), axis=1)) is None


def test_counts_that_were_lost_are_refused():
    lost = quantities("relu", VALUES) | {"above_zero": np.zeros((20, 5), np.float32)}
    layer = batched("relu", **lost)
    with pytest.raises(DataError, match="tiny numbers"):
        layer.state([(0, layer.part(np.concatenate(list(lost.values()), axis=1)))])


def test_no_batches():
    layer = batched("relu")
    assert layer.state([]).samples == 0


def test_a_batch_at_an_unknown_place():
    layer = batched("relu")
    assert layer.state([(None, layer.part(VALUES))]).start is None
