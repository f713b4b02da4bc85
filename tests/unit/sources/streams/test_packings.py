"""Files and pipes packed by gzip, bzip2, xz or Zstandard are read as if they were not, in flat memory."""

import bz2
import gzip
import io
import lzma
import tracemalloc
from contextlib import suppress
from itertools import pairwise

import numpy as np
import pytest

from actcli.exits import DataError
from actcli.packing import PACKINGS, ZSTD, _zstd, packing_of
from actcli.sources import NumberRequest, open_numbers

X = np.random.default_rng(0).normal(size=(50, 3))
PACK = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}
with suppress(ImportError):  # Python 3.13 and older without the extra zstd
    PACK[".zst"] = _zstd().compress
WAYS = list(PACK)


def npy(array) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.fixture
def saved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def save(content, name):
        (tmp_path / name).write_bytes(content)
        return name

    return save


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("stem", ["x.npy", "x", "X.NPY"])
def test_arrays(saved, draw, way, stem):
    drawn = draw(NumberRequest(input=saved(PACK[way](npy(X)), stem + way)))
    assert (drawn.error, drawn.shape) == (None, (50, 3))
    assert np.array_equal(drawn.values, X.ravel())


@pytest.mark.parametrize("way", WAYS)
def test_a_column_and_text(saved, draw, way):
    table = saved(PACK[way](b"a,b\n1,2\n3,4\n"), f"x.csv{way}")
    assert draw(NumberRequest(input=table, columns=("b",))).values.tolist() == [2, 4]
    assert draw(NumberRequest(input=saved(PACK[way](b"1 2\n3"), "numbers"))).values.tolist() == [1, 2, 3]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("step", [1, 3, 1000])
def test_standard_input_in_small_pieces(draw, trickle, way, step):
    packed = PACK[way](npy(X))
    pieces = [packed[a:b] for a, b in pairwise([*range(0, len(packed), step), len(packed)])]
    assert np.array_equal(draw(NumberRequest(tokens=("-",)), trickle(pieces)).values, X.ravel())


@pytest.mark.parametrize("way", WAYS)
def test_several_packed_streams_in_turn_are_one(saved, draw, way):
    parts = PACK[way](b"1 2 ") + PACK[way](b"3\n")
    assert draw(NumberRequest(input=saved(parts, "x.txt" + way))).values.tolist() == [1, 2, 3]


@pytest.mark.parametrize("start", [b"\x1f", b"B", b"BZ", b"BZh", b"\xfd7z", b"("])
def test_a_start_that_only_resembles_a_packing_is_text(draw, trickle, start):
    error = draw(NumberRequest(tokens=("-",)), trickle([start])).error
    assert "is not a number" in str(error)


HOSTILE = {
    "cut in half": lambda packed: packed[: len(packed) // 2],
    "without its end": lambda packed: packed[:-1],
    "only its first bytes": lambda packed: packed[:6],
    "changed": lambda packed: packed[:60] + bytes(byte ^ 255 for byte in packed[60:90]) + packed[90:],
    "text that follows": lambda packed: packed + b"1 2 3",
    "cut in a second stream": lambda packed: packed + packed[:-8],
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("stem", ["x.npy", "x.txt"])
def test_damage_is_one_line(saved, draw, way, kind, stem):
    content = npy(X) if stem == "x.npy" else b" ".join(b"%r" % x for x in X.ravel().tolist())
    name = saved(HOSTILE[kind](PACK[way](content)), stem + way)
    try:
        message = str(draw(NumberRequest(input=name)).error)
    except DataError as error:
        message = str(error)
    assert message.startswith(f"{name}:")
    assert "\n" not in message


@pytest.mark.parametrize("way", WAYS)
def test_a_bomb_takes_no_more_memory_than_its_blocks(saved, terminal, way):
    header = npy(np.zeros(0, np.float32)).replace(b"(0,), }       ", b"(25000000,), }")
    name = saved(PACK[way](header + bytes(100_000_000)), "x.npy" + way)
    tracemalloc.start()
    (numbers,) = open_numbers(NumberRequest(input=name), terminal())
    count = sum(block.size for block in numbers.blocks)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 25_000_000
    assert peak < 40_000_000


def test_an_xz_that_looks_far_back_is_refused_before_the_memory_is_taken(saved, draw, monkeypatch):
    monkeypatch.setattr("actcli.sources.budget.default_budget", lambda: 1 << 22)
    packed = lzma.compress(b"1 2", filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 28}])
    with pytest.raises(DataError, match="takes more memory than is free"):
        draw(NumberRequest(input=saved(packed, "x.txt.xz")))


@pytest.mark.parametrize("name", ["x.npz.gz", "x.npz.xz", "x.safetensors.bz2"])
def test_archives_are_unpacked_first(saved, draw, name):
    with pytest.raises(DataError, match=r"unpack it first: (gzip|xz|bzip2) -d x\."):
        draw(NumberRequest(input=saved(b"", name)))


def test_without_its_package_zstandard_is_named(saved, draw, monkeypatch):
    def missing():
        raise ImportError

    monkeypatch.setattr("actcli.packing._zstd", missing)
    with pytest.raises(DataError, match=r"pip install backports\.zstd"):
        draw(NumberRequest(input=saved(ZSTD.magics[0] + b"\0" * 20, "x.npy.zst")))


def test_each_packing_is_known_by_its_first_bytes():
    assert [packing_of(PACK[way](b"1")).suffix for way in WAYS] == WAYS
    assert {packing.suffix for packing in PACKINGS} >= set(WAYS)
