"""Rounding numbers to the type that is asked for."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.stream.evaluation import Array

FLOAT64 = np.dtype(np.float64)


def in_dtype(values: NDArray[Any], dtype: np.dtype[Any]) -> Array:
    """The numbers rounded once to dtype, native byte order; what is too large becomes infinite, silently."""
    if values.dtype == dtype:
        return values
    if values.dtype == np.bool_:
        # A file may hold any byte where a truth value should be.
        values = values.view(np.uint8) != 0
    with np.errstate(over="ignore"):
        converted: Array = values.astype(dtype)
    return converted
