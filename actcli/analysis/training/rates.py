"""Each activation's own best learning rate, on a grid, chosen without a look at the test set."""

from collections.abc import Iterator, Sequence

import numpy as np

from actcli.analysis.training.dataset import Dataset
from actcli.analysis.training.history import Member
from actcli.analysis.training.plan import Optimizer, TrainingPlan
from actcli.analysis.training.population import train
from actcli.analysis.training.stack import Stack

_LARGEST = {"sgd": 3.0, "momentum": 0.3, "adam": 0.1}
"""Above it hardly any network of a few layers learns."""
_PER_DECADE, _COUNT = 3, 10
_SEEDS = 3
_FIRST_SEED = 1 << 16
"""Away from the seeds of the comparison itself."""


def rate_grid(optimizer: Optimizer) -> tuple[float, ...]:
    """Ten rates over three decades, ascending, rounded to two digits."""
    top = _LARGEST[optimizer]
    return tuple(float(f"{top * 10 ** (-i / _PER_DECADE):.2g}") for i in range(_COUNT - 1, -1, -1))


def candidates(entrants: int, optimizer: Optimizer) -> int:
    """How many networks the search for so many entrants trains."""
    return entrants * len(rate_grid(optimizer)) * _SEEDS


def best_rates(
    stacks: Sequence[Stack], grid: Sequence[float], plan: TrainingPlan, data: Dataset, seed: int, threads: int
) -> Iterator[tuple[float, tuple[float, ...]]]:
    """The share of the search that is done, and each stack's best rate so far: all of them when the share is 1.

    The best has the largest mean score over three networks, whose seeds are used nowhere else, on a quarter of
    the training set, on which they are not trained. The smallest rate wins a tie.
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
            continue
        scores = {key: float(np.mean(progress.of(own).test_score[-1])) for key, own in members.items()}
        found = []
        for place in range(len(stacks)):
            own_scores = [scores[place, rate] for rate in grid]
            found.append(grid[own_scores.index(max(own_scores))])
        yield 1.0, tuple(found)
