"""The completion scripts in real shells: TAB is pressed in bash and zsh, and fish is asked."""

import os
import pty
import shutil
import subprocess
from pathlib import Path

import pytest
from program import Program, read_until

from actcli.app import COMMANDS

SHELLS = ("bash", "zsh", "fish")
FOLDER = Path(__file__).parents[2] / "completions"
FILES = {"bash": "actcli.bash", "zsh": "_actcli", "fish": "actcli.fish"}

OWN = """
cube = "x^3"
"*" = "x"
wrong = 3
[my_gate]
formula = "x*sigmoid(beta*x) + c"
aliases = ["gate2"]
parameters = { beta = 1.5, c = 0 }"""
OWN_NAMES = ["cube", "my_gate", "gate2"]

# What is typed, and the one word that TAB must make of it.
UNIQUE = [
    ("ev", ["eval"]),
    ("--color nev", ["--color", "never"]),
    ("--color never gr", ["--color", "never", "grad"]),
    ("completion zs", ["completion", "zsh"]),
    ("eval leaky_re", ["eval", "leaky_relu"]),
    ("eval leaky_relu:al", ["eval", "leaky_relu:alpha="]),
    ("eval softplus:beta=2,thr", ["eval", "softplus:beta=2,threshold="]),
    ("eval torch.LeakyR", ["eval", "torch.LeakyReLU"]),
    ("eval torch.LeakyReLU:neg", ["eval", "torch.LeakyReLU:negative_slope="]),
    ("eval torc", ["eval", "torch."]),
    ("eval relu --form", ["eval", "relu", "--format"]),
    ("eval relu --format mark", ["eval", "relu", "--format", "markdown"]),
    ("eval relu --format=mark", ["eval", "relu", "--format=markdown"]),
    ("eval relu --on-error sk", ["eval", "relu", "--on-error", "skip"]),
    ("eval --range -5 5 leaky_re", ["eval", "--range", "-5", "5", "leaky_relu"]),
    ("grad relu -1 --at-kink rig", ["grad", "relu", "-1", "--at-kink", "right"]),
    ("grad prelu --wrt alp", ["grad", "prelu", "--wrt", "alpha"]),
    ("eval relu num", ["eval", "relu", "numbers.npy"]),
    ("eval relu -i num", ["eval", "relu", "-i", "numbers.npy"]),
    ("eval relu --output num", ["eval", "relu", "--output", "numbers.npy"]),
    ("eval relu -- num", ["eval", "relu", "--", "numbers.npy"]),
    # your own functions and their parameters
    ("eval my_ga", ["eval", "my_gate"]),
    ("eval my_gate:be", ["eval", "my_gate:beta="]),
    ("eval gate2:beta=2,", ["eval", "gate2:beta=2,c="]),
    ("plot relu cub", ["plot", "relu", "cube"]),
    ("eval relu --functions num", ["eval", "relu", "--functions", "numbers.npy"]),
    # what takes a word in one command takes none in another
    ("deadcheck --sort --map nu", ["deadcheck", "--sort", "--map", "numbers.npy"]),
    ("compare --sort alpha lea", ["compare", "--sort", "alpha", "leaky_relu"]),
]


def there(shell: str) -> str:
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"{shell} is not installed")
    return path


@pytest.fixture
def script(request: pytest.FixtureRequest, actcli: Program) -> Path:
    """The script that the program prints, in the folder of the test, beside one file to complete."""
    shell = request.param
    there(shell)
    own = actcli.folder / ".config" / "actcli" / "functions.toml"
    own.parent.mkdir(parents=True)
    own.write_text(OWN)
    ended = actcli("completion", shell)
    assert (ended.err, ended.status) == ("", 0)
    path = actcli.folder / "scripts" / FILES[shell]
    path.parent.mkdir()
    path.write_text(ended.out)
    (actcli.folder / "numbers.npy").touch()
    return path


class Typing:
    """An interactive shell on a terminal, in which actcli is a function that shows its arguments.

    No actcli and no Python is on the PATH: TAB cannot start one.
    """

    def __init__(self, shell: str, setup: list[str], folder: Path) -> None:
        start = folder / ".zshrc"
        start.write_text(
            "".join(line + "\n" for line in setup)
            + "actcli() { printf '<%s>' \"$@\"; echo ' done'; }\n"
            + "echo ready\n"
        )
        options = ["--noprofile", "--rcfile", str(start)] if shell == "bash" else ["-d"]
        path = there(shell)
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.chdir(folder)
            environ = {"PATH": "/nowhere", "TERM": "dumb", "HOME": str(folder), "LC_ALL": "C.UTF-8"}
            os.execve(path, [shell, *options, "-i"], environ)  # noqa: S606 - the child of pty.fork
        assert "ready" in read_until(self.terminal, lambda text: "ready" in text)

    def type(self, text: str) -> None:
        os.write(self.terminal, text.encode())

    def arguments(self, line: str) -> list[str]:
        """Type a line, press TAB and Enter, and see what actcli was given."""
        self.type(f"actcli {line}\t\n")
        shown = read_until(self.terminal, lambda text: "> done" in text, seconds=10)
        given = shown.partition(" done")[0].rpartition("\n")[2]
        return given.strip("\r").removeprefix("<").removesuffix(">").split("><")

    def close(self) -> None:
        os.close(self.terminal)
        os.waitpid(self.process, 0)


def typed(shell: str, setup: list[str], folder: Path) -> dict[str, list[str]]:
    typing = Typing(shell, setup, folder)
    try:
        return {line: typing.arguments(line) for line, _ in UNIQUE}
    finally:
        typing.close()


@pytest.mark.parametrize("script", ["bash"], indirect=True)
def test_bash_completes_the_word(script: Path, actcli: Program) -> None:
    assert typed("bash", [f"source {script}"], actcli.folder) == dict(UNIQUE)


@pytest.mark.parametrize("script", ["zsh"], indirect=True)
@pytest.mark.parametrize("way", ["sourced", "found"])
def test_zsh_completes_the_word(script: Path, way: str, actcli: Program) -> None:
    load = "autoload -Uz compinit; compinit -u -D"
    setup = [load, f"source {script}"] if way == "sourced" else [f"fpath=({script.parent} $fpath)", load]
    assert typed("zsh", setup, actcli.folder) == dict(UNIQUE)


def fish_candidates(script: Path, line: str, folder: Path, **environ: str) -> list[str]:
    asked = subprocess.run(
        [there("fish"), "--no-config", "-c", f"source {script}; complete -C {line!r}"],
        capture_output=True,
        cwd=folder,
        env={"PATH": "/nowhere", "HOME": str(folder), "LC_ALL": "C.UTF-8", **environ},
        check=True,
        timeout=30,
    )
    assert asked.stderr == b""
    return [candidate.partition("\t")[0] for candidate in asked.stdout.decode().splitlines()]


@pytest.mark.parametrize("script", ["fish"], indirect=True)
def test_fish_offers_the_word(script: Path, actcli: Program) -> None:
    for line, words in UNIQUE:
        assert fish_candidates(script, f"actcli {line}", actcli.folder) == words[-1:], line


@pytest.mark.parametrize("script", ["fish"], indirect=True)
def test_fish_offers_only_what_can_stand_there(script: Path, actcli: Program) -> None:
    assert sorted(fish_candidates(script, "actcli ", actcli.folder)) == sorted(COMMANDS)
    assert "numbers.npy" not in fish_candidates(script, "actcli eval ", actcli.folder)
    assert fish_candidates(script, "actcli eval relu:", actcli.folder) == []
    assert "torch.gelu" not in fish_candidates(script, "actcli eval ", actcli.folder)


def bash_candidates(script: Path, line: str, **environ: str) -> list[str]:
    asked = subprocess.run(
        [
            there("bash"),
            "--norc",
            "-c",
            f'source {script}; COMP_LINE=$1 COMP_POINT=${{#1}}; _actcli; printf "%s\\n" "${{COMPREPLY[@]}}"',
            "bash",
            line,
        ],
        capture_output=True,
        cwd=script.parent.parent,
        env={"PATH": "/nowhere", **environ},
        check=True,
        timeout=30,
    )
    assert asked.stderr == b""
    return asked.stdout.decode().split()


@pytest.mark.parametrize("script", ["bash"], indirect=True)
def test_bash_offers_only_what_can_stand_there(script: Path) -> None:
    assert bash_candidates(script, "actcli ") == list(COMMANDS)
    assert bash_candidates(script, "actcli eval softplus:beta=1,") == ["1,threshold="]
    assert bash_candidates(script, "actcli eval relu:") == []
    assert "--jacobian" in bash_candidates(script, "actcli grad softmax --")
    assert "--jacobian" not in bash_candidates(script, "actcli eval softmax --")
    names = bash_candidates(script, "actcli eval ")
    assert {"relu", "gelu", "torch.", "onnx."} <= set(names)
    assert "torch.gelu" not in names


@pytest.mark.parametrize("script", ["bash"], indirect=True)
def test_bash_looks_for_the_list_where_actcli_writes_it(script: Path, actcli: Program) -> None:
    home = str(actcli.folder)
    (actcli.folder / "elsewhere").mkdir()
    (actcli.folder / ".cache" / "actcli").rename(actcli.folder / "elsewhere" / "actcli")
    for environ, names in (
        ({"HOME": home}, []),
        ({"HOME": home, "XDG_CACHE_HOME": f"{home}/elsewhere"}, OWN_NAMES),
        ({"HOME": home, "XDG_CACHE_HOME": "elsewhere"}, []),
    ):
        found = bash_candidates(script, "actcli eval ", **environ)
        assert [name for name in found if name in OWN_NAMES] == names, environ


def own_candidates(script: Path, actcli: Program, **environ: str) -> list[str]:
    """The names of OWN that a shell offers."""
    if script.name.endswith(".fish"):
        offered = fish_candidates(script, "actcli eval ", actcli.folder, **environ)
    elif script.name.startswith("_"):
        offered = zsh_own_names(script, actcli.folder, **environ)
    else:
        offered = bash_candidates(script, "actcli eval ", HOME=str(actcli.folder), **environ)
    return [name for name in OWN_NAMES if name in offered]


def zsh_own_names(script: Path, folder: Path, **environ: str) -> list[str]:
    """The names that the script's function finds: zsh shows candidates on a terminal only."""
    code = 'compdef() { }; source "$1"; _actcli_own ""; print -l -- $reply'
    asked = subprocess.run(
        [there("zsh"), "-f", "-c", code, "zsh", str(script)],
        capture_output=True,
        cwd=folder,
        env={"PATH": "/nowhere", "HOME": str(folder), "LC_ALL": "C.UTF-8", **environ},
        check=True,
        timeout=30,
    )
    assert asked.stderr == b""
    return asked.stdout.decode().split()


@pytest.mark.parametrize("script", SHELLS, indirect=True)
def test_names_of_an_earlier_file_are_never_offered(script: Path, actcli: Program) -> None:
    own = actcli.folder / ".config" / "actcli" / "functions.toml"
    assert own_candidates(script, actcli) == OWN_NAMES
    # another file
    other = actcli.folder / "other" / "functions.toml"
    other.parent.mkdir()
    other.write_text(OWN)
    for name in ("other", "other/", "other/functions.toml", str(other)):
        assert own_candidates(script, actcli, ACTCLI_CONFIG=name) == [], name
    assert own_candidates(script, actcli, ACTCLI_CONFIG="") == []
    for name in ("other", "other/", "other/functions.toml", str(other)):
        assert actcli("list", ACTCLI_CONFIG=name).status == 0
        assert own_candidates(script, actcli, ACTCLI_CONFIG=name) == OWN_NAMES, name
    assert own_candidates(script, actcli) == []
    # an edit, even one that does not change the file's age by much or makes it older
    assert actcli("list").status == 0
    status = own.stat()
    for shift in (1_000_000, -1_000_000):
        os.utime(own, ns=(status.st_atime_ns, status.st_mtime_ns + shift))
        assert own_candidates(script, actcli) == []
    assert actcli("list").status == 0
    assert own_candidates(script, actcli) == OWN_NAMES
    own.unlink()
    assert own_candidates(script, actcli) == []


def own_list(actcli: Program) -> Path:
    return actcli.folder / ".cache" / "actcli" / "functions"


def test_the_list_of_own_functions_follows_their_file(actcli: Program) -> None:
    own, names = actcli.folder / "functions.toml", own_list(actcli)
    own.write_text(OWN)
    environ = {"ACTCLI_CONFIG": str(own)}
    assert actcli("eval", "relu", "1", **environ).status == 0
    assert not names.exists()  # no name of theirs was looked for
    assert actcli("eval", "cube", "1", **environ).status == 0
    assert names.read_text() == f"# {own}\ncube\nmy_gate beta c\ngate2 beta c\n"
    assert names.stat().st_mtime_ns == own.stat().st_mtime_ns
    written = names.stat()
    assert actcli("eval", "cube", "1", **environ).status == 0
    assert names.stat() == written
    own.write_text('square = "x^2"')
    assert actcli("list", **environ).status == 0
    assert names.read_text() == f"# {own}\nsquare\n"
    (actcli.folder / "other.toml").write_text('other = "x"')
    assert actcli("eval", "other", "1", "--functions", "other.toml", **environ).status == 0
    assert names.read_text() == f"# {own}\nsquare\n"
    assert [path.name for path in names.parent.iterdir()] == ["functions"]


@pytest.mark.parametrize("obstacle", ["a file in place of the folder", "a folder in place of the list"])
def test_a_list_that_cannot_be_written_is_nobodys_business(obstacle: str, actcli: Program) -> None:
    (actcli.folder / "functions.toml").write_text(OWN)
    if obstacle.startswith("a file"):
        (actcli.folder / ".cache").touch()
    else:
        own_list(actcli).mkdir(parents=True)
    ended = actcli("eval", "cube", "2", ACTCLI_CONFIG="functions.toml")
    assert (ended.out, ended.status) == ("8.0\n", 0)
    assert all("cache" not in line for line in ended.err.splitlines())


@pytest.mark.parametrize("shell", SHELLS)
def test_the_files_in_the_repository_are_what_the_program_prints(shell: str, actcli: Program) -> None:
    assert (FOLDER / FILES[shell]).read_text() == actcli("completion", shell).out
