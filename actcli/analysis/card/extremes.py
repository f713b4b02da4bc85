"""The extremes of an activation: its infimum and supremum, its largest slope, its zeros."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from actcli.analysis.card.gaussian import Floats
from actcli.analysis.card.landmarks import Interval, sign_changes
from actcli.analysis.card.profile import Profile, differ

_MOST_POINTS = 9
"""More zeros or turning points than these are an endless pattern, of which those nearest 0 are kept."""


@dataclass(frozen=True, slots=True)
class Extreme:
    """The infimum or supremum of f.

    Attributes:
        value: may be infinite; NaN where f has no value anywhere.
        reached: whether f takes the value at some x.
        at: the point nearest 0 where f turns there; None where it is a limit, or is taken along an interval.

    """

    value: float
    reached: bool
    at: float | None = None


def find_extremes(profile: Profile) -> tuple[Extreme, Extreme]:
    """Return infimum and supremum, among turning points, kinks, limits, level pieces and samples."""
    f, parts = profile.function, profile.pieces
    points: list[tuple[float, bool, float | None]] = [
        (value, True, at)
        for at, value in zip(profile.turns, f(np.array(profile.turns)).tolist(), strict=True)
    ]
    for edge in profile.edges:
        points += [(edge.value, True, edge.at), *((side, False, None) for side in edge.values)]
    points += [(float(part.value[0]), True, None) for part in parts if part.flat]
    points += [(limit, False, None) for limit in profile.limits]
    result = []
    for sign in (-1.0, 1.0):
        candidates = [(sign * value, reached, at) for value, reached, at in points if not math.isnan(value)]
        for part in (part for part in parts if not np.isnan(part.value).all()):
            best = int(np.nanargmax(sign * part.value))
            candidates.append((sign * float(part.value[best]), False, None))
        top = max((value for value, _, _ in candidates), default=math.nan)
        takers = [
            (reached, at) for value, reached, at in candidates if value == top or not differ(value, top)
        ]
        reached = math.isfinite(top) and any(taken for taken, _ in takers)
        level = any(part.flat and not differ(sign * float(part.value[0]), top) for part in parts)
        turning = [at for taken, at in takers if taken and at is not None]
        at = min(turning, key=abs) if turning and not level else None
        result.append(Extreme(sign * top + 0.0, reached, at))
    return result[0], result[1]


def find_largest_slope(profile: Profile) -> tuple[float, tuple[Interval, ...]]:
    """Return sup |f'| and where it is: points, intervals, and inf for a limit; NaN where f has no slope anywhere."""
    f, parts = profile.function, profile.pieces
    slopes: list[tuple[float, Interval]] = []
    for part in parts:
        if part.affine:
            slopes.append((abs(float(part.slope[0])), Interval(part.low, part.high)))
            continue
        bends = sign_changes(lambda x: f.grad(x, order=2), part.x, part.curvature)
        slopes += _sizes_at(f.grad(bends), bends)
    for edge in profile.edges:
        slopes += [(abs(slope), Interval.point(edge.at)) for slope in edge.slopes]
    ends = np.array([parts[0].low, parts[-1].high])
    slopes += _sizes_at(f.grad(ends), ends)
    largest = max((slope for slope, _ in slopes if not math.isnan(slope)), default=0.0)
    for part in parts:
        # a sample counts only where it is larger than all of these
        if not np.isnan(part.slope).all():
            best = int(np.nanargmax(np.abs(part.slope)))
            slope = abs(float(part.slope[best]))
            if slope > largest * (1 + 1e-12):
                slopes.append((slope, Interval.point(float(part.x[best]))))
    top = max((slope for slope, _ in slopes if not math.isnan(slope)), default=math.nan)
    where = [at for slope, at in slopes if slope == top or not differ(slope, top)]
    wide = [at for at in where if at.low < at.high]
    kept = wide + [
        at for at in where if at.low == at.high and not any(w.low <= at.low <= w.high for w in wide)
    ]
    nearest = sorted(set(kept), key=lambda at: min(abs(at.low), abs(at.high)))
    return top, tuple(sorted(nearest[:1] if len(nearest) > _MOST_POINTS else nearest, key=lambda at: at.low))


def _sizes_at(slopes: Floats, x: Floats) -> list[tuple[float, Interval]]:
    return [(abs(slope), Interval.point(at)) for at, slope in zip(x.tolist(), slopes.tolist(), strict=True)]


def find_zeros(profile: Profile) -> tuple[tuple[Interval, ...], bool]:
    """Return the points and intervals where f is 0, ascending, and whether there are endlessly many more."""
    f = profile.function
    points: set[float] = {edge.at for edge in profile.edges if edge.value == 0}
    low, high = f.definition.domain
    # f may touch the axis at 0; where the numbers beside it are 0 as well, f only underflows
    if low < 0 < high and float(f(0.0)) == 0 and f(np.array([-1e-12, 1e-12])).any():
        points.add(0.0)
    level: list[Interval] = []
    for part in profile.pieces:
        if part.flat and part.value[0] == 0:
            held = [math.isfinite(end) and float(f(end)) == 0 for end in (part.low, part.high)]
            level.append(Interval(part.low, part.high, *held))
        elif not part.flat:
            points.update(sign_changes(f, part.x, part.value).tolist())
    points = {at + 0.0 for at in points if not any(a.low <= at <= a.high for a in level)}
    kept = nearest_zero(points)
    intervals = level + [Interval.point(at) for at in kept]
    return tuple(sorted(intervals, key=lambda at: at.low)), len(kept) < len(points)


def nearest_zero(points: Iterable[float]) -> tuple[float, ...]:
    """Return the points in order; of an endless pattern only those nearest 0."""
    nearest = sorted(points, key=abs)
    if len(nearest) > _MOST_POINTS:
        nearest = [point for point in nearest if abs(point) <= abs(nearest[4]) * (1 + 1e-12)]
    return tuple(sorted(nearest))
