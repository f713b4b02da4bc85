"""Values of any framework become NumPy arrays, exactly."""

import numpy as np
import pytest

from actcli.exits import UsageError
from actcli.recording.arrays import host_array, host_mask


def test_a_numpy_array_is_not_copied():
    values = np.zeros((3, 2), np.float32)
    assert host_array(values, "x") is values


def test_numbers_in_lists_are_taken():
    assert host_array([[1, 2]], "x").tolist() == [[1, 2]]


@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn", "float8_e5m2", "int4"])
def test_short_types_are_widened_exactly(name):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    dtype = np.dtype(getattr(ml_dtypes, name))
    bits = np.arange(1 << 8, dtype=np.uint8) if dtype.itemsize == 1 else np.arange(1 << 16, dtype=np.uint16)
    values = np.arange(-8, 8).astype(dtype) if name == "int4" else bits.view(dtype)
    wide = host_array(values, "x")
    assert wide.dtype == np.float32
    with np.errstate(invalid="ignore"):
        back = wide.astype(dtype)
    same = back.view(bits.dtype) == values.view(bits.dtype)
    assert (same | np.isnan(wide)).all()
    assert np.isnan(wide).sum() < wide.size / 4


class OfAFramework:
    """A tensor that knows one protocol only."""

    def __init__(self, values):
        self.values = values


class WithArray(OfAFramework):
    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype)


class WithDlpack(OfAFramework):
    def __dlpack__(self, **options):
        return self.values.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.values.__dlpack_device__()


class OnADevice(OfAFramework):
    def __array__(self, dtype=None, copy=None):
        raise TypeError("implicit conversion to a NumPy array is not allowed.\nUse .get()")


@pytest.mark.parametrize("kind", [WithArray, WithDlpack])
def test_either_protocol_is_enough(kind):
    assert host_array(kind(np.arange(6.0).reshape(3, 2)), "x").sum() == 15


def test_what_stays_on_its_device_is_refused_in_one_line():
    with pytest.raises(UsageError, match=r"layer 'a': OnADevice does not become .* not allowed") as caught:
        host_array(OnADevice(None), "layer 'a'")
    assert "\n" not in str(caught.value)


def test_tensors_of_torch_with_a_gradient_and_in_bfloat16():
    torch = pytest.importorskip("torch", exc_type=ImportError)
    tensor = torch.linspace(-3, 3, 12, requires_grad=True).reshape(6, 2)
    assert (host_array(tensor, "x") == tensor.detach().numpy()).all()
    assert (host_array(tensor.bfloat16(), "x") == tensor.detach().bfloat16().float().numpy()).all()


def test_arrays_of_jax():
    jax = pytest.importorskip("jax", exc_type=ImportError)
    values = jax.numpy.linspace(-3, 3, 12).reshape(6, 2)
    assert (host_array(values, "x") == np.asarray(values)).all()
    short = values.astype(jax.numpy.bfloat16)
    assert (host_array(short, "x") == np.asarray(short.astype(jax.numpy.float32))).all()


def test_a_flag_per_sample_holds_at_all_its_positions():
    assert host_mask([True, False], (2, 3), "x").tolist() == [[True] * 3, [False] * 3]
