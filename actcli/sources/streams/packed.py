"""Files that gzip packed, unpacked as they are read: no more than what is asked for is in memory."""

import os
import zlib
from typing import IO

MAGIC = b"\x1f\x8b"
DAMAGE = (zlib.error, EOFError)
"""What reading raises, besides OSError, where such a file is damaged or ends too early."""


class UnpackedStream:
    """The bytes that a packed file holds, as a RawStream.

    It has no descriptor: what is on disk has another size and other places.
    """

    def __init__(self, packed: IO[bytes]) -> None:
        import gzip

        self._packed = packed
        self._file = gzip.GzipFile(fileobj=packed)

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, at most size; empty at the end."""
        return self._file.read1(size)

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill a buffer as far as possible at once, and return how many bytes that is."""
        return self._file.readinto1(buffer)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        self._packed.close()


def is_packed(file: IO[bytes]) -> bool:
    """Return whether a file on disk begins as gzip's do; False for a pipe."""
    try:
        return os.pread(file.fileno(), len(MAGIC), 0) == MAGIC
    except OSError:
        return False
