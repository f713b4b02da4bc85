"""A table with its text: what columns of results can be added to."""

from collections.abc import Iterator, Sequence

from actcli.analysis.stream.evaluation import Numbers
from actcli.analysis.stream.table import Table, TableBlock
from actcli.sources.number_request import NumberRequest, OnError
from actcli.sources.streams.bytestream import ByteStream
from actcli.sources.streams.casting import FLOAT64, in_dtype
from actcli.sources.streams.encoded import MARKS
from actcli.sources.tables.columns import parse_columns
from actcli.sources.tables.sheet import RowBatch, Sheet


def table_of(stream: ByteStream, sheet: Sheet, request: NumberRequest) -> Table:
    """Return a sheet whose rows have their texts, as a table with the numbers of the chosen columns.

    What is no number ends the blocks with a DataError, is NaN, or where it is to be skipped leaves the results empty.
    Raises as `Sheet.positions`.
    """
    columns = sheet.positions(request.columns, by_rows=request.by_rows)
    numbers = Numbers(
        origin=sheet.origin,
        array=None,
        dtype=FLOAT64 if request.dtype is None else request.dtype,
        shape=None,
        blocks=iter(()),
        live=not stream.is_regular,
        kind=request.kind,
        columns=tuple(sheet.names[at] for at in columns if sheet.names),
    )
    return Table(
        numbers=numbers,
        names=sheet.names,
        has_header=sheet.has_header,
        head=sheet.head,
        form=sheet.form,
        delimiter=sheet.delimiter,
        decimal=sheet.reader.decimal,
        encoding=sheet.encoding.removesuffix("-sig"),
        mark=MARKS.get(sheet.encoding, b""),
        blocks=_closing(stream, _blocks(sheet, columns, request, numbers)),
    )


def _closing(stream: ByteStream, blocks: Iterator[TableBlock]) -> Iterator[TableBlock]:
    with stream:
        yield from blocks


def _blocks(
    sheet: Sheet, columns: Sequence[int], request: NumberRequest, numbers: Numbers
) -> Iterator[TableBlock]:
    skips = request.on_error is OnError.SKIP
    for batch in sheet.batches:
        # a row is never left out: skipped is the number, not the line
        values, error = parse_columns(sheet, batch, columns, OnError.NAN if skips else request.on_error)
        missing = _missing(sheet, batch, columns, len(values)) if skips else None
        x = in_dtype(values, numbers.dtype, numbers.kind)
        yield TableBlock(batch.texts[: len(values)], "" if error else batch.after, x, missing)
        if error:
            raise error


def _missing(sheet: Sheet, batch: RowBatch, columns: Sequence[int], count: int) -> list[bool] | None:
    if batch.numbers is not None:
        return None
    return [
        any(sheet.reader.number(cells[column]) is None for column in columns) for cells in batch.cells[:count]
    ]
