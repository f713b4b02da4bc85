"""The text in a comparison's cells and headings, the same in tables, Markdown and charts."""

import math
from collections.abc import Sequence

from actcli.analysis.compare.result import Column, Comparison, Contender, Value, best
from actcli.analysis.wording import with_error
from actcli.render.text import notation
from actcli.terminal import printable

DIGITS = 4
"""Significant digits where neither the reader nor the column asks for others."""
_PLAIN = 1e7
"""Whole numbers below it are written out."""
BEST = "◂"
"""The mark behind the best value."""


def heading(column: Column) -> str:
    """Return the column's heading with its unit."""
    return f"{column.heading}, {column.unit}" if column.unit else column.heading


def full_heading(column: Column) -> str:
    """Return the heading with the column's group in front, where it has one."""
    return f"{column.group} {heading(column)}" if column.group else heading(column)


def visible_columns(comparison: Comparison) -> tuple[Column, ...]:
    """Return the columns that a table shows.

    Left out are standard errors, which stand in the cell of their mean, columns without any value, and columns that
    repeat the column named in `unlike`; all columns where nothing would be left.
    """
    errors = {column.error for column in comparison.columns}
    columns = tuple(
        column
        for column in comparison.columns
        if column.name not in errors
        and any(
            contender.value(column.name) not in {None, contender.value(column.unlike)}
            for contender in comparison.contenders
        )
    )
    return columns or comparison.columns


def legend(comparison: Comparison, columns: Sequence[Column]) -> str:
    """Return the key to the mark of the best values; blank where nothing is marked."""
    return f"{BEST} best" if any(best(comparison, column) for column in columns) else ""


def cell_text(contender: Contender, column: Column, digits: int | None) -> str:
    """Return a contender's value in a column as text, with its standard error: `0.8183`, `1.18 ± 0.16`, `x ≤ 0`.

    `digits` is the number of significant digits of the request; None shows as many as make sense. A value that is
    float64's alone has ≈ in front.
    """
    value, error = contender.value(column.name), contender.value(column.error)
    if (
        isinstance(value, float)
        and isinstance(error, float)
        and math.isfinite(value)
        and 0 < error < math.inf
    ):
        if digits is None:
            return with_error(value, error)
        return f"{notation.number(value, digits)} ± {notation.number(error, digits)}"
    about = "≈ " if value is not None and column.name in contender.approximate else ""
    return about + value_text(value, digits, column.digits or DIGITS)


def value_text(value: Value, digits: int | None, usual: int = DIGITS) -> str:
    """Return a value as text: `0.8183`, `∞`, `yes`, `x ≤ 0`; `–` where there is none.

    `usual` is the number of significant digits where `digits` is None; whole numbers then keep all of theirs.
    """
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float() if digits is None and value.is_integer() and abs(value) < _PLAIN:
            return f"{value + 0.0:,.0f}"
        case float():
            return notation.number(value, digits or usual)
        case tuple():
            return notation.region(value, digits or usual)
        case _:
            return printable(value)


def beside_each_other(comparison: Comparison, digits: int | None) -> list[list[str]]:
    """Return one row per quantity and one column per contender, with the best of each row marked."""
    columns = visible_columns(comparison)
    rows = [[legend(comparison, columns), *(printable(one.function) for one in comparison.contenders)]]
    for column in columns:
        winners = best(comparison, column)
        cells = [cell_text(c, column, digits) for c in comparison.contenders]
        marked = [f"{text} {BEST}" if i in winners else text for i, text in enumerate(cells)]
        rows.append([full_heading(column), *marked])
    return rows
