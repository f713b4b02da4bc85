"""Smooth functions read from a table: for float32 numbers that are computed again and again, as training does.

The core computes gelu to the last bit of float64, which takes 20 passes over the numbers. Between two points of a
table, 1/512 apart, a straight line is within 2e-6 of the function, which is more than a network can tell.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation
from actcli.activations.definition import FORMULA, Kernel

Array = NDArray[Any]
_PER_UNIT = 512
"""A power of two: place and remainder are then exact."""
_ENDS = -32, 32
_BEYOND = (-1e30, -1e4, -100.0, -33.0, 33.0, 100.0, 1e4, 1e30)
_SAME = 2e-6
_SLOW = {"gated", "sigmoid", FORMULA}
_FAST = {"tanh", "arctan", "softsign"}
"""Among them: NumPy has a loop for the vectors of the processor."""


def tabulated(f: Activation) -> tuple[Kernel, Kernel] | None:
    """f and f' for float32 arrays, linear between exact values on -32 to 32, and going on as a line beyond.

    None where that is not within 2e-6 of f: for a function with kinks, a part of the axis as its domain, or an end
    that is no line; and for one whose own kernels are as fast.
    Of an infinite number comes NaN where the end is flat: a network with such a number has diverged.
    """
    definition = f.definition
    if definition.family not in _SLOW or definition.name in _FAST or f.kinks:
        return None
    if not np.isinf(definition.domain).all():
        return None
    points = np.arange(_ENDS[0] * _PER_UNIT, _ENDS[1] * _PER_UNIT + 1) / _PER_UNIT
    # where a straight line is worst, and where there is no table
    telling = np.concatenate([points[:-1] + 0.5 / _PER_UNIT, _BEYOND])
    kernels = []
    for exact in (f, f.grad):
        kernel = _between(exact(points))
        if not np.allclose(kernel(telling.astype(np.float32)), exact(telling), rtol=_SAME, atol=_SAME):
            return None
        kernels.append(kernel)
    return kernels[0], kernels[1]


def _between(values: Array) -> Callable[[Array], Array]:
    """The lines between the values of neighbouring points."""
    starts, rises = values[:-1].astype(np.float32), np.diff(values).astype(np.float32)
    # the lines go on beyond the ends, where a slope of 1e-14 for 0 would not stay small
    rises[[0, -1]] = np.round(rises[[0, -1]] * _PER_UNIT, 6) / _PER_UNIT
    first, last = _ENDS[0] * _PER_UNIT, _ENDS[1] * _PER_UNIT - 1

    def kernel(x: Array) -> Array:
        place = x * np.float32(_PER_UNIT)
        whole = np.floor(place)
        np.clip(whole, first, last, out=whole)
        place -= whole
        # NaN has no place; its remainder is NaN wherever it is looked up
        row = whole.astype(np.int32)
        row -= first
        place *= rises.take(row, mode="clip")
        place += starts.take(row, mode="clip")
        return place

    return kernel
