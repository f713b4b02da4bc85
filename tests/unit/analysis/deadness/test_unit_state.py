"""Parts of a layer's samples merge to what one pass gives, whatever the split and the order."""

from dataclasses import replace
from functools import reduce
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layers import require_same

from actcli import activation
from actcli.analysis.deadness.firing_rule import firing_rule
from actcli.analysis.deadness.state_record import pack, read_description, unpack
from actcli.analysis.deadness.unit_class import unit_classes
from actcli.analysis.deadness.unit_state import NEVER, UNKNOWN, empty_state, merge
from actcli.analysis.deadness.unit_statistics import observe
from actcli.exits import DataError

RULES = {spec: firing_rule(activation(spec), recorded)
         for spec, recorded in (("relu", "post"), ("gelu", "pre"), ("tanh", "post"), ("relu6", "pre"),
                                ("elu", "pre"), ("sine", "pre"))}  # fmt: skip
ODD = [0.0, -0.0, np.nan, np.inf, -np.inf, 5e-324, 1.0, 1.0]


def layer(seed, samples, units, positions, odd, shift):
    rng = np.random.default_rng(seed)
    values = rng.normal(shift, 1.0, size=(samples, units, positions))
    strange = rng.random(values.shape) < odd
    values[strange] = rng.choice(ODD, strange.sum())
    return values.astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(RULES)),
    st.integers(0, 2**32 - 1),
    st.integers(1, 30),
    st.integers(1, 4),
    st.sampled_from([1, 1, 3]),
    st.sampled_from([0.0, 0.05, 0.5]),
    st.sampled_from([0.0, -3.0, 1e4]),
    st.data(),
)
def test_merging_any_split_in_any_order_equals_one_pass(
    spec, seed, samples, units, positions, odd, shift, data
):
    rule, values = RULES[spec], layer(seed, samples, units, positions, odd, shift)
    cuts = sorted(data.draw(st.lists(st.integers(0, samples), max_size=6)))
    ends = [0, *cuts, *data.draw(st.sampled_from([[], [samples]])), samples]
    parts = [observe(rule, "a", values[a:b], 7 + a) for a, b in pairwise(ends)]
    parts = data.draw(st.permutations([*parts, empty_state("a", rule, units)]))
    nameless = data.draw(st.booleans())
    if nameless:
        at = data.draw(st.integers(0, len(parts) - 1))
        parts[at] = replace(parts[at], start=None)
    whole = observe(rule, "a", values, 7)

    while len(parts) > 1:  # not only from left to right
        a, b = data.draw(st.permutations(range(len(parts))))[:2]
        both = written_and_read(merge(parts[a], parts[b]))
        parts = [*(part for i, part in enumerate(parts) if i not in {a, b}), both]
    (together,) = parts

    known = together.start is not None
    assert known or nameless
    require_same(together, whole, places=known)
    assert (together.samples, together.elements) == (samples, samples * positions)
    np.testing.assert_array_equal(together.slope, whole.slope)
    if known:
        assert together.start == 7
    else:
        for places, right in ((together.first, whole.first), (together.last, whole.last)):
            assert ((places == NEVER) == (right == NEVER)).all()
    np.testing.assert_array_equal(unit_classes(together, 0.1, 0), unit_classes(whole, 0.1, 0))


def test_a_mean_of_many_deviations_costs_no_more_than_its_rounding():
    values = np.array([10000.34570312, 10000.5, 10000.41992188, 10000.52539062])[:, None].astype("f4")
    a, b = (observe(RULES["elu"], "a", part, None) for part in (values[:1], values[1:]))
    require_same(merge(a, b), observe(RULES["elu"], "a", values, None), places=False)
    np.testing.assert_allclose(merge(a, b).variance, values.astype(float).var(0), rtol=1e-10)


def written_and_read(state):
    """The state as it comes back from a statistics file."""
    description, counts, numbers = pack([state])
    layers, _ = read_description(description, "file")
    (back,) = unpack(layers, counts, numbers, "file")
    return back


def test_several_parts_of_which_one_has_no_start_have_no_places():
    rule = RULES["relu"]
    values = np.array([[0.0, 1.0], [0.0, 0.0], [0.0, 1.0]])
    parts = [observe(rule, "a", values[i : i + 1], i) for i in range(3)]
    parts[1] = replace(parts[1], start=None)
    for order in permutations(parts):
        both = reduce(merge, order)
        assert (both.start, both.first.tolist(), both.last.tolist()) == (
            None,
            [NEVER, UNKNOWN],
            [NEVER, UNKNOWN],
        )
    alone = replace(observe(rule, "a", values, 0), start=None)
    assert (alone.first.tolist(), alone.last.tolist()) == ([NEVER, 0], [NEVER, 2])
    require_same(merge(alone, empty_state("a", rule, 2)), alone)


def test_a_spread_that_was_not_observed_stays_unknown_and_hides_nothing_else():
    rule = RULES["relu"]
    values = layer(1, 20, 3, 2, 0.0, 0.0)
    whole = observe(rule, "a", values, 0)
    parts = [observe(rule, "a", values[:9], 0), observe(rule, "a", values[9:], 9)]
    parts[0] = replace(parts[0], m2=np.full(3, np.nan))
    for order in (parts, parts[::-1]):
        both = written_and_read(reduce(merge, [empty_state("a", rule, 3), *map(written_and_read, order)]))
        assert np.isnan(both.m2).all()
        assert np.isnan(both.variance).all()
        require_same(replace(both, m2=whole.m2), whole)


def test_a_part_without_a_start_makes_the_places_unknown():
    rule = RULES["relu"]
    known = observe(rule, "a", np.array([[0.0, 1.0, 0.0]]), 5)
    unknown = observe(rule, "a", np.array([[0.0, 1.0, 2.0]]), None)
    both = merge(known, unknown)
    assert both.start is None
    assert both.first.tolist() == both.last.tolist() == [NEVER, UNKNOWN, UNKNOWN]
    require_same(merge(unknown, known), both)


def test_an_empty_part_changes_nothing():
    rule = RULES["relu"]
    state = observe(rule, "a", layer(1, 5, 3, 2, 0.2, 0.0), 3)
    none = empty_state("a", rule, 3)
    for both in (merge(state, none), merge(none, state), merge(state, replace(none, start=900))):
        require_same(both, state)
        assert both.start == 3
    assert merge(none, none).variance.tolist() == pytest.approx([np.nan] * 3, nan_ok=True)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (empty_state("b", RULES["relu"], 3), "'a' and 'b'"),
        (empty_state("a", RULES["relu"], 4), "3 units in one part and 4"),
        (empty_state("a", RULES["tanh"], 3), "post of relu and post of tanh"),
        (empty_state("a", replace(RULES["relu"], flat_below=-1.0), 3), "two definitions of firing"),
    ],
)
def test_parts_of_different_things_do_not_merge(other, message):
    with pytest.raises(DataError, match=message):
        merge(empty_state("a", RULES["relu"], 3), other)
