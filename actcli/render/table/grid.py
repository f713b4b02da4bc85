"""Tables without a frame: a rule below the head, columns two blanks apart."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from actcli.render.output.surface import Surface, console
from actcli.render.table.fit import column_width, cut_end, table_width
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
        styles: a Rich style per row; none at all for plain text.
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
    """Return the table as text in the surface's characters and colours. Nothing is cut, however narrow the surface."""
    from rich.text import Text

    columns = [in_characters(column, surface) for column in columns]
    table = ruled_table(surface)
    for column in columns:
        justify = "left" if column.left else "right"
        table.add_column(Text(column.heading, "bold"), no_wrap=True, justify=justify)  # type: ignore[arg-type]
    for row in range(len(columns[0].texts)):
        styles = (column.styles[row] if column.styles else "" for column in columns)
        table.add_row(*(Text(c.texts[row], style) for c, style in zip(columns, styles, strict=True)))
    page = io.StringIO()
    width = max(surface.width, table_width([column.width for column in columns]))
    console(page, width, color=surface.color).print(table)
    return strip_lines(page.getvalue())


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
