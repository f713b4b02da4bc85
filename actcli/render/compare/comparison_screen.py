"""A comparison as a table for a person, with the details, the chart and the answer below it.

Where it fits, each row is a quantity and each column a contender. Many contenders with few numbers each get a row
each instead. A table that is too wide is split into blocks of contenders.
"""

import io
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from actcli.analysis.compare.result import Column, Comparison, Contender, Record, Value, best
from actcli.render.compare.cells import (
    BEST,
    cell_text,
    full_heading,
    heading,
    legend,
    value_text,
    visible_columns,
)
from actcli.render.output.surface import Surface, console
from actcli.render.table.fit import column_width, pad, split_columns, table_width
from actcli.render.table.grid import ruled_table
from actcli.render.text.notation import in_ascii
from actcli.terminal import printable

if TYPE_CHECKING:
    from rich.text import Text

_NARROWEST = 40
"""On a narrower surface lines run over its edge."""
_LONGEST_NAME = 18
"""Letters of a specification or a text after which it continues on the next line."""
_HEADINGS = (16, 10, 0)
"""Letters of a heading on one line; the first number with which the table fits is used."""
_MOST_RECORDS = 60
_PARTS_OF_A_NAME = re.compile(r"[^:,/ ]*[:,/ ]+|[^:,/ ]+")
_PARTS_OF_A_TEXT = re.compile(r"\S+\s*")


@dataclass(frozen=True, slots=True)
class _Cell:
    """One cell of a table, with one line of text or several."""

    lines: tuple[str, ...]
    is_best: bool = False

    @property
    def width(self) -> int:
        """Return the terminal columns it takes without its mark."""
        return column_width(self.lines)


@dataclass(frozen=True, slots=True)
class _Grid:
    """A table before it is drawn: a head and rows; `titles` holds the title above each row, mostly blank."""

    head: tuple[_Cell, ...]
    rows: tuple[tuple[_Cell, ...], ...]
    titles: tuple[str, ...] = ()

    @property
    def widths(self) -> list[int]:
        """Return the width of each column with its marks."""
        widths = []
        for i, top in enumerate(self.head):
            column = [row[i] for row in self.rows]
            mark = 2 * any(cell.is_best for cell in column)
            widths.append(max([top.width, *(cell.width for cell in column)]) + mark)
        widths[0] = max(widths[0], column_width(self.titles))
        return widths

    @property
    def width(self) -> int:
        """Return the width of the whole table."""
        return table_width(self.widths)

    def split(self, room: int) -> Iterator["_Grid"]:
        """Yield tables of as many contenders as fit, each with the first column."""
        for places in split_columns(self.widths, room):
            rows = tuple(tuple(row[i] for i in places) for row in self.rows)
            yield replace(self, head=tuple(self.head[i] for i in places), rows=rows)


def comparison_screen(comparison: Comparison, surface: Surface, digits: int | None, chart: str = "") -> str:
    """Return the comparison as text, in the surface's width, characters and colours; the answer comes last."""
    room = max(surface.width, _NARROWEST)
    comparison = replace(comparison, columns=visible_columns(comparison))
    blocks = [_draw(grid, surface) for grid in _main_grids(comparison, digits, room)]
    for name in comparison.shown:
        blocks += _details(comparison.contenders, name, surface, digits, room)
    blocks += [chart] if chart else []
    if comparison.answer:
        blocks.append(_wrap(comparison.answer, surface, room))
    return "\n".join(blocks)


def _main_grids(comparison: Comparison, digits: int | None, room: int) -> list[_Grid]:
    """Return the table in the form that fits: contenders beside each other, below each other, or in blocks."""
    beside = _beside(comparison, digits)
    below = [_below(comparison, digits, letters) for letters in _HEADINGS]
    many = len(comparison.contenders) > len(comparison.columns)
    forms = (*below, beside) if many else (beside, *below)
    fitting = next((grid for grid in forms if grid.width <= room), None)
    return [fitting] if fitting else list(beside.split(room))


def _corner(comparison: Comparison) -> _Cell:
    return _Cell((legend(comparison, comparison.columns),))


def _beside(comparison: Comparison, digits: int | None) -> _Grid:
    """Return a table with one row per quantity; groups have a title."""
    head = (_corner(comparison), *(_name(contender.function) for contender in comparison.contenders))
    rows, titles, group = [], [], ""
    for column in comparison.columns:
        winners = best(comparison, column)
        cells = (
            _value_cell(contender, column, digits, is_best=i in winners)
            for i, contender in enumerate(comparison.contenders)
        )
        titles.append(column.group if column.group != group else "")
        group = column.group
        rows.append((_Cell(("  " * bool(group) + heading(column),)), *cells))
    return _Grid(head, tuple(rows), tuple(titles))


def _below(comparison: Comparison, digits: int | None, letters: int) -> _Grid:
    """Return a table with one row per contender; headings continue on the next line after so many letters."""
    columns = comparison.columns
    head = [_Cell(_fold(full_heading(column), 0, _PARTS_OF_A_TEXT)) for column in columns]
    winners = [best(comparison, column) for column in columns]
    rows = tuple(
        (
            _Cell((printable(contender.function),)),
            *(
                _value_cell(contender, column, digits, is_best=row in winners[i])
                for i, column in enumerate(columns)
            ),
        )
        for row, contender in enumerate(comparison.contenders)
    )
    widths = [max((row[i + 1].width for row in rows), default=0) for i in range(len(columns))]
    # a heading may be as wide as the numbers below it
    folded = (
        _Cell(_fold(full_heading(column), max(width, top.width, letters), _PARTS_OF_A_TEXT))
        for column, width, top in zip(columns, widths, head, strict=True)
    )
    return _Grid((_corner(comparison), *folded), rows)


def _name(spec: str) -> _Cell:
    """Return a specification as a heading, its lines flush left so that it reads as one word."""
    lines = _fold(printable(spec), _LONGEST_NAME, _PARTS_OF_A_NAME)
    return _Cell(tuple(pad(line, column_width(lines), left=True) for line in lines))


def _value_cell(contender: Contender, column: Column, digits: int | None, *, is_best: bool) -> _Cell:
    text = cell_text(contender, column, digits)
    is_text = isinstance(contender.value(column.name), str | tuple)
    return _Cell(_fold(text, _LONGEST_NAME, _PARTS_OF_A_TEXT) if is_text else (text,), is_best)


def _fold(text: str, room: int, parts: re.Pattern[str]) -> tuple[str, ...]:
    """Return the text in lines of at most `room` letters, split only between matches of the pattern."""
    lines: list[str] = []
    for part in parts.findall(text):
        if lines and len(lines[-1] + part.rstrip()) <= room:
            lines[-1] += part
        else:
            lines.append(part)
    return tuple(line.rstrip() for line in lines) or ("",)


def _draw(grid: _Grid, surface: Surface) -> str:
    """Return the table as text; the best values are bold, green and marked."""
    from rich.text import Text

    if not surface.unicode:
        grid = _Grid(
            tuple(map(_in_ascii, grid.head)),
            tuple(tuple(map(_in_ascii, row)) for row in grid.rows),
            tuple(map(in_ascii, grid.titles)),
        )
    widths = grid.widths
    marked = [any(row[i].is_best for row in grid.rows) for i in range(len(grid.head))]

    def text(cell: _Cell, i: int, style: str) -> "Text":
        return _pad(cell, widths[i], surface, style, left=i == 0, marked=marked[i])

    table = ruled_table(surface)
    for i, cell in enumerate(grid.head):
        table.add_column(text(cell, i, "bold" if i else "dim"), no_wrap=True)
    for title, row in zip(grid.titles or [""] * len(grid.rows), grid.rows, strict=True):
        if title:
            table.add_row(Text(title, "bold"))
        table.add_row(*(text(cell, i, "" if i else "dim") for i, cell in enumerate(row)))
    page = io.StringIO()
    console(page, max(surface.width, grid.width), surface).print(table)
    return "".join(line.rstrip() + "\n" for line in page.getvalue().splitlines())


def _in_ascii(cell: _Cell) -> _Cell:
    return replace(cell, lines=tuple(map(in_ascii, cell.lines)))


def _pad(cell: _Cell, width: int, surface: Surface, style: str, *, left: bool, marked: bool) -> "Text":
    """Return the cell's lines padded to the width, flush left or right; room for a mark behind where one is needed."""
    from rich.text import Text

    mark = f" {BEST}" if surface.unicode else f" {in_ascii(BEST)}"
    lines = []
    for i, line in enumerate(cell.lines):
        behind = (mark if cell.is_best and i == 0 else "  ") if marked and not left else ""
        lines.append(pad(line, width - len(behind), left=left) + behind)
    return Text("\n".join(lines), "bold green" if cell.is_best else style)


def _details(
    contenders: Sequence[Contender], name: str, surface: Surface, digits: int | None, room: int
) -> Iterator[str]:
    """Yield one detail of all contenders: one table where they share their first column, else a table each."""
    from rich.text import Text

    with_detail = [contender for contender in contenders if contender.details.get(name)]
    title = name.replace("_", " ")
    if len(with_detail) > 1 and _share_keys([contender.details[name] for contender in with_detail]):
        for grid in _join_details(with_detail, name, digits).split(room):
            yield _print(Text(title, "bold"), surface) + _draw(grid, surface)
        yield from _count_cut(with_detail[0].details[name])
        return
    for contender in with_detail:
        owner = f"  {printable(contender.function)}" if len(contenders) > 1 else ""
        table = _draw(_records(contender.details[name], digits), surface)
        yield _print(Text.assemble((title, "bold"), owner), surface) + table
        yield from _count_cut(contender.details[name])


def _share_keys(details: Sequence[Sequence[Record]]) -> bool:
    """Return whether the records are pairs with the same first values, so that one table can hold all."""
    keys = [[tuple(record)[:1] + tuple(record.values())[:1] for record in records] for records in details]
    return all(len(record) == 2 for record in details[0]) and all(other == keys[0] for other in keys[1:])


def _join_details(contenders: Sequence[Contender], name: str, digits: int | None) -> _Grid:
    """Return a table of pairs: the first value once, then the second value of each contender."""
    first = contenders[0].details[name][:_MOST_RECORDS]
    columns = [[list(record.values())[1] for record in one.details[name]] for one in contenders]
    rows = tuple(
        (
            _Cell((value_text(next(iter(record.values())), digits),)),
            *(_Cell((value_text(column[i], digits),)) for column in columns),
        )
        for i, record in enumerate(first)
    )
    return _Grid((_Cell((next(iter(first[0])),)), *(_name(one.function) for one in contenders)), rows)


def _records(records: Sequence[Record], digits: int | None) -> _Grid:
    head = tuple(_Cell((key.replace("_", " "),)) for key in records[0])
    rows = tuple(
        tuple(_Cell((_foreign_text(value, digits),)) for value in record.values())
        for record in records[:_MOST_RECORDS]
    )
    return _Grid(head, rows)


def _foreign_text(value: Value, digits: int | None) -> str:
    # a kernel that returned nan did return a value
    return "nan" if isinstance(value, float) and math.isnan(value) else value_text(value, digits)


def _count_cut(records: Sequence[Record]) -> Iterator[str]:
    cut = len(records) - _MOST_RECORDS
    if cut > 0:
        yield f"and {cut:,} more; --format json has them all\n"


def _print(title: "Text", surface: Surface) -> str:
    page = io.StringIO()
    console(page, max(surface.width, len(title)), surface).print(title)
    return page.getvalue()


def _wrap(sentence: str, surface: Surface, room: int) -> str:
    from textwrap import wrap

    text = printable(sentence)
    return "".join(f"{line}\n" for line in wrap(text if surface.unicode else in_ascii(text), room))
