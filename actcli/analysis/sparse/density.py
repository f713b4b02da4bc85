"""Densities of latents: the shares of samples on which they fire, by powers of ten."""

import math

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.unit_state import Counts
from actcli.dataclass import dataclass

_MOST_DECADES = 15

Rates = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Decades:
    """How many units have a density in each power of ten.

    Attributes:
        lowest: the first is from 10**lowest on, the last ends with 1.
        counts: units from 10**(lowest + i) on and below the next power; 1 itself is in the last.
        never: units that never fired.

    """

    lowest: int
    counts: Counts
    never: int


def lowest_decade(samples: int) -> int:
    """Return the power of ten below which no density but 0 can be seen in so many samples; at most -1."""
    return -min(max(math.ceil(math.log10(max(samples, 1))), 1), _MOST_DECADES)


def by_decade(rates: Rates, lowest: int, parts: int = 1) -> Decades:
    """Return the histogram of densities in log10. rates: (units,), 0 to 1; NaN is left out.

    parts: bins for each power of ten, of equal width in log10.
    """
    finite = rates[~np.isnan(rates)]
    fired = finite[finite > 0]
    # a density of exactly 1e-3 belongs to the bin that begins there, whatever log10 rounds to
    places = np.floor((np.log10(fired) - lowest) * parts + 1e-9).astype(np.int64)
    counts = np.bincount(np.clip(places, 0, -lowest * parts - 1), minlength=-lowest * parts)
    return Decades(lowest, counts, int((finite == 0).sum()))
