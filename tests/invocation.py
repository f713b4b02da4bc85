"""One command line, run in this process: what it printed, and the message of one that is refused."""

import io
import json
from typing import Any, NamedTuple

import pytest

from actcli.app import run
from actcli.exits import ActcliError, UsageError
from actcli.terminal import Terminal


class Outcome(NamedTuple):
    """The exit status, stdout and stderr of a run."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def rows(self) -> list[list[str]]:
        """The fields of the lines below the header of tab-separated output."""
        return [line.split("\t") for line in self.out.splitlines()[1:]]


def invoke(*arguments: object, stdin: bytes = b"", **terminal: Any) -> Outcome:
    """Run a command line and return its outcome; `terminal` are fields of the Terminal. Errors are raised."""
    out, err = io.BytesIO(), io.BytesIO()
    world = Terminal(io.BytesIO(stdin), out, err, **{"cores": 2, "color_choice": "never"} | terminal)
    status = run([str(argument) for argument in arguments], world)
    return Outcome(status, out.getvalue().decode(world.encoding), err.getvalue().decode(world.encoding))


def refused(*arguments: object, kind: type[ActcliError] = UsageError, **terminal: Any) -> str:
    """Run a command line that must raise an error of `kind`, and return its message, which is one line."""
    # not pytest.raises, whose result keeps the frames and their open files alive
    try:
        invoke(*arguments, **terminal)
    except kind as error:
        message = str(error)
    else:
        pytest.fail(f"{arguments} is not refused")
    assert "\n" not in message
    return message
