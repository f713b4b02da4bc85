"""Recognition of a formula: the catalogue's function that it equals or is nearest to, and its loss as typed."""

import math

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation, activation
from actcli.activations.definition import FORMULA
from actcli.activations.formula import read_expression
from actcli.activations.formula.rewrites import Rewriting
from actcli.analysis.card.gaussian import Floats
from actcli.analysis.card.identification import Identity, candidates, identify
from actcli.analysis.card.landmarks import Interval
from actcli.dataclass import dataclass

REACH = 8.0
"""Functions are compared from −8 to 8, the range of a network's preactivations."""
_POINTS = 1601
_FAR_POINTS, _ZOOMS, _AROUND = 601, 4, 33
_NO_BOUND = 1e6
"""A difference that is largest beyond it grows without end."""
_DIGITS = 16.0
_FEW_DIGITS = 3.0
_SAMPLES = 1500
_MOST_REGIONS = 4


@dataclass(frozen=True, slots=True)
class Recognition:
    """A formula compared with the catalogue, and the digits that its typed form would lose.

    Attributes:
        rewritings: the parts that are computed in another form.
        identity: the function that it is, proven or as measured; None for none.
        nearest: the catalogue's function, at its defaults, with the smallest maximum difference on [−8, 8]; None
            where the formula has no finite values there.
        difference, difference_at: that difference, and its x.
        everywhere: the largest difference at any x, as measured, and its x; None where it has no bound.
        digits_lost: the largest number of a value's 16 digits that the typed form loses; NaN where not known.
        lost_at: the x nearest to 0 where so many are lost; None without loss.
        lost_where: the longest intervals between −1000 and 1000 in which it loses three digits or more.
        approximate: whether the effort that goes into lost digits was spent: which digits are lost is not known then,
            and the differences are those of float64.

    """

    rewritings: tuple[Rewriting, ...]
    identity: Identity | None
    nearest: str | None
    difference: float
    difference_at: float
    everywhere: tuple[float, float] | None
    digits_lost: float
    lost_at: float | None
    lost_where: tuple[Interval, ...]
    approximate: bool = False


def recognise(f: Activation) -> Recognition | None:
    """Compare a formula with the catalogue and with its typed form. Return None for a function that is no formula."""
    if f.definition.family != FORMULA:
        return None
    low, high = max(f.definition.domain[0], -REACH), min(f.definition.domain[1], REACH)
    x = np.linspace(low, high, _POINTS)[1:-1] if low < high else np.zeros(0)
    y = np.asarray(f(x), np.float64)
    finite = np.isfinite(y)
    identity = identify(f, x[finite], y[finite]) if finite.sum() > _POINTS // 2 else None
    nearest = _nearest(x[finite], y[finite]) if finite.any() else None
    everywhere = None
    if nearest and identity is None:
        everywhere = _everywhere(f, activation(nearest[2]), nearest[1])
    lost, lost_at, lost_where = _digits_lost(f)
    if f.is_approximate:
        lost, lost_at, lost_where = math.nan, None, ()
    return Recognition(
        rewritings=read_expression(f.definition).rewritings,
        identity=identity,
        nearest=nearest[2] if nearest else None,
        difference=nearest[0] if nearest else math.nan,
        difference_at=nearest[1] if nearest else math.nan,
        everywhere=everywhere,
        digits_lost=lost,
        lost_at=lost_at,
        lost_where=lost_where,
        approximate=f.is_approximate,
    )


def _nearest(x: Floats, y: Floats) -> tuple[float, float, str] | None:
    """Return the smallest of the largest differences, its x, and the function of the catalogue that has it."""
    found = []
    for definition in candidates():
        other = np.asarray(activation(definition.name)(x), np.float64)
        if np.isfinite(other).all():
            apart = np.abs(other - y)
            worst = int(apart.argmax())
            found.append((float(apart[worst]), float(x[worst]), definition.name))
    return min(found, default=None)


def _everywhere(f: Activation, g: Activation, near: float) -> tuple[float, float] | None:
    """Return the largest difference of f and g at any x, as measured, and its x; None where it has no bound."""
    far = np.geomspace(REACH, 1e300, _FAR_POINTS)
    x = np.concatenate([-far[::-1], near + np.linspace(-0.02, 0.02, _POINTS), far])
    apart = _apart(f, g, x)
    if not np.isfinite(apart).all():
        return None
    for _ in range(_ZOOMS):
        worst = int(apart.argmax())
        step = float(x[min(worst + 1, x.size - 1)] - x[max(worst - 1, 0)])
        around = x[worst] + np.linspace(-step, step, _AROUND)
        x = np.concatenate([around, x[worst : worst + 1]])
        apart = _apart(f, g, x)
    worst = int(np.nanargmax(apart))
    largest = float(apart[worst])
    return (largest, float(x[worst])) if abs(x[worst]) < _NO_BOUND else None


def _apart(f: Activation, g: Activation, x: Floats) -> Floats:
    """Return |f − g| without the rounding of large values."""
    with np.errstate(all="ignore"):
        a, b = f(x), g(x)
        apart: Floats = np.abs(a - b)
        apart[(a == b) | (apart <= 4 * np.spacing(np.maximum(np.abs(a), np.abs(b))))] = 0.0
    return apart


def _digits_lost(f: Activation) -> tuple[float, float | None, tuple[Interval, ...]]:
    """Return the largest number of 16 digits that the typed form loses, the x nearest to 0, and where it loses many.

    The typed form in float64 is compared with the value that `f` gives, where that is known to its last digit.
    """
    side = np.geomspace(1e-18, 1e3, _SAMPLES)
    x = np.concatenate([-side[::-1], side])
    low, high = f.definition.domain
    x = np.ascontiguousarray(x[(x > low) & (x < high)])
    plain, ours = read_expression(f.definition).literal.value(x, **f.parameters), f(x)
    comparable = np.isfinite(ours) & (np.abs(ours) > np.finfo(np.float64).tiny) & f.is_known(x)
    with np.errstate(all="ignore"):
        off = np.abs(plain - ours) / np.abs(ours)
    off = np.where(np.isfinite(off), off, 1.0)
    digits = np.where(comparable, _DIGITS + np.log10(np.clip(off, 1e-16, 1.0)), 0.0)
    worst = float(digits.max(initial=0.0))
    if worst < _FEW_DIGITS:
        return 0.0, None, ()
    places = x[digits >= worst - 0.01]
    many = np.concatenate([[False], _bridge(digits, comparable) >= _FEW_DIGITS, [False]])
    starts, ends = np.flatnonzero(many[1:] & ~many[:-1]), np.flatnonzero(many[:-1] & ~many[1:]) - 1
    where = [
        Interval(a, b) if a < b else Interval.point(a)
        for a, b in zip(x[starts].tolist(), x[ends].tolist(), strict=True)
    ]
    longest = sorted(where, key=lambda part: part.low - part.high)[:_MOST_REGIONS]
    return worst, float(places[np.abs(places).argmin()]), tuple(sorted(longest, key=lambda part: part.low))


def _bridge(digits: Floats, comparable: NDArray[np.bool_]) -> Floats:
    """Return the digits lost; where they are not known, the smaller loss of the nearest known places on both sides."""
    known = np.flatnonzero(comparable)
    after = np.searchsorted(known, np.arange(digits.size))
    inside = ~comparable & (after > 0) & (after < known.size)
    filled = digits.copy()
    filled[inside] = np.minimum(digits[known[after[inside] - 1]], digits[known[after[inside]]])
    return filled
