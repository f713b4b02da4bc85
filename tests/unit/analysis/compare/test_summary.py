"""Functions side by side by their properties."""

import math

import numpy as np
import pytest

from actcli import activation
from actcli.analysis.card.landmarks import Interval, normal_mass
from actcli.analysis.compare.result import best
from actcli.analysis.compare.summary import compare_properties, compare_summary
from actcli.exits import UsageError


def finished(steps):
    *_, last = steps
    assert last.done == last.total
    return last.so_far


def compared(*specs, by=compare_properties):
    return finished(by([activation(spec) for spec in specs]))


def column(comparison, name):
    assert comparison.column(name).name == name
    return [contender.value(name) for contender in comparison.contenders]


def test_every_property_of_known_functions():
    found = compared("relu", "tanh", "sigmoid")
    assert column(found, "infimum") == [0.0, -1.0, 0.0]
    assert column(found, "supremum") == [math.inf, 1.0, 1.0]
    assert column(found, "bounded") == [False, True, True]
    assert column(found, "smoothness") == [0, math.inf, math.inf]
    assert column(found, "monotone") == ["increasing"] * 3
    assert column(found, "symmetry") == ["neither", "odd", "neither"]
    assert column(found, "zero_gradient") == [(Interval(-math.inf, 0.0, holds_high=True),), (), ()]
    assert column(found, "zero_gradient_share") == [0.5, 0.0, 0.0]
    assert column(found, "saturation_right")[0] is None
    assert column(found, "largest_slope") == [1.0, 1.0, 0.25]
    assert column(found, "gain_second_moment") == pytest.approx([math.sqrt(2), 1.5925, 1.8462], rel=1e-4)
    assert column(found, "gain_torch") == pytest.approx([math.sqrt(2), 5 / 3, 1.0])


def test_the_saturated_share_is_the_mass_of_the_tails():
    found = compared("tanh", "hard_tanh", "identity")
    at = column(found, "saturation_right")[0]
    assert column(found, "saturated_share") == pytest.approx(
        [math.erfc(at / math.sqrt(2)), math.erfc(1 / math.sqrt(2)), 0.0], rel=1e-12
    )


def test_small_slopes_are_counted_in_absolute_terms():
    found = compared("relu", "sigmoid", "sine", "leaky_relu:0.005", "step", "relu6")
    # sigmoid' = s(1 - s) = 0.01, and cos x = 0.01 around every odd multiple of pi/2
    s = (1 - math.sqrt(1 - 0.04)) / 2
    sigmoid = math.erfc(-math.log(s / (1 - s)) / math.sqrt(2))
    dips = [math.pi * (k + 0.5) for k in range(-9, 9)]
    sine = sum(normal_mass(Interval(at - math.asin(0.01), at + math.asin(0.01))) for at in dips)
    over_six = normal_mass(Interval(6.0, math.inf))
    assert column(found, "small_slope_share") == pytest.approx([0.5, sigmoid, sine, 0.5, 1, 0.5 + over_six])


def test_sigmoid_does_not_look_better_than_relu_where_the_size_of_the_slope_counts():
    found = compared("relu", "sigmoid", "tanh")
    z = np.linspace(-12, 12, 240_001)
    weight = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    s = 1 / (1 + np.exp(-z))
    wanted = [0.5, np.sum(weight * (s * (1 - s)) ** 2), np.sum(weight * (1 - np.tanh(z) ** 2) ** 2)]
    assert column(found, "slope_second_moment") == pytest.approx(wanted, rel=1e-6)
    assert best(found, found.column("slope_second_moment")) == (0,)
    assert "the mean of f'² is smallest in sigmoid (0.045) and largest in relu (0.5)" in found.answer


def test_mass_of_intervals_keeps_its_precision_far_out():
    assert normal_mass(Interval(-math.inf, math.inf)) == 1.0
    assert normal_mass(Interval(-1.0, 1.0)) == pytest.approx(math.erf(math.sqrt(0.5)), rel=1e-15)
    assert normal_mass(Interval(20.0, math.inf)) == normal_mass(Interval(-math.inf, -20.0)) > 0


def test_the_gradient_factor_says_what_weights_that_keep_the_signal_do_to_the_gradient():
    found = compared("relu", "tanh", "step", "leaky_relu:0.2")
    factors = column(found, "gradient_factor")
    assert factors == pytest.approx([1.0, 1.5925374197**2 * 0.4644029, 0.0, 1.0], rel=1e-6)
    assert column(found, "gradient_drift") == [0.0, abs(math.log10(factors[1])), math.inf, 0.0]


def test_where_the_best_is_marked():
    found = compared("relu", "gelu", "tanh")
    assert best(found, found.column("off_centre")) == (2,)
    assert best(found, found.column("supremum")) == ()
    assert best(found, found.column("zero_gradient_share")) == (1, 2)


def test_moments_are_unknown_where_z_leaves_the_domain():
    found = compared("logit", "relu")
    for name in ("value_mean", "off_centre", "zero_gradient_share", "gradient_factor", "gain_gradient"):
        assert column(found, name)[0] is None
    assert column(found, "limit_left")[0] == -math.inf


def test_the_summary_is_part_of_the_properties():
    short, full = (compared("relu", "silu", by=by) for by in (compare_summary, compare_properties))
    assert 8 <= len(short.columns) <= 15
    for one in short.columns:
        assert one in full.columns
        assert column(short, one.name) == column(full, one.name)
    assert (short.by, full.by) == ("summary", "properties")


def test_the_chart_has_f_and_its_derivative():
    panels = compared("relu", "silu").drawing.content.panels
    assert [panel.quantity for panel in panels] == ["f(x)", "f'(x)"]
    assert [curve.function for curve in panels[0].curves] == ["relu", "silu"]


def test_each_step_holds_what_is_known_by_then():
    steps = list(compare_properties([activation("relu"), activation("silu")]))
    assert [len(step.so_far.contenders) for step in steps] == [0, 1, 2]
    assert [step.done for step in steps] == [0, 1, 2]


@pytest.mark.parametrize(
    ("specs", "said"), [(["relu"], "at least two"), (["relu", "softmax"], "softmax works over rows")]
)
def test_what_cannot_be_compared_is_refused_at_once(specs, said):
    with pytest.raises(UsageError, match=said):
        compare_summary([activation(spec) for spec in specs])


@pytest.mark.parametrize(
    ("specs", "answer"),
    [
        (
            ["relu", "gelu", "tanh"],
            (
                "relu has no gradient for 50 % of N(0, 1) inputs, gelu and tanh always have one; "
                "per layer, relu changes the gradient's size least (× 1), tanh most (× 1.18)."
            ),
        ),
        (["relu", "relu6"], "relu and relu6 have no gradient for 50 % of N(0, 1) inputs"),
        (["silu", "swish"], "silu and swish have a gradient for all N(0, 1) inputs."),
        (
            ["relu", "relu_squared", "hard_tanh"],
            "relu and relu_squared have no gradient for 50 % of N(0, 1) inputs, hard_tanh for 32 %; ",
        ),
        (["logit", "relu"], "relu has no gradient for 50 % of N(0, 1) inputs."),
    ],
)
def test_the_answer_says_who_has_no_gradient_and_who_keeps_its_size(specs, answer):
    *_, last = compare_summary([activation(spec) for spec in specs])
    assert last.so_far.answer.startswith(answer)
