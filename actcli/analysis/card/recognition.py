"""What a formula is: a function of the catalogue in other words, or near to which; what its plain form would lose."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation, activation, catalogue
from actcli.activations.definition import FORMULA, Definition
from actcli.activations.formula import read_expression
from actcli.activations.formula.rewrites import Rewriting

Array = NDArray[np.float64]

REACH = 8.0
"""Functions are compared from −8 to 8, where a network's preactivations lie."""
_POINTS = 1601
_SAME = 1e-11
"""Functions that differ by less than this share of their largest value are the same, written otherwise."""
_STEPS = 40
_DIGITS = 16.0


@dataclass(frozen=True, slots=True)
class Recognition:
    """What is known of a formula beside its properties.

    Attributes:
        rewritings: the parts that are computed in another form.
        same_as: the specification of the catalogue's function that it is, or None.
        nearest: the catalogue's function, at its defaults, with the smallest largest difference on [−8, 8]; None
            where the formula has no finite values there.
        difference, difference_at: that difference, and the x.
        digits_lost: of the 16 digits of a value, how many the form as typed loses at the worst; 0 where none.
        lost_at: the x nearest to 0 where so many are lost, or None.

    """

    rewritings: tuple[Rewriting, ...]
    same_as: str | None
    nearest: str | None
    difference: float
    difference_at: float
    digits_lost: float
    lost_at: float | None


def recognise(f: Activation) -> Recognition | None:
    """What a formula is, and what its plain form loses; None for what is no formula."""
    if f.definition.family != FORMULA:
        return None
    low, high = max(f.definition.domain[0], -REACH), min(f.definition.domain[1], REACH)
    x = np.linspace(low, high, _POINTS)[1:-1] if low < high else np.zeros(0)
    y = np.asarray(f(x), np.float64)
    finite = np.isfinite(y)
    nearest = min(_differences(x[finite], y[finite]), default=None) if finite.any() else None
    lost, lost_at = _digits_lost(f)
    return Recognition(
        rewritings=read_expression(f.definition).rewritings,
        same_as=_same(x[finite], y[finite]) if finite.sum() > _POINTS // 2 else None,
        nearest=nearest[2] if nearest else None,
        difference=nearest[0] if nearest else math.nan,
        difference_at=nearest[1] if nearest else math.nan,
        digits_lost=lost,
        lost_at=lost_at,
    )


def _candidates() -> Iterator[Definition]:
    return (d for d in catalogue() if not d.by_rows and "." not in d.name)


def _differences(x: Array, y: Array) -> Iterator[tuple[float, float, str]]:
    """For each function of the catalogue: the largest difference, where it is, the name."""
    for definition in _candidates():
        other = np.asarray(activation(definition.name)(x), np.float64)
        if np.isfinite(other).all():
            apart = np.abs(other - y)
            worst = int(apart.argmax())
            yield float(apart[worst]), float(x[worst]), definition.name


def _same(x: Array, y: Array) -> str | None:
    """The function that y is, at its defaults or at the parameters that fit."""
    for definition in _candidates():
        g = activation(definition.name)
        if _is(g, x, y):
            return g.spec
    for definition in _candidates():
        if definition.parameters:
            fitted = _fitted(activation(definition.name), x, y)
            if fitted is not None and _is(fitted, x, y):
                return fitted.spec
    return None


def _is(g: Activation, x: Array, y: Array) -> bool:
    other = np.asarray(g(x), np.float64)
    with np.errstate(invalid="ignore"):
        return bool(np.abs(other - y).max() <= _SAME * max(1e-300, float(np.abs(y).max())))


def _fitted(g: Activation, x: Array, y: Array) -> Activation | None:
    """g at the parameters that bring it nearest to y, by Gauss and Newton's steps (Gauss 1809); None off its bounds."""
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
    said = {n: float(f"{values[n]:.12g}") for n in names}
    apart = [p for p in g.definition.parameters if p.name in said and said[p.name] != p.default]
    changed = [f"{p.name}={said[p.name]:.12g}" for p in apart]
    complaint = g.definition.relation(**{**values, **said})
    return activation(f"{g.name}:{','.join(changed)}") if changed and not complaint else None


def _digits_lost(f: Activation) -> tuple[float, float | None]:
    """How many of 16 digits the form as typed loses at the worst, and the x nearest to 0 where."""
    read = read_expression(f.definition)
    if not read.rewritings:
        return 0.0, None
    far = np.geomspace(1e-18, 1e3, 4000)
    x = np.concatenate([far, -far])
    low, high = f.definition.domain
    x = np.ascontiguousarray(x[(x > low) & (x < high)])
    plain, ours = read.literal.value(x, **f.parameters), read.program.value(x, **f.parameters)
    known = np.isfinite(ours) & (np.abs(ours) > np.finfo(np.float64).tiny)
    with np.errstate(all="ignore"):
        off = np.abs(plain - ours) / np.abs(ours)
    off = np.where(np.isfinite(off), off, 1.0)
    digits = np.where(known, _DIGITS + np.log10(np.clip(off, 1e-16, 1.0)), 0.0)
    worst = float(digits.max(initial=0.0))
    if worst < 1.0:
        return 0.0, None
    places = x[digits >= worst - 0.01]
    return worst, float(places[np.abs(places).argmin()])
