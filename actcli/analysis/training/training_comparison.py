"""Activations compared by training: accuracy with its interval, ties, speed of learning, deaths, gradients."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.card.curves import Curve, Figure, Panel
from actcli.analysis.compare.result import Chart, Column, Comparison, Contender, Step, Steps, Value
from actcli.analysis.deadness.firing_rule import firing_rule
from actcli.analysis.training.dataset import Dataset
from actcli.analysis.training.initial import second_moment_gain
from actcli.analysis.training.population import NOT_DIVERGED, History, Member, Progress, require_room, train
from actcli.analysis.training.rates import best_rates, candidates, rate_grid
from actcli.analysis.training.significance import half_width, holm, paired_p
from actcli.analysis.training.stack import Stack
from actcli.analysis.training.training import Plan, learned_parameters
from actcli.exits import UsageError

Array = NDArray[Any]
TIED = 0.05
"""A corrected p value above it leaves two contenders a tie."""
TARGET = 0.9
_FINENESS = 1000
"""Steps that a comparison counts."""
_BETWEEN_LOOKS = 0.2
"""Seconds after which what is known so far is put together anew: it takes some milliseconds."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What is trained.

    Attributes:
        plan: what all networks share, but for their depth.
        width, depths: of the hidden layers; every depth is a contender of its own.
        rates: learning rates, each a contender of its own; empty: each function's own best is looked for.
        seeds: networks of each contender.
        seed: the first seed.
        target: the test score to be reached.

    """

    plan: Plan
    width: int = 64
    depths: tuple[int, ...] = (2,)
    rates: tuple[float, ...] = (0.1,)
    seeds: int = 10
    seed: int = 0
    target: float = TARGET

    def plan_of(self, depth: int) -> Plan:
        """The plan for networks with so many hidden layers."""
        return replace(self.plan, hidden=(self.width,) * depth)


@dataclass(frozen=True, slots=True)
class Entrant:
    """One line of the comparison: a stack at a depth and a learning rate; None: to be looked for."""

    stack: Stack
    depth: int
    rate: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What became of an entrant: the rate it was trained at, and the history of its networks."""

    rate: float
    history: History


Outcomes = Mapping[Entrant, Outcome]


def _nothing(_: Outcomes) -> None:
    """Stand in for `keep` where nobody wants the histories."""


def compare_training(
    stacks: Sequence[Stack],
    data: Dataset,
    trial: Trial,
    threads: int,
    keep: Callable[[Outcomes], None] = _nothing,
) -> Steps:
    """Train every stack at every depth and rate with every seed.

    `keep` is handed the histories of all networks whenever they are looked at, and at the end. Raises UsageError for
    impossible conditions: functions over rows or without any gradient, parameters to be learned that no function
    has, inits that a function does not allow, networks that are too many.
    """
    require_trainable(stacks, trial)
    rates: tuple[float | None, ...] = trial.rates or (None,)
    entrants = [Entrant(s, depth, rate) for s in stacks for depth in trial.depths for rate in rates]
    for depth in trial.depths:
        own = sum(entrant.depth == depth for entrant in entrants)
        searched = 0 if trial.rates else candidates(own, trial.plan.optimizer)
        require_room(max(own * trial.seeds, searched), trial.plan_of(depth), data)
    return _steps(entrants, data, trial, threads, keep)


def require_trainable(stacks: Sequence[Stack], trial: Trial) -> None:
    """Raise UsageError for what cannot be trained at all: see `compare_training`."""
    if trial.seeds < 1 or trial.width < 1 or min(trial.depths) < 1:
        raise UsageError("--seeds, --width and --depth are whole numbers from 1 on")
    functions = [f for stack in stacks for f in stack.functions]
    for f in functions:
        _ = f.kernels, firing_rule(f, "pre")
        if trial.plan.init in {"gain", "orthogonal"}:
            second_moment_gain(f)
    for name in trial.plan.learn:
        if not any(learned_parameters(f, (name,)) for f in functions):
            raise UsageError(f"--learn {name}: none of the functions has such a parameter")


def _steps(
    entrants: list[Entrant], data: Dataset, trial: Trial, threads: int, keep: Callable[[Outcomes], None]
) -> Iterator[Step]:
    outcomes: dict[Entrant, Outcome] = {}
    so_far, next_look = _compared(entrants, outcomes, data, trial), 0.0
    for share, doing, newest in _rounds(entrants, data, trial, threads):
        if share == 1 or newest.complete or time.monotonic() >= next_look:
            outcomes.update(newest.outcomes())
            keep(outcomes)
            so_far = _compared(entrants, outcomes, data, trial)
            next_look = time.monotonic() + _BETWEEN_LOOKS
        yield Step(int(_FINENESS * share), _FINENESS, doing, so_far)


@dataclass(frozen=True, slots=True)
class _Newest:
    """The populations of one depth at a moment; none while rates are looked for."""

    teams: Mapping[Entrant, list[Member]]
    progress: Progress | None = None

    @property
    def complete(self) -> bool:
        """Whether these networks are trained to the end."""
        return self.progress is not None and self.progress.done == self.progress.total

    def outcomes(self) -> dict[Entrant, Outcome]:
        """The histories of all teams, as far as they have come."""
        if self.progress is None:
            return {}
        return {
            entrant: Outcome(members[0].rate, self.progress.of(members))
            for entrant, members in self.teams.items()
        }


def _rounds(
    entrants: list[Entrant], data: Dataset, trial: Trial, threads: int
) -> Iterator[tuple[float, str, _Newest]]:
    """Depth after depth: the share of all work that is done, exactly 1 at the end; what is done; what came of it."""
    depths = sorted({entrant.depth for entrant in entrants})
    # the work of a network grows with its layers
    work = {depth: trial.seeds * sum(e.depth == depth for e in entrants) * (depth + 1) for depth in depths}
    search = {
        depth: 0 if trial.rates else candidates(work[depth] // trial.seeds, trial.plan.optimizer)
        for depth in depths
    }
    total, before = sum(work.values()) + sum(search.values()), 0
    for depth in depths:
        own = [entrant for entrant in entrants if entrant.depth == depth]
        plan = trial.plan_of(depth)
        rates = [entrant.rate or 0.0 for entrant in own]
        if not trial.rates:
            stacks, grid = [entrant.stack for entrant in own], rate_grid(plan.optimizer)
            for part, found in best_rates(stacks, grid, plan, data, trial.seed, threads):
                rates = list(found)
                yield (before + part * search[depth]) / total, "looking for rates", _Newest({})
            before += search[depth]
        teams = {
            entrant: [Member(entrant.stack, rate, trial.seed + i) for i in range(trial.seeds)]
            for entrant, rate in zip(own, rates, strict=True)
        }
        for progress in train([m for team in teams.values() for m in team], plan, data, threads):
            part = progress.done / progress.total
            yield (before + part * work[depth]) / total, "training", _Newest(teams, progress)
        before += work[depth]


def _compared(
    entrants: Sequence[Entrant], outcomes: Mapping[Entrant, Outcome], data: Dataset, trial: Trial
) -> Comparison:
    """What is known by now: the contenders of a depth as far as all of them have come, the same epoch for each."""
    known = [e for e in entrants if e in outcomes and outcomes[e].history.epochs >= 0]
    reached = {depth: _reached(depth, known, outcomes) for depth in trial.depths}
    cut = {
        e: replace(outcomes[e], history=replace(outcomes[e].history, epochs=reached[e.depth])) for e in known
    }
    histories = [cut[entrant].history for entrant in known]
    # before the first look nothing is known: then the columns are those that --sort and --best may name
    short = bool(known) and min(reached.values()) < trial.plan.epochs
    ties = _ties(histories, 1 / len(data.test_y) if data.classes else 0.0)
    contenders = tuple(
        _contender(entrant, cut[entrant], tie, trial, short=short)
        for entrant, tie in zip(known, ties, strict=True)
    )
    names = [_name(entrant, trial) for entrant in known]
    waiting = [_name(entrant, trial) for entrant in entrants if entrant not in cut]
    return Comparison(
        by="training",
        columns=_columns(data, trial, short=short),
        contenders=contenders,
        seed=trial.seed,
        notes=(
            *_settings(data, trial, {history.epochs for history in histories}),
            *([f"Not trained by then: {_listed(waiting)}."] if known and waiting else []),
            *_notes(names, known, contenders, trial),
        ),
        chart=_chart(names, histories, data, trial.plan.epochs),
    )


def _reached(depth: int, known: Sequence[Entrant], outcomes: Mapping[Entrant, Outcome]) -> int:
    """The last epoch that all networks of a depth have come to; -1 where none of them has begun."""
    return min((outcomes[entrant].history.epochs for entrant in known if entrant.depth == depth), default=-1)


def _columns(data: Dataset, trial: Trial, *, short: bool) -> tuple[Column, ...]:
    """The columns; of a training that was cut short one more, for the epochs may differ."""
    score = "test accuracy" if data.classes else "test R²"
    return (
        Column("depth", "hidden layers"),
        Column("rate", "learning rate"),
        *([Column("epochs_trained", "epochs trained")] if short else []),
        Column("test_score", score, "large"),
        Column("test_score_interval", "± (95 %)"),
        Column("tied_with_best", "tied with the best"),
        Column("p_against_best", "p against the best"),
        Column("train_test_gap", "train - test", "small"),
        Column("epochs_to_target", f"epochs to {trial.target:g}", "small"),
        Column("reached_target", "networks that reach it", "large"),
        Column("final_loss", "training loss", "small"),
        Column("dead_share", "dead units", "small"),
        Column("gradient_ratio", "gradient, first / last layer"),
        Column("seconds_per_epoch", "time per epoch", "small", unit="s"),
        Column("diverged", "networks that diverge", "small"),
    )


def _ties(histories: Sequence[History], step: float) -> list[tuple[bool | None, float | None]]:
    """For each whether it ties with the best mean test score, and the corrected p value; the best itself: no p.

    `step`: what one more test sample that is right adds to a score. Nothing of networks that were not trained equally
    long: they differ by more than their functions.
    """
    if len(histories) < 2 or len(histories[0].members) < 2:  # one seed leaves nothing to judge by
        return [(None, None)] * len(histories)
    row, *more = {history.epochs for history in histories}
    if more:
        return [(None, None)] * len(histories)
    scores = [history.test_score[row] for history in histories]
    means = [float(np.mean(score)) for score in scores]
    best = means.index(max(means))
    others = [place for place in range(len(scores)) if place != best]
    corrected = holm([paired_p(scores[place], scores[best], step) for place in others])
    found: list[tuple[bool | None, float | None]] = [(True, None)] * len(scores)
    for place, p in zip(others, corrected, strict=True):
        # R² of a diverged network is -inf: there is no t, and no tie with a mean that is finite
        tied = math.isinf(means[place]) == math.isinf(means[best])
        found[place] = (None if tied else False, None) if math.isnan(p) else (p > TIED, p)
    return found


def _contender(
    entrant: Entrant, outcome: Outcome, tie: tuple[bool | None, float | None], trial: Trial, *, short: bool
) -> Contender:
    history, last = outcome.history, outcome.history.epochs
    score = history.test_score[last]
    reached = history.test_score[: last + 1] >= trial.target
    first = np.where(reached.any(axis=0), reached.argmax(axis=0), np.inf)
    typical = float(np.median(first))
    values: dict[str, Value] = {
        "depth": entrant.depth,
        "rate": outcome.rate,
        **({"epochs_trained": last} if short else {}),
        "test_score": float(score.mean()),
        "test_score_interval": _known(half_width(score)),
        "tied_with_best": tie[0],
        "p_against_best": tie[1],
        "train_test_gap": _mean(history.train_score[last] - score) if math.isfinite(score.min()) else None,
        "epochs_to_target": typical if math.isfinite(typical) else None,
        "reached_target": int(reached.any(axis=0).sum()),
        "final_loss": float(history.train_loss[last].mean()),
        "dead_share": _mean(history.dead_share()[last]),
        "gradient_ratio": _gradient_ratio(history, last),
        "seconds_per_epoch": float(np.median(history.seconds[1 : last + 1])) if last else None,
        "diverged": _diverged(history),
    }
    return Contender(
        entrant.stack.spec, values, {"epochs": [_row(history, epoch) for epoch in range(last + 1)]}
    )


def _gradient_ratio(history: History, epoch: int) -> float | None:
    """The gradient's norm in the first layer's weights over that in the last: the median over networks."""
    gradient = history.gradient[epoch]
    with np.errstate(all="ignore"):
        ratio = gradient[:, 0] / gradient[:, -1]
    known = ratio[np.isfinite(ratio)]
    return float(np.median(known)) if known.size else None


def _row(history: History, epoch: int) -> dict[str, Value]:
    score = history.test_score[epoch]
    return {
        "epoch": epoch,
        "train_loss": float(history.train_loss[epoch].mean()),
        "test_loss": float(history.test_loss[epoch].mean()),
        "train_score": float(history.train_score[epoch].mean()),
        "test_score": float(score.mean()),
        "test_score_interval": _known(half_width(score)),
        "dead_share": _mean(history.dead_share()[epoch]),
        "gradient_ratio": _gradient_ratio(history, epoch),
    }


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _mean(values: Array) -> float | None:
    """Over the networks of which it is known; None where it is known of none."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else None


def _diverged(history: History) -> int:
    """How many networks have diverged by the last epoch that all have come to."""
    return int(((history.diverged != NOT_DIVERGED) & (history.diverged <= history.epochs)).sum())


def _name(entrant: Entrant, trial: Trial) -> str:
    """How a contender is called among the others."""
    said = entrant.stack.spec
    if len(trial.depths) > 1:
        said += f", {entrant.depth} layer{'' if entrant.depth == 1 else 's'}"
    if len(trial.rates) > 1:
        said += f", rate {entrant.rate:g}"
    return said


def _listed(names: Sequence[str]) -> str:
    """The names in a row, told apart where they have commas of their own."""
    return ("; " if any(", " in name for name in names) else ", ").join(names)


def _settings(data: Dataset, trial: Trial, trained: set[int]) -> Iterator[str]:
    """The conditions of all networks in a sentence; `trained` is how many epochs they have come."""
    if not trained:
        return
    plan = trial.plan
    of = f"{len(data.classes)} classes" if data.classes else "regression"
    networks = f"{trial.seeds} network{'' if trial.seeds == 1 else 's'}"
    epochs = f"{plan.epochs} epochs"
    if len(trained) > 1:
        epochs += " where they were not cut short"
    elif plan.epochs not in trained:
        epochs = f"{max(trained)} of {epochs}"
    yield (
        f"{data.name}: {len(data.train_y)} samples to train on, {len(data.test_y)} to test on, {of}; "
        f"{plan.optimizer}, batches of {plan.batch}, {epochs}, init {plan.init}; "
        f"{networks} each, with the same weights and batches for every function."
    )
    if len(trained) > 1:
        yield "Not all were trained equally long: there is no test of which is better."


def _notes(
    names: Sequence[str], entrants: Sequence[Entrant], contenders: Sequence[Contender], trial: Trial
) -> Iterator[str]:
    tied = [n for n, c in zip(names, contenders, strict=True) if c.values["tied_with_best"] is True]
    if len(tied) > 1:
        yield (
            f"The data do not tell apart {_listed(tied)} (paired t test over seeds, Holm's correction, 5 %)."
        )
    elif len(contenders) > 1 and len(tied) == 1:
        yield f"{tied[0]} is best, and more than chance explains (paired t test over seeds, Holm's correction, 5 %)."
    for name, entrant, contender in zip(names, entrants, contenders, strict=True):
        gone = contender.values["diverged"]
        if gone:
            yield (
                f"{name}: {gone} of {trial.seeds} networks diverge; their scores count as getting nothing right, "
                "their units neither as dead nor as alive."
            )
        if entrant.rate is None:
            grid, rate = rate_grid(trial.plan.optimizer), contender.values["rate"]
            edge = "the largest" if rate == grid[-1] else "the smallest" if rate == grid[0] else ""
            beyond = f" It is {edge} of them: one beyond may be better." if edge else ""
            yield f"{name}: {rate:g} is the best rate of ten, on a quarter of the training set.{beyond}"


def _chart(names: Sequence[str], histories: Sequence[History], data: Dataset, epochs: int) -> Chart | None:
    """Test score, with its interval, and training loss by epoch, the means over networks; 0 is before training."""
    if not histories or max(history.epochs for history in histories) < 1:
        return None
    score = "test accuracy" if data.classes else "test R²"
    scores = (_curve(n, score, h.test_score[: h.epochs + 1]) for n, h in zip(names, histories, strict=True))
    losses = (_curve(n, "loss", h.train_loss[: h.epochs + 1]) for n, h in zip(names, histories, strict=True))
    panels = (Panel(score, tuple(scores)), Panel("training loss", tuple(losses)))
    return Chart(Figure(panels, (0.0, float(epochs))), axis="epoch")


def _curve(name: str, quantity: str, values: Array) -> Curve:
    """The mean over networks (rows, P) by epoch, as far as it is finite, and its 95 % interval."""
    mean = values.mean(axis=1)
    x, known = np.arange(len(mean), dtype=np.float64), np.isfinite(mean)
    x, mean = x[known], mean[known]
    if not x.size:
        return Curve(name, quantity, name, ())
    if values.shape[1] < 2:
        return Curve(name, quantity, name, ((x, mean),))
    half = np.array([half_width(row) for row in values[known]])
    return Curve(name, quantity, name, ((x, mean),), (x, mean - half, mean + half))
