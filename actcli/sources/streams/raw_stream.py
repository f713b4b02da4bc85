"""What bytes are read from."""

from typing import Protocol


class RawStream(Protocol):
    """A source of bytes: an unbuffered file, a member of an archive, or a test's own."""

    def read(self, size: int, /) -> bytes | None:
        """Return the bytes that are there, at most size; empty at the end, None when it would have to wait."""

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Fill a buffer as far as possible at once, and return how many bytes that is."""

    def close(self) -> None:
        """Close the source."""
