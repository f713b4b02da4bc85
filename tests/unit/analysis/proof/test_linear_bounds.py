"""Linear bounds through every kind of step hold every value, and are narrower than intervals."""

import numpy as np
import pytest
from kinds_of_steps import X, every_kind_of_step

from actcli.analysis.proof.box import make_box
from actcli.analysis.proof.kernels import Dense
from actcli.analysis.proof.linear import Linear
from actcli.analysis.proof.network import Bounds, Placed, bounds_of, point_values
from actcli.analysis.proof.steps import TensorSum


def bounds_with_lines(steps, boxes):
    """The bounds of a network with the lines of its activations, no tensor narrowed."""
    return Bounds(steps, dict(boxes)).go_forward(lambda *_: None)


@pytest.mark.parametrize("half", [1e-3, 0.1, 1.0])
def test_linear_bounds_hold_every_value(half):
    rng = np.random.default_rng(8)
    steps, center = every_kind_of_step(), rng.uniform(-1, 1, X)
    boxes = {"x": make_box(center - half, center + half)}
    bounds = bounds_with_lines(steps, boxes)
    ends = {}
    for placed in steps:
        size = bounds.boxes[placed.output].lower.size
        ends[placed.output] = bounds.linear_bounds(placed.output, np.arange(size))
    for turn in range(60):
        x = center + half * (rng.uniform(-1, 1, X) if turn % 2 else np.sign(rng.standard_normal(X)))
        values = point_values(steps, {"x": x})
        for name, (lower, upper) in ends.items():
            flat = values[name].reshape(-1)
            assert (flat >= lower).all(), name
            assert (flat <= upper).all(), name


def test_what_cancels_is_seen_by_linear_bounds_alone():
    # x - x is 0; intervals see [-2, 2]
    steps = [
        Placed("a", ("x",), Linear.of(Dense((1, 3), 3), np.eye(3), None)),
        Placed("b", ("a", "x"), TensorSum(((1, 3), (1, 3)), -1.0, 4)),
    ]
    boxes = {"x": make_box(np.full((1, 3), -1.0), np.full((1, 3), 1.0))}
    assert bounds_of(steps, boxes).boxes["b"].upper.max() >= 2
    lower, upper = bounds_with_lines(steps, boxes).linear_bounds("b", np.arange(3))
    assert (upper > 0).all()
    assert (upper < 1e-5).all()
    assert (lower == -upper).all()


def test_bounds_that_cross_are_not_trusted():
    steps = [Placed("a", ("x",), Linear.of(Dense((1, 1), 1), np.eye(1), None))]
    bounds = bounds_of(steps, {"x": make_box(np.zeros((1, 1)), np.ones((1, 1)))})
    before = bounds.boxes["a"]
    bounds.narrow("a", np.full((1, 1), 5.0), np.full((1, 1), np.nan))
    assert bounds.boxes["a"].lower == before.lower
    bounds.narrow("a", np.full((1, 1), 0.25), np.full((1, 1), np.nan))
    assert bounds.boxes["a"].lower == 0.25
    assert bounds.boxes["a"].upper == before.upper
