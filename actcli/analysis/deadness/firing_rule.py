"""Firing rules: the recorded values at which an activation passes a gradient on.

An activation with an exact zero branch (relu, hard_swish) fires outside its zero-gradient set. Any other fires where
|phi'| is at least 1e-3 of its largest value. Both are sets of pre-activations z. If h = phi(z) was recorded, phi
maps the set to outputs, provided that h tells firing and silent z apart.
"""

from collections.abc import Iterable
from contextlib import suppress
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation
from actcli.activations.definition import FORMULA
from actcli.activations.distinct import distinct
from actcli.analysis.card.landmarks import Interval, SmoothPiece, pieces, sign_changes, zero_gradient
from actcli.analysis.card.limited import limit_effort
from actcli.dataclass import dataclass
from actcli.exits import UsageError

RecordedValue = Literal["pre", "post"]
Kind = Literal["relu_like", "leaky", "other"]
Array = NDArray[np.float64]
INF = float("inf")

MOST_PARTS = 4000
"""Operations of the formulas of all layers together, each formula once: some ten seconds to a minute of work."""
FADED_BELOW = 1e-3
"""Fraction of the largest |phi'| below which a gradient counts as gone."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The condition under which a unit fires at its recorded value v, the pre-activation z or the output h.

    Attributes:
        function: the activation's specification, as `activation` takes it.
        recorded: `pre` if v is z, `post` if v is h = phi(z).
        kind: `relu_like` if phi is 0 on an interval; `leaky` if it is a line from 0 on and rises with another slope
            below 0 (leaky_relu, elu, selu); else `other`.
        fires: the intervals of v in which the unit fires, in order; an infinite end belongs to its interval. Empty if
            `by_slope` decides.
        flat_below, flat_above: a v that does not fire counts as low if v <= flat_below, else as high if
            v >= flat_above; -inf and inf if the gradient never ends on that side. Silent values between two firing
            intervals (gelu about z = -0.75) count as neither.
        by_slope: for a wave, with endless firing intervals: fires where |phi'(z)| >= by_slope; else None.
        gradient: |phi'| wherever it fires, if that is one number, and 0 elsewhere (relu: 1); else None.
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

    @property
    def low_decides(self) -> bool:
        """Whether the number of elements on the left flat part decides a class or firing, not sparsity alone.

        Of a ReLU it does not: it fires where its largest value lies beyond that part, and its zeros are sparsity.
        """
        if self.kind != "relu_like" or len(self.fires) != 1 or self.recorded != "pre":
            return True
        (part,) = self.fires
        return not (-INF < part.low <= 0 and part.high == INF)

    @property
    def outputs_decide(self) -> bool:
        """Whether the extremes of h decide a class. Of a ReLU they do not: one that fires follows its input."""
        return self.kind != "relu_like" or self.recorded != "pre"

    @property
    def function_name(self) -> str:
        """The function without its parameters, which a network may learn: `prelu` of `prelu:alpha=0.3`."""
        return self.function.partition(":")[0]


def require_affordable(functions: Iterable[str]) -> None:
    """Raise UsageError where these activations, each once, are formulas of too many operations together.

    The rule of a formula takes some ten milliseconds per operation. Text that is no activation is passed over.
    """
    from actcli.activations import activation

    parts = 0
    for function in dict.fromkeys(functions):
        with suppress(UsageError):
            definition = activation(function).definition
            parts += definition.parts if definition.family == FORMULA else 0
        if parts > MOST_PARTS:
            raise UsageError(
                f"the formulas of the layers have more than {MOST_PARTS:,} operations together, "
                "too many to find out where they fire"
            )


def firing_rule(f: Activation, recorded: RecordedValue) -> Rule:
    """Derive the rule of one activation from the function itself, at its own parameters.

    If the slope grows without bound (exponential), its largest value is taken in the middle of the domain, from -1 to
    1. Raises UsageError for a function of rows, for one without any gradient (step), for a formula that loses its
    digits nearly everywhere, and if `post` cannot decide, because the same h comes from a firing and a silent z (gelu).
    """
    if f.by_rows:
        raise UsageError(f"{f.spec} works over rows: its units do not fire one by one")
    f = limit_effort(f)
    rule = _derive(f, recorded)
    if f.is_approximate:
        raise UsageError(
            f"{f.spec} loses digits at so many x that where it fires is not certain; "
            "write it in a form that keeps them"
        )
    return rule


def _derive(f: Activation, recorded: RecordedValue) -> Rule:
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
                raise _not_invertible(f)
            slope = FADED_BELOW * largest
            return Rule(f.spec, recorded, kind, (), -INF, INF, slope, None, lowest, highest)
        gradient = _one_gradient(parts, steep) if branch else None
        if recorded == "pre":
            low, high = f.definition.domain
            below = steep[0].low if steep[0].low > low else -INF
            above = steep[-1].high if steep[-1].high < high else INF
        else:
            steep, below, above = _map_to_outputs(f, parts, steep)
    return Rule(f.spec, recorded, kind, steep, below, above, None, gradient, lowest, highest)


def fires(rule: Rule, values: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return which recorded values fire; NaN does not. bool, in the shape of the float values."""
    if rule.by_slope is not None:
        from actcli.activations import activation

        with np.errstate(invalid="ignore"):
            steep: NDArray[np.bool_] = np.abs(activation(rule.function).grad(values)) >= rule.by_slope
        return steep
    intervals = iter(rule.fires)
    first = next(intervals, None)
    if first is None:
        return np.zeros(values.shape, np.bool_)
    firing = within(first, values)
    for interval in intervals:
        firing |= within(interval, values)
    return firing


def within(interval: Interval, values: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return which values lie in an interval, exactly as if compared in float64; NaN does not.

    An infinite end belongs to the interval.
    """
    low, high = interval.low, interval.high
    inside: NDArray[np.bool_] | None = None
    if low > -INF:
        bound = round_to_type(low, values.dtype, up=interval.holds_low)
        inside = values >= bound if interval.holds_low else values > bound
    if high < INF:
        bound = round_to_type(high, values.dtype, up=not interval.holds_high)
        below: NDArray[np.bool_] = values <= bound if interval.holds_high else values < bound
        inside = below if inside is None else np.logical_and(inside, below, out=inside)
    return np.logical_not(np.isnan(values)) if inside is None else inside


def round_to_type(bound: float, dtype: np.dtype[np.floating], *, up: bool) -> Any:
    """Round a bound up or down to the nearest number of a type: no value of the type lies between them."""
    with np.errstate(over="ignore"):
        near = dtype.type(bound)
    if up and float(near) < bound:
        return np.nextafter(near, dtype.type(np.inf))
    if not up and float(near) > bound:
        return np.nextafter(near, dtype.type(-np.inf))
    return near


_MOST_INTERVALS = 16
"""A function that is steep on more intervals oscillates, and samples miss some: its slope decides at every z."""
_SAME = 1e-12


def _not_invertible(f: Activation) -> UsageError:
    return UsageError(f"{f.spec} cannot be inverted: record its inputs and say `recorded=pre`")


def _middle(part: Interval) -> Array:
    """Return a point in the middle of an interval, and one near each end."""
    low, high = max(part.low, -1e9), min(part.high, 1e9)
    return np.array([low + share * (high - low) for share in (0.01, 0.5, 0.99)])


def _largest_gradient(f: Activation, parts: Iterable[SmoothPiece]) -> float:
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
    largest, usual = (max(float(np.nanmax(s, initial=0.0)) for s in group) for group in (slopes, near))
    if largest <= 2 * usual and largest < INF:
        return largest
    quarter = (high - low) / 4
    middle = (
        np.linspace(-1.0, 1.0, 201) if quarter == INF else np.linspace(low + quarter, high - quarter, 201)
    )
    return float(np.nanmax(np.abs(f.grad(middle)), initial=0.0))


def _with_turns(f: Activation, part: SmoothPiece) -> Array:
    """Return a piece's samples with the points where f' changes sign or turns: |f'| is monotone between them."""
    stationary = sign_changes(f.grad, part.x, part.slope)
    turns = sign_changes(lambda x: f.grad(x, order=2), part.x, part.curvature)
    return distinct(np.concatenate([part.x, stationary, turns]))


def _is_leaky(f: Activation, parts: tuple[SmoothPiece, ...]) -> bool:
    """Return whether f is a rising line from 0 on, with a kink at 0 and another, nonnegative slope below it."""
    if not any(kink.at == 0 for kink in f.kinks) or float(f(0.0)) != 0:
        return False
    right = [part for part in parts if part.low >= 0]
    left = [part for part in parts if part.high <= 0]
    line = right[0].slope[0]
    rises = line > 0 and all(part.affine and part.slope[0] == line for part in right)
    return bool(rises and all((part.slope >= 0).all() and part.slope[part.x > -1].all() for part in left))


def _one_gradient(parts: Iterable[SmoothPiece], steep: Iterable[Interval]) -> float | None:
    """Return |f'| on the firing intervals, if it is one number."""
    slopes = set()
    for part in parts:
        if any(part.low < interval.high and interval.low < part.high for interval in steep):
            if not part.affine:
                return None
            slopes.add(abs(float(part.slope[0])))
    return slopes.pop() if len(slopes) == 1 else None


def _range(f: Activation, parts: Iterable[SmoothPiece]) -> tuple[float, float]:
    """Return infimum and supremum, taken from samples, turning points, kinks and the ends of the domain."""
    low, high = f.definition.domain
    values = [f(np.array([low, high])), f(np.array([kink.at for kink in f.kinks]))]
    for part in parts:
        values += [part.value, f(sign_changes(f.grad, part.x, part.slope))]
    every = np.concatenate(values)
    return float(np.nanmin(every)) + 0.0, float(np.nanmax(every)) + 0.0


def _without(domain: tuple[float, float], flat: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return the domain without some intervals."""
    rest = []
    low, holds_low = domain[0], False
    for part in flat:
        if low < part.low:
            rest.append(Interval(low, part.low, holds_low, not part.holds_low))
        low, holds_low = part.high, not part.holds_high
    if low < domain[1]:
        rest.append(Interval(low, domain[1], holds_low, holds_high=False))
    return tuple(rest)


def _steep(f: Activation, parts: Iterable[SmoothPiece], threshold: float) -> tuple[Interval, ...]:
    """Return the intervals in which |f'| >= threshold."""

    def excess(x: Array) -> Array:
        over: Array = np.abs(f.grad(x)) - threshold
        return over

    intervals: list[Interval] = []
    for part in parts:
        x = _with_turns(f, part)
        over = excess(x)
        over[np.abs(over) <= _SAME * threshold] = 0
        ends = [part.low, *sign_changes(excess, x, over).tolist(), part.high]
        signs = over[(over != 0) & ~np.isnan(over)]
        steep = not signs.size or signs[0] > 0
        for low, high in pairwise(ends):
            if steep:
                held = [
                    bool(np.isfinite(end) and excess(np.array([end]))[0] >= -_SAME * threshold)
                    if end in {part.low, part.high}
                    else True
                    for end in (low, high)
                ]
                intervals.append(Interval(low, high, *held))
            steep = not steep
    return _join(intervals)


def _join(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return the intervals in order, with those merged that overlap or meet in a point that one of them holds."""
    joined: list[Interval] = []
    for part in sorted(intervals, key=lambda part: (part.low, not part.holds_low)):
        last = joined[-1] if joined else None
        if last and (part.low < last.high or (part.low == last.high and (part.holds_low or last.holds_high))):
            end = max((last.high, last.holds_high), (part.high, part.holds_high))
            joined[-1] = Interval(last.low, end[0], last.holds_low, end[1])
        else:
            joined.append(part)
    return tuple(joined)


def _map_to_outputs(
    f: Activation, parts: Iterable[SmoothPiece], steep: tuple[Interval, ...]
) -> tuple[tuple[Interval, ...], float, float]:
    """Return the firing intervals of h, and the bounds below and above which h is flat.

    A single h may come from firing and silent z (hard_swish is 0 at z = 0 and below -3): it does not fire. Raises
    UsageError if an interval of h does.
    """
    gaps = _without(f.definition.domain, steep)
    turns = [at for part in parts for at in sign_changes(f.grad, part.x, part.slope).tolist()]
    cuts = sorted({*turns, *(kink.at for kink in f.kinks)})
    firing = _join(image for part in steep for image in _images(f, part, cuts))
    silent = _join(image for part in gaps for image in _images(f, part, cuts))
    for image in silent:
        if image.low < image.high and any(
            min(image.high, other.high) - max(image.low, other.low) > _SAME * abs(image.high)
            for other in firing
        ):
            raise _not_invertible(f)
    for image in silent:
        firing = tuple(rest for part in firing for rest in _cut_out(part, image))
    below, above = -INF, INF
    for part in gaps:
        if part.low > f.definition.domain[0] and part.high < f.definition.domain[1]:
            continue
        images = _join(_images(f, part, cuts))
        low, high = images[0].low, images[-1].high
        if high <= firing[0].low or (low < firing[-1].high and part.low == f.definition.domain[0]):
            below = max(below, high)
        else:
            above = min(above, low)
    return firing, below, above


def _images(f: Activation, part: Interval, cuts: Iterable[float]) -> Iterable[Interval]:
    """Yield the values of f on an interval, for each stretch between cuts, where f is monotone."""
    ends = [part.low, *(at for at in cuts if part.low < at < part.high), part.high]
    jumps = {kink.at for kink in f.kinks if kink.jump}
    for at in ends[1:-1]:
        yield Interval.point(float(f(at)) + 0.0)
    for end, held in ((part.low, part.holds_low), (part.high, part.holds_high)):
        if held:
            yield Interval.point(float(f(end)) + 0.0)
    for low, high in pairwise(ends):
        # beside a jump the first value itself is the end, and belongs to the image
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


def _cut_out(part: Interval, other: Interval) -> Iterable[Interval]:
    """Yield the parts of an interval without another one that it shares at most a point with."""
    at = other.low if other.low == other.high else None
    if at is not None and part.low < at < part.high:
        yield Interval(part.low, at, part.holds_low, holds_high=False)
        yield Interval(at, part.high, holds_low=False, holds_high=part.holds_high)
        return
    holds_low = part.holds_low and not (other.holds_low and other.low <= part.low <= other.high)
    holds_high = part.holds_high and not (other.holds_high and other.low <= part.high <= other.high)
    if part.low < part.high or (holds_low and holds_high):
        yield Interval(part.low, part.high, holds_low, holds_high)
