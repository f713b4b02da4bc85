"""Shapes, types and memory layouts of input and output. The numbers depend on none of them."""

import numpy as np
import pytest

from actcli import activation, catalogue
from actcli.activations.activation import BLOCK
from actcli.exits import UsageError

NAMES = [
    {"onnx.hard_sigmoid": "onnx.HardSigmoid", "onnx.shrink": "onnx.Shrink"}.get(d.name, d.name)
    for d in catalogue()
]
ELEMENTWISE = [name for name in NAMES if not activation(name).by_rows]
BY_ROWS = [name for name in NAMES if activation(name).by_rows]


@pytest.mark.parametrize("shape", [(), (1,), (7,), (0,), (2, 3), (2, 0, 3), (2, 3, 4), (1, 1, 1, 5)])
def test_the_shape_is_kept(shape):
    x = np.linspace(-2.0, 2.0, int(np.prod(shape))).reshape(shape)
    for y in (
        activation("gelu")(x),
        activation("gelu").grad(x),
        activation("leaky_relu").grad(x, wrt="alpha"),
    ):
        assert y.shape == shape
        assert y.dtype == np.float64


def test_scalars_and_nested_lists_are_arrays_too():
    relu = activation("relu")
    assert relu(3).shape == ()
    assert float(relu(-1.5)) == 0.0
    assert relu([[1, -2], [3, -4]]).tolist() == [[1.0, 0.0], [3.0, 0.0]]
    assert relu(np.float32(2)).dtype == np.float32


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f2", ">f4", ">f8"])
def test_a_float_type_is_kept_in_native_byte_order(dtype):
    x = np.linspace(-3, 3, 13).astype(dtype)
    for name in ("silu", "softmax"):
        f = activation(name)
        for y in (f(x), f.grad(x)):
            assert y.dtype == x.dtype.newbyteorder("=")
            assert y.dtype.isnative
        np.testing.assert_array_equal(f(x), f(x.astype(x.dtype.newbyteorder("="))))


@pytest.mark.parametrize("dtype", ["?", "i1", "u1", "i4", ">i8", "u8"])
def test_whole_numbers_and_booleans_become_float64(dtype):
    x = np.array([0, 1, 1, 0]).astype(dtype)
    y = activation("sigmoid")(x)
    assert y.dtype == np.float64
    np.testing.assert_array_equal(y, activation("sigmoid")([0.0, 1.0, 1.0, 0.0]))


@pytest.mark.parametrize(
    "x",
    [
        np.array([1j]),
        np.array(["1.5"]),
        np.array([b"1.5"]),
        np.array([None]),
        np.array([2**70]),
        np.array([1.0], np.longdouble),
        np.array(["2020-01-01"], "datetime64[D]"),
        np.array([1], "timedelta64[s]"),
        np.zeros(2, [("a", "f8")]),
        np.zeros(2, "V2"),
        "1.5",
        None,
    ],
    ids=str,
)
def test_other_types_are_refused_by_name(x):
    for name in ("relu", "softmax"):
        with pytest.raises(
            UsageError, match=rf"{name} takes float16, float32, float64 or whole numbers, not "
        ):
            activation(name)(x)
        with pytest.raises(UsageError, match="not "):
            activation(name).grad(x)


def test_lists_of_different_lengths_are_refused():
    with pytest.raises(UsageError, match="relu takes an array"):
        activation("relu")([[1.0], [1.0, 2.0]])


@pytest.mark.parametrize("name", NAMES)
def test_the_input_is_never_touched(name):
    f = activation(name)
    x = np.linspace(-3.0, 3.0, 24).reshape(4, 6)
    before = x.copy()
    x.flags.writeable = False
    results = [f(x)]
    if f.definition.slope is not None:
        results += [f.grad(x), f.grad(x, order=2)]
    if f.by_rows:
        results.append(f.jacobian(x))
    results += [f.grad(x, wrt=p) for p in f.definition.by_parameter]
    np.testing.assert_array_equal(x, before)
    for y in results:
        assert not np.shares_memory(x, y)
        assert y.flags.writeable


@pytest.mark.parametrize("name", NAMES)
def test_views_give_what_copies_give(name):
    f = activation(name)
    base = np.random.default_rng(1).normal(size=(8, 12, 6)) * 3
    views = [
        base[::2],
        base[:, ::-1],
        base[..., ::-1],
        base.transpose(1, 0, 2),
        base[:, 3:9:2, :],
        np.asfortranarray(base),
    ]
    for x in views:
        np.testing.assert_array_equal(f(x), f(np.ascontiguousarray(x)))


def wide(rng, n):
    """Numbers of every size and sign, and the special ones."""
    x = np.concatenate(
        [rng.normal(size=n) * 3, rng.uniform(-800, 800, n // 2), 10.0 ** rng.uniform(-320, 308, n // 2)]
    )
    x[n::3] *= -1
    return np.concatenate(
        [x, [0.0, -0.0, np.inf, -np.inf, np.nan, 0.75, -0.75, 0.5, 1.0, -1.0, 3.0, -3.0, 6.0]]
    )


def same_bits(a, b):
    """Equal, NaNs at the same places, zeros of the same sign."""
    return bool((((a == b) & (np.signbit(a) == np.signbit(b))) | (np.isnan(a) & np.isnan(b))).all())


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_a_number_gives_the_same_bits_wherever_it_stands(name):
    """Shuffled, alone, in blocks of odd sizes, across the seams of the blocks: vector and scalar code agree."""
    f = activation(name)
    rng = np.random.default_rng(2)
    x = rng.uniform(0, 1, 1000) if f.definition.domain == (0.0, 1.0) else wide(rng, 500)
    kernels = [
        f,
        f.grad,
        lambda x: f.grad(x, order=2),
        *(lambda x, p=p: f.grad(x, wrt=p) for p in f.parameters),
    ]
    order = rng.permutation(x.size)
    for kernel in kernels:
        y = kernel(x)
        assert same_bits(kernel(x[order]), y[order])
        pieces = np.split(x, [1, 4, 11, 18, 35, 36, 117, 400])
        assert same_bits(np.concatenate([kernel(piece) for piece in pieces]), y)
        few = slice(None, None, 19)
        assert same_bits(np.array([kernel(v) for v in x[few]]), y[few])


def test_large_arrays_are_computed_in_blocks_without_seams():
    f = activation("gelu")
    x = np.random.default_rng(3).normal(size=2 * BLOCK + 17) * 4
    y = f(x)
    for at in (0, BLOCK - 1, BLOCK, 2 * BLOCK - 1, 2 * BLOCK, x.size - 1):
        assert y[at] == f(x[at])


@pytest.mark.parametrize("name", BY_ROWS)
def test_a_row_gives_the_same_bits_wherever_it_stands(name):
    f = activation(name)
    rng = np.random.default_rng(4)
    x = rng.normal(size=(BLOCK // 8 + 3, 8)) * 10
    y = f(x)
    order = rng.permutation(len(x))
    np.testing.assert_array_equal(f(x[order]), y[order])
    for at in (0, 1, BLOCK // 8 - 1, BLOCK // 8, len(x) - 1):
        np.testing.assert_array_equal(f(x[at]), y[at])


def test_low_precision_rounds_once_and_overflows_to_infinity():
    f = activation("exponential")
    assert f(np.float16(12)).dtype == np.float16
    assert float(f(np.float16(12))) == np.inf
    assert float(f(np.float32(88.5))) == np.float32(np.exp(88.5))
    assert float(f(np.float16(-16))) == float(np.float16(np.exp(-16.0)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bare_kernels_of_a_formula_keep_shape_and_precision(dtype):
    x = np.linspace(-3, 3, 24_000, dtype=dtype).reshape(20, 30, 40)
    for ours, theirs in zip(activation("max(x, 0)").kernels, activation("relu").kernels, strict=True):
        y = ours(x)
        assert (y.shape, y.dtype) == (x.shape, x.dtype)
        assert (y == theirs(x)).all()
