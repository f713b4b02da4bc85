"""Text with a byte order mark, UTF-8 or UTF-16, as the plain UTF-8 that every reader of text takes."""

import codecs

from actcli.sources.streams.bytestream import ByteStream

UTF8 = "utf-8"
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
"""The encodings that a mark says, by the names of Python's codecs."""
MARKS = {encoding: mark for mark, encoding in _MARKS.items()}
"""The bytes before the text, by encoding."""


def as_utf8(stream: ByteStream) -> tuple[ByteStream, str]:
    """Return the text of a stream in UTF-8 without a mark, and the encoding that it came in, UTF-8 without one.

    Of a live stream no byte more is awaited than the mark takes. Reading raises DataError where UTF-16 is damaged.
    """
    for mark, encoding in _MARKS.items():
        if stream.starts_with(mark):
            stream.read(len(mark))
            if mark == codecs.BOM_UTF8:
                return stream, encoding
            return ByteStream(_Recoded(stream, encoding), stream.origin, damage=(UnicodeError,)), encoding
    return stream, UTF8


class _Recoded:
    """The text of a stream in another encoding, as a RawStream of UTF-8."""

    def __init__(self, stream: ByteStream, encoding: str) -> None:
        self._stream = stream
        self._chunks = stream.chunks()
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._left = b""
        self._ended = False

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, at most size; empty at the end."""
        while not self._left and not self._ended:
            chunk = next(self._chunks, b"")
            self._ended = not chunk
            self._left = self._decoder.decode(chunk, final=self._ended).encode()
        part, self._left = self._left[:size], self._left[size:]
        return part

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill a buffer as far as possible at once, and return how many bytes that is."""
        part = self.read(len(buffer))
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        """Close the stream."""
        self._stream.close()
