"""Kernels of training: float32, value and slope together where both share work.

The core's kernels are exact to the last bits of float64, and compute value and slope apart. A training computes both
of the same numbers again and again, in float32. A kernel stands here if it makes a whole training at least 1.1 times as
fast (two layers of 64 units, batches of 32, one core, processor time against the core's kernel): sigmoid 1.7, silu 2.3
(10 networks); both are 1.5 times as fast as a table. relu, leaky_relu and tanh gain 1.1 to 1.2 (20 networks), with the
core's bits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation
from actcli.activations.definition import Kernel
from actcli.analysis.training.tabulated import tabulate

Array = NDArray[Any]
_TINY = 80.0
"""Below e**-80 the core computes the slope of tanh in two halves, or e**x leaves the normal numbers of float32."""


class Value(Protocol):
    """φ of a float array of any shape, written into `out`, which may be the array itself, or into a new one."""

    def __call__(self, z: Array, /, out: Array | None = None) -> Array: ...  # noqa: D102


class Both(Protocol):
    """φ, written as by Value, and φ', which may be bool where it is 0 and 1."""

    def __call__(self, z: Array, /, out: Array | None = None) -> tuple[Array, Array]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Kernels:
    """φ, and φ with φ'."""

    value: Value
    both: Both


def quick_kernels(f: Activation) -> Kernels:
    """Return the fastest float32 kernels of f: within 2e-6 of φ and φ', relative to them where they are above 1.

    An infinite number may give NaN, and the slope at NaN may be a number: a network with such numbers has diverged.
    Raises UsageError for a function of rows.
    """
    fused = _fused(f)
    if fused is not None:
        return fused
    table = tabulate(f)
    return separate_kernels(*f.kernels) if table is None else Kernels(table.value, table.both)


def separate_kernels(value: Callable[[Array], Array], slope: Callable[[Array], Array]) -> Kernels:
    """Return the kernels of a function whose value and slope share no work."""

    def write_value(z: Array, out: Array | None = None) -> Array:
        if out is None:
            return np.asarray(value(z), z.dtype)
        out[...] = value(z)
        return out

    def write_both(z: Array, out: Array | None = None) -> tuple[Array, Array]:
        steep = np.asarray(slope(z), z.dtype)
        return write_value(z, out), steep

    return Kernels(write_value, write_both)


def _fused(f: Activation) -> Kernels | None:
    match f.definition.name:
        case "relu":
            return Kernels(_relu, _relu_both)
        case "leaky_relu" if 1e-30 < f.parameters["alpha"] <= 1:
            alpha = f.parameters["alpha"]
            return Kernels(partial(_leaky, alpha=alpha), partial(_leaky_both, alpha=alpha))
        case "tanh":
            return Kernels(_tanh, partial(_tanh_both, exact=f.kernels[1]))
        case "sigmoid":
            return Kernels(_sigmoid, _sigmoid_both)
        case "silu" if f.parameters.get("beta", 1.0) == 1:
            return Kernels(_silu, _silu_both)
    return None


def _relu(z: Array, out: Array | None = None) -> Array:
    # np.maximum with a number takes three times as long
    h = np.clip(z, 0.0, np.inf, out=out)
    h += 0.0  # -0.0 becomes 0.0
    return h


def _relu_both(z: Array, out: Array | None = None) -> tuple[Array, Array]:
    slope = z > 0
    return _relu(z, out), slope


def _leaky(z: Array, out: Array | None = None, *, alpha: float) -> Array:
    h = alpha * z
    return np.maximum(z, h, out=h if out is None else out)


def _leaky_both(z: Array, out: Array | None = None, *, alpha: float) -> tuple[Array, Array]:
    slope = np.empty_like(z)
    np.greater(z, 0, out=slope, casting="unsafe")
    return _leaky(z, out, alpha=alpha), np.clip(slope, alpha, 1.0, out=slope)


def _tanh(z: Array, out: Array | None = None) -> Array:
    return np.asarray(np.tanh(z, out=out))


def _tanh_both(z: Array, out: Array | None = None, *, exact: Kernel) -> tuple[Array, Array]:
    """tanh z, and 4w/(1 + w)² with w = e**-2|z| in the steps of the core's kernel, which takes care of tiny w."""
    w = np.abs(z)
    w *= -2.0
    if not w.min(initial=0.0) >= -_TINY:
        slope = exact(z)
        return _tanh(z, out), slope
    np.exp(w, out=w)
    slope = 1.0 + w
    np.square(slope, out=slope)
    np.divide(4.0, slope, out=slope)
    w *= slope
    return _tanh(z, out), w


def _sigmoid(z: Array, out: Array | None = None) -> Array:
    h = np.negative(z, out=out)
    np.exp(h, out=h)
    h += 1
    return np.divide(1, h, out=h)


def _sigmoid_both(z: Array, out: Array | None = None) -> tuple[Array, Array]:
    h = _sigmoid(z, out)
    slope = 1 - h
    slope *= h
    return h, slope


def _silu(z: Array, out: Array | None = None) -> Array:
    s = _sigmoid(z)
    return np.multiply(s, z, out=s if out is None else out)


def _silu_both(z: Array, out: Array | None = None) -> tuple[Array, Array]:
    """z·s and s + z·s·(1 - s), with s = sigmoid(z)."""
    s = _sigmoid(z)
    h = np.multiply(z, s, out=out)
    slope = 1 - s
    slope *= h
    slope += s
    return h, slope
