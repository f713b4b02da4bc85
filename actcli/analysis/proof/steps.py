"""Steps of a network: what bounds go out when bounds come in, and how linear bounds go back through it.

Each step makes one tensor of others. The first axis of every tensor holds the samples.
"""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.proof.box import TINY, Box, Numbers, double_rounding, make_box, rounding


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Two straight lines that enclose a function on an interval, for each number of a tensor."""

    lower_slope: Numbers
    lower_shift: Numbers
    upper_slope: Numbers
    upper_shift: Numbers


@dataclass(frozen=True, slots=True, eq=False)
class Enclosure:
    """The result of a step on boxes.

    Attributes:
        box: the bounds of the output.
        slack: how far the output may be from the linear bounds of the step: rounding of float32, and that of float64
            on the way back; a single number for all; None where linear bounds do not go back through the step.
        lines: the linear bounds of an activation; None for other steps.

    """

    box: Box
    slack: Numbers | None = None
    lines: Lines | None = None


EXACT = np.zeros(())
"""The slack of a step that computes nothing."""


class BoundStep(Protocol):
    """One operation."""

    @property
    def cost(self) -> float:
        """Multiplications of one pass back for one row."""
        ...

    def forward(self, *boxes: Box) -> Enclosure:
        """Return the bounds of the output for bounds of the inputs."""
        ...

    def backward(self, rows: Numbers, enclosure: Enclosure) -> tuple[tuple[Numbers, ...], Numbers]:
        """Return the rows for each input, and the constants, of upper bounds `rows · output`.

        rows: (rows, *shape of the output). Called only where the enclosure has a slack, which is not added here.
        """
        ...

    def pull(self, rows: Numbers, *points: Numbers) -> tuple[Numbers, ...]:
        """Return the gradient of `rows · output` with respect to each input at a point."""
        ...


def _no_constants(rows: Numbers) -> Numbers:
    return np.zeros(len(rows))


@dataclass(frozen=True, slots=True)
class Reshape:
    """The same numbers in another shape: Flatten, Squeeze, Unsqueeze."""

    before: tuple[int, ...]
    after: tuple[int, ...]
    cost: float = 0.0

    def forward(self, *boxes: Box) -> Enclosure:
        """Return the same bounds in the other shape."""
        (box,) = boxes
        moved = Box(
            box.lower.reshape(self.after), box.upper.reshape(self.after), box.fixed.reshape(self.after)
        )
        return Enclosure(moved, EXACT)

    def backward(self, rows: Numbers, enclosure: Enclosure) -> tuple[tuple[Numbers, ...], Numbers]:  # noqa: ARG002
        """Return the rows in the shape of the input."""
        return self.pull(rows), _no_constants(rows)

    def pull(self, rows: Numbers, *points: Numbers) -> tuple[Numbers, ...]:  # noqa: ARG002
        """Return the rows in the shape of the input."""
        return (rows.reshape(len(rows), *self.before),)


@dataclass(frozen=True, slots=True)
class Transpose:
    """The axes in another order."""

    order: tuple[int, ...]
    cost: float = 0.0

    def forward(self, *boxes: Box) -> Enclosure:
        """Return the same bounds with their axes in the other order."""
        (box,) = boxes
        lower, upper, fixed = (
            np.ascontiguousarray(part.transpose(self.order)) for part in (box.lower, box.upper, box.fixed)
        )
        return Enclosure(Box(lower, upper, fixed), EXACT)  # type: ignore[arg-type]

    def backward(self, rows: Numbers, enclosure: Enclosure) -> tuple[tuple[Numbers, ...], Numbers]:  # noqa: ARG002
        """Return the rows with the axes of the input."""
        return self.pull(rows), _no_constants(rows)

    def pull(self, rows: Numbers, *points: Numbers) -> tuple[Numbers, ...]:  # noqa: ARG002
        """Return the rows with the axes of the input."""
        back = np.argsort(self.order) + 1
        return (rows.transpose(0, *back.tolist()),)


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of the input: Slice and Split."""

    before: tuple[int, ...]
    part: tuple[slice, ...]
    cost: float = 0.0

    def forward(self, *boxes: Box) -> Enclosure:
        """Return the bounds of the part."""
        (box,) = boxes
        part = Box(box.lower[self.part], box.upper[self.part], box.fixed[self.part])
        return Enclosure(part, EXACT)

    def backward(self, rows: Numbers, enclosure: Enclosure) -> tuple[tuple[Numbers, ...], Numbers]:  # noqa: ARG002
        """Return the rows among zeros."""
        return self.pull(rows), _no_constants(rows)

    def pull(self, rows: Numbers, *points: Numbers) -> tuple[Numbers, ...]:  # noqa: ARG002
        """Return the rows among zeros."""
        whole = np.zeros((len(rows), *self.before))
        whole[(slice(None), *self.part)] = rows
        return (whole,)


@dataclass(frozen=True, slots=True, eq=False)
class Take:
    """Numbers at some places of the flat input, each as often as it is named: Gather, Pad by reflection."""

    before: tuple[int, ...]
    places: NDArray[np.intp]
    cost: float = 0.0

    def forward(self, *boxes: Box) -> Enclosure:
        """Return the bounds at the places."""
        (box,) = boxes
        lower, upper = box.lower.reshape(-1)[self.places], box.upper.reshape(-1)[self.places]
        part = Box(lower, upper, box.fixed.reshape(-1)[self.places])
        return Enclosure(part, double_rounding(self.places.size) * part.magnitude)

    def backward(self, rows: Numbers, enclosure: Enclosure) -> tuple[tuple[Numbers, ...], Numbers]:  # noqa: ARG002
        """Return the sums of the rows by place."""
        return self.pull(rows), _no_constants(rows)

    def pull(self, rows: Numbers, *points: Numbers) -> tuple[Numbers, ...]:  # noqa: ARG002
        """Return the sums of the rows by place."""
        whole = np.zeros((math.prod(self.before), len(rows)))
        np.add.at(whole, self.places.reshape(-1), rows.reshape(len(rows), -1).T)
        return (whole.T.reshape(len(rows), *self.before),)


@dataclass(frozen=True, slots=True)
class Pad:
    """The input between margins that hold one number."""

    before: tuple[int, ...]
    margins: tuple[tuple[int, int], ...]
    value: float
    cost: float = 0.0

    def forward(self, *boxes: Box) -> Enclosure:
        """Return the bounds with the margins."""
        (box,) = boxes
        lower, upper = (
            np.pad(part, self.margins, constant_values=self.value) for part in (box.lower, box.upper)
        )
        fixed = np.pad(box.fixed, self.margins, constant_values=True)
        slack = np.where(fixed, double_rounding(fixed.size) * abs(self.value), 0.0)
        return Enclosure(make_box(lower, upper, fixed), slack)

    def backward(self, rows: Numbers, enclosure: Enclosure) -> tuple[tuple[Numbers, ...], Numbers]:  # noqa: ARG002
        """Return the rows without the margins, and what the margins add."""
        (inside,) = self.pull(rows)
        if self.value == 0:
            return (inside,), _no_constants(rows)
        margin = rows.copy()
        margin[(slice(None), *self._inside)] = 0.0
        return (inside,), margin.reshape(len(rows), -1).sum(axis=1) * self.value

    def pull(self, rows: Numbers, *points: Numbers) -> tuple[Numbers, ...]:  # noqa: ARG002
        """Return the rows without the margins."""
        return (rows[(slice(None), *self._inside)],)

    @property
    def _inside(self) -> tuple[slice, ...]:
        return tuple(
            slice(first, first + length) for (first, _), length in zip(self.margins, self.before, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Concatenate:
    """Tensors side by side."""

    axis: int
    lengths: tuple[int, ...]
    cost: float = 0.0

    def forward(self, *boxes: Box) -> Enclosure:
        """Return the bounds side by side."""
        lower, upper = (
            np.concatenate(parts, axis=self.axis)
            for parts in ([b.lower for b in boxes], [b.upper for b in boxes])
        )
        fixed = np.concatenate([b.fixed for b in boxes], axis=self.axis)
        return Enclosure(Box(lower, upper, fixed), EXACT)

    def backward(self, rows: Numbers, enclosure: Enclosure) -> tuple[tuple[Numbers, ...], Numbers]:  # noqa: ARG002
        """Return the rows of each part."""
        return self.pull(rows), _no_constants(rows)

    def pull(self, rows: Numbers, *points: Numbers) -> tuple[Numbers, ...]:  # noqa: ARG002
        """Return the rows of each part."""
        return tuple(np.split(rows, np.cumsum(self.lengths)[:-1], axis=self.axis + 1))


@dataclass(frozen=True, slots=True, eq=False)
class TensorSum:
    """The sum, or the difference, of two tensors of shapes that broadcast.

    A runtime may add the second tensor in the middle of the sum of a convolution that makes the first one, so it may
    be rounded as often as that has terms.
    """

    shapes: tuple[tuple[int, ...], tuple[int, ...]]
    sign: float
    terms: int
    cost: float = 0.0

    def forward(self, *boxes: Box) -> Enclosure:
        """Return the bounds of the sum."""
        first, second = boxes
        low, high = (second.lower, second.upper) if self.sign > 0 else (-second.upper, -second.lower)
        size = first.magnitude + second.magnitude
        error = rounding(self.terms + 1) * size
        fixed = np.logical_and(first.fixed, second.fixed)
        lower, upper = first.lower + low, first.upper + high
        own = double_rounding(0) * size
        box = make_box(lower - error - own, upper + error + own, fixed)
        return Enclosure(box, error + double_rounding(size.size) * size)

    def backward(self, rows: Numbers, enclosure: Enclosure) -> tuple[tuple[Numbers, ...], Numbers]:  # noqa: ARG002
        """Return the rows for both."""
        return self.pull(rows), _no_constants(rows)

    def pull(self, rows: Numbers, *points: Numbers) -> tuple[Numbers, ...]:  # noqa: ARG002
        """Return the rows for both."""
        first, second = self.shapes
        return _sum_to(rows, first), _sum_to(self.sign * rows, second)


@dataclass(frozen=True, slots=True, eq=False)
class TensorProduct:
    """The product of two tensors of shapes that broadcast; linear bounds do not go back through it."""

    shapes: tuple[tuple[int, ...], tuple[int, ...]]
    cost: float = 0.0

    def forward(self, *boxes: Box) -> Enclosure:
        """Return the bounds of the product."""
        first, second = boxes
        corners = [a * b for a in (first.lower, first.upper) for b in (second.lower, second.upper)]
        lower, upper = np.minimum.reduce(corners), np.maximum.reduce(corners)
        size = np.maximum(np.abs(lower), np.abs(upper))
        error = (rounding(1) + double_rounding(0)) * size
        # a product that underflows is wrong by TINY; a factor that is 0 makes no error
        error = np.where(size > 0, error + TINY, error)
        fixed = np.logical_and(first.fixed, second.fixed)
        for one in (first, second):
            zero = (one.lower == 0) & (one.upper == 0) & one.fixed
            fixed = np.logical_or(fixed, np.logical_and(zero, np.isfinite(lower)))
        # rounding never changes a sign
        low, high = lower - error, upper + error
        low, high = (
            np.where(lower >= 0, np.maximum(low, 0), low),
            np.where(upper <= 0, np.minimum(high, 0), high),
        )
        return Enclosure(make_box(low, high, fixed))

    def backward(self, rows: Numbers, enclosure: Enclosure) -> tuple[tuple[Numbers, ...], Numbers]:
        """Linear bounds end here."""
        raise NotImplementedError

    def pull(self, rows: Numbers, *points: Numbers) -> tuple[Numbers, ...]:
        """Return the rows times the other factor."""
        first, second = points
        return _sum_to(rows * second, self.shapes[0]), _sum_to(rows * first, self.shapes[1])


def _sum_to(rows: Numbers, shape: tuple[int, ...]) -> Numbers:
    """Return the rows of a tensor that was broadcast: the sums over the axes along which it was repeated."""
    extra = rows.ndim - 1 - len(shape)
    if extra:
        rows = rows.sum(axis=tuple(range(1, 1 + extra)))
    repeated = tuple(
        axis + 1 for axis, length in enumerate(shape) if length == 1 and rows.shape[axis + 1] != 1
    )
    return rows.sum(axis=repeated, keepdims=True) if repeated else rows
