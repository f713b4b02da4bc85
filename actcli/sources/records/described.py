"""Files of recorded activations as they are found: each is opened once, its layers and headers are checked."""

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from actcli.dataclass import dataclass
from actcli.exits import DataError, UsageError
from actcli.remote import absolute_path, is_url, url_version
from actcli.sources.number_request import ARCHIVES, NumberRequest
from actcli.sources.numbers.formats import holds_array, stream_numbers
from actcli.sources.records.record_files import STDIN, RecordFile
from actcli.sources.records.unit_axis import Head
from actcli.sources.streams.bytestream import open_file
from actcli.terminal import Terminal

if TYPE_CHECKING:
    from actcli.analysis.number_types import LowType
    from actcli.sources.numbers.archive import ArchivedArray
    from actcli.sources.numbers.npy_header import Header

_WEIGHTS = (".weight", ".bias", "W_enc", "W_dec", "b_enc", "b_dec")
"""Ends of the names under which PyTorch and SAELens save parameters."""


@dataclass(frozen=True, slots=True)
class Described:
    """A file as it was found.

    Attributes:
        file: its name, and the layer that the name says.
        heads: its layers, before any number is read; None for a stream, which can be read only once.
        header: of an .npy file, read and checked.
        members: of an .npz or .safetensors, each with its header read and checked.
        version: what tells the file's present content from another, where a header was read.

    """

    file: RecordFile
    heads: tuple[Head, ...] | None = None
    header: "Header | None" = None
    members: "tuple[ArchivedArray, ...]" = ()
    version: tuple[int, ...] | None = None

    def of_layer(self, layer: str) -> "Described":
        """Return the same file with the array of this layer alone."""
        if not self.members or self.heads is None:
            return self
        return self._select([place for place, head in enumerate(self.heads) if head.layer == layer])

    def without(self, name: str) -> "Described":
        """Return the same archive without the array of this name. Raises DataError where no other is left."""
        kept = [place for place, member in enumerate(self.members) if member.name != name]
        if not kept:
            raise DataError(f"{self.file.path}: holds no array besides '{name}'")
        return self._select(kept)

    def absolute(self) -> "Described":
        """Return the same file by its absolute path: the folder of another process may be another one."""
        return replace(self, file=replace(self.file, path=absolute_path(self.file.path)))

    def _select(self, places: Sequence[int]) -> "Described":
        heads = None if self.heads is None else tuple(self.heads[place] for place in places)
        return replace(self, heads=heads, members=tuple(self.members[place] for place in places))

    def holds(self, stored: "LowType") -> bool:
        """Return whether an array holds the bit patterns of this type."""
        return any(header.stored == stored for header in self.headers)

    @property
    def headers(self) -> "tuple[Header, ...]":
        """The headers of its arrays; none of a text or a stream."""
        return tuple(member.header for member in self.members) if self.header is None else (self.header,)


def describe_file(file: RecordFile, terminal: Terminal, request: NumberRequest) -> Described:
    """Return a file with its layers and headers, checked; `request` says how it is read.

    Raises UsageError for a terminal as stdin and for the weights of a model; DataError for a file that is missing,
    damaged or no record.
    """
    if os.path.isdir(file.path):  # noqa: PTH112
        folder = file.path.rstrip("/")
        raise DataError(
            f"{file.path}: is a folder: name the files in it, {folder}/*.npy, each a layer, "
            f"or LAYER='{folder}/*.npy' for shards of one"
        )
    if file.path == STDIN:
        if terminal.stdin_is_tty:
            raise UsageError("-: standard input is a terminal: send an array or text to it, or name a file")
        return Described(file)
    if os.path.exists(file.path) and not os.path.isfile(file.path):  # noqa: PTH110, PTH113
        return Described(file)  # a pipe
    if file.suffix in ARCHIVES:
        return _inspect_archive(file, request)
    from actcli.sources.numbers.npy import require_samples
    from actcli.sources.numbers.npy_header import read_header

    with open_file(file.path) as stream:
        stream.refuse_own_output(terminal)
        if holds_array(stream, request, file.suffix):
            header = read_header(stream, stored=request.stored)
            require_samples(stream.origin, header, request.memory, whole=not stream.is_regular)
            head = Head(file.layer, header.shape, file.path)
            return Described(file, (head,), header, version=version_of(file.path))
        stream_numbers(stream, request, file.suffix)
    return Described(file, (Head(file.layer, None, file.path),))


def _inspect_archive(file: RecordFile, request: NumberRequest) -> Described:
    from actcli.sources.numbers.archive import choose_arrays, open_archive, read_members
    from actcli.sources.numbers.npy import require_samples

    path = file.path
    with open_archive(path, request.memory) as archive:
        array = None
        if file.is_named and file.layer in archive.names:
            array = file.layer
        elif file.is_named and len(archive.names) > 1:
            raise DataError(f"{path}: holds {len(archive.names):,} arrays, none of them named '{file.layer}'")
        if array is None:
            _refuse_weights(path, archive.names)
        members = read_members(archive, choose_arrays(archive, array), request.stored)
        for member in members:
            require_samples(f"{path}:{member.name}", member.header, request.memory, whole=True)
    heads = tuple(
        Head(layer_of(file, member.name), member.header.shape, f"{path}:{member.name}") for member in members
    )
    return Described(file, heads, members=tuple(members), version=version_of(path))


def _refuse_weights(path: str, names: Sequence[str]) -> None:
    """Raise UsageError for the weights of a model, whose rows would count as samples."""
    weight = next((name for name in names if name.endswith(_WEIGHTS)), None)
    if weight is not None:
        raise UsageError(
            f"{path}: holds the weights of a model ('{weight}'), not activations; record what its layers put out, "
            f"or read one array by its name: {weight}={path}"
        )


def version_of(path: str) -> tuple[int, ...]:
    """Return what tells a file's present content from another, its size second. Raises DataError for a missing file."""
    if is_url(path):
        return url_version(path)
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    return status.st_ino, status.st_size, status.st_mtime_ns


def layer_of(file: RecordFile, array: str | None) -> str:
    """Return the layer of an array: as the command line says, else as the array or the file is named."""
    return file.layer if file.is_named else array or file.layer
