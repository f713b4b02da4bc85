"""Networks that are born dead: before training, all units of some layer are silent; by formula and by simulation."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

DRAWS = 10_000
_MOST_NUMBERS = 150_000_000
"""Most random numbers per measurement; of wide networks, which are never born dead, fewer are drawn."""
_AT_ONCE = 1 << 22


@dataclass(frozen=True, slots=True)
class BornDead:
    """The risk of being born dead for one shape of network.

    Attributes:
        width, depth: units per hidden layer, number of hidden layers.
        risk: by the formula.
        measured: the share of drawn networks that are born dead.
        draws: the number of drawn networks.
        limit: the acceptable risk.
        width_needed: the least width whose risk is within the limit.

    """

    width: int
    depth: int
    risk: float
    measured: float
    draws: int
    limit: float
    width_needed: int

    @property
    def error(self) -> float:
        """The standard deviation of `measured` if the formula holds: sqrt(p (1 - p) / draws)."""
        return math.sqrt(self.risk * (1 - self.risk) / self.draws)


def born_dead_risk(width: int, depth: int) -> float:
    """Return the probability that a ReLU network is born dead at one input: 1 - (1 - 2**-N)**H for H layers of N units.

    With symmetric random weights and no bias each unit is silent with probability 1/2, independently: all N of a layer
    with 2**-N. Exact for one input; with several, a lower layer may live on one of them. Source: Lu, Shin, Su and
    Karniadakis 2019; Rister and Rubin 2020.
    """
    return -math.expm1(depth * math.log1p(-(2.0**-width)))


def width_needed(depth: int, risk: float) -> int:
    """Return the least width whose risk is at most `risk`, 0 < risk < 1; about log2(H / risk)."""
    each = -math.expm1(math.log1p(-risk) / depth)
    width = max(1, math.floor(-math.log2(each)) - 1)
    while born_dead_risk(width, depth) > risk:
        width += 1
    return width


def measure_share(width: int, depth: int, seed: int, draws: int = DRAWS) -> tuple[float, int]:
    """Draw ReLU networks; return the share with a hidden layer that is silent at a random input, and their number.

    Normal weights, no bias, an input of `width` normal numbers. Fewer than `draws` networks if layers are so wide that
    drawing all would take more than a few seconds.
    """
    draws = max(1, min(draws, _MOST_NUMBERS // (width * width * depth)))
    rng = np.random.default_rng((seed, width, depth))
    at_once = max(1, _AT_ONCE // (width * width))
    dead = sum(
        _count_dead(rng, min(at_once, draws - done), width, depth) for done in range(0, draws, at_once)
    )
    return dead / draws, draws


def _count_dead(rng: np.random.Generator, networks: int, width: int, depth: int) -> int:
    h = rng.standard_normal((networks, 1, width), np.float32)
    for _ in range(depth):
        # only living networks go on
        if not len(h):
            break
        weights = rng.standard_normal((len(h), width, width), np.float32)
        h = np.maximum(h @ weights, 0)
        most = h.max(axis=2, keepdims=True)
        alive = most[:, 0, 0] > 0
        # the scale does not matter without biases, but it would underflow
        h = h[alive] / most[alive]
    return networks - len(h)


def risks_by_depth(width: int, depths: tuple[int, ...], limit: float, seed: int) -> Iterator[BornDead]:
    """Yield the risk and its measurement, depth by depth."""
    for depth in depths:
        measured, draws = measure_share(width, depth, seed)
        yield BornDead(
            width, depth, born_dead_risk(width, depth), measured, draws, limit, width_needed(depth, limit)
        )
