"""`deadcheck` as a whole process: terminals, pipes, exit statuses, Ctrl-C, a reader that goes away."""

import io
import re
import signal
import threading
import time
from contextlib import suppress

import numpy as np
import pytest
from program import Program, wait_until_it_worked

ESCAPE = re.compile(r"\x1b\[[\d;]*m")


@pytest.fixture
def net(actcli: Program) -> str:
    """A file of two layers, of which units 3 and 7 of conv1 are dead."""
    h = np.maximum(np.random.default_rng(0).standard_normal((2000, 20)), 0).astype(np.float32)
    dead = h.copy()
    dead[:, [3, 7]] = 0
    np.savez(actcli.folder / "net.npz", conv1=dead, fc=h)
    return "net.npz"


@pytest.mark.parametrize("columns", [80, 120])
def test_on_a_terminal(actcli: Program, net: str, columns: int) -> None:
    ended = actcli.on_a_terminal("deadcheck", net, "--units", "--map", COLUMNS=str(columns))
    assert ended.status == 0
    assert ESCAPE.search(ended.out)
    plain = ESCAPE.sub("", ended.out)
    assert "How many units fire on which share of the samples" in plain
    assert "2 of 40 units (5 %) are dead" in plain
    assert max(map(len, plain.splitlines())) <= columns


@pytest.mark.parametrize("environ", [{"TERM": "dumb"}, {"NO_COLOR": "1"}])
def test_without_colour(actcli: Program, net: str, environ: dict[str, str]) -> None:
    ended = actcli.on_a_terminal("deadcheck", net, "--map", **environ)
    assert "\x1b" not in ended.out
    assert "×" in ended.out


def test_a_terminal_in_ascii(actcli: Program, net: str) -> None:
    ended = actcli.on_a_terminal(
        "deadcheck", net, "--map", "--units", LC_ALL="C", PYTHONIOENCODING="ascii", NO_COLOR="1"
    )
    assert ended.out.isascii()
    assert "?" not in ended.out


def test_in_a_pipe(actcli: Program, net: str) -> None:
    ended = actcli("deadcheck", net)
    assert ended.status == 0
    assert [line.split("\t")[:4] for line in ended.lines] == [
        ["layer", "unit", "class", "firings"],
        ["conv1", "3", "silent", "0"],
        ["conv1", "7", "silent", "0"],
    ]
    assert ended.err.startswith("actcli: 2 of 40 units (5 %) are dead")


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (("--fail-above", "5%"), 0),
        (("--fail-above", "0.01"), 3),
        (("--fail-above", "0.01", "--rare", "0.0001"), 4),
        (("--fail-above", "5"), 2),
        (("--unit-axis", "7"), 1),
    ],
)
def test_exit_statuses(actcli: Program, net: str, options: tuple[str, ...], status: int) -> None:
    ended = actcli("deadcheck", net, *options)
    # an axis that an array does not have is a mistake in the data or in the option: never a traceback
    assert ended.status == status or (status == 1 and ended.status == 2)
    assert "Traceback" not in ended.err
    assert status not in {1, 2} or (ended.out == "" and ended.err.count("\n") == 1)


def test_a_reader_that_goes_away(actcli: Program, net: str) -> None:
    ended = actcli.shell(f"actcli deadcheck {net} 2>/dev/null | head -n 1; echo ${{PIPESTATUS[0]}}")
    assert ended.lines[0] == "layer\tunit\tclass\tfirings\tsamples\tbound"
    assert ended.err == ""


def test_ctrl_c_prints_what_was_seen(actcli: Program, running) -> None:
    """A stream without an end: its header promises a thousand million samples."""
    process = running("deadcheck", "-", "--fail-above", "0", "--save-state", "state.npz", "--format", "json")
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f4", "fortran_order": False, "shape": (10**9, 8)}
    )
    block = np.tile(np.arange(8, dtype="<f4"), 5000).tobytes()

    def feed() -> None:
        with suppress(OSError, ValueError):
            process.stdin.write(header.getvalue())
            while True:
                process.stdin.write(block)
                time.sleep(0.001)

    feeder = threading.Thread(target=feed)
    feeder.start()
    wait_until_it_worked(process.pid, 1)
    process.send_signal(signal.SIGINT)
    status = process.wait(20)
    feeder.join(10)
    out, err = process.stdout.read().decode(), process.stderr.read().decode()
    assert status == 130
    assert '"complete": false' in out
    assert re.search(r'"dead": 1\b', out)
    assert err.startswith(
        "actcli: Interrupted: this is about the samples seen so far; state.npz not written.\n"
    )
    assert err.lower().count("interrupted") == 1
    assert [path.name for path in actcli.folder.iterdir()] == []


def test_files_appear_whole(actcli: Program, net: str) -> None:
    ended = actcli("deadcheck", net, "-o", "report.xml", "--save-state", "state.npz", "--fail-above", "1%")
    assert (ended.status, ended.out) == (3, "")
    assert sorted(path.name for path in actcli.folder.iterdir()) == ["net.npz", "report.xml", "state.npz"]
    again = actcli("deadcheck", "state.npz")
    assert again.lines == actcli("deadcheck", net).lines


def test_a_full_disk_keeps_what_was_there(actcli: Program, net: str) -> None:
    ended = actcli.shell(f"actcli deadcheck {net} --format json > /dev/full")
    assert ended.status == 1
    assert "cannot write to standard output: No space left on device" in ended.err


def test_plan_needs_no_data(actcli: Program) -> None:
    ended = actcli("deadcheck", "--plan", "10000", "--rare", "0.001")
    assert (ended.out, ended.err, ended.status) == ("12200\n", "", 0)


@pytest.mark.parametrize(
    "line",
    [
        "net.npz --save-state net.npz",
        "net.npz --save-state ./net.npz",
        "conv1=n*.npz --save-state net.npz",
        "rows.csv -o rows.csv",
    ],
)
@pytest.mark.usefixtures("net")
def test_what_is_read_is_never_replaced(actcli: Program, line: str) -> None:
    (actcli.folder / "rows.csv").write_text("1,0\n0,1\n")
    before = {path.name: path.read_bytes() for path in actcli.folder.iterdir()}
    ended = actcli("deadcheck", *line.split())
    assert (ended.out, ended.status) == ("", 2)
    assert "overwritten" in ended.err
    assert {path.name: path.read_bytes() for path in actcli.folder.iterdir()} == before


def test_a_unit_without_a_number_warns_of_nothing(actcli: Program) -> None:
    z = np.random.default_rng(0).standard_normal((50, 3))
    z[:, 1] = np.nan
    np.save(actcli.folder / "z.npy", z)
    ended = actcli("deadcheck", "z.npy", "--recorded", "pre")
    assert "nonfinite" in ended.out
    assert "Warning" not in ended.err
