"""A change to a functions file: checked, whole or not at all, and never over somebody else's."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Annotated

from actcli.commands.declaration import Option
from actcli.exits import DataError, UsageError

if TYPE_CHECKING:
    from actcli.activations.personal import Entry
    from actcli.commands.session import Session

File = Annotated[
    str | None,
    Option(
        "--functions",
        metavar="FILE",
        help="Change FILE instead of ACTCLI_CONFIG or ~/.config/actcli/functions.toml.",
    ),
]
_PATIENCE = 10.0
"""Seconds that another command may take for its change."""


def change_functions(
    name: str, file: str | None, make: "Callable[[bytes, str, list[Entry]], bytes]", session: "Session"
) -> str:
    """Replace a functions file by what `make` makes of its content, its path and its entries; return the path.

    `name` is the function that the change is about.

    Raises UsageError where there is no file to change, and where the change would make another function wrong;
    DataError for a file that cannot be read or written, or that somebody else changes meanwhile.
    """
    from actcli.render.output.outfile import atomic_file
    from actcli.sources.functions.functions_file import personal_file, read_content, read_functions
    from actcli.sources.functions.functions_file import read_personal_functions as refresh_names

    environ = session.terminal.environ
    path = file if file is not None else personal_file(environ, to_write=True)
    if not path:
        raise UsageError(
            "--functions names no file; write --functions FILE"
            if path is not None or file is not None or environ.get("ACTCLI_CONFIG") is None
            else "ACTCLI_CONFIG is blank, which means no file of your own; name one with --functions FILE"
        )
    place = os.path.realpath(path)
    if file is None:
        with suppress(OSError):  # writing says what is wrong
            os.makedirs(os.path.dirname(place), mode=0o700, exist_ok=True)  # noqa: PTH103, PTH120
    with _alone_in(os.path.dirname(place)):  # noqa: PTH120
        content = read_content(path, may_be_missing=True) or b""
        before = read_functions(path, may_be_missing=True)
        changed = make(content, path, before)
        _refuse_new_faults(name, path, before, changed, file, session)
        session.writes()
        with atomic_file(path) as target:
            target.write(changed)
            if (read_content(path, may_be_missing=True) or b"") != content:
                raise DataError(f"{path}: was changed meanwhile; run the command again")
    if file is None:
        refresh_names(environ)
    return path


def _refuse_new_faults(
    name: str, path: str, before: "Sequence[Entry]", changed: bytes, file: str | None, session: "Session"
) -> None:
    """Raise UsageError where an entry would be wrong after the change that was not, or is new."""
    from actcli.sources.functions.function_entries import entries_of
    from actcli.sources.functions.functions_file import (
        decode_functions,
        parse_functions,
        read_personal_functions,
    )

    others = [] if file is None else read_personal_functions(session.terminal.environ)
    after = entries_of(parse_functions(decode_functions(changed, path), path), path)
    known = set(_faults([*others, *before]))
    new = [fault for fault in _faults([*others, *after]) if fault not in known]
    if new:
        fault = new[0].removeprefix(f"{path}: ")
        raise UsageError(fault if fault.startswith(f"{name}: ") else f"{name} is needed as it is: {fault}")


def _faults(entries: "Sequence[Entry]") -> list[str]:
    from actcli.activations import await_functions, registered

    faults: list[str] = []
    await_functions(lambda: entries, faults.append)
    registered()
    return faults


@contextmanager
def _alone_in(folder: str) -> Iterator[None]:
    """Hold the lock on a folder, which leaves no file behind. Raises DataError where another command keeps it."""
    import fcntl

    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # writing says what is wrong
        yield
        return
    try:
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise DataError(
                        f"{folder}: another command is changing a file there; try again"
                    ) from None
                time.sleep(0.02)
            except OSError:  # a file system without locks: the look before the replacement is what is left
                break
        yield
    finally:
        os.close(descriptor)
