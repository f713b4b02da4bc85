"""Statistics as three stored arrays of an .npz file: read with every size checked before memory is taken."""

import zipfile
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.unit_state import COUNTS, NUMBERS
from actcli.exits import DataError
from actcli.sources.numbers.npy_header import read_header
from actcli.sources.numbers.zip_directory import ZipArchive
from actcli.sources.streams.bytestream import ByteStream

if TYPE_CHECKING:
    from actcli.sources.streams.raw_stream import RawStream

D = TypeVar("D")

OWN_MEMBER = "actcli_"
"""The first array in a file of statistics has a name that begins so."""
_OTHERS = (".npy", ".csv", ".tsv", ".txt")
_BYTES_PER_COLUMN = 8 * (len(COUNTS) + len(NUMBERS))
_MOST_DESCRIPTION = 1 << 26
_DAMAGE = (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, RuntimeError, OverflowError)


def holds_member(path: str, name: str, content: BinaryIO | None = None) -> bool:
    """Return whether a file is an archive with this member. Of .npy and text files the suffix is enough.

    content: the bytes of a file that came in a stream; `path` is then its name in messages.
    """
    return name in member_names(path, content)


def member_names(path: str, content: BinaryIO | None = None) -> Collection[str]:
    """Return the names of an archive's members, none of another file; `content` as for `holds_member`."""
    if path.lower().endswith(_OTHERS):
        return ()
    try:
        with ZipArchive(path, content=content) as archive:
            return archive.NameToInfo.keys()
    except (OSError, DataError, *_DAMAGE):
        return ()


def read_arrays(
    path: str,
    members: Sequence[str],
    describe: Callable[[bytes], D],
    columns: Callable[[D], int],
    afford: Callable[[int], None],
    missing: str,
    content: BinaryIO | None = None,
) -> tuple[D, NDArray[np.int64], NDArray[np.float64]]:
    """Return the description of a file, its counts and its numbers, each (8, columns).

    describe: reads the bytes of the description. columns: the number of columns that a description promises. afford:
    refuses more columns than there is memory for. missing: what the file is not, for the message. content: as for
    `holds_member`. No more is allocated than the file has bytes. Raises DataError when the file cannot be read, has
    not these members, or is damaged or truncated.
    """
    try:
        with ZipArchive(path, content=content) as archive:
            size = archive.size
            if members[0] not in archive.NameToInfo:
                raise DataError(f"{path}: {missing}")
            described = describe(_array(archive, members[0], np.dtype(np.uint8), None, path, size).tobytes())
            units = columns(described)
            if size >= units * _BYTES_PER_COLUMN:  # else it is damaged, whatever memory there is
                afford(units)
            counts = _array(archive, members[1], np.dtype(np.int64), (len(COUNTS), units), path, size)
            numbers = _array(archive, members[2], np.dtype(np.float64), (len(NUMBERS), units), path, size)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    except _DAMAGE as error:
        raise DataError(f"{path}: not a statistics file, or a damaged one: {error}") from error
    return described, counts, numbers


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
