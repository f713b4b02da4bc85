"""The way in and out: errors become one line and a status, in a process that never shows a traceback unasked."""

import io
from collections.abc import Callable

import pytest

from actcli import __main__ as entry
from actcli.exits import DataError, UsageError
from actcli.terminal import Terminal


@pytest.fixture
def ending(monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], tuple[int, str]]:
    """What the process would say and return if the command line ended in this error."""

    def end(error: Exception, *arguments: str) -> tuple[int, str]:
        err = io.BytesIO()

        def run(*_: object) -> int:
            raise error

        monkeypatch.setattr("actcli.app.run", run)
        monkeypatch.setattr(entry._Stop, "install", lambda _: None)
        monkeypatch.setattr(
            Terminal, "of_process", lambda: Terminal(stdin=None, stdout=io.BytesIO(), stderr=err)
        )
        return entry._run(list(arguments)), err.getvalue().decode()

    return end


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (UsageError("no option '-q'"), 2, "actcli: no option '-q'\n"),
        (DataError("in.npy: truncated"), 1, "actcli: in.npy: truncated\n"),
        (DataError("a\nb\x1b[0m\udcff"), 1, "actcli: a\\nb\\x1b[0m\\udcff\n"),
        (MemoryError(), 1, "actcli: out of memory\n"),
        (MemoryError("unable to allocate 8 TiB"), 1, "actcli: out of memory: unable to allocate 8 TiB\n"),
        (ZeroDivisionError("x"), 1, "actcli: internal error: ZeroDivisionError: x; --debug shows where\n"),
        (RecursionError("deep"), 1, "actcli: internal error: RecursionError: deep; --debug shows where\n"),
        (BrokenPipeError(), 141, ""),
    ],
)
def test_every_error_is_one_line(
    ending: Callable[..., tuple[int, str]], error: Exception, status: int, line: str
) -> None:
    assert ending(error) == (status, line)


def test_debug_shows_the_traceback_before_the_line(ending: Callable[..., tuple[int, str]]) -> None:
    status, said = ending(DataError("in.npy: truncated"), "eval", "--debug")
    assert status == 1
    assert said.startswith("Traceback")
    assert said.splitlines()[-1] == "actcli: in.npy: truncated"


@pytest.mark.parametrize(
    ("given", "kept", "debug"),
    [
        (["eval", "relu"], ["eval", "relu"], False),
        (["--debug", "eval"], ["eval"], True),
        (["eval", "--debug", "relu", "--debug"], ["eval", "relu"], True),
        (["eval", "--", "--debug"], ["eval", "--", "--debug"], False),
        (["--debug", "--", "--debug"], ["--", "--debug"], True),
    ],
)
def test_debug_is_taken_out_before_two_dashes(given: list[str], kept: list[str], debug: bool) -> None:
    assert entry._without_debug(given) == (kept, debug)
