"""A command that continues in a child process: whatever native code does there, one line and a status remain."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from program import PROGRAM, Program

linux = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")

SCRIPT = """
import os, signal, sys, threading, time
from actcli.commands.child import Patience, continue_in_child
from actcli.exits import DataError
from actcli.terminal import Terminal

terminal = Terminal.of_process()
try:
    continue_in_child("m.onnx", terminal, 300_000_000, Patience(to_end=0.5, stuck=0.5))
except DataError as error:
    terminal.say(str(error))
    os._exit(1)
"""


def start(body):
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT + body],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": os.environ["PATH"]},
    )


def ended(body):
    process = start(body)
    out, err = process.communicate(timeout=60)
    return out, err, process.returncode


def test_output_and_status_are_the_childs():
    assert ended("os.write(1, b'out'); terminal.say('err'); os._exit(3)") == ("out", "err\n", 3)


@pytest.mark.parametrize("name", ["SIGABRT", "SIGSEGV"])
def test_a_crash_is_one_line(name):
    body = f"os.write(2, b'what(): native noise'); os.kill(os.getpid(), signal.{name})"
    out, err, status = ended(body)
    assert (out, status) == ("", 1)
    assert err.startswith("m.onnx: ")
    assert name in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("name", ["SIGPIPE", "SIGTERM"])
def test_a_signal_that_ends_programs_silently_is_passed_on(name):
    body = f"signal.signal(signal.{name}, signal.SIG_DFL); os.kill(os.getpid(), signal.{name})"
    assert ended(body) == ("", "", -signal.Signals[name])


@linux
def test_a_child_that_takes_more_memory_is_killed():
    out, err, status = ended("data = bytearray(1) * 2_000_000_000; os.write(1, b'never')")
    assert (out, status) == ("", 1)
    assert "300 MB of memory" in err


@linux
@pytest.mark.skipif(os.uname().machine not in {"x86_64", "aarch64"}, reason="knows two processors")
def test_a_child_whose_threads_wait_for_each_other_is_killed():
    if (
        "permitted"
        in subprocess.run(
            ["/bin/cat", "/proc/self/syscall"], capture_output=True, text=True, check=False
        ).stderr
    ):
        pytest.skip("/proc/PID/syscall is not readable here")
    out, err, status = ended("lock = threading.Lock(); lock.acquire(); lock.acquire()")
    assert (out, status) == ("", 1)
    assert "hangs" in err


def test_a_child_that_ignores_sigterm_is_killed():
    process = start("signal.signal(15, signal.SIG_IGN); os.write(1, b'!'); time.sleep(60)")
    assert process.stdout.read(1) == "!"
    process.terminate()
    assert process.communicate(timeout=20)[1] == ""
    assert process.returncode == 128 + 15


@linux
def test_the_child_ends_with_its_parent():
    process = start("os.write(1, b'%d\\n' % os.getpid()); time.sleep(60)")
    child = int(process.stdout.readline())
    process.kill()
    process.communicate(timeout=20)
    end = time.monotonic() + 10
    while Path(f"/proc/{child}").exists() and time.monotonic() < end:
        if Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.02)
    assert not Path(f"/proc/{child}").exists()


def test_a_model_that_crashes_the_library_is_one_line(actcli: Program):
    """The library is made to crash; the program around it is the real one."""
    crash = "import sys, os; sys.modules['onnx'] = None; from actcli.sources.onnx import load\n"
    crash += "load.require_packages = lambda path: os.abort()\n"
    crash += "from actcli.__main__ import main; sys.argv[0] = 'actcli'; main()"
    (actcli.folder / "m.onnx").write_bytes(b"model")
    done = subprocess.run(
        [PROGRAM[0], "-c", crash, "deadcheck", "m.onnx", "--random", "1"],
        cwd=actcli.folder,
        env=actcli.environ(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("", 1)
    assert done.stderr.startswith("actcli: m.onnx: ")
    assert "SIGABRT" in done.stderr
