"""Small random networks, and float32 runs of them in orders of summation that are chosen to break proofs."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from actcli.activations import activation
from actcli.analysis.deadness.firing_rule import firing_rule
from actcli.analysis.proof.activation_step import Apply
from actcli.analysis.proof.box import make_box
from actcli.analysis.proof.kernels import Dense
from actcli.analysis.proof.linear import ChannelScale, Linear
from actcli.analysis.proof.network import Placed
from actcli.analysis.proof.piecewise import RELU, clip, leaky
from actcli.analysis.proof.prove import ProofTarget
from actcli.analysis.proof.smooth import Smooth

F = np.float32
FUNCTIONS = {
    "relu": (RELU, lambda z: np.maximum(z, F(0))),
    "leaky_relu:alpha=0.1": (leaky(float(F(0.1))), lambda z: np.where(z < 0, F(0.1) * z, z)),
    "relu6": (clip(0.0, 6.0), lambda z: np.clip(z, F(0), F(6))),
    "hard_tanh": (clip(-1.0, 1.0), lambda z: np.clip(z, F(-1), F(1))),
    "sigmoid": (Smooth("sigmoid"), None),
    "tanh": (Smooth("tanh"), None),
    "gelu": (Smooth("gelu"), None),
}


@dataclass
class Layer:
    weights: np.ndarray
    bias: np.ndarray
    norm: tuple | None
    function: str


@dataclass
class Network:
    layers: list[Layer]
    lower: np.ndarray
    upper: np.ndarray

    @property
    def inputs(self):
        return {"x": make_box(self.lower[np.newaxis].astype(float), self.upper[np.newaxis].astype(float))}

    def steps(self):
        """The network for a proof: steps and targets."""
        steps, targets, source, shape = [], [], "x", (1, self.lower.size)
        for i, layer in enumerate(self.layers):
            linear = Linear.of(
                Dense(shape, len(layer.bias)), layer.weights.astype(float), layer.bias.astype(float)
            )
            if layer.norm is not None:
                *parts, epsilon = layer.norm
                linear = linear.folded(
                    ChannelScale.normalization(*(p.astype(float) for p in parts), float(epsilon))
                )
            steps.append(Placed(f"z{i}", (source,), linear))
            steps.append(Placed(f"h{i}", (f"z{i}",), Apply(FUNCTIONS[layer.function][0])))
            targets.append(ProofTarget(f"layer {i}", rule_of(layer.function), len(layer.bias), f"z{i}", 1))
            source, shape = f"h{i}", (1, len(layer.bias))
        return steps, targets


@cache
def rule_of(function):
    return firing_rule(activation(function), "pre")


def random_network(rng):
    """A network of one to three layers whose numbers are tame, huge, tiny, cancelling or subnormal."""
    inputs = int(rng.integers(1, 7))
    layers, width = [], inputs
    for _ in range(int(rng.integers(1, 4))):
        units = int(rng.integers(1, 7))
        weights = _numbers(rng, (units, width))
        bias = _numbers(rng, (units,))
        if rng.random() < 0.3:
            bias = _near_cancelling(rng, weights, bias)
        norm = None
        if rng.random() < 0.3:
            variance = np.abs(_numbers(rng, (units,)))
            norm = (
                _numbers(rng, (units,)),
                _numbers(rng, (units,)),
                _numbers(rng, (units,)),
                variance,
                F(1e-5),
            )
        layers.append(Layer(weights, bias, norm, str(rng.choice(list(FUNCTIONS)))))
        width = units
    center = _numbers(rng, (inputs,))
    half = np.abs(_numbers(rng, (inputs,))) * F(rng.choice([0.0, 1e-6, 0.1, 1.0]))
    with np.errstate(over="ignore"):
        lower, upper = center - half, center + half
    ok = np.isfinite(lower) & np.isfinite(upper)
    return Network(layers, np.where(ok, lower, F(-1)), np.where(ok, upper, F(1)))


def _numbers(rng, shape):
    kind = rng.choice(["tame", "mixed", "huge", "tiny", "whole"], p=[0.5, 0.2, 0.1, 0.1, 0.1])
    tame = rng.standard_normal(shape)
    if kind == "mixed":
        tame = tame * 10.0 ** rng.integers(-8, 9, shape)
    if kind == "huge":
        tame = tame * 10.0 ** rng.integers(0, 38, shape)
    if kind == "tiny":
        tame = tame * 10.0 ** -rng.integers(30, 45, shape).astype(float)
    if kind == "whole":
        tame = rng.integers(-2, 3, shape).astype(float)
    with np.errstate(over="ignore"):
        return np.clip(tame, -3e38, 3e38).astype(F)


def _near_cancelling(rng, weights, bias):
    """A bias that nearly cancels the sum of the weights: what is left is rounding."""
    sums = weights.astype(float).sum(axis=1)
    near = np.nextafter(F(-sums.clip(-3e38, 3e38)), F(rng.choice([-np.inf, np.inf])))
    return np.where(np.isfinite(near), near, bias).astype(F)


def points(rng, network, count):
    """Random points, corners, and the corners that the weights of each unit of the first layer point to."""
    low, high = network.lower, network.upper
    inside = (low + rng.random((count, low.size)) * (high.astype(float) - low)).astype(F)
    corners = np.where(rng.random((count, low.size)) < 0.5, low, high)
    first = network.layers[0].weights
    chosen = np.concatenate([np.where(first > 0, high, low), np.where(first > 0, low, high)])
    return np.clip(np.concatenate([inside, corners, chosen]), low, high)


def run(rng, network, x, *, fused, folded):
    """z of each layer for some points, in float32, with a new order of summation in each layer."""
    found, h = [], x
    with np.errstate(all="ignore"):
        for layer in network.layers:
            weights, bias = layer.weights, layer.bias
            if layer.norm is not None and folded:
                gain, shift, mean, variance, epsilon = layer.norm
                scale = gain / np.sqrt(variance + epsilon)
                weights, bias = weights * scale[:, np.newaxis], (bias - mean) * scale + shift
            z = _dot(rng, h, weights, bias, fused=fused)
            if layer.norm is not None and not folded:
                z = _normalise(rng, z, layer.norm)
            found.append(z)
            h = _function(rng, layer.function, z)
    return found


def _normalise(rng, z, norm):
    gain, shift, mean, variance, epsilon = norm
    if rng.random() < 0.5:
        return (z - mean) / np.sqrt(variance + epsilon) * gain + shift
    scale = gain / np.sqrt(variance + epsilon)
    return z * scale + (shift - mean * scale)


def _dot(rng, x, weights, bias, *, fused):
    terms = x.shape[1]
    first = rng.random() < 0.5  # the bias comes first or last
    order = _order(rng, x, weights)
    if rng.random() < 0.3 and not fused:
        return _tree(rng, x, weights, bias, order)
    total = np.broadcast_to(bias, (len(x), len(bias))) if first else np.zeros((len(x), len(bias)), F)
    for i in order[:terms]:
        if fused:
            exact = x[:, i, np.newaxis].astype(float) * weights[np.newaxis, :, i].astype(float)
            total = (exact + total).astype(F)
        else:
            total = total + x[:, i, np.newaxis] * weights[np.newaxis, :, i]
    return total if first else total + bias


def _tree(rng, x, weights, bias, order):
    parts = [x[:, i, np.newaxis] * weights[np.newaxis, :, i] for i in order]
    parts.insert(int(rng.integers(0, len(parts) + 1)), np.broadcast_to(bias, parts[0].shape))
    while len(parts) > 1:
        parts = [sum(parts[i : i + 2][1:], parts[i]) for i in range(0, len(parts), 2)]
    return parts[0]


def _order(rng, x, weights):
    size = np.abs(x).max(axis=0, initial=0).astype(float) * np.abs(weights).max(axis=0, initial=0)
    by_size = np.argsort(size)
    kind = rng.integers(0, 4)
    if kind == 0:
        return np.arange(x.shape[1])
    if kind == 1:
        return by_size
    return by_size[::-1] if kind == 2 else rng.permutation(x.shape[1])


def _function(rng, name, z):
    exact = FUNCTIONS[name][1]
    if exact is not None:
        return exact(z)
    h = activation(name)(z.astype(float)).astype(F)
    ulps = F(rng.integers(-3, 4))
    return h + ulps * np.spacing(np.abs(h))
