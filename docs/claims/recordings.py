"""Recordings of the commands behind the claims: the screen, and the results of every contender, as JSON."""

import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from blocks import run

FOLDER = Path(__file__).parent
TARGET = 0.9
"""The test accuracy of the column "epochs to 0.9"."""


@dataclass(frozen=True, slots=True)
class Contender:
    """The networks of one function at one depth and learning rate. Sequences are in the order of the seeds.

    Attributes:
        diverged: how many of the networks diverged.
        gap: mean training accuracy less mean test accuracy.
        gradient_ratio: gradient norm in the first layer over that in the last, after the last epoch: the median of
            the networks that did not diverge; None if all did.
        test_scores: test accuracy of each network after the last epoch.
        epochs: epochs until a test accuracy of TARGET; one more than were trained if a network never reaches it.
        dead: share of dead hidden units of each network; None if it diverged.

    """

    function: str
    depth: int
    rate: float
    diverged: int
    gap: float
    gradient_ratio: float | None
    test_scores: tuple[float, ...]
    epochs: tuple[int, ...]
    dead: tuple[float | None, ...]

    @property
    def test_score(self) -> float:
        """Mean test accuracy."""
        return statistics.fmean(self.test_scores)

    @property
    def dead_share(self) -> float | None:
        """Share of dead units among the units of all networks. Units of diverged networks count as not dead."""
        shares = [share for share in self.dead if share is not None]
        return sum(shares) / len(self.dead) if shares else None


@dataclass(frozen=True, slots=True)
class Recording:
    """One run of a command: when, where, how long it took, its output on 80 columns, its contenders."""

    command: str
    date: str
    machine: Mapping[str, str]
    seconds: float
    screen: tuple[str, ...]
    contenders: tuple[Contender, ...]

    @property
    def functions(self) -> tuple[str, ...]:
        """The functions in the order of the command."""
        return tuple(dict.fromkeys(contender.function for contender in self.contenders))

    def of(self, function: str) -> list[Contender]:
        """The contenders of one function, by depth, then by rate."""
        own = (contender for contender in self.contenders if contender.function == function)
        return sorted(own, key=lambda contender: (contender.depth, contender.rate))


def record(command: str) -> Recording:
    """Run an `actcli` command as a person would and return what it shows and measures."""
    with tempfile.TemporaryDirectory() as folder:
        epochs = Path(folder, "epochs.jsonl")
        started = time.perf_counter()
        shown = run(f"{command} --record {epochs} --format table")
        seconds = time.perf_counter() - started
        if not epochs.exists():
            raise SystemExit(f"{command}:\n{shown}")
        rows = [json.loads(line) for line in epochs.read_text("utf-8").splitlines()]
    return Recording(
        command=command,
        date=datetime.now(UTC).date().isoformat(),
        machine=machine(),
        seconds=round(seconds, 1),
        screen=tuple(line.rstrip() for line in shown.splitlines()),
        contenders=tuple(contenders(rows)),
    )


def contenders(rows: Iterable[Mapping[str, Any]]) -> Iterable[Contender]:
    """Summarise the lines of `--record`: one line per epoch of every network."""
    networks: dict[tuple[str, int, float], dict[int, list[Mapping[str, Any]]]] = {}
    for row in rows:
        seeds = networks.setdefault((row["function"], row["depth"], row["rate"]), {})
        seeds.setdefault(row["seed"], []).append(row)
    for (function, depth, rate), seeds in networks.items():
        histories = [seeds[seed] for seed in sorted(seeds)]
        last = [history[-1] for history in histories]
        finite = [row for row in last if not row["diverged"]]
        yield Contender(
            function=function,
            depth=depth,
            rate=rate,
            diverged=len(last) - len(finite),
            gap=_round(statistics.fmean(row["train_score"] - row["test_score"] for row in last)),
            gradient_ratio=_gradient_ratio(finite),
            test_scores=tuple(_round(row["test_score"]) for row in last),
            epochs=tuple(map(_epochs_to_target, histories)),
            dead=tuple(None if row["diverged"] else _round(statistics.fmean(row["dead"])) for row in last),
        )


def machine() -> dict[str, str]:
    """Describe this computer as far as it matters for a measurement, without its name."""
    return {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "system": platform.system(),
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


def load(name: str) -> Recording:
    """Read the recording of a claim."""
    document = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    listed = document.pop("contenders")
    rows = ({key: tuple(v) if isinstance(v, list) else v for key, v in row.items()} for row in listed)
    screen = tuple(document.pop("screen"))
    return Recording(**document, screen=screen, contenders=tuple(Contender(**row) for row in rows))


def save(name: str, recording: Recording) -> None:
    """Write a recording, one line per line of the screen and per contender, so that a change reads as a change."""
    document = asdict(recording)
    rows = document.pop("contenders")
    head = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False).removesuffix("\n}")
    lines = ",\n".join("  " + json.dumps(row, allow_nan=False) for row in rows)
    (FOLDER / f"{name}.json").write_text(f'{head},\n "contenders": [\n{lines}\n ]\n}}\n', "utf-8")


def _epochs_to_target(history: Sequence[Mapping[str, Any]]) -> int:
    reached = (row["epoch"] for row in history if row["test_score"] >= TARGET)
    return next(reached, history[-1]["epoch"] + 1)


def _gradient_ratio(rows: Iterable[Mapping[str, Any]]) -> float | None:
    ends = [(row["gradient"][0], row["gradient"][-1]) for row in rows]
    ratios = [first / last for first, last in ends if first is not None and last]
    return _round(statistics.median(ratios)) if ratios else None


def _round(number: float) -> float:
    return float(f"{number:.4g}")


def _processor() -> str:
    """The processor's model as Linux names it, else as Python does."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()
