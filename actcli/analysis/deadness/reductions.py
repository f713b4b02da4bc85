"""Statistics of a layer from values that a graph has already reduced to one per sample and unit."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.firing_rule import INF, Rule
from actcli.analysis.deadness.unit_state import Counts, LayerState, Numbers, empty_state, place_at
from actcli.analysis.deadness.unit_statistics import first_firing, last_firing


def from_reductions(
    rule: Rule, name: str, reductions: Mapping[str, NDArray[Any]], positions: int, start: int | None
) -> LayerState:
    """Return the statistics of consecutive samples from reductions over each sample's positions.

    reductions: arrays (samples, units): `maximum`, `minimum`, `mean`, `m2` (the sum of squared deviations from that
    sample's mean), `absolute` (the sum of |h|), `nonpositive`, `fired` (above 0 if any position fired),
    `value_minimum`, `value_maximum`; `low`, `high`, `nan`, `infinite` where they can be above 0; `slope` where it was
    observed. Values that are NaN because the sample holds NaN or inf count neither in extremes nor in moments.
    """
    samples, units = reductions["maximum"].shape
    if not samples:
        return empty_state(name, rule, units)

    def count(key: str) -> Counts:
        # a graph gives counts as floats
        if key not in reductions:
            return np.zeros((samples, units), np.int64)
        counts: Counts = np.rint(reductions[key]).astype(np.int64)
        return counts

    fired = np.asarray(reductions["fired"]) > 0
    times = fired.sum(axis=0, dtype=np.int64)
    nan, infinite = count("nan"), count("infinite")
    mean, m2, absolute = (np.asarray(reductions[key], np.float64) for key in ("mean", "m2", "absolute"))
    with np.errstate(all="ignore"):
        sound = np.isfinite(mean) & np.isfinite(m2)
        weight = np.where(sound, positions - nan - infinite, 0).astype(np.float64)
        mean, m2 = np.where(sound, mean, 0.0), np.where(sound, m2, 0.0)
        total = np.maximum(weight.sum(axis=0), 1)
        middle = (weight * mean).sum(axis=0) / total
        away = mean - middle
        middle += (weight * away).sum(axis=0) / total
        spread = m2.sum(axis=0) + (weight * np.square(mean - middle)).sum(axis=0)
    slope = reductions.get("slope")
    state = LayerState(
        name=name,
        rule=rule,
        start=None,
        samples=samples,
        elements=samples * positions,
        fired=times,
        nonpositive=count("nonpositive").sum(axis=0),
        nan=nan.sum(axis=0),
        infinite=infinite.sum(axis=0),
        low=count("low").sum(axis=0),
        high=count("high").sum(axis=0),
        minimum=_extreme(np.fmin, reductions["minimum"], INF),
        maximum=_extreme(np.fmax, reductions["maximum"], -INF),
        mean=middle,
        m2=spread,
        absolute=np.where(np.isfinite(absolute), absolute, 0.0).sum(axis=0),
        value_minimum=_extreme(np.fmin, reductions["value_minimum"], INF),
        value_maximum=_extreme(np.fmax, reductions["value_maximum"], -INF),
        slope=np.full(units, np.nan) if slope is None else _extreme(np.fmax, slope, np.nan),
        first=first_firing(fired, times),
        last=last_firing(fired, times),
    )
    return place_at(state, start)


def _extreme(pick: np.ufunc, values: NDArray[Any], missing: float) -> Numbers:
    """Return the extreme of each unit; `missing` where all its values are NaN."""
    extreme = pick.reduce(np.asarray(values, np.float64), axis=0)
    return np.where(np.isnan(extreme), missing, extreme)
