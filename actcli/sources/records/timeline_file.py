"""Timeline files: recognised by content, and read with every size checked."""

from typing import BinaryIO

from actcli.analysis.deadness.unit_state import COUNTS, NUMBERS
from actcli.analysis.timeline.timeline import Timeline
from actcli.analysis.timeline.timeline_record import (
    MEMBERS,
    read_timeline_description,
    unpack_timeline,
)
from actcli.sources.budget import require_memory
from actcli.sources.records.packed_arrays import holds_member, read_arrays

_BYTES_PER_UNIT = 2 * 8 * (len(COUNTS) + len(NUMBERS))
"""Memory of a unit in one epoch: its numbers, and as much again while they are checked."""


def is_timeline(path: str, content: BinaryIO | None = None) -> bool:
    """Return whether a file holds a timeline, by its content. Of .npy and text files the suffix is enough."""
    return holds_member(path, MEMBERS[0], content)


def read_timeline(path: str, memory: int | None = None, content: BinaryIO | None = None) -> Timeline:
    """Return the timeline of a file, to the bit as it was written.

    memory: the bytes that it may take; None for half of what is available. content: the bytes of a file that came in a
    stream. Raises DataError when it needs more, when the file cannot be read, is not a timeline, is damaged or
    truncated, holds statistics that no data give, or is of a newer version.
    """

    def afford(units: int) -> None:
        require_memory(
            _BYTES_PER_UNIT * units, memory, f"{path}: a timeline of {units:,} units in all epochs"
        )

    described, counts, numbers = read_arrays(
        path,
        MEMBERS,
        lambda description: read_timeline_description(description, path),
        lambda timeline: timeline.units,
        afford,
        "holds no timeline of actcli",
        content,
    )
    return unpack_timeline(described, counts, numbers, path)
