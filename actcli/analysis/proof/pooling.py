"""Pooling: the largest number, or the mean, of a window or of all positions."""

from dataclasses import dataclass, replace

import numpy as np

from actcli.analysis.proof.box import Box, Numbers, make_box
from actcli.analysis.proof.kernels import Convolution, Dense
from actcli.analysis.proof.linear import ChannelScale, Linear
from actcli.analysis.proof.steps import Enclosure


@dataclass(frozen=True, slots=True, eq=False)
class MaxPool:
    """The largest number of each window; linear bounds do not go back through it."""

    window: Convolution
    cost: float = 0.0

    def forward(self, *boxes: Box) -> Enclosure:
        """Return the largest lower and the largest upper bound of each window."""
        (box,) = boxes
        lower = self._largest(box.lower)
        upper = self._largest(box.upper)
        # where all numbers are fixed, so is the largest
        fixed = -self._largest(-box.fixed.astype(np.float64)) > 0
        return Enclosure(make_box(lower, upper, np.asarray(fixed, np.bool_)))

    def _largest(self, x: Numbers) -> Numbers:
        pads = ((0, 0), (0, 0), *self.window.pads)
        padded = np.pad(x, pads, constant_values=-np.inf) if any(map(any, self.window.pads)) else x
        result: Numbers | None = None
        for _, view in self.window.views(padded):
            result = view.copy() if result is None else np.maximum(result, view, out=result)
        if result is None:
            raise ValueError("the window is empty")
        return result

    def backward(self, rows: Numbers, enclosure: Enclosure) -> tuple[tuple[Numbers, ...], Numbers]:
        """Linear bounds end here."""
        raise NotImplementedError

    def pull(self, rows: Numbers, *points: Numbers) -> tuple[Numbers, ...]:
        """Return the rows at the first largest number of each window."""
        (x,) = points
        pads = ((0, 0), (0, 0), *self.window.pads)
        padded = np.pad(x, pads, constant_values=-np.inf)
        top = self._largest(x)
        taken = np.zeros(top.shape, np.bool_)
        result = np.zeros((len(rows) * len(x), *padded.shape[1:]))
        views = zip(self.window.views(padded), self.window.views(result), strict=True)
        for (_, view), (_, target) in views:
            here = (view == top) & ~taken
            taken |= here
            np.add(target, (rows * here).reshape(target.shape), out=target)
        inside = tuple(
            slice(first, first + length) for (first, _), length in zip(pads[2:], x.shape[2:], strict=True)
        )
        return (result[(slice(None), slice(None), *inside)].reshape(len(rows), *x.shape),)


def mean_of_rows(rows: int, terms: int) -> Linear:
    """Return the mean of each row of a (rows, terms) tensor, (rows, 1)."""
    total = Linear.of(Dense((rows, terms), 1), np.ones((1, terms)), None)
    return total.folded(ChannelScale.quotient(np.full(1, float(terms))))


def sums_of_windows(window: Convolution) -> Linear:
    """Return the sum of each window of each channel."""
    return Linear.of(window, np.ones((window.outputs, 1, *window.window)), None)


def numbers_in_windows(window: Convolution) -> Numbers:
    """Return how many numbers of each window are not padding, (1, 1, *lengths)."""
    one = replace(window, shape=(1, 1, *window.shape[2:]), outputs=1, groups=1)
    return one.apply(np.ones((1, 1, *window.window)), np.ones(one.shape))
