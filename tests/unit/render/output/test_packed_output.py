"""What -o packs by its suffix: the plain bytes, whole or not at all."""

import bz2
import gzip
import io
import lzma
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from invocation import invoke, refused

from actcli.exits import ActcliError, DataError
from actcli.packing import _zstd
from actcli.render.output.outfile import atomic_file

UNPACK = {".gz": gzip.decompress, ".bz2": bz2.decompress, ".xz": lzma.decompress}
with suppress(ImportError):  # Python 3.13 and older without the extra zstd
    UNPACK[".zst"] = _zstd().decompress


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("way", UNPACK)
@pytest.mark.parametrize("suffix", [".npy", ".csv", ".tsv", ".json", ".jsonl", ".txt", ".md"])
def test_the_packed_bytes_are_those_of_the_plain_file(way, suffix):
    for name in (f"plain{suffix}", f"packed{suffix}{way}"):
        invoke("eval", "gelu", "--range", "-3", "3", "--points", "1000", "-o", name)
    assert UNPACK[way](Path(f"packed{suffix}{way}").read_bytes()) == Path(f"plain{suffix}").read_bytes()


@pytest.mark.parametrize("way", UNPACK)
def test_a_stream_of_unknown_length_becomes_an_array(way):
    Path("x.txt").write_text("1 2\n-3\n")
    invoke("eval", "relu", "x.txt", "-o", f"y.npy{way}")
    assert np.load(io.BytesIO(UNPACK[way](Path(f"y.npy{way}").read_bytes()))).tolist() == [1, 2, 0]
    assert invoke("eval", "relu", f"y.npy{way}").out.split() == ["1.0", "2.0", "0.0"]


def test_equal_results_are_equal_files():
    for name in ("a.csv.gz", "b.csv.gz"):
        invoke("eval", "relu", "1", "-o", name)
    assert Path("a.csv.gz").read_bytes() == Path("b.csv.gz").read_bytes()


def test_reports_are_packed_too():
    np.save("h.npy", np.ones((9, 2)))
    invoke("deadcheck", "h.npy", "-o", "report.json.gz")
    assert b'"schema"' in gzip.decompress(Path("report.json.gz").read_bytes())
    invoke("compare", "relu", "gelu", "-o", "table.csv.xz")
    assert b"relu" in lzma.decompress(Path("table.csv.xz").read_bytes())


@pytest.mark.parametrize("way", UNPACK)
def test_an_error_on_the_way_leaves_the_old_file(way):
    path = Path(f"y.csv{way}")
    path.write_bytes(b"old")
    Path("x.txt").write_text("1 2 three")
    refused("eval", "relu", "x.txt", "-o", str(path), kind=DataError)
    assert path.read_bytes() == b"old"
    with suppress(KeyboardInterrupt), atomic_file(str(path)) as file:
        file.write(b"new")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old"
    assert {one.name for one in Path().iterdir()} == {"x.txt", path.name}


@pytest.mark.parametrize(
    "line",
    [
        "eval relu 1 -o y.npz.gz",
        "eval relu 1 -o y.safetensors.xz",
        "eval relu 1 -o y.gz",
        "eval relu 1 -o .gz",
        "eval relu 1 -o y.png.gz",
        "eval relu 1 -o y.csv.gz --format json",
        "eval relu 1 -o missing/y.csv.gz",
        "deadcheck h.npy -o y.npy.gz",
        "deadcheck h.npy --save-state s.npz.gz",
        "compare relu gelu --plot -o y.svg.gz",
        "plot relu -o y.png.xz",
    ],
)
def test_what_cannot_be_packed_is_refused(line):
    np.save("h.npy", np.ones((9, 2)))
    refused(*line.split(), kind=ActcliError)
    assert [path.name for path in Path().iterdir()] == ["h.npy"]


def test_without_its_package_zstandard_is_refused_before_anything_is_read(monkeypatch):
    def missing():
        raise ImportError

    monkeypatch.setattr("actcli.packing._zstd", missing)
    line = ("eval", "relu", "nothing.npy", "-o", "y.csv.zst")
    assert "backports.zstd" in refused(*line, kind=DataError)
