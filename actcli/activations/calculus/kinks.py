"""Finds the kinks of a formula, and the interval where it is real, from its instructions."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from actcli.activations.calculus.branch_points import BranchPoint, bisect, evaluate, find_branch_points, grid
from actcli.activations.calculus.derivatives import expand
from actcli.activations.calculus.taylor import coefficient
from actcli.activations.definition import FORMULA, INF, Array, Kink
from actcli.activations.formula.program import Instruction, Program
from actcli.exits import UsageError

MOST = 40
"""Kinks that are searched per switch: floor has infinitely many."""
_SAME_SLOPE = 1e-12
_SAME_VALUE = 1e-9
_ENDLESS = ("+", "-", "*", "/", "%", "sin", "cos", "tan")
_ULPS_APART = 8
"""Branch points closer than this are one kink: 3·x = 1 holds for two neighbouring floats."""


def find_kinks(program: Program, parameters: Mapping[str, float]) -> tuple[Kink, ...]:
    """Return the points where the program changes its branch and f, f' or f'' changes with it, from left to right.

    Where the expression that selects the branch is 0 at a float, that float is the kink; otherwise it is one of the
    two neighbours. The derivatives from either side are those of the two branches.
    """
    gaps: list[tuple[float, float]] = []
    points = find_branch_points(program, parameters, MOST)
    for point in sorted(points, key=lambda point: (point.low, point.high)):
        start, end = _gap(point)
        if gaps and start - gaps[-1][1] <= _ULPS_APART * np.spacing(max(abs(start), abs(end))):
            gaps[-1] = (gaps[-1][0], max(gaps[-1][1], end))
        else:
            gaps.append((start, end))
    return tuple(kink for gap in gaps if (kink := _kink(program, parameters, *gap)) is not None)


def _gap(point: BranchPoint) -> tuple[float, float]:
    """Return the float at which the branch changes, twice; or the two floats between which it changes."""
    if point.is_low:
        return point.low, point.low
    if point.is_high:
        return point.high, point.high
    return point.low, point.high


def _simplest(low: float, high: float) -> float:
    """Return the float with the shortest decimal of the few from low to high."""
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
        slopes = _merge_rounding(left[1], right[1], _SAME_SLOPE)
        curvatures = _merge_rounding(left[2], right[2], _SAME_SLOPE * 100)
        room = 16 * np.spacing(abs(middle)) * max(abs(slopes[0]), abs(slopes[1]))
        jump = not abs(left[0] - right[0]) <= _SAME_VALUE * max(abs(left[0]), abs(right[0])) + room
        kink = Kink(middle, slopes, curvatures, default=(own[1] + 0.0, own[2] + 0.0), jump=jump)
    return None if kink.smooth else kink


def _derivatives(
    program: Program, x: float, parameters: Mapping[str, float], side: int | None
) -> tuple[float, float, float]:
    """Return f, f' and f'' at x, from one side."""
    u = expand(program, 2, np.array([x]), parameters, side=side)
    value, slope, half = (float(np.ravel(coefficient(u, k))[0]) for k in range(3))
    return value, slope, 2.0 * half


def _merge_rounding(left: float, right: float, tolerance: float) -> tuple[float, float]:
    """Return both sides, made equal where they differ by rounding only."""
    if np.isnan(left) and np.isnan(right):
        return 0.0, 0.0
    close = np.isfinite(left - right) and abs(left - right) <= tolerance * max(abs(left), abs(right))
    return (left + 0.0, left + 0.0) if close else (left + 0.0, right + 0.0)


def find_domain(program: Program, parameters: Mapping[str, float]) -> tuple[float, float]:
    """Return the lowest and the highest float at which f is real; ±inf where f is real to the end.

    NaN from an overflow (inf/inf) does not count: there f is real and only the float is not. Raises UsageError for an
    f that is real nowhere.
    """
    if not any(_may_leave_the_reals(program, step) for step in program.instructions if step.varies):
        return -INF, INF
    inside = partial(_inside, program, parameters)
    points = grid()
    real = np.flatnonzero(inside(points))
    if not real.size:
        raise UsageError("the formula is not a real number anywhere")
    first, last = _solid_run(program, parameters, points, inside(points))
    low, high = -INF, INF
    if first:
        low = float(bisect(points[first - 1 : first], points[first : first + 1], inside)[1][0])
    if last < points.size - 1:
        high = float(bisect(points[last : last + 1], points[last + 1 : last + 2], inside)[0][0])
    return low + 0.0, high + 0.0


def _solid_run(
    program: Program, parameters: Mapping[str, float], points: Array, real: Any
) -> tuple[int, int]:
    """Return the first and the last of the points at which f is real, in runs that hold more than rounding.

    Far out log(x + sqrt(x^2 - 1)) is log(0) for negative x, where the sum has lost all of its digits.
    """
    with np.errstate(all="ignore"):
        results = evaluate(program, points, parameters)
    solid = np.array(real)
    for step in program.instructions:
        if step.varies and step.operation == "log":
            inner = results[step.inputs[0]]
            solid &= (inner != 0) & np.isfinite(inner)
    places = np.flatnonzero(solid if solid.any() else real)
    first, last = int(places[0]), int(places[-1])
    while first and real[first - 1]:
        first -= 1
    while last < points.size - 1 and real[last + 1]:
        last += 1
    return first, last


def _may_leave_the_reals(program: Program, step: Instruction) -> bool:
    if step.operation == "^":
        exponent = program.instructions[step.inputs[1]]
        return exponent.operation != "number" or exponent.value != int(exponent.value)
    if step.definition is not None:
        # the domain of a formula depends on its parameters
        return step.definition.family == FORMULA or step.definition.domain != (-INF, INF)
    return step.operation in {"log", "log1p", "log2", "log10", "sqrt", "acosh", "atanh", "erfinv"}


def _inside(program: Program, parameters: Mapping[str, float], x: Array) -> Any:
    """Return whether f(x) is real."""
    with np.errstate(all="ignore"):
        results = evaluate(program, x, parameters)
        lost = np.zeros(x.shape, np.bool_)
        for step, result in zip(program.instructions, results, strict=True):
            if step.varies and step.inputs and not step.is_condition:
                # the root of −inf is not an overflow, but the root of a negative number
                is_input = np.isfinite if step.operation in _ENDLESS else _is_number
                inputs = [is_input(results[i]) for i in step.inputs]
                lost |= np.isnan(result) & np.logical_and.reduce(np.broadcast_arrays(*inputs))
        return ~(np.isnan(results[-1]) & lost)


def _is_number(x: Any) -> Any:
    return ~np.isnan(x)
