"""The list of a person's own functions that completion scripts read: plain text in the cache folder."""

import os
import stat
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


def modified(path: str) -> int | None:
    """Return when the file was last changed, in ns; None where there is no such regular file."""
    try:
        status = os.stat(path)  # noqa: PTH116 - pathlib is slow to load at start
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns if stat.S_ISREG(status.st_mode) else None


def save_names(entries: "Sequence[Entry]", path: str, changed: int, environ: Mapping[str, str]) -> None:
    """Write the list of the functions file `path`, last changed at `changed` (ns), unless it is there.

    The first line is a `#` and the path. Then one line per name or alias: the name, then the names of its parameters,
    separated by blanks. Shells read these words, so that entries with a fault and names with other characters are left
    out. The list has the file's time of change: shells use it only where path and time agree, never after an edit.
    A reader sees the old list or the new one, never a part. Does nothing where it cannot be written.
    """
    target = list_path(environ)
    if target is None or "\n" in path:
        return
    words = [
        " ".join((name, *(parameter.name for parameter in entry.parameters)))
        for entry in entries
        for name in (entry.name, *entry.aliases)
        if entry.fault is None and name.isascii() and name.isidentifier()
    ]
    with suppress(OSError, ValueError):
        # joined as the shells do it, without looking into the path
        lines = [f"# {os.path.join(os.getcwd(), path)}", *words]  # noqa: PTH109, PTH118
        _replace(target, "".join(f"{line}\n" for line in lines).encode(), changed)


def _replace(path: str, content: bytes, changed: int) -> None:
    if modified(path) == changed:
        with open(path, "rb") as file:  # noqa: PTH123
            if file.read(len(content) + 1) == content:
                return
    folder = os.path.dirname(path)  # noqa: PTH120
    os.makedirs(folder, mode=0o700, exist_ok=True)  # noqa: PTH103
    temporary = os.path.join(folder, f".functions-{os.getpid()}.tmp")  # noqa: PTH118
    try:
        with open(temporary, "xb") as file:  # noqa: PTH123
            file.write(content)
        os.utime(temporary, ns=(changed, changed))
        os.replace(temporary, path)  # noqa: PTH105
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)  # noqa: PTH108
