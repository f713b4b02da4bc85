"""How the program ends: the exit statuses, and the one family of errors that carries them.

The core and the analysis are called from Python too, so their messages name parameters and methods as Python does,
in backquotes: `order=3`, `at_kink`, `.jacobian()`. commands/translation.py turns them into options.
"""

from enum import IntEnum


class ExitStatus(IntEnum):
    """The status that the process returns to the shell."""

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
