"""Low-precision number types by their names."""

from collections.abc import Sequence

import numpy as np

from actcli.analysis.number_types import BFLOAT16, FLOAT8_E4M3, FLOAT8_E5M2, LowType, numpy_type
from actcli.exits import UsageError

_TYPES = {
    kind.name: kind
    for kind in (
        numpy_type(np.dtype(np.float32)),
        numpy_type(np.dtype(np.float16)),
        BFLOAT16,
        FLOAT8_E4M3,
        FLOAT8_E5M2,
    )
}
_ALSO = {
    "fp32": "float32",
    "fp16": "float16",
    "half": "float16",
    "bf16": "bfloat16",
    "e4m3": "float8_e4m3",
    "fp8_e4m3": "float8_e4m3",
    "float8_e4m3fn": "float8_e4m3",
    "e5m2": "float8_e5m2",
    "fp8_e5m2": "float8_e5m2",
}
NAMES = tuple(_TYPES)
"""All names, in the order in which they are shown."""


def low_types(names: Sequence[str] | None) -> tuple[LowType, ...]:
    """Return the types of these names, each once, in this order; without names all of them.

    Raises UsageError for an unknown name.
    """
    if names is None:
        return tuple(_TYPES.values())
    if not names:
        raise UsageError(f"no number type is named; known are {', '.join(NAMES)}")
    return tuple(_TYPES[name] for name in dict.fromkeys(_canonical(name) for name in names))


def number_type(name: str) -> LowType:
    """Return the type of this name, float64 too. Raises UsageError for an unknown one."""
    return numpy_type(np.dtype(np.float64)) if name == "float64" else _TYPES[_canonical(name)]


def _canonical(name: str) -> str:
    key = name.strip().lower().replace("-", "_")
    canonical = _ALSO.get(key, key)
    if canonical not in NAMES:
        raise UsageError(f"unknown number type {name!r}; known are {', '.join(NAMES)}")
    return canonical
