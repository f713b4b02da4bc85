"""Tables without a frame: a rule below the head, columns two blanks apart."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import zip_longest
from typing import TYPE_CHECKING

from actcli.dataclass import dataclass
from actcli.render.output.surface import Surface
from actcli.render.table.fit import GAP, column_width, cut_end, table_width, text_width
from actcli.render.text.notation import in_ascii

if TYPE_CHECKING:
    from rich.table import Table

_ASCII_RULE = "    \n    \n -- \n    \n    \n    \n    \n    \n"


@dataclass(frozen=True, slots=True)
class GridColumn:
    """A column of a table.

    Attributes:
        heading: its head, bold.
        texts: a text per row.
        styles: a style per row (`bold red`); none at all for plain text.
        left: whether it is flush left.

    """

    heading: str
    texts: Sequence[str]
    styles: Sequence[str] = ()
    left: bool = False

    @property
    def width(self) -> int:
        """Return how many terminal columns it takes."""
        return column_width((self.heading, *self.texts))


def draw_grid(columns: Sequence[GridColumn], surface: Surface) -> str:
    """Return the table as text in the surface's characters and colours. Nothing is cut, however narrow the surface.

    Written by hand: Rich's own table takes nine times as long, which counts for a model of thousands of layers.
    """
    columns = [in_characters(column, surface) for column in columns]
    widths = [column.width for column in columns]
    sides = [column.left for column in columns]
    paint = cache(surface.colors.paint) if surface.color else _leave
    styles = zip(*(column.styles or ("",) * len(column.texts) for column in columns), strict=True)
    rows = zip(zip(*(column.texts for column in columns), strict=True), styles, strict=True)
    rule = ("─" if surface.unicode else "-") * table_width(widths)
    height = max(column.heading.count("\n") for column in columns)
    heads = ["\n" * (height - column.heading.count("\n")) + column.heading for column in columns]
    lines = [
        *_row_lines(heads, ["bold"] * len(columns), widths, sides, paint),
        paint(rule, "dim"),
        *(line for texts, own in rows for line in _row_lines(texts, own, widths, sides, paint)),
    ]
    return "".join(f"{line}\n" for line in lines)


def _row_lines(
    texts: Sequence[str],
    styles: Sequence[str],
    widths: Sequence[int],
    sides: Sequence[bool],
    paint: Callable[[str, str], str],
) -> Iterator[str]:
    """Yield the lines of a row: as many as its highest cell has, without blanks at their ends."""
    for parts in zip_longest(*(text.split("\n") for text in texts), fillvalue=""):
        cells = [
            f"{paint(part, style)}{blanks}" if left else f"{blanks}{paint(part, style)}"
            for part, style, width, left in zip(parts, styles, widths, sides, strict=True)
            for blanks in [" " * (width - text_width(part))]
        ]
        yield (" " * GAP).join(cells).rstrip()


def _leave(text: str, style: str) -> str:  # noqa: ARG001 - in place of _paint
    return text


def in_characters(column: GridColumn, surface: Surface) -> GridColumn:
    """Return the column in the characters that the surface has."""
    if surface.unicode:
        return column
    return replace(column, heading=in_ascii(column.heading), texts=tuple(map(in_ascii, column.texts)))


def strip_lines(text: str) -> str:
    """Return the lines without blanks at their ends."""
    return "".join(line.rstrip() + "\n" for line in text.splitlines())


def in_script(surface: Surface) -> Callable[[str], str]:
    """Return the function that turns a text into the characters that the surface has."""
    return str if surface.unicode else in_ascii


def cut(text: str, room: int, surface: Surface) -> str:
    """Return the text, or as much of it as fits into `room` columns, with an ellipsis."""
    return cut_end(text, room, surface.ellipsis)


def ruled_table(surface: Surface) -> "Table":
    """Return an empty Rich table with a rule below its head and no other line."""
    from rich import box
    from rich.table import Table

    return Table(
        box=box.SIMPLE_HEAD if surface.unicode else box.Box(_ASCII_RULE, ascii=True),
        safe_box=False,
        show_edge=False,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        border_style="dim",
    )
