"""A comparison as a person sees it: the table, the best marked, the details and notes below it.

Where it fits, a row is what is measured and a column a contender. Many contenders with few numbers each stand
below each other instead; a table that is too wide is cut into blocks of contenders.
"""

import io
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from actcli.analysis.compare.result import Column, Comparison, Contender, Record, Value, best
from actcli.render.compare.comparison import BEST, full_heading, heading, shown
from actcli.render.output.surface import Surface, console
from actcli.render.table.grid import in_script, ruled_table
from actcli.render.text.cells import printable

if TYPE_CHECKING:
    from rich.text import Text

_NARROWEST = 40
"""Columns below which lines get longer than the surface."""
_GAP = 2
_LONGEST_NAME = 18
"""Letters of a specification or a text after which it goes on in the next line, where it can be parted."""
_HEADINGS = (16, 10, 0)
"""Letters of a heading in one line, as far as the width allows."""
_MOST_RECORDS = 60
_PARTS_OF_A_NAME = re.compile(r"[^:,/ ]*[:,/ ]+|[^:,/ ]+")
_PARTS_OF_A_TEXT = re.compile(r"\S+\s*")


@dataclass(frozen=True, slots=True)
class _Cell:
    """What stands in one place of a table, in one line or several."""

    lines: tuple[str, ...]
    is_best: bool = False
    is_text: bool = False

    @property
    def width(self) -> int:
        """The columns it takes without a mark."""
        from rich.cells import cell_len

        return max(map(cell_len, self.lines))


@dataclass(frozen=True, slots=True)
class _Grid:
    """A table before it is drawn: a head and rows, the first column flush left; `title` in front of some rows."""

    head: tuple[_Cell, ...]
    rows: tuple[tuple[_Cell, ...], ...]
    titles: tuple[str, ...] = ()

    @property
    def widths(self) -> list[int]:
        """Of each column, with its marks."""
        widths = []
        for place, top in enumerate(self.head):
            column = [row[place] for row in self.rows]
            mark = 2 * any(cell.is_best for cell in column)
            widths.append(max([top.width, *(cell.width for cell in column)]) + mark)
        widths[0] = max([widths[0], *map(len, self.titles)])
        return widths

    @property
    def width(self) -> int:
        """Of the whole table."""
        return sum(self.widths) + _GAP * (len(self.head) - 1)

    def columns(self, places: Sequence[int]) -> "_Grid":
        """The first column and some others."""
        kept = (0, *places)
        rows = tuple(tuple(row[i] for i in kept) for row in self.rows)
        return replace(self, head=tuple(self.head[i] for i in kept), rows=rows)


def comparison_screen(comparison: Comparison, surface: Surface, digits: int | None, chart: str = "") -> str:
    """The comparison's text, in the surface's width, characters and colours; `chart` stands above the notes."""
    room = max(surface.width, _NARROWEST)
    comparison = _with_something(comparison)
    line, grids = _main_grids(comparison, digits, room)
    blocks = [_drawn(grid, surface) for grid in grids]
    if any(best(comparison, column) for column in comparison.columns):
        blocks[-1] += f"{BEST[not surface.unicode]} the best of its {line}\n"
    for name in comparison.shown:
        blocks += _details(comparison.contenders, name, surface, digits, room)
    blocks += [chart] if chart else []
    if comparison.notes:
        blocks.append(_notes(comparison.notes, surface, room))
    return "\n".join(blocks)


def _with_something(comparison: Comparison) -> Comparison:
    """Without the columns in which no contender has anything, or anything that another column does not say."""
    columns = tuple(
        column
        for column in comparison.columns
        if any(
            contender.value(column.name) not in {None, contender.value(column.unlike)}
            for contender in comparison.contenders
        )
    )
    return replace(comparison, columns=columns) if columns else comparison


def _main_grids(comparison: Comparison, digits: int | None, room: int) -> tuple[str, list[_Grid]]:
    """The table in the form that fits: contenders beside each other, below each other, or in blocks.

    In front: the line, row or column, that holds one kind of number.
    """
    beside = ("row", _beside(comparison, digits))
    below = [("column", _below(comparison, digits, letters)) for letters in _HEADINGS]
    many = len(comparison.contenders) > len(comparison.columns)
    for line, grid in (*below, beside) if many else (beside, *below):
        if grid.width <= room:
            return line, [grid]
    return "row", list(_in_blocks(beside[1], room))


def _beside(comparison: Comparison, digits: int | None) -> _Grid:
    """A row for each thing measured; groups have a title."""
    head = (_Cell(("",)), *(_name(contender.function) for contender in comparison.contenders))
    rows, titles, group = [], [], ""
    for column in comparison.columns:
        winners = best(comparison, column)
        cells = (
            _value(contender, column, digits, is_best=i in winners)
            for i, contender in enumerate(comparison.contenders)
        )
        titles.append(column.group if column.group != group else "")
        group = column.group
        rows.append((_Cell(("  " * bool(group) + heading(column),)), *cells))
    return _Grid(head, tuple(rows), tuple(titles))


def _below(comparison: Comparison, digits: int | None, letters: int) -> _Grid:
    """A row for each contender; headings go on in the next line after so many letters."""
    columns = comparison.columns
    head = (_Cell(("",)), *(_Cell(_folded(full_heading(column), 0, _PARTS_OF_A_TEXT)) for column in columns))
    winners = [best(comparison, column) for column in columns]
    rows = tuple(
        (
            _Cell((printable(contender.function),)),
            *(
                _value(contender, column, digits, is_best=place in winners[i])
                for i, column in enumerate(columns)
            ),
        )
        for place, contender in enumerate(comparison.contenders)
    )
    widths = [max((row[i + 1].width for row in rows), default=0) for i in range(len(columns))]
    # a heading takes the width that its numbers need anyway
    folded = (
        _Cell(_folded(full_heading(column), max(width, top.width, letters), _PARTS_OF_A_TEXT))
        for column, width, top in zip(columns, widths, head[1:], strict=True)
    )
    return _Grid((head[0], *folded), rows)


def _in_blocks(grid: _Grid, room: int) -> Iterator[_Grid]:
    """As many contenders as fit, then the next."""
    first, *widths = grid.widths
    start = 0
    while start < len(widths):
        end, used = start + 1, first + _GAP + widths[start]
        while end < len(widths) and used + _GAP + widths[end] <= room:
            used += _GAP + widths[end]
            end += 1
        yield grid.columns(range(start + 1, end + 1))
        start = end


def _name(spec: str) -> _Cell:
    """A specification as a heading; its lines begin below each other, so that it reads as one."""
    from rich.cells import cell_len

    lines = _folded(printable(spec), _LONGEST_NAME, _PARTS_OF_A_NAME)
    width = max(map(cell_len, lines))
    return _Cell(tuple(line + " " * (width - cell_len(line)) for line in lines))


def _value(contender: Contender, column: Column, digits: int | None, *, is_best: bool) -> _Cell:
    value = contender.value(column.name)
    text = shown(value, digits)
    lines = _folded(text, _LONGEST_NAME, _PARTS_OF_A_TEXT) if isinstance(value, str | tuple) else (text,)
    return _Cell(lines, is_best)


def _folded(text: str, room: int, parts: re.Pattern[str]) -> tuple[str, ...]:
    """The text in lines of at most `room` letters, parted only where the pattern parts it."""
    lines: list[str] = []
    for part in parts.findall(text):
        if lines and len(lines[-1] + part.rstrip()) <= room:
            lines[-1] += part
        else:
            lines.append(part)
    return tuple(line.rstrip() for line in lines) or ("",)


def _drawn(grid: _Grid, surface: Surface) -> str:
    """The table as text; the best is bold and green, and marked."""
    from rich.text import Text

    said = in_script(surface)
    in_script_grid = _Grid(
        tuple(_said(cell, surface) for cell in grid.head),
        tuple(tuple(_said(cell, surface) for cell in row) for row in grid.rows),
        tuple(map(said, grid.titles)),
    )
    widths = in_script_grid.widths
    marked = [any(row[i].is_best for row in grid.rows) for i in range(len(grid.head))]
    table = ruled_table(surface)
    for place, cell in enumerate(in_script_grid.head):
        table.add_column(_flush(cell, widths[place], marked[place], place, surface, "bold"), no_wrap=True)
    for title, row in zip(grid.titles or [""] * len(grid.rows), in_script_grid.rows, strict=True):
        if title:
            table.add_row(Text(said(title), "bold"))
        table.add_row(
            *(
                _flush(cell, widths[i], marked[i], i, surface, "dim" if i == 0 else "")
                for i, cell in enumerate(row)
            )
        )
    page = io.StringIO()
    console(page, max(surface.width, in_script_grid.width), color=surface.color).print(table)
    return "".join(line.rstrip() + "\n" for line in page.getvalue().splitlines())


def _said(cell: _Cell, surface: Surface) -> _Cell:
    said = in_script(surface)
    return replace(cell, lines=tuple(map(said, cell.lines)))


def _flush(cell: _Cell, width: int, marked: bool, place: int, surface: Surface, style: str) -> "Text":
    """The lines padded to the column's width: the first column to the left, others to the right, a mark behind."""
    from rich.cells import cell_len
    from rich.text import Text

    room = width - 2 * marked
    mark = f" {BEST[not surface.unicode]}"
    lines = []
    for i, line in enumerate(cell.lines):
        blanks = " " * (room - cell_len(line))
        behind = (mark if cell.is_best and i == 0 else "  ") if marked else ""
        lines.append(line + blanks if place == 0 else blanks + line + behind)
    return Text("\n".join(lines), "bold green" if cell.is_best else style)


def _details(
    contenders: Sequence[Contender], name: str, surface: Surface, digits: int | None, room: int
) -> Iterator[str]:
    """A detail of all contenders: beside each other where they share their first column, else one by one."""
    from rich.text import Text

    having = [contender for contender in contenders if contender.details.get(name)]
    title = name.replace("_", " ")
    if len(having) > 1 and _alike([contender.details[name] for contender in having]):
        for grid in _in_blocks(_joined(having, name, digits), room):
            yield _titled(Text(title, "bold"), surface) + _drawn(grid, surface)
        yield from _rest(having[0].details[name])
        return
    for contender in having:
        heads = Text.assemble(
            (title, "bold"), f"  {printable(contender.function)}" if len(contenders) > 1 else ""
        )
        yield _titled(heads, surface) + _drawn(_records(contender.details[name], digits), surface)
        yield from _rest(contender.details[name])


def _alike(details: Sequence[Sequence[Record]]) -> bool:
    """Whether the records are pairs with the same first values: one table can hold all."""
    keys = [[tuple(record)[:1] + tuple(record.values())[:1] for record in records] for records in details]
    return all(len(record) == 2 for record in details[0]) and all(other == keys[0] for other in keys[1:])


def _joined(having: Sequence[Contender], name: str, digits: int | None) -> _Grid:
    first = having[0].details[name][:_MOST_RECORDS]
    columns = [[list(record.values())[1] for record in c.details[name][:_MOST_RECORDS]] for c in having]
    rows = tuple(
        (
            _Cell((shown(next(iter(record.values())), digits),)),
            *(_Cell((shown(column[i], digits),)) for column in columns),
        )
        for i, record in enumerate(first)
    )
    return _Grid((_Cell((next(iter(first[0])),)), *(_name(contender.function) for contender in having)), rows)


def _records(records: Sequence[Record], digits: int | None) -> _Grid:
    head = tuple(_Cell((key.replace("_", " "),)) for key in records[0])
    rows = tuple(
        tuple(_Cell((_found(value, digits),)) for value in record.values())
        for record in records[:_MOST_RECORDS]
    )
    return _Grid(head, rows)


def _found(value: Value, digits: int | None) -> str:
    # what somebody's kernel returned is no missing number
    return "nan" if isinstance(value, float) and math.isnan(value) else shown(value, digits)


def _rest(records: Sequence[Record]) -> Iterator[str]:
    left = len(records) - _MOST_RECORDS
    if left > 0:
        yield f"and {left:,} more; --format json has them all\n"


def _titled(title: "Text", surface: Surface) -> str:
    page = io.StringIO()
    console(page, max(surface.width, len(title)), color=surface.color).print(title)
    return page.getvalue()


def _notes(notes: Sequence[str], surface: Surface, room: int) -> str:
    from textwrap import wrap

    said = in_script(surface)
    lines = [line for note in notes for line in wrap(said(printable(note)), room, subsequent_indent="  ")]
    return "".join(f"{line}\n" for line in lines)
