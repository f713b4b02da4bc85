"""`actcli deadcheck --follow` as a process: a file that grows, a stream, Ctrl-C, a terminal."""

import os
import signal
import time

from program import Program, fork_on_terminal, read_until
from training_runs import layer, run_of

from actcli.analysis.timeline.timeline import Timeline
from actcli.render.deadness.state_file import write_state
from actcli.render.deadness.timeline_file import write_timeline

RUN = run_of({"conv": ["....", "..xx", ".x.."]}, run="r")


def write(actcli, epochs, name="run.npz"):
    write_timeline(Timeline(RUN.epochs[:epochs], "r"), str(actcli.folder / name))


def read_line(stream):
    return stream.readline().decode()


def test_a_line_per_epoch_until_ctrl_c(actcli: Program, running) -> None:
    process = running("deadcheck", "--follow", "run.npz", "-o", "-", "-o", "run.md")
    assert read_line(process.stderr) == "actcli: waiting for run.npz\n"

    write(actcli, 2)
    assert read_line(process.stdout).startswith("epoch\tlabel\t")
    assert [read_line(process.stdout).split("\t")[0] for _ in range(2)] == ["1", "2"]
    write(actcli, 4)
    assert [read_line(process.stdout).split("\t")[:7:2] for _ in range(2)] == [
        ["3", "1000", "1", "1"],
        ["4", "1000", "1", "0"],
    ]

    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    assert "began in epoch 3 in conv" in process.stderr.read().decode()
    assert "began in epoch 3" in (actcli.folder / "run.md").read_text()


def test_ctrl_c_while_there_is_no_file(running) -> None:
    process = running("deadcheck", "--follow", "run.npz")
    read_line(process.stderr)
    process.send_signal(signal.SIGINT)

    assert process.wait(20) == 130
    assert (process.stdout.read(), process.stderr.read()) == (b"", b"")


def test_a_stream_ends_by_itself_with_the_status_of_its_last_epoch(actcli: Program) -> None:
    for epoch in range(3):
        write_state([layer("conv", ["...", "..x"], epoch)], str(actcli.folder / f"e{epoch}.npz"))
    ended = actcli.shell(
        "cat e0.npz e1.npz e2.npz | actcli deadcheck --follow - --fail-above 10% --format table"
    )

    assert ended.status == 3
    assert [line.partition(":")[0] for line in ended.out.splitlines()] == ["epoch 1", "epoch 2", "epoch 3"]


def test_arrays_in_a_stream(actcli: Program) -> None:
    code = (
        "import io, numpy as np, sys\n"
        "for e in range(3):\n"
        "    a = np.maximum(np.random.default_rng(e).standard_normal((400, 5)), 0)\n"
        "    a[:, 1] *= e < 2\n"
        "    part = io.BytesIO()\n"
        "    np.save(part, a)\n"
        "    sys.stdout.buffer.write(part.getvalue())"
    )
    (actcli.folder / "write.py").write_text(code)
    ended = actcli.shell("python3 write.py | actcli deadcheck --follow - --format csv")

    assert ended.status == 0
    assert [line.split(",")[4] for line in ended.out.splitlines()[1:]] == ["0", "0", "1"]
    assert "began in epoch 3 in stdin" in ended.err


def test_a_terminal_is_redrawn_in_place_and_keeps_the_page(actcli: Program) -> None:
    write(actcli, 2)
    child, main = fork_on_terminal(actcli, "deadcheck", "--follow", "run.npz")
    shown = read_until(main, lambda text: text.count("\x1b[?2026l") >= 1)
    write(actcli, 4)
    shown += read_until(main, lambda text: text.count("\x1b[?2026l") >= 1)
    first, second = shown.split("\x1b[?2026h")[1:]
    os.write(main, b"\x03")
    rest = read_until(main, lambda _: False)
    os.close(main)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 130
    assert "began in epoch 2" in first
    assert f"\r\x1b[{first.count(chr(10))}A" in second
    assert "began in epoch 3" in second
    assert "began in epoch 3" in rest
    assert "\x1b[?25l" not in shown + rest


def test_a_terminal_that_cannot_move_its_cursor_gets_lines(actcli: Program) -> None:
    write(actcli, 2)
    child, main = fork_on_terminal(actcli, "deadcheck", "--follow", "run.npz", TERM="dumb")
    shown = read_until(main, lambda text: "epoch 2" in text)
    os.write(main, b"\x03")
    read_until(main, lambda _: False)
    os.close(main)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 130
    assert "\x1b" not in shown
    assert shown.splitlines()[0].startswith("epoch 1: 0 of 3 units")
