"""Statistics files of `deadcheck --save-state`: recognised by content, and read with every size checked."""

from typing import BinaryIO

from actcli.analysis.deadness.state_record import MEMBERS, read_description, unpack
from actcli.analysis.deadness.unit_state import LayerState
from actcli.sources.budget import require_memory
from actcli.sources.records.packed_arrays import holds_member, read_arrays

BYTES_PER_UNIT = 400
"""Memory of a unit's statistics while they are checked and merged (measured)."""


def is_state(path: str, content: BinaryIO | None = None) -> bool:
    """Return whether a file holds statistics, by its content. Of .npy and text files the suffix is enough."""
    return holds_member(path, MEMBERS[0], content)


def read_state(
    path: str,
    memory: int | None = None,
    bytes_per_unit: int = BYTES_PER_UNIT,
    content: BinaryIO | None = None,
) -> tuple[LayerState, ...]:
    """Return the statistics of a file, one per layer, to the bit as they were written.

    memory: the bytes that they may take, at `bytes_per_unit`; None for half of what is available. content: the bytes of
    a file that came in a stream. No more is allocated than the file has bytes. Raises DataError when they need more,
    when the file cannot be read, is not a statistics file, is damaged or truncated, holds statistics that no data give,
    or is of a newer version.
    """
    return read_part(path, memory, bytes_per_unit, content)[0]


def read_part(
    path: str,
    memory: int | None = None,
    bytes_per_unit: int = BYTES_PER_UNIT,
    content: BinaryIO | None = None,
) -> tuple[tuple[LayerState, ...], str]:
    """Return the statistics of a file as `read_state` does, and what they are a part of; blank if that is unknown."""

    def afford(units: int) -> None:
        require_memory(bytes_per_unit * units, memory, f"{path}: the statistics of {units:,} units")

    (layers, part_of), counts, numbers = read_arrays(
        path,
        MEMBERS,
        lambda description: read_description(description, path),
        lambda described: sum(layer.units for layer in described[0]),
        afford,
        "holds no statistics of actcli; deadcheck --save-state writes them",
        content,
    )
    return unpack(layers, counts, numbers, path), part_of
