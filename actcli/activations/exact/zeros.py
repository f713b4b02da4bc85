"""Derivatives beside their zeros, where the terms of every other form cancel: a Taylor series around the zero."""

from typing import NamedTuple

import numpy as np

from actcli.activations.definition import Array
from actcli.activations.exact.sums import add, multiply, normalise, rounded, subtract
from actcli.activations.families.exact import Sum

_REACH = 2.0**-8
"""So near to the zero the series is used; farther away the other forms keep 55 bits."""


class Zero(NamedTuple):
    """A zero of a derivative, the slope there, and the further Taylor coefficients."""

    at: Sum
    slope: Sum
    terms: tuple[float, ...]


def zero(row: tuple[float, ...]) -> Zero:
    """Return the zero of a row of the tables."""
    return Zero(Sum(np.asarray(row[0]), row[1]), Sum(np.asarray(row[2]), row[3]), row[4:])


def set_beside(zero: Zero, t: Sum, y: Array, factor: Sum | float = 1.0) -> None:
    """Replace y by factor times the series where t, the function's argument, is beside the zero."""
    at = np.flatnonzero(np.abs(t.h - zero.at.h) < _REACH)
    if not at.size:
        return
    low = t.l if isinstance(t.l, float) else t.l[at]
    step = normalise(subtract(Sum(t.h[at], low), zero.at))
    rest = step.h * zero.terms[-1]
    for c in zero.terms[-2::-1]:
        rest += c
        rest *= step.h
    y[at] = rounded(multiply(multiply(step, add(zero.slope, rest)), factor))
