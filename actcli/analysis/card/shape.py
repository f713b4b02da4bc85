"""The shape of an activation: monotony, convexity, symmetry, smoothness and saturation."""

import math
from collections.abc import Iterable
from itertools import pairwise
from typing import Literal

import numpy as np

from actcli.activations.distinct import distinct
from actcli.analysis.card.gaussian import Floats
from actcli.analysis.card.landmarks import MOST_CHANGES, Interval, normal_mass, sign_changes
from actcli.analysis.card.profile import Profile, differ

Direction = Literal["increasing", "decreasing", "constant", "neither", "none"]
Bend = Literal["convex", "concave", "affine", "neither", "none"]
Symmetry = Literal["odd", "even", "neither"]

INF = math.inf
SATURATED_BELOW = 1e-3
"""A side is saturated where |f'| is below this share of its largest value."""
SMALL_SLOPE = 1e-2
"""A unit passes next to no gradient where |f'| is below this, whatever its largest value."""
_BULK = np.linspace(-9.0, 9.0, 1801)
"""Where N(0, 1) has its mass, fine enough for the dips of a wave's slope."""
_SAME = 1e-14


def direction(profile: Profile) -> Direction:
    """Return how f is monotone, or `neither`."""
    parts = profile.pieces
    # a slope that only touches 0 may be rounded below it
    near = [float(np.abs(part.slope[np.abs(part.x) < 100]).max(initial=0)) for part in parts]
    allowed = 1e-12 * max((size for size in near if math.isfinite(size)), default=0.0)
    steps = [
        after - before
        for edge in profile.edges
        if edge.smoothness < 0
        for before, after in ((edge.values[0], edge.value), (edge.value, edge.values[1]))
        if differ(before, after)
    ]
    rises = any(bool((part.slope > allowed).any()) for part in parts) or any(step > 0 for step in steps)
    falls = any(bool((part.slope < -allowed).any()) for part in parts) or any(step < 0 for step in steps)
    if rises and falls:
        return "neither"
    return "increasing" if rises else "decreasing" if falls else "constant"


def bend(profile: Profile) -> Bend:
    """Return whether f is convex, concave, affine or neither."""
    parts = profile.pieces
    if any(edge.smoothness < 0 for edge in profile.edges):
        return "neither"
    steps = [edge.slopes[1] - edge.slopes[0] for edge in profile.edges if edge.smoothness == 0]
    up = any(bool((part.curvature > 0).any()) for part in parts) or any(step > 0 for step in steps)
    down = any(bool((part.curvature < 0).any()) for part in parts) or any(step < 0 for step in steps)
    if up and down:
        return "neither"
    return "convex" if up else "concave" if down else "affine"


def symmetry(profile: Profile) -> Symmetry:
    """Return whether f is odd, even or neither."""
    f = profile.function
    low, high = f.definition.domain
    if low != -high:
        return "neither"
    x = distinct(np.abs(np.concatenate([part.x for part in profile.pieces])))
    x = np.append(x, [abs(kink.at) for kink in f.kinks])
    right, left = f(x), f(-x)
    size = _SAME * np.maximum(np.abs(right), np.abs(left))
    for name, sign in (("odd", -1.0), ("even", 1.0)):
        same = (right == sign * left) | (np.abs(right - sign * left) <= size)
        if same.all() and (sign > 0 or float(f(0.0)) == 0):
            return "odd" if name == "odd" else "even"
    return "neither"


_BESIDE_A_POLE = 1e12
"""A value at a vertical point that is no value of f, but one beside a pole between two numbers."""


def smoothness(profile: Profile, largest_slope: float, steepest: Iterable[Interval]) -> float:
    """Return the smoothness at the worst kink; a vertical point that is no kink counts 0 (∛x), and a pole −1."""
    f = profile.function
    # kinks tell of jumps up to the second derivative; of a jump in a higher one the definition alone
    beyond = f.definition.smoothness if f.definition.smoothness > 1 else INF
    worst = min((edge.smoothness for edge in profile.edges), default=beyond)
    low, high = f.definition.domain
    if math.isinf(largest_slope):
        for place in steepest:
            beside = place.low + max(abs(place.low), 1.0) * np.array([-1e-6, 1e-6])
            # not where the slope merely overflows
            if low < place.low < high and np.isfinite(f.grad(beside)).all():
                worst = min(worst, 0.0 if abs(float(f(place.low))) < _BESIDE_A_POLE else -1.0)
    return worst


def saturation(profile: Profile, largest: float, side: int) -> float | None:
    """Return the first point, going inwards from one end, where |f'| is no longer below the threshold.

    side: -1 for the left end, 1 for the right one. None where f never saturates on this side.
    """
    f, parts = profile.function, profile.pieces
    low, high = f.definition.domain
    if not (0 < largest < INF) or not math.isinf(low if side < 0 else high):
        return None
    threshold = SATURATED_BELOW * largest
    for part in parts if side < 0 else reversed(parts):
        steep = np.flatnonzero(np.abs(part.slope) >= threshold)
        if not steep.size:
            continue
        i = int(steep[0] if side < 0 else steep[-1])
        outer = i + side
        if not 0 <= outer < part.x.size:
            end = part.low if side < 0 else part.high
            return end if math.isfinite(end) else None
        if abs(part.x[i]) > 1e6 * max(1.0, *(abs(kink.at) for kink in f.kinks), 1.0):
            # steep as far as the samples reach: a wave, or a slope without a limit
            return None
        bracket = np.array(sorted((part.x[i], part.x[outer])))
        at = sign_changes(
            lambda x: np.abs(f.grad(x)) - threshold, bracket, np.abs(f.grad(bracket)) - threshold
        )
        return float(at[0]) if at.size else float(part.x[outer])
    return None


def small_slope_share(profile: Profile) -> float:
    """Return P(|f'(z)| < SMALL_SLOPE), z ~ N(0, 1), for an activation that is defined everywhere.

    Stretches narrower than 0.01, of waves with steep slopes, may be missed.
    """

    def excess(x: Floats) -> Floats:
        return np.asarray(np.abs(profile.function.grad(x)) - SMALL_SLOPE)

    shares = []
    for part in profile.pieces:
        near = _BULK[(part.low < _BULK) & (part.high > _BULK)]
        x = distinct(np.concatenate([part.x, near]))
        above = excess(x)
        turns = sign_changes(excess, x, above, MOST_CHANGES)
        # between two turns all samples are on one side
        for low, high in pairwise([part.low, *turns.tolist(), part.high]):
            if above[min(np.searchsorted(x, low, "right"), x.size - 1)] < 0:
                shares.append(normal_mass(Interval(low, high)))
    return math.fsum(shares)
