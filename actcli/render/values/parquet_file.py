"""Results as a Parquet file, one row group after the other: the columns of CSV, in the types of the numbers."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import chain
from typing import Any, BinaryIO

import numpy as np

from actcli.analysis.stream.evaluation import Array, Evaluation
from actcli.exits import DataError
from actcli.render.output.layout import Layout
from actcli.render.values.delimited_lines import row_columns
from actcli.render.values.lines import pieces
from actcli.render.values.stored_form import as_patterns

_NUMBERS_OF_A_GROUP = 1 << 20


def write_parquet(evaluations: Iterable[Evaluation], layout: Layout, file: BinaryIO) -> None:
    """Write all results as one table; `array` is its first column where there are several arrays.

    Raises DataError without pyarrow, where no row came, and for rows of several lengths.
    """
    pa, _ = require_pyarrow(layout.path or "")
    with table_writer(layout.path or "", file) as write:
        rows = None
        for columns in _groups(_columns(evaluations, layout)):
            table = pa.table(columns)
            if rows is not None and table.schema != rows.schema:
                raise DataError(
                    "the arrays have results of several types; a Parquet file has one type per column"
                )
            write(rows := table)
        if rows is None:
            raise DataError("there is no row to write")


@contextmanager
def table_writer(path: str, file: BinaryIO, compression: str = "snappy") -> Iterator[Callable[[Any], None]]:
    """Yield a function that writes a table of pyarrow as the next row group of a file; the first sets the columns."""
    _, parquet = require_pyarrow(path)
    writer: Any = None

    def write(table: Any) -> None:
        nonlocal writer
        if writer is None:
            writer = parquet.ParquetWriter(file, table.schema, compression=compression)
        writer.write_table(table, row_group_size=max(len(table), 1))

    try:
        yield write
    except BaseException:
        with suppress(Exception):  # the file is given up
            if writer is not None:
                writer.close()
        raise
    if writer is not None:
        writer.close()


def require_pyarrow(path: str) -> tuple[Any, Any]:
    """Return pyarrow and its module of Parquet. Raises DataError where it is not installed."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise DataError(
            f"{path}: a Parquet file needs one more package: pip install pyarrow (the extra parquet)"
        ) from error
    return pa, parquet


def _columns(evaluations: Iterable[Evaluation], layout: Layout) -> Iterator[Mapping[str, Any]]:
    """Yield the columns of each piece."""
    names: list[str] | None = None
    for one in evaluations:
        evaluation = as_patterns(one) if layout.bits else one
        done = 0
        empty = np.empty(0, evaluation.dtype)
        nothing = [] if evaluation.by_rows else [(empty, empty)]
        for x, y in chain(pieces(evaluation), nothing):
            if done and not len(y):
                continue
            block = _block(x, y, done, with_x=layout.with_x)
            own = row_columns(evaluation, x, y, with_x=layout.with_x)
            names = own if names is None else names
            if len(own) != len(names):
                raise DataError(
                    f"row {done + 1} has {y.shape[-1]} numbers, another length than the first row: parquet needs "
                    "rows of one length; --format jsonl does not"
                )
            if len(set(names)) < len(names):
                twice = next(name for name in names if names.count(name) > 1)
                raise DataError(f"two columns would be named {twice!r}; a Parquet file needs a name for each")
            columns: dict[str, Any] = dict(zip(names, block, strict=True))
            if evaluation.label is not None:
                columns = {"array": [evaluation.label] * len(block[0]), **columns}
            yield columns
            done += len(y)


def _block(x: Array, y: Array, done: int, *, with_x: bool) -> list[Array]:
    """Return the columns of a block, in the order of their names."""
    xs = ([x] if x.ndim == 1 else [*x.T]) if with_x else []
    if y.ndim == 1:
        return [*xs, y]
    if y.ndim == 2:
        return [*xs, *y.T]
    rows, results, _ = y.shape
    place: list[Any] = [np.repeat(np.arange(done + 1, done + rows + 1), results)]
    place.append(np.tile(np.arange(1, results + 1), rows))
    return [*place, *(np.repeat(one, results) for one in xs), *y.reshape(rows * results, -1).T]


def _groups(parts: Iterator[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield pieces put together to row groups of about _NUMBERS_OF_A_GROUP numbers."""
    held: list[Mapping[str, Any]] = []
    numbers = 0
    for columns in parts:
        held.append(columns)
        numbers += sum(map(len, columns.values()))
        if numbers >= _NUMBERS_OF_A_GROUP:
            yield _joined(held)
            held, numbers = [], 0
    if held:
        yield _joined(held)


def _joined(parts: list[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        name: [one for part in parts for one in part[name]]
        if isinstance(column, list)
        else np.ascontiguousarray(np.concatenate([part[name] for part in parts]))
        for name, column in parts[0].items()
    }
