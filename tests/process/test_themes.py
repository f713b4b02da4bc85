"""`--theme` and ACTCLI_THEME in every command that has colours."""

import re

import numpy as np
import pytest
from invocation import invoke, refused

from actcli.terminal import THEMES

COLORED = [
    ("list",),
    ("info", "gelu"),
    ("info", "relu", "--code", "torch"),
    ("eval", "relu", "-inf", "0", "inf", "--format", "table"),
    ("grad", "softmax", "1", "2", "--format", "table"),
    ("plot", "relu", "gelu"),
    ("compare", "relu", "gelu", "--format", "table"),
    ("compare", "relu", "gelu", "--by", "gradients", "--depth", "3", "--plot"),
    ("deadcheck", "acts.npy", "--recorded", "pre", "--format", "table"),
]
BAD = ("solarized", "lights", "default", "", " ", "light ", "1", "auto,dark", "\x1b[31m", "[red]", "-1")


@pytest.fixture(autouse=True)
def acts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("acts.npy", np.random.default_rng(0).standard_normal((50, 6)) - [0, 0, 0, 9, 9, 9])


def painted(*line, environ=None, **more):
    return invoke(*line, color_choice="always", stdout_is_tty=True, environ=environ or {}, **more).out


def codes(text):
    return set(re.findall(r"\x1b\[([0-9;]*)m", text))


def bare(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@pytest.mark.parametrize("line", COLORED, ids=" ".join)
def test_every_command_has_every_theme(line):
    shown = {name: painted(*line, "--theme", name) for name in THEMES}
    # the chart of mono and colorblind has numbers on its curves; elsewhere only colours differ
    assert len({bare(shown[name]) for name in ("auto", "light", "dark")}) == 1
    assert len({frozenset(codes(shown[name])) for name in ("auto", "light", "dark", "mono")}) == 4
    for name in ("auto", "light", "dark", "colorblind"):
        # none of the terminal's sixteen colours, nor its idea of dim
        rest = {re.sub(r"[34]8;[25](;\d+)+", "", code) for code in codes(shown[name])}
        assert rest <= {"", "0", "1", "1;", "49", "1;49"}  # 49: the background as it is
    assert codes(shown["mono"]) <= {"0", "1", "2", "1;2", "49", "1;49", "2;49"}


@pytest.mark.parametrize("line", COLORED, ids=" ".join)
def test_the_environment_says_the_same(line):
    assert painted(*line, environ={"ACTCLI_THEME": "light"}) == painted(*line, "--theme", "light")


def test_the_option_wins_on_either_side_of_the_command():
    light = painted("plot", "relu", "--theme", "light")
    environ = {"ACTCLI_THEME": "dark"}
    assert painted("--theme", "light", "plot", "relu", environ=environ) == light
    assert painted("plot", "relu", "--theme", "light", environ=environ) == light
    assert painted("--theme", "dark", "plot", "relu", "--theme", "light", environ=environ) == light
    assert painted("plot", "relu", environ={"ACTCLI_THEME": ""}) == painted("plot", "relu", "--theme", "auto")


def test_a_terminal_that_mixes_colours_gets_more_of_them():
    few, many = painted("plot", "relu"), painted("plot", "relu", environ={"COLORTERM": "truecolor"})
    assert any(code.startswith("38;2;") for code in codes(many))
    assert not any(code.startswith("38;2;") for code in codes(few))
    assert bare(few) == bare(many)


@pytest.mark.parametrize("name", BAD)
def test_an_unknown_theme_is_refused(name):
    assert "'auto', 'light', 'dark', 'colorblind', 'mono'" in refused("plot", "relu", "--theme", name)


@pytest.mark.parametrize("name", [name for name in BAD if name])
@pytest.mark.parametrize("line", [("eval", "relu", "1"), ("plot", "relu"), ("list",), ("completion", "bash")])
def test_an_unknown_theme_in_the_environment_is_refused(line, name):
    message = refused(*line, environ={"ACTCLI_THEME": name})
    assert message.startswith(f"ACTCLI_THEME={name!r}: unknown theme; choose one of auto, light")


def test_no_colour_means_no_theme():
    line = ("plot", "relu", "--theme", "light")
    assert "\x1b" not in invoke(*line, color_choice="auto", stdout_is_tty=True, environ={"NO_COLOR": "1"}).out
    assert "\x1b" not in invoke(*line, color_choice="auto").out


def test_more_curves_than_colours_are_numbered():
    names = ["relu", "gelu", "silu", "mish", "elu", "selu", "tanh"]
    assert "1 relu" not in bare(painted("plot", *names[:6], size=(100, 30)))
    shown = bare(painted("plot", *names, size=(100, 30)))
    assert all(f" {i} {name}" in shown for i, name in enumerate(names, 1))
