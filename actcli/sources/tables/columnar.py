"""Columns of numbers in Parquet and Arrow files, read in pieces by pyarrow: only the chosen ones."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from actcli.analysis.stream.evaluation import Array, Numbers
from actcli.exits import ActcliError, DataError, UsageError
from actcli.sources.budget import require_memory
from actcli.sources.number_request import NumberRequest
from actcli.sources.streams.bytestream import ByteStream
from actcli.sources.streams.casting import FLOAT64
from actcli.sources.tables.cells import Cell, CellReader
from actcli.sources.tables.columns import chosen_numbers
from actcli.sources.tables.sheet import RowBatch, Sheet

_ROWS = 1 << 15
_CELLS = 1 << 18
_COPIES = 3
"""A column as it is packed, as it is decoded, and as float64."""
_NAMES = {"parquet": "a Parquet file", "arrow": "an Arrow file", "arrow stream": "an Arrow stream"}


@dataclass(frozen=True, slots=True)
class Columnar:
    """An open file of columns: its schema, what yields the record batches of some of them, and the Parquet file."""

    origin: str
    schema: Any
    batches: Callable[[list[int]], Iterator[Any]]
    parquet: Any = None

    def type_of(self, column: int) -> Any:
        """Return a column's type of pyarrow."""
        return self.schema.field(column).type

    def sheet(self, batches: Iterator[RowBatch]) -> Sheet:
        """Return the file as a table, with 0 in the first row of each column of numbers."""
        names = tuple(map(str, self.schema.names))
        first: list[Cell] = [
            0 if is_number(kind) or _is_list(kind) else str(kind) for kind in self.schema.types
        ]
        return Sheet(self.origin, names, True, (1, first), batches, CellReader(in_json=True))


def columnar_numbers(stream: ByteStream, form: str, request: NumberRequest) -> Numbers:
    """Return columns as `table_numbers` does; a column of lists by rows: a list is a row.

    A null is NaN. Numbers keep the type of the columns where it is float16 or float32, else they are float64. Raises
    DataError for a file that is damaged, a column that holds no numbers, and lists of several lengths.
    """
    with readable(stream.origin, form):
        file = open_columnar(stream, form)
        sheet = file.sheet(iter(()))
        lists = [at for at, kind in enumerate(file.schema.types) if _is_list(kind)]
        if request.by_rows and not request.columns and len(lists) == 1:
            columns = lists
        else:
            columns = sheet.positions(request.columns, by_rows=request.by_rows)
        for column in columns:
            kind = file.type_of(column)
            if not (is_number(kind) or _is_list(kind)):
                raise DataError(f"{file.origin}: column {sheet.label(column)} holds {kind}, not numbers")
            if _is_list(kind) and len(columns) > 1:
                raise UsageError(
                    f"{file.origin}: column {sheet.label(column)} holds lists, each a row; read it alone by --column"
                )
        blocks = _blocks(file, columns, sheet.label(columns[0]), form)
        return chosen_numbers(stream, sheet, request, columns, blocks, dtype_of(file, columns))


def open_columnar_sheet(stream: ByteStream, form: str) -> Sheet:
    """Return a file of columns as a table whose cells may be text."""
    with readable(stream.origin, form):
        file = open_columnar(stream, form)
        empty = file.sheet(iter(()))

    def batches() -> Iterator[RowBatch]:
        line = 1
        with readable(file.origin, form):
            for batch in file.batches(list(range(len(file.schema)))):
                columns = [[_cell(value) for value in column.to_pylist()] for column in batch.columns]
                rows = [list(row) for row in zip(*columns, strict=True)]
                yield RowBatch(range(line, line + len(rows)), rows)
                line += len(rows)

    return replace(empty, batches=batches())


def _cell(value: Any) -> Cell:
    from decimal import Decimal

    return float(value) if isinstance(value, Decimal | np.floating) else value


@contextmanager
def readable(origin: str, form: str) -> Iterator[None]:
    """Turn what pyarrow raises into one line."""
    try:
        yield
    except ActcliError:
        raise
    except MemoryError as error:
        raise DataError(
            f"{origin}: a part of it needs more memory than there is, or it is damaged"
        ) from error
    except Exception as error:  # ArrowException, and on a hostile file almost anything
        text = " ".join(str(error).split())
        shown = "".join(one for one in text if one.isprintable())[:200]
        raise DataError(f"{origin}: {_NAMES[form]} that is damaged or cannot be read: {shown}") from error


def open_columnar(stream: ByteStream, form: str) -> Columnar:
    """Return the file. Raises DataError without pyarrow, and where it has to be on disk and is not."""
    try:
        import pyarrow as pa
    except ImportError as error:
        raise DataError(
            f"{stream.origin}: {_NAMES[form]} needs one more package: pip install pyarrow (the extra parquet)"
        ) from error
    if form == "arrow stream":
        reader = pa.ipc.open_stream(_Source(stream))
        return Columnar(
            stream.origin, reader.schema, lambda columns: (batch.select(columns) for batch in reader)
        )
    if not stream.is_regular:
        raise DataError(f"{stream.origin}: {_NAMES[form]} is read in place, on disk: no pipe, and not packed")
    source = stream.duplicate()
    if form == "arrow":
        schema = pa.ipc.open_file(source).schema

        def parts(columns: list[int]) -> Iterator[Any]:
            opened = pa.ipc.open_file(
                source, options=pa.ipc.IpcReadOptions(included_fields=columns, use_threads=False)
            )
            places = [sorted(columns).index(column) for column in columns]
            for number in range(opened.num_record_batches):
                yield opened.get_batch(number).select(places)

        return Columnar(stream.origin, schema, parts)
    import pyarrow.parquet as pq

    opened = pq.ParquetFile(source, buffer_size=1 << 20, pre_buffer=False)
    schema = opened.schema_arrow

    def batches(columns: list[int]) -> Iterator[Any]:
        names = [schema.names[column] for column in columns]
        require_room(opened.metadata, names, stream.origin)
        for batch in opened.iter_batches(_ROWS, columns=names, use_threads=False):
            yield batch.select(names)

    return Columnar(stream.origin, schema, batches, opened)


def require_room(metadata: Any, names: Sequence[str], origin: str) -> None:
    """Raise DataError where the columns of one row group need too much memory."""
    for group in range(metadata.num_row_groups):
        parts = (metadata.row_group(group).column(at) for at in range(metadata.num_columns))
        size = sum(
            part.total_uncompressed_size for part in parts if part.path_in_schema.split(".")[0] in names
        )
        require_memory(
            _COPIES * size, None, f"{origin}: row group {group + 1}", "write it with smaller row groups"
        )


class _Source:
    """A stream as pyarrow reads from it."""

    closed = False

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, size of them unless the stream ends before; no more than come are allocated."""
        if size < 0:
            return b"".join(self._stream.chunks())
        parts = []
        while size and (part := self._stream.read(min(size, 1 << 22))):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def close(self) -> None:
        """Leave the stream to its reader."""


def is_number(kind: Any) -> bool:
    """Return whether a type of pyarrow holds numbers."""
    from pyarrow import types

    plain = kind.value_type if types.is_dictionary(kind) else kind
    tests = (types.is_integer, types.is_floating, types.is_decimal, types.is_boolean, types.is_null)
    return any(test(plain) for test in tests)


def _is_list(kind: Any) -> bool:
    from pyarrow import types

    tests = (types.is_list, types.is_large_list, types.is_fixed_size_list)
    return any(test(kind) for test in tests) and is_number(kind.value_type)


def dtype_of(file: Columnar, columns: Sequence[int]) -> np.dtype[Any]:
    """Return the type of the numbers in columns: float16 or float32 where all have it, else float64."""
    kinds = {file.type_of(column) for column in columns}
    kind = kinds.pop()
    kind = kind.value_type if _is_list(kind) else kind
    if kinds or str(kind) not in {"halffloat", "float"}:
        return FLOAT64
    return np.dtype(np.float16 if str(kind) == "halffloat" else np.float32)


def _blocks(file: Columnar, columns: list[int], label: str, form: str) -> Iterator[Array]:
    """Yield the numbers as (rows, columns), or as (rows, length of the lists)."""
    of_lists, width = _is_list(file.type_of(columns[0])), 0
    row = 0
    with readable(file.origin, form):
        for batch in file.batches(columns):
            for start in range(0, batch.num_rows, _ROWS):
                part = batch.slice(start, _ROWS)
                if not of_lists:
                    yield np.stack([numbers_of(column) for column in part.columns], axis=1)
                    continue
                lengths = _lengths(part.column(0))
                width = width or int(lengths[0])
                wrong = np.flatnonzero(lengths != width)
                if wrong.size or not width:
                    at = int(wrong[0]) if wrong.size else 0
                    raise DataError(
                        f"{file.origin}: row {row + at + 1} of column {label} has {lengths[at]} numbers, "
                        f"the first {width}"
                    )
                values = numbers_of(part.column(0).flatten()).reshape(-1, width)
                step = max(_CELLS // width, 1)
                yield from (values[at : at + step] for at in range(0, len(values), step))
                row += part.num_rows


def _lengths(column: Any) -> Array:
    from pyarrow import compute

    return np.asarray(compute.fill_null(compute.list_value_length(column), 0))


def numbers_of(column: Any) -> Array:
    """Return a column as float64, a null as NaN."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_null(column.type):
        return np.full(len(column), math.nan)
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), np.float64)
