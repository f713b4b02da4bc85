"""Text as it arrives, cut into pieces of whole tokens or whole lines, in flat memory."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from actcli.exits import DataError
from actcli.sources.budget import require_memory
from actcli.sources.streams.tokens import MAX_TOKEN, SEPARATORS

MAX_LINE = 1 << 28
_COPIES = 3
"""Of a line: its pieces, the whole, and its numbers, where they have eight characters."""
_COMMENT = re.compile(rb"#[^\n]*")
_LINE_END = re.compile(rb"\r?\n|\r(?!\Z)")


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole tokens or lines, and the number of the line on which they start, counted from 1."""

    line: int
    text: bytes


def without_comments(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield a chunk for each, with a blank in place of each comment, from `#` to its line's end; line ends stay."""
    commented = False
    for arrived in chunks:
        chunk = arrived
        if commented:
            end = chunk.find(b"\n")
            chunk = b"" if end < 0 else chunk[end:]
        commented = (not chunk and commented) or chunk.rfind(b"#") > chunk.rfind(b"\n")
        yield _COMMENT.sub(b" ", chunk) if b"#" in chunk else chunk


def whole_tokens(chunks: Iterator[bytes], origin: str, line: int = 1) -> Iterator[Piece]:
    """Yield a piece for each chunk, perhaps an empty one; an unfinished token waits for its end.

    Raises DataError at a token longer than 64 KiB.
    """
    held = b""
    for chunk in chunks:
        text = held + chunk
        cut = _last_separator(text) + 1
        held = text[cut:]
        yield Piece(line, text[:cut])
        line += _line_ends(text[:cut])
        if len(held) > MAX_TOKEN:
            raise long_token(origin, line)
    if held:
        yield Piece(line, held)


def newlines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    r"""Yield the chunks with `\n` for `\r` where the first line ends in `\r` alone, as on old Macs."""
    end = held = b""
    for arrived in chunks:
        chunk = arrived
        if not end:
            chunk, held = held + chunk, b""
            match = _LINE_END.search(chunk)
            if match is not None:
                end = match[0]
            elif chunk.endswith(b"\r"):  # perhaps the first half of a line end
                chunk, held = chunk[:-1], b"\r"
        yield chunk.replace(b"\r", b"\n") if end == b"\r" else chunk
    if held:
        yield held


def whole_lines(
    chunks: Iterator[bytes],
    origin: str,
    limit: int = MAX_LINE,
    *,
    line: int = 1,
    at_returns: bool = False,
    memory: int | None = None,
) -> Iterator[Piece]:
    r"""Yield pieces that end where a line ends; an unfinished line waits for its end. `line` is the first one's number.

    `at_returns`: a `\r` alone ends a line where there is no other end. Raises DataError at a line of more than limit
    bytes, or of more than `memory` allows.
    """
    held: list[bytes] = []
    size = 0
    for chunk in chunks:
        cut = chunk.rfind(b"\n") + 1
        if at_returns and not cut:
            cut = chunk.rfind(b"\r", 0, len(chunk) - 1) + 1
        if cut:
            text = b"".join((*held, chunk[:cut]))
            held.clear()
            size = 0
            yield Piece(line, text)
            line += _line_ends(text)
        held.append(chunk[cut:])
        size += len(chunk) - cut
        if size > limit:
            raise DataError(f"{origin}:{line}: the line has more than {limit >> 20} MiB")
        if memory is not None:
            held_line = f"{origin}:{line}: a line of more than {size:,} bytes"
            require_memory(_COPIES * size, memory, held_line, "allow more with --memory")
    if size:
        yield Piece(line, b"".join(held))


def long_token(origin: str, line: int) -> DataError:
    """Return the error for a token that is too long to be a number."""
    return DataError(f"{origin}:{line}: a token of more than {MAX_TOKEN >> 10} KiB is not a number")


def _line_ends(text: bytes) -> int:
    """Return the number of line ends in a text; bytes.count takes five times as long."""
    return int(np.count_nonzero(np.frombuffer(text, dtype=np.uint8) == ord("\n")))


def _last_separator(text: bytes) -> int:
    """Return the place of the last separator, -1 if there is none near the end."""
    start = max(len(text) - MAX_TOKEN - 1, 0)
    return max(text.rfind(separator, start) for separator in SEPARATORS)
