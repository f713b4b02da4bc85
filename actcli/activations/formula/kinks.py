"""The points where a formula breaks, and the interval where it is a number: found from its own instructions."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from actcli.activations.definition import FORMULA, INF, Array, Kink
from actcli.activations.formula.branch_points import Change, between, changes, grid, results
from actcli.activations.formula.derivatives import series
from actcli.activations.formula.program import Instruction, Program
from actcli.activations.formula.taylor import at
from actcli.exits import UsageError

MOST = 40
"""Kinks of one switch that are looked for: floor has no end of them."""
_SAME_SLOPE = 1e-12
_SAME_VALUE = 1e-9
_ENDLESS = ("+", "-", "*", "/", "%", "sin", "cos", "tan")
_ULPS_APART = 8
"""Changes closer than this are one kink: 3·x = 1 for two neighbouring floats."""


def kinks(program: Program, parameters: Mapping[str, float]) -> tuple[Kink, ...]:
    """The points where a branch of the program changes and f, f' or f'' with it, from left to right.

    Where the branching expression is 0 at a float, that float is the kink; else one of the two neighbours. The
    derivatives from either side are those of the two branches.
    """
    gaps: list[tuple[float, float]] = []
    for change in sorted(changes(program, parameters, MOST), key=lambda change: (change.low, change.high)):
        start, end = _gap(change)
        if gaps and start - gaps[-1][1] <= _ULPS_APART * np.spacing(max(abs(start), abs(end))):
            gaps[-1] = (gaps[-1][0], max(gaps[-1][1], end))
        else:
            gaps.append((start, end))
    return tuple(kink for gap in gaps if (kink := _kink(program, parameters, *gap)) is not None)


def _gap(change: Change) -> tuple[float, float]:
    """The float where the change happens, twice; or the two between which it does."""
    if change.is_low:
        return change.low, change.low
    if change.is_high:
        return change.high, change.high
    return change.low, change.high


def _simplest(low: float, high: float) -> float:
    """Of the few floats from low to high the one with the shortest decimal."""
    best, x = low, low
    while x < high:
        x = float(np.nextafter(x, np.inf))
        best = x if len(repr(x)) < len(repr(best)) else best
    return best + 0.0


def _kink(program: Program, parameters: Mapping[str, float], low: float, high: float) -> Kink | None:
    with np.errstate(all="ignore"):
        left = _derivatives(program, low, parameters, -1)
        right = _derivatives(program, high, parameters, 1)
        middle = _simplest(low, high)
        own = _derivatives(program, middle, parameters, None)
        if any(np.isnan(side[0]) and np.isnan(side[1]) for side in (left, right)):
            return None
        slopes = _same(left[1], right[1], _SAME_SLOPE)
        curvatures = _same(left[2], right[2], _SAME_SLOPE * 100)
        room = 16 * np.spacing(abs(middle)) * max(abs(slopes[0]), abs(slopes[1]))
        jump = not abs(left[0] - right[0]) <= _SAME_VALUE * max(abs(left[0]), abs(right[0])) + room
        kink = Kink(middle, slopes, curvatures, default=(own[1] + 0.0, own[2] + 0.0), jump=jump)
    return None if kink.smooth else kink


def _derivatives(
    program: Program, x: float, parameters: Mapping[str, float], side: int | None
) -> tuple[float, float, float]:
    """f, f' and f'' at x, from one side."""
    found = series(program, 2, np.array([x]), parameters, side=side)
    value, slope, half = (float(np.ravel(at(found, k))[0]) for k in range(3))
    return value, slope, 2.0 * half


def _same(left: float, right: float, tolerance: float) -> tuple[float, float]:
    """Both sides; one number where they differ by rounding only."""
    if np.isnan(left) and np.isnan(right):
        return 0.0, 0.0
    close = np.isfinite(left - right) and abs(left - right) <= tolerance * max(abs(left), abs(right))
    return (left + 0.0, left + 0.0) if close else (left + 0.0, right + 0.0)


def domain(program: Program, parameters: Mapping[str, float]) -> tuple[float, float]:
    """Where f is real: from the lowest to the highest such float, ±inf where it is so to the end.

    NaN that comes of an overflow (inf/inf) does not count: there f is real and the float is not. Raises
    UsageError where f is real nowhere.
    """
    if not any(_may_leave_the_reals(program, step) for step in program.instructions if step.varies):
        return -INF, INF
    inside = partial(_inside, program, parameters)
    points = grid()
    known = np.flatnonzero(inside(points))
    if not known.size:
        raise UsageError("the formula is a real number nowhere")
    first, last = int(known[0]), int(known[-1])
    low, high = -INF, INF
    if first:
        low = float(between(points[first - 1 : first], points[first : first + 1], inside)[1][0])
    if last < points.size - 1:
        high = float(between(points[last : last + 1], points[last + 1 : last + 2], inside)[0][0])
    return low + 0.0, high + 0.0


def _may_leave_the_reals(program: Program, step: Instruction) -> bool:
    if step.operation == "^":
        exponent = program.instructions[step.inputs[1]]
        return exponent.operation != "number" or exponent.value != int(exponent.value)
    if step.definition is not None:
        # a formula's domain is known at its parameters alone
        return step.definition.family == FORMULA or step.definition.domain != (-INF, INF)
    return step.operation in {"log", "log1p", "sqrt"}


def _inside(program: Program, parameters: Mapping[str, float], x: Array) -> Any:
    """Whether f(x) is real."""
    with np.errstate(all="ignore"):
        found = results(program, x, parameters)
        lost = np.zeros(x.shape, np.bool_)
        for step, result in zip(program.instructions, found, strict=True):
            if step.varies and step.inputs and not step.is_condition:
                # the root of −inf is no overflow: it is a root of a negative number
                known = np.isfinite if step.operation in _ENDLESS else _is_number
                finite = [known(found[i]) for i in step.inputs]
                lost |= np.isnan(result) & np.logical_and.reduce(np.broadcast_arrays(*finite))
        return ~(np.isnan(found[-1]) & lost)


def _is_number(x: Any) -> Any:
    return ~np.isnan(x)
