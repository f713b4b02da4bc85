"""Arrays of whole numbers that look like indices of units: asked about, never counted as units."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from actcli.exits import UsageError

if TYPE_CHECKING:
    from actcli.analysis.deadness.watching import LayerRecording

_FEWEST, _MOST_SLOTS = 8, 1024
"""Rows below which nothing is said; indices for each row above which they are none."""


def refuse_indices(recording: "LayerRecording") -> "LayerRecording":
    """Return the recording of whole numbers. Drawing its blocks raises UsageError where they look like indices.

    Indices are from -1 up, none stands twice in a row besides a filler, and some are not below the length of the row.
    """
    return replace(recording, blocks=_asked(recording))


def _asked(recording: "LayerRecording") -> Generator[Any, None, None]:
    with closing(cast("Any", recording.blocks)) as blocks:
        for place, block in enumerate(blocks):
            rows = block if block.ndim == 2 else block.transpose(0, 2, 1).reshape(-1, block.shape[1])
            if not place and _look_like_indices(rows):
                most = int(rows.max())
                raise UsageError(
                    f"layer '{recording.name}' holds whole numbers to {most:,} that look like indices of units, not "
                    f"their values: --sparse indices={recording.name},units=N counts the units that they name (N is "
                    "how many there are); --sparse none takes them as values"
                )
            yield block


def _look_like_indices(rows: NDArray[Any]) -> bool:
    samples, slots = rows.shape
    if samples < _FEWEST or slots > _MOST_SLOTS or rows.min() < -1 or rows.max() < slots:
        return False
    in_order = np.sort(rows, axis=1)
    fillers = (in_order[:, 1:] == -1) | (in_order[:, 1:] == rows.max())
    return not ((np.diff(in_order, axis=1) == 0) & ~fillers).any()
