import io
import os
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from actcli.exits import DataError
from actcli.sources import NumberRequest, open_numbers
from actcli.sources.numbers.npz import NpzArchive


@pytest.fixture
def archive(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(members, compression=zipfile.ZIP_STORED):
        with zipfile.ZipFile(tmp_path / "a.npz", "w", compression) as file:
            for name, content in members.items():
                file.writestr(name, content if isinstance(content, bytes) else _npy(content))
        return "a.npz"

    return write


def _npy(array) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


def test_all_arrays_in_the_order_of_the_file(tmp_path, draw_all):
    path = tmp_path / "a.npz"
    np.savez(path, second=np.arange(4.0).reshape(2, 2), first=np.ones(1, "f4"))

    one, two = draw_all(NumberRequest(tokens=(str(path),)))

    assert (one.array, one.origin, one.shape, one.dtype) == (
        "second",
        f"{path}:second",
        (2, 2),
        np.dtype("f8"),
    )
    assert (two.array, two.origin, two.shape, two.dtype) == ("first", f"{path}:first", (1,), np.dtype("f4"))
    assert one.values.tolist() == [0, 1, 2, 3]
    assert two.values.tolist() == [1]


@pytest.mark.parametrize("name", ["conv1", "conv1.npy"])
def test_one_array(archive, draw, name):
    members = {"fc.npy": np.zeros(2), "conv1.npy": np.arange(2.0)}

    drawn = draw(NumberRequest(tokens=(archive(members),), array=name))

    assert (drawn.array, drawn.values.tolist()) == ("conv1", [0, 1])


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packed_arrays_by_rows(archive, draw, compression):
    array = np.random.default_rng(3).standard_normal((300, 1000))

    drawn = draw(NumberRequest(tokens=(archive({"x.npy": array}, compression),), by_rows=True))

    assert np.array_equal(drawn.values, array)
    assert drawn.error is None


def test_fortran_order(archive, draw):
    array = np.asfortranarray(np.arange(600_000.0).reshape(3, -1))
    name = archive({"x.npy": array}, zipfile.ZIP_DEFLATED)

    assert np.array_equal(draw(NumberRequest(tokens=(name,))).values, array.ravel())
    assert draw(NumberRequest(tokens=(name,), keep_order=True)).fortran


def test_streams_may_be_collected_before_they_are_drawn(archive, terminal):
    name = archive({"x.npy": np.zeros(2), "y.npy": np.ones(2)})

    x, y = list(open_numbers(NumberRequest(tokens=(name,)), terminal()))

    assert np.concatenate([*y.blocks, *x.blocks]).tolist() == [1, 1, 0, 0]


def test_what_is_no_array_is_passed_over(archive, draw):
    assert draw(
        NumberRequest(tokens=(archive({"README": b"hello", "x.npy": np.ones(1)}),))
    ).values.tolist() == [1]


@pytest.mark.parametrize(
    ("members", "array", "message"),
    [
        ({"README": b"hello"}, None, "a.npz: holds no arrays"),
        ({}, None, "a.npz: holds no arrays"),
        ({"x.npy": np.ones(1), "y.npy": np.ones(1)}, "z", "a.npz: no array 'z', there are x, y"),
        ({"x.npy": b"hello"}, None, "a.npz:x: not an .npy file, it does not start with \\x93NUMPY"),
        (
            {"x.npy": np.ones(1), "labels.npy": np.array(["a"])},
            None,
            "a.npz:labels: holds strings (<U1), not real numbers",
        ),
        (
            {"x.npy": np.array([None])},
            None,
            "a.npz:x: holds Python objects: refused, they may carry pickled code",
        ),
        (
            {"x.npy": _npy(np.ones(100))[:-1]},
            None,
            "a.npz:x: truncated: the header promises 800 bytes of data, the file has 799",
        ),
    ],
)
def test_what_is_wrong_is_said_before_the_first_array(archive, terminal, members, array, message):
    with pytest.raises(DataError) as caught:
        next(open_numbers(NumberRequest(tokens=(archive(members),), array=array), terminal()))

    assert str(caught.value) == message


@pytest.mark.parametrize("content", [b"no zip at all", b"PK\x03\x04", b"PK\x05\x06" + bytes(18)[:-1]])
def test_what_is_no_archive(tmp_path, terminal, content):
    (tmp_path / "a.npz").write_bytes(content)

    with pytest.raises(DataError, match=r"a\.npz: not an \.npz archive, or a damaged one: "):
        next(open_numbers(NumberRequest(tokens=(str(tmp_path / "a.npz"),)), terminal()))


def test_a_pipe_cannot_be_an_archive(tmp_path, terminal):
    path = tmp_path / "a.npz"
    os.mkfifo(path)
    held = os.open(path, os.O_RDWR)

    with pytest.raises(DataError, match=r"not an \.npz archive"):
        next(open_numbers(NumberRequest(tokens=(str(path),)), terminal()))
    os.close(held)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("tail", [b"", bytes(3_000_000)])
def test_a_wrong_checksum(archive, draw, compression, tail):
    name = archive({"x.npy": _npy(np.random.default_rng(4).integers(0, 9, 100_000)) + tail}, compression)
    with zipfile.ZipFile(name) as file:
        checksum = struct.pack("<I", file.infolist()[0].CRC)
    with Path(name).open("rb+") as file:
        content = file.read().replace(checksum, b"\x01\x02\x03\x04")
        file.seek(0)
        file.write(content)

    error = draw(NumberRequest(tokens=(name,))).error

    assert str(error) == "a.npz:x: corrupt: Bad CRC-32 for file 'x.npy'"


@pytest.mark.parametrize("at", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_damaged_bytes(archive, draw, compression, at):
    name = archive({"x.npy": np.random.default_rng(5).integers(0, 9, 150_000)}, compression)
    with Path(name).open("rb+") as file:
        size = file.seek(0, 2)
        file.seek(int(at * size))
        file.write(b"\xff" * 64)

    try:
        error = draw(NumberRequest(tokens=(name,))).error
    except DataError as raised:  # the damage was met while the headers were looked at
        error = raised

    assert isinstance(error, DataError)
    assert str(error).startswith("a.npz:x: ")


def test_an_encrypted_member(archive, terminal):
    name = archive({"x.npy": np.ones(1)})
    with Path(name).open("rb+") as file:
        content = bytearray(file.read())
        content[6] |= 1
        content[content.index(b"PK\x01\x02") + 8] |= 1
        file.seek(0)
        file.write(content)

    with pytest.raises(DataError, match=r"a\.npz:x: cannot be unpacked: .*encrypted"):
        next(open_numbers(NumberRequest(tokens=(name,)), terminal()))


def test_an_unknown_compression(archive, terminal):
    name = archive({"x.npy": np.ones(1)})
    with Path(name).open("rb+") as file:
        content = bytearray(file.read())
        content[8] = content[content.index(b"PK\x01\x02") + 10] = 97
        file.seek(0)
        file.write(content)

    with pytest.raises(DataError, match=r"a\.npz:x: cannot be unpacked: "):
        next(open_numbers(NumberRequest(tokens=(name,)), terminal()))


def test_a_huge_promise_of_a_packed_member_is_not_allocated(archive, draw):
    text = str({"descr": "<f8", "fortran_order": True, "shape": (2, 10**8)}).encode()
    name = archive({"x.npy": b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + bytes(1000)})
    with Path(name).open("rb+") as file:
        content = bytearray(file.read())
        central = content.index(b"PK\x01\x02")
        content[central + 24 : central + 28] = struct.pack("<I", 4_000_000_000)
        file.seek(0)
        file.write(content)
    tracemalloc.start()
    try:
        error = draw(NumberRequest(tokens=(name,))).error
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert str(error).startswith("a.npz:x: ")
    assert peak < 20_000_000


def test_a_stored_array_behind_other_bytes_and_extra_fields(tmp_path, draw_all):
    path = tmp_path / "a.npz"
    values = np.random.default_rng(6).standard_normal(100_000)
    with path.open("wb") as file:
        file.write(b"#!/bin/sh\n")
        np.savez(file, x=values, y=values[::-1])

    one, two = draw_all(NumberRequest(tokens=(str(path),)))

    assert np.array_equal(one.values, values)
    assert np.array_equal(two.values, values[::-1])


def test_a_stored_array_that_is_cut_while_it_is_read(archive, terminal):
    name = archive({"x.npy": np.ones(1_000_000)})
    (numbers,) = open_numbers(NumberRequest(tokens=(name,)), terminal())
    next(numbers.blocks)
    os.truncate(name, 4_000_000)

    with pytest.raises(DataError, match=r"a\.npz:x: corrupt: EOFError"):
        list(numbers.blocks)


def test_memory_stays_flat(archive, terminal):
    name = archive({"x.npy": np.zeros(4_000_000)}, zipfile.ZIP_DEFLATED)
    tracemalloc.start()
    try:
        (numbers,) = open_numbers(NumberRequest(tokens=(name,)), terminal())
        total = sum(block.size for block in numbers.blocks)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert total == 4_000_000
    assert peak < 12_000_000


def test_two_arrays_of_one_name_are_not_one(tmp_path, draw_all):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.npy", _npy(np.zeros(2)))
        with pytest.warns(UserWarning, match="Duplicate name"):
            file.writestr("a.npy", _npy(np.ones(2)))

    with pytest.raises(
        DataError, match="holds two arrays named 'a': give each a name, or a file, of its own"
    ):
        draw_all(NumberRequest(tokens=(str(path),)))


def test_a_table_of_contents_that_memory_cannot_hold_is_refused_before_it_is_read(archive, draw_all):
    name = archive(dict.fromkeys([f"{i}.npy" for i in range(6000)], b""))
    with pytest.raises(DataError, match=r"a\.npz: its table of contents of .* needs about 9.* --memory"):
        draw_all(NumberRequest(tokens=(name,), memory=9_000_000))
    with pytest.raises(DataError, match=r"a\.npz:0: not an \.npy file"):
        draw_all(NumberRequest(tokens=(name,), memory=11_000_000))


def test_arrays_of_one_shape_share_what_their_header_says(archive):
    with NpzArchive(archive({"a.npy": np.zeros(3), "b.npy": np.ones(3)})) as opened:
        assert opened.read_header("a") is opened.read_header("b")
