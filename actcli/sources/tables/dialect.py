"""The delimiter of a table and its header, found in the rows at its beginning."""

import csv
import io
from collections.abc import Sequence

from actcli.sources.tables.cells import CellReader

DELIMITERS = ",;\t|"
_ROWS = 64


def notice_delimiter(head: str, decimal: str) -> str:
    """Return the delimiter with which most rows of a text have as many cells as the first, and most cells are numbers.

    A comma where none separates cells. With a decimal comma it is none.
    """
    best, delimiter = (0.0, 0.0), "," if decimal != "," else ";"
    for candidate in DELIMITERS.replace(decimal, ""):
        rows = rows_in(head, candidate)
        if not rows or len(rows[0]) < 2:
            continue
        fitting = [row for row in rows if len(row) == len(rows[0])]
        cells = [cell for row in fitting for cell in row]
        readers = [CellReader(sign) for sign in {decimal, ","} if sign != candidate]
        numbers = sum(any(reader.number(cell) is not None for reader in readers) for cell in cells)
        score = len(fitting) / len(rows), numbers / len(cells)
        if score > best:
            best, delimiter = score, candidate
    return delimiter


def rows_in(text: str, delimiter: str) -> list[list[str]]:
    """Return the first rows of a text, 64 at most, without comments and empty lines, as far as they are sound."""
    lines = (line for line in io.StringIO(text, newline="") if not line.startswith("#"))
    rows: list[list[str]] = []
    try:
        for cells in csv.reader(lines, delimiter=delimiter, strict=True):
            if cells:
                rows.append(cells)
            if len(rows) == _ROWS:
                break
    except csv.Error:  # the reading of the rows says where
        pass
    return rows


def is_header(first: Sequence[str], second: Sequence[str], reader: CellReader) -> bool:
    """Return whether the first row names columns: a name among numbers counts only above a number.

    A bad or missing cell in a first row of numbers must not turn that row into names.
    """
    names = [column for column, cell in enumerate(first) if reader.is_name(cell)]
    if all(reader.number(cell) is None for cell in first):
        return bool(names)
    return any(column < len(second) and reader.number(second[column]) is not None for column in names)
