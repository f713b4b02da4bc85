"""Files and messages under adverse conditions: readers that leave, full disks, missing folders, few descriptors."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from program import PROGRAM, Program, has_draft

TRAIN = "deadcheck --train relu --epochs 1 --width 4 --seeds 1 --lr 0.1"


def test_statistics_are_saved_though_the_reader_leaves(actcli: Program) -> None:
    np.save(actcli.folder / "x.npy", np.zeros((4, 20000), np.float32))
    actcli.shell("actcli deadcheck x.npy --units --save-state s.npz | head -1")
    assert (actcli.folder / "s.npz").stat().st_size > 1000


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_what_was_trained_is_exported_though_the_disk_is_full(actcli: Program) -> None:
    done = actcli.shell(f"actcli {TRAIN} --export e.npz --save-state s.npz --record r.csv >/dev/full")
    assert done.status == 1
    assert "No space left" in done.err
    assert {"e.npz", "s.npz", "r.csv"} <= {path.name for path in actcli.folder.iterdir()}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_file_that_cannot_be_written_does_not_cost_the_report(actcli: Program) -> None:
    np.save(actcli.folder / "x.npy", np.zeros((4, 2), np.float32))
    (actcli.folder / "s.npz").symlink_to("/dev/full")
    done = actcli("deadcheck", "x.npy", "--save-state", "s.npz")
    assert done.status == 1
    assert "s.npz" in done.err
    assert [line.split("\t")[:3] for line in done.lines[1:]] == [["x", "0", "silent"], ["x", "1", "silent"]]


@pytest.mark.parametrize(
    "line",
    [
        f"{TRAIN} --export /sys/kernel/e.npz --epochs 10000",
        f"{TRAIN} --record /sys/kernel/e.csv --epochs 10000",
        "compare relu gelu --by training --seeds 1000 -o /sys/kernel/e.csv",
        "plot relu -i - -o /sys/kernel/e.txt",
    ],
)
@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="no sysfs here")
def test_permission_is_checked_before_the_work(actcli: Program, line: str) -> None:
    done = actcli(*line.replace(" --epochs 1 ", " ").split())
    assert (done.out, done.status) == ("", 1)
    assert "cannot write /sys/kernel/e." in done.err


@pytest.mark.parametrize(
    "line", ["eval relu t.txt >> t.txt", "eval relu < t.txt >> t.txt", "grad relu -i t.txt 1<>t.txt"]
)
def test_output_that_is_also_input_is_refused(actcli: Program, line: str) -> None:
    (actcli.folder / "t.txt").write_text("-1\n2\n")
    done = actcli.shell(f"actcli {line}")
    assert done.status == 1
    assert "both input and output" in done.err
    assert (actcli.folder / "t.txt").read_text() == "-1\n2\n"


def test_deadcheck_refuses_to_append_to_its_input(actcli: Program) -> None:
    (actcli.folder / "t.txt").write_text("-1 2\n")
    done = actcli.shell("actcli deadcheck t.txt >> t.txt")
    assert (done.status, (actcli.folder / "t.txt").read_text()) == (1, "-1 2\n")


def test_a_file_is_written_onto_its_own_input(actcli: Program) -> None:
    (actcli.folder / "t.txt").write_text("-1\n2\n")
    assert actcli("eval", "relu", "t.txt", "-o", "t.txt").status == 0
    assert (actcli.folder / "t.txt").read_text() == "0.0\n2.0\n"


def test_a_folder_that_no_longer_exists(actcli: Program) -> None:
    gone = "mkdir d; cd d; rmdir ../d; actcli"
    assert actcli.shell(f"{gone} eval relu 1").out == "1.0\n"
    for line in ("eval relu 1 -o a.txt", "deadcheck a.npy", "deadcheck /x/a.npy --save-state s.npz"):
        done = actcli.shell(f"{gone} {line}")
        assert done.status == 1
        assert len(done.err.splitlines()) == 1
        assert "internal error" not in done.err


@pytest.mark.parametrize("most", [5, 6, 7, 8])
def test_few_descriptors(actcli: Program, most: int) -> None:
    np.save(actcli.folder / "x.npy", np.ones((4, 2), np.float32))
    for line in ("eval relu 1", "eval relu x.npy", "deadcheck x.npy", "eval relu 1 -o y.txt", "list"):
        done = actcli.shell(f"ulimit -n {most}; exec {sys.executable} -m actcli {line}")
        assert "internal error" not in done.err
        assert "Traceback" not in done.err
        assert done.status == 0 or "too many open files" in done.err.lower()


def test_a_width_of_thousands_of_digits(actcli: Program) -> None:
    done = actcli("list", COLUMNS="9" * 5000)
    assert (done.err, done.status) == ("", 0)


@pytest.mark.parametrize(
    "line",
    [
        "eval x/c 1 --set c=0",
        "eval relu snan.npy --dtype float64",
        "grad gelu snan.npy --check",
        "eval gelu snan.npy --dtype bfloat16",
        "eval gelu --all float32 --stride 16777213",
        "compare relu --by precision -i snan.npy --against snan.npy",
        "plot relu -i snan.npy --format csv",
        "info x/0",
        "compare relu tanh --by training --lr 1e308 --epochs 1 --seeds 1",
        "compare relu --by precision --types float16 -i snan.npy",
    ],
)
def test_no_warning_of_numpy_reaches_stderr(actcli: Program, line: str) -> None:
    np.save(actcli.folder / "snan.npy", np.array([0x7F800001, 0x3F800000], np.uint32).view(np.float32))
    done = actcli(*line.split())
    assert done.status == 0
    assert all(one.startswith("actcli: ") for one in done.err.splitlines())


@pytest.mark.parametrize("writable", [True, False])
def test_matplotlib_says_nothing_and_leaves_nothing(actcli: Program, writable: bool) -> None:
    pytest.importorskip("matplotlib")
    # a folder in which nobody can make one, not even root
    home = str(actcli.folder) if writable else "/proc/self/none"
    temporary = actcli.folder / "tmp"
    temporary.mkdir()
    done = actcli("plot", "relu", "-o", "a.svg", HOME=home, TMPDIR=str(temporary))
    assert (done.out, done.err, done.status) == ("", "", 0)
    assert (actcli.folder / "a.svg").stat().st_size
    assert list(temporary.iterdir()) == []


def test_an_interruption_in_a_finalizer_is_not_lost(actcli: Program) -> None:
    """Python prints an exception of a finalizer as a traceback, and goes on."""
    code = (
        "import os, signal, sys\n"
        "import actcli.commands.session as session\n"
        "class Last:\n"
        "    def __del__(self): os.kill(os.getpid(), signal.SIGINT)\n"
        "import actcli.render.values.evaluations as evaluations\n"
        "write = evaluations.write_evaluations\n"
        "def interrupted(*arguments):\n"
        "    Last()\n"
        "    write(*arguments)\n"
        "evaluations.write_evaluations = interrupted\n"
        "from actcli.__main__ import main\n"
        "main()\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", code, "eval", "relu"],
            input=b"1\n",
            capture_output=True,
            cwd=folder,
            env=actcli.environ(),
            timeout=60,
            check=False,
        )
    assert (done.stderr, done.returncode) == (b"", 130)


def test_a_killed_program_leaves_no_temporary_file(actcli: Program) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "eval", "relu", "-o", "y.txt"],
        stdin=subprocess.PIPE,
        cwd=actcli.folder,
        env=actcli.environ(),
    )
    while not has_draft(process.pid, actcli.folder):
        assert process.poll() is None
    process.kill()
    process.wait()
    assert process.stdin is not None
    process.stdin.close()
    if hasattr(os, "O_TMPFILE"):
        assert list(actcli.folder.iterdir()) == []


def test_a_recording_and_a_table_cannot_be_one_file(actcli: Program) -> None:
    (actcli.folder / "link.csv").symlink_to("r.csv")
    for other in ("./r.csv", "link.csv"):
        done = actcli(*f"compare relu --by training --epochs 1 --record r.csv -o {other}".split())
        assert done.status == 2
        assert "both name" in done.err
