"""`info --code` as a whole process: a pipe, a terminal, a file, the C locale, and what is refused."""

import re
from pathlib import Path

import pytest
from program import Program

ESCAPE = re.compile(r"\x1b\[[\d;]*m")

PASTED = """\
import torch


def f(x, b=1.5):
    \"""x*tanh(softplus(b*x)).\"""
    # in float32 value or gradient may be inf or NaN at x > 1e+38, at these parameters
    return x * torch.tanh(torch.logaddexp(torch.zeros_like(x), b * x))
"""


def test_in_a_pipe(actcli: Program) -> None:
    ended = actcli("info", "x*tanh(softplus(b*x))", "--set", "b=1.5", "--code", "torch")
    assert (ended.out, ended.err, ended.status) == (PASTED, "", 0)


def test_a_parameter_may_be_left_open(actcli: Program) -> None:
    ended = actcli("info", "x*tanh(b*x)", "--code", "jax")
    assert "def f(x, *, b):" in ended.lines
    assert ended.status == 0


def test_into_a_file(actcli: Program) -> None:
    ended = actcli("info", "gelu", "--code", "latex", "-o", "gelu.tex")
    assert (ended.out, ended.err, ended.status) == ("", "", 0)
    assert (actcli.folder / "gelu.tex").read_text() == (
        "% gelu (Hendrycks & Gimpel 2016)\n\\operatorname{gelu}(x) = x \\, \\Phi(x)\n"
    )
    assert [path.name for path in Path(actcli.folder).iterdir()] == ["gelu.tex"]


@pytest.mark.parametrize("place", ["python", "torch", "jax", "latex"])
def test_a_terminal_shows_the_same_characters_in_colour(actcli: Program, place: str) -> None:
    piped = actcli("info", "torch.softplus", "--code", place).out
    shown = actcli.on_a_terminal("info", "torch.softplus", "--code", place, COLUMNS="40").out
    assert ESCAPE.search(shown)
    assert ESCAPE.sub("", shown).replace("\r\n", "\n") == piped
    bare = actcli.on_a_terminal("info", "torch.softplus", "--code", place, NO_COLOR="1").out
    assert bare.replace("\r\n", "\n") == piped


def test_in_ascii(actcli: Program) -> None:
    ended = actcli("info", "gelu", "--code", "python", LC_ALL="C", PYTHONIOENCODING="ascii")
    assert ended.out.isascii()
    assert (
        '    """gelu: x*Phi(x), Phi the normal distribution function (Hendrycks & Gimpel 2016)."""'
        in ended.lines
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["gelu", "--code", "fortran"],
            "--code 'fortran' is not one of 'python', 'torch', 'jax', 'tensorflow'",
        ),
        (["gelu", "--code"], "--code needs PLACE after it"),
        (["gelu", "--code", "jax", "--format", "json"], "--format does not go with --code"),
        (["gelu", "--code", "jax", "--cost"], "--cost does not go with --code"),
        (["gelu", "--code", "jax", "-o", "gelu.tex"], "-o 'gelu.tex': --code jax writes a .py file, or .txt"),
        (
            ["gelu", "--code", "latex", "-o", "gelu.json"],
            "-o 'gelu.json': --code latex writes a .tex file, or .txt",
        ),
        (["gelu", "--code", "jax", "-o", ""], "-o needs the name of a file, or - for standard output"),
        (["relu/tanh", "--code", "jax"], "relu/tanh is a stack of layers"),
        (["gelo", "--code", "jax"], "unknown function 'gelo'; did you mean gelu"),
        (["gelu", "--code", "jax", "--set", "b=1"], "--set b: gelu has no parameter of that name"),
        (["hard_tanh:2,1", "--code", "jax"], "hard_tanh:2,1: the parameters must meet min < max"),
        (["softplus:beta=-1", "--code", "jax"], "softplus:beta=-1: beta must be > 0, not -1"),
    ],
)
def test_what_is_refused(actcli: Program, arguments: list[str], said: str) -> None:
    ended = actcli("info", *arguments)
    assert (ended.out, ended.status) == ("", 2)
    assert ended.err.startswith(f"actcli: {said}")
    assert len(ended.err.splitlines()) == 1
    assert list(Path(actcli.folder).iterdir()) == []


def test_a_file_that_cannot_be_written(actcli: Program) -> None:
    ended = actcli("info", "gelu", "--code", "jax", "-o", "missing/gelu.py")
    assert (ended.out, ended.status) == ("", 1)
    assert ended.err.startswith("actcli: cannot write missing/gelu.py: the folder ")
