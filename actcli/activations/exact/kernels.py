"""The exact kernels by the function's name."""

from collections.abc import Mapping
from functools import partial
from importlib import import_module

import numpy as np

from actcli.activations.catalogue import is_catalogued
from actcli.activations.definition import Array, Definition, Kernel

CHUNK = 16384
"""Numbers that are computed at a time: more leave the cache, with fewer two threads take turns too often (measured)."""
_LARGEST = float(np.finfo(np.float64).max)

_MODULES = {
    "algebraic": (
        *("softsign", "squareplus", "sparse_plus", "hard_sigmoid", "hard_swish", "rrelu", "keras.relu"),
        *("isru", "isrlu"),
    ),
    "inverses": ("arctan", "logit"),
    "exponential_units": ("elu", "selu", "celu", "exponential"),
    "gated": ("silu", "quick_gelu", "gelu_tanh", "mish"),
    "normal": ("gelu", "erf", "gaussian", "laplace"),
    "sigmoids": ("sigmoid", "log_sigmoid", "tanh", "softplus", "tanhshrink", "softcap", "shifted_softplus"),
    "rows": ("softmax", "log_softmax", "softmin", "sparsemax", "entmax15"),
    "pairs": ("glu", "geglu", "swiglu", "swiglu_oai", "swiglu_step"),
    "waves": ("sine", "snake"),
}
"""The functions by the module that computes them: f, f_slope, f_curvature. The others are exact by themselves."""


def exact_kernel(definition: Definition, order: int) -> Kernel | None:
    """Return the kernel of f, f' or f'' for float64; None where the definition's own is exact to the last place."""
    ordinary = (definition.value, definition.slope, definition.curvature)[order]
    return _find(definition, ("", "_slope", "_curvature")[order], ordinary)


def exact_parameter_kernel(definition: Definition, name: str) -> Kernel | None:
    """Return the kernel of the derivative by a parameter for float64; None where the definition's own is exact."""
    return _find(definition, f"_by_{name}", definition.by_parameter.get(name))


def exact_jacobian(definition: Definition) -> Kernel | None:
    """Return the kernel of the Jacobian for float64; None where the definition's own is exact."""
    return _find(definition, "_jacobian", definition.jacobian)


HIGHEST_EXACT_ORDER = 10
"""Derivatives of higher order have no kernel here."""


def exact_higher_kernel(definition: Definition, order: int, ordinary: Kernel) -> Kernel | None:
    """Return the kernel of a derivative of order 3 to 10; None where there is none of that function or order."""
    if order > HIGHEST_EXACT_ORDER or not is_catalogued(definition):
        return None
    from actcli.activations.exact import higher

    name = "exponential_of" if definition.name == "exponential" else definition.name
    kernel = getattr(higher, name.replace(".", "_"), None)
    return None if kernel is None else partial(apart_from_kinks, definition, partial(kernel, order), ordinary)


def apart_from_kinks(
    definition: Definition, kernel: Kernel, ordinary: Kernel, x: Array, /, **parameters: float
) -> Array:
    """Return the kernel's results, but at kinks those of the ordinary one; NaN stays NaN."""
    y = np.empty_like(x)
    for start in range(0, x.size, CHUNK):
        piece = np.nan_to_num(x[start : start + CHUNK])
        y[start : start + CHUNK] = kernel(piece, **parameters)
    # nan_to_num made ±inf the largest numbers: beside waves, which have no limit, all have theirs there
    apart = np.isin(x, [k.at for k in definition.kinks(**parameters)]) | np.isnan(x)
    if definition.name in {"sine", "snake"}:
        apart |= np.isinf(x)
    at = np.flatnonzero(apart)
    if at.size:
        y[at] = ordinary(x[at])
    return y


def _find(definition: Definition, suffix: str, ordinary: Kernel | None) -> Kernel | None:
    module = next((m for m, names in _MODULES.items() if definition.name in names), None)
    # a copy of a definition with other kernels computes by them
    if module is None or ordinary is None or not is_catalogued(definition):
        return None
    # one family is loaded, not all: the first number is not to wait for them
    functions = import_module(f"actcli.activations.exact.{module}")
    kernel = getattr(functions, definition.name.replace(".", "_") + suffix, None)
    if kernel is None:
        return None
    return (
        _along_rows(definition.name, kernel, ordinary) if definition.by_rows else in_chunks(kernel, ordinary)
    )


def in_chunks(kernel: Kernel, ordinary: Kernel) -> Kernel:
    """Return a kernel for contiguous x of one axis that takes any numbers, infinite ones and NaN too."""

    def whole(x: Array, **parameters: float) -> Array:
        y = np.empty_like(x)
        for start in range(0, x.size, CHUNK):
            piece = x[start : start + CHUNK]
            if np.isfinite(piece.sum()) or np.isfinite(piece).all():
                y[start : start + CHUNK] = kernel(piece, **parameters)
            else:
                y[start : start + CHUNK] = _with_ends(kernel, ordinary, piece, parameters)
        return y

    return whole


def _along_rows(name: str, kernel: Kernel, ordinary: Kernel) -> Kernel:
    """Return a kernel for x of shape (rows, n); rows with NaN or inf get the limits of the ordinary one."""
    from actcli.activations.exact.rows import is_ordinary

    def whole(x: Array, **parameters: float) -> Array:
        step = max(1, CHUNK // max(1, x.shape[1]))
        return np.concatenate([piece(x[i : i + step], parameters) for i in range(0, len(x), step)])

    def piece(x: Array, parameters: Mapping[str, float]) -> Array:
        usable = is_ordinary(name, x)
        if usable.all():
            return kernel(x, **parameters)
        y = ordinary(x, **parameters)
        if usable.any():
            y[usable] = kernel(x[usable], **parameters)
        return y

    return whole


def _with_ends(kernel: Kernel, ordinary: Kernel, x: Array, parameters: Mapping[str, float]) -> Array:
    """Return the kernel's results, the limits at ±inf, and NaN where x is NaN; a limit 0 has the sign beside it."""
    y = kernel(np.where(np.isnan(x), 0.0, np.clip(x, -_LARGEST, _LARGEST)), **parameters)
    far = np.flatnonzero(~np.isfinite(x))
    limits = ordinary(x[far], **parameters)
    y[far] = np.where(limits == 0.0, np.copysign(0.0, y[far]), limits)
    return y
