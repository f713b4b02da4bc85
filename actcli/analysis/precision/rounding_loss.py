"""What an activation loses in a type of number, over all numbers of the type.

x is a number of the type, f(x) is computed in float64 and rounded to the type once: no kernel can do better.
The types of 16 and 8 bits are gone through completely. Of float32 one number in 8160 is taken, from each
stretch of so many another one; where the result turns to 0 or inf between two of these, all between are tried.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation, activation
from actcli.analysis.card.landmarks import pieces
from actcli.analysis.figure.curves import Segment
from actcli.analysis.precision.number_types import Array, Indices, LowType
from actcli.analysis.stream.blocks import in_order

Mask = NDArray[np.bool_]
Function = Callable[[Array], Array]

_BLOCK = 1 << 17
_ALL_UP_TO = 1 << 16
_STRETCH = 8160
"""count of float32 is 2^18 stretches and a little; 1028 numbers an octave."""
_COLUMNS = 240
_PER_COLUMN = 32


@dataclass(frozen=True, slots=True)
class Edges:
    """Where the results become 0, and where inf, though the exact ones are not.

    Attributes:
        zero_below: at this x of the type and all below it the result is 0, and f(x) is not; −inf: nowhere.
        zero_above: the same at and above; inf: nowhere.
        inf_below, inf_above: likewise for inf; NaN in a type without infinity.

    """

    zero_below: float
    zero_above: float
    inf_below: float
    inf_above: float


@dataclass(frozen=True, slots=True)
class Loss:
    """What a type loses of one quantity, f or a derivative.

    Attributes:
        largest: the largest |rounded − exact| / |exact| over all finite x of the type: 1 where a result becomes
            0, inf where one becomes inf, 0 where all results are numbers of the type.
        mean: its mean over x ~ N(0, 1), rounded to the type, where the result is finite; None where there is none.
        lost: the share of N(0, 1) for which the result is 0 or inf and the exact one is not.

    """

    largest: float
    mean: float | None
    lost: float


def derivative(f: Activation, order: int) -> Function:
    """f for order 0, f' for 1, f'' for 2."""
    return partial(f.grad, order=order) if order else f


def relative_errors(exact: Array, rounded: Array, gone: Mask) -> Array:
    """|rounded − exact| / |exact|: 0 where they are equal, 1 and inf for results that are lost.

    NaN where even float64 has no number for what is exact, and the result is as it should be.
    """
    with np.errstate(all="ignore"):
        errors = np.abs(rounded - exact) / np.abs(exact)
    errors = np.where(rounded == exact, 0.0, errors)
    errors = np.where(np.isfinite(exact), errors, np.nan)
    return np.where(gone, np.where(rounded == 0, 1.0, np.inf), errors)


@dataclass(frozen=True, slots=True)
class Tails:
    """Where one quantity of one activation ends up as 0 or inf in a type; also beyond the reach of float64.

    Attributes:
        edges: where the results do.
        zeros: intervals, ends included, on which the quantity is 0 indeed.
        domain: of the activation.

    """

    edges: Edges
    zeros: tuple[tuple[float, float], ...]
    domain: tuple[float, float]

    def lost(self, x: Array, exact: Array, rounded: Array) -> Mask:
        """Where the rounded result is 0, inf or NaN, and the exact one is another number.

        x: as it was before it was rounded; exact: at x, 0 or inf where float64 has no number for it.
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


def numbers_in(kind: LowType) -> int:
    """How many numbers of a type are looked at."""
    return int(_grid(kind)[0].size)


def measure_loss(f: Activation, order: int, kind: LowType, threads: int) -> tuple[Loss, Tails]:
    """Errors and tails of f, f' or f'', in one type."""
    g = derivative(f, order)
    places, x, mass = _grid(kind)
    exact = along(g, x, threads)
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
    found = Loss(
        largest=float(np.nanmax(errors, initial=0.0)),
        mean=float((mass * np.where(kept, errors, 0.0)).sum()) / kept_weight if kept_weight else None,
        lost=float(mass[gone].sum()) / weight if weight else 0.0,
    )
    return found, tails


def _zeros(f: Activation, order: int) -> tuple[tuple[float, float], ...]:
    """The intervals between kinks on which f, f' or f'' is 0: not only too small, as in the tail of a sigmoid."""
    found = []
    for piece in pieces(f):
        level = not (piece.curvature if order == 2 else piece.slope).any()
        if level and (order or piece.value[0] == 0):
            found.append((piece.low, piece.high))
    return tuple(found)


def along(g: Function, x: Array, threads: int) -> Array:
    """g(x) on several threads; x 1-D."""
    blocks = (x[start : start + _BLOCK] for start in range(0, x.size, _BLOCK))
    done = [np.asarray(y, np.float64) for _, y in in_order(cast("Any", g), blocks, threads)]
    return np.concatenate(done) if done else np.empty(0)


def error_curve(g: Function, kind: LowType, between: tuple[float, float]) -> tuple[Segment, ...]:
    """The largest relative error in each of 240 columns of a range; gaps below 1/64 of the unit roundoff."""
    low, high = between
    x = np.unique(kind.round(np.linspace(low, high, _COLUMNS * _PER_COLUMN)))
    x = x[np.isfinite(x) & (x >= low) & (x <= high)]
    exact = np.asarray(g(x), np.float64)
    rounded = kind.round(exact)
    gone = np.isfinite(exact) & (exact != 0) & ((rounded == 0) | ~np.isfinite(rounded))
    return columnwise_largest(x, relative_errors(exact, rounded, gone), between, kind.unit_roundoff / 64)


def columnwise_largest(
    x: Array, values: Array, between: tuple[float, float], least: float
) -> tuple[Segment, ...]:
    """The largest value in each column of a range, as a curve; columns without any x are passed over.

    x lies within the range. Where the largest is below `least`, infinite or NaN the curve has a gap.
    """
    low, high = between
    column = np.minimum(((x - low) / (high - low) * _COLUMNS).astype(np.int64), _COLUMNS - 1)
    largest = np.full(_COLUMNS, -np.inf)
    np.fmax.at(largest, column, values)
    some = np.unique(column)
    centre = low + (some + 0.5) * ((high - low) / _COLUMNS)
    there = np.isfinite(largest[some]) & (largest[some] >= least)
    ends = np.flatnonzero(np.diff(np.r_[False, there, False].astype(np.int8)))
    return tuple(
        (centre[a:b], largest[some[a:b]])
        for a, b in zip(ends[::2].tolist(), ends[1::2].tolist(), strict=True)
    )


@cache
def _grid(kind: LowType) -> tuple[Indices, Array, Array]:
    """Places and numbers in ascending order, and the share of N(0, 1) that is rounded to each of them."""
    if kind.count <= _ALL_UP_TO:
        positive = np.arange(1, kind.count, dtype=np.int64)
    else:
        # one anywhere in each stretch: a fixed distance would meet only numbers with the same last digits
        starts = np.arange(1, kind.count, _STRETCH, dtype=np.int64)
        within = np.random.default_rng(0).integers(0, _STRETCH, starts.size)
        positive = np.unique(np.append(np.minimum(starts + within, kind.count - 1), [1, kind.count - 1]))
    places = np.concatenate([-positive[::-1], [0], positive])
    x = kind.at(places)
    between = (x[1:] + x[:-1]) / 2
    below = np.concatenate([[0.0], (1 + activation("erf")(between / math.sqrt(2))) / 2, [1.0]])
    return places, x, np.diff(below)


@dataclass(frozen=True, slots=True)
class _Samples:
    """Numbers by their places, from one end of the line to the other; exact and rounded results there."""

    places: Indices
    exact: Array
    rounded: Array


@dataclass(frozen=True, slots=True)
class _Fate:
    """What may become of a result.

    Attributes:
        met: of exact and rounded results: where it has.
        wrong: of exact results: where it should not have.

    """

    met: Callable[[Array, Array], Mask]
    wrong: Callable[[Array], Mask]


_ZERO = _Fate(met=lambda _, rounded: rounded == 0, wrong=lambda exact: exact != 0)
_INFINITE = _Fate(met=lambda exact, rounded: ~np.isfinite(rounded) & ~np.isnan(exact), wrong=np.isfinite)


def _edge(g: Function, kind: LowType, fate: _Fate, samples: _Samples, never: float) -> float:
    """Coming from outside, the last x of the first run of results with this fate that is wrong there.

    Farther out in the run it may be right, or float64 too may have no number for the exact result.
    """
    places = samples.places
    end = _run(fate.met(samples.exact, samples.rounded))
    if not end:
        return never
    inmost = int(np.flatnonzero(fate.wrong(samples.exact[:end])).max(initial=-1))
    # the numbers that were passed over: at the end of the run, and where the fate is last wrong
    for start in dict.fromkeys((end - 1, inmost)):
        if start < 0 or start + 1 >= places.size:
            continue
        inwards = 1 if places[start + 1] > places[start] else -1
        between = np.arange(places[start] + inwards, places[start + 1], inwards, dtype=np.int64)
        exact = np.asarray(g(kind.at(between)), np.float64)
        run = _run(fate.met(exact, kind.round(exact)))
        wrong = np.flatnonzero(fate.wrong(exact[:run]))
        if wrong.size:
            return float(kind.at(between[wrong[-1:]])[0])
    return float(kind.at(places[inmost : inmost + 1])[0]) if inmost >= 0 else never


def _run(met: Mask) -> int:
    """How many are true before the first that is not."""
    return met.size if met.all() else int(np.argmin(met))
