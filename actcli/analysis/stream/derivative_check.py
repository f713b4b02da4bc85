"""A check of derivatives against extrapolated differences of the value.

Central differences at steps h, h/2, h/4 … are extrapolated to h = 0 (Richardson 1911), and each point uses the
entry of the table with the smallest error estimate (Ridders, Advances in Engineering Software 1982).
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation
from actcli.analysis.stream.evaluation import Numbers, derivative_name
from actcli.exits import ActcliError, ExitStatus

Floats = NDArray[np.float64]

_LEVELS = 13
_TOO_CLOSE = 2.0**-10
"""Points nearer to a kink than this times max(1, |x|) leave no room for a step."""
_TOO_FAR = 2.0**38
"""For larger |x|, x + h is inexact for the smallest step h."""
_CLOSER = (2.0**-9, 2.0**-16, 2.0**-22)
"""Steps of these shares are tried before a derivative is called wrong."""
_NOTHING_KNOWN = float(np.finfo(np.float64).max)
"""The uncertainty of differences that decide nothing."""
_AGREE, _NOISE = 0.1, 64.0
"""Smaller steps agree to so much, but for so many times the rounding of the value."""
_VALUE_ERROR = 4 * 2.0**-52
"""The relative error of a value, with room for formulas."""
_SUBNORMAL_ERROR = 2.0**-1072
"""The absolute error of values below the normal range."""
_SMALLEST = 2.0**-1022
"""No disagreement below the normal numbers counts: values have no digits there."""
_LOOSER = 4.0
"""The factor per order by which a higher derivative's rounding error may exceed that of a value."""
_CONTRADICTION = 16.0
"""A disagreement larger than so many error bounds counts, however small the derivative."""


class NothingToCheckError(ActcliError):
    """No point was left at which differences of the value can decide."""

    status = ExitStatus.NOT_ENOUGH_DATA


@dataclass(frozen=True, slots=True)
class DerivativeCheck:
    """The result of a check: how far a derivative is from the differences of its function.

    Attributes:
        function: the specification as the user typed it.
        quantity: the derivative that was checked, `gelu'(x)`.
        points: the count of points compared.
        largest_error: the largest |derivative − differences| / max of the two.
        worst_x, derivative, differences: the x of the largest error, and both values there.
        tolerance: the largest error allowed.
        kinks: the kinks within the range of the points; they are left out.
        near_kinks: the count of points left out because no step fits between them and a kink, or the domain's end.
        undecided: the count left out because rounding of the value hides the derivative (they agree within that).
        nonfinite: the count left out because x, the value or the differences are not finite.

    """

    function: str
    quantity: str
    points: int
    largest_error: float
    worst_x: float
    derivative: float
    differences: float
    tolerance: float
    kinks: tuple[float, ...]
    near_kinks: int
    undecided: int
    nonfinite: int

    @property
    def passed(self) -> bool:
        """Return whether the largest error is within the tolerance."""
        return self.largest_error <= self.tolerance


@dataclass(slots=True)
class _PointCounts:
    """The counts of points so far, their range, and the worst point."""

    points: int = 0
    near_kinks: int = 0
    undecided: int = 0
    nonfinite: int = 0
    low: float = math.inf
    high: float = -math.inf
    worst: tuple[float, float, float, float] = (0.0, math.nan, math.nan, math.nan)


def check_derivative(
    f: Activation,
    numbers: Iterable[Numbers] | None,
    *,
    order: int = 1,
    wrt: str = "x",
    tolerance: float = 1e-6,
) -> DerivativeCheck:
    """Compare a derivative with differences, on streams of numbers or on a built-in grid.

    A derivative of order 3 or more is compared with differences of the derivative one order below.

    By rows the whole Jacobian is compared (order 2: its diagonal's second derivative). Raises UsageError for a
    derivative that does not exist, NothingToCheckError when no point is left.
    """
    counts = _PointCounts()
    compare = _compare_rows if f.by_rows else _compare
    for block in _blocks(f, numbers, wrt):
        with np.errstate(all="ignore"):
            compare(f, block, order, wrt, tolerance, counts)
    quantity = derivative_name(f.spec, order, wrt if wrt == "x" else f.resolve_parameter(wrt))
    if not counts.points:
        raise NothingToCheckError(
            f"{quantity}: none of the points can be compared; choose points away from the kinks"
        )
    error, x, derivative, differences = counts.worst
    return DerivativeCheck(
        function=f.spec,
        quantity=quantity,
        points=counts.points,
        largest_error=error,
        worst_x=x,
        derivative=derivative,
        differences=differences,
        tolerance=tolerance,
        kinks=tuple(k.at for k in f.kinks if counts.low <= k.at <= counts.high),
        near_kinks=counts.near_kinks,
        undecided=counts.undecided,
        nonfinite=counts.nonfinite,
    )


def _blocks(f: Activation, numbers: Iterable[Numbers] | None, wrt: str) -> Iterator[Floats]:
    if numbers is not None:
        for stream in numbers:
            for block in stream.blocks:
                with np.errstate(invalid="ignore"):  # of signalling NaN
                    exact = np.asarray(block, np.float64)
                yield exact
    elif f.by_rows:
        width = next(n for n in (6, 12, 60) if _takes_rows_of(f, n))
        yield 2.0 * np.random.default_rng(0).standard_normal((64, width))
    else:
        low, high = f.definition.domain
        if math.isfinite(low) and math.isfinite(high):
            yield np.linspace(low, high, 403)[1:-1]
        else:
            # steps that do not meet the round numbers at which kinks lie
            near = np.arange(-9.987, 9.99, 0.0471)
            far = np.geomspace(10.0, 1e4, 25)
            yield np.concatenate([-far[::-1], near, far]) if wrt == "x" else near


def _takes_rows_of(f: Activation, n: int) -> bool:
    try:
        f.width(n)
    except ActcliError:
        return False
    return True


def _compare(f: Activation, x: Floats, order: int, wrt: str, tolerance: float, counts: _PointCounts) -> None:
    x = x.reshape(-1)
    finite = np.isfinite(x)
    counts.nonfinite += int((~finite).sum())
    x = x[finite]
    if not x.size:
        return
    counts.low, counts.high = min(counts.low, float(x.min())), max(counts.high, float(x.max()))
    scale = np.maximum(1.0, np.abs(x))
    room = _room(f, x)
    clear = room > _TOO_CLOSE * scale
    counts.near_kinks += int((~clear).sum())
    steps_fit = scale < _TOO_FAR
    counts.undecided += int((clear & ~steps_fit).sum())
    x, room = x[clear & steps_fit], room[clear & steps_fit]
    if not x.size:
        return
    derivative = np.asarray(f.grad(x, order=order, wrt=wrt), np.float64)
    if wrt == "x":
        step = np.minimum(0.5, 0.9 * room)
        differences, uncertainty = _differences(f, x, step, order)
        uncertainty = _doubt(f, x, step, order, (derivative, differences, uncertainty), tolerance)
    else:
        differences, uncertainty = _by_parameter(f, x, wrt)
    _judge(x, derivative, differences, uncertainty, tolerance, counts)


def _compare_rows(
    f: Activation, x: Floats, order: int, wrt: str, tolerance: float, counts: _PointCounts
) -> None:
    if wrt != "x":
        f.grad(x, wrt=wrt)  # raises the right error
    rows = x.reshape(-1, x.shape[-1])
    exact = f.jacobian(rows) if order == 1 else f.grad(rows, order=2)
    for j in range(rows.shape[1]):

        def moved(h: Floats, j: int = j) -> Floats:
            shifted = rows.copy()
            shifted[:, j] += h[:, 0]
            y = f(shifted)
            return y if order == 1 else y[:, j : j + 1]

        differences, uncertainty = _extrapolate(moved, np.full((len(rows), 1), 0.25), order)
        derivative = exact[:, :, j] if order == 1 else exact[:, j : j + 1]
        at = np.broadcast_to(rows[:, j : j + 1], derivative.shape)
        _judge(at.ravel(), derivative.ravel(), differences.ravel(), uncertainty.ravel(), tolerance, counts)


def _room(f: Activation, x: Floats) -> Floats:
    """Return the distance to the nearest kink or end of the domain."""
    room = np.full_like(x, math.inf)
    for end in (*(kink.at for kink in f.kinks), *f.definition.domain):
        if math.isfinite(end):
            room = np.minimum(room, np.abs(x - end))
    return room


def _by_parameter(f: Activation, x: Floats, wrt: str) -> tuple[Floats, Floats]:
    name = f.resolve_parameter(wrt)
    parameter = next(p for p in f.definition.parameters if p.name == name)
    at = f.parameters[name]
    if not math.isfinite(at):
        return np.zeros_like(x), np.zeros_like(x)  # the parameter is off: nothing depends on it
    room = at - parameter.low if math.isfinite(parameter.low) else math.inf
    if room == 0:
        raise NothingToCheckError(
            f"{f.spec}: {name} = {at:g} is at its bound; differences need values on both sides"
        )
    # in a product such as a·x a step of the parameter becomes |x| times as large
    step = min(max(abs(at), 0.125) / 4, 0.9 * room) / max(1.0, float(np.abs(x).max()) / 8)

    def value(h: Floats) -> Floats:
        return replace(f, parameters={**f.parameters, name: at + float(h)})(x)

    return _extrapolate(value, np.asarray(step), 1)


def _doubt(
    f: Activation,
    x: Floats,
    step: Floats,
    order: int,
    results: tuple[Floats, Floats, Floats],
    tolerance: float,
) -> Floats:
    """Return the uncertainty of the differences: endless where they disagree and smaller steps do not confirm them.

    Where a wave is faster than the steps, as cos(x^2) far out, differences are steady and wrong. So they are where the
    value has lost its digits.
    """
    derivative, differences, uncertainty = results
    result = uncertainty.copy()
    error = np.abs(derivative - differences)
    doubtful = np.flatnonzero(~(error <= np.maximum(tolerance * np.abs(differences), uncertainty)))
    result[doubtful[~f.is_known(x[doubtful])]] = _NOTHING_KNOWN
    for share in _CLOSER:
        here = doubtful[(result[doubtful] < _NOTHING_KNOWN) & (np.abs(x[doubtful]) < _TOO_FAR * share)]
        if not here.size:
            break
        closer, _ = _differences(f, x[here], step[here] * share, order)
        noise = _NOISE * _VALUE_ERROR * np.abs(f(x[here])) / (step[here] * share) ** min(order, 2)
        confirmed = np.abs(closer - differences[here]) <= _AGREE * np.abs(differences[here]) + noise
        result[here[~confirmed & (noise < error[here])]] = _NOTHING_KNOWN
    return result


def _differences(f: Activation, x: Floats, step: Floats, order: int) -> tuple[Floats, Floats]:
    if order <= 2:
        return _extrapolate_twice(lambda h: f(x + h), step, order)
    differences, uncertainty = _extrapolate_twice(lambda h: f.grad(x + h, order=order - 1), step, 1)
    # the core promises no bound here, since terms may cancel
    return differences, uncertainty * _LOOSER**order


def _extrapolate_twice(value: Callable[[Floats], Floats], step: Floats, order: int) -> tuple[Floats, Floats]:
    """Extrapolate from two steps without a common multiple, so that steps that span whole periods disagree."""
    first, uncertainty = _extrapolate(value, step, order)
    second, other = _extrapolate(value, 0.75 * step, order)
    best = np.where(uncertainty <= other, first, second)
    return best, np.minimum(uncertainty, other) + np.abs(first - second)


def _extrapolate(value: Callable[[Floats], Floats], step: Floats, order: int) -> tuple[Floats, Floats]:
    """Return the derivative at offset 0 of a function of the offset, and a bound of its error, in its shape."""
    centre = value(np.zeros_like(step))
    best = np.zeros_like(centre)
    uncertainty = np.full_like(centre, math.inf)
    previous: list[Floats] = []
    for level in range(_LEVELS):
        h = step * 0.5**level
        up, down = value(h), value(-h)
        size = np.maximum(np.maximum(np.abs(up), np.abs(down)), np.abs(centre))
        error = _VALUE_ERROR * size + _SUBNORMAL_ERROR
        if order == 1:
            entry, noise = (up - down) / (2 * h), error / h
        else:
            entry, noise = ((up - centre) - (centre - down)) / (h * h), 4 * error / (h * h)
        row = [entry]
        for m, older in enumerate(previous):
            factor = 4.0 ** (m + 1)
            better = row[-1] + (row[-1] - older) / (factor - 1)
            estimate = np.maximum(np.abs(better - row[-1]), np.abs(better - older)) + noise
            improves = estimate < uncertainty
            best = np.where(improves, better, best)
            uncertainty = np.where(improves, estimate, uncertainty)
            row.append(better)
        previous = row
    return best, uncertainty


def _judge(
    x: Floats,
    derivative: Floats,
    differences: Floats,
    uncertainty: Floats,
    tolerance: float,
    counts: _PointCounts,
) -> None:
    size = np.maximum(np.abs(derivative), np.abs(differences))
    finite = np.isfinite(differences) & np.isfinite(uncertainty)
    lost = np.isnan(derivative) & (
        uncertainty < _NOTHING_KNOWN
    )  # wrong, however uncertain the differences are
    # an infinite derivative is right where f is that steep, which differences cannot tell
    steady = uncertainty <= tolerance * np.maximum(np.abs(differences), 1.0)
    lost |= np.isinf(derivative) & steady
    counts.nonfinite += int((~finite).sum())
    error = np.abs(derivative - differences)
    contradicts = (error > np.maximum(_CONTRADICTION * uncertainty, _SMALLEST)) & np.isfinite(derivative)
    decided = finite & (
        (error == 0) | (uncertainty <= tolerance * np.where(np.isinf(size), 0.0, size)) | contradicts | lost
    )
    counts.undecided += int((finite & ~decided).sum())
    counts.points += int(decided.sum())
    if not decided.any():
        return
    with np.errstate(all="ignore"):
        # below 0, so that a point left out is never the worst, even where all others agree exactly
        relative = np.where(decided, np.where(error > 0, error / size, 0.0), -1.0)
    relative = np.where(decided & lost, math.inf, relative)
    worst = int(relative.argmax())
    if relative[worst] > counts.worst[0] or math.isnan(counts.worst[1]):
        counts.worst = (
            float(relative[worst]),
            float(x[worst]),
            float(derivative[worst]),
            float(differences[worst]),
        )
