"""The function of the catalogue that a formula is: found by values, then proven in symbols."""

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np

from actcli.activations import Activation, activation, catalogue
from actcli.activations.definition import Definition
from actcli.activations.formula import read_expression
from actcli.activations.formula.tree import Call, Catalogued, walk
from actcli.activations.symbolic.identity import is_same
from actcli.analysis.card.gaussian import Floats
from actcli.dataclass import dataclass
from actcli.exits import UsageError

_SAME = 1e-11
"""Functions that differ by less than this share of their largest value are compared in symbols."""
_STEPS = 40
_EVERY = 25
_MOST_NUMBERS = 8
_MOST_COMBINATIONS = 100
_STRETCHED = {"x/2": 0.5, "2*x": 2.0, "-x": -1.0, "-x/2": -0.5, "-2*x": -2.0}
_NOT_STRETCHED = ("identity", "exponential", "sine")
"""Their multiples are as short as they are typed."""
_SCALED = ("dyt", "derf")
"""tanh and erf of a multiple of x: tanh(x/2) says more than their names."""


@dataclass(frozen=True, slots=True)
class KinkDifference:
    """A kink at which autograd gives one derivative for the formula and another for the catalogue's function."""

    at: float
    formula: float
    function: float


@dataclass(frozen=True, slots=True)
class Identity:
    """What a formula is.

    Attributes:
        same_as: a specification of the catalogue, or a formula such as tanh(x/2).
        is_proven: whether equality is proven for all x; else it is measured.
        kinks: where autograd's derivatives differ.

    """

    same_as: str
    is_proven: bool
    kinks: tuple[KinkDifference, ...] = ()


def identify(f: Activation, x: Floats, y: Floats) -> Identity | None:
    """Return the function that f is, at its defaults, at fitted parameters, or stretched; y is f at x, finite."""
    measured: Activation | None = None
    for g in _alike(f, x, y):
        if is_same(f, g):
            return Identity(g.spec, is_proven=True, kinks=_kink_differences(f, g))
        measured = measured or g
    return None if measured is None else Identity(measured.spec, is_proven=False)


def _kink_differences(f: Activation, g: Activation) -> tuple[KinkDifference, ...]:
    points = np.array(sorted({kink.at for h in (f, g) for kink in h.kinks}))
    here, there = f.grad(points), g.grad(points)
    return tuple(
        KinkDifference(at, a, b)
        for at, a, b in zip(points.tolist(), here.tolist(), there.tolist(), strict=True)
        if abs(a - b) > _SAME * max(abs(a), abs(b)) or math.isnan(a) != math.isnan(b)
    )


def _alike(f: Activation, x: Floats, y: Floats) -> Iterator[Activation]:
    """Yield functions with the same values, the plainest first."""
    definitions = list(candidates())
    for definition in definitions:
        g = activation(definition.name)
        if definition.name not in _SCALED and _equals(g, x, y):
            yield g
    for definition in definitions:
        if definition.parameters:
            fitted = _fit(activation(definition.name), x, y)
            if fitted is not None and _equals(fitted, x, y):
                yield fitted
    for g in _at_kinks(f, definitions):
        if _equals(g, x[::_EVERY], y[::_EVERY]) and _equals(g, x, y):
            yield g
    yield from _stretched(f, definitions, x, y)


def candidates() -> Iterator[Definition]:
    """Yield the elementwise functions of the catalogue under names of their own."""
    return (d for d in catalogue() if not d.by_rows and "." not in d.name)


def _at_kinks(f: Activation, definitions: list[Definition]) -> Iterator[Activation]:
    """Yield functions with kinks whose parameters are numbers seen at the kinks of f: places, values, slopes."""
    kinks = f.kinks
    seen = [kink.at for kink in kinks] + f(np.array([kink.at for kink in kinks])).tolist()
    seen += [slope for kink in kinks for slope in kink.slopes]
    numbers = [v for v in dict.fromkeys(float(f"{value:.12g}") + 0.0 for value in seen) if math.isfinite(v)]
    for definition in definitions:
        names = [p.name for p in definition.parameters if math.isfinite(p.default)]
        usual = {p.name: p.default for p in definition.parameters}
        if not names or not definition.kinks(**usual):
            continue
        if len(numbers[:_MOST_NUMBERS]) ** len(names) > _MOST_COMBINATIONS:
            continue
        for values in product(numbers[:_MOST_NUMBERS], repeat=len(names)):
            made = _at(definition, dict(zip(names, values, strict=True)))
            if made is not None:
                yield made


def _stretched(f: Activation, definitions: list[Definition], x: Floats, y: Floats) -> Iterator[Activation]:
    """Yield smooth functions of a multiple of x, times a number."""
    typed = {
        node.name for node in walk(read_expression(f.definition).tree) if isinstance(node, Call | Catalogued)
    }
    few, there = x[::_EVERY], y[::_EVERY]
    for definition in definitions:
        usual = {p.name: p.default for p in definition.parameters}
        if definition.name in {*_NOT_STRETCHED, *typed} or definition.kinks(**usual):
            continue
        g = activation(definition.name)
        for text, factor in _STRETCHED.items():
            values = g(factor * few)
            size = float(np.abs(values).max())
            if not (np.isfinite(values).all() and size):
                continue
            place = int(np.abs(values).argmax())
            weight = float(f"{there[place] / values[place]:.12g}")
            if weight and np.abs(weight * values - there).max() <= _SAME * abs(weight) * size:
                times = {1.0: "", -1.0: "-"}.get(weight, f"{weight:.12g}*")
                made = activation(f"{times}{g.name}({text})")
                if _equals(made, x, y):
                    yield made


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
            rest = y - here.quick(x)
            slopes = np.stack([here.quick(x, name) for name in names], axis=1)
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
    return _at(g.definition, {n: float(f"{values[n]:.12g}") for n in names})


def _at(definition: Definition, values: dict[str, float]) -> Activation | None:
    """Return a function at some of its parameters; None at its defaults, or where they are out of bounds."""
    changed = [
        f"{p.name}={values[p.name]:.12g}"
        for p in definition.parameters
        if p.name in values and values[p.name] != p.default
    ]
    try:
        return activation(f"{definition.name}:{','.join(changed)}") if changed else None
    except UsageError:
        return None
