"""The cost of an activation relative to relu, measured on this machine."""

import math
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation, activation

COST_NUMBERS = 1 << 15
"""Numbers on which the cost is measured: few enough to stay in the cache, where the arithmetic shows."""


Prepare = Callable[[Activation, NDArray[Any]], Callable[[], object] | None]
"""Takes a function and the numbers, and returns the call to time; None where there is no such function."""


def cost_relative_to_relu(
    f: Activation, prepare: Prepare = partial, n: int = COST_NUMBERS, rounds: int = 15
) -> float | None:
    """Return how many times as long as relu f takes, on n float64 numbers from N(0, 1), each the best of the rounds.

    prepare: makes the calls to time, by default those of the core; None where it has no call for f or for relu.
    """
    x = np.random.default_rng(0).standard_normal((n // 64, 64) if f.by_rows else n)
    calls = [call for one in (activation("relu"), f) if (call := prepare(one, x)) is not None]
    if len(calls) < 2:
        return None
    best = [math.inf, math.inf]
    for _ in range(rounds):
        for i, call in enumerate(calls):
            start = perf_counter()
            call()
            best[i] = min(best[i], perf_counter() - start)
    return best[1] / best[0]
