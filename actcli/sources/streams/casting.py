"""Conversion of numbers to the requested type."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.number_types import LowType, round_to
from actcli.analysis.stream.evaluation import Array

FLOAT64 = np.dtype(np.float64)


def in_dtype(values: NDArray[Any], dtype: np.dtype[Any], kind: LowType | None = None) -> Array:
    """Return the numbers rounded once to dtype, in native byte order; too large ones become infinite.

    With a `kind`, a type that NumPy lacks, they are rounded to it, and dtype holds them.
    """
    if values.dtype == dtype and kind is None:
        return values
    if values.dtype == np.bool_:
        # a file may hold any byte in place of a truth value
        values = values.view(np.uint8) != 0
    if kind is not None:
        return round_to(kind, values)
    with np.errstate(over="ignore", invalid="ignore"):
        converted: Array = values.astype(dtype)
    return converted
