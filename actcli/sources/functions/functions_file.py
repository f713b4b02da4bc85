"""A person's own functions: where their file is, and its text as TOML, with every size checked."""

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
"""Characters; a key of many dots takes the parser a time that grows with their square."""

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def personal_file(environ: Mapping[str, str]) -> str | None:
    """The path of a person's functions, whether or not there is such a file; None where there can be none.

    It is what ACTCLI_CONFIG names, a file or the folder of functions.toml, and none where that is blank; else
    actcli/functions.toml in XDG_CONFIG_HOME, or in ~/.config. Raises DataError when ACTCLI_CONFIG names what is
    not there.
    """
    named = environ.get(VARIABLE)
    if named is not None:
        if not named:
            return None
        path = os.path.join(named, NAME) if os.path.isdir(named) else named  # noqa: PTH112, PTH118
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
    """The entries of a functions file, those with a fault among them; none where the file may be missing and is.

    A pipe is read to its end where it is named on purpose, and refused where it stands for the personal file.
    Raises DataError, with line and column as far as they are known, when the file is missing or cannot be read,
    is longer than 256 KiB, has a line of over 5000 characters, is not UTF-8 or no TOML.
    """
    data = _bytes(path, may_be_missing)
    if data is None:
        return []
    from actcli.sources.functions.function_entries import entries_of

    text = _text(data, path)
    return entries_of(_parsed(text, path), text, path)


def load_functions(*files: str) -> "tuple[Definition, ...]":
    """Know the functions of these files by name, or without any those of the personal file; in place of others.

    Returns their definitions. What is wrong in a file is a warning, and the rest is known; where two files define
    a name, the later one's holds. Raises DataError for a file that is missing or cannot be read, but not for a
    personal file that is not there.
    """
    import warnings

    from actcli.activations import await_functions, registered
    from actcli.terminal import Terminal

    entries = [entry for path in files for entry in read_functions(path)]
    if not files:
        own = personal_file(Terminal.of_process().environ)
        entries = [] if own is None else read_functions(own, may_be_missing=True)
    told: list[str] = []
    await_functions(lambda: entries, told.append)
    known = registered()
    for sentence in told:
        warnings.warn(sentence, stacklevel=2)
    return known


def _bytes(path: str, may_be_missing: bool) -> bytes | None:
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
        raise DataError(
            f"{path}: is longer than {MOST_BYTES >> 10} KiB, the most that a file of functions may be"
        )
    return data


def _text(data: bytes, path: str) -> str:
    """The text, without a byte order mark, a line end being one character."""
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{path}:{line}: byte 0x{data[error.start]:02x} is not UTF-8, in which functions are written"
        ) from error
    for number, one in enumerate(text.split("\n"), 1):
        if len(one) > LONGEST_LINE:
            raise DataError(f"{path}:{number}: has more than {LONGEST_LINE} characters in a line")
    return text


def _parsed(text: str, path: str) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(text)
    except RecursionError:
        raise DataError(f"{path}: is nested too deeply") from None
    except ValueError as error:  # a number of 5000 digits too, which is no TOMLDecodeError
        said = str(error)
        place = _PLACE.search(said)
        if place and place[1]:
            where = f"{path}:{place[1]}:{place[2]}"
        else:
            where = f"{path}:{text.rstrip().count(chr(10)) + 1}" if place else path
        sentence = said[: place.start()] if place else said.partition(";")[0]
        raise DataError(f"{where}: not TOML: {sentence[:1].lower()}{sentence[1:]}") from error
