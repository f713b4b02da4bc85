"""Where the parts of a formula switch: the signs that its branches hang on, along a grid, and between which floats."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activations.definition import Array
from actcli.activations.formula.program import Instruction, Program, step_result

_FINE = 32
_DENSE = 64.0
"""Between −64 and 64 the grid has 32 points to the unit; beyond it, and close to 0, a decade has 16."""


@cache
def grid() -> Array:
    """Points from −1e300 to 1e300, dense where activations have their branches; 0 is one of them."""
    inner = np.arange(-_DENSE * _FINE, _DENSE * _FINE + 1) / _FINE
    outer = 10.0 ** (np.arange(16 * -300, 16 * 300 + 1) / 16)
    points: Array = np.unique(np.concatenate([inner, outer, -outer]))
    points.flags.writeable = False
    return points


def results(program: Program, x: Array, parameters: Mapping[str, float]) -> list[Any]:
    """What every instruction gives at x."""
    found = program.scalars(parameters)
    for place, step in enumerate(program.instructions):
        if step.operation == "x":
            found[place] = x
        elif step.varies:
            out: NDArray[Any] = np.empty(x.shape, np.bool_ if step.is_condition else np.float64)
            found[place] = step_result(step, found, out)
    return found


def states(program: Program, x: Array, parameters: Mapping[str, float]) -> list[Array]:
    """For each switch of the program its state at x: a sign, or floor and % the whole part plus ½; NaN: unknown."""
    with np.errstate(all="ignore"):
        found = results(program, x, parameters)
        return [
            state
            for step in program.instructions
            if step.varies
            for state in _states_of(step, [found[i] for i in step.inputs])
        ]


def _states_of(step: Instruction, taken: list[Any]) -> list[Array]:
    match step.operation:
        case "<" | "<=" | ">" | ">=" | "==" | "!=" | "min" | "max":
            return [_side(taken[0], taken[1])]
        case "clip":
            return [_side(taken[0], taken[1]), _side(taken[0], taken[2])]
        case "abs" | "sign":
            return [np.sign(taken[0])]
        case "floor":
            return [np.floor(taken[0]) + 0.5]
        case "%":
            return [np.floor(taken[0] / taken[1]) + 0.5]
    if step.definition is None:
        return []
    given = dict(zip(step.parameters, taken[1:], strict=True))
    return [_side(taken[0], kink.at) for kink in step.definition.kinks(**given) if not kink.smooth]


def _side(a: Any, b: Any) -> Array:
    """The sign of a − b, also where both are infinite; NaN where one is."""
    return np.where(np.isnan(a) | np.isnan(b), np.nan, np.greater(a, b) * 1.0 - np.less(a, b))


def changes(
    states_at: Callable[[Array], list[Array]], most: int
) -> list[tuple[int, float, float, float, float]]:
    """The places where a state changes: (switch, low, high, state at low, state at high), neighbouring floats.

    At most `most` of one switch, those nearest to 0.
    """
    points = grid()
    switches, lows, highs = [], [], []
    for switch, state in enumerate(states_at(points)):
        with np.errstate(invalid="ignore"):
            places = np.flatnonzero((state[1:] != state[:-1]) & ~np.isnan(state[1:]) & ~np.isnan(state[:-1]))
        if places.size > most:
            places = np.sort(places[np.argsort(np.abs(points[places]), kind="stable")[:most]])
        switches += [switch] * places.size
        lows.append(points[places])
        highs.append(points[places + 1])
    if not switches:
        return []
    chosen = np.array(switches), np.arange(len(switches))
    low, high = between(np.concatenate(lows), np.concatenate(highs), lambda x: np.stack(states_at(x))[chosen])
    at_low, at_high = np.stack(states_at(low))[chosen], np.stack(states_at(high))[chosen]
    return [
        (int(s), float(a), float(b), float(p), float(q))
        for s, a, b, p, q in zip(switches, low, high, at_low, at_high, strict=True)
    ]


def between(low: Array, high: Array, state: Callable[[Array], NDArray[Any]]) -> tuple[Array, Array]:
    """Neighbouring floats between which the state stops being that of `low`: bisection over the floats' order."""
    first = state(low)
    a, b = _ordinal(low), _ordinal(high)
    while np.any(b - a > 1):
        # the mean without overflow: the ordinals of a pair may lie on either side of 0
        middle = (a >> 1) + (b >> 1) + (a & b & 1)
        same = state(_float(middle)) == first
        a, b = np.where(same, middle, a), np.where(same, b, middle)
    return _float(a), _float(b)


def _ordinal(x: Array) -> NDArray[np.int64]:
    """Whole numbers in the order of the floats; −0.0 and 0.0 are both 0."""
    bits = np.ascontiguousarray(x + 0.0).view(np.int64)
    return np.where(bits < 0, np.int64(-(2**63)) - bits, bits)


def _float(ordinal: NDArray[np.int64]) -> Array:
    bits: NDArray[np.int64] = np.where(ordinal < 0, np.int64(-(2**63)) - ordinal, ordinal)
    return bits.view(np.float64)
