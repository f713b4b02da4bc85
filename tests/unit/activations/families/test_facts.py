"""The facts in a definition, checked against numbers computed from it."""

import math

import numpy as np
import pytest

from actcli import activation, catalogue

INF = math.inf
ELEMENTWISE = [d for d in catalogue() if not d.by_rows]
ids = [d.name for d in ELEMENTWISE]
each = pytest.mark.parametrize("definition", ELEMENTWISE, ids=ids)


def default(definition):
    """The definition at its own defaults."""
    dotted = {
        "keras.relu": "keras.relu",
        "onnx.hard_sigmoid": "onnx.HardSigmoid",
        "onnx.shrink": "onnx.Shrink",
    }
    return activation(dotted.get(definition.name, definition.name))


def points(definition):
    """The whole domain: dense where things happen, the ends of the type, and the limits."""
    low, high = definition.domain
    if (low, high) == (0.0, 1.0):
        edge = 10.0 ** -np.arange(1.0, 300.0)
        return np.unique(np.concatenate([[0.0, 1.0], np.linspace(0, 1, 4001), edge, 1 - edge[:16]]))
    far = np.geomspace(10.0, 1.7e308, 400)
    return np.concatenate([[-INF], -far[::-1], np.linspace(-10, 10, 20001), far, [INF]])


@each
def test_the_range_is_what_the_values_reach(definition):
    y = default(definition)(points(definition))
    y = y[~np.isnan(y)]
    low, high = definition.range
    assert y.min() >= low
    assert y.max() <= high
    # and it is no wider than what they come close to; the largest float stands for infinity
    assert y.min() == pytest.approx(low, rel=1e-6, abs=1e-6) if low > -INF else y.min() < -700
    assert y.max() == pytest.approx(high, rel=1e-6, abs=1e-6) if high < INF else y.max() > 700


def test_the_dips_are_the_minima_to_the_last_digits():
    for name in ("silu", "gelu", "gelu_tanh", "quick_gelu", "mish", "hard_swish"):
        f = activation(name)
        low, high = -4.0, -0.1
        for _ in range(200):  # f' rises through its zero
            middle = (low + high) / 2
            low, high = (middle, high) if f.grad(middle) < 0 else (low, middle)
        assert f.definition.range[0] == pytest.approx(float(f(low)), rel=1e-14), name


@each
def test_monotone_means_that_no_value_falls(definition):
    f = default(definition)
    y = f(points(definition))
    y = y[np.isfinite(y)]
    # by at most what 1 ULP on both sides allows
    falls = bool((y[1:] < y[:-1] - 2 * np.spacing(np.abs(y[:-1]))).any())
    assert falls == (not definition.monotone)
    slope = f.grad(
        np.linspace(0.001, 0.999, 999) if definition.domain[0] == 0 else np.linspace(-10, 10, 2001)
    )
    assert bool((slope < 0).any()) == (not definition.monotone)


@each
def test_the_smoothness_is_that_of_the_roughest_kink(definition):
    kinks = default(definition).kinks
    expected = 2 if definition.name == "isrlu" else INF  # its third derivative jumps
    for kink in kinks:
        rough = -1 if kink.jump else 0 if kink.slopes[0] != kink.slopes[1] else 1
        expected = min(expected, rough)
    assert definition.smoothness == expected


@each
def test_outside_the_domain_there_is_nan_and_inside_there_is_none(definition):
    f, (low, high) = default(definition), definition.domain
    x = points(definition)
    x = x[np.isfinite(x)]
    for order in (0, 1, 2):
        y = f.grad(x, order=order) if order else f(x)
        assert x[np.isnan(y)].tolist() == []
        if low > -INF:
            outside = np.array([-INF, -1.0, -1e-300, 1.0000001, 2.0, INF])
            assert np.isnan(f.grad(outside, order=order) if order else f(outside)).all()
    assert low < high


LIMITS = {
    "identity": (-INF, INF),
    "step": (0, 1),
    "relu": (0, INF),
    "keras.relu": (0, INF),
    "leaky_relu": (-INF, INF),
    "prelu": (-INF, INF),
    "rrelu": (-INF, INF),
    "relu6": (0, 6),
    "relu_squared": (0, INF),
    "thresholded_relu": (0, INF),
    "elu": (-1, INF),
    "selu": (-1.0507009873554805 * 1.6732632423543772, INF),
    "celu": (-1, INF),
    "gelu": (0, INF),
    "gelu_tanh": (0, INF),
    "quick_gelu": (0, INF),
    "silu": (0, INF),
    "mish": (0, INF),
    "hard_swish": (0, INF),
    "golu": (0, INF),
    "telu": (0, INF),
    "serf": (0, INF),
    "logish": (0, INF),
    "smish": (0, INF),
    "phish": (0, INF),
    "lisht": (INF, INF),
    "elish": (0, INF),
    "hard_elish": (0, INF),
    "acon_c": (0, INF),
    "softcap": (-30, 30),
    "dyt": (-1, 1),
    "derf": (-1, 1),
    "isru": (-1, 1),
    "isrlu": (-1, INF),
    "shifted_softplus": (-math.log(2), INF),
    "sqrt_softplus": (0, INF),
    "xielu": (INF, INF),
    "star_relu": (-0.4472, INF),
    "leaky_relu_squared": (INF, INF),
    "clipped_relu": (0, 1),
    "squared_clipped_relu": (0, 1),
    "pelu": (-1, INF),
    "gelu_10": (0, 10),
    "sigmoid": (0, 1),
    "log_sigmoid": (-INF, 0),
    "hard_sigmoid": (0, 1),
    "onnx.hard_sigmoid": (0, 1),
    "tanh": (-1, 1),
    "hard_tanh": (-1, 1),
    "softsign": (-1, 1),
    "arctan": (-math.pi / 2, math.pi / 2),
    "sine": (None, None),
    "gaussian": (0, 0),
    "erf": (-1, 1),
    "exponential": (0, INF),
    "softplus": (0, INF),
    "squareplus": (0, INF),
    "sparse_plus": (0, INF),
    "sparse_sigmoid": (0, 1),
    "tanhshrink": (-INF, INF),
    "softshrink": (-INF, INF),
    "hardshrink": (-INF, INF),
    "onnx.shrink": (-INF, INF),
    "snake": (-INF, INF),
    "laplace": (0, 1),
    "logit": (None, None),
}
SLOPES_AT_INFINITY = {  # where they are not the 0 on a flat side and the 1 on the side that follows x
    "leaky_relu": (0.01, 1),
    "prelu": (0.25, 1),
    "rrelu": (11 / 48, 1),
    "relu_squared": (0, INF),
    "star_relu": (0, INF),
    "leaky_relu_squared": (-INF, INF),
    "xielu": (0.5 - 0.8, INF),
    "lisht": (-1, 1),
    "logish": (0, math.log(2)),
    "smish": (0, 0.6),
    "sqrt_softplus": (0, 0),
    "selu": (0, 1.0507009873554805),
    "log_sigmoid": (1, 0),
    "exponential": (0, INF),
    "sine": (None, None),
    "snake": (None, None),
    "logit": (None, None),
}


@each
def test_the_limits_at_infinity(definition):
    f = default(definition)
    at = {-INF: 0, INF: 1}
    for x, side in at.items():
        limit = LIMITS[definition.name][side]
        following = 1 if limit is not None and math.isinf(limit) else 0
        slope = SLOPES_AT_INFINITY.get(definition.name, (following, following))[side]
        for got, expected in ((f(x), limit), (f.grad(x), slope)):
            if expected is None:
                assert np.isnan(got)
            else:
                assert float(got) == expected
        if slope is not None and np.isfinite(slope):
            curvature = 2.0 if definition.name == "relu_squared" and x > 0 else 0.0
            assert float(f.grad(x, order=2)) == curvature


@each
def test_nan_stays_nan_in_the_value_and_in_every_derivative(definition):
    f = default(definition)
    x = np.array([0.3, np.nan, 0.4])
    wanted = [False, True, False]
    for y in (f(x), f.grad(x), f.grad(x, order=2), f.grad(x, at_kink="nan")):
        assert np.isnan(y).tolist() == wanted
    for name in f.parameters:
        assert np.isnan(f.grad(x, wrt=name)).tolist() == wanted, name


ODD = (
    "identity",
    "tanh",
    "softsign",
    "arctan",
    "sine",
    "erf",
    "hard_tanh",
    "tanhshrink",
    "softshrink",
    "hardshrink",
)


@pytest.mark.parametrize("name", ODD)
def test_odd_functions_are_odd_and_keep_the_sign_of_zero(name):
    f = activation(name)
    x = np.concatenate([np.linspace(0.0, 9.0, 901), np.geomspace(1e-320, 1e308, 500), [INF]])
    y = f(x)
    ends = x[np.isnan(y)]
    assert ends.tolist() == ([INF] if name == "sine" else [])
    np.testing.assert_array_equal(f(-x), -y)
    assert math.copysign(1.0, f(-0.0)) == -1.0
    assert math.copysign(1.0, f(0.0)) == 1.0


def test_relu_of_negative_zero_is_positive_zero():
    for name in ("relu", "relu6", "keras.relu", "relu_squared"):
        y = activation(name)([-0.0, 0.0, -3.0])
        assert np.signbit(y).tolist() == [False] * 3, name


@each
def test_a_slope_that_is_zero_has_no_sign(definition):
    """`-0.0` among the derivatives would print as such."""
    f = default(definition)
    x = np.linspace(-8.0, 8.0, 1601)
    for y in (f.grad(x), f.grad(x, order=2)):
        flat = (y == 0) & (x != 0)
        assert x[flat & np.signbit(y)].tolist() == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sigmoid", lambda x: activation("softplus").grad(x)),
        ("sigmoid", lambda x: 1 - activation("sigmoid")(-x)),
        ("log_sigmoid", lambda x: -activation("softplus")(-x)),
        ("sparse_sigmoid", lambda x: activation("sparse_plus").grad(x)),
        ("softplus", lambda x: x + activation("softplus")(-x)),
        ("squareplus", lambda x: x + activation("squareplus")(-x)),
        ("relu", lambda x: x + activation("relu")(-x)),
        ("tanh", lambda x: x - activation("tanhshrink")(x)),
        ("tanh", lambda x: 2 * activation("sigmoid")(2 * x) - 1),
        ("gelu", lambda x: x * (1 + activation("erf")(x / math.sqrt(2))) / 2),
        ("laplace:0,1", lambda x: (1 + activation("erf")(x / math.sqrt(2))) / 2),
        ("hard_swish", lambda x: x * activation("hard_sigmoid")(x)),
        ("relu_squared", lambda x: activation("relu")(x) ** 2),
        ("elu", activation("celu:1")),
        ("selu:1.5,2", lambda x: 2 * activation("elu:1.5")(x)),
        ("silu:1.702", activation("quick_gelu")),
        ("relu6", activation("hard_tanh:0,6")),
        ("relu", activation("leaky_relu:0")),
        ("relu", activation("thresholded_relu:0")),
        ("relu", activation("squareplus:0")),
        ("leaky_relu:0.2", activation("keras.relu:0.2")),
        ("hardshrink:0.25", activation("onnx.shrink:0.25,0")),
        ("softshrink:0.25", activation("onnx.shrink:0.25,0.25")),
        ("mish", lambda x: x * np.tanh(activation("softplus")(x))),
        ("snake", lambda x: x + (1 - np.cos(2 * x)) / 2),
    ],
)
def test_identities_between_functions(one, other):
    x = np.linspace(-12.0, 12.0, 2401)
    np.testing.assert_allclose(activation(one)(x), other(x), rtol=1e-13, atol=4e-15)


@pytest.mark.parametrize(
    ("spec", "x", "value"),
    [
        ("gelu", -9.0, -1.0157295653584565e-18),
        ("silu", -1e308, 0.0),
        ("mish", -800.0, 0.0),
        ("softplus", 1e308, 1e308),
        ("squareplus", -1e308, 1e-308),
        ("celu:2", -1e308, -2.0),
        ("sparse_plus", 1e308, 1e308),
        ("laplace", 1e308, 1.0),
        ("relu_squared", 1e200, INF),
        ("logit", 0.0, -INF),
        ("logit", 1.0, INF),
    ],
)
def test_where_a_plain_formula_fails(spec, x, value):
    assert float(activation(spec)(x)) == pytest.approx(value, rel=1e-12, abs=0)


def test_large_parameters_leave_no_nan():
    """Every parameter at the largest and smallest sizes its bounds take, and in between, over the whole line."""
    sizes = (0.0, 1e-100, 1e-30, 1e-8, 0.5, 3.0, 1e8, 1e30, 1e100)
    x = np.concatenate(
        [points(activation("relu").definition)[1:-1:97], [-1.797e308, 1.797e308, 5e-324, 0.0, -0.0]]
    )
    for definition in ELEMENTWISE:
        for parameter in definition.parameters:
            for value in {*sizes, *(-s for s in sizes)}:
                if parameter.refusal(value):
                    continue
                f = default(definition)
                f = type(f)(f.spec, definition, {**f.parameters, parameter.name: value})
                if definition.relation(**f.parameters):
                    continue
                # a phase that is no float has no digits either
                at = x[np.abs(x) < 1e307 / max(1.0, abs(value))] if definition.name == "snake" else x
                y = [f(at), f.grad(at), f.grad(at, order=2), *(f.grad(at, wrt=name) for name in f.parameters)]
                assert at[np.isnan(y).any(axis=0)].tolist() == [], (definition.name, parameter.name, value)
