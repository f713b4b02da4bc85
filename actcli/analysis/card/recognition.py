"""Recognition of a formula: the catalogue's function that it equals or is nearest to, and its loss as typed."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation, activation, catalogue
from actcli.activations.definition import FORMULA, Definition
from actcli.activations.formula import read_expression
from actcli.activations.formula.rewrites import Rewriting
from actcli.analysis.card.gaussian import Floats
from actcli.analysis.card.landmarks import Interval

REACH = 8.0
"""Functions are compared from −8 to 8, the range of a network's preactivations."""
_POINTS = 1601
_SAME = 1e-11
"""Functions that differ by less than this share of their largest value are the same."""
_STEPS = 40
_DIGITS = 16.0
_FEW_DIGITS = 3.0
_SAMPLES = 1500
_MOST_REGIONS = 4


@dataclass(frozen=True, slots=True)
class Recognition:
    """A formula compared with the catalogue, and the digits that its typed form would lose.

    Attributes:
        rewritings: the parts that are computed in another form.
        same_as: the specification of the catalogue's function that it equals, or None.
        nearest: the catalogue's function, at its defaults, with the smallest maximum difference on [−8, 8]; None
            where the formula has no finite values there.
        difference, difference_at: that difference, and its x.
        digits_lost: the largest number of a value's 16 digits that the typed form loses.
        lost_at: the x nearest to 0 where so many are lost; None without loss.
        lost_where: the longest intervals between −1000 and 1000 in which it loses three digits or more.

    """

    rewritings: tuple[Rewriting, ...]
    same_as: str | None
    nearest: str | None
    difference: float
    difference_at: float
    digits_lost: float
    lost_at: float | None
    lost_where: tuple[Interval, ...]


def recognise(f: Activation) -> Recognition | None:
    """Compare a formula with the catalogue and with its typed form. Return None for a function that is no formula."""
    if f.definition.family != FORMULA:
        return None
    low, high = max(f.definition.domain[0], -REACH), min(f.definition.domain[1], REACH)
    x = np.linspace(low, high, _POINTS)[1:-1] if low < high else np.zeros(0)
    y = np.asarray(f(x), np.float64)
    finite = np.isfinite(y)
    nearest = min(_differences(x[finite], y[finite]), default=None) if finite.any() else None
    lost, lost_at, lost_where = _digits_lost(f)
    return Recognition(
        rewritings=read_expression(f.definition).rewritings,
        same_as=_find_same(x[finite], y[finite]) if finite.sum() > _POINTS // 2 else None,
        nearest=nearest[2] if nearest else None,
        difference=nearest[0] if nearest else math.nan,
        difference_at=nearest[1] if nearest else math.nan,
        digits_lost=lost,
        lost_at=lost_at,
        lost_where=lost_where,
    )


def _candidates() -> Iterator[Definition]:
    return (d for d in catalogue() if not d.by_rows and "." not in d.name)


def _differences(x: Floats, y: Floats) -> Iterator[tuple[float, float, str]]:
    """Yield the largest difference, its x and the name of each function of the catalogue."""
    for definition in _candidates():
        other = np.asarray(activation(definition.name)(x), np.float64)
        if np.isfinite(other).all():
            apart = np.abs(other - y)
            worst = int(apart.argmax())
            yield float(apart[worst]), float(x[worst]), definition.name


def _find_same(x: Floats, y: Floats) -> str | None:
    """Return the specification of the function that y equals, at its defaults or at fitted parameters."""
    for definition in _candidates():
        g = activation(definition.name)
        if _equals(g, x, y):
            return g.spec
    for definition in _candidates():
        if definition.parameters:
            fitted = _fit(activation(definition.name), x, y)
            if fitted is not None and _equals(fitted, x, y):
                return fitted.spec
    return None


def _equals(g: Activation, x: Floats, y: Floats) -> bool:
    other = np.asarray(g(x), np.float64)
    with np.errstate(invalid="ignore"):
        return bool(np.abs(other - y).max() <= _SAME * max(1e-300, float(np.abs(y).max())))


def _fit(g: Activation, x: Floats, y: Floats) -> Activation | None:
    """Return g at the parameters nearest to y, by Gauss–Newton steps (Gauss 1809); None outside its bounds."""
    names = [p.name for p in g.definition.parameters if math.isfinite(p.default)]
    values = dict(g.parameters)
    with np.errstate(all="ignore"):
        for _ in range(_STEPS):
            here = replace(g, parameters=values)
            rest = y - here(x)
            slopes = np.stack([here.grad(x, wrt=name) for name in names], axis=1)
            if not (np.isfinite(rest).all() and np.isfinite(slopes).all() and np.any(slopes)):
                return None
            step = np.linalg.lstsq(slopes, rest, rcond=None)[0]
            values = {**values, **{n: values[n] + float(s) for n, s in zip(names, step, strict=True)}}
            if not all(math.isfinite(v) and abs(v) < 1e6 for n, v in values.items() if n in names):
                return None
            if any(p.refusal(values[p.name]) for p in g.definition.parameters if p.name in names):
                return None
            if np.abs(step).max() <= 1e-15 * max(1.0, *(abs(values[n]) for n in names)):
                break
    fit = {n: float(f"{values[n]:.12g}") for n in names}
    apart = [p for p in g.definition.parameters if p.name in fit and fit[p.name] != p.default]
    changed = [f"{p.name}={fit[p.name]:.12g}" for p in apart]
    complaint = g.definition.relation(**{**values, **fit})
    return activation(f"{g.name}:{','.join(changed)}") if changed and not complaint else None


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
