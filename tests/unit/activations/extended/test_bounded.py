"""Quick numbers: each result is within the bound that it states, against ball arithmetic."""

import numpy as np
import pytest
from flint import arb, ctx

from actcli.activations.extended import bounded_functions as functions
from actcli.activations.extended.bounded import bounded, choose

RNG = np.random.default_rng(7)
ANY = RNG.choice([-1.0, 1.0], 60) * 10.0 ** RNG.uniform(-12, 1, 60)
REFERENCES = {
    "exp": lambda u: u.exp(),
    "expm1": lambda u: u.expm1(),
    "tanh": lambda u: u.tanh(),
    "sech_squared": lambda u: 1 / u.cosh() ** 2,
    "erf": lambda u: u.erf(),
    "normal_cdf": lambda u: (-u / arb(2).sqrt()).erfc() / 2,
    "log1p": lambda u: u.log1p(),
    "sqrt": lambda u: u.sqrt(),
}


@pytest.fixture(autouse=True)
def _precision():
    before, ctx.prec = ctx.prec, 400
    yield
    ctx.prec = before


def parts(number, count):
    """Return the middle and the bound of each number as balls."""
    h, low, m, e = (np.broadcast_to(p, count) for p in (number.h, number.l, number.m, number.e))
    rows = zip(h.tolist(), low.tolist(), m.tolist(), e.tolist(), strict=True)
    return [((arb(a) + arb(b)) * arb(2) ** k, arb(c) * arb(2) ** k) for a, b, k, c in rows]


def assert_within(number, exact):
    for (middle, bound), wanted in zip(parts(number, len(exact)), exact, strict=True):
        assert abs(middle - wanted) <= bound
        assert bound <= abs(wanted) * arb(2) ** -55


@pytest.mark.parametrize("name", REFERENCES)
def test_a_function_is_within_its_bound(name):
    x = {"log1p": np.clip(ANY, -0.3, 1.0), "sqrt": np.abs(ANY)}.get(name, ANY)
    assert_within(getattr(functions, name)(bounded(x)), [REFERENCES[name](arb(v)) for v in x.tolist()])


def test_the_bound_follows_the_argument():
    """e**(e**x) moves by what is unknown of e**x."""
    x = np.linspace(-3.0, 6.0, 40)
    assert_within(functions.exp(functions.exp(bounded(x))), [arb(v).exp().exp() for v in x.tolist()])


@pytest.mark.parametrize("size", [1.0, 1e-320, 1e-200, 1e200, 1e308])
def test_operations_are_exact_to_100_bits_at_any_size(size):
    a, b = np.array([0.3, -0.7, 1.1]), np.array([0.9, 0.2, -1.3]) * size
    u, v = bounded(a), bounded(b)
    for got, exact in (
        (u * v, [arb(p) * arb(q) for p, q in zip(a, b, strict=True)]),
        (u / v, [arb(p) / arb(q) for p, q in zip(a, b, strict=True)]),
        (u + v, [arb(p) + arb(q) for p, q in zip(a, b, strict=True)]),
        ((u + v) * (u + v), [(arb(p) + arb(q)) ** 2 for p, q in zip(a, b, strict=True)]),
    ):
        assert_within(got, exact)


def test_nothing_overflows_on_the_way():
    huge = functions.exp(bounded(np.array([2000.0, -2000.0])))
    back = huge * (1.0 / huge)
    assert_within(back, [arb(1), arb(1)])
    with np.errstate(over="ignore"):
        assert (functions.exp(bounded(np.array([1e300, -1e300]))).rounded == [np.inf, 0.0]).all()


def test_cancelled_digits_are_not_trusted():
    x = bounded(np.array([1e-9, 0.5]))
    difference = functions.exp(x) - 1.0 - x
    assert difference.trusted(2.0**-53).tolist() == [False, True]


def test_neighbours_do_not_change_a_result():
    x = np.array([0.7, 1e-310, 1e300, 0.0])
    together = functions.tanh(bounded(x) * bounded(x))
    alone = functions.tanh(bounded(x[:1]) * bounded(x[:1]))
    assert together.rounded[0] == alone.rounded[0]
    kept = choose(np.array([True, False, True, False]), bounded(x), bounded(-x))
    np.testing.assert_array_equal(kept.rounded, np.where([True, False, True, False], x, -x))
