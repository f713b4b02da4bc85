"""A Parquet file as it came, with columns of results added: the same row groups, types and metadata."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.stream.evaluation import Array
from actcli.analysis.stream.table import ColumnGroup, ColumnTable
from actcli.exits import UsageError
from actcli.render.output.layout import PARQUET, Layout, plain_suffix
from actcli.render.output.outfile import atomic_file
from actcli.render.values.appended import Evaluate, require_new, result_columns
from actcli.render.values.parquet_file import require_pyarrow, table_writer


def write_appended_columns(table: ColumnTable, evaluate: Evaluate, layout: Layout) -> None:
    """Write the table with the results behind its columns to the layout's file, whole or not at all.

    A result that is NaN because its x is null is null. Raises UsageError without a file, DataError for a
    column of the same name.
    """
    if layout.path is None or plain_suffix(layout.path) != f".{PARQUET}":
        raise UsageError(
            f"--append keeps the format of {table.numbers.origin}, Parquet: name such a file with -o FILE.parquet"
        )
    if layout.digits is not None:
        raise UsageError("--digits belongs to text; Parquet holds every number exactly")
    pa, _ = require_pyarrow(layout.path)
    with atomic_file(layout.path) as file, table_writer(layout.path, file, table.compression) as write:
        for group in table.groups:
            whole = group.table
            for name, values, missing in _added(group, table, evaluate):
                whole = whole.append_column(name, pa.array(values, mask=missing))
            write(whole)


def _added(
    group: ColumnGroup, table: ColumnTable, evaluate: Evaluate
) -> Iterator[tuple[str, Array, NDArray[np.bool_]]]:
    """Yield the columns that are added, and where they are null."""
    columns = [column for one in evaluate(group.x) for column in result_columns(one, table.numbers)]
    require_new(table.numbers.origin, table.names, [name for name, _ in columns])
    missing = group.missing.any(axis=1)
    for name, values in columns:
        yield name, np.ascontiguousarray(values), missing & np.isnan(values)
