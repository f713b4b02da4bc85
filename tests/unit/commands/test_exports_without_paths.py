"""What is written to a file names no folder of the machine that it was written on."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from invocation import invoke

from actcli.activations import register


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home with a functions file and arrays, outside the current folder."""
    place = tmp_path / "home-of-somebody"
    (place / ".config" / "actcli").mkdir(parents=True)
    (place / ".config" / "actcli" / "functions.toml").write_text('gate = "x*sigmoid(2*x)"\n')
    for folder in ("first", "second"):
        (place / folder).mkdir()
        np.save(place / folder / "h.npy", np.random.default_rng(0).normal(size=(60, 4)).clip(0))
    np.savez(place / "d.npz", X=np.random.default_rng(1).normal(size=(60, 3)), y=np.arange(60) % 2)
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    yield place
    register([])


def contents(path: Path) -> list[bytes]:
    data = [path.read_bytes()]
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            data += [archive.read(name) + name.encode() for name in archive.namelist()]
    return data


LINES = [
    "info gate --format json -o o.json",
    "info gate -o o.md",
    *(f"info gate --code {place} -o o.txt" for place in ("python", "torch", "jax", "latex", "c", "triton")),
    "list --own --format json -o o.json",
    "list --own -o o.csv",
    "eval gate {}/first/h.npy -o o.json",
    "eval gate {}/d.npz --array X -o o.npz",
    "eval gate {}/d.npz --array X -o o.safetensors",
    "grad gate {}/first/h.npy -o o.jsonl",
    "plot gate -i {}/first/h.npy -o o.html",
    "plot gate -i {}/first/h.npy -o o.txt",
    "plot gate -i {}/first/h.npy -o o.json",
    "compare relu gate --by values -i {}/first/h.npy -o o.json",
    "compare relu gate --by values -i {}/first/h.npy -o o.md",
    "compare relu gate --by information -i {}/first/h.npy -o o.json",
    "compare relu gelu --by precision -i {}/first/h.npy -o o.json",
    "compare relu gate --by training --data {}/d.npz --epochs 2 --seeds 2 --width 4 --record r.jsonl -o o.json",
    "deadcheck {}/first/h.npy {}/second/h.npy --save-state s.npz -o o.json -o o.html -o o.xml -o o.md -o o.csv",
    "deadcheck {}/first/h.npy --save-state s.npz -o o.json -o o.html -o o.xml -o o.md -o o.csv",
    "deadcheck --train relu --data {}/d.npz --epochs 2 --seeds 2 --export e.npz --export-data d.npy -o o.json",
]


@pytest.mark.parametrize("line", LINES)
def test_no_home_in_a_file(home, line):
    invoke(*line.replace("{}", str(home)).split(), environ={"HOME": str(home)})
    files = list(Path().iterdir())
    assert files
    for file in files:
        for data in contents(file):
            assert home.name.encode() not in data, file


def test_no_home_in_pictures(home):
    pytest.importorskip("matplotlib")
    for name in ("o.png", "o.pdf", "o.svg"):
        invoke("plot", "gate", "-i", home / "first/h.npy", "-o", name, environ={"HOME": str(home)})
        assert home.name.encode() not in Path(name).read_bytes()


def test_no_home_in_an_exported_model(home):
    pytest.importorskip("onnx")
    data = f"--data {home}/d.npz --epochs 2 --seeds 2 --width 4 --export {home}/e.onnx".split()
    invoke("deadcheck", "--train", "relu", *data)
    assert home.name.encode() not in (home / "e.onnx").read_bytes()


def test_files_of_one_name_are_told_apart_by_what_differs(home):
    layers = [
        layer["layer"]
        for layer in invoke("deadcheck", *home.glob("*/h.npy"), "--format", "json").json["layers"]
    ]
    assert sorted(layers) == ["first/h", "second/h"]
