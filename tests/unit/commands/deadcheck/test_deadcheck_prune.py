"""`deadcheck model.onnx --data x.npy --prune smaller.onnx`: the report in every form, exit statuses, bad input."""

import csv
import io
import json

import numpy as np
import pytest
from invocation import invoke, refused

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from actcli.exits import DataError  # noqa: E402

rng = np.random.default_rng(3)
X = rng.standard_normal((700, 4)).astype(np.float32)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", X)
    write()
    return tmp_path


def write(path="model.onnx", dead=(2, 5), behind="LeakyRelu"):
    """Dense layers of 8 and 3 units; units of the first are dead, and behind it is an activation without dead ones."""
    b1 = np.full(8, 0.5, np.float32)
    b1[list(dead)] = -100
    nodes = [
        helper.make_node("Gemm", ["x", "w1", "b1"], ["z1"], "fc1"),
        helper.make_node("Relu", ["z1"], ["h1"], "act1"),
        helper.make_node("Gemm", ["h1", "w2"], ["z2"], "fc2"),
        helper.make_node(behind, ["z2"], ["y"], "act2"),
    ]
    weights = np.random.default_rng(5)
    w1, w2 = (weights.standard_normal(shape).astype(np.float32) for shape in ((4, 8), (8, 3)))
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 3])],
        [numpy_helper.from_array(array, name) for array, name in ((w1, "w1"), (b1, "b1"), (w2, "w2"))],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def prune(*arguments, target="smaller.onnx"):
    return invoke("deadcheck", "model.onnx", "--data", "x.npy", "--prune", target, *arguments)


def failed(*arguments, target="smaller.onnx"):
    """The message of a run that fails after its report."""
    return refused(
        "deadcheck", "model.onnx", "--data", "x.npy", "--prune", target, *arguments, kind=DataError
    )


def run(path, inputs=X):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": inputs})[0]


def test_json_lists_tensors_axes_and_indices(folder):
    status, out, _ = prune("--format", "json")
    assert status == 0
    pruned = json.loads(out)["pruned"]
    assert list(pruned) == [
        "file", "removed", "samples_needed", "box", "layers", "tensors", "biases", "before", "after",
        "time_ratio", "promise",
    ]  # fmt: skip
    assert pruned["tensors"] == [
        {"tensor": "w1", "axis": 1, "indices": [2, 5]},
        {"tensor": "b1", "axis": 0, "indices": [2, 5]},
        {"tensor": "w2", "axis": 0, "indices": [2, 5]},
    ]
    assert pruned["layers"] == [{"layer": "act1", "units": 8, "removed": [2, 5], "staying": []}]
    assert (pruned["before"]["parameters"], pruned["after"]["parameters"]) == (64, 48)
    assert pruned["after"]["bytes"] == (folder / "smaller.onnx").stat().st_size
    assert list(pruned["promise"]) == [
        "samples", "batch", "difference", "largest", "reordered", "same_bits", "sum_difference", "sum_bound"
    ]  # fmt: skip
    assert pruned["promise"]["samples"] == 700
    assert np.abs(run("model.onnx") - run("smaller.onnx")).max() <= 1e-5


def test_the_table_names_what_went_and_the_sentences_what_is_promised():
    status, out, err = prune("--format", "table")
    assert status == 0
    assert "act1: 2 of 8 units removed" in out
    assert "Both dead units are removed: smaller.onnx has 48 instead of 64 parameters (25 % fewer)" in err
    assert "On these 700 samples" in err
    assert "Nothing is promised for other inputs" in err


def test_lines_say_of_each_dead_unit_what_became_of_it():
    _, out, _ = prune("--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [(row["layer"], row["unit"], row["pruned"]) for row in rows if row["class"] == "silent"] == [
        ("act1", "2", "removed"), ("act1", "5", "removed")
    ]  # fmt: skip
    _, out, _ = prune("--format", "jsonl")
    assert json.loads(out.splitlines()[-1])["pruned"]["removed"] == 2


@pytest.mark.parametrize("form", ["markdown", "html", "junit"])
def test_other_forms_have_the_sentences(form):
    _, out, _ = prune("--format", form)
    assert "Both dead units are removed" in out
    if form != "junit":
        assert "the others stay because" in out


def test_too_few_samples_end_with_4_and_no_file(folder):
    np.save("x.npy", X[:100])
    status, out, err = prune("--format", "json")
    assert status == 4
    assert not (folder / "smaller.onnx").exists()
    assert "smaller.onnx is not written: 100 samples are too few to remove units" in err
    pruned = json.loads(out)["pruned"]
    assert pruned["file"] is None
    assert pruned["samples_needed"] > 100
    assert "too few" in pruned["layers"][0]["staying"][0]["reason"]


def test_fewer_samples_suffice_where_rarer_firing_is_accepted(folder):
    np.save("x.npy", X[:100])
    assert prune("--rare", "0.1").status == 0
    assert (folder / "smaller.onnx").exists()


def test_without_a_dead_unit_there_is_no_file_and_the_report_is_still_printed(folder):
    write(dead=())
    assert failed("-o", "r.json") == "smaller.onnx is not written: no unit is dead"
    assert json.loads((folder / "r.json").read_text())["pruned"]["removed"] == 0
    assert not (folder / "smaller.onnx").exists()


def test_dead_units_that_cannot_go_are_named_with_the_reason(folder):
    proto = onnx.load("model.onnx")
    proto.graph.output.append(helper.make_tensor_value_info("h1", TensorProto.FLOAT, ["N", 8]))
    onnx.save(proto, "model.onnx")
    assert "no dead unit can be removed" in failed("-o", "r.csv")
    assert "'h1' is an output of the model" in (folder / "r.csv").read_text()
    assert not (folder / "smaller.onnx").exists()


def test_a_limit_still_decides_the_exit_status(folder):
    assert prune("--fail-above", "1%").status == 3
    assert (folder / "smaller.onnx").exists()


def test_ctrl_c_leaves_the_report_and_no_file(folder, monkeypatch):
    from actcli.sources.onnx.pruning import prune as module

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "smaller_model", interrupt)
    status, out, err = prune("--format", "csv")
    assert status == 130
    assert "act1,2,silent" in out
    assert "Interrupted: smaller.onnx is not written" in err
    assert not (folder / "smaller.onnx").exists()


def test_an_old_file_stays_where_nothing_is_written(folder):
    write(dead=())
    (folder / "smaller.onnx").write_bytes(b"old")
    failed()
    assert (folder / "smaller.onnx").read_bytes() == b"old"


def test_a_model_without_dead_units_again():
    prune()
    message = refused("deadcheck", "smaller.onnx", "--data", "x.npy", "--prune", "again.onnx", kind=DataError)
    assert "no unit is dead" in message


def test_with_a_proof_few_samples_suffice_and_the_promise_is_about_the_box():
    np.save("x.npy", X[:50])
    status, out, err = prune("--prove", "-9:9", "--format", "json")
    assert status == 0
    pruned = json.loads(out)["pruned"]
    assert pruned["removed"] == 2
    assert pruned["box"] == "on all inputs with numbers from -9 to 9"
    assert "In exact arithmetic both models are equal on all inputs with numbers from -9 to 9" in err
    inputs = np.random.default_rng(1).uniform(-9, 9, (4000, 4)).astype(np.float32)
    assert np.abs(run("model.onnx", inputs) - run("smaller.onnx", inputs)).max() <= 1e-4


def test_a_dead_unit_that_is_not_proved_dead_stays():
    proto = onnx.load("model.onnx")
    b1 = next(tensor for tensor in proto.graph.initializer if tensor.name == "b1")
    values = numpy_helper.to_array(b1).copy()
    values[5] = -12
    b1.CopyFrom(numpy_helper.from_array(values, "b1"))
    onnx.save(proto, "model.onnx")
    assert json.loads(prune("--format", "json").out)["pruned"]["removed"] == 2
    (layer,) = json.loads(prune("--prove", "-9:9", "--format", "json").out)["pruned"]["layers"]
    assert layer["removed"] == [2]
    assert layer["staying"] == [{"units": [5], "reason": "no proof that its output never changes"}]


def test_data_outside_the_box_of_a_proof_are_refused(folder):
    assert "some of the data lie outside the box of --prove" in failed("--prove", "0:1")
    assert not (folder / "smaller.onnx").exists()


def test_a_sigmoid_that_hardly_moves_is_not_equal_in_exact_arithmetic():
    proto = onnx.load("model.onnx")
    proto.graph.node[1].op_type = "Sigmoid"
    onnx.save(proto, "model.onnx")
    assert prune().status == 0
    assert "no dead unit is proved dead" in failed("--prove", "-9:9")


USAGE = {
    "no data": (["model.onnx", "--random", "9", "--prune", "s.onnx"], "--data"),
    "nothing to run on": (["model.onnx", "--prune", "s.onnx"], "--data"),
    "arrays": (["x.npy", "--prune", "s.onnx"], "--prune"),
    "training": (["--train", "relu", "--prune", "s.onnx"], "--prune"),
    "the model itself": (["model.onnx", "--data", "x.npy", "--prune", "./model.onnx"], "overwritten"),
    "the report too": (
        ["model.onnx", "--data", "x.npy", "--prune", "s.onnx", "--save-state", "s.onnx"],
        "s.onnx",
    ),
    "another suffix": (["model.onnx", "--data", "x.npy", "--prune", "s.npz"], ".onnx"),
    "no name": (["model.onnx", "--data", "x.npy", "--prune", ""], ".onnx"),
    "twice": (["model.onnx", "--data", "x.npy", "--prune", "s.onnx", "--prune", "t.onnx"], "--prune"),
    "another definition": (
        ["model.onnx", "--data", "x.npy", "--prune", "s.onnx", "--definition", "redo"],
        "--definition",
    ),
    "a proof without data": (["model.onnx", "--prove", "0:1", "--prune", "s.onnx"], "--data"),
    "an early stop": (
        ["model.onnx", "--data", "x.npy", "--prune", "s.onnx", "--stop-when-certain"],
        "--stop-when-certain",
    ),
}


@pytest.mark.parametrize("case", USAGE)
def test_wrong_use_is_refused_before_anything_is_read(case, folder):
    arguments, word = USAGE[case]
    assert word in refused("deadcheck", *arguments)
    assert not list(folder.glob("[st].*"))


@pytest.mark.parametrize("target", ["nowhere/s.onnx", "folder.onnx", "full.onnx"])
def test_a_file_that_cannot_be_written_is_refused_before_the_work(target, folder):
    (folder / "folder.onnx").mkdir()
    if target == "full.onnx":
        (folder / "full.onnx").symlink_to("nowhere/else.onnx")
    assert "cannot write" in failed("-o", "r.json", target=target)
    assert not (folder / "r.json").exists()


def test_weights_beside_the_model_are_not_overwritten(folder):
    from onnx import external_data_helper

    proto = onnx.load("model.onnx")
    external_data_helper.convert_model_to_external_data(proto, True, "weights.onnx", size_threshold=0)
    onnx.save(proto, "model.onnx")
    before = (folder / "weights.onnx").read_bytes()
    assert "holds weights of model.onnx" in failed(target="weights.onnx")
    assert (folder / "weights.onnx").read_bytes() == before
    assert prune().status == 0
