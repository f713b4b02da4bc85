"""Search for each activation's best learning rate on a grid, without the test set."""

from collections.abc import Iterator, Sequence
from statistics import median_low

import numpy as np

from actcli.analysis.training.dataset import Dataset
from actcli.analysis.training.history import Member
from actcli.analysis.training.plan import Optimizer, TrainingPlan
from actcli.analysis.training.population import Train
from actcli.analysis.training.stack import Stack

_LARGEST = {"sgd": 3.0, "momentum": 0.3, "rmsprop": 0.1, "adam": 0.1, "adamw": 0.1}
"""Largest rate of the grid: above it hardly any network of a few layers learns."""
_PER_DECADE, _COUNT = 3, 10
_SEEDS = 3
_FIRST_SEED = 1 << 16
"""First seed of the search, away from those of the comparison."""

Rates = tuple[float, ...]
"""Learning rates by split of the data."""


def rate_grid(optimizer: Optimizer) -> tuple[float, ...]:
    """Return ten rates over three decades, ascending, rounded to two digits."""
    top = _LARGEST[optimizer]
    return tuple(float(f"{top * 10 ** (-i / _PER_DECADE):.2g}") for i in range(_COUNT - 1, -1, -1))


def typical_rate(rates: Sequence[float]) -> float:
    """Return one of the rates of all splits that stands for them: the median, or the lower of the two in the middle."""
    return median_low(rates)


def candidates(entrants: int, optimizer: Optimizer, splits: int) -> int:
    """Return the number of networks that a search for so many entrants trains."""
    return entrants * len(rate_grid(optimizer)) * _SEEDS * splits


def best_rates(
    stacks: Sequence[Stack], grid: Sequence[float], plan: TrainingPlan, data: Dataset, seed: int, train: Train
) -> Iterator[tuple[float, tuple[Rates, ...]]]:
    """Yield the share of the search done, and at share 1 each stack's best rate on each split; before that no rates.

    The best rate has the largest mean score over three networks, with seeds used nowhere else, on a held-out quarter
    of the training part of the split; the test parts of other splits overlap with it, so that each split has a search
    of its own. The smallest rate wins a tie.
    """
    inner = data.without_test(seed)
    members = {
        (stack, rate, split): [Member(stack, rate, _FIRST_SEED + seed + i, split) for i in range(_SEEDS)]
        for stack in stacks
        for rate in grid
        for split in range(1 + len(data.others))
    }
    every = [
        m
        for split in range(1 + len(data.others))
        for (_, _, s), own in members.items()
        if s == split
        for m in own
    ]
    for progress in train(every, plan, inner):
        if progress.done < progress.total:
            yield progress.done / progress.total, ()
    scores = {key: float(np.mean(progress.of(own).test_score[-1])) for key, own in members.items()}

    def best(stack: Stack, split: int) -> float:
        return max(sorted(grid), key=lambda rate: scores[stack, rate, split])

    yield 1.0, tuple(tuple(best(stack, split) for split in range(1 + len(data.others))) for stack in stacks)
