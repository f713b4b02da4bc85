"""Ctrl-C and its relatives: the status says which, nothing is half written, nothing is printed."""

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from program import Program, has_draft, read_until

Start = Callable[..., "subprocess.Popen[bytes]"]

STOPS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
PYTHONS_OWN = (b"<frozen runpy>", b"<frozen site>", b"Fatal Python error")
"""In the message of an interruption that comes before our first line runs."""


def busy(running: Start, *arguments: str) -> "subprocess.Popen[bytes]":
    """Started, and in the middle of its stream: it has answered once and waits for more."""
    process = running("eval", "relu", *arguments)
    assert process.stdin is not None
    process.stdin.write(b"1\n")
    process.stdin.flush()
    return process


@pytest.mark.parametrize("number", STOPS)
def test_a_signal_in_the_middle_of_a_stream(running: Start, number: signal.Signals) -> None:
    process = busy(running)
    assert process.stdout is not None
    assert process.stderr is not None
    read_until(process.stdout.fileno(), lambda text: "1.0\n" in text)
    process.send_signal(number)
    assert process.wait(10) == STOPS[number]
    assert process.stderr.read() == b""


@pytest.mark.parametrize("number", STOPS)
def test_a_signal_leaves_the_old_file_and_no_half_one(
    running: Start, actcli: Program, number: signal.Signals
) -> None:
    target = actcli.folder / "out.csv"
    target.write_text("old\n")
    process = busy(running, "-o", "out.csv")
    end = time.monotonic() + 30
    while not has_draft(process.pid, actcli.folder) and time.monotonic() < end:
        time.sleep(0.01)
    assert has_draft(process.pid, actcli.folder), "the temporary file never came"
    process.send_signal(number)
    assert process.wait(10) == STOPS[number]
    assert os.listdir(actcli.folder) == ["out.csv"]  # noqa: PTH208
    assert target.read_text() == "old\n"


def test_ctrl_c_while_importing(running: Start) -> None:
    """Sent at many moments of the start: always 130 or, before our first line runs, Python's own end."""
    ends: list[tuple[int, bytes]] = []
    delay = 0.03
    while len(ends) < 5 and delay < 5:  # a busy machine starts slowly
        process = running("eval", "relu")
        time.sleep(delay)
        delay *= 1.2
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        end = process.wait(10), process.stderr.read()
        if end != (-signal.SIGINT, b"") and not any(word in end[1] for word in PYTHONS_OWN):
            ends.append(end)
    assert len(ends) == 5
    assert set(ends) == {(130, b"")}


def test_ctrl_c_inside_any_import(actcli: Program) -> None:
    """The signal comes exactly when a module is being loaded."""
    code = (
        "import os, signal, sys\n"
        "class Meddler:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == wanted: os.kill(os.getpid(), signal.SIGINT)\n"
        "wanted = sys.argv.pop(1)\n"
        "sys.meta_path.insert(0, Meddler())\n"
        "from actcli.__main__ import main\n"
        "main()\n"
    )
    modules = (
        "actcli.exits",
        "typer",
        "typer.main",
        "actcli.app",
        "actcli.commands.eval",
        "numpy",
        "numpy.linalg",
    )
    for module in (*modules, "actcli.activations", "actcli.render.values.evaluations"):
        done = subprocess.run(
            [sys.executable, "-c", code, module, "eval", "relu", "1"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=actcli.environ(),
            timeout=60,
            check=False,
        )
        assert (done.stdout, done.stderr, done.returncode) == (b"", b"", 130), module


def test_nohup_is_respected(actcli: Program) -> None:
    process = subprocess.Popen(
        ["/bin/bash", "-c", f"trap '' HUP; exec {sys.executable} -m actcli eval relu"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=actcli.environ(),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"1\n")
    process.stdin.flush()
    assert read_until(process.stdout.fileno(), lambda text: "\n" in text) == "1.0\n"
    process.send_signal(signal.SIGHUP)
    assert process.communicate(b"2\n", 30)[0] == b"2.0\n"
    assert process.returncode == 0


def test_ctrl_c_on_a_terminal_leaves_the_prompt_a_line_of_its_own(actcli: Program) -> None:
    child, main = pty.fork()
    if child == 0:
        command = [sys.executable, "-m", "actcli", "eval", "relu", "-"]
        os.execve(sys.executable, command, actcli.environ())  # noqa: S606 - the child of pty.fork
    os.write(main, b"-1\n")
    read_until(main, lambda text: "0.0" in text)
    os.write(main, b"\x03")
    shown = read_until(main, lambda _: False)
    os.close(main)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 130
    assert shown.endswith("^C\r\n")
    assert "Traceback" not in shown
