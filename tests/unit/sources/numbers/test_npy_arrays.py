import io
import itertools
import os
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actcli.exits import DataError, UsageError
from actcli.sources import NumberRequest, open_numbers
from actcli.sources.numbers.low_precision import low_types


@pytest.fixture
def saved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def save(content, name="a.npy"):
        if isinstance(content, bytes):
            (tmp_path / name).write_bytes(content)
        else:
            np.save(tmp_path / name, content, allow_pickle=True)
        return name

    return save


def _npy(
    header: str, data: bytes = b"", version: tuple[int, int] = (1, 0), length: int | None = None
) -> bytes:
    text = header.encode("latin1")
    size = len(text) if length is None else length
    return b"\x93NUMPY" + bytes(version) + size.to_bytes(2 if version[0] == 1 else 4, "little") + text + data


def _header(descr: str, shape: str, order: str = "False") -> str:
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n"


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f2", ">f4", ">f8"])
def test_floats_keep_their_type_in_native_order(saved, draw, dtype):
    array = np.array([0.1, -0.0, np.inf, np.nan], dtype)

    drawn = draw(NumberRequest(tokens=(saved(array),)))

    assert drawn.dtype == drawn.values.dtype == np.dtype(dtype).newbyteorder("=")
    assert drawn.values.dtype.isnative
    assert drawn.values.tobytes() == array.astype(drawn.dtype).tobytes()


@pytest.mark.parametrize("dtype", ["?", "i1", "u1", "i2", ">i4", "u4", "i8", ">u8"])
def test_integers_and_truth_values_become_float64(saved, draw, dtype):
    drawn = draw(NumberRequest(tokens=(saved(np.array([0, 1, 1], dtype)),)))

    assert drawn.dtype == np.float64
    assert drawn.values.tolist() == [0, 1, 1]


def test_truth_values_of_any_byte(saved, draw):
    drawn = draw(NumberRequest(tokens=(saved(_npy(_header("'|b1'", "(3,)"), b"\x00\x01\x07")),)))

    assert drawn.values.tolist() == [0, 1, 1]


def test_a_type_that_is_asked_for(saved, draw):
    drawn = draw(NumberRequest(tokens=(saved(np.array([0.1, 1e300])),), dtype=np.dtype("f4")))

    assert drawn.dtype == drawn.values.dtype == np.float32
    assert drawn.values.tolist() == [float(np.float32(0.1)), np.inf]


@pytest.mark.parametrize("shape", [(), (1,), (7,), (2, 3, 4), (0,), (3, 0, 2), (1,) * 20])
def test_shapes_are_told_and_elements_come_in_order(saved, draw, shape):
    array = np.arange(np.prod(shape, dtype=int), dtype="f8").reshape(shape)

    drawn = draw(NumberRequest(tokens=(saved(array),)))

    assert drawn.shape == shape
    assert all(block.ndim == 1 and block.size for block in drawn.blocks)
    assert drawn.values.tolist() == array.ravel().tolist()


def test_blocks_belong_to_who_draws_them(saved, draw):
    drawn = draw(NumberRequest(tokens=(saved(np.arange(600_000.0)),)))

    assert [len(block) for block in drawn.blocks] == [1 << 18, 1 << 18, 600_000 - (1 << 19)]
    assert not any(np.shares_memory(a, b) for a, b in itertools.combinations(drawn.blocks, 2))
    assert all(block.flags.writeable for block in drawn.blocks)


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_versions(saved, draw, version):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.arange(3.0), version)

    assert draw(NumberRequest(tokens=(saved(stream.getvalue()),))).values.tolist() == [0, 1, 2]


def test_what_follows_the_array_is_left_alone(saved, draw):
    stream = io.BytesIO()
    np.save(stream, np.arange(3.0))
    np.save(stream, np.arange(9.0))

    assert draw(NumberRequest(tokens=(saved(stream.getvalue()),))).values.tolist() == [0, 1, 2]


def test_rows_lie_along_the_last_axis(saved, draw):
    array = np.arange(24.0).reshape(2, 3, 4)

    drawn = draw(NumberRequest(tokens=(saved(array),), by_rows=True))

    assert (drawn.shape, drawn.axis) == ((2, 3, 4), None)
    assert drawn.values.tolist() == array.reshape(6, 4).tolist()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=4), st.data())
def test_rows_along_any_axis_in_either_order(tmp_path_factory, draw, shape, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    array = np.arange(np.prod(shape, dtype=int), dtype="f4").reshape(shape)
    path = tmp_path_factory.mktemp("rows") / "a.npy"
    np.save(path, np.asfortranarray(array) if data.draw(st.booleans()) else array)

    drawn = draw(NumberRequest(tokens=(str(path),), by_rows=True, axis=axis))

    assert (drawn.shape, drawn.axis) == (tuple(shape), axis % len(shape))
    rows = np.moveaxis(array, axis, -1).reshape(array.size // max(shape[axis], 1), shape[axis])
    assert [row.tolist() for block in drawn.blocks for row in block] == (rows.tolist() if array.size else [])


def test_rows_in_several_blocks(saved, draw):
    array = np.random.default_rng(2).standard_normal((5, 1000, 300))

    last = draw(NumberRequest(tokens=(saved(array),), by_rows=True))
    middle = draw(NumberRequest(tokens=(saved(array),), by_rows=True, axis=1))

    assert len(last.blocks) > 1
    assert len(middle.blocks) == 5
    assert np.array_equal(last.values, array.reshape(-1, 300))
    assert np.array_equal(middle.values, np.moveaxis(array, 1, 2).reshape(-1, 1000))


def test_a_row_longer_than_a_block(saved, draw):
    array = np.arange(1_200_000.0).reshape(2, -1)

    drawn = draw(NumberRequest(tokens=(saved(array),), by_rows=True))

    assert [block.shape for block in drawn.blocks] == [(1, 600_000)] * 2


@pytest.mark.parametrize("axis", [2, -3])
def test_an_axis_that_is_not_there(saved, draw, axis):
    with pytest.raises(UsageError, match=rf"--axis {axis}: a\.npy has the axes 0 to 1"):
        draw(NumberRequest(tokens=(saved(np.ones((2, 2))),), by_rows=True, axis=axis))


def test_a_single_number_has_no_rows(saved, draw):
    with pytest.raises(DataError, match="holds a single number"):
        draw(NumberRequest(tokens=(saved(np.array(1.0)),), by_rows=True))


def test_fortran_order_passes_through_where_the_output_keeps_it(saved, draw):
    array = np.asfortranarray(np.arange(6.0).reshape(2, 3))

    drawn = draw(NumberRequest(tokens=(saved(array),), keep_order=True))

    assert (drawn.shape, drawn.fortran) == ((2, 3), True)
    assert drawn.values.tolist() == array.ravel(order="F").tolist()


def test_fortran_order_is_undone_otherwise(saved, draw):
    array = np.asfortranarray(np.arange(600_000.0).reshape(3, -1))

    drawn = draw(NumberRequest(tokens=(saved(array),)))

    assert not drawn.fortran
    assert len(drawn.blocks) == 3
    assert np.array_equal(drawn.values, array.ravel())


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([1, "a"], dtype=object), "holds Python objects: refused, they may carry pickled code"),
        (np.zeros(2, [("a", "O")]), "holds Python objects: refused, they may carry pickled code"),
        (np.zeros(2, "c8"), "holds complex numbers (complex64), not real numbers"),
        (np.zeros(2, "U5"), "holds strings (<U5), not real numbers"),
        (np.zeros(2, "S5"), "holds byte strings (|S5), not real numbers"),
        (np.zeros(2, "M8[s]"), "holds dates (datetime64[s]), not real numbers"),
        (np.zeros(2, "m8[s]"), "holds time spans (timedelta64[s]), not real numbers"),
        (np.zeros(2, [("a", "f4")]), "holds records with fields, save one field as an array of its own"),
        (np.zeros(2, "V3"), "holds 3-byte voids"),
    ],
)
def test_types_without_numbers_are_refused_by_name(saved, draw, array, message):
    with pytest.raises(DataError) as caught:
        draw(NumberRequest(tokens=(saved(array),)))

    assert str(caught.value) == f"a.npy: {message}"


@pytest.mark.parametrize(("width", "name"), [("V2", "bfloat16"), ("V1", "float8")])
def test_voids_of_low_precision_say_how_to_read_them(saved, draw, width, name):
    with pytest.raises(
        DataError, match=f"if they are {name}, as ml_dtypes saves it, say so with --dtype {name}"
    ):
        draw(NumberRequest(tokens=(saved(np.zeros(2, width)),)))


@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3", "float8_e5m2"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_types_that_numpy_does_not_know_are_read_when_they_are_named(saved, draw, name, order):
    package = pytest.importorskip("ml_dtypes")
    theirs = getattr(package, "float8_e4m3fn" if name == "float8_e4m3" else name)
    bits = np.dtype(theirs).itemsize * 8
    every = np.arange(1 << bits, dtype=f"u{bits // 8}").view(theirs).reshape(2, -1)
    (kind,) = low_types([name])
    path = saved(np.asarray(every, order=order))
    drawn = draw(NumberRequest(tokens=(path,), stored=kind))
    assert (drawn.error, drawn.dtype, drawn.shape) == (None, np.float32, every.shape)
    assert np.array_equal(drawn.values, every.astype(np.float32).reshape(-1), equal_nan=True)
    (other,) = low_types(["float8_e5m2" if bits == 16 else "bfloat16"])
    with pytest.raises(DataError, match=f"{bits // 8}-byte voids"):
        draw(NumberRequest(tokens=(path,), stored=other))


@pytest.mark.skipif(np.dtype("g").itemsize == 8, reason="a long double is a double here")
def test_long_doubles_are_refused(saved, draw):
    with pytest.raises(DataError, match=r"\(long double\), save it with \.astype\('float64'\)"):
        draw(NumberRequest(tokens=(saved(np.zeros(2, "g")),)))


_F8 = _header("'<f8'", "(2,)")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"abc", "not an .npy file, it does not start with \\x93NUMPY"),
        (b"\x93NUMPY", ".npy version , known are 1.0 to 3.0"),
        (b"\x93NUMPY\x04\x00abc", ".npy version 4.0, known are 1.0 to 3.0"),
        (b"\x93NUMPY\x01\x00v", "truncated inside its header"),
        (_npy(_F8, length=200), "truncated inside its header"),
        (
            _npy(_F8, version=(2, 0), length=4_000_000_000),
            "a header of 4,000,000,000 bytes; 10,000 are allowed",
        ),
        (_npy(_F8, b"\0" * 15), "truncated: the header promises 16 bytes of data, the file has 15"),
        (_npy(_F8), "truncated: the header promises 16 bytes of data, the file has 0"),
        (
            _npy(_header("'<f8'", f"({2**62}, {2**62})"), b"\0" * 16),
            f"truncated: the header promises {2**127} bytes of data, the file has 16",
        ),
        (_npy(_header("'<f8'", "(-1,)")), "its .npy header is damaged: no array has the shape (-1)"),
        (
            _npy(_header("'<f8'", f"({2**63},)")),
            f"its .npy header is damaged: no array has the shape ({2**63})",
        ),
        (
            _npy(_header("'<f8'", f"(0, {2**64})")),
            f"its .npy header is damaged: no array has the shape (0, {hex(2**64)})",
        ),
        (_npy(_header("'(2,)<f8'", "(2,)")), "holds small arrays (float64 (2,)), save it as a plain array"),
    ],
)  # fmt: skip
def test_hostile_headers(saved, draw, content, message):
    with pytest.raises(DataError) as caught:
        draw(NumberRequest(tokens=(saved(content),)))

    assert str(caught.value) == f"a.npy: {message}"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "{}",
        "[1]",
        "{'descr': '<f8'}",
        "(" * 9000,
        "[" * 200 + "]" * 200,
        "-" * 9000 + "1",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'x': 1}",
        _header("'<f8'", "3"),
        _header("'<f8'", "(1.5,)"),
        _header("'<f8'", "('a',)"),
        _header("'<f8'", "(2,)", order="1"),
        _header("'nonsense'", "(2,)"),
        _header("'<f7'", "(2,)"),
        _header("[('a', '<f8'), ('a', '<f8')]", "(2,)"),
        _header("__import__('os').getcwd()", "(2,)"),
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1L",
        "'\\",
        "\x00",
        "{'descr': ('<f8', (99999999999999,)), 'fortran_order': False, 'shape': (1,)}",
        "1" * 9000,
        _header("'<f8'", "(" + "9" * 4000 + ",)"),
        _header("'<f8'", "(" + "1," * 65 + ")"),
    ],
)
def test_damaged_headers(saved, draw, header):
    with pytest.raises(DataError, match=r"^a\.npy: its \.npy header is damaged"):
        draw(NumberRequest(tokens=(saved(_npy(header, b"\0" * 100)),)))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_flipped_header_is_read_or_refused_but_never_crashes(draw, data):
    good = bytearray(_npy(_header("'<f8'", "(2, 3)"), bytes(48)))
    for _ in range(data.draw(st.integers(1, 3))):
        good[data.draw(st.integers(6, len(good) - 49))] = data.draw(st.integers(0, 255))
    try:
        drawn = draw(NumberRequest(), bytes(good))
    except DataError:
        return
    assert drawn.values.size <= 48


def test_an_array_on_stdin(draw, trickle):
    stream = io.BytesIO()
    np.save(stream, np.arange(6, dtype="f4").reshape(2, 3))
    content = stream.getvalue()

    for source in (content, trickle([content[:3], content[3:7], content[7:100], content[100:]])):
        drawn = draw(NumberRequest(), source)
        assert (drawn.origin, drawn.shape, drawn.dtype, drawn.live) == (
            "stdin",
            (2, 3),
            np.dtype("f4"),
            False,
        )
        assert drawn.values.tolist() == [0, 1, 2, 3, 4, 5]


def test_rows_along_an_axis_on_stdin(draw):
    stream = io.BytesIO()
    np.save(stream, np.arange(6.0).reshape(2, 3))

    drawn = draw(NumberRequest(by_rows=True, axis=0), stream.getvalue())

    assert drawn.values.tolist() == [[0, 3], [1, 4], [2, 5]]


@pytest.mark.parametrize("by_rows", [False, True])
def test_a_short_array_on_stdin_yields_what_is_whole(draw, by_rows):
    content = _npy(_header("'<f8'", f"({10**15}, 2)"), np.arange(5.0).tobytes() + b"abc")

    drawn = draw(NumberRequest(by_rows=by_rows), content)

    assert drawn.values.ravel().tolist() == [0, 1, 2, 3, 4][: 4 if by_rows else 5]
    assert str(drawn.error).startswith(f"stdin: truncated: the header promises {16 * 10**15} bytes of data")


@pytest.mark.parametrize(
    ("shape", "order"), [(f"({10**15},)", "False"), (f"(2, {10**15})", "False"), (f"(2, {10**15})", "True")]
)
def test_a_promise_on_stdin_is_not_allocated(terminal, shape, order):
    content = _npy(_header("'<f8'", shape, order), bytes(3_000_000))
    tracemalloc.start()
    try:
        request = NumberRequest(by_rows="," in shape.removesuffix(",)"))
        with pytest.raises(DataError, match="truncated" if order == "False" else "Fortran order needs about"):
            [list(numbers.blocks) for numbers in open_numbers(request, terminal(content))]
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_a_short_file_as_stdin_is_said_at_once(saved, terminal):
    with (
        Path(saved(_npy(_F8, b"\0" * 15))).open("rb") as stdin,
        pytest.raises(DataError, match="the file has 15"),
    ):
        next(open_numbers(NumberRequest(), terminal(stdin)))


def test_an_array_through_a_named_pipe(tmp_path, draw):
    path = tmp_path / "pipe.npy"
    os.mkfifo(path)
    stream = io.BytesIO()
    np.save(stream, np.arange(400_000.0))
    writer = threading.Thread(target=path.write_bytes, args=(stream.getvalue(),))
    writer.start()

    drawn = draw(NumberRequest(tokens=(str(path),)))

    writer.join()
    assert drawn.values.tolist() == list(range(400_000))


def test_memory_stays_flat(saved, terminal):
    name = saved(np.zeros(8_000_000, "f4"))
    tracemalloc.start()
    try:
        (numbers,) = open_numbers(NumberRequest(tokens=(name,)), terminal())
        total = sum(block.size for block in numbers.blocks)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert total == 8_000_000
    assert peak < 4_000_000
