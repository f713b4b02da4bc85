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
from actcli.analysis.training.hidden_layer import fixed_notes, learning_notes
from actcli.analysis.training.history import NOT_DIVERGED, History
from actcli.analysis.training.rates import Rates, rate_grid, typical_rate
from actcli.analysis.training.significance import ONE_SPLIT, Nesting, holm
from actcli.analysis.training.stack import Stack
from actcli.analysis.training.trial import Trial
from actcli.analysis.wording import counted, listed, verb, with_error

Array = NDArray[Any]
Tie = tuple[bool | None, float | None]
"""Whether a contender ties with the best, and the corrected p value; None where there is no test."""
TIED = 0.05
"""Corrected p value above which two contenders tie."""


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
    ties = find_ties(own, 1 / len(data.test_y) if data.classes else 0.0, trial.nesting(data))
    contenders = tuple(
        _contender(entrant, cut[entrant], tie, data, trial, short=short)
        for entrant, tie in zip(measured, ties, strict=True)
    )
    names = [_name(entrant, trial) for entrant in measured]
    waiting = [_name(entrant, trial) for entrant in entrants if entrant not in cut]
    trained = {history.epochs for history in own}
    return Comparison(
        by="training",
        columns=_columns(data, trial, short=short),
        contenders=contenders,
        seed=trial.seed,
        settings={**trial.plan.settings, "splits": trial.splits},
        answer=_say_cover(
            trial.plan.qualify(_answer(names, contenders, _score_name(data), equal=len(trained) < 2)), trial
        ),
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


def _last_epoch(depth: int, measured: Sequence[Entrant], histories: EntrantHistories) -> int:
    """Return the last epoch that all networks of a depth have reached; -1 if none has begun."""
    return min((histories[e].history.epochs for e in measured if e.depth == depth), default=-1)


def _score_name(data: Dataset) -> str:
    return "test accuracy" if data.classes else "test R²"


def _columns(data: Dataset, trial: Trial, *, short: bool) -> tuple[Column, ...]:
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
        Column("train_test_gap", "train - test", "small", digits=2),
        Column("epochs_to_target", f"epochs to {trial.target:g}", "small"),
        Column("reached_target", "networks that reach it", "large"),
        Column("final_loss", "training loss", "small", digits=3),
        Column("dead_share", "dead units", "small", error="dead_share_interval", digits=2),
        Column("dead_share_interval", "± (95 %) of dead units", digits=2),
        Column("gradient_ratio", "gradient, first / last layer", digits=2),
        Column("seconds_per_epoch", "time per epoch", "small", unit="s", digits=2),
        Column("diverged", "networks that diverge", "small"),
    )


def find_ties(histories: Sequence[History], step: float, nesting: Nesting = ONE_SPLIT) -> list[Tie]:
    """Return for each history whether it ties with the best mean test score; the best itself has no p value.

    step: the change of a score by one more right test sample. There is no test for a single network each, nor for
    networks that were not trained equally long.
    """
    row, *more = {history.epochs for history in histories} or {0}
    if len(histories) < 2 or len(histories[0].members) < 2 or more:
        return [(None, None)] * len(histories)
    scores = [history.test_score[row] for history in histories]
    means = [float(np.mean(score)) for score in scores]
    best = means.index(max(means))
    others = [i for i in range(len(scores)) if i != best]
    corrected = holm([nesting.paired_p(scores[i], scores[best], step) for i in others])
    ties: list[Tie] = [(True, None)] * len(scores)
    for i, p in zip(others, corrected, strict=True):
        # the R² of a diverged network is -inf: there is no t, and no tie with a finite mean
        tied = math.isinf(means[i]) == math.isinf(means[best])
        ties[i] = (None if tied else False, None) if math.isnan(p) else (p > TIED, p)
    return ties


def _contender(
    entrant: Entrant, outcome: EntrantHistory, tie: Tie, data: Dataset, trial: Trial, *, short: bool
) -> Contender:
    history, last, nesting = outcome.history, outcome.history.epochs, trial.nesting(data)
    score = history.test_score[last]
    reached = history.test_score[: last + 1] >= trial.target
    first = np.where(reached.any(axis=0), reached.argmax(axis=0), np.inf)
    typical = float(np.median(first))
    values: dict[str, Value] = {
        "depth": entrant.depth,
        "rate": typical_rate(outcome.rates),
        **({"epochs_trained": last} if short else {}),
        "test_score": float(score.mean()),
        "test_score_interval": _number(nesting.half_width(score)),
        **({"seed_interval": _number(nesting.half_width_of_seeds(score))} if trial.splits > 1 else {}),
        "tied_with_best": tie[0],
        "p_against_best": tie[1],
        "train_test_gap": _mean(history.train_score[last] - score) if math.isfinite(score.min()) else None,
        "epochs_to_target": typical if math.isfinite(typical) else None,
        "reached_target": int(reached.any(axis=0).sum()),
        "final_loss": float(history.train_loss[last].mean()),
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
    return Contender(entrant.stack.spec, values, details)


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
    known = shares[~np.isnan(shares)]
    interval = nesting.half_width(shares if nesting.splits > 1 else known)
    return {"dead_share": _mean(shares), "dead_share_interval": _number(interval)}


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


def _answer(names: Sequence[str], contenders: Sequence[Contender], score: str, *, equal: bool) -> str:
    """Return who learns best, and whether that is more than chance; `equal`: all were trained equally long."""
    if not contenders:
        return ""
    if not equal:
        return "Not all networks were trained equally long, so there is no test of which is best."
    texts = {name: _score_text(contender) for name, contender in zip(names, contenders, strict=True)}
    by_score = sorted(zip(names, contenders, strict=True), key=lambda pair: -_score(pair[1]))
    ordered = [name for name, _ in by_score]
    first = ordered[0]
    if len(ordered) == 1:
        return f"{first} reaches a {score} of {texts[first]}."
    ties = [contender.values["tied_with_best"] for _, contender in by_score]
    if None in ties[1:]:
        return f"{first} has the highest {score}, {texts[first]}, but there is no test of the difference."
    tied = [name for name, is_tied in zip(ordered, ties, strict=True) if is_tied]
    behind = [name for name in ordered if name not in tied]
    if len(tied) == 1:
        return (
            f"{first} is best: {score} {texts[first]}, significantly above {behind[0]} ({texts[behind[0]]})."
        )
    scores = [f"{name} ({texts[name]})" for name in tied]
    sentence = f"No significant difference in {score} between {listed(scores)}"
    if behind:
        scores = [f"{name} ({texts[name]})" for name in behind]
        sentence += f"; {listed(scores)} {verb(behind, 'is', 'are')} significantly lower"
    return f"{sentence}."


def _score(contender: Contender) -> float:
    score = contender.values["test_score"]
    return score if isinstance(score, float) and not math.isnan(score) else -math.inf


def _score_text(contender: Contender) -> str:
    """Return the test score with its interval, `0.954 ± 0.004`."""
    interval = contender.values["test_score_interval"]
    return with_error(_score(contender), interval if isinstance(interval, float) else 0.0)


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
