"""Activations over a row, against their formulas in mpmath, against differences, and at the odd inputs."""

import mpmath as mp
import numpy as np
import pytest

from actcli import activation, catalogue
from actcli.exits import UsageError

INF, NAN = np.inf, np.nan
SQUARE = [d.name for d in catalogue() if d.by_rows and d.slope is not None]
HALVING = ["glu", "reglu", "geglu", "swiglu", "maxout"]

ROWS = [
    [0.1, -0.7, 2.3, 1.1],
    [0.0, 0.0, 0.0, 0.0],
    [700.0, -700.0, 0.0, 699.0],
    [1000.0, 999.5, 260.0, 300.0],
    [-1e308, -1e308, -1.1e308, 0.0],
    [1e-300, 2e-300, -1e-300, 0.0],
    [36.0, -1.0, -1.5, -2.0],
    [0.1 + 1e4, 0.7 + 1e4, -0.3 + 1e4, 1e4],
]


def exact_softmax(row, sign=1):
    with mp.workdps(60):
        powers = [mp.exp(sign * mp.mpf(v)) for v in row]
        return [p / mp.fsum(powers) for p in powers]


def relative_error(got, expected):
    if expected < mp.mpf(2) ** -1022:  # subnormal results have fewer digits
        return float(abs(mp.mpf(float(got)) - expected) / mp.mpf(2) ** -1022)
    return float(abs(mp.mpf(float(got)) - expected) / expected)


@pytest.mark.parametrize("row", ROWS, ids=str)
@pytest.mark.parametrize(("name", "sign"), [("softmax", 1), ("softmin", -1)])
def test_softmax_keeps_its_digits_in_the_tails(row, name, sign):
    got = activation(name)(row)
    expected = exact_softmax(row, sign)
    assert max(map(relative_error, got, expected)) < 1e-15
    assert float(got.sum()) == pytest.approx(1.0, rel=1e-15)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_log_softmax_keeps_its_digits_when_a_class_is_sure(row):
    got = activation("log_softmax")(row)
    with mp.workdps(2000 if max(row) - min(row) > 1e5 else 700):
        total = mp.fsum(mp.exp(mp.mpf(v) - max(row)) for v in row)
        for y, v in zip(got, row, strict=True):
            expected = mp.mpf(v) - max(row) - mp.log(total)
            if abs(expected) > 1.7e308:
                continue
            assert abs(mp.mpf(float(y)) - expected) <= abs(expected) * mp.mpf("4.5e-16")


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_jacobian_of_softmax_keeps_its_digits(row):
    jacobian, diagonal = activation("softmax").jacobian(row), activation("softmax").grad(row)
    with mp.workdps(1000):
        powers = [mp.exp(mp.mpf(v) - max(row)) for v in row]
        p = [power / mp.fsum(powers) for power in powers]
        for i in range(4):
            rest = mp.fsum(p[k] for k in range(4) if k != i)
            for j in range(4):
                expected = p[i] * rest if i == j else p[i] * p[j]
                got = jacobian[i, j] if i == j else -jacobian[i, j]
                assert relative_error(got, expected) < 3e-15, (i, j)
            assert relative_error(diagonal[i], p[i] * rest) < 3e-15


@pytest.mark.parametrize("name", SQUARE + HALVING)
def test_the_jacobian_is_the_difference_of_the_values(name):
    f = activation(name)
    x = np.random.default_rng(5).normal(size=(7, 6)) * 1.5
    step = 2.0**-17
    jacobian = f.jacobian(x)
    for j in range(6):
        shift = np.zeros(6)
        shift[j] = step
        differences = (f(x + shift) - f(x - shift)) / (2 * step)
        np.testing.assert_allclose(jacobian[:, :, j], differences, rtol=1e-8, atol=2e-9)


@pytest.mark.parametrize("name", SQUARE)
def test_grad_is_the_diagonal_of_the_jacobian_and_order_2_its_derivative(name):
    f = activation(name)
    x = np.random.default_rng(6).normal(size=(5, 3, 4))
    np.testing.assert_allclose(f.grad(x), np.diagonal(f.jacobian(x), axis1=-2, axis2=-1), rtol=1e-15)
    step = 2.0**-17
    for j in range(4):
        shift = np.zeros(4)
        shift[j] = step
        bend = (f.grad(x + shift)[..., j] - f.grad(x - shift)[..., j]) / (2 * step)
        np.testing.assert_allclose(f.grad(x, order=2)[..., j], bend, rtol=1e-8, atol=2e-9)


@pytest.mark.parametrize("name", ["softmax", "softmin", "sparsemax", "log_softmax"])
def test_moving_the_whole_row_changes_no_probability(name):
    f = activation(name)
    x = np.random.default_rng(7).integers(-50, 50, size=(20, 5)) / 16
    np.testing.assert_array_equal(f(x + 4.0), f(x))
    sums = f.jacobian(x).sum(axis=2)
    np.testing.assert_allclose(sums, 0.0, atol=1e-15)


@pytest.mark.parametrize(
    ("row", "softmax", "log_softmax"),
    [
        ([-INF, 1.0], [0.0, 1.0], [-INF, 0.0]),
        ([-INF, 1.0, 1.0], [0.0, 0.5, 0.5], [-INF, -np.log(2), -np.log(2)]),
        ([INF, 1.0], [NAN, NAN], [NAN, NAN]),
        ([INF, INF], [NAN, NAN], [NAN, NAN]),
        ([-INF, -INF], [NAN, NAN], [NAN, NAN]),
        ([INF, -INF], [NAN, NAN], [NAN, NAN]),
        ([NAN, 1.0], [NAN, NAN], [NAN, NAN]),
        ([1.0, NAN, -INF], [NAN] * 3, [NAN] * 3),
        ([5.0], [1.0], [0.0]),
        ([1.7e308, -1.7e308], [1.0, 0.0], [0.0, -INF]),
    ],
)
def test_infinities_and_nan_do_to_a_row_what_they_do_in_torch(row, softmax, log_softmax):
    np.testing.assert_array_equal(activation("softmax")(row), softmax)
    np.testing.assert_array_equal(activation("log_softmax")(row), log_softmax)
    np.testing.assert_array_equal(activation("softmin")(-np.array(row)), softmax)


def test_the_tiniest_doubt_of_a_sure_class_is_kept():
    """torch returns 0 here: log_softmax of a class that is sure is −e^−50, not 0."""
    y = activation("log_softmax")([50.0, 0.0])
    assert float(y[0]) == pytest.approx(-np.exp(-50.0), rel=1e-15)
    assert float(activation("softmax").grad([50.0, 0.0])[0]) == pytest.approx(np.exp(-50.0), rel=1e-15)


def test_sparsemax_is_the_nearest_point_of_the_simplex():
    f = activation("sparsemax")
    assert f([1.0, 0.5, -1.0]).tolist() == [0.75, 0.25, 0.0]
    assert f([3.0, 0.0]).tolist() == [1.0, 0.0]
    assert f([2.0, 2.0, 2.0, 2.0]).tolist() == [0.25] * 4
    x = np.random.default_rng(8).normal(size=(200, 7))
    p = f(x)
    np.testing.assert_allclose(p.sum(axis=1), 1.0, rtol=1e-15)
    # optimality: x − p is the same on the support, and no larger off it
    tau = (x - p).max(axis=1, keepdims=True)
    on = p > 0
    np.testing.assert_allclose(np.where(on, x - p, tau), np.broadcast_to(tau, x.shape), atol=4e-16)
    assert 1.5 < on.sum(axis=1).mean() < 4
    np.testing.assert_array_equal(f([-INF, 1.0, 0.75]), [0.0, 0.625, 0.375])
    for row in ([NAN, 1.0], [INF, 1.0], [-INF, -INF]):
        assert np.isnan(f(row)).all(), row


def test_hardmax_takes_the_first_of_the_largest():
    f = activation("hardmax")
    assert f([[1.0, 3.0, 3.0], [-INF, -INF, -1.0]]).tolist() == [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    assert np.isnan(f([1.0, NAN])).all()
    assert f.grad([1.0, 3.0]).tolist() == [0.0, 0.0]


def test_maxout_takes_the_largest_of_each_group():
    row = [1.0, 5.0, 2.0, 4.0, 0.0, 3.0]
    assert activation("maxout")(row).tolist() == [4.0, 5.0, 3.0]
    assert activation("maxout:3")(row).tolist() == [2.0, 5.0]
    assert activation("maxout:6")(row).tolist() == [5.0]
    assert activation("maxout:1")(row).tolist() == row
    assert activation("maxout:3").jacobian(row).tolist() == [
        [0.0, 0.0, 1.0, 0.0, 0.0, 0.0],
        [0.0, 1.0, 0.0, 0.0, 0.0, 0.0],
    ]
    assert np.isnan(activation("maxout")([1.0, NAN, 2.0, 0.0])).tolist() == [False, True]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("glu", lambda a, b: a * activation("sigmoid")(b)),
        ("reglu", lambda a, b: activation("relu")(a) * b),
        ("geglu", lambda a, b: activation("gelu")(a) * b),
        ("swiglu", lambda a, b: activation("silu")(a) * b),
    ],
)
def test_which_half_is_gated(name, expected):
    x = np.random.default_rng(9).normal(size=(3, 2, 8))
    np.testing.assert_allclose(activation(name)(x), expected(x[..., :4], x[..., 4:]), rtol=4e-16)


@pytest.mark.parametrize("name", [d.name for d in catalogue() if d.by_rows])
def test_the_row_is_the_last_axis_and_the_others_are_kept(name):
    f = activation(name)
    x = np.random.default_rng(10).normal(size=(2, 3, 6))
    m = f.width(6)
    y = f(x)
    assert y.shape == (2, 3, m)
    np.testing.assert_array_equal(y[1, 2], f(x[1, 2]))
    assert f.jacobian(x).shape == (2, 3, m, 6)
    np.testing.assert_array_equal(f.jacobian(x)[1, 2], f.jacobian(x[1, 2]))
    assert f(x.astype(np.float16)).dtype == np.float16


@pytest.mark.parametrize("name", [*(d.name for d in catalogue() if d.by_rows), "maxout:3", "maxout:5000000"])
def test_empty_arrays_have_empty_results(name):
    f = activation(name)
    assert f(np.empty((0,))).shape == (0,)
    assert f(np.empty((3, 0))).shape == (3, 0)
    assert f.jacobian(np.empty((3, 0), np.float32)).shape == (3, 0, 0)
    assert f.jacobian(np.empty((3, 0), np.float32)).dtype == np.float32
    if not f.parameters:
        assert f(np.empty((0, 6))).shape == (0, f.width(6))
        assert f.jacobian(np.empty((2, 0, 6))).shape == (2, 0, f.width(6), 6)
    if f.definition.slope is not None:
        assert f.grad(np.empty((0, 6)), order=2).shape == (0, 6)


def test_input_without_rows_is_refused():
    with pytest.raises(UsageError, match="softmax takes rows"):
        activation("softmax")(1.0)
    with pytest.raises(UsageError, match=r"glu takes rows of even length .*, not 3"):
        activation("glu")([1.0, 2.0, 3.0])
    with pytest.raises(UsageError, match="maxout:groups=4 takes rows whose length 4 divides, not 6"):
        activation("maxout:4").jacobian(np.ones((2, 6)))
    with pytest.raises(UsageError, match="its Jacobian has no diagonal"):
        activation("swiglu").grad([1.0, 2.0])
    with pytest.raises(UsageError, match="element by element"):
        activation("relu").jacobian([1.0])


def test_a_large_array_of_rows_is_computed_in_blocks_without_seams():
    x = np.random.default_rng(11).normal(size=(70_001, 3))
    y = activation("softmax")(x)
    np.testing.assert_array_equal(
        y[[0, 21845, 21846, 70_000]], activation("softmax")(x[[0, 21845, 21846, 70_000]])
    )


GATES = {
    "glu": lambda z: 1 / (1 + mp.exp(-z)),
    "swiglu": lambda z: z / (1 + mp.exp(-z)),
    "geglu": lambda z: z * mp.erfc(-z / mp.sqrt(2)) / 2,
}


@pytest.mark.parametrize("name", GATES)
def test_a_gate_that_underflows_times_a_large_number_keeps_its_digits(name):
    rng = np.random.default_rng()
    gate = GATES[name]
    far = -rng.uniform(5, 55, 40) if name == "geglu" else -rng.uniform(300, 1400, 40)
    large = 10.0 ** rng.uniform(0, 308, 40)
    for inner, linear in zip(far, large, strict=True):
        row = [linear, inner] if name == "glu" else [inner, linear]
        got, jacobian = activation(name)(row)[0], activation(name).jacobian(row)[0]
        with mp.workdps(1200):
            exact = gate(mp.mpf(inner)) * mp.mpf(linear)
            slope = mp.diff(gate, mp.mpf(inner)) * mp.mpf(linear)
        for found, expected in ((got, exact), (jacobian[int(name == "glu")], slope)):
            assert abs(mp.mpf(float(found)) - expected) <= abs(expected) * 2e-15 + mp.mpf(2) ** -1072, row
