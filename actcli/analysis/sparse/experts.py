"""Use of the experts of a router: how evenly tokens are spread, and how many it takes until each has some."""

import math

import numpy as np

from actcli.analysis.deadness.confidence import firing_bound
from actcli.analysis.deadness.unit_state import Counts, LayerState
from actcli.dataclass import dataclass
from actcli.exits import UsageError

_MOST_SAMPLES = 1 << 53


@dataclass(frozen=True, slots=True)
class Utilisation:
    """How a layer's samples are spread over its units.

    Attributes:
        units: the number of units.
        unvisited: units that never fired.
        most, least: the largest and smallest share of the samples on which a unit fires; unvisited ones are left out
            of the smallest. NaN if no unit fired.
        imbalance: the largest number of firings over their mean; 1 if all are used alike.
        effective: the units that would be used as evenly, exp of the entropy of their shares of all firings.

    """

    units: int
    unvisited: int
    most: float
    least: float
    imbalance: float
    effective: float


def utilisation(state: LayerState) -> Utilisation:
    """Return how evenly the units of a layer are used."""
    fired = state.fired[state.fired > 0]
    if not fired.size:
        return Utilisation(state.units, state.units, math.nan, math.nan, math.nan, 0.0)
    shares = fired / fired.sum()
    return Utilisation(
        units=state.units,
        unvisited=state.units - int(fired.size),
        most=float(fired.max() / state.samples),
        least=float(fired.min() / state.samples),
        imbalance=float(fired.max() * state.units / fired.sum()),
        effective=float(np.exp(-(shares * np.log(shares)).sum())),
    )


def samples_until(firings: int, rate: float, units: int, confidence: float) -> int:
    """Return the samples in which each of some units that fire with p >= rate has fired so often.

    The smallest N with P(X < firings) <= alpha / units, X binomial (N, rate): all units together with `confidence`
    (Bonferroni). For one firing it is what `confidence.samples_needed` returns. Raises UsageError for no firings, no
    units, and a rate that is not between 0 and 1.
    """
    if firings < 1 or units < 1:
        raise UsageError(f"{firings} firings of {units} units: both must be 1 or more")
    if not 0 < rate < 1:
        raise UsageError(f"rate {rate:g}: must be between 0 and 1")
    level = max(min(1.0 - (1.0 - confidence) / units, math.nextafter(1.0, 0.0)), math.nextafter(0.0, 1.0))

    def suffices(samples: int) -> bool:
        # the upper bound of p after firings - 1 in N samples is where P(X < firings) = alpha
        return float(firing_bound(np.array([firings - 1]), samples, level)[0]) <= rate

    high = max(firings, 2)
    while not suffices(high):
        high *= 2
        if high > _MOST_SAMPLES:
            raise UsageError(f"rate {rate:g}: more than {_MOST_SAMPLES:,} samples are needed")
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if suffices(middle) else (middle, high)
    return high


def least_rate(fired: Counts, samples: int, confidence: float) -> float:
    """Return the smallest firing probability that the least used of some units may have: a lower bound.

    Clopper-Pearson at alpha / units, so that it holds for all of them together. 0 if one never fired.
    """
    if not fired.size or not samples or not fired.min():
        return 0.0
    level = max(1.0 - (1.0 - confidence) / fired.size, math.nextafter(0.0, 1.0))
    level = min(level, math.nextafter(1.0, 0.0))
    upper_of_silence = firing_bound(np.array([samples - int(fired.min())]), samples, level)
    return float(1.0 - upper_of_silence[0])
