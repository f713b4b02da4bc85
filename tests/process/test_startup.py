"""What a start costs and loads, and what the version and the help say."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from program import Ended, Program

import actcli as package

HEAVY = {"numpy", "rich", "plotext", "orjson", "pygments", "markdown_it"}

# A fresh process runs the program and says at its end, on stderr, what it has loaded: os._exit ends it, so
# that is where it is asked.
WATCHED = """
import os, sys
leave = os._exit
def tell(status):
    names = sorted({name.partition('.')[0] for name in sys.modules})
    sys.stderr.write(' '.join(names))
    sys.stderr.flush()
    leave(status)
os._exit = tell
from actcli.__main__ import main
sys.argv[0] = 'actcli'
main()
"""


# The same with whole names: `actcli.app`.
MODULES = WATCHED.replace(".partition('.')[0]", "")
# The same for the data classes of the package whose methods the standard library has compiled.
COMPILED = WATCHED.replace(
    "names = sorted({name.partition('.')[0] for name in sys.modules})",
    """classes = [c for name, module in list(sys.modules.items()) if name.startswith('actcli')
               for c in vars(module).values() if isinstance(c, type)]
    found = [c for c in classes if vars(c).get('__dataclass_params__') and c.__dataclass_params__.frozen]
    names = sorted({f'{c.__module__}.{c.__qualname__}' for c in found if c.__module__.startswith('actcli')})""",
)


def loaded(actcli: Program, *arguments: str, code: str = WATCHED) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=actcli.environ(),
        timeout=60,
        check=True,
    )
    assert done.stdout
    return set(done.stderr.decode().split())


def test_the_version_loads_nothing(actcli: Program) -> None:
    names = loaded(actcli, "--version")
    assert not names & (HEAVY | {"typer", "inspect", "dataclasses", "signal", "difflib"})


@pytest.mark.parametrize(
    "arguments", [["--help"], ["eval", "--help"], ["grad", "-h"], ["--version", "--debug"]]
)
def test_help_loads_no_numpy(actcli: Program, arguments: list[str]) -> None:
    assert not loaded(actcli, *arguments) & HEAVY


def test_the_help_of_the_program_imports_no_command(actcli: Program) -> None:
    names = loaded(actcli, "--help", code=MODULES)
    assert "actcli.app" in names
    assert not {f"actcli.commands.{name}" for name in ("eval", "grad", "completion")} & names


@pytest.mark.parametrize(
    "arguments", [["eval", "relu", "-1", "0", "1"], ["grad", "silu", "2", "--format", "csv"]]
)
def test_a_piped_run_loads_neither_rich_nor_plotext(actcli: Program, arguments: list[str]) -> None:
    assert not loaded(actcli, *arguments) & {"rich", "plotext", "pygments", "scipy"}


@pytest.mark.parametrize(
    "arguments",
    [["eval", "relu", "-1"], ["plot", "relu"], ["compare", "relu", "gelu"], ["deadcheck", "FILE"]],
)
def test_no_data_class_is_compiled_at_the_start(
    actcli: Program, tmp_path: Path, arguments: list[str]
) -> None:
    np.save(tmp_path / "relu.npy", np.ones((20, 3), np.float32))
    given = [str(tmp_path / "relu.npy") if word == "FILE" else word for word in arguments]
    words = loaded(actcli, *given, code=COMPILED)  # the sentence of the command stands there too
    assert not {word for word in words if word.startswith("actcli.")}


@pytest.mark.parametrize(
    ("arguments", "module"),
    [
        ("eval relu -1", "actcli.activations.families.sigmoids"),
        ("compare relu gelu", "actcli.analysis.figure.plot_range"),
        ("compare relu gelu", "numpy.polynomial"),
        ("deadcheck FILE", "actcli.sources.records.timeline_file"),
        ("deadcheck FILE", "numpy.polynomial"),
    ],
)
def test_a_command_loads_no_module_that_it_has_no_use_for(
    actcli: Program, tmp_path: Path, arguments: str, module: str
) -> None:
    np.savez(tmp_path / "relu.npz", relu=np.eye(20, 3, dtype=np.float32))
    names = loaded(actcli, *arguments.replace("FILE", str(tmp_path / "relu.npz")).split(), code=MODULES)
    assert "actcli.activations.families.rectifiers" in names
    assert module not in names


@pytest.mark.parametrize(
    "arguments", [["--version"], ["-V"], ["--color", "never", "--version"], ["-V", "--debug"]]
)
def test_the_version(actcli: Program, arguments: list[str]) -> None:
    assert actcli(*arguments) == Ended(f"actcli {package.__version__}\n", "", 0)


@pytest.mark.parametrize("command", [[], ["eval"], ["grad"], ["completion"]])
def test_help_fits_80_columns_of_ascii(actcli: Program, command: list[str]) -> None:
    long, short = actcli(*command, "--help"), actcli(*command, "-h", LC_ALL="C", PYTHONIOENCODING="ascii")
    assert long == short
    assert (long.err, long.status) == ("", 0)
    assert long.lines[0].startswith("Usage: actcli")
    assert "Examples:" in long.lines
    assert max(map(len, long.lines)) < 80
    assert long.out.isascii()


def test_without_a_command_the_line_says_what_to_try(actcli: Program) -> None:
    ended = actcli()
    assert (ended.out, ended.status) == ("", 2)
    assert ended.err.startswith("actcli: a command is missing")
    assert "actcli --help" in ended.err


def test_typers_own_completion_stays_away(actcli: Program) -> None:
    assert actcli("eval", "relu", "1", _ACTCLI_COMPLETE="complete_bash").out == "1.0\n"


def test_the_package_loads_nothing_until_it_is_used() -> None:
    code = "import actcli, sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert not set(done.stdout.split()) & (HEAVY | {"torch", "jax", "keras", "typer"})


def test_a_recorder_loads_numpy_and_no_framework() -> None:
    code = (
        "import actcli, sys, numpy; r = actcli.Recorder(); r.add('a', numpy.ones((3, 2)));"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert not set(done.stdout.split()) & {"torch", "jax", "keras", "typer", "rich"}
