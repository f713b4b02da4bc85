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


def roots(row):
    """Return the roots of entmax15, by the largest k of which the smallest entry is above its threshold."""
    z = [(arb(float(v)) - arb(float(max(row)))) / 2 for v in row]
    ordered = sorted(z, key=lambda v: -float(v.mid()))
    for k in range(1, len(z) + 1):
        mean = sum(ordered[:k], arb(0)) / k
        spread = sum(((v - mean) ** 2 for v in ordered[:k]), arb(0))
        if spread < 1 and mean - ((1 - spread) / k).sqrt() < ordered[k - 1]:
            tau, size = mean - ((1 - spread) / k).sqrt(), k
    return [v - tau if v > tau else arb(0) for v in z], size


def test_entmax15():
    f = activation("entmax15")
    near_threshold = [np.array([0.0, -2.0 + d, -2.0 - d]) for d in (1e-3, 1e-9, 1e-15)]
    for row in [*rows(), *near_threshold, np.random.default_rng(SEED).normal(size=400) * 0.3]:
        s, k = roots(row)
        n, total = range(row.size), sum(s, arb(0))
        rest = [sum((s[j] for j in n if j != i), arb(0)) / total for i in n]
        bend = [(rest[i] ** 3 - (k - 1) * (s[i] / total) ** 3) / 2 if s[i] > 0 else arb(0) for i in n]
        columns = n if row.size < 20 else (0, 1)
        jacobian = [s[i] * rest[i] if i == j else -s[i] * s[j] / total for i in n for j in columns]
        for got, expected in (
            (f(row), [v * v for v in s]),
            (f.grad(row), [a * b for a, b in zip(s, rest, strict=True)]),
            (f.grad(row, order=2), bend),
            (f.jacobian(row)[:, list(columns)].ravel(), jacobian),
        ):
            for g, e in zip(got, expected, strict=True):
                assert ulps(float(g), e) <= 2 or abs(float((e - float(g)).mid())) <= 2.0**-60, row


PAIRS = {
    "swiglu:limit=7": (False, 1.0, 7.0, 0.0),
    "swiglu:limit=10": (False, 1.0, 10.0, 0.0),
    "swiglu_oai": (True, 1.702, 7.0, 1.0),
    "swiglu_oai:1,3": (True, 1.0, 3.0, 1.0),
}


def clipped_pairs():
    rng = np.random.default_rng(SEED)
    inner = rng.normal(size=150) * rng.choice([1, 5, 30, 300], 150)
    linear = rng.normal(size=150) * 10.0 ** rng.uniform(-50, 2, 150)
    edges = [(7.0, 7.0), (7.0, -7.0), (np.nextafter(7.0, 8), -1.0), (-745.0, 3.0), (1e300, 1e-300)]
    return [*zip(inner, linear, strict=True), *edges]


@pytest.mark.parametrize("spec", PAIRS)
def test_swiglu_with_a_limit(spec):
    alternate, alpha, limit, more = PAIRS[spec]
    f, g = activation(spec), activation(f"silu:{alpha!r}")
    for a, b in clipped_pairs():
        value, slope = derivatives(g, float(min(a, limit)), 1)
        factor = arb(float(np.clip(b, -limit, limit))) + more
        by_a = slope * factor if a <= limit else arb(0)
        by_b = value if abs(b) <= limit else arb(0)
        row = np.array([a, b, a, b]) if alternate else np.array([a, a, b, b])
        expected = [by_a, by_b, 0, 0] if alternate else [by_a, 0, by_b, 0]
        assert_within_two_ulp(f(row), [value * factor] * 2, row)
        for got, e in zip(f.jacobian(row)[0], expected, strict=True):
            assert ulps(float(got), arb(e)) <= 2 or abs(float((e - float(got)).mid())) <= 2.0**-60, row


@pytest.mark.parametrize("limit", [7.0, 0.3])
def test_swiglu_step(limit):
    f, g = activation(f"swiglu_step:{limit}"), activation("silu")
    for a, b in clipped_pairs():
        value, slope = derivatives(g, float(a), 1)
        inside = not value > limit
        gate = value if inside else arb(limit)
        factor = arb(float(np.clip(b, -limit, limit)))
        expected = [slope * factor if inside else arb(0), gate if abs(b) <= limit else arb(0)]
        row = np.array([a, b])
        assert_within_two_ulp(f(row), [gate * factor], row)
        for got, e in zip(f.jacobian(row)[0], expected, strict=True):
            assert ulps(float(got), e) <= 2 or abs(float((e - float(got)).mid())) <= 2.0**-60, row


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
