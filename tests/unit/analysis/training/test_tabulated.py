"""Functions read from a table: how near they are, where they go on as a line, and which are not read from one."""

import numpy as np
import pytest

from actcli import activation
from actcli.analysis.training.tabulated import tabulate


@pytest.fixture(autouse=True)
def quiet():
    with np.errstate(all="ignore"):
        yield


@pytest.mark.parametrize(
    "spec",
    ["gelu", "gelu_tanh", "quick_gelu", "silu", "mish", "erf", "x*sigmoid(1.7*x)"],
)
def test_a_table_is_near_its_function(spec):
    f = activation(spec)
    table = tabulate(f)
    assert table is not None
    x = np.concatenate(
        [np.random.default_rng(0).normal(0, 4, 20_000), [-1e30, -1e5, -40, -32, 0, 32, 40, 1e5, 1e30]]
    )
    x = x.astype(np.float32).reshape(1, -1, 1)
    h, slope = table.both(x)
    assert np.array_equal(table.value(x), h)
    for y, exact in ((h, f), (slope, f.grad)):
        assert (y.dtype, y.shape) == (np.float32, x.shape)
        assert np.allclose(y, exact(x.astype(np.float64)), rtol=2e-6, atol=2e-6)


def test_the_points_of_the_table_are_exact():
    f = activation("gelu")
    x = (np.arange(-2000, 2000) / 512).astype(np.float32)
    assert (tabulate(f).value(x) == f(x)).all()


def test_the_numbers_are_left_as_they_are_and_nan_stays_nan():
    x = np.array([0.5, np.nan, -3.0], np.float32)
    before = x.copy()
    y = tabulate(activation("erf")).value(x)
    assert np.array_equal(x, before, equal_nan=True)
    assert np.isnan(y).tolist() == [False, True, False]


@pytest.mark.parametrize(
    "spec",
    [
        "relu",
        "hard_swish",
        "laplace",
        "logit",
        "tanh",
        "elu",
        "softplus",
        "sine",
        "max(x, 0)",
        "log(x)",
        "x^3",
    ],
)
def test_what_has_no_table(spec):
    assert tabulate(activation(spec)) is None
