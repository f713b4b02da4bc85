"""Zip archives whose table of contents is compared with the memory that is allowed before it is read."""

import zipfile
from typing import IO, Any, BinaryIO, cast

from actcli.remote import is_url, open_in_ranges
from actcli.sources.budget import require_memory

_MEMORY_PER_BYTE = 30
"""Memory for a byte of the table, at most: an entry of 57 bytes becomes objects of 1.5 kB (measured)."""
_LITTLE = 1 << 18
"""Bytes of a table that always fit."""


class ZipArchive(zipfile.ZipFile):
    """A zip archive on disk, behind a URL, or in `content`, whose name is then `path`.

    memory: the bytes that its names may take; None for half of what is available. Raises DataError where they need
    more, and what zipfile raises.
    """

    def __init__(self, path: str, memory: int | None = None, content: BinaryIO | None = None) -> None:
        source = content or (open_in_ranges(path) if is_url(path) else open(path, "rb"))  # noqa: SIM115, PTH123
        file = _Checked(cast("BinaryIO", source), path, memory, owned=content is None)
        try:
            super().__init__(cast("IO[bytes]", file))
        except BaseException:
            file.close()  # now, since the error's frames hold it
            raise
        file.is_checked = True
        # zipfile closes the file then with the last member that is read from it, as one that it opened itself
        vars(self)["_filePassed"] = 0
        self.size = int(source.seek(0, 2))
        """The bytes of the file."""


class _Checked:
    """A file for zipfile, which reads the whole table of contents at once: a long one is checked first."""

    def __init__(self, file: BinaryIO, path: str, memory: int | None, *, owned: bool) -> None:
        self.file, self.path, self.memory, self.owned = file, path, memory, owned
        self.is_checked = False

    def close(self) -> None:
        """Close the file, unless it is another's."""
        if self.owned:
            self.file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes. Raises DataError before a table that is too long for memory."""
        if not self.is_checked and size > _LITTLE:
            place = self.file.tell()
            there = min(size, self.file.seek(0, 2) - place)
            self.file.seek(place)
            table = f"{self.path}: its table of contents of {there:,} bytes"
            require_memory(_MEMORY_PER_BYTE * there, self.memory, table, "allow more with --memory")
        return self.file.read(size)
