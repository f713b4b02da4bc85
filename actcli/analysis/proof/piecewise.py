"""Piecewise linear functions on intervals: their range, their rounding, and the two best straight lines."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from actcli.analysis.proof.box import TINY, Flags, Numbers, double_rounding, rounding
from actcli.analysis.proof.steps import Lines


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """The range of a function on intervals.

    Attributes:
        lower, upper: the bounds, rounding included.
        error: how far a computed value may be from the exact one.
        flat: where every number of the interval gives the same result, to the bit.

    """

    lower: Numbers
    upper: Numbers
    error: Numbers
    flat: Flags


@dataclass(frozen=True, slots=True, eq=False)
class Piecewise:
    """A continuous function of straight pieces.

    Attributes:
        knots: where pieces meet, ascending.
        values: the function there.
        left, right: the slopes before the first and after the last knot; numbers, or an array by channel.
        roundings: of a value; 0 where a result is one of the operands.
        exact_above: from this x on a result is exact.

    """

    knots: tuple[float, ...]
    values: tuple[float, ...]
    left: Any
    right: Any
    roundings: int = 0
    exact_above: float = np.inf

    def __call__(self, x: Numbers) -> Numbers:
        """Return the function of x."""
        if self._copies:
            raised = x if self.left else np.maximum(x, self.knots[0])
            return raised if self.right else np.minimum(raised, self.knots[-1])
        first, last = self.knots[0], self.knots[-1]
        below = self.values[0] + self.left * (x - first)
        above = self.values[-1] + self.right * (x - last)
        between = np.interp(x, self.knots, self.values) if len(self.knots) > 1 else self.values[0]
        return np.where(x < first, below, np.where(x > last, above, between + 0 * x))

    def image(self, lower: Numbers, upper: Numbers) -> Image:
        """Return the range on each interval."""
        ends = [self(lower), self(upper)]
        low, high = np.minimum(*ends), np.maximum(*ends)
        for knot, value in zip(self.knots, self.values, strict=True):
            inside = (lower <= knot) & (knot <= upper)
            low = np.where(inside, np.minimum(low, value), low)
            high = np.where(inside, np.maximum(high, value), high)
        error, own = self._errors(lower, upper)
        reached = error + own
        flat = ((upper <= self.knots[0]) & np.equal(self.left, 0)) | (
            (lower >= self.knots[-1]) & np.equal(self.right, 0)
        )
        return Image(low - reached, high + reached, error, np.asarray(flat, np.bool_))

    def _errors(self, lower: Numbers, upper: Numbers) -> tuple[Numbers, Numbers]:
        """Return the rounding of float32, and that of float64 in the bounds; 0 where values are operands."""
        size = self._size(lower, upper)
        rounded = np.zeros(lower.shape) if not self.roundings else rounding(self.roundings) * size + TINY
        rounded = np.where(lower >= self.exact_above, 0.0, rounded)
        own = np.zeros(lower.shape) if self._copies else double_rounding(0) * size
        return rounded, np.where(lower >= self.exact_above, 0.0, own)

    @property
    def _copies(self) -> bool:
        """Whether every result is one of the operands: max(x, 0), clip(x, a, b)."""
        return self.knots == self.values and all(
            isinstance(slope, float) and slope in {0.0, 1.0} for slope in (self.left, self.right)
        )

    def _size(self, lower: Numbers, upper: Numbers) -> Numbers:
        """Return a bound of all absolute values that a result is computed of."""
        reach = np.maximum(np.abs(lower), np.abs(upper))
        slopes = [np.abs(self.left), np.abs(self.right)]
        for at in range(len(self.knots) - 1):
            run = self.knots[at + 1] - self.knots[at]
            slopes.append(np.abs((self.values[at + 1] - self.values[at]) / run))
        steepest = np.maximum.reduce(np.broadcast_arrays(*slopes))
        offset = max(
            abs(value) + float(np.max(steepest)) * abs(knot)
            for knot, value in zip(self.knots, self.values, strict=True)
        )
        size: Numbers = steepest * reach + offset
        return size

    def lines(self, lower: Numbers, upper: Numbers) -> Lines:
        """Return the two lines on each interval that are best in its middle."""
        points = [lower, upper, *(np.clip(knot, lower, upper) for knot in self.knots)]
        values = [self(at) for at in points]
        slopes = [chord(lower, upper, values[0], values[1]), self.left, self.right]
        return best_lines(lower, upper, slopes, lambda _: list(zip(points, values, strict=True)))

    def slope(self, x: Numbers) -> Numbers:
        """Return the slope at x; at a knot that of the right piece."""
        result = np.where(x < self.knots[0], self.left, self.right)
        for at in range(len(self.knots) - 1):
            run = self.knots[at + 1] - self.knots[at]
            inside = (x >= self.knots[at]) & (x < self.knots[at + 1])
            result = np.where(inside, (self.values[at + 1] - self.values[at]) / run, result)
        return np.asarray(result + 0 * x, np.float64)


def chord(lower: Numbers, upper: Numbers, first: Numbers, last: Numbers) -> Numbers:
    """Return the slope from one end of each interval to the other; 0 for a point."""
    width = upper - lower
    with np.errstate(invalid="ignore", over="ignore"):
        return np.where(width > 0, (last - first) / np.where(width > 0, width, 1.0), 0.0)


def best_lines(lower: Numbers, upper: Numbers, slopes: list[Any], extremes: Any) -> Lines:
    """Return, among lines of some slopes, the lowest above and the highest below the function, in the middle.

    extremes: from a slope to the points, and values there, among which f(x) - slope · x has its extremes.
    """
    middle = lower / 2 + upper / 2
    best: list[Numbers] | None = None
    for slope in slopes:
        slope = slope + np.zeros(lower.shape)  # noqa: PLW2901 - an array for each number
        rests = [value - slope * at for at, value in extremes(slope)]
        high, low = np.maximum.reduce(rests), np.minimum.reduce(rests)
        if best is None:
            best = [slope, low, slope, high]
            continue
        above = slope * middle + high < best[2] * middle + best[3]
        below = slope * middle + low > best[0] * middle + best[1]
        best[0], best[1] = np.where(below, slope, best[0]), np.where(below, low, best[1])
        best[2], best[3] = np.where(above, slope, best[2]), np.where(above, high, best[3])
    if best is None:
        raise ValueError("no slope")
    return Lines(*best)


@dataclass(frozen=True, slots=True, eq=False)
class HardSigmoid:
    """max(0, min(1, alpha · x + beta)) with alpha above 0, as float32 computes it."""

    alpha: float
    beta: float

    @property
    def _exact(self) -> Piecewise:
        ends = -self.beta / self.alpha, (1 - self.beta) / self.alpha
        return Piecewise(ends, (0.0, 1.0), 0.0, 0.0)

    def image(self, lower: Numbers, upper: Numbers) -> Image:
        """Return the range on each interval."""
        inner = [self.alpha * end + self.beta for end in (lower, upper)]
        # with x / 6 and 3 / 6 for alpha and beta
        errors = [
            (rounding(4) + double_rounding(0)) * (np.abs(self.alpha * end) + abs(self.beta)) + TINY
            for end in (lower, upper)
        ]
        low, high = np.clip(inner[0] - errors[0], 0, 1), np.clip(inner[1] + errors[1], 0, 1)
        flat = np.equal(low, high)
        return Image(low, high, np.where(flat, 0.0, np.maximum(*errors)), np.asarray(flat, np.bool_))

    def lines(self, lower: Numbers, upper: Numbers) -> Lines:
        """Return the two best lines on each interval."""
        return self._exact.lines(lower, upper)

    def slope(self, x: Numbers) -> Numbers:
        """Return the slope at x."""
        return self._exact.slope(x)


RELU = Piecewise((0.0,), (0.0,), 0.0, 1.0)
ABSOLUTE = Piecewise((0.0,), (0.0,), -1.0, 1.0)


def leaky(slope: Any) -> Piecewise:
    """Return x from 0 on, and slope · x below."""
    return Piecewise((0.0,), (0.0,), slope, 1.0, roundings=1, exact_above=0.0)


def clip(low: float, high: float) -> Piecewise:
    """Return max(low, min(x, high)); either bound may be infinite. Raises ValueError where low is above high."""
    if low > high:
        raise ValueError("the bounds are in the wrong order")
    if low == high:
        return Piecewise((low,), (low,), 0.0, 0.0)
    if np.isinf(high):
        return Piecewise((low,), (low,), 0.0, 1.0)
    if np.isinf(low):
        return Piecewise((high,), (high,), 1.0, 0.0)
    return Piecewise((low, high), (low, high), 0.0, 0.0)
