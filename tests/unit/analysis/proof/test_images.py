"""Functions on intervals: the range holds every value, and lines enclose them."""

import os

import numpy as np
import pytest

from actcli.activations import activation, catalogue
from actcli.analysis.proof.activation_step import Apply
from actcli.analysis.proof.box import make_box
from actcli.analysis.proof.piecewise import ABSOLUTE, RELU, HardSigmoid, clip, leaky
from actcli.analysis.proof.smooth import Smooth

# functions without kernels of their own take seconds to sample; whoever sets ACTCLI_PROOF_NETWORKS has the time
NAMES = sorted(
    one.name
    for one in catalogue()
    if not activation(one.name).by_rows and (not one.composed or "ACTCLI_PROOF_NETWORKS" in os.environ)
)


def intervals(rng, count):
    center = rng.choice([0.3, 3.0, 30.0], count) * rng.standard_normal(count)
    half = np.abs(rng.standard_normal(count)) * rng.choice([1e-6, 0.1, 1.0, 10.0], count)
    return center - half, center + half


@pytest.mark.parametrize("name", NAMES)
def test_the_range_holds_every_value(name):
    rng = np.random.default_rng(2)
    lower, upper = intervals(rng, 40)
    image = Smooth(name).image(lower, upper)
    known = ~np.isnan(image.lower)
    shares = np.concatenate([[0.0, 1.0], rng.random(40)])[:, np.newaxis]
    x = np.clip(lower + shares * (upper - lower), lower, upper)
    with np.errstate(all="ignore"):
        y = activation(name)(x)
    assert (y >= image.lower)[:, known].all()
    assert (y <= image.upper)[:, known].all()
    # of a wave nothing is known far out, and outside its domain of no function
    low, high = activation(name).definition.domain
    if low == -np.inf and high == np.inf:
        assert known.mean() > 0.5
    # a range is of use only where it is not much wider than the values
    wide = known & (np.ptp(y, axis=0) > 1e-3)
    if wide.any():
        assert np.median((image.upper - image.lower)[wide] / np.ptp(y, axis=0)[wide]) < 1.5


@pytest.mark.parametrize(
    "function",
    [
        RELU,
        ABSOLUTE,
        leaky(0.1),
        leaky(-0.5),
        leaky(2.0),
        clip(-1.0, 1.0),
        clip(0.0, 6.0),
        clip(2.0, 2.0),
        clip(-np.inf, 3.0),
        HardSigmoid(0.2, 0.5),
        HardSigmoid(3.0, -7.0),
        Smooth("sigmoid"),
        Smooth("tanh"),
    ],
    ids=str,
)
def test_lines_enclose_the_function(function):
    rng = np.random.default_rng(3)
    lower, upper = intervals(rng, 200)
    box = make_box(lower, upper)
    step = Apply(function)
    enclosure = step.with_lines(step.forward(box), box)
    lines, slack = enclosure.lines, enclosure.slack
    x = lower + np.linspace(0, 1, 201)[:, np.newaxis] * (upper - lower)
    y = np.stack([function.image(row, row).lower / 2 + function.image(row, row).upper / 2 for row in x])
    assert (lines.lower_slope * x + lines.lower_shift - slack <= y + 1e-12).all()
    assert (y <= lines.upper_slope * x + lines.upper_shift + slack + 1e-12).all()
    # the lines touch the function, or nearly so
    above = (lines.upper_slope * x + lines.upper_shift - y).min(axis=0)
    below = (y - lines.lower_slope * x - lines.lower_shift).min(axis=0)
    assert np.median(above) < 0.05
    assert np.median(below) < 0.05


def test_other_functions_have_no_lines():
    box = make_box(np.array([-1.0]), np.array([1.0]))
    step = Apply(Smooth("gelu"))
    assert step.with_lines(step.forward(box), box).slack is None


def test_a_jump_is_in_the_range():
    image = Smooth("thresholded_relu:theta=1").image(np.array([0.5, 1.5]), np.array([1.5, 2.0]))
    assert image.lower[0] <= 0
    assert image.upper[0] > 1.4
    assert image.lower[1] > 1.4
