"""The risk of being born dead: the formula, networks that are drawn, and the width that is enough."""

import math

import pytest

from actcli.analysis.deadness.born_dead import born_dead_risk, measure_share, risks_by_depth, width_needed


@pytest.mark.parametrize(
    ("width", "depth", "risk"),
    [(2, 9, 1 - 0.75**9), (1, 1, 0.5), (1, 3, 0.875), (64, 2, 2.0**-63), (4096, 1000, 0.0)],
)
def test_the_formula(width, depth, risk):
    assert born_dead_risk(width, depth) == pytest.approx(risk, rel=1e-12)


@pytest.mark.parametrize(("width", "depth"), [(2, 9), (1, 2), (3, 4), (5, 20)])
def test_networks_that_are_drawn_agree(width, depth):
    """Within four standard deviations of the 10 000 draws; at 2 and 9 the published 0.930 against 0.925."""
    share, draws = measure_share(width, depth, seed=1)
    risk = born_dead_risk(width, depth)
    assert draws == 10_000
    assert abs(share - risk) < 4 * math.sqrt(risk * (1 - risk) / draws)


def test_the_same_seed_draws_the_same_networks():
    assert measure_share(2, 3, 7) == measure_share(2, 3, 7)
    assert measure_share(2, 3, 7) != measure_share(2, 3, 8)


def test_wide_networks_are_drawn_less_often():
    share, draws = measure_share(1024, 2, 0)
    assert share == 0
    assert 1 <= draws < 100


@pytest.mark.parametrize("depth", [1, 2, 9, 100, 1000])
@pytest.mark.parametrize("risk", [0.5, 0.05, 1e-3, 1e-9])
def test_the_width_that_is_enough(depth, risk):
    width = width_needed(depth, risk)
    assert born_dead_risk(width, depth) <= risk
    assert width == 1 or born_dead_risk(width - 1, depth) > risk
    assert width <= max(1, math.ceil(math.log2(depth / risk)))


def test_depth_by_depth():
    shallow, deep = risks_by_depth(2, (1, 9), 0.05, 0)
    assert (shallow.depth, deep.depth) == (1, 9)
    assert shallow.risk < deep.risk
    assert deep.error == pytest.approx(0.00264, rel=1e-2)
