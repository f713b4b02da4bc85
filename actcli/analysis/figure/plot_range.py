"""The part of the x axis that shows an activation: its kinks, and as far as its slope still changes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation

_USUAL = 5.0
_SETTLED = 0.05
_FAR = 1e4
_MARGIN = 1.3
_ROUND = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


def usual_range(functions: Sequence[Activation]) -> tuple[float, float]:
    """Return the union of the ranges that show each function alone; -5 to 5 where nothing calls for another."""
    ranges = [_range_of(f) for f in functions]
    return min(low for low, _ in ranges), max(high for _, high in ranges)


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
