"""What is measured of an activation agrees with what its definition declares, and with known numbers."""

import math

import numpy as np
import pytest

from actcli import activation, catalogue
from actcli.activations import Activation
from actcli.analysis.card import cost
from actcli.analysis.card.cost import cost_relative_to_relu
from actcli.analysis.card.landmarks import Interval
from actcli.analysis.card.properties import Properties, measure
from actcli.exits import UsageError

INF = math.inf
ELEMENTWISE = [definition for definition in catalogue() if not definition.by_rows]


def at_defaults(definition) -> Activation:
    return Activation(definition.name, definition, {p.name: p.default for p in definition.parameters})


def measured(spec: str) -> Properties:
    return measure(activation(spec))


@pytest.mark.parametrize("definition", ELEMENTWISE, ids=lambda d: d.name)
def test_the_declared_facts_are_the_measured_ones(definition) -> None:
    found = measure(at_defaults(definition))
    assert (found.lowest.value, found.highest.value) == pytest.approx(definition.range, rel=1e-14)
    assert found.monotone == definition.monotone
    assert found.smoothness == definition.smoothness


@pytest.mark.parametrize("definition", ELEMENTWISE, ids=lambda d: d.name)
def test_the_measured_facts_hold_on_a_grid_of_their_own(definition) -> None:
    f = at_defaults(definition)
    found = measure(f)
    low, high = definition.domain
    x = np.linspace(max(low, -31.4), min(high, 31.4), 30_011)[1:-1]
    kinks = np.array([kink.at for kink in f.kinks if math.isfinite(kink.at)])
    x = x[np.abs(x[:, None] - kinks).min(axis=1, initial=1.0) > 1e-9]
    y, slope = f(x), f.grad(x)
    room = 1e-12 * max(1.0, float(np.abs(y).max()))
    assert y.min() >= found.lowest.value - room
    assert y.max() <= found.highest.value + room
    assert np.abs(slope).max() <= found.largest_slope * (1 + 1e-12)
    level = np.zeros(x.shape, np.bool_)
    for a in found.zero_gradient:
        level |= (a.low < x) & (x < a.high)
    assert not slope[level].any()
    assert (slope[~level & (np.abs(x) < 5)] == 0).sum() <= 1
    left, right = found.saturation
    threshold = 1e-3 * found.largest_slope
    if left is not None:
        assert (np.abs(slope[x < left]) <= threshold).all()
        assert (np.abs(slope[(left < x) & (x < left + 0.05)]) >= threshold).all()
    if right is not None:
        assert (np.abs(slope[x > right]) <= threshold).all()
    if found.symmetry != "neither":
        assert np.allclose(f(-x), -y if found.symmetry == "odd" else y, rtol=1e-13, atol=0)
    for zero in found.zeros:
        ends = np.array([end for end in (zero.low, zero.high) if math.isfinite(end)])
        assert np.all(np.abs(f(ends)) <= 4e-16 * np.maximum(1.0, np.abs(ends)))
    steps = np.diff(y)
    if found.direction == "increasing":
        assert (steps >= -room).all()
    if found.bend == "convex":
        assert (np.diff(steps / np.diff(x)) >= -1e-6 * max(1.0, float(np.abs(slope).max()))).all()


@pytest.mark.parametrize(
    ("spec", "name", "wanted"),
    [
        ("sigmoid", "largest_slope", 0.25),
        ("tanh", "largest_slope", 1.0),
        ("silu", "largest_slope", 1.0998393201145464),
        ("gelu", "largest_slope", 1.1289042061),
        ("mish", "largest_slope", 1.08849816),
        ("hard_swish", "largest_slope", 1.5),
        ("selu", "largest_slope", 1.7580993408473768),
        ("leaky_relu:-3", "largest_slope", 3.0),
        ("laplace:sigma=1e-3", "largest_slope", 1e3 / math.sqrt(2 * math.pi)),
        ("laplace:5,1e-9", "largest_slope", 1e9 / math.sqrt(2 * math.pi)),
        ("softplus:beta=100", "largest_slope", 1.0),
        ("exponential", "largest_slope", INF),
        ("step", "largest_slope", 0.0),
        ("step", "lipschitz", INF),
        ("relu", "lipschitz", 1.0),
    ],
)
def test_known_slopes(spec: str, name: str, wanted: float) -> None:
    assert getattr(measured(spec), name) == pytest.approx(wanted, rel=1e-7)


@pytest.mark.parametrize(
    ("spec", "value", "at"),
    [
        ("silu", -0.2784645427610738, -1.2784645427610738),
        ("silu:beta=100", -0.002784645427610738, -0.012784645427610738),
        ("gelu", -0.16997120747990369, -0.7517915246935645),
        ("hard_swish", -0.375, -1.5),
        ("sine", -1.0, -math.pi / 2),
    ],
)
def test_known_minima(spec: str, value: float, at: float) -> None:
    lowest = measured(spec).lowest
    assert (lowest.value, lowest.reached) == (pytest.approx(value, rel=1e-14), True)
    assert lowest.at == pytest.approx(at, rel=1e-7)


@pytest.mark.parametrize(
    ("spec", "second", "deviation", "torch"),
    [
        ("identity", 1.0, 1.0, 1.0),
        ("relu", math.sqrt(2), 1 / math.sqrt(0.5 - 0.5 / math.pi), math.sqrt(2)),
        ("tanh", 1.5925374197228312, 1.5925374197228312, 5 / 3),
        ("selu", 1.0, 1.0, 3 / 4),
        ("sigmoid", 1.8462285453386, 4.80131337203, 1.0),
        ("leaky_relu:0.2", math.sqrt(2 / 1.04), 1.54646006, math.sqrt(2 / 1.04)),
        ("leaky_relu:-1e160", None, None, math.sqrt(2) / 1e160),
        ("gelu", 1.5335304412, 1.7009262434, None),
        ("selu:alpha=1", None, None, None),
        ("relu_squared", 1 / math.sqrt(1.5), 1 / math.sqrt(1.25), None),
    ],
)
def test_known_gains(spec: str, second: float | None, deviation: float | None, torch: float | None) -> None:
    gains = measured(spec).gains
    assert gains is not None
    if second is not None and deviation is not None:
        assert gains.second_moment == pytest.approx(second, rel=1e-8)
        assert gains.standard_deviation == pytest.approx(deviation, rel=1e-7)
    assert gains.torch == (None if torch is None else pytest.approx(torch, rel=1e-15))


def test_a_narrow_transition_far_from_0_has_its_moments() -> None:
    found = measured("laplace:5,1e-9")
    tail = math.erfc(5 / math.sqrt(2)) / 2
    density = math.exp(-12.5) / math.sqrt(2 * math.pi)
    assert found.value_moments is not None
    assert found.slope_moments is not None
    assert found.value_moments.mean == pytest.approx(tail, rel=1e-9)
    assert found.slope_moments.mean == pytest.approx(density, rel=1e-6)
    assert found.zeros == ()
    assert found.zero_gradient == ()
    assert found.direction == "increasing"


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ("relu", (Interval(-INF, 0.0, False, True),)),
        ("relu6", (Interval(-INF, 0.0, False, True), Interval(6.0, INF, True, False))),
        ("hard_tanh", (Interval(-INF, -1.0, False, True), Interval(1.0, INF, True, False))),
        ("jax.hard_tanh", (Interval(-INF, -1.0), Interval(1.0, INF))),
        ("step", (Interval(-INF, INF),)),
        ("softshrink:0.25", (Interval(-0.25, 0.25, True, True),)),
        ("leaky_relu:0", (Interval(-INF, 0.0, False, True),)),
        ("leaky_relu", ()),
        ("sigmoid", ()),
        ("onnx.HardSigmoid:alpha=0", (Interval(-INF, INF),)),
        ("floor(x)", (Interval(-INF, INF),)),  # more steps than kinks are listed
        ("where(x < 0, x, floor(x))", (Interval(0.0, INF, True),)),
        ("sigmoid(1e9*x)", ()),
    ],
)
def test_where_no_gradient_flows(spec: str, wanted: tuple[Interval, ...]) -> None:
    assert measured(spec).zero_gradient == wanted


@pytest.mark.parametrize(
    ("spec", "direction", "bend", "symmetry", "smoothness"),
    [
        ("leaky_relu:-0.5", "neither", "convex", "neither", 0),
        ("leaky_relu:1", "increasing", "affine", "odd", INF),
        ("leaky_relu:2", "increasing", "concave", "neither", 0),
        ("leaky_relu:-1", "neither", "convex", "even", 0),
        ("elu:2", "increasing", "neither", "neither", 0),
        ("celu:-1", "increasing", "concave", "neither", 1),
        ("squareplus:0", "increasing", "convex", "neither", 0),
        ("onnx.HardSigmoid:alpha=-1", "decreasing", "neither", "neither", 0),
        ("onnx.Shrink:0.5,0.5", "increasing", "neither", "odd", 0),
        ("onnx.Shrink:0.5,1", "neither", "neither", "odd", -1),
        ("thresholded_relu:theta=1,value=1", "increasing", "convex", "neither", 0),
        ("torch.softplus", "neither", "neither", "neither", -1),
        ("keras.relu:max_value=0", "constant", "affine", "odd", INF),
        ("silu:0", "increasing", "affine", "odd", INF),
        ("gaussian", "neither", "neither", "even", INF),
        ("log_sigmoid", "increasing", "concave", "neither", INF),
        ("onnx.Clip", "increasing", "affine", "odd", INF),
    ],
)
def test_shapes_at_other_parameters(
    spec: str, direction: str, bend: str, symmetry: str, smoothness: float
) -> None:
    found = measured(spec)
    assert (found.direction, found.bend, found.symmetry) == (direction, bend, symmetry)
    assert found.smoothness == smoothness


@pytest.mark.parametrize(
    ("spec", "left", "right"),
    [
        ("sigmoid", -8.293549452497793, 8.293549452497793),
        ("softplus:beta=100", math.log(1e-3 / 0.999) / 100, None),
        ("relu6", 0.0, 6.0),
        ("softsign", 1 - math.sqrt(1e3), math.sqrt(1e3) - 1),
        ("gelu", -3.7756739529, None),
        ("sine", None, None),
        ("identity", None, None),
    ],
)
def test_saturation(spec: str, left: float | None, right: float | None) -> None:
    for got, wanted in zip(measured(spec).saturation, (left, right), strict=True):
        assert got == (None if wanted is None else pytest.approx(wanted, rel=1e-9))


@pytest.mark.parametrize(
    ("spec", "zeros", "endless"),
    [
        ("identity", [0.0], False),
        ("logit", [0.5], False),
        ("sigmoid", [], False),
        ("onnx.Shrink:0.5,1", [-1.0, (-0.5, 0.5), 1.0], False),
        ("sine", [-2 * math.pi, -math.pi, 0.0, math.pi, 2 * math.pi], True),
        ("hard_swish", [(-INF, -3.0), 0.0], False),
    ],
)
def test_zeros(spec: str, zeros: list, endless: bool) -> None:
    found = measured(spec)
    flat = [end for zero in zeros for end in (zero if isinstance(zero, tuple) else (zero, zero))]
    assert [end for zero in found.zeros for end in (zero.low, zero.high)] == pytest.approx(flat, abs=1e-14)
    assert found.endless_zeros == endless


def test_a_function_on_part_of_the_line_has_no_moments() -> None:
    found = measured("logit")
    assert (found.value_moments, found.slope_moments, found.gains) == (None, None, None)


def test_rows_have_no_curve() -> None:
    with pytest.raises(UsageError, match="softmax works over rows"):
        measured("softmax")


def test_the_cost_of_relu_is_that_of_relu() -> None:
    assert 0.3 < cost_relative_to_relu(activation("relu")) < 3
    assert cost_relative_to_relu(activation("gelu")) > 1.5


def test_the_cost_of_other_code_is_relative_to_its_own_relu(monkeypatch) -> None:
    now = 0.0

    def prepare(f, _):
        def run():
            nonlocal now
            now += {"relu": 2.0, "gelu": 7.0}[f.name]

        return None if f.name == "mish" else run

    monkeypatch.setattr(cost, "perf_counter", lambda: now)
    assert cost_relative_to_relu(activation("gelu"), prepare) == 3.5
    assert cost_relative_to_relu(activation("mish"), prepare) is None


@pytest.mark.parametrize(
    ("spec", "mean", "variance", "slope_mean", "slope_variance"),
    [
        ("sqrt(relu(x))", True, True, True, False),
        ("abs(x-1)^0.4", True, True, True, False),
        ("abs(x-1)^0.7", True, True, True, True),
        ("1/abs(x)", False, False, False, False),
        ("1/x", False, False, False, False),
        ("abs(x)^-0.4", True, True, False, False),
        ("tanh(1e11*x)", True, True, True, True),
        ("sigmoid(1e3*(x-2))", True, True, True, True),
    ],
)
def test_what_grows_without_end_has_no_finite_moments(spec, mean, variance, slope_mean, slope_variance):
    found = measured(spec)
    moments = found.value_moments, found.slope_moments
    assert [math.isfinite(number) for m in moments for number in (m.mean, m.variance)] == [
        mean,
        variance,
        slope_mean,
        slope_variance,
    ]


@pytest.mark.parametrize("formula", ["x%0", "(-0.7)^x", "0/x^3"])
def test_a_formula_without_a_slope_or_a_value_is_measured(formula) -> None:
    found = measured(formula)
    assert not found.lowest.value > found.highest.value


def test_a_formula_that_is_0_but_at_0() -> None:
    assert measured("0/x^3").largest_slope == 0.0


def test_a_formula_without_a_value_anywhere() -> None:
    found = measured("x%0")
    assert math.isnan(found.lowest.value)
    assert math.isnan(found.highest.value)


@pytest.mark.parametrize("formula", ["sqrt(x-1e300)", "floor(log1p(x))", "clip(1e300, 0.7, x)"])
def test_a_formula_with_a_kink_far_out(formula) -> None:
    assert measured(formula).highest.value > 0


@pytest.mark.parametrize(
    ("formula", "infimum", "supremum"),
    [
        ("x*(1+x/sqrt(1+x^2))/2", -0.1501415530003888, INF),
        ("x/2*(1+2/pi*arctan(pi*x/2))", -2 / math.pi**2, INF),
        ("x*(arctan(x)/pi+0.5)", -1 / math.pi, INF),
        ("1/x", -INF, INF),
        ("cos(x)-x", -INF, INF),
        ("x*sin(x)", -INF, INF),
        ("tan(x)", -INF, INF),
        ("max(0,sin(x))", 0.0, 1.0),
        ("sin(x^2)", -1.0, 1.0),
        ("x%1", 0.0, 1.0),
    ],
)
def test_a_sample_is_no_supremum(formula, infimum, supremum) -> None:
    found = measured(formula)
    assert (found.lowest.value, found.highest.value) == pytest.approx((infimum, supremum), rel=1e-12)


@pytest.mark.parametrize(
    ("formula", "limits"),
    [
        ("x*(1+x/sqrt(1+x^2))/2", (0.0, INF)),
        ("x/2*(1+2/pi*arctan(pi*x/2))", (-2 / math.pi**2, INF)),
        ("x*(arctan(x)/pi+0.5)", (-1 / math.pi, INF)),
        ("cos(x)-x", (INF, -INF)),
        ("sin(x)/x", (0.0, 0.0)),
        ("1/x", (0.0, 0.0)),
    ],
)
def test_limits_of_formulas_that_cancel_far_out(formula, limits) -> None:
    assert measured(formula).limits == pytest.approx(limits, rel=1e-12, abs=1e-300)


@pytest.mark.parametrize(
    ("formula", "period"),
    [
        ("sin(x)", 2 * math.pi),
        ("max(0,sin(x))", 2 * math.pi),
        ("x%1", 1.0),
        ("x+sin(x)", None),
        ("gelu", None),
    ],
)
def test_periods(formula, period) -> None:
    assert measured(formula).period == period


def test_what_is_extrapolated_is_not_certain() -> None:
    found = measured("sin(x)/x+x/1e9")
    assert (found.limits_certain, found.highest.certain) == ((False, False), False)
    assert measured("sin(x)+cos(sqrt(2)*x)").highest.certain is False
    assert measured("gelu").lowest.certain
    assert measured("1/x").lowest.certain


def test_a_pole_is_no_zero() -> None:
    assert measured("1/x").zeros == ()


def test_acosh_is_real_from_1_on() -> None:
    f = activation("log(x+sqrt(x^2-1))")
    assert f.definition.domain == (1.0, INF)
    assert measured(f.spec).lowest.at == 1.0


def test_the_slope_of_log_odds_is_infinite_at_both_ends() -> None:
    assert measured("log(x/(1-x))").steepest == (Interval.point(0.0), Interval.point(1.0))


@pytest.mark.parametrize("formula", ["sqrt(x^2-1)", "(-0.7)^x", "x%0"])
def test_no_moments_where_f_is_no_number(formula) -> None:
    assert measured(formula).value_moments is None


def test_a_growing_wave_has_no_limit_where_it_overflows() -> None:
    found = measured("exp(x)*sin(x)")
    assert math.isnan(found.limits[1])
    assert (found.lowest.value, found.highest.value) == (-INF, INF)
    assert found.lowest.at is None
    assert measured("1e-7*x^2 - x").limits == (INF, INF)


@pytest.mark.parametrize("formula", ["tan(x)", "tan(3*x)+x"])
def test_a_pole_between_two_numbers_makes_the_slope_unbounded(formula):
    properties = measure(activation(formula))
    assert math.isinf(properties.largest_slope)
    assert math.isinf(properties.lipschitz)
    assert not properties.slope_certain
    assert properties.smoothness == -1


def test_a_narrow_bump_is_no_pole():
    assert measure(activation("exp(-1e30*x^2)")).largest_slope == pytest.approx(math.sqrt(2e30 / math.e))
