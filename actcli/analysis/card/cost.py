"""The cost of an activation relative to relu, measured on this machine."""

import math
from time import perf_counter

import numpy as np

from actcli.activations import Activation, activation

COST_NUMBERS = 1 << 15
"""Numbers on which the cost is measured: few enough to stay in the cache, where the arithmetic shows."""


def cost_relative_to_relu(f: Activation, n: int = COST_NUMBERS, rounds: int = 15) -> float:
    """Return how many times as long as relu f takes, on n float64 numbers from N(0, 1), each the best of the rounds."""
    x = np.random.default_rng(0).standard_normal((n // 64, 64) if f.by_rows else n)
    best = [math.inf, math.inf]
    for _ in range(rounds):
        for i, function in enumerate((activation("relu"), f)):
            start = perf_counter()
            function(x)
            best[i] = min(best[i], perf_counter() - start)
    return best[1] / best[0]
