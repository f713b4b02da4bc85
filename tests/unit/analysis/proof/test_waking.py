"""Gradients of the steps, and inputs that wake units."""

import numpy as np
import pytest
from kinds_of_steps import X, every_kind_of_step

from actcli.activations import activation
from actcli.analysis.deadness.firing_rule import firing_rule
from actcli.analysis.proof.box import make_box
from actcli.analysis.proof.kernels import Dense
from actcli.analysis.proof.linear import Linear
from actcli.analysis.proof.network import Placed, gradient, point_values
from actcli.analysis.proof.waking import climb, gap_to_firing


def test_gradients_are_those_of_differences():
    steps = every_kind_of_step()
    x = np.random.default_rng(1).uniform(-1, 1, X)
    values = point_values(steps, {"x": x})
    slopes = gradient(steps, values, "o", np.ones((1, 1, 1)), ["x"])["x"][0]
    assert np.abs(slopes).max() > 1e-3
    for place in np.ndindex(x.shape):
        moved = []
        for sign in (1, -1):
            other = x.copy()
            other[place] += sign * 1e-5
            moved.append(float(point_values(steps, {"x": other})["o"][0, 0]))
        assert slopes[place] == pytest.approx((moved[0] - moved[1]) / 2e-5, abs=1e-5)


def test_the_gap_to_firing_and_the_way_there():
    relu6 = firing_rule(activation("relu6"), "pre")
    gap, toward = gap_to_firing(relu6, np.array([-2.0, 3.0, 7.0]))
    assert gap.tolist() == [2, 0, 1]
    assert toward[0] > 0 > toward[2]


def test_a_unit_that_fires_in_one_corner_is_woken_there():
    # z = x0 - x1 - 1.5 fires only near (1, -1)
    steps = [Placed("z", ("x",), Linear.of(Dense((1, 2), 1), np.array([[1.0, -1.0]]), np.array([-1.5])))]
    boxes = {"x": make_box(np.full((1, 2), -1.0), np.full((1, 2), 1.0))}
    rule = firing_rule(activation("relu"), "pre")
    point = next(climb(steps, boxes, "z", (1, 0), rule, {"x": np.zeros((1, 2))}))
    assert point["x"][0, 0] - point["x"][0, 1] > 1.5
    assert np.abs(point["x"]).max() <= 1


def test_a_unit_that_never_fires_is_not_woken_and_the_search_ends():
    steps = [Placed("z", ("x",), Linear.of(Dense((1, 2), 1), np.array([[1.0, -1.0]]), np.array([-2.5])))]
    boxes = {"x": make_box(np.full((1, 2), -1.0), np.full((1, 2), 1.0))}
    rule = firing_rule(activation("relu"), "pre")
    assert not list(climb(steps, boxes, "z", (1, 0), rule, {"x": np.zeros((1, 2))}))


def test_points_are_float32_numbers_inside_the_box():
    steps = [Placed("z", ("x",), Linear.of(Dense((1, 1), 1), np.array([[1.0]]), np.array([0.0])))]
    boxes = {"x": make_box(np.full((1, 1), 0.1), np.full((1, 1), 0.3))}
    rule = firing_rule(activation("relu"), "pre")
    for point in climb(steps, boxes, "z", (1, 0), rule, {"x": np.full((1, 1), 0.9)}):
        assert 0.1 <= point["x"][0, 0] <= 0.3
        assert point["x"][0, 0] == np.float32(point["x"][0, 0])
