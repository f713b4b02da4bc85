"""The numbers on an activation's card, each found from the function itself, for any values of its parameters."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation, Definition, activation
from actcli.activations.definition import FORMULA
from actcli.analysis.card.landmarks import Interval, Piece, pieces, sign_changes, zero_gradient
from actcli.analysis.card.moments import Gains, Moments, gains, moments
from actcli.exits import UsageError

Array = NDArray[np.float64]
INF = math.inf

Direction = Literal["increasing", "decreasing", "constant", "neither"]
Bend = Literal["convex", "concave", "affine", "neither"]
Symmetry = Literal["odd", "even", "neither"]

SATURATED_BELOW = 1e-3
"""A side is saturated where |f'| is below so much of its largest value."""
_SAME = 1e-14
_MOST_POINTS = 9
"""Of zeros, of stationary points: more than these are a pattern, of which the ones nearest 0 are kept."""


@dataclass(frozen=True, slots=True)
class Extreme:
    """The infimum or supremum of f.

    Attributes:
        value: may be infinite.
        reached: whether f takes the value at some x.
        at: the point nearest 0 where f turns there; None where it is a limit, or taken along an interval.

    """

    value: float
    reached: bool
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Properties:
    """What is known of an elementwise activation at these parameters.

    Attributes:
        lowest, highest: infimum and supremum.
        limits: at −inf and at inf, or at the ends of the domain; nan where there is none.
        zeros: points and intervals where f is 0, those nearest 0 first to be kept where `endless_zeros`.
        endless_zeros: there are more zeros than are listed.
        stationary: points where f' changes its sign, those nearest 0.
        largest_slope: sup |f'|.
        steepest: where it is: points, intervals, and inf for a limit.
        lipschitz: the smallest L with |f(x) − f(y)| <= L·|x − y|: sup |f'|, or inf where f jumps.
        direction, bend, symmetry: monotone how, convex or concave, odd or even.
        smoothness: -1 where the value jumps, 0 for C0, 1 for C1, inf.
        zero_gradient: the intervals on which f' is 0.
        saturation: from where on to the left and to the right |f'| < 1e-3·sup |f'|; None where it never stays so.
        at_zero: f(0) and f'(0), as autograd returns it.
        value_moments, slope_moments: of f(z) and f'(z), z ~ N(0, 1); None where z may leave the domain.
        gains: what they mean for the initial weights; None likewise.

    """

    lowest: Extreme
    highest: Extreme
    limits: tuple[float, float]
    zeros: tuple[Interval, ...]
    endless_zeros: bool
    stationary: tuple[float, ...]
    largest_slope: float
    steepest: tuple[Interval, ...]
    lipschitz: float
    direction: Direction
    bend: Bend
    symmetry: Symmetry
    smoothness: float
    zero_gradient: tuple[Interval, ...]
    saturation: tuple[float | None, float | None]
    at_zero: tuple[float, float]
    value_moments: Moments | None
    slope_moments: Moments | None
    gains: Gains | None

    @property
    def bounded(self) -> bool:
        """Whether f has a finite range."""
        return math.isfinite(self.lowest.value) and math.isfinite(self.highest.value)

    @property
    def monotone(self) -> bool:
        """Whether f never turns back."""
        return self.direction != "neither"


def measure(f: Activation) -> Properties:
    """The properties of an elementwise activation. Raises UsageError for one over rows, which has no such card."""
    if f.by_rows:
        raise UsageError(f"{f.spec} works over rows: it has no single curve to measure")
    with np.errstate(all="ignore"):
        parts, edges, limits, turns = _course(f)
        slope, steepest = _largest_slope(f, parts, edges)
        smoothness = _smoothness(f, edges, slope, steepest)
        lowest, highest = _extremes(f, parts, edges, limits, turns)
        zeros, endless = _zeros(f, parts, edges)
        saturation = _saturation(f, parts, slope, -1), _saturation(f, parts, slope, 1)
        stationary = _nearest_zero(turns)
        breaks = [edge.at for edge in edges] + [end for end in saturation if end is not None]
        value, derivative = moments(f, [*breaks, *stationary, *(place.low for place in steepest)])
        return Properties(
            lowest=lowest,
            highest=highest,
            limits=limits,
            zeros=zeros,
            endless_zeros=endless,
            stationary=stationary,
            largest_slope=slope,
            steepest=steepest,
            lipschitz=INF if smoothness < 0 else slope,
            direction=_direction(parts, edges),
            bend=_bend(parts, edges),
            symmetry=_symmetry(f, parts),
            smoothness=smoothness,
            zero_gradient=zero_gradient(f),
            saturation=saturation,
            at_zero=(float(f(0.0)) + 0.0, float(f.grad(0.0)) + 0.0),
            value_moments=value,
            slope_moments=derivative,
            gains=gains(f, value, derivative),
        )


def with_facts(definition: Definition) -> Definition:
    """A formula's definition with its range, monotony and smoothness as they are at its defaults.

    The catalogue states these facts, so that its definitions stay as they are. NaN, and not monotone, where a
    parameter has no default or the formula is real nowhere.
    """
    if definition.family != FORMULA:
        return definition
    from actcli.activations.formula import settle

    values = {parameter.name: parameter.default for parameter in definition.parameters}
    unknown = replace(definition, range=(math.nan, math.nan), smoothness=math.nan)
    if any(map(math.isnan, values.values())):
        return unknown
    try:
        f = Activation(definition.name, settle(definition, values), values)
    except UsageError:  # real nowhere
        return unknown
    with np.errstate(all="ignore"):
        parts, edges, limits, turns = _course(f)
        lowest, highest = _extremes(f, parts, edges, limits, turns)
        return replace(
            f.definition,
            range=(lowest.value, highest.value),
            monotone=_direction(parts, edges) != "neither",
            smoothness=_smoothness(f, edges, *_largest_slope(f, parts, edges)),
        )


COST_NUMBERS = 1 << 15
"""How many numbers the cost is measured on: they stay in the cache, where the arithmetic shows."""


def cost_relative_to_relu(f: Activation, n: int = COST_NUMBERS, rounds: int = 15) -> float:
    """How many times as long f takes as relu, on n float64 numbers from N(0, 1): measured here, now, best of rounds."""
    from time import perf_counter

    x = np.random.default_rng(0).standard_normal((n // 64, 64) if f.by_rows else n)
    best = [INF, INF]
    for _ in range(rounds):
        for i, function in enumerate((activation("relu"), f)):
            start = perf_counter()
            function(x)
            best[i] = min(best[i], perf_counter() - start)
    return best[1] / best[0]


@dataclass(frozen=True, slots=True)
class _Edge:
    """Both sides of a kink: value, slope and curvature from the left and from the right, and f at the point."""

    at: float
    value: float
    values: tuple[float, float]
    slopes: tuple[float, float]
    smoothness: float

    @classmethod
    def of(cls, f: Activation, left: Piece, right: Piece) -> "_Edge":
        """The kink between two pieces, measured beside it."""
        at = right.low
        value = float(f(at))
        values = float(left.value[-1]), float(right.value[0])
        slopes = float(left.slope[-1]), float(right.slope[0])
        bends = float(left.curvature[-1]), float(right.curvature[0])
        kink = next(kink for kink in f.kinks if kink.at == at)
        # The sides are measured a little beside the kink, where f and f' have moved by as much as this.
        steep, bent = ((_SAME * abs(at) + 1e-300) * max(map(abs, sides)) for sides in (slopes, bends))
        # a side that is vertical at the kink is only steep beside it
        vertical = any(map(math.isinf, kink.slopes))
        slopes = (
            kink.slopes[0] if math.isinf(kink.slopes[0]) else slopes[0],
            kink.slopes[1] if math.isinf(kink.slopes[1]) else slopes[1],
        )
        if kink.jump or any(_differ(value, side, steep) for side in values):
            smoothness = -1.0
        elif vertical or _differ(*slopes, bent):
            smoothness = 0.0
        else:
            smoothness = 1.0 if _differ(*bends) else INF
        return cls(at, value, values, slopes, smoothness)


def _differ(a: float, b: float, allowed: float = 0.0) -> bool:
    """Whether two numbers are more than rounding apart."""
    if a == b or not math.isfinite(a - b):
        return a != b
    return abs(a - b) > _SAME * max(abs(a), abs(b)) + allowed


def _course(
    f: Activation,
) -> tuple[tuple[Piece, ...], tuple[_Edge, ...], tuple[float, float], list[float]]:
    """The pieces of f, the kinks between them, the limits, and the points where f' changes its sign."""
    parts = pieces(f)
    edges = tuple(_Edge.of(f, left, right) for left, right in pairwise(parts))
    turns = [point for part in parts for point in sign_changes(f.grad, part.x, part.slope).tolist()]
    return parts, edges, _limits(f, parts), turns


def _smoothness(f: Activation, edges: Iterable[_Edge], slope: float, steepest: Iterable[Interval]) -> float:
    """That of the worst kink; and where f is vertical inside its domain without one (∛x), 0, or −1 at a pole."""
    found = min((edge.smoothness for edge in edges), default=INF)
    low, high = f.definition.domain
    if math.isinf(slope):
        for place in steepest:
            beside = place.low + max(abs(place.low), 1.0) * np.array([-1e-6, 1e-6])
            # not where the slope has only become too large for a number
            if low < place.low < high and np.isfinite(f.grad(beside)).all():
                found = min(found, 0.0 if math.isfinite(f(place.low)) else -1.0)
    return found


def _limits(f: Activation, parts: Sequence[Piece]) -> tuple[float, float]:
    low, high = f(np.array([parts[0].low, parts[-1].high])).tolist()
    return low + 0.0, high + 0.0


def _extremes(
    f: Activation,
    parts: Sequence[Piece],
    edges: Iterable[_Edge],
    limits: tuple[float, float],
    turns: list[float],
) -> tuple[Extreme, Extreme]:
    """Among turning points, kinks, limits and level pieces; and samples, should one lie beyond them all."""
    found: list[tuple[float, bool, float | None]] = []
    found += [(value, True, at) for at, value in zip(turns, f(np.array(turns)).tolist(), strict=True)]
    for edge in edges:
        found += [(edge.value, True, edge.at), *((side, False, None) for side in edge.values)]
    found += [(float(part.value[0]), True, None) for part in parts if part.flat]
    found += [(limit, False, None) for limit in limits]
    result = []
    for sign in (-1.0, 1.0):
        candidates = [(sign * value, reached, at) for value, reached, at in found if not math.isnan(value)]
        for part in (part for part in parts if not np.isnan(part.value).all()):
            best = int(np.nanargmax(sign * part.value))
            candidates.append((sign * float(part.value[best]), False, None))
        top = max(value for value, _, _ in candidates)
        takers = [
            (reached, at) for value, reached, at in candidates if value == top or not _differ(value, top)
        ]
        reached = math.isfinite(top) and any(taken for taken, _ in takers)
        level = any(part.flat and not _differ(sign * float(part.value[0]), top) for part in parts)
        points = [at for taken, at in takers if taken and at is not None]
        at = min(points, key=abs) if points and not level else None
        result.append(Extreme(sign * top + 0.0, reached, at))
    return result[0], result[1]


def _largest_slope(
    f: Activation, parts: Sequence[Piece], edges: Iterable[_Edge]
) -> tuple[float, tuple[Interval, ...]]:
    found: list[tuple[float, Interval]] = []
    for part in parts:
        if part.affine:
            found.append((abs(float(part.slope[0])), Interval(part.low, part.high)))
            continue
        bends = sign_changes(lambda x: f.grad(x, order=2), part.x, part.curvature)
        found += [
            (abs(s), Interval.point(at)) for at, s in zip(bends.tolist(), f.grad(bends).tolist(), strict=True)
        ]
    for edge in edges:
        found += [(abs(slope), Interval.point(edge.at)) for slope in edge.slopes]
    ends = [parts[0].low, parts[-1].high]
    found += [
        (abs(s), Interval.point(at)) for at, s in zip(ends, f.grad(np.array(ends)).tolist(), strict=True)
    ]
    known = max((slope for slope, _ in found if not math.isnan(slope)), default=0.0)
    for part in (
        part for part in parts if not np.isnan(part.slope).all()
    ):  # nothing of the above, only a sample
        best = int(np.nanargmax(np.abs(part.slope)))
        found.append((abs(float(part.slope[best])), Interval.point(float(part.x[best]))))
        if not found[-1][0] > known * (1 + 1e-12):
            found.pop()
    top = max(slope for slope, _ in found if not math.isnan(slope))
    where = [at for slope, at in found if slope == top or not _differ(slope, top)]
    wide = [at for at in where if at.low < at.high]
    kept = wide + [
        at for at in where if at.low == at.high and not any(w.low <= at.low <= w.high for w in wide)
    ]
    nearest = sorted(set(kept), key=lambda at: min(abs(at.low), abs(at.high)))
    return top, tuple(sorted(nearest[:1] if len(nearest) > _MOST_POINTS else nearest, key=lambda at: at.low))


def _zeros(
    f: Activation, parts: Sequence[Piece], edges: Iterable[_Edge]
) -> tuple[tuple[Interval, ...], bool]:
    points: set[float] = {edge.at for edge in edges if edge.value == 0}
    low, high = f.definition.domain
    # at 0 a function may touch the axis; where the numbers beside it are 0 as well it is only too small
    if low < 0 < high and float(f(0.0)) == 0 and f(np.array([-1e-12, 1e-12])).any():
        points.add(0.0)
    level: list[Interval] = []
    for part in parts:
        if part.flat and part.value[0] == 0:
            held = [math.isfinite(end) and float(f(end)) == 0 for end in (part.low, part.high)]
            level.append(Interval(part.low, part.high, *held))
        elif not part.flat:
            points.update(sign_changes(f, part.x, part.value).tolist())
    points = {at + 0.0 for at in points if not any(a.low <= at <= a.high for a in level)}
    kept = _nearest_zero(points)
    found = level + [Interval.point(at) for at in kept]
    return tuple(sorted(found, key=lambda at: at.low)), len(kept) < len(points)


def _nearest_zero(points: Iterable[float]) -> tuple[float, ...]:
    """All points, or where they are a pattern without end those nearest 0, in order."""
    nearest = sorted(points, key=abs)
    if len(nearest) > _MOST_POINTS:
        nearest = [point for point in nearest if abs(point) <= abs(nearest[4]) * (1 + 1e-12)]
    return tuple(sorted(nearest))


def _direction(parts: Sequence[Piece], edges: Iterable[_Edge]) -> Direction:
    # What rounding leaves of a slope that only touches 0 is no fall.
    near = [float(np.abs(part.slope[np.abs(part.x) < 100]).max(initial=0)) for part in parts]
    allowed = 1e-12 * max((size for size in near if math.isfinite(size)), default=0.0)
    steps = [
        after - before
        for edge in edges
        if edge.smoothness < 0
        for before, after in ((edge.values[0], edge.value), (edge.value, edge.values[1]))
        if _differ(before, after)
    ]
    rises = any(bool((part.slope > allowed).any()) for part in parts) or any(step > 0 for step in steps)
    falls = any(bool((part.slope < -allowed).any()) for part in parts) or any(step < 0 for step in steps)
    if rises and falls:
        return "neither"
    return "increasing" if rises else "decreasing" if falls else "constant"


def _bend(parts: Sequence[Piece], edges: Sequence[_Edge]) -> Bend:
    if any(edge.smoothness < 0 for edge in edges):
        return "neither"
    steps = [edge.slopes[1] - edge.slopes[0] for edge in edges if edge.smoothness == 0]
    up = any(bool((part.curvature > 0).any()) for part in parts) or any(step > 0 for step in steps)
    down = any(bool((part.curvature < 0).any()) for part in parts) or any(step < 0 for step in steps)
    if up and down:
        return "neither"
    return "convex" if up else "concave" if down else "affine"


def _symmetry(f: Activation, parts: Sequence[Piece]) -> Symmetry:
    low, high = f.definition.domain
    if low != -high:
        return "neither"
    x = np.unique(np.abs(np.concatenate([part.x for part in parts])))
    x = np.append(x, [abs(kink.at) for kink in f.kinks])
    right, left = f(x), f(-x)
    size = _SAME * np.maximum(np.abs(right), np.abs(left))
    for name, sign in (("odd", -1.0), ("even", 1.0)):
        same = (right == sign * left) | (np.abs(right - sign * left) <= size)
        if same.all() and (sign > 0 or float(f(0.0)) == 0):
            return "odd" if name == "odd" else "even"
    return "neither"


def _saturation(f: Activation, parts: Sequence[Piece], largest: float, side: int) -> float | None:
    """Going inwards from one end: the first point where |f'| is no longer below the threshold."""
    low, high = f.definition.domain
    if not (0 < largest < INF) or not math.isinf(low if side < 0 else high):
        return None
    threshold = SATURATED_BELOW * largest
    for part in parts if side < 0 else reversed(parts):
        steep = np.flatnonzero(np.abs(part.slope) >= threshold)
        if not steep.size:
            continue
        i = int(steep[0] if side < 0 else steep[-1])
        outer = i + side
        if not 0 <= outer < part.x.size:
            end = part.low if side < 0 else part.high
            return end if math.isfinite(end) else None
        if abs(part.x[i]) > 1e6 * max(1.0, *(abs(kink.at) for kink in f.kinks), 1.0):
            # steep as far as the samples can tell: a wave, or a slope that has no limit
            return None
        bracket = np.array(sorted((part.x[i], part.x[outer])))
        at = sign_changes(
            lambda x: np.abs(f.grad(x)) - threshold, bracket, np.abs(f.grad(bracket)) - threshold
        )
        return float(at[0]) if at.size else float(part.x[outer])
    return None
