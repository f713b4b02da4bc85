"""Values with their first two derivatives, in mpmath: the reference against which the core is measured.

A Jet carries f, f', f'' through arithmetic exactly as the chain rule says, in arbitrary precision. So a reference
is written once, as the plain textbook formula, and its derivatives follow without anybody's algebra.
"""

from dataclasses import dataclass

import mpmath as mp


@dataclass(frozen=True)
class Jet:
    f: mp.mpf
    d1: mp.mpf = mp.mp.zero
    d2: mp.mpf = mp.mp.zero

    def __add__(self, other):
        o = jet(other)
        return Jet(self.f + o.f, self.d1 + o.d1, self.d2 + o.d2)

    def __neg__(self):
        return Jet(-self.f, -self.d1, -self.d2)

    def __sub__(self, other):
        return self + -jet(other)

    def __rsub__(self, other):
        return jet(other) - self

    def __mul__(self, other):
        o = jet(other)
        return Jet(
            self.f * o.f, self.d1 * o.f + self.f * o.d1, self.d2 * o.f + 2 * self.d1 * o.d1 + self.f * o.d2
        )

    def __truediv__(self, other):
        return self * apply(jet(other), lambda v: (1 / v, -1 / v**2, 2 / v**3))

    def __rtruediv__(self, other):
        return jet(other) / self

    __radd__, __rmul__ = __add__, __mul__


def jet(value):
    return value if isinstance(value, Jet) else Jet(mp.mpf(value))


def value(x):
    return x.f if isinstance(x, Jet) else mp.mpf(x)


def apply(x, function):
    """The chain rule: `function` gives g, g', g'' at a number."""
    g, g1, g2 = function(x.f)
    return Jet(g, g1 * x.d1, g2 * x.d1**2 + g1 * x.d2)


def exp(x):
    def g(v):
        e = mp.exp(v)
        return e, e, e

    return apply(jet(x), g)


def log(x):
    return apply(jet(x), lambda v: (mp.log(v), 1 / v, -1 / v**2))


def sqrt(x):
    return apply(jet(x), lambda v: (mp.sqrt(v), 1 / (2 * mp.sqrt(v)), -1 / (4 * mp.sqrt(v) ** 3)))


def sin(x):
    return apply(jet(x), lambda v: (mp.sin(v), mp.cos(v), -mp.sin(v)))


def tanh(x):
    def g(v):
        t = mp.tanh(v)
        return t, 1 - t * t, -2 * t * (1 - t * t)

    return apply(jet(x), g)


def arctan(x):
    return apply(jet(x), lambda v: (mp.atan(v), 1 / (1 + v * v), -2 * v / (1 + v * v) ** 2))


def erfc(x):
    def g(v):
        slope = -2 / mp.sqrt(mp.pi) * mp.exp(-v * v)
        # mpmath's erfc fails from 1e150 on; beyond 1e4 it is 0 or 2 to 10^7 digits
        return mp.erfc(v) if abs(v) < 1e4 else mp.mpf(0 if v > 0 else 2), slope, -2 * v * slope

    return apply(jet(x), g)
