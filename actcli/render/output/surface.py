"""The surface that tables and bars are drawn on: its width, characters and colours; and a Rich console that obeys."""

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from actcli.terminal import Terminal

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True)
class Surface:
    """The place on which results for a person are drawn.

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
        """Return the surface of stdout; or of a text file, which is UTF-8, has no colour and appears at the end."""
        width = terminal.size[0]
        if to_file:
            return cls(width, unicode=True, color=False, encoding="utf-8", live=False)
        return cls(width, terminal.unicode, terminal.color, terminal.encoding, live=True)

    @property
    def ellipsis(self) -> str:
        """The mark of something left out."""
        return "…" if self.unicode else "..."

    def encoded(self, text: str) -> bytes:
        """Return the text's bytes; a character that the encoding lacks becomes a question mark."""
        return text.encode(self.encoding, "replace")


def number_style(token: str, *, is_index: bool = False) -> str:
    """Return the Rich style of a number, or of a row or place number: what is no result is dim."""
    if is_index or token.endswith("nan"):
        return "dim"
    return "yellow" if token.endswith("inf") else ""


def console(page: IO[str], width: int, *, color: bool) -> "Console":
    """Return a Rich console that neither reads the environment nor takes a user's text for markup."""
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
