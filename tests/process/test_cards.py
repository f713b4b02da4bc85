"""`list` and `info` as whole processes: a terminal, a pipe, a dumb terminal, the C locale, a reader that goes away."""

import re

import pytest
from program import Program

from actcli import catalogue

ESCAPE = re.compile(r"\x1b\[[\d;]*m")


@pytest.mark.parametrize(
    ("command", "shows"), [(["list", "hard*"], "|x| ≥ 3"), (["info", "gelu"], "[-0.169971, ∞)")]
)
def test_on_a_terminal(actcli: Program, command: list[str], shows: str) -> None:
    ended = actcli.on_a_terminal(*command, COLUMNS="80")
    assert ended.status == 0
    assert ESCAPE.search(ended.out)
    plain = ESCAPE.sub("", ended.out)
    assert shows in plain
    assert max(map(len, plain.splitlines())) <= 80


@pytest.mark.parametrize("environ", [{"TERM": "dumb"}, {"NO_COLOR": "1"}])
def test_without_colour(actcli: Program, environ: dict[str, str]) -> None:
    for command in (["list", "relu"], ["info", "relu"]):
        ended = actcli.on_a_terminal(*command, COLUMNS="100", **environ)
        assert "\x1b" not in ended.out
        assert "max(x, 0)" in ended.out


def test_a_terminal_in_ascii(actcli: Program) -> None:
    ended = actcli.on_a_terminal("info", "hard_tanh", LC_ALL="C", PYTHONIOENCODING="ascii", NO_COLOR="1")
    assert ended.out.isascii()
    assert "|x| >= 1" in ended.out
    assert "?" not in ended.out


def test_in_a_pipe(actcli: Program) -> None:
    listed = actcli("list")
    assert (listed.err, listed.status) == ("", 0)
    assert listed.lines == [definition.name for definition in catalogue()]
    card = actcli("info", "relu", LC_ALL="C")
    assert (card.err, card.status) == ("", 0)
    assert card.lines[:3] == ["property\tvalue", "function\trelu", "name\trelu"]
    assert "zero_gradient\t(-inf, 0.0]" in card.lines
    assert "gains.torch\t1.4142135623730951" in card.lines


def test_a_pipe_in_ascii_spells_the_mathematics_out(actcli: Program) -> None:
    card = actcli("info", "squareplus", PYTHONIOENCODING="ascii")
    assert "formula\t(x + sqrt(x^2 + b))/2" in card.lines


def test_a_list_that_nobody_reads_to_its_end(actcli: Program) -> None:
    ended = actcli.shell("actcli list | head -n 1; echo ${PIPESTATUS[0]}")
    assert (ended.lines[0], ended.err) == ("identity", "")


def test_what_is_wrong_is_one_line(actcli: Program) -> None:
    for command, said in (
        (["list", "--family", "relus"], "--family"),
        (["info", "rellu"], "did you mean relu"),
        (["info"], "FUNCTION is missing"),
        (["list", "a", "b"], "b"),
    ):
        ended = actcli(*command)
        assert (ended.out, ended.status) == ("", 2)
        assert said in ended.err
        assert ended.err.startswith("actcli: ")
        assert ended.err.count("\n") == 1


def test_help_fits_80_columns_of_ascii(actcli: Program) -> None:
    for command in ("list", "info"):
        ended = actcli(command, "--help")
        assert max(map(len, ended.lines)) < 80
        assert ended.out.isascii()
        assert "Examples:" in ended.lines
