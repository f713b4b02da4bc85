"""Axes: numbers to places, linear, logarithmic or symlog, with ticks at round numbers."""

import math
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from actcli.dataclass import dataclass
from actcli.exits import UsageError
from actcli.render.text.digits import short_exponent

Kind = Literal["linear", "log", "symlog"]
Places = NDArray[np.float64]

_MARGIN = 0.05
_DECADES_OF_SYMLOG = 3
_LARGEST_STEP = 1e308
_LARGEST = sys.float_info.max


@dataclass(frozen=True, slots=True)
class Tick:
    """A tick: its number, its place between 0 and 1, its text."""

    value: float
    place: float
    text: str


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis from `low` to `high`; a symlog axis is linear up to about `linear_to`, then logarithmic."""

    kind: Kind
    low: float
    high: float
    linear_to: float = 1.0

    def place(self, values: Places) -> Places:
        """Return places: 0 at the low end, 1 at the high end, NaN for numbers that the axis cannot show."""
        return _share(self._transform(values), *self._transform(np.array([self.low, self.high])).tolist())

    def ticks(self, most: int, *, whole: bool = False) -> list[Tick]:
        """Return about `most` ticks or fewer, but at least two; `whole`: only at whole numbers."""
        values = self._round_values(max(most, 2))
        if whole:
            values = [value for value in values if value == round(value)]
        texts = tick_texts(values) if self.kind == "linear" else [_power_text(v) for v in values]
        places = self.place(np.array(values)).tolist()
        pairs = zip(values, places, texts, strict=True)
        return [Tick(value, place, text) for value, place, text in pairs if 0 <= place <= 1]

    def _transform(self, values: Places) -> Places:
        match self.kind:
            case "linear":
                return values
            case "log":
                with np.errstate(divide="ignore", invalid="ignore"):
                    return np.where(values > 0, np.log10(values), np.nan)
            case _:
                return np.sign(values) * np.log10(1 + np.abs(values) / self.linear_to)

    def _round_values(self, most: int) -> list[float]:
        if self.kind == "linear":
            # a single tick does not show the scale: take a finer step, even if that gives more than `most`
            some = (round_numbers(self.low, self.high, m) for m in range(most, 3 * most))
            return next((values for values in some if len(values) > 1), [])
        if self.kind == "log":
            return _decades(self.low, self.high, most)
        top = max(abs(self.low), abs(self.high))
        powers = _decades(self.linear_to, top, max(most // 2, 2))
        values = [v for v in (*(-p for p in reversed(powers)), 0.0, *powers) if self.low <= v <= self.high]
        return values if len(values) > 1 else round_numbers(self.low, self.high, most)


def y_scale(
    kind: Kind, values: Sequence[Places], quantity: str, between: tuple[float, float] | None = None
) -> Scale:
    """Return the axis that shows all values with a small margin, or exactly what is `between`.

    Raises UsageError when a logarithmic axis has nothing above 0 to show.
    """
    if between is not None:
        return Scale(kind, *between, _linear_to(*between))
    visible = [v[v > 0] if kind == "log" else v for v in values]
    visible = [v for v in visible if v.size]
    if not visible:
        if kind == "log":
            raise UsageError(
                f"--log-y: {quantity} has no value above 0 in this range; --symlog shows all values"
            )
        return Scale(kind, -1.0, 1.0)
    low, high = min(float(v.min()) for v in visible), max(float(v.max()) for v in visible)
    if kind == "log":
        low, high = (low / 10, high * 10) if high < 1.01 * low else (low, high)
        air = (high / low) ** _MARGIN
        return Scale(kind, max(low / air, 5e-324), min(high * air, _LARGEST))
    if high - low <= 1e-9 * max(abs(low), abs(high)) or high == low:
        air = max(abs(low), abs(high)) or 1.0
        low, high = max(low - air, -_LARGEST), min(high + air, _LARGEST)
        return Scale(kind, low, high, _linear_to(low, high))
    air = _MARGIN * (high / 2 - low / 2) * 2 if high / 2 - low / 2 < 1e307 else 0.0
    return Scale(kind, low - air, high + air, _linear_to(low, high))


def round_numbers(low: float, high: float, most: int) -> list[float]:
    """Return multiples of 1, 2 or 5 times a power of ten between low and high, at most `most`."""
    step = _step(min((high / 2 - low / 2) / (max(most - 1, 1) / 2), _LARGEST_STEP))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [_times(n, step) for n in range(first, last + 1)]


def tick_texts(values: Sequence[float]) -> list[str]:
    """Return the texts of evenly spaced round numbers, with the same number of decimals."""
    top = max((abs(v) for v in values), default=0.0)
    step = min((abs(b - a) for a, b in pairwise(values)), default=top)
    if not top:
        return ["0"] * len(values)
    finest = _exponent(step or top)
    if top >= 1e6 or finest < -6:
        digits = max(_exponent(top) - finest, 0)
        return ["0" if v == 0 else short_exponent(f"{v:.{digits}e}") for v in values]
    return [f"{v:.{max(-finest, 0)}f}" for v in values]


def _share(values: Places, low: float, high: float) -> Places:
    # halves, because high - low may overflow
    return (values / 2 - low / 2) / (high / 2 - low / 2)


def _linear_to(low: float, high: float) -> float:
    return float(10.0 ** (_exponent(max(abs(low), abs(high))) - _DECADES_OF_SYMLOG + 1))


def _exponent(value: float) -> int:
    return int(f"{value:e}".partition("e")[2])


def _step(least: float) -> float:
    """Return the smallest of 1, 2, 5 times a power of ten that is not below `least`."""
    exponent = _exponent(least)
    for digit, power in ((1, exponent), (2, exponent), (5, exponent), (1, exponent + 1)):
        if float(f"{digit}e{power}") >= least * (1 - 1e-9):
            return float(f"{digit}e{power}")
    return float(f"2e{exponent + 1}")


def _times(n: int, step: float) -> float:
    return float(f"{n * step:.12g}")


def _decades(low: float, high: float, most: int) -> list[float]:
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    if first >= last:  # less than a decade: round numbers instead
        return [v for v in round_numbers(low, high, most) if v > 0]
    step = max(1, round(_step((last - first + 1) / most)))
    return [float(f"1e{power}") for power in range(first, last + 1) if power % step == 0 or step == 1]


def _power_text(value: float) -> str:
    return f"{value:g}" if value == 0 or 1e-3 <= abs(value) < 1e4 else short_exponent(f"{value:.12g}")
