"""Search for each activation's best learning rate on a grid, without the test set."""

from collections.abc import Iterator, Sequence

import numpy as np

from actcli.analysis.training.dataset import Dataset
from actcli.analysis.training.history import Member
from actcli.analysis.training.plan import Optimizer, TrainingPlan
from actcli.analysis.training.population import train
from actcli.analysis.training.stack import Stack

_LARGEST = {"sgd": 3.0, "momentum": 0.3, "rmsprop": 0.1, "adam": 0.1, "adamw": 0.1}
"""Largest rate of the grid: above it hardly any network of a few layers learns."""
_PER_DECADE, _COUNT = 3, 10
_SEEDS = 3
_FIRST_SEED = 1 << 16
"""First seed of the search, away from those of the comparison."""


def rate_grid(optimizer: Optimizer) -> tuple[float, ...]:
    """Return ten rates over three decades, ascending, rounded to two digits."""
    top = _LARGEST[optimizer]
    return tuple(float(f"{top * 10 ** (-i / _PER_DECADE):.2g}") for i in range(_COUNT - 1, -1, -1))


def candidates(entrants: int, optimizer: Optimizer) -> int:
    """Return the number of networks that a search for so many entrants trains."""
    return entrants * len(rate_grid(optimizer)) * _SEEDS


def best_rates(
    stacks: Sequence[Stack], grid: Sequence[float], plan: TrainingPlan, data: Dataset, seed: int, threads: int
) -> Iterator[tuple[float, tuple[float, ...]]]:
    """Yield the share of the search done, and at share 1 each stack's best rate; before that no rates.

    The best rate has the largest mean score over three networks, with seeds used nowhere else, on a held-out quarter
    of the training set. The smallest rate wins a tie.
    """
    inner = data.without_test(seed)
    members = {
        (place, rate): [Member(stack, rate, _FIRST_SEED + seed + i) for i in range(_SEEDS)]
        for place, stack in enumerate(stacks)
        for rate in grid
    }
    for progress in train([m for own in members.values() for m in own], plan, inner, threads):
        if progress.done < progress.total:
            yield progress.done / progress.total, ()
    scores = {key: float(np.mean(progress.of(own).test_score[-1])) for key, own in members.items()}
    best = []
    for place in range(len(stacks)):
        own_scores = [scores[place, rate] for rate in grid]
        best.append(grid[own_scores.index(max(own_scores))])
    yield 1.0, tuple(best)
