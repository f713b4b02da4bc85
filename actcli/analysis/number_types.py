"""The floating-point types that networks run in: how they round, the spacing of their numbers, their limits."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.dataclass import dataclass

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LowType:
    """A binary floating-point type of at most 64 bits; its numbers are handled as float64, which holds them all.

    Attributes:
        name: `float16`, `bfloat16`, `float8_e4m3`.
        digits: bits of the significand, including the leading one that is not stored.
        smallest_exponent: that of the smallest normal number, 2**smallest_exponent.
        largest: the largest finite number.
        infinite: whether it has an infinity; without one, too large values become NaN (float8_e4m3).
        cast: the NumPy type, which rounds a float64 once and quickly; None where NumPy has none.

    """

    name: str
    digits: int
    smallest_exponent: int
    largest: float
    infinite: bool = True
    cast: np.dtype[Any] | None = None

    @property
    def unit_roundoff(self) -> float:
        """Return the largest relative error of rounding to a normal number, 2**−digits."""
        return float(np.ldexp(1.0, -self.digits))

    @property
    def largest_exponent(self) -> int:
        """Return the exponent of the largest finite number."""
        return int(np.frexp(self.largest)[1]) - 1

    @property
    def count(self) -> int:
        """Return the count of finite numbers that are not negative."""
        significand, exponent = np.frexp(self.largest)
        stored = int(np.ldexp(significand, self.digits)) - (1 << (self.digits - 1))
        return ((int(exponent) - self.smallest_exponent) << (self.digits - 1)) + stored + 1

    @property
    def bits(self) -> int:
        """Return how many bits store a number."""
        return (2 * self.count).bit_length()

    @property
    def pattern_type(self) -> np.dtype[Any]:
        """Return the unsigned integers that hold a number's bit pattern."""
        return np.dtype(f"u{self.bits // 8}")

    def decode(self, patterns: Indices) -> Floats:
        """Return the numbers with these bit patterns, 0 to 2**bits − 1, inf and NaN included."""
        sign = patterns >> (self.bits - 1)
        place = patterns & ((1 << (self.bits - 1)) - 1)
        beyond = np.where((place == self.count) & self.infinite, np.inf, np.nan)
        size = np.where(place < self.count, self.at(np.minimum(place, self.count - 1)), beyond)
        return np.copysign(size, np.where(sign, -1.0, 1.0))

    def at(self, place: Indices) -> Floats:
        """Return the numbers at these places in ascending order: place 0 is 0, 1 the smallest subnormal number.

        place: int64, |place| < count. A place that is not negative is the number's bit pattern.
        """
        size = np.abs(place)
        stored = self.digits - 1
        octave = size >> stored
        significand = (size & ((1 << stored) - 1)) | ((octave > 0).astype(np.int64) << stored)
        exponent = np.maximum(octave, 1) - 1 + self.smallest_exponent - stored
        value: Floats = np.ldexp(significand.astype(np.float64), exponent.astype(np.int32))
        return np.copysign(value, np.where(place < 0, -1.0, 1.0))

    def round(self, y: Floats) -> Floats:
        """Return the nearest numbers of the type, ties to even, rounded once.

        y: float64, any shape. Values half a step or more beyond the largest become infinite, or NaN.
        """
        with np.errstate(all="ignore"):
            if self.cast is not None:
                return y.astype(self.cast).astype(np.float64)
            # ml_dtypes converts float64 through float32 and so rounds twice
            step = self._exponents(y) - (self.digits - 1)
            rounded: Floats = np.ldexp(np.rint(np.ldexp(y, -step)), step)
            beyond = np.copysign(np.inf, y) if self.infinite else np.full_like(y, np.nan)
            return np.where(np.abs(rounded) > self.largest, beyond, rounded)

    def place(self, y: Floats) -> Indices:
        """Return the places of numbers of the type in ascending order, the inverse of `at`; −0 has the place 0.

        The place of inf is one after the largest number. y: float64, any shape, numbers of the type, not NaN.
        """
        if self.cast is not None:
            size = np.abs(y).astype(self.cast).view(self.pattern_type).astype(np.int64)
        else:
            exponent = self._exponents(y)
            step = exponent.astype(np.int64) - self.smallest_exponent
            with np.errstate(invalid="ignore"):
                digits = np.ldexp(np.abs(y), self.digits - 1 - exponent).astype(np.int64)
            # the leading digit of a normal number counts as one octave
            size = np.where(np.isinf(y), self.count, (step << (self.digits - 1)) + digits)
        return np.where(np.signbit(y), -size, size)

    def ulp(self, y: Floats) -> Floats:
        """Return the distance between the numbers of the type around y, positive.

        It is that of the binade 2**e <= |y| < 2**(e+1); below the normal numbers and at 0 that of the subnormal
        numbers, beyond the largest number and at inf that of the last binade. y: float64, any shape.
        """
        exponent = np.minimum(self._exponents(y), self.largest_exponent)
        unit: Floats = np.ldexp(1.0, exponent - (self.digits - 1))
        return unit

    def _exponents(self, y: Floats) -> NDArray[np.int32]:
        _, exponent = np.frexp(y)
        exponent = np.where(y == 0, self.smallest_exponent, exponent - 1)
        exponent = np.where(np.isfinite(y), exponent, self.largest_exponent)
        return np.maximum(exponent, self.smallest_exponent).astype(np.int32)


def numpy_type(dtype: np.dtype[Any]) -> LowType:
    """Return NumPy's float16, float32 or float64."""
    limits = np.finfo(dtype)
    return LowType(dtype.name, int(limits.nmant) + 1, int(limits.minexp), float(limits.max), cast=dtype)


BFLOAT16 = LowType("bfloat16", 8, -126, 255 * 2.0**120)
FLOAT8_E4M3 = LowType("float8_e4m3", 4, -6, 448.0, infinite=False)
FLOAT8_E5M2 = LowType("float8_e5m2", 3, -14, 57344.0)
"""The types of networks that NumPy lacks: bfloat16 (Google Brain), and both of Micikevicius et al., FP8 formats for
deep learning, 2022; float8_e4m3 is the variant without infinity that hardware has (e4m3fn)."""

ROUNDED = (BFLOAT16,)
"""The types in which results are computed although NumPy lacks them: rounded once, and held as float32."""


@cache
def _table(stored: LowType) -> NDArray[np.float32]:
    """Return all numbers of a type of 16 bits or fewer, indexed by their bit patterns."""
    return stored.decode(np.arange(1 << stored.bits)).astype(np.float32)


def widen(stored: LowType, patterns: NDArray[Any]) -> NDArray[np.floating[Any]]:
    """Return the numbers with these bit patterns, exactly; shapes are kept.

    patterns: unsigned integers of the type's size, in native or little-endian order. float16, float32 and float64
    come as themselves, others as float32. A bfloat16 is the upper half of a float32.
    """
    if stored.cast is not None:
        own: NDArray[np.floating[Any]] = patterns.astype(stored.pattern_type, copy=False).view(stored.cast)
        return own
    if stored is BFLOAT16:
        bits = patterns.astype(np.uint32)
        bits <<= 16
        return bits.view(np.float32)
    numbers: NDArray[np.float32] = _table(stored)[patterns]
    return numbers


def narrow(stored: LowType, numbers: NDArray[np.floating[Any]]) -> NDArray[Any]:
    """Return the bit patterns of numbers of the type, the inverse of `widen`; shapes are kept.

    numbers: of any float type, each a number of the type or NaN.
    """
    if stored.cast is not None:
        patterns: NDArray[Any] = numbers.astype(stored.cast, copy=False).view(stored.pattern_type)
        return patterns
    if stored is BFLOAT16:
        bits = numbers.astype(np.float32, copy=False).view(np.uint32)
        # the upper half of a NaN may be that of inf
        hidden = np.isnan(numbers) & ((bits & 0x7F0000) == 0)
        upper: NDArray[Any] = ((bits >> 16) | np.where(hidden, 0x40, 0)).astype(np.uint16)
        return upper
    y = numbers.astype(np.float64)
    missing = np.isnan(y)
    size = np.where(missing, (1 << (stored.bits - 1)) - 1, np.abs(stored.place(np.where(missing, 0.0, y))))
    whole: NDArray[Any] = size | np.signbit(y).astype(np.int64) << (stored.bits - 1)
    return whole.astype(stored.pattern_type)


def round_to(stored: LowType, values: NDArray[Any]) -> NDArray[np.float32]:
    """Return the nearest numbers of a type that NumPy lacks, as float32; rounded once from the exact values."""
    with np.errstate(invalid="ignore", over="ignore", under="ignore"):  # invalid: of signalling NaN
        exact = np.ascontiguousarray(values, np.float64)
        if stored is not BFLOAT16:
            return stored.round(exact).astype(np.float32)
        # by way of float32, ten times as fast: a second rounding goes wrong only where the first one made a tie
        near = exact.astype(np.float32)
        bits = near.view(np.uint32)
        ties = np.flatnonzero((bits & 0xFFFF) == 0x8000)
        upper = bits >> 16
        upper &= 1
        upper += 0x7FFF
        upper += bits
        upper &= 0xFFFF0000
        rounded: NDArray[np.float32] = upper.view(np.float32)
        if ties.size:
            rounded.flat[ties] = stored.round(exact.flat[ties])
        missing = np.isnan(near)
        if missing.any():
            rounded[missing] = near[missing]
        return rounded
