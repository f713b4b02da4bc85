"""Mean-field theory of deep random networks: how signals, gradients and correlations go through the layers.

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

from actcli.analysis.signal.correlation import CorrelationMap, settled
from actcli.analysis.signal.mean_field import HUGE, TINY, MeanField

Stability = Literal["stable", "marginal", "unstable"]

START = 1.0
"""The variance of the network's input."""

_STEPS = 300
_SAME = 2e-15
_ON_IT = 1e-12
"""What rounding may do to a number that is exactly 1."""
_LIMIT = 1e-9
"""How exactly a limit at 0 is known from a tiny variance."""
_NOTHING = 1e-12
"""A rate that is only rounding: the signal is there at once."""
_LARGEST = 1e100
"""A weight-std beyond which no edge is looked for."""
_BISECTIONS = 80


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: its function's mean field, and the weights that follow it.

    Attributes:
        field: of the function.
        weight_std: sw; the weights have the standard deviation sw/√fan_in.

    """

    field: MeanField
    weight_std: float

    def through(self, q: float, bias_std: float) -> float:
        """The variance behind the weights, where q is the one before the function."""
        return _scaled(self.weight_std, self.field.square(q)) + bias_std**2

    def chi(self, q: float) -> float:
        """sw² E f'(√q·z)²: what the variance of a gradient is multiplied by on its way back."""
        return _scaled(self.weight_std, self.field.slope_square(q))


@dataclass(frozen=True, slots=True)
class Phase:
    """Where deep layers end: the theory's numbers for a network without end.

    Attributes:
        fixed_point: q*, the variance that the signal, started at 1, tends to: may be 0 or inf. None where it
            goes round in a cycle. Of a stack: before its first function.
        chi: chi_1 at q*, of a stack its geometric mean over the layers; below 1 gradients vanish, above they
            explode, at 1 is the edge of chaos. None without q*.
        stability: `stable` where signals near q* come nearer, `unstable` where they drift away, so that only one
            that starts on it stays there; `marginal` where they keep their distance. None without q*.
        correlation: c*, what the correlation of two signals tends to; None where q* is 0, inf, unstable or None.
        signal_depth: xi_q = -1/ln|dq_l/dq_{l-1}| at q*, the layers in which the distance from q* shrinks to
            1/e; inf on the edge, None where nothing converges.
        correlation_depth: xi_c = -1/ln|dc_l/dc_{l-1}| at c*, the same for the correlation: how deep
            information about the input goes; None without c*.

    """

    fixed_point: float | None
    stability: Stability | None
    chi: float | None
    correlation: float | None
    signal_depth: float | None
    correlation_depth: float | None


def signals(layers: Sequence[Layer], bias_std: float, depth: int) -> tuple[float, ...]:
    """q_0 = 1, q_1 … q_depth: the variance of the signal behind each layer's weights. inf where it overflows."""
    found = [START]
    for layer in islice(cycle(layers), depth):
        found.append(layer.through(found[-1], bias_std))
    return tuple(found)


def gradients(layers: Sequence[Layer], signal: Sequence[float]) -> tuple[float, ...]:
    """The variance of the gradient by x_1 … x_depth, 1 at the last; `signal` is q_0 … q_depth.

    Layer l + 1 multiplies it by sw² E f'(√q_l·z)² on its way back. inf where it overflows.
    """
    depth = len(signal) - 1
    used = list(islice(cycle(layers), depth))
    found = [1.0]
    for layer in range(depth - 1, 0, -1):
        factor = used[layer].chi(signal[layer])
        # nothing comes back through a layer without slope, however steep the next
        found.append(0.0 if 0.0 in {found[-1], factor} else found[-1] * factor)
    return tuple(reversed(found))


def phase(layers: Sequence[Layer], bias_std: float) -> Phase:
    """The fixed points of variance and correlation, chi_1 and the depth scales."""
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
    correlation, slope = settled(maps)
    return Phase(end, stability, chi, correlation, depth, _depth_scale(slope, len(layers)))


def _stability(end: float, depth: float | None) -> Stability:
    """By the depth scale of q; infinity takes in all that grows."""
    if end == math.inf:
        return "stable"
    if depth is None:
        return "unstable"
    return "marginal" if depth == math.inf else "stable"


def fixed_point(layers: Sequence[Layer], bias_std: float) -> float | None:
    """The variance to which the signal tends from 1: may be 0 or inf; None where it ends in a cycle."""

    def through(q: float) -> float:
        for layer in layers:
            q = layer.through(q, bias_std)
        return q

    q, before = START, math.nan
    for _ in range(_STEPS):
        following = through(q)
        if following < sys.float_info.min:
            return 0.0  # what is left of so small a number may be rounded to itself for ever
        if following == math.inf or abs(following - q) <= _SAME * q:
            return following if following == math.inf else q
        q, before = following, q
    following = through(q)
    if (following - q) * (q - before) < 0:  # to and fro: slowly into the middle, or for ever
        middle = _between(through, *sorted((before, q)))
        rate = _rate(layers, bias_std, middle)
        return middle if rate is not None and abs(rate) < 1 else None
    return _ahead(through, q, up=following > q)


def edge(field: MeanField, bias_std: float) -> float | None:
    """The sw at which chi_1 is 1 at the q* that the signal reaches from 1; None where there is none.

    At a fixed point sw² = (q − sb²)/E f², so chi_1 = (q − sb²)·E f'²/E f² is a function of q alone, whose
    crossings of 1 are found along q; no fixed point has to be searched for each sw.
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
        candidates.append(weight_std(START))  # a function that scales: on the edge at every q
    grid = [floor + (floor or 1.0) * 10.0 ** (place / 8) for place in range(-80, 97)]
    sizes = [excess(q) for q in grid]
    for (low, high), (first, second) in zip(pairwise(grid), pairwise(sizes), strict=True):
        if first * second < 0 and min(abs(first), abs(second)) > _ON_IT:
            candidates.append(weight_std(_bisected(excess, low, high)))
    return next((sw for sw in sorted(candidates) if _is_edge(Layer(field, sw), bias_std)), None)


def _is_edge(layer: Layer, bias_std: float) -> bool:
    if not layer.weight_std < _LARGEST:
        return False
    end = fixed_point([layer], bias_std)
    if end is None or end == math.inf:
        return False
    rate = _rate([layer], bias_std, end)
    if rate is None or _depth_scale(rate, 1) is None:
        return False  # nothing stays on an unstable one
    chi = layer.chi(max(end, TINY))
    return abs(chi - 1) < 1e-6


def _ahead(through: Callable[[float], float], q: float, *, up: bool) -> float:
    """The next fixed point above or below, however slowly the signal goes there; inf or 0 where there is none."""
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
    """The fixed point between two variances that move towards or away from each other, at any scale."""

    def drift(logarithm: float) -> float:
        q = math.exp(logarithm)
        return through(q) - q

    return math.exp(_bisected(drift, math.log(max(low, 1e-300)), math.log(min(high, 1e300))))


def _bisected(g: Callable[[float], float], low: float, high: float) -> float:
    """A root of g between two points at which its signs differ."""
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
    found = [q]
    for layer in layers[:-1]:
        found.append(min(max(layer.through(found[-1], bias_std), TINY), HUGE))
    return found


def _rate(layers: Sequence[Layer], bias_std: float, q: float) -> float | None:
    """What a small distance from the fixed point q is multiplied by in a round; None at infinity."""
    if q == math.inf:
        return None
    if q == 0:  # the limit of the map's quotient, which a kink at 0 does not disturb
        after = TINY
        for layer in layers:
            after = layer.through(after, bias_std)
        return after / TINY
    rate = 1.0
    for layer, at in zip(layers, _orbit(layers, bias_std, q), strict=True):
        rate *= _scaled(layer.weight_std, layer.field.growth(at))
    return rate


def _depth_scale(rate: float, layers: int) -> float | None:
    """-1/ln|rate| in layers; inf at 1, 0 where one round arrives, None where nothing comes nearer."""
    size = _near_one(abs(rate), _LIMIT)
    if size <= _NOTHING:
        return 0.0
    if not size <= 1:
        return None
    if size == 1:
        return math.inf
    return -layers / math.log(size)


def _limit(chi: float) -> float:
    """0 or inf where chi at a variance of 1e-100 or 1e100 can only tend to it."""
    return 0.0 if chi < 1e-30 else math.inf if chi > 1e30 else chi


def _near_one(size: float, allowed: float = _ON_IT) -> float:
    return 1.0 if abs(size - 1) <= allowed else size


def _geometric_mean(factors: Sequence[float]) -> float:
    if 0.0 in factors:
        return 0.0
    return math.exp(sum(math.log(factor) for factor in factors) / len(factors))


def _scaled(weight_std: float, square: float) -> float:
    # a product, not a power, which raises where it overflows
    return weight_std * weight_std * square if weight_std and square else 0.0
