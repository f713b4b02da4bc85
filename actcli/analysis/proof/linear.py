"""Linear steps: dot products with constant weights, with a scale and a shift by channel folded into them or not."""

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from actcli.analysis.proof.box import (
    LARGEST,
    TINY,
    Box,
    Flags,
    Numbers,
    double_rounding,
    make_box,
    rounding,
)
from actcli.analysis.proof.kernels import Convolution, Kernel, reaches
from actcli.analysis.proof.steps import Enclosure

_ROUNDINGS = 4
"""Of a product, of the sum with the bias, and of sums with other tensors that a runtime takes into the dot product."""
_CONVOLVING = 10.0
"""The time of a multiplication in a convolution over that in a dense layer, going back (measured)."""
_COARSE = 2.0**-7
"""Rounding that widens bounds by less than this share is bounded by channel, not by position."""
_SMALLEST = 2.0**-126
"""The smallest float32 with full precision."""


@dataclass(frozen=True, slots=True, eq=False)
class ChannelScale:
    """A scale and a shift by channel, y = scale · x + shift: of a BatchNormalization, or constants of Mul and Add.

    Attributes:
        scale, shift: the exact numbers.
        size: the absolute values of all that is added on the way to the shift: |beta| + |mean · scale|.
        roundings: the most roundings that a number goes through, in any order of these operations.
        tiny: operations that may underflow, each times the factor that follows.
        peak: the largest product of factors on the way, at least 1 and abs(scale).
        offset: what is subtracted before the factors: abs(mean).

    """

    scale: Numbers
    shift: Numbers
    size: Numbers
    roundings: int
    tiny: Numbers
    peak: Numbers
    offset: Numbers

    def reshape(self, shape: tuple[int, ...]) -> "ChannelScale":
        """Return the same numbers in another shape."""
        arrays = (self.scale, self.shift, self.size, self.tiny, self.peak, self.offset)
        scale, shift, size, tiny, peak, offset = (array.reshape(shape) for array in arrays)
        return ChannelScale(scale, shift, size, self.roundings, tiny, peak, offset)

    @classmethod
    def product(cls, factor: Numbers) -> "ChannelScale":
        """Return the scale of a product with constants."""
        zero = np.zeros(factor.shape)
        return cls(factor, zero, zero, 1, np.ones(factor.shape), np.maximum(np.abs(factor), 1.0), zero)

    @classmethod
    def quotient(cls, divisor: Numbers) -> "ChannelScale":
        """Return the scale of a quotient by constants, which may be computed as a product with 1 / divisor."""
        with np.errstate(divide="ignore"):
            known = (np.abs(divisor) >= _SMALLEST) & (np.abs(divisor) <= 1 / _SMALLEST)
            factor = np.where(known, 1.0 / divisor, np.nan)
        return replace(cls.product(factor), roundings=3)

    @classmethod
    def total(cls, summand: Numbers, sign: float = 1.0) -> "ChannelScale":
        """Return the shift of a sum with constants; sign: of the other number, -1 for `summand - x`."""
        ones = np.ones(summand.shape)
        return cls(sign * ones, summand, np.abs(summand), 1, 0 * ones, ones, 0 * ones)

    @classmethod
    def normalization(
        cls, gain: Numbers, bias: Numbers, mean: Numbers, variance: Numbers, epsilon: float
    ) -> "ChannelScale":
        """Return the scale and shift of a batch normalization in inference."""
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            inverse = 1.0 / np.sqrt(variance + epsilon)
            scale = gain * inverse
            size = np.abs(bias) + np.abs(mean * scale)
            known = (variance >= 0) & (variance + epsilon >= _SMALLEST) & np.isfinite(scale)
            # a scale that underflows has no relative error
            known &= (np.abs(scale) >= _SMALLEST) | (gain == 0)
        scale = np.where(known, scale, np.nan)
        peak = np.maximum.reduce([np.abs(scale), np.abs(gain), inverse, np.ones(scale.shape)])
        tiny = 4 + np.abs(gain) + inverse
        return cls(scale, bias - mean * scale, size, 10, tiny, peak, np.abs(mean))


@dataclass(frozen=True, eq=False)
class Linear:
    """Dot products with constant weights, plus a bias by channel.

    The error in any order of summation is at most gamma_n · (|weights| · |x| + size), and TINY for each product that
    underflows (Higham 2002, section 3.1).

    Attributes:
        kernel: a dense layer or a convolution.
        weights: the exact weights, with all scales folded in.
        bias: by channel.
        size: the absolute values of all that is added to the bias, by channel.
        roundings: of a number, besides one for each term.
        tiny: how many TINY the operations that underflow add, by channel.
        norm: the sum of the absolute weights before a scale was folded in, by channel.
        gain: the largest product of factors of the scales, by channel.
        peak: a bound of all that is added to the bias on the way, by channel.
        plain: whether weights and bias are numbers of the model as they are.

    """

    kernel: Kernel
    weights: Numbers
    bias: Numbers
    size: Numbers
    roundings: int
    tiny: Numbers
    norm: Numbers
    gain: Numbers
    peak: Numbers
    plain: bool

    @classmethod
    def of(cls, kernel: Kernel, weights: Numbers, bias: Numbers | None) -> "Linear":
        """Return the step of a model's weights."""
        channels = len(weights)
        own = np.zeros(channels) if bias is None else bias
        return cls(
            kernel,
            weights,
            own,
            np.abs(own),
            _ROUNDINGS,
            2 * _row_sums(np.asarray(weights != 0, np.float64)),
            _row_sums(np.abs(weights)),
            np.ones(channels),
            np.abs(own),
            plain=True,
        )

    def behind(self, low: float, high: float) -> "Linear":
        """Return this step for inputs that were multiplied by constants, which a runtime may do with the sums instead.

        low: the product of the absolute factors below 1; high: of those above.
        """
        return replace(
            self,
            roundings=self.roundings + 1,
            tiny=self.tiny * high + 1,
            norm=self.norm / low if low else np.full(self.norm.shape, np.inf),
            plain=False,
        )

    def folded(self, scale: ChannelScale) -> "Linear":
        """Return this step and a scale by channel after it as one: a runtime may compute it either way."""
        by_row = scale.scale.reshape(-1, *(1,) * (self.weights.ndim - 1))
        factor = np.abs(scale.scale)
        return replace(
            self,
            weights=self.weights * by_row,
            bias=self.bias * scale.scale + scale.shift,
            size=self.size * factor + scale.size,
            roundings=self.roundings + scale.roundings,
            tiny=self.tiny * scale.peak + scale.tiny,
            gain=self.gain * scale.peak,
            peak=(self.peak + scale.offset) * scale.peak + scale.size,
            plain=False,
        )

    @cached_property
    def terms(self) -> Numbers:
        """The weights other than 0 of each channel."""
        return _row_sums(np.asarray(self.weights != 0, np.float64))

    @cached_property
    def cost(self) -> float:
        """Multiplications of one pass, as many as a dense layer does in the time."""
        if not len(self.weights):
            return 0.0
        products = math.prod(self.kernel.output_shape()) * int(self.weights[0].size)
        return float(products) * (_CONVOLVING if isinstance(self.kernel, Convolution) else 1.0)

    @cached_property
    def _absolute(self) -> Numbers:
        return np.abs(self.weights)

    def forward(self, *boxes: Box) -> Enclosure:
        """Return the bounds of the dot products."""
        (box,) = boxes
        kernel, terms = self.kernel, self.terms
        center, reach = box.center, box.magnitude
        middle = kernel.apply(self.weights, center)
        middle += kernel.by_channel(self.bias)
        spread = kernel.apply(self._absolute, box.radius(center))
        largest = float(np.nanmax(reach, initial=0.0))
        # folded weights may underflow, and then each x is multiplied by an error of TINY
        tiny = TINY * (self.tiny + (0.0 if self.plain else 8 * terms * self.gain * (largest + 1)))
        # the rounding of float64, here and on the way back
        own = double_rounding(spread.size + float(terms.max(initial=0.0))) * np.ones(terms.shape)
        relative = rounding(terms + self.roundings)
        if self.plain:
            # products with 0 are exact, and so is a sum with nothing else
            relative, own = (np.where(terms == 0, 0.0, part) for part in (relative, own))
        size = kernel.by_channel(kernel.largest_sums(self._absolute, reach) + self.size)
        coarse = kernel.by_channel(relative + own) * size
        if not (coarse <= _COARSE * spread).all():
            # the box is so narrow that rounding matters
            size = kernel.apply(self._absolute, reach) + kernel.by_channel(self.size)
            coarse = kernel.by_channel(relative + own) * size
        known = self._known(size, largest)
        slack = coarse + kernel.by_channel(tiny)
        spread *= kernel.by_channel(1.0 + own)
        spread += slack
        lower, upper = middle - spread, middle + spread
        if known is not None:
            lower, upper = np.where(known, lower, np.nan), np.where(known, upper, np.nan)
        if self.plain:
            lower, upper = self._keep_signs(box, lower, upper)
        slack = np.broadcast_to(slack, lower.shape)
        return Enclosure(make_box(lower, upper, self._fixed(box, lower.shape)), slack)

    def _known(self, size: Numbers, largest: float) -> Flags | None:
        """Return where no sum can overflow on the way, folded or not; None if that is everywhere."""
        # a folded weight may overflow before it meets a small number
        peaks = self.norm * self.gain * (largest if self.plain else max(largest, 1.0)) + self.peak
        if float(size.max(initial=0.0)) < LARGEST and float(peaks.max(initial=0.0)) < LARGEST:
            return None
        return np.asarray(self.kernel.by_channel(peaks < LARGEST) & (size < LARGEST), np.bool_)

    def _keep_signs(self, box: Box, lower: Numbers, upper: Numbers) -> tuple[Numbers, Numbers]:
        """Return the bounds, none beyond 0 where all terms have one sign: rounding keeps it in any order."""
        sign = 1.0 if (box.lower >= 0).all() else -1.0 if (box.upper <= 0).all() else 0.0
        if not sign:
            return lower, upper
        rows = sign * self.weights.reshape(len(self.weights), -1)
        falling = self.kernel.by_channel((rows <= 0).all(axis=1) & (self.bias <= 0))
        rising = self.kernel.by_channel((rows >= 0).all(axis=1) & (self.bias >= 0))
        return np.where(rising & (lower < 0), 0.0, lower), np.where(falling & (upper > 0), 0.0, upper)

    def _fixed(self, box: Box, shape: tuple[int, ...]) -> Flags:
        if not box.fixed.any():
            return np.broadcast_to(self.kernel.by_channel(self.terms) == 0, shape)
        return ~reaches(self.kernel, self.weights, ~box.fixed)

    def backward(self, rows: Numbers, enclosure: Enclosure) -> tuple[tuple[Numbers, ...], Numbers]:  # noqa: ARG002
        """Return the rows for the input, and what the bias adds."""
        shape = self.kernel.output_shape()
        bias = np.broadcast_to(self.kernel.by_channel(self.bias), shape).reshape(-1)
        flat = rows.reshape(len(rows), -1)
        rounded = double_rounding(bias.size) * (np.abs(flat) @ np.abs(bias))
        return self.pull(rows), flat @ bias + rounded

    def pull(self, rows: Numbers, *points: Numbers) -> tuple[Numbers, ...]:  # noqa: ARG002
        """Return the rows for the input."""
        return (self.kernel.pull(self.weights, rows),)


@dataclass(frozen=True, slots=True, eq=False)
class Affine:
    """A scale and a shift by constants that broadcast to the input, after something else than a dot product."""

    scale: ChannelScale
    cost: float = 0.0

    def forward(self, *boxes: Box) -> Enclosure:
        """Return the bounds of scale · x + shift."""
        (box,) = boxes
        by = self.scale
        ends = by.scale * box.lower, by.scale * box.upper
        size = np.abs(by.scale) * box.magnitude + by.size
        tiny = np.broadcast_to(TINY * by.tiny, size.shape)
        # a single operation with 0 or 1 is exact
        exact = (by.roundings == 1) & ((by.size == 0) & ((by.scale == 0) | (np.abs(by.scale) == 1)))
        error = np.where(exact, 0.0, rounding(by.roundings) * size + tiny)
        reached = error + np.where(exact, 0.0, double_rounding(0) * size)
        lower, upper = np.minimum(*ends) + by.shift - reached, np.maximum(*ends) + by.shift + reached
        known = by.peak * np.maximum(box.magnitude + by.offset, 1.0) + by.size < LARGEST
        lower, upper = np.where(known, lower, np.nan), np.where(known, upper, np.nan)
        fixed = np.logical_or(box.fixed, np.broadcast_to(by.scale == 0, box.fixed.shape) & known)
        return Enclosure(make_box(lower, upper, fixed), error + double_rounding(size.size) * size)

    def backward(self, rows: Numbers, enclosure: Enclosure) -> tuple[tuple[Numbers, ...], Numbers]:
        """Return the rows for the input, and what the shift adds."""
        shift = np.broadcast_to(self.scale.shift, enclosure.box.shape).reshape(-1)
        return self.pull(rows), rows.reshape(len(rows), -1) @ shift

    def pull(self, rows: Numbers, *points: Numbers) -> tuple[Numbers, ...]:  # noqa: ARG002
        """Return the rows times the scale."""
        return (rows * self.scale.scale,)


def _row_sums(array: Numbers) -> Numbers:
    sums: Numbers = array.reshape(len(array), -1).sum(axis=1)
    return sums
