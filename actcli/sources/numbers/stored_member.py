"""A member of a zip archive that is not packed: read in place, and compared with its checksum."""

import os
import struct
import zipfile
from typing import Self

from actcli.sources.numbers.crc32 import crc32

_LENGTHS = struct.Struct("<26xHH")
"""The last fields of the header before a member: how long its name and the extra fields are."""


class StoredMember:
    """The bytes of a member. Reading the last ones raises BadZipFile where the checksum is another.

    zipfile copies the same bytes three times, which takes as long as the statistics of them (measured).
    """

    def __init__(self, descriptor: int, entry: zipfile.ZipInfo, start: int) -> None:
        self._descriptor = os.dup(descriptor)
        self._entry = entry
        self._place, self._end = start, start + entry.file_size
        self._checksum = 0

    @classmethod
    def of(cls, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Self | None:
        """Return a member that `archive.open` took; None for one that is packed, or not in a file on disk."""
        if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
            return None
        try:
            descriptor = archive.fp.fileno() if archive.fp else -1
        except (OSError, AttributeError):  # behind a URL
            return None
        lengths = _LENGTHS.unpack(os.pread(descriptor, _LENGTHS.size, entry.header_offset))
        start = entry.header_offset + _LENGTHS.size + sum(lengths)
        if start + entry.file_size > os.fstat(descriptor).st_size:
            return None
        return cls(descriptor, entry, start)

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, at most `size`; empty at the end."""
        buffer = bytearray(min(size, self._end - self._place))
        return bytes(buffer[: self.readinto(memoryview(buffer))])

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill a buffer as far as possible at once, and return how many bytes that is."""
        piece = buffer[: self._end - self._place]
        count = os.preadv(self._descriptor, [piece], self._place)
        if piece and not count:
            raise EOFError
        self._checksum = crc32(piece[:count], self._checksum)
        self._place += count
        if self._place == self._end and self._checksum != self._entry.CRC:
            raise zipfile.BadZipFile(f"Bad CRC-32 for file {self._entry.filename!r}")
        return count

    def close(self) -> None:
        """Close the file, once."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
