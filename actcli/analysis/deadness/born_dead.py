"""Networks that are born dead: all units of some layer silent before training, by formula and by drawing them."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

DRAWS = 10_000
_MOST_NUMBERS = 150_000_000
"""Random numbers that one measurement draws; wide networks, which are never born dead, are drawn less often."""
_AT_ONCE = 1 << 22


@dataclass(frozen=True, slots=True)
class BornDead:
    """The risk of one shape of network.

    Attributes:
        width, depth: units a hidden layer, hidden layers.
        risk: by the formula.
        measured: the share of the networks drawn that are born dead.
        draws: how many were drawn.
        limit: a risk that is acceptable.
        width_needed: the least width at which the risk is within it.

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
        """The standard deviation of `measured` where the formula holds: sqrt(p (1 - p) / draws)."""
        return math.sqrt(self.risk * (1 - self.risk) / self.draws)


def born_dead_risk(width: int, depth: int) -> float:
    """The probability that a ReLU network is born dead at one input: 1 - (1 - 2**-N)**H, H hidden layers of N units.

    With symmetric random weights and no bias each unit of a layer is silent with probability 1/2, by itself:
    all N with 2**-N. Exact for one input point; for several a lower layer may live on one of them. Source: Lu,
    Shin, Su and Karniadakis 2019; Rister and Rubin 2020.
    """
    return -math.expm1(depth * math.log1p(-(2.0**-width)))


def width_needed(depth: int, risk: float) -> int:
    """The least width whose risk is at most `risk`, 0 < risk < 1; about log2(H / risk)."""
    each = -math.expm1(math.log1p(-risk) / depth)
    width = max(1, math.floor(-math.log2(each)) - 1)
    while born_dead_risk(width, depth) > risk:
        width += 1
    return width


def measure_share(width: int, depth: int, seed: int, draws: int = DRAWS) -> tuple[float, int]:
    """The share of random ReLU networks of which a hidden layer is silent at a random input; and how many were drawn.

    Normal weights, no bias, an input of `width` normal numbers. Fewer than `draws` where layers are so wide that
    drawing them all would take more than a few seconds.
    """
    draws = max(1, min(draws, _MOST_NUMBERS // (width * width * depth)))
    rng = np.random.default_rng((seed, width, depth))
    at_once = max(1, _AT_ONCE // (width * width))
    dead = sum(
        _dead_among(rng, min(at_once, draws - done), width, depth) for done in range(0, draws, at_once)
    )
    return dead / draws, draws


def _dead_among(rng: np.random.Generator, networks: int, width: int, depth: int) -> int:
    h = rng.standard_normal((networks, 1, width), np.float32)
    for _ in range(depth):
        # the dead are out of it
        if not len(h):
            break
        weights = rng.standard_normal((len(h), width, width), np.float32)
        h = np.maximum(h @ weights, 0)
        most = h.max(axis=2, keepdims=True)
        alive = most[:, 0, 0] > 0
        # a ReLU network without biases is homogeneous: the scale does not matter, but it would fade
        h = h[alive] / most[alive]
    return networks - len(h)


def risks_by_depth(width: int, depths: tuple[int, ...], limit: float, seed: int) -> Iterator[BornDead]:
    """The risk and the measurement, depth by depth."""
    for depth in depths:
        measured, draws = measure_share(width, depth, seed)
        yield BornDead(
            width, depth, born_dead_risk(width, depth), measured, draws, limit, width_needed(depth, limit)
        )
