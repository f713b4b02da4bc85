"""Where an elementwise activation does something: the pieces between its kinks, sampled, and roots on them.

Samples lie at all scales around 0, the kinks and the ends of the domain, and closer where f moves between two
of them: a transition of any width, anywhere, is seen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation

Array = NDArray[np.float64]
INF = float("inf")

_OFFSETS = np.concatenate([np.geomspace(1e-18, 1e3, 505), np.geomspace(1.1e3, 1e300, 300)])
_NEAR = np.linspace(-12.0, 12.0, 481)
_ROUNDS = 60
_MOST_SAMPLES = 8_000
_WAVES = 16.0
"""How far from 0 a function is followed that bends again and again without end."""
_SAME = 1e-14
"""Relative: what rounding may do to a slope that is constant."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval of the line, or a point of it, where low is high.

    Attributes:
        low, high: the ends, in order; may be infinite.
        holds_low, holds_high: whether the ends belong to it.

    """

    low: float
    high: float
    holds_low: bool = False
    holds_high: bool = False

    @classmethod
    def point(cls, at: float) -> "Interval":
        """The interval that is one point, or a limit at inf."""
        return cls(at, at, holds_low=True, holds_high=True)


@dataclass(frozen=True, slots=True)
class Piece:
    """f on an open interval without kinks: ends, samples in ascending order, f, f' and f'' there."""

    low: float
    high: float
    x: Array
    value: Array
    slope: Array
    curvature: Array

    @property
    def affine(self) -> bool:
        """Whether f' is one number on the whole piece."""
        top = float(np.abs(self.slope).max())
        return bool(np.ptp(self.slope) <= _SAME * top) and not self.curvature.any()

    @property
    def flat(self) -> bool:
        """Whether f' is 0 on the whole piece: not only too small for a number, as in the tail of a sigmoid.

        Such a tail is part of a piece that has a slope elsewhere.
        """
        return not self.slope.any()


def pieces(f: Activation) -> tuple[Piece, ...]:
    """The pieces of f between its kinks and the ends of its domain, from left to right."""
    with np.errstate(all="ignore"):
        return tuple(_sampled(f, low, high) for low, high in pairwise(_cuts(f)))


def zero_gradient(f: Activation) -> tuple[Interval, ...]:
    """The intervals on which f' is 0, where a unit gets no gradient; a kink belongs to it as autograd says."""
    cuts = _cuts(f)
    flats = []
    with np.errstate(all="ignore"):
        for low, high in pairwise(cuts):
            inside = np.array([_within(low, high, share) for share in (0.0, 1e-9, 0.1, 0.4, 0.8, 1.0)])
            flat = not f.grad(inside).any()
            # the tails of a steep sigmoid, or more steps than kinks are listed
            if flat and np.ptp(f(inside)):
                flat = _sampled(f, low, high).flat
            flats.append(flat)
        held = [bool(np.isfinite(at) and f.grad(at) == 0) for at in cuts]
    found: list[Interval] = []
    for i, flat in enumerate(flats):
        if not flat:
            continue
        if found and found[-1].high == cuts[i] and held[i]:
            before = found.pop()
            found.append(Interval(before.low, cuts[i + 1], before.holds_low, held[i + 1]))
        else:
            found.append(Interval(cuts[i], cuts[i + 1], held[i], held[i + 1]))
    return tuple(found)


def sign_changes(g: Callable[[Array], Array], x: Array, y: Array) -> Array:
    """The points between samples x at which g changes its sign, by bisection to the last bit.

    y is g at x; samples where it is 0 or NaN say nothing and are passed over.
    """
    telling = (y != 0) & ~np.isnan(y)
    x, sign = x[telling], np.sign(y[telling])
    flips = np.flatnonzero(sign[:-1] != sign[1:])
    if not flips.size:
        return np.empty(0)
    low, high, sign = x[flips].copy(), x[flips + 1].copy(), sign[flips]
    for _ in range(_ROUNDS):
        middle = low / 2 + high / 2
        found = np.sign(g(middle))
        low = np.where((found == sign) | (found == 0), middle, low)
        high = np.where(found == sign, high, middle)
    return np.unique(low)


def _cuts(f: Activation) -> list[float]:
    low, high = f.definition.domain
    return [low, *sorted({kink.at for kink in f.kinks if low < kink.at < high}), high]


def _within(low: float, high: float, share: float) -> float:
    """A point inside an interval that may be infinite; shares 0 and 1 are nearest to the ends."""
    first, last = _inside(low, high)
    if np.isfinite(low) and np.isfinite(high):
        return float(np.clip(low + share * (high - low), first, last))
    reach = share / (1 - share) if share < 1 else 1e300
    if np.isfinite(low):
        return float(max(low + reach, first))
    if np.isfinite(high):
        return float(min(high - reach, last))
    return float((2 * share - 1) / max(1 - abs(2 * share - 1), 1e-300))


def _inside(low: float, high: float) -> tuple[float, float]:
    """The outermost points of an open interval that are clear of the rounding at its ends."""
    return (
        low + 8 * float(np.spacing(abs(low))) if np.isfinite(low) else -1e300,
        high - 8 * float(np.spacing(abs(high))) if np.isfinite(high) else 1e300,
    )


def _sampled(f: Activation, low: float, high: float) -> Piece:
    centres = [centre for centre in (low, 0.0, high) if np.isfinite(centre)]
    around = [sign * _OFFSETS + centre for centre in centres for sign in (-1.0, 1.0)]
    first, last = _inside(low, high)
    between = np.linspace(low, high, 129) if np.isfinite(high - low) else _NEAR
    x = np.unique(np.concatenate([*around, between, [first, 0.0, last]]))
    x = x[(first <= x) & (x <= last)]
    x, y = _refined(f, x)
    return Piece(low, high, x, y, f.grad(x), f.grad(x, order=2))


def _refined(f: Activation, x: Array) -> tuple[Array, Array]:
    """More samples where f leaves the straight line between two of them by a visible part of its height."""
    y = f(x)
    near = y[(np.abs(x) <= 1e3) & np.isfinite(y)]
    visible = 1e-4 * float(np.ptp(near)) if near.size else 0.0
    for reach in (INF, _WAVES):
        refined = _split(f, x, y, visible, reach)
        if refined[0].size <= _MOST_SAMPLES:
            break
    return refined


def _split(f: Activation, x: Array, y: Array, visible: float, reach: float) -> tuple[Array, Array]:
    open_ = np.maximum(np.abs(x[:-1]), np.abs(x[1:])) <= reach
    for _ in range(_ROUNDS):
        open_ &= np.abs(np.diff(y)) > visible
        at = np.flatnonzero(open_)
        middle = x[at] / 2 + x[at + 1] / 2
        value = f(middle)
        bent = np.abs(value - (y[at] / 2 + y[at + 1] / 2)) > 0.02 * np.abs(y[at + 1] - y[at])
        bent &= (x[at] < middle) & (middle < x[at + 1])
        if not bent.any() or x.size > _MOST_SAMPLES:
            break
        at, middle, value = at[bent], middle[bent], value[bent]
        open_ = np.zeros(x.size - 1, np.bool_)
        open_[at] = True
        # both halves of what is split are looked at again
        open_ = np.insert(open_, at + 1, values=True)
        x, y = np.insert(x, at + 1, middle), np.insert(y, at + 1, value)
    return x, y
