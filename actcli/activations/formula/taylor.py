"""Truncated Taylor series, a number or an array a coefficient: u(t) = u₀ + u₁·t + u₂·t² + …, to some order.

A function of x is differentiated by computing it on the series x + t: its n-th coefficient times n! is its n-th
derivative (Griewank & Walther, Evaluating Derivatives, 2008, chapter 13). Coefficients that are 0 by construction
are left out at the end, so that constants and x itself cost next to nothing.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Jet = list[Any]
"""Coefficients from the constant on, floats or arrays of one shape; those that are left out are 0."""


def at(u: Jet, k: int) -> Any:
    """The k-th coefficient."""
    return u[k] if k < len(u) else 0.0


def plus(a: Jet, b: Jet) -> Jet:
    """a + b."""
    short, long = sorted((a, b), key=len)
    return [p + q for p, q in zip(short, long, strict=False)] + long[len(short) :]


def negative(a: Jet) -> Jet:
    """−a."""
    return [-p for p in a]


def minus(a: Jet, b: Jet) -> Jet:
    """a − b."""
    return [at(a, k) - b[k] if k < len(b) else a[k] for k in range(max(len(a), len(b)))]


def times(a: Jet, b: Jet, order: int) -> Jet:
    """a·b to the order."""
    return [convolved(a, b, k) for k in range(min(len(a) + len(b) - 1, order + 1))]


def convolved(a: Jet, b: Jet, k: int) -> Any:
    """The k-th coefficient of a·b; coefficients beyond those there are count as 0."""
    total: Any = None
    for i in range(max(0, k - len(b) + 1), min(k, len(a) - 1) + 1):
        term = a[i] * b[k - i]
        total = term if total is None else total + term
    return 0.0 if total is None else total


def over(a: Jet, b: Jet, order: int) -> Jet:
    """a / b to the order."""
    if len(b) == 1:
        return [p / b[0] for p in a]
    c: Jet = []
    for k in range(order + 1):
        rest = at(a, k)
        for j in range(1, min(k, len(b) - 1) + 1):
            rest = rest - b[j] * c[k - j]
        c.append(rest / b[0])
    return c


def chained(u: Jet, slope: Jet, k: int) -> Any:
    """The k-th coefficient of f where f' = slope·u'; it needs slope's first k coefficients alone."""
    total: Any = None
    for j in range(1, min(k, len(u) - 1) + 1):
        term = (j * u[j]) * at(slope, k - j)
        total = term if total is None else total + term
    return 0.0 if total is None else total / k


def composed(outer: Jet, u: Jet, order: int) -> Jet:
    """F(u) from the Taylor coefficients of F at u₀ (Faà di Bruno's formula, as a sum of powers of u − u₀)."""
    if len(u) == 1:
        return outer[:1]
    result: Jet = [outer[0], *[0.0] * order]
    # (u − u₀)^m without its factor t^m: 0·inf never arises from coefficients that are not there
    step = u[1:]
    power: Jet = [1.0]
    for m in range(1, min(order, len(outer) - 1) + 1):
        power = times(power, step, order - m)
        for k, coefficient in enumerate(power):
            result[m + k] = result[m + k] + outer[m] * coefficient
    return result


def selected(condition: Any, then: Jet, otherwise: Jet) -> Jet:
    """Then where the condition holds, otherwise elsewhere."""
    if np.ndim(condition) == 0:
        return then if condition else otherwise
    longest = max(len(then), len(otherwise))
    return [np.where(condition, at(then, k), at(otherwise, k)) for k in range(longest)]


def direction(u: Jet, side: int) -> Any:
    """The sign of u just left (side −1) or right (+1) of t = 0: that of its first coefficient other than 0."""
    sign = np.sign(u[0])
    for k in range(1, len(u)):
        if not np.any(sign == 0):
            break
        sign = np.where(sign == 0, np.sign(u[k]) * side**k, sign)
    return sign


def derivative_of(u: Jet, order: int) -> Any:
    """The order-th derivative."""
    return at(u, order) * math.factorial(order) if order > 1 else at(u, order)


def solved(value: Any, slope: Any, bend: Callable[[Jet, Jet], Jet], u: Jet, order: int) -> tuple[Jet, Jet]:
    """The series of f(u) and of g(u) = f'(u), from their values at u₀ and what is known of g's own slope.

    `bend(f, g)` is the series of g'(u), as far as f and g are known. Starting from a value of g without rounding
    loss, all orders are relative to it: nothing is lost in a tail.
    """
    f, g = [value], [slope]
    for k in range(1, order + 1 if len(u) > 1 else 1):
        f.append(chained(u, g, k))
        g.append(chained(u, bend(f[:k], g), k))
    return f, g
