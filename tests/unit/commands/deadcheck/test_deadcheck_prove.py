"""`actcli deadcheck --prove` as a call: boxes, what is refused, what each form of output says."""

import json

import numpy as np
import pytest
from invocation import invoke, refused

from actcli.exits import DataError

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

F = np.float32


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A net of four units: dead below 2, linear above -1, dead on the data only, and alive; then one behind CumSum."""
    monkeypatch.chdir(tmp_path)
    weights = np.array([[1, 0], [1, 0], [1, -1], [1, 1]], F).T
    bias = np.array([-4, 3, -0.5, -1], F)
    nodes = [
        helper.make_node("Gemm", ["x", "w", "b"], ["z"]),
        helper.make_node("Relu", ["z"], ["h"], name="first"),
        helper.make_node("CumSum", ["h", "axis"], ["c"], name="running"),
        helper.make_node("Gemm", ["c", "v"], ["y0"]),
        helper.make_node("Relu", ["y0"], ["y"], name="second"),
    ]
    arrays = {"w": weights, "b": bias, "axis": np.array(1), "v": np.ones((4, 1), F)}
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 1])],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (tmp_path / "m.onnx").write_bytes(proto.SerializeToString())
    np.save("x.npy", np.random.default_rng(0).uniform(0.5, 1, (300, 1)).astype(F) * np.ones((1, 2), F))
    np.savez("box.npz", **{"x.lower": np.zeros(2), "x.upper": np.array([1.0, 2.0])})
    return tmp_path


def proof_of(*arguments):
    return invoke("deadcheck", "m.onnx", *arguments, "--format", "json").json["proof"]


@pytest.mark.usefixtures("folder")
def test_a_proof_needs_no_data():
    proof = proof_of("--prove", "0:1")
    first, second = proof["layers"]
    assert first["proved_dead"] == [0]
    assert first["proved_active"] == [1]
    assert first["lower"] == pytest.approx([-4, 3, -1.5, -1], abs=1e-4)
    assert first["upper"] == pytest.approx([-3, 4, 0.5, 1], abs=1e-4)
    assert second["not_proved"] == "CumSum 'running': the operator is not supported"
    assert second["lower"] == [None]
    assert (proof["box"], proof["units"], proof["proved_dead"], proof["open"]) == ("0:1", 5, 1, 3)
    assert proof["decided_by_intervals"] == 2


@pytest.mark.usefixtures("folder")
def test_data_show_what_is_dead_and_not_proved():
    found = invoke("deadcheck", "m.onnx", "--data", "x.npy", "--prove", "data", "--format", "json").json
    assert found["dead"] == 2
    assert found["proof"]["layers"][0]["proved_dead"] == [0, 2]
    wide = invoke("deadcheck", "m.onnx", "--data", "x.npy", "--prove", "0:1", "--format", "json").json
    assert wide["proof"]["layers"][0]["proved_dead"] == [0]
    assert any("1 is not proved" in sentence for sentence in wide["verdict"]["sentences"])


@pytest.mark.usefixtures("folder")
def test_a_silent_unit_is_woken_inside_the_box():
    found = invoke("deadcheck", "m.onnx", "--data", "x.npy", "--prove", "0:1", "--format", "json").json
    search = found["proof"]["search"]
    assert (search["tried"], search["left"]) == (1, 0)
    (woken,) = search["woken"]
    assert (woken["layer"], woken["unit"]) == ("first", 2)
    (x,) = woken["inputs"]["x"]
    assert woken["value"] == pytest.approx(x[0] - x[1] - 0.5)
    assert woken["value"] > 0
    assert 0 <= min(x) <= max(x) <= 1
    said = invoke("deadcheck", "m.onnx", "--data", "x.npy", "--prove", "0:1").err
    assert "woke 1, each confirmed by a run: first unit 2 gets" in said


def test_inputs_that_wake_units_are_written_as_data_for_another_run(folder):
    invoke("deadcheck", "m.onnx", "--data", "x.npy", "--prove", "0:1", "--wakes", "w.npz", "--quiet")
    again = invoke("deadcheck", "m.onnx", "--data", "w.npz", "--format", "json").json
    assert again["layers"][0]["counts"]["silent"] == 1
    # where nothing wakes there is no file
    said = invoke("deadcheck", "m.onnx", "--data", "x.npy", "--prove", "data", "--wakes", "none.npz").err
    assert "none.npz is not written: no unit woke" in said
    assert not (folder / "none.npz").exists()


@pytest.mark.usefixtures("folder")
def test_data_outside_the_box_are_said():
    found = invoke("deadcheck", "m.onnx", "--data", "x.npy", "--prove", "0:0.1", "--format", "json").json
    assert any("leave the box" in sentence for sentence in found["verdict"]["sentences"])
    assert found["proof"]["layers"][0]["proved_dead"] == [0, 2, 3]


@pytest.mark.usefixtures("folder")
def test_bounds_come_from_a_file():
    first = proof_of("--prove", "box.npz")["layers"][0]
    assert first["upper"] == pytest.approx([-3, 4, 0.5, 2], abs=1e-4)


@pytest.mark.usefixtures("folder")
def test_a_table_and_lines():
    shown = invoke("deadcheck", "m.onnx", "--prove", "0:1", "--format", "table", "--units").out
    assert "proved dead" in shown
    assert "first     0  dead    intervals" in shown
    lines = invoke("deadcheck", "m.onnx", "--prove", "0:1")
    assert lines.out.splitlines()[0] == "layer\tunit\tproof\tby\tlower\tupper"
    assert [row[:4] for row in lines.rows[:3]] == [
        ["first", "0", "dead", "intervals"],
        ["first", "1", "active", "intervals"],
        ["first", "2", "open", ""],
    ]
    assert "1 of 5 units (20 %) is proved dead" in lines.err
    assert "Winograd" in lines.err
    with_data = invoke("deadcheck", "m.onnx", "--data", "x.npy", "--prove", "data")
    assert with_data.out.splitlines()[0].endswith("\tproof")
    assert [row[-1] for row in with_data.rows[:2]] == ["dead", "active"]


@pytest.mark.usefixtures("folder")
def test_lines_of_json_have_the_proof_of_each_layer():
    lines = invoke("deadcheck", "m.onnx", "--data", "x.npy", "--prove", "data", "--format", "jsonl").out
    first = json.loads(lines.splitlines()[0])
    assert first["proof"]["proved_dead"] == [0, 2]


def test_a_page_has_the_table(folder):
    invoke("deadcheck", "m.onnx", "--data", "x.npy", "--prove", "0:1", "-o", "page.html", "--quiet")
    assert "What is proved on the box of inputs" in (folder / "page.html").read_text()


@pytest.mark.parametrize("form", ["markdown", "csv", "jsonl"])
@pytest.mark.usefixtures("folder")
def test_other_forms(form):
    for data in ((), ("--data", "x.npy")):
        out = invoke("deadcheck", "m.onnx", "--prove", "0:1", *data, "--format", form).out
        assert "first" in out


@pytest.mark.parametrize(
    ("box", "word"),
    [
        ("", "is no box"),
        ("1", "is no box"),
        ("1:0", "1 is above 0; write 0:1"),
        ("0:inf", "'inf' is not a finite number"),
        ("nan:1", "'nan' is not a finite number"),
        ("0:1:2", "'1:2' is not a finite number"),
        (":", "'' is not a finite number"),
        ("0:1e400", "not a finite number"),
        ("a:b", "'a' is not a finite number"),
        ("box.npy", "is no box"),
        ("0,1:2", "not a finite number"),
        ("data", "--prove data needs --data FILE"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_boxes_that_are_none(box, word):
    assert word in refused("deadcheck", "m.onnx", "--prove", box)


@pytest.mark.parametrize(
    ("arrays", "word"),
    [
        ({}, "no array 'x.lower'"),
        ({"x.lower": np.zeros(2)}, "no array 'x.upper'"),
        ({"x.lower": np.zeros(3), "x.upper": np.ones(3)}, "its shape is (3,)"),
        ({"x.lower": np.zeros(2), "x.upper": np.array([1, np.nan])}, "NaN or inf"),
        ({"x.lower": np.array([0, 2.0]), "x.upper": np.ones(2)}, "lower bound 2 is above the upper bound 1"),
        ({"x.lower": np.zeros(2, complex), "x.upper": np.ones(2)}, "complex128"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_files_that_hold_no_box(arrays, word):
    np.savez("bad.npz", **arrays)
    assert word in refused("deadcheck", "m.onnx", "--prove", "bad.npz", kind=DataError)


def test_files_that_are_not_there_or_no_archive(folder):
    (folder / "text.npz").write_text("0 1\n")
    for name in ("text.npz", "gone.npz"):
        assert name in refused("deadcheck", "m.onnx", "--prove", name, kind=DataError)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--fail-above", "5%"), "--fail-above needs --data FILE"),
        (("--save-state", "s.npz"), "--save-state needs --data FILE"),
        (("--map",), "--map needs --data FILE"),
        (("--batch", "4"), "--batch needs --data FILE"),
        (("--wakes", "w.npz"), "--wakes needs --data FILE"),
        (("--wakes", "w.npy", "--data", "x.npy"), "ends in .npz"),
        (("--wakes", "x.npz", "--data", "x.npz"), "would be overwritten"),
        (("--random", "9"), "--random does not go with --prove"),
        (("--format", "junit"), "has no junit"),
        (("-o", "page.html"), "has no html"),
    ],
)
def test_options_that_a_proof_alone_does_not_go_with(folder, arguments, word):
    assert word in refused("deadcheck", "m.onnx", "--prove", "0:1", *arguments)
    assert not (folder / "page.html").exists()


@pytest.mark.usefixtures("folder")
def test_a_proof_is_about_models():
    assert "--prove belongs to models (.onnx)" in refused("deadcheck", "x.npy", "--prove", "0:1")
    assert "--prove belongs to models" in refused("deadcheck", "--train", "relu", "--prove", "0:1")


def test_a_report_is_written_to_files(folder):
    invoke("deadcheck", "m.onnx", "--prove", "0:1", "-o", "p.json", "-o", "p.md", "--quiet")
    assert '"proved_dead"' in (folder / "p.json").read_text()
    assert "| first" in (folder / "p.md").read_text()
