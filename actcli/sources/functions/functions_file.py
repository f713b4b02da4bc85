"""The file of a person's own functions: its path, and its content as TOML with every size checked."""

import os
import re
import stat
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from actcli.exits import DataError

if TYPE_CHECKING:
    from actcli.activations import Definition
    from actcli.activations.personal import Entry

NAME = "functions.toml"
VARIABLE = "ACTCLI_CONFIG"
MOST_BYTES = 1 << 18
LONGEST_LINE = 5000
"""Characters. A key of many dots takes the TOML parser a time that grows with their square."""

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def personal_file(environ: Mapping[str, str], *, to_write: bool = False) -> str | None:
    """Return the path of a person's functions, whether or not the file exists; None where there can be none.

    ACTCLI_CONFIG names the file or the folder of functions.toml; blank, it means no file. Without it the path is
    actcli/functions.toml in XDG_CONFIG_HOME, or in ~/.config. Raises DataError when ACTCLI_CONFIG names a missing
    file, unless it is to be written.
    """
    named = environ.get(VARIABLE)
    if named is not None:
        if not named:
            return None
        path = os.path.join(named, NAME) if os.path.isdir(named) else named  # noqa: PTH112, PTH118
        if to_write:
            return path
        try:
            os.stat(path)  # noqa: PTH116
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise DataError(
                f"{VARIABLE}={named}: {path}: {reason}; it names {NAME} or its folder, or is blank for none"
            ) from error
        return path
    folder = environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(folder):  # noqa: PTH117 - what is relative is to be ignored (XDG Base Directory 0.8)
        home = environ.get("HOME", "")
        if not os.path.isabs(home):  # noqa: PTH117
            return None
        folder = os.path.join(home, ".config")  # noqa: PTH118
    return os.path.join(folder, "actcli", NAME)  # noqa: PTH118


def read_functions(path: str, *, may_be_missing: bool = False) -> "list[Entry]":
    """Return the entries of a functions file, those with a fault included.

    `may_be_missing` is for the personal file: a missing file has no entries, and a pipe is refused instead of
    read. Raises DataError when the file is missing or cannot be read, is longer than 256 KiB, has a line of more
    than 5,000 characters, is not UTF-8 or not TOML; with line and column where the parser gives them.
    """
    data = read_content(path, may_be_missing=may_be_missing)
    if data is None:
        return []
    from actcli.sources.functions.function_entries import entries_of

    return entries_of(parse_functions(decode_functions(data, path), path), path)


def read_personal_functions(environ: Mapping[str, str]) -> "list[Entry]":
    """Return the entries of the personal file, none where there is no file, and save their names for completion.

    Raises DataError as `personal_file` and `read_functions` do.
    """
    from actcli.sources.functions.name_list import modified, save_names

    path = personal_file(environ)
    if path is None:
        return []
    changed = modified(path)  # before it is read: a list of older content would count as new
    entries = read_functions(path, may_be_missing=True)
    if changed is not None:
        save_names(entries, path, changed, environ)
    return entries


def load_functions(*files: str) -> "tuple[Definition, ...]":
    """Define the functions of these files, or without a name those of the personal file; earlier ones are forgotten.

    Returns their definitions. An entry with a fault gives a warning and is left out; where two files define a
    name, the later file wins. Raises DataError for a file that is missing or cannot be read, but not for a
    personal file that is not there.
    """
    import warnings

    from actcli.activations import await_functions, registered
    from actcli.terminal import Terminal

    entries = [entry for path in files for entry in read_functions(path)]
    if not files:
        entries = read_personal_functions(Terminal.of_process().environ)
    faults: list[str] = []
    await_functions(lambda: entries, faults.append)
    definitions = registered()
    for fault in faults:
        warnings.warn(fault, stacklevel=2)
    return definitions


def read_content(path: str, *, may_be_missing: bool) -> bytes | None:
    """Return the bytes of a functions file; None where it may be missing and is. Raises DataError."""
    try:
        if may_be_missing and stat.S_ISFIFO(os.stat(path).st_mode):  # noqa: PTH116
            raise DataError(f"{path}: is a pipe; functions are read from a file")
        with open(path, "rb") as file:  # noqa: PTH123 - a name, as it was given
            data = file.read(MOST_BYTES + 1)
    except FileNotFoundError as error:
        if may_be_missing:
            return None
        raise DataError(f"{path}: {error.strerror}") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    if len(data) > MOST_BYTES:
        raise DataError(f"{path}: is longer than {MOST_BYTES >> 10} KiB, the limit for a functions file")
    return data


def decode_functions(data: bytes, path: str) -> str:
    """Return the text without a byte order mark; a line ends with a single line feed."""
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}:{line}: byte 0x{data[error.start]:02x} is not UTF-8") from error
    for number, one in enumerate(text.split("\n"), 1):
        if len(one) > LONGEST_LINE:
            raise DataError(f"{path}:{number}: the line has more than {LONGEST_LINE:,} characters")
    return text


def parse_functions(text: str, path: str) -> dict[str, Any]:
    """Return the tables of a functions file. Raises DataError where it is not TOML."""
    import tomllib

    try:
        return tomllib.loads(text)
    except RecursionError:
        raise DataError(f"{path}: is nested too deeply") from None
    except ValueError as error:  # a number of 5000 digits too, which is no TOMLDecodeError
        message = str(error)
        place = _PLACE.search(message)
        if place and place[1]:
            where = f"{path}:{place[1]}:{place[2]}"
        else:
            where = f"{path}:{text.rstrip().count(chr(10)) + 1}" if place else path
        sentence = message[: place.start()] if place else message.partition(";")[0]
        raise DataError(f"{where}: not TOML: {sentence[:1].lower()}{sentence[1:]}") from error
