"""Numbers in the columns of a .csv or .tsv file, with or without a header line."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain

import numpy as np

from actcli.analysis.number_types import LowType
from actcli.analysis.stream.evaluation import Array, Numbers
from actcli.exits import DataError, UsageError
from actcli.sources.number_request import NumberRequest, OnError
from actcli.sources.numbers.text import BYTE_ORDER_MARK
from actcli.sources.streams.bytestream import ByteStream
from actcli.sources.streams.casting import FLOAT64, in_dtype
from actcli.sources.streams.pieces import whole_lines
from actcli.sources.streams.tokens import aside_of, parse_token, shown

MAX_ROW = 1 << 24
_CELLS_PER_BLOCK = 1 << 16


Row = tuple[int, list[str]]
"""The line on which a row ends, and its cells."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """An open file: its column names, whether the file has them, its rows, and the type of bit patterns in them."""

    origin: str
    names: tuple[str, ...]
    has_header: bool
    rows: Iterator[Row]
    patterns: LowType | None = None


def delimited_numbers(stream: ByteStream, request: NumberRequest, delimiter: str) -> Numbers:
    """Return one column of the file, or by rows all columns, of unknown shape.

    Raises DataError for a column that is not there, UsageError when several columns hold numbers. The blocks raise
    DataError at a cell that is not a number and at a row of another length, after all numbers before it.
    """
    dtype = FLOAT64 if request.dtype is None else request.dtype
    sheet = open_sheet(stream, delimiter, request.patterns)
    rows, columns = _chosen(sheet, request.column, by_rows=request.by_rows)
    blocks = _blocks(sheet, rows, columns, request.on_error)
    shape = (-1, len(columns)) if request.by_rows else (-1,)
    return Numbers(
        origin=sheet.origin,
        array=None,
        dtype=dtype,
        shape=None,
        blocks=_closing(stream, (in_dtype(block.reshape(shape), dtype, request.kind) for block in blocks)),
        kind=request.kind,
    )


def _closing(stream: ByteStream, blocks: Iterator[Array]) -> Iterator[Array]:
    with stream:
        yield from blocks


_MISSING = frozenset(("", "na", "n/a", "null", "none", "-", "?", "."))


def open_sheet(stream: ByteStream, delimiter: str, patterns: LowType | None = None) -> Sheet:
    """Return the names of the columns and the rows below them, whose cells may be bit patterns of a type.

    Raises DataError for an empty file.
    """
    if stream.starts_with(BYTE_ORDER_MARK):
        stream.read(len(BYTE_ORDER_MARK))
    rows = _rows(stream, delimiter)
    first = next(rows, None)
    if first is None:
        raise DataError(f"{stream.origin}: holds no numbers")
    cells = first[1]
    second = next(rows, None)
    if second is not None:
        rows = chain((second,), rows)
    has_header = _is_header(cells, second[1] if second else [], patterns)
    if has_header:
        # numpy.savetxt writes the header line as a comment
        names = tuple(cell.strip() for cell in (cells[0].removeprefix("#"), *cells[1:]))
    else:
        names = tuple(str(position) for position in range(1, len(cells) + 1))
        rows = chain((first,), rows)
    return Sheet(stream.origin, names, has_header, rows, patterns)


def _is_header(first: list[str], second: list[str], patterns: LowType | None) -> bool:
    """Return whether the first row names columns: a name among numbers counts only above a number.

    A bad or missing cell in a first row of numbers must not turn that row into names.
    """
    names = [column for column, cell in enumerate(first) if _is_name(cell, patterns)]
    if all(parse_cell(cell, patterns) is None for cell in first):
        return bool(names)
    return any(column < len(second) and parse_cell(second[column], patterns) is not None for column in names)


def _is_name(cell: str, patterns: LowType | None) -> bool:
    text = cell.strip()
    return (
        parse_cell(cell, patterns) is None and text.lower() not in _MISSING and text[0] not in "0123456789+-."
    )


def _rows(stream: ByteStream, delimiter: str) -> Iterator[Row]:
    pieces = whole_lines(stream.chunks(), stream.origin, MAX_ROW)
    lines = (
        line
        for piece in pieces
        for line in io.StringIO(piece.text.decode("utf-8", "surrogateescape"), newline="")
    )
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(f"{stream.origin}:{reader.line_num}: {error}") from error
        if cells:
            yield reader.line_num, cells


def _chosen(sheet: Sheet, column: str | None, *, by_rows: bool) -> tuple[Iterator[Row], Sequence[int]]:
    """Return all rows of the sheet, and the positions of the chosen columns."""
    if by_rows:
        return sheet.rows, range(len(sheet.names))
    if column is not None:
        return sheet.rows, [column_position(sheet, column)]
    first = next(sheet.rows, None)
    if first is None:
        return iter(()), [0]
    rows = chain((first,), sheet.rows)
    if len(sheet.names) == 1:
        return rows, [0]
    numeric = [
        position
        for position, cell in enumerate(first[1][: len(sheet.names)])
        if parse_cell(cell, sheet.patterns) is not None
    ]
    if not numeric:
        raise DataError(
            f"{sheet.origin}:{first[0]}: no column holds numbers; there are {_listed(sheet.names)}"
        )
    if len(numeric) > 1:
        names = _listed([sheet.names[position] for position in numeric])
        raise UsageError(
            f"{sheet.origin}: holds {len(numeric)} columns of numbers, choose one by --column: {names}"
        )
    return rows, numeric


def column_position(sheet: Sheet, column: str) -> int:
    """Return the position of a column, by its name or else by its number counted from 1.

    Raises DataError for a column that is not there, and for a name that several columns have.
    """
    name = column.strip()
    if sheet.has_header and name in sheet.names:
        if sheet.names.count(name) > 1:
            places = ", ".join(str(at) for at, other in enumerate(sheet.names, 1) if other == name)
            raise DataError(
                f"{sheet.origin}: several columns are called {_shown(name)}; choose one by its number: {places}"
            )
        return sheet.names.index(name)
    # int() refuses very long numbers; no file has columns of twenty digits
    if column.isascii() and column.isdigit() and len(column) < 20 and 1 <= int(column) <= len(sheet.names):
        return int(column) - 1
    raise DataError(f"{sheet.origin}: no column {_shown(column)}, there are {_listed(sheet.names)}")


def _listed(names: Sequence[str]) -> str:
    """Return names for a message, 20 at most."""
    quoted = [_shown(name) for name in names[:20]]
    return ", ".join(quoted) + (f" and {len(names) - 20:,} more" if len(names) > 20 else "")


def _blocks(sheet: Sheet, rows: Iterator[Row], columns: Sequence[int], on_error: OnError) -> Iterator[Array]:
    """Yield the cells of the columns, row after row, in flat blocks; an error comes after all numbers before it."""
    per_block = max(_CELLS_PER_BLOCK // len(columns), 1)
    batch: list[Row] = []
    any_numbers = False
    try:
        for line, row in rows:
            if len(row) == len(sheet.names):
                batch.append((line, [row[column] for column in columns]))
            elif on_error is not OnError.SKIP:
                raise wrong_length(sheet, line, row)
            if len(batch) == per_block:
                full, batch = batch, []
                for block in _parsed(sheet, full, columns, on_error):
                    any_numbers = True
                    yield block
    except DataError:
        yield from _parsed(sheet, batch, columns, on_error)
        raise
    for block in _parsed(sheet, batch, columns, on_error):
        any_numbers = True
        yield block
    if not any_numbers:
        raise DataError(f"{sheet.origin}: holds no numbers")


def wrong_length(sheet: Sheet, line: int, row: list[str]) -> DataError:
    """Return the error for a row that is not as long as the first."""
    model = "header" if sheet.has_header else "first row"
    count = f"{len(row)} cell" + "s" * (len(row) != 1)
    return DataError(f"{sheet.origin}:{line}: {count}, the {model} has {len(sheet.names)}")


def _parsed(sheet: Sheet, batch: Sequence[Row], columns: Sequence[int], on_error: OnError) -> Iterator[Array]:
    """Yield the numbers of a batch as one flat block, if any; then raise the error at which they end, if any."""
    cells = [cell for _, row in batch for cell in row]
    text = " ".join(cells)
    values, error = None, None
    if text.isascii() and text.isprintable() and "_" not in text:
        with suppress(ValueError):
            values = [float(cell) for cell in cells]
    if values is None:
        values, error = _careful(sheet, batch, columns, on_error)
    if values:
        yield np.array(values, dtype=np.float64)
    if error:
        raise error


def _careful(
    sheet: Sheet, batch: Sequence[Row], columns: Sequence[int], on_error: OnError
) -> tuple[list[float], DataError | None]:
    """Return the numbers of a batch in which some cell is not a number, and the error at which they end, if any."""
    values: list[float] = []
    for line, cells in batch:
        row = [parse_cell(cell, sheet.patterns) for cell in cells]
        if None in row and on_error is OnError.STOP:
            at = row.index(None)
            return values, bad_cell(sheet, line, cells[at], columns[at])
        if None not in row or on_error is OnError.NAN:
            values += (np.nan if number is None else number for number in row)
    return values, None


def bad_cell(sheet: Sheet, line: int, cell: str, column: int) -> DataError:
    """Return the error for a cell that is not a number."""
    where = f"column {_shown(sheet.names[column])}" if sheet.has_header else f"column {column + 1}"
    if not cell.strip():
        return DataError(f"{sheet.origin}:{line}: the cell in {where} is empty")
    aside = aside_of(cell.strip().encode(errors="surrogateescape"), sheet.patterns)
    return DataError(f"{sheet.origin}:{line}: {_shown(cell)} in {where} is not a number{aside}")


def _shown(text: str) -> str:
    return shown(text.encode(errors="surrogateescape"))


def parse_cell(cell: str, patterns: LowType | None = None) -> float | None:
    """Return the number that a cell is, or the one with its bit pattern; else None."""
    return parse_token(cell.strip(" \t").encode(errors="surrogateescape"), patterns)
