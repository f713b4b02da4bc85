"""`--mask`: positions that are padding neither fire nor count, and a sample of padding alone is none."""

from pathlib import Path

import numpy as np
import pytest
from invocation import invoke, refused
from safetensors_bytes import safetensors

from actcli.exits import ActcliError

RNG = np.random.default_rng(0)
TOKENS = np.maximum(RNG.normal(size=(300, 8, 5)) - 1, 0).astype(np.float32)
TOKENS[..., 2] = 0
MASK = np.arange(8) < RNG.integers(0, 9, size=300)[:, np.newaxis]
TOKENS[~MASK, 2] = 7
"""Unit 2 fires on padding only."""
KEPT = MASK.any(axis=1)


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("mlp.npy", TOKENS)
    np.save("mask.npy", MASK)


def layers(*arguments):
    return invoke("deadcheck", *arguments, "--unit-axis", "*=-1", "--format", "json").json["layers"]


def by_hand():
    """Firings by unit, counted with a loop over the samples."""
    return [sum(bool((h[m, unit] > 0).any()) for h, m in zip(TOKENS, MASK, strict=True)) for unit in range(5)]


def test_padding_neither_fires_nor_counts():
    (plain,), (masked,) = layers("mlp.npy"), layers("mlp.npy", "--mask", "mask.npy")
    assert (plain["dead"], plain["samples"], plain["elements"]) == (0, 300, 2400)
    assert (masked["dead"], masked["samples"], masked["elements"]) == (1, KEPT.sum(), MASK.sum())
    assert masked["counts"]["silent"] == 1
    rates = masked["firing_rate"]
    assert rates["maximum"] == pytest.approx(max(by_hand()) / KEPT.sum())


def test_the_statistics_are_those_of_the_kept_positions():
    invoke(
        "deadcheck",
        "mlp.npy",
        "--unit-axis",
        "*=-1",
        "--mask",
        "mask.npy",
        "--save-state",
        "s.npz",
        "--start",
        0,
    )
    with np.load("s.npz") as saved:
        counts, numbers = saved["counts.npy" if "counts.npy" in saved else "counts"], saved["numbers"]
    kept = TOKENS[MASK].astype(np.float64)
    assert counts[0].tolist() == by_hand()
    assert counts[1].tolist() == (kept <= 0).sum(axis=0).tolist()
    np.testing.assert_array_equal(numbers[:2], [kept.min(axis=0), kept.max(axis=0)])
    np.testing.assert_allclose(numbers[2], kept.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(numbers[3], ((kept - kept.mean(axis=0)) ** 2).sum(axis=0), rtol=1e-9)


def test_every_form_of_the_same_mask_gives_the_same():
    (wanted,) = layers("mlp.npy", "--mask", "mask.npy")
    np.savez("masks.npz", other=MASK[:, :3], attention_mask=MASK.astype(np.int64))
    Path("mask.safetensors").write_bytes(safetensors(mask=MASK))
    np.savetxt("mask.csv", MASK, "%d", ",", header=",".join("abcdefgh"), comments="")
    np.savez("both.npz", mlp=TOKENS, attention_mask=MASK)
    for first in (0, 100, 200):
        np.save(f"part{first}.npy", MASK[first : first + 100])
        np.savez(f"shard{first}.npz", mlp=TOKENS[first : first + 100], m=MASK[first : first + 100])
        np.save(f"tokens{first}.npy", TOKENS[first : first + 100])
    forms = (
        ("mlp.npy", "attention_mask=masks.npz"),
        ("mlp.npy", "mask.safetensors"),
        ("mlp.npy", "mask.csv"),
        ("mlp.npy", "m=part*.npy"),
        ("both.npz", "attention_mask"),
        ("both.npz", "attention_mask=both.npz"),
        ("mlp=tokens*.npy", "mask.npy"),
    )
    for source, mask in forms:
        assert layers(source, "--mask", mask) == [wanted], (source, mask)
    assert layers("shard0.npz", "shard100.npz", "shard200.npz", "--mask", "m") == [wanted]


def test_layers_of_other_shapes():
    np.savez("a.npz", tokens=TOKENS, pooled=TOKENS[:, 0], flat=TOKENS.reshape(-1, 5))
    tokens, pooled, flat = layers("a.npz", "--mask", "mask.npy")
    assert (pooled["samples"], pooled["elements"]) == (KEPT.sum(), KEPT.sum())
    assert (flat["samples"], flat["dead"]) == (MASK.sum(), tokens["dead"])
    np.save("by_sample.npy", KEPT)
    (whole,) = layers("mlp.npy", "--mask", "by_sample.npy")
    assert (whole["samples"], whole["elements"]) == (KEPT.sum(), 8 * KEPT.sum())


def test_places_count_the_samples_that_are_left():
    h, mask = np.zeros((6, 2, 1), np.float32), np.ones((6, 2), bool)
    h[4], mask[:2] = 1, False
    np.savez("a.npz", h=h, m=mask)
    (unit,) = invoke(
        "deadcheck", "a.npz", "--unit-axis", "*=-1", "--mask", "m", "--units", "--rare", "0.5"
    ).rows
    assert unit[-2:] == ["2", "2"]


def test_a_note_says_what_is_left_out():
    outcome = invoke("deadcheck", "mlp.npy", "--unit-axis", "-1", "--mask", "mask.npy")
    assert (
        f"--mask leaves out {(~MASK).sum():,} of 2,400 positions, among them {(~KEPT).sum()} whole"
        in outcome.err
    )


BAD = {
    "none.npy": ("none.npy", "No such file"),
    "short.npy": ("(200, 8)", "300 samples"),
    "narrow.npy": ("(300, 7)", "300 samples of 8 positions"),
    "long.npy": ("(400, 8)", "300 samples"),
    "floats.npy": ("floats.npy: a mask is of 0 and 1",),
    "nan.npy": ("nan.npy: a mask is of 0 and 1",),
    "two.npz": ("holds 2 arrays", "NAME=FILE"),
    "x=two.npz": ("none of them named 'x'",),
    "text.npy": ("holds strings",),
    "empty.npy": ("empty.npy",),
    "a=mlp.npy": ("--mask a",),
}


@pytest.mark.parametrize("mask", BAD)
def test_masks_that_do_not_fit_are_refused(mask):
    np.save("short.npy", MASK[:200])
    np.save("narrow.npy", MASK[:, :7])
    np.save("long.npy", np.concatenate([MASK, MASK[:100]]))
    np.save("floats.npy", MASK * 0.5)
    np.save("nan.npy", np.where(MASK, 1, np.nan))
    np.savez("two.npz", a=MASK, b=MASK)
    np.save("text.npy", MASK.astype(str))
    np.save("empty.npy", MASK[:0])
    message = refused("deadcheck", "mlp.npy", "--unit-axis", "-1", "--mask", mask, kind=ActcliError)
    assert all(word in message for word in BAD[mask]), message


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("m.onnx --random 3 --mask mask", "--random"),
        ("--train relu --mask mask.npy", "--mask"),
        ("--plan 10 --mask mask.npy", "--mask"),
    ],
)
def test_what_has_no_positions_takes_no_mask(line, word):
    assert word in refused("deadcheck", *line.split(), kind=ActcliError)


def test_a_model_takes_its_mask_from_an_input():
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    node, kinds = onnx.helper.make_node, onnx.TensorProto
    weights = RNG.normal(size=(5, 5)).astype(np.float32)
    graph = onnx.helper.make_graph(
        [
            node("MatMul", ["x", "w"], ["z"], name="up"),
            node("Relu", ["z"], ["h"], name="act"),
            node("Cast", ["attention_mask"], ["m"], to=kinds.FLOAT),
            node("Unsqueeze", ["m", "axes"], ["m3"]),
            node("Mul", ["h", "m3"], ["y"]),
        ],
        "g",
        [
            onnx.helper.make_tensor_value_info("x", kinds.FLOAT, ("N", "T", 5)),
            onnx.helper.make_tensor_value_info("attention_mask", kinds.INT64, ("N", "T")),
        ],
        [onnx.helper.make_tensor_value_info("y", kinds.FLOAT, ("N", "T", 5))],
        [onnx.numpy_helper.from_array(weights, "w"), onnx.numpy_helper.from_array(np.int64([2]), "axes")],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, "m.onnx")
    x = RNG.normal(size=(300, 8, 5)).astype(np.float32)
    np.savez("in.npz", x=x, attention_mask=MASK.astype(np.int64))
    np.save("z.npy", x @ weights)
    line = ("deadcheck", "m.onnx", "--data", "in.npz", "--format", "json")
    (layer,) = invoke(*line, "--mask", "attention_mask", "--batch", 64).json["layers"][:1]
    (recorded,) = layers("z.npy", "--mask", "mask.npy", "--recorded", "pre")
    for key in ("samples", "elements", "counts", "dead"):
        assert layer[key] == recorded[key], key
    assert "its inputs are x, attention_mask" in refused(*line, "--mask", "mask.npy")
