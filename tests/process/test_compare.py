"""`actcli compare` as a process: a pipe, a terminal, files, Ctrl-C."""

import json
import os
import pty
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from program import Program, read_until

LONG = ("compare", "leaky_relu", "--sweep", "alpha=0.01:0.5:30", "--by", "gradients", "--depth", "100")


def test_a_pipe_gets_tabs(actcli: Program) -> None:
    ended = actcli("compare", "relu", "gelu")
    head, *lines = [line.split("\t") for line in ended.lines]
    assert head[0] == "function"
    assert [line[0] for line in lines] == ["relu", "gelu"]
    assert {len(line) for line in lines} == {len(head)}
    assert ended.status == 0
    assert ended.err.startswith("actcli: relu has no gradient for 50 % ")
    assert ended.err.count("\n") == 1
    assert float(lines[0][head.index("value_mean")]) == pytest.approx(1 / (2 * np.pi) ** 0.5, rel=1e-12)


@pytest.mark.parametrize("by", ["properties", "values", "information", "precision"])
@pytest.mark.parametrize("size", [{"COLUMNS": "80"}, {"COLUMNS": "120", "NO_COLOR": "1"}])
def test_a_terminal_gets_a_table_that_fits(actcli: Program, by: str, size: dict[str, str]) -> None:
    ended = actcli.on_a_terminal("compare", "relu", "gelu", "silu", "--by", by, **size)
    assert ended.status == 0
    plain = re.sub(r"\x1b\[[\d;]*m", "", ended.out)
    assert "◂ best" in plain
    assert max(map(len, plain.splitlines())) <= int(size["COLUMNS"])
    assert ("\x1b[1;38;5;29m" in ended.out) == ("NO_COLOR" not in size)


def test_an_ascii_terminal(actcli: Program) -> None:
    ended = actcli.on_a_terminal("compare", "relu", "gelu", "--plot", PYTHONIOENCODING="ascii", NO_COLOR="1")
    assert ended.status == 0
    assert ended.out.isascii()
    assert "* best" in ended.out
    assert "?" not in ended.out


def test_the_same_seed_is_the_same_output(actcli: Program) -> None:
    line = (
        "compare",
        "gelu",
        "relu/tanh",
        "--by",
        "gradients",
        "--depth",
        "5",
        "--width",
        "32",
        "--format",
        "json",
    )
    first, again, other = (actcli(*line, "--seed", seed) for seed in ("3", "3", "4"))
    assert first.out == again.out
    assert first.out != other.out
    assert json.loads(first.out)["seed"] == 3


def test_threads_change_nothing(actcli: Program) -> None:
    line = ("compare", "gelu", "--by", "gradients", "--depth", "5", "--width", "32")
    assert actcli(*line, "--threads", "1").out == actcli(*line, "--threads", "3").out


def test_negative_ends_of_a_range(actcli: Program) -> None:
    ended = actcli("compare", "relu", "gelu", "--by", "values", "--range", "-3", "-1", "--points", "3")
    assert ended.status == 0, ended.err


def test_numbers_from_stdin(actcli: Program) -> None:
    ended = actcli("compare", "torch.gelu", "jax.gelu", "--by", "values", "-i", "-", stdin="-1\n0\n1\n")
    assert ended.status == 0, ended.err
    ended = actcli("compare", "relu", "gelu", "--by", "values", "-i", "-", stdin="1\ntwo\n")
    assert "stdin:2: 'two'" in ended.err


def test_the_best_for_a_script(actcli: Program) -> None:
    ended = actcli.shell('actcli info "$(actcli compare relu gelu silu --best off-centre)" --format plain')
    assert ended.lines[1] == "function\tsilu"


def test_results_from_elsewhere(actcli: Program) -> None:
    x = np.linspace(-4, 4, 1001, dtype=np.float32)
    np.save(actcli.folder / "x.npy", x)
    np.save(actcli.folder / "mine.npy", np.maximum(x, 0) * np.float32(1 + 2**-20))
    line = ("compare", "relu", "--by", "precision", "-i", "x.npy", "--against", "mine.npy", "--max-ulp")
    within, beyond = actcli(*line, "16"), actcli(*line, "2")
    assert (within.status, beyond.status) == (0, 3)
    assert within.lines[1] == beyond.lines[1]


@pytest.mark.parametrize(
    ("line", "status", "said"),
    [
        ("relu", 2, "needs two functions"),
        ("", 2, "FUNCTION is missing"),
        ("relu gelu --by speed --depth 3", 2, "--depth belongs to --by gradients or --by training"),
        ("relu gelu --by gradients --depth 0", 2, "--depth '0' is not a whole number"),
        ("relu gelu --by gradients --weight-std -1", 2, "--weight-std '-1' is not"),
        ("relu gelu --by values -i missing.npy", 1, "missing.npy"),
        ("relu gelu --best beauty", 2, "no column 'beauty'"),
        ("relu gelu -o missing/out.json", 1, "missing does not exist"),
        ("relu gelu --by precision --types float12", 2, "float12"),
        ("relu gelu --plto", 2, "did you mean --plot?"),
    ],
)
def test_mistakes_in_one_line(actcli: Program, line: str, status: int, said: str) -> None:
    ended = actcli("compare", *line.split())
    assert (ended.status, ended.out) == (status, "")
    assert ended.err.startswith("actcli: ")
    assert said in ended.err
    assert ended.err.count("\n") == 1


def on_terminal(actcli: Program, *arguments: str) -> tuple[int, int]:
    """Started on a terminal; its process and our end."""
    child, main = pty.fork()
    if child == 0:
        os.chdir(actcli.folder)
        command = [sys.executable, "-m", "actcli", *arguments]
        os.execve(sys.executable, command, actcli.environ(COLUMNS="100"))  # noqa: S606 - the child of pty.fork
    return child, main


def stopped(child: int, main: int) -> tuple[int, str]:
    """After Ctrl-C at a tenth: the status, and all that was shown since."""
    read_until(main, lambda text: re.search(r" [1-9]\d% \d:\d\d left", text) is not None)
    os.write(main, b"\x03")
    shown = read_until(main, lambda _: False)
    os.close(main)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.replace("\r\n", "\n")


def test_ctrl_c_prints_what_is_done(actcli: Program) -> None:
    status, shown = stopped(*on_terminal(actcli, *LONG))
    assert status == 130
    assert re.search(r"measured in [1-9]\d? of 20 random networks", shown)
    assert re.search(r"\nactcli: interrupted: [1-9]\d % done\n$", shown)
    assert "Traceback" not in shown


def test_ctrl_c_leaves_a_file_alone(actcli: Program) -> None:
    Path(actcli.folder / "out.json").write_text("old", "utf-8")
    status, shown = stopped(*on_terminal(actcli, *LONG, "-o", "out.json"))
    assert status == 130
    assert "leaky_relu" in shown
    assert shown.endswith("% done; out.json is not written\n")
    assert [(path.name, path.read_text("utf-8")) for path in actcli.folder.iterdir()] == [("out.json", "old")]
