"""Bounds of what rounding does to a sum of products, in any order of summation, with or without fused operations."""

import math

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

_MORE = 3
"""Roundings besides those of the products and sums: of alpha or beta, of a folded constant, of the stored result."""


def gamma(terms: int, dtype: np.dtype[np.floating]) -> float:
    """Return n u / (1 - n u), the relative error of a sum of n products; inf where the type is too coarse for n.

    u is half the distance from 1 to the next number. Source: Higham 2002, Accuracy and Stability of Numerical
    Algorithms, section 3.1.
    """
    error = terms * float(np.finfo(dtype).eps) / 2
    return error / (1 - error) if error < 1 else math.inf


def reordering_bound(absolute: Numbers, moved: Numbers, terms: int, dtype: np.dtype[np.floating]) -> Numbers:
    """Return how far two computed sums may be apart that are equal but for zeros, order and the change of their terms.

    absolute: sum |w| |x| of each, with the bias. moved: sum |w| |x' - x| over the terms that both have. Both may have
    been computed with rounding themselves: their own error is added. terms: the products of the longer sum.
    """
    factor = gamma(terms + _MORE, dtype)
    if math.isinf(factor):
        return np.full(np.broadcast_shapes(absolute.shape, moved.shape), math.inf)
    smallest = float(np.finfo(dtype).smallest_subnormal)
    return (1 + 2 * factor) * (2 * factor * (absolute + moved) + moved) + 2 * (terms + _MORE) * smallest
