"""The language's operations and functions on series: each from a differential equation that it meets.

`side` is None for the derivative that PyTorch's autograd would return at a point where a function breaks: abs and
sign 0, min and max of equal numbers the mean, clip its argument's slope, a condition as it stands. −1 and +1 take
the branch just to the left or right.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from actcli.activations.families.normal import erf, erf_slope, erfc, normal_cdf, normal_density
from actcli.activations.formula.taylor import (
    Jet,
    at,
    chained,
    composed,
    convolved,
    direction,
    minus,
    negative,
    over,
    selected,
    solved,
    times,
)

Side = int | None


def kernel_at(kernel: Callable[..., Any], u: Any, **parameters: float) -> Any:
    """A kernel of arrays at an array, or at one number."""
    if np.ndim(u):
        return kernel(np.ascontiguousarray(u), **parameters)
    return kernel(np.array([u], np.float64), **parameters)[0]


def function(name: str, arguments: list[Jet], order: int, side: Side) -> Jet:
    """One of the language's functions of one, two or three series."""
    if name in {"min", "max"}:
        return _extreme(name, arguments[0], arguments[1], side)
    if name == "clip":
        return _clipped(arguments[0], arguments[1], arguments[2], side)
    if name == "logaddexp":
        return _logaddexp(arguments[0], arguments[1], order)
    u = arguments[0]
    if name in {"abs", "sign", "floor"}:
        return _broken(name, u, side)
    return _SMOOTH[name](u, order)


def power(base: Jet, exponent: Jet, order: int) -> Jet:
    """base^exponent."""
    if len(exponent) == 1 and np.ndim(exponent[0]) == 0:
        return composed(_power_series(base[0], float(exponent[0]), order), base, order)
    if len(base) == 1 and len(exponent) == 1:
        return [np.power(base[0], exponent[0])]
    u = times(exponent, _log(base, order), order)
    return _exponential(np.power(base[0], exponent[0]), u, order)


def remainder(a: Jet, b: Jet, side: Side) -> Jet:
    """a − b·floor(a/b)."""
    quotient = np.floor(a[0] / b[0])
    whole = a[0] == quotient * b[0]
    if side is not None and np.any(whole):
        past = direction(minus(over(a, b, 2), [quotient]), side) < 0
        quotient = np.where(whole & past, quotient - 1, quotient)
        return minus(a, [quotient * p for p in b])
    return [np.mod(a[0], b[0]), *minus(a, [quotient * p for p in b])[1:]]


def compared(operator: str, a: Jet, b: Jet, side: Side) -> Any:
    """Whether a < b, and so on, at t = 0 or just beside it."""
    compare = _COMPARISONS[operator]
    if side is None:
        return compare(a[0], b[0])
    equal = a[0] == b[0]
    return np.where(equal, compare(direction(minus(a, b), side), 0.0), compare(a[0], b[0]))


def sigmoid(u: Jet, order: int) -> Jet:
    """1/(1 + e^−u): s' = q, q' = q·(1 − 2s)."""
    from actcli.activations.specification import named_definition

    definition = named_definition("sigmoid")
    if definition is None or definition.slope is None:  # pragma: no cover - it is in the catalogue
        raise LookupError("sigmoid")
    value, slope = kernel_at(definition.value, u[0]), kernel_at(definition.slope, u[0])
    return solved(value, slope, lambda s, q: _product(q, minus([1.0], [2.0 * p for p in s])), u, order)[0]


def softplus(u: Jet, order: int) -> Jet:
    """log(1 + e^u), whose slope is the sigmoid."""
    slope = sigmoid(u, order)
    return [np.logaddexp(u[0], 0.0), *(chained(u, slope, k) for k in range(1, _count(u, order)))]


def _count(u: Jet, order: int) -> int:
    """How many coefficients a function of u has: one where u is constant."""
    return order + 1 if len(u) > 1 else 1


def _product(a: Jet, b: Jet) -> Jet:
    """a·b as far as both are known; here b may be shorter for zeros, a never."""
    return [convolved(a, b, k) for k in range(len(a))]


def _exponential(value: Any, u: Jet, order: int) -> Jet:
    e = [value]
    for k in range(1, _count(u, order)):
        e.append(chained(u, e, k))
    return e


def _exp(u: Jet, order: int) -> Jet:
    return _exponential(np.exp(u[0]), u, order)


def _expm1(u: Jet, order: int) -> Jet:
    return [np.expm1(u[0]), *_exp(u, order)[1:]]


def _logarithm(value: Any, u: Jet, order: int) -> Jet:
    """k·u₀·l_k = k·u_k − Σ j·l_j·u_(k−j)."""
    result = [value]
    for k in range(1, _count(u, order)):
        rest = k * at(u, k)
        for j in range(max(1, k - len(u) + 1), k):
            rest = rest - j * result[j] * u[k - j]
        result.append(rest / (k * u[0]))
    return result


def _log(u: Jet, order: int) -> Jet:
    return _logarithm(np.log(u[0]), u, order)


def _log1p(u: Jet, order: int) -> Jet:
    return _logarithm(np.log1p(u[0]), [1.0 + u[0], *u[1:]], order)


def _circular(u: Jet, order: int) -> tuple[Jet, Jet]:
    s, c = [np.sin(u[0])], [np.cos(u[0])]
    for k in range(1, _count(u, order)):
        s.append(chained(u, c, k))
        c.append(-chained(u, s[:k], k))
    return s, c


def _hyperbolic(u: Jet, order: int) -> tuple[Jet, Jet]:
    s, c = [np.sinh(u[0])], [np.cosh(u[0])]
    for k in range(1, _count(u, order)):
        s.append(chained(u, c, k))
        c.append(chained(u, s[:k], k))
    return s, c


def _tan(u: Jet, order: int) -> Jet:
    """t' = w = 1 + t², w' = 2·t·w."""
    t = np.tan(u[0])
    return solved(t, 1.0 + t * t, lambda t, w: _product([2.0 * p for p in t], w), u, order)[0]


def _tanh(u: Jet, order: int) -> Jet:
    """t' = w = 4z/(1 + z)² with z = e^(−2|u|), w' = −2·t·w: 1 − t² would be 0 from 19 on."""
    z = np.exp(-2.0 * np.abs(u[0]))
    w = 4.0 * z / ((1.0 + z) * (1.0 + z))
    return solved(np.tanh(u[0]), w, lambda t, w: _product([-2.0 * p for p in t], w), u, order)[0]


def _arctan(u: Jet, order: int) -> Jet:
    """c₁ = 1/(1 + u₀²), c₂ = −u₀·c₁², then (−1)^(k−1)·sin(kθ)/(k·r^k), θ the angle of |u₀| + i and r its length.

    The quotient's series would lose the tail.
    """
    outer = [np.arctan(u[0])]
    if len(u) > 1 and order:
        slope = 1.0 / (1.0 + u[0] * u[0])
        outer += [slope, -u[0] * slope * slope][:order]
    if len(u) > 1 and order > 2:
        size = np.abs(u[0])
        angle, length = np.arctan2(1.0, size), np.hypot(1.0, size)
        for k in range(3, order + 1):
            term = np.sin(k * angle) / (k * length**k)
            outer.append(term if k % 2 else -np.sign(u[0]) * term)
    return composed(outer, u, order)


def _erf(u: Jet, order: int) -> Jet:
    """e' = g, g' = −2·u·g."""
    first = kernel_at(erf, u[0]), kernel_at(erf_slope, u[0])
    return solved(*first, lambda _, g: _product(g, [-2.0 * p for p in u]), u, order)[0]


def _erfc(u: Jet, order: int) -> Jet:
    return [kernel_at(erfc, u[0]), *negative(_erf(u, order))[1:]]


def _normcdf(u: Jet, order: int) -> Jet:
    """Φ' = φ, φ' = −u·φ."""
    first = kernel_at(normal_cdf, u[0]), kernel_at(normal_density, u[0])
    return solved(*first, lambda _, g: _product(g, negative(u)), u, order)[0]


def _sqrt(u: Jet, order: int) -> Jet:
    outer = _power_series(u[0], 0.5, order)
    return composed([np.sqrt(u[0]), *outer[1:]], u, order)


def _cbrt(u: Jet, order: int) -> Jet:
    size, sign = np.abs(u[0]), np.sign(u[0])
    outer = _power_series(size, 1 / 3, order)
    odd = [part if k % 2 else part * sign for k, part in enumerate(outer)]
    return composed([np.cbrt(u[0]), *odd[1:]], u, order)


def _power_series(u: Any, exponent: float, order: int) -> Jet:
    """The Taylor coefficients of u^p at u: the binomial (p, k) times u^(p−k)."""
    series: Jet = []
    binomial = 1.0
    for k in range(order + 1):
        if binomial == 0.0:
            break
        series.append(_whole_power(u, exponent - k) * binomial)
        binomial *= (exponent - k) / (k + 1)
    return series


def _whole_power(u: Any, exponent: float) -> Any:
    """u^p; the powers that occur most by products, as the value itself is computed."""
    if exponent in {0.0, 1.0, 2.0, 3.0}:
        return math.prod([u] * int(exponent), start=1.0)
    return np.power(u, exponent)


def _broken(name: str, u: Jet, side: Side) -> Jet:
    """abs, sign, floor."""
    if name == "floor":
        whole = np.floor(u[0])
        if side is None:
            return [whole]
        falling = (u[0] == whole) & (direction(minus(u, [whole]), side) < 0)
        return [np.where(falling, whole - 1.0, whole)]
    sign = np.sign(u[0]) if side is None else direction(u, side)
    if name == "sign":
        return [sign]
    return [np.abs(u[0]), *(sign * p for p in u[1:])]


def _extreme(name: str, a: Jet, b: Jet, side: Side) -> Jet:
    """min and max: NaN where one is NaN."""
    pick = np.minimum if name == "min" else np.maximum
    difference = minus(a, b) if name == "min" else minus(b, a)
    sign = np.sign(difference[0]) if side is None else direction(difference, side)
    # inf − inf: equal, and nothing is known of where they go
    sign = np.where(a[0] == b[0], 0.0, sign) if side is None else sign
    chosen = selected(sign < 0, a, b)
    halves = [(at(a, k) + at(b, k)) * 0.5 for k in range(max(len(a), len(b)))]
    return [pick(a[0], b[0]), *selected(sign == 0, halves, chosen)[1:]]


def _logaddexp(a: Jet, b: Jet, order: int) -> Jet:
    """f' = s(a − b)·a' + s(b − a)·b', s the logistic function: neither share is a difference from 1."""
    value = np.logaddexp(a[0], b[0])
    if len(a) == 1 and len(b) == 1:
        return [value]
    of_a, of_b = sigmoid(minus(a, b), order), sigmoid(minus(b, a), order)
    return [value, *(chained(a, of_a, k) + chained(b, of_b, k) for k in range(1, order + 1))]


def _clipped(u: Jet, low: Jet, high: Jet, side: Side) -> Jet:
    """The smaller of high and the larger of low and u."""
    below = compared("<", u, low, side)
    above = compared(">", u, high, side) | compared(">", low, high, side)
    chosen = selected(above, high, selected(below, low, u))
    return [np.clip(u[0], low[0], high[0]), *chosen[1:]]


_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}
_SMOOTH: dict[str, Callable[[Jet, int], Jet]] = {
    "exp": _exp,
    "expm1": _expm1,
    "log": _log,
    "log1p": _log1p,
    "sqrt": _sqrt,
    "cbrt": _cbrt,
    "sin": lambda u, order: _circular(u, order)[0],
    "cos": lambda u, order: _circular(u, order)[1],
    "tan": _tan,
    "sinh": lambda u, order: _hyperbolic(u, order)[0],
    "cosh": lambda u, order: _hyperbolic(u, order)[1],
    "tanh": _tanh,
    "arctan": _arctan,
    "erf": _erf,
    "erfc": _erfc,
    "normcdf": _normcdf,
}
