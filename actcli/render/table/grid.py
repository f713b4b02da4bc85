"""Tables without a frame, for text more than for numbers: a rule below the head, columns two blanks apart."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from actcli.render.output.surface import Surface
from actcli.render.text.notation import in_ascii

if TYPE_CHECKING:
    from rich.table import Table

_ASCII_RULE = "    \n    \n -- \n    \n    \n    \n    \n    \n"


def in_script(surface: Surface) -> Callable[[str], str]:
    """What turns a text into the characters that the surface has."""
    return str if surface.unicode else in_ascii


def cut(text: str, room: int, surface: Surface) -> str:
    """The text, or as much of it as `room` columns show, with an ellipsis."""
    ellipsis = "…" if surface.unicode else "..."
    return text if len(text) <= room else text[: room - len(ellipsis)].rstrip() + ellipsis


def ruled_table(surface: Surface) -> "Table":
    """A table with a rule below its head and no other line."""
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
