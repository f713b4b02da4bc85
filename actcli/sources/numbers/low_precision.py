"""Low-precision number types by their names: those of NumPy and of the optional package ml_dtypes."""

import importlib
from collections.abc import Sequence
from types import ModuleType

from actcli.analysis.precision.number_types import LowType, low_type, numpy_type
from actcli.exits import DataError, UsageError

_NUMPY = ("float32", "float16")
_ML_DTYPES = {"bfloat16": "bfloat16", "float8_e4m3": "float8_e4m3fn", "float8_e5m2": "float8_e5m2"}
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
NAMES = (*_NUMPY, *_ML_DTYPES)
"""All names, in the order in which they are shown."""


def low_types(names: Sequence[str] | None) -> tuple[LowType, ...]:
    """Return the types of these names, each once, in this order; without names all that are installed.

    These are float32 and float16, and with ml_dtypes bfloat16, float8_e4m3 (the variant without infinity that
    hardware has, e4m3fn) and float8_e5m2 (Micikevicius et al., FP8 formats for deep learning, 2022). Raises
    UsageError for an unknown name, DataError for one whose package is not installed.
    """
    if names is None:
        extra = NAMES[len(_NUMPY) :] if _ml_dtypes() is not None else ()
        return tuple(_load(name) for name in (*_NUMPY, *extra))
    if not names:
        raise UsageError(f"no number type is named; known are {', '.join(NAMES)}")
    return tuple(_load(name) for name in dict.fromkeys(_canonical(name) for name in names))


def _canonical(name: str) -> str:
    key = name.strip().lower().replace("-", "_")
    canonical = _ALSO.get(key, key)
    if canonical not in NAMES:
        raise UsageError(f"unknown number type {name!r}; known are {', '.join(NAMES)}")
    return canonical


def _load(name: str) -> LowType:
    if name in _NUMPY:
        import numpy as np

        return numpy_type(np.dtype(name))
    package = _ml_dtypes()
    if package is None:
        raise DataError(f"{name} needs ml_dtypes: pip install ml_dtypes (the extra lowp)")
    limits = package.finfo(getattr(package, _ML_DTYPES[name]))
    return low_type(name, limits, infinite=name != "float8_e4m3")


def _ml_dtypes() -> ModuleType | None:
    try:
        return importlib.import_module("ml_dtypes")
    except ImportError:
        return None
