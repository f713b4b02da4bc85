"""The landmarks of an elementwise activation: the pieces between its kinks, sampled, and the roots on them.

Samples lie at all scales around 0, the kinks and the ends of the domain, and closer where f moves between two
of them, so that a transition of any width is found anywhere.
"""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from actcli.activations import Activation
from actcli.activations.distinct import distinct
from actcli.analysis.card.gaussian import Floats
from actcli.dataclass import dataclass
from actcli.exits import UsageError

INF = float("inf")

_OFFSETS = np.concatenate([np.geomspace(1e-18, 1e3, 505), np.geomspace(1.1e3, 1e300, 300)])
_NEAR = np.linspace(-12.0, 12.0, 481)
_ROUNDS = 60
_PARTS, _MANY, _PARTS_OF_MANY = 64, 32, 16
"""A bracket is cut into so many parts at a time: a call for 600 numbers costs little more than one for 10.

Each of more than 32 brackets is cut into fewer, which takes a third of the numbers.
"""
_HALVINGS = 72
"""So often the parts of a bracket are halved at most: until it holds no number, or nearly so around 0."""
_MOST_SAMPLES = 8_000
_MANY_PIECES = 48
"""So many pieces are sampled as closely as one; more share the samples of so many."""
MOST_CHANGES = 200
"""An endless wave is known by so many turns."""
_WAVES = 16.0
"""Endless waves are sampled this far from 0."""
_SAME = 1e-14
"""The relative rounding error of a constant slope."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval of the real line, or a single point where low equals high.

    Attributes:
        low, high: the ends, in order; may be infinite.
        holds_low, holds_high: whether the ends belong to the interval.

    """

    low: float
    high: float
    holds_low: bool = False
    holds_high: bool = False

    @classmethod
    def point(cls, at: float) -> "Interval":
        """Return the interval that is a single point, or a limit at infinity."""
        return cls(at, at, holds_low=True, holds_high=True)


@dataclass(frozen=True, slots=True)
class SmoothPiece:
    """An open interval without kinks: its ends, samples in ascending order, and f, f' and f'' there."""

    low: float
    high: float
    x: Floats
    value: Floats
    slope: Floats
    curvature: Floats

    @property
    def affine(self) -> bool:
        """Return whether f' is constant on the whole piece."""
        top = float(np.abs(self.slope).max())
        return bool(np.ptp(self.slope) <= _SAME * top) and not self.curvature.any()

    @property
    def flat(self) -> bool:
        """Return whether f' is 0 on the whole piece.

        The tail of a sigmoid, where f' only underflows, belongs to a piece that has a slope elsewhere.
        """
        return not self.slope.any()


def pieces(f: Activation) -> tuple[SmoothPiece, ...]:
    """Return the pieces of f between its kinks and the ends of its domain, from left to right."""
    with np.errstate(all="ignore"):
        cuts = _cuts(f)
        share = -(-(len(cuts) - 1) // _MANY_PIECES)
        return tuple(_sample(f, low, high, share) for low, high in pairwise(cuts))


def zero_gradient(f: Activation) -> tuple[Interval, ...]:
    """Return the intervals on which f' is 0, so that a unit gets no gradient; at kinks autograd's f' decides."""
    cuts = _cuts(f)
    flats = []
    with np.errstate(all="ignore"):
        for low, high in pairwise(cuts):
            inside = np.array([_within(low, high, share) for share in (0.0, 1e-9, 0.1, 0.4, 0.8, 1.0)])
            flat = not f.grad(inside).any()
            # the tails of a steep sigmoid, or more steps than kinks are listed
            if flat and np.ptp(f(inside)):
                flat = _sample(f, low, high).flat
            flats.append(flat)
        held = [bool(np.isfinite(at) and f.grad(at) == 0) for at in cuts]
    intervals: list[Interval] = []
    for i, flat in enumerate(flats):
        if not flat:
            continue
        if intervals and intervals[-1].high == cuts[i] and held[i]:
            before = intervals.pop()
            intervals.append(Interval(before.low, cuts[i + 1], before.holds_low, held[i + 1]))
        else:
            intervals.append(Interval(cuts[i], cuts[i + 1], held[i], held[i + 1]))
    return tuple(intervals)


def zeros(f: Activation, order: int = 0) -> tuple[float, ...]:
    """Return the points at which f, f' or f'' (order 0, 1, 2) changes its sign or touches 0; not where it stays 0.

    Raises UsageError for another order.
    """
    if order > 2:
        raise UsageError(f"zeros are known of f, f' and f'', not of order {order}")

    def g(at: Floats) -> Floats:
        return f.grad(at, order=order) if order else f(at)

    with np.errstate(all="ignore"):
        parts = [_sample(f, low, high) for low, high in pairwise(_cuts(f))]
        x = np.concatenate([part.x for part in parts])
        y = np.concatenate([(part.value, part.slope, part.curvature)[order] for part in parts])
        roots = sign_changes(g, x, y, MOST_CHANGES)
        near = np.concatenate([[np.nan], y, [np.nan]])
        touched = x[(y == 0) & (near[:-2] != 0) & (near[2:] != 0)]
        cuts = np.array([at for at in _cuts(f) if math.isfinite(at)])
        level = cuts[g(cuts) == 0]
    return tuple(distinct(np.concatenate([roots, touched, level])).tolist())


def normal_mass(interval: Interval) -> float:
    """Return P(z in the interval), z ~ N(0, 1), with full relative precision in the tails."""
    low, high = interval.low, interval.high
    if low > 0:
        low, high = -high, -low
    root = math.sqrt(0.5)
    return (math.erfc(-high * root) - math.erfc(-low * root)) / 2


def sign_changes(g: Callable[[Floats], Floats], x: Floats, y: Floats, most: int | None = None) -> Floats:
    """Return the points between samples x at which g changes its sign, bisected to the last bit.

    y is g at x; samples where it is 0 or NaN are skipped. Of more than `most` points those nearest 0 are returned.
    """
    telling = (y != 0) & ~np.isnan(y)
    x, sign = x[telling], np.sign(y[telling])
    flips = np.flatnonzero(sign[:-1] != sign[1:])
    if not flips.size:
        return np.empty(0)
    if most is not None and flips.size > most:
        flips = np.sort(flips[np.argsort(np.abs(x[flips]), kind="stable")[:most]])
    low, high, sign = x[flips].copy(), x[flips + 1].copy(), sign[flips]
    parts = _PARTS if flips.size <= _MANY else _PARTS_OF_MANY
    share = np.arange(1.0, parts)[:, np.newaxis] / parts
    for _ in range(_HALVINGS // int(math.log2(parts))):
        inner = (
            low + share * (high - low) if np.isfinite(high - low).all() else low / 2 + high / 2 + 0 * share
        )
        wide = np.nextafter(low, INF) < high  # the others have arrived
        if not wide.any():
            break
        there = np.broadcast_to(sign, inner.shape).copy()
        there[:, wide] = np.sign(g(inner[:, wide].reshape(-1))).reshape(inner.shape[0], -1)
        # the part before the first point with another sign
        other = np.concatenate([(there != sign) & (there != 0), np.ones((1, low.size), np.bool_)]).argmax(
            axis=0
        )
        edges = np.concatenate([low[np.newaxis], inner, high[np.newaxis]])
        low, high = edges[other, np.arange(low.size)], edges[other + 1, np.arange(low.size)]
    return distinct(low)


def _cuts(f: Activation) -> list[float]:
    low, high = f.definition.domain
    return [low, *sorted({kink.at for kink in f.kinks if low < kink.at < high}), high]


def _within(low: float, high: float, share: float) -> float:
    """Return a point inside an interval that may be infinite; shares 0 and 1 lie nearest to the ends."""
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
    """Return the outermost points of an open interval that rounding at its ends does not affect."""
    return (
        low + 8 * float(np.spacing(abs(low))) if np.isfinite(low) else -1e300,
        high - 8 * float(np.spacing(abs(high))) if np.isfinite(high) else 1e300,
    )


def _sample(f: Activation, low: float, high: float, share: int = 1) -> SmoothPiece:
    """Return a piece with its samples, or about one of `share` of them."""
    centres = [centre for centre in (low, 0.0, high) if np.isfinite(centre)]
    around = [sign * _OFFSETS[::share] + centre for centre in centres for sign in (-1.0, 1.0)]
    first, last = _inside(low, high)
    between = np.linspace(low, high, 128 // share + 1) if np.isfinite(high - low) else _NEAR
    x = distinct(np.concatenate([*around, between, [first, 0.0, last]]))
    x = x[(first <= x) & (x <= last)]
    if not x.size:  # between kinks that are neighbours, or beyond 1e300
        x = np.array([_within(low, high, 0.5)])
    x, y = _refine(f, x, _MOST_SAMPLES // share)
    slope, curvature = f.grad(x), f.grad(x, order=2)
    far = np.flatnonzero(np.abs(x) > _WAVES)
    # what nothing is known of is no evidence: neither a value, nor a slope that would turn or bend f
    for order, derivative in ((1, slope), (2, curvature)):
        unknown = far[~f.is_known(x[far], order)]
        if unknown.size < x.size:
            derivative[unknown] = 0.0
    kept = np.ones(x.size, np.bool_)
    kept[far] = f.is_known(x[far])
    if not kept.any():
        kept[:] = True
    return SmoothPiece(low, high, *(part[kept] for part in (x, y, slope, curvature)))


def _refine(f: Activation, x: Floats, most: int) -> tuple[Floats, Floats]:
    """Return x and f(x) with more samples where f leaves the straight line between two of them visibly."""
    y = f(x)
    near = y[(np.abs(x) <= 1e3) & np.isfinite(y)]
    visible = 1e-4 * float(np.ptp(near)) if near.size else 0.0
    for reach in (INF, _WAVES):
        more = _split(f, x, y, visible, reach, most)
        if more[0].size <= most:
            break
    return more


def _split(
    f: Activation, x: Floats, y: Floats, visible: float, reach: float, most: int
) -> tuple[Floats, Floats]:
    open_ = np.maximum(np.abs(x[:-1]), np.abs(x[1:])) <= reach
    for _ in range(_ROUNDS):
        open_ &= np.abs(np.diff(y)) > visible
        at = np.flatnonzero(open_)
        middle = x[at] / 2 + x[at + 1] / 2
        value = f(middle)
        bent = np.abs(value - (y[at] / 2 + y[at + 1] / 2)) > 0.02 * np.abs(y[at + 1] - y[at])
        bent &= (x[at] < middle) & (middle < x[at + 1])
        if not bent.any() or x.size > most or f.is_approximate:
            break
        at, middle, value = at[bent], middle[bent], value[bent]
        open_ = np.zeros(x.size - 1, np.bool_)
        open_[at] = True
        # both halves of a split stretch are examined again
        open_ = np.insert(open_, at + 1, values=True)
        x, y = np.insert(x, at + 1, middle), np.insert(y, at + 1, value)
    return x, y
