"""Sparse statistics are those of the same numbers written out with their zeros."""

from dataclasses import fields, replace

import numpy as np
import pytest

from actcli.activations import activation
from actcli.analysis.deadness.consistency import require_consistent
from actcli.analysis.deadness.firing_rule import firing_rule
from actcli.analysis.deadness.unit_state import merge, place_at
from actcli.analysis.deadness.unit_statistics import observe
from actcli.analysis.sparse import sparse_block
from actcli.analysis.sparse.sparse_block import SparseBlock
from actcli.exits import UsageError


def block(samples=200, positions=3, units=30, share=0.05, seed=0, special=()):
    """A block of random entries, and the same numbers as (samples, units, positions)."""
    rng = np.random.default_rng(seed)
    dense = np.where(rng.random((samples, positions, units)) < share, rng.exponential(size=1), 0.0)
    dense *= rng.lognormal(size=dense.shape)
    dense[..., 7] = 0
    sample, position, unit = np.nonzero(dense)
    for place, value in enumerate(special):
        dense[sample[place], position[place], unit[place]] = value
    dense = dense.astype(np.float32)
    return (
        SparseBlock(samples, positions, units, sample, unit, dense[sample, position, unit]),
        dense.transpose(0, 2, 1),
    )


def assert_equal(ours, theirs):
    require_consistent([ours])
    for field in fields(ours):
        one, other = getattr(ours, field.name), getattr(theirs, field.name)
        if field.name in {"mean", "m2", "absolute"}:
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12, err_msg=field.name)
        elif isinstance(one, np.ndarray):
            np.testing.assert_array_equal(one, other, field.name)
        else:
            assert one == other, field.name


@pytest.mark.parametrize("positions", [1, 3])
@pytest.mark.parametrize("special", [(), (np.nan, np.inf), (0.0, -0.0)])
@pytest.mark.parametrize("function", ["relu", "relu6", "hard_shrink:lambd=1e-45"])
def test_they_equal_the_dense_ones(function, positions, special):
    rule = firing_rule(activation(function), "post")
    sparse, dense = block(positions=positions, special=special)
    assert_equal(sparse.state(rule, "a"), observe(rule, "a", dense, 0))


def test_parts_merge_to_the_whole():
    rule = firing_rule(activation("relu"), "post")
    sparse, dense = block()
    whole = sparse[0:0].state(rule, "a")
    for start in range(0, 200, 37):
        part = sparse[start : start + 37]
        whole = merge(whole, place_at(part.state(rule, "a"), start))
    assert_equal(whole, observe(rule, "a", dense, 0))


@pytest.mark.parametrize("piece", [1, 40])
def test_many_entries_are_observed_piece_by_piece(piece, monkeypatch):
    monkeypatch.setattr(sparse_block, "_PIECE", piece)
    rule = firing_rule(activation("relu"), "post")
    sparse, dense = block(units=8, share=0.3)
    assert_equal(sparse.state(rule, "a"), observe(rule, "a", dense, 0))


def test_no_entry_at_all():
    rule = firing_rule(activation("relu"), "post")
    none = np.empty(0, np.int64)
    empty = SparseBlock(50, 1, 4, none, none, np.empty(0, np.float32))
    assert_equal(empty.state(rule, "a"), observe(rule, "a", np.zeros((50, 4)), 0))


@pytest.mark.parametrize(
    ("function", "recorded"), [("relu", "pre"), ("tanh", "post"), ("leaky_relu", "post")]
)
def test_zeros_that_fire_are_refused(function, recorded):
    sparse, _ = block()
    with pytest.raises(UsageError, match="sparse records"):
        replace(sparse).state(firing_rule(activation(function), recorded), "a")
