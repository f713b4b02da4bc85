"""Numbers of 106 bits as unevaluated sums h + l of two float64, and their four operations.

A result is normalised (|l| <= ulp(h)/2) and within about 2**-103 of the true one, relative, as long as all
intermediate results lie between 2**-900 and 2**990. Outside, and for NaN and inf, h is what float64 gives and l is 0
or NaN: callers look at whether h + l is finite.

Sources: T. J. Dekker, A floating-point technique for extending the available precision, 1971; Y. Hida, X. S. Li and
D. H. Bailey, Library for double-double and quad-double arithmetic, 2007 (the accurate sum and the quotient).
"""

from typing import Any

import numpy as np

from actcli.activations.definition import Array
from actcli.activations.families.exact import Sum, two_product, two_sum

Real = Sum | Array | float
"""An operand: a sum, or a float64 that is exact."""


def as_sum(a: Real) -> Sum:
    """Return a as h + l."""
    return a if isinstance(a, Sum) else Sum(np.asarray(a, np.float64), 0.0)


def normalise(h: Any, l: Any) -> Sum:  # noqa: E741 - h and l are what the literature calls them
    """Return h + l with |l| <= ulp(h)/2, for |l| <= |h|."""
    s = h + l
    return Sum(np.asarray(s), l - (s - h))


def add(a: Real, b: Real) -> Sum:
    """Return a + b, to 2**-104 of the result also where they cancel."""
    a, b = as_sum(a), as_sum(b)
    h, e = two_sum(a.h, b.h)
    t, f = two_sum(np.asarray(a.l), b.l)
    h, e = normalise(h, e + t)
    return normalise(h, e + f)


def negative(a: Real) -> Sum:
    """Return -a."""
    a = as_sum(a)
    return Sum(-a.h, -a.l)


def subtract(a: Real, b: Real) -> Sum:
    """Return a - b."""
    return add(a, negative(b))


def multiply(a: Real, b: Real) -> Sum:
    """Return a · b."""
    a, b = as_sum(a), as_sum(b)
    h, e = two_product(a.h, b.h)
    return normalise(h, e + (a.h * b.l + a.l * b.h))


def scale(a: Sum, power: Any) -> Sum:
    """Return a · power, exactly, for a power of two."""
    return Sum(a.h * power, a.l * power)


def divide(a: Real, b: Real) -> Sum:
    """Return a / b."""
    a, b = as_sum(a), as_sum(b)
    first = a.h / b.h
    rest = subtract(a, multiply(b, first))
    second = rest.h / b.h
    rest = subtract(rest, multiply(b, second))
    h, e = normalise(first, second)
    return normalise(h, e + rest.h / b.h)


def square_root(a: Real) -> Sum:
    """Return √a; 0 at 0."""
    a = as_sum(a)
    root = np.sqrt(a.h)
    rest = subtract(a, multiply(root, root))
    with np.errstate(all="ignore"):
        return normalise(root, np.where(a.h == 0, 0.0, rest.h / (2.0 * root)))


def choose(condition: Any, then: Real, otherwise: Real) -> Sum:
    """Return `then` where the condition holds, `otherwise` elsewhere."""
    then, otherwise = as_sum(then), as_sum(otherwise)
    return Sum(np.where(condition, then.h, otherwise.h), np.where(condition, then.l, otherwise.l))


def magnitude(a: Real) -> Sum:
    """Return |a|."""
    a = as_sum(a)
    return choose(a.h < 0, negative(a), a)


def series(x: Real, coefficients: "list[Sum] | tuple[Sum, ...]") -> Sum:
    """Return Σ coefficients[k]·x**k by Horner's rule."""
    total: Sum = coefficients[-1]
    for c in coefficients[-2::-1]:
        total = add(multiply(total, x), c)
    return total


def is_below(a: Real, b: Real) -> Any:
    """Return whether a < b."""
    a, b = as_sum(a), as_sum(b)
    return (a.h < b.h) | ((a.h == b.h) & (np.asarray(a.l) < b.l))
