"""Trained networks as contenders of a comparison: scores with intervals, ties, speed of learning, deaths, gradients."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.compare.result import Chart, Column, Comparison, Contender, Value
from actcli.analysis.figure.curves import Curve, Figure, Panel
from actcli.analysis.training.dataset import Dataset
from actcli.analysis.training.history import NOT_DIVERGED, History
from actcli.analysis.training.rates import rate_grid
from actcli.analysis.training.significance import half_width, holm, paired_p
from actcli.analysis.training.stack import Stack
from actcli.analysis.training.trial import Trial

Array = NDArray[Any]
TIED = 0.05
"""A corrected p value above it leaves two contenders a tie."""


@dataclass(frozen=True, slots=True)
class Entrant:
    """One line of the comparison: a stack at a depth and a learning rate; None: to be looked for."""

    stack: Stack
    depth: int
    rate: float | None


@dataclass(frozen=True, slots=True, eq=False)
class EntrantHistory:
    """What became of an entrant: the rate it was trained at, and the history of its networks."""

    rate: float
    history: History


EntrantHistories = Mapping[Entrant, EntrantHistory]


def compare_histories(
    entrants: Sequence[Entrant], outcomes: Mapping[Entrant, EntrantHistory], data: Dataset, trial: Trial
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
    ties = find_ties(histories, 1 / len(data.test_y) if data.classes else 0.0)
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


def _reached(depth: int, known: Sequence[Entrant], outcomes: Mapping[Entrant, EntrantHistory]) -> int:
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


def find_ties(histories: Sequence[History], step: float) -> list[tuple[bool | None, float | None]]:
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
    entrant: Entrant,
    outcome: EntrantHistory,
    tie: tuple[bool | None, float | None],
    trial: Trial,
    *,
    short: bool,
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
