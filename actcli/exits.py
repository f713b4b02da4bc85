"""How the program ends: the exit statuses, and the one family of errors that carries them.

The core and the analysis are called from Python too, so their messages name parameters and methods as Python does,
in backquotes: `order=3`, `at_kink`, `.jacobian()`. `in_options` turns them into the options of the command line.
"""

import re
from enum import IntEnum

_IN_PYTHON = re.compile(r"`\.?([a-z][a-z_]*)(?:\(\)|=([^`]*))?`")


class ExitStatus(IntEnum):
    """What the process returns to the shell."""

    DONE = 0
    FAILED = 1
    WRONG_USE = 2
    FOUND = 3
    NOT_ENOUGH_DATA = 4
    INTERRUPTED = 130


class ActcliError(Exception):
    """Something a person can mend: one line that says what, where and what would be right."""

    status = ExitStatus.FAILED


class UsageError(ActcliError):
    """The command line, or a call from Python, asks for something that does not exist."""

    status = ExitStatus.WRONG_USE


class DataError(ActcliError):
    """A file or stream does not hold what it should, or cannot be read or written."""


def in_options(message: str) -> str:
    """Return a message in the words of the command line.

    `order=3` becomes --order 3, `at_kink` --at-kink and `.jacobian()` --jacobian.
    """

    def option(parameter: re.Match[str]) -> str:
        name, value = parameter.groups()
        return f"--{name.replace('_', '-')}" + (f" {value}" if value else "")

    return _IN_PYTHON.sub(option, message)
