"""Reductions by unit against NumPy's own along two axes, in every order in memory."""

import numpy as np
import pytest

from actcli.analysis.stream.array_sums import (
    arranged,
    count_samples,
    count_units,
    reduce_units,
    sum_powers,
    sum_units,
)

SHAPES = [
    (1, 1, 1),
    (5, 3, 1),
    (40, 2, 1),
    (700, 3, 1),
    (3, 5000, 1),
    (30, 4, 9),
    (3, 4, 9),
    (40, 3, 70),
    (2, 3, 5000),
]
ORDERS = ("samples first", "units last", "samples last", "every second")


def laid(values, order):
    """The same values in another order in memory."""
    if order == "units last":
        return np.ascontiguousarray(values.transpose(0, 2, 1)).transpose(0, 2, 1)
    if order == "samples last":
        return np.asfortranarray(values)
    return np.repeat(values, 2, axis=0)[::2] if order == "every second" else values


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("shape", SHAPES)
def test_reductions_are_those_of_numpy(shape, order):
    values = arranged(laid(np.random.default_rng(1).normal(size=shape).astype(np.float32), order))
    exact = values.astype(np.float64)
    np.testing.assert_array_equal(reduce_units(np.maximum, values), values.max(axis=(0, 2)))
    np.testing.assert_array_equal(reduce_units(np.minimum, values), values.min(axis=(0, 2)))
    np.testing.assert_array_equal(count_units(values > 0.5), (values > 0.5).sum(axis=(0, 2)))
    np.testing.assert_allclose(sum_units(values), exact.sum(axis=(0, 2)), rtol=1e-12, atol=1e-12)
    total, squares = sum_powers(values)
    assert total.tobytes() == sum_units(values).tobytes()
    np.testing.assert_allclose(squares, (exact**2).sum(axis=(0, 2)), rtol=1e-13)
    where, counts = count_samples(values > 0.5)
    np.testing.assert_array_equal(where, (values > 0.5).any(axis=2))
    np.testing.assert_array_equal(counts, (values > 0.5).sum(axis=(0, 2)))


@pytest.mark.parametrize("order", ORDERS)
def test_nan_goes_through_the_extremes(order):
    values = np.zeros((40, 3, 4), np.float32)
    values[17, 1, 2] = np.nan
    values = arranged(laid(values, order))
    assert np.isnan(reduce_units(np.maximum, values)).tolist() == [False, True, False]
    assert reduce_units(np.fmax, values).tolist() == [0, 0, 0]


def test_sums_of_float32_are_those_of_float64_and_depend_on_the_shape_alone():
    values = np.full((100_000, 3, 1), 0.1, np.float32)
    total = float(np.float32(0.1)) * 100_000
    np.testing.assert_allclose(sum_units(values), total, rtol=1e-13)
    squares = sum_powers(values)[1]
    np.testing.assert_allclose(squares, float(np.float32(0.1)) * total, rtol=1e-13)
    again = np.concatenate([np.zeros((1, 3, 1), np.float32), values])[1:]  # another place in memory
    assert sum_units(again).tobytes() == sum_units(values).tobytes()
    assert sum_powers(again)[1].tobytes() == squares.tobytes()
