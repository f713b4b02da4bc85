"""The profile of an activation along its domain: smooth pieces, the kinks between them, limits and turning points."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from actcli.activations import Activation
from actcli.analysis.card.landmarks import SmoothPiece, pieces, sign_changes

INF = math.inf
_SAME = 1e-14


@dataclass(frozen=True, slots=True)
class Edge:
    """A kink: f there, and the values and slopes on both sides of it.

    Attributes:
        at: the x.
        value: f(x).
        values, slopes: from the left and from the right.
        smoothness: -1 where the value jumps, 0 where the slope does, 1 where the curvature does, else inf.

    """

    at: float
    value: float
    values: tuple[float, float]
    slopes: tuple[float, float]
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
        return cls(at, value, values, slopes, smoothness)


@dataclass(frozen=True, slots=True)
class Profile:
    """An elementwise activation along its domain.

    Attributes:
        function: the activation.
        pieces: from left to right, sampled.
        edges: the kinks between them.
        limits: at the ends of the domain; NaN where there is none.
        turns: the points where f' changes its sign.

    """

    function: Activation
    pieces: tuple[SmoothPiece, ...]
    edges: tuple[Edge, ...]
    limits: tuple[float, float]
    turns: tuple[float, ...]

    @classmethod
    def of(cls, f: Activation) -> "Profile":
        """Follow an elementwise activation along its domain."""
        parts = pieces(f)
        edges = tuple(Edge.between(f, left, right) for left, right in pairwise(parts))
        turns = [point for part in parts for point in sign_changes(f.grad, part.x, part.slope).tolist()]
        low, high = f(np.array([parts[0].low, parts[-1].high])).tolist()
        return cls(f, parts, edges, (low + 0.0, high + 0.0), tuple(turns))


def differ(a: float, b: float, allowed: float = 0.0) -> bool:
    """Return whether two numbers differ by more than rounding."""
    if a == b or not math.isfinite(a - b):
        return a != b
    return abs(a - b) > _SAME * max(abs(a), abs(b)) + allowed
