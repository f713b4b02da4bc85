"""JSON objects as the rows of a table: lines of JSON as they come, and objects that a document holds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from actcli.exits import DataError
from actcli.sources.number_request import NumberRequest
from actcli.sources.streams.bytestream import ByteStream
from actcli.sources.streams.pieces import whole_lines
from actcli.sources.tables.cells import CellReader
from actcli.sources.tables.sheet import RowBatch, Sheet

MAX_LINE = 1 << 24
_AT_ONCE = 1 << 14


@dataclass(frozen=True, slots=True)
class JsonLines:
    """Consecutive lines of JSON: their numbers, values and texts; `texts` have empty lines before them."""

    lines: Sequence[int]
    values: Sequence[Any]
    texts: Sequence[str] = ()
    after: str = ""


def read_json(text: bytes, origin: str, line: int = 1) -> Any:
    """Return the value of a JSON text. Raises DataError, with the line and the place in it, for anything else."""
    import orjson

    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        place = f"{origin}:{line - 1 + error.lineno}"
        raise DataError(f"{place}: column {error.colno} is not JSON: {error.msg}") from error


def read_json_lines(stream: ByteStream, *, with_texts: bool = False) -> Iterator[JsonLines]:
    """Yield the values of the lines as they come; empty lines hold none. Values before an error come before it."""
    from orjson import JSONDecodeError, loads

    number = 0
    for piece in whole_lines(stream.chunks(), stream.origin, MAX_LINE):
        lines = piece.text.splitlines(keepends=True)
        try:
            values = [loads(line) for line in lines]
        except JSONDecodeError:
            yield from _careful_lines(lines, number, stream.origin, with_texts=with_texts)
        else:
            texts = [line.decode("utf-8", "surrogateescape") for line in lines] if with_texts else []
            yield JsonLines(range(number + 1, number + 1 + len(lines)), values, texts)
        number += len(lines)


def _careful_lines(
    texts: Sequence[bytes], number: int, origin: str, *, with_texts: bool
) -> Iterator[JsonLines]:
    """Yield the values of lines of which some are empty or wrong, and raise the error at which they end, if any."""
    lines: list[int] = []
    values: list[Any] = []
    kept: list[str] = []
    before, error = b"", None
    for line, text in enumerate(texts, number + 1):
        if text.isspace():
            before += text
            continue
        try:
            values.append(read_json(text.rstrip(), origin, line))
        except DataError as caught:
            error = caught
            break
        lines.append(line)
        if with_texts:
            kept.append((before + text).decode("utf-8", "surrogateescape"))
        before = b""
    yield JsonLines(lines, values, kept, before.decode())
    if error:
        raise error


def line_sheet(batches: Iterator[JsonLines], first: JsonLines, origin: str, request: NumberRequest) -> Sheet:
    """Return lines of objects as a table; `first` is the first batch, whose first object has the columns' names.

    Raises DataError where it has none.
    """
    names = tuple(first.values[0])
    if not names:
        raise DataError(f"{origin}:{first.lines[0]}: the object has no names, so it has no columns")
    rows = (_row_batch(batch, names, origin) for batch in chain((first,), batches))
    top = first.lines[0], [first.values[0][name] for name in names]
    return Sheet(
        origin, names, True, top, rows, CellReader(patterns=request.patterns, in_json=True), form="jsonl"
    )


def open_line_sheet(stream: ByteStream, request: NumberRequest, *, with_texts: bool = False) -> Sheet:
    """Open lines of objects as a table. Raises DataError where the first line is no object."""
    batches = read_json_lines(stream, with_texts=with_texts)
    first = next((batch for batch in batches if batch.values), None)
    if first is None or not isinstance(first.values[0], dict):
        raise DataError(f"{stream.origin}: holds no lines of objects with names, so it has no columns")
    return line_sheet(batches, first, stream.origin, request)


def object_sheet(values: Sequence[Any], origin: str, request: NumberRequest) -> Sheet:
    """Return objects of a document as a table; the number of an object stands for its line."""
    batches = (
        JsonLines(
            range(start + 1, start + 1 + len(values[start : start + _AT_ONCE])),
            values[start : start + _AT_ONCE],
        )
        for start in range(0, len(values), _AT_ONCE)
    )
    return line_sheet(batches, next(batches), origin, request)


def _row_batch(batch: JsonLines, names: tuple[str, ...], origin: str) -> RowBatch:
    """Return objects as rows; a name that an object lacks is an empty cell. Raises DataError for anything else."""
    for line, value in zip(batch.lines, batch.values, strict=True):
        if not isinstance(value, dict):
            raise DataError(f"{origin}:{line}: is not an object with names, as the first is")
    cells = [[value.get(name) for name in names] for value in batch.values]
    return RowBatch(batch.lines, cells, texts=batch.texts, after=batch.after)
