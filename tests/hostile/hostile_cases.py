"""A hostile command line, and what must hold whatever it does."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import hostile_zygote

FACTOR = float(os.environ.get("ACTCLI_HOSTILE", "1"))
"""How many times CI's number of cases."""
STATUSES = {0, 1, 2, 3, 4}
NOISE = ("Traceback", "internal error", "Warning:", "Error:\n")


def count(usual: int) -> int:
    """How many cases to make."""
    return max(int(usual * FACTOR), 1)


@dataclass(frozen=True, slots=True)
class Case:
    """One command line in a folder of its own, with files by name."""

    arguments: tuple[str, ...]
    files: dict[str, bytes] = field(default_factory=dict)
    stdin: bytes = b""
    may_take_long: bool = False


def run_cases(cases: Iterable[Case], folder: Path) -> None:
    """Run them all; fails with the command lines and the reasons of those that went wrong.

    Their folders stay, so that a failure can be repeated by hand.
    """
    cases = list(cases)
    folder.mkdir(exist_ok=True)
    described = []
    for i, case in enumerate(cases):
        home = folder / f"{i:05}"
        home.mkdir()
        for name, data in case.files.items():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_bytes(data)
        (home / ".stdin").write_bytes(case.stdin)
        described.append({"folder": str(home), "arguments": list(case.arguments)})
    (folder / "cases.json").write_text(json.dumps(described))
    subprocess.run(
        [sys.executable, hostile_zygote.__file__, folder / "cases.json", folder / "results.json"],
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    results = json.loads((folder / "results.json").read_text())
    wrong = [
        f"cd {described[i]['folder']}; actcli {shlex.join(case.arguments)}  # {reason}"
        for i, (case, result) in enumerate(zip(cases, results, strict=True))
        if (reason := _objection(case, result))
    ]
    assert not wrong, f"{len(wrong)} of {len(cases)}:\n" + "\n".join(wrong[:50])


def _objection(case: Case, result: dict) -> str:
    """Why a result is wrong; empty when it is right."""
    if result["killed"] == "time":
        return "" if case.may_take_long else f"took longer than {hostile_zygote.SECONDS} s"
    if result["killed"] or result["memory"] > hostile_zygote.MEMORY:
        return f"took {result['memory'] / 1e9:.2f} GB"
    err, status = result["err"], result["status"]
    if status not in STATUSES:
        return f"status {status}: {err[-200:]!r}"
    for noise in NOISE:
        if noise in err:
            return f"{noise!r} on stderr: {err[-300:]!r}"
    lines = err.splitlines()
    if status in {1, 2} and not lines:
        return f"status {status} without a message"
    # below a message about a formula stand the formula and a caret
    if any(not line.startswith(("actcli: ", "  ")) for line in lines):
        return f"not one line on stderr: {err[:300]!r}"
    return ""
