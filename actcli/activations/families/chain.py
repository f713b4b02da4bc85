"""KernelTriple of functions made of others: the product with x, and the chain rule to the second derivative."""

from functools import partial
from typing import NamedTuple

import numpy as np

from actcli.activations.definition import Array, Definition, Kernel
from actcli.activations.families.exact import LARGEST


class KernelTriple(NamedTuple):
    """The kernels of f, f' and f''."""

    value: Kernel
    slope: Kernel
    curvature: Kernel


def kernels_of(definitions: tuple[Definition, ...], name: str, **parameters: float) -> KernelTriple:
    """Return the kernels of one of the definitions, at parameters."""
    found = next(d for d in definitions if d.name == name)
    value, slope, curvature = (
        partial(kernel, **parameters) for kernel in (found.value, found.slope, found.curvature) if kernel
    )
    return KernelTriple(value, slope, curvature)


def compose(outer: KernelTriple, inner: KernelTriple) -> KernelTriple:
    """Return the kernels of outer(inner(x))."""

    def curvature(x: Array) -> Array:
        u, u1 = inner.value(x), inner.slope(x)
        return outer.curvature(u) * u1 * u1 + outer.slope(u) * inner.curvature(x)

    return KernelTriple(
        lambda x: outer.value(inner.value(x)),
        lambda x: outer.slope(inner.value(x)) * inner.slope(x),
        curvature,
    )


def gate(g: KernelTriple) -> KernelTriple:
    """Return the kernels of x·g(x); a gate that is 0 makes it 0 at infinity too."""

    def inside(x: Array) -> Array:
        return np.clip(x, -LARGEST, LARGEST) if np.isinf(x).any() else x

    def value(x: Array) -> Array:
        y, limited = g.value(x), inside(x)
        return np.where(np.isinf(x) & (y != 0.0), x * y, limited * y)

    return KernelTriple(
        value,
        lambda x: g.value(x) + inside(x) * g.slope(x),
        lambda x: 2.0 * g.slope(x) + inside(x) * g.curvature(x),
    )
