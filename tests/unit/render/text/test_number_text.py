import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actcli.render.text.numbers import json_bytes, number_bytes, number_list, row_list

WORDS = {np.dtype(np.float16): np.uint16, np.dtype(np.float32): np.uint32, np.dtype(np.float64): np.uint64}
FLOATS = st.sampled_from(list(WORDS))


def bits(values):
    return np.where(np.isnan(values), 1, values.view(WORDS[values.dtype]))


@settings(max_examples=200)
@given(st.data(), FLOATS, st.integers(0, 40))
def test_reads_back_to_the_same_bits(data, dtype, count):
    words = data.draw(arrays.arrays(WORDS[dtype], count))
    values = words.view(dtype)
    tokens = number_bytes(values).decode().split()
    back = np.array([dtype.type(token) for token in tokens], dtype)
    assert np.array_equal(bits(back), bits(values))


def test_every_float16_has_the_decimal_that_numpy_gives_it():
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    tokens = number_list(halves)
    wrong = [
        (half, token)
        for half, token in zip(halves, tokens, strict=True)
        if np.isfinite(half) and (float(token) != float(str(half)) or len(token) > 11)
    ]
    assert wrong == []


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_zero_keeps_its_sign_and_the_rest_has_names(dtype):
    values = np.array([-0.0, 0.0, np.nan, np.inf, -np.inf, 0.1], dtype)
    assert number_bytes(values) == b"-0.0\n0.0\nnan\ninf\n-inf\n0.1"


def test_separator_and_quotes():
    values = np.array([1.5, np.nan])
    assert number_bytes(values, b",") == b"1.5,nan"
    assert number_list(values, quoted=True) == [b"1.5", b'"nan"']
    assert json_bytes(values.reshape(2, 1)) == b'[[1.5],["nan"]]'


def test_any_memory_layout_and_byte_order():
    values = np.arange(6.0).reshape(2, 3)
    assert number_bytes(values[:, ::2], b" ") == b"0.0 2.0 3.0 5.0"
    assert number_bytes(np.asfortranarray(values), b" ") == b"0.0 1.0 2.0 3.0 4.0 5.0"
    assert number_bytes(values[0].astype(">f4"), b" ") == b"0.0 1.0 2.0"
    assert number_bytes(values[0].astype(">f2"), b" ") == b"0.0 1.0 2.0"


def test_nothing_is_nothing():
    assert number_bytes(np.empty(0)) == b""
    assert number_list(np.empty(0)) == []
    assert row_list(np.empty((0, 3))) == []
    assert row_list(np.empty((2, 0))) == [b"", b""]


def test_rows():
    values = np.array([[1.0, np.inf], [np.nan, 2.0]])
    assert row_list(values, b" ") == [b"1.0 inf", b"nan 2.0"]
    assert row_list(values, quoted=True) == [b'1.0,"inf"', b'"nan",2.0']
