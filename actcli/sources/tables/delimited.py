"""Rows of text between commas, semicolons, tabs or bars, with or without a header line."""

import csv
import io
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice

from actcli.exits import DataError
from actcli.sources.number_request import NumberRequest
from actcli.sources.streams.bytestream import ByteStream
from actcli.sources.streams.encoded import UTF8
from actcli.sources.streams.pieces import Piece, whole_lines
from actcli.sources.tables.cells import CellReader, plain_numbers
from actcli.sources.tables.dialect import is_header, notice_delimiter, rows_in
from actcli.sources.tables.sheet import RowBatch, Sheet

MAX_ROW = 1 << 24


def open_delimited(
    stream: ByteStream,
    request: NumberRequest,
    delimiter: str | None = None,
    *,
    encoding: str = UTF8,
    with_texts: bool = False,
) -> Sheet:
    """Return the names of the columns and the rows below them; the delimiter is noticed where it is None.

    `with_texts`: each row has its text as it came. Raises DataError for a file of no rows.
    """
    reader = CellReader(request.decimal, request.patterns)
    head, delimiter = _look(stream, reader, delimiter)
    splitter = _RowSplitter(iter(io.StringIO(head, newline="")), delimiter, stream.origin)
    rows = list(_without_error(islice(splitter.rows(), 2)))
    if not rows or not rows[0][1]:
        if stream.is_named_file or head.strip():
            raise _no_row(splitter, stream)
        return Sheet(stream.origin, (), False, None, iter(()), reader)
    line, first, before, text = rows[0]
    second = rows[1] if len(rows) > 1 and rows[1][1] else None
    below = [] if second is None else second[1]
    comment = _commented_header(before, delimiter, len(first))
    if is_header(first, below, reader):
        # numpy.savetxt writes the header line as a comment
        names, has_header, before = first, True, before + text
        top = None if second is None else (second[0], second[1])
    else:
        names, has_header = comment or [str(at) for at in range(1, len(first) + 1)], comment is not None
        top, line = (line, first), line - _line_count(text)
    stream.read(len(before.encode("utf-8", "surrogateescape")))
    pieces = whole_lines(stream.chunks(), stream.origin, MAX_ROW, line=line + 1, at_returns=True)
    batches = _batches(pieces, stream.origin, delimiter, reader, len(names), line, with_texts=with_texts)
    return Sheet(
        stream.origin,
        tuple(cell.strip() for cell in names),
        has_header,
        top,
        batches,
        reader,
        head=before,
        delimiter=delimiter,
        encoding=encoding,
    )


def _look(stream: ByteStream, reader: CellReader, delimiter: str | None) -> tuple[str, str]:
    """Return whole lines from the beginning, enough to tell whether there is a header, and the delimiter."""
    size = 0
    while True:
        head = stream.look_ahead(size)
        is_all, size = len(head) == size or len(head) > MAX_ROW, len(head)
        end = max(head.rfind(b"\n"), head.rfind(b"\r", 0, size - 1)) + 1
        if not end and size > MAX_ROW:
            raise DataError(f"{stream.origin}:1: the line has more than {MAX_ROW >> 20} MiB")
        if not end and not is_all:
            continue
        text = (head if is_all else head[:end]).decode("utf-8", "surrogateescape")
        chosen = delimiter or notice_delimiter(text, reader.decimal)
        rows = rows_in(text, chosen)
        if is_all or len(rows) > 1 or (rows and not any(map(reader.is_name, rows[0]))):
            return text, chosen


def _without_error(rows: "Iterator[_SplitRow]") -> "Iterator[_SplitRow]":
    """Yield rows as far as they are sound; what follows is told when it is read."""
    try:
        yield from rows
    except DataError:
        return


def _no_row(splitter: "_RowSplitter", stream: ByteStream) -> DataError:
    """Return the error of a table whose first row cannot be read."""
    return splitter.error or DataError(f"{stream.origin}: holds no numbers")


def _commented_header(before: str, delimiter: str, width: int) -> list[str] | None:
    """Return the names in the last comment above the first row, as numpy.savetxt writes them; None for a remark."""
    comments = [line for line in io.StringIO(before, newline="") if line.startswith("#")]
    rows = rows_in(comments[-1].lstrip("#"), delimiter) if comments else []
    if not rows or len(rows[0]) != width or (width == 1 and len(rows[0][0].split()) != 1):
        return None
    return rows[0]


def _line_count(text: str) -> int:
    return sum(1 for _ in io.StringIO(text, newline=""))


_SplitRow = tuple[int, list[str], str, str]
"""A row: the line on which it ends, its cells, the comments and empty lines before it, and its own text."""


class _RowSplitter:
    """Rows of lines, one after the other, each with its text; a comment begins a line and ends with it."""

    def __init__(self, lines: Iterator[str], delimiter: str, origin: str, line: int = 0) -> None:
        self.line = line
        self.error: DataError | None = None
        self._held: list[str] = []
        self._before: list[str] = []
        self._origin = origin
        self._reader = csv.reader(self._feed(lines), delimiter=delimiter, strict=True)

    def _feed(self, lines: Iterator[str]) -> Iterator[str]:
        for text in lines:
            self.line += 1
            if not self._held and text.startswith("#"):
                self._before.append(text)
            else:
                self._held.append(text)
                yield text

    def rows(self) -> Iterator[_SplitRow]:
        """Yield the rows; what follows the last one as a row without cells. Raises DataError at unsound quotes."""
        while True:
            try:
                cells = next(self._reader)
            except StopIteration:
                break
            except csv.Error as error:
                self.error = DataError(f"{self._origin}:{self.line}: {error}")
                raise self.error from error
            text = "".join(self._held)
            self._held.clear()
            if not cells:
                self._before.append(text)
                continue
            before = "".join(self._before)
            self._before.clear()
            yield self.line, cells, before, text
        if self._before:
            yield self.line, [], "".join(self._before), ""


def _batches(
    pieces: Iterator[Piece],
    origin: str,
    delimiter: str,
    reader: CellReader,
    width: int,
    line: int,
    *,
    with_texts: bool,
) -> Iterator[RowBatch]:
    """Yield the rows of each piece together; the rows before an error come before it."""
    waiting: deque[str] = deque()

    def lines() -> Iterator[str]:
        while waiting or (piece := next(pieces, None)):
            if not waiting and piece:
                waiting.extend(_lines(piece.text))
            yield waiting.popleft()

    splitter = _RowSplitter(lines(), delimiter, origin, line)
    rows = splitter.rows()
    for piece in pieces:
        batch = _quick_batch(piece.text, splitter.line, delimiter, reader, width, with_texts=with_texts)
        if batch is not None:
            splitter.line += len(batch.lines)
            yield batch
            continue
        waiting.extend(_lines(piece.text))
        yield from _gather(rows, lambda: bool(waiting), with_texts=with_texts)


def _gather(
    rows: Iterator[_SplitRow], is_more: Callable[[], bool], *, with_texts: bool
) -> Iterator[RowBatch]:
    """Yield the rows of one piece, then raise the error at which they end, if any."""
    found: list[_SplitRow] = []
    error, after = None, ""
    try:
        while is_more() and (row := next(rows, None)):
            found.append(row)
    except DataError as caught:
        error = caught
    if found and not found[-1][1]:
        after = found.pop()[2]
    if found or after:
        texts = [before + text for _, _, before, text in found] if with_texts else []
        yield RowBatch([row[0] for row in found], [row[1] for row in found], texts=texts, after=after)
    if error:
        raise error


def _quick_batch(
    text: bytes, line: int, delimiter: str, reader: CellReader, width: int, *, with_texts: bool
) -> RowBatch | None:
    """Return the rows of whole lines without quotes, comments and empty lines; None where there are some."""
    if b'"' in text or b"#" in text:
        return None
    if reader.patterns is None:
        numbers = plain_numbers(text, delimiter.encode(), width, reader.decimal)
        if numbers is not None:
            texts = _lines(text) if with_texts else []
            return RowBatch(range(line + 1, line + 1 + len(numbers)), [], numbers, texts)
    lines = _lines(text)
    try:
        cells = list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    if [] in cells:
        return None
    return RowBatch(range(line + 1, line + 1 + len(cells)), cells, texts=lines if with_texts else [])


def _lines(text: bytes) -> list[str]:
    return list(io.StringIO(text.decode("utf-8", "surrogateescape"), newline=""))
