"""Exact kernels of functions that are made of other functions, by their expressions.

The expression runs on Taylor series of quick numbers that know their error (`extended.bounded`). Where the error may be
seen in the result, as beside a zero of a derivative, the number is computed again in 106 bits or more.
"""

from collections.abc import Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from actcli.activations.calculus.extended_series import Run
from actcli.activations.calculus.repair import Task
from actcli.activations.calculus.taylor import Jet, coefficient
from actcli.activations.definition import Array, Definition, Kernel
from actcli.activations.exact.kernels import apart_from_kinks, in_chunks
from actcli.activations.extended.bounded import Bounded, bounded
from actcli.activations.extended.kinds import QuickArrays
from actcli.activations.formula.formula import read_expression, read_formula

_VALUE, _DERIVATIVE = 0.09 * 2.0**-53, 0.4 * 2.0**-53
"""Relative errors that leave a value within 0.6 units in the last place, and a derivative within 1."""
_HIGHER = 2.0**-52
_ANY_NUMBER = 2**40
_FACTORIALS = [1.0]
for _n in range(1, 20):
    _FACTORIALS.append(_FACTORIALS[-1] * _n)


def composed_kernel(definition: Definition, order: int, ordinary: Kernel, wrt: str = "x") -> Kernel:
    """Return the float64 kernel of f, f' or f'', or of the derivative by a parameter (order 1).

    It takes and returns a contiguous array of one axis. `ordinary` is the definition's own kernel: its results are
    taken at ±inf, at 0, and where two branches meet.
    """
    return in_chunks(partial(_compute, definition, order, wrt, ordinary), ordinary)


def composed_higher_kernel(definition: Definition, order: int, ordinary: Kernel) -> Kernel:
    """Return the float64 kernel of a derivative by x of order 3 or more; `ordinary` computes it at kinks."""
    kernel = partial(_compute, definition, order, "x", None)
    return partial(apart_from_kinks, definition, kernel, ordinary)


def _compute(
    definition: Definition, order: int, wrt: str, ordinary: Kernel | None, x: Array, /, **parameters: float
) -> Array:
    run = Run(QuickArrays(), order)
    first: Jet = [bounded(x), 1.0] if wrt == "x" and order else [bounded(x)]
    values: dict[str, Jet] = {
        name: [bounded(value), 1.0] if name == wrt else [bounded(value)] for name, value in parameters.items()
    }
    found = run.program(read_expression(definition).unfolded_literal, first, values)
    last = bounded(coefficient(found, order)) * _FACTORIALS[order]
    y = np.array(np.broadcast_to(last.rounded, x.shape))
    lost = ~np.broadcast_to(_is_enough(last, found, order), x.shape)
    unsure = np.broadcast_to(run.unsure, x.shape)
    at = np.flatnonzero(lost & ~unsure)
    if at.size:
        y[at] = _again(definition, order, wrt, parameters, x[at], y[at])
    if ordinary is not None:
        at = np.flatnonzero(unsure | ((y == 0.0) & (x == 0.0)) | np.isnan(y))
        if at.size:
            y[at] = ordinary(x[at], **parameters)
    # a slope that underflows is printed without a sign
    return y + 0.0 if order else y


def _is_enough(last: Bounded, found: Jet, order: int) -> NDArray[np.bool_]:
    """Return where the last coefficient is near enough: one of a high order beside the one before it."""
    if order < 3:
        return last.trusted(_relative_error(order))
    before = bounded(coefficient(found, order - 1)) * _FACTORIALS[order - 1]
    larger = np.maximum(np.abs(last.rounded), np.abs(before.rounded))
    near: NDArray[np.bool_] = last.error <= _HIGHER * larger
    return near | last.trusted(_relative_error(order))


def _relative_error(order: int) -> float:
    return (_VALUE, _DERIVATIVE, _DERIVATIVE)[order] if order < 3 else _HIGHER


def _again(
    definition: Definition, order: int, wrt: str, parameters: Mapping[str, float], x: Array, y: Array
) -> Array:
    """Return the results in 106 bits, or as many as it takes; those at hand where they are not known."""
    different, place = np.unique(x, return_inverse=True)  # a constant row at a zero would take long
    values = tuple(sorted(parameters.items()))
    task = Task(read_expression(definition).unfolded_literal, order, values, wrt)
    attempts = [(task, _ANY_NUMBER)]
    if definition.expression_far_out and not order:
        names = tuple(p.name for p in definition.parameters)
        far_out = read_formula(definition.expression_far_out, names).unfolded_literal
        attempts = [(task, 0), (Task(far_out, 0, values), 0), *attempts]
    better, room = np.full_like(different, np.nan), np.full_like(different, np.inf)
    for attempt, most in attempts:
        lost = np.flatnonzero(room > 0)
        if lost.size:
            found, left = attempt.extended(
                different[lost], most, _relative_error(order), to_the_last_bit=order < 3
            )
            closer = left < room[lost]
            better[lost[closer]], room[lost[closer]] = found[closer], left[closer]
    return np.where(np.isfinite(room[place]), better[place], y)
