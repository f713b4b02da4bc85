"""The part of the x axis that shows an activation: its kinks, and as far as its slope still changes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation
from actcli.analysis.figure.curves import Figure
from actcli.exits import UsageError

_USUAL = 5.0
_DRAWABLE = 1e300
_SETTLED = 0.05
_FAR = 1e4
_MARGIN = 1.3
_ROUND = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


def usual_range(functions: Sequence[Activation]) -> tuple[float, float]:
    """Return the union of the ranges that show each function alone; -5 to 5 where nothing calls for another."""
    ranges = [_range_of(f) for f in functions]
    return min(low for low, _ in ranges), max(high for _, high in ranges)


def require_values(figure: Figure, functions: Sequence[Activation]) -> None:
    """Raise UsageError for a figure without any curve; it names a range where the first function is defined."""
    if any(curve.segments for panel in figure.panels for curve in panel.curves):
        return
    f, (low, high) = functions[0], figure.range
    nothing = f"nothing to draw: {f.spec} has no finite value from {low:g} to {high:g}"
    run = _defined_run(f)
    if run is None:
        raise UsageError(f"{nothing}, and none was found elsewhere; check the formula")
    low, high = run
    if low > _DRAWABLE or high < -_DRAWABLE:
        raise UsageError(f"{nothing}, only beyond {np.copysign(_DRAWABLE, low):g}, where no chart reaches")
    raise UsageError(f"{nothing}; choose a range where it has, `range={low:g} {high:g}`")


def _defined_run(f: Activation) -> tuple[float, float] | None:
    """Return the ends of the samples next to each other, nearest 0, at which f is finite; None where it never is."""
    side = np.geomspace(1e-6, 1.7e308, 4001)
    x = np.concatenate([-side[::-1], [0.0], side])
    with np.errstate(all="ignore"):
        finite = np.isfinite(f(x))
    if not finite.any():
        return None
    first = last = int(np.flatnonzero(finite)[np.abs(x[finite]).argmin()])
    while first > 0 and finite[first - 1]:
        first -= 1
    while last + 1 < x.size and finite[last + 1]:
        last += 1
    low, high = float(x[first]), float(x[last])
    if low > 0:
        high = min(high, 4 * low)
    elif high < 0:
        low = max(low, 4 * high)
    return (low, high) if low < high else None


def steepest(f: Activation) -> float | None:
    """Return the supremum of |f'|, within 1e-4 of it; None when the slope grows without bound."""
    x, slope = _slopes(f)
    near = np.abs(slope[np.abs(x) <= _FAR / 10])
    if not np.isfinite(slope).any():
        return None
    at_kinks = [abs(s) for kink in f.kinks for s in kink.slopes if np.isfinite(s)]
    sup = max([float(np.nanmax(np.abs(slope))), *at_kinks])
    inner = max([float(np.nanmax(near)), *at_kinks]) if np.isfinite(near).any() else 0.0
    return sup if np.isfinite(sup) and sup <= 2 * inner else None


def round_up(value: float) -> float:
    """Return the next round number at or above `value`: 1, 1.5, 2, 3, 4, 5, 6, 8 or 10 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(next(r * power for r in _ROUND if r * power >= value * (1 - 1e-12)))


def _range_of(f: Activation) -> tuple[float, float]:
    low, high = f.definition.domain
    if np.isfinite(low) and np.isfinite(high):
        return low, high
    radius = _USUAL
    top = steepest(f)
    if top:
        settled = _distance_to_settle(f, top)
        if settled:
            bounded = bool(np.all(np.abs(f.grad(np.array([-_FAR, _FAR]))) < 1e-3 * top))
            radius = round_up(1.1 * settled)
            if not bounded:
                radius = max(radius, _USUAL)
    corners = [abs(kink.at) for kink in f.kinks if _visible(f, kink.at)]
    if corners and max(corners) > radius / _MARGIN:
        radius = round_up(_MARGIN * max(corners))
    return -radius, radius


def _distance_to_settle(f: Activation, top: float) -> float | None:
    """Return the distance from 0 beyond which the slope stays near its limit; None where it never does."""
    x, slope = _slopes(f)
    far = np.where(x < 0, slope[0], slope[-1])
    moving = ~(np.abs(slope - far) <= _SETTLED * top)
    last = float(np.max(np.abs(x[moving]), initial=0.0))
    return last if last < _FAR / 20 else None


def _slopes(f: Activation) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    half = np.geomspace(1e-3, _FAR, 1200)
    x = np.concatenate((-half[::-1], [0.0], half))
    return x, np.asarray(f.grad(x), np.float64)


def _visible(f: Activation, at: float) -> bool:
    """Return whether a person could see the kink; softplus's switch to a line at its threshold is invisible."""
    sides = np.array([np.nextafter(at, -np.inf), np.nextafter(at, np.inf)])
    value, slope = f(sides), f.grad(sides)
    with np.errstate(invalid="ignore"):  # inf − inf at a pole
        return bool(abs(value[1] - value[0]) > 1e-3 or abs(slope[1] - slope[0]) > 1e-3)
