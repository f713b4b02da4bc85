"""Formulas of two inputs, g and u: functions over rows that hold the g in their first half, the u in the second."""

import math
from collections.abc import Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from actcli.activations.definition import INF, Array, Definition, Parameter
from actcli.activations.families.pairs import HALVES
from actcli.activations.formula.formula import Formula
from actcli.activations.formula.parse import PAIR
from actcli.activations.formula.program import SECOND
from actcli.activations.formula.tree import Call, walk

_PIECE = 4096
_MOST_BALLS, _MOST_BITS = 128, 4400
_TRUSTED = 2.0**-55
"""A relative error up to here leaves a result within 0.75 units in the last place."""


def define_pair(name: str, formula: Formula, parameters: tuple[Parameter, ...]) -> Definition:
    """Return the definition of a formula in g and u, under a name."""
    return Definition(
        name=name,
        family="row",
        formula=formula.text,
        expression=formula.text,
        source="",
        parameters=parameters,
        value=partial(_value, formula),
        slope=None,
        curvature=None,
        jacobian=partial(_jacobian, formula),
        monotone=False,
        smoothness=math.nan,
        range=(-INF, INF),
        output_width=partial(_width, name),
        parts=max(1, len(list(walk(formula.tree)))),
    )


def _width(name: str, n: int, /, **_: float) -> int:
    if n % 2:
        raise ValueError(f"{name} takes rows of even length (first half g, second half u), not {n}")
    return n // 2


def _value(formula: Formula, x: Array, /, **parameters: float) -> Array:
    g, u = HALVES.split(x)
    return _coefficient(formula, 0, "g", g.reshape(-1), u.reshape(-1), parameters).reshape(g.shape)


def _jacobian(formula: Formula, x: Array, /, **parameters: float) -> Array:
    g, u = HALVES.split(x)
    by = (_coefficient(formula, 1, one, g.reshape(-1), u.reshape(-1), parameters) for one in PAIR)
    return HALVES.jacobian(*(derivative.reshape(g.shape) for derivative in by))


def _coefficient(
    formula: Formula, order: int, wrt: str, g: Array, u: Array, parameters: Mapping[str, float]
) -> Array:
    """Return the value (order 0) or the derivative by g or u (order 1) of each pair; NaN stays NaN."""
    y = np.empty_like(g)
    with np.errstate(all="ignore"):
        for start in range(0, g.size, _PIECE):
            piece = slice(start, start + _PIECE)
            y[piece] = _piece(formula, order, wrt, g[piece], u[piece], parameters)
    return np.where(np.isnan(g) | np.isnan(u), np.nan, y)


def _piece(
    formula: Formula, order: int, wrt: str, g: Array, u: Array, parameters: Mapping[str, float]
) -> Array:
    from actcli.activations.calculus.derivatives import run
    from actcli.activations.calculus.taylor import coefficient

    moves = [1.0] if order else []
    values = {name: [np.float64(value)] for name, value in parameters.items()}
    second = [u, *moves] if wrt == SECOND else [u]
    found = run(formula.program, [g, *moves] if wrt == "g" else [g], {**values, SECOND: second}, order, None)
    y = np.array(np.broadcast_to(coefficient(found, order), g.shape))
    if any(isinstance(node, Call) and node.name == "plain" for node in walk(formula.tree)):
        return y
    known, quick = _quick(formula, order, wrt, g, u, parameters)
    np.copyto(y, quick, where=known)
    rest = np.flatnonzero(~known & np.isfinite(g) & np.isfinite(u))
    if rest.size:
        y[rest] = _repaired(formula, order, wrt, y[rest], g[rest], u[rest], parameters)
    return y


def _quick(
    formula: Formula, order: int, wrt: str, g: Array, u: Array, parameters: Mapping[str, float]
) -> tuple[NDArray[np.bool_], Array]:
    """Return results by numbers of 70 bits that know their error, and where that is too small to be seen."""
    from actcli.activations.calculus.extended_series import Run
    from actcli.activations.calculus.taylor import coefficient
    from actcli.activations.extended.bounded import bounded
    from actcli.activations.extended.kinds import QuickArrays

    quick = Run(QuickArrays(), order)
    inputs = {
        name: [bounded(x), 1.0] if order and name == wrt else [bounded(x)]
        for name, x in zip(PAIR, (g, u), strict=True)
    }
    values = {name: [bounded(value)] for name, value in parameters.items()}
    try:
        found = quick.program(formula.unfolded, inputs["g"], {**values, SECOND: inputs[SECOND]})
    except AttributeError:  # quick numbers have not every function
        return np.zeros(g.shape, np.bool_), g
    last = bounded(coefficient(found, order))
    known = last.trusted(_TRUSTED) & ~quick.unsure & np.isfinite(last.rounded)
    known = known & np.isfinite(g) & np.isfinite(u)
    return np.broadcast_to(known, g.shape), np.broadcast_to(last.rounded, g.shape)


def _repaired(
    formula: Formula, order: int, wrt: str, y: Array, g: Array, u: Array, parameters: Mapping[str, float]
) -> Array:
    """Return y with the digits that float64 lost, from numbers of 106 bits, and a few of more."""
    from actcli.activations.calculus.extended_series import coefficients
    from actcli.activations.calculus.repair import Task, differs, room_of
    from actcli.activations.calculus.taylor import coefficient
    from actcli.activations.extended.number import extended

    by = "x" if wrt == "g" else wrt
    found, unsure, ended = coefficients(formula.unfolded, order, g, {**parameters, SECOND: u}, by)
    number = extended(coefficient(found, order))
    better = np.array(np.broadcast_to(number.rounded, g.shape))
    room = np.where(unsure, np.inf, room_of(number))
    for i in np.flatnonzero(np.isinf(room) & ~ended)[:_MOST_BALLS].tolist():
        at = tuple(sorted({**parameters, SECOND: float(u[i])}.items()))
        known = Task(formula.unfolded, order, at, by).ball(float(g[i]), _MOST_BITS)
        if known is not None:
            better[i], room[i] = known, 0.0
    wrong = differs(y, better, room)
    return np.where(wrong, better, y)
