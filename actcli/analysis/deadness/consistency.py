"""Statistics that no data can give: a file that holds such numbers is damaged, or was not written by actcli."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.firing_rule import INF, fires
from actcli.analysis.deadness.unit_state import COUNTS, MOST, NEVER, NUMBERS, UNKNOWN, LayerState
from actcli.exits import DataError

Mask = NDArray[np.bool_]

_HUGE = 1e150
"""Where values are larger, sums of their squares overflow, and the moments may be inf or NaN."""
_ROUNDING = 1e-3
"""Part of the largest value by which a mean may lie outside the extremes: some graphs add in float32."""


def require_consistent(states: Sequence[LayerState]) -> None:
    """Raise DataError, naming a unit and the values that contradict each other, where no data give one of the states.

    Neighbours that differ in nothing but their units are checked at once: each takes a tenth of a millisecond.
    """
    for (rule, samples, elements, counted), alike in groupby(
        states, lambda s: (s.rule, s.samples, s.elements, s.counted)
    ):
        layers = list(alike)
        arrays: dict[str, Any] = {
            field: np.concatenate([getattr(layer, field) for layer in layers])
            for field in (*COUNTS, *NUMBERS)
        }
        together = LayerState("", rule, None, samples, elements, **arrays, counted=counted)
        if len(layers) > 1 and not any(impossible.any() for _, impossible in _find_impossible(together)):
            continue
        for layer in layers:
            _require_one(layer)


def _find_impossible(state: LayerState) -> Iterator[tuple[str, Mask]]:
    """Yield the fields that contradict each other, and the units where they do."""
    with np.errstate(all="ignore"):
        yield from (*_counts(state), *_places(state), *_extremes(state), *_moments(state))


def _require_one(state: LayerState) -> None:
    for fields, impossible in _find_impossible(state):
        if impossible.any():
            unit = int(np.argmax(impossible))
            values = ", ".join(f"{field} = {_value(state, field, unit)}" for field in fields.split())
            raise DataError(f"layer '{state.name}': impossible statistics of unit {unit}: {values}")


def _value(state: LayerState, field: str, unit: int) -> str:
    values = getattr(state, field)
    return f"{values if isinstance(values, int) else values[unit]:.6g}"


def _counts(state: LayerState) -> list[tuple[str, Mask]]:
    """Counts below 0, or of more elements or samples than there are."""
    s, n = state, state.elements
    within = np.full(s.units, n) - s.nan
    counted = within if s.counted is None else np.full(s.units, s.counted_elements)
    each = ("nonpositive", "nan", "infinite", "low", "high")
    return [
        ("samples elements", np.full(s.units, s.samples > n)),
        ("fired samples", (s.fired < 0) | (s.fired > s.samples)),
        *((f"{field} elements", _outside(getattr(s, field), n)) for field in each),
        ("nan infinite elements", s.infinite > within),
        ("nonpositive nan elements", s.nonpositive > counted),
        ("low counted_elements", s.low > (within if s.rule.low_decides else counted)),
        # a sample on which a unit fired has an element on no flat part; taken apart, no sum overflows
        ("low high nan fired elements", (s.low > within) | (s.high > within - s.low - s.fired)),
    ]


def _outside(counts: NDArray[np.int64], most: int) -> Mask:
    return (counts < 0) | (counts > most)


def _places(state: LayerState) -> list[tuple[str, Mask]]:
    """A place without a firing, a firing without a place, or a first one after the last."""
    first, last = state.first, state.last
    outside = [(places < UNKNOWN) | (places >= MOST) for places in (first, last)]
    silent = state.fired == 0
    return [
        ("first", outside[0]),
        ("last", outside[1]),
        ("fired first", silent != (first == NEVER)),
        ("fired last", silent != (last == NEVER)),
        ("first last", ((first == UNKNOWN) != (last == UNKNOWN)) | (first > last)),
    ]


def _extremes(state: LayerState) -> list[tuple[str, Mask]]:
    """Extremes that are NaN or in the wrong order, or that say otherwise than the counts whether the unit fired."""
    s = state
    unseen = (s.minimum == INF) & (s.maximum == -INF)
    # samples that hold NaN or inf may be left out of the extremes
    clean = (s.nan == 0) & (s.infinite == 0) & (s.elements > 0)
    silent = s.fired == 0
    # one of them may be the model's output and the other f's, rounded differently
    room = _ROUNDING * np.abs(s.value_maximum)
    none = (s.value_minimum == INF) & ((s.value_maximum == -INF) | ~clean)
    partly, some, all_of_them = s.counted is not None, s.nonpositive > 0, s.nonpositive == s.counted_elements
    checks = [
        ("minimum maximum", ~(unseen | (s.minimum <= s.maximum)) | (unseen & clean)),
        (
            "value_minimum value_maximum",
            # two comparisons, since the room beside an infinite value is none
            ~((s.value_minimum <= s.value_maximum) | (s.value_minimum <= s.value_maximum + room) | none),
        ),
        ("nonpositive minimum", clean & (some & (s.minimum > 0) if partly else some != (s.minimum <= 0))),
        (
            "nonpositive maximum elements",
            clean & (~all_of_them & (s.maximum <= 0) if partly else all_of_them != (s.maximum <= 0)),
        ),
    ]
    if s.rule.by_slope is None:
        overlap = np.zeros(s.units, np.bool_)
        for interval in s.rule.fires:
            overlap |= (interval.low <= s.maximum) & (s.minimum <= interval.high)
        checks += [
            ("fired minimum", silent & ~unseen & fires(s.rule, s.minimum)),
            ("fired maximum", silent & ~unseen & fires(s.rule, s.maximum)),
            ("fired minimum maximum", ~silent & clean & ~overlap),
        ]
    return checks


def _moments(state: LayerState) -> list[tuple[str, Mask]]:
    """Moments that are NaN or negative, or a mean outside the extremes, where no sum can have overflowed."""
    s = state
    largest = np.maximum(np.abs(s.minimum), np.abs(s.maximum))
    exact = largest <= _HUGE
    room = _ROUNDING * largest
    return [
        ("m2", s.m2 < 0),
        # of inputs outside the domain of the activation (sqrt of -1) the outputs are NaN
        ("absolute", (s.absolute < 0) | (np.isnan(s.absolute) & exact & (s.rule.recorded == "post"))),
        ("slope", s.slope < 0),
        (
            "mean minimum maximum",
            exact & (s.finite > 0) & ~((s.minimum - room <= s.mean) & (s.mean <= s.maximum + room)),
        ),
    ]
