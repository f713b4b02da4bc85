"""Curves of activations and their derivatives: sampled so that kinks are sharp and jumps stay open."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation, Kink
from actcli.activations.distinct import distinct
from actcli.analysis.stream.evaluation import derivative_name, require_elementwise
from actcli.dataclass import dataclass
from actcli.exits import UsageError

Series = NDArray[np.float64]
Segment = tuple[Series, Series]
"""x, ascending, and y, both finite, 1-D and of equal length: points that one line may join."""

_SAME = 1e-9
_NOTHING = 1e-300
"""Numbers next to a kink at 0 are denormal, and so are their values: this is no jump."""
_NARROWEST = 1e-9


@dataclass(frozen=True, slots=True)
class Curve:
    """One function's value or derivative along x.

    Attributes:
        function: the specification as the user typed it.
        quantity: `f(x)`, `f'(x)`, `f''(x)` or `df/dalpha`.
        label: the text at the end of the curve.
        segments: from left to right, separated by jumps and by places where y is not finite.
        band: for a measured curve, x and the lowest and highest plausible y there.

    """

    function: str
    quantity: str
    label: str
    segments: tuple[Segment, ...]
    band: tuple[Series, Series, Series] | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """Curves of one quantity in one frame."""

    quantity: str
    curves: tuple[Curve, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """Panels one below the other that share the range of x."""

    panels: tuple[Panel, ...]
    range: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Quantity:
    """The quantity drawn for each function: a derivative by x or by a parameter; order 0 is f."""

    order: int = 0
    wrt: str = "x"

    @property
    def name(self) -> str:
        """Return `f(x)`, `f'(x)`, `f''(x)` or `df/dalpha`."""
        return derivative_name("f", self.order, self.wrt) if self.order else "f(x)"

    def of(self, f: Activation) -> Callable[[Series], NDArray[Any]]:
        """Return the function to sample. Raises UsageError for a derivative that does not exist."""
        if not self.order:
            return f
        derivative = partial(f.grad, order=self.order, wrt=self.wrt)
        derivative(np.ones(1))
        return derivative

    def label(self, f: Activation) -> str:
        """Return the name of a curve among curves of other quantities: `gelu`, `gelu'(x)`, `dprelu/dalpha`."""
        return derivative_name(f.spec, self.order, self.wrt) if self.order else f.spec


def build_figure(
    functions: Sequence[Activation],
    quantities: Sequence[Quantity],
    between: tuple[float, float],
    points: int,
    *,
    overlay: bool = False,
) -> Figure:
    """Return a figure with a panel per quantity, or one for all; each curve has `points` samples and two per kink.

    Raises UsageError for functions over rows, impossible derivatives, and a range that cannot be drawn.
    """
    require_elementwise(functions)
    require_drawable(between)
    rows = [
        tuple(
            Curve(
                f.spec,
                quantity.name,
                quantity.label(f) if overlay else f.spec,
                sample_curve(quantity.of(f), f.kinks, between, points, order=quantity.order),
            )
            for f in functions
        )
        for quantity in quantities
    ]
    if overlay:
        name = ", ".join(quantity.name for quantity in quantities)
        return Figure((Panel(name, tuple(curve for row in rows for curve in row)),), between)
    return Figure(tuple(Panel(q.name, row) for q, row in zip(quantities, rows, strict=True)), between)


def require_drawable(between: tuple[float, float]) -> None:
    """Raise UsageError for a range that is empty, reversed, beyond float64, or too narrow for its ticks."""
    low, high = between
    if not low < high:
        raise UsageError(f"`range={low:g} {high:g}`: the low end must be below the high end")
    if not np.isfinite(high - low) or max(abs(low), abs(high)) > 1e300:
        raise UsageError(f"`range={low:g} {high:g}`: the ends must lie within 1e300 of 0")
    if high - low < max(_NARROWEST * max(abs(low), abs(high)), 1e-300):
        raise UsageError(f"`range={low:g} {high:g}`: the ends are too close for an axis to tell them apart")


def sample_curve(
    function: Callable[[Series], NDArray[Any]],
    kinks: Sequence[Kink],
    between: tuple[float, float],
    points: int,
    *,
    order: int = 0,
) -> tuple[Segment, ...]:
    """Return the segments of a curve, with both one-sided values at a kink instead of the convention there."""
    low, high = between
    grid = np.linspace(low, high, max(points, 2))
    inside = sorted((kink for kink in kinks if low < kink.at < high), key=lambda kink: kink.at)
    ends = [low, *(kink.at for kink in inside), high]
    at_kink = {kink.at for kink in kinks}
    runs: list[list[Segment]] = [[]]
    for i, (left, right) in enumerate(pairwise(ends)):
        x = np.concatenate(([left], grid[(grid > left) & (grid < right)], [right]))
        inside_kinks = x.copy()
        if left in at_kink:
            inside_kinks[0] = np.nextafter(left, np.inf)
        if right in at_kink:
            inside_kinks[-1] = np.nextafter(right, -np.inf)
        y = np.asarray(function(inside_kinks), np.float64)
        y[np.abs(y) < _NOTHING] = 0.0
        if i and _jumps(inside[i - 1], float(runs[-1][-1][1][-1]), float(y[0]), order):
            runs.append([])
        elif i:
            x, y = x[1:], y[1:]  # the run so far ends at the kink
        runs[-1].append((x, y))
    joined = ((np.concatenate([x for x, _ in run]), np.concatenate([y for _, y in run])) for run in runs)
    return tuple(part for x, y in joined for part in _finite_parts(x, y))


def thin(segment: Segment, between: tuple[float, float], columns: int) -> Segment:
    """Return at most four points per column: where the curve enters and leaves it, and its lowest and highest."""
    x, y = segment
    if len(x) <= 4 * columns:
        return segment
    low, high = between
    column = np.minimum(((x - low) / (high - low) * columns).astype(np.int64), columns - 1)
    starts = np.flatnonzero(np.r_[True, column[1:] != column[:-1]])
    ends = np.r_[starts[1:], len(x)] - 1
    by_height = np.lexsort((y, column))
    kept = distinct(np.concatenate((starts, ends, by_height[starts], by_height[ends])))
    return x[kept], y[kept]


def _jumps(kink: Kink, left: float, right: float, order: int) -> bool:
    """Return whether the curve jumps at the kink, as declared or as its values show."""
    if kink.jump or order > 2 or (order == 2 and kink.slopes[0] != kink.slopes[1]):
        return True
    return not abs(left - right) <= max(_SAME * max(abs(left), abs(right)), _NOTHING)


def _finite_parts(x: Series, y: Series) -> list[Segment]:
    finite = np.isfinite(y)
    if finite.all():
        return [(x, y)]
    edges = np.flatnonzero(np.diff(np.r_[False, finite, False].astype(np.int8)))
    return [(x[a:b], y[a:b]) for a, b in zip(edges[::2], edges[1::2], strict=True)]
