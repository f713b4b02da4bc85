"""Functions of the catalogue on intervals: the range by the points where f turns, and lines about sigmoid and tanh."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from actcli.activations import Activation, activation
from actcli.analysis.card.landmarks import pieces, sign_changes
from actcli.analysis.proof.box import TINY, UNIT, Flags, Numbers
from actcli.analysis.proof.piecewise import Image, best_lines, chord
from actcli.analysis.proof.steps import Lines

ULPS = 4
"""The error that is allowed for in an elementwise function of a runtime."""
_GATE = 16 * UNIT
"""Error of x · gate(x) per |x|: a gate of 1 + erf or 1 + tanh keeps no relative precision where it is near 0."""
_PARAMETER = 4 * UNIT
"""A parameter is known by its shortest decimal: it moves kinks and factors by so much."""
_MOST_POINTS = 24
"""A function that turns more often is a wave, of which not all turning points are known."""
_WAVES = 16.0

GATED = frozenset({"gelu", "gelu_tanh", "silu", "mish", "quick_gelu", "hard_swish", "tanhshrink"})
"""Functions that are computed as a product or a difference with x."""
LOGARITHMS = frozenset({"softplus", "log_sigmoid"})
"""Functions that several operators compute as log(1 + exp(x)), which overflows."""
_ABSOLUTE = 16 * UNIT
"""Error whatever the result, per size of f about 0: onnxruntime's sigmoid(-20) is 1.5e-8, its elu(-1e-8) is 0."""


@dataclass(frozen=True, slots=True, eq=False)
class _Landmarks:
    """Points at which f may have extremes: its values there, and beside a jump."""

    at: tuple[float, ...]
    values: tuple[tuple[float, ...], ...]
    flat: tuple[tuple[float, float], ...]
    wave: bool
    size: float


@lru_cache(maxsize=64)
def _landmarks(spec: str) -> _Landmarks:
    f = activation(spec)
    with np.errstate(all="ignore"):
        parts = pieces(f)
        turns = [at for part in parts for at in sign_changes(f.grad, part.x, part.slope).tolist()]
        jumps = {kink.at for kink in f.kinks if kink.jump}
        # where f rises on both sides of a kink, or falls, it has no extreme there
        passed = {kink.at for kink in f.kinks if not kink.jump and kink.slopes[0] * kink.slopes[1] > 0}
        points = sorted({*turns, *(kink.at for kink in f.kinks if kink.at not in passed)})
        values = []
        for at in points:
            near = [at, np.nextafter(at, -np.inf), np.nextafter(at, np.inf)] if at in jumps else [at]
            values.append(tuple(f(np.array(near)).tolist()))
        near_zero = np.abs(f(np.linspace(-2.0, 2.0, 65)))
    flat = tuple((part.low, part.high) for part in parts if part.flat)
    size = 1.0 + float(np.max(near_zero, where=np.isfinite(near_zero), initial=0.0))
    return _Landmarks(tuple(points), tuple(values), flat, len(points) > _MOST_POINTS, size)


@dataclass(frozen=True, slots=True)
class Smooth:
    """A function of the catalogue, by its specification, as float32 computes it.

    Attributes:
        spec: as `activation` takes it.
        composed: whether it is computed by several operators, each of which rounds.

    """

    spec: str
    composed: bool = False

    @property
    def _function(self) -> Activation:
        return activation(self.spec)

    @property
    def _name(self) -> str:
        return self.spec.partition(":")[0]

    def image(self, lower: Numbers, upper: Numbers) -> Image:
        """Return the range on each interval; NaN where f may leave its domain, or is a wave."""
        f, marks = self._function, _landmarks(self.spec)
        moved = [end + sign * _PARAMETER * np.abs(end) for end, sign in ((lower, -1), (upper, 1))]
        with np.errstate(all="ignore"):
            ends = [f.quick(end) for end in moved]
            low, high = np.minimum(*ends), np.maximum(*ends)
            for at, values in zip(marks.at, marks.values, strict=True):
                inside = (moved[0] <= at) & (at <= moved[1])
                np.minimum(low, min(values), out=low, where=inside)
                np.maximum(high, max(values), out=high, where=inside)
        if marks.wave or (self.composed and self._name in LOGARITHMS):
            unknown = self._unknown(*moved)
            low, high = np.where(unknown, np.nan, low), np.where(unknown, np.nan, high)
        error = self._error(lower, upper, low, high)
        flat = self._flat(moved[0], moved[1], low == high)
        return Image(low - error, high + error, error, flat)

    def _unknown(self, lower: Numbers, upper: Numbers) -> Flags:
        marks = _landmarks(self.spec)
        # exp(x) overflows above 88, and the sigmoid underflows below -100
        most = _WAVES if marks.wave else 80.0
        return np.asarray((lower < -most) | (upper > most), np.bool_)

    def _error(self, lower: Numbers, upper: Numbers, low: Numbers, high: Numbers) -> Numbers:
        """Return the error of float32: four units in the last place, and what the way of computing loses."""
        result = np.maximum(np.abs(low), np.abs(high))
        ulps = 2 * ULPS * UNIT + _PARAMETER + (16 * UNIT if self.composed else 0.0)
        error = ulps * result + _ABSOLUTE * _landmarks(self.spec).size + 2 * ULPS * TINY
        if self._name in GATED:
            reach = np.maximum(np.abs(lower), np.abs(upper))
            error = error + _GATE * reach
        return np.asarray(error, np.float64)

    def _flat(self, lower: Numbers, upper: Numbers, level: Flags) -> Flags:
        flat = np.zeros(lower.shape, np.bool_)
        if self._name not in GATED and not self.composed:
            for first, last in _landmarks(self.spec).flat:
                flat |= (first < lower) & (upper < last) & level
        return flat

    def lines(self, lower: Numbers, upper: Numbers) -> Lines | None:
        """Return the two best lines about sigmoid and tanh; None for other functions."""
        touching = _TOUCHING.get(self.spec)
        if touching is None:
            return None
        f = self._function
        with np.errstate(all="ignore"):
            first, last = f.quick(lower), f.quick(upper)
            middle = lower / 2 + upper / 2
            slopes = [chord(lower, upper, first, last), *map(f.grad, (lower, upper, middle))]

            def extremes(slope: Numbers) -> list[tuple[Numbers, Numbers]]:
                at = touching(slope)
                points = [lower, upper, np.clip(-at, lower, upper), np.clip(at, lower, upper)]
                return [(point, f.quick(point)) for point in points]

            return best_lines(lower, upper, slopes, extremes)

    def slope(self, x: Numbers) -> Numbers:
        """Return the slope at x."""
        with np.errstate(all="ignore"):
            return self._function.grad(x)


def _where_sigmoid_has(slope: Numbers) -> Numbers:
    """Return the x at which sigmoid'(x) = 1 / (4 cosh²(x / 2)) is the slope; inf for 0 or less, 0 for more than 1/4."""
    return 2 * np.arccosh(np.maximum(0.5 / np.sqrt(np.maximum(slope, 0.0)), 1.0))


def _where_tanh_has(slope: Numbers) -> Numbers:
    """Return the x at which tanh'(x) = 1 / cosh²(x) is the slope; inf for 0 or less, 0 for more than 1."""
    return np.arccosh(np.maximum(1.0 / np.sqrt(np.maximum(slope, 0.0)), 1.0))


_TOUCHING = {"sigmoid": _where_sigmoid_has, "tanh": _where_tanh_has}
