"""Inputs of a model in shards and from standard input."""

import gzip
import io
import tempfile
from pathlib import Path

import numpy as np
import pytest

from actcli.exits import DataError, UsageError
from actcli.sources.onnx.model_input import ModelInput
from actcli.sources.onnx.observe import groups_of_batches
from actcli.sources.onnx.shards import _copy, model_samples
from actcli.sources.streams.bytestream import ByteStream
from actcli.terminal import Terminal


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    Path("temporary").mkdir()


X = np.arange(46, dtype=np.float32).reshape(23, 2)
INPUT = ModelInput("x", np.dtype(np.float32), ("N", 2))


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def read(data, limit=None, size=4, stdin=b"", inputs=(INPUT,), **terminal):
    """All samples in order, and the sizes of the batches."""
    world = Terminal(io.BytesIO(stdin), None, None, **terminal)
    samples = model_samples(inputs, data, limit, None, world)
    batches = [(count, batch["x"].copy()) for count, batch in samples.batches(size)]
    samples.close()
    assert all(count == len(x) for count, x in batches)
    assert sum(count for count, _ in batches) == samples.samples
    return np.concatenate([x for _, x in batches]), [count for count, _ in batches]


def write_shards():
    for number, (start, end) in enumerate([(0, 9), (9, 10), (10, 23)], 8):
        np.save(f"part{number}.npy", X[start:end])


def test_shards_follow_one_another_in_natural_order():
    write_shards()
    values, counts = read("part*.npy")

    assert (values == X).all()
    assert counts == [4, 4, 4, 4, 4, 3]


@pytest.mark.parametrize("limit", [1, 9, 10, 11, 22, 23, 99])
def test_a_limit_counts_over_all_shards(limit):
    write_shards()

    assert (read("part*.npy", limit)[0] == X[:limit]).all()


@pytest.mark.parametrize("size", [1, 3, 9, 10, 22, 23, 50])
def test_batches_go_across_the_ends_of_files(size):
    write_shards()
    values, counts = read("part*.npy", size=size)

    assert (values == X).all()
    assert all(count == size for count in counts[:-1])


def test_a_name_with_brackets_is_a_file():
    np.save("part[1].npy", X)

    assert (read("part[1].npy")[0] == X).all()


def test_standard_input_is_an_array_or_an_archive_and_leaves_no_file():
    archive = io.BytesIO()
    np.savez(archive, x=X)

    assert (read("-", stdin=npy(X))[0] == X).all()
    assert (read("-", 5, stdin=archive.getvalue())[0] == X[:5]).all()
    assert list(Path("temporary").iterdir()) == []


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (b"", "neither an .npy array nor"),
        (b"1 2 3\n", "neither an .npy array nor"),
        (npy(X)[:-3], "stdin.npy.*promises"),
        (npy(X)[:20], "stdin.npy"),
        (npy(X) + npy(X), "follow the array"),
        (npy(X) + b"\n", "follow the array"),
        (npy(X[:, :1]), r"its shape is \(23, 1\)"),
        (npy(X[0, 0]), "a single number|its shape"),
        (npy(X[:0]), "no samples"),
        (npy(np.array(["a", "b"])), "stdin.npy"),
        (b"PK\x03\x04 and no more", "stdin.npz"),
    ],
)
def test_standard_input_that_is_no_data(stream, words):
    with pytest.raises(DataError, match=words) as error:
        read("-", stdin=stream)

    assert "actcli-" not in str(error.value)
    assert list(Path("temporary").iterdir()) == []


class Endless(io.RawIOBase):
    def __init__(self, start):
        self.start = start

    def readable(self):
        return True

    def readinto(self, buffer):
        size = min(len(buffer), 1 << 20)
        buffer[:size], self.start = self.start.ljust(size, b"\0"), b""
        return size


HUGE = npy(X).replace(b"(23, 2)", b"(23, %d)" % 10**15).replace(b" " * 15 + b"\n", b"\n")


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (npy(X), "follow the array"),
        (HUGE, "of the temporary folder, which has .* TMPDIR"),
        (
            b"PK\x03\x04",
            r"keeping it needs about .* 2 MB are allowed; name a file, or allow more with --memory",
        ),
    ],
)
def test_a_stream_without_an_end_does_not_fill_the_disk(start, words):
    with pytest.raises(DataError, match=words):
        _copy(ByteStream(Endless(start), "stdin"), "kept", start != b"PK\x03\x04", 2 * 10**6)
    assert Path("kept").stat().st_size < 1 << 22


def test_a_terminal_is_no_data():
    with pytest.raises(UsageError, match="--data -"):
        read("-", stdin_is_tty=True)


@pytest.mark.parametrize(
    ("shards", "words"),
    [
        ({}, r"--data 'part\*\.npy': no file matches"),
        ({"part1": X, "part2": X[:, :1]}, r"part2\.npy: its shape"),
        ({"part1": X, "part2": X[:0]}, r"part2\.npy: holds no samples"),
        ({"part1": X, "part2": np.float32(3)}, r"part2\.npy"),
        ({"part1": X.astype("U")}, r"part1\.npy"),
    ],
)
def test_shards_that_do_not_fit(shards, words):
    for name, array in shards.items():
        np.save(f"{name}.npy", array)

    with pytest.raises(DataError, match=words):
        read("part*.npy")


def test_shards_of_several_shapes_are_refused():
    np.save("part1.npy", X)
    np.save("part2.npy", np.ones((3, 5), np.float32))

    with pytest.raises(DataError, match=r"part2\.npy: its inputs have other shapes than those of part1"):
        read("part*.npy", inputs=(ModelInput("x", np.dtype(np.float32), ("N", None)),))


@pytest.mark.parametrize("suffix", [".npy", ".npy.gz", ".npz"])
def test_a_part_is_read_where_it_lies(suffix):
    for number, (start, end) in enumerate([(0, 9), (9, 10), (10, 23)]):
        if suffix == ".npz":
            np.savez_compressed(f"s{number}.npz", x=X[start:end])
        else:
            packed = npy(X[start:end]) if suffix == ".npy" else gzip.compress(npy(X[start:end]))
            Path(f"s{number}{suffix}").write_bytes(packed)
    samples = model_samples((INPUT,), f"s*{suffix}", None, None, Terminal(None, None, None))
    for first, last in ((0, 23), (0, 5), (3, 12), (9, 10), (11, 23), (22, 23)):
        part = samples.part(first, last - first).part(1, last - first - 1) if last - first > 2 else None
        found = np.concatenate([batch["x"] for _, batch in samples.part(first, last - first).batches(4)])
        assert (found == X[first:last]).all()
        if part is not None:
            assert (np.concatenate([batch["x"] for _, batch in part.batches(4)]) == X[first + 1 : last]).all()


def test_groups_of_batches_grow_to_a_bound():
    assert [len(group) for group in groups_of_batches(30, 8)] == [1, 2, 4, 8, 8, 7]
    assert [batch for group in groups_of_batches(30, 8) for batch in group] == list(range(30))
