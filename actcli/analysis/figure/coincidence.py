"""Curves that a chart cannot show apart: where two of them are equal, and how far apart they are elsewhere."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from actcli.activations.distinct import distinct
from actcli.analysis.card.landmarks import Interval
from actcli.analysis.figure.curves import Curve, Series
from actcli.dataclass import dataclass

_SAME = 4 * np.finfo(np.float64).eps
_LEAST_SHARE = 0.25
"""The share of the x axis on which curves are equal that is worth saying."""
_LEAST_PART = 0.02
"""Shorter equal parts are crossings."""


@dataclass(frozen=True, slots=True)
class Coincidence:
    """Two curves of a frame that look like one, at least in part.

    Attributes:
        curve, other: their places among the frame's curves; `other` comes first.
        where: the parts in which they are equal; an end of the chart counts as infinite.
        apart: the largest difference elsewhere where the chart cannot show it, else None.
        everywhere: whether that is the difference at every such x.

    """

    curve: int
    other: int
    where: tuple[Interval, ...]
    apart: float | None = None
    everywhere: bool = False


def coincidences(curves: Sequence[Curve], visible: float) -> list[Coincidence]:
    """Return, for each curve, the earlier one that it covers most; none for curves that can be told apart.

    visible: the smallest difference that the chart shows.
    """
    found = []
    for i in range(1, len(curves)):
        pairs = [_compare(curves, i, j, visible) for j in range(i)]
        best = max(pairs, key=lambda pair: pair[0])
        if best[1] is not None:
            found.append(best[1])
    return found


def _compare(
    curves: Sequence[Curve], i: int, j: int, visible: float
) -> tuple[tuple[float, float], Coincidence | None]:
    """Return how well curve i covers curve j (the equal share of x, else minus the difference), and the coincidence."""
    x = distinct(np.concatenate([a for k in (i, j) for a, _ in curves[k].segments] or [np.zeros(0)]))
    a, b = (_values(curves[k], x) for k in (i, j))
    known = np.isfinite(a) & np.isfinite(b)
    if np.count_nonzero(known) < 2:
        return (0.0, -np.inf), None
    with np.errstate(invalid="ignore"):
        difference = np.abs(a - b)
        same = known & (difference <= _SAME * np.maximum(np.abs(a), np.abs(b)))
    where, share = _parts(x, known, same)
    rest = difference[known & ~same] if where else difference[known]
    most = float(rest.max(initial=0.0))
    hidden = 0.0 < most <= visible
    # among equal shares the first curve: `elu = relu for x ≥ 0`, whatever elu is elsewhere
    score = share, 0.0 if share >= _LEAST_SHARE else -most
    if share < _LEAST_SHARE and not hidden:
        return score, None
    constant = hidden and float(rest.min()) > 0.999 * most
    return score, Coincidence(i, j, where, most if hidden else None, constant)


def _values(curve: Curve, x: Series) -> Series:
    """Return the curve at each x; NaN in gaps and at jumps."""
    values = np.full(len(x), np.nan)
    ends = [end for a, _ in curve.segments for end in {float(a[0]), float(a[-1])}]
    for a, b in curve.segments:
        inside = (x >= a[0]) & (x <= a[-1])
        values[inside] = np.interp(x[inside], a, b)
    values[np.isin(x, [end for end in ends if ends.count(end) > 1])] = np.nan
    return values


def _parts(
    x: Series, known: NDArray[np.bool_], same: NDArray[np.bool_]
) -> tuple[tuple[Interval, ...], float]:
    """Return the intervals in which the curves are equal, and their share of the x at which both are known."""
    # at an unknown place nothing is different: it ends no part, but does not belong to one either
    places = np.flatnonzero(known)
    edges = np.flatnonzero(np.diff(np.r_[False, same[places], False].astype(np.int8)))
    total = x[places[-1]] - x[places[0]]
    parts, share = [], 0.0
    for first, last in zip(edges[::2], edges[1::2] - 1, strict=True):
        low, high = places[first], places[last]
        length = float(x[high] - x[low]) / float(total)
        if length < _LEAST_PART:
            continue
        share += length
        # a jump beside the part is its end
        jump_below, jump_above = low > 0 and not known[low - 1], high + 1 < len(x) and not known[high + 1]
        parts.append(
            Interval(
                -np.inf if first == 0 else float(x[low - jump_below]),
                np.inf if last == len(places) - 1 else float(x[high + jump_above]),
                holds_low=first > 0 and not jump_below,
                holds_high=last < len(places) - 1 and not jump_above,
            )
        )
    return tuple(parts), share
