"""Numbers of any precision: every result lies within its ball, and the ball is small."""

import math
import random

import mpmath
import pytest

from actcli.activations.extended import ball_functions
from actcli.activations.extended.ball import NO_NUMBER, Ball, ball, unknown
from actcli.activations.extended.work import spent

CASES = {
    "exp": (mpmath.exp, -4000, 4000),
    "expm1": (mpmath.expm1, -500, 700),
    "log": (mpmath.log, 1e-9, 1e9),
    "log1p": (mpmath.log1p, -0.9, 1e6),
    "sqrt": (mpmath.sqrt, 1e-9, 1e9),
    "cbrt": (lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)), -1e9, 1e9),
    "sin": (mpmath.sin, -1e6, 1e6),
    "cos": (mpmath.cos, -1e6, 1e6),
    "sinh": (mpmath.sinh, -500, 500),
    "cosh": (mpmath.cosh, -500, 500),
    "tanh": (mpmath.tanh, -50, 50),
    "sech_squared": (lambda x: mpmath.sech(x) ** 2, -500, 500),
    "arctan": (mpmath.atan, -1e6, 1e6),
    "asinh": (mpmath.asinh, -1e9, 1e9),
    "acosh": (mpmath.acosh, 1 + 2.0**-52, 1e9),
    "atanh": (mpmath.atanh, -1 + 2.0**-53, 1 - 2.0**-53),
    "erfinv": (mpmath.erfinv, -1 + 2.0**-53, 1 - 2.0**-53),
    "erf": (mpmath.erf, -8, 8),
    "erfc": (mpmath.erfc, -8, 100),
    "normal_cdf": (mpmath.ncdf, -100, 10),
}


def exactly(number: Ball) -> mpmath.mpf:
    return mpmath.ldexp(mpmath.mpf(number.m), number.k)


def radius(number: Ball) -> mpmath.mpf:
    return mpmath.ldexp(mpmath.mpf(number.r), number.k)


@pytest.fixture(autouse=True)
def precise():
    with mpmath.workprec(1500):
        yield


def points(low: float, high: float) -> list[float]:
    rng = random.Random(7)  # noqa: S311
    small = [sign * 10.0**-k for k in (1, 4, 9, 17, 40, 200) for sign in (-1, 1)]
    spread = [rng.uniform(low, high) for _ in range(12)] + [rng.uniform(-2, 2) for _ in range(12)]
    return [x for x in [*small, *spread, 1.0, 1 + 2.0**-52, 1 - 2.0**-53] if low <= x <= high]


@pytest.mark.parametrize("bits", [128, 600])
@pytest.mark.parametrize("name", CASES)
def test_results_lie_within_their_balls(name, bits):
    true, low, high = CASES[name]
    for x in points(low, high):
        y = getattr(ball_functions, name)(ball(x, bits))
        expected = true(mpmath.mpf(x))
        assert y.r >= 0, x
        assert abs(exactly(y) - expected) <= radius(y), x
        assert radius(y) <= abs(expected) * mpmath.mpf(2) ** (8 - bits) + mpmath.mpf(2) ** (-bits - 200), x


@pytest.mark.parametrize("name", CASES)
def test_the_radius_covers_every_number_of_the_argument(name):
    true, low, high = CASES[name]
    for x in points(low, high):
        wide = ball(x, 200).widened(ball(abs(x) * 2.0**-60, 200))
        y = getattr(ball_functions, name)(wide)
        for share in (-0.99, 0.5, 0.99):
            inner = mpmath.mpf(x) * (1 + share * mpmath.mpf(2) ** -60)
            assert abs(exactly(y) - true(inner)) <= radius(y), (x, share)


@pytest.mark.parametrize("seed", range(40))
def test_the_four_operations_lie_within_their_balls(seed):
    rng = random.Random(seed)  # noqa: S311
    a, b = (
        Ball(
            rng.getrandbits(90) - (1 << 89), rng.getrandbits(rng.choice([1, 20])), rng.randint(-200, 200), 100
        )
        for _ in range(2)
    )
    shares = [(s, t) for s in (-1, 0.3, 1) for t in (-1, 0.7, 1)]
    for name, true in (
        ("__add__", lambda p, q: p + q),
        ("__sub__", lambda p, q: p - q),
        ("__mul__", lambda p, q: p * q),
        ("__truediv__", lambda p, q: p / q),
    ):
        c = getattr(a, name)(b)
        for s, t in shares:
            expected = true(exactly(a) + s * radius(a), exactly(b) + t * radius(b))
            assert abs(exactly(c) - expected) <= radius(c), name


def test_exponents_have_no_end_and_what_is_not_known_stays_so():
    far = ball_functions.exp(ball(-1e300, 200))
    assert far.is_trusted
    assert far.rounded == 0.0
    assert (1.0 / far).rounded == math.inf
    assert ball_functions.log(ball(-1.0, 100)).r < 0
    assert (unknown(100) * 0.0).r < 0
    assert (ball(1.0, 100) / 0.0).r < 0
    assert ball(math.nan, 100).r < 0


@pytest.mark.parametrize("function", [ball_functions.log, ball_functions.sqrt])
def test_what_is_no_number_at_any_precision_stays_so(function):
    nothing = function(ball(-1.0, 100))
    other = ball(2.0, 100)
    results = (nothing, -nothing, nothing + other, other * nothing, other / nothing, unknown(100) + nothing)
    results += (
        *nothing.floor(),
        nothing.widened(other),
        *(getattr(ball_functions, name)(nothing) for name in CASES),
    )
    assert {y.r for y in results} == {NO_NUMBER}
    assert function(Ball(0, 1, -50, 100)).r == -1  # more bits may tell it from 0


@pytest.mark.parametrize("name", ["exp", "tanh", "erf", "erfinv"])
def test_work_is_the_same_each_time_and_grows_with_the_bits(name):
    def units(bits):
        before = spent()
        getattr(ball_functions, name)(ball(0.7, bits))
        return spent() - before

    first, again, more = units(500), units(500), units(4000)
    assert first == pytest.approx(again, rel=1e-9)
    assert 0 < 8 * first < more


def test_a_tiny_negative_number_is_its_own_distance_to_0():
    tiny = ball(-1e-320, 100)
    assert tiny.floor() == (ball(-1, 100), tiny)


@pytest.mark.parametrize(("x", "whole"), [(2.5, 2), (-2.5, -3), (7.0, 7), (-1e-30, -1), (1e15 + 0.5, 10**15)])
def test_floor(x, whole):
    below, nearest = ball(x, 120).floor()
    assert below.rounded == whole
    assert abs(nearest.rounded) <= 0.5


@pytest.mark.parametrize(("sign", "whole"), [(1, 0), (-1, -1)])
def test_floor_of_a_number_that_no_shift_reaches(sign, whole):
    below, nearest = Ball(sign, 0, -(1 << 70), 120).floor()
    assert (below.rounded, abs(nearest.rounded)) == (whole, 0.0)


@pytest.mark.parametrize("x", [0.1, -3.5e-310, 1.7e308, 5e-324, 0.0])
def test_a_float_is_itself(x):
    assert ball(x, 100).rounded == x
