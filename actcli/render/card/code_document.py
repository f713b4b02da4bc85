"""Code as output: to standard output, coloured for a person, or to a file."""

from pathlib import PurePath

from actcli.exits import UsageError
from actcli.render.code import SUFFIXES
from actcli.render.output.layout import is_standard_output
from actcli.render.output.surface import Surface, console, rich_style
from actcli.render.text.notation import in_ascii
from actcli.terminal import Terminal

_ANY_TEXT = ".txt"


def check_file(output: str | None, place: str) -> str | None:
    """Return the file for a place's code, None for standard output. Raises UsageError for another suffix."""
    if output is None or is_standard_output(output):
        return None
    if not output:
        raise UsageError("-o needs the name of a file, or - for standard output")
    if PurePath(output).suffix.lower() not in {SUFFIXES[place], _ANY_TEXT}:
        raise UsageError(f"-o {output!r}: --code {place} writes a {SUFFIXES[place]} file, or .txt")
    return output


def write_code(text: str, place: str, path: str | None, terminal: Terminal) -> None:
    """Write the code. Raises DataError when writing fails."""
    if path is not None:
        from actcli.render.output.outfile import atomic_file

        with atomic_file(path) as file:
            file.write(text.encode())
        return
    surface = Surface.of(terminal, to_file=False)
    shown = text if surface.unicode else in_ascii(text)
    terminal.write(surface.encoded(_highlight(shown, place, surface) if surface.color else shown))
    terminal.flush()


def _highlight(text: str, place: str, surface: Surface) -> str:
    """Return the same characters in the theme's colours."""
    from io import StringIO

    from pygments.token import Comment, Keyword, Name, Number, Operator, String
    from rich.style import Style
    from rich.syntax import ANSISyntaxTheme, Syntax

    words = {
        Comment: "dim",
        Keyword: "cyan",
        Operator.Word: "cyan",
        Name.Builtin: "cyan",
        Name.Decorator: "cyan",
        Name.Function: "bold",
        Name.Class: "bold",
        String: "green",
        Number: "yellow",
    }
    colors = ANSISyntaxTheme({token: Style.parse(rich_style(surface, word)) for token, word in words.items()})
    lexer = {"latex": "latex", "c": "c"}.get(place, "python")
    syntax = Syntax("", lexer, theme=colors, background_color="default")
    page = StringIO()
    # as text, since a block would be padded with blanks to the width, and cut there
    console(page, surface.width, surface).print(syntax.highlight(text.rstrip("\n")), soft_wrap=True, end="")
    return page.getvalue()
