"""Sparse records: the counts are those of the same numbers written out with their zeros."""

from pathlib import Path

import numpy as np
import pytest
from invocation import invoke, refused
from safetensors_bytes import safetensors

from actcli.exits import ActcliError

RNG = np.random.default_rng(0)
UNITS, K, SAMPLES = 50, 4, 600
INDEX = np.argsort(RNG.random((SAMPLES, UNITS - 3)), axis=1)[:, :K]
VALUE = RNG.exponential(size=INDEX.shape).astype(np.float32)
VALUE[RNG.random(VALUE.shape) < 0.2] = 0
DENSE = np.zeros((SAMPLES, UNITS), np.float32)
np.put_along_axis(DENSE, INDEX, VALUE, 1)


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def layers(*arguments):
    found = invoke("deadcheck", *arguments, "--format", "json").json["layers"]
    for layer in found:
        del layer["layer"]
    return found


SPEC = f"indices=idx,values=val,units={UNITS}"


@pytest.mark.parametrize("dtype", ["i8", "i4", "u2", "u1"])
def test_topk_latents(dtype):
    np.savez("a.npz", idx=INDEX.astype(dtype), val=VALUE)
    np.save("dense.npy", DENSE)
    assert layers("a.npz", "--sparse", SPEC) == layers("dense.npy")
    assert layers("dense.npy")[0]["dead"] == 3


def test_topk_latents_from_every_kind_of_file():
    np.save("idx.npy", INDEX)
    np.save("val.npy", np.asfortranarray(VALUE))
    patterns = (VALUE.view(np.uint32) >> 16).astype(np.uint16)
    Path("a.safetensors").write_bytes(safetensors(idx=INDEX, val=patterns))
    for first in range(0, SAMPLES, 200):
        np.savez(f"part{first}.npz", idx=INDEX[first : first + 200], val=VALUE[first : first + 200])
    np.save("dense.npy", DENSE)
    wanted = layers("dense.npy")
    assert layers("idx.npy", "val.npy", "--sparse", SPEC) == wanted
    assert layers("part0.npz", "part200.npz", "part400.npz", "--sparse", SPEC) == wanted
    (rounded,) = layers("a.safetensors", "--sparse", SPEC)
    assert rounded["counts"] == wanted[0]["counts"]


def test_sequences_are_one_sample_each():
    index, value = INDEX.reshape(60, 10, K), VALUE.reshape(60, 10, K)
    np.savez("a.npz", idx=index, val=value)
    np.save("dense.npy", DENSE.reshape(60, 10, UNITS))
    assert layers("a.npz", "--sparse", SPEC) == layers("dense.npy", "--unit-axis", "-1")


@pytest.mark.parametrize("width", [2, 3])
def test_coo_caches(width):
    dense = DENSE.reshape(60, 10, UNITS) if width == 3 else DENSE
    places = np.argwhere(dense)
    np.savez("a.npz", locations=places, activations=dense[dense != 0], tokens=np.zeros((len(dense), 10)))
    np.save("dense.npy", dense)
    spec = f"locations=locations,values=activations,units={UNITS},samples=tokens,layer=sae"
    sparse = layers("a.npz", "--sparse", spec)
    assert sparse == layers("dense.npy", *(("--unit-axis", "-1") if width == 3 else ()))
    if width == 2:
        assert sparse == layers("a.npz", "--sparse", spec.replace("samples=tokens", f"samples={len(dense)}"))


def test_many_entries_come_in_several_blocks(monkeypatch):
    from actcli.sources.records import recordings

    monkeypatch.setattr(recordings, "BLOCK", 64)
    np.savez("a.npz", at=np.argwhere(DENSE), v=DENSE[DENSE != 0], idx=INDEX, val=VALUE)
    np.save("dense.npy", DENSE)
    wanted = layers("dense.npy")
    assert layers("a.npz", "--sparse", f"locations=at,values=v,units={UNITS},samples={SAMPLES}") == wanted
    assert layers("a.npz", "--sparse", SPEC) == wanted


def test_places_of_a_filler_are_none():
    places = np.argwhere(DENSE)
    filled = np.insert(places, range(0, len(places), 9), [0, 255], axis=0)
    filled[:, 0] = np.maximum.accumulate(filled[:, 0])
    np.savez("a.npz", at=filled, only=np.full((5, 2), [0, 255]))
    spec = f"units={UNITS},samples={SAMPLES}"
    (layer,) = layers("a.npz", "--sparse", f"locations=at,{spec}", "--ignore-index", "255")
    np.save("dense.npy", (DENSE > 0).astype(np.float32))
    assert layer == layers("dense.npy")[0]
    assert layers("a.npz", "--sparse", f"locations=only,{spec}", "--ignore-index", "255")[0]["dead"] == UNITS


def test_a_router_with_fillers():
    experts = RNG.integers(0, 7, (400, 1)).astype(np.uint8)
    pairs = np.concatenate([experts, (experts + 1 + RNG.integers(0, 6, (400, 1))) % 7], axis=1).astype(
        np.uint8
    )
    pairs[::5, 1] = 255
    np.save("router.npy", pairs)
    (layer,) = layers("router.npy", "--sparse", "indices=router,units=8", "--ignore-index", "255")
    assert (layer["units"], layer["dead"], layer["samples"]) == (8, 1, 400)
    assert layer["counts"]["silent"] == 1
    message = refused("deadcheck", "router.npy", "--sparse", "indices=router,units=8", kind=ActcliError)
    assert "--ignore-index 255" in message


def test_padding_is_left_out_of_sparse_records():
    index, value = INDEX.reshape(60, 10, K).copy(), VALUE.reshape(60, 10, K)
    mask = np.arange(10) < RNG.integers(0, 11, 60)[:, np.newaxis]
    index[~mask] = 255  # a filler that is no unit, in every slot
    dense = DENSE.reshape(60, 10, UNITS)
    np.savez("a.npz", idx=index, val=value, attention_mask=mask)
    np.savez("dense.npz", x=dense, attention_mask=mask)
    wanted = layers("dense.npz", "--unit-axis", "-1", "--mask", "attention_mask")
    assert layers("a.npz", "--sparse", SPEC, "--mask", "attention_mask") == wanted
    np.save("mask.npy", mask)
    np.savez("flat.npz", idx=index.reshape(600, K), val=VALUE)
    (tokens,) = layers("flat.npz", "--sparse", SPEC, "--mask", "mask.npy")
    assert (tokens["samples"], tokens["elements"]) == (mask.sum(), mask.sum())


def test_a_star_stands_for_many_layers():
    routers = {f"layers.{layer}.experts": np.roll(INDEX, layer, 0)[:, :2] for layer in range(12)}
    np.savez("moe.npz", **routers, tokens=np.zeros((SAMPLES, 2)))
    outcome = invoke(
        "deadcheck", "moe.npz", "--sparse", f"indices=layers.*.experts,units={UNITS}", "--format", "json"
    )
    assert [layer["layer"] for layer in outcome.json["layers"]] == list(routers)
    np.savez("two.npz", **{"a.i": INDEX, "a.v": VALUE, "b.i": INDEX[::-1], "b.v": VALUE[::-1]})
    spec = f"layer=sae_*,indices=*.i,values=*.v,units={UNITS}"
    found = invoke("deadcheck", "two.npz", "--sparse", spec, "--format", "json").json["layers"]
    assert [layer["layer"] for layer in found] == ["sae_a", "sae_b"]
    assert found[0]["counts"] == found[1]["counts"]


def test_several_layers_and_what_is_not_read():
    np.savez("a.npz", idx=INDEX, val=VALUE, ids=INDEX[:, :1], tokens=np.zeros((SAMPLES, 3)))
    outcome = invoke(
        "deadcheck", "a.npz", "--sparse", f"layer=sae,{SPEC}", "--sparse", f"indices=ids,units={UNITS}"
    )
    assert {row[0] for row in outcome.rows} == {"sae", "ids"}
    assert "Not read, since no --sparse names them: tokens." in outcome.err


@pytest.mark.parametrize("shape", [(SAMPLES, K), (SAMPLES // 10, 10, K)])
def test_indices_are_never_counted_as_units(shape):
    np.save("idx.npy", INDEX.reshape(shape))
    axis = ("--unit-axis", "-1") if len(shape) == 3 else ()
    message = refused("deadcheck", "idx.npy", *axis, kind=ActcliError)
    assert "--sparse indices=idx,units=N" in message
    assert "--sparse none" in message
    assert layers("idx.npy", *axis, "--sparse", "none")[0]["units"] == K
    if len(shape) == 2:
        piped = refused("deadcheck", "-", stdin=Path("idx.npy").read_bytes(), kind=ActcliError)
        assert "--sparse indices=stdin" in piped


@pytest.mark.parametrize(
    "array", [RNG.poisson(1, (50, 8)), np.maximum(RNG.integers(-127, 127, (50, 9)), 0), np.eye(9, dtype=int)]
)
def test_whole_numbers_that_are_values_are_counted(array):
    np.save("a.npy", array)
    assert layers("a.npy")[0]["units"] == array.shape[1]


BAD = {
    "a.npz --sparse idx": "write indices=NAME",
    "a.npz --sparse indices=idx": "needs units=N",
    "a.npz --sparse indices=idx,units=0": "units is a whole number from 1 to 1,000,000,000",
    "a.npz --sparse indices=idx,units=x": "units is a whole number",
    "a.npz --sparse indices=idx,units=2000000000000": "units is a whole number",
    "a.npz --sparse values=val,units=50": "indices=NAME or locations=NAME",
    "a.npz --sparse indices=idx,indices=idx,units=50": "named twice",
    "a.npz --sparse locations=idx,units=50": "samples=",
    "a.npz --sparse indices=idx,units=50,samples=3": "locations only",
    "a.npz --sparse indices=no,units=50": "there is no array 'no'; there are",
    "a.npz --sparse indices=x*,units=50": "no array fits 'x*'; there are",
    "a.npz --sparse layer=a,indices=t*,units=50": "two layers are named 'a'",
    "a.npz --sparse indices=idx,units=50 --sparse indices=idx,units=50": "two layers are named 'idx'",
    "a.npz b.npy --sparse indices=idx,units=50": "b.npy: no --sparse names it",
    "a.npz --sparse indices=idx,values=short,units=50": "values of the shape (599, 4)",
    "a.npz --sparse indices=val,units=50": "whole numbers",
    "a.npz --sparse indices=idx,units=20": "where units=20 is stated",
    "a.npz --sparse indices=negative,units=50": "--ignore-index -1",
    "a.npz --sparse indices=twice,units=50": "lists unit 7 twice",
    "a.npz --sparse locations=idx,units=50,samples=600": "locations are (n, 2) or (n, 3)",
    "a.npz --sparse locations=at,units=50,samples=10": "sample 599 where there are 10",
    "a.npz --sparse locations=unsorted,units=50,samples=600": "sorted by sample",
    "a.npz --sparse locations=three,units=50,samples=600": "samples=NAME",
    "a.npz --sparse locations=at,values=val,units=50,samples=600": "values of",
    "a.npz --sparse indices=idx,units=50 --unit-axis -1": "--unit-axis",
    "a.npz --sparse indices=idx,units=50 --mask short=a.npz": "short",
    "a.npz --sparse indices=idx,units=50 --mask val": "a mask is of 0 and 1",
    "a.npz --sparse locations=at,units=50,samples=600 --mask val": "--mask does not go with locations",
    "a.npz --sparse indices=idx,units=50 --recorded pre": "--recorded pre",
    "a.npz --sparse indices=idx,units=50 --activation tanh": "--activation tanh, which fires at 0",
    "b.npy --ignore-index 3": "--sparse",
    "- --sparse indices=idx,units=50": "a pipe",
    "t.csv --sparse indices=t,units=50": "is text",
}


@pytest.mark.parametrize("line", BAD)
def test_bad_specifications_and_arrays_are_refused(line):
    negative, twice = INDEX.copy(), INDEX.copy()
    negative[5, 0], twice[9, :2] = -1, 7
    at = np.argwhere(DENSE)
    np.savez(
        "a.npz", idx=INDEX, val=VALUE, short=VALUE[:-1], negative=negative, twice=twice, at=at,
        unsorted=at[::-1], three=at[:, [0, 0, 1]],
    )  # fmt: skip
    np.save("b.npy", VALUE)
    Path("t.csv").write_text("a,b\n1,2\n")
    message = refused("deadcheck", *line.split(), kind=ActcliError)
    assert BAD[line] in message, message
