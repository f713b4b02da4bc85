"""Linear maps: dense layers and convolutions, forward for a batch of tensors and back for rows of coefficients."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any, Protocol

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from actcli.analysis.proof.box import Flags, Numbers

_AT_ONCE = 1 << 18
"""Numbers of windows that are laid side by side."""


class Kernel(Protocol):
    """The shape of a linear map; the weights are passed in."""

    def apply(self, weights: Numbers, x: Numbers) -> Numbers:
        """Return the map of x, (batch, ...)."""
        ...

    def pull(self, weights: Numbers, rows: Numbers) -> Numbers:
        """Return the transposed map of rows of coefficients, (rows, batch, ...)."""
        ...

    def largest_sums(self, absolute: Numbers, reach: Numbers) -> Numbers:
        """Return a bound, by channel of the output, of absolute weights times the largest numbers of the input."""
        ...

    def by_channel(self, numbers: NDArray[Any]) -> NDArray[Any]:
        """Return one number or flag per channel in the shape that broadcasts to the output."""
        ...

    def output_shape(self) -> tuple[int, ...]:
        """Return the shape of the output."""
        ...


@dataclass(frozen=True, slots=True)
class Dense:
    """Products of the last axis with weights (outputs, inputs)."""

    shape: tuple[int, ...]
    outputs: int

    def apply(self, weights: Numbers, x: Numbers) -> Numbers:
        """Return x · weights.T."""
        result: Numbers = x @ weights.T
        return result

    def pull(self, weights: Numbers, rows: Numbers) -> Numbers:
        """Return rows · weights."""
        result: Numbers = rows @ weights
        return result

    def largest_sums(self, absolute: Numbers, reach: Numbers) -> Numbers:
        """Return absolute · the largest numbers over all rows."""
        result: Numbers = absolute @ reach.reshape(-1, reach.shape[-1]).max(axis=0, initial=0.0)
        return result

    def by_channel(self, numbers: NDArray[Any]) -> NDArray[Any]:
        """Return the numbers along the last axis."""
        return numbers

    def output_shape(self) -> tuple[int, ...]:
        """Return the shape of the output."""
        return (*self.shape[:-1], self.outputs)


@dataclass(frozen=True, slots=True)
class Convolution:
    """A convolution of any number of dimensions, weights (outputs, inputs / groups, *lengths).

    Attributes:
        shape: of the input, (batch, channels, *lengths).
        outputs: channels of the output.
        window: lengths of the kernel.
        strides, dilations: by dimension.
        pads: zeros before and after, by dimension.
        groups: groups of channels.

    """

    shape: tuple[int, ...]
    outputs: int
    window: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[tuple[int, int], ...]
    groups: int

    def apply(self, weights: Numbers, x: Numbers) -> Numbers:
        """Return the convolution as a matrix product with windows side by side, some groups or rows at a time."""
        batch, groups, lengths = len(x), self.groups, self._lengths()
        by_group = weights.reshape(groups, self.outputs // groups, -1)
        windows = self._windows(self._padded(x))
        each = windows.shape[1] // groups
        result = np.empty((batch, groups, self.outputs // groups, *lengths))
        parts = max(1, windows.size // _AT_ONCE)
        some, rows = max(1, groups // parts), max(1, lengths[0] * groups // parts)
        axes = (slice(None),) * len(lengths)
        for first, start in product(range(0, groups, some), range(0, lengths[0], rows)):
            own = by_group[first : first + some]
            channels = slice(each * first, each * (first + some))
            part = windows[(slice(None), channels, *axes, slice(start, start + rows))]
            target = result[:, first : first + some, :, start : start + rows]
            target[...] = (own @ part.reshape(batch, len(own), own.shape[2], -1)).reshape(target.shape)
        return result.reshape(batch, self.outputs, *lengths)

    def _windows(self, padded: Numbers) -> Numbers:
        """Return a view of all windows, (batch, channels, *window, *lengths)."""
        if max(self.window) == 1:
            single = padded[(slice(None), slice(None), *(slice(None, None, step) for step in self.strides))]
            return single.reshape(*single.shape[:2], *self.window, *single.shape[2:])
        reach = [
            dilation * (length - 1) + 1 for dilation, length in zip(self.dilations, self.window, strict=True)
        ]
        spatial = tuple(range(2, padded.ndim))
        windows = sliding_window_view(padded, reach, spatial)
        places = [slice(None, None, step) for step in (*self.strides, *self.dilations)]
        windows = windows[(slice(None), slice(None), *places)]
        return np.moveaxis(windows, [axis + len(reach) for axis in spatial], spatial)

    def pull(self, weights: Numbers, rows: Numbers) -> Numbers:
        """Return the transposed convolution of the rows."""
        groups, lengths = self.groups, self._lengths()
        flat = rows.reshape(-1, groups, self.outputs // groups, math.prod(lengths))
        by_group = weights.reshape(groups, self.outputs // groups, -1, math.prod(self.window))
        channels, spatial = self.shape[1], self.shape[2:]
        wide = tuple(length + sum(pad) for length, pad in zip(spatial, self.pads, strict=True))
        padded = np.zeros((len(flat), channels, *wide))
        for i, view in self.views(padded):
            own = by_group[..., i]
            term = own * flat if own.shape[1] == own.shape[2] == 1 else own.swapaxes(1, 2) @ flat
            np.add(view, term.reshape(view.shape), out=view)
        inside = tuple(
            slice(first, first + length) for (first, _), length in zip(self.pads, spatial, strict=True)
        )
        return padded[(slice(None), slice(None), *inside)].reshape(len(rows), *self.shape)

    def largest_sums(self, absolute: Numbers, reach: Numbers) -> Numbers:
        """Return the sums of absolute · the largest number of each channel, as if it stood at all places."""
        top = reach.max(axis=(0, *range(2, reach.ndim)), initial=0.0).reshape(self.groups, -1, 1)
        sums = absolute.reshape(self.groups, self.outputs // self.groups, top.shape[1], -1).sum(axis=3)
        result: Numbers = (sums @ top).reshape(-1)
        return result

    def by_channel(self, numbers: NDArray[Any]) -> NDArray[Any]:
        """Return the numbers along the second axis."""
        return numbers.reshape(-1, *(1 for _ in self.window))

    def output_shape(self) -> tuple[int, ...]:
        """Return the shape of the output."""
        return (self.shape[0], self.outputs, *self._lengths())

    def _lengths(self) -> tuple[int, ...]:
        return tuple(
            (length + sum(pad) - dilation * (window - 1) - 1) // stride + 1
            for length, pad, window, stride, dilation in zip(
                self.shape[2:], self.pads, self.window, self.strides, self.dilations, strict=True
            )
        )

    def _padded(self, x: Numbers) -> Numbers:
        return np.pad(x, ((0, 0), (0, 0), *self.pads)) if any(map(any, self.pads)) else x

    def views(self, padded: Numbers) -> Iterator[tuple[int, Numbers]]:
        """Yield the part of the padded tensor that each place of the window meets."""
        lengths = self._lengths()
        for i, place in enumerate(product(*map(range, self.window))):
            parts = tuple(
                slice(at * dilation, at * dilation + stride * (length - 1) + 1, stride)
                for at, dilation, stride, length in zip(
                    place, self.dilations, self.strides, lengths, strict=True
                )
            )
            yield i, padded[(slice(None), slice(None), *parts)]


def reaches(kernel: Kernel, weights: Numbers, moving: Flags) -> Flags:
    """Return the outputs that some number that moves reaches by a weight other than 0."""
    linked = np.asarray(weights != 0, np.float64)
    return np.asarray(kernel.apply(linked, moving.astype(np.float64)) > 0, np.bool_)
