"""Numbers of any precision that know how far off they may be: (m ± r)·2**k with integers m, r and k.

For the few places where 106 bits are not enough. Python's integers do the work: exact products, no limit of size. A
ball holds the true number; an operation keeps `bits` bits of m and makes r larger where it rounds. Where nothing is
known r is -1, and stays so; it is -2 where more bits would not help, as for log(-1).

Source: F. Johansson, Arb: efficient arbitrary-precision midpoint-radius interval arithmetic, 2017.
"""

import math
from dataclasses import dataclass

SPARE = 4
_RADIUS_BITS = 32
_ENOUGH = 57
_SMALLEST = -1080
_NOTHING = -(1 << 62)
NO_NUMBER = -2


@dataclass(frozen=True, slots=True)
class Ball:
    """One number (m ± r)·2**k; `bits` is the precision of results."""

    m: int
    r: int
    k: int
    bits: int

    __array_ufunc__ = None  # a NumPy number times one of ours asks us

    def __add__(self, other: "Ball | float") -> "Ball":
        other = ball(other, self.bits)
        if self.r < 0 or other.r < 0:
            return unknown(self.bits, min(self.r, other.r))
        if self.is_exact_zero or other.is_exact_zero:
            return self if other.is_exact_zero else other
        a, b = (self, other) if self.k >= other.k else (other, self)
        lowest = a.top - self.bits - SPARE
        if b.top < lowest:  # too small to be seen
            up = max(0, a.k - lowest)
            return _rounded(a.m << up, (a.r << up) + 1, a.k - up, self.bits)
        up = a.k - b.k
        return _rounded((a.m << up) + b.m, (a.r << up) + b.r, b.k, self.bits)

    def __neg__(self) -> "Ball":
        return Ball(-self.m, self.r, self.k, self.bits)

    def __sub__(self, other: "Ball | float") -> "Ball":
        return self + -ball(other, self.bits)

    def __rsub__(self, other: float) -> "Ball":
        return ball(other, self.bits) - self

    def __mul__(self, other: "Ball | float") -> "Ball":
        other = ball(other, self.bits)
        if self.r < 0 or other.r < 0:
            return unknown(self.bits, min(self.r, other.r))
        radius = abs(self.m) * other.r + abs(other.m) * self.r + self.r * other.r
        return _rounded(self.m * other.m, radius, self.k + other.k, self.bits)

    def __truediv__(self, other: "Ball | float") -> "Ball":
        other = ball(other, self.bits)
        room = abs(other.m) - other.r
        if self.r < 0 or other.r < 0 or room <= 0:
            return unknown(self.bits, min(self.r, other.r))
        up = max(0, self.bits + SPARE + other.m.bit_length() - self.m.bit_length())
        ratio, rest = divmod(self.m << up, other.m)
        radius = ((self.r << up) + (abs(ratio) + 1) * other.r) // room + 2 if self.r or other.r or rest else 0
        return _rounded(ratio, radius, self.k - other.k - up, self.bits)

    __radd__ = __add__
    __rmul__ = __mul__

    def __rtruediv__(self, other: float) -> "Ball":
        return ball(other, self.bits) / self

    @property
    def top(self) -> int:
        """The exponent of the power of two that is above the number's size."""
        if self.is_exact_zero:
            return _NOTHING
        return self.k + max(self.m.bit_length(), self.r.bit_length()) + 1

    @property
    def is_exact_zero(self) -> bool:
        """Whether the number is 0 and nothing else."""
        return not self.m and not self.r

    @property
    def is_exact(self) -> bool:
        """Whether the number has no error."""
        return not self.r

    @property
    def is_zero(self) -> bool:
        """Whether the number is not told apart from 0."""
        return self.r < 0 or abs(self.m) <= self.r

    @property
    def vanishes(self) -> bool:
        """Whether the number is 0 as far as three quarters of its bits say."""
        return self.r >= 0 and abs(self.m) <= self.r and self.top < -(3 * self.bits // 4)

    @property
    def sign(self) -> float:
        """The sign of m."""
        return float((self.m > 0) - (self.m < 0))

    @property
    def is_negative(self) -> bool:
        """Whether the number is certainly below 0."""
        return 0 <= self.r < -self.m

    @property
    def rounded(self) -> float:
        """The nearest float64; NaN where nothing is known."""
        return math.nan if self.r < 0 else as_float(self.m, self.k)

    @property
    def is_trusted(self) -> bool:
        """Whether 53 bits are right, or the number is too small for float64 whatever the error."""
        return self.r >= 0 and (self.r << _ENOUGH <= abs(self.m) or self.top < _SMALLEST)

    def floor(self) -> tuple["Ball", "Ball"]:
        """Return the largest whole number below, and the distance to the nearest whole number."""
        if self.r < 0 or self.top > 2 * self.bits:
            return unknown(self.bits, self.r), unknown(self.bits, self.r)
        whole = self.m << self.k if self.k >= 0 else self.m >> -self.k
        rest = self - whole
        if rest.m > 0 and rest.m.bit_length() + rest.k >= 0:
            rest = self - (whole + 1)  # not rest - 1: a tiny negative number is its own distance to 0
        return ball(whole, self.bits), rest

    def widened(self, radius: "Ball") -> "Ball":
        """Return the same number, off by up to the size of another more."""
        if self.r < 0 or radius.r < 0:
            return unknown(self.bits, min(self.r, radius.r))
        return self + Ball(0, abs(radius.m) + radius.r, radius.k, self.bits)


def ball(number: "Ball | float", bits: int) -> Ball:
    """Return a float or an integer as a ball, exactly.

    ±inf is larger than any other, by no certain amount; NaN is not known.
    """
    if isinstance(number, Ball):
        return number
    if isinstance(number, int):
        return Ball(number, 0, 0, bits)
    if math.isinf(number):
        return Ball(3 if number > 0 else -3, 1, -_NOTHING, bits)
    if math.isnan(number):
        return unknown(bits)
    numerator, denominator = float(number).as_integer_ratio()
    return Ball(numerator, 0, 1 - denominator.bit_length(), bits)


def unknown(bits: int, r: int = -1) -> Ball:
    """Return the ball of which nothing is known; there is no number where `r`, of what it is made of, says so."""
    return Ball(0, min(r, -1), 0, bits)


def as_float(m: int, k: int) -> float:
    """Return the float64 nearest to m·2**k; ±inf beyond the largest."""
    length = m.bit_length()
    if k + length < -1200:
        return math.copysign(0.0, 1 if m >= 0 else -1)
    if k + length > 1100:
        return math.inf if m > 0 else -math.inf
    try:
        return float(m << k) if k >= 0 else m / (1 << -k)
    except OverflowError:
        return math.inf if m > 0 else -math.inf


def _rounded(m: int, r: int, k: int, bits: int) -> Ball:
    """Return (m ± r)·2**k with at most `bits` bits of m, and few of r."""
    excess = max(m.bit_length() - bits, r.bit_length() - _RADIUS_BITS)
    if excess <= 0:
        return Ball(m, r, k, bits)
    kept = m >> excess
    return Ball(kept, (r >> excess) + 2 if r or kept << excess != m else 0, k + excess, bits)
