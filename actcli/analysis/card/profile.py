"""The profile of an activation along its domain: smooth pieces, the kinks between them, limits and turning points."""

import math
from itertools import pairwise

import numpy as np

from actcli.activations import Activation
from actcli.analysis.card.landmarks import MOST_CHANGES, SmoothPiece, pieces, sign_changes
from actcli.analysis.card.tails import Limit, find_period, limit_at
from actcli.dataclass import dataclass

INF = math.inf
_SAME = 1e-14
_POINTS_ONLY = 0.05
"""A smaller share of the samples are single points, as the whole numbers at which (-0.7)^x has a value."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A kink: f there, and the values and slopes on both sides of it.

    Attributes:
        at: the x.
        value: f(x).
        values, slopes, curvatures: from the left and from the right.
        smoothness: -1 where the value jumps, 0 where the slope does, 1 where the curvature does, else inf.

    """

    at: float
    value: float
    values: tuple[float, float]
    slopes: tuple[float, float]
    curvatures: tuple[float, float]
    smoothness: float

    @classmethod
    def between(cls, f: Activation, left: SmoothPiece, right: SmoothPiece) -> "Edge":
        """Return the kink between two pieces, measured beside it."""
        at = right.low
        value = float(f(at))
        values = float(left.value[-1]), float(right.value[0])
        slopes = float(left.slope[-1]), float(right.slope[0])
        bends = float(left.curvature[-1]), float(right.curvature[0])
        kink = next(kink for kink in f.kinks if kink.at == at)
        # the sides are measured a little beside the kink, where f and f' have moved by up to this much
        steep, bent = ((_SAME * abs(at) + 1e-300) * max(map(abs, sides)) for sides in (slopes, bends))
        # a side that is vertical at the kink is merely steep beside it
        vertical = any(map(math.isinf, kink.slopes))
        slopes = (
            kink.slopes[0] if math.isinf(kink.slopes[0]) else slopes[0],
            kink.slopes[1] if math.isinf(kink.slopes[1]) else slopes[1],
        )
        if kink.jump or any(differ(value, side, steep) for side in values):
            smoothness = -1.0
        elif vertical or differ(*slopes, bent):
            smoothness = 0.0
        else:
            smoothness = 1.0 if differ(*bends) else INF
        return cls(at, value, values, slopes, bends, smoothness)


@dataclass(frozen=True, slots=True)
class Profile:
    """An elementwise activation along its domain.

    Attributes:
        function: the activation.
        pieces: from left to right, sampled.
        edges: the kinks between them.
        limits: at the ends of the domain; NaN where there is none.
        turns: the points where f' changes its sign.
        period: None for a function that does not repeat.

    """

    function: Activation
    pieces: tuple[SmoothPiece, ...]
    edges: tuple[Edge, ...]
    limits: tuple[Limit, Limit]
    turns: tuple[float, ...]
    period: float | None

    @classmethod
    def of(cls, f: Activation) -> "Profile":
        """Follow an elementwise activation along its domain."""
        parts = pieces(f)
        edges = tuple(Edge.between(f, left, right) for left, right in pairwise(parts))
        turns = [
            point
            for part in parts
            for point in sign_changes(f.grad, part.x, part.slope, MOST_CHANGES).tolist()
        ]
        period = find_period(f, [*turns, *(edge.at for edge in edges)])
        none = Limit(math.nan)
        limits = (none, none) if period else (limit_at(f, parts[0].low), limit_at(f, parts[-1].high))
        return cls(f, parts, edges, limits, tuple(turns), period)

    @property
    def has_values(self) -> bool:
        """Return whether f has a finite value at more than single points."""
        return any(float(np.isfinite(part.value).mean()) > _POINTS_ONLY for part in self.pieces)


def differ(a: float, b: float, allowed: float = 0.0) -> bool:
    """Return whether two numbers differ by more than rounding."""
    if a == b or not math.isfinite(a - b):
        return a != b
    return abs(a - b) > _SAME * max(abs(a), abs(b)) + allowed
