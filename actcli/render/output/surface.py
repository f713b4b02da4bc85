"""The surface that tables and bars are drawn on: its width, characters and colours; and a Rich console that obeys."""

import re
from typing import IO, TYPE_CHECKING

from actcli.dataclass import dataclass
from actcli.terminal import Terminal

if TYPE_CHECKING:
    from rich.console import Console

    from actcli.render.text.theme import Theme


_WORDS = ("red", "green", "yellow", "cyan", "dim")
_BAR = {"back": "dim", "complete": "cyan", "finished": "green"}
"""The parts of Rich's progress bar."""


@dataclass(frozen=True, slots=True)
class Surface:
    """The place on which results for a person are drawn.

    Attributes:
        width: columns.
        unicode: whether it shows box characters.
        color: whether it shows colours.
        encoding: the name of its encoding.
        live: whether each line appears as soon as it is written.
        theme: the name of its colours.
        true_color: whether it mixes colours.

    """

    width: int
    unicode: bool
    color: bool
    encoding: str
    live: bool
    theme: str = "auto"
    true_color: bool = False

    @classmethod
    def of(cls, terminal: Terminal, *, to_file: bool) -> "Surface":
        """Return the surface of stdout; or of a text file, which is UTF-8, has no colour and appears at the end."""
        width, theme = terminal.size[0], terminal.theme
        if to_file:
            return cls(width, unicode=True, color=False, encoding="utf-8", live=False, theme=theme)
        return cls(
            width, terminal.unicode, terminal.color, terminal.encoding, True, theme, terminal.true_color
        )

    @property
    def colors(self) -> "Theme":
        """The colours, whether they are shown or not."""
        from actcli.render.text.theme import theme_named

        return theme_named(self.theme, true_color=self.true_color)

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


def console(page: IO[str], width: int, surface: Surface) -> "Console":
    """Return a Rich console in the surface's colours. It neither reads the environment nor takes a text for markup."""
    from rich.console import Console
    from rich.theme import Theme as RichTheme

    color = surface.color
    styles = {
        **{style: rich_style(surface, style) for word in _WORDS for style in (word, f"bold {word}")},
        **{f"bar.{part}": rich_style(surface, word) for part, word in _BAR.items()},
    }

    return Console(
        file=page,
        width=width,
        height=100,  # with a width alone it would ask the terminal
        color_system="truecolor" if color else None,
        theme=RichTheme(styles) if color else None,
        force_terminal=color,
        no_color=not color,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
    )


def rich_style(surface: Surface, style: str) -> str:
    """Return a style in words (`bold red`) as Rich's name of the theme's colour: `bold color(163)`."""
    code = surface.colors.code(style)
    code = re.sub(r"38;2;(\d+);(\d+);(\d+)", r"rgb(\1,\2,\3)", re.sub(r"38;5;(\d+)", r"color(\1)", code))
    words = {"1": "bold", "2": "dim"}
    return " ".join(words.get(part, part) for part in code.split(";")) or "none"
