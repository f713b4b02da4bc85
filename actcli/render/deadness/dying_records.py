"""Units that die while networks are trained, as lines and JSON for programs."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from actcli.analysis.training.dying import TrainedCourses
from actcli.analysis.training.fates import Fate, Threshold
from actcli.analysis.training.hidden_layer import learned_names
from actcli.render.deadness.findings import Findings
from actcli.render.text.fields import field_text

EPOCH_COLUMNS = (
    "function", "depth", "rate", "epoch", "dead_share", "rare_share", "saturated_share", "diverged_share",
    "deaths", "revivals", "test_score", "dead_share_interval",
)  # fmt: skip
"""Columns of the lines that a pipe gets: one line per epoch, function and rate."""
LIMIT_COLUMNS = (
    "function", "depth", "within", "above", "outcome", "dead_share_within", "dead_share_above",
    "died_share_within", "died_share_above", "born_dead_share",
)  # fmt: skip
"""Columns of the lines that a pipe gets of a search for the limit: one line per function."""


@dataclass(frozen=True, slots=True)
class Deaths:
    """The result of `deadcheck --train`.

    Attributes:
        findings: the report on the final networks, with its judgement.
        courses: the trained networks.
        fates, thresholds: the fate of each course, and the rates that a search found.

    """

    findings: Findings
    courses: TrainedCourses
    fates: tuple[Fate, ...]
    thresholds: tuple[Threshold, ...]


def epoch_lines(fates: Sequence[Fate]) -> list[list[str]]:
    """Return one line per epoch, with EPOCH_COLUMNS."""
    return [[field_text(row[name]) for name in EPOCH_COLUMNS] for fate in fates for row in _epochs(fate)]


def limit_lines(thresholds: Sequence[Threshold]) -> list[list[str]]:
    """Return one line per function, with LIMIT_COLUMNS; blank where there is no such rate."""
    records = map(_threshold_record, thresholds)
    return [[field_text(record[name]) for name in LIMIT_COLUMNS] for record in records]


def training_record(deaths: Deaths) -> dict[str, Any]:
    """Return the training for JSON. Keys are stable: new ones may come, none goes or changes its meaning."""
    courses = deaths.courses
    data, trial, plan = courses.data, courses.trial, courses.trial.plan
    return {
        "data": data.name,
        "train_samples": len(data.train_y),
        "test_samples": len(data.test_y),
        "score": "accuracy" if data.classes else "r2",
        "width": trial.width,
        "networks": trial.networks,
        "seed": trial.seed,
        "epochs": plan.epochs,
        "batch": plan.batch,
        **plan.settings,
        "splits": trial.splits,
        "init": plan.init,
        "learn": learned_names((course.stack for course in courses.courses), plan.learn),
        "courses": [_course_record(fate) for fate in deaths.fates],
        "limit": courses.limit,
        "limits": [_threshold_record(threshold) for threshold in deaths.thresholds],
    }


def _course_record(fate: Fate) -> dict[str, Any]:
    return {
        "function": fate.course.stack.spec,
        "depth": fate.course.depth,
        "rate": fate.course.rate,
        "networks": fate.networks,
        "units": fate.units,
        "rates": list(fate.course.rates) or [fate.course.rate],
        "dead_share": float(fate.dead[-1]),
        "dead_share_interval": _known(fate.dead_interval[-1]),
        "dead_share_by_layer": fate.layers.tolist(),
        "median_epoch_of_death": fate.died,
        "diverged": fate.diverged,
        "test_score": float(fate.test_score[-1]),
        "test_score_interval": fate.interval,
        "epochs": [{name: row[name] for name in EPOCH_COLUMNS[3:]} for row in _epochs(fate)],
    }


def _epochs(fate: Fate) -> Iterator[dict[str, Any]]:
    for epoch in range(fate.epochs + 1):
        yield {
            "function": fate.course.stack.spec,
            "depth": fate.course.depth,
            "rate": fate.course.rate,
            "epoch": epoch,
            "dead_share": float(fate.dead[epoch]),
            "rare_share": float(fate.rare[epoch]),
            "saturated_share": float(fate.saturated[epoch]),
            "diverged_share": float(fate.gone[epoch]),
            "deaths": int(fate.deaths[epoch]),
            "revivals": int(fate.revivals[epoch]),
            "test_score": float(fate.test_score[epoch]),
            "dead_share_interval": _known(fate.dead_interval[epoch]),
        }


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _threshold_record(threshold: Threshold) -> dict[str, Any]:
    return {
        "function": threshold.stack.spec,
        "depth": threshold.depth,
        "within": threshold.within,
        "above": threshold.above,
        "outcome": threshold.survival,
        "dead_share_within": threshold.within_dead,
        "dead_share_above": threshold.above_dead,
        "died_share_within": threshold.within_share,
        "died_share_above": threshold.above_share,
        "born_dead_share": threshold.born_dead,
        "within_again": list(threshold.again),
    }
