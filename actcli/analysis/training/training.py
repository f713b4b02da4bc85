"""Many small networks trained at once: multilayer perceptrons of one shape, their weights stacked, NumPy alone.

Members of a group differ in activations, learning rate and seed. One batched matrix product a layer serves them all;
those with the same activations share its kernels. Back-propagation: Rumelhart, Hinton and Williams 1986.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation
from actcli.activations.definition import Kernel, Parameter
from actcli.analysis.training.dataset import Dataset
from actcli.analysis.training.initial import Init, drawn_weights
from actcli.analysis.training.quick_kernels import quick_kernels, separate_kernels
from actcli.analysis.training.stack import Stack
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
        self, stacks: Sequence[Stack], rates: Sequence[float], seeds: Sequence[int], plan: Plan, data: Dataset
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
                drawn_weights(plan.init, fan_in, fan_out, stack.at(layer - 1) if layer else None, seed, layer)
                for stack, seed in zip(self.stacks, seeds, strict=True)
            ]
            self.weights.append(np.stack(draws, dtype=plan.dtype, casting="same_kind"))
            self.biases.append(np.zeros((len(seeds), 1, fan_out), plan.dtype))
        self.activations = [
            _Layer([_Part(self.stacks[own.start].at(layer), plan, own) for own in self.parts])
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
    def _all_parts(self) -> "list[_Part]":
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


class _Layer:
    """The activations of one hidden layer: those of the members that have the same, part by part."""

    def __init__(self, parts: "list[_Part]") -> None:
        self.parts = parts

    def part_of(self, member: int) -> "_Part":
        """The one that a member belongs to."""
        return next(part for part in self.parts if member < part.members.stop)

    def value(self, z: Array) -> Array:
        """φ(z) for z (P, B, width)."""
        if len(self.parts) == 1:
            return self.parts[0].value(z)
        h = np.empty_like(z)
        for part in self.parts:
            h[part.members] = part.value(z[part.members])
        return h

    def both(self, z: Array) -> tuple[Array, list[Array]]:
        """φ(z), and φ'(z) part by part."""
        if len(self.parts) == 1:
            h, slope = self.parts[0].both(z)
            return h, [slope]
        h, slopes = np.empty_like(z), []
        for part in self.parts:
            h[part.members], slope = part.both(z[part.members])
            slopes.append(slope)
        return h, slopes

    def through(self, error: Array, slopes: list[Array]) -> None:
        """Make the gradient by φ(z), which is overwritten, that by z."""
        for part, slope in zip(self.parts, slopes, strict=True):
            error[part.members] *= slope

    def by_parameters(self, z: Array, error: Array) -> list[dict[str, Array]]:
        """The gradients of the trained parameters, part by part, where `error` is that of φ(z)."""
        return [part.by_parameters(z[part.members], error[part.members]) for part in self.parts]


class _Part:
    """One activation, for the members of a group that have it in this layer, with its trained parameters."""

    def __init__(self, f: Activation, plan: Plan, members: slice) -> None:
        self.f, self.members = f, members
        self.bounds = learned_parameters(f, plan.learn)
        self.learned = {
            one.name: np.full(self.size, f.parameters[one.name], plan.dtype) for one in self.bounds
        }
        self.kernels = quick_kernels(f) if plan.dtype == "float32" else separate_kernels(*f.kernels)
        self.seconds = 0.0

    @property
    def size(self) -> int:
        """How many members."""
        return int(self.members.stop - self.members.start)

    def learned_by(self, member: int) -> dict[str, float]:
        """The trained parameters of a member, by its place in the group."""
        return {name: float(values[member - self.members.start]) for name, values in self.learned.items()}

    def value(self, z: Array) -> Array:
        """φ(z) for z (members, B, width)."""
        return self._each(z, 0) if self.learned else np.asarray(self.kernels.value(z), z.dtype)

    def both(self, z: Array) -> tuple[Array, Array]:
        """φ(z) and φ'(z); a slope may be bool. Its time is counted."""
        started = time.perf_counter()
        if self.learned:
            found = self._each(z, 0), self._each(z, 1)
        else:
            h, slope = self.kernels.both(z)
            found = np.asarray(h, z.dtype), slope if slope.dtype == np.bool_ else np.asarray(slope, z.dtype)
        self.seconds += time.perf_counter() - started
        return found

    def by_parameters(self, z: Array, error: Array) -> dict[str, Array]:
        """The gradients (members,) of the trained parameters, where `error` is that of φ(z)."""
        started, found = time.perf_counter(), {}
        for name in self.learned:
            kernel = self.f.definition.by_parameter[name]
            found[name] = np.array(
                [np.vdot(kernel(z[i], **self._parameters(i)), error[i]) for i in range(len(z))], z.dtype
            )
        self.seconds += time.perf_counter() - started
        return found

    def keep_in_bounds(self) -> None:
        """Put trained parameters back to where the formula takes them: the nearest allowed number of their type."""
        for one in self.bounds:
            values = self.learned[one.name]
            low, high = values.dtype.type(one.low), values.dtype.type(one.high)
            least = np.nextafter(low, high) if one.open_low else low
            np.clip(values, least, np.nextafter(high, low) if one.open_high else high, out=values)

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


def _runs(stacks: Sequence[Stack]) -> tuple[slice, ...]:
    """Where neighbours with the same stack begin and end."""
    starts = [place for place, one in enumerate(stacks) if not place or one.spec != stacks[place - 1].spec]
    return tuple(slice(start, stop) for start, stop in pairwise([*starts, len(stacks)]))


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
