"""Many small networks trained at once: multilayer perceptrons of one shape, their weights stacked, NumPy alone.

Members of a group differ in activations, learning rate and seed. One batched matrix product a layer serves them all;
those with the same activations share its kernels. Back-propagation: Rumelhart, Hinton and Williams 1986.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.training.dataset import Dataset
from actcli.analysis.training.hidden_layer import HiddenLayer, LayerPart
from actcli.analysis.training.initial import draw_weights
from actcli.analysis.training.plan import TrainingPlan
from actcli.analysis.training.stack import Stack

Array = NDArray[Any]

MOMENTUM = 0.9
BETAS = (0.9, 0.999)
EPSILON = 1e-8
_NOT_WEIGHTS = 1 << 20
"""Where the numbers of the batches' generators begin, away from those of the layers."""


@dataclass(frozen=True, slots=True)
class Gradients:
    """What one batch says: the loss (P,), and for each layer the gradients of weights, biases and parameters.

    `parameters` has a dictionary for each one of `Group.learned`: the name to the gradients of its members.
    """

    loss: Array
    weights: list[Array]
    biases: list[Array]
    parameters: list[dict[str, Array]]


@dataclass(frozen=True, slots=True)
class _Trained:
    """An array that is trained, its first axis the members it belongs to; the optimizer's memory of it."""

    value: Array
    members: slice
    decays: bool
    moments: tuple[Array, ...]


class Group:
    """P networks of one shape, trained in step: one batched matrix product a layer serves them all.

    Attributes:
        stacks: the activations of each; neighbours with the same are served together.
        weights: (P, fan_in, fan_out) a layer.
        biases: (P, 1, fan_out) a layer.
        activations: of the hidden layers.
        frozen: (P,): has diverged, and learns no more.

    """

    def __init__(
        self,
        stacks: Sequence[Stack],
        rates: Sequence[float],
        seeds: Sequence[int],
        plan: TrainingPlan,
        data: Dataset,
    ) -> None:
        self.stacks, self.plan, self.data = tuple(stacks), plan, data
        self.seeds = tuple(seeds)
        self.rates = np.asarray(rates, plan.dtype)[:, None, None]
        self.parts = _runs(self.stacks)
        widths = (data.features, *plan.hidden, data.outputs)
        self.weights: list[Array] = []
        self.biases: list[Array] = []
        for layer, (fan_in, fan_out) in enumerate(pairwise(widths)):
            draws = [
                draw_weights(plan.init, fan_in, fan_out, stack.at(layer - 1) if layer else None, seed, layer)
                for stack, seed in zip(self.stacks, seeds, strict=True)
            ]
            self.weights.append(np.stack(draws, dtype=plan.dtype, casting="same_kind"))
            self.biases.append(np.zeros((len(seeds), 1, fan_out), plan.dtype))
        self.activations = [
            HiddenLayer([LayerPart(self.stacks[own.start].at(layer), plan, own) for own in self.parts])
            for layer in range(len(plan.hidden))
        ]
        self.frozen = np.zeros(len(seeds), np.bool_)
        self.steps = 0
        everyone = slice(0, len(seeds))
        self.trained = [
            *(self._trained(weights, everyone, decays=True) for weights in self.weights),
            *(self._trained(biases, everyone, decays=False) for biases in self.biases),
        ]
        for part in self._all_parts:
            for values in part.learned.values():
                self.trained.append(self._trained(values[:, None, None], part.members, decays=False))

    def _trained(self, value: Array, members: slice, *, decays: bool) -> _Trained:
        count = {"sgd": 0, "momentum": 1, "adam": 2}[self.plan.optimizer]
        return _Trained(value, members, decays, tuple(np.zeros_like(value) for _ in range(count)))

    @property
    def size(self) -> int:
        """P."""
        return len(self.seeds)

    @property
    def _all_parts(self) -> "list[LayerPart]":
        return [part for layer in self.activations for part in layer.parts]

    @property
    def learned(self) -> list[dict[str, Array]]:
        """The trained parameters, layer by layer, and in a layer part by part: those with the same activations."""
        return [part.learned for part in self._all_parts]

    def learned_by(self, member: int) -> list[dict[str, float]]:
        """The trained parameters of one network, layer by layer."""
        return [layer.part_of(member).learned_by(member) for layer in self.activations]

    def own_seconds(self) -> Array:
        """(P,): what the activations of each network took since this was last asked for."""
        found = np.zeros(self.size)
        for part in self._all_parts:
            found[part.members] += part.seconds / part.size
            part.seconds = 0.0
        return found

    def forward(self, x: Array) -> tuple[list[Array], list[Array], Array]:
        """(P, B, features), or (1, B, features) for all: inputs of each layer, preactivations, outputs (P, B, k)."""
        inputs, preactivations = [x], []
        for layer, activation in enumerate(self.activations):
            z = self._affine(layer, inputs[-1])
            preactivations.append(z)
            inputs.append(activation.value(z))
        return inputs, preactivations, self._affine(len(self.activations), inputs[-1])

    def _affine(self, layer: int, h: Array) -> Array:
        z: Array = np.matmul(h, self.weights[layer])
        z += self.biases[layer]
        return z

    def gradients(self, x: Array, y: Array) -> Gradients:
        """Of the mean loss over a batch: x (P, B, features); y (P, B) classes, or (P, B, k) numbers."""
        h = x
        inputs, preactivations, slopes = [x], [], []
        for layer, activation in enumerate(self.activations):
            z = self._affine(layer, h)
            h, slope = activation.both(z)
            inputs.append(h)
            preactivations.append(z)
            slopes.append(slope)
        loss, error = self.data.loss_and_error(self._affine(len(slopes), h), y)
        ones = np.ones((1, 1, error.shape[1]), error.dtype)
        weights: list[Array] = []
        biases: list[Array] = []
        parameters: list[dict[str, Array]] = []
        for layer in range(len(self.weights) - 1, -1, -1):
            weights.append(np.matmul(inputs[layer].transpose(0, 2, 1), error))
            # the sum over the batch, a third of the time of sum()
            biases.append(np.matmul(ones, error))
            if layer:
                # a product with a transposed second factor takes twice as long
                error = np.matmul(error, np.ascontiguousarray(self.weights[layer].transpose(0, 2, 1)))
                activation = self.activations[layer - 1]
                parameters = [*activation.by_parameters(preactivations[layer - 1], error), *parameters]
                activation.through(error, slopes[layer - 1])
        return Gradients(loss, weights[::-1], biases[::-1], parameters)

    def step(self, x: Array, y: Array) -> tuple[Array, Array]:
        """One step of the optimizer along a batch's gradients.

        Returns the loss (P,) before it, and the squared norms (P, layers) of the weights' gradients, without decay.
        """
        found = self.gradients(x, y)
        squares = np.stack([_square_norm(gradient) for gradient in found.weights], axis=1)
        self.steps += 1
        gradients = [*found.weights, *found.biases]
        gradients += [of[:, None, None] for by_name in found.parameters for of in by_name.values()]
        for one, gradient in zip(self.trained, gradients, strict=True):
            if self.plan.decay and one.decays:
                np.add(gradient, self.plan.decay * one.value, out=gradient)
            np.subtract(one.value, self._direction(one, gradient), out=one.value)
        for part in self._all_parts:
            part.keep_in_bounds()
        return found.loss, squares

    def _direction(self, one: _Trained, gradient: Array) -> Array:
        """What is subtracted from a trained array; the gradient's memory is used for it."""
        rates: Array = self.rates[one.members]
        if self.plan.optimizer == "sgd":
            return np.multiply(rates, gradient, out=gradient)
        if self.plan.optimizer == "momentum":
            (velocity,) = one.moments
            velocity *= MOMENTUM
            velocity += gradient
            return np.multiply(rates, velocity, out=gradient)
        first, second = one.moments
        first *= BETAS[0]
        first += (1 - BETAS[0]) * gradient
        second *= BETAS[1]
        np.square(gradient, out=gradient)
        gradient *= 1 - BETAS[1]
        second += gradient
        np.divide(second, 1 - BETAS[1] ** self.steps, out=gradient)
        np.sqrt(gradient, out=gradient)
        gradient += EPSILON
        np.divide(first, gradient, out=gradient)
        gradient *= rates / (1 - BETAS[0] ** self.steps)
        return gradient

    def batches(self, epoch: int) -> list[NDArray[np.intp]]:
        """The places of the samples of each step, (P, B): each seed has its own order, whatever the activation."""
        count = len(self.data.train_y)
        order = np.stack(
            [np.random.default_rng((seed, _NOT_WEIGHTS, epoch)).permutation(count) for seed in self.seeds]
        )
        return [order[:, start : start + self.plan.batch] for start in range(0, count, self.plan.batch)]

    def freeze_diverged(self, loss: Array) -> None:
        """Stop the members whose loss or weights are no longer finite: from now on their weights are 0."""
        finite = np.isfinite(loss)
        for array in (*self.weights, *self.biases):
            finite &= np.isfinite(array).all(axis=(1, 2))
        self.frozen |= ~finite
        if not self.frozen.any():
            return
        for one in self.trained:
            for array in (one.value, *one.moments):
                array[self.frozen[one.members]] = 0
        self.rates[self.frozen] = 0
        for part in self._all_parts:
            part.restore(self.frozen[part.members])


def _runs(stacks: Sequence[Stack]) -> tuple[slice, ...]:
    """Where neighbours with the same stack begin and end."""
    starts = [place for place, one in enumerate(stacks) if not place or one.spec != stacks[place - 1].spec]
    return tuple(slice(start, stop) for start, stop in pairwise([*starts, len(stacks)]))


def _square_norm(gradient: Array) -> Array:
    """(P,) of (P, fan_in, fan_out)."""
    row = gradient.reshape(len(gradient), 1, -1)
    found: Array = np.matmul(row, row.transpose(0, 2, 1))
    return found[:, 0, 0]
