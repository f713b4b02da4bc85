"""A Parquet file with all its columns, one row group after the other: what columns of results can be added to."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from actcli.analysis.stream.evaluation import Numbers
from actcli.analysis.stream.table import ColumnGroup, ColumnTable
from actcli.exits import DataError
from actcli.sources.number_request import NumberRequest
from actcli.sources.streams.bytestream import ByteStream
from actcli.sources.streams.casting import in_dtype
from actcli.sources.tables.columnar import (
    Columnar,
    dtype_of,
    is_number,
    numbers_of,
    open_columnar,
    readable,
    require_room,
)

_FORM = "parquet"


def column_table_of(stream: ByteStream, request: NumberRequest) -> ColumnTable:
    """Return a Parquet file as a table with the numbers of the chosen columns; a null is NaN.

    Raises DataError for a file that cannot be read, and a column that holds no numbers; else as `Sheet.positions`.
    """
    with readable(stream.origin, _FORM):
        file = open_columnar(stream, _FORM)
        sheet = file.sheet(iter(()))
        columns = sheet.positions(request.columns, by_rows=request.by_rows)
        for column in columns:
            if not is_number(kind := file.type_of(column)):
                raise DataError(f"{file.origin}: column {sheet.label(column)} holds {kind}, not numbers")
    numbers = Numbers(
        origin=file.origin,
        array=None,
        dtype=dtype_of(file, columns) if request.dtype is None else request.dtype,
        shape=None,
        blocks=iter(()),
        kind=request.kind,
        columns=tuple(sheet.names[at] for at in columns),
    )
    groups = stream.closed_after(_groups(file, columns, numbers))
    return ColumnTable(numbers, sheet.names, _compression(file.parquet.metadata), groups)


def _groups(file: Columnar, columns: Sequence[int], numbers: Numbers) -> Iterator[ColumnGroup]:
    """Yield the row groups, an empty one where there is none."""
    opened, schema = file.parquet, file.schema
    with readable(numbers.origin, _FORM):
        require_room(opened.metadata, schema.names, numbers.origin)
        count = opened.metadata.num_row_groups
        for number in range(max(count, 1)):
            part = opened.read_row_group(number, use_threads=False) if count else schema.empty_table()
            chosen = [part.column(at).combine_chunks() for at in columns]
            values = np.stack([numbers_of(column) for column in chosen], axis=1)
            missing = np.stack([np.asarray(column.is_null()) for column in chosen], axis=1)
            yield ColumnGroup(part, in_dtype(values, numbers.dtype, numbers.kind), missing)


def _compression(metadata: Any) -> str:
    """Return how the first column is packed."""
    if not (metadata.num_row_groups and metadata.num_columns):
        return "snappy"
    packing = str(metadata.row_group(0).column(0).compression).lower()
    return "none" if packing == "uncompressed" else packing
