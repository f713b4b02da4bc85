"""The numbers in chosen columns of an open table."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from actcli.analysis.stream.evaluation import Array, Numbers
from actcli.exits import DataError
from actcli.sources.number_request import NumberRequest, OnError
from actcli.sources.streams.bytestream import ByteStream
from actcli.sources.streams.casting import FLOAT64, in_dtype
from actcli.sources.tables.sheet import RowBatch, Sheet


def table_numbers(stream: ByteStream, sheet: Sheet, request: NumberRequest) -> Numbers:
    """Return the columns of a sheet, of unknown shape: by rows, and where they are several, a line is a row.

    Raises as `Sheet.positions`. The blocks raise DataError at a cell that is not a number and at a row of another
    length, after all numbers before it, and at the end of a file without any.
    """
    columns = sheet.positions(request.columns, by_rows=request.by_rows)
    return chosen_numbers(stream, sheet, request, columns, number_blocks(sheet, columns, request.on_error))


def chosen_numbers(
    stream: ByteStream,
    sheet: Sheet,
    request: NumberRequest,
    columns: Sequence[int],
    parts: Iterator[Array],
    own: np.dtype[Any] = FLOAT64,
) -> Numbers:
    """Return the parts (rows, numbers of a row) of some columns as numbers, in their own type or the requested one."""
    dtype = own if request.dtype is None else request.dtype
    beside = len(columns) > 1 and not request.by_rows and not request.pooled
    in_rows = request.by_rows or beside
    blocks = stream.closed_after(parts)
    return Numbers(
        origin=sheet.origin,
        array=None,
        dtype=dtype,
        shape=None,
        blocks=(in_dtype(block if in_rows else block.reshape(-1), dtype, request.kind) for block in blocks),
        kind=request.kind,
        live=not stream.is_regular,
        columns=tuple(sheet.names[at] for at in columns) if beside else (),
    )


def number_blocks(sheet: Sheet, columns: Sequence[int], on_error: OnError) -> Iterator[Array]:
    """Yield the cells of the columns as (rows, columns), float64; an error comes after all rows before it."""
    for batch in sheet.batches:
        values, error = parse_columns(sheet, batch, columns, on_error)
        if len(values):
            yield values
        if error:
            raise error


def parse_columns(
    sheet: Sheet, batch: RowBatch, columns: Sequence[int], on_error: OnError
) -> tuple[Array, DataError | None]:
    """Return the cells of the columns as (rows, columns), and the error at which they end, if any."""
    if batch.numbers is not None:
        return batch.numbers[:, list(columns)], None
    if set(map(len, batch.cells)) <= {len(sheet.names)}:
        flat = sheet.reader.numbers([row[column] for row in batch.cells for column in columns])
        if flat is not None:
            return np.array(flat).reshape(-1, len(columns)), None
    rows: list[list[float]] = []
    error = None
    for line, cells in zip(batch.lines, batch.cells, strict=True):
        if len(cells) != len(sheet.names):
            if on_error is OnError.SKIP:
                continue
            error = sheet.wrong_length((line, cells))
            break
        numbers = [sheet.reader.number(cells[column]) for column in columns]
        if None in numbers and on_error is OnError.STOP:
            at = columns[numbers.index(None)]
            error = sheet.bad_cell(line, cells[at], at)
            break
        if None not in numbers or on_error is OnError.NAN:
            rows.append([np.nan if number is None else number for number in numbers])
    return np.array(rows, dtype=np.float64).reshape(-1, len(columns)), error
