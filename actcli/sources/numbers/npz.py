"""The container .npz: a zip archive whose members are .npy arrays, each streamed."""

import lzma
import struct
import zipfile
import zlib
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self, cast

from actcli.analysis.number_types import LowType
from actcli.exits import DataError
from actcli.sources.numbers.foreign import refuse_foreign_file
from actcli.sources.numbers.npy_header import Header, read_header
from actcli.sources.numbers.stored_member import StoredMember
from actcli.sources.numbers.zip_directory import ZipArchive
from actcli.sources.streams.bytestream import ByteStream

if TYPE_CHECKING:
    from actcli.sources.streams.raw_stream import RawStream

_SUFFIX = ".npy"
_DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, struct.error, ValueError)


class NpzArchive:
    """An open .npz. Raises DataError when it cannot be read or is none, and for two arrays of one name.

    memory: the bytes that the names may take; None for half of what is available.
    """

    def __init__(self, path: str, memory: int | None = None) -> None:
        self.path = path
        try:
            self._zip = ZipArchive(path, memory)
        except OSError as error:
            raise DataError(f"{path}: {error.strerror or error}") from error
        except (*_DAMAGE, NotImplementedError, OverflowError) as error:
            refuse_foreign_file(path)
            raise DataError(f"{path}: not an .npz archive, or a damaged one: {error}") from error
        self._entries: dict[str, zipfile.ZipInfo] = {}
        for entry in self._zip.infolist():
            name = entry.filename.removesuffix(_SUFFIX)
            if entry.filename.endswith(_SUFFIX) and self._entries.setdefault(name, entry) is not entry:
                self._zip.close()
                # NumPy would hide the first
                raise DataError(
                    f"{path}: holds two arrays named '{name}': give each a name, or a file, of its own"
                )

    @property
    def names(self) -> Sequence[str]:
        """The names of its arrays, in the order of the file."""
        return list(self._entries)

    def read_header(self, name: str, stored: LowType | None = None) -> Header:
        """Return the header of an array. Raises DataError as `open_array` and `npy_header.read_header` do."""
        with self.open_array(name) as stream:
            return read_header(stream, self._entries[name].file_size, stored)

    def open_array(self, name: str) -> ByteStream:
        """Return an array as an .npy file. Raises DataError where it is damaged, encrypted or oddly packed."""
        entry, origin = self._entries[name], f"{self.path}:{name}"
        try:
            packed = self._zip.open(entry)
            stored = StoredMember.of(self._zip, entry)
        except OSError as error:
            raise DataError(f"{origin}: {error.strerror or error}") from error
        except _DAMAGE as error:
            raise DataError(f"{origin}: corrupt: {str(error) or type(error).__name__}") from error
        except (RuntimeError, NotImplementedError) as error:  # encrypted, or packed in an unknown way
            raise DataError(f"{origin}: cannot be unpacked: {error}") from error
        if stored is None:
            return ByteStream(cast("RawStream", packed), origin, damage=_DAMAGE)
        packed.close()
        return ByteStream(stored, origin, damage=_DAMAGE, measured=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()
