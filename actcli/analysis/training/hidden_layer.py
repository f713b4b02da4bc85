"""Activations of the hidden layers of a group of networks, with the parameters that are trained."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation
from actcli.activations.definition import Kernel, Parameter
from actcli.analysis.training.plan import TrainingPlan
from actcli.analysis.training.quick_kernels import quick_kernels, separate_kernels
from actcli.exits import UsageError

Array = NDArray[Any]


class HiddenLayer:
    """The activations of one hidden layer: those of the members that have the same, part by part."""

    def __init__(self, parts: "list[LayerPart]") -> None:
        self.parts = parts

    def part_of(self, member: int) -> "LayerPart":
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


class LayerPart:
    """One activation, for the members of a group that have it in this layer, with its trained parameters."""

    def __init__(self, f: Activation, plan: TrainingPlan, members: slice) -> None:
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
            found = np.asarray(h, z.dtype), np.asarray(slope, z.dtype)
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
