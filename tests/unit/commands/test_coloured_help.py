"""Help and errors in colour say the same as without, and are plain where colour is not wanted."""

import re
import subprocess
import sys

import pytest
from invocation import invoke

from actcli.app import COMMANDS

_SGR = re.compile(r"\x1b\[[\d;]*m")


@pytest.mark.parametrize("command", ["", *COMMANDS])
@pytest.mark.parametrize("theme", ["auto", "light", "dark", "colorblind", "mono"])
def test_colour_changes_no_letter(command, theme):
    line = [*command.split(), "--help"]
    environ = {"ACTCLI_THEME": theme}
    coloured = invoke(*line, color_choice="always", environ=environ).out
    assert _SGR.sub("", coloured) == invoke(*line).out
    assert "\x1b[1mProgram:" in coloured or "\x1b[1mCommands:" in coloured


def test_what_is_typed_stands_out():
    coloured = invoke("eval", "--help", color_choice="always").out
    assert "\x1b[38;5;63m-i, --input\x1b[0m FILE" in coloured
    assert "\x1b[38;5;63m--set\x1b[0m NAME=VALUE" in coloured
    assert "\x1b[38;5;63mdeadcheck\x1b[0m" in invoke("--help", color_choice="always").out


@pytest.mark.parametrize(
    ("terminal", "is_coloured"),
    [
        ({"stdout_is_tty": True}, True),
        ({"stdout_is_tty": False}, False),
        ({"stdout_is_tty": True, "environ": {"NO_COLOR": "1"}}, False),
        ({"stdout_is_tty": True, "environ": {"TERM": "dumb"}}, False),
        ({"stdout_is_tty": False, "environ": {"FORCE_COLOR": "1"}}, True),
    ],
)
def test_colour_is_for_terminals(terminal, is_coloured):
    assert ("\x1b" in invoke("--help", color_choice="auto", **terminal).out) == is_coloured


@pytest.mark.parametrize(
    ("environ", "start"),
    [
        ({}, "actcli: "),
        ({"FORCE_COLOR": "1"}, "\x1b[1;38;5;163mactcli:\x1b[0m "),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, "actcli: "),
        ({"FORCE_COLOR": "1", "ACTCLI_THEME": "mono"}, "\x1b[1mactcli:\x1b[0m "),
        ({"FORCE_COLOR": "1", "ACTCLI_THEME": "none"}, "\x1b[1;38;5;163mactcli:\x1b[0m "),
    ],
)
def test_errors(environ, start):
    line = [sys.executable, "-m", "actcli", "eval", "relu", "-i", "nosuch\x1b[31m"]
    ended = subprocess.run(
        line, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin", **environ}
    )
    assert ended.stderr.startswith(start)
    assert ended.stderr.count("\n") == 1
    assert "\x1b[31m" not in ended.stderr


@pytest.mark.parametrize("place", ["before", "after", "joined"])
def test_help_obeys_an_option_wherever_it_stands(place):
    never, always = (
        {"before": ["eval", "--color", word, "--help"], "after": ["eval", "--help", "--color", word],
         "joined": ["eval", "--help", f"--color={word}"]}[place]
        for word in ("never", "always")
    )  # fmt: skip
    assert "\x1b" not in invoke(*never, color_choice="auto", stdout_is_tty=True).out
    assert "\x1b" in invoke(*always, color_choice="auto").out


@pytest.mark.parametrize("more", [["--color", "green"], ["--theme", "nosuch"], ["--color="]])
def test_help_is_shown_whatever_stands_behind_it(more):
    assert invoke("eval", "--help", *more).out.startswith("Usage: actcli eval")
