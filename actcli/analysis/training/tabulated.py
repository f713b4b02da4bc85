"""Smooth functions read from a table, for float32 numbers that are computed again and again in training.

The core computes gelu to the last bit of float64, which takes 20 passes over the numbers. Between two points of a
table, 1/512 apart, a straight line is within 2e-6 of the function: closer than a network can tell.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation
from actcli.activations.definition import FORMULA

Array = NDArray[Any]
_PER_UNIT = 512
"""A power of two: place and remainder are then exact."""
_ENDS = -32, 32
_FIRST, _LAST = _ENDS[0] * _PER_UNIT, _ENDS[1] * _PER_UNIT - 1
_BEYOND = (-1e30, -1e4, -100.0, -33.0, 33.0, 100.0, 1e4, 1e30)
_SAME = 2e-6
_SLOW_FAMILIES, _SLOW_NAMES = {"gated", FORMULA}, {"erf"}
"""Functions whose table makes a whole training faster (measured as in quick_kernels): gelu_tanh 3.9 times, quick_gelu
2.3, gelu 2.1, mish 1.9, erf 1.8, formulas 1.2 to 1.5. Softplus (1.15) and log_sigmoid (0.9) gain too little."""


@dataclass(frozen=True, slots=True)
class LineTable:
    """f and f' of float32 arrays, between the points of a table; both are looked up at once.

    Attributes:
        values: (points, 2): f at a point, and its rise to the next.
        rows: (points, 4): the same of f and of f'.

    """

    values: Array
    rows: Array

    def value(self, x: Array, out: Array | None = None) -> Array:
        """Return f(x), written into `out` if it is given."""
        row, rest = _place(x)
        return _draw(self.values.take(row, axis=0, mode="clip"), 0, rest, rest if out is None else out)

    def both(self, x: Array, out: Array | None = None) -> tuple[Array, Array]:
        """Return f(x), written into `out` if it is given, and f'(x)."""
        row, rest = _place(x)
        # four numbers side by side are fetched in the time of one
        own = self.rows.take(row, axis=0, mode="clip")
        slope = _draw(own, 2, rest, np.empty_like(rest))
        return _draw(own, 0, rest, rest if out is None else out), slope


def tabulate(f: Activation) -> LineTable | None:
    """Return f and f' for float32 arrays: linear between exact values on -32 to 32, and on as a line beyond.

    None where that is not within 2e-6 of f (a function with kinks, a bounded domain, or an end that is no line), and
    where the exact kernels are about as fast. An infinite number gives NaN where the end is flat: a network with such
    a number has diverged.
    """
    definition = f.definition
    is_slow = definition.family in _SLOW_FAMILIES or definition.name in _SLOW_NAMES
    if not is_slow or f.kinks:
        return None
    if not np.isinf(definition.domain).all():
        return None
    points = np.arange(_ENDS[0] * _PER_UNIT, _ENDS[1] * _PER_UNIT + 1) / _PER_UNIT
    # where a straight line is worst, and beyond the table
    probes = np.concatenate([points[:-1] + 0.5 / _PER_UNIT, _BEYOND])
    values, slopes = _starts_and_rises(f(points)), _starts_and_rises(f.grad(points))
    table = LineTable(values, np.concatenate([values, slopes], axis=1))
    found = table.both(probes.astype(np.float32))
    near = (
        np.allclose(one, exact, rtol=_SAME, atol=_SAME)
        for one, exact in zip(found, (f(probes), f.grad(probes)), strict=True)
    )
    return table if all(near) else None


def _starts_and_rises(values: Array) -> Array:
    """Return (points - 1, 2): each value, and its distance to the next."""
    rises = np.diff(values).astype(np.float32)
    # beyond the ends the lines go on, where a slope of 1e-14 instead of 0 would not stay small
    rises[[0, -1]] = np.round(rises[[0, -1]] * _PER_UNIT, 6) / _PER_UNIT
    return np.stack([values[:-1].astype(np.float32), rises], axis=1)


def _place(x: Array) -> tuple[NDArray[np.intp], Array]:
    """Return the row of the table that x belongs to, and how far behind its point x lies, in steps."""
    place = x * np.float32(_PER_UNIT)
    whole = np.floor(place)
    np.clip(whole, _FIRST, _LAST, out=whole)
    place -= whole
    # NaN has no place; its remainder is NaN wherever it is looked up
    row = whole.astype(np.int32)
    row -= _FIRST
    return row.astype(np.intp), place


def _draw(rows: Array, first: int, rest: Array, out: Array) -> Array:
    """Return the point on the line of each row, whose start and rise are the columns from `first` on."""
    np.multiply(rest, rows[..., first + 1], out=out)
    out += rows[..., first]
    return out
