"""Smooth functions read from a table, for float32 numbers that are computed again and again in training.

The core computes gelu to the last bit of float64, which takes 20 passes over the numbers. Between two points of a
table, 1/512 apart, a straight line is within 2e-6 of the function: closer than a network can tell.
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
_SLOW_FAMILIES, _SLOW_NAMES = {"gated", FORMULA}, {"erf"}
"""Functions whose table makes a whole training faster (measured as in quick_kernels): gelu_tanh 3.9 times, quick_gelu
2.3, gelu 2.1, mish 1.9, erf 1.8, formulas 1.2 to 1.5. Softplus (1.15) and log_sigmoid (0.9) gain too little."""


def tabulate(f: Activation) -> tuple[Kernel, Kernel] | None:
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
    kernels = []
    for exact in (f, f.grad):
        kernel = _between(exact(points))
        if not np.allclose(kernel(probes.astype(np.float32)), exact(probes), rtol=_SAME, atol=_SAME):
            return None
        kernels.append(kernel)
    return kernels[0], kernels[1]


def _between(values: Array) -> Callable[[Array], Array]:
    """Return the kernel that draws lines between the values of neighbouring points."""
    starts, rises = values[:-1].astype(np.float32), np.diff(values).astype(np.float32)
    # beyond the ends the lines go on, where a slope of 1e-14 instead of 0 would not stay small
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
