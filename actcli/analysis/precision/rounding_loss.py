"""The loss of an activation in a floating-point type, over all numbers of the type.

x is a number of the type, f(x) is computed in float64 and rounded to the type once: no kernel can do better.
All numbers of 8- and 16-bit types are tried. Of float32, one random number from each stretch of 8160 is tried;
where the result turns to 0 or inf between two of these, all numbers between them are tried.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation, activation
from actcli.activations.distinct import distinct
from actcli.analysis.card.landmarks import pieces
from actcli.analysis.card.limited import limit_effort
from actcli.analysis.figure.curves import Quantity, Segment
from actcli.analysis.number_types import Floats, Indices, LowType
from actcli.analysis.stream.blocks import in_order

Mask = NDArray[np.bool_]
Function = Callable[[Floats], Floats]

_BLOCK = 1 << 17
_ALL_UP_TO = 1 << 16
_STRETCH = 8160
"""float32 has a little more than 2^18 such stretches; 1028 numbers are tried per octave."""
_COLUMNS = 240
_PER_COLUMN = 32


@dataclass(frozen=True, slots=True)
class Edges:
    """The places where rounded results become 0 or inf although the exact results do not.

    Attributes:
        zero_below: at and below this x of the type the result is 0 and f(x) is not; −inf for nowhere.
        zero_above: the same at and above this x; inf for nowhere.
        inf_below, inf_above: the same for inf, or NaN in a type without infinity.

    """

    zero_below: float
    zero_above: float
    inf_below: float
    inf_above: float


@dataclass(frozen=True, slots=True)
class Loss:
    """The loss of one quantity, f or a derivative, in a type.

    Attributes:
        largest: the largest |rounded − exact| / |exact| over all finite x of the type: 1 where a result becomes
            0, inf where one becomes inf, 0 where all exact results are numbers of the type.
        mean: the mean over x ~ N(0, 1), rounded to the type, of finite results; None without any.
        lost: the share of N(0, 1) for which the result is 0 or inf and the exact result is not.
        approximate: whether float64's results stand for the exact ones of a formula that loses too many digits.

    """

    largest: float
    mean: float | None
    lost: float
    approximate: bool = False


def relative_errors(exact: Floats, rounded: Floats, gone: Mask) -> Floats:
    """Return |rounded − exact| / |exact|: 0 where they are equal, 1 or inf where `gone` marks a lost result.

    NaN where the exact result is beyond float64 too and the rounded result is right.
    """
    with np.errstate(all="ignore"):
        errors = np.abs(rounded - exact) / np.abs(exact)
    errors = np.where(rounded == exact, 0.0, errors)
    errors = np.where(np.isfinite(exact), errors, np.nan)
    return np.where(gone, np.where(rounded == 0, 1.0, np.inf), errors)


@dataclass(frozen=True, slots=True)
class Tails:
    """The places where one quantity of one activation becomes 0 or inf in a type, also beyond the range of float64.

    Attributes:
        edges: where results become 0 or inf.
        zeros: closed intervals on which the exact quantity is 0.
        domain: that of the activation.

    """

    edges: Edges
    zeros: tuple[tuple[float, float], ...]
    domain: tuple[float, float]

    def lost(self, x: Floats, exact: Floats, rounded: Floats) -> Mask:
        """Return where the rounded result is 0, inf or NaN although the exact result is another number.

        x: before rounding; exact: the result at x, 0 or inf where it is beyond float64.
        """
        low, high = self.domain
        edges = self.edges
        too_small = (exact == 0) & ((x <= edges.zero_below) | (x >= edges.zero_above))
        for start, end in self.zeros:
            too_small &= (x < start) | (x > end)
        too_large = np.isinf(exact) & ((x <= edges.inf_below) | (x >= edges.inf_above))
        too_large &= (x > low) & (x < high)
        there: Mask = (np.isfinite(exact) & (exact != 0)) | too_small | too_large
        there &= (rounded == 0) | ~np.isfinite(rounded)
        return there


def count_tried(kind: LowType) -> int:
    """Return how many numbers of a type are tried."""
    return int(_grid(kind)[0].size)


def measure_loss(f: Activation, order: int, kind: LowType, threads: int) -> tuple[Loss, Tails]:
    """Return the loss and the tails of f, f' or f'' in one type; a formula has one thread, and limited effort."""
    f = limit_effort(f)
    if f.effort is not None:  # in the same order on every machine
        threads = 1
    g = Quantity(order).of(f)
    places, x, mass = _grid(kind)
    exact = _evaluate(g, x, threads)
    rounded = kind.round(exact)
    inside = ~np.isnan(exact)
    upwards = _Samples(places[inside], exact[inside], rounded[inside])
    downwards = _Samples(upwards.places[::-1], upwards.exact[::-1], upwards.rounded[::-1])
    edges = Edges(
        zero_below=_edge(g, kind, _ZERO, upwards, -math.inf),
        zero_above=_edge(g, kind, _ZERO, downwards, math.inf),
        inf_below=_edge(g, kind, _INFINITE, upwards, -math.inf),
        inf_above=_edge(g, kind, _INFINITE, downwards, math.inf),
    )
    tails = Tails(edges, _zeros(f, order), f.definition.domain)
    gone = tails.lost(x, exact, rounded)
    errors = relative_errors(exact, rounded, gone)
    kept = np.isfinite(errors)
    weight, kept_weight = float(mass[inside].sum()), float(mass[kept].sum())
    loss = Loss(
        largest=float(np.nanmax(errors, initial=0.0)),
        mean=float((mass * np.where(kept, errors, 0.0)).sum()) / kept_weight if kept_weight else None,
        lost=float(mass[gone].sum()) / weight if weight else 0.0,
        approximate=f.is_approximate,
    )
    return loss, tails


def _zeros(f: Activation, order: int) -> tuple[tuple[float, float], ...]:
    """Return the intervals between kinks on which f, f' or f'' is exactly 0, unlike the tail of a sigmoid."""
    intervals = []
    for piece in pieces(f):
        level = not (piece.curvature if order == 2 else piece.slope).any()
        if level and (order or piece.value[0] == 0):
            intervals.append((piece.low, piece.high))
    return tuple(intervals)


def _evaluate(g: Function, x: Floats, threads: int) -> Floats:
    """Return g(x), computed on several threads; x is 1-D."""
    blocks = (x[start : start + _BLOCK] for start in range(0, x.size, _BLOCK))
    done = [np.asarray(y, np.float64) for _, y in in_order(cast("Any", g), blocks, threads)]
    return np.concatenate(done) if done else np.empty(0)


def error_curve(g: Function, kind: LowType, between: tuple[float, float]) -> tuple[Segment, ...]:
    """Return the largest relative error in each of 240 columns of a range; gaps where it is below 1/64 roundoff."""
    low, high = between
    x = distinct(kind.round(np.linspace(low, high, _COLUMNS * _PER_COLUMN)))
    x = x[np.isfinite(x) & (x >= low) & (x <= high)]
    exact = np.asarray(g(x), np.float64)
    rounded = kind.round(exact)
    gone = np.isfinite(exact) & (exact != 0) & ((rounded == 0) | ~np.isfinite(rounded))
    return columnwise_largest(x, relative_errors(exact, rounded, gone), between, kind.unit_roundoff / 64)


def columnwise_largest(
    x: Floats, values: Floats, between: tuple[float, float], least: float
) -> tuple[Segment, ...]:
    """Return the largest value in each column of a range as a curve; columns without an x are skipped.

    x must lie within the range. The curve has a gap where the largest value is below `least`, infinite or NaN.
    """
    low, high = between
    column = np.minimum(((x - low) / (high - low) * _COLUMNS).astype(np.int64), _COLUMNS - 1)
    largest = np.full(_COLUMNS, -np.inf)
    np.fmax.at(largest, column, values)
    some = distinct(column)
    centre = low + (some + 0.5) * ((high - low) / _COLUMNS)
    there = np.isfinite(largest[some]) & (largest[some] >= least)
    ends = np.flatnonzero(np.diff(np.r_[False, there, False].astype(np.int8)))
    return tuple(
        (centre[a:b], largest[some[a:b]])
        for a, b in zip(ends[::2].tolist(), ends[1::2].tolist(), strict=True)
    )


@cache
def _grid(kind: LowType) -> tuple[Indices, Floats, Floats]:
    """Return places and numbers, ascending, and the share of N(0, 1) that is rounded to each number."""
    if kind.count <= _ALL_UP_TO:
        positive = np.arange(1, kind.count, dtype=np.int64)
    else:
        # a random one in each stretch: fixed steps would meet only numbers with the same last digits
        starts = np.arange(1, kind.count, _STRETCH, dtype=np.int64)
        within = np.random.default_rng(0).integers(0, _STRETCH, starts.size)
        positive = distinct(np.append(np.minimum(starts + within, kind.count - 1), [1, kind.count - 1]))
    places = np.concatenate([-positive[::-1], [0], positive])
    x = kind.at(places)
    between = (x[1:] + x[:-1]) / 2
    below = np.concatenate([[0.0], (1 + activation("erf")(between / math.sqrt(2))) / 2, [1.0]])
    return places, x, np.diff(below)


@dataclass(frozen=True, slots=True)
class _Samples:
    """Numbers by their places, from one end of the line to the other, with exact and rounded results."""

    places: Indices
    exact: Floats
    rounded: Floats


@dataclass(frozen=True, slots=True)
class _Fate:
    """A fate of results, to become 0 or infinite.

    Attributes:
        met: takes exact and rounded results, and returns where the rounded results have met it.
        wrong: takes exact results, and returns where they do not meet it themselves.

    """

    met: Callable[[Floats, Floats], Mask]
    wrong: Callable[[Floats], Mask]


_ZERO = _Fate(met=lambda _, rounded: rounded == 0, wrong=lambda exact: exact != 0)
_INFINITE = _Fate(met=lambda exact, rounded: ~np.isfinite(rounded) & ~np.isnan(exact), wrong=np.isfinite)


def _edge(g: Function, kind: LowType, fate: _Fate, samples: _Samples, never: float) -> float:
    """Return the innermost x at which this fate is wrong, within the outermost run of results that meet it.

    Farther out in the run the fate may be right, or the exact result may be beyond float64 too.
    """
    places = samples.places
    end = _run(fate.met(samples.exact, samples.rounded))
    if not end:
        return never
    inmost = int(np.flatnonzero(fate.wrong(samples.exact[:end])).max(initial=-1))
    # try the numbers that were skipped at the end of the run, and where the fate is last wrong
    for start in dict.fromkeys((end - 1, inmost)):
        if start < 0 or start + 1 >= places.size:
            continue
        inwards = 1 if places[start + 1] > places[start] else -1
        # where f is NaN no sample is kept; the run ends before the first of them, two stretches away at most
        reach = min(abs(int(places[start + 1] - places[start])), 2 * _STRETCH)
        between = places[start] + inwards * np.arange(1, reach, dtype=np.int64)
        exact = np.asarray(g(kind.at(between)), np.float64)
        run = _run(fate.met(exact, kind.round(exact)))
        wrong = np.flatnonzero(fate.wrong(exact[:run]))
        if wrong.size:
            return float(kind.at(between[wrong[-1:]])[0])
    return float(kind.at(places[inmost : inmost + 1])[0]) if inmost >= 0 else never


def _run(met: Mask) -> int:
    """Return how many are true before the first that is false."""
    return met.size if met.all() else int(np.argmin(met))
