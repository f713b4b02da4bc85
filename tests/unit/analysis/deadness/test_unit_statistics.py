"""The streaming statistics against a plain reference, and the traps that lie in them."""

import numpy as np
import pytest
from layers import reference, require_same

from actcli import activation
from actcli.analysis.deadness.firing_rule import firing_rule
from actcli.analysis.deadness.possible_outputs import hint_out_of_range
from actcli.analysis.deadness.unit_state import NEVER, place_at
from actcli.analysis.deadness.unit_statistics import observe

CASES = {
    ("relu", "post"): lambda v: v > 0,
    ("relu", "pre"): lambda v: v > 0,
    ("relu6", "pre"): lambda v: 0 < v < 6,
    ("relu6", "post"): lambda v: 0 < v < 6,
    ("tanh", "post"): lambda v: abs(v) <= np.sqrt(1 - 1e-3),
    ("hard_swish", "post"): lambda v: v != 0 and v >= -0.375,
    ("leaky_relu", "pre"): lambda v: v == v,  # noqa: PLR0124
    ("silu", "pre"): lambda v: abs(activation("silu").grad(v)) >= 1e-3 * 1.0998393194985,
    ("sine", "pre"): lambda v: abs(np.cos(v)) >= 1e-3 if np.isfinite(v) else False,
}
SHAPES = [(40, 5, 1), (7, 3, 6), (300, 2, 1), (1, 4, 9)]
RELU = firing_rule(activation("relu"), "post")
TANH = firing_rule(activation("tanh"), "post")


def values(shape, dtype, odd, *, post, seed=0):
    rng = np.random.default_rng(seed)
    z = 3 * rng.normal(size=shape)
    strange = rng.random(shape) < odd
    z[strange] = rng.choice([np.nan, np.inf, -np.inf, -0.0, 0.0], strange.sum())
    z[..., 0] -= 30 * (rng.random(shape[1]) < 0.3)
    return np.asarray(post(z) if post else z).astype(dtype)


@pytest.mark.parametrize("odd", [0.0, 0.3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("spec", "recorded"), CASES)
def test_every_number_is_that_of_the_reference(spec, recorded, shape, dtype, odd):
    f = activation(spec)
    block = values(shape, dtype, odd, post=f if recorded == "post" else None)
    rule = firing_rule(f, recorded)
    want = reference(block, CASES[spec, recorded], f if recorded == "pre" else None, start=11)
    firing = [CASES[spec, recorded](value) for value in block.astype(float).ravel().tolist()]
    quiet = ~np.reshape(firing, shape).astype(bool) & ~np.isnan(block)
    want["low"] = (quiet & (block <= rule.flat_below) & (rule.flat_below > -np.inf)).sum(axis=(0, 2))
    want["high"] = (quiet & (block > rule.flat_below) & (block >= rule.flat_above)).sum(axis=(0, 2))
    want["high"] = want["high"] if rule.flat_above < np.inf else np.zeros_like(want["high"])
    require_same(observe(rule, "a", block, 11), want, tolerance=1e-12 if dtype == np.float64 else 1e-6)


@pytest.mark.parametrize("order", ["channels first", "channels last", "every second", "fortran"])
@pytest.mark.parametrize("tile", [16, 64, 1 << 20])
def test_neither_the_order_in_memory_nor_the_tiles_matter(order, tile):
    block = values((30, 8, 5), np.float32, 0.05, post=activation("relu"))
    want = observe(RELU, "a", block, 0)
    laid = {
        "channels first": block,
        "channels last": np.ascontiguousarray(block.transpose(0, 2, 1)).transpose(0, 2, 1),
        "every second": np.repeat(block, 2, axis=1)[:, ::2],
        "fortran": np.asfortranarray(block),
    }[order]
    require_same(observe(RELU, "a", laid, 0, tile), want)


@pytest.mark.parametrize("dtype", [np.float16, np.int8, np.uint16, np.int64, np.bool_, ">f4", ">i2"])
def test_other_types_are_taken_as_what_they_are(dtype):
    block = np.random.default_rng(3).integers(0, 2 if dtype == np.bool_ else 100, (50, 4)).astype(dtype)
    require_same(observe(RELU, "a", block, 0), observe(RELU, "a", block.astype(np.float64), 0))


@pytest.mark.parametrize("finite", [False, True])
def test_every_float16_is_taken_as_what_it_is(finite):
    every = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    every = every[np.isfinite(every)] if finite else every
    state = observe(RELU, "a", every[np.newaxis], 0)
    known = ~np.isnan(every)
    np.testing.assert_array_equal(state.maximum[known], every[known].astype(np.float64))
    np.testing.assert_array_equal(state.nan, ~known)
    np.testing.assert_array_equal(state.infinite, np.isinf(every))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_what_is_looked_at_stays_as_it_is(dtype):
    block = values((40, 3, 2), dtype, 0.3, post=None)
    before = block.copy()
    observe(RELU, "a", block, 0)
    np.testing.assert_array_equal(block, before)


def test_two_axes_are_three_with_one_position():
    block = values((50, 4, 1), np.float32, 0.1, post=None)
    require_same(observe(RELU, "a", block[:, :, 0], 0), observe(RELU, "a", block, 0))


def test_long_counts_do_not_overflow():
    state = observe(RELU, "a", np.ones((70_000, 3), np.float32), 0)
    assert state.fired.tolist() == [70_000] * 3
    assert state.m2.tolist() == [0.0] * 3


def test_a_constant_far_from_zero_has_no_variance():
    far = np.full((5000, 2), 1e6 + 0.1, np.float64)
    far[:, 1] += np.tile([-0.5, 0.5], 2500)
    state = observe(TANH, "a", far, 0)
    np.testing.assert_allclose(state.variance, [0.0, 0.25], rtol=1e-9, atol=1e-18)


def test_a_sparse_layer_has_every_unit_fire():
    block = np.maximum(np.random.default_rng(5).normal(-1.3, 1, (500, 40)), 0)
    state = observe(RELU, "a", block, 0)
    assert state.nonpositive.sum() / (state.elements * state.units) > 0.88
    assert (state.fired > 0).all()


def test_a_map_blank_on_one_image_fires_on_the_others():
    block = np.ones((4, 1, 9))
    block[2] = 0
    state = observe(RELU, "a", block, 0)
    assert (state.fired[0], state.first[0], state.last[0], state.nonpositive[0]) == (3, 0, 3, 9)


def test_a_map_of_mean_zero_fires():
    state = observe(TANH, "a", np.array([[[0.9, -0.9]]]), 0)
    assert (state.fired[0], state.mean[0], state.m2[0]) == (1, 0.0, pytest.approx(1.62))


def test_a_channel_of_nan_is_counted_and_has_no_extremes():
    state = observe(RELU, "a", np.full((3, 1, 4), np.nan, np.float32), 0)
    assert (state.nan[0], state.fired[0], state.low[0], state.nonpositive[0]) == (12, 0, 0, 0)
    assert (state.minimum[0], state.maximum[0], state.mean[0]) == (np.inf, -np.inf, 0)


def test_places_are_counted_from_the_start():
    block = np.zeros((40, 3))
    block[[5, 30], 1] = 1
    block[39, 2] = 1
    state = observe(RELU, "a", block, 100)
    assert state.first.tolist() == [NEVER, 105, 139]
    assert state.last.tolist() == [NEVER, 130, 139]
    assert place_at(state, None).start is None


def test_the_largest_slope_is_seen_where_it_can_be():
    z = np.array([[-1.0, 2.0], [-3.0, -2.0]])
    silu = firing_rule(activation("silu"), "pre")
    np.testing.assert_array_equal(
        observe(silu, "a", z, 0).slope, np.abs(activation("silu").grad(z)).max(axis=0)
    )
    assert observe(RELU, "a", z, 0).slope.tolist() == [0, 1]
    assert np.isnan(observe(TANH, "a", z / 9, 0).slope).all()


def test_no_samples_are_an_empty_state():
    state = observe(RELU, "a", np.empty((0, 3, 4), np.float32), 8)
    assert (state.samples, state.elements, state.start, state.units) == (0, 0, 8, 3)


@pytest.mark.parametrize(
    ("spec", "found", "hinted"),
    [
        ("relu", -0.1, True),
        ("relu", 3.0, False),
        ("tanh", 1.0, False),
        ("tanh", 1.5, True),
        ("selu", -1.7588, False),
    ],
)
def test_outputs_that_the_function_does_not_have_are_pointed_out(spec, found, hinted):
    rule = firing_rule(activation(spec), "post")
    message = hint_out_of_range(observe(rule, "a", np.array([[found, 0.5]]), 0))
    assert (message is not None) == hinted
    assert message is None or "its inputs" in message
    assert (
        hint_out_of_range(observe(firing_rule(activation(spec), "pre"), "a", np.array([[found]]), 0)) is None
    )
