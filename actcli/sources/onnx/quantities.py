"""What the quantities of a layer, numbers by sample and unit, say of its units."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation, activation
from actcli.analysis.card.landmarks import pieces
from actcli.analysis.deadness.firing_rule import INF, Rule, round_to_type, within
from actcli.sources.onnx.outputs import Arrays, Outputs, Watched


def limits(rule: Rule, dtype: np.dtype[Any]) -> dict[str, Any]:
    """The numbers of z's own type above which elements are counted, they themselves not.

    above_zero: z > 0. above_low: from the first firing interval on. above_high: beyond the last one.
    """
    first, last = rule.fires[0], rule.fires[-1]
    bounds: dict[str, tuple[float, bool]] = {"above_zero": (0.0, False)}
    if first.low > -INF:
        bounds["above_low"] = (first.low, first.holds_low)
    if last.high < INF:
        bounds["above_high"] = (last.high, not last.holds_high)
    found = {}
    for name, (bound, counts_itself) in bounds.items():
        limit = round_to_type(bound, dtype, up=counts_itself)
        found[name] = np.nextafter(limit, dtype.type(-np.inf)) if counts_itself else limit
    return found


def of_values(layer: Watched) -> tuple[str, ...]:
    """Which extremes of h do not follow from those of z."""
    shape = _shape_of(layer.rule.function)
    measured = []
    if not (layer.same_everywhere and shape.rises):
        measured.append("value_minimum")
    if not (layer.same_everywhere and shape.dips):
        measured.append("value_maximum")
    return tuple(measured)


@dataclass(frozen=True, slots=True)
class _Shape:
    """An activation; whether it never falls; whether its most lies at an end of every interval."""

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


def is_clear(outputs: Outputs, packed: NDArray[Any], positions: int) -> bool:
    """Whether the quantities say all that is asked.

    They do not where NaN or inf is among the numbers, which must be counted, and where a unit's extremes lie in two
    gaps between which it may have fired.
    """
    if not np.isfinite(packed).all():
        return False
    return (
        len(outputs.layer.rule.fires) == 1 or _fired(outputs, _apart(outputs, packed), positions) is not None
    )


def by_unit(outputs: Outputs, packed: NDArray[Any], positions: int) -> Arrays:
    """The quantities of some samples, all clear, as analysis.observing.from_reductions takes them.

    `m2` is 0: spread over positions is not observed, for it would cost a third of what running the model does.
    """
    rule, found = outputs.layer.rule, _apart(outputs, packed)
    least, most = found["minimum"], found["maximum"]
    low, high = _flat(found, positions)
    fired = _fired(outputs, found, positions)
    if fired is None:
        raise ValueError(outputs.layer.name)
    # the mean of float32 numbers may lie just outside of them
    mean = np.clip(found["mean"].astype(np.float64), least, most)
    numbers: Arrays = {
        "maximum": most + 0.0,
        "minimum": least + 0.0,
        "mean": mean,
        "m2": np.zeros(least.shape),
        "absolute": found["absolute"].astype(np.float64) * positions,
        "nonpositive": positions - found["above_zero"],
        "low": low,
        "high": high,
        "fired": fired,
        **_values(outputs, found),
    }
    if rule.gradient is not None:
        numbers["slope"] = np.where(fired, rule.gradient, 0.0)
    return numbers


def _apart(outputs: Outputs, packed: NDArray[Any]) -> Arrays:
    units = outputs.layer.units
    return {key: packed[:, i * units : (i + 1) * units] for i, key in enumerate(outputs.quantities)}


def _flat(found: Arrays, positions: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """How many elements lie below the first firing interval, and how many above the last."""
    none = np.zeros(found["minimum"].shape)
    low = positions - found["above_low"] if "above_low" in found else none
    return low, found.get("above_high", none)


def _fired(outputs: Outputs, found: Arrays, positions: int) -> NDArray[np.bool_] | None:
    """Whether each unit fired on each sample; None where the extremes do not tell."""
    rule, least, most = outputs.layer.rule, found["minimum"], found["maximum"]
    low, high = _flat(found, positions)
    if len(rule.fires) == 1:
        return np.asarray(low + high < positions, np.bool_)
    fired = np.logical_or.reduce([within(part, least) | within(part, most) for part in rule.fires])
    silent = (low == positions) | (high == positions) | _in_one_gap(rule, least, most)
    return fired if (fired | silent).all() else None


def _values(outputs: Outputs, found: Mapping[str, NDArray[Any]]) -> Arrays:
    """The extremes of h: measured, or those of f at the extremes of z where f says that they lie there."""
    f = _shape_of(outputs.layer.rule.function).f
    values = {key: found[key] for key in ("value_minimum", "value_maximum") if key in found}
    if len(values) < 2:
        at = f(found["minimum"]), f(found["maximum"])
        values = {"value_minimum": np.minimum(*at), "value_maximum": np.maximum(*at), **values}
    return values


def _in_one_gap(rule: Rule, least: NDArray[Any], most: NDArray[Any]) -> NDArray[np.bool_]:
    """Where all values of a unit lie between the same two firing intervals."""
    found = np.zeros(least.shape, np.bool_)
    for left, right in zip(rule.fires, rule.fires[1:], strict=False):
        beyond = ~within(replace(left, low=-INF), least)
        found |= beyond & ~within(replace(right, high=INF), most)
    return found
