"""The quantities of a layer, numbers by sample and unit: which are needed, and how they are read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation, activation
from actcli.analysis.card.landmarks import pieces
from actcli.analysis.deadness.firing_rule import INF, Rule, round_to_type, within
from actcli.analysis.deadness.unit_state import Counted, Counts, LayerState, Numbers, empty_state, place_at
from actcli.analysis.deadness.unit_statistics import first_firing, last_firing
from actcli.exits import DataError

Arrays = Mapping[str, NDArray[Any]]

STEP = 2.0**-149
"""The smallest positive number of float32: nothing lies between 0 and it, and its whole multiples add up exactly."""
_ABOVE = ("above_zero", "above_low", "above_high")


def limits(rule: Rule, dtype: np.dtype[Any]) -> dict[str, Any]:
    """The limits, in z's own type, above which elements are counted; a limit itself is not counted.

    above_zero: z > 0. above_low: from the first firing interval on. above_high: beyond the last one.
    """
    first, last = rule.fires[0], rule.fires[-1]
    bounds: dict[str, tuple[float, bool]] = {"above_zero": (0.0, False)}
    if first.low > -INF:
        bounds["above_low"] = (first.low, first.holds_low)
    if last.high < INF:
        bounds["above_high"] = (last.high, not last.holds_high)
    numbers = {}
    for name, (bound, counts_itself) in bounds.items():
        limit = round_to_type(bound, dtype, up=counts_itself)
        numbers[name] = np.nextafter(limit, dtype.type(-np.inf)) if counts_itself else limit
    return numbers


def measured_extremes(rule: Rule) -> tuple[str, ...]:
    """The extremes of h, the rule's function of z, that do not follow from those of z."""
    shape = _shape_of(rule.function)
    follows = {"value_minimum": shape.rises, "value_maximum": shape.dips}
    return tuple(name for name, follow in follows.items() if not follow)


@dataclass(frozen=True, slots=True)
class _Shape:
    """An activation; whether it never falls, and whether its maximum over an interval lies at an end of it."""

    f: Activation
    rises: bool
    dips: bool


@lru_cache(maxsize=256)
def _shape_of(spec: str) -> _Shape:
    f = activation(spec)
    with np.errstate(all="ignore"):
        slopes = np.concatenate([part.slope for part in pieces(f)])
    jumps = any(kink.jump for kink in f.kinks)
    signs = np.sign(slopes[slopes != 0])
    return _Shape(f, not jumps and bool((signs > 0).all()), not jumps and bool((np.diff(signs) >= 0).all()))


def describing_counts(rule: Rule) -> tuple[str, ...]:
    """Return the counts of `limits` that decide neither a class nor firing: `--quick` counts them on some samples."""
    return ("above_zero",) if rule.low_decides else ("above_zero", "above_low")


def is_in_steps(limit: Any) -> bool:
    """Return whether elements above a limit are counted in units of STEP: above 0 in float32.

    `Clip(z, 0, STEP)` is one operator where a comparison and a cast are two, and a sum of its results is exact.
    """
    return bool(limit.dtype == np.float32 and limit == 0)


def tells_firing(rule: Rule, quantities: Arrays, positions: int) -> bool:
    """Return whether finite quantities tell which units fired.

    They do not where a unit's extremes lie in two gaps between which it may have fired.
    """
    return len(rule.fires) == 1 or _fired(rule, quantities, positions) is not None


def state_of_quantities(
    rule: Rule, name: str, quantities: Arrays, positions: int, start: int | None
) -> LayerState:
    """Return the statistics of consecutive samples from finite quantities that tell which units fired.

    quantities: arrays (samples, units) over each sample's positions: `minimum`, `maximum`, `mean`, `absolute` (the mean
    of |h|), the counts that `limits` names, the extremes that `measured_extremes` names. The spread over positions is
    not among them, for it would cost a third of the time that a model takes: m2 is NaN unless there is one position.
    The counts of `describing_counts` may have fewer rows than the other quantities: those of samples that were counted.
    """
    samples, units = quantities["minimum"].shape
    if not samples:
        return empty_state(name, rule, units)
    fired = _fired(rule, quantities, positions)
    if fired is None:
        raise ValueError(rule.function)
    elements, none = samples * positions, np.zeros(units, np.int64)
    least, most = quantities["minimum"].min(axis=0) + 0.0, quantities["maximum"].max(axis=0) + 0.0
    above = {key: _total(rule, key, quantities) for key in _ABOVE if key in quantities}
    counted_samples = len(quantities["above_zero"])
    counted = Counted(counted_samples, counted_samples * positions)
    low_elements = elements if rule.low_decides else counted.elements
    times = np.count_nonzero(fired, axis=0).astype(np.int64)
    # the mean of float32 numbers may lie just outside their range
    mean = np.clip(_sum(quantities["mean"]) / samples, least, most)
    m2 = np.full(units, np.nan) if positions > 1 else np.square(quantities["mean"] - mean).sum(axis=0)
    value_least, value_most = _value_extremes(rule, quantities, (least, most))
    state = LayerState(
        name=name,
        rule=rule,
        start=None,
        samples=samples,
        elements=elements,
        fired=times,
        nonpositive=counted.elements - above["above_zero"],
        nan=none,
        infinite=none,
        low=low_elements - above["above_low"] if "above_low" in above else none,
        high=above.get("above_high", none),
        minimum=least.astype(np.float64),
        maximum=most.astype(np.float64),
        mean=mean,
        m2=m2,
        absolute=_sum(quantities["absolute"]) * positions,
        value_minimum=value_least.astype(np.float64),
        value_maximum=value_most.astype(np.float64),
        slope=np.full(units, np.nan) if rule.gradient is None else np.where(times > 0, rule.gradient, 0.0),
        first=first_firing(fired, times),
        last=last_firing(fired, times),
        counted=None if counted_samples == samples else counted,
    )
    return place_at(state, start)


def require_counts(name: str, most: NDArray[Any], above_zero: NDArray[Any]) -> None:
    """Raise DataError where elements above 0 were seen, `most`, and none was counted, by sample and unit."""
    if ((above_zero == 0) & (most > 0)).any():
        raise DataError(
            f"layer '{name}': this process takes tiny numbers for 0, by which elements are counted"
        )


def _sum(quantity: NDArray[Any]) -> Numbers:
    total: Numbers = np.add.reduce(quantity, axis=0, dtype=np.float64)
    return total


def _count(rule: Rule, key: str, quantities: Arrays) -> NDArray[Any]:
    """Return how many elements of each sample and unit lie above a limit, as floats."""
    in_steps = is_in_steps(limits(rule, quantities["minimum"].dtype)[key])
    return quantities[key] * np.float64(1 / STEP) if in_steps else quantities[key]


def _total(rule: Rule, key: str, quantities: Arrays) -> Counts:
    """Return how many elements of each unit lie above a limit, over all samples."""
    counts: Counts = np.rint(_sum(_count(rule, key, quantities))).astype(np.int64)
    return counts


def _fired(rule: Rule, quantities: Arrays, positions: int) -> NDArray[np.bool_] | None:
    """Return whether each unit fired on each sample; None where the extremes do not tell."""
    least, most = quantities["minimum"], quantities["maximum"]
    if len(rule.fires) == 1:
        if "above_high" not in quantities:
            return within(rule.fires[0], most)
        if "above_low" not in quantities:
            return within(rule.fires[0], least)
        above_low, above_high = (_count(rule, key, quantities) for key in ("above_low", "above_high"))
        return np.asarray(above_low > above_high, np.bool_)
    none = np.zeros(least.shape)
    low = positions - _count(rule, "above_low", quantities) if "above_low" in quantities else none
    fired = np.logical_or.reduce([within(part, least) | within(part, most) for part in rule.fires])
    silent = (low == positions) | (quantities.get("above_high", none) == positions)
    silent |= _in_one_gap(rule, least, most)
    return fired if (fired | silent).all() else None


def _value_extremes(
    rule: Rule, quantities: Arrays, ends: tuple[NDArray[Any], NDArray[Any]]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the extremes of h by unit: measured, or f at the extremes of z where its shape puts them there."""
    pick = {"value_minimum": np.minimum, "value_maximum": np.maximum}
    values = {
        key: extreme.reduce(quantities[key], axis=0) for key, extreme in pick.items() if key in quantities
    }
    if len(values) < 2:
        f = _shape_of(rule.function).f
        at = [f(end) for end in ends]
        values = {key: extreme(*at) for key, extreme in pick.items()} | values
    return values["value_minimum"], values["value_maximum"]


def _in_one_gap(rule: Rule, least: NDArray[Any], most: NDArray[Any]) -> NDArray[np.bool_]:
    """Return whether all values of a unit lie between the same two firing intervals."""
    inside = np.zeros(least.shape, np.bool_)
    for left, right in pairwise(rule.fires):
        inside |= ~within(replace(left, low=-INF), least) & ~within(replace(right, high=INF), most)
    return inside
