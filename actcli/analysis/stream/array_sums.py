"""Reductions of arrays (samples, units, positions) to one number per unit, each in as few calls as possible.

NumPy calls its inner loop once per row, or once per line of positions; of short ones the calls take most of the time.
So an array is laid out as long rows: several samples together, short lines of positions together. Threads hand the
interpreter over at every call, which takes longer than many a call (measured): a pass over the array is one call, and
float64 is made in NumPy's own buffer.

The order of all sums follows from the shape alone, and of float32 no sum depends on the processor.
"""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.dataclass import dataclass

Array = NDArray[Any]
Mask = NDArray[np.bool_]
Counts = NDArray[np.int64]
Sums = NDArray[np.float64]

_WIDE = 2048
"""Elements of a row of several samples: the sums of more leave the first cache."""
_FEWEST = 16
"""Rows that are reduced together at least: of fewer, each long line of positions is reduced by itself."""
_LONG = 64
"""Positions from which a line is long."""
_BYTE = 255
_SLAB = 1 << 18
"""Numbers that are made float64 at a time: 2 MiB."""


def arranged(values: Array) -> Array:
    """Return the values, (samples, units, positions), in an order that the other functions take.

    The axes are in this order, or units come last, or samples do, of single positions.
    """
    return values if _last_axis(values) is not None else np.ascontiguousarray(values)


def reduce_units(op: np.ufunc, values: Array) -> Array:
    """Return a ufunc's reduction by unit."""
    layout = _layout_of(values)
    return layout.fold(op, [op.reduce(rows, axis=layout.axis) for rows in layout.parts(values)])


def count_units(mask: Mask) -> Counts:
    """Return how often a mask holds, by unit."""
    layout = _layout_of(mask, long=mask.size + 1)
    counts = np.zeros(layout.units, np.int64)
    for rows in layout.parts(mask):
        if layout.axis:
            counts += np.add.reduce(rows, axis=1, dtype=np.int64)
            continue
        # sums of up to 255 rows fit into bytes: ten times as fast as in 64 bits
        for at in range(0, len(rows), _BYTE):
            sums = np.add.reduce(rows[at : at + _BYTE].view(np.uint8), axis=0, dtype=np.uint8)
            columns = sums.reshape(-1, layout.units, layout.positions)
            counts += np.add.reduce(columns, axis=(0, 2), dtype=np.int64)
    return counts


def count_samples(mask: Mask) -> tuple[Mask, Counts]:
    """Return in which samples a mask holds anywhere, (samples, units), and how often it holds, by unit."""
    positions = mask.shape[2]
    if positions == 1:
        return mask[:, :, 0], count_units(mask)
    if positions >= _LONG or _last_axis(mask) == 1:
        return np.logical_or.reduce(mask, axis=2), count_units(mask)
    # exact, and a tenth of the time of a call for each short line
    counts = mask.view(np.uint8).astype(np.float32) @ np.ones(positions, np.float32)
    return counts > 0, np.add.reduce(counts, axis=0, dtype=np.float64).astype(np.int64)


def sum_units(values: Array) -> Sums:
    """Return the sum of x by unit, in float64."""
    layout = _layout_of(values)
    return layout.fold(
        np.add, [np.add.reduce(rows, axis=layout.axis, dtype=np.float64) for rows in layout.parts(values)]
    )


def sum_powers(values: Array) -> tuple[Sums, Sums]:
    """Return the sums of x and of x^2 by unit, in float64.

    Of rows, float64 is made once for both: 0.7 of the time of two passes through NumPy's buffer (measured).
    """
    layout = _layout_of(values)
    if layout.axis:
        squares = [np.square(rows, dtype=np.float64) for rows in layout.parts(values)]
        return sum_units(values), layout.fold(np.add, [np.add.reduce(rows, axis=1) for rows in squares])
    powers = [_sum_rows(rows) for rows in layout.parts(values)]
    first, second = ([power[order] for power in powers] for order in (0, 1))
    return layout.fold(np.add, first), layout.fold(np.add, second)


def _sum_rows(rows: Array) -> tuple[Sums, Sums]:
    """Return the sums of x and of x^2 along axis 0, of so many columns at a time that their float64 stay in a cache."""
    slabs = -(-rows.size // _SLAB)
    edges = [rows.shape[1] * slab // slabs for slab in range(slabs + 1)]
    wide = (rows[:, first:end].astype(np.float64, copy=False) for first, end in pairwise(edges))
    sums = [(np.add.reduce(slab, axis=0), np.einsum("rc,rc->c", slab, slab)) for slab in wide]
    return np.concatenate([one for one, _ in sums]), np.concatenate([one for _, one in sums])


@dataclass(frozen=True, slots=True)
class _Layout:
    """An array as rows, which are reduced along an axis.

    Along axis 0 a row has the elements of one sample or position, `positions` of each unit. Along axis 1 it is a line:
    the positions of one unit of one sample, or one unit of all samples.
    """

    units: int
    positions: int
    axis: int
    last: int
    """The axis of the array that is last in memory."""

    def parts(self, values: Array) -> list[Array]:
        """Return the rows, several together as one, and those that are left over."""
        if self.last == 0:
            return [values[:, :, 0].T]
        if self.last == 1:
            values = values.transpose(0, 2, 1)
        if self.axis:
            return [values.reshape(-1, values.shape[2])]
        columns = self.units * self.positions
        rows = values.reshape(-1, columns)
        together = max(min(_WIDE // columns, len(rows) // _FEWEST), 1)
        whole = len(rows) // together * together
        parts = [rows[:whole].reshape(-1, together * columns)]
        return parts if whole == len(rows) else [*parts, rows[whole:]]

    def fold(self, op: np.ufunc, reductions: list[Array]) -> Array:
        """Return the reduction by unit from that of each part."""
        by_column = [op.reduce(one.reshape(-1, self.units, self.positions), axis=0) for one in reductions]
        merged: Array = op.reduce(by_column[0] if len(by_column) == 1 else op(*by_column), axis=1)
        return merged


def _layout_of(values: Array, long: int = _LONG) -> _Layout:
    samples, units, positions = values.shape
    last = _last_axis(values)
    if last == 2:
        return (
            _Layout(units, 1, 1, 2)
            if positions >= long and samples < _FEWEST
            else _Layout(units, positions, 0, 2)
        )
    return _Layout(units, 1, 0, 1) if last == 1 else _Layout(units, 1, 1, 0)


def _last_axis(values: Array) -> int | None:
    """Return the axis that is last in memory; None where the elements do not lie beside each other."""
    if values.transpose(0, 2, 1).flags.c_contiguous:
        return 1
    if values.flags.c_contiguous:
        return 2
    return 0 if values.shape[2] == 1 and values.strides[0] == values.itemsize else None
