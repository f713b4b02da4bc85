"""Groups of small networks trained at once: multilayer perceptrons of one shape with stacked weights, in NumPy alone.

Members of a group differ in activations, learning rate and seed. One batched matrix product per layer serves them all;
members with the same activations share the kernels. Back-propagation: Rumelhart, Hinton and Williams 1986.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.training.dataset import Dataset
from actcli.analysis.training.hidden_layer import BatchNorm, HiddenLayer, LayerPart
from actcli.analysis.training.initial import draw_weights, usual_init
from actcli.analysis.training.optimizers import TrainedArray
from actcli.analysis.training.plan import TrainingPlan
from actcli.analysis.training.quick_kernels import Kernels, quick_kernels, separate_kernels
from actcli.analysis.training.stack import Stack

Array = NDArray[Any]

SAMPLES_AT_ONCE = 128
"""Samples of all members that are measured together: their intermediate arrays stay in the caches."""
_NOT_WEIGHTS = 1 << 20
"""First seed word of the batches' random generators, beyond those of the layers."""


@dataclass(frozen=True, slots=True)
class Gradients:
    """The loss (P,) of one batch, and the gradients of weights, biases and the gains of batch norm by layer.

    `parameters` has one dictionary for each of `Group.learned`: from a parameter's name to its members' gradients.
    """

    loss: Array
    weights: list[Array]
    biases: list[Array]
    gains: list[Array]
    parameters: list[dict[str, Array]]


class Group:
    """P networks of one shape, trained in step: one batched matrix product per layer serves them all.

    Attributes:
        stacks: the activations of each member; neighbours with the same stack share a part.
        weights: (P, fan_in, fan_out) per layer.
        biases: (P, 1, fan_out) per layer.
        norms: the batch normalisation of each hidden layer; empty without it.
        activations: of the hidden layers.
        frozen: (P,): whether a member has diverged, and learns no more.

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
        with np.errstate(over="ignore"):  # a rate beyond float32 is inf, by which the networks diverge
            self.rates = np.asarray(rates, plan.dtype)[:, None, None]
        self.parts = _runs(self.stacks)
        widths = (data.features, *plan.hidden, data.outputs)
        self.weights: list[Array] = []
        self.biases: list[Array] = []
        for layer, (fan_in, fan_out) in enumerate(pairwise(widths)):
            draws = [
                draw_weights(
                    # data have no function of their own: the first layer is drawn as the second
                    usual_init(stack.at(max(layer - 1, 0))) if plan.init == "usual" else plan.init,
                    fan_in,
                    fan_out,
                    stack.at(layer - 1) if layer else None,
                    seed,
                    layer,
                )
                for stack, seed in zip(self.stacks, seeds, strict=True)
            ]
            self.weights.append(np.stack(draws, dtype=plan.dtype, casting="same_kind"))
            self.biases.append(np.zeros((len(seeds), 1, fan_out), plan.dtype))
        kernels: dict[str, Kernels] = {}
        self.activations = [
            HiddenLayer(self._layer_parts(layer, kernels)) for layer in range(len(plan.hidden))
        ]
        self.norms = [BatchNorm(self.size, width, plan.dtype) for width in plan.hidden if plan.batch_norm]
        if self.norms:
            # averages for the measurement before training
            self._forward_training(data.train_x[None, : max(plan.batch, SAMPLES_AT_ONCE)])
        self.frozen = np.zeros(len(seeds), np.bool_)
        self.steps, self.steps_per_epoch = 0, -(-len(data.train_y) // plan.batch)
        everyone = slice(0, len(seeds))
        self.trained = [
            *(TrainedArray.of(weights, everyone, plan, decays=True) for weights in self.weights),
            *(TrainedArray.of(biases, everyone, plan, decays=False) for biases in self.biases),
        ]
        for norm in self.norms:
            self.trained.append(TrainedArray.of(norm.gains, everyone, plan, decays=False))
        for part in self._all_parts:
            for values in part.learned.values():
                one = TrainedArray.of(values[:, None, None], part.members, plan, decays=False)
                self.trained.append(one)

    def _layer_parts(self, layer: int, kernels: dict[str, Kernels]) -> list[LayerPart]:
        """Return the parts of a hidden layer; `kernels` holds those of the functions so far, by specification."""
        parts = []
        for own in self.parts:
            f = self.stacks[own.start].at(layer)
            if f.spec not in kernels:
                quick = self.plan.dtype == "float32"
                kernels[f.spec] = quick_kernels(f) if quick else separate_kernels(*f.kernels)
            parts.append(LayerPart(f, kernels[f.spec], self.plan, own))
        return parts

    @property
    def size(self) -> int:
        """The number P of members."""
        return len(self.seeds)

    @property
    def _all_parts(self) -> "list[LayerPart]":
        return [part for layer in self.activations for part in layer.parts]

    @property
    def learned(self) -> list[dict[str, Array]]:
        """The trained parameters, layer by layer and within a layer part by part."""
        return [part.learned for part in self._all_parts]

    def learned_by(self, member: int) -> list[dict[str, float]]:
        """Return the trained parameters of one member, layer by layer."""
        return [layer.part_of(member).learned_by(member) for layer in self.activations]

    def own_seconds(self) -> Array:
        """Return the time (P,) of each member's activations since the last call."""
        seconds = np.zeros(self.size)
        for part in self._all_parts:
            seconds[part.members] += part.seconds / part.size
            part.seconds = 0.0
        return seconds

    def forward(self, x: Array, *, keeps: bool = True) -> tuple[list[Array], list[Array], Array]:
        """Return preactivations and activations of each hidden layer, and the outputs (P, B, k), as in inference.

        x: (P, B, features), or (1, B, features) for all members. keeps: whether there is more than the outputs to
        return; without, the arrays of a layer serve the next.
        """
        inputs, preactivations, activations = x, [], []
        for layer, activation in enumerate(self.activations):
            z = _affine(inputs, *self.folded(layer))
            h = activation.value(z, None if keeps else z)
            if keeps:
                preactivations.append(z)
                activations.append(h)
            inputs = inputs + h if self.plan.skips(layer) else h
        return preactivations, activations, _affine(inputs, self.weights[-1], self.biases[-1])

    def folded(self, layer: int, members: slice = slice(None)) -> tuple[Array, Array]:
        """Return a layer's weights and biases in inference, with batch normalisation folded in."""
        weights, biases = self.weights[layer][members], self.biases[layer][members]
        return (
            self.norms[layer].fold(weights, biases, members) if layer < len(self.norms) else (weights, biases)
        )

    def gradients(self, x: Array, y: Array) -> Gradients:
        """Return the gradients of a batch's mean loss: x (P, B, features); y (P, B) classes or (P, B, k) numbers."""
        inputs, preactivations, slopes = self._forward_training(x)
        layers = len(slopes)
        loss, error = self.data.loss_and_error(_affine(inputs[-1], self.weights[-1], self.biases[-1]), y)
        ones = np.ones((1, 1, error.shape[1]), error.dtype)
        weights: list[Array] = []
        biases: list[Array] = []
        gains: list[Array] = []
        parameters: list[dict[str, Array]] = []
        for layer in range(layers, -1, -1):
            around = error.copy() if layer < layers and self.plan.skips(layer) else None
            if layer < layers:
                activation = self.activations[layer]
                parameters = [*activation.by_parameters(preactivations[layer], error), *parameters]
                activation.through(error, slopes[layer])
            # the sum over the batch, in a third of the time of sum()
            biases.append(np.matmul(ones, error))
            if layer < len(self.norms):
                gain, error = self.norms[layer].backward(error)
                gains.append(gain)
            weights.append(np.matmul(inputs[layer].transpose(0, 2, 1), error))
            if layer:
                # a product with a transposed second factor takes twice as long
                error = np.matmul(error, np.ascontiguousarray(self.weights[layer].transpose(0, 2, 1)))
            if around is not None:
                error += around
        return Gradients(loss, weights[::-1], biases[::-1], gains[::-1], parameters)

    def _forward_training(self, x: Array) -> tuple[list[Array], list[Array], list[list[Array]]]:
        """Return the inputs of all layers, and preactivations and slopes of the hidden ones, as in training.

        Where no parameter of a layer is trained, nobody needs its preactivations, and its activations overwrite them.
        """
        inputs, preactivations, slopes = [x], [], []
        for layer, activation in enumerate(self.activations):
            z: Array = np.matmul(inputs[-1], self.weights[layer])
            if self.norms:
                z = self.norms[layer].forward(z)
            z += self.biases[layer]
            h, slope = activation.both(z)
            inputs.append(inputs[-1] + h if self.plan.skips(layer) else h)
            preactivations.append(z)
            slopes.append(slope)
        return inputs, preactivations, slopes

    def step(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Take one step of the optimizer on a batch.

        Returns the loss (P,) before it, and the squared norms (P, layers) of the weights' gradients, without decay.
        """
        batch = self.gradients(x, y)
        squares = np.stack([_square_norm(gradient) for gradient in batch.weights], axis=1)
        rates: Array = self.rates * self.plan.rate_factor(self.steps, self.steps_per_epoch)
        self.steps += 1
        gradients = [*batch.weights, *batch.biases, *batch.gains]
        gradients += [of[:, None, None] for by_name in batch.parameters for of in by_name.values()]
        for one, gradient in zip(self.trained, gradients, strict=True):
            one.move(gradient, rates[one.members], self.steps, self.plan)
        for part in self._all_parts:
            part.keep_in_bounds()
        return batch.loss, squares

    def batches(self, epoch: int) -> list[NDArray[np.intp]]:
        """Return the sample indices (P, B) of each step; the order depends on the seed alone."""
        count = len(self.data.train_y)
        orders = {
            seed: np.random.default_rng((seed, _NOT_WEIGHTS, epoch)).permutation(count)
            for seed in dict.fromkeys(self.seeds)
        }
        order = np.stack([orders[seed] for seed in self.seeds])
        return [order[:, start : start + self.plan.batch] for start in range(0, count, self.plan.batch)]

    def freeze_diverged(self, loss: Array) -> None:
        """Freeze the members whose loss or weights stopped being finite, and set their weights to 0."""
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
        for norm in self.norms:
            norm.restore(self.frozen)
        for part in self._all_parts:
            part.restore(self.frozen[part.members])


def _runs(stacks: Sequence[Stack]) -> tuple[slice, ...]:
    """Return the slices of neighbours with the same stack."""
    starts = [place for place, one in enumerate(stacks) if not place or one.spec != stacks[place - 1].spec]
    return tuple(slice(start, stop) for start, stop in pairwise([*starts, len(stacks)]))


def _affine(h: Array, weights: Array, biases: Array) -> Array:
    z: Array = np.matmul(h, weights)
    z += biases
    return z


def _square_norm(gradient: Array) -> Array:
    """Return the squared norms (P,) of gradients (P, fan_in, fan_out)."""
    row = gradient.reshape(len(gradient), 1, -1)
    squares: Array = np.matmul(row, row.transpose(0, 2, 1))
    return squares[:, 0, 0]
