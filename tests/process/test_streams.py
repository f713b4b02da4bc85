"""Pipes and terminals as they really are: closed, full, slow, ASCII."""

import os
import signal
import time
from collections.abc import Callable
from subprocess import Popen
from threading import Thread

import pytest
from program import Ended, Program, read_until

Start = Callable[..., Popen[bytes]]


def test_a_closed_pipe_ends_it_silently_by_sigpipe(actcli: Program) -> None:
    ended = actcli.shell("actcli eval relu --range 0 1 --points 1000000 | head -n 1; echo ${PIPESTATUS[0]}")
    assert ended.lines == ["0.0", str(128 + signal.SIGPIPE)]
    assert ended.err == ""


@pytest.mark.parametrize(
    "command", ["eval relu 1", "eval relu --range 0 1 --points 300000", "--version", "--help"]
)
def test_a_full_disk_is_an_error(actcli: Program, command: str) -> None:
    ended = actcli.shell(f"actcli {command} > /dev/full")
    assert ended.err.startswith("actcli: ")
    assert "standard output: No space left" in ended.err
    assert ended.status == 1


@pytest.mark.parametrize(
    "command", ["eval relu 1", "--version", "-V", "--help", "grad --help", "completion bash"]
)
def test_a_closed_stdout_is_an_error(actcli: Program, command: str) -> None:
    ended = actcli.shell(f"actcli {command} >&-")
    assert "standard output is closed" in ended.err
    assert ended.status == 1


def test_with_a_file_to_write_a_closed_stdout_is_no_error(actcli: Program) -> None:
    assert actcli.shell("actcli eval relu 1 -o out.csv >&- && cat out.csv") == Ended("y\n1.0\n", "", 0)


def test_a_closed_stderr_hides_the_message_and_keeps_the_status(actcli: Program) -> None:
    assert actcli.shell("actcli eval rleu 1 2>&-") == Ended("", "", 2)


def test_a_closed_stdin_is_no_traceback(actcli: Program) -> None:
    ended = actcli.shell("actcli eval relu <&-")
    assert ended.status in {1, 2}
    assert ended.err.count("\n") == 1
    assert ended.err.startswith("actcli: ")


def test_empty_stdin_gives_empty_output(actcli: Program) -> None:
    assert actcli("eval", "relu") == Ended("", "", 0)


def test_a_line_is_answered_at_once(running: Start) -> None:
    process = running("eval", "relu")
    assert process.stdin is not None
    assert process.stdout is not None
    for line, answer in ((b"-1\n", "0.0\n"), (b"2.5\n", "2.5\n"), (b"3 4\n", "3.0\n4.0\n")):
        process.stdin.write(line)
        process.stdin.flush()
        assert read_until(process.stdout.fileno(), lambda text, want=answer: text == want) == answer
    process.stdin.close()
    assert process.wait(30) == 0


def test_an_unfinished_token_waits_for_its_end(running: Start) -> None:
    process = running("eval", "identity")
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"1\n2")
    process.stdin.flush()
    assert read_until(process.stdout.fileno(), lambda text: "1.0\n" in text) == "1.0\n"
    time.sleep(0.2)
    process.stdin.write(b"5\n")
    process.stdin.close()
    assert process.stdout.read() == b"25.0\n"


@pytest.mark.parametrize("unfinished", [b"1.5", b"# and so on"])
def test_a_full_pipe_is_answered_before_more_is_waited_for(running: Start, unfinished: bytes) -> None:
    process = running("eval", "relu", "--threads", "2")
    assert process.stdin is not None
    assert process.stdout is not None
    numbers = b"0.12345678901234566\n" * 150_000
    feeder = Thread(target=os.write, args=(process.stdin.fileno(), numbers + unfinished))
    feeder.start()
    answer = b""
    while len(answer) < len(numbers):
        answer += os.read(process.stdout.fileno(), 1 << 20)
    feeder.join()
    assert answer == numbers
    process.stdin.close()
    assert process.stdout.read() == (b"1.5\n" if unfinished == b"1.5" else b"")


def test_a_wrong_token_in_a_full_pipe_is_named_after_all_before_it(actcli: Program) -> None:
    numbers = "0.12345678901234566\n" * 150_000
    ended = actcli("eval", "relu", "--threads", "2", stdin=f"{numbers}x\n{numbers}")
    assert ended.out == numbers
    assert ended.err == "actcli: stdin:150001: 'x' is not a number\n"
    assert ended.status == 1


def test_the_check_reads_no_stdin(running: Start) -> None:
    process = running("grad", "silu", "--check")  # its stdin stays open and silent
    assert process.wait(60) == 0


def test_a_terminal_gets_a_table_and_a_pipe_gets_numbers(actcli: Program) -> None:
    shown = actcli.on_a_terminal("eval", "relu", "-1", "2")
    assert shown.status == 0
    assert "relu(x)" in shown.out
    assert "─" in shown.out
    assert actcli("eval", "relu", "-1", "2").out == "0.0\n2.0\n"


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_without_colour(actcli: Program, environ: dict[str, str]) -> None:
    assert "\x1b[" in actcli.on_a_terminal("eval", "relu", "1").out
    shown = actcli.on_a_terminal("eval", "relu", "1", **environ)
    assert "relu(x)" in shown.out
    assert "\x1b[" not in shown.out


def test_an_ascii_terminal_gets_ascii(actcli: Program) -> None:
    plain = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    shown = actcli.on_a_terminal("eval", "relu", "-1", "2", **plain)
    assert (shown.out.isascii(), shown.status) == (True, 0)
    assert "2.0" in shown.out


def test_nothing_given_on_a_terminal_says_what_to_give(actcli: Program) -> None:
    shown = actcli.on_a_terminal("eval", "relu", NO_COLOR="1")
    assert shown.status == 2
    assert "no numbers: type some" in shown.out  # the name before it is coloured


def test_no_temporary_file_is_left_behind(actcli: Program) -> None:
    assert actcli("eval", "relu", "1", "-o", "out.npy") == Ended("", "", 0)
    assert os.listdir(actcli.folder) == ["out.npy"]  # noqa: PTH208 - hidden names too
