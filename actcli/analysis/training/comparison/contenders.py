"""Trained networks as contenders of a comparison: scores with intervals, ties, speed of learning, deaths, gradients."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.compare.result import Chart, Column, Comparison, Contender, Value
from actcli.analysis.figure.curves import Curve, Figure, Panel
from actcli.analysis.training.comparison.answer import Trained, answer
from actcli.analysis.training.comparison.ties import Tie, find_ties
from actcli.analysis.training.dataset import Dataset
from actcli.analysis.training.hidden_layer import fixed_notes, learned_names, learning_notes
from actcli.analysis.training.history import NOT_DIVERGED, History
from actcli.analysis.training.rates import Rates, rate_grid, typical_rate
from actcli.analysis.training.significance import Nesting
from actcli.analysis.training.stack import Stack
from actcli.analysis.training.trial import Trial
from actcli.analysis.wording import counted

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Entrant:
    """One line of the comparison: a stack at a depth and a learning rate, None for a rate that is searched."""

    stack: Stack
    depth: int
    rate: float | None


@dataclass(frozen=True, slots=True, eq=False)
class EntrantHistory:
    """The rate at which an entrant was trained on each split, and the history of its networks."""

    rates: Rates
    history: History


EntrantHistories = Mapping[Entrant, EntrantHistory]


def compare_histories(
    entrants: Sequence[Entrant], histories: EntrantHistories, data: Dataset, trial: Trial
) -> Comparison:
    """Compare the entrants so far, those of a depth at the last epoch that all of them have reached."""
    measured = [e for e in entrants if e in histories and histories[e].history.epochs >= 0]
    reached = {depth: _last_epoch(depth, measured, histories) for depth in trial.depths}
    cut = {
        e: replace(histories[e], history=replace(histories[e].history, epochs=reached[e.depth]))
        for e in measured
    }
    own = [cut[entrant].history for entrant in measured]
    # before the first measurement the columns are those that may be sorted by
    short = bool(measured) and min(reached.values()) < trial.plan.epochs
    nesting, equal = trial.nesting(data), len({history.epochs for history in own}) < 2
    scores = [history.test_score[history.epochs] for history in own]
    ties = find_ties(scores, 1 / len(data.test_y) if data.classes else 0.0, nesting)
    contenders = tuple(
        _contender(entrant, cut[entrant], tie, data, trial, short=short)
        for entrant, tie in zip(measured, ties if equal else [(None, None)] * len(ties), strict=True)
    )
    names = [_name(entrant, trial) for entrant in measured]
    learned = learned_names((entrant.stack for entrant in entrants), trial.plan.learn)
    waiting = [_name(entrant, trial) for entrant in entrants if entrant not in cut]
    trained = {history.epochs for history in own}
    return Comparison(
        by="training",
        columns=_columns(data, trial, learned, short=short),
        contenders=contenders,
        seed=trial.seed,
        settings={**trial.plan.settings, "splits": trial.splits},
        answer=_say_cover(trial.plan.qualify(_answer(names, contenders, own, data, trial)), trial),
        warnings=(
            *([f"Not trained by then: {_separate(waiting)}."] if measured and waiting else []),
            *_warnings(names, measured, contenders, cut, trial),
            *fixed_notes([entrant.stack for entrant in entrants], trial.plan.learn),
        ),
        notes=(
            *_settings(data, trial, trained),
            *_rates(names, measured, cut),
            *learning_notes([entrant.stack for entrant in entrants], trial.plan.learn),
        ),
        chart=_chart(names, own, data, trial),
    )


def _answer(
    names: Sequence[str],
    contenders: Sequence[Contender],
    histories: Sequence[History],
    data: Dataset,
    trial: Trial,
) -> str:
    if len({history.epochs for history in histories}) > 1:
        return "Not all networks were trained equally long, so there is no test of which is best."
    trained = [
        Trained(name, contender, _epochs_to(history, trial.target)[0], _gap(history))
        for name, contender, history in zip(names, contenders, histories, strict=True)
    ]
    more = bool(histories) and histories[0].epochs > 0
    return answer(trained, _score_name(data), trial, trial.nesting(data), more=more)


def _epochs_to(history: History, target: float) -> tuple[Array, NDArray[np.bool_]]:
    """Return the epochs (P,) until each network reaches a test score, and whether it does.

    One that does not counts one epoch more than were trained.
    """
    scores = history.test_score[: history.epochs + 1] >= target
    reached: NDArray[np.bool_] = np.any(scores, axis=0)
    return np.where(reached, scores.argmax(axis=0), history.epochs + 1).astype(np.float64), reached


def _gap(history: History) -> Array:
    """Return the training score less the test score of each network; NaN where neither is a number."""
    with np.errstate(invalid="ignore"):
        gap: Array = history.train_score[history.epochs] - history.test_score[history.epochs]
    return gap


def _last_epoch(depth: int, measured: Sequence[Entrant], histories: EntrantHistories) -> int:
    """Return the last epoch that all networks of a depth have reached; -1 if none has begun."""
    return min((histories[e].history.epochs for e in measured if e.depth == depth), default=-1)


def _score_name(data: Dataset) -> str:
    return "test accuracy" if data.classes else "test R²"


def _columns(data: Dataset, trial: Trial, learned: Sequence[str], *, short: bool) -> tuple[Column, ...]:
    """Return the columns; a training that was cut short has one more, because epochs may differ."""
    return (
        Column("depth", "hidden layers"),
        Column("rate", "learning rate"),
        *([Column("epochs_trained", "epochs trained")] if short else []),
        Column("test_score", _score_name(data), "large", error="test_score_interval", digits=3),
        Column("test_score_interval", "± (95 %)", digits=2),
        *([Column("seed_interval", "± over seeds alone", digits=2)] if trial.splits > 1 else []),
        Column("tied_with_best", "tied with the best"),
        Column("p_against_best", "p against the best", digits=2),
        Column("train_test_gap", "train - test", "small", error="train_test_gap_interval", digits=2),
        Column("train_test_gap_interval", "± (95 %) of train - test", digits=2),
        Column(
            "epochs_to_target",
            f"epochs to {trial.target:g}",
            "small",
            error="epochs_to_target_interval",
            digits=3,
        ),
        Column("epochs_to_target_interval", "± (95 %) of epochs", digits=2),
        Column("reached_target", "networks that reach it", "large"),
        Column("final_loss", "training loss", "small", digits=3),
        *(
            column
            for name in learned
            for column in (
                Column(f"learned_{name}", f"{name}, learned", error=f"learned_{name}_interval", digits=3),
                Column(f"learned_{name}_interval", f"± (95 %) of {name}", digits=2),
            )
        ),
        Column("dead_share", "dead units", "small", error="dead_share_interval", digits=2),
        Column("dead_share_interval", "± (95 %) of dead units", digits=2),
        Column("gradient_ratio", "gradient, first / last layer", digits=2),
        Column("seconds_per_epoch", "time per epoch", "small", unit="s", digits=2),
        Column("diverged", "networks that diverge", "small"),
    )


def _contender(
    entrant: Entrant, outcome: EntrantHistory, tie: Tie, data: Dataset, trial: Trial, *, short: bool
) -> Contender:
    history, last, nesting = outcome.history, outcome.history.epochs, trial.nesting(data)
    score = history.test_score[last]
    epochs, reached = _epochs_to(history, trial.target)
    most_reach, gap = 2 * reached.sum() > reached.size, _gap(history)
    values: dict[str, Value] = {
        "depth": entrant.depth,
        "rate": typical_rate(outcome.rates),
        **({"epochs_trained": last} if short else {}),
        "test_score": float(score.mean()),
        "test_score_interval": _number(nesting.half_width(score)),
        **({"seed_interval": _number(nesting.half_width_of_seeds(score))} if trial.splits > 1 else {}),
        "tied_with_best": tie[0],
        "p_against_best": tie[1],
        "train_test_gap": _mean(gap) if math.isfinite(score.min()) else None,
        "train_test_gap_interval": _number(nesting.half_width(gap)) if math.isfinite(score.min()) else None,
        "epochs_to_target": float(epochs.mean()) if most_reach else None,
        "epochs_to_target_interval": _number(nesting.half_width(epochs)) if most_reach else None,
        "reached_target": int(reached.sum()),
        "final_loss": float(history.train_loss[last].mean()),
        **_learned(history, last, nesting),
        **_dead_share(history, last, nesting),
        "gradient_ratio": _gradient_ratio(history, last),
        "seconds_per_epoch": float(np.median(history.seconds[1 : last + 1])) if last else None,
        "diverged": int(((history.diverged != NOT_DIVERGED) & (history.diverged <= last)).sum()),
    }
    details: dict[str, list[dict[str, Value]]] = {
        "epochs": [_epoch(history, epoch, nesting) for epoch in range(last + 1)]
    }
    if entrant.rate is None and trial.splits > 1:
        details["rates"] = [{"split": split, "rate": rate} for split, rate in enumerate(outcome.rates)]
    if history.learned:
        details["learned"] = [*_learned_by_layer(history, last, nesting)]
    return Contender(entrant.stack.spec, values, details)


def _learned(history: History, epoch: int, nesting: Nesting) -> dict[str, Value]:
    """Return the trained parameters, each the mean over a network's layers and then over the networks."""
    values: dict[str, Value] = {}
    for name in history.learned:
        layers = history.learned[name][epoch]
        there = ~np.isnan(layers).all(axis=0)
        own = layers[:, there].mean(axis=1)
        values[f"learned_{name}"] = _mean(own)
        values[f"learned_{name}_interval"] = _interval(own, nesting)
    return values


def _learned_by_layer(history: History, epoch: int, nesting: Nesting) -> Iterator[dict[str, Value]]:
    """Yield each trained parameter of each layer that has it: the mean over the networks, and half its interval."""
    for name, values in history.learned.items():
        for layer, own in enumerate(values[epoch].T, 1):
            if not np.isnan(own).all():
                interval = _interval(own, nesting)
                yield {"layer": layer, "parameter": name, "value": _mean(own), "interval": interval}


def _gradient_ratio(history: History, epoch: int) -> float | None:
    """Return the gradient's norm in the first layer's weights over that in the last: the median over networks."""
    gradient = history.gradient[epoch]
    with np.errstate(all="ignore"):
        ratio = gradient[:, 0] / gradient[:, -1]
    finite = ratio[np.isfinite(ratio)]
    return float(np.median(finite)) if finite.size else None


def _epoch(history: History, epoch: int, nesting: Nesting) -> dict[str, Value]:
    score = history.test_score[epoch]
    return {
        "epoch": epoch,
        "train_loss": float(history.train_loss[epoch].mean()),
        "test_loss": float(history.test_loss[epoch].mean()),
        "train_score": float(history.train_score[epoch].mean()),
        "test_score": float(score.mean()),
        "test_score_interval": _number(nesting.half_width(score)),
        **_dead_share(history, epoch, nesting),
        "gradient_ratio": _gradient_ratio(history, epoch),
    }


def _dead_share(history: History, epoch: int, nesting: Nesting) -> dict[str, Value]:
    """Return the mean share of dead units of the networks that did not diverge, with half its 95 % interval.

    There is no interval over splits of which a network diverged.
    """
    shares = history.dead_share()[epoch]
    return {"dead_share": _mean(shares), "dead_share_interval": _interval(shares, nesting)}


def _interval(values: Array, nesting: Nesting) -> float | None:
    """Return half the 95 % interval over the networks that have a number; over splits all must have one."""
    return _number(nesting.half_width(values if nesting.splits > 1 else values[~np.isnan(values)]))


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _mean(values: Array) -> float | None:
    """Return the mean over the networks that have a number; None if none has."""
    numbers = values[~np.isnan(values)]
    return float(numbers.mean()) if numbers.size else None


def _name(entrant: Entrant, trial: Trial) -> str:
    """Return what distinguishes a contender from the others."""
    name = entrant.stack.spec
    if len(trial.depths) > 1:
        name += f", {counted(entrant.depth, 'layer')}"
    if len(trial.rates) > 1:
        name += f", rate {entrant.rate:g}"
    return name


def _separate(names: Sequence[str]) -> str:
    """Return all names in a row, separated so that names with commas stay apart."""
    return ("; " if any(", " in name for name in names) else ", ").join(names)


def _say_cover(answer: str, trial: Trial) -> str:
    """Return an answer that ends in what its intervals cover."""
    if "±" not in answer or not trial.cover_text:
        return answer
    return f"{answer.removesuffix('.')}; {trial.cover_text}."


def _settings(data: Dataset, trial: Trial, trained: set[int]) -> Iterator[str]:
    """Return the conditions of all networks; `trained` holds the epochs that they have reached."""
    if not trained:
        return
    plan = trial.plan
    target = f"{len(data.classes)} classes" if data.classes else "regression"
    epochs = counted(plan.epochs, "epoch")
    if len(trained) > 1:
        epochs += " where they were not cut short"
    elif plan.epochs not in trained:
        epochs = f"{max(trained)} of {epochs}"
    splits = f"{trial.splits} splits of the data, " if trial.splits > 1 else ""
    yield (
        f"{data.name}: {len(data.train_y):,} training samples, {len(data.test_y):,} test samples, {target}; "
        f"{plan.optimizer_text}, batches of {plan.batch}, {epochs}, {plan.init_text}; "
        f"{splits}{counted(trial.networks, 'network')} each, with the same weights and batches for every function."
    )


def _rates(names: Sequence[str], entrants: Sequence[Entrant], histories: EntrantHistories) -> Iterator[str]:
    """Yield the learning rates that a search chose."""
    for name, entrant in zip(names, entrants, strict=True):
        if entrant.rate is not None:
            continue
        rates = histories[entrant].rates
        if len(rates) > 1:
            values = ", ".join(f"{rate:g}" for rate in rates)
            yield (
                f"{name}: {values} are the best rates of ten, each on a quarter of the training set of its split; "
                "± covers this choice."
            )
        else:
            yield f"{name}: {rates[0]:g} is the best rate of ten, on a quarter of the training set."


def _warnings(
    names: Sequence[str],
    entrants: Sequence[Entrant],
    contenders: Sequence[Contender],
    histories: EntrantHistories,
    trial: Trial,
) -> Iterator[str]:
    """Yield what limits the numbers: networks that diverge, and searched rates at the edge of the grid."""
    grid = rate_grid(trial.plan.optimizer)
    for name, entrant, contender in zip(names, entrants, contenders, strict=True):
        gone = contender.values["diverged"]
        if gone:
            yield (
                f"{name}: {gone} of {counted(trial.networks, 'network')} diverged; they count as getting nothing "
                "right, and their units as neither dead nor alive."
            )
        for rate, edge in ((grid[0], "smallest"), (grid[-1], "largest")) if entrant.rate is None else ():
            if rate in histories[entrant].rates:
                yield f"{name}: {rate:g} is the {edge} rate that was tried; a rate beyond it may be better."


def _chart(names: Sequence[str], histories: Sequence[History], data: Dataset, trial: Trial) -> Chart | None:
    """Return test score and training loss by epoch, means over networks with their intervals; 0 is before training."""
    if not histories or max(history.epochs for history in histories) < 1:
        return None
    score, nesting = _score_name(data), trial.nesting(data)
    pairs = list(zip(names, histories, strict=True))
    panels = (
        Panel(score, tuple(_curve(name, score, h.test_score[: h.epochs + 1], nesting) for name, h in pairs)),
        Panel(
            "training loss",
            tuple(_curve(name, "loss", h.train_loss[: h.epochs + 1], nesting) for name, h in pairs),
        ),
    )
    return Chart(Figure(panels, (0.0, float(trial.plan.epochs))), axis="epoch")


def _curve(name: str, quantity: str, values: Array, nesting: Nesting) -> Curve:
    """Return the mean over networks (rows, P) by epoch, as far as it is finite, with its 95 % interval."""
    mean = values.mean(axis=1)
    x, finite = np.arange(len(mean), dtype=np.float64), np.isfinite(mean)
    x, mean = x[finite], mean[finite]
    if not x.size:
        return Curve(name, quantity, name, ())
    if values.shape[1] < 2:
        return Curve(name, quantity, name, ((x, mean),))
    half = np.array([nesting.half_width(row) for row in values[finite]])
    return Curve(name, quantity, name, ((x, mean),), (x, mean - half, mean + half))
