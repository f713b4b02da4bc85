"""Which contenders tie with the best: paired tests of every other one against it, corrected for their number."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.training.significance import ONE_SPLIT, Nesting, holm

Tie = tuple[bool | None, float | None]
"""Whether a contender ties with the best, and the corrected p value; None where there is no test."""
TIED = 0.05
"""Corrected p value above which two contenders tie."""


def find_ties(
    measures: Sequence[NDArray[Any]], step: float, nesting: Nesting = ONE_SPLIT, *, largest: bool = True
) -> list[Tie]:
    """Return for each contender whether it ties with the best mean, the largest or the smallest one.

    measures: a number per network of each contender, in the order of the seeds. step: the smallest change of a
    number. The best itself has no p value. There is no test for a single contender, nor for a single network each.
    """
    if len(measures) < 2 or len(measures[0]) < 2:
        return [(None, None)] * len(measures)
    means = [float(np.mean(measure)) for measure in measures]
    best = means.index(max(means) if largest else min(means))
    others = [i for i in range(len(means)) if i != best]
    corrected = holm([nesting.paired_p(measures[i], measures[best], step) for i in others])
    ties: list[Tie] = [(True, None)] * len(means)
    for i, p in zip(others, corrected, strict=True):
        # the R² of a diverged network is -inf: there is no t, and no tie with a finite mean
        tied = math.isinf(means[i]) == math.isinf(means[best])
        ties[i] = (None if tied else False, None) if math.isnan(p) else (p > TIED, p)
    return ties
