"""Numbers of a formula computed again in 106 bits, or as many as it takes, where float64 loses digits.

Where a formula's float64 result and its extended one are more than 16 ULP apart, the extended one is returned. Its own
bound must say that 53 bits of it are right, or nine digits where float64 has lost even those. Where 106 bits do not
hold nine digits, a few numbers are computed by integers of 256 bits and more, until 53 bits of the result are right.

A few numbers are compared directly. For many numbers, or calls, a grid tells in which cells digits are lost, once for
a formula, and only numbers in those cells are computed twice.

Next to a point where a quotient is 0/0, as tanh(x)/x at 0, even 106 bits are not enough for a derivative: there the
Taylor series around the nearest eighth is summed.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activations.calculus.effort import Effort
from actcli.activations.calculus.extended_series import (
    BITS_AT_A_POINT,
    ball_at,
    coefficients,
    coefficients_at,
)
from actcli.activations.calculus.losing_cells import GRID, LosingCells
from actcli.activations.calculus.taylor import coefficient
from actcli.activations.definition import Array, Definition
from actcli.activations.distinct import distinct
from actcli.activations.extended.ball import NO_NUMBER
from actcli.activations.extended.kinds import as_extended
from actcli.activations.extended.number import ENOUGH, Extended, extended
from actcli.activations.extended.work import spent
from actcli.activations.formula.formula import read_expression
from actcli.activations.formula.program import Program
from actcli.activations.formula.tree import Call, walk

WORST = 16.0
"""ULP: a float64 result that is no farther off stays."""
_SUSPECT = 4.0
FEW = 256
"""Up to so many numbers are compared directly, in the first calls."""
_NINE_DIGITS = 2.0**-30
_PIECE = 4096
_NEAR = 2.0**-8
_TERMS = 14
_FIRST = 4
_MOST_CENTRES = 4
_FIRST_BITS, _MOST_BITS = 256, 4400
_MOST_BALLS, _IN_GRID, _SHARED_BITS = 128, 512, 2**17
"""More numbers in one call are left to 106 bits; these share some bits: at 256 a number takes a millisecond."""
_MOST_LOST, _BITS_OF_LOST = 8, 17600
"""As many as the sine of the largest numbers takes that squares and exponentials of |x| <= 60 make: sin(exp(x^2))."""
_FAR, _FARTHER = 2.0**30, 2.0**36
_POWERS = (0, 1, 2, -1)

Kernel = Callable[[Array], Array]


@dataclass(frozen=True)
class Task:
    """A derivative of a formula, to be computed in extended precision.

    Attributes:
        program: its instructions.
        order: 0 is the value.
        parameters: names and values.
        wrt: x or a parameter.
        effort: what the work is charged to; when it is spent nothing more is known.

    """

    program: Program
    order: int
    parameters: tuple[tuple[str, float], ...]
    wrt: str = "x"
    effort: Effort = field(default_factory=Effort, compare=False)

    @property
    def key(self) -> tuple[Any, ...]:
        """The key that tells this task from others, as long as its program is kept."""
        return id(self.program), self.order, self.parameters, self.wrt

    def extended(
        self, x: Array, most: int = _MOST_BALLS, enough: float = ENOUGH, *, to_the_last_bit: bool = False
    ) -> tuple[Array, Array]:
        """Return results at numbers x and how far off they may be: 0 if by rounding alone, inf if nothing is known.

        Up to `most` numbers are computed with more than 106 bits where they need them: where nine digits are not
        certain, or, to the last bit, where the relative error is beyond `enough`.
        """
        if self.effort.is_spent:
            return np.full_like(x, np.nan), np.full_like(x, np.inf)
        self.effort.take_arrays(self.program, self.order, x.size)
        found, unsure, ended = coefficients(self.program, self.order, x, dict(self.parameters), self.wrt)
        number = extended(coefficient(found, self.order)) * float(math.factorial(self.order))
        y = np.array(np.broadcast_to(number.rounded, x.shape))
        room = np.array(np.broadcast_to(room_of(number, enough), x.shape))
        room[unsure] = np.inf
        lost = np.flatnonzero((room > 0) & ~unsure)
        if lost.size and self.wrt == "x":
            off = np.broadcast_to(number.error, x.shape)
            for find in (partial(self._around_eighths, enough=enough), self._far_out):
                other, left = find(x[lost])
                # nothing that contradicts what is certain: tanh(1e-30·x) + 1 is 1 at ±2**36, and 0 at -1e50
                agrees = np.abs(other - y[lost]) <= off[lost] + np.where(np.isfinite(left), left, 0.0)
                closer = (left < room[lost]) & agrees
                y[lost[closer]], room[lost[closer]] = other[closer], left[closer]
        lost = np.flatnonzero((room > 0 if to_the_last_bit else np.isinf(room)) & ~ended)
        if 0 < lost.size <= most:
            share = _MOST_BITS if to_the_last_bit else min(_MOST_BITS, _SHARED_BITS // lost.size)
            needed = np.minimum(_needed_bits(number, x.shape)[lost], share)
            for i, bits in zip(lost.tolist(), needed.tolist(), strict=True):
                known = self.ball(float(x[i]), bits)
                if known is not None:
                    y[i], room[i] = known, 0.0
        return y, room

    def ball(self, x: float, needed: float) -> float | None:
        """Return the result at one number, at four times as many bits again and again; None if `needed` are too few."""
        bits, needed = _FIRST_BITS, math.ceil(needed)
        while not self.effort.is_spent:
            before = spent()
            y = ball_at(self.program, self.order, x, dict(self.parameters), self.wrt, bits)
            self.effort.take_ball(self.program, self.order, bits, spent() - before)
            if y.is_trusted:
                return (y * math.factorial(self.order)).rounded
            if bits >= needed or y.r == NO_NUMBER or (y.r < 0 and bits > _MOST_BITS // 2):
                return None
            bits = min(4 * bits, needed)
        return None

    def _around_eighths(self, x: Array, enough: float) -> tuple[Array, Array]:
        y, room = np.full_like(x, np.nan), np.full_like(x, np.inf)
        nearest = np.rint(x * 8.0) / 8.0
        close = np.abs(x - nearest) <= _NEAR
        for centre in sorted(distinct(nearest[close]).tolist(), key=abs)[:_MOST_CENTRES]:
            here = np.flatnonzero(close & (nearest == centre))
            series = self.know((*self.key, centre), partial(_series_around, self, centre))
            if series is not None:
                step = x[here] - centre  # exact: both are multiples of the smaller one's last place
                total = series(step)
                y[here], room[here] = total.rounded, room_of(total, enough)
        return y, room

    def _far_out(self, x: Array) -> tuple[Array, Array]:
        """Return c·x**p beyond ±2**36 where f is that at ±2**30 and at ±2**36 already: exponentials have decided."""
        y, room = np.full_like(x, np.nan), np.full_like(x, np.inf)
        for sign in (-1.0, 1.0):
            here = sign * x > _FARTHER
            if not here.any():
                continue
            power = self.know(("far", sign, *self.key), partial(_far_power, self, sign))
            if power is not None:
                factor, p = power
                y[here], room[here] = factor * x[here] ** p, 0.0
        return y, room

    def count_call(self) -> int:
        """Return how many calls for this task there were, with this one: of the effort, if that is limited."""
        calls = self.effort.calls if self.effort.is_limited else self.know(("calls", *self.key), Counter)
        calls[self.key] += 1
        return int(calls[self.key])

    def know(self, key: tuple[Any, ...], find: Callable[[], Any]) -> Any:
        """Return what is found once for a task; the program is kept with it, so that its id stays its own."""
        if key in _KNOWN:
            found, _, units, parts = _KNOWN[key]
            self.effort.take_again(key, units, parts)
            return found
        before, so_far = self.effort.used, len(self.effort.found)
        with np.errstate(all="ignore"):
            found = find()
        if not self.effort.is_spent:  # else it may be a part of what there is to find
            if len(_KNOWN) >= _MOST_KNOWN:
                _KNOWN.clear()
            parts = self.effort.found[so_far:]
            _KNOWN[key] = (found, self.program, self.effort.used - before, parts)
            self.effort.note(key)
        return found

    def is_known(self, x: Array) -> NDArray[np.bool_]:
        """Return where the result at x can be relied on: its digits survive in 106 bits, or it ends a branch.

        When the effort is spent, the results are those of float64, and counted as known.
        """
        if self.effort.is_spent:
            return np.ones(x.shape, np.bool_)
        self.effort.take_arrays(self.program, self.order, x.size)
        found, unsure, _ = coefficients(self.program, self.order, x, dict(self.parameters), self.wrt)
        known = (
            np.array(np.broadcast_to(extended(coefficient(found, self.order)).trusted(), x.shape)) | unsure
        )
        if not known.all():
            known[~known] = self.extended(x[~known])[1] == 0
        return known


def _needed_bits(number: Extended, shape: tuple[int, ...]) -> Array:
    """Return the bits at which a result is known, or known to be too small for float64, from its error at 106 bits."""
    with np.errstate(all="ignore"):
        lost = np.log2(number.e) + number.k
    needed: Array = np.broadcast_to(
        np.where(np.isfinite(lost), np.maximum(lost, 0.0) + 1300.0, np.inf), shape
    )
    return needed


def room_of(number: Extended, enough: float = ENOUGH) -> Array:
    """Return the error that a result may have beyond rounding: 0 if trusted, inf if nine digits are not certain."""
    with np.errstate(all="ignore"):
        error = np.where(number.e <= _NINE_DIGITS * np.abs(number.h), number.error, np.inf)
    return np.where(number.trusted(enough), 0.0, error)


def repair(
    kernel: Kernel,
    definition: Definition,
    order: int,
    parameters: Mapping[str, float],
    wrt: str = "x",
    effort: Effort | None = None,
) -> Kernel:
    """Return a float64 kernel of a formula, or of a derivative of it, that gives the lost digits back.

    The kernel takes and returns a float64 array of one axis. A formula that asks to be computed as it is written,
    by `plain`, keeps its kernel.
    """
    tree = read_expression(definition).tree
    if any(isinstance(node, Call) and node.name == "plain" for node in walk(tree)):
        return kernel
    values = tuple(sorted(parameters.items()))
    return partial(_run_repaired, kernel, definition, order, values, wrt, effort or Effort())


def is_known(
    definition: Definition,
    order: int,
    parameters: Mapping[str, float],
    x: Array,
    effort: Effort | None = None,
) -> NDArray[np.bool_]:
    """Return where a formula's value or derivative at x can be relied on; x of one axis, float64."""
    formula = read_expression(definition)
    if any(isinstance(node, Call) and node.name == "plain" for node in walk(formula.tree)):
        return np.ones(x.shape, np.bool_)
    with np.errstate(all="ignore"):
        values = tuple(sorted(parameters.items()))
        return Task(formula.unfolded, order, values, effort=effort or Effort()).is_known(x)


def _run_repaired(
    kernel: Kernel,
    definition: Definition,
    order: int,
    parameters: tuple[tuple[str, float], ...],
    wrt: str,
    effort: Effort,
    x: Array,
) -> Array:
    y = kernel(x)
    task = Task(read_expression(definition).unfolded, order, parameters, wrt, effort)
    effort.take_floats(task.program, order, x.size)
    if effort.is_spent:
        return y
    if x.size <= FEW and task.count_call() <= _MOST_DIRECT:
        return _replace(task, x, y, np.arange(x.size))
    cells = task.know(task.key, partial(_find_cells, task, kernel))
    where = cells.hold(x)
    lost = np.isnan(y)
    if lost.sum() <= FEW:  # the grid may have missed where 0·inf begins
        where |= lost
    return _replace(task, x, y, np.flatnonzero(where))


def _replace(task: Task, x: Array, y: Array, where: NDArray[np.intp]) -> Array:
    where = where[np.isfinite(x[where])]
    result = y
    with np.errstate(all="ignore"):
        for start in range(0, where.size, _PIECE):
            here = where[start : start + _PIECE]
            better, room = task.extended(x[here])
            # NaN is no number at all: a few are worth any effort
            for i in np.flatnonzero(np.isnan(y[here]) & np.isinf(room))[:_MOST_LOST].tolist():
                known = task.ball(float(x[here[i]]), _BITS_OF_LOST)
                if known is not None:
                    better[i], room[i] = known, 0.0
            wrong = differs(y[here], better, room)
            if wrong.any():
                result = y.copy() if result is y else result
                result[here[wrong]] = better[wrong]
    return result


def differs(y: Array, better: Array, room: Array, ulp: float = WORST) -> NDArray[np.bool_]:
    """Return where y is more ULP off from a better number, or more times its `room`."""
    near = np.abs(y - better) <= ulp * np.maximum(np.spacing(np.abs(better)), room)
    wrong: NDArray[np.bool_] = np.isfinite(room) & ~(near | (y == better) | (np.isnan(y) & np.isnan(better)))
    return wrong


def _find_cells(task: Task, float64: Kernel) -> LosingCells:
    edges = GRID
    losing, crossing = _look(task, float64, edges)
    # a root loses digits only close by: look again inside of its cell
    roots = np.flatnonzero(crossing & ~losing)[:_MOST_ROOTS]
    if roots.size:
        between = [np.linspace(edges[i], edges[i + 1], _INSIDE)[1:-1] for i in roots]
        edges = np.sort(np.concatenate([edges, *between]))
        losing, crossing = _look(task, float64, edges)
        losing |= crossing
    # one point that is right by chance, between two cells that are not, makes no gap
    losing[1:-1] |= losing[:-2] & losing[2:]
    starts = losing & ~np.concatenate([[False], losing[:-1]])
    ends = losing & ~np.concatenate([losing[1:], [False]])
    return LosingCells(edges[:-1][starts], edges[1:][ends])


def _look(task: Task, float64: Kernel, edges: Array) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which intervals between edges lose digits at an end, and in which the result changes its sign."""
    y = float64(edges)
    better, room = task.extended(edges, _IN_GRID)
    lost = differs(y, better, room, _SUSPECT)
    crossing = y[1:] * y[:-1] < 0
    return lost[1:] | lost[:-1], crossing


_MOST_KNOWN = 256
_MOST_ROOTS = 24
_INSIDE = 18
_MOST_DIRECT = 3
_KNOWN: dict[tuple[Any, ...], tuple[Any, Program, float, tuple[Any, ...]]] = {}
"""What was found, its program, the units that it took, and the keys of what was found on the way."""


def _far_power(task: Task, sign: float) -> tuple[float, int] | None:
    """Return c and p of the power c·x**p that f is at sign·2**30 and at sign·2**36; None where it is none."""
    (near, far), room = task.extended(sign * np.array([_FAR, _FARTHER]))
    for p in _POWERS:
        factor = float(near / (sign * _FAR) ** p)
        if not room.any() and factor == far / (sign * _FARTHER) ** p:
            return factor, p
    return None


def _series_around(task: Task, centre: float) -> Callable[[Array], Extended] | None:
    """Return what is computed as a function of the distance from a centre; None where its series is not known."""
    order, given = task.order, dict(task.parameters)
    task.effort.take_ball(task.program, order + _FIRST, BITS_AT_A_POINT)
    first = coefficients_at(task.program, order + _FIRST, centre, given)
    if first is None or not any(c.is_trusted and c.m for c in first[order:]):
        return None
    task.effort.take_ball(task.program, _TERMS + order, BITS_AT_A_POINT)
    found = coefficients_at(task.program, _TERMS + order, centre, given) or []
    terms: list[Extended] = []
    for k in range(order, len(found)):
        if found[k].r < 0:
            break
        terms.append(as_extended(found[k]) * float(math.perm(k, order)))
    if len(terms) < _TERMS - 3:
        return None
    # sizes as powers of two: those of tanh(1e31·x) are beyond float64
    sizes = [
        float(np.ravel(np.log2(np.abs(term.h)) + term.k)[0]) + k * math.log2(_NEAR)
        for k, term in enumerate(terms)
    ]
    if not max(sizes[-3:]) <= max(sizes) - 70.0:
        return None

    def series(step: Array) -> Extended:
        h = extended(step)
        total = terms[-1]
        for term in terms[-2::-1]:
            total = total * h + term
        return total

    return series
