"""The kernels of training: how near they are to the core's, value by itself and with the slope."""

import numpy as np
import pytest

from actcli import activation, catalogue
from actcli.analysis.training.quick_kernels import quick_kernels

SPECS = tuple(
    one.name for one in catalogue() if not one.by_rows and np.isinf(one.domain).all() and one.name != "step"
)
FUSED = ("sigmoid", "silu")


@pytest.fixture(autouse=True)
def quiet():
    with np.errstate(all="ignore"):  # as on the threads that train
        yield


def numbers(largest):
    rng = np.random.default_rng(0)
    near = np.concatenate([rng.normal(0, 4, 20_000), np.linspace(-largest, largest, 4001), [0.0, -0.0]])
    return near.astype(np.float32)[None, :, None]


@pytest.mark.parametrize(
    "spec", sorted({*SPECS, *FUSED, "swish:beta=2", "prelu:0.3", "leaky_relu:0.5", "leaky_relu:-0.1"})
)
def test_they_are_near_the_exact_ones(spec):
    f = activation(spec)
    z = numbers(1e5 if spec in FUSED else 40)
    kernels, exact = quick_kernels(f), z.astype(np.float64)
    h, slope = kernels.both(z)
    assert h.shape == slope.shape == z.shape
    assert np.array_equal(kernels.value(z), h)
    tolerance = 2e-6 if spec in FUSED else 1e-5
    assert np.allclose(h, f(exact), rtol=tolerance, atol=tolerance)
    assert np.allclose(np.asarray(slope, np.float64), f.grad(exact), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("spec", FUSED)
def test_they_leave_the_numbers_as_they_are_and_nan_is_seen(spec):
    z = np.array([[[0.5, np.nan, -3.0]]], np.float32)
    before = z.copy()
    h, _ = quick_kernels(activation(spec)).both(z)
    assert np.array_equal(z, before, equal_nan=True)
    assert (h.dtype, np.isnan(h).tolist()) == (np.float32, [[[False, True, False]]])


@pytest.mark.parametrize("spec", ["relu", "leaky_relu", "leaky_relu:0.3", "tanh"])
def test_they_have_the_bits_of_the_core_where_nothing_is_approximated(spec):
    f, z = activation(spec), numbers(30)
    value, slope = f.kernels
    h, quick_slope = quick_kernels(f).both(z)
    assert np.array_equal(h, value(z))
    assert not np.signbit(h[h == 0]).any() or spec != "relu"
    assert np.array_equal(np.asarray(quick_slope, np.float32), slope(z))


@pytest.mark.parametrize("far", [41.0, 400.0, 1e30, np.inf, np.nan])
def test_slopes_of_tanh_far_out_are_the_core_s(far):
    z = np.array([0.3, far, -far], np.float32)
    assert np.array_equal(
        quick_kernels(activation("tanh")).both(z)[1], activation("tanh").kernels[1](z), equal_nan=True
    )
