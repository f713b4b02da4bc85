"""The language's operations and functions on Taylor series, each by a differential equation that it satisfies.

At a point where a function breaks, `side` chooses the branch: −1 the one to the left, +1 the one to the right, None
what PyTorch's autograd returns (0 for abs and sign, the mean for min and max of equal numbers, the argument's slope
for clip, and the branch of a condition as it evaluates).
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from actcli.activations.calculus.taylor import (
    Jet,
    chain,
    coefficient,
    compose,
    convolve,
    direction,
    divide,
    multiply,
    negate,
    select,
    solve,
    subtract,
)
from actcli.activations.families import sigmoids
from actcli.activations.families.erf_inverse import erfinv, erfinv_slope
from actcli.activations.families.normal import erf, erf_slope, erfc, normal_cdf, normal_density
from actcli.activations.formula.program import CONDITIONS

Side = int | None


def apply_kernel(kernel: Callable[..., Any], u: Any, /, **parameters: float) -> Any:
    """Return the result of a kernel of arrays, at an array or at one number."""
    if np.ndim(u):
        return kernel(np.ascontiguousarray(u), **parameters)
    return kernel(np.array([u], np.float64), **parameters)[0]


def apply_function(name: str, arguments: list[Jet], order: int, side: Side) -> Jet:
    """Return the result of one of the language's functions of one, two or three series."""
    if name in {"min", "max"}:
        return _min_or_max(name, arguments[0], arguments[1], side)
    if name == "clip":
        return _clip(arguments[0], arguments[1], arguments[2], side)
    if name == "logaddexp":
        return _logaddexp(arguments[0], arguments[1], order)
    u = arguments[0]
    if name in {"abs", "sign", "floor"}:
        return _abs_sign_floor(name, u, side)
    return _SMOOTH[name](u, order)


def power(base: Jet, exponent: Jet, order: int) -> Jet:
    """Return base^exponent."""
    if len(exponent) == 1 and np.ndim(exponent[0]) == 0:
        return compose(_power_series(base[0], float(exponent[0]), order), base, order)
    if len(base) == 1 and len(exponent) == 1:
        return [np.power(base[0], exponent[0])]
    u = multiply(exponent, _log(base, order), order)
    return _exponential(np.power(base[0], exponent[0]), u, order)


def remainder(a: Jet, b: Jet, side: Side) -> Jet:
    """Return a − b·floor(a/b)."""
    quotient = np.floor(a[0] / b[0])
    whole = a[0] == quotient * b[0]
    if side is not None and np.any(whole):
        past = direction(subtract(divide(a, b, 2), [quotient]), side) < 0
        quotient = np.where(whole & past, quotient - 1, quotient)
        return subtract(a, [quotient * p for p in b])
    return [np.mod(a[0], b[0]), *subtract(a, [quotient * p for p in b])[1:]]


def compare(operator: str, a: Jet, b: Jet, side: Side) -> Any:
    """Return whether a < b, or another comparison, holds at t = 0, or just beside it."""
    holds = CONDITIONS[operator]
    if side is None:
        return holds(a[0], b[0])
    equal = a[0] == b[0]
    return np.where(equal, holds(direction(subtract(a, b), side), 0.0), holds(a[0], b[0]))


def sigmoid(u: Jet, order: int) -> Jet:
    """Return 1/(1 + e^−u): s' = q, q' = q·(1 − 2s)."""
    value, slope = apply_kernel(sigmoids.sigmoid, u[0]), apply_kernel(sigmoids.sigmoid_slope, u[0])
    return solve(value, slope, lambda s, q: _product(q, subtract([1.0], [2.0 * p for p in s])), u, order)[0]


def softplus(u: Jet, order: int) -> Jet:
    """Return log(1 + e^u), whose slope is the sigmoid."""
    slope = sigmoid(u, order)
    return [np.logaddexp(u[0], 0.0), *(chain(u, slope, k) for k in range(1, _count(u, order)))]


def _count(u: Jet, order: int) -> int:
    """Return how many coefficients a function of u has: one where u is constant."""
    return order + 1 if len(u) > 1 else 1


def _product(a: Jet, b: Jet) -> Jet:
    """Return a·b to the length of a; b may leave out zeros."""
    return [convolve(a, b, k) for k in range(len(a))]


def _exponential(value: Any, u: Jet, order: int) -> Jet:
    e = [value]
    for k in range(1, _count(u, order)):
        e.append(chain(u, e, k))
    return e


def _exp(u: Jet, order: int) -> Jet:
    return _exponential(np.exp(u[0]), u, order)


def _expm1(u: Jet, order: int) -> Jet:
    return [np.expm1(u[0]), *_exp(u, order)[1:]]


def _logarithm(value: Any, u: Jet, order: int) -> Jet:
    """k·u₀·l_k = k·u_k − Σ j·l_j·u_(k−j)."""
    result = [value]
    for k in range(1, _count(u, order)):
        rest = k * coefficient(u, k)
        for j in range(max(1, k - len(u) + 1), k):
            rest = rest - j * result[j] * u[k - j]
        result.append(rest / (k * u[0]))
    return result


def _log(u: Jet, order: int) -> Jet:
    return _logarithm(np.log(u[0]), u, order)


def _log1p(u: Jet, order: int) -> Jet:
    return _logarithm(np.log1p(u[0]), [1.0 + u[0], *u[1:]], order)


def _logarithm_to(base: float, value: Callable[[Any], Any]) -> Callable[[Jet, int], Jet]:
    return lambda u, order: [value(u[0]), *(p / math.log(base) for p in _log(u, order)[1:])]


def _primitive(value: Any, slope: Jet, u: Jet, order: int) -> Jet:
    """Return the series of f(u) with f' = slope; NaN where the value is."""
    lost = np.isnan(value)
    return [value, *(np.where(lost, np.nan, chain(u, slope, k)) for k in range(1, _count(u, order)))]


def _inverse_root(w: Jet, order: int) -> Jet:
    return compose(_power_series(w[0], -0.5, order), w, order)


def _asinh(u: Jet, order: int) -> Jet:
    """f' = 1/√(1 + u²)."""
    square = multiply(u, u, order)
    return _primitive(np.arcsinh(u[0]), _inverse_root([1.0 + square[0], *square[1:]], order), u, order)


def _acosh(u: Jet, order: int) -> Jet:
    """f' = 1/√((u − 1)(u + 1))."""
    below, above = [u[0] - 1.0, *u[1:]], [u[0] + 1.0, *u[1:]]
    return _primitive(np.arccosh(u[0]), _inverse_root(multiply(below, above, order), order), u, order)


def _atanh(u: Jet, order: int) -> Jet:
    """f' = 1/((1 − u)(1 + u))."""
    product = multiply(subtract([1.0], u), [1.0 + u[0], *u[1:]], order)
    return _primitive(np.arctanh(u[0]), divide([1.0], product, order), u, order)


def _erfinv(u: Jet, order: int) -> Jet:
    """y' = g, g' = 2·y·g²."""
    first = apply_kernel(erfinv, u[0]), apply_kernel(erfinv_slope, u[0])
    return solve(*first, lambda y, g: _product(_product([2.0 * p for p in y], g), g), u, order)[0]


def _circular(u: Jet, order: int) -> tuple[Jet, Jet]:
    s, c = [np.sin(u[0])], [np.cos(u[0])]
    for k in range(1, _count(u, order)):
        s.append(chain(u, c, k))
        c.append(-chain(u, s[:k], k))
    return s, c


def _hyperbolic(u: Jet, order: int) -> tuple[Jet, Jet]:
    s, c = [np.sinh(u[0])], [np.cosh(u[0])]
    for k in range(1, _count(u, order)):
        s.append(chain(u, c, k))
        c.append(chain(u, s[:k], k))
    return s, c


def _tan(u: Jet, order: int) -> Jet:
    """t' = w = 1 + t², w' = 2·t·w."""
    t = np.tan(u[0])
    return solve(t, 1.0 + t * t, lambda t, w: _product([2.0 * p for p in t], w), u, order)[0]


def _tanh(u: Jet, order: int) -> Jet:
    """t' = w = 4z/(1 + z)² with z = e^(−2|u|), w' = −2·t·w: 1 − t² would be 0 from 19 on."""
    z = np.exp(-2.0 * np.abs(u[0]))
    w = 4.0 * z / ((1.0 + z) * (1.0 + z))
    return solve(np.tanh(u[0]), w, lambda t, w: _product([-2.0 * p for p in t], w), u, order)[0]


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
    return compose(outer, u, order)


def _erf(u: Jet, order: int) -> Jet:
    """e' = g, g' = −2·u·g."""
    first = apply_kernel(erf, u[0]), apply_kernel(erf_slope, u[0])
    return solve(*first, lambda _, g: _product(g, [-2.0 * p for p in u]), u, order)[0]


def _erfc(u: Jet, order: int) -> Jet:
    return [apply_kernel(erfc, u[0]), *negate(_erf(u, order))[1:]]


def _normcdf(u: Jet, order: int) -> Jet:
    """Φ' = φ, φ' = −u·φ."""
    first = apply_kernel(normal_cdf, u[0]), apply_kernel(normal_density, u[0])
    return solve(*first, lambda _, g: _product(g, negate(u)), u, order)[0]


def _sqrt(u: Jet, order: int) -> Jet:
    outer = _power_series(u[0], 0.5, order)
    return compose([np.sqrt(u[0]), *outer[1:]], u, order)


def _cbrt(u: Jet, order: int) -> Jet:
    size, sign = np.abs(u[0]), np.sign(u[0])
    outer = _power_series(size, 1 / 3, order)
    odd = [part if k % 2 else part * sign for k, part in enumerate(outer)]
    return compose([np.cbrt(u[0]), *odd[1:]], u, order)


def _power_series(u: Any, exponent: float, order: int) -> Jet:
    """Return the Taylor coefficients of u^p at u: the binomial (p, k) times u^(p−k)."""
    series: Jet = []
    binomial = 1.0
    for k in range(order + 1):
        if binomial == 0.0:
            break
        series.append(_whole_power(u, exponent - k) * binomial)
        binomial *= (exponent - k) / (k + 1)
    return series


def _whole_power(u: Any, exponent: float) -> Any:
    """Return u^p; the most frequent powers by products, as the value itself is computed."""
    if exponent in {0.0, 1.0, 2.0, 3.0}:
        return math.prod([u] * int(exponent), start=1.0)
    return np.power(u, exponent)


def _abs_sign_floor(name: str, u: Jet, side: Side) -> Jet:
    """Return abs, sign or floor of u."""
    if name == "floor":
        whole = np.floor(u[0])
        if side is None:
            return [whole]
        falling = (u[0] == whole) & (direction(subtract(u, [whole]), side) < 0)
        return [np.where(falling, whole - 1.0, whole)]
    sign = np.sign(u[0]) if side is None else direction(u, side)
    if name == "sign":
        return [sign]
    return [np.abs(u[0]), *(sign * p for p in u[1:])]


def _min_or_max(name: str, a: Jet, b: Jet, side: Side) -> Jet:
    """Return min or max of a and b; NaN where one is NaN."""
    pick = np.minimum if name == "min" else np.maximum
    difference = subtract(a, b) if name == "min" else subtract(b, a)
    sign = np.sign(difference[0]) if side is None else direction(difference, side)
    # inf − inf: they are equal, and their directions are unknown
    sign = np.where(a[0] == b[0], 0.0, sign) if side is None else sign
    chosen = select(sign < 0, a, b)
    halves = [(coefficient(a, k) + coefficient(b, k)) * 0.5 for k in range(max(len(a), len(b)))]
    return [pick(a[0], b[0]), *select(sign == 0, halves, chosen)[1:]]


def _logaddexp(a: Jet, b: Jet, order: int) -> Jet:
    """Return log(e^a + e^b): f' = s(a − b)·a' + s(b − a)·b', s the logistic function, so that no 1 − s cancels."""
    value = np.logaddexp(a[0], b[0])
    if len(a) == 1 and len(b) == 1:
        return [value]
    of_a, of_b = sigmoid(subtract(a, b), order), sigmoid(subtract(b, a), order)
    return [value, *(chain(a, of_a, k) + chain(b, of_b, k) for k in range(1, order + 1))]


def _clip(u: Jet, low: Jet, high: Jet, side: Side) -> Jet:
    """Return the smaller of high and the larger of low and u."""
    below = compare("<", u, low, side)
    above = compare(">", u, high, side) | compare(">", low, high, side)
    chosen = select(above, high, select(below, low, u))
    return [np.clip(u[0], low[0], high[0]), *chosen[1:]]


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
    "log2": _logarithm_to(2.0, np.log2),
    "log10": _logarithm_to(10.0, np.log10),
    "asinh": _asinh,
    "acosh": _acosh,
    "atanh": _atanh,
    "erfinv": _erfinv,
    "erf": _erf,
    "erfc": _erfc,
    "normcdf": _normcdf,
}
