"""Faster kernels for the catalogued functions that formulas are most often made of.

The catalogue's kernels hold over the whole range of float64. In the middle of the range these plain forms agree with
them to within 4 ULP; a chunk that goes beyond the middle is left to the catalogue's kernel. The number beside each says
how much faster it is, measured on 65,536 normal numbers in one thread, with freed memory kept (NumPy 2.4, x86-64).
"""

from collections.abc import Callable, Mapping

import numpy as np

from actcli.activations.definition import Array

_END = 700.0
"""Beyond it e**a comes close to the largest number, and e**-a to the subnormal ones."""
_SQUARE_END = 340.0
"""The same for e**(2a)."""

FastKernel = Callable[[Array, Mapping[str, float], Array], Array | None]
"""A function of x, the parameters and a row for the result, which may be x; None where the kernel is needed."""


def logaddexp(a: Array, b: Array, out: Array) -> Array:
    """Return log(e**a + e**b) = m + log(1 + e**(n − m)), m the larger, in `out`, which may be a or b.

    Within 2 ULP. 5 times as fast as np.logaddexp.
    """
    larger = np.maximum(a, b)
    difference = np.minimum(a, b, out=out)
    difference -= larger
    if not np.isfinite(difference).all():  # inf − inf is NaN, and two equal infinities are their own sum
        return _with_infinities(difference, larger, out)
    np.exp(difference, out=out)
    np.log1p(out, out=out)
    np.add(out, larger, out=out)
    return out


def _with_infinities(difference: Array, larger: Array, out: Array) -> Array:
    rest = np.log1p(np.exp(difference))
    np.copyto(out, np.where(np.isinf(larger), larger, larger + rest))
    return out


def _within(x: Array, low: float, high: float) -> bool:
    """Return whether all numbers are in the interval; NaN is not."""
    return bool(x.min() > low and x.max() < high)


def _sigmoid(x: Array, _: Mapping[str, float], out: Array) -> Array | None:
    if not _within(x, -_END, np.inf):
        return None
    np.negative(x, out=out)
    np.exp(out, out=out)
    np.add(out, 1.0, out=out)
    np.divide(1.0, out, out=out)
    return out


def _silu(x: Array, parameters: Mapping[str, float], out: Array) -> Array | None:
    # the rounding of any other beta·x costs hundreds of ULP in the tail
    if parameters["beta"] != 1.0 or not _within(x, -_END, np.inf):
        return None
    divisor = np.negative(x)
    np.exp(divisor, out=divisor)
    divisor += 1.0
    np.divide(x, divisor, out=out)
    return out


def _softplus(x: Array, parameters: Mapping[str, float], out: Array) -> Array | None:
    if parameters["beta"] != 1.0 or parameters["threshold"] != np.inf or not _within(x, -_END, _END):
        return None
    np.exp(x, out=out)
    np.log1p(out, out=out)
    return out


def _mish(x: Array, _: Mapping[str, float], out: Array) -> Array | None:
    """Return x·n(n + 2)/(n(n + 2) + 2), n = e^x."""
    if not _within(x, -_END, _SQUARE_END):
        return None
    n = np.exp(x)
    product = n + 2.0
    product *= n
    np.add(product, 2.0, out=n)
    product /= n
    np.multiply(x, product, out=out)
    return out


FAST_KERNELS: dict[str, FastKernel] = {
    "sigmoid": _sigmoid,  # 2.5 times as fast
    "silu": _silu,  # 4.2
    "softplus": _softplus,  # 2.3
    "mish": _mish,  # 5.5
}
