"""The step of an activation: its range forward, its two lines back."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from actcli.analysis.proof.box import Box, Numbers, double_rounding, make_box
from actcli.analysis.proof.piecewise import Image
from actcli.analysis.proof.steps import Enclosure, Lines


class Elementwise(Protocol):
    """A function of one number."""

    def image(self, lower: Numbers, upper: Numbers) -> Image:
        """Return the range on each interval."""
        ...

    def lines(self, lower: Numbers, upper: Numbers) -> Lines | None:
        """Return two lines that enclose the function on each interval; None where it has none."""
        ...

    def slope(self, x: Numbers) -> Numbers:
        """Return the slope at x."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Apply:
    """A function applied to each number."""

    function: Elementwise
    cost: float = 0.0

    def forward(self, *boxes: Box) -> Enclosure:
        """Return the range of the function on the box, and its lines."""
        (box,) = boxes
        image = self.function.image(box.lower, box.upper)
        result = make_box(image.lower, image.upper, np.logical_or(box.fixed, image.flat))
        return Enclosure(result, image.error)

    def backward(self, rows: Numbers, enclosure: Enclosure) -> tuple[tuple[Numbers, ...], Numbers]:
        """Return the rows times the slope of the line above or below, and what the shifts add."""
        lines = enclosure.lines
        if lines is None:
            raise NotImplementedError
        up, down = np.maximum(rows, 0), np.minimum(rows, 0)
        shifts = up.reshape(len(rows), -1) @ lines.upper_shift.reshape(-1)
        shifts += down.reshape(len(rows), -1) @ lines.lower_shift.reshape(-1)
        return (up * lines.upper_slope + down * lines.lower_slope,), shifts

    def pull(self, rows: Numbers, *points: Numbers) -> tuple[Numbers, ...]:
        """Return the rows times the slope at the point."""
        (x,) = points
        return (rows * self.function.slope(x),)

    def with_lines(self, enclosure: Enclosure, box: Box) -> Enclosure:
        """Return the enclosure with the function's lines on a box; without slack where it has none."""
        lines = self.function.lines(box.lower, box.upper)
        if lines is None or enclosure.slack is None:
            return Enclosure(enclosure.box)
        slopes = np.maximum(np.abs(lines.lower_slope), np.abs(lines.upper_slope))
        shifts = np.maximum(np.abs(lines.lower_shift), np.abs(lines.upper_shift))
        values = enclosure.box.magnitude
        own = double_rounding(values.size) * (slopes * box.magnitude + shifts + values)
        return Enclosure(enclosure.box, enclosure.slack + own, lines)
