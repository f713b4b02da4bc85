"""Blocks of documentation that cog generates: commands with their real output, and --help texts.

`cog -r README.md docs/*.md docs/claims/README.md` writes them anew.
"""

import json
import os
import shlex
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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


def field_tables(path: str) -> str:
    """Return the errors of the frameworks that `compare --with … --format json` recorded, a table for each type."""
    document = json.loads((Path(__file__).parents[1] / path).read_text("utf-8"))
    rows = {tuple(one["function"].split()): one for one in document["contenders"]}
    functions = list(dict.fromkeys(function for function, _ in rows))
    frameworks = list(dict.fromkeys(framework for _, framework in rows))
    lines = [f"Measured: {document['settings']['versions']}, on {document['settings']['processor']}."]
    for kind in ("float64", "float32", "float16", "bfloat16"):
        lines += [
            "",
            f"### {kind}",
            "",
            f"| | {' | '.join(frameworks)} |",
            "| --- |" + " --- |" * len(frameworks),
        ]
        for function in functions:
            cells = [_field_cell(rows.get((function, name)), kind) for name in frameworks]
            if any(cell != "–" for cell in cells):
                lines.append(f"| {function} | {' | '.join(cells)} |")
    return "\n" + "\n".join(lines) + "\n"


def field_rows(path: str, kind: str, functions: Sequence[str]) -> str:
    """Return the largest errors of the frameworks in [-5, 5], in ULP of one type, for a few functions."""
    document = json.loads((Path(__file__).parents[1] / path).read_text("utf-8"))
    rows = {tuple(one["function"].split()): one.get(f"{kind}_max_ulp") for one in document["contenders"]}
    frameworks = list(dict.fromkeys(framework for _, framework in rows))
    lines = [f"| {kind} | actcli | {' | '.join(frameworks)} |", "| --- |" + " --- |" * (len(frameworks) + 1)]
    for function in functions:
        errors = [_short(rows.get((function, framework))) for framework in frameworks]
        lines.append(f"| {function} | 0.5 | {' | '.join(errors)} |")
    return "\n" + "\n".join(lines) + "\n"


def _field_cell(row: dict[str, Any] | None, kind: str) -> str:
    if row is None or row.get(f"{kind}_max_ulp") is None:
        return "–"
    near, mean, far = (_short(row[f"{kind}_{name}"]) for name in ("max_ulp", "mean_ulp", "max_ulp_anywhere"))
    flaws = row[f"{kind}_flaws"]
    return f"**{near}** ({mean}), {far}{'' if flaws == 'none' else f' *{flaws}*'}"


def _short(value: float | str | None) -> str:
    if not isinstance(value, float | int):
        return "∞" if value == "inf" else "–"
    if value < 1e5:
        return f"{value:.2g}" if value < 100 else f"{value:.0f}"
    mantissa, _, exponent = f"{value:.0e}".partition("e")
    return f"{mantissa}e{int(exponent)}"


def usage(command: str) -> str:
    """Return the --help text of a command."""
    lines = [line.rstrip() for line in run(f"{command} --help").splitlines()]
    return "\n```text\n" + "\n".join(lines) + "\n```\n"
