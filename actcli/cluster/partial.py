"""A run of which some shards are missing: its statistics as they merge, kept in a file and gone on with."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from actcli.analysis.deadness.state_record import (
    LayerDescription,
    describe_layers,
    is_count,
    pack_arrays,
    parse_description,
    read_layers,
    unpack,
    write_description,
)
from actcli.analysis.deadness.unit_state import LayerState
from actcli.dataclass import dataclass
from actcli.exits import DataError
from actcli.sources.budget import require_memory
from actcli.sources.records.packed_arrays import holds_member, read_arrays
from actcli.sources.records.state_file import BYTES_PER_UNIT

if TYPE_CHECKING:
    from actcli.cluster.shards import Work

VERSION = 1
MEMBERS = ("actcli_partial.npy", "counts.npy", "numbers.npy")
"""Names of the three arrays in a file; the first distinguishes it from other archives."""
_KIND = "actcli partial statistics"
_MOST_TEXT = 100_000


@dataclass(frozen=True, slots=True)
class PartialNode:
    """Statistics of consecutive recordings of a layer, or of consecutive parts of one.

    Attributes:
        number, parts: as of MergedParts.
        recording, of: the number of the recording whose parts they are, and how many it has; -1, 0 for recordings.
        state: the statistics.

    """

    number: int
    parts: int
    recording: int
    of: int
    state: LayerState


@dataclass(frozen=True, slots=True)
class PartialRun:
    """What is known of the shards that could be read.

    Attributes:
        how: what was counted, as of Work.
        done: the keys of the shards that are in it.
        missing: the files of those that are not.
        nodes: the statistics.

    """

    how: str
    done: tuple[str, ...]
    missing: tuple[str, ...]
    nodes: tuple[PartialNode, ...]

    def require_fitting(self, work: "Work", path: str) -> None:
        """Raise DataError where other files, or something else in them, would be counted."""
        if self.how != work.how:
            raise DataError(
                f"{path}: was made with other options or another model: repeat those of the run that left it"
            )
        keys = {shard.key for shard in work.shards}
        other = next((key for key in self.done if key not in keys), None)
        if other is not None:
            raise DataError(
                f"{path}: holds statistics of {_origin_of(other)}, which is not among the sources, or has changed: "
                "name the same files in the same order"
            )


def _origin_of(key: str) -> str:
    try:
        origin = json.loads(key)[0]
    except (ValueError, TypeError, LookupError, RecursionError):
        return "another file"
    return str(origin)[:300]


def is_partial(path: str) -> bool:
    """Return whether a file holds a partial run, by its content. Of .npy and text files the suffix is enough."""
    return holds_member(path, MEMBERS[0])


def write_partial(run: PartialRun, path: str) -> None:
    """Write a partial run, completely or not at all. Raises DataError where that fails, or nothing is in it."""
    from actcli.render.deadness.state_file import write_arrays

    states = [node.state for node in run.nodes]
    content: dict[str, Any] = {
        "how": run.how,
        "done": run.done,
        "missing": run.missing,
        "nodes": [[node.number, node.parts, node.recording, node.of] for node in run.nodes],
        "layers": describe_layers(states),
    }
    write_arrays(MEMBERS, (write_description(_KIND, VERSION, content), *pack_arrays(states)), path)


@dataclass(frozen=True, slots=True)
class _Description:
    """A partial run without its arrays."""

    how: str
    done: tuple[str, ...]
    missing: tuple[str, ...]
    nodes: tuple[tuple[int, int, int, int], ...]
    layers: tuple[LayerDescription, ...]


def read_partial(path: str, memory: int | None = None) -> PartialRun:
    """Return a partial run, to the bit as it was written.

    memory: the bytes that it may take; None for half of what is available. Raises DataError when it needs more, and for
    a file that cannot be read, is no partial run, is damaged or of a newer version.
    """

    def afford(units: int) -> None:
        require_memory(BYTES_PER_UNIT * units, memory, f"{path}: the statistics of {units:,} units")

    described, counts, numbers = read_arrays(
        path,
        MEMBERS,
        lambda description: _read_description(description, path),
        lambda one: sum(layer.units for layer in one.layers),
        afford,
        "is no partial run; deadcheck --save-state writes one where a shard cannot be read",
    )
    nodes, at = [], 0
    for layer, place in zip(described.layers, described.nodes, strict=True):
        columns = slice(at, at + layer.units)
        (state,) = unpack((layer,), counts[:, columns], numbers[:, columns], path)
        nodes.append(PartialNode(*place, state))
        at += layer.units
    return PartialRun(described.how, described.done, described.missing, tuple(nodes))


def _read_description(description: bytes, path: str) -> _Description:
    content = parse_description(description, path, _KIND, VERSION)
    layers = read_layers([[layer] for layer in _list(content.get("layers"), path)], path)
    nodes = tuple(_place(entry, path) for entry in _list(content.get("nodes"), path))
    if len(nodes) != len(layers) or _overlap(
        [(one.name, place) for (one,), place in zip(layers, nodes, strict=True)]
    ):
        raise _damaged(path)
    (how,) = _texts([content.get("how")], path)
    return _Description(
        how,
        _texts(content.get("done"), path),
        _texts(content.get("missing"), path),
        nodes,
        tuple(layer for (layer,) in layers),
    )


def _overlap(places: Sequence[tuple[str, tuple[int, int, int, int]]]) -> bool:
    """Return whether some part is in two nodes of one layer or recording."""
    ends: dict[tuple[str, int], int] = {}
    for name, (number, parts, recording, _) in sorted(places, key=lambda one: (one[0], one[1][2], one[1][0])):
        if number < ends.get((name, recording), 0):
            return True
        ends[name, recording] = number + parts
    return False


def _place(entry: Any, path: str) -> tuple[int, int, int, int]:
    """Return where a node belongs. Raises DataError for what is no node of a tree."""
    if not isinstance(entry, list) or len(entry) != 4:
        raise _damaged(path)
    number, parts, recording, of = entry
    whole = recording == -1 and of == 0
    if not is_count(number) or not is_count(parts) or not (whole or (is_count(recording) and is_count(of))):
        raise _damaged(path)
    # a node of a tree begins at a multiple of its length, a power of two
    if not parts or parts & (parts - 1) or number % parts or (not whole and number + parts > of):
        raise _damaged(path)
    return number, parts, recording, of


def _list(value: Any, path: str) -> list[Any]:
    if not isinstance(value, list):
        raise _damaged(path)
    return value


def _texts(value: Any, path: str) -> tuple[str, ...]:
    texts = _list(value, path)
    if not all(isinstance(text, str) and len(text) <= _MOST_TEXT for text in texts):
        raise _damaged(path)
    return tuple(texts)


def _damaged(path: str) -> DataError:
    return DataError(f"{path}: the description of its statistics is damaged")
