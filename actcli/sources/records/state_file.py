"""Statistics files of `deadcheck --save-state`: recognised by content, and read with every size checked."""

import os
import zipfile
from collections.abc import Iterator, KeysView, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.state_record import MEMBERS, read_description, unpack
from actcli.analysis.deadness.unit_state import COUNTS, NUMBERS, LayerState, merge
from actcli.exits import DataError, UsageError
from actcli.sources.numbers.npy_header import read_header
from actcli.sources.streams.bytestream import ByteStream, RawStream

if TYPE_CHECKING:
    from actcli.analysis.deadness.watching import Snapshot

_OTHERS = (".npy", ".csv", ".tsv", ".txt")
_MOST_DESCRIPTION = 1 << 26
_DAMAGE = (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, RuntimeError, OverflowError)


def is_state(path: str) -> bool:
    """Return whether a file holds statistics, by its content. Of .npy and text files the suffix is enough."""
    if path.lower().endswith(_OTHERS):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return MEMBERS[0] in archive.NameToInfo
    except (OSError, *_DAMAGE):
        return False


def read_state(path: str) -> tuple[LayerState, ...]:
    """Return the statistics of a file, one per layer, to the bit as they were written.

    No more is allocated than the file has bytes. Raises DataError when the file cannot be read, is not a statistics
    file, is damaged or truncated, holds statistics that no data give, or is of a newer version.
    """
    try:
        size = os.stat(path).st_size  # noqa: PTH116 - no pathlib for one number
        with zipfile.ZipFile(path) as archive:
            if MEMBERS[0] not in archive.NameToInfo:
                raise DataError(f"{path}: holds no statistics of actcli; deadcheck --save-state writes them")
            description = _array(archive, MEMBERS[0], np.dtype(np.uint8), None, path, size)
            layers = read_description(description.tobytes(), path)
            units = sum(layer.units for layer in layers)
            counts = _array(archive, MEMBERS[1], np.dtype(np.int64), (len(COUNTS), units), path, size)
            numbers = _array(archive, MEMBERS[2], np.dtype(np.float64), (len(NUMBERS), units), path, size)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    except _DAMAGE as error:
        raise DataError(f"{path}: not a statistics file, or a damaged one: {error}") from error
    return unpack(layers, counts, numbers, path)


def merged_files(paths: Sequence[str]) -> "Iterator[Snapshot]":
    """Yield the statistics of several files as parts of one whole, growing file by file.

    Raises UsageError where two names are one file. Drawing raises DataError, naming the file, where its layers,
    their units or their firing rules are not those of the first file, where two parts begin with the same sample,
    and as `read_state` and `merge` do.
    """
    _require_different(paths)
    return _merged(paths)


def _merged(paths: Sequence[str]) -> "Iterator[Snapshot]":
    from actcli.analysis.deadness.watching import Snapshot

    states: dict[str, LayerState] = {}
    beginnings: dict[tuple[str, int], str] = {}
    for done, path in enumerate(paths, 1):
        parts = {state.name: state for state in read_state(path)}
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


def _require_different(paths: Sequence[str]) -> None:
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


def _array(
    archive: zipfile.ZipFile,
    name: str,
    dtype: np.dtype[Any],
    shape: tuple[int, ...] | None,
    path: str,
    size: int,
) -> NDArray[Any]:
    """Return one member whole; a shape of None is one axis of up to 64 MiB."""
    info = archive.NameToInfo.get(name)
    if info is None:
        raise DataError(f"{path}: its statistics are damaged: {name} is missing")
    # a stored member is as large as its data, so that none can promise more than there is
    if info.compress_type != zipfile.ZIP_STORED:
        raise DataError(f"{path}: its statistics are compressed; actcli writes them uncompressed")
    if info.file_size > size:
        raise DataError(f"{path}: truncated: {name} promises {info.file_size:,} bytes, the file has {size:,}")
    origin = f"{path}:{name.removesuffix('.npy')}"
    raw = cast("RawStream", archive.open(info))
    with ByteStream(raw, origin, damage=_DAMAGE) as stream:
        header = read_header(stream, info.file_size)
        if shape is None and len(header.shape) == 1 and header.size <= _MOST_DESCRIPTION:
            shape = header.shape
        if header.shape != shape or header.fortran or header.dtype.newbyteorder("=") != dtype:
            raise DataError(f"{origin}: its statistics are damaged: not the array that is described")
        values = np.empty(header.nbytes, np.uint8)
        # reading past the end compares the checksum, and finds bytes too many
        if stream.fill(values.data) < values.size or stream.read(1):
            raise DataError(f"{origin}: its statistics are damaged: not as long as described")
    return values.view(header.dtype).astype(dtype, copy=False).reshape(shape)
