"""No proof is wrong: float32 runs of random networks, in adversarial orders of summation, stay inside the bounds."""

import os

import numpy as np
import pytest
from float32_networks import FUNCTIONS, Layer, Network, points, random_network, run

from actcli.analysis.deadness.firing_rule import fires
from actcli.analysis.proof.network import bounds_of
from actcli.analysis.proof.prove import prove

NETWORKS = int(os.environ.get("ACTCLI_PROOF_NETWORKS", "300"))
POINTS = int(os.environ.get("ACTCLI_PROOF_POINTS", "60"))
F = np.float32
PARTS = 10


def require_inside(proof, network, x, rng, runs=4):
    """Every value that some order of summation gives lies in the bounds; no unit that is proved dead fires."""
    for turn in range(runs):
        values = run(rng, network, x, fused=turn % 2 == 1, folded=turn >= 2)
        for layer, z in zip(proof.layers, values, strict=True):
            known = np.isfinite(layer.lower)
            assert np.isfinite(z[:, known]).all()
            assert (z[:, known] >= layer.lower[known]).all()
            assert (z[:, known] <= layer.upper[known]).all()
            assert not fires(layer.rule, z[:, layer.proved_dead]).any()
            assert not np.ptp(z[:, layer.proved_constant], axis=0).any()


@pytest.mark.parametrize("part", range(PARTS))
def test_no_order_of_summation_leaves_the_bounds(part):
    dead = decided = 0
    for seed in range(part * NETWORKS // PARTS, (part + 1) * NETWORKS // PARTS):
        rng = np.random.default_rng([21, seed])
        network = random_network(rng)
        steps, targets = network.steps()
        proof = prove(steps, network.inputs, targets)
        dead += sum(int(layer.proved_dead.sum()) for layer in proof.layers)
        decided += sum(int(layer.decided.sum()) for layer in proof.layers)
        require_inside(proof, network, points(rng, network, POINTS), rng)
    # the test means something only where something is proved
    assert dead > 0
    assert decided > dead


def one_layer(weights, bias, lower, upper, function="relu", norm=None):
    weights, bias = np.array(weights, F), np.array(bias, F)
    network = Network([Layer(weights, bias, norm, function)], np.array(lower, F), np.array(upper, F))
    steps, targets = network.steps()
    (layer,) = prove(steps, network.inputs, targets).layers
    return layer


@pytest.mark.parametrize(
    ("weights", "bias", "lower", "upper"),
    [
        # 1e30 + 1 - 1e30 is 0 or 1 by the order; exactly it is 1, less 2
        ([[1e30, 1.0, -1e30]], [-1.0], [1, 1, 1], [1, 1, 1]),
        # x - x is 0 exactly, and x (1 + u) - x is not
        ([[1.0, -1.0]], [-1e-9], [0, 0], [1, 1]),
        ([[0.1, 0.2, -0.3]], [0.0], [1, 1, 1], [1, 1, 1]),
        # products that underflow
        ([[1e-30, -1e-30]], [0.0], [0, 0], [1e-20, 1e-20]),
        ([[np.inf]], [-1.0], [0], [1]),
        ([[np.nan]], [-1.0], [0], [1]),
        ([[1.0]], [np.nan], [-2], [-1]),
        ([[1.0]], [-np.inf], [-2], [-1]),
        # 3e38 + 3e38 overflows on the way, though the sum is small
        ([[3e38, 3e38, -3e38, -3e38]], [-1.0], [1, 1, 1, 1], [1, 1, 1, 1]),
        ([[1.0]], [0.0], [-1], [np.nextafter(F(0), F(1))]),
    ],
)
def test_traps_prove_nothing(weights, bias, lower, upper):
    layer = one_layer(weights, bias, lower, upper)
    assert not layer.proved_dead.any()
    assert not layer.proved_active.any()


@pytest.mark.parametrize(
    ("weights", "bias", "lower", "upper"),
    [
        # the bound is exactly 0, and a unit with z = 0 does not fire
        ([[1.0]], [0.0], [-1], [0]),
        ([[0.0]], [0.0], [-1], [1]),
        ([[0.0]], [-0.0], [-1], [1]),
        # terms of one sign keep it in any order
        ([[-1.0, -3e-39]], [0.0], [0, 0], [1, 1]),
        ([[-1e-45]], [-1e-45], [0], [1]),
        ([[-1.0, 2.0]], [-2.1], [0, 0], [1, 1]),
        ([[0.1, 0.2, -0.3]], [-1e-5], [1, 1, 1], [1, 1, 1]),
    ],
)
def test_units_that_cannot_fire_are_proved_dead(weights, bias, lower, upper):
    assert one_layer(weights, bias, lower, upper).proved_dead.all()


def test_a_unit_at_the_top_of_a_clip_is_dead_and_one_between_is_linear():
    layer = one_layer([[1.0], [1.0], [1.0]], [7.0, 2.0, -1.5], [0], [1], "relu6")
    assert layer.proved_dead.tolist() == [True, False, True]
    assert layer.proved_active.tolist() == [False, True, False]


def test_a_unit_without_weights_is_constant():
    layer = one_layer([[0.0], [1.0]], [0.5, 0.5], [0], [1])
    assert layer.proved_constant.tolist() == [True, False]
    assert layer.lower[0] == layer.upper[0] == 0.5


def test_a_leaky_unit_is_never_dead_and_linear_on_both_sides():
    layer = one_layer([[1.0], [1.0], [1.0]], [-2.0, 2.0, -0.5], [0], [1], "leaky_relu:alpha=0.1")
    assert not layer.proved_dead.any()
    assert layer.proved_active.tolist() == [True, True, False]


def test_gelu_at_rest_is_not_dead_and_far_out_it_is():
    # at -0.75 the slope is 0 and the unit fires one step further on
    assert one_layer([[1e-6]], [-0.7518], [0], [1], "gelu").proved_dead.tolist() == [False]
    assert one_layer([[1.0]], [-30.0], [0], [1], "gelu").proved_dead.tolist() == [True]


def test_a_batch_normalisation_of_almost_no_variance_is_bounded_either_way():
    norm = (*(np.array([v], F) for v in (1.0, -0.5, 0.0, 1e-12)), F(1e-12))
    layer = one_layer([[1e-6, -1e-6]], [0.0], [1, 1], [1, 1], norm=norm)
    assert layer.lower[0] < -0.5 < layer.upper[0]
    assert layer.proved_dead.all()


def test_a_folded_weight_that_overflows_bounds_nothing():
    # 1e30 · 1e-30 is small, and the folded weight 1e30 · 1e9 · 31.6 is inf
    norm = (*(np.array([v], F) for v in (1e9, -5.0, 0.0, 1e-3)), F(1e-12))
    layer = one_layer([[1e30]], [0.0], [0], [1e-42], norm=norm)
    assert layer.unbounded == 1
    assert not layer.proved_dead.any()


def test_dead_units_upstream_make_a_unit_constant():
    first = Layer(np.array([[-1.0]], F), np.array([-1.0], F), None, "relu")
    second = Layer(np.array([[5.0], [5.0]], F), np.array([1.0, -1.0], F), None, "relu")
    network = Network([first, second], np.array([0], F), np.array([1], F))
    steps, targets = network.steps()
    layers = prove(steps, network.inputs, targets).layers
    assert layers[1].proved_constant.tolist() == [True, False]
    assert layers[1].proved_dead.tolist() == [False, True]


def test_linear_bounds_prove_what_intervals_leave_open():
    # z = relu(x) - relu(x) - 0.1 of the same x: intervals see [-1.1, 0.9]
    first = Layer(np.array([[1.0], [1.0]], F), np.array([0.0, 0.0], F), None, "relu")
    second = Layer(np.array([[1.0, -1.0]], F), np.array([-0.6], F), None, "relu")
    network = Network([first, second], np.array([-1], F), np.array([1], F))
    steps, targets = network.steps()
    assert bounds_of(steps, network.inputs).boxes["z1"].upper[0, 0] > 0
    layer = prove(steps, network.inputs, targets).layers[1]
    assert layer.proved_dead.all()
    assert layer.by_lines.all()


def test_every_function_of_the_test_is_known():
    assert {name for name in FUNCTIONS if FUNCTIONS[name][1] is None} == {"sigmoid", "tanh", "gelu"}
