"""Files behind URLs, by fsspec: read in ranges as they are asked for, written whole or not at all.

Credentials come from the environment, as fsspec's backends find them; none is printed.
"""

import errno
import os
import re
from typing import IO, Any
from zlib import crc32

from actcli.exits import DataError
from actcli.terminal import without_credentials

_URL = re.compile(r"([a-z][a-z0-9+]+)://", re.IGNORECASE)
_BLOCK = 8 << 20
"""Bytes of a range: a request takes tens of milliseconds whatever it asks for."""
_PIECE = 1 << 20


def is_url(path: str) -> bool:
    """Return whether a name is a URL."""
    return _URL.match(path) is not None


def absolute_path(name: str) -> str:
    """Return the name of a file as another folder's process finds it; a URL as it is."""
    return name if is_url(name) else os.path.abspath(name)  # noqa: PTH100 - pathlib is not loaded for it


def url_files(pattern: str) -> list[str]:
    """Return the URLs that match a pattern. Raises DataError where the storage cannot be reached."""
    system, path = _system(pattern)
    try:
        return [system.unstrip_protocol(name) for name in system.glob(path)]
    except Exception as error:  # each backend has errors of its own
        raise DataError(f"{without_credentials(pattern)}: {_reason(error)}") from error


def url_version(url: str) -> tuple[int, ...]:
    """Return 0, the size, and what tells a file's present content from another. Raises DataError for a missing one."""
    system, path = _system(url)
    try:
        info = system.info(path)
    except Exception as error:
        raise DataError(f"{without_credentials(url)}: {_reason(error)}") from error
    return 0, int(info.get("size") or 0), crc32(str(info.get("ETag") or info.get("mtime")).encode())


def write_url(url: str, content: IO[bytes]) -> None:
    """Write a file from its start. Raises DataError where it cannot be written; it is not there then."""
    system, path = _system(url)
    content.seek(0)
    try:
        with system.open(path, "wb") as file:
            while piece := content.read(_PIECE):
                file.write(piece)
    except Exception as error:
        raise DataError(f"cannot write {without_credentials(url)}: {_reason(error)}") from error


def open_in_ranges(url: str) -> "RemoteFile":
    """Open a file of which any part can be read. Raises DataError where a server sends it only from start to end."""
    file = RemoteFile(url)
    try:
        file.seek(max((file.size or 0) - 1, 0))
        file.read(1)
        file.seek(0)
    except OSError as error:
        file.close()
        raise DataError(
            f"{without_credentials(url)}: the server sends no parts of a file; copy it here first"
        ) from error
    return file


class RemoteFile:
    """A file behind a URL, opened for reading; its errors are OSErrors. Raises DataError where it cannot be opened."""

    def __init__(self, url: str) -> None:
        system, path = _system(url)
        try:
            self._file = system.open(path, "rb", block_size=_BLOCK, cache_type="readahead")
            self.size = None if self._file.size is None else int(self._file.size)
        except Exception as error:
            raise DataError(f"{without_credentials(url)}: {_reason(error)}") from error

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes, all of them without a size."""
        return bytes(self._checked("read", size))

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill a buffer, and return how many bytes there were."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, place: int, whence: int = 0, /) -> int:
        """Go to a place and return it."""
        return int(self._checked("seek", place, whence))

    def tell(self) -> int:
        """Return the place of the next byte."""
        return int(self._file.tell())

    def seekable(self) -> bool:
        """Return whether it can be read from any place."""
        return self.size is not None

    def close(self) -> None:
        """Close it."""
        self._file.close()

    def _checked(self, name: str, *arguments: int) -> Any:
        try:
            return getattr(self._file, name)(*arguments)
        except Exception as error:
            raise OSError(errno.EIO, _reason(error)) from error


def _system(url: str) -> tuple[Any, str]:
    """Return the file system of a URL, and the path on it. Raises DataError, naming the packages, without them."""
    scheme = url.partition("://")[0].lower()
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise DataError(
            f"{without_credentials(url)}: URLs need fsspec and a package for {scheme}://, such as s3fs or gcsfs: "
            "pip install fsspec (the extra remote)"
        ) from error
    try:
        system, path = url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise DataError(f"{without_credentials(url)}: {_reason(error)}") from error
    return system, str(path)


def _reason(error: BaseException) -> str:
    """Return why a backend failed, on one line."""
    if isinstance(error, FileNotFoundError):
        return "No such file"
    if isinstance(error, PermissionError):
        return "Permission denied"
    if isinstance(error, NotImplementedError):
        return "this kind of storage cannot be written to"
    lines = str(error).splitlines() or [""]
    return lines[0][:300] or type(error).__name__
