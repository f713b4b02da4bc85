"""The elementary functions on Taylor series of numbers that know their error, by the equations that they satisfy."""

from collections.abc import Callable
from typing import Any

from actcli.activations.calculus.taylor import Jet, add, chain, divide, multiply, solve, subtract
from actcli.activations.extended.kinds import NumberKind

Rule = Callable[[NumberKind, Jet, int], Jet]
"""A function of a kind of numbers, a series of such numbers, and the order."""


def apply_function(name: str, numbers: NumberKind, u: Jet, order: int) -> Jet:
    """Return the series of a function of u."""
    return _SMOOTH[name](numbers, u, order)


def _count(u: Jet, order: int) -> int:
    """Return how many coefficients a function of u has: one where u is constant."""
    return order + 1 if len(u) > 1 else 1


def _exponential(name: str) -> Rule:
    """E' = e·u', whatever is added to the value."""

    def series(numbers: NumberKind, u: Jet, order: int) -> Jet:
        value = getattr(numbers.functions, name)(u[0])
        if _count(u, order) == 1:
            return [value]
        e: Jet = [numbers.functions.exp(u[0])]
        for k in range(1, order + 1):
            e.append(chain(u, e, k))
        return [value, *e[1:]]

    return series


def _primitive(name: str, slope: Rule) -> Rule:
    """F' = slope(u)·u'."""

    def series(numbers: NumberKind, u: Jet, order: int) -> Jet:
        value = getattr(numbers.functions, name)(u[0])
        if _count(u, order) == 1:
            return [value]
        g = slope(numbers, u, order)
        return [value, *(chain(u, g, k) for k in range(1, order + 1))]

    return series


def _pair(first: str, second: str, sign: float, pick: int) -> Rule:
    """S' = c·u', c' = sign·s·u': circular and hyperbolic functions."""

    def series(numbers: NumberKind, u: Jet, order: int) -> Jet:
        if _count(u, order) == 1:
            return [getattr(numbers.functions, (first, second)[pick])(u[0])]
        s, c = ([getattr(numbers.functions, name)(u[0])] for name in (first, second))
        for k in range(1, order + 1):
            s.append(chain(u, c, k))
            c.append(chain(u, s[:k], k) * sign)
        return (s, c)[pick]

    return series


def _root(name: str, exponent: float) -> Rule:
    """P·u' · exponent = p'·u, as a recurrence of the coefficients."""

    def series(numbers: NumberKind, u: Jet, order: int) -> Jet:
        p: Jet = [getattr(numbers.functions, name)(u[0])]
        for k in range(1, _count(u, order)):
            total: Any = 0.0
            for j in range(1, min(k, len(u) - 1) + 1):
                total = total + u[j] * p[k - j] * (j - (k - j) / exponent)
            p.append(total * exponent / (u[0] * k))
        return p

    return series


def _tanh(numbers: NumberKind, u: Jet, order: int) -> Jet:
    """T' = w, w' = -2·t·w."""
    if _count(u, order) == 1:
        return [numbers.functions.tanh(u[0])]
    bend = lambda t, w: multiply([p * -2.0 for p in t], w, len(w) - 1)  # noqa: E731
    return solve(numbers.functions.tanh(u[0]), numbers.functions.sech_squared(u[0]), bend, u, order)[0]


def _tan(numbers: NumberKind, u: Jet, order: int) -> Jet:
    return divide(_SMOOTH["sin"](numbers, u, order), _SMOOTH["cos"](numbers, u, order), order)


def _inverse(numbers: NumberKind, u: Jet, order: int) -> Jet:
    return divide([numbers.exact(1.0)], u, order)


def _inverse_of_one_plus(numbers: NumberKind, u: Jet, order: int) -> Jet:
    return _inverse(numbers, add(u, [numbers.exact(1.0)]), order)


def _logarithm_to(base: float) -> Rule:
    def series(numbers: NumberKind, u: Jet, order: int) -> Jet:
        unit = numbers.functions.log(numbers.exact(base))
        return [p / unit for p in _SMOOTH["log"](numbers, u, order)]

    return series


def _asinh_slope(numbers: NumberKind, u: Jet, order: int) -> Jet:
    """1/√(u² + 1)."""
    square = add(multiply(u, u, order), [numbers.exact(1.0)])
    return _inverse(numbers, _SMOOTH["sqrt"](numbers, square, order), order)


def _acosh_slope(numbers: NumberKind, u: Jet, order: int) -> Jet:
    """1/(√(u - 1)·√(u + 1)), which is not real below 1."""
    one = [numbers.exact(1.0)]
    below, above = (_SMOOTH["sqrt"](numbers, part, order) for part in (subtract(u, one), add(u, one)))
    return _inverse(numbers, multiply(below, above, order), order)


def _atanh_slope(numbers: NumberKind, u: Jet, order: int) -> Jet:
    """1/(√(1 - u)·√(1 + u))², which is not real beyond ±1."""
    one = [numbers.exact(1.0)]
    below, above = (_SMOOTH["sqrt"](numbers, part, order) for part in (subtract(one, u), add(one, u)))
    root = multiply(below, above, order)
    return _inverse(numbers, multiply(root, root, order), order)


def _erfinv(numbers: NumberKind, u: Jet, order: int) -> Jet:
    """y' = g = e**y²/(2/√π), g' = 2·y·g²."""
    y = numbers.functions.erfinv(u[0])
    if _count(u, order) == 1:
        return [y]
    g = numbers.functions.exp(y * y) / numbers.erf_slope()
    bend = lambda y, g: multiply([p * 2.0 for p in y], multiply(g, g, len(g) - 1), len(g) - 1)  # noqa: E731
    return solve(y, g, bend, u, order)[0]


def _bell(scale: float, sign: float) -> Rule:
    """sign·2/√π·e**(-scale·u²), times ½·√2 for the normal density."""

    def series(numbers: NumberKind, u: Jet, order: int) -> Jet:
        inner = [p * -scale for p in multiply(u, u, order)]
        factor = numbers.erf_slope() * sign
        if scale == 0.5:
            factor = factor * numbers.functions.sqrt(numbers.exact(0.125))
        return [p * factor for p in _SMOOTH["exp"](numbers, inner, order)]

    return series


_SMOOTH: dict[str, Rule] = {
    "exp": _exponential("exp"),
    "expm1": _exponential("expm1"),
    "log": _primitive("log", _inverse),
    "log1p": _primitive("log1p", _inverse_of_one_plus),
    "sqrt": _root("sqrt", 0.5),
    "cbrt": _root("cbrt", 1 / 3),
    "sin": _pair("sin", "cos", -1.0, 0),
    "cos": _pair("sin", "cos", -1.0, 1),
    "tan": _tan,
    "sinh": _pair("sinh", "cosh", 1.0, 0),
    "cosh": _pair("sinh", "cosh", 1.0, 1),
    "tanh": _tanh,
    "arctan": _primitive(
        "arctan", lambda numbers, u, order: _inverse_of_one_plus(numbers, multiply(u, u, order), order)
    ),
    "log2": _logarithm_to(2.0),
    "log10": _logarithm_to(10.0),
    "asinh": _primitive("asinh", _asinh_slope),
    "acosh": _primitive("acosh", _acosh_slope),
    "atanh": _primitive("atanh", _atanh_slope),
    "erfinv": _erfinv,
    "erf": _primitive("erf", _bell(1.0, 1.0)),
    "erfc": _primitive("erfc", _bell(1.0, -1.0)),
    "normcdf": _primitive("normal_cdf", _bell(0.5, 1.0)),
}
