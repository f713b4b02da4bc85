"""An open table: the names of its columns, its rows as they come, and the messages about both."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from actcli.analysis.stream.evaluation import Array
from actcli.exits import DataError, UsageError
from actcli.sources.streams.tokens import shown
from actcli.sources.tables.cells import Cell, CellReader

_MOST_NAMES = 20

Row = tuple[int, list[Cell]]
"""The line on which a row ends, and its cells."""


@dataclass(frozen=True, slots=True)
class RowBatch:
    """Consecutive rows of a table.

    Attributes:
        lines: the line on which each row ends.
        cells: the cells of each row; none where `numbers` has them.
        numbers: all cells as (rows, columns), where every one is a plain number; else None.
        texts: the text of each row as it came, with comments and empty lines before it; only where it is asked for.
        after: comments and empty lines after the last row.

    """

    lines: Sequence[int]
    cells: Sequence[list[Cell]]
    numbers: Array | None = None
    texts: Sequence[str] = ()
    after: str = ""

    def cells_of(self, column: int) -> list[Cell]:
        """Return the cells of one column."""
        if self.numbers is not None:
            return list(self.numbers[:, column].tolist())
        return [cells[column] for cells in self.cells]


@dataclass(frozen=True, slots=True)
class Sheet:
    """An open table.

    Attributes:
        origin: its name in messages.
        names: the columns' names; their numbers from 1 where the table has none.
        has_header: whether the table has names.
        first: its first row; None where there is none.
        batches: all rows, in the order of the file.
        reader: how its cells are read.
        head: the text before the first row as it came: the header, and comments.
        form: the format, csv or jsonl.
        delimiter: between two cells of csv.
        encoding: of the bytes as they came.

    """

    origin: str
    names: tuple[str, ...]
    has_header: bool
    first: Row | None
    batches: Iterator[RowBatch]
    reader: CellReader
    head: str = ""
    form: str = "csv"
    delimiter: str = ","
    encoding: str = "utf-8"

    def position(self, column: str) -> int:
        """Return the position of a column, by its name or else by its number counted from 1.

        Raises DataError for a column that is not there, and for a name that several columns have.
        """
        name = column.strip()
        if self.has_header and name in self.names:
            if self.names.count(name) > 1:
                places = ", ".join(str(at) for at, other in enumerate(self.names, 1) if other == name)
                raise DataError(
                    f"{self.origin}: several columns are called {_quoted(name)}; choose one by its number: {places}"
                )
            return self.names.index(name)
        # int() refuses very long numbers; no file has columns of twenty digits
        if column.isascii() and column.isdigit() and len(column) < 20 and 1 <= int(column) <= len(self.names):
            return int(column) - 1
        raise DataError(f"{self.origin}: no column {_quoted(column)}, there are {_listed(self.names)}")

    def positions(self, columns: Sequence[str], *, by_rows: bool) -> list[int]:
        """Return the positions of the columns; without any, of the only column of numbers, by rows of all.

        Raises DataError as `position` does and where no column holds numbers; UsageError where several do, and for a
        column that is named twice.
        """
        if not self.names:  # nothing came
            return [0]
        if columns:
            places = [self.position(column) for column in columns]
            for at, place in enumerate(places):
                if place in places[:at]:
                    raise UsageError(f"--column {columns[at]}: the column {self.label(place)} is named twice")
            return places
        if by_rows:
            return list(range(len(self.names)))
        if self.first is None or len(self.names) == 1:
            return [0]
        line, cells = self.first
        numeric = [
            at for at, cell in enumerate(cells[: len(self.names)]) if self.reader.number(cell) is not None
        ]
        if not numeric:
            aside = next(filter(None, map(self.reader.aside, cells)), "")
            raise DataError(
                f"{self.origin}:{line}: no column holds numbers; there are {_listed(self.names)}{aside}"
            )
        if len(numeric) > 1:
            names = _listed([self.names[place] for place in numeric])
            raise UsageError(
                f"{self.origin}: holds {len(numeric)} columns of numbers, choose one by --column: {names}"
            )
        return numeric

    def label(self, column: int) -> str:
        """Return a column as messages name it: its name in quotes, or its number."""
        return _quoted(self.names[column]) if self.has_header else str(column + 1)

    def wrong_length(self, row: Row) -> DataError:
        """Return the error for a row that is not as long as the first."""
        line, cells = row
        model = "header" if self.has_header else "first row"
        count = f"{len(cells)} cell" + "s" * (len(cells) != 1)
        return DataError(f"{self.origin}:{line}: {count}, the {model} has {len(self.names)}")

    def bad_cell(self, line: int, cell: Cell, column: int) -> DataError:
        """Return the error for a cell that is not a number."""
        where = f"column {self.label(column)}"
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            return DataError(f"{self.origin}:{line}: the cell in {where} is empty")
        return DataError(
            f"{self.origin}:{line}: {self.reader.shown(cell)} in {where} is not a number{self.reader.aside(cell)}"
        )


def _listed(names: Sequence[str]) -> str:
    """Return names for a message, 20 at most."""
    quoted = [_quoted(name) for name in names[:_MOST_NAMES]]
    rest = len(names) - _MOST_NAMES
    return ", ".join(quoted) + (f" and {rest:,} more" if rest > 0 else "")


def _quoted(text: str) -> str:
    return shown(text.encode(errors="surrogateescape"))
