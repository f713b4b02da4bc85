"""The check of a derivative: every right one passes, and every way of being wrong is caught."""

from dataclasses import replace

import numpy as np
import pytest

from actcli import activation, catalogue
from actcli.analysis.stream.derivative_check import NothingToCheckError, check_derivative
from actcli.analysis.stream.evaluation import Numbers
from actcli.exits import ExitStatus, UsageError

SPECS = [
    *(
        {"onnx.hard_sigmoid": "onnx.HardSigmoid", "onnx.shrink": "onnx.Shrink"}.get(d.name, d.name)
        for d in catalogue()
    ),
    "torch.softplus",
    "keras.relu:0.1,6,1",
    "leaky_relu:-2",
    "celu:-1.7",
    "celu:0.3",
    "silu:-2.7",
    "softplus:0.1",
    "laplace:-2,3",
    "snake:5",
    "onnx.Clip",
    "maxout:4",
]


def stream(*blocks):
    arrays = [np.asarray(block, np.float64) for block in blocks]
    return [Numbers("arguments", None, np.dtype(np.float64), None, iter(arrays))]


def wrong(spec, **kernels):
    """The function with other kernels for its derivatives."""
    f = activation(spec)
    return replace(f, definition=replace(f.definition, **kernels))


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("order", [1, 2])
def test_every_derivative_of_the_catalogue_holds(spec, order):
    f = activation(spec)
    if f.definition.slope is None and order == 2:
        with pytest.raises(UsageError, match="no diagonal"):
            check_derivative(f, None, order=2)
        return
    result = check_derivative(f, None, order=order)
    assert result.passed, result
    assert result.points >= 190
    # e**1000 overflows, and there is nothing to compare
    assert result.nonfinite == {"exponential": 10, "celu:-1.7": 8}.get(spec, 0)


PARAMETERS = [
    (spec, p.name)
    for spec in SPECS
    for p in activation(spec).definition.parameters
    if p.name in activation(spec).definition.by_parameter and activation(spec).parameters[p.name] != p.low
]


@pytest.mark.parametrize(("spec", "parameter"), PARAMETERS)
def test_every_derivative_by_a_parameter_holds(spec, parameter):
    result = check_derivative(activation(spec), None, wrt=parameter)
    assert result.passed, result
    assert result.points >= 200


@pytest.mark.parametrize("spec", ["relu", "tanh", "gelu", "softmax", "logit", "snake", "leaky_relu:0.2"])
def test_a_derivative_that_is_off_by_a_ten_thousandth_is_caught(spec):
    right = activation(spec).definition
    f = wrong(
        spec,
        slope=lambda x, **p: right.slope(x, **p) * 1.0001,
        jacobian=right.jacobian and (lambda x, **p: right.jacobian(x, **p) * 1.0001),
    )
    result = check_derivative(f, None)
    assert not result.passed
    assert result.largest_error == pytest.approx(1e-4, rel=0.01)
    assert result.derivative == pytest.approx(1.0001 * result.differences, rel=1e-8)


def changed(spec, where, to):
    """The slope replaced where `where` holds."""
    right = activation(spec).definition.slope
    return wrong(spec, slope=lambda x, **p: np.where(where(x), to(right(x, **p)), right(x, **p)))


@pytest.mark.parametrize(
    ("spec", "where", "to"),
    [
        ("silu", lambda x: x < -9.0, lambda _: 0.0),  # flushed early
        ("gelu", lambda x: x < -4.0, lambda y: 1.001 * y),
        ("tanh", lambda x: x > 8.0, lambda y: 1.01 * y),
        ("sigmoid", lambda x: np.abs(x) > 1000, lambda _: 1e-3),
        ("leaky_relu", lambda x: x < 0, np.negative),
        ("softsign", lambda x: x > 0, np.negative),
        ("hard_swish", lambda x: (x > 2.9) & (x < 3), lambda _: 1.0),
        ("relu", lambda x: x > 9000, lambda _: 0.0),
        ("relu", lambda x: x < 0, lambda _: 1e-9),
        ("mish", lambda x: (x > 1) & (x < 1.1), lambda _: np.nan),
        ("mish", lambda x: x < -500, lambda _: np.nan),
        ("softplus", lambda x: x > 50, lambda _: np.inf),
        ("elu", lambda x: (x > -2) & (x < -1.9), lambda _: -np.inf),
    ],
)
def test_a_derivative_that_is_wrong_in_one_place_is_caught_and_shown_there(spec, where, to):
    result = check_derivative(changed(spec, where, to), None)
    assert not result.passed
    assert result.largest_error > 1e-4
    assert where(np.array(result.worst_x))


def test_a_lost_derivative_is_caught_after_a_good_block():
    f = changed("softplus", lambda x: x == 3.0, lambda _: np.inf)
    result = check_derivative(f, stream([1.0, 2.0], [3.0], [4.0]))
    assert (result.passed, result.worst_x, result.largest_error) == (False, 3.0, np.inf)


@pytest.mark.parametrize(
    ("spec", "factor"), [("tanh", 1.0001), ("gelu_tanh", 0.999), ("softmax", 1.001), ("elu", -1.0)]
)
def test_a_wrong_second_derivative_is_caught(spec, factor):
    right = activation(spec).definition.curvature
    f = wrong(spec, curvature=lambda x, **p: factor * right(x, **p))
    assert not check_derivative(f, None, order=2).passed
    assert check_derivative(f, None, order=1).passed


@pytest.mark.parametrize(
    ("spec", "name"), [("celu", "alpha"), ("softplus", "beta"), ("laplace", "sigma"), ("snake", "a")]
)
def test_a_wrong_derivative_by_a_parameter_is_caught(spec, name):
    right = activation(spec).definition.by_parameter
    f = wrong(spec, by_parameter={**right, name: lambda x, **p: 1.0001 * right[name](x, **p)})
    result = check_derivative(f, None, wrt=name)
    assert not result.passed
    assert result.quantity == f"d{spec}/d{name}"


def test_one_wrong_entry_of_a_jacobian_is_caught():
    right = activation("softmax").definition.jacobian

    def jacobian(x):
        entries = right(x)
        entries[:, 0, 3] *= 1.0001
        return entries

    result = check_derivative(wrong("softmax", jacobian=jacobian), None)
    assert result.largest_error == pytest.approx(1e-4, rel=0.01)


def test_the_tolerance_decides():
    right = activation("tanh").definition.slope
    f = wrong("tanh", slope=lambda x: right(x) * (1 + 1e-5))
    assert not check_derivative(f, None, tolerance=1e-6).passed
    assert check_derivative(f, None, tolerance=1e-4).passed


def test_points_at_and_near_a_kink_are_left_out_and_counted():
    result = check_derivative(activation("relu6"), stream([-1.0, 0.0, 1e-9, 3.0, 6.0, 7.0, np.nan, np.inf]))
    assert result.passed
    assert (result.points, result.near_kinks, result.nonfinite) == (3, 3, 2)
    assert result.kinks == (0.0, 6.0)


def test_only_the_kinks_within_the_points_are_told():
    assert check_derivative(activation("relu6"), stream([1.0, 2.0, 8.0])).kinks == (6.0,)
    assert check_derivative(activation("relu6"), stream([1.0, 2.0])).kinks == ()


def test_points_outside_the_domain_are_left_out():
    result = check_derivative(activation("logit"), stream([-1.0, 0.0, 0.25, 0.5, 1.0, 2.0]))
    assert result.passed
    assert result.points == 2


@pytest.mark.parametrize(
    ("spec", "x", "wrt"),
    [
        ("relu", [0.0], "x"),
        ("relu", [np.nan, np.inf], "x"),
        ("relu", [], "x"),
        ("logit", [-3.0, 5.0], "x"),
        ("squareplus:0", [1.0, 2.0], "b"),
        ("keras.relu", [1.0, 2.0], "threshold"),
    ],
)
def test_where_nothing_is_left_that_is_said(spec, x, wrt):
    with pytest.raises(NothingToCheckError) as error:
        check_derivative(activation(spec), stream(x), wrt=wrt)
    assert error.value.status is ExitStatus.NOT_ENOUGH_DATA


def test_what_does_not_exist_is_refused():
    with pytest.raises(UsageError, match="relu has no parameters"):
        check_derivative(activation("relu"), None, wrt="alpha")
    with pytest.raises(UsageError, match="softmax has no parameters"):
        check_derivative(activation("softmax"), None, wrt="beta")
    with pytest.raises(UsageError, match="maxout has no derivative by groups"):
        check_derivative(activation("maxout"), None, wrt="groups")


def test_every_stream_is_compared_and_the_worst_shown():
    f = changed("tanh", lambda x: x == 0.25, lambda y: 1.01 * y)
    streams = [*stream([1.0, 2.0]), *stream([0.25], [-1.0])]
    result = check_derivative(f, streams)
    assert (result.points, result.worst_x) == (4, 0.25)


def test_differences_that_decide_nothing_are_said_to():
    """Beyond 40 the value of sigmoid is 1 in every digit: rounding hides the slope, which agrees within that."""
    result = check_derivative(activation("sigmoid"), stream([0.5, 45.0]))
    assert (result.points, result.undecided, result.passed) == (1, 1, True)


def test_the_worst_point_is_one_that_was_compared():
    # at -10000 floor jumps: a point that is left out, and the first of all
    check = check_derivative(activation("floor(x)"), None)
    assert check.passed
    assert check.undecided
    assert check.largest_error == 0
    assert check.derivative == check.differences


@pytest.mark.parametrize("order", [1, 2])
def test_a_wave_that_is_faster_than_the_steps_is_undecided(order):
    check = check_derivative(activation("x/sqrt(1 + (x*cos(x - x^2))^2)"), None, order=order)
    assert check.largest_error <= check.tolerance


def test_a_wrong_slope_of_a_wave_is_still_caught():
    right = activation("sine").definition.slope
    assert not check_derivative(wrong("sine", slope=lambda x, **p: 1.001 * right(x, **p)), None).passed
