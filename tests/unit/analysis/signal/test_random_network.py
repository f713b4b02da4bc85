"""Random networks measured, against a plain loop, against theory, and against themselves."""

import math

import numpy as np
import pytest

from actcli.analysis.signal import random_network
from actcli.analysis.signal.mean_field import MeanField
from actcli.analysis.signal.propagation import Layer, gradients, signals
from actcli.analysis.signal.random_network import INPUTS, Network, Norms, Sample, count_steps, propagate
from actcli.analysis.training.stack import parse_stack


def network(spec: str, *weight_stds: float) -> Network:
    return Network(parse_stack(spec), weight_stds)


def measured(networks: list[Network], sample: Sample, threads: int = 2) -> Norms:
    for norms in propagate(networks, sample, threads):
        last = norms
    return last


def numbers(sample: Sample, network: int, layer: int) -> np.random.Generator:
    seeds = np.random.SeedSequence(sample.seed, spawn_key=(network, layer))
    return np.random.Generator(np.random.PCG64(seeds))


def test_signal_and_gradient_are_those_of_a_plain_loop_over_jacobians() -> None:
    sample = Sample(depth=3, width=5, bias_std=0.4, seeds=2, seed=7)
    which = network("tanh/relu", 1.3, 0.9)
    found = measured([which, network("sine", 1.0)], sample)
    for seed in range(2):
        x = numbers(sample, seed, 0).standard_normal((5, INPUTS))
        jacobians = []
        for layer in range(3):
            generator = numbers(sample, seed, layer + 1)
            weights = generator.standard_normal((5, 5)) * which.weight_std(layer) / math.sqrt(5)
            bias = 0.4 * generator.standard_normal(5)
            f = which.functions.at(layer)
            # (inputs, out, in)
            jacobians.append(weights * f.grad(x).T[:, None, :])
            x = weights @ f(x) + bias[:, None]
            assert found.signal[0, seed, layer] == pytest.approx(np.square(x).mean(), rel=1e-12)
        g = numbers(sample, seed, 4).standard_normal((5, INPUTS)).T
        g /= np.sqrt(np.square(g).mean(axis=1, keepdims=True))
        assert found.gradient[0, seed, 2] == 1.0
        for layer in (1, 0):
            g = np.einsum("io,ioj->ij", g, jacobians[layer + 1])
            assert found.gradient[0, seed, layer] == pytest.approx(np.square(g).mean(), rel=1e-12)


def test_a_wide_network_lies_within_three_standard_errors_of_theory() -> None:
    sample = Sample(depth=5, width=1000, bias_std=0.0, seeds=12, seed=0)
    gain = 1.5925374197
    networks = [network("relu", math.sqrt(2)), network("tanh", gain), network("gelu", 1.5)]
    found = measured(networks, sample)
    for place, each in enumerate(networks):
        layers = [Layer(MeanField.of(each.functions.at(0)), each.weight_std(0))]
        signal = signals(layers, 0.0, 5)
        assert np.all(apart(found.signal[place], signal[1:]) < 3)
        assert np.all(apart(found.gradient[place, :, :-1], gradients(layers, signal)[:-1]) < 3)


def apart(values: np.ndarray, theory: tuple[float, ...]) -> np.ndarray:
    """In standard errors over the networks."""
    return np.abs(values.mean(axis=0) - theory) / (values.std(axis=0, ddof=1) / math.sqrt(len(values)))


def test_theory_is_missed_where_it_is_wrong() -> None:
    found = measured([network("relu", 1.42)], Sample(depth=6, width=1000, bias_std=0.0, seeds=2, seed=0))
    assert np.all(np.abs(found.signal[0, :, -1] - (1.3 / math.sqrt(2)) ** 12) > 0.3)


def test_the_same_seed_gives_the_same_bits_on_any_number_of_threads() -> None:
    sample = Sample(depth=5, width=40, bias_std=0.1, seeds=6, seed=3)
    networks = [network("gelu", 1.4), network("relu/tanh", 1.4)]
    one, three = (measured(networks, sample, threads) for threads in (1, 3))
    assert one.signal.tobytes() == three.signal.tobytes()
    assert one.gradient.tobytes() == three.gradient.tobytes()
    other = measured(networks, Sample(5, 40, 0.1, 6, seed=4))
    assert not np.any(other.signal == one.signal)


def test_a_network_is_the_same_beside_others_and_among_more_seeds(monkeypatch) -> None:
    gelu, relu = network("gelu", 1.4), network("relu", 1.4)
    alone = measured([gelu], Sample(4, 30, 0.0, 3, seed=0))
    beside = measured([relu, gelu], Sample(4, 30, 0.0, 5, seed=0))
    assert beside.gradient[1, :3] == pytest.approx(alone.gradient[0], rel=1e-12)

    sample = Sample(4, 30, 0.0, 5, seed=0)
    monkeypatch.setattr(random_network, "_ROOM", 60_000)
    assert count_steps([relu, gelu], sample) > 2 * 4
    parted = measured([relu, gelu], sample)
    assert parted.signal == pytest.approx(beside.signal, rel=1e-12)
    assert parted.gradient == pytest.approx(beside.gradient, rel=1e-12)


def test_seeds_measured_apart_have_the_same_bits() -> None:
    networks = [network("gelu", 1.4), network("exp", 1.0), network("relu/tanh", 1.0)]
    sample = Sample(depth=5, width=31, bias_std=0.1, seeds=5, seed=3)
    whole = measured(networks, sample)
    for seeds in (range(1), range(1, 3), range(3, 5)):
        *_, own = propagate(networks, sample, 1, seeds)
        assert np.array_equal(own.signal, whole.signal[:, seeds.start : seeds.stop], equal_nan=True)
        assert np.array_equal(own.gradient, whole.gradient[:, seeds.start : seeds.stop], equal_nan=True)


def test_it_yields_after_every_layer_there_and_back() -> None:
    sample = Sample(depth=7, width=4, bias_std=0.0, seeds=2, seed=0)
    known = [np.isfinite(norms.signal).sum() for norms in propagate([network("relu", 1.0)], sample, 1)]
    assert len(known) == count_steps([network("relu", 1.0)], sample) == 14
    assert known[:7] == [2, 4, 6, 8, 10, 12, 14]


def test_a_step_lets_no_gradient_through_and_weights_of_0_no_signal() -> None:
    found = measured([network("step", 1.0), network("tanh", 0.0)], Sample(3, 8, 0.0, 2, seed=0))
    assert found.gradient[0].tolist() == [[0.0, 0.0, 1.0]] * 2
    assert found.signal[1].tolist() == [[0.0] * 3] * 2
    assert found.gradient[1].tolist() == [[0.0, 0.0, 1.0]] * 2


@pytest.mark.parametrize("spec", ["exponential", "relu_squared"])
def test_what_leaves_the_numbers_is_infinite(spec: str) -> None:
    found = measured([network(spec, 4.0), network("relu", 1.0)], Sample(15, 16, 0.0, 3, seed=0))
    assert np.all(found.signal[0, :, -1] == math.inf)
    assert np.all(found.gradient[0, :, 0] == math.inf)
    assert np.all(found.gradient[0, :, -1] == 1.0)
    assert np.isfinite(found.signal[1]).all()
    assert np.isfinite(found.gradient[1]).all()


def test_gradients_come_back_from_far_beyond_the_numbers() -> None:
    # going back, sw 1e100 takes the variance to 1e400 in two layers, and 1e-100 brings it back in the next two
    there, alone = (
        measured([network("identity", 1.0, down, down, 1 / down, 1 / down)], Sample(5, 16, 0.0, 2, seed=0))
        for down in (1e-100, 1.0)
    )
    assert np.all(there.gradient[0, :, 2] == math.inf)
    assert there.gradient[0, :, 0] == pytest.approx(alone.gradient[0, :, 0], rel=1e-12)
    assert np.all(there.signal[0, :, 2] == 0.0)
    assert there.signal[0, :, 4] == pytest.approx(alone.signal[0, :, 4], rel=1e-12)


def test_one_unit_and_one_layer_are_a_network() -> None:
    found = measured([network("tanh", 1.0)], Sample(1, 1, 0.0, 1, seed=0))
    assert 0 < found.signal[0, 0, 0] < 30
    assert found.gradient.tolist() == [[[1.0]]]
