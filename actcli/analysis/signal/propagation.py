"""Mean-field theory of deep random networks: signals, gradients and correlations through the layers.

A layer applies its function, then its weights: x_l = W_l f_l(x_{l-1}) + b_l, with W ~ N(0, sw²/fan_in) and
b ~ N(0, sb²). In wide layers the x_l are normal, and their variance obeys q_l = sw² E f_l(√q_{l-1}·z)² + sb².
Poole et al. 2016 (Exponential expressivity in deep neural networks through transient chaos) and Schoenholz
et al. 2017 (Deep information propagation). Layers that differ repeat from the first; `layers` is one round.
"""

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice, pairwise
from typing import Literal

from actcli.analysis.signal.correlation import CorrelationMap, find_fixed_point
from actcli.analysis.signal.mean_field import HUGE, TINY, MeanField

Stability = Literal["stable", "marginal", "unstable"]

START = 1.0
"""The variance of the network's input."""

_STEPS = 300
_SAME = 2e-15
_ON_IT = 1e-12
"""The rounding error allowed in a number that is exactly 1."""
_LIMIT = 1e-9
"""The accuracy of a limit at 0 that is computed at a tiny variance."""
_NOTHING = 1e-12
"""A smaller rate is rounding error: the signal arrives at once."""
_LARGEST = 1e100
"""The largest σw at which an edge is searched."""
_BISECTIONS = 80


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: its function's mean field, and the weights after it.

    Attributes:
        field: that of the function.
        weight_std: sw; the weights have the standard deviation sw/√fan_in.

    """

    field: MeanField
    weight_std: float

    def through(self, q: float, bias_std: float) -> float:
        """Return the variance after the weights, for a variance q before the function."""
        return _scaled(self.weight_std, self.field.square(q)) + bias_std**2

    def chi(self, q: float) -> float:
        """Return sw² E f'(√q·z)², the factor for the variance of a gradient on its way back."""
        return _scaled(self.weight_std, self.field.slope_square(q))


@dataclass(frozen=True, slots=True)
class Phase:
    """The limits of infinite depth.

    Attributes:
        fixed_point: q*, the limit of the signal's variance, started at 1; may be 0 or inf, None for a cycle. For
            a stack it is the variance before its first function.
        chi: chi_1 at q*, for a stack the geometric mean over the layers; below 1 gradients vanish, above 1 they
            explode, and 1 is the edge of chaos. None without q*.
        stability: `stable` where signals near q* approach it, `unstable` where they drift away, so that only a
            signal that starts there stays; `marginal` where they keep their distance. None without q*.
        correlation: c*, the limit of two signals' correlation; None where q* is 0, inf, unstable or None.
        signal_depth: xi_q = -1/ln|dq_l/dq_{l-1}| at q*, the layers in which the distance from q* shrinks to
            1/e; inf on the edge, None without convergence.
        correlation_depth: xi_c = -1/ln|dc_l/dc_{l-1}| at c*, the same for the correlation: the depth that
            information about the input reaches; None without c*.

    """

    fixed_point: float | None
    stability: Stability | None
    chi: float | None
    correlation: float | None
    signal_depth: float | None
    correlation_depth: float | None


def signals(layers: Sequence[Layer], bias_std: float, depth: int) -> tuple[float, ...]:
    """Return q_0 = 1, q_1 … q_depth, the variance of the signal after each layer's weights; inf where it overflows."""
    variances = [START]
    for layer in islice(cycle(layers), depth):
        variances.append(layer.through(variances[-1], bias_std))
    return tuple(variances)


def gradients(layers: Sequence[Layer], signal: Sequence[float]) -> tuple[float, ...]:
    """Return the variance of the gradient by x_1 … x_depth, 1 at the last; `signal` is q_0 … q_depth.

    Layer l + 1 multiplies it by sw² E f'(√q_l·z)² on its way back. inf where it overflows.
    """
    depth = len(signal) - 1
    used = list(islice(cycle(layers), depth))
    variances = [1.0]
    for layer in range(depth - 1, 0, -1):
        factor = used[layer].chi(signal[layer])
        # no gradient passes a layer without slope, however steep the others are
        variances.append(0.0 if 0.0 in {variances[-1], factor} else variances[-1] * factor)
    return tuple(reversed(variances))


def phase(layers: Sequence[Layer], bias_std: float) -> Phase:
    """Return the fixed points of variance and correlation, chi_1 and the depth scales."""
    end = fixed_point(layers, bias_std)
    if end is None:
        return Phase(None, None, None, None, None, None)
    orbit = _orbit(layers, bias_std, min(max(end, TINY), HUGE))
    chis = [layer.chi(q) for layer, q in zip(layers, orbit, strict=True)]
    chi = _limit(_near_one(_geometric_mean(chis)))
    rate = _rate(layers, bias_std, end)
    depth = None if rate is None else _depth_scale(rate, len(layers))
    stability = _stability(end, depth)
    if not 0 < end < math.inf or stability == "unstable":
        return Phase(end, stability, chi, None, depth, None)
    maps = [
        CorrelationMap.of(layer.field, q, layer.weight_std, bias_std)
        for layer, q in zip(layers, orbit, strict=True)
    ]
    correlation, slope = find_fixed_point(maps)
    return Phase(end, stability, chi, correlation, depth, _depth_scale(slope, len(layers)))


def _stability(end: float, depth: float | None) -> Stability:
    """Return the stability that a depth scale of q means; an infinite q* attracts everything that grows."""
    if end == math.inf:
        return "stable"
    if depth is None:
        return "unstable"
    return "marginal" if depth == math.inf else "stable"


def fixed_point(layers: Sequence[Layer], bias_std: float) -> float | None:
    """Return the limit of the signal's variance, started at 1; may be 0 or inf, None for a cycle."""

    def through(q: float) -> float:
        for layer in layers:
            q = layer.through(q, bias_std)
        return q

    q, before = START, math.nan
    for _ in range(_STEPS):
        following = through(q)
        if following < sys.float_info.min:
            return 0.0  # so small a number may be rounded to itself for ever
        if following == math.inf or abs(following - q) <= _SAME * q:
            return following if following == math.inf else q
        q, before = following, q
    following = through(q)
    if (following - q) * (q - before) < 0:  # it alternates: slowly into the middle, or for ever
        middle = _between(through, *sorted((before, q)))
        rate = _rate(layers, bias_std, middle)
        return middle if rate is not None and abs(rate) < 1 else None
    return _ahead(through, q, up=following > q)


def edge(field: MeanField, bias_std: float) -> float | None:
    """Return the sw at which chi_1 is 1 at the q* that the signal reaches from 1; None where there is none.

    At a fixed point sw² = (q − sb²)/E f², so chi_1 = (q − sb²)·E f'²/E f² is a function of q alone. Its crossings
    of 1 are found along q, without a search for the fixed point of each sw.
    """
    floor = bias_std**2

    def excess(q: float) -> float:
        top, bottom = (q - floor) * field.slope_square(q), field.square(q)
        return top / bottom - 1 if bottom > 0 and math.isfinite(top) else math.nan

    def weight_std(q: float) -> float:
        bottom = field.square(q)
        return math.sqrt((q - floor) / bottom) if 0 < bottom < math.inf else math.nan

    candidates = []
    if not bias_std and abs(excess(TINY)) < _LIMIT:
        candidates.append(weight_std(TINY))
    if not bias_std and abs(excess(START)) < _ON_IT:
        candidates.append(weight_std(START))  # a scale-invariant function, on the edge at every q
    grid = [floor + (floor or 1.0) * 10.0 ** (place / 8) for place in range(-80, 97)]
    sizes = [excess(q) for q in grid]
    for (low, high), (first, second) in zip(pairwise(grid), pairwise(sizes), strict=True):
        if first * second < 0 and min(abs(first), abs(second)) > _ON_IT:
            candidates.append(weight_std(_bisect(excess, low, high)))
    return next((sw for sw in sorted(candidates) if _is_edge(Layer(field, sw), bias_std)), None)


def _is_edge(layer: Layer, bias_std: float) -> bool:
    if not layer.weight_std < _LARGEST:
        return False
    end = fixed_point([layer], bias_std)
    if end is None or end == math.inf:
        return False
    rate = _rate([layer], bias_std, end)
    if rate is None or _depth_scale(rate, 1) is None:
        return False  # no signal stays at an unstable fixed point
    chi = layer.chi(max(end, TINY))
    return abs(chi - 1) < 1e-6


def _ahead(through: Callable[[float], float], q: float, *, up: bool) -> float:
    """Return the next fixed point above or below, however slow the approach; inf or 0 where there is none."""
    sign = 1.0 if up else -1.0
    while 1e-290 < q < 1e290:
        factor = 1.3 if 1e-8 < q < 1e8 else 100.0
        ahead = q * factor if up else q / factor
        following = through(ahead)
        if following == math.inf:
            return math.inf
        if sign * (following / ahead - 1) < -_ON_IT:
            return _between(through, *sorted((q, ahead)))
        q = ahead
    return math.inf if up else 0.0


def _between(through: Callable[[float], float], low: float, high: float) -> float:
    """Return the fixed point between two variances that move towards or away from each other, at any scale."""

    def drift(logarithm: float) -> float:
        q = math.exp(logarithm)
        return through(q) - q

    return math.exp(_bisect(drift, math.log(max(low, 1e-300)), math.log(min(high, 1e300))))


def _bisect(g: Callable[[float], float], low: float, high: float) -> float:
    """Return a root of g between two points with different signs."""
    sign = g(low)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        if g(middle) * sign > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _orbit(layers: Sequence[Layer], bias_std: float, q: float) -> list[float]:
    variances = [q]
    for layer in layers[:-1]:
        variances.append(min(max(layer.through(variances[-1], bias_std), TINY), HUGE))
    return variances


def _rate(layers: Sequence[Layer], bias_std: float, q: float) -> float | None:
    """Return the factor for a small distance from the fixed point q in one round; None at infinity."""
    if q == math.inf:
        return None
    if q == 0:  # the limit of the map's ratio, which a kink at 0 does not disturb
        after = TINY
        for layer in layers:
            after = layer.through(after, bias_std)
        return after / TINY
    rate = 1.0
    for layer, at in zip(layers, _orbit(layers, bias_std, q), strict=True):
        rate *= _scaled(layer.weight_std, layer.field.growth(at))
    return rate


def _depth_scale(rate: float, layers: int) -> float | None:
    """Return -1/ln|rate| in layers; inf at 1, 0 where one round arrives, None without convergence."""
    size = _near_one(abs(rate), _LIMIT)
    if size <= _NOTHING:
        return 0.0
    if not size <= 1:
        return None
    if size == 1:
        return math.inf
    return -layers / math.log(size)


def _limit(chi: float) -> float:
    """Return chi, or 0 or inf where chi at a variance of 1e-100 or 1e100 shows that limit."""
    return 0.0 if chi < 1e-30 else math.inf if chi > 1e30 else chi


def _near_one(size: float, allowed: float = _ON_IT) -> float:
    return 1.0 if abs(size - 1) <= allowed else size


def _geometric_mean(factors: Sequence[float]) -> float:
    if 0.0 in factors:
        return 0.0
    return math.exp(sum(math.log(factor) for factor in factors) / len(factors))


def _scaled(weight_std: float, square: float) -> float:
    # a product overflows to inf, where a power would raise
    return weight_std * weight_std * square if weight_std and square else 0.0
