"""What README.md and the pages in docs show is what the program prints: called by cog, in their own markers."""

import os
import shlex
import subprocess
import sys

WIDTH = "80"


def run(command: str) -> str:
    """A shell command's output, stderr included, at 80 columns; the first word is actcli or a filter."""
    environ = {
        **{k: v for k, v in os.environ.items() if k in {"PATH", "HOME", "LANG"}},
        "COLUMNS": WIDTH,
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
        "ACTCLI_CONFIG": "",  # whose functions these are must not matter
    }
    done = subprocess.run(
        ["bash", "-c", command.replace("actcli", f"{shlex.quote(sys.executable)} -m actcli")],
        capture_output=True,
        env=environ,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout + done.stderr


def show(*commands: str, table: bool = False) -> str:
    """A console block: each command after its prompt, then what it prints.

    `table` shows what a person at a terminal sees.
    """
    blocks = []
    for command in commands:
        as_run = f"{command} --format table" if table else command
        lines = [line.rstrip() for line in run(as_run).splitlines()]
        blocks.append("\n".join([f"$ {command}", *lines]))
    return "\n```console\n" + "\n".join(blocks) + "\n```\n"


def usage(command: str) -> str:
    """A command's --help."""
    lines = [line.rstrip() for line in run(f"{command} --help").splitlines()]
    return "\n```text\n" + "\n".join(lines) + "\n```\n"
