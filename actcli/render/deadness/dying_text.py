"""What is said of units that die while networks are trained: sentences, and the same as fields and JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from actcli.analysis.training.dying import TrainedCourses, course_name
from actcli.analysis.training.fates import Course, Fate, Threshold
from actcli.render.deadness.verdict import Findings, percent
from actcli.render.text.fields import field_text
from actcli.render.text.notation import number, thousands
from actcli.terminal import printable

EPOCH_COLUMNS = (
    "function", "depth", "rate", "epoch", "dead_share", "rare_share", "saturated_share", "diverged_share",
    "deaths", "revivals", "test_score",
)  # fmt: skip
"""What a pipe gets: a line for every epoch of every function and rate."""
LIMIT_COLUMNS = ("function", "depth", "within", "above", "outcome", "dead_share_within", "dead_share_above")
"""What a pipe gets of --find-limit: a line for every function."""


@dataclass(frozen=True, slots=True)
class Deaths:
    """What `deadcheck --train` shows: the units of the trained networks as of any model, and how they came to that.

    Attributes:
        findings: the report of the final networks, with its judgement.
        dying: the trainings.
        fates, thresholds: what became of each course, and the rates that were looked for.

    """

    findings: Findings
    dying: TrainedCourses
    fates: tuple[Fate, ...]
    thresholds: tuple[Threshold, ...]


def training_sentences(
    dying: TrainedCourses, fates: Sequence[Fate], thresholds: Sequence[Threshold]
) -> tuple[str, ...]:
    """A sentence or two a function: at which rates its units die, and by when."""
    if dying.limit is not None:
        return tuple(_of_threshold(one, dying.limit, dying) for one in thresholds)
    teams: dict[tuple[str, int], list[Fate]] = {}
    for one in fates:
        teams.setdefault((one.course.stack.spec, one.course.depth), []).append(one)
    return tuple(_of_team(team, dying) for team in teams.values())


def conditions(dying: TrainedCourses) -> str:
    """On what was trained, and how."""
    data, plan, trial = dying.data, dying.trial.plan, dying.trial
    layers = ", ".join(map(str, trial.depths)) + " hidden layer" + ("" if trial.depths == (1,) else "s")
    return (
        f"{printable(data.name)}: {thousands(len(data.train_y))} samples to train on, "
        f"{thousands(len(data.test_y))} held out, on which units are watched; "
        f"{plan.optimizer}, batches of {plan.batch}, {plan.epochs} epochs, init {plan.init}; "
        f"{layers} of {trial.width} units, {trial.seeds} network{'' if trial.seeds == 1 else 's'} each."
    )


def epoch_lines(fates: Sequence[Fate]) -> list[list[str]]:
    """A line an epoch, as EPOCH_COLUMNS say."""
    return [[field_text(row[name]) for name in EPOCH_COLUMNS] for one in fates for row in _epochs(one)]


def limit_lines(thresholds: Sequence[Threshold]) -> list[list[str]]:
    """A line a function, as LIMIT_COLUMNS say; blank where there is no such rate."""
    records = map(_threshold_record, thresholds)
    return [[field_text(record[name]) for name in LIMIT_COLUMNS] for record in records]


def training_record(deaths: Deaths) -> dict[str, Any]:
    """The training as JSON holds it. The keys are stable: new ones may come, none goes or changes its meaning."""
    dying = deaths.dying
    data, trial, plan = dying.data, dying.trial, dying.trial.plan
    return {
        "data": data.name,
        "train_samples": len(data.train_y),
        "test_samples": len(data.test_y),
        "score": "accuracy" if data.classes else "r2",
        "width": trial.width,
        "networks": trial.seeds,
        "seed": trial.seed,
        "epochs": plan.epochs,
        "batch": plan.batch,
        "optimizer": plan.optimizer,
        "decay": plan.decay,
        "init": plan.init,
        "learn": list(plan.learn),
        "courses": [_course_record(one) for one in deaths.fates],
        "limit": dying.limit,
        "limits": [_threshold_record(one) for one in deaths.thresholds],
    }


def short_name(course: Course, *, depth: bool) -> str:
    """A course among others in a chart: `relu 0.1`, `relu 8x 0.1`."""
    return f"{printable(course.stack.spec)}{f' {course.depth}x' if depth else ''} {course.rate:g}"


def plain_number(value: float) -> str:
    """An epoch, or the middle between two: 3, 3.5."""
    return f"{value:g}"


def _course_record(one: Fate) -> dict[str, Any]:
    return {
        "function": one.course.stack.spec,
        "depth": one.course.depth,
        "rate": one.course.rate,
        "networks": one.networks,
        "units": one.units,
        "dead_share": float(one.dead[-1]),
        "dead_share_by_layer": one.layers.tolist(),
        "median_epoch_of_death": one.died,
        "diverged": one.diverged,
        "test_score": float(one.test_score[-1]),
        "test_score_interval": one.interval,
        "epochs": [{name: row[name] for name in EPOCH_COLUMNS[3:]} for row in _epochs(one)],
    }


def _epochs(one: Fate) -> Iterator[dict[str, Any]]:
    for epoch in range(one.epochs + 1):
        yield {
            "function": one.course.stack.spec,
            "depth": one.course.depth,
            "rate": one.course.rate,
            "epoch": epoch,
            "dead_share": float(one.dead[epoch]),
            "rare_share": float(one.rare[epoch]),
            "saturated_share": float(one.saturated[epoch]),
            "diverged_share": float(one.gone[epoch]),
            "deaths": int(one.deaths[epoch]),
            "revivals": int(one.revivals[epoch]),
            "test_score": float(one.test_score[epoch]),
        }


def _threshold_record(one: Threshold) -> dict[str, Any]:
    return {
        "function": one.stack.spec,
        "depth": one.depth,
        "within": one.within,
        "above": one.above,
        "outcome": one.survival,
        "dead_share_within": one.within_share,
        "dead_share_above": one.above_share,
        "within_again": list(one.again),
    }


def _of_team(team: Sequence[Fate], dying: TrainedCourses) -> str:
    """`relu: 0 % of the units are dead at lr 0.01, 54 % at 1, where half of them died by epoch 1.`."""
    said: list[str] = []
    told = False
    for one in team:
        where = f"lr {one.course.rate:g}"
        share = f"{percent(float(one.dead[-1]))} %"
        if one.gone[-1] == 1:
            said.append(f"all networks diverged at {where}")
            continue
        text = f"{share} at {where}" if told else f"{share} of the units are dead at {where}"
        told = True
        more = []
        if one.died is not None:
            died = plain_number(one.died)
            more.append("half of them from the start" if one.died == 0 else f"half of them by epoch {died}")
        if one.diverged:
            more.append(f"{one.diverged} of {one.networks} networks diverged")
        said.append(text + (f" ({'; '.join(more)})" if more else ""))
    after = team[0].epochs
    return (
        f"{_name(team[0].course, dying)}: after {after} epoch{'' if after == 1 else 's'} {', '.join(said)}."
    )


def _of_threshold(one: Threshold, limit: float, dying: TrainedCourses) -> str:
    name = _name(Course(one.stack, one.depth, 0.0), dying)
    allowed = f"the limit is {percent(limit)} %"
    within, above = (None if rate is None else f"{rate:g}" for rate in (one.within, one.above))
    below, beyond = (
        None if share is None else f"{percent(share)} %" for share in (one.within_share, one.above_share)
    )
    match one.survival:
        case "lives":
            said = f"{name} does not die at any rate tried, up to lr {within}: {below} of the units are dead there"
        case "dies" if within is None:
            said = (
                f"{name} dies at every rate tried, down to lr {above}: {beyond} of the units are dead there"
            )
        case "dies":
            said = f"{name} dies above lr {within}: there {below} of the units are dead, at {above} {beyond}"
        case _ if within is None:
            said = f"most networks of {name} diverge at every rate tried, down to lr {above}, before units could die"
        case _:
            said = (
                f"{name} does not die up to lr {within}, with {below} of the units dead; above that most networks "
                f"diverge (at {above}), which is another end"
            )
    again = f"; within it again at lr {', '.join(f'{rate:g}' for rate in one.again)}" if one.again else ""
    return f"{said}; {allowed}{again}."


def _name(course: Course, dying: TrainedCourses) -> str:
    return printable(course_name(course, dying.trial).rpartition(" lr ")[0])


def dead_text(one: Fate, epoch: int) -> str:
    """The dead share after an epoch, in a table; a dash where all networks have diverged."""
    return "–" if one.gone[epoch] == 1 else share_text(float(one.dead[epoch]))


def share_text(share: float) -> str:
    """A share in a table, as a percentage: 0, 0.521, 45.3."""
    return percent(share)


def score_text(one: Fate) -> str:
    """The final test score with its interval: 0.951 ± 0.004."""
    score = number(float(one.test_score[-1]), 3)
    return score if one.interval is None else f"{score} ± {number(one.interval, 2)}"
