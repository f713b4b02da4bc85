"""Arithmetic of sums h + l, against whole numbers."""

import math
from fractions import Fraction

import numpy as np
import pytest

from actcli.activations.exact.exponential import exponential, exponential_less_one
from actcli.activations.exact.logarithm import logarithm
from actcli.activations.exact.sums import (
    Scaled,
    add,
    divide,
    lift,
    multiply,
    ratio,
    rounded,
    rounded_scaled,
    scaled,
    square_root,
    two_to,
)
from actcli.activations.families.exact import Sum

RNG = np.random.default_rng(0)
A = Sum(RNG.normal(size=50), RNG.normal(size=50) * 2.0**-56)
B = Sum(RNG.normal(size=50) * 1e3, RNG.normal(size=50) * 2.0**-48)


def exact(a, i):
    return Fraction(float(a.h[i])) + Fraction(float(np.broadcast_to(a.l, a.h.shape)[i]))


@pytest.mark.parametrize(
    ("operation", "by_fractions"),
    [(add, lambda a, b: a + b), (multiply, lambda a, b: a * b), (divide, lambda a, b: a / b)],
)
def test_operations_are_right_to_2_to_the_minus_98(operation, by_fractions):
    y = operation(A, B)
    for i in range(50):
        expected = by_fractions(exact(A, i), exact(B, i))
        size = max(abs(expected), abs(exact(B, i)) if operation is add else 0)
        assert abs(exact(y, i) - expected) <= size * Fraction(2) ** -98


def test_square_roots():
    y = square_root(Sum(np.abs(A.h), 0.0))
    for i in range(50):
        assert abs(exact(y, i) ** 2 - abs(Fraction(float(A.h[i])))) <= abs(exact(A, i)) * Fraction(2) ** -98
    with np.errstate(invalid="ignore"):
        assert square_root(Sum(np.zeros(1), np.zeros(1))).l.tolist() == [0.0]


@pytest.mark.parametrize("m", [-1100, -1074, -1050, -1023, -1022, -600, 0, 600, 1023])
def test_a_number_is_rounded_once_also_where_it_is_subnormal(m):
    h = np.array([1.0, 1.5, 1.9999999999999998, 1.2345678901234567, -1.7])
    low = np.array([2.0**-54, -(2.0**-54), 2.0**-55, -(2.0**-56), 2.0**-54])
    y = rounded(Sum(h, low), np.full(5, m))
    for got, a, b in zip(y, h, low, strict=True):
        number = (Fraction(float(a)) + Fraction(float(b))) * Fraction(2) ** m
        if abs(number) >= 2**1024:
            assert math.isinf(got)
            continue
        unit = Fraction(2) ** max(-1074, math.frexp(float(a))[1] - 53 + m)
        assert abs(Fraction(float(got)) - number) <= unit * (1 + Fraction(2) ** -50) / 2
    assert np.signbit(y).tolist() == [False, False, False, False, True]


def test_a_zero_keeps_its_sign():
    assert np.signbit(rounded(Sum(np.array([-0.0, 0.0]), 0.0))).tolist() == [True, False]
    assert np.signbit(rounded_scaled(Scaled(np.array([-1.0]), 0.0, np.array([-5000])))).tolist() == [True]


@pytest.mark.parametrize(
    ("above", "below"),
    [((1e300, 1e300), (1e-300,)), ((1.0,), (3.0,)), ((-0.1, 5e-324), (7.0,)), ((1e-300,), (1e300, 1e300))],
)
def test_ratios_at_any_size(above, below):
    y = ratio(above, below)
    expected = math.prod(map(Fraction, above)) / math.prod(map(Fraction, below))
    got = (Fraction(float(y.h)) + Fraction(float(y.l))) * Fraction(2) ** y.m
    assert abs(got - expected) <= abs(expected) * Fraction(2) ** -100
    assert float(ratio((0.0,)).h) == 0.0
    assert math.isnan(float(ratio((1.0,), (0.0,)).h))


def test_lifted_and_scaled_numbers_are_the_same_numbers():
    x = np.array([0.0, 5e-324, 1e-200, 1.0, 1e300, -1e308])
    near, e = lift(x)
    np.testing.assert_array_equal(np.ldexp(near, e), x)
    assert lift(np.ones(3))[1] == 0
    h, _, m = scaled(x)
    np.testing.assert_array_equal(np.ldexp(h, m), x)
    assert two_to(np.array([-1023, -1022, 0, 1023])).tolist() == [0.0, 2.0**-1022, 1.0, 2.0**1023]


def test_exponential_and_logarithm_undo_each_other():
    x = np.concatenate([RNG.uniform(-600, 600, 200), RNG.uniform(-1, 1, 200)])
    back = logarithm(exponential(x).sum)
    np.testing.assert_allclose((back.h - x) + back.l, 0.0, atol=2.0**-58 * 600)


def test_exponential_less_one_keeps_small_numbers():
    x = np.array([1e-300, -1e-20, 0.0, -0.0])
    y = exponential_less_one(x)
    np.testing.assert_array_equal(y.h, x)
