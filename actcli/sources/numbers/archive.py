"""Files of several arrays by name, .npz and .safetensors: which arrays there are, and their numbers one by one."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from actcli.dataclass import dataclass
from actcli.exits import DataError
from actcli.packing import packing_named
from actcli.remote import is_url
from actcli.sources.number_request import ARCHIVES, NumberRequest, suffix_of
from actcli.sources.numbers.foreign import refuse_foreign_file

if TYPE_CHECKING:
    from actcli.analysis.number_types import LowType
    from actcli.analysis.stream.evaluation import Numbers
    from actcli.sources.numbers.npy_header import Header
    from actcli.sources.streams.bytestream import ByteStream

_MOST_NAMES = 20


class Archive(Protocol):
    """An open file of arrays."""

    @property
    def path(self) -> str:
        """The file."""

    @property
    def names(self) -> Sequence[str]:
        """The names of its arrays, in the order of the file."""

    def read_header(self, name: str, stored: "LowType | None" = None) -> "Header":
        """Return the header of an array, checked; `stored` is the type that its voids hold. Raises DataError."""

    def open_array(self, name: str) -> "ByteStream":
        """Return the bytes of an array, `length` bytes of its header before its data. Raises DataError."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class ArchivedArray:
    """An array of an archive: its name, and its header, read and checked."""

    name: str
    header: "Header"


def is_archive(path: str) -> bool:
    """Return whether a file is an archive of arrays by its suffix."""
    return suffix_of(path) in ARCHIVES


def open_archive(path: str, memory: int | None = None) -> Archive:
    """Open an archive, of the kind that its suffix says. Raises DataError when it cannot be read, or is none.

    memory: the bytes that its table of contents may take; None for half of what is available.
    """
    packing = packing_named(path)
    if packing is not None:
        raise DataError(f"{path}: is read in place, not packed; unpack it first: {packing.tool} -d {path}")
    if suffix_of(path) == ".safetensors":
        from actcli.sources.numbers.safetensors import SafetensorsArchive

        return SafetensorsArchive(path, memory)
    from actcli.sources.numbers.npz import NpzArchive

    return NpzArchive(path, memory)


def archive_numbers(
    path: str, request: NumberRequest, members: Sequence[ArchivedArray] | None = None
) -> "Iterator[Numbers]":
    """Return the arrays of an archive in its order, or the requested one.

    `members` are what `read_members` returned for this file; without them every header is read when the first array
    is drawn. Raises DataError as `open_archive` does; drawing raises it as `read_members` and `npy_numbers` do.
    """
    return _draw(open_archive(path, request.memory), request, members)


def _draw(
    archive: Archive, request: NumberRequest, members: Sequence[ArchivedArray] | None
) -> "Iterator[Numbers]":
    from actcli.sources.numbers.npy import npy_numbers

    with archive:
        if members is None:
            members = read_members(archive, choose_arrays(archive, request.array), request.stored)
        for member in members:
            with archive.open_array(member.name).closed_on_error() as stream:
                numbers = npy_numbers(stream, request, member.name, member.header)
            on_disk = not is_url(archive.path) and Path(archive.path).is_file()
            yield replace(numbers, among_others=len(members) > 1, on_disk=on_disk)


def choose_arrays(archive: Archive, array: str | None) -> Sequence[str]:
    """Return the names of all arrays, or the one that is asked for. Raises DataError for none, or none of that name."""
    names = archive.names
    if not names:
        refuse_foreign_file(archive.path)
        raise DataError(f"{archive.path}: holds no arrays")
    if array is None:
        return names
    for name in (array, array.removesuffix(".npy")):
        if name in names:
            return (name,)
    listed = ", ".join(names[:_MOST_NAMES])
    listed += f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
    raise DataError(f"{archive.path}: no array '{array}', there are {listed}")


def read_members(
    archive: Archive, names: Sequence[str], stored: "LowType | None" = None
) -> list[ArchivedArray]:
    """Return the arrays of these names with their headers. Raises DataError for one that holds no real numbers."""
    return [ArchivedArray(name, archive.read_header(name, stored)) for name in names]
