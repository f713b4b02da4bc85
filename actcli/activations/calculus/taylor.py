"""Arithmetic on truncated Taylor series, u(t) = u₀ + u₁·t + u₂·t² + … to some order.

A function is differentiated by computing it on the series x + t: the n-th coefficient times n! is the n-th
derivative (Griewank & Walther, Evaluating Derivatives, 2008, chapter 13). Trailing coefficients that are 0 by
construction are left out, so that constants and x itself cost next to nothing.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Jet = list[Any]
"""Coefficients from the constant on: floats, or arrays of one shape. Coefficients left out are 0."""


def coefficient(u: Jet, k: int) -> Any:
    """Return the k-th coefficient."""
    return u[k] if k < len(u) else 0.0


def add(a: Jet, b: Jet) -> Jet:
    """Return a + b."""
    short, long = sorted((a, b), key=len)
    return [p + q for p, q in zip(short, long, strict=False)] + long[len(short) :]


def negate(a: Jet) -> Jet:
    """Return −a."""
    return [-p for p in a]


def subtract(a: Jet, b: Jet) -> Jet:
    """Return a − b."""
    return [coefficient(a, k) - b[k] if k < len(b) else a[k] for k in range(max(len(a), len(b)))]


def multiply(a: Jet, b: Jet, order: int) -> Jet:
    """Return a·b to the order."""
    return [convolve(a, b, k) for k in range(min(len(a) + len(b) - 1, order + 1))]


def convolve(a: Jet, b: Jet, k: int) -> Any:
    """Return the k-th coefficient of a·b."""
    total: Any = None
    for i in range(max(0, k - len(b) + 1), min(k, len(a) - 1) + 1):
        term = a[i] * b[k - i]
        total = term if total is None else total + term
    return 0.0 if total is None else total


def divide(a: Jet, b: Jet, order: int) -> Jet:
    """Return a/b to the order."""
    if len(b) == 1:
        return [p / b[0] for p in a]
    c: Jet = []
    for k in range(order + 1):
        rest = coefficient(a, k)
        for j in range(1, min(k, len(b) - 1) + 1):
            rest = rest - b[j] * c[k - j]
        c.append(rest / b[0])
    return c


def chain(u: Jet, slope: Jet, k: int) -> Any:
    """Return the k-th coefficient of f where f' = slope·u', from the first k coefficients of the slope."""
    total: Any = None
    for j in range(1, min(k, len(u) - 1) + 1):
        term = (j * u[j]) * coefficient(slope, k - j)
        total = term if total is None else total + term
    return 0.0 if total is None else total / k


def compose(outer: Jet, u: Jet, order: int) -> Jet:
    """Return F(u) from the Taylor coefficients of F at u₀ (Faà di Bruno's formula, as powers of u − u₀)."""
    if len(u) == 1:
        return outer[:1]
    result: Jet = [outer[0], *[0.0] * order]
    # (u − u₀)^m without its factor t^m: coefficients that are left out never make 0·inf
    step = u[1:]
    power: Jet = [1.0]
    for m in range(1, min(order, len(outer) - 1) + 1):
        power = multiply(power, step, order - m)
        for k, coefficient in enumerate(power):
            result[m + k] = result[m + k] + outer[m] * coefficient
    return result


def select(condition: Any, then: Jet, otherwise: Jet) -> Jet:
    """Return `then` where the condition holds, `otherwise` elsewhere."""
    if np.ndim(condition) == 0:
        return then if condition else otherwise
    longest = max(len(then), len(otherwise))
    return [np.where(condition, coefficient(then, k), coefficient(otherwise, k)) for k in range(longest)]


def direction(u: Jet, side: int) -> Any:
    """Return the sign of u just left (side −1) or right (+1) of t = 0, from its first coefficient other than 0."""
    sign = np.sign(u[0])
    for k in range(1, len(u)):
        if not np.any(sign == 0):
            break
        sign = np.where(sign == 0, np.sign(u[k]) * side**k, sign)
    return sign


def derivative_of(u: Jet, order: int) -> Any:
    """Return the derivative of that order."""
    return coefficient(u, order) * math.factorial(order) if order > 1 else coefficient(u, order)


def solve(value: Any, slope: Any, bend: Callable[[Jet, Jet], Jet], u: Jet, order: int) -> tuple[Jet, Jet]:
    """Return the series of f(u) and of g(u) = f'(u), from their values at u₀ and a differential equation for g.

    `bend(f, g)` returns the series of g'(u) as far as it is given f and g. All orders are relative to the value of
    g: if that value is exact, nothing is lost in a tail.
    """
    f, g = [value], [slope]
    for k in range(1, order + 1 if len(u) > 1 else 1):
        f.append(chain(u, g, k))
        g.append(chain(u, bend(f[:k], g), k))
    return f, g
