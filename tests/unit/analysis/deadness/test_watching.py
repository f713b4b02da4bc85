"""Layers as they stream past: several threads, shards, reports on the way, and failures."""

import time

import numpy as np
import pytest
from layers import require_same

from actcli import activation
from actcli.analysis.deadness.firing_rule import firing_rule
from actcli.analysis.deadness.unit_state import merge
from actcli.analysis.deadness.unit_statistics import observe
from actcli.analysis.deadness.watching import LayerRecording, watch
from actcli.exits import DataError

RELU = firing_rule(activation("relu"), "post")


def rules(_):
    return RELU


def shard(values, size=300, *, name="a", start=0, samples=None):
    blocks = (values[at : at + size] for at in range(0, len(values), size))
    return LayerRecording(name, values.shape[1], samples, start, blocks)


def some(samples=3000, units=64, seed=0):
    return np.maximum(np.random.default_rng(seed).normal(size=(samples, units)), 0).astype(np.float32)


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_the_threads_do_not_matter(threads):
    values = some()
    *_, last = watch([shard(values)], rules, threads)
    require_same(last.states["a"], observe(RELU, "a", values, 0))
    assert (last.done, last.total, last.doing) == (3000, 3000, "a")


def test_shards_of_one_name_are_one_layer_and_others_are_others():
    values, other = some(), some(50, 3)
    shards = [shard(values[:700]), shard(other, name="b"), shard(values[700:], start=700)]
    *_, last = watch(iter(shards), rules, 2)
    assert list(last.states) == ["a", "b"]
    require_same(last.states["a"], observe(RELU, "a", values, 0))


def test_recordings_are_merged_as_a_tree_so_that_several_machines_get_the_same_bits():
    values = [some(200, 9, seed) for seed in range(5)]
    shards = [shard(one, start=200 * i) for i, one in enumerate(values)]
    *_, last = watch(iter(shards), rules, 1)
    a, b, c, d, e = (observe(RELU, "a", one, 200 * i) for i, one in enumerate(values))
    tree = merge(merge(merge(a, b), merge(c, d)), e)
    in_turn = merge(merge(merge(merge(a, b), c), d), e)
    assert last.states["a"].m2.tobytes() == tree.m2.tobytes() != in_turn.m2.tobytes()
    assert last.states["a"].last.tolist() == tree.last.tolist()


def test_the_states_grow_and_stay_as_they_were_reported():
    reports = list(watch([shard(some(900), samples=900)], rules, 1, seconds_between=0.0))
    assert [(report.done, report.total, report.states["a"].samples) for report in reports] == [
        (300, 900, 300), (600, 900, 600), (900, 900, 900), (900, 900, 900),
    ]  # fmt: skip


def test_shards_are_merged_as_they_were_when_reported_and_what_is_new_stands_beside():
    shards = [shard(some(200, 9, seed), start=200 * seed) for seed in range(5)]
    reports = list(watch(iter(shards), rules, 1))
    assert [report.states["a"].samples for report in reports] == [200, 400, 600, 800, 1000]
    assert [report.newest.samples for report in reports] == [200] * 5
    assert reports[-1].states["a"] is reports[-1].states["a"]


def test_reports_come_seldom_but_while_it_works():
    def slow():
        for block in np.split(some(100), 10):
            time.sleep(0.02)
            yield block

    reports = list(watch([LayerRecording("a", 64, None, 0, slow())], rules, 1))
    assert 3 <= len(reports) <= 8


def test_a_shard_without_a_start_has_no_places():
    *_, last = watch([shard(some(), start=None)], rules, 2)
    assert last.states["a"].start is None
    assert (last.states["a"].first < 0).all()


def test_shards_of_different_widths_are_refused():
    with pytest.raises(DataError, match="layer 'a' has 64 units in one part and 3 in another"):
        list(watch([shard(some()), shard(some(9, 3))], rules, 2))


def test_what_came_before_a_failure_is_reported():
    def broken():
        yield some(300)
        raise DataError("a.npy: truncated")

    stream = watch([LayerRecording("a", 64, 900, 0, broken())], rules, 2, seconds_between=0.0)
    assert next(stream).states["a"].samples == 300
    with pytest.raises(DataError, match="truncated"):
        next(stream)
