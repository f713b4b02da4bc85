"""`deadcheck model.onnx --quick`: the same verdict and exit status, with zeros counted on some samples."""

import json
from pathlib import Path

import numpy as np
import pytest
from invocation import invoke, refused

from actcli.exits import DataError

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

RNG = np.random.default_rng(8)
X = RNG.normal(size=(400, 3, 5, 5)).astype(np.float32)
COUNTED = 8 * 4
LATE = 250
"""A sample that is not counted, and the only one on which the unit 2 fires, or gives NaN."""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("model.onnx")
    write("other.onnx", seed=1)
    np.save("x.npy", X)
    np.save("acts.npy", np.ones((300, 3)))


def write(path, seed=0):
    """A convolution with 10 channels, of which 0 and 1 are dead, and a ReLU."""
    w = np.random.default_rng(seed).normal(size=(10, 3, 3, 3)).astype(np.float32)
    b = np.float32([-80, -90, *RNG.normal(size=8)])
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["z"]),
        helper.make_node("Relu", ["z"], ["h"], "relu"),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 5, 5])],
        [helper.make_empty_tensor_value_info("h")],
        [numpy_helper.from_array(w, "w"), numpy_helper.from_array(b, "b")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def check(*arguments, data="x.npy", **terminal):
    return invoke("deadcheck", "model.onnx", "--data", data, *arguments, **terminal)


def without(layer, *keys):
    return {key: value for key, value in layer.items() if key not in keys}


@pytest.mark.parametrize("limit", ["10%", "30%"])
@pytest.mark.parametrize("samples", [3, 9, 400])
def test_the_verdict_and_the_exit_status_are_the_same(limit, samples):
    words = ("--format", "json", "--fail-above", limit, "--limit", str(samples), "--rare", "0.02")
    full, quick = check(*words), check(*words, "--quick")
    assert quick.status == full.status
    assert quick.status == (0 if limit == "30%" else 4 if samples < 300 else 3)
    assert quick.json["verdict"]["status"] == full.json["verdict"]["status"]
    (one,), (other,) = full.json["layers"], quick.json["layers"]
    assert without(one, "sparsity", "counted_samples") == without(other, "sparsity", "counted_samples")


def test_both_numbers_of_samples_are_in_every_report():
    check("--quick", "-o", "r.json", "-o", "r.md", "-o", "r.html", "--save-state", "s.npz", "--quiet")
    said = json.loads(Path("r.json").read_text())
    assert (said["layers"][0]["samples"], said["layers"][0]["counted_samples"]) == (400, COUNTED)
    assert any("32 of 400 samples" in note for note in said["notes"])
    for path in ("r.md", "r.html"):
        assert "32 of 400 samples" in Path(path).read_text()
    assert "32 of 400 samples" in check("--quick", "--format", "table", stdout_is_tty=True).out
    assert "32 of 400 samples" in check("--quick", "--format", "tsv").err
    assert "32 of 400 samples" in invoke("deadcheck", "s.npz", "--format", "table").err
    with np.load("s.npz") as file:
        (layer,) = json.loads(file["actcli_statistics"].tobytes())["layers"]
    assert layer["counted"] == {"samples": 32, "elements": 32 * 9, "first": 8, "of_every": 128}


def test_without_it_every_sample_is_counted():
    full = check("--format", "json")
    assert full.json["layers"][0]["counted_samples"] == 400
    assert not any("of every" in note for note in full.json["notes"])


def test_sparsity_is_that_of_the_samples_of_the_rule():
    counted = np.concatenate([X[start : start + 8] for start in (0, 128, 256, 384)])
    np.save("few.npy", counted)
    quick, few = check("--quick", "--format", "json"), check("--format", "json", data="few.npy")
    assert quick.json["layers"][0]["sparsity"] == few.json["layers"][0]["sparsity"]


def test_parts_agree_on_the_samples():
    for start, end in ((0, 130), (130, 400)):
        np.save("part.npy", X[start:end])
        check("--quick", "--start", str(start), "--save-state", f"{start}.npz", data="part.npy")
    check("--quick", "--start", "0", "--save-state", "whole.npz")
    merged, whole = (
        invoke("deadcheck", *files, "--format", "json").json["layers"][0]
        for files in (("0.npz", "130.npz"), ("whole.npz",))
    )
    assert merged == whole
    assert merged["counted_samples"] == COUNTED


def test_a_quick_and_a_full_part_merge():
    np.save("part.npy", X[:130])
    check("--quick", "--start", "0", "--save-state", "a.npz", data="part.npy")
    np.save("part.npy", X[130:])
    check("--start", "130", "--save-state", "b.npz", data="part.npy")
    (layer,) = invoke("deadcheck", "a.npz", "b.npz", "--format", "json").json["layers"]
    assert (layer["samples"], layer["counted_samples"]) == (400, 10 + 270)


@pytest.mark.parametrize(("value", "status"), [(9.0, 0), (np.nan, 3)])
def test_one_sample_that_is_not_counted_decides(value, status):
    x = X[:300] * 0 - 1
    x[LATE] = value
    np.save("late.npy", x)
    words = ("--fail-above", "100%", "--format", "json")
    full, quick = check(*words, data="late.npy"), check(*words, "--quick", data="late.npy")
    assert (quick.status, full.status) == (status, status)
    (one,), (other,) = full.json["layers"], quick.json["layers"]
    assert one["counts"] == other["counts"]
    assert one["dead"] == other["dead"]


REFUSED = {
    "acts.npy --quick": ("--quick belongs to models", "recorded activations"),
    "s.npz --quick": ("--quick belongs to models", "statistics files"),
    "--train relu --quick": ("--quick belongs to models", "--train"),
    "--born-dead --width 8 --quick": ("--quick belongs to models", "--born-dead"),
    "--plan 100 --quick": ("--quick belongs to models", "--plan"),
    "model.onnx --quick": ("--data FILE", "--random N"),
    "model.onnx --data x.npy --quick=yes": ("--quick",),
    "model.onnx --data x.npy --quick 8": ("8",),
    "model.onnx --data x.npy --quick --quick": ("--quick",),
    "model.onnx --data x.npy --quick --mask m": ("--quick", "--mask"),
    "model.onnx --data x.npy --quick --definition deepdiagnosis": ("--quick", "deepdiagnosis"),
    "model.onnx other.onnx --data x.npy --quick": ("one model at a time",),
}


@pytest.mark.parametrize("line", REFUSED)
def test_bad_uses_are_refused_in_a_line(line):
    check("--save-state", "s.npz")
    message = refused("deadcheck", *line.split())
    assert "\n" not in message.strip()
    for words in REFUSED[line]:
        assert words in message


def test_a_definition_by_zeros_refuses_such_statistics():
    check("--quick", "--save-state", "s.npz")
    message = refused("deadcheck", "s.npz", "--definition", "deepdiagnosis", kind=DataError)
    assert "32 of 400 samples" in message


@pytest.mark.parametrize("definition", ["sagemaker", "keras-contrib", "redo", "loss-of-plasticity"])
def test_other_definitions_stay_the_same(definition):
    words = ("--definition", definition, "--fail-above", "5%", "--format", "json")
    full, quick = check(*words), check(*words, "--quick")
    assert quick.status == full.status
    assert quick.json["layers"][0]["flagged"] == full.json["layers"][0]["flagged"]


def test_noise_may_be_quick_too():
    run = invoke("deadcheck", "model.onnx", "--random", "200", "--quick", "--format", "json")
    assert run.status == 0
    assert run.json["layers"][0]["counted_samples"] == 16
