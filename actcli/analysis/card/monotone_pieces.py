"""The monotone pieces of an activation, on which it can be inverted, and its level parts."""

import math
from dataclasses import dataclass

import numpy as np

from actcli.activations import Activation
from actcli.activations.distinct import distinct
from actcli.analysis.card.gaussian import Floats
from actcli.analysis.card.landmarks import SmoothPiece, pieces, sign_changes

_ROUNDS = 64


@dataclass(frozen=True, slots=True)
class Branch:
    """An interval on which f only rises, or only falls.

    Attributes:
        low, high: the ends in x.
        bottom, top: the range of f there.
        rising: whether f rises.

    """

    low: float
    high: float
    bottom: float
    top: float
    rising: bool

    def inverse(self, f: Activation, y: Floats) -> Floats:
        """Return the x on this branch where f is y, by bisection; y must lie within its range."""
        low, high = np.full(y.shape, self.low), np.full(y.shape, self.high)
        for _ in range(_ROUNDS):
            middle = low / 2 + high / 2
            below = (f.quick(middle) < y) == self.rising
            low = np.where(below, middle, low)
            high = np.where(below, high, middle)
        return low / 2 + high / 2


@dataclass(frozen=True, slots=True)
class Level:
    """An interval on which f has one value; nan outside the domain of f."""

    low: float
    high: float
    value: float


@dataclass(frozen=True, slots=True)
class MonotonePieces:
    """The branches and level parts of f within a range of x."""

    moving: tuple[Branch, ...]
    level: tuple[Level, ...]

    @property
    def ends(self) -> Floats:
        """Return the values at which a branch begins or ends, ascending."""
        return distinct(np.array([end for branch in self.moving for end in (branch.bottom, branch.top)]))

    def count_taking(self, y: float) -> int:
        """Return how many branches take the value y."""
        return sum(branch.bottom < y < branch.top for branch in self.moving)

    @property
    def shared(self) -> tuple[tuple[float, float], ...]:
        """Return the intervals of values that several branches take."""
        ends = self.ends
        return tuple(
            (low, high)
            for low, high in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)
            if self.count_taking(low / 2 + high / 2) > 1
        )


def monotone_pieces(f: Activation, low: float, high: float) -> MonotonePieces:
    """Return the branches and level parts of f between two x; an endless wave may have more, far from 0."""
    moving: list[Branch] = []
    level: list[Level] = []
    with np.errstate(all="ignore"):
        parts = pieces(f)
        for part in parts:
            if part.flat:
                level.append(Level(part.low, part.high, float(part.value[0])))
            else:
                moving += _branches(f, part, low, high)
    if math.isfinite(parts[0].low):
        level.append(Level(-math.inf, parts[0].low, math.nan))
    if math.isfinite(parts[-1].high):
        level.append(Level(parts[-1].high, math.inf, math.nan))
    return MonotonePieces(tuple(moving), tuple(level))


def _branches(f: Activation, part: SmoothPiece, low: float, high: float) -> list[Branch]:
    # the outermost samples avoid rounding at the ends, and lie on the right side of a jump
    first, last = max(float(part.x[0]), low), min(float(part.x[-1]), high)
    if not first < last:
        return []
    turns = sign_changes(f.grad, part.x, part.slope)
    cuts = np.concatenate(([first], turns[(first < turns) & (turns < last)], [last]))
    values = f(cuts)
    return [
        Branch(a, b, min(y, z), max(y, z), z > y)
        for a, b, y, z in zip(
            cuts[:-1].tolist(), cuts[1:].tolist(), values[:-1].tolist(), values[1:].tolist(), strict=True
        )
        if y != z
    ]
