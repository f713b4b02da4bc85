"""Statistics and timeline files that follow one another in a stream, as `cat e1.npz e2.npz` gives them."""

import io
from collections.abc import Iterator
from typing import BinaryIO

from actcli.exits import DataError
from actcli.sources.budget import require_memory
from actcli.sources.streams.raw_stream import RawStream

ARCHIVE, ARRAY = b"PK\x03\x04", b"\x93NUMPY"
"""The first bytes of an .npz and of an .npy file."""
_WHOLE_SIZE_ELSEWHERE = 0xFFFFFFFF
_SIZE_COMES_LATER = 8
"""The flag of a member whose size stands behind it."""
_LARGE = 1


class Rewound:
    """A stream whose first bytes were read, and are read again."""

    def __init__(self, head: bytes, rest: RawStream) -> None:
        self.head = head
        self.rest = rest

    def read(self, size: int = -1, /) -> bytes | None:
        """Return the bytes that are there, at most `size`; empty at the end."""
        if self.head:
            size = len(self.head) if size < 0 else size
            data, self.head = self.head[:size], self.head[size:]
            return data
        return self.rest.read(size)

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Fill a buffer as far as possible at once, and return how many bytes that is."""
        if not self.head:
            return self.rest.readinto(buffer)
        data = self.read(len(buffer)) or b""
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Leave the stream open: it is the process's own."""


def archives_in(stream: RawStream, memory: int | None, origin: str = "stdin") -> Iterator[BinaryIO]:
    """Yield the archives of a stream, each whole in memory as soon as its last byte is there.

    Raises DataError where something else than an archive follows, where one is cut short, and before one that needs
    more memory than allowed.
    """
    number = 0
    while True:
        number += 1
        content = bytearray(_take(stream, 4))
        if not content:
            return
        where = f"{origin}: file {number}"
        if content != ARCHIVE:
            raise DataError(f"{where} is no statistics file, timeline or .npy array")
        signature = bytes(content)
        while True:
            for size in _sizes(signature, content, where):
                require_memory(2 * (len(content) + size), memory, f"{where}: reading it")
                piece = _take(stream, size)
                content += piece
                if len(piece) < size:
                    raise DataError(f"{where} is truncated: the stream ends inside it")
            if signature == b"PK\x05\x06":
                break
            signature = _take(stream, 4)
            content += signature
        yield io.BytesIO(bytes(content))


def _sizes(signature: bytes, content: bytearray, where: str) -> Iterator[int]:
    """Yield how many bytes to read of the record that begins with a signature: its head, names, and data."""
    start = len(content)

    def field(place: int, size: int) -> int:
        return int.from_bytes(content[start + place - 4 : start + place - 4 + size], "little")

    match signature:
        case b"PK\x03\x04":
            yield 26
            yield field(26, 2) + field(28, 2)
            if field(6, 2) & _SIZE_COMES_LATER:
                raise DataError(f"{where} was written to a pipe; write it to a file, and send that")
            size = field(18, 4)
            yield _large_size(content[start + 26 + field(26, 2) :]) if size == _WHOLE_SIZE_ELSEWHERE else size
        case b"PK\x01\x02":
            yield 42
            yield field(28, 2) + field(30, 2) + field(32, 2)
        case b"PK\x06\x06":
            yield 8
            yield field(4, 8)
        case b"PK\x06\x07":
            yield 16
        case b"PK\x05\x06":
            yield 18
            yield field(20, 2)
        case _:
            raise DataError(f"{where} is damaged, or truncated")


def _large_size(extra: bytes | bytearray) -> int:
    """Return the stored size of a member of 4 GiB or more, or of one that was written as if it were."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = (int.from_bytes(extra[at + place : at + place + 2], "little") for place in (0, 2))
        if kind == _LARGE and length >= 16:
            return int.from_bytes(extra[at + 12 : at + 20], "little")
        at += 4 + length
    return 0


def _take(stream: RawStream, size: int) -> bytes:
    """Return the next bytes, `size` of them unless the stream ends before."""
    taken = bytearray()
    while len(taken) < size:
        piece = stream.read(min(size - len(taken), 1 << 20))
        if piece is None:
            continue
        if not piece:
            break
        taken += piece
    return bytes(taken)
