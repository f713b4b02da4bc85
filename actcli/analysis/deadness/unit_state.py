"""Mergeable statistics of one layer's units: counts, extremes and moments."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.firing_rule import Rule
from actcli.dataclass import dataclass
from actcli.exits import DataError

Counts = NDArray[np.int64]
Numbers = NDArray[np.float64]
MOST = 1 << 62
"""Upper bound of every count and place: two of them add up without an overflow."""
NEVER = -1
"""In `first` and `last`: the unit has not fired."""
UNKNOWN = -2
"""In `first` and `last`: the unit has fired, in a part whose start is unknown."""

COUNTS = ("fired", "nonpositive", "nan", "infinite", "low", "high", "first", "last")
NUMBERS = ("minimum", "maximum", "mean", "m2", "absolute", "value_minimum", "value_maximum", "slope")
"""The fields of a LayerState that hold an array: int64 and float64."""
_SUMS = ("fired", "nonpositive", "nan", "infinite", "low", "high")
"""The fields that add up in a merge."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The samples whose elements were counted, and their elements per unit."""

    samples: int
    elements: int


@dataclass(frozen=True, slots=True, eq=False)
class LayerState:
    """The units of one layer over n samples. Every array is (units,).

    Attributes:
        name: the layer's name.
        rule: the activation, the recorded value, and when a unit fires.
        start: the place of the first sample in the whole data; None if unknown.
        samples: independent samples: images or sequences, never pixels or tokens.
        elements: positions per unit, over all samples.
        fired: samples in which the unit fired at any position.
        nonpositive: elements <= 0 of the recorded value, among those that were counted.
        nan, infinite: elements that are NaN; that are inf or -inf.
        low, high: elements on a flat part of the activation, left and right of where it fires; low among those that
            were counted, unless `rule.low_decides`.
        minimum, maximum: of the recorded value, without NaN; inf and -inf if there was no value.
        mean, m2: mean and sum of squared deviations of the recorded value's finite elements. m2 is NaN if deviations
            within a sample were not observed in some part.
        absolute: the sum of |h|, h the activation's output, over finite elements.
        value_minimum, value_maximum: of h, as minimum and maximum.
        slope: the largest |phi'| seen; NaN if it was not observed.
        first, last: the places of the first and last sample in which the unit fired, counted in the whole data if
            `start` is known, else from the part's own first sample. NEVER if it has not fired; UNKNOWN if it fired
            and some merged part has no start.
        counted: the samples whose elements were counted; None for all.

    """

    name: str
    rule: Rule
    start: int | None
    samples: int
    elements: int
    fired: Counts
    nonpositive: Counts
    nan: Counts
    infinite: Counts
    low: Counts
    high: Counts
    minimum: Numbers
    maximum: Numbers
    mean: Numbers
    m2: Numbers
    absolute: Numbers
    value_minimum: Numbers
    value_maximum: Numbers
    slope: Numbers
    first: Counts
    last: Counts
    counted: Counted | None = None

    @property
    def counted_samples(self) -> int:
        """The number of samples whose elements were counted."""
        return self.samples if self.counted is None else self.counted.samples

    @property
    def counted_elements(self) -> int:
        """The number of elements per unit among which those of `nonpositive` were found."""
        return self.elements if self.counted is None else self.counted.elements

    @property
    def units(self) -> int:
        """The number of units."""
        return int(self.fired.size)

    @property
    def finite(self) -> Counts:
        """Finite elements of each unit, over which the moments are taken."""
        return self.elements - self.nan - self.infinite

    @property
    def variance(self) -> Numbers:
        """Population variance of each unit's finite elements; NaN if unknown."""
        n = self.finite
        variance = np.full(n.shape, np.nan)
        np.divide(self.m2, n, out=variance, where=n > 0)
        return variance


def empty_state(name: str, rule: Rule, units: int) -> LayerState:
    """Return the statistics of no sample, the neutral element of `merge`."""
    arrays: dict[str, Any] = dict.fromkeys(COUNTS, np.zeros(units, np.int64))
    arrays |= dict.fromkeys(NUMBERS, np.zeros(units))
    arrays |= dict.fromkeys(("first", "last"), np.full(units, NEVER, np.int64))
    arrays |= dict.fromkeys(("minimum", "value_minimum"), np.full(units, np.inf))
    arrays |= dict.fromkeys(("maximum", "value_maximum"), np.full(units, -np.inf))
    arrays["slope"] = np.full(units, np.nan)
    return LayerState(name=name, rule=rule, start=None, samples=0, elements=0, **arrays)


def merge(a: LayerState, b: LayerState) -> LayerState:
    """Merge the statistics of two parts of one layer's samples, in any order.

    delta = mean_b - mean_a, n = n_a + n_b, mean = mean_a + delta n_b/n, m2 = m2_a + m2_b + delta^2 n_a n_b/n
    (Chan, Golub & LeVeque 1979). Counts, extremes and places are exact, moments exact to rounding. If one part has
    no start, places become UNKNOWN; a part without samples changes nothing. Raises DataError if layer, unit count or
    firing rule differ, or if the parts have 2**62 elements or more together.
    """
    _require_same(a, b)
    if not b.samples:
        return a
    if not a.samples:
        return b
    if a.elements + b.elements >= MOST:
        raise DataError(
            f"layer '{a.name}': its parts have {a.elements + b.elements:,} elements, too many to count"
        )
    n_a, n_b = a.finite, b.finite
    n = np.maximum(n_a + n_b, 1)
    with np.errstate(over="ignore", invalid="ignore"):
        delta = np.where((n_a > 0) & (n_b > 0), b.mean - a.mean, 0.0)
        mean = np.where(n_a > 0, a.mean, b.mean) + delta * (n_b / n)
        m2 = a.m2 + b.m2 + delta * delta * (n_a * (n_b / n))
        absolute = a.absolute + b.absolute
    start = None if a.start is None or b.start is None else min(a.start, b.start)
    sums = {field: getattr(a, field) + getattr(b, field) for field in _SUMS}
    return LayerState(
        name=a.name,
        rule=a.rule,
        start=start,
        samples=a.samples + b.samples,
        elements=a.elements + b.elements,
        **sums,
        minimum=np.minimum(a.minimum, b.minimum),
        maximum=np.maximum(a.maximum, b.maximum),
        mean=mean,
        m2=m2,
        absolute=absolute,
        value_minimum=np.minimum(a.value_minimum, b.value_minimum),
        value_maximum=np.maximum(a.value_maximum, b.value_maximum),
        slope=np.fmax(a.slope, b.slope),
        first=_merge_places(a.first, b.first, np.minimum, has_start=start is not None),
        last=_merge_places(a.last, b.last, np.maximum, has_start=start is not None),
        counted=_merge_counted(a, b),
    )


def place_at(state: LayerState, start: int | None) -> LayerState:
    """Return a state whose places count from its own first sample with that sample at `start` of the whole data.

    Without a start, and where they are UNKNOWN, places stay as they are. Raises DataError for a place of 2**62 or more.
    """
    if start is not None and start + state.samples > MOST:
        raise DataError(f"layer '{state.name}': the place {start:,} of its first sample is too large")
    first, last = (
        np.where(places >= 0, places + (start or 0), places) for places in (state.first, state.last)
    )
    return replace(state, start=start, first=first, last=last)


def _require_same(a: LayerState, b: LayerState) -> None:
    if a.name != b.name:
        raise DataError(f"cannot merge the statistics of two layers, '{a.name}' and '{b.name}'")
    if a.units != b.units:
        raise DataError(f"layer '{a.name}' has {a.units} units in one part and {b.units} in another")
    if a.rule != b.rule:
        ours, theirs = (f"{part.rule.recorded} of {part.rule.function}" for part in (a, b))
        differ = f"{ours} and {theirs}" if ours != theirs else f"{ours} with two definitions of firing"
        raise DataError(f"layer '{a.name}' was recorded as {differ}; these parts cannot be merged")


def _merge_counted(a: LayerState, b: LayerState) -> Counted | None:
    """Return the samples of two parts whose elements were counted."""
    if a.counted is None and b.counted is None:
        return None
    return Counted(a.counted_samples + b.counted_samples, a.counted_elements + b.counted_elements)


def _merge_places(a: Counts, b: Counts, nearer: np.ufunc, *, has_start: bool) -> Counts:
    """Return the first or last of two places, each of which may be NEVER; UNKNOWN if a part has no start."""
    if not has_start:
        return np.where((a == NEVER) & (b == NEVER), NEVER, UNKNOWN)
    return np.where(a == NEVER, b, np.where(b == NEVER, a, nearer(a, b)))
