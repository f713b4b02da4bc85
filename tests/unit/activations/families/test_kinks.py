"""The stated derivatives at the kinks, checked against the function's values beside them."""

import math

import numpy as np
import pytest

from actcli import activation, catalogue
from actcli.exits import UsageError

SPECS = (
    # the two kinks of xielu are a millionth apart: too near to be measured from both sides
    *(d.name for d in catalogue() if not d.by_rows and d.name != "xielu"),
    "xielu:0.3,0.7,0.5,-0.25",
    "xielu:0.3,0.7,0.5,0",
    "star_relu:2,1",
    "leaky_relu_squared:-2",
    "pelu:2,0.5",
    "torch.softplus",
    "softplus:beta=3,threshold=-2",
    "keras.relu:0.1,6,1",
    "keras.relu:0.5,6,8",
    "keras.relu:0.1,0,0",
    "leaky_relu:-2",
    "leaky_relu:3",
    "thresholded_relu:-0.5,0.25",
    "thresholded_relu:0.5,0.5",
    "hard_tanh:-0.25,4",
    "onnx.Clip:max=2",
    "onnx.HardSigmoid:-0.25,0.5",
    "elu:2.5",
    "elu:-1",
    "selu:1,1",
    "celu:0.3",
    "celu:-2",
    "squareplus:0",
    "hardshrink:2",
    "softshrink:2",
    "onnx.shrink:0.5,0.5",
    "onnx.shrink:0.5,0.25",
    "rrelu:0,0.5",
    "hardshrink:0",
    "softshrink:0",
    "onnx.shrink:0,0.5",
)
KINKS = [(spec, kink) for spec in SPECS for kink in activation(spec).kinks]
NAMES = [f"{spec} at {kink.at:g}" for spec, kink in KINKS]
STEP = 2.0**-12


def one_sided_slope(g, at, side):
    """g'(at) from `side` (±1): the polynomial through four points strictly on that side, differentiated."""
    distances = STEP * np.arange(1.0, 6.0)
    y = np.asarray(g(at + side * distances), np.float64)
    return side * np.polynomial.Polynomial.fit(distances, y, 4).deriv()(0.0)


@pytest.mark.parametrize(("spec", "kink"), KINKS, ids=NAMES)
@pytest.mark.parametrize("side", [-1.0, 1.0], ids=["left", "right"])
def test_the_sides_are_the_one_sided_derivatives_of_the_value(spec, kink, side):
    f = activation(spec)
    stated = kink.slopes[side > 0], kink.curvatures[side > 0]
    assert stated[0] == pytest.approx(one_sided_slope(f, kink.at, side), rel=1e-8, abs=1e-8)
    assert stated[1] == pytest.approx(one_sided_slope(f.grad, kink.at, side), rel=1e-8, abs=1e-8)


@pytest.mark.parametrize(("spec", "kink"), KINKS, ids=NAMES)
def test_a_kink_is_a_jump_exactly_where_the_value_jumps(spec, kink):
    f = activation(spec)
    outward = np.array([2.0, 1.0]) * 2.0**-36
    left, right = (2 * f(kink.at + s * outward[1]) - f(kink.at + s * outward[0]) for s in (-1.0, 1.0))
    assert kink.jump == (abs(left - right) > 1e-12)


@pytest.mark.parametrize(("spec", "kink"), KINKS, ids=NAMES)
def test_grad_gives_the_stated_side_at_the_kink_and_nothing_else_anywhere_else(spec, kink):
    f = activation(spec)
    x = np.array([kink.at - STEP, kink.at, kink.at + STEP])
    for order, sides in ((1, kink.slopes), (2, kink.curvatures)):
        left, right = sides
        default = f.grad(x, order=order)
        assert default[1] == kink.default[order - 1]
        expected = {"left": left, "right": right, "mean": (left + right) / 2}
        for at_kink, value in expected.items():
            y = f.grad(x, order=order, at_kink=at_kink)
            assert y[1] == pytest.approx(value, rel=1e-15)
            assert y[[0, 2]].tolist() == default[[0, 2]].tolist()


@pytest.mark.parametrize(("spec", "kink"), KINKS, ids=NAMES)
def test_nan_says_where_there_is_no_derivative(spec, kink):
    f = activation(spec)
    no_first = kink.jump or kink.slopes[0] != kink.slopes[1]
    no_second = no_first or kink.curvatures[0] != kink.curvatures[1]
    assert math.isnan(f.grad(kink.at, at_kink="nan")) == no_first
    assert math.isnan(f.grad(kink.at, order=2, at_kink="nan")) == no_second


@pytest.mark.parametrize("spec", SPECS)
def test_between_the_kinks_the_derivatives_are_continuous(spec):
    """A kink that nobody listed would show as a step in f' or f'' between neighbours 2**-20 apart."""
    f = activation(spec)
    low, high = (0.01, 0.99) if f.definition.domain == (0.0, 1.0) else (-10.0, 10.0)
    x = np.linspace(low, high, 4001)
    x = np.union1d(x, [k for k in (-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0, 6.0) if low < k < high])
    for kink in f.kinks:
        x = x[np.abs(x - kink.at) > 1e-5]
    beside = 2.0**-20
    for order in (1, 2):
        before, at, after = (f.grad(x + step, order=order) for step in (-beside, 0.0, beside))
        change = np.maximum(np.abs(after - at), np.abs(at - before))
        assert x[change > 1e-3 * np.maximum(1.0, np.abs(at))].tolist() == []


@pytest.mark.parametrize(
    ("spec", "at", "left", "right", "default"),
    [
        ("relu", 0, 0, 1, 0),
        ("relu6", 0, 0, 1, 0),
        ("relu6", 6, 1, 0, 0),
        ("leaky_relu:0.2", 0, 0.2, 1, 0.2),
        ("jax.leaky_relu:0.2", 0, 0.2, 1, 1),
        ("prelu", 0, 0.25, 1, 0.25),
        ("hard_tanh", -1, 0, 1, 0),
        ("hard_tanh", 1, 1, 0, 0),
        ("jax.hard_tanh", 1, 1, 0, 1),
        ("jax.hard_tanh", -1, 0, 1, 1),
        ("hard_sigmoid", -3, 0, 1 / 6, 0),
        ("hard_sigmoid", 3, 1 / 6, 0, 0),
        ("hard_swish", -3, 0, -0.5, 0),
        ("hard_swish", 3, 1.5, 1, 1),
        ("elu:2", 0, 2, 1, 2),
        ("selu", 0, 1.7580993408473766, 1.0507009873554805, 1.7580993408473766),
        ("softshrink", 0.5, 0, 1, 0),
        ("hardshrink", -0.5, 1, 0, 0),
        ("threshold", 1, 0, 1, 0),
        ("sparse_plus", -1, 0, 0, 0),
        ("sparse_plus", 1, 1, 1, 1),
    ],
)
def test_the_table_of_the_catalogue(spec, at, left, right, default):
    f = activation(spec)
    got = [float(f.grad(float(at), at_kink=side)) for side in ("left", "right", "default")]
    assert got == [left, right, default]


def test_negative_zero_is_at_the_kink_too():
    assert activation("relu").grad([-0.0, 0.0], at_kink="right").tolist() == [1.0, 1.0]


def test_parameters_without_a_kink_have_none():
    for spec in ("leaky_relu:1", "rrelu:1,1", "softplus", "onnx.Clip"):
        assert activation(spec).kinks == (), spec


def test_every_kink_is_listed_once_and_in_order():
    for spec in SPECS:
        at = [kink.at for kink in activation(spec).kinks]
        assert at == sorted(set(at)), spec


def test_an_order_or_a_side_that_does_not_exist_is_refused():
    f = activation("relu")
    with pytest.raises(UsageError, match=r"`order=101`.* 1 to 100"):
        f.grad(1.0, order=101)
    with pytest.raises(UsageError, match="`order=3`"):
        activation("softmax").grad([1.0, 2.0], order=3)
    with pytest.raises(UsageError, match="`at_kink='up'`: choose from default, left, right, mean, nan"):
        f.grad(1.0, at_kink="up")
    with pytest.raises(UsageError, match=r"`at_kink=.*default"):
        activation("sparsemax").grad([1.0, 2.0], at_kink="left")
    with pytest.raises(UsageError, match="`order=2`"):
        activation("leaky_relu").grad(1.0, order=2, wrt="alpha")
    with pytest.raises(UsageError, match="derivatives by x, not by alpha"):
        activation("leaky_relu").grad(1.0, wrt="alpha", at_kink="left")
    with pytest.raises(UsageError, match="relu has no parameters"):
        f.grad(1.0, wrt="alpha")


def test_a_parameter_of_the_derivative_may_have_its_frameworks_name():
    f = activation("torch.LeakyReLU")
    assert f.grad([-2.0, 3.0], wrt="negative_slope").tolist() == [-2.0, 0.0]
