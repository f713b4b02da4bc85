"""The cells of a table as numbers: many at once where all are plain decimals, else one by one."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from actcli.analysis.number_types import LowType
from actcli.analysis.stream.evaluation import Array
from actcli.sources.streams.tokens import aside_of, parse_block, parse_token, shown

Cell = Any
"""Text; of JSON what it holds: a number, text, a truth value or None."""
_MISSING = frozenset(("", "na", "n/a", "null", "none", "-", "?", "."))
_NON_FINITE = frozenset(("nan", "inf", "-inf"))
_LINE_END = ord("\n")


@dataclass(frozen=True, slots=True)
class CellReader:
    """How the cells of a table are read.

    Attributes:
        decimal: the decimal sign, `.` or `,`.
        patterns: the type whose bit patterns cells may hold.
        in_json: whether cells are JSON: only the names of what is not finite are numbers in quotes.

    """

    decimal: str = "."
    patterns: LowType | None = None
    in_json: bool = False

    def number(self, cell: Cell) -> float | None:
        """Return the number that a cell is, or the one with its bit pattern; else None."""
        if not isinstance(cell, str):
            return float(cell) if type(cell) in {float, int} else None
        text = cell.strip(" \t")
        if self.in_json and text not in _NON_FINITE and (self.patterns is None or text[:2].lower() != "0x"):
            return None
        if self.decimal != ".":
            if "." in text:
                return None
            text = text.replace(self.decimal, ".")
        return parse_token(text.encode(errors="surrogateescape"), self.patterns)

    def numbers(self, cells: Sequence[Cell]) -> list[float] | None:
        """Return the numbers of many cells where all are decimals; None where one may not be."""
        kinds = set(map(type, cells))
        if kinds <= {float, int}:
            return list(map(float, cells))
        if self.in_json or kinds != {str}:
            return None
        text = " ".join(cells)
        if not (text.isascii() and text.isprintable()) or "_" in text:
            return None
        if self.decimal != ".":
            if "." in text:
                return None
            cells = [cell.replace(self.decimal, ".") for cell in cells]
        with suppress(ValueError):
            return [float(cell) for cell in cells]
        return None

    def is_name(self, cell: str) -> bool:
        """Return whether a cell names a column: no number, and no mark for a missing one."""
        text = cell.strip()
        return self.number(cell) is None and text.lower() not in _MISSING and text[0] not in "0123456789+-."

    def shown(self, cell: Cell) -> str:
        """Return a cell as a message quotes it."""
        if self.in_json and not isinstance(cell, str):
            from orjson import dumps

            return shown(dumps(cell))
        return shown(cell.encode(errors="surrogateescape"))

    def aside(self, cell: Cell) -> str:
        """Return the hint for a cell that is not a number; empty where there is none."""
        if not isinstance(cell, str):
            return ""
        if self.in_json:
            return "; a number in quotes is text" if CellReader().number(cell) is not None else ""
        text = cell.strip()
        if self.decimal == "." and CellReader(",").number(text) is not None:
            return "; --decimal , reads a decimal comma"
        if self.decimal != "." and "." in text and CellReader().number(text) is not None:
            return "; the decimal sign is a comma"
        return aside_of(text.encode(errors="surrogateescape"), self.patterns)


def plain_numbers(text: bytes, delimiter: bytes, width: int, decimal: str) -> Array | None:
    """Return the cells of whole lines as (rows, width), float64, many times as fast as one by one.

    None unless every cell is a plain decimal without blanks and every line has `width` of them.
    """
    if text.translate(None, b"0123456789+-eE\r\n" + decimal.encode() + delimiter):
        return None
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n")
    if not text.endswith(b"\n"):
        text += b"\n"
    data = np.frombuffer(text, np.uint8)
    marks = data[(data == _LINE_END) | (data == delimiter[0])]
    if marks.size % width:
        return None
    table = marks.reshape(-1, width)
    if not (table[:, -1] == _LINE_END).all() or (table[:, :-1] == _LINE_END).any():
        return None
    if decimal != ".":
        text = text.replace(decimal.encode(), b".")
    values = parse_block(text if delimiter in b",\t" else text.replace(delimiter, b","))
    return values.reshape(-1, width) if values is not None and values.size == marks.size else None
