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

Arrays = Mapping[str, NDArray[Any]]


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


def tells_firing(rule: Rule, quantities: Arrays, positions: int) -> bool:
    """Return whether finite quantities tell which units fired.

    They do not where a unit's extremes lie in two gaps between which it may have fired.
    """
    return len(rule.fires) == 1 or _fired(rule, quantities, positions) is not None


def reductions_of(rule: Rule, quantities: Arrays, positions: int) -> Arrays:
    """The reductions that `from_reductions` takes, from finite quantities that tell which units fired.

    quantities: arrays (samples, units) over each sample's positions: `minimum`, `maximum`, `mean`, `absolute` (the mean
    of |h|), the counts that `limits` names, the extremes that `measured_extremes` names. `m2` is 0: spread over
    positions is not observed, for it would cost a third of the time that a model takes.
    """
    least, most = quantities["minimum"], quantities["maximum"]
    low, high = _flat(quantities, positions)
    fired = _fired(rule, quantities, positions)
    if fired is None:
        raise ValueError(rule.function)
    # the mean of float32 numbers may lie just outside their range
    mean = np.clip(quantities["mean"].astype(np.float64), least, most)
    reductions = {
        "maximum": most + 0.0,
        "minimum": least + 0.0,
        "mean": mean,
        "m2": np.zeros(least.shape),
        "absolute": quantities["absolute"].astype(np.float64) * positions,
        "nonpositive": positions - quantities["above_zero"],
        "low": low,
        "high": high,
        "fired": fired,
        **_values(rule, quantities),
    }
    if rule.gradient is not None:
        reductions["slope"] = np.where(fired, rule.gradient, 0.0)
    return reductions


def _flat(quantities: Arrays, positions: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Count the elements below the first firing interval, and those above the last."""
    none = np.zeros(quantities["minimum"].shape)
    low = positions - quantities["above_low"] if "above_low" in quantities else none
    return low, quantities.get("above_high", none)


def _fired(rule: Rule, quantities: Arrays, positions: int) -> NDArray[np.bool_] | None:
    """Return whether each unit fired on each sample; None where the extremes do not tell."""
    least, most = quantities["minimum"], quantities["maximum"]
    low, high = _flat(quantities, positions)
    if len(rule.fires) == 1:
        return np.asarray(low + high < positions, np.bool_)
    fired = np.logical_or.reduce([within(part, least) | within(part, most) for part in rule.fires])
    silent = (low == positions) | (high == positions) | _in_one_gap(rule, least, most)
    return fired if (fired | silent).all() else None


def _values(rule: Rule, quantities: Arrays) -> Arrays:
    """The extremes of h: measured, or f at the extremes of z where its shape puts them there."""
    f = _shape_of(rule.function).f
    values = {key: quantities[key] for key in ("value_minimum", "value_maximum") if key in quantities}
    if len(values) < 2:
        at = f(quantities["minimum"]), f(quantities["maximum"])
        values = {"value_minimum": np.minimum(*at), "value_maximum": np.maximum(*at), **values}
    return values


def _in_one_gap(rule: Rule, least: NDArray[Any], most: NDArray[Any]) -> NDArray[np.bool_]:
    """Return whether all values of a unit lie between the same two firing intervals."""
    inside = np.zeros(least.shape, np.bool_)
    for left, right in pairwise(rule.fires):
        inside |= ~within(replace(left, low=-INF), least) & ~within(replace(right, high=INF), most)
    return inside
