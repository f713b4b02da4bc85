"""Elements counted on some samples: which, how such statistics merge, and what a file of them holds."""

import json
from dataclasses import replace

import numpy as np
import pytest
from layer_states import normal, state

from actcli.activations import activation
from actcli.analysis.deadness.batches import BatchedLayer
from actcli.analysis.deadness.consistency import require_consistent
from actcli.analysis.deadness.firing_rule import firing_rule
from actcli.analysis.deadness.other_definitions import apply_definition
from actcli.analysis.deadness.quick import EVERY, FIRST, counting_notes, is_counted, runs, same_until
from actcli.analysis.deadness.state_record import (
    PARTLY_COUNTED,
    VERSION,
    pack,
    read_description,
    unpack,
)
from actcli.analysis.deadness.unit_class import unit_classes
from actcli.analysis.deadness.unit_state import COUNTS, NUMBERS, Counted, empty_state, merge
from actcli.analysis.deadness.verdict import Settings, classify
from actcli.exits import DataError


def quick_state(values, start=0, function="relu"):
    """The statistics of samples from a place on, by the rule: a part for each run of samples that are alike."""
    whole = empty_state("layer", firing_rule(activation(function), "pre"), values.shape[1])
    at = 0
    for length in runs(start, len(values)):
        part = state(values[at : at + length], function, start=start + at)
        if not is_counted(start + at):
            zeros = np.zeros(part.units, np.int64)
            low = part.low if part.rule.low_decides else zeros
            part = replace(part, nonpositive=zeros, low=low, counted=Counted(0, 0))
        whole = merge(whole, part)
        at += length
    return whole


def require_equal(a, b):
    assert (a.samples, a.elements, a.start, a.counted) == (b.samples, b.elements, b.start, b.counted)
    for field in (*COUNTS, *NUMBERS):
        np.testing.assert_allclose(
            getattr(a, field), getattr(b, field), rtol=1e-12, atol=1e-12, err_msg=field
        )


def test_the_rule_goes_by_the_place_in_all_the_data():
    counted = [place for place in range(3 * EVERY) if is_counted(place)]
    assert counted == [start + i for start in (0, EVERY, 2 * EVERY) for i in range(FIRST)]
    assert [same_until(place) for place in (0, FIRST - 1, FIRST, EVERY - 1, EVERY)] == [
        FIRST,
        FIRST,
        EVERY,
        EVERY,
        EVERY + FIRST,
    ]


@pytest.mark.parametrize("place", [0, 3, FIRST, 100, EVERY, 10**9])
def test_runs_cover_the_samples_and_are_alike(place):
    lengths = list(runs(place, 300))
    assert sum(lengths) == 300
    at = place
    for length in lengths:
        assert len({is_counted(at + i) for i in range(length)}) == 1
        at += length


@pytest.mark.parametrize("cut", [1, 8, 77, 128, 200, 299])
def test_parts_merge_to_the_statistics_of_all_samples(cut):
    z = normal(300, 4)
    parts = quick_state(z[:cut]), quick_state(z[cut:], start=cut)
    whole = quick_state(z)
    require_equal(merge(*parts), whole)
    require_equal(merge(*parts[::-1]), whole)
    assert whole.counted == Counted(24, 24)


def test_a_quick_part_and_a_full_part():
    z = normal(300, 4)
    both = merge(quick_state(z[:200]), state(z[200:], start=200))
    assert (both.counted_samples, both.samples) == (16 + 100, 300)
    counted = np.concatenate([z[:8], z[128:136], z[200:]])
    np.testing.assert_array_equal(both.nonpositive, (counted <= 0).sum(0))
    require_consistent([both])


@pytest.mark.parametrize(
    "function", ["relu", "hard_swish", "relu6", "tanh", "gelu", "leaky_relu", "thresholded_relu"]
)
def test_classes_do_not_change(function):
    z = 4 * normal(300, 12, seed=1)
    z[:, 0] = -np.abs(z[:, 0]) - 9  # dead, for those that can be
    z[:, 1] = np.abs(z[:, 1]) + 9
    z[:, 2] = 0.3
    z[50:, 3] = -20
    z[:-1, 4] = 20
    quick, full = quick_state(z, function=function), state(z, function)
    require_consistent([quick, full])
    np.testing.assert_array_equal(unit_classes(quick, 0.01, 0.025), unit_classes(full, 0.01, 0.025))


def test_sparsity_is_that_of_the_counted_samples():
    z = normal(300, 4)
    counted = np.concatenate([z[:8], z[128:136], z[256:264]])
    assert classify(quick_state(z), Settings()).sparsity == (counted <= 0).mean()


def test_sparsity_where_a_unit_gave_nan():
    z = normal(300, 4)
    z[20, 1] = np.nan
    z[3, 2] = np.nan
    counted = np.concatenate([z[:8], z[128:136], z[256:264]])[:, [0, 3]]
    assert classify(quick_state(z), Settings()).sparsity == (counted <= 0).mean()


def test_a_note_names_both_numbers_of_samples():
    (note,) = counting_notes([state(normal(300, 4)), quick_state(normal(300, 4))])
    assert "24 of 300 samples" in note
    assert counting_notes([state(normal(300, 4))]) == ()


def test_a_definition_by_zeros_is_refused():
    with pytest.raises(DataError, match="24 of 300"):
        apply_definition(quick_state(normal(300, 4)), "deepdiagnosis")


def test_a_file_keeps_the_samples_that_were_counted():
    states = [quick_state(normal(300, 4)), replace(state(normal(300, 4)), name="other")]
    description, counts, numbers = pack(states)
    layers, _ = read_description(description, "s.npz")
    for read, written in zip(unpack(layers, counts, numbers, "s.npz"), states, strict=True):
        require_equal(read, written)
    content = json.loads(description)
    assert content["version"] == PARTLY_COUNTED
    assert content["layers"][0]["counted"] == {
        "samples": 24,
        "elements": 24,
        "first": FIRST,
        "of_every": EVERY,
    }
    assert json.loads(pack(states[1:])[0])["version"] == VERSION


@pytest.mark.parametrize(
    "counted",
    [3, None, [], {}, {"samples": 24}, {"samples": 301, "elements": 301}, {"samples": 24, "elements": 23},
     {"samples": -1, "elements": 0}, {"samples": 24, "elements": 301}, {"samples": "24", "elements": 24}],
    ids=str,
)  # fmt: skip
def test_damaged_numbers_of_counted_samples(counted):
    content = json.loads(pack([quick_state(normal(300, 4))])[0])
    content["layers"][0]["counted"] = counted
    with pytest.raises(DataError, match="damaged"):
        read_description(json.dumps(content).encode(), "s.npz")


@pytest.mark.parametrize("field", ["nonpositive", "low"])
def test_more_zeros_than_were_counted_are_impossible(field):
    quick = quick_state(normal(300, 4))
    with pytest.raises(DataError, match=field):
        require_consistent([replace(quick, **{field: np.full(4, 25)})])


def test_batches_without_counts_give_the_same_firing():
    z = np.random.default_rng(4).normal(size=(40, 5, 7)).astype(np.float32)
    rule = firing_rule(activation("hard_swish"), "pre")
    names = ("maximum", "minimum", "mean", "absolute", "value_minimum", "above_zero", "above_low")
    h = activation("hard_swish")(z)
    numbers = [z.max(2), z.min(2), z.mean(2), np.abs(h).mean(2), h.min(2)]
    numbers += [(z > 0).sum(2) * np.float32(2.0**-149), (z > -3).sum(2)]
    packed = np.concatenate(numbers, axis=1, dtype=np.float32)
    layer = BatchedLayer("layer", rule, 5, 7, names, 5)
    few = layer.state([(0, layer.part(packed[:8])), (8, layer.part(packed[8:, : 5 * 5]))])
    whole = layer.state([(0, layer.part(packed))])
    assert few.counted == Counted(8, 56)
    np.testing.assert_array_equal(few.nonpositive, (z[:8] <= 0).sum((0, 2)))
    np.testing.assert_array_equal(few.low, (z[:8] <= -3).sum((0, 2)))
    for field in ("fired", "first", "last", "minimum", "maximum", "absolute", "value_minimum"):
        np.testing.assert_array_equal(getattr(few, field), getattr(whole, field))
    assert layer.state([(8, layer.part(packed[8:, : 5 * 5]))]).counted == Counted(0, 0)
