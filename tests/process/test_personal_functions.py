"""A person's own functions in the real program: where the file is found, when it is read, and what it costs."""

import os
import subprocess
import sys

import pytest
from program import Ended, Program

from actcli.activations.formula.functions import BY_NAME

GATE = '[my_gate]\nformula = "x*sigmoid(b*x)"\nparameters = { b = 2 }\n'


def personal(actcli: Program, text: str) -> None:
    folder = actcli.folder / ".config" / "actcli"
    folder.mkdir(parents=True)
    (folder / "functions.toml").write_text(text)


def test_the_personal_file_is_found_at_home(actcli: Program) -> None:
    personal(actcli, GATE)
    assert actcli("eval", "my_gate", "0") == Ended("0.0\n", "", 0)
    assert actcli("list").lines[-1] == "my_gate"
    assert actcli("eval", "my_gate", "0", ACTCLI_CONFIG="").status == 2
    missing = actcli("eval", "relu", "0", ACTCLI_CONFIG="/nowhere")
    assert (missing.status, missing.out) == (1, "")
    assert missing.err.startswith("actcli: ACTCLI_CONFIG=/nowhere: /nowhere: No such file or directory")


def test_it_is_read_only_where_a_name_is_not_in_the_catalogue(actcli: Program) -> None:
    personal(actcli, "broken")
    for line in (["--version"], ["--help"], ["eval", "relu", "1"], ["info", "gelu"], ["completion", "bash"]):
        assert actcli(*line).err == "", line
    assert actcli("grad", "x/(1+exp(-x))", "1").err == ""
    assert actcli("plot", "relu", "torch.gelu", "--format", "csv", "--points", "2").err == ""
    told = actcli("eval", "tanh(b*x):b=1", "0")
    assert told.err.startswith(f"actcli: {actcli.folder}/.config/actcli/functions.toml:1")
    assert (told.err.count("\n"), told.out, told.status) == (1, "0.0\n", 0)


def test_names_of_the_catalogue_load_no_toml(actcli: Program) -> None:
    personal(actcli, GATE)
    code = (
        "import os, sys; leave = os._exit\n"
        "def tell(status): sys.stderr.write(' '.join(sys.modules)); sys.stderr.flush(); leave(status)\n"
        "os._exit = tell\n"
        "from actcli.__main__ import main; sys.argv[0] = 'actcli'; main()"
    )

    def loaded(*arguments: str) -> set[str]:
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, env=actcli.environ(), check=True
        )
        return set(done.stderr.decode().split())

    unwanted = {"tomllib", "actcli.sources.functions.functions_file", "actcli.activations.personal"}
    assert not unwanted & loaded("eval", "relu", "1")
    assert unwanted <= loaded("eval", "my_gate", "1")


def test_a_pipe_is_read_where_it_is_named_and_waits_for_nobody_elsewhere(actcli: Program) -> None:
    done = actcli.shell("actcli eval g 2 --functions <(echo 'g = \"x^3\"')")
    assert done == Ended("8.0\n", "", 0)
    os.mkfifo(actcli.folder / "pipe")
    waiting = actcli("eval", "g", "2", ACTCLI_CONFIG="pipe")
    assert waiting.status == 2
    assert waiting.err.splitlines()[0] == "actcli: pipe: is a pipe; functions are read from a file"


def test_statistics_name_the_function_that_they_are_about(actcli: Program) -> None:
    (actcli.folder / "f.toml").write_text(GATE)
    (actcli.folder / "layer.csv").write_text("a,b\n" + "1,-2\n0.5,3\n" * 50)
    kept = actcli(
        *("deadcheck", "layer.csv", "--recorded", "pre", "--activation", "my_gate", "--functions", "f.toml"),
        *("--save-state", "s.npz"),
    )
    assert kept.status == 0
    assert actcli("deadcheck", "s.npz", "--functions", "f.toml").out == kept.out
    unknown = actcli("deadcheck", "s.npz")
    assert unknown.status == 1
    assert "layer 'layer'" in unknown.err
    assert "unknown function 'my_gate'" in unknown.err


def test_an_ascii_terminal_gets_ascii(actcli: Program) -> None:
    text = '[g]\nformula = "x·σ(β*x)"\nabout = "für Gäste"\nparameters = { "β" = 1 }\n["gä"]\nformula = "x"\n'
    (actcli.folder / "f.toml").write_text(text)
    ascii_only = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "NO_COLOR": "1"}
    for line in (["list", "--family", "formula", "--format", "table"], ["info", "g", "--format", "table"]):
        shown = actcli(*line, "--functions", "f.toml", **ascii_only)
        assert shown.status == 0, shown.err
        assert shown.out.isascii()
        assert shown.err.isascii()
        assert "fur Gaste" in shown.out


@pytest.mark.parametrize("columns", ["80", "120"])
def test_a_terminal_shows_a_table_of_that_width(actcli: Program, columns: str) -> None:
    personal(actcli, GATE.replace("parameters", f'about = "{"a long story " * 10}"\nparameters'))
    shown = actcli.on_a_terminal("list", "--family", "formula", COLUMNS=columns, NO_COLOR="1")
    assert shown.status == 0
    assert "my_gate" in shown.out
    assert max(map(len, shown.lines)) <= int(columns)


def test_hostile_files_touch_nothing_and_end_at_once(actcli: Program) -> None:
    names = "".join(f'{name} = "x"\n' for name in BY_NAME)
    for text in (
        "f = \"__import__('os').system('touch owned')\"\n",
        'f = "9**9**9*x"\n',
        f'f = "{"(" * 2000}x{")" * 2000}"\n',
        "f = " + "{a=" * 1000 + "1" + "}" * 1000,
        ".".join("a" * 2000) + " = 1\n",
        'f = "g(x) + g(-x)"\ng = "f(x)"\n',
        names,
        '"f\\u001b]0;owned\\u0007" = "x"\nf = "\\u001b[31m"\n',
    ):
        (actcli.folder / "f.toml").write_text(text)
        ended = actcli("eval", "f", "1", "--functions", "f.toml")
        assert ended.status in {1, 2}, text
        assert ended.out == ""
        assert "Traceback" not in ended.err
        assert "internal" not in ended.err
        assert "\x1b" not in ended.err
    assert [path.name for path in actcli.folder.iterdir()] == ["f.toml"]
