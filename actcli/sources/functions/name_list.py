"""The list of a person's own functions that completion scripts read: plain text in the cache folder."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actcli.activations.personal import Entry


def list_path(environ: Mapping[str, str]) -> str | None:
    """Return the path of the list: actcli/functions in XDG_CACHE_HOME, or in ~/.cache; None without a home."""
    folder = environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(folder):  # noqa: PTH117 - a relative path is to be ignored (XDG Base Directory 0.8)
        home = environ.get("HOME", "")
        if not os.path.isabs(home):  # noqa: PTH117
            return None
        folder = os.path.join(home, ".cache")  # noqa: PTH118
    return os.path.join(folder, "actcli", "functions")  # noqa: PTH118


def save_names(entries: "Sequence[Entry]", environ: Mapping[str, str]) -> None:
    """Write the list where it differs from the one that is there; do nothing where that fails.

    One line per name or alias: the name, then the names of its parameters, separated by blanks. Shells read
    these words, so that entries with a fault and names with other characters are left out. A reader sees the old
    list or the new one, never a part.
    """
    path = list_path(environ)
    if path is None:
        return
    text = "".join(
        " ".join((name, *(parameter.name for parameter in entry.parameters))) + "\n"
        for entry in entries
        for name in (entry.name, *entry.aliases)
        if entry.fault is None and name.isascii() and name.isidentifier()
    )
    with suppress(OSError, ValueError):
        _replace(path, text.encode())


def _replace(path: str, content: bytes) -> None:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib is slow to load at start
            if file.read(len(content) + 1) == content:
                return
    except FileNotFoundError:
        if not content:
            return
    folder = os.path.dirname(path)  # noqa: PTH120
    os.makedirs(folder, mode=0o700, exist_ok=True)  # noqa: PTH103
    temporary = os.path.join(folder, f".functions-{os.getpid()}.tmp")  # noqa: PTH118
    try:
        with open(temporary, "xb") as file:  # noqa: PTH123
            file.write(content)
        os.replace(temporary, path)  # noqa: PTH105
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)  # noqa: PTH108
