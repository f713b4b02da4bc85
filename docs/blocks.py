"""Blocks of documentation that cog generates: commands with their real output, and --help texts.

`cog -r README.md docs/*.md docs/claims/README.md` writes them anew.
"""

import os
import shlex
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

WIDTH = 80


def run(command: str) -> str:
    """Run a shell command at 80 columns; return its output, then standard error broken as a terminal breaks it.

    A sentence that a piped table repeats on standard error is left out.
    """
    environ = {
        **{k: v for k, v in os.environ.items() if k in {"PATH", "HOME", "LANG"}},
        "COLUMNS": str(WIDTH),
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
        "ACTCLI_CONFIG": "",  # ignore the functions of whoever runs this
    }
    done = subprocess.run(
        ["bash", "-c", command.replace("actcli", f"{shlex.quote(sys.executable)} -m actcli")],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        env=environ,
        text=True,
        check=False,
        timeout=600,
    )
    shown = " ".join(done.stdout.split())
    lines = [line for line in done.stderr.splitlines() if line.removeprefix("actcli: ") not in shown]
    broken = (textwrap.fill(line, WIDTH) if len(line) > WIDTH else line for line in lines)
    gap = "\n" if "--format table" in command and done.stdout and lines else ""
    return done.stdout + gap + "".join(f"{line}\n" for line in broken)


def show(*commands: str, table: bool = False) -> str:
    """Return a console block of commands and their output; `table` prints it as on a terminal."""
    blocks = []
    for command in commands:
        as_run = f"{command} --format table" if table else command
        lines = [line.rstrip() for line in run(as_run).splitlines()]
        blocks.append("\n".join([f"$ {command}", *lines]))
    return "\n```console\n" + "\n".join(blocks) + "\n```\n"


def program(path: str, *commands: str) -> str:
    """Return a Python program, what it prints, and a console block of commands on the files that it wrote."""
    top = Path(__file__).parents[1]
    with tempfile.TemporaryDirectory() as folder:
        inside = f"cd {folder} && export PYTHONPATH={shlex.quote(str(top))} && "
        printed = run(f"{inside}{shlex.quote(sys.executable)} {shlex.quote(str(top / path))}")
        shown = [f"$ {command}\n{run(f'{inside}{command} --format table')}" for command in commands]
    code = (top / path).read_text("utf-8").strip()
    console = f"\n```console\n{''.join(shown).rstrip()}\n```\n" if shown else ""
    return f"\n```python\n{code}\n```\n\n```text\n{printed.rstrip()}\n```\n{console}"


def after(path: str, command: str, shown: str) -> str:
    """Return a console block of a command on the files that a Python program wrote; `shown` is what stands there."""
    top = Path(__file__).parents[1]
    with tempfile.TemporaryDirectory() as folder:
        inside = f"cd {folder} && export PYTHONPATH={shlex.quote(str(top))} && "
        run(f"{inside}{shlex.quote(sys.executable)} {shlex.quote(str(top / path))}")
        printed = run(f"{inside}{command} 2>/dev/null")
    return f"\n```console\n$ {shown}\n{printed}```\n"


def usage(command: str) -> str:
    """Return the --help text of a command."""
    lines = [line.rstrip() for line in run(f"{command} --help").splitlines()]
    return "\n```text\n" + "\n".join(lines) + "\n```\n"
