"""Elements that are counted on some samples only: which samples, and how a report says so.

What decides a class is observed on every sample: firing, extremes, means, NaN and inf. The counts that only describe a
layer, from which its sparsity follows, may be taken from the samples of a rule. The rule goes by the place of a sample
in all the data, so that parts of the data agree on it.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actcli.analysis.deadness.unit_state import LayerState

FIRST, EVERY = 8, 128
"""Elements are counted on the first FIRST of EVERY samples: a batch of several is one or the other."""


def is_counted(place: int) -> bool:
    """Return whether the elements of a sample are counted, by its place in all the data."""
    return place % EVERY < FIRST


def same_until(place: int) -> int:
    """Return the next place from which on the answer for a sample differs."""
    return place - place % EVERY + (FIRST if is_counted(place) else EVERY)


def runs(place: int, samples: int) -> Iterator[int]:
    """Yield the lengths of consecutive samples, from a place on, that are alike: counted, or not."""
    end = place + samples
    while place < end:
        until = min(same_until(place), end)
        yield until - place
        place = until


def counting_notes(states: Iterable["LayerState"]) -> tuple[str, ...]:
    """Return the sentence about statistics whose elements were counted on some samples only."""
    partly = [state for state in states if state.counted is not None]
    if not partly:
        return ()
    fewest = min(partly, key=lambda state: state.counted.samples if state.counted else 0)
    counted = fewest.counted.samples if fewest.counted else 0
    note = (
        f"Sparsity was counted on {counted:,} of {fewest.samples:,} samples, the first {FIRST} of every {EVERY}; "
        "everything else on all of them."
    )
    return (note,)
