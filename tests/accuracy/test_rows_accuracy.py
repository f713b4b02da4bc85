"""Functions over rows, and their Jacobians, within two units in the last place (ULP) of ball arithmetic."""

import numpy as np
import pytest
from balls import derivatives, ulps
from flint import arb, ctx
from test_accuracy import SEED

from actcli import activation

ROWS = [
    [0.0],
    [1.0, 1.0, 1.0],
    [0.0, -745.0],
    [0.0, -720.0, -730.0],
    [1e4, 1e4 - 0.3, 1e4 + 0.1],
    [700.0, -700.0, 0.0, 699.0],
    [36.0, -1.0, -1.5, -2.0],
    [1e-300, 2e-300, -1e-300, 0.0],
]


@pytest.fixture(autouse=True)
def _many_digits():
    precision, ctx.prec = ctx.prec, 2600
    yield
    ctx.prec = precision


def rows():
    rng = np.random.default_rng(SEED)
    drawn = [rng.normal(size=n) * s for n in (2, 3, 5, 17) for s in (0.1, 1, 5, 30, 300)]
    return [np.array(row) for row in ROWS] + drawn


def probabilities(row):
    """Return p and 1 − p, as balls."""
    e = [arb(float(v)).exp() for v in row]
    total = sum(e, arb(0))
    others = [sum((e[j] for j in range(len(e)) if j != i), arb(0)) for i in range(len(e))]
    return [v / total for v in e], [v / total for v in others]


def assert_within_two_ulp(got, expected, row):
    error = [ulps(float(g), e) for g, e in zip(np.ravel(got), expected, strict=True)]
    assert max(error) <= 2, (list(row), max(error))


@pytest.mark.parametrize(("name", "sign"), [("softmax", 1), ("softmin", -1)])
def test_softmax(name, sign):
    f = activation(name)
    for row in rows():
        p, q = probabilities(sign * row)
        n = range(row.size)
        assert_within_two_ulp(f(row), p, row)
        assert_within_two_ulp(f.grad(row), [sign * a * b for a, b in zip(p, q, strict=True)], row)
        jacobian = [sign * (p[i] * q[i] if i == j else -p[i] * p[j]) for i in n for j in n]
        assert_within_two_ulp(f.jacobian(row), jacobian, row)
        # 1 − 2p has a zero, beside which an absolute error is allowed
        bend = [a * b * (b - a) for a, b in zip(p, q, strict=True)]
        off = [abs(float((e - float(g)).mid())) for g, e in zip(f.grad(row, order=2), bend, strict=True)]
        close = [ulps(float(g), e) <= 2 for g, e in zip(f.grad(row, order=2), bend, strict=True)]
        assert all(c or o <= 2.0**-60 * 0.1 for c, o in zip(close, off, strict=True))


def test_log_softmax():
    f = activation("log_softmax")
    for row in rows():
        p, q = probabilities(row)
        n = range(row.size)
        rest = [
            sum(((arb(float(v)) - arb(float(row[i]))).exp() for j, v in enumerate(row) if j != i), arb(0))
            for i in n
        ]
        assert_within_two_ulp(f(row), [-v.log1p() for v in rest], row)
        assert_within_two_ulp(f.grad(row), q, row)
        assert_within_two_ulp(f.grad(row, order=2), [-a * b for a, b in zip(p, q, strict=True)], row)
        assert_within_two_ulp(f.jacobian(row), [q[i] if i == j else -p[j] for i in n for j in n], row)


def test_sparsemax():
    f = activation("sparsemax")
    for row in rows():
        ordered = sorted((arb(float(v)) for v in row), key=lambda v: -float(v.mid()))
        size = max(k for k in range(1, row.size + 1) if 1 + k * ordered[k - 1] > sum(ordered[:k], arb(0)))
        tau = (sum(ordered[:size], arb(0)) - 1) / size
        for got, v in zip(f(row), row, strict=True):
            expected = max(arb(float(v)) - tau, arb(0), key=lambda b: float(b.mid()))
            assert ulps(float(got), expected) <= 2 or abs(float((expected - float(got)).mid())) <= 2.0**-60


@pytest.mark.parametrize(("name", "gate"), [("glu", "sigmoid"), ("geglu", "gelu"), ("swiglu", "silu")])
def test_gated_linear_units(name, gate):
    f, g = activation(name), activation(gate)
    rng = np.random.default_rng(SEED)
    inner = rng.normal(size=200) * rng.choice([1, 5, 30, 300], 200)
    linear = rng.normal(size=200) * 10.0 ** rng.uniform(-50, 50, 200)
    for a, b in zip(inner, linear, strict=True):
        value, slope = derivatives(g, float(a), 1)
        row = np.array([b, a] if name == "glu" else [a, b])
        assert_within_two_ulp(f(row), [value * arb(float(b))], row)
        jacobian = [slope * arb(float(b)), value]
        off = 2.0**-60 * abs(b)
        for got, e in zip(f.jacobian(row)[0], jacobian[::-1] if name == "glu" else jacobian, strict=True):
            assert ulps(float(got), e) <= 2 or abs(float((e - float(got)).mid())) <= off
