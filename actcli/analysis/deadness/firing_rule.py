"""What it means that a unit fires: on which values of what was recorded its activation passes a gradient on.

An activation with an exact zero branch (relu, hard_swish) fires outside its zero-gradient set. Any other fires
where |phi'| is at least 1e-3 of its largest value. Both are sets of the pre-activation z; where h = phi(z) was
recorded, the set is carried over by phi, if h can tell the two sides apart.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation
from actcli.analysis.card.landmarks import Interval, Piece, pieces, sign_changes, zero_gradient
from actcli.exits import UsageError

RecordedValue = Literal["pre", "post"]
Kind = Literal["relu_like", "leaky", "other"]
Array = NDArray[np.float64]
INF = float("inf")

FADED_BELOW = 1e-3
"""The part of the largest |phi'| below which a gradient counts as gone."""


@dataclass(frozen=True, slots=True)
class Rule:
    """When a unit fires, told from the recorded value v: its pre-activation z or its output h.

    Attributes:
        function: the activation's specification, as `activation` takes it.
        recorded: what v is: `pre` for z, `post` for h = phi(z).
        kind: `relu_like` where phi is 0 on an interval; `leaky` where it is a line from 0 on and rises with
            another slope below 0 (leaky_relu, elu, selu); else `other`.
        fires: the intervals of v in which the unit fires, in order; an infinite end belongs to its interval.
            Empty where `by_slope` decides.
        flat_below, flat_above: v that does not fire counts as low if it is <= flat_below, else as high if it is
            >= flat_above; -inf and inf where that side has a gradient for ever. Values that do not fire between
            two firing intervals (gelu about z = -0.75) are neither.
        by_slope: for a wave, whose firing intervals never end: fires where |phi'(z)| >= by_slope; else None.
        gradient: |phi'| wherever it fires, where that is one number and 0 elsewhere (relu: 1); else None.
        lowest, highest: infimum and supremum of phi.

    """

    function: str
    recorded: RecordedValue
    kind: Kind
    fires: tuple[Interval, ...]
    flat_below: float
    flat_above: float
    by_slope: float | None = None
    gradient: float | None = None
    lowest: float = -INF
    highest: float = INF


def firing_rule(f: Activation, recorded: RecordedValue) -> Rule:
    """The rule for one activation, found from the function itself at its own parameters.

    Where the slope grows without bound (exponential), its largest value is taken on the middle of the domain,
    from -1 to 1. Raises UsageError for a function of rows, for one without a gradient anywhere (step), and
    where `post` cannot decide, because the same h comes from a z that fires and from one that does not (gelu).
    """
    if f.by_rows:
        raise UsageError(f"{f.spec} works over rows: its units do not fire one by one")
    with np.errstate(all="ignore"):
        parts = pieces(f)
        largest = _largest_gradient(f, parts)
        if not largest:
            raise UsageError(f"{f.spec} has no gradient anywhere: no unit of it can fire")
        flat = zero_gradient(f)
        branch = [part for part in flat if not f(_middle(part)).any()]
        kind: Kind = "relu_like" if branch else "leaky" if _is_leaky(f, parts) else "other"
        steep = _without(f.definition.domain, flat) if branch else _steep(f, parts, FADED_BELOW * largest)
        lowest, highest = _range(f, parts)
        if len(steep) > _MOST_INTERVALS:
            if recorded == "post":
                raise _undecided(f)
            slope = FADED_BELOW * largest
            return Rule(f.spec, recorded, kind, (), -INF, INF, slope, None, lowest, highest)
        gradient = _one_gradient(parts, steep) if branch else None
        if recorded == "pre":
            low, high = f.definition.domain
            below = steep[0].low if steep[0].low > low else -INF
            above = steep[-1].high if steep[-1].high < high else INF
        else:
            steep, below, above = _carried_over(f, parts, steep)
    return Rule(f.spec, recorded, kind, steep, below, above, None, gradient, lowest, highest)


def fires(rule: Rule, values: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Where each recorded value fires, in the shape of the values; NaN does not. float16, float32 or float64."""
    if rule.by_slope is not None:
        from actcli.activations import activation

        with np.errstate(invalid="ignore"):
            steep: NDArray[np.bool_] = np.abs(activation(rule.function).grad(values)) >= rule.by_slope
        return steep
    found = np.zeros(values.shape, np.bool_)
    for interval in rule.fires:
        found |= within(interval, values)
    return found


def within(interval: Interval, values: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which values lie in an interval, exactly as if they were compared in float64; NaN does not.

    An infinite end belongs to the interval.
    """
    low, high = interval.low, interval.high
    found: NDArray[np.bool_] | None = None
    if low > -INF:
        bound = round_to_type(low, values.dtype, up=interval.holds_low)
        found = values >= bound if interval.holds_low else values > bound
    if high < INF:
        bound = round_to_type(high, values.dtype, up=not interval.holds_high)
        below: NDArray[np.bool_] = values <= bound if interval.holds_high else values < bound
        found = below if found is None else np.logical_and(found, below, out=found)
    return np.logical_not(np.isnan(values)) if found is None else found


def round_to_type(bound: float, dtype: np.dtype[np.floating], *, up: bool) -> Any:
    """The number of a type next to a bound from above or from below: no value of the type lies between them."""
    with np.errstate(over="ignore"):
        near = dtype.type(bound)
    if up and float(near) < bound:
        return np.nextafter(near, dtype.type(np.inf))
    if not up and float(near) > bound:
        return np.nextafter(near, dtype.type(-np.inf))
    return near


_MOST_INTERVALS = 64
_SAME = 1e-12


def _undecided(f: Activation) -> UsageError:
    return UsageError(f"{f.spec} cannot be inverted: the record must be of its inputs; --recorded pre")


def _middle(part: Interval) -> Array:
    """A point well inside an interval, and one near each end where it has one."""
    low, high = max(part.low, -1e9), min(part.high, 1e9)
    return np.array([low + share * (high - low) for share in (0.01, 0.5, 0.99)])


def _largest_gradient(f: Activation, parts: Iterable[Piece]) -> float:
    low, high = f.definition.domain
    slopes = [np.abs([slope for kink in f.kinks for slope in kink.slopes])]
    near = [slopes[0]]
    for part in parts:
        x = _with_turns(f, part)
        slope = np.abs(f.grad(x))
        slopes.append(slope)
        margin = 1e-3 * (high - low)
        inside = np.abs(x) <= 1e3 if margin == INF else (x >= low + margin) & (x <= high - margin)
        near.append(slope[inside])
    largest, usual = (max(float(np.nanmax(s, initial=0.0)) for s in found) for found in (slopes, near))
    if largest <= 2 * usual and largest < INF:
        return largest
    quarter = (high - low) / 4
    middle = (
        np.linspace(-1.0, 1.0, 201) if quarter == INF else np.linspace(low + quarter, high - quarter, 201)
    )
    return float(np.nanmax(np.abs(f.grad(middle)), initial=0.0))


def _with_turns(f: Activation, part: Piece) -> Array:
    """A piece's samples, with the points where f' changes its sign or turns: between them |f'| is monotone."""
    stationary = sign_changes(f.grad, part.x, part.slope)
    turns = sign_changes(lambda x: f.grad(x, order=2), part.x, part.curvature)
    return np.unique(np.concatenate([part.x, stationary, turns]))


def _is_leaky(f: Activation, parts: tuple[Piece, ...]) -> bool:
    """A rising line from 0 on, a kink at 0, and below it a slope that is another and never negative."""
    if not any(kink.at == 0 for kink in f.kinks) or float(f(0.0)) != 0:
        return False
    right = [part for part in parts if part.low >= 0]
    left = [part for part in parts if part.high <= 0]
    line = right[0].slope[0]
    rises = line > 0 and all(part.affine and part.slope[0] == line for part in right)
    return bool(rises and all((part.slope >= 0).all() and part.slope[part.x > -1].all() for part in left))


def _one_gradient(parts: Iterable[Piece], steep: Iterable[Interval]) -> float | None:
    """|f'| on the firing intervals, where it is one number."""
    found = set()
    for part in parts:
        if any(part.low < interval.high and interval.low < part.high for interval in steep):
            if not part.affine:
                return None
            found.add(abs(float(part.slope[0])))
    return found.pop() if len(found) == 1 else None


def _range(f: Activation, parts: Iterable[Piece]) -> tuple[float, float]:
    """Infimum and supremum: among samples, turning points, kinks and the ends of the domain."""
    low, high = f.definition.domain
    values = [f(np.array([low, high])), f(np.array([kink.at for kink in f.kinks]))]
    for part in parts:
        values += [part.value, f(sign_changes(f.grad, part.x, part.slope))]
    every = np.concatenate(values)
    return float(np.nanmin(every)) + 0.0, float(np.nanmax(every)) + 0.0


def _without(domain: tuple[float, float], flat: Iterable[Interval]) -> tuple[Interval, ...]:
    """What is left of the domain when intervals are taken out."""
    found = []
    low, holds_low = domain[0], False
    for part in flat:
        if low < part.low:
            found.append(Interval(low, part.low, holds_low, not part.holds_low))
        low, holds_low = part.high, not part.holds_high
    if low < domain[1]:
        found.append(Interval(low, domain[1], holds_low, holds_high=False))
    return tuple(found)


def _steep(f: Activation, parts: Iterable[Piece], threshold: float) -> tuple[Interval, ...]:
    """Where |f'| >= threshold."""

    def excess(x: Array) -> Array:
        over: Array = np.abs(f.grad(x)) - threshold
        return over

    found: list[Interval] = []
    for part in parts:
        x = _with_turns(f, part)
        over = excess(x)
        over[np.abs(over) <= _SAME * threshold] = 0
        ends = [part.low, *sign_changes(excess, x, over).tolist(), part.high]
        telling = over[(over != 0) & ~np.isnan(over)]
        steep = not telling.size or telling[0] > 0
        for low, high in pairwise(ends):
            if steep:
                held = [
                    bool(np.isfinite(end) and excess(np.array([end]))[0] >= -_SAME * threshold)
                    if end in {part.low, part.high}
                    else True
                    for end in (low, high)
                ]
                found.append(Interval(low, high, *held))
            steep = not steep
    return _joined(found)


def _joined(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Intervals in order; those that meet in a point that one of them holds, or overlap, become one."""
    found: list[Interval] = []
    for part in sorted(intervals, key=lambda part: (part.low, not part.holds_low)):
        last = found[-1] if found else None
        if last and (part.low < last.high or (part.low == last.high and (part.holds_low or last.holds_high))):
            end = max((last.high, last.holds_high), (part.high, part.holds_high))
            found[-1] = Interval(last.low, end[0], last.holds_low, end[1])
        else:
            found.append(part)
    return tuple(found)


def _carried_over(
    f: Activation, parts: Iterable[Piece], steep: tuple[Interval, ...]
) -> tuple[tuple[Interval, ...], float, float]:
    """The firing set of h, and below and above which h is flat. Raises UsageError when the sets overlap.

    A single h may come from both sides (hard_swish is 0 at z = 0 and below -3): it does not fire.
    """
    gaps = _without(f.definition.domain, steep)
    turns = [at for part in parts for at in sign_changes(f.grad, part.x, part.slope).tolist()]
    cuts = sorted({*turns, *(kink.at for kink in f.kinks)})
    firing = _joined(image for part in steep for image in _images(f, part, cuts))
    silent = _joined(image for part in gaps for image in _images(f, part, cuts))
    for image in silent:
        if image.low < image.high and any(
            min(image.high, other.high) - max(image.low, other.low) > _SAME * abs(image.high)
            for other in firing
        ):
            raise _undecided(f)
    for image in silent:
        firing = tuple(rest for part in firing for rest in _apart(part, image))
    below, above = -INF, INF
    for part in gaps:
        if part.low > f.definition.domain[0] and part.high < f.definition.domain[1]:
            continue
        images = _joined(_images(f, part, cuts))
        low, high = images[0].low, images[-1].high
        if high <= firing[0].low or (low < firing[-1].high and part.low == f.definition.domain[0]):
            below = max(below, high)
        else:
            above = min(above, low)
    return firing, below, above


def _images(f: Activation, part: Interval, cuts: Iterable[float]) -> Iterable[Interval]:
    """The values of f on an interval, by the stretches between cuts, on which f does not turn back."""
    ends = [part.low, *(at for at in cuts if part.low < at < part.high), part.high]
    jumps = {kink.at for kink in f.kinks if kink.jump}
    for at in ends[1:-1]:
        yield Interval.point(float(f(at)) + 0.0)
    for end, held in ((part.low, part.holds_low), (part.high, part.holds_high)):
        if held:
            yield Interval.point(float(f(end)) + 0.0)
    for low, high in pairwise(ends):
        # beside a jump the first value itself is the end, and is taken
        jumped = [end in jumps for end in (low, high)]
        inner = [
            np.nextafter(low, high) if jumped[0] else low,
            np.nextafter(high, low) if jumped[1] else high,
        ]
        values = f(np.array(inner)).tolist()
        if values[0] == values[1]:
            yield Interval.point(values[0] + 0.0)
            continue
        (first, holds_first), (last, holds_last) = sorted(zip(values, jumped, strict=True))
        yield Interval(first + 0.0, last + 0.0, holds_first, holds_last)


def _apart(part: Interval, other: Interval) -> Iterable[Interval]:
    """What is left of an interval without another that it overlaps in a point at most."""
    at = other.low if other.low == other.high else None
    if at is not None and part.low < at < part.high:
        yield Interval(part.low, at, part.holds_low, holds_high=False)
        yield Interval(at, part.high, holds_low=False, holds_high=part.holds_high)
        return
    holds_low = part.holds_low and not (other.holds_low and other.low <= part.low <= other.high)
    holds_high = part.holds_high and not (other.holds_high and other.low <= part.high <= other.high)
    if part.low < part.high or (holds_low and holds_high):
        yield Interval(part.low, part.high, holds_low, holds_high)
