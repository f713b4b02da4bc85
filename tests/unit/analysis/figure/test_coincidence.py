"""Where curves of one frame are equal, and how far apart they are elsewhere."""

import numpy as np
import pytest

from actcli import activation
from actcli.analysis.card.landmarks import Interval
from actcli.analysis.figure.coincidence import coincidences
from actcli.analysis.figure.curves import Curve, Quantity, build_figure

INF = float("inf")


def found(*specs, order=0, between=(-5.0, 5.0), visible=0.3):
    figure = build_figure([activation(spec) for spec in specs], [Quantity(order)], between, 1000)
    return coincidences(figure.panels[0].curves, visible)


def test_leaky_relu_is_relu_from_0_on():
    (one,) = found("relu", "leaky_relu")
    assert (one.curve, one.other, one.everywhere) == (1, 0, False)
    assert one.where == (Interval(0.0, INF, holds_low=True),)
    assert one.apart == pytest.approx(0.01 * 5)


def test_a_jump_is_an_open_end_and_a_constant_difference_is_one():
    (one,) = found("relu", "leaky_relu", order=1)
    assert one.where == (Interval(0.0, INF),)
    assert (one.apart, one.everywhere) == (pytest.approx(0.01), True)


def test_a_kink_of_one_curve_only_is_where_the_equal_part_ends():
    (one,) = found("relu", "relu6", between=(-8.0, 8.0))
    assert one.where == (Interval(-INF, 6.0, holds_high=True),)
    assert one.apart is None


def test_a_part_between_two_others():
    (one,) = found("identity", "hard_tanh:-2,2")
    assert one.where == (Interval(-2.0, 2.0, holds_low=True, holds_high=True),)


def test_one_function_in_two_forms():
    (one,) = found("silu", "x/(1+exp(-x))")
    assert one.where == (Interval(-INF, INF),)
    assert one.apart is None


def test_near_but_not_equal():
    (one,) = found("relu", "gelu")
    # max over x of x (1 - Phi(x)), at x = 0.7518
    assert (one.where, one.apart) == ((), pytest.approx(0.16997, abs=1e-4))
    assert found("relu", "gelu", visible=0.1) == []


def test_crossings_and_curves_apart_are_nothing_to_mention():
    assert found("sine", "cos(x)") == []
    assert found("step", "identity") == []


def test_each_curve_is_compared_with_the_one_it_covers():
    assert [(one.curve, one.other) for one in found("sine", "relu", "elu", "leaky_relu")] == [(2, 1), (3, 1)]


def test_curves_without_a_common_x_and_single_points():
    x = np.array([0.0, 1.0])
    curves = [
        Curve("a", "q", "a", ((x, x),)),
        Curve("b", "q", "b", ((x + 5, x),)),
        Curve("c", "q", "c", ()),
        Curve("d", "q", "d", ((x[:1], x[:1]),)),
    ]
    assert coincidences(curves, 10.0) == []
