import numpy as np
import pytest
from layer_states import state

from actcli.analysis.deadness.causes import Weights, explain
from actcli.analysis.deadness.verdict import Settings, classify

SETTINGS = Settings()


def linear(x, weight, bias, name="fc", recorded="pre"):
    """The verdict of z = W x + b, and what feeds it."""
    z = x @ weight.T + bias
    verdict = classify(state(z if recorded == "pre" else np.maximum(z, 0), "relu", recorded, name), SETTINGS)
    return verdict, Weights(bias=bias, zero=~weight.any(axis=1), reaches=weight != 0)


def inputs():
    return np.abs(np.random.default_rng(0).standard_normal((200, 3))) + 0.1


WEIGHT = np.array([[1.0, 1, 1], [0, 0, 0], [-1, -1, -1], [1, 0, 0]])
BIAS = np.array([-100.0, -1, 0.05, 0.5])


def test_the_cause_of_each_dead_unit():
    verdict, weights = linear(inputs(), WEIGHT, BIAS)

    (explained,) = explain([verdict], {"fc": weights})

    assert explained.causes == ("bias", "zero weights", "data", "")
    assert explained.dead_units.tolist() == [True, True, True, False]
    assert not explained.locked.any()


def test_dead_upstream():
    first, first_weights = linear(inputs(), WEIGHT, BIAS, "first")
    hidden = np.maximum(inputs() @ WEIGHT.T + BIAS, 0)
    reaching = np.array([[1.0, 1, 1, 0], [1, 0, 0, -1], [0, 0, 0, 0]])
    second, weights = linear(hidden, reaching, np.array([-1.0, -1, -1]), "second")
    weights = Weights(weights.bias, weights.zero, "first", weights.reaches)

    explained = explain([first, second], {"first": first_weights, "second": weights})

    assert explained[1].causes == ("dead upstream", "data", "zero weights")


def test_a_dead_unit_of_the_first_layer_is_locked():
    verdict, weights = linear(inputs(), WEIGHT, BIAS)

    (explained,) = explain([verdict], {"fc": Weights(weights.bias, weights.zero, first=True)})

    assert explained.locked.tolist() == [True, True, True, False]


def test_the_bias_wins_by_the_last_bit_only_if_the_inputs_ever_drive_up():
    # max Wx is 2**-60: lost when z is computed in float32, but z = b exactly says that Wx was never seen above 0.
    verdict = classify(state(np.array([[-1.0, -1.0], [-1.0, np.nextafter(-1.0, 0)]])), SETTINGS)

    (explained,) = explain([verdict], {"layer": Weights(bias=np.array([-1.0, -1.0]))})

    assert explained.causes == ("data", "bias")


def test_what_is_not_known_stays_blank():
    verdict, _ = linear(inputs(), WEIGHT, BIAS)
    post, weights = linear(inputs(), WEIGHT, BIAS, recorded="post")

    assert explain([verdict], {})[0].causes == ("",) * 4
    assert explain([verdict], {"fc": Weights()})[0].causes == ("",) * 4
    assert explain([verdict], {"fc": Weights(bias=np.zeros(7), zero=np.ones(7, bool))})[0].causes == ("",) * 4
    assert (
        explain([verdict], {"fc": Weights(upstream="elsewhere", reaches=WEIGHT != 0)})[0].causes == ("",) * 4
    )
    assert explain([post], {"fc": weights})[0].causes == ("", "zero weights", "", "")


def test_a_unit_at_the_upper_end_was_not_silenced_by_its_bias():
    z = np.column_stack([np.linspace(4, 8, 50), np.linspace(-8, -4, 50), np.linspace(-8, -4, 50)])
    verdict = classify(state(z, "hard_sigmoid"), SETTINGS)

    (explained,) = explain([verdict], {"layer": Weights(bias=np.array([1.0, -5.0, 0.0]))})

    assert explained.dead_units.all()
    assert explained.causes == ("", "bias", "data")


@pytest.mark.parametrize("function", ["gelu", "silu", "mish", "sigmoid", "tanh", "relu"])
def test_a_bias_of_minus_50_is_the_cause_for_every_activation(function):
    drive = np.abs(np.random.default_rng(1).standard_normal((60, 3)))
    bias = np.array([-50.0, 0.0, 0.0])
    wx = drive * np.array([1.0, -1.0, 1.0]) - np.array([0.0, 40.0, 0.0])
    verdict = classify(state(wx + bias, function), SETTINGS)

    (explained,) = explain([verdict], {"layer": Weights(bias=bias)})

    assert explained.causes == ("bias", "data", "")


def test_a_shut_gate_has_no_cause_in_its_bias():
    z = np.column_stack([np.full(50, 30.0), np.linspace(-1, 1, 50), np.linspace(-2, 2, 50)])
    verdict = classify(state(z, "tanh"), SETTINGS)

    (explained,) = explain([verdict], {"layer": Weights(bias=np.zeros(3))})

    assert verdict.dead == 1
    assert explained.causes == ("", "", "")
