"""The sentences of a comparison by training: accuracy, speed, generalisation, learned parameters."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.compare.result import Contender, Value
from actcli.analysis.training.comparison.ties import find_ties
from actcli.analysis.training.significance import Nesting
from actcli.analysis.training.trial import Trial
from actcli.analysis.wording import counted, listed, verb, with_error

Array = NDArray[Any]
_MOST_LAYERS = 4
"""Layers whose learned parameters a sentence names one by one."""


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A contender of the answer.

    Attributes:
        name: what distinguishes it from the others.
        contender: its numbers.
        epochs: (P,): epochs until the target, one more than were trained where it is not reached.
        gap: (P,): training score less test score.

    """

    name: str
    contender: Contender
    epochs: Array
    gap: Array

    def text(self, column: str, unit: str = "") -> str:
        """Return the name with a number and its interval: `relu (0.954 ± 0.004)`."""
        return f"{self.name} ({mean_text(self.contender, column)}{unit})"


def answer(trained: Sequence[Trained], score: str, trial: Trial, nesting: Nesting, *, more: bool) -> str:
    """Return who learns best, and with `more` also who learns fast and generalises, and what was learned.

    All were trained equally long, for an epoch at least with `more`.
    """
    if not trained:
        return ""
    first = _say_score(trained, score)
    if not more:
        return first
    return " ".join(
        [
            first,
            *_say_speed(trained, score, trial, nesting),
            *_say_gap(trained, trial, nesting),
            *_say_learned(trained),
        ]
    )


def mean_text(contender: Contender, column: str) -> str:
    """Return a mean with its interval, `0.954 ± 0.004`."""
    mean, interval = contender.value(column), contender.value(f"{column}_interval")
    return with_error(_size(mean), interval if isinstance(interval, float) else 0.0)


def _size(value: Value) -> float:
    return value if isinstance(value, float) and not math.isnan(value) else -math.inf


def _say_score(trained: Sequence[Trained], score: str) -> str:
    """Return who learns best, and whether that is more than chance."""
    by_score = sorted(trained, key=lambda one: -_size(one.contender.value("test_score")))
    first = by_score[0]
    best = mean_text(first.contender, "test_score")
    if len(by_score) == 1:
        return f"{first.name} reaches a {score} of {best}."
    ties = [one.contender.value("tied_with_best") for one in by_score]
    if None in ties[1:]:
        return f"{first.name} has the highest {score}, {best}, but there is no test of the difference."
    texts = [one.text("test_score") for one in by_score]
    tied = [text for text, is_tied in zip(texts, ties, strict=True) if is_tied]
    behind = [text for text in texts if text not in tied]
    if len(tied) == 1:
        return f"{first.name} is best: {score} {best}, significantly above {behind[0]}."
    sentence = f"No significant difference in {score} between {listed(tied)}"
    if behind:
        sentence += f"; {listed(behind)} {verb(behind, 'is', 'are')} significantly lower"
    return f"{sentence}."


def _say_speed(trained: Sequence[Trained], score: str, trial: Trial, nesting: Nesting) -> Iterator[str]:
    """Yield who reaches the target first, and whether that is more than chance."""
    target = f"{score} of {trial.target:g}"
    if all(one.contender.value("epochs_to_target") is None for one in trained):
        return
    texts = [
        f"{one.name} ({_epochs_text(one.contender)})"
        for one in sorted(trained, key=lambda one: one.epochs.mean())
    ]
    if len(texts) == 1:
        yield f"It takes {_epochs_text(trained[0].contender)} to a {target}."
        return
    yield from _say_smallest(
        trained,
        [one.epochs for one in trained],
        texts,
        (f"Fastest to a {target} is", f"the epochs to a {target}", "slower"),
        (1.0, nesting),
    )


def _epochs_text(contender: Contender) -> str:
    """Return `2.9 ± 0.3 epochs`, or how many networks reach the target where half of them do not."""
    if contender.value("epochs_to_target") is None:
        reached = contender.value("reached_target")
        return f"{counted(reached, 'network')} only" if isinstance(reached, int) and reached else "never"
    return f"{mean_text(contender, 'epochs_to_target')} epochs"


def _say_gap(trained: Sequence[Trained], trial: Trial, nesting: Nesting) -> Iterator[str]:
    """Yield whose training score is nearest to the test score, of those that learned the task."""
    learned = [one for one in trained if one.contender.value("reached_target") == trial.networks]
    if not any(one.contender.value("reached_target") for one in trained):
        learned = [one for one in trained if not one.contender.value("diverged")]
    if not learned or not all(np.isfinite(one.gap).all() for one in learned):
        return
    ordered = sorted(learned, key=lambda one: one.gap.mean())
    texts = [one.text("train_test_gap") for one in ordered]
    if len(trained) == 1:
        yield f"The generalisation gap (train - test) is {mean_text(trained[0].contender, 'train_test_gap')}."
    elif len(texts) > 1:
        yield from _say_smallest(
            learned,
            [one.gap for one in learned],
            texts,
            (
                "The smallest generalisation gap (train - test) has",
                "the generalisation gap (train - test)",
                "larger",
            ),
            (0.0, nesting),
        )


def _say_smallest(
    trained: Sequence[Trained],
    measures: Sequence[Array],
    texts: Sequence[str],
    words: tuple[str, str, str],
    test: tuple[float, Nesting],
) -> Iterator[str]:
    """Yield who has the smallest mean; `texts` are in the order of the means."""
    ties = find_ties(measures, *test, largest=False)
    if any(tied is None for tied, _ in ties):
        return
    order = sorted(range(len(trained)), key=lambda i: float(measures[i].mean()))
    tied = [text for text, i in zip(texts, order, strict=True) if ties[i][0]]
    behind = [text for text, i in zip(texts, order, strict=True) if not ties[i][0]]
    wins, quantity, worse = words
    if len(tied) == 1:
        yield f"{wins} {tied[0]}; significantly {worse}: {listed(behind)}."
        return
    more = f"; significantly {worse}: {listed(behind)}" if behind else ""
    yield f"No significant difference in {quantity} between {listed(tied)}{more}."


def _say_learned(trained: Sequence[Trained]) -> Iterator[str]:
    """Yield the learned parameters of each function, layer by layer where these are few."""
    for one in trained:
        by_name: dict[Value, list[str]] = {}
        for row in one.contender.details.get("learned", ()):
            value, interval = row["value"], row["interval"]
            text = with_error(_size(value), interval if isinstance(interval, float) else 0.0)
            by_name.setdefault(row["parameter"], []).append(f"{text} in layer {row['layer']}")
        for name, texts in by_name.items():
            mean = f"{mean_text(one.contender, f'learned_{name}')} on average over {len(texts)} layers"
            yield f"{one.name} learned {name}: {listed(texts) if len(texts) <= _MOST_LAYERS else mean}."
