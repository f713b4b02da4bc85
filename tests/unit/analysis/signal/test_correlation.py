"""Correlation maps against closed forms: Cho & Saul 2009, and the arcsine laws of a step and of erf."""

import math

import numpy as np
import pytest

from actcli import activation
from actcli.analysis.signal.correlation import CorrelationMap, find_fixed_point
from actcli.analysis.signal.mean_field import MeanField
from actcli.analysis.signal.propagation import Layer, fixed_point


def of(spec: str, q: float, weight_std: float, bias_std: float = 0.0) -> CorrelationMap:
    return CorrelationMap.of(MeanField.of(activation(spec)), q, weight_std, bias_std)


@pytest.mark.parametrize("c", [0.0, 0.4, 0.8, 0.95, 0.99, 0.999, 0.9999, 1.0])
def test_relu_has_the_arc_cosine_kernel(c: float) -> None:
    relu = of("relu", 1.0, math.sqrt(2))
    angle = math.acos(c)
    exact = (math.sqrt(1 - c * c) + c * (math.pi - angle)) / math.pi
    # beyond 0.97 the power law of the tail counts
    assert relu.at(c) == pytest.approx(exact, abs=1e-12 if c < 0.97 else 1e-8)
    assert relu.slope(c) == pytest.approx(1 - angle / math.pi, abs=1e-11 if c < 0.97 else 1e-4)


@pytest.mark.parametrize("c", [0.0, 0.4, 0.9, 0.99, 0.999, 1.0])
def test_a_step_has_the_arcsine_law(c: float) -> None:
    step = of("step", 0.5, 1.0)
    assert step.at(c) == pytest.approx(0.5 + math.asin(c) / math.pi, abs=1e-12 if c < 0.97 else 1e-4)


def test_erf_has_the_arcsine_law_of_williams() -> None:
    erf = of("erf", 2.0, 1.5, 0.3)
    square = 1.5**2 * 2 / math.pi
    q = square * math.asin(4 / 5) + 0.09
    for c in (0.0, 0.3, 0.9, 0.999, 1.0):
        assert erf.at(c) == pytest.approx((square * math.asin(4 * c / 5) + 0.09) / q, abs=1e-13)
    assert erf.slope(0.5) == pytest.approx(square * 0.8 / math.sqrt(1 - 0.16) / q, rel=1e-12)


@pytest.mark.parametrize("spec", ["relu", "hard_tanh", "gelu", "elu", "softshrink", "sparse_sigmoid"])
def test_the_slope_at_1_is_chi_1(spec: str) -> None:
    f = MeanField.of(activation(spec))
    q = fixed_point([Layer(f, 1.1)], 0.4)
    assert q is not None
    assert CorrelationMap.of(f, q, 1.1, 0.4).slope(1.0) == pytest.approx(Layer(f, 1.1).chi(q), rel=1e-9)


def test_weights_without_effect_leave_the_correlation_of_the_biases() -> None:
    assert find_fixed_point([of("tanh", 0.09, 0.0, 0.3)]) == (1.0, 0.0)


def test_two_signals_part_where_the_slope_at_1_is_above_1() -> None:
    # odd, without biases: 0 is a fixed point, with the slope of the first coefficient
    c, slope = find_fixed_point(
        [of("tanh", fixed_point([Layer(MeanField.of(activation("tanh")), 2.0)], 0.0), 2.0)]
    )
    assert c == 0.0
    assert 0.5 < slope < 1
    step = of("step", 0.5, 1.0)
    c, slope = find_fixed_point([step])
    assert c == pytest.approx(0.5 + math.asin(c) / math.pi, abs=1e-12)
    assert slope == pytest.approx(1 / (math.pi * math.sqrt(1 - c * c)), rel=1e-9)


@pytest.mark.parametrize(("spec", "factor"), [("hard_tanh", 1.0100), ("relu6", 1.0100)])
def test_near_the_edge_the_tail_stands_for_ten_times_as_many_terms(
    monkeypatch, spec: str, factor: float
) -> None:
    from actcli.analysis.signal import mean_field
    from actcli.analysis.signal.propagation import edge

    f = MeanField.of(activation(spec))
    above = Layer(f, edge(f, 0.3) * factor)
    q = fixed_point([above], 0.3)
    short = find_fixed_point([CorrelationMap.of(f, q, above.weight_std, 0.3)])
    monkeypatch.setattr(mean_field, "_TERMS", 10_000)
    monkeypatch.setattr(mean_field, "_WAVE", 0.05)
    long = find_fixed_point([CorrelationMap.of(f, q, above.weight_std, 0.3)])
    assert np.log(short) == pytest.approx(np.log(long), rel=2e-2)
