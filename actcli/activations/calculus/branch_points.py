"""Finds the branch points of a formula: the floats between which one of its switches changes.

A switch selects a branch: a comparison, the sign in abs, the whole part in floor, a kink of a catalogued function.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activations.definition import Array
from actcli.activations.distinct import distinct
from actcli.activations.formula.program import Instruction, Program, run_step

_FINE = 32
_DENSE = 64.0
"""The grid has 32 points per unit between −64 and 64, and 16 per decade beyond that and close to 0."""

_PIECE = 2048
_AGAIN = 4
"""Changes of one switch that are searched between two grid points with different states."""
_INWARD = 1e-3
_NARROWER = 60
_GOLDEN = (5.0**0.5 - 1.0) / 2.0
_ROUNDING = 64 * 2.0**-52


@cache
def grid() -> Array:
    """Return points from −1e300 to 1e300, 0 among them, dense where activations have their branches."""
    inner = np.arange(-_DENSE * _FINE, _DENSE * _FINE + 1) / _FINE
    outer = 10.0 ** (np.arange(16 * -300, 16 * 300 + 1) / 16)
    points: Array = distinct(np.concatenate([inner, outer, -outer]))
    points.flags.writeable = False
    return points


def evaluate(program: Program, x: Array, parameters: Mapping[str, float]) -> list[Any]:
    """Return the result of every instruction at x."""
    results = program.constants(parameters)
    for place, step in enumerate(program.instructions):
        if step.operation == "x":
            results[place] = x
        elif step.varies:
            out: NDArray[Any] = np.empty(x.shape, np.bool_ if step.is_condition else np.float64)
            results[place] = run_step(step, results, out)
    return results


def states(program: Program, x: Array, parameters: Mapping[str, float]) -> list[Array]:
    """Return the state of each switch at x: a sign, or for floor and % the whole part plus ½; NaN where unknown."""
    with np.errstate(all="ignore"):
        results = evaluate(program, x, parameters)
        return [
            state
            for step in program.instructions
            if step.varies
            for state, _ in _switches_of(step, [results[i] for i in step.inputs])
        ]


def margins(program: Program, x: Array, parameters: Mapping[str, float]) -> tuple[list[Array], Array]:
    """Return the number that determines each switch's state, in the order of `states`, and an estimate of its rounding.

    The state changes where the number passes 0, or a whole number. The estimate is the rounding of the largest number
    in the program: no step loses more, as far as we know.
    """
    with np.errstate(all="ignore"):
        results = evaluate(program, x, parameters)
        numbers = [
            np.broadcast_to(margin, x.shape)
            for step in program.instructions
            if step.varies
            for _, margin in _switches_of(step, [results[i] for i in step.inputs])
        ]
        largest = np.zeros(x.shape)
        for step, result in zip(program.instructions, results, strict=True):
            if not step.is_condition:
                np.fmax(largest, np.where(np.isfinite(result), np.abs(result), 0.0), out=largest)
        return numbers, largest * _ROUNDING


def _switches_of(step: Instruction, taken: list[Any]) -> list[tuple[Array, Any]]:
    """Return the switches of one step: the state of each and the number that determines it."""
    match step.operation:
        case "<" | "<=" | ">" | ">=" | "==" | "!=" | "min" | "max":
            return [_side(taken[0], taken[1])]
        case "clip":
            return [_side(taken[0], taken[1]), _side(taken[0], taken[2])]
        case "abs" | "sign":
            return [(np.sign(taken[0]), taken[0])]
        case "floor":
            return [(np.floor(taken[0]) + 0.5, taken[0])]
        case "%":
            quotient = taken[0] / taken[1]
            # a quotient that underflows is not 0
            lost = (quotient == 0.0) & np.not_equal(taken[0], 0.0)
            quotient = np.where(lost, np.copysign(5e-324, quotient), quotient)
            return [(np.floor(quotient) + 0.5, quotient)]
    if step.definition is None:
        return []
    values = dict(zip(step.parameters, taken[1:], strict=True))
    return [_side(taken[0], kink.at) for kink in step.definition.kinks(**values) if not kink.smooth]


def _side(a: Any, b: Any) -> tuple[Array, Any]:
    """Return the sign of a − b, also where both are infinite, and a − b; NaN where one of them is NaN."""
    return np.where(np.isnan(a) | np.isnan(b), np.nan, np.greater(a, b) * 1.0 - np.less(a, b)), a - b


@dataclass(frozen=True, slots=True)
class BranchPoint:
    """A place where a switch changes: the neighbouring floats, and whether it is exactly at one of them."""

    low: float
    high: float
    is_low: bool
    is_high: bool


def find_branch_points(program: Program, parameters: Mapping[str, float], most: int) -> list[BranchPoint]:
    """Return the branch points, at most `most` per switch, those nearest to 0.

    They are searched between neighbouring points of the grid: a few per switch where the states at both differ; two
    per switch where they do not and the switch's number has one turning point in between. A pair between two turning
    points, or with a difference below rounding, is missed.
    """
    points = grid()
    # in pieces of the grid, since every step of a long formula holds its results for all of its points
    pieces = [
        _changing(program, parameters, points[start : start + _PIECE + 1])
        for start in range(0, points.size - 1, _PIECE)
    ]
    switches, lows, highs = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
    kept = np.concatenate(
        [_nearest(np.flatnonzero(switches == s), lows, most) for s in distinct(switches)] or [switches]
    )
    return _refine(program, parameters, switches[kept], lows[kept], highs[kept])


def _changing(
    program: Program, parameters: Mapping[str, float], points: Array
) -> tuple[NDArray[np.intp], Array, Array]:
    """Return the intervals, of two neighbouring points or within, where a switch changes: its number, from, to."""
    rows = [np.broadcast_to(state, points.shape) for state in states(program, points, parameters)]
    if not rows:
        return np.zeros(0, np.intp), np.zeros(0), np.zeros(0)
    at_points = np.stack(rows)
    switches, lows, highs = _search_pairs(program, parameters, points, at_points)
    before, after = at_points[:, :-1], at_points[:, 1:]
    plain, places = np.nonzero((before != after) & ~np.isnan(before) & ~np.isnan(after))
    return (
        np.concatenate([switches, plain]),
        np.concatenate([lows, points[places]]),
        np.concatenate([highs, points[places + 1]]),
    )


def _nearest(places: NDArray[np.intp], x: Array, most: int) -> NDArray[np.intp]:
    """Return the places whose x are nearest to 0."""
    return places[np.argsort(np.abs(x[places]), kind="stable")[:most]]


def _refine(
    program: Program, parameters: Mapping[str, float], switches: NDArray[np.intp], low: Array, high: Array
) -> list[BranchPoint]:
    """Return the branch points of these switches in these intervals; the rest of an interval is searched again."""
    points: list[BranchPoint] = []
    for _ in range(_AGAIN):
        if not switches.size:
            break

        def state(x: Array, switches: NDArray[np.intp] = switches) -> Array:
            return _select(states(program, x, parameters), switches, x)

        below, above = bisect(low, high, state)
        at_above, at_end = state(above), state(high)
        numbers = (_select(margins(program, x, parameters)[0], switches, x) for x in (below, above))
        exact = (_is_exact(number, at_above).tolist() for number in numbers)
        points += [BranchPoint(*point) for point in zip(below.tolist(), above.tolist(), *exact, strict=True)]
        # a number that rounds to 0 over a few floats passes 0 once
        zero = np.flatnonzero((at_above == 0.0) & (at_end != 0.0))
        if zero.size:
            of_zero = partial(state, switches=switches[zero])
            above[zero] = bisect(above[zero], high[zero], of_zero)[1]
            at_above[zero] = of_zero(above[zero])
        more = (at_above != at_end) & ~np.isnan(at_above) & ~np.isnan(at_end)
        switches, low, high = switches[more], above[more], high[more]
    return points


def _is_exact(number: Array, state: Array) -> NDArray[np.bool_]:
    """Return whether the number that determines a state is exactly the one at which the state changes."""
    exact: NDArray[np.bool_] = np.where(state % 1.0 == 0.5, number == np.floor(number), number == 0.0)
    return exact


def _search_pairs(
    program: Program, parameters: Mapping[str, float], points: Array, states_there: NDArray[np.float64]
) -> tuple[NDArray[np.intp], Array, Array]:
    """Return the intervals between neighbouring points where a switch changes and changes back: its number, from, to.

    The number that determines the state moves towards 0 from both ends. Golden-section search (Kiefer 1953) finds its
    turning point; if the state differs there, the intervals on either side are returned.
    """
    left, right = points[:-1], points[1:]
    inward = (right - left) * _INWARD
    ends = [margins(program, x, parameters)[0] for x in (left, left + inward, right - inward, right)]
    with np.errstate(all="ignore"):
        rise, fall = (
            np.sign(np.stack(ends[1]) - np.stack(ends[0])),
            np.sign(np.stack(ends[3]) - np.stack(ends[2])),
        )
        before, after = states_there[:, :-1], states_there[:, 1:]
        state = np.where(before == 0.0, after, before)
        # the state of floor is not a sign: its number may pass a whole number above or below
        turns = (rise * fall < 0) & ((rise * state < 0) | (state % 1.0 == 0.5))
        turns &= (state == after) | (after == 0.0)
    switches, places = np.nonzero(turns)
    a, b, way = left[places], right[places], rise[switches, places]
    for _ in range(_NARROWER if switches.size else 0):
        c, d = b - _GOLDEN * (b - a), a + _GOLDEN * (b - a)
        at_c, at_d = (_select(margins(program, x, parameters)[0], switches, x) for x in (c, d))
        nearer = way * at_c > way * at_d
        a, b = np.where(nearer, a, c), np.where(nearer, d, b)
    turn = a + (b - a) / 2
    changed = np.zeros(0, np.bool_)
    if switches.size:
        numbers, rounding = margins(program, turn, parameters)
        number, there = _select(numbers, switches, turn), state[switches, places]
        whole = there % 1.0 == 0.5
        beyond = np.where(whole, np.abs(number - there) - 0.5, -there * number)
        changed = beyond > rounding
    switches, places, turn = switches[changed], places[changed], turn[changed]
    return (
        np.concatenate([switches, switches]),
        np.concatenate([left[places], turn]),
        np.concatenate([turn, right[places]]),
    )


def _select(rows: list[Array], switches: NDArray[np.intp], x: Array) -> Array:
    """Return for the k-th number of x its entry in the row of the k-th switch."""
    selected: Array = np.stack([np.broadcast_to(row, x.shape) for row in rows])[switches, np.arange(x.size)]
    return selected


def bisect(low: Array, high: Array, state: Callable[[Array], NDArray[Any]]) -> tuple[Array, Array]:
    """Return neighbouring floats between which the state stops being that of `low`, by bisection over the floats."""
    first = state(low)
    a, b = _ordinal(low), _ordinal(high)
    while np.any(b - a > 1):
        # the mean without overflow: the ordinals of a pair may have opposite signs
        middle = (a >> 1) + (b >> 1) + (a & b & 1)
        same = state(_float(middle)) == first
        a, b = np.where(same, middle, a), np.where(same, b, middle)
    return _float(a), _float(b)


def _ordinal(x: Array) -> NDArray[np.int64]:
    """Return integers in the order of the floats; −0.0 and 0.0 are both 0."""
    bits = np.ascontiguousarray(x + 0.0).view(np.int64)
    return np.where(bits < 0, np.int64(-(2**63)) - bits, bits)


def _float(ordinal: NDArray[np.int64]) -> Array:
    bits: NDArray[np.int64] = np.where(ordinal < 0, np.int64(-(2**63)) - ordinal, ordinal)
    return bits.view(np.float64)
