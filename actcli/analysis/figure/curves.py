"""Curves of activations and their derivatives: sampled so that kinks are sharp and jumps stay open."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation, Kink
from actcli.analysis.stream.evaluation import derivative_name
from actcli.exits import UsageError

Series = NDArray[np.float64]
Segment = tuple[Series, Series]
"""x, ascending, and y, both finite, 1-D and of one length: what a line may join."""

_SAME = 1e-9
_NOTHING = 1e-300
"""Beside a kink at 0 the next numbers are denormal, and so are their values: no jump."""
_NARROWEST = 1e-9


@dataclass(frozen=True, slots=True)
class Curve:
    """One function's value or derivative along x.

    Attributes:
        function: the specification as the user typed it.
        quantity: `f(x)`, `f'(x)`, `f''(x)` or `df/dalpha`.
        label: what stands where the curve ends.
        segments: from left to right. Between two there is a jump, or a place where y is not finite.
        band: x, and the lowest and highest y that the curve may have there; where it is a measurement.

    """

    function: str
    quantity: str
    label: str
    segments: tuple[Segment, ...]
    band: tuple[Series, Series, Series] | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """Curves in one frame; `quantity` says of what."""

    quantity: str
    curves: tuple[Curve, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """Panels beneath each other that share the range of x."""

    panels: tuple[Panel, ...]
    range: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Quantity:
    """What is drawn of each function: a derivative of some order, by x or by a parameter; order 0 is f."""

    order: int = 0
    wrt: str = "x"

    @property
    def name(self) -> str:
        """`f(x)`, `f'(x)`, `f''(x)`, `df/dalpha`."""
        return derivative_name("f", self.order, self.wrt) if self.order else "f(x)"

    def of(self, f: Activation) -> Callable[[Series], NDArray[Any]]:
        """The function to sample. Raises UsageError for a derivative that does not exist."""
        if not self.order:
            return f
        derivative = partial(f.grad, order=self.order, wrt=self.wrt)
        derivative(np.ones(1))
        return derivative

    def label(self, f: Activation) -> str:
        """`gelu`, `gelu'(x)`, `dprelu/dalpha`: how a curve is called among curves of other quantities."""
        return derivative_name(f.spec, self.order, self.wrt) if self.order else f.spec


def figure(
    functions: Sequence[Activation],
    quantities: Sequence[Quantity],
    between: tuple[float, float],
    points: int,
    *,
    overlay: bool = False,
) -> Figure:
    """A panel for each quantity, or one for all; `points` samples a curve, and one at each side of each kink.

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
                sampled(quantity.of(f), f.kinks, between, points, order=quantity.order),
            )
            for f in functions
        )
        for quantity in quantities
    ]
    if overlay:
        name = ", ".join(quantity.name for quantity in quantities)
        return Figure((Panel(name, tuple(curve for row in rows for curve in row)),), between)
    return Figure(tuple(Panel(q.name, row) for q, row in zip(quantities, rows, strict=True)), between)


def require_elementwise(functions: Sequence[Activation]) -> None:
    """Raise UsageError for a function over rows: it has no curve."""
    for f in functions:
        if f.by_rows:
            raise UsageError(
                f"{f.spec} maps rows to rows, so it has no curve; plot draws functions of one number"
            )


def require_drawable(between: tuple[float, float]) -> None:
    """Raise UsageError for a range that is empty, reversed, beyond float64, or too narrow for its ticks."""
    low, high = between
    if not low < high:
        raise UsageError(f"--range {low:g} {high:g}: LO must be below HI")
    if not np.isfinite(high - low) or max(abs(low), abs(high)) > 1e300:
        raise UsageError(f"--range {low:g} {high:g}: the ends must lie within 1e300 of 0")
    if high - low < max(_NARROWEST * max(abs(low), abs(high)), 1e-300):
        raise UsageError(f"--range {low:g} {high:g}: LO and HI are too close to be told apart on an axis")


def sampled(
    function: Callable[[Series], NDArray[Any]],
    kinks: Sequence[Kink],
    between: tuple[float, float],
    points: int,
    *,
    order: int = 0,
) -> tuple[Segment, ...]:
    """The segments of a curve; at a kink both one-sided values are taken, never the convention in between."""
    low, high = between
    grid = np.linspace(low, high, max(points, 2))
    inside = sorted((kink for kink in kinks if low < kink.at < high), key=lambda kink: kink.at)
    ends = [low, *(kink.at for kink in inside), high]
    at_kink = {kink.at for kink in kinks}
    runs: list[list[Segment]] = [[]]
    for i, (left, right) in enumerate(pairwise(ends)):
        x = np.concatenate(([left], grid[(grid > left) & (grid < right)], [right]))
        asked = x.copy()
        if left in at_kink:
            asked[0] = np.nextafter(left, np.inf)
        if right in at_kink:
            asked[-1] = np.nextafter(right, -np.inf)
        y = np.asarray(function(asked), np.float64)
        y[np.abs(y) < _NOTHING] = 0.0
        if i and _parted(inside[i - 1], float(runs[-1][-1][1][-1]), float(y[0]), order):
            runs.append([])
        elif i:
            x, y = x[1:], y[1:]  # the kink stands at the end of the run so far
        runs[-1].append((x, y))
    joined = ((np.concatenate([x for x, _ in run]), np.concatenate([y for _, y in run])) for run in runs)
    return tuple(part for x, y in joined for part in _finite_parts(x, y))


def thinned(segment: Segment, between: tuple[float, float], columns: int) -> Segment:
    """At most four points a column: where the curve enters and leaves it, and its lowest and highest there."""
    x, y = segment
    if len(x) <= 4 * columns:
        return segment
    low, high = between
    column = np.minimum(((x - low) / (high - low) * columns).astype(np.int64), columns - 1)
    starts = np.flatnonzero(np.r_[True, column[1:] != column[:-1]])
    ends = np.r_[starts[1:], len(x)] - 1
    by_height = np.lexsort((y, column))
    kept = np.unique(np.concatenate((starts, ends, by_height[starts], by_height[ends])))
    return x[kept], y[kept]


def _parted(kink: Kink, left: float, right: float, order: int) -> bool:
    """Whether the curve jumps at the kink: declared, or seen in its values."""
    if kink.jump or order > 2 or (order == 2 and kink.slopes[0] != kink.slopes[1]):
        return True
    return not abs(left - right) <= max(_SAME * max(abs(left), abs(right)), _NOTHING)


def _finite_parts(x: Series, y: Series) -> list[Segment]:
    finite = np.isfinite(y)
    if finite.all():
        return [(x, y)]
    edges = np.flatnonzero(np.diff(np.r_[False, finite, False].astype(np.int8)))
    return [(x[a:b], y[a:b]) for a, b in zip(edges[::2], edges[1::2], strict=True)]
