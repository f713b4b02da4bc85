"""Numbers in text, separated by white space or commas; `#` starts a comment, and by rows a line is a row."""

import re
from collections.abc import Iterator
from itertools import groupby

import numpy as np

from actcli.analysis.stream.evaluation import Array, Numbers
from actcli.exits import DataError
from actcli.sources.number_request import NumberRequest, OnError
from actcli.sources.streams.bytestream import CHUNK, ByteStream
from actcli.sources.streams.casting import FLOAT64, in_dtype
from actcli.sources.streams.parse_ahead import parse_ahead
from actcli.sources.streams.pieces import (
    Piece,
    long_token,
    newlines,
    whole_lines,
    whole_tokens,
    without_comments,
)
from actcli.sources.streams.tokens import MAX_TOKEN, aside_of, parse_block, parse_token, shown, tokens_in

_NULL_LINES = bytes.maketrans(b"\0\n", b"\n ")
_WITH_POINTS, _AS_TYPED = bytes.maketrans(b",.;", b".\x1a "), bytes.maketrans(b".\x1a", b",.")
"""Decimal commas to points, points to what no number holds, semicolons to blanks; and back, for messages."""


def text_numbers(stream: ByteStream, request: NumberRequest) -> Numbers:
    """Return the numbers of a text as they arrive, of unknown shape; by rows, blocks hold lines of one length.

    The blocks raise DataError at a token that is not a number, after all numbers before it, and at the end of a
    file (not of stdin) that holds none.
    """
    dtype = FLOAT64 if request.dtype is None else request.dtype
    blocks = _row_blocks(stream, request) if request.by_rows else _blocks(stream, request)
    return Numbers(
        origin=stream.origin,
        array=None,
        dtype=dtype,
        shape=None,
        blocks=stream.closed_after(in_dtype(block, dtype, request.kind) for block in blocks),
        live=not stream.is_regular,
        kind=request.kind,
    )


def _chunks(stream: ByteStream, request: NumberRequest) -> Iterator[bytes]:
    """Yield the text with points as decimal signs, and without comments; what ends in NUL ends its line."""
    arriving = stream.chunks()
    chunks = (chunk.translate(_NULL_LINES) for chunk in arriving) if request.null else newlines(arriving)
    if request.decimal != ".":
        chunks = (chunk.translate(_WITH_POINTS) for chunk in chunks)
    return without_comments(chunks)


def _blocks(stream: ByteStream, request: NumberRequest) -> Iterator[Array]:
    pieces = whole_tokens(_chunks(stream, request), stream.origin)
    for piece, values in parse_ahead(pieces, request.patterns, stream.comes_before, request.workers):
        if values is None:
            yield from _careful_blocks(piece, stream.origin, request)
        elif values.size:
            yield values


def _careful_blocks(piece: Piece, origin: str, request: NumberRequest) -> Iterator[Array]:
    """Yield the numbers of a piece that holds another token, then raise its error."""
    values: list[float] = []
    error = None
    for line, text in enumerate(piece.text.split(b"\n"), piece.line):
        numbers, error = _line(text, origin, line, request)
        values += (number for number in numbers if number is not None)
        if error:
            break
    if values:
        yield np.array(values, dtype=np.float64)
    if error:
        raise error


def _line(
    text: bytes, origin: str, line: int, request: NumberRequest
) -> tuple[list[float | None], DataError | None]:
    """Return the numbers of a line, None for a token to be skipped; and the error at which they end, if any."""
    numbers: list[float | None] = []
    for token in tokens_in(text):
        number = parse_token(token, request.patterns)
        if number is None:
            if len(token) > MAX_TOKEN:
                return numbers, long_token(origin, line)
            if request.on_error is OnError.STOP:
                typed = token if request.decimal == "." else token.translate(_AS_TYPED)
                wrong = f"{shown(typed)} is not a number{_aside(typed, request)}"
                return numbers, DataError(f"{origin}:{line}: {wrong}")
            if request.on_error is OnError.NAN:
                number = np.nan
        numbers.append(number)
    return numbers, None


def _aside(token: bytes, request: NumberRequest) -> str:
    """Return the hint for a token that is not a number; empty where there is none."""
    if re.search(rb"\d[;|]-?\d", token):
        return "; --input-format csv reads columns"
    if b"\0" in token:
        return "; --null reads numbers that end in NUL"
    return aside_of(token, request.patterns)


def _row_blocks(stream: ByteStream, request: NumberRequest) -> Iterator[Array]:
    for piece in whole_lines(_chunks(stream, request), stream.origin, memory=request.memory):
        # a long piece is read line by line, and a long line in parts: the list of its tokens would be many times as
        # large as the row
        values = parse_block(piece.text, request.patterns) if len(piece.text) <= 2 * CHUNK else None
        if values is None:
            rows = _careful_rows(piece, stream.origin, request)
            for _, group in groupby(rows, key=len):
                yield from _stacked(group)
        else:
            widths = [len(tokens_in(text)) for text in piece.text.split(b"\n")]
            yield from _grouped(values, [width for width in widths if width])


def _grouped(values: Array, widths: list[int]) -> Iterator[Array]:
    """Yield consecutive rows as blocks (rows, width), a block for each run of one width."""
    start = 0
    for width, group in groupby(widths):
        stop = start + width * sum(1 for _ in group)
        yield values[start:stop].reshape(-1, width)
        start = stop


def _stacked(rows: Iterator[Array]) -> Iterator[Array]:
    """Yield rows of one width as blocks of about 1 MiB; the rows before an error come before it."""
    block: list[Array] = []
    size = 0
    try:
        for row in rows:
            block.append(row)
            size += row.nbytes
            if size >= CHUNK:
                yield np.stack(block)
                block, size = [], 0
    except DataError:
        if block:
            yield np.stack(block)
        raise
    if block:
        yield np.stack(block)


def _careful_rows(piece: Piece, origin: str, request: NumberRequest) -> Iterator[Array]:
    """Yield the rows of a piece line by line, without those that are to be skipped."""
    for line, text in enumerate(_lines(piece.text), piece.line):
        parts: list[Array] = []
        for part in _parts(text, origin, line):
            values = parse_block(part, request.patterns)
            if values is None:
                numbers, error = _line(part, origin, line, request)
                if error:
                    raise error
                if None in numbers:
                    break
                values = np.array(numbers, dtype=np.float64)
            parts.append(values)
        else:
            row = np.concatenate(parts) if parts else np.empty(0)
            if row.size:
                yield row


def _lines(text: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(text):
        end = text.find(b"\n", start)
        end = len(text) if end < 0 else end
        yield text[start:end]
        start = end + 1


def _parts(text: bytes, origin: str, line: int) -> Iterator[bytes]:
    """Yield a line in parts of about 1 MiB that end where a token ends."""
    chunks = (text[start : start + CHUNK] for start in range(0, len(text), CHUNK))
    return (piece.text for piece in whole_tokens(chunks, origin, line))
