"""Manual pages from the declarations of the commands: `python docs/man_pages.py [FOLDER]` writes docs/man."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from actcli.app import COMMANDS, EPILOG, actcli, app
from actcli.commands.session import Session
from actcli.terminal import Terminal

FOLDER = Path(__file__).with_name("man")


def pages() -> dict[str, str]:
    """Return the pages by the names of their files."""
    group: Any = typer.main.get_command(app)
    session = Session(Terminal(None, None, None))
    with group.make_context("actcli", ["eval"], resilient_parsing=True, obj=session) as context:
        written = {
            "actcli.1": _page(
                "actcli", actcli.__doc__ or "", group.get_params(context), EPILOG, list(_commands())
            )
        }
        for name in COMMANDS:
            command = group.get_command(context, name)
            with command.make_context(name, [], parent=context, resilient_parsing=True) as inner:
                synopsis = " ".join(command.collect_usage_pieces(inner))
                parameters = command.get_params(inner)
                written[f"actcli-{name}.1"] = _page(
                    f"actcli-{name}", command.help or "", parameters, command.epilog or "", [], synopsis
                )
    return written


def _commands() -> Iterator[str]:
    yield ".SH COMMANDS"
    for name, summary in COMMANDS.items():
        yield from (".TP", f".BR actcli\\-{name} (1)", _text(summary))


def _page(
    name: str,
    about: str,
    parameters: list[Any],
    epilog: str,
    more: list[str],
    synopsis: str = "[OPTIONS] COMMAND [ARGS]...",
) -> str:
    """Return a page: name, synopsis, description, arguments and options by their headings, the epilog."""
    first, _, rest = about.strip().partition("\n")
    line = [
        f'.TH {_text(name.upper())} 1 "" actcli "actcli manual"',
        ".SH NAME",
        f"{_text(name)} \\- {_text(first.rstrip('.'))}",
    ]
    line += [
        ".SH SYNOPSIS",
        f".B {_text(name.replace('-', ' ', 1))}",
        _text(synopsis),
        ".SH DESCRIPTION",
        _text(first),
    ]
    for paragraph in filter(str.strip, rest.split("\n\n")):
        line += [".PP", _text(" ".join(paragraph.split()))]
    line += more
    heading = None
    for one in parameters:
        panel = getattr(one, "rich_help_panel", None) or "Options"
        if panel != heading:
            heading = panel
            line.append(f'.SH "{panel.upper()}"')
        metavar = f" {one.metavar}" if one.metavar and one.param_type_name == "option" else ""
        names = ", ".join(sorted(one.opts, key=len)) if one.param_type_name == "option" else str(one.metavar)
        line += [".TP", f".B {_text(names + metavar)}", _text(str(one.help))]
    for block in filter(str.strip, epilog.split("\n\n")):
        title, _, body = block.strip("\n").partition(":\n")
        line += [f'.SH "{title.upper()}"', ".nf", *map(_text, body.split("\n")), ".fi"]
    line += [".SH SEE ALSO", "\\fBactcli\\fR(1)" if name != "actcli" else _text("actcli COMMAND --help")]
    return "\n".join(line) + "\n"


def _text(text: str) -> str:
    """Return a line with what roff reads as its own escaped."""
    escaped = text.strip().replace("\\", "\\e")
    for plain, name in {"-": "\\-", "'": "\\(aq", "^": "\\(ha", "~": "\\(ti", "`": "\\(ga"}.items():
        escaped = escaped.replace(plain, name)
    return f"\\&{escaped}" if escaped.startswith(".") else escaped


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if sys.argv[1:] else FOLDER
    folder.mkdir(exist_ok=True)
    for file, page in pages().items():
        (folder / file).write_text(page, "utf-8")
