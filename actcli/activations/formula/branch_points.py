"""Where the parts of a formula switch: the signs that its branches hang on, along a grid, and between which floats."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activations.definition import Array
from actcli.activations.formula.program import Instruction, Program, step_result

_FINE = 32
_DENSE = 64.0
"""Between −64 and 64 the grid has 32 points to the unit; beyond it, and close to 0, a decade has 16."""

_PIECE = 2048
_AGAIN = 4
"""Changes of one switch between two points of the grid that are looked for where the states at both differ."""
_INWARD = 1e-3
_NARROWER = 60
_GOLDEN = (5.0**0.5 - 1.0) / 2.0
_ROUNDING = 64 * 2.0**-52


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
            for state, _ in _switches_of(step, [found[i] for i in step.inputs])
        ]


def margins(program: Program, x: Array, parameters: Mapping[str, float]) -> tuple[list[Array], Array]:
    """For each switch the number that its state hangs on, in the order of `states`; and its rounding, roughly.

    The state changes where the number passes 0, or a whole one. The rounding is that of the largest number in the
    program: no step is known to lose more.
    """
    with np.errstate(all="ignore"):
        found = results(program, x, parameters)
        numbers = [
            np.broadcast_to(margin, x.shape)
            for step in program.instructions
            if step.varies
            for _, margin in _switches_of(step, [found[i] for i in step.inputs])
        ]
        largest = np.zeros(x.shape)
        for step, result in zip(program.instructions, found, strict=True):
            if not step.is_condition:
                np.fmax(largest, np.where(np.isfinite(result), np.abs(result), 0.0), out=largest)
        return numbers, largest * _ROUNDING


def _switches_of(step: Instruction, taken: list[Any]) -> list[tuple[Array, Any]]:
    """The switches of one step: the state of each and the number that it hangs on."""
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
            # one that underflows is not 0 yet
            lost = (quotient == 0.0) & np.not_equal(taken[0], 0.0)
            quotient = np.where(lost, np.copysign(5e-324, quotient), quotient)
            return [(np.floor(quotient) + 0.5, quotient)]
    if step.definition is None:
        return []
    given = dict(zip(step.parameters, taken[1:], strict=True))
    return [_side(taken[0], kink.at) for kink in step.definition.kinks(**given) if not kink.smooth]


def _side(a: Any, b: Any) -> tuple[Array, Any]:
    """The sign of a − b, also where both are infinite, and a − b; NaN where one is."""
    return np.where(np.isnan(a) | np.isnan(b), np.nan, np.greater(a, b) * 1.0 - np.less(a, b)), a - b


@dataclass(frozen=True, slots=True)
class Change:
    """A place where a switch changes: the neighbouring floats to its sides, and which of them it is, if one is."""

    low: float
    high: float
    is_low: bool
    is_high: bool


def changes(program: Program, parameters: Mapping[str, float], most: int) -> list[Change]:
    """The places where a state changes, at most `most` of one switch, those nearest to 0.

    Changes are looked for between neighbouring points of the grid: where the states differ, up to a few of one
    switch; where they do not, two of one switch if its number has one turning point in between. A pair of changes
    that hides from that, between two turning points or smaller than rounding, is missed.
    """
    points = grid()
    # a piece of the grid at a time: every step of a long formula holds its results there
    pieces = [
        _changing(program, parameters, points[start : start + _PIECE + 1])
        for start in range(0, points.size - 1, _PIECE)
    ]
    switches, lows, highs = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
    kept = np.concatenate(
        [_nearest(np.flatnonzero(switches == s), lows, most) for s in np.unique(switches)] or [switches]
    )
    return _refined(program, parameters, switches[kept], lows[kept], highs[kept])


def _changing(
    program: Program, parameters: Mapping[str, float], points: Array
) -> tuple[NDArray[np.intp], Array, Array]:
    """Intervals, from one of these points to the next or a part of that, where a switch changes: switch, from, to."""
    known = [np.broadcast_to(state, points.shape) for state in states(program, points, parameters)]
    if not known:
        return np.zeros(0, np.intp), np.zeros(0), np.zeros(0)
    found = np.stack(known)
    switches, lows, highs = _hidden(program, parameters, points, found)
    before, after = found[:, :-1], found[:, 1:]
    plain, places = np.nonzero((before != after) & ~np.isnan(before) & ~np.isnan(after))
    return (
        np.concatenate([switches, plain]),
        np.concatenate([lows, points[places]]),
        np.concatenate([highs, points[places + 1]]),
    )


def _nearest(places: NDArray[np.intp], x: Array, most: int) -> NDArray[np.intp]:
    """The places whose x are nearest to 0."""
    return places[np.argsort(np.abs(x[places]), kind="stable")[:most]]


def _refined(
    program: Program, parameters: Mapping[str, float], switches: NDArray[np.intp], low: Array, high: Array
) -> list[Change]:
    """The changes of these switches in these intervals, whose ends differ; what is left of one is looked at again."""
    done: list[Change] = []
    for _ in range(_AGAIN):
        if not switches.size:
            break

        def state(x: Array, switches: NDArray[np.intp] = switches) -> Array:
            return _chosen(states(program, x, parameters), switches, x)

        below, above = between(low, high, state)
        at_above, at_end = state(above), state(high)
        numbers = (_chosen(margins(program, x, parameters)[0], switches, x) for x in (below, above))
        at_it = (_at_switch(number, at_above).tolist() for number in numbers)
        done += [Change(*change) for change in zip(below.tolist(), above.tolist(), *at_it, strict=True)]
        # a number that rounding holds at 0 for a while passes it once
        zero = np.flatnonzero((at_above == 0.0) & (at_end != 0.0))
        if zero.size:
            of_zero = partial(state, switches=switches[zero])
            above[zero] = between(above[zero], high[zero], of_zero)[1]
            at_above[zero] = of_zero(above[zero])
        more = (at_above != at_end) & ~np.isnan(at_above) & ~np.isnan(at_end)
        switches, low, high = switches[more], above[more], high[more]
    return done


def _at_switch(number: Array, state: Array) -> NDArray[np.bool_]:
    """Whether the number that a state hangs on is the very one where it changes."""
    at_it: NDArray[np.bool_] = np.where(state % 1.0 == 0.5, number == np.floor(number), number == 0.0)
    return at_it


def _hidden(
    program: Program, parameters: Mapping[str, float], points: Array, states_there: NDArray[np.float64]
) -> tuple[NDArray[np.intp], Array, Array]:
    """Intervals between neighbouring points where a switch changes and changes back: switch, from, to.

    The number that it hangs on comes closer to 0 from both ends; golden-section search (Kiefer 1953) finds where
    it turns, and if the state is another there, either side of it is such an interval.
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
        # a state of floor is no sign: its number may pass a whole one above and below
        turns = (rise * fall < 0) & ((rise * state < 0) | (state % 1.0 == 0.5))
        turns &= (state == after) | (after == 0.0)
    switches, places = np.nonzero(turns)
    a, b, way = left[places], right[places], rise[switches, places]
    for _ in range(_NARROWER if switches.size else 0):
        c, d = b - _GOLDEN * (b - a), a + _GOLDEN * (b - a)
        at_c, at_d = (_chosen(margins(program, x, parameters)[0], switches, x) for x in (c, d))
        nearer = way * at_c > way * at_d
        a, b = np.where(nearer, a, c), np.where(nearer, d, b)
    turn = a + (b - a) / 2
    found = np.zeros(0, np.bool_)
    if switches.size:
        numbers, rounding = margins(program, turn, parameters)
        number, there = _chosen(numbers, switches, turn), state[switches, places]
        whole = there % 1.0 == 0.5
        beyond = np.where(whole, np.abs(number - there) - 0.5, -there * number)
        found = beyond > rounding
    switches, places, turn = switches[found], places[found], turn[found]
    return (
        np.concatenate([switches, switches]),
        np.concatenate([left[places], turn]),
        np.concatenate([turn, right[places]]),
    )


def _chosen(rows: list[Array], switches: NDArray[np.intp], x: Array) -> Array:
    """At the k-th of the numbers x what its own switch says."""
    chosen: Array = np.stack([np.broadcast_to(row, x.shape) for row in rows])[switches, np.arange(x.size)]
    return chosen


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
