"""Arrays of .npz archives: the members one after the other, streamed, each as an .npy file."""

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import cast

from actcli.analysis.stream.evaluation import Numbers
from actcli.exits import DataError
from actcli.sources.number_request import NumberRequest
from actcli.sources.numbers.npy import npy_numbers, read_header
from actcli.sources.streams.bytestream import ByteStream, RawStream

_SUFFIX = ".npy"
_DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, struct.error, ValueError)


def npz_numbers(path: str, request: NumberRequest) -> Iterator[Numbers]:
    """The arrays of an archive in its order, or the one that is asked for.

    Every header is looked at before the first array is handed on. Raises DataError when the archive or a
    member is damaged, encrypted or packed in an unknown way, holds no arrays, or not the one asked for.
    """
    with _archive(path) as archive:
        members = _arrays(archive, path)
        chosen = _chosen(list(members), request.array, path)
        for name in chosen:
            with _member(archive, members[name], path) as stream:
                read_header(stream, members[name].file_size)
        for name in chosen:
            with _member(archive, members[name], path).closed_on_error() as stream:
                numbers = npy_numbers(stream, request, name.removesuffix(_SUFFIX), members[name].file_size)
            yield replace(numbers, among_others=len(chosen) > 1)


def _arrays(archive: zipfile.ZipFile, path: str) -> dict[str, zipfile.ZipInfo]:
    """The members that are arrays, by name. Raises DataError for two of one name: of which NumPy hides the first."""
    found: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        if info.filename.endswith(_SUFFIX) and found.setdefault(info.filename, info) is not info:
            name = info.filename.removesuffix(_SUFFIX)
            raise DataError(
                f"{path}: holds two arrays named '{name}': give each a name, or a file, of its own"
            )
    return found


def _archive(path: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    except (*_DAMAGE, NotImplementedError, OverflowError) as error:
        raise DataError(f"{path}: not an .npz archive, or a damaged one: {error}") from error


def _chosen(names: list[str], array: str | None, path: str) -> list[str]:
    if not names:
        raise DataError(f"{path}: holds no arrays")
    if array is None:
        return names
    for name in (array + _SUFFIX, array):
        if name in names:
            return [name]
    listed = ", ".join(name.removesuffix(_SUFFIX) for name in names[:20])
    listed += f" and {len(names) - 20} more" if len(names) > 20 else ""
    raise DataError(f"{path}: no array '{array}', there are {listed}")


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: str) -> ByteStream:
    origin = f"{path}:{info.filename.removesuffix(_SUFFIX)}"
    try:
        raw = archive.open(info)
    except OSError as error:
        raise DataError(f"{origin}: {error.strerror or error}") from error
    except _DAMAGE as error:
        raise DataError(f"{origin}: corrupt: {error or type(error).__name__}") from error
    except (RuntimeError, NotImplementedError) as error:  # encrypted, or packed in an unknown way
        raise DataError(f"{origin}: cannot be unpacked: {error}") from error
    return ByteStream(cast("RawStream", raw), origin, damage=_DAMAGE)
