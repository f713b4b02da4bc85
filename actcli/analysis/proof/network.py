"""A network as steps in order, and the bounds of all its tensors: intervals, and linear bounds back to the input.

The linear bounds are those of CROWN (Zhang et al. 2018): every activation lies between two lines, and going back from a
number to the input, the line above or below is taken by the sign of the coefficient.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.proof.activation_step import Apply
from actcli.analysis.proof.box import Box, Numbers, double_rounding, make_box
from actcli.analysis.proof.steps import BoundStep, Enclosure

_BYTES_OF_ROWS = 1 << 26
"""Memory for the coefficients of one tensor."""
_FLOOR = 1e-200
"""Covers what underflows in float64."""


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A step in a network: which tensors it takes and which it makes."""

    output: str
    inputs: tuple[str, ...]
    step: BoundStep


@dataclass(slots=True)
class Budget:
    """The multiplications that going back may still cost."""

    left: float

    def spend(self, cost: float) -> bool:
        """Take a cost off and return True; return False where too little is left."""
        if cost > self.left:
            return False
        self.left -= cost
        return True


@dataclass(slots=True, eq=False)
class Bounds:
    """The bounds of the tensors of a network on a box of inputs.

    Attributes:
        steps: in order.
        boxes: of every tensor; those of the inputs from the beginning.
        enclosures: of every step that was taken.

    """

    steps: Sequence[Placed]
    boxes: dict[str, Box]
    enclosures: dict[str, Enclosure] = field(default_factory=dict)

    def go_forward(self, refine: Callable[["Bounds", Apply, str], None] | None = None) -> "Bounds":
        """Bound every tensor in order; `refine` may tighten the box of a tensor before an activation takes it."""
        with np.errstate(all="ignore"):
            for placed in self.steps:
                step = placed.step
                if refine is not None and isinstance(step, Apply):
                    refine(self, step, placed.inputs[0])
                boxes = [self.boxes[name] for name in placed.inputs]
                enclosure = step.forward(*boxes)
                if refine is not None and isinstance(step, Apply):
                    enclosure = step.with_lines(enclosure, boxes[0])
                self.enclosures[placed.output] = enclosure
                self.boxes[placed.output] = enclosure.box
        return self

    def narrow(self, tensor: str, lower: Numbers, upper: Numbers) -> None:
        """Take the intersection of a tensor's box with other bounds; NaN stands for no bound."""
        box = self.boxes[tensor]
        known = ~np.isnan(box.lower)
        low = np.where(known & (lower > box.lower), lower, box.lower)
        high = np.where(known & (upper < box.upper), upper, box.upper)
        # two bounds of one number cannot cross; where they seem to, none is trusted
        crossed = low > high
        low, high = np.where(crossed, box.lower, low), np.where(crossed, box.upper, high)
        self.boxes[tensor] = make_box(low, high, box.fixed)

    def goes_back(self, tensor: str) -> bool:
        """Return whether linear bounds of a tensor reach anything else than it."""
        return bool(self._behind(tensor))

    def cost_of_row(self, tensor: str) -> float:
        """Return the multiplications of going back from one number of a tensor to the inputs."""
        return sum(placed.step.cost + self.boxes[placed.output].lower.size for placed in self._behind(tensor))

    def linear_bounds(self, tensor: str, places: NDArray[np.intp]) -> tuple[Numbers, Numbers]:
        """Return the bounds of some numbers of a tensor by going back to the inputs; NaN where there is none.

        places: their indices in the flat tensor.
        """
        shape = self.boxes[tensor].shape
        size = int(np.prod(shape))
        behind = self._behind(tensor)
        widest = max([size, *(self.boxes[name].lower.size for p in behind for name in p.inputs)])
        rows = max(1, _BYTES_OF_ROWS // (8 * widest) // 2)
        lower, upper = np.empty(len(places)), np.empty(len(places))
        with np.errstate(all="ignore"):
            for start in range(0, len(places), rows):
                part = places[start : start + rows]
                chosen = np.zeros((2 * len(part), size))
                index = np.arange(len(part))
                chosen[index, part] = 1.0
                chosen[len(part) + index, part] = -1.0
                bounds = self._upper_bounds(tensor, behind, chosen.reshape(-1, *shape))
                upper[start : start + rows] = bounds[: len(part)]
                lower[start : start + rows] = -bounds[len(part) :]
        return lower, upper

    def _behind(self, tensor: str) -> list[Placed]:
        """Return the steps that linear bounds of a tensor go back through, the last first."""
        wanted, behind = {tensor}, []
        for placed in reversed(self.steps):
            enclosure = self.enclosures.get(placed.output)
            if placed.output in wanted and enclosure is not None and enclosure.slack is not None:
                behind.append(placed)
                wanted.update(placed.inputs)
        return behind

    def _upper_bounds(self, tensor: str, behind: Sequence[Placed], rows: Numbers) -> Numbers:
        """Return an upper bound of each row · tensor."""
        waiting: dict[str, Numbers] = {tensor: rows}
        total, slack = np.zeros(len(rows)), np.zeros(len(rows))
        for placed in behind:
            own = waiting.pop(placed.output, None)
            if own is None:
                continue
            enclosure = self.enclosures[placed.output]
            if enclosure.slack is None:
                waiting[placed.output] = own
                continue
            slack += _dot(np.abs(own), enclosure.slack) if enclosure.slack.any() else 0.0
            parts, constants = placed.step.backward(own, enclosure)
            total += constants
            for name, part in zip(placed.inputs, parts, strict=True):
                if name in waiting:
                    both = waiting[name]
                    reach = self.boxes[name].magnitude
                    slack += double_rounding(0) * _dot(np.abs(both) + np.abs(part), reach)
                    waiting[name] = both + part
                else:
                    waiting[name] = part
        for name, own in waiting.items():
            box = self.boxes[name]
            total += _dot(np.maximum(own, 0), box.upper) + _dot(np.minimum(own, 0), box.lower)
            slack += double_rounding(box.lower.size) * _dot(np.abs(own), box.magnitude)
        return total + slack * (1 + 2.0**-10) + double_rounding(len(behind)) * np.abs(total) + _FLOOR


def _dot(rows: Numbers, numbers: Numbers) -> Numbers:
    flat = rows.reshape(len(rows), -1)
    result: Numbers = flat.sum(axis=1) * float(numbers) if numbers.ndim == 0 else flat @ numbers.reshape(-1)
    return result


def bounds_of(steps: Sequence[Placed], inputs: Mapping[str, Box]) -> Bounds:
    """Return the bounds of a network's tensors by intervals alone."""
    return Bounds(steps, dict(inputs)).go_forward()


def steps_behind(steps: Sequence[Placed], tensors: Collection[str]) -> tuple[Placed, ...]:
    """Return the steps that some tensors need, in order."""
    wanted, needed = set(tensors), []
    for placed in reversed(steps):
        if placed.output in wanted:
            needed.append(placed)
            wanted.update(placed.inputs)
    return tuple(reversed(needed))


def point_values(steps: Sequence[Placed], inputs: Mapping[str, Numbers]) -> dict[str, Numbers]:
    """Return the tensors of a network at one point, without rounding to float32."""
    boxes = {name: Box(x, x, np.zeros(x.shape, np.bool_)) for name, x in inputs.items()}
    bounds = bounds_of(steps, boxes)
    return {name: box.center for name, box in bounds.boxes.items()}


def gradient(
    steps: Sequence[Placed],
    values: Mapping[str, Numbers],
    tensor: str,
    rows: Numbers,
    inputs: Collection[str],
) -> dict[str, Numbers]:
    """Return the gradient of each row · tensor with respect to the inputs, at a point with these values."""
    waiting = {tensor: rows}
    with np.errstate(all="ignore"):
        for placed in reversed(steps):
            own = waiting.pop(placed.output, None)
            if own is None:
                continue
            parts = placed.step.pull(own, *(values[name] for name in placed.inputs))
            for name, part in zip(placed.inputs, parts, strict=True):
                waiting[name] = waiting[name] + part if name in waiting else part
    return {name: waiting[name] for name in inputs if name in waiting}
