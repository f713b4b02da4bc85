import fcntl
import os
import threading
import time

import pytest

from actcli.exits import DataError
from actcli.sources.streams.bytestream import CHUNK, ByteStream, open_file


class Failing:
    def read(self, _size):
        raise OSError(5, "Input/output error")

    def readinto(self, _buffer):
        raise OSError(5, "Input/output error")

    def close(self):
        pass


@pytest.fixture
def pipe():
    reading, writing = os.pipe()
    with (
        os.fdopen(reading, "rb", buffering=0) as read_end,
        os.fdopen(writing, "wb", buffering=0) as write_end,
    ):
        yield read_end, write_end


@pytest.mark.parametrize(
    "read", [lambda s: next(s.chunks()), lambda s: s.read(8), lambda s: s.starts_with(b"a")]
)
def test_a_failing_read_names_the_input(read):
    with pytest.raises(DataError, match=r"^disk\.txt: Input/output error$"):
        read(ByteStream(Failing(), "disk.txt"))


def test_what_was_looked_at_is_read_again(trickle):
    stream = ByteStream(trickle([b"ab", b"cdef", b"gh"]), "stdin")

    assert not stream.starts_with(b"abd")
    assert stream.starts_with(b"abc")
    assert not stream.is_empty()
    assert stream.read(4) == b"abcd"
    assert list(stream.chunks()) == [b"ef", b"gh"]
    assert stream.is_empty()


def test_looking_waits_for_no_more_than_it_needs(pipe):
    read_end, write_end = pipe
    write_end.write(b"1")

    assert not ByteStream(read_end, "stdin", owned=False).starts_with(b"\x93NUMPY")


def test_small_writes_are_collected(pipe):
    read_end, write_end = pipe
    write_end.write(b"1\n")
    stream = ByteStream(read_end, "stdin", owned=False)
    chunks = stream.chunks()
    assert next(chunks) == b"1\n"

    for _ in range(20):
        write_end.write(b"2\n")

    assert next(chunks) == b"2\n" * 20


def test_a_pipe_is_enlarged_where_the_system_can(pipe):
    size = getattr(fcntl, "F_GETPIPE_SZ", None)
    if size is None:
        pytest.skip("Linux alone can")
    read_end, write_end = pipe
    write_end.write(b"1\n")

    next(ByteStream(read_end, "stdin", owned=False).chunks())

    assert fcntl.fcntl(read_end.fileno(), size) in {CHUNK, 1 << 16}


@pytest.mark.parametrize("exact", [False, True])
def test_a_pipe_that_does_not_block(pipe, exact):
    read_end, write_end = pipe
    os.set_blocking(read_end.fileno(), False)
    stream = ByteStream(read_end, "stdin", owned=False)

    def later():
        time.sleep(0.05)
        write_end.write(b"1\n")

    writer = threading.Thread(target=later)
    writer.start()
    assert (stream.read(2) if exact else next(stream.chunks())) == b"1\n"
    writer.join()


def test_how_much_remains(tmp_path, trickle):
    (tmp_path / "a.bin").write_bytes(bytes(100))
    with open_file(str(tmp_path / "a.bin")) as stream:
        stream.read(30)
        stream.starts_with(b"\x00\x00\x01")
        assert stream.remaining() == 70

    assert ByteStream(trickle([b"abc"]), "stdin").remaining() is None
