"""Recorded activations in .safetensors, bfloat16 and packed files: the counts are those of the same numbers in .npz."""

import gzip
import io
from pathlib import Path

import numpy as np
import pytest
from invocation import invoke, refused
from safetensors_bytes import safetensors

from actcli.exits import ActcliError

H = np.maximum(np.random.default_rng(0).normal(size=(900, 6)) - 0.5, 0).astype(np.float32)
H[:, 2] = 0
PATTERNS = (H.view(np.uint32) >> 16).astype(np.uint16)
ROUNDED = (PATTERNS.astype(np.uint32) << 16).view(np.float32)


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def layers(*arguments):
    return invoke("deadcheck", *arguments, "--format", "json").json["layers"]


def test_safetensors_give_what_npz_gives():
    np.savez("a.npz", conv1=H, fc=ROUNDED)
    Path("a.safetensors").write_bytes(safetensors({"format": "pt"}, conv1=H, fc=PATTERNS))
    assert layers("a.safetensors") == layers("a.npz")
    (fc,) = layers("fc=a.safetensors")
    assert fc == layers("a.npz")[1]


def test_shards_are_parts_of_one_layer():
    for place in range(10):
        part = safetensors(anything=PATTERNS[place * 90 : (place + 1) * 90])
        Path(f"part{place}.safetensors").write_bytes(part)
    np.savez("a.npz", conv1=ROUNDED)
    assert layers("conv1=part*.safetensors") == layers("a.npz")


def test_packed_arrays_and_text():
    Path("conv1.npy.gz").write_bytes(gzip.compress(npy(H)))
    text = "a,b,c,d,e,f\n" + "\n".join(",".join(map(repr, row)) for row in H.tolist())
    Path("conv1.csv.gz").write_bytes(gzip.compress(text.encode()))
    np.savez("a.npz", conv1=H)
    assert layers("conv1.npy.gz") == layers("a.npz")
    assert layers("conv1=conv1.csv.gz") == layers("a.npz")


def test_voids_are_what_dtype_says():
    np.save("conv1.npy", PATTERNS.view("V2"))
    np.savez("parts.npz", conv1=PATTERNS.view("V2"))
    np.savez("a.npz", conv1=ROUNDED)
    for source in ("conv1.npy", "parts.npz"):
        assert layers(source, "--dtype", "bfloat16") == layers("a.npz")


BAD = {
    "conv1.npy": ("2-byte voids", "--dtype bfloat16"),
    "conv1.npy --dtype float8_e5m2": ("2-byte voids",),
    "conv1.npy --dtype float32": ("--dtype",),
    "a.npz --dtype bfloat16": ("--dtype bfloat16: no array holds it",),
    "model.safetensors": ("weights of a model", "fc.weight=model.safetensors"),
    "x=model.safetensors": ("holds 2 arrays, none of them named 'x'",),
    "flat.safetensors": ("samples and units need two axes",),
    "complex.safetensors": ("holds C64",),
    "tail.npy.gz": ("tail.npy.gz: what follows array 1 is no array",),
    "cut.npy.gz": ("cut.npy.gz: corrupt",),
    "a.npz.gz": ("unpack it first",),
    "x=m*.safetensors": ("none of them named 'x'",),
}


@pytest.mark.parametrize("line", BAD)
def test_bad_inputs_are_refused_in_one_line(line):
    np.save("conv1.npy", PATTERNS.view("V2"))
    np.savez("a.npz", conv1=H)
    for name, content in {
        "model.safetensors": safetensors(**{"fc.weight": H, "fc.bias": H[0]}),
        "flat.safetensors": safetensors(x=H[0]),
        "complex.safetensors": safetensors(x=H[:1, :2])
        .replace(b'"F32"', b'"C64"')
        .replace(b"[1, 2]", b"[1, 1]"),
        "tail.npy.gz": gzip.compress(npy(H) + b"1 2 3"),
        "cut.npy.gz": gzip.compress(npy(H))[:-9],
        "a.npz.gz": gzip.compress(Path("a.npz").read_bytes()),
    }.items():
        Path(name).write_bytes(content)
    message = refused("deadcheck", *line.split(), kind=ActcliError)
    assert all(word in message for word in BAD[line]), message
