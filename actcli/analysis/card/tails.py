"""The behaviour of a function far out and beside its poles: limits, growth, period.

Beyond some x a formula may cancel to the last of 106 bits, and every number computed there is noise. Limits are then
extrapolated from where f is still known, and say so.
"""

import math
from collections.abc import Callable, Iterable

import numpy as np

from actcli.activations import Activation
from actcli.activations.definition import FORMULA
from actcli.activations.distinct import distinct
from actcli.analysis.card.gaussian import Floats
from actcli.dataclass import dataclass

_POWERS = np.arange(4.0, 1017.0)
_LAST = 5
"""So many octaves at the end decide."""
_STEADY = 1e-2
_LARGE = 1e30
_OCTAVES = np.arange(4.0, 16.0)
_IN_AN_OCTAVE = 513
_GROWTH = 1.15
_GROWN, _POLE = 2, 1e9
"""A pole is at least so large against what is usual, after growing in so many steps of sixteenths."""
_NEAR = 10.0 * np.sin(np.arange(1.0, 100.0))
_TOWARDS = -np.arange(24.0, 44.0)
_ROUNDS = 300
_IDLE = 5
"""A climb that has not risen for so many rounds has arrived: towards 0 it would go on for 250 rounds."""
_PATIENCE = 16
_AROUND = 33
_PERIODIC = 1e-8
_SHORTEST = 0.05
_LONGEST = 32.0
_MOST_PERIODS = 64


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit at an end of the line; NaN where there is none. It is not certain where it is extrapolated."""

    value: float
    certain: bool = True


def limit_at(f: Activation, end: float, order: int = 0) -> Limit:
    """Return the limit of f, or of a derivative, at an end of its domain."""

    def g(x: Floats) -> Floats:
        return f.grad(x, order) if order else f(x)

    if math.isfinite(end) or f.definition.family != "formula":
        return Limit(float(g(np.array([end]))[0]) + 0.0)
    x = math.copysign(1.0, end) * 2.0**_POWERS
    y = g(x)
    known = f.is_known(x, order)
    if known[-_LAST:].all():
        last, before = y[-1], y[-2]
        if math.isinf(last) and _overflows(lambda x: -np.sign(last) * g(x), math.copysign(1.0, end)):
            return Limit(math.nan)
        if last == before:
            return Limit(float(last) + 0.0)
        if abs(last) > max(_LARGE, abs(before)):
            return Limit(math.copysign(math.inf, last))
        if abs(last) < min(1 / _LARGE, abs(before)):
            return Limit(0.0)
    direct = float(g(np.array([end]))[0])
    if math.isinf(direct) or (known[-1] and not math.isnan(direct)):
        return Limit(direct + 0.0)
    count = int(known.argmin()) if not known.all() else known.size
    limit = _extrapolate(y[:count])
    if not order and f.definition.family == FORMULA and not (limit.certain and math.isfinite(limit.value)):
        from actcli.analysis.card.bounds import growth

        proven = growth(f, math.copysign(1.0, end))
        if not math.isnan(proven):
            return Limit(proven)
    if math.isnan(limit.value) and _fades(lambda x: np.abs(g(x)), math.copysign(1.0, end)):
        return Limit(0.0, certain=False)
    return limit


def _extrapolate(y: Floats) -> Limit:
    """Return the limit that values at successive powers of 2 go to, if they grow, fall or settle steadily."""
    none = Limit(math.nan)
    if y.size <= _LAST + 2 or not np.isfinite(y).all():
        return none
    tail = y[-_LAST - 2 :]
    with np.errstate(all="ignore"):
        ratios = tail[1:] / tail[:-1]
        changes = np.diff(tail)
        shrinking = changes[1:] / changes[:-1]
    if (tail == tail[-1]).all():
        return Limit(float(tail[-1]) + 0.0, certain=False)
    if np.isfinite(ratios).all() and np.ptp(ratios) <= _STEADY * abs(ratios[-1]):
        if ratios[-1] > 1 + 10 * _STEADY:
            return Limit(math.copysign(math.inf, tail[-1]), certain=False)
        if 0 < ratios[-1] < 1 - 10 * _STEADY:
            return Limit(0.0, certain=False)
    if np.isfinite(shrinking).all() and (np.abs(shrinking) < 0.9).all():
        rate = float(shrinking[-1])
        return Limit(float(tail[-1] + changes[-1] * rate / (1 - rate)), certain=False)
    return none


def grows(g: Callable[[Floats], Floats], side: float) -> bool:
    """Return whether the largest values of g in successive octaves grow without end, as those of x·sin(x)."""
    tops = _tops(g, side)
    with np.errstate(all="ignore"):
        return bool((tops > 0).all() and (tops[1:] / tops[:-1] > _GROWTH).all())


def _overflows(g: Callable[[Floats], Floats], side: float) -> bool:
    """Return whether g, too, exceeds every float64: exp(x)·sin(x) does so to both sides."""
    tops = _tops(g, side)
    return bool((tops > 0).all() and np.isinf(tops).any())


def _fades(size: Callable[[Floats], Floats], side: float) -> bool:
    """Return whether the largest values in successive octaves fall to 0, as those of |sin(x)/x|."""
    tops = _tops(size, side)
    with np.errstate(all="ignore"):
        return bool((tops > 0).all() and (tops[1:] / tops[:-1] < 1 / _GROWTH).all())


def _tops(g: Callable[[Floats], Floats], side: float) -> Floats:
    """Return the largest values of g in the last octaves in which a wave is still sampled."""
    share = np.linspace(1.0, 2.0, _IN_AN_OCTAVE)
    with np.errstate(all="ignore"):
        y = g((side * 2.0 ** _OCTAVES[-_LAST - 1 :, np.newaxis] * share).ravel())
    tops: Floats = np.nanmax(y.reshape(_LAST + 1, -1), axis=1, initial=-math.inf)
    return tops


def climb(g: Callable[[Floats], Floats], x: Floats, place: int) -> tuple[float, float, bool]:
    """Return the largest value of g beside one of its samples, its x, and whether it grew without end: a pole."""
    low, high = float(x[max(place - 1, 0)]), float(x[min(place + 1, x.size - 1)])
    best = float(x[place])
    top = float(g(np.array([best]))[0])
    grown = idle = stays = 0
    for turn in range(_ROUNDS):
        inner = low + np.linspace(0.0, 1.0, _AROUND) * (high - low)
        values = g(inner)
        if np.isnan(values).all():
            break
        at = int(np.nanargmax(values))
        grown = grown + 1 if values[at] > 1.5 * top > 0 else 0 if high - low > 1e-300 else grown
        idle = 0 if values[at] > top else idle + 1
        if values[at] > top:
            top, best = float(values[at]), float(inner[at])
        if math.isinf(top):
            return top, best, True
        if idle >= _IDLE:
            break
        ends = float(inner[max(at - 1, 0)]), float(inner[min(at + 1, _AROUND - 1)])
        stays = stays + 1 if low in ends or high in ends else 0
        if stays >= _PATIENCE:
            # towards an end the rest of the way in one call: 16 times as near at every step
            near, far = (low, high) if low in ends else (high, low)
            steps = (far - near) * np.exp2(-4.0 * np.arange(_ROUNDS - turn))
            values = g(near + np.asarray(steps, np.float64))
            grown = int((values[-_GROWN:] > 1.5 * values[-_GROWN - 1 : -1]).sum())
            highest = float(np.nanmax(values, initial=top))
            if math.isinf(highest):
                return highest, near, True
            top, best = (highest, near) if highest > top else (top, best)
            break
        low, high = ends
        if not np.nextafter(low, math.inf) < high:
            break
    near = _usual_size(g)
    return top, best, grown >= _GROWN and top > _POLE * max(near, 1.0)


def _usual_size(g: Callable[[Floats], Floats]) -> float:
    """Return the typical size of g between −10 and 10."""
    size = np.abs(g(_NEAR))
    size = size[np.isfinite(size)]
    return float(np.median(size)) if size.size else 0.0


def blows_up(g: Callable[[Floats], Floats], end: float, side: float) -> bool:
    """Return whether g grows without end towards a point from one side."""
    y = g(end + side * max(abs(end), 1.0) * 2.0**_TOWARDS)
    with np.errstate(all="ignore"):
        return bool((y > 0).all() and (y[1:] / y[:-1] > _GROWTH).all())


def find_period(f: Activation, points: Iterable[float]) -> float | None:
    """Return the period of f, tried among the distances of its turning points and kinks; None for none."""
    if not np.isinf(f.definition.domain).all():
        return None
    near = np.array(sorted(point for point in points if abs(point) <= _LONGEST))
    if near.size < 2:
        return None
    distances = distinct(np.round((near[:, np.newaxis] - near).ravel(), 12))
    distances = distances[(distances > _SHORTEST) & (distances <= _LONGEST)][:_MOST_PERIODS]
    x = 20.0 * np.sin(np.arange(1.0, 258.0))
    y = f(x)
    size = float(np.ptp(y)) if np.isfinite(y).all() else 0.0
    if not size:
        return None
    for distance in distances.tolist():
        if np.abs(f(x + distance) - y).max() <= _PERIODIC * size:
            return _rounded_period(distance)
    return None


def _rounded_period(distance: float) -> float:
    """Return the period as a simple multiple of π or of 1, where it is one."""
    for unit in (math.pi, 1.0):
        for parts in (1, 2, 3, 4, 5, 6, 8):
            whole = round(distance / unit * parts)
            if whole and math.isclose(whole * unit / parts, distance, rel_tol=1e-9):
                return whole * unit / parts
    return distance
