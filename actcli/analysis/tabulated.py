"""Smooth functions read from a table: for float32 numbers that are computed again and again, as training does.

The core computes gelu to the last bit of float64, which takes 20 passes over the numbers. Between two points of a
table, 1/512 apart, a straight line is within 1e-6 of the function, which is what float32 training can tell.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation
from actcli.activations.definition import Kernel

Array = NDArray[Any]
_PER_UNIT = 512
"""A power of two: place and remainder are then exact."""
_ENDS = -16, 16
_BEYOND = (-1e4, -100.0, -17.0, 17.0, 100.0, 1e4)
_SAME = 1e-6


def tabulated(f: Activation) -> tuple[Kernel, Kernel] | None:
    """f and f' for float32 arrays, linear between exact values on -16 to 16, and going on as a line beyond.

    None where that is not within 1e-6 of f: for a function with kinks, a part of the axis as its domain, or an end
    that is no line; and for one that is not gated (gelu, silu, mish), as others are as fast by their own kernels.
    """
    if f.definition.family != "gated" or f.kinks or not np.isinf(f.definition.domain).all():
        return None
    points = np.arange(_ENDS[0] * _PER_UNIT, _ENDS[1] * _PER_UNIT + 1) / _PER_UNIT
    beyond = np.array(_BEYOND)
    kernels = []
    for exact in (f, f.grad):
        kernel = _between(exact(points))
        if not np.allclose(kernel(beyond.astype(np.float32)), exact(beyond), rtol=_SAME, atol=_SAME):
            return None
        kernels.append(kernel)
    return kernels[0], kernels[1]


def _between(values: Array) -> Callable[[Array], Array]:
    """The lines between the values of neighbouring points."""
    starts, rises = values[:-1].astype(np.float32), np.diff(values).astype(np.float32)
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
