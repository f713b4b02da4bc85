"""Many small networks trained at once: multilayer perceptrons of one shape, their weights stacked, NumPy alone.

Members of a population differ in activations, learning rate and seed; those with the same activations are a group,
and one batched matrix product a layer serves the whole group. Back-propagation: Rumelhart, Hinton and Williams 1986.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation
from actcli.activations.definition import Kernel, Parameter
from actcli.analysis.dataset import Dataset
from actcli.analysis.initial import Init, drawn_weights
from actcli.analysis.quick_kernels import quick_kernels, separate_kernels
from actcli.analysis.stack import Stack
from actcli.exits import UsageError

Array = NDArray[Any]
Optimizer = Literal["sgd", "momentum", "adam"]
OPTIMIZERS: tuple[Optimizer, ...] = get_args(Optimizer)

MOMENTUM = 0.9
BETAS = (0.9, 0.999)
EPSILON = 1e-8
_NOT_WEIGHTS = 1 << 20
"""Where the numbers of the batches' generators begin, away from those of the layers."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What all members of a population share.

    Attributes:
        hidden: the widths of the hidden layers.
        epochs, batch: passes over the training set, samples a step.
        optimizer: sgd, momentum (0.9; Polyak 1964) or adam (Kingma and Ba 2015, its usual constants).
        decay: L2 penalty: decay·w is added to the gradient of a weight.
        init: of the weights; biases start at 0.
        learn: parameters of the activations that are trained with the weights, by our names.
        dtype: float32, or float64 for tests.

    """

    hidden: tuple[int, ...] = (64, 64)
    epochs: int = 20
    batch: int = 32
    optimizer: Optimizer = "sgd"
    decay: float = 0.0
    init: Init = "he"
    learn: tuple[str, ...] = ()
    dtype: Literal["float32", "float64"] = "float32"


@dataclass(frozen=True, slots=True)
class Gradients:
    """What one batch says: the loss (P,), and for each layer the gradients of weights, biases and parameters.

    `parameters` has one dictionary a hidden layer: the name to (P,).
    """

    loss: Array
    weights: list[Array]
    biases: list[Array]
    parameters: list[dict[str, Array]]


class Group:
    """P networks with the same activations in the same layers, trained in step.

    Attributes:
        weights: (P, fan_in, fan_out) a layer.
        biases: (P, 1, fan_out) a layer.
        learned: for each hidden layer the trained parameters of its activation, (P,) each.
        frozen: (P,): has diverged, and learns no more.

    """

    def __init__(
        self, stack: Stack, rates: Sequence[float], seeds: Sequence[int], plan: Plan, data: Dataset
    ) -> None:
        self.stack, self.plan, self.data = stack, plan, data
        self.seeds = tuple(seeds)
        self.rates = np.asarray(rates, plan.dtype)[:, None, None]
        widths = (data.features, *plan.hidden, data.outputs)
        self.weights: list[Array] = []
        self.biases: list[Array] = []
        for layer, (fan_in, fan_out) in enumerate(pairwise(widths)):
            before = stack.at(layer - 1) if layer else None
            draws = [drawn_weights(plan.init, fan_in, fan_out, before, seed, layer) for seed in seeds]
            self.weights.append(np.stack(draws).astype(plan.dtype))
            self.biases.append(np.zeros((len(seeds), 1, fan_out), plan.dtype))
        self.activations = [_Layer(stack.at(layer), plan, len(seeds)) for layer in range(len(plan.hidden))]
        self.frozen = np.zeros(len(seeds), np.bool_)
        self.moments: list[Array] = []
        self.steps = 0

    @property
    def size(self) -> int:
        """P."""
        return len(self.seeds)

    @property
    def learned(self) -> list[dict[str, Array]]:
        """The trained parameters of each hidden layer."""
        return [layer.learned for layer in self.activations]

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
                parameters.append(self.activations[layer - 1].by_parameters(preactivations[layer - 1], error))
                error *= slopes[layer - 1]
        return Gradients(loss, weights[::-1], biases[::-1], parameters[::-1])

    def step(self, x: Array, y: Array) -> tuple[Array, Array]:
        """One step of the optimizer along a batch's gradients.

        Returns the loss (P,) before it, and the squared norms (P, layers) of the weights' gradients, without decay.
        """
        found = self.gradients(x, y)
        squares = np.stack([_square_norm(gradient) for gradient in found.weights], axis=1)
        self.steps += 1
        values = [*self.weights, *self.biases]
        gradients = [*found.weights, *found.biases]
        for layer, by_name in zip(self.activations, found.parameters, strict=True):
            values += [layer.learned[name][:, None, None] for name in by_name]
            gradients += [gradient[:, None, None] for gradient in by_name.values()]
        for place, (value, gradient) in enumerate(zip(values, gradients, strict=True)):
            if self.plan.decay and place < len(self.weights):
                np.add(gradient, self.plan.decay * value, out=gradient)
            np.subtract(value, self._direction(place, gradient), out=value)
        for layer in self.activations:
            layer.keep_in_bounds()
        return found.loss, squares

    def _direction(self, place: int, gradient: Array) -> Array:
        """What is subtracted from the value with this number."""
        rates: Array = self.rates
        if self.plan.optimizer == "sgd":
            return np.multiply(rates, gradient, out=gradient)
        adam = self.plan.optimizer == "adam"
        while len(self.moments) <= (place * 2 + 1 if adam else place):
            self.moments.append(np.zeros_like(gradient))
        if not adam:
            velocity = self.moments[place]
            velocity *= MOMENTUM
            velocity += gradient
            return rates * velocity
        first, second = self.moments[2 * place], self.moments[2 * place + 1]
        first *= BETAS[0]
        first += (1 - BETAS[0]) * gradient
        second *= BETAS[1]
        second += (1 - BETAS[1]) * np.square(gradient)
        size = np.sqrt(second / (1 - BETAS[1] ** self.steps))
        size += EPSILON
        return rates * (first / size / (1 - BETAS[0] ** self.steps))

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
        for array in (*self.weights, *self.biases, *self.moments):
            array[self.frozen] = 0
        self.rates[self.frozen] = 0
        for layer in self.activations:
            layer.restore(self.frozen)


class _Layer:
    """The activation of one hidden layer for all members of a group, with its trained parameters."""

    def __init__(self, f: Activation, plan: Plan, members: int) -> None:
        self.f = f
        self.bounds = learned_parameters(f, plan.learn)
        self.learned = {one.name: np.full(members, f.parameters[one.name], plan.dtype) for one in self.bounds}
        self.kernels = quick_kernels(f) if plan.dtype == "float32" else separate_kernels(*f.kernels)

    def value(self, z: Array) -> Array:
        """φ(z) for z (P, B, width)."""
        return self._each(z, 0) if self.learned else np.asarray(self.kernels.value(z), z.dtype)

    def both(self, z: Array) -> tuple[Array, Array]:
        """φ(z) and φ'(z); a slope may be bool."""
        if self.learned:
            return self._each(z, 0), self._each(z, 1)
        h, slope = self.kernels.both(z)
        return np.asarray(h, z.dtype), slope if slope.dtype == np.bool_ else np.asarray(slope, z.dtype)

    def by_parameters(self, z: Array, error: Array) -> dict[str, Array]:
        """The gradients (P,) of the trained parameters, where `error` is that of φ(z)."""
        found = {}
        for name in self.learned:
            kernel = self.f.definition.by_parameter[name]
            found[name] = np.array(
                [np.vdot(kernel(z[i], **self._parameters(i)), error[i]) for i in range(len(z))], z.dtype
            )
        return found

    def keep_in_bounds(self) -> None:
        """Put trained parameters back to where the formula takes them: the nearest allowed number of their type."""
        for one in self.bounds:
            values = self.learned[one.name]
            low = values.dtype.type(one.low)
            np.clip(values, np.nextafter(low, 1) if one.open_low else low, one.high, out=values)

    def restore(self, members: NDArray[np.bool_]) -> None:
        """Set the parameters of these members to where they began."""
        for name, values in self.learned.items():
            values[members] = self.f.parameters[name]

    def _parameters(self, member: int) -> dict[str, float]:
        own = {name: float(values[member]) for name, values in self.learned.items()}
        return {**self.f.parameters, **own}

    def _each(self, z: Array, order: int) -> Array:
        return np.stack([self._kernels(i)[order](z[i]) for i in range(len(z))]).astype(z.dtype, copy=False)

    def _kernels(self, member: int) -> tuple[Kernel, Kernel]:
        """With the member's own parameters: they move the kinks too."""
        return replace(self.f, parameters=self._parameters(member)).kernels


def _square_norm(gradient: Array) -> Array:
    """(P,) of (P, fan_in, fan_out)."""
    row = gradient.reshape(len(gradient), 1, -1)
    found: Array = np.matmul(row, row.transpose(0, 2, 1))
    return found[:, 0, 0]


def learned_parameters(f: Activation, names: Sequence[str]) -> tuple[Parameter, ...]:
    """The parameters of f that are trained, of those whose names are given; a name that f does not have is left out.

    The names may be those of f's framework. Raises UsageError for a parameter that only takes whole numbers, or
    has no derivative.
    """
    found: list[Parameter] = []
    for name in names:
        try:
            own = f.resolve_parameter(name)
        except UsageError:
            continue
        parameter = next(one for one in f.definition.parameters if one.name == own)
        if parameter.whole or own not in f.definition.by_parameter:
            raise UsageError(f"--learn {name}: {f.spec} has no derivative by it, so it cannot be trained")
        found += [] if parameter in found else [parameter]
    return tuple(found)
