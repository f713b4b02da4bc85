"""Mean-field theory against known results: He et al. 2015, Klambauer et al. 2017, Schoenholz et al. 2017."""

import math
from itertools import islice

import numpy as np
import pytest

from actcli import activation
from actcli.analysis.card.properties import measure
from actcli.analysis.signal.mean_field import MeanField
from actcli.analysis.signal.propagation import Layer, edge, fixed_point, gradients, phase, signals

HE = math.sqrt(2.0)


def layer(spec: str, weight_std: float) -> Layer:
    return Layer(MeanField.of(activation(spec)), weight_std)


def test_relu_with_he_weights_keeps_every_variance_and_sits_on_the_edge() -> None:
    relu = layer("relu", HE)
    signal = signals([relu], 0.0, 50)
    assert signal == pytest.approx([1.0] * 51, rel=1e-12)
    assert gradients([relu], signal) == pytest.approx([1.0] * 50, rel=1e-12)
    end = phase([relu], 0.0)
    assert (end.fixed_point, end.chi, end.correlation) == (1.0, 1.0, 1.0)
    assert end.signal_depth == end.correlation_depth == math.inf
    assert edge(relu.field, 0.0) == pytest.approx(HE, rel=1e-12)


def test_relu_gradients_halve_each_layer_at_weight_std_1() -> None:
    relu = layer("relu", 1.0)
    signal = signals([relu], 0.0, 10)
    assert signal == pytest.approx([2.0**-n for n in range(11)], rel=1e-12)
    assert gradients([relu], signal) == pytest.approx([2.0**-n for n in range(9, -1, -1)], rel=1e-12)
    assert phase([relu], 0.0).fixed_point == 0.0
    assert phase([relu], 0.0).signal_depth == pytest.approx(1 / math.log(2))


def test_relu_with_biases_has_the_fixed_point_of_the_line() -> None:
    end = phase([layer("relu", 1.0)], 0.5)
    assert end.fixed_point == pytest.approx(0.25 / (1 - 0.5))
    assert end.chi == pytest.approx(0.5)


def test_relu_with_large_weights_explodes() -> None:
    end = phase([layer("relu", 2.0)], 0.0)
    assert (end.fixed_point, end.signal_depth, end.correlation) == (math.inf, None, None)
    assert end.chi == pytest.approx(2.0)


def test_the_identity_at_weight_std_1_is_on_the_edge() -> None:
    end = phase([layer("identity", 1.0)], 0.0)
    assert (end.fixed_point, end.chi) == (1.0, 1.0)
    assert edge(MeanField.of(activation("identity")), 0.0) == pytest.approx(1.0, rel=1e-12)


def test_tanh_at_weight_std_1_without_bias_is_on_the_edge_of_chaos() -> None:
    tanh = layer("tanh", 1.0)
    end = phase([tanh], 0.0)
    assert (end.fixed_point, end.chi, end.signal_depth) == (0.0, 1.0, math.inf)
    assert edge(tanh.field, 0.0) == pytest.approx(1.0, rel=1e-12)
    # q decays as 1/2l, so slowly that only an argument, not an iteration, finds its end
    assert signals([tanh], 0.0, 1000)[-1] == pytest.approx(1 / 2000, rel=0.02)


def test_selu_has_the_fixed_point_of_mean_0_and_variance_1() -> None:
    # LeCun weights; the mean of the activations is 0, so that all of E f² is variance
    assert phase([layer("selu", 1.0)], 0.0).fixed_point == pytest.approx(1.0, rel=1e-12)
    moments = measure(activation("selu")).value_moments
    assert moments is not None
    assert (moments.mean, moments.variance) == pytest.approx((0.0, 1.0), abs=1e-7)
    # Klambauer et al. 2017: the slope of the variance map at (0, 1) is 0.7826
    assert math.exp(-1 / phase([layer("selu", 1.0)], 0.0).signal_depth) == pytest.approx(0.7826, abs=1e-4)


@pytest.mark.parametrize(("spec", "gain"), [("relu", HE), ("identity", 1.0), ("tanh", 1.59253742)])
def test_gains_make_variance_1_the_fixed_point(spec: str, gain: float) -> None:
    f = MeanField.of(activation(spec))
    assert 1 / math.sqrt(f.square(1.0)) == pytest.approx(gain, rel=1e-8)
    assert fixed_point([Layer(f, 1 / math.sqrt(f.square(1.0)))], 0.0) == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize(("weight_std", "bias_std"), [(1.5, 0.3), (3.0, 0.05), (1.2, 0.5), (1.8, 0.0)])
def test_depth_scales_are_those_of_the_recursions_themselves(weight_std: float, bias_std: float) -> None:
    tanh = layer("tanh", weight_std)
    end = phase([tanh], bias_std)
    assert end.fixed_point == pytest.approx(signals([tanh], bias_std, 300)[-1], rel=1e-12)

    q = end.fixed_point * 1.001
    assert _shrinking(lambda q: tanh.through(q, bias_std), q, end.fixed_point) == pytest.approx(
        end.signal_depth, rel=1e-2
    )
    # two inputs by nested Gauss-Hermite, which knows nothing of Hermite series
    z, w = np.polynomial.hermite_e.hermegauss(80)
    w = w / w.sum()

    def correlated(c: float) -> float:
        u = math.sqrt(end.fixed_point) * z
        v = c * u[:, None] + math.sqrt(max(1 - c * c, 0.0)) * u
        return (
            weight_std**2 * float(w @ (np.tanh(u)[:, None] * np.tanh(v)) @ w) + bias_std**2
        ) / end.fixed_point

    c = 0.5
    for _ in range(400):
        c = correlated(c)
    assert end.correlation == pytest.approx(c, abs=1e-4)
    start = end.correlation + (1e-3 if end.correlation < 0.5 else -1e-3)
    assert _shrinking(correlated, start, end.correlation) == pytest.approx(end.correlation_depth, rel=2e-2)


def _shrinking(through, start: float, end: float) -> float:
    """The layers in which the distance from the end shrinks to 1/e."""
    return -1 / math.log(abs((through(start) - end) / (start - end)))


def test_above_the_edge_two_signals_part_and_below_they_meet() -> None:
    sw = edge(MeanField.of(activation("tanh")), 0.3)
    assert sw is not None
    below, at, above = (phase([layer("tanh", sw * factor)], 0.3) for factor in (0.95, 1.0, 1.05))
    assert below.chi < 1 < above.chi
    assert at.chi == pytest.approx(1.0, abs=1e-9)
    assert below.correlation == 1.0 > above.correlation > 0.5
    assert at.correlation_depth > 100 * max(below.correlation_depth, above.correlation_depth)


@pytest.mark.parametrize(
    ("spec", "bias_std"),
    [("gelu", 0.5), ("sigmoid", 0.0), ("gaussian", 0.0), ("hard_tanh", 0.2), ("sine", 0.1)],
)
def test_the_edge_is_where_the_recursion_itself_has_chi_1(spec: str, bias_std: float) -> None:
    f = MeanField.of(activation(spec))
    found = Layer(f, edge(f, bias_std))
    assert found.chi(signals([found], bias_std, 2000)[-1]) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(
    ("spec", "bias_std"), [("gelu", 0.0), ("step", 0.0), ("relu", 0.5), ("softplus", 0.0)]
)
def test_where_no_weights_lead_to_the_edge_there_is_none(spec: str, bias_std: float) -> None:
    f = MeanField.of(activation(spec))
    assert edge(f, bias_std) is None
    for weight_std in (0.3, 0.8, 1.1, 1.3, 1.4, 1.6, 3.0):
        q = signals([Layer(f, weight_std)], bias_std, 400)[-1]
        assert q > 1e20 or abs(Layer(f, weight_std).chi(q) - 1) > 0.01


def test_weights_of_0_leave_the_biases() -> None:
    tanh = layer("tanh", 0.0)
    assert signals([tanh], 0.3, 3)[1:] == pytest.approx([0.09] * 3)
    assert gradients([tanh], signals([tanh], 0.3, 3)) == (0.0, 0.0, 1.0)
    assert phase([tanh], 0.3).fixed_point == pytest.approx(0.09)
    assert signals([tanh], 0.0, 3) == (1.0, 0.0, 0.0, 0.0)
    assert (phase([tanh], 0.0).fixed_point, phase([tanh], 0.0).chi) == (0.0, 0.0)


@pytest.mark.parametrize("spec", ["exponential", "relu_squared"])
def test_what_explodes_ends_at_infinity(spec: str) -> None:
    steep = layer(spec, 2.0)
    signal = signals([steep], 0.0, 12)
    assert signal[-1] == math.inf
    assert gradients([steep], signal)[0] == math.inf
    assert (phase([steep], 0.0).fixed_point, phase([steep], 0.0).chi) == (math.inf, math.inf)


def test_a_stack_repeats_its_layers_and_its_chi_is_their_mean() -> None:
    layers = [layer("relu", HE), layer("tanh", HE)]
    signal = signals(layers, 0.1, 7)
    q = 1.0
    for at, wanted in zip(islice([*layers] * 4, 7), signal[1:], strict=True):
        q = at.through(q, 0.1)
        assert q == wanted
    end = phase(layers, 0.1)
    before_relu = signals(layers, 0.1, 400)[-1]
    assert end.fixed_point == pytest.approx(before_relu, rel=1e-12)
    chis = layers[0].chi(before_relu), layers[1].chi(layers[0].through(before_relu, 0.1))
    assert end.chi == pytest.approx(math.sqrt(math.prod(chis)), rel=1e-12)
    # 40 layers multiply the gradient by chi^40
    deep = gradients(layers, signals(layers, 0.1, 400))
    assert deep[100] / deep[140] == pytest.approx(end.chi**40, rel=1e-9)


def test_a_stack_of_one_function_twice_is_that_function() -> None:
    once, twice = (phase([layer("tanh", 1.5)] * n, 0.3) for n in (1, 2))
    for name in ("fixed_point", "chi", "correlation", "signal_depth", "correlation_depth"):
        assert getattr(twice, name) == pytest.approx(getattr(once, name), rel=1e-9)


def test_a_variance_that_goes_to_and_fro_for_ever_has_no_fixed_point() -> None:
    layers = [layer(spec, 2.0) for spec in ("gaussian", "relu_squared", "relu_squared")]
    q = signals(layers, 0.0, 300)
    assert q[-1] == pytest.approx(q[-7]) != pytest.approx(q[-4])
    assert phase(layers, 0.0).fixed_point is None
    assert phase(layers, 0.0).chi is None
