"""What a claim's command did once: its screen, and the last epoch of every network, kept in a file of their own."""

import json
import math
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parents[1] / "docs" / "claims"
TARGET = 0.9
"""The test score that "epochs to" are counted to, as in the program's own column."""
WIDTH = "80"
_FOUND = 3
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Network:
    """One trained network after its last epoch.

    Attributes:
        epochs_to_target: the first epoch with a test score of TARGET; None: never.
        epochs: the last one.
        dead: the share of its hidden units; None where it has diverged.
        gradient_ratio: norm in the weights of the first layer over that in the last; None where it has diverged.

    """

    function: str
    depth: int
    rate: float
    seed: int
    epochs: int
    epochs_to_target: int | None
    train_loss: float
    train_score: float
    test_score: float
    dead: float | None
    gradient_ratio: float | None
    diverged: bool


@dataclass(frozen=True, slots=True)
class Team:
    """The networks of one function at one depth and rate, in the order of their seeds."""

    networks: tuple[Network, ...]

    @property
    def function(self) -> str:
        return self.networks[0].function

    @property
    def depth(self) -> int:
        return self.networks[0].depth

    @property
    def rate(self) -> float:
        return self.networks[0].rate

    @property
    def diverged(self) -> int:
        return sum(network.diverged for network in self.networks)

    @property
    def test_scores(self) -> list[float]:
        return [network.test_score for network in self.networks]

    @property
    def test_score(self) -> float:
        return statistics.fmean(self.test_scores)

    @property
    def gap(self) -> float:
        """By how much the training set is done better than the test set."""
        return statistics.fmean(network.train_score - network.test_score for network in self.networks)

    @property
    def epochs(self) -> list[int]:
        """To the target; one more than there were for a network that never gets there, which is too few."""
        return [n.epochs + 1 if n.epochs_to_target is None else n.epochs_to_target for n in self.networks]

    @property
    def dead(self) -> float | None:
        """The share of all units; those of a network that has diverged are not dead. None where all have."""
        shares = [network.dead for network in self.networks if network.dead is not None]
        return sum(shares) / len(self.networks) if shares else None

    @property
    def gradient_ratio(self) -> float | None:
        """The median over the networks that have not diverged; None where all have."""
        ratios = [network.gradient_ratio for network in self.networks if network.gradient_ratio is not None]
        return statistics.median(ratios) if ratios else None


@dataclass(frozen=True, slots=True)
class Recording:
    """A run of a claim's command.

    Attributes:
        command: as typed.
        date, machine: when and where.
        seconds: how long it took.
        screen: what a terminal of 80 columns showed, line by line.
        networks: what it says of each.

    """

    command: str
    date: str
    machine: Mapping[str, str]
    seconds: float
    screen: tuple[str, ...]
    networks: tuple[Network, ...]

    @property
    def teams(self) -> tuple[Team, ...]:
        """In the order of the recording."""
        found: dict[tuple[str, int, float], list[Network]] = {}
        for network in self.networks:
            found.setdefault((network.function, network.depth, network.rate), []).append(network)
        return tuple(Team(tuple(sorted(own, key=lambda n: n.seed))) for own in found.values())

    def of(self, function: str) -> tuple[Team, ...]:
        """The teams of one function, by depth, then by rate."""
        own = [team for team in self.teams if team.function == function]
        return tuple(sorted(own, key=lambda team: (team.depth, team.rate)))

    @property
    def functions(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(network.function for network in self.networks))


def record(command: str) -> Recording:
    """Run an actcli command as a person would, and keep what it shows and does."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "epochs.jsonl")
        started = time.perf_counter()
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "actcli",
                *shlex.split(command)[1:],
                "--format",
                "table",
                "--record",
                path,
            ],
            cwd=FOLDER.parents[1],
            env={**os.environ, "COLUMNS": WIDTH, "LC_ALL": "C.UTF-8", "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - started
        if done.returncode not in {0, _FOUND} or done.stderr:
            raise SystemExit(f"{command}: exit status {done.returncode}\n{done.stderr}")
        networks = tuple(last_epochs(map(json.loads, path.read_text("utf-8").splitlines())))
    return Recording(
        command=command,
        date=datetime.now(UTC).date().isoformat(),
        machine=machine(),
        seconds=round(seconds, 1),
        screen=tuple(line.rstrip() for line in done.stdout.splitlines()),
        networks=networks,
    )


def last_epochs(rows: Iterable[Mapping[str, Any]]) -> Iterable[Network]:
    """Each network's last epoch, from the lines of --record: every epoch of every network."""
    histories: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        key = row["function"], row["depth"], row["rate"], row["seed"]
        histories.setdefault(key, []).append(row)
    for (function, depth, rate, seed), history in histories.items():
        last = history[-1]
        yield Network(
            function=function,
            depth=depth,
            rate=rate,
            seed=seed,
            epochs=last["epoch"],
            epochs_to_target=next((row["epoch"] for row in history if row["test_score"] >= TARGET), None),
            train_loss=_short(float(last["train_loss"])),
            train_score=_short(last["train_score"]),
            test_score=_short(last["test_score"]),
            dead=None if last["diverged"] else _short(statistics.fmean(last["dead"])),
            gradient_ratio=None if last["diverged"] else _ratio(last["gradient"]),
            diverged=last["diverged"],
        )


def machine() -> dict[str, str]:
    """What a reader has to know of the computer; not its name."""
    return {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "system": platform.system(),
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


def path_of(name: str) -> Path:
    """Where the recording of a claim is kept."""
    return FOLDER / f"{name}.json"


def load(name: str) -> Recording:
    """The recording of a claim."""
    kept = json.loads(path_of(name).read_text("utf-8"))
    columns = kept.pop("columns")
    networks = (dict(zip(columns, row, strict=True)) for row in kept.pop("networks"))
    networks = tuple(Network(**{**of, "train_loss": float(of["train_loss"])}) for of in networks)
    return Recording(**{**kept, "screen": tuple(kept["screen"])}, networks=networks)


def save(name: str, recording: Recording) -> None:
    """A line of the screen, and a network, in a line of the file each: so that a renewal can be read as a change."""
    kept = asdict(recording)
    rows = [list(network.values()) for network in kept.pop("networks")]
    columns = [field.name for field in fields(Network)]
    loss = columns.index("train_loss")
    for row in rows:
        if not math.isfinite(row[loss]):  # JSON has no inf
            row[loss] = str(row[loss])
    head = json.dumps(kept, indent=1, ensure_ascii=False, allow_nan=False).removesuffix("\n}")
    lines = ",\n".join("  " + json.dumps(row, allow_nan=False) for row in rows)
    FOLDER.mkdir(parents=True, exist_ok=True)
    path_of(name).write_text(
        f'{head},\n "columns": {json.dumps(columns)},\n "networks": [\n{lines}\n ]\n}}\n', "utf-8"
    )


def _ratio(norms: Sequence[float | None]) -> float | None:
    first, last = norms[0], norms[-1]
    return _short(first / last) if first is not None and last else None


def _short(number: float) -> float:
    return float(f"{number:.{_DIGITS}g}")


def _processor() -> str:
    """The model that Linux names, else what Python knows."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()
