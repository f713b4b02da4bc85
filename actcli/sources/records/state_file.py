"""Statistics files of `deadcheck --save-state`: recognised by content, and read with every size checked."""

import os
from collections.abc import Iterator, KeysView, Sequence
from typing import TYPE_CHECKING

from actcli.analysis.deadness.state_record import MEMBERS, read_description, unpack
from actcli.analysis.deadness.unit_state import LayerState, merge
from actcli.exits import DataError, UsageError
from actcli.sources.budget import require_memory
from actcli.sources.records.packed_arrays import holds_member, read_arrays

if TYPE_CHECKING:
    from actcli.analysis.deadness.watching import Snapshot

BYTES_PER_UNIT = 400
"""Memory of a unit's statistics while they are checked and merged (measured)."""


def is_state(path: str) -> bool:
    """Return whether a file holds statistics, by its content. Of .npy and text files the suffix is enough."""
    return holds_member(path, MEMBERS[0])


def read_state(
    path: str, memory: int | None = None, bytes_per_unit: int = BYTES_PER_UNIT
) -> tuple[LayerState, ...]:
    """Return the statistics of a file, one per layer, to the bit as they were written.

    memory: the bytes that they may take, at `bytes_per_unit`; None for half of what is available. No more is allocated
    than the file has bytes. Raises DataError when they need more, when the file cannot be read, is not a statistics
    file, is damaged or truncated, holds statistics that no data give, or is of a newer version.
    """

    def afford(units: int) -> None:
        require_memory(bytes_per_unit * units, memory, f"{path}: the statistics of {units:,} units")

    layers, counts, numbers = read_arrays(
        path,
        MEMBERS,
        lambda description: read_description(description, path),
        lambda described: sum(layer.units for layer in described),
        afford,
        "holds no statistics of actcli; deadcheck --save-state writes them",
    )
    return unpack(layers, counts, numbers, path)


def merged_files(
    paths: Sequence[str], memory: int | None = None, bytes_per_unit: int = BYTES_PER_UNIT
) -> "Iterator[Snapshot]":
    """Yield the statistics of several files as parts of one whole, growing file by file.

    memory, bytes_per_unit: as for `read_state`. Raises UsageError where two names are one file. Drawing raises
    DataError, naming the file, where its layers, their units or their firing rules are not those of the first file,
    where two parts begin with the same sample, and as `read_state` and `merge` do.
    """
    require_different(paths)
    return _merged(paths, memory, bytes_per_unit)


def _merged(paths: Sequence[str], memory: int | None, bytes_per_unit: int) -> "Iterator[Snapshot]":
    from actcli.analysis.deadness.watching import Snapshot

    states: dict[str, LayerState] = {}
    beginnings: dict[tuple[str, int], str] = {}
    for done, path in enumerate(paths, 1):
        parts = {state.name: state for state in read_state(path, memory, bytes_per_unit)}
        if states:
            _require_layers(states.keys(), parts.keys(), path, paths[0])
        for name, part in parts.items():
            if part.samples and part.start is not None:
                other = beginnings.setdefault((name, part.start), path)
                if other != path:
                    raise DataError(
                        f"{other} and {path} both begin with sample {part.start} of layer '{name}': "
                        "it would count twice"
                    )
            try:
                states[name] = merge(states[name], part) if name in states else part
            except DataError as error:
                raise DataError(f"{path}: {error}") from error
        yield Snapshot(done=done, total=len(paths), doing=path, states=dict(states))


def require_different(paths: Sequence[str]) -> None:
    """Raise UsageError where two names are one file."""
    named: dict[str, str] = {}
    for path in paths:
        first = named.setdefault(os.path.realpath(path), path)
        if first != path:
            raise UsageError(f"{first} and {path} are one file: its samples would count twice")
    if len(named) < len(paths):
        twice = next(path for at, path in enumerate(paths) if path in paths[:at])
        raise UsageError(f"{twice}: is named twice: its samples would count twice")


def _require_layers(ours: KeysView[str], theirs: KeysView[str], path: str, first: str) -> None:
    for more, there, less in ((theirs - ours, path, first), (ours - theirs, first, path)):
        if more:
            raise DataError(
                f"{path}: its layers are not those of {first}: '{min(more)}' is in {there}, not in {less}"
            )
