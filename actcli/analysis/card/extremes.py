"""The extremes of an activation: its infimum and supremum, its largest slope, its zeros."""

import math
from collections.abc import Callable, Iterable

import numpy as np

from actcli.analysis.card.gaussian import Floats
from actcli.analysis.card.landmarks import MOST_CHANGES, Interval, sign_changes
from actcli.analysis.card.profile import Profile, differ
from actcli.analysis.card.tails import Limit, blows_up, climb, grows, limit_at
from actcli.dataclass import dataclass

_FAR = 1e3
_POLE = 1e6
_OFTEN = 5
"""A wave that turns at one value so often never exceeds it."""
_MOST_POINTS = 9
"""More zeros or turning points than these are an endless pattern, of which those nearest 0 are kept."""


@dataclass(frozen=True, slots=True)
class Extreme:
    """The infimum or supremum of f.

    Attributes:
        value: may be infinite; NaN where f has no value anywhere.
        reached: whether f takes the value at some x.
        at: the point nearest 0 where f turns there; None where it is a limit, or is taken along an interval.
        certain: False where it is extrapolated, or the largest of endlessly many turning points near 0.

    """

    value: float
    reached: bool
    at: float | None = None
    certain: bool = True


def find_extremes(profile: Profile) -> tuple[Extreme, Extreme]:
    """Return infimum and supremum, among turning points, kinks, limits and level pieces.

    A sample that exceeds all of them is followed uphill: to a pole, or to a value that may be exceeded elsewhere.
    """
    f, parts = profile.function, profile.pieces
    points: list[tuple[float, bool, float | None]] = [
        (value, True, at)
        for at, value in zip(profile.turns, f(np.array(profile.turns)).tolist(), strict=True)
    ]
    for edge in profile.edges:
        points += [(edge.value, True, edge.at), *((side, False, None) for side in edge.values)]
    points += [(float(part.value[0]), True, None) for part in parts if part.flat]
    for end, limit in zip((parts[0].low, parts[-1].high), profile.limits, strict=True):
        points.append((limit.value, True, end) if math.isfinite(end) else (limit.value, False, None))
    result = []
    for sign in (-1.0, 1.0):
        candidates = [(sign * value, reached, at) for value, reached, at in points if not math.isnan(value)]
        top = max((value for value, _, _ in candidates), default=math.nan)
        rough = {sign * limit.value for limit in profile.limits if not limit.certain}
        often = sum(reached and not differ(value, top) for value, reached, _ in candidates) >= _OFTEN
        certain = top not in rough and (often or profile.period is not None or not _is_endless(profile))
        sample, sure = _above(lambda x, sign=sign: sign * f(x), [(p.x, sign * p.value) for p in parts], top)  # type: ignore[misc]
        if not math.isnan(sample):
            top, certain = sample, sure
            candidates.append((top, False, None))
        takers = [
            (reached, at) for value, reached, at in candidates if value == top or not differ(value, top)
        ]
        reached = math.isfinite(top) and any(taken for taken, _ in takers)
        if profile.period is None and any(
            math.isnan(limit.value) and grows(lambda x, sign=sign: sign * f(x), side)  # type: ignore[misc]
            for side, limit in zip((-1.0, 1.0), profile.limits, strict=True)
        ):
            top, reached, certain, takers = math.inf, False, False, []
        level = any(part.flat and not differ(sign * float(part.value[0]), top) for part in parts)
        turning = [at for taken, at in takers if taken and at is not None]
        at = min(turning, key=abs) if turning and not level and math.isfinite(top) else None
        result.append(Extreme(sign * top + 0.0, reached, at, certain))
    return result[0], result[1]


def _is_endless(profile: Profile) -> bool:
    """Return whether f turns again and again, without a limit, so that a larger value may lie anywhere."""
    if len(profile.turns) <= _MOST_POINTS:
        return False
    return any(math.isnan(limit.value) for limit in profile.limits)


def _above(
    g: Callable[[Floats], Floats], samples: Iterable[tuple[Floats, Floats]], top: float
) -> tuple[float, bool]:
    """Return the largest sample of g above `top`, followed uphill, and whether it is certain; NaN where none is."""
    best, sure = math.nan, True
    for x, y in samples:
        if np.isnan(y).all():
            continue
        place = int(np.nanargmax(y))
        over = float(y[place])
        if not (over > top * (1 + math.copysign(1e-12, top)) or math.isnan(top)):
            continue
        value, _, pole = climb(g, x, place)
        if pole:
            return math.inf, math.isinf(value)
        if math.isnan(best) or value > best:
            best, sure = value, False
    return best, sure


def find_largest_slope(profile: Profile, order: int = 1) -> tuple[float, tuple[Interval, ...], bool]:
    """Return sup |f'|, or sup |f''| for order 2, where it is, and whether it is certain; NaN where there is none.

    It is at points, on intervals, or at ±inf as a limit. At a kink the derivatives from both sides count.
    """
    f, parts = profile.function, profile.pieces
    slopes: list[tuple[float, Interval]] = []
    for part in parts:
        if part.affine:
            same = float(part.slope[0]) if order == 1 else 0.0
            slopes.append((abs(same), Interval(part.low, part.high)))
            continue
        change = part.curvature if order == 1 else f.grad(part.x, order=3)
        bends = sign_changes(lambda x: f.grad(x, order=order + 1), part.x, change, MOST_CHANGES)
        slopes += _sizes_at(f.grad(bends, order=order), bends)
    for edge in profile.edges:
        sides = edge.slopes if order == 1 else edge.curvatures
        slopes += [(abs(slope), Interval.point(edge.at)) for slope in sides]
    rough: set[float] = set()
    for end in (parts[0].low, parts[-1].high):
        limit = Limit(math.nan) if profile.period else limit_at(f, end, order=order)
        slopes.append((abs(limit.value), Interval.point(end)))
        rough |= set() if limit.certain else {abs(limit.value)}
    top = max((slope for slope, _ in slopes if not math.isnan(slope)), default=math.nan)
    certain = top not in rough and (profile.period is not None or not _is_endless(profile))

    def size(x: Floats) -> Floats:
        slope: Floats = np.abs(f.grad(x, order=order))
        return slope

    for part in parts:
        # a sample counts only where it is larger than all of these
        sizes = np.abs(part.slope if order == 1 else part.curvature)
        if np.isnan(sizes).all():
            continue
        best = int(np.nanargmax(sizes))
        slope = float(sizes[best])
        if math.isnan(top) or slope > top * (1 + 1e-12):
            value, at, pole = climb(size, part.x, best)
            for end in (part.low, part.high):
                at = end if math.isfinite(end) and abs(at - end) <= 1e-12 * max(1.0, abs(end)) else at
            slopes.append((math.inf if pole else value, Interval.point(at)))
            certain = math.isinf(value)
    if profile.period is None and math.isfinite(top):
        for side, end in ((-1.0, parts[0].low), (1.0, parts[-1].high)):
            if math.isinf(end) and grows(size, side):
                slopes.append((math.inf, Interval.point(end)))
                certain = False
    top = max((slope for slope, _ in slopes if not math.isnan(slope)), default=math.nan)
    if math.isfinite(top):
        poles = [at for slope, at in slopes if slope == top and _hides_a_pole(size, at, top)]
        slopes += [(math.inf, at) for at in poles]
        top, certain = (math.inf, False) if poles else (top, certain)
    if math.isinf(top):
        # both ends of log(x/(1-x)), whose quotients are inf/inf there
        slopes += [
            (math.inf, Interval.point(end))
            for end, side in ((parts[0].low, 1.0), (parts[-1].high, -1.0))
            if math.isfinite(end) and blows_up(size, end, side)
        ]
    where = [at for slope, at in slopes if slope == top or not differ(slope, top)]
    ends = [at for at in where if math.isinf(at.low) and at.low == at.high]
    if ends and any(slope == top for slope, at in slopes if at in ends):
        # far out the slope is rounded to its limit
        where = [at for at in where if at in ends or at.low < at.high or abs(at.low) < _FAR]
    wide = [at for at in where if at.low < at.high]
    kept = wide + [
        at for at in where if at.low == at.high and not any(w.low <= at.low <= w.high for w in wide)
    ]
    nearest = sorted(set(kept), key=lambda at: min(abs(at.low), abs(at.high)))
    shown = nearest[:1] if len(nearest) > _MOST_POINTS else nearest
    return top, tuple(sorted(shown, key=lambda at: at.low)), certain


def _hides_a_pole(size: Callable[[Floats], Floats], at: Interval, top: float) -> bool:
    """Return whether a size falls by half from a point to the next numbers: those of tan lie between two numbers."""
    if top < _POLE or at.low < at.high or math.isinf(at.low):
        return False
    return bool(np.all(size(np.nextafter(at.low, [-math.inf, math.inf])) < top / 2))


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
            points.update(sign_changes(f, part.x, part.value, MOST_CHANGES).tolist())
    # 1/x changes its sign at a pole
    sizes = np.abs(f(np.array([*points]))).tolist()
    points = {at for at, size in zip(points, sizes, strict=True) if size < _POLE}
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
