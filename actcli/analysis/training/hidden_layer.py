"""Batch normalisation and activations of a group's hidden layers, with the parameters that are trained."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation
from actcli.activations.definition import Kernel, Parameter
from actcli.analysis.training.plan import TrainingPlan
from actcli.analysis.training.quick_kernels import Kernels
from actcli.analysis.training.stack import Stack
from actcli.exits import UsageError

Array = NDArray[Any]
_LEARNED = {"prelu": "alpha"}
"""Functions whose definition says that a parameter is learned: they learn it unless nothing is to be learned."""

_AVERAGED = 0.1
"""Share of a batch in the running averages."""
_LEAST_VARIANCE = 1e-5
"""Added to a variance before it divides."""


class HiddenLayer:
    """The activations of one hidden layer, part by part: members with the same activation share a part."""

    def __init__(self, parts: "list[LayerPart]") -> None:
        self.parts = parts

    def part_of(self, member: int) -> "LayerPart":
        """Return the part that a member belongs to."""
        return next(part for part in self.parts if member < part.members.stop)

    def value(self, z: Array, out: Array | None = None) -> Array:
        """Return φ(z) for z (P, B, width), written into `out` if it is given; that may be z."""
        h = np.empty_like(z) if out is None else out
        for part in self.parts:
            part.write_value(z[part.members], h[part.members])
        return h

    def both(self, z: Array) -> tuple[Array, list[Array]]:
        """Return φ(z), and φ'(z) part by part; overwrites z where no parameter is trained, which needs it again."""
        h = np.empty_like(z) if any(part.learned for part in self.parts) else z
        return h, [part.write_both(z[part.members], h[part.members]) for part in self.parts]

    def through(self, error: Array, slopes: list[Array]) -> None:
        """Turn the gradient by φ(z) into that by z, in place."""
        for part, slope in zip(self.parts, slopes, strict=True):
            error[part.members] *= slope

    def by_parameters(self, z: Array, error: Array) -> list[dict[str, Array]]:
        """Return the gradients of the trained parameters, part by part; `error` is the gradient by φ(z)."""
        return [part.by_parameters(z[part.members], error[part.members]) for part in self.parts]


class BatchNorm:
    """Batch normalisation of a layer's preactivations (Ioffe and Szegedy 2015), for all members of a group.

    The biases of the layer are its shift; a bias before it would cancel.

    Attributes:
        gains: (P, 1, width), trained.
        mean, variance: (P, 1, width): running averages over the batches, with which networks are measured.

    """

    def __init__(self, members: int, width: int, dtype: str) -> None:
        shape = members, 1, width
        self.gains, self.mean, self.variance = (
            np.ones(shape, dtype),
            np.zeros(shape, dtype),
            np.ones(shape, dtype),
        )
        self.has_averages = False
        self._normalised: Array = np.zeros(0, dtype)
        self._scale: Array = np.zeros(0, dtype)

    def forward(self, a: Array) -> Array:
        """Return gain times normalised a (P, B, width), without the shift; overwrites a, and updates the averages."""
        mean = a.mean(axis=1, keepdims=True)
        a -= mean
        variance = np.square(a).mean(axis=1, keepdims=True)
        samples, share = a.shape[1], _AVERAGED if self.has_averages else 1.0
        self.mean += share * (mean - self.mean)
        self.variance += share * (variance * (samples / max(samples - 1, 1)) - self.variance)
        self.has_averages = True
        self._scale = 1 / np.sqrt(variance + _LEAST_VARIANCE)
        a *= self._scale
        self._normalised = a
        return np.asarray(a * self.gains)

    def backward(self, error: Array) -> tuple[Array, Array]:
        """Return the gradients of the gains, and those by a; `error` is the gradient by the output of `forward`."""
        product = (error * self._normalised).sum(axis=1, keepdims=True)
        samples = error.shape[1]
        by_a = error - error.mean(axis=1, keepdims=True) - self._normalised * (product / samples)
        by_a *= self._scale * self.gains
        return product, by_a

    def fold(self, weights: Array, biases: Array, members: slice = slice(None)) -> tuple[Array, Array]:
        """Return weights and biases of some members that do the same at the running averages."""
        scale = self.gains[members] / np.sqrt(self.variance[members] + _LEAST_VARIANCE)
        return weights * scale, biases - self.mean[members] * scale

    def restore(self, members: NDArray[np.bool_]) -> None:
        """Set the averages of these members back to 0 and 1."""
        self.mean[members], self.variance[members] = 0, 1


class LayerPart:
    """One activation in one layer, for the members of a group that have it there, with its trained parameters."""

    def __init__(self, f: Activation, kernels: Kernels, plan: TrainingPlan, members: slice) -> None:
        self.f, self.members = f, members
        self.bounds = learned_parameters(f, plan.learn)
        self.learned = {
            one.name: np.full(self.size, f.parameters[one.name], plan.dtype) for one in self.bounds
        }
        self.kernels = kernels
        self.seconds = 0.0

    @property
    def size(self) -> int:
        """The number of members."""
        return int(self.members.stop - self.members.start)

    def learned_by(self, member: int) -> dict[str, float]:
        """Return the trained parameters of a member, given by its place in the group."""
        return {name: float(values[member - self.members.start]) for name, values in self.learned.items()}

    def write_value(self, z: Array, out: Array) -> None:
        """Write φ(z) for z (members, B, width) into an array, which may be z."""
        if self.learned:
            out[...] = self._each(z, 0)
        else:
            self.kernels.value(z, out)

    def write_both(self, z: Array, out: Array) -> Array:
        """Write φ(z) into an array, which may be z where nothing is learned; return φ'(z), and count the time."""
        started = time.perf_counter()
        if self.learned:
            self.write_value(z, out)
            slope = self._each(z, 1)
        else:
            _, slope = self.kernels.both(z, out)
        self.seconds += time.perf_counter() - started
        return slope

    def by_parameters(self, z: Array, error: Array) -> dict[str, Array]:
        """Return the gradients (members,) of the trained parameters; `error` is the gradient by φ(z)."""
        started, gradients = time.perf_counter(), {}
        for name in self.learned:
            kernel = self.f.definition.by_parameter[name]
            gradients[name] = np.array(
                [np.vdot(kernel(z[i], **self._parameters(i)), error[i]) for i in range(len(z))], z.dtype
            )
        self.seconds += time.perf_counter() - started
        return gradients

    def keep_in_bounds(self) -> None:
        """Move trained parameters that left the allowed range to its nearest number of their type."""
        for one in self.bounds:
            values = self.learned[one.name]
            low, high = values.dtype.type(one.low), values.dtype.type(one.high)
            least = np.nextafter(low, high) if one.open_low else low
            np.clip(values, least, np.nextafter(high, low) if one.open_high else high, out=values)

    def restore(self, members: NDArray[np.bool_]) -> None:
        """Set the parameters of these members back to their initial values."""
        for name, values in self.learned.items():
            values[members] = self.f.parameters[name]

    def _parameters(self, member: int) -> dict[str, float]:
        own = {name: float(values[member]) for name, values in self.learned.items()}
        return {**self.f.parameters, **own}

    def _each(self, z: Array, order: int) -> Array:
        return np.stack([self._kernels(i)[order](z[i]) for i in range(len(z))]).astype(z.dtype, copy=False)

    def _kernels(self, member: int) -> tuple[Kernel, Kernel]:
        """Return the kernels at the member's own parameters, which also move the kinks."""
        return replace(self.f, parameters=self._parameters(member)).kernels


def learning_notes(stacks: Sequence[Stack], learn: Sequence[str] | None) -> Iterator[str]:
    """Yield which parameters of which functions are trained."""
    functions = {f.spec: f for stack in stacks for f in stack.functions}
    for spec, f in functions.items():
        for one in learned_parameters(f, learn):
            yield f"{spec}: {one.name} is learned, one number per layer, from {f.parameters[one.name]:g} on."


def fixed_notes(stacks: Sequence[Stack], learn: Sequence[str] | None) -> Iterator[str]:
    """Yield which parameters are not trained although the function is defined with a learned one."""
    functions = {f.spec: f for stack in stacks for f in stack.functions}
    for spec, f in functions.items():
        own = _LEARNED.get(f.definition.name)
        if own is not None and own not in (one.name for one in learned_parameters(f, learn)):
            yield f"{spec}: {own} is fixed at {f.parameters[own]:g}, not learned."


def learned_names(stacks: Iterable[Stack], learn: Sequence[str] | None) -> list[str]:
    """Return the names of the parameters that are trained in any of the functions, sorted."""
    functions = {f.spec: f for stack in stacks for f in stack.functions}
    return sorted({one.name for f in functions.values() for one in learned_parameters(f, learn)})


def learned_parameters(f: Activation, names: Sequence[str] | None) -> tuple[Parameter, ...]:
    """Return the parameters of f to train: those that it is defined to learn, then the named ones; none for None.

    The names may be those of f's framework. Raises UsageError for a parameter of f that takes whole numbers only, or
    by which f has no derivative.
    """
    if names is None:
        return ()
    by_name = {one.name: one for one in f.definition.parameters}
    parameters = [by_name[name] for name in by_name if _LEARNED.get(f.definition.name) == name]
    for name in names:
        try:
            own = f.resolve_parameter(name)
        except UsageError:
            continue
        parameter = by_name[own]
        if parameter.whole or own not in f.definition.by_parameter:
            raise UsageError(f"`learn={name}`: {f.spec} has no derivative by it, so it cannot be trained")
        parameters += [] if parameter in parameters else [parameter]
    return tuple(parameters)
