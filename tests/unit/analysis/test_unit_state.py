"""Parts of a layer's samples merge to what one pass gives, whatever the split and the order."""

from dataclasses import replace
from functools import reduce
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layers import require_same

from actcli import activation
from actcli.analysis.firing import firing_rule
from actcli.analysis.observing import observed
from actcli.analysis.unit_state import NEVER, UNKNOWN, empty, merged
from actcli.exits import DataError

RULES = {spec: firing_rule(activation(spec), recorded)
         for spec, recorded in (("relu", "post"), ("gelu", "pre"), ("tanh", "post"))}  # fmt: skip
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
    ends = [0, *cuts, samples]
    parts = [observed(rule, "a", values[a:b], 7 + a) for a, b in pairwise(ends)]
    parts = data.draw(st.permutations(parts))
    whole, together = observed(rule, "a", values, 7), reduce(merged, parts, empty("a", rule, units))
    require_same(together, whole)
    assert (together.samples, together.elements, together.start) == (samples, samples * positions, 7)
    np.testing.assert_array_equal(together.slope, whole.slope)


def test_a_part_without_a_start_makes_the_places_unknown():
    rule = RULES["relu"]
    known = observed(rule, "a", np.array([[0.0, 1.0, 0.0]]), 5)
    unknown = observed(rule, "a", np.array([[0.0, 1.0, 2.0]]), None)
    both = merged(known, unknown)
    assert both.start is None
    assert both.first.tolist() == both.last.tolist() == [NEVER, UNKNOWN, UNKNOWN]
    require_same(merged(unknown, known), both)


def test_an_empty_part_changes_nothing():
    rule = RULES["relu"]
    state = observed(rule, "a", layer(1, 5, 3, 2, 0.2, 0.0), 3)
    none = empty("a", rule, 3)
    for both in (merged(state, none), merged(none, state), merged(state, replace(none, start=900))):
        require_same(both, state)
        assert both.start == 3
    assert merged(none, none).variance.tolist() == pytest.approx([np.nan] * 3, nan_ok=True)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (empty("b", RULES["relu"], 3), "'a' and 'b'"),
        (empty("a", RULES["relu"], 4), "3 units in one part and 4"),
        (empty("a", RULES["tanh"], 3), "post of relu and post of tanh"),
        (empty("a", replace(RULES["relu"], flat_below=-1.0), 3), "two definitions of firing"),
    ],
)
def test_parts_of_different_things_do_not_merge(other, message):
    with pytest.raises(DataError, match=message):
        merged(empty("a", RULES["relu"], 3), other)
