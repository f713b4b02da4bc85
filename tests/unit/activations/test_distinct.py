"""The different numbers of an array are those of numpy.unique."""

import numpy as np
import pytest

from actcli.activations.distinct import distinct


@pytest.mark.parametrize(
    "x",
    [
        np.zeros(0),
        np.array([3.0, -1.0, 3.0, 0.0, -0.0, np.inf, -np.inf, np.inf]),
        np.array([np.nan, 2.0, np.nan, 1.0, 2.0, np.nan]),
        np.full(5, np.nan),
        np.array([[5, 4], [4, 5]]),
        np.array([True, False, True]),
        np.repeat(np.linspace(-1, 1, 1001, dtype=np.float32), 3)[::-1],
    ],
)
def test_distinct_numbers_are_those_of_numpy(x):
    got, expected = distinct(x), np.unique(x)
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got, expected)
