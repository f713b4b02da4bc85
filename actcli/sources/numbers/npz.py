"""Arrays of .npz archives: the members one after the other, streamed, each as an .npy file."""

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

from actcli.analysis.stream.evaluation import Numbers
from actcli.exits import DataError
from actcli.sources.number_request import NumberRequest
from actcli.sources.numbers.npy import npy_numbers
from actcli.sources.numbers.npy_header import Header, read_header
from actcli.sources.streams.bytestream import ByteStream, RawStream

_SUFFIX = ".npy"
_DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, struct.error, ValueError)


@dataclass(frozen=True, slots=True)
class ArchivedArray:
    """An array of an archive: its name, its entry in the directory, and its header, read and checked."""

    name: str
    entry: zipfile.ZipInfo
    header: Header


def npz_numbers(
    path: str, request: NumberRequest, members: Sequence[ArchivedArray] | None = None
) -> Iterator[Numbers]:
    """Return the arrays of an archive in its order, or the requested one.

    `members` are what `read_members` returned for this file; without them every header is read when the first array
    is drawn. Raises DataError as `open_archive` does; drawing raises it as `read_members` and `npy_numbers` do.
    """
    return _draw(open_archive(path), path, request, members)


def _draw(
    archive: zipfile.ZipFile, path: str, request: NumberRequest, members: Sequence[ArchivedArray] | None
) -> Iterator[Numbers]:
    with archive:
        if members is None:
            names = choose_arrays(array_entries(archive, path), request.array, path)
            members = read_members(archive, path, names, request)
        for member in members:
            with open_member(archive, member.entry, path).closed_on_error() as stream:
                numbers = npy_numbers(stream, request, member.name, member.entry.file_size, member.header)
            yield replace(numbers, among_others=len(members) > 1)


def open_archive(path: str) -> zipfile.ZipFile:
    """Open an archive. Raises DataError when it cannot be read, or is none."""
    try:
        return zipfile.ZipFile(path)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    except (*_DAMAGE, NotImplementedError, OverflowError) as error:
        raise DataError(f"{path}: not an .npz archive, or a damaged one: {error}") from error


def array_entries(archive: zipfile.ZipFile, path: str) -> dict[str, zipfile.ZipInfo]:
    """Return the entries of an archive that are arrays, by array name.

    Raises DataError for two arrays of one name, of which NumPy hides the first.
    """
    entries: dict[str, zipfile.ZipInfo] = {}
    for entry in archive.infolist():
        name = entry.filename.removesuffix(_SUFFIX)
        if entry.filename.endswith(_SUFFIX) and entries.setdefault(name, entry) is not entry:
            raise DataError(
                f"{path}: holds two arrays named '{name}': give each a name, or a file, of its own"
            )
    return entries


def choose_arrays(
    entries: dict[str, zipfile.ZipInfo], array: str | None, path: str
) -> dict[str, zipfile.ZipInfo]:
    """Return all entries, or the one of an array. Raises DataError for no arrays, or none of that name."""
    if not entries:
        raise DataError(f"{path}: holds no arrays")
    if array is None:
        return entries
    for name in (array, array.removesuffix(_SUFFIX)):
        if name in entries:
            return {name: entries[name]}
    names = list(entries)
    listed = ", ".join(names[:20]) + (f" and {len(names) - 20:,} more" if len(names) > 20 else "")
    raise DataError(f"{path}: no array '{array}', there are {listed}")


def read_members(
    archive: zipfile.ZipFile, path: str, entries: dict[str, zipfile.ZipInfo], request: NumberRequest
) -> list[ArchivedArray]:
    """Return the arrays with their headers.

    Raises DataError for a member that is damaged, encrypted or packed in an unknown way, and as `read_header` does.
    """
    members = []
    for name, entry in entries.items():
        with open_member(archive, entry, path) as stream:
            members.append(ArchivedArray(name, entry, read_header(stream, entry.file_size, request.stored)))
    return members


def open_member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: str) -> ByteStream:
    """Open one array of an archive. Raises DataError when that cannot be done."""
    origin = f"{path}:{entry.filename.removesuffix(_SUFFIX)}"
    try:
        raw = archive.open(entry)
    except OSError as error:
        raise DataError(f"{origin}: {error.strerror or error}") from error
    except _DAMAGE as error:
        raise DataError(f"{origin}: corrupt: {error or type(error).__name__}") from error
    except (RuntimeError, NotImplementedError) as error:  # encrypted, or packed in an unknown way
        raise DataError(f"{origin}: cannot be unpacked: {error}") from error
    return ByteStream(cast("RawStream", raw), origin, damage=_DAMAGE)
