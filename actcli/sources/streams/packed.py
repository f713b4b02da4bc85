"""Packed bytes, unpacked as they are read: no more than what is asked for is in memory."""

import errno
import os

from actcli.packing import Packing, new_unpacker
from actcli.sources.streams.raw_stream import RawStream

_CHUNK = 1 << 16


class UnpackedStream:
    """The bytes that a packed stream holds, as a RawStream; `head` was read from it before.

    It has no descriptor: what is on disk has another size and other places. Several packed streams in turn are one.
    """

    def __init__(self, packed: RawStream, packing: Packing, head: bytes = b"") -> None:
        from actcli.sources.budget import default_budget

        self._packed = packed
        self._packing = packing
        self._memory = default_budget()
        self._engine = new_unpacker(packing, self._memory)
        self._waiting = head

    def read(self, size: int, /) -> bytes | None:
        """Return the next bytes, at most size; empty at the end, None when it would have to wait.

        Raises EOFError, or an error of the packing, at damage; OSError where unpacking takes too much memory.
        """
        while True:
            if self._engine.eof and not (begun := self._begin_next()):
                return b"" if begun is False else None
            data = b""
            if self._engine.needs_input:
                data, self._waiting = self._waiting, b""
                if not data:
                    more = self._packed.read(_CHUNK)
                    if more is None:
                        return None
                    data = more
                if not data:
                    raise EOFError("it ends too early")
            if piece := self._unpack(data, size):
                return piece

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Fill a buffer as far as possible at once, and return how many bytes that is."""
        piece = self.read(len(buffer))
        if piece is None:
            return None
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        """Close the packed stream."""
        self._packed.close()

    def _unpack(self, data: bytes, size: int) -> bytes:
        try:
            return self._engine.decompress(data, size)
        except Exception as error:
            if "emory usage limit" in str(error):  # lzma has no error of its own for it
                reason = f"unpacking it takes more memory than is free for it, {self._memory >> 20:,} MiB"
                raise OSError(errno.ENOMEM, reason) from error
            raise

    def _begin_next(self) -> bool | None:
        """Begin the packed stream that follows, and return whether there is one; None where it would have to wait."""
        rest = self._engine.unused_data
        while not rest.strip(b"\0"):  # xz pads with zeros
            more = self._packed.read(_CHUNK)
            if not more:
                return None if more is None else False
            rest = more
        self._waiting = rest.lstrip(b"\0")
        self._engine = new_unpacker(self._packing, self._memory)
        return True


def first_bytes(descriptor: int, count: int) -> bytes:
    """Return the next bytes of a file on disk without moving on; none of a pipe."""
    try:
        return os.pread(descriptor, count, os.lseek(descriptor, 0, os.SEEK_CUR))
    except OSError:
        return b""
