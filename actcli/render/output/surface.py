"""What a table or a bar is drawn on: its width, characters and colours; and Rich, told all of them by us."""

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from actcli.terminal import Terminal

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True)
class Surface:
    """What results for a person are drawn on.

    Attributes:
        width: columns.
        unicode: whether it shows box characters.
        color: whether it shows colours.
        encoding: the name of its encoding.
        live: whether each line appears as soon as it is written.

    """

    width: int
    unicode: bool
    color: bool
    encoding: str
    live: bool

    @classmethod
    def of(cls, terminal: Terminal, *, to_file: bool) -> "Surface":
        """The terminal's stdout; or a text file, which has no colour, is UTF-8 and waits for the end."""
        width = terminal.size[0]
        if to_file:
            return cls(width, unicode=True, color=False, encoding="utf-8", live=False)
        return cls(width, terminal.unicode, terminal.color, terminal.encoding, live=True)

    def encoded(self, text: str) -> bytes:
        """The text's bytes; what the encoding does not have becomes a question mark."""
        return text.encode(self.encoding, "replace")


def number_style(token: str, *, is_place: bool = False) -> str:
    """The Rich style of a number, or of the place of a number: what is no result stands back."""
    if is_place or token.endswith("nan"):
        return "dim"
    return "yellow" if token.endswith("inf") else ""


def console(page: IO[str], width: int, *, color: bool) -> "Console":
    """A Rich console that neither asks the environment nor reads a user's text as markup."""
    from rich.console import Console

    return Console(
        file=page,
        width=width,
        height=100,  # with a width alone it would ask the terminal
        color_system="standard" if color else None,
        force_terminal=color,
        no_color=not color,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
    )
