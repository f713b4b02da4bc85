"""Statistics of recorded values of which some do not count: padding, or a token that begins every sequence."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.firing_rule import Rule, fires
from actcli.analysis.deadness.unit_state import LayerState, empty_state, place_at
from actcli.analysis.deadness.unit_statistics import as_float, first_firing, last_firing, observe


def observe_masked(
    rule: Rule, name: str, block: NDArray[Any], mask: NDArray[np.bool_], start: int | None
) -> LayerState:
    """Return the statistics of consecutive samples, of the positions that a mask holds True for.

    block: (samples, units) or (samples, units, positions). mask: (samples,) or (samples, positions). A position that
    is masked out neither fires nor counts as an element, and a sample without any other is no sample. start: the place
    of the first sample that counts.
    """
    values = block if block.ndim == 3 else block[:, :, np.newaxis]
    samples, units, positions = values.shape
    counted = mask.reshape(samples, positions)
    rows = values.transpose(0, 2, 1)[counted]
    if not rows.size:
        return replace(empty_state(name, rule, units), start=start)
    state = observe(rule, name, rows, 0)
    lengths = counted.sum(axis=1)
    lengths = lengths[lengths > 0]
    if lengths.size < len(rows):
        with np.errstate(all="ignore"):
            firing = fires(rule, as_float(rows))
        fired = np.logical_or.reduceat(firing, np.cumsum(lengths) - lengths, axis=0)
        times = fired.sum(axis=0, dtype=np.int64)
        state = replace(
            state,
            samples=int(lengths.size),
            fired=times,
            first=first_firing(fired, times),
            last=last_firing(fired, times),
        )
    return place_at(state, start)
