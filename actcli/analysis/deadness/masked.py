"""Statistics of recorded values of which some do not count: padding, or a token that begins every sequence."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.firing_rule import Rule, fires
from actcli.analysis.deadness.unit_state import LayerState, empty_state, place_at
from actcli.analysis.deadness.unit_statistics import as_float, first_firing, last_firing, observe

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class MaskedBlock:
    """Consecutive samples, and which of their positions count.

    Attributes:
        values: (samples, units) or (samples, units, positions).
        kept: (samples, positions); of values without positions (samples, 1).

    """

    values: NDArray[Any]
    kept: Mask

    def __len__(self) -> int:
        return len(self.values)

    @property
    def size(self) -> int:
        """The numbers in it."""
        return int(self.values.size)

    def __getitem__(self, rows: slice) -> "MaskedBlock":
        return MaskedBlock(self.values[rows], self.kept[rows])

    def state(self, rule: Rule, name: str) -> LayerState:
        """Return the statistics of the positions that count, with places counted from the block's first sample."""
        return observe_masked(rule, name, self.values, self.kept, 0)


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


def fit_mask(mask: Mask, samples: int, positions: int) -> Mask | None:
    """Return a mask as (samples, positions) of a layer; None where it is of other samples or positions.

    mask: (samples, ...), its other axes together the positions, or one position for the whole sample. A layer without
    positions keeps the samples of which any position counts. Of a layer whose samples are the positions of all
    sequences one after the other, each position is a sample.
    """
    if len(mask) != samples:
        return mask.reshape(-1, 1) if mask.size == samples and positions == 1 else None
    rows = mask.reshape(len(mask), -1)
    if rows.shape[1] == positions:
        return rows
    if rows.shape[1] == 1:
        return np.broadcast_to(rows, (samples, positions))
    return np.asarray(rows.any(axis=1, keepdims=True), np.bool_) if positions == 1 else None
