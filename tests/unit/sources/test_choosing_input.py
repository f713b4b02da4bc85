import os
import subprocess
import sys

import numpy as np
import pytest

from actcli.exits import DataError, UsageError
from actcli.sources import NumberRequest, choose, open_numbers
from actcli.sources.numbers.arguments import decimals_in


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("a.npy", np.arange(3.0))
    np.savez("a.npz", a=np.arange(3.0))
    (tmp_path / "a.csv").write_text("x,y\n1,b\n")
    (tmp_path / "a.txt").write_text("1 2\n")
    (tmp_path / "odd name").write_text("7")
    (tmp_path / "folder").mkdir()
    return tmp_path


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("request_", "origin", "values"),
    [
        (NumberRequest(tokens=("-1", "-.5,2")), "arguments", [-1, -0.5, 2]),
        (NumberRequest(tokens=("a.npy",)), "a.npy", [0, 1, 2]),
        (NumberRequest(input="a.npz"), "a.npz:a", [0, 1, 2]),
        (NumberRequest(tokens=("a.csv",)), "a.csv", [1]),
        (NumberRequest(tokens=("odd name",)), "odd name", [7]),
        (NumberRequest(tokens=("-",)), "stdin", [5, 6]),
        (NumberRequest(input="-"), "stdin", [5, 6]),
        (NumberRequest(), "stdin", [5, 6]),
        (NumberRequest(range=(0.0, 2.0), points=3), "--range", [0, 1, 2]),
    ],
)
def test_each_way_to_name_an_input(draw, request_, origin, values):
    drawn = draw(request_, b"5\n6\n")

    assert drawn.origin == origin
    assert drawn.values.tolist() == values
    assert drawn.error is None


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (NumberRequest(tokens=("abc",)), "'abc' is neither a number nor a file"),
        (NumberRequest(tokens=("1_000",)), "'1_000' is neither a number nor a file"),
        (NumberRequest(tokens=("",)), "'' is neither a number nor a file"),
        (NumberRequest(tokens=("1", "abc")), "'abc' is neither a number nor a file"),
        (NumberRequest(tokens=("1", "a.npy")), "one input at a time: a.npy or the number 1"),
        (NumberRequest(tokens=("a.npy", "a.txt")), "one input at a time: a.npy or a.txt"),
        (NumberRequest(tokens=("a.npy", "-")), "one input at a time: a.npy or stdin"),
        (NumberRequest(tokens=("1",), input="a.txt"), "one input at a time: a.txt or the number 1"),
        (NumberRequest(tokens=("a.npy",), input="a.txt"), "one input at a time: a.txt or a.npy"),
        (NumberRequest(tokens=("1",), range=(0.0, 1.0)), "one input at a time: the number 1 or --range"),
        (NumberRequest(input="-", range=(0.0, 1.0)), "one input at a time: stdin or --range"),
        (
            NumberRequest(tokens=("a.npy",), array="a"),
            "--array",
        ),
        (
            NumberRequest(tokens=("1",), columns=("x",)),
            "--column",
        ),
        (
            NumberRequest(input="a.txt", by_rows=True, axis=0),
            "--axis belongs to an array",
        ),
        (
            NumberRequest(tokens=("1", "2"), by_rows=True, axis=0),
            "--axis belongs to an array",
        ),
        (NumberRequest(input="a.npy", columns=("1",)), "--column"),
        (NumberRequest(input="a.npz", columns=("1",)), "--column"),
        (NumberRequest(input="a.txt", format="text", columns=("1",)), "--column"),
        (NumberRequest(input="a.npz", format="csv"), "--input-format csv: a.npz is read as .npz"),
        (NumberRequest(tokens=("1",), format="csv"), "--input-format"),
        (NumberRequest(tokens=("1",), null=True), "--null"),
        (NumberRequest(range=(0.0, 1.0), null=True), "--null"),
        (NumberRequest(input="a.csv", null=True), "--null"),
        (NumberRequest(input="a.txt", format="json", null=True), "--null"),
        (NumberRequest(input="a.csv", array="a"), "--array"),
        (NumberRequest(input="a.csv", by_rows=True, axis=0), "--axis"),
        (NumberRequest(range=(0.0, float("inf"))), "--range 0.0 inf: both ends must be finite"),
    ],
)
def test_wrong_use_is_said_before_anything_is_read(terminal, request_, message):
    with pytest.raises(UsageError) as caught:
        open_numbers(request_, terminal(b"1\n"))

    assert message in str(caught.value)


def test_each_argument_is_parsed_once(terminal, monkeypatch):
    parsed = []

    def parse(token, patterns):
        parsed.append(token)
        return decimals_in(token, patterns)

    monkeypatch.setattr(choose, "decimals_in", parse)
    (numbers,) = open_numbers(NumberRequest(tokens=("1", "-2,3")), terminal())

    assert np.concatenate(list(numbers.blocks)).tolist() == [1, -2, 3]
    assert parsed == ["1", "-2,3"]


def test_nothing_given_at_a_terminal_names_the_ways(terminal):
    with pytest.raises(UsageError, match="no numbers: type some, name a file, use --range LO HI"):
        open_numbers(NumberRequest(), terminal(tty=True))


def test_a_dash_reads_what_a_person_types(terminal):
    (numbers,) = open_numbers(NumberRequest(tokens=("-",)), terminal(b"1\n2\n", tty=True))

    assert np.concatenate(list(numbers.blocks)).tolist() == [1, 2]


def test_axis_of_a_text_on_stdin(terminal):
    with pytest.raises(UsageError, match="--axis belongs to an array"):
        next(open_numbers(NumberRequest(by_rows=True, axis=0), terminal(b"1 2\n")))


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.npy", "missing.npy: No such file or directory"),
        ("missing/a.txt", "missing/a.txt: No such file or directory"),
        ("folder", "folder: Is a directory"),
        ("a.txt/b.txt", "a.txt/b.txt: Not a directory"),
    ],
)
def test_a_file_that_cannot_be_opened_is_said_at_once(terminal, name, message):
    with pytest.raises(DataError) as caught:
        open_numbers(NumberRequest(tokens=(name,)), terminal())

    assert str(caught.value) == message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_is_not_ours_to_read(files, terminal):
    (files / "a.txt").chmod(0)

    with pytest.raises(DataError, match=r"a\.txt: Permission denied"):
        open_numbers(NumberRequest(tokens=("a.txt",)), terminal())


@pytest.mark.parametrize("name", ["e.txt", "e.npy", "e.csv", "e.tsv", "e.dat"])
def test_an_empty_file_is_an_error(tmp_path, draw, name):
    (tmp_path / name).touch()

    with pytest.raises(DataError, match="is empty"):
        draw(NumberRequest(input=str(tmp_path / name)))


def test_empty_stdin_is_an_empty_stream(draw):
    drawn = draw(NumberRequest(), b"")

    assert (drawn.blocks, drawn.error) == ([], None)


def test_a_closed_stdin(terminal):
    closed = terminal()
    closed.stdin = None

    with pytest.raises(DataError, match="standard input is closed"):
        open_numbers(NumberRequest(), closed)


@pytest.mark.usefixtures("files")
def test_a_stream_that_is_never_drawn_leaves_no_file_open(terminal):
    open_numbers(NumberRequest(tokens=("a.npy",)), terminal())
    next(open_numbers(NumberRequest(tokens=("a.txt",)), terminal()))


def test_importing_the_sources_loads_no_numpy():
    code = "import sys, actcli.sources; print([m for m in ('numpy', 'orjson', 'csv') if m in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


def test_arguments_need_no_parser_of_texts():
    code = (
        "import sys; from actcli.sources import *; from actcli.terminal import Terminal;"
        "n, = open_numbers(NumberRequest(tokens=('1', '2')), Terminal(None, None, None)); list(n.blocks);"
        "print([m for m in ('orjson', 'actcli.sources.numbers.text', 'zipfile') if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
