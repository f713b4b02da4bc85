"""A table that columns are added to: its text or columns as they came, and the numbers in the chosen columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.stream.evaluation import Array, Numbers


@dataclass(frozen=True, slots=True)
class TableBlock:
    """Consecutive rows of a table.

    Attributes:
        texts: each row as it came, its line end included, with comments and empty lines before it.
        after: the text between the last row and the next.
        x: the numbers in the chosen columns, (rows, columns).
        missing: the rows whose results stay empty; None for none.

    """

    texts: Sequence[str]
    after: str
    x: Array
    missing: Sequence[bool] | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it comes.

    Attributes:
        numbers: the chosen columns, without blocks: origin, types, and the columns' names.
        names: all names that the table has.
        has_header: whether it has names.
        head: the text before the first row.
        form: csv or jsonl.
        delimiter: between two cells of csv.
        decimal: the decimal sign.
        encoding: of the bytes as they came, by the name of Python's codec.
        mark: the bytes before the text.
        blocks: all rows. An error comes after all rows before it.

    """

    numbers: Numbers
    names: Sequence[str]
    has_header: bool
    head: str
    form: str
    delimiter: str
    decimal: str
    encoding: str
    mark: bytes
    blocks: Iterator[TableBlock]


@dataclass(frozen=True, slots=True)
class ColumnGroup:
    """Consecutive rows of a file of columns.

    Attributes:
        table: the rows as they came, a table of pyarrow.
        x: the numbers in the chosen columns, (rows, columns).
        missing: where those were null.

    """

    table: Any
    x: Array
    missing: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ColumnTable:
    """A Parquet file as it comes.

    Attributes:
        numbers: the chosen columns, without blocks: origin, types, and the columns' names.
        names: all names that the file has.
        compression: how its columns are packed.
        groups: all row groups, at least one.

    """

    numbers: Numbers
    names: Sequence[str]
    compression: str
    groups: Iterator[ColumnGroup]
