"""Statistics of layers from numbers that a graph has already reduced to one per sample and unit."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.firing_rule import INF, Rule
from actcli.analysis.deadness.unit_state import Counts, LayerState, Numbers, empty_state, place_at
from actcli.analysis.deadness.unit_statistics import first_firing, last_firing


def from_reductions(
    rule: Rule, name: str, reductions: Mapping[str, NDArray[Any]], positions: int, start: int | None
) -> LayerState:
    """The state of some consecutive samples of which only numbers by sample and unit are there.

    reductions: arrays (samples, units) over each sample's `positions`: `maximum`, `minimum`, `mean`, `m2` (the
    sum of squared deviations from that sample's mean), `absolute` (the sum of |h|), `nonpositive`, `fired`,
    `value_minimum`, `value_maximum`; where they can be more than 0 `low`, `high`, `nan`, `infinite`; where it
    was observed `slope`. `fired` is 0 or not, whether any position fired. What is NaN because the sample holds
    NaN or inf is left out of extremes and moments.
    """
    samples, units = reductions["maximum"].shape
    state = empty_state(name, rule, units)
    if not samples:
        return state

    def count(key: str) -> Counts:
        # counts come as floats from a graph
        return (
            np.rint(reductions[key]).astype(np.int64)
            if key in reductions
            else np.zeros((samples, units), int)
        )

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
    state = replace(
        state,
        samples=samples,
        elements=samples * positions,
        fired=times,
        nonpositive=count("nonpositive").sum(axis=0),
        nan=nan.sum(axis=0),
        infinite=infinite.sum(axis=0),
        low=count("low").sum(axis=0),
        high=count("high").sum(axis=0),
        minimum=_least(reductions["minimum"]),
        maximum=_most(reductions["maximum"]),
        mean=middle,
        m2=spread,
        absolute=np.where(np.isfinite(absolute), absolute, 0.0).sum(axis=0),
        value_minimum=_least(reductions["value_minimum"]),
        value_maximum=_most(reductions["value_maximum"]),
        slope=_largest(reductions.get("slope"), units),
        first=first_firing(fired, times),
        last=last_firing(fired, times),
    )
    return place_at(state, start)


def _least(values: NDArray[Any]) -> Numbers:
    found = np.fmin.reduce(np.asarray(values, np.float64), axis=0)
    return np.where(np.isnan(found), INF, found)


def _most(values: NDArray[Any]) -> Numbers:
    found = np.fmax.reduce(np.asarray(values, np.float64), axis=0)
    return np.where(np.isnan(found), -INF, found)


def _largest(values: NDArray[Any] | None, units: int) -> Numbers:
    if values is None:
        return np.full(units, np.nan)
    largest: Numbers = np.fmax.reduce(np.asarray(values, np.float64), axis=0)
    return largest
