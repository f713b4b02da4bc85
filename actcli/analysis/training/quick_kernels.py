"""The activations that are trained most, in few passes over float32 numbers: value and slope together.

The core's kernels are exact to the last bits of float64, and each is computed by itself. A training computes both
of the same numbers again and again, in float32, and what they have in common is computed once here.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation
from actcli.analysis.training.tabulated import tabulated

Array = NDArray[Any]
Both = Callable[[Array], tuple[Array, Array]]

_ROOT_HALF = math.sqrt(0.5)
_DENSITY = 1 / math.sqrt(2 * math.pi)
# erfc(x) = (a1·t + ... + a5·t^5)·exp(-x²), t = 1/(1 + p·x), for x >= 0: Abramowitz and Stegun 1964, 7.1.26
_P = 0.3275911
_A = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)


@dataclass(frozen=True, slots=True)
class Kernels:
    """φ, and φ with φ', of a float array of any shape; a slope may be bool, for 0 and 1."""

    value: Callable[[Array], Array]
    both: Both


def quick_kernels(f: Activation) -> Kernels:
    """For float32: within 2e-6 of φ and φ', of their own size where that is above 1.

    Of an infinite number may come NaN: a network with such a number has diverged. Raises UsageError by rows.
    """
    own = _OWN.get(f.definition.name)
    if own is not None and f.parameters.get("beta", 1.0) == 1:
        return own
    alpha = f.parameters.get("alpha", 0.0)
    if f.definition.name == "leaky_relu" and _LEAST_LEAK < alpha < 1:
        return Kernels(partial(_leaky, alpha=alpha), partial(_leaky_both, alpha=alpha))
    return separate_kernels(*(tabulated(f) or f.kernels))


def separate_kernels(value: Callable[[Array], Array], slope: Callable[[Array], Array]) -> Kernels:
    """Those of a function for which nothing is shared."""
    return Kernels(value, lambda z: (value(z), slope(z)))


def _relu(z: Array) -> Array:
    # a maximum of an array and a number takes twice as long
    return np.clip(z, 0, np.inf)


def _relu_both(z: Array) -> tuple[Array, Array]:
    return _relu(z), z > 0


_LEAST_LEAK = 1e-30
"""A smaller one may be 0 in float32, and 0·inf is NaN."""


def _leaky(z: Array, alpha: float) -> Array:
    return np.maximum(z, alpha * z)


def _leaky_both(z: Array, alpha: float) -> tuple[Array, Array]:
    slope = (z > 0).astype(z.dtype)
    slope *= 1 - alpha
    slope += alpha
    return _leaky(z, alpha), slope


def _tanh_both(z: Array) -> tuple[Array, Array]:
    h = np.tanh(z)
    slope = h * h
    return h, np.subtract(1, slope, out=slope)


def _sigmoid(z: Array) -> Array:
    h = np.negative(z)
    np.exp(h, out=h)
    h += 1
    return np.divide(1, h, out=h)


def _sigmoid_both(z: Array) -> tuple[Array, Array]:
    h = _sigmoid(z)
    slope = 1 - h
    slope *= h
    return h, slope


def _silu(z: Array) -> Array:
    h = _sigmoid(z)
    h *= z
    return h


def _silu_both(z: Array) -> tuple[Array, Array]:
    """With s = sigmoid(z): z·s and s + z·s·(1 - s)."""
    s = _sigmoid(z)
    h = z * s
    slope = 1 - s
    slope *= h
    slope += s
    return h, slope


def _normal(z: Array) -> tuple[Array, Array]:
    """Φ(z) within 2e-7, and exp(-z²/2)."""
    bell = np.square(z)
    bell *= -0.5
    np.exp(bell, out=bell)
    t = np.abs(z)
    t *= _P * _ROOT_HALF
    t += 1
    np.divide(1, t, out=t)
    tail = t * _A[4]
    for a in _A[3::-1]:
        tail += a
        tail *= t
    tail *= bell
    # half of it is what lies beyond |z|
    tail *= -0.5
    tail += 0.5
    np.copysign(tail, z, out=tail)
    tail += 0.5
    return tail, bell


def _gelu(z: Array) -> Array:
    h, _ = _normal(z)
    h *= z
    return h


def _gelu_both(z: Array) -> tuple[Array, Array]:
    """z·Φ(z) and Φ(z) + z·φ(z)."""
    below, slope = _normal(z)
    slope *= z
    slope *= _DENSITY
    slope += below
    below *= z
    return below, slope


_OWN = {
    "relu": Kernels(_relu, _relu_both),
    "tanh": Kernels(np.tanh, _tanh_both),
    "sigmoid": Kernels(_sigmoid, _sigmoid_both),
    "silu": Kernels(_silu, _silu_both),
    "gelu": Kernels(_gelu, _gelu_both),
}
