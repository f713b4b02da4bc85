"""What is known of a layer's units after some samples: counts, extremes and moments that merge."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.firing_rule import Rule
from actcli.exits import DataError

Counts = NDArray[np.int64]
Numbers = NDArray[np.float64]
MOST = 1 << 62
"""Every count and place is below: two of them add up without an overflow."""
NEVER = -1
"""In `first` and `last`: the unit has not fired."""
UNKNOWN = -2
"""In `first` and `last`: the unit fired, and it is not known where the parts of its samples start."""


@dataclass(frozen=True, slots=True, eq=False)
class LayerState:
    """The units of one layer over n samples. Every array is (units,).

    Attributes:
        name: of the layer.
        rule: the activation, what was recorded, and what firing means.
        start: the place of the first sample in the whole data; None where it is not known.
        samples: independent samples seen: images or sequences, never pixels or tokens.
        elements: positions seen of each unit, all samples together.
        fired: samples on which the unit fired at some position.
        nonpositive: elements <= 0 of the recorded value.
        nan, infinite: elements that are NaN, that are inf or -inf.
        low, high: elements on a flat part of the activation, to the left and to the right of where it fires.
        minimum, maximum: of the recorded value, NaN left out; inf and -inf where there was none.
        mean, m2: of the recorded value's finite elements: their mean, the sum of squared deviations from it. m2 is
            NaN where the deviations within a sample were not observed, and so wherever such a part is merged in.
        absolute: the sum of |h|, the activation's output, over finite elements.
        value_minimum, value_maximum: of h, as minimum and maximum.
        slope: the largest |phi'| seen; NaN where it was not observed.
        first, last: the places of the first and last sample on which the unit fired: in the whole data where
            `start` is known, else from the part's own first sample on; NEVER where it has not. UNKNOWN where it
            did in one of several parts of which some have no start.

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

    @property
    def units(self) -> int:
        """How many units the layer has."""
        return int(self.fired.size)

    @property
    def finite(self) -> Counts:
        """Elements of each unit that are neither NaN nor infinite: what the moments are of."""
        return self.elements - self.nan - self.infinite

    @property
    def variance(self) -> Numbers:
        """The variance of each unit's finite elements, as of a whole population; NaN where it is not known."""
        n = self.finite
        variance = np.full(n.shape, np.nan)
        np.divide(self.m2, n, out=variance, where=n > 0)
        return variance


def empty_state(name: str, rule: Rule, units: int) -> LayerState:
    """What is known before the first sample: merging it changes nothing."""
    none = np.zeros(units, np.int64)
    zero = np.zeros(units)
    never = np.full(units, NEVER, np.int64)
    least, most = np.full(units, np.inf), np.full(units, -np.inf)
    return LayerState(
        name=name,
        rule=rule,
        start=None,
        samples=0,
        elements=0,
        fired=none,
        nonpositive=none,
        nan=none,
        infinite=none,
        low=none,
        high=none,
        minimum=least,
        maximum=most,
        mean=zero,
        m2=zero,
        absolute=zero,
        value_minimum=least,
        value_maximum=most,
        slope=np.full(units, np.nan),
        first=never,
        last=never,
    )


def merge(a: LayerState, b: LayerState) -> LayerState:
    """Two parts of one layer's samples as one, in any order.

    delta = mean_b - mean_a, n = n_a + n_b, mean = mean_a + delta n_b/n, m2 = m2_a + m2_b + delta^2 n_a n_b/n
    (Chan, Golub & LeVeque 1979). Counts, extremes and places are exact, moments are exact to rounding. Where
    one part has no start, no place is known any more; a part without samples changes nothing. Raises DataError
    when the parts are of different layers, unit counts or rules, or have 2**62 elements or more together.
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
    return LayerState(
        name=a.name,
        rule=a.rule,
        start=start,
        samples=a.samples + b.samples,
        elements=a.elements + b.elements,
        fired=a.fired + b.fired,
        nonpositive=a.nonpositive + b.nonpositive,
        nan=a.nan + b.nan,
        infinite=a.infinite + b.infinite,
        low=a.low + b.low,
        high=a.high + b.high,
        minimum=np.minimum(a.minimum, b.minimum),
        maximum=np.maximum(a.maximum, b.maximum),
        mean=mean,
        m2=m2,
        absolute=absolute,
        value_minimum=np.minimum(a.value_minimum, b.value_minimum),
        value_maximum=np.maximum(a.value_maximum, b.value_maximum),
        slope=np.fmax(a.slope, b.slope),
        first=_place(a.first, b.first, np.minimum, known=start is not None),
        last=_place(a.last, b.last, np.maximum, known=start is not None),
    )


def place_at(state: LayerState, start: int | None) -> LayerState:
    """A state whose places count from its own first sample, with that at `start` of the whole data.

    Without a start they stay as they are. What is UNKNOWN stays so.
    """
    first, last = (
        np.where(places >= 0, places + (start or 0), places) for places in (state.first, state.last)
    )
    return replace(state, start=start, first=first, last=last)


def _require_same(a: LayerState, b: LayerState) -> None:
    if a.name != b.name:
        raise DataError(f"layers '{a.name}' and '{b.name}' are two, not parts of one")
    if a.units != b.units:
        raise DataError(f"layer '{a.name}' has {a.units} units in one part and {b.units} in another")
    if a.rule != b.rule:
        ours, theirs = (f"{part.rule.recorded} of {part.rule.function}" for part in (a, b))
        differ = f"{ours} and {theirs}" if ours != theirs else f"{ours} by two definitions of firing"
        raise DataError(f"layer '{a.name}' was recorded as {differ}: such parts do not merge")


def _place(a: Counts, b: Counts, nearer: np.ufunc, *, known: bool) -> Counts:
    """The first or last of two places, of which each may be NEVER; UNKNOWN where the parts' starts are not known."""
    if not known:
        return np.where((a == NEVER) & (b == NEVER), NEVER, UNKNOWN)
    return np.where(a == NEVER, b, np.where(b == NEVER, a, nearer(a, b)))
