"""Activations along streams: order, threads, shapes, failures, and answers that do not wait."""

import random
import threading
import time

import numpy as np
import pytest

from actcli import activation
from actcli.analysis.stream.blocks import differentiate, evaluate, in_order
from actcli.analysis.stream.evaluation import Numbers
from actcli.exits import ActcliError, DataError, UsageError

LARGE = 16384
"""A block that is worth a thread."""


def numbers(array, size, **more):
    """An array as a stream of blocks of `size` elements, or rows."""
    array = np.asarray(array)
    blocks = (array[i : i + size] for i in range(0, len(array), size))
    return Numbers("arguments", None, array.dtype, more.pop("shape", array.shape), blocks, **more)


def until_it_fails(stream):
    """What a stream gives before its error, and the error."""
    got = []
    try:
        for x, _ in stream:
            got.append(float(x[0]))
    except ActcliError as error:
        return got, error
    return got, None


def counted(n, size=LARGE):
    return (np.full(size, float(i)) for i in range(n))


@pytest.mark.parametrize("on_disk", [False, True])
@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_the_order_of_the_blocks_is_kept(threads, on_disk):
    hurry = random.Random(1)  # noqa: S311 - for naps
    naps = [hurry.uniform(0, 0.004) for _ in range(40)]

    def slow(block):
        time.sleep(naps[int(block[0])])
        return block + 0.5

    pairs = list(in_order(slow, counted(40), threads, on_disk=on_disk))
    assert [x[0] for x, _ in pairs] == list(range(40))
    assert all((y == x + 0.5).all() for x, y in pairs)


@pytest.mark.parametrize("on_disk", [False, True])
def test_large_blocks_are_computed_at_the_same_time(on_disk):
    meeting = threading.Barrier(3, timeout=5)
    # a lone thread would wait for ever
    list(in_order(lambda block: meeting.wait() * block, counted(6), 3, on_disk=on_disk))


def test_from_a_disk_each_thread_draws_its_blocks_and_a_single_block_needs_none():
    drawn_by, here = [], threading.current_thread()

    def blocks(count):
        for i in range(count):
            drawn_by.append(threading.current_thread())
            yield np.full(LARGE, float(i))

    meeting = threading.Barrier(2, timeout=5)
    list(in_order(lambda block: meeting.wait() * block, blocks(20), 2, on_disk=True))
    assert len(set(drawn_by[2:])) == 2
    drawn_by.clear()
    computed_by = []
    list(
        in_order(
            lambda block: computed_by.append(threading.current_thread()) or block,
            blocks(1),
            2,
            on_disk=True,
        )
    )
    assert {*drawn_by, *computed_by} == {here}


@pytest.mark.parametrize("at", [0, 1, 2, 9])
@pytest.mark.parametrize("threads", [2, 3])
def test_an_error_of_another_kind_ends_the_stream_too(threads, at):
    def blocks():
        yield from counted(at)
        raise OverflowError

    got = []
    with pytest.raises(OverflowError):
        got.extend(x[0] for x, _ in in_order(np.negative, blocks(), threads, on_disk=True))
    assert got == list(range(at))[: len(got)]


def test_small_blocks_are_computed_where_they_are_read():
    here = threading.current_thread()
    seen = []
    list(in_order(lambda block: seen.append(threading.current_thread()) or block, counted(5, size=3), 4))
    assert set(seen) == {here}


@pytest.mark.parametrize("on_disk", [False, True])
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_no_more_blocks_are_read_ahead_than_one_for_each_thread_and_one(threads, on_disk):
    pulled = []

    def blocks():
        for i in range(30):
            pulled.append(i)
            yield np.full(LARGE, float(i))

    ahead = []
    for done, _ in enumerate(in_order(np.negative, blocks(), threads, on_disk=on_disk)):
        ahead.append(len(pulled) - done)
    assert max(ahead) <= threads + 1
    assert len(ahead) == 30


@pytest.mark.parametrize("on_disk", [False, True])
def test_a_mix_of_large_and_small_blocks_stays_in_order(on_disk):
    sizes = [LARGE, 3, LARGE, 1, 1, LARGE, 2]
    blocks = (np.full(size, float(i)) for i, size in enumerate(sizes))
    assert [x.size for x, _ in in_order(np.negative, blocks, 2, on_disk=on_disk)] == sizes


@pytest.mark.parametrize("on_disk", [False, True])
@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("size", [3, LARGE])
@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_results_before_a_failure_of_the_stream_are_handed_on_first(count, size, threads, on_disk):
    def blocks():
        yield from counted(count, size)
        raise DataError("stdin:4: 'abc' is not a number")

    got, error = until_it_fails(
        in_order(lambda block: time.sleep(0.002) or block, blocks(), threads, on_disk=on_disk)
    )
    assert got == [0.0, 1.0, 2.0][:count]
    assert isinstance(error, DataError)


@pytest.mark.parametrize("on_disk", [False, True])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("size", [3, LARGE])
def test_an_error_of_the_computation_comes_out_after_what_stands_before_it(threads, size, on_disk):
    def fails(block):
        if block[0] == 2:
            raise UsageError("glu takes rows of even length")
        return block

    got, error = until_it_fails(in_order(fails, counted(6, size), threads, on_disk=on_disk))
    assert got == [0.0, 1.0]
    assert isinstance(error, UsageError)


@pytest.mark.parametrize("on_disk", [False, True])
def test_threads_end_when_nobody_asks_for_more(on_disk):
    stream = in_order(np.negative, counted(20), 2, on_disk=on_disk)
    next(stream)
    stream.close()
    deadline = time.monotonic() + 5
    while any(t.name.startswith("actcli") for t in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_an_empty_stream_is_an_empty_stream():
    assert list(in_order(np.negative, iter(()), 1)) == []
    assert list(in_order(np.negative, iter(()), 4)) == []
    assert list(in_order(np.negative, iter(()), 4, on_disk=True)) == []


def test_a_live_stream_is_answered_block_by_block():
    pulled = []

    def blocks():
        for i in range(5):
            pulled.append(i)
            yield np.full(LARGE, float(i))

    live = Numbers("stdin", None, np.dtype(np.float64), None, blocks(), live=True)
    result = evaluate(activation("relu"), live, threads=4)
    assert pulled == []  # nothing is read before somebody asks
    for i, (x, _) in enumerate(result.blocks):
        assert x[0] == i
        assert pulled == list(range(i + 1))
    assert result.live


@pytest.mark.parametrize("threads", [1, 2])
def test_an_evaluation_is_the_function_along_the_whole_array(threads):
    x = np.random.default_rng(1).normal(size=100_000).astype(np.float32)
    result = evaluate(activation("gelu"), numbers(x, 20_001), threads)
    pairs = list(result.blocks)
    np.testing.assert_array_equal(np.concatenate([a for a, _ in pairs]), x)
    np.testing.assert_array_equal(np.concatenate([b for _, b in pairs]), activation("gelu")(x))
    assert (result.shape, result.dtype, result.by_rows) == ((100_000,), np.float32, False)
    assert (result.function, result.quantity) == ("gelu", "gelu(x)")


def test_a_derivative_along_a_stream_says_what_it_is():
    f = activation("torch.LeakyReLU:0.2")
    x = np.array([-1.0, 0.0, 2.0])
    cases = [
        ({}, "(torch.LeakyReLU:0.2)'(x)", [0.2, 0.2, 1.0]),
        ({"order": 2}, "(torch.LeakyReLU:0.2)''(x)", [0.0, 0.0, 0.0]),
        ({"at_kink": "mean"}, "(torch.LeakyReLU:0.2)'(x)", [0.2, 0.6, 1.0]),
        ({"wrt": "negative_slope"}, "dtorch.LeakyReLU:0.2/dalpha", [-1.0, 0.0, 0.0]),
    ]
    for options, quantity, expected in cases:
        result = differentiate(f, numbers(x, 2), 1, **options)
        assert result.quantity == quantity
        assert np.concatenate([y for _, y in result.blocks]).tolist() == expected


def test_the_shape_stays_unknown_where_it_is_unknown():
    stream = numbers(np.arange(4.0), 2, shape=None)
    assert evaluate(activation("relu"), stream, 1).shape is None


@pytest.mark.parametrize(
    ("spec", "shape", "axis", "value", "jacobian"),
    [
        ("softmax", (4, 6), None, (4, 6), (4, 6, 6)),
        ("glu", (4, 6), None, (4, 3), (4, 3, 6)),
        ("glu", (2, 6, 5), 1, (2, 3, 5), (2, 3, 5, 6)),
        ("maxout:3", (6, 5), 0, (2, 5), (2, 5, 6)),
        ("softmin", (6,), None, (6,), (6, 6)),
        ("reglu", (0, 6), None, (0, 3), (0, 3, 6)),
    ],
)
def test_the_shape_of_the_result_by_rows(spec, shape, axis, value, jacobian):
    rows = np.zeros((max(1, int(np.prod(shape)) // 6), 6))
    f = activation(spec)
    stream = numbers(rows, 2, shape=shape, axis=axis)
    result = evaluate(f, stream, 1)
    assert (result.shape, result.by_rows, result.axis) == (value, True, axis)
    stream = numbers(rows, 2, shape=shape, axis=axis)
    whole = differentiate(f, stream, 1, jacobian=True)
    assert whole.shape == jacobian
    assert next(whole.blocks)[1].shape[1:] == (f.width(6), 6)
    assert whole.quantity == f"d{spec}ᵢ/dxⱼ"


def test_the_diagonal_by_rows_has_the_shape_of_the_rows():
    x = np.random.default_rng(2).normal(size=(5, 4))
    result = differentiate(activation("softmax"), numbers(x, 2), 1)
    assert result.shape == (5, 4)
    np.testing.assert_array_equal(
        np.concatenate([y for _, y in result.blocks]), activation("softmax").grad(x)
    )


def unread():
    raise AssertionError("the stream was read")
    yield


@pytest.mark.parametrize(
    ("spec", "options", "said"),
    [
        ("relu", {"order": 101}, "order=101"),
        ("relu", {"wrt": "alpha"}, "has no parameters"),
        ("relu", {"at_kink": "up"}, "at_kink="),
        ("relu", {"jacobian": True}, "element by element"),
        ("leaky_relu", {"wrt": "alpha", "order": 2}, "order=2"),
        ("glu", {}, "has no diagonal"),
        ("maxout:3", {}, "has no diagonal"),
        ("softmax", {"at_kink": "left"}, "at_kink="),
    ],
)
def test_a_derivative_that_does_not_exist_is_refused_before_anything_is_read(spec, options, said):
    stream = Numbers("stdin", None, np.dtype(np.float64), None, unread())
    with pytest.raises(UsageError, match=said):
        differentiate(activation(spec), stream, 2, **options)


def test_a_shape_that_the_rows_do_not_fit_is_refused_before_anything_is_read():
    stream = Numbers("a.npy", None, np.dtype(np.float64), (4, 3), unread())
    with pytest.raises(DataError, match=r"^a\.npy: glu takes rows of even length"):
        evaluate(activation("glu"), stream, 2)


def test_what_the_stream_says_of_itself_is_carried_on():
    stream = numbers(np.ones((3, 2)), 2, axis=0, fortran=True, shape=(2, 3))
    result = evaluate(activation("softmax"), stream, 1)
    assert (result.axis, result.fortran, result.live) == (0, True, False)
