"""Programs to run, in a folder of their own."""

import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from subprocess import Popen

import pytest
from program import Program

Start = Callable[..., Popen[bytes]]


@pytest.fixture
def actcli(tmp_path: Path) -> Program:
    return Program(tmp_path)


@pytest.fixture
def running(actcli: Program) -> Iterator[Start]:
    """Start programs that are ended after the test, whatever happens."""
    started: list[Popen[bytes]] = []

    def start(*arguments: str, **environ: str) -> Popen[bytes]:
        started.append(actcli.start(*arguments, **environ))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        process.wait()
