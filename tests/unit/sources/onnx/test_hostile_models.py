"""Files that are no models, or models that want what is not theirs: one line each."""

from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from actcli.exits import DataError  # noqa: E402
from actcli.sources.onnx import open_model  # noqa: E402

node = helper.make_node
NODES = [node("Gemm", ["x", "w"], ["z"]), node("Relu", ["z"], ["y"])]
WEIGHTS = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)


def refused(path, words):
    with pytest.raises(DataError, match=words) as caught:
        open_model(str(path))
    assert "\n" not in str(caught.value)


def external(write, tmp_path, location, **entries):
    path = write(NODES, {"w": WEIGHTS})
    model = onnx.load(path)
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **entries}.items():
        entry = tensor.external_data.add()
        entry.key, entry.value = key, str(value)
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "m.onnx").write_bytes(model.SerializeToString())
    return folder


def test_external_weights_beside_the_model_are_used(write, watched, tmp_path):
    folder = external(write, tmp_path, "w.bin", offset=8)
    (folder / "w.bin").write_bytes(bytes(8) + WEIGHTS.tobytes())
    x = np.random.default_rng(1).normal(size=(9, 3)).astype(np.float32)
    (state,) = watched(str(folder / "m.onnx"), x).values()
    np.testing.assert_array_equal(state.fired, (x @ WEIGHTS > 0).sum(axis=0))
    assert open_model(str(folder / "m.onnx")).layers[0].weights.zero.tolist() == [False] * 4


@pytest.mark.parametrize("location", ["../w.bin", "sub/../../w.bin", "ABSOLUTE"])
def test_external_weights_elsewhere_are_refused(write, tmp_path, location):
    outside = tmp_path / "w.bin"
    outside.write_bytes(WEIGHTS.tobytes())
    folder = external(write, tmp_path, str(outside) if location == "ABSOLUTE" else location)
    refused(folder / "m.onnx", "outside the model's own folder: refused")


def test_a_link_out_of_the_folder_is_refused(write, tmp_path):
    (tmp_path / "secret").write_bytes(WEIGHTS.tobytes())
    folder = external(write, tmp_path, "w.bin")
    (folder / "w.bin").symlink_to(tmp_path / "secret")
    refused(folder / "m.onnx", "outside the model's own folder: refused")


@pytest.mark.parametrize(
    ("entries", "size", "words"),
    [
        ({}, 47, "ends at byte 48 of 'w.bin', which has 47"),
        ({"offset": 1}, 48, "ends at byte 49"),
        ({"length": 47}, 48, "has 48 bytes, its entry says 47"),
        ({"offset": "-4"}, 48, "offset '-4', wanted is a number"),
        ({"offset": "9" * 5000}, 48, "wanted is a number"),
    ],
)
def test_external_weights_of_a_wrong_size(write, tmp_path, entries, size, words):
    folder = external(write, tmp_path, "w.bin", **entries)
    (folder / "w.bin").write_bytes(bytes(size))
    refused(folder / "m.onnx", words)


def test_external_weights_that_are_missing(write, tmp_path):
    refused(external(write, tmp_path, "w.bin") / "m.onnx", "there is no such file beside the model")


def test_a_truncated_model(write, tmp_path):
    data = Path(write(NODES, {"w": WEIGHTS})).read_bytes()
    for length in (1, 10, len(data) // 2, len(data) - 1):
        path = tmp_path / "cut.onnx"
        path.write_bytes(data[:length])
        refused(path, "not an ONNX model|graph is empty|does not hold|no activation")


@pytest.mark.parametrize("data", [b"not a model at all\n" * 10, bytes(100), b"\x93NUMPY"])
def test_no_model(tmp_path, data):
    (tmp_path / "x.onnx").write_bytes(data)
    refused(tmp_path / "x.onnx", "not an ONNX model")


def test_an_empty_file_and_a_missing_one(tmp_path):
    (tmp_path / "x.onnx").write_bytes(b"")
    refused(tmp_path / "x.onnx", "is empty")
    refused(tmp_path / "none.onnx", "No such file")
    refused(tmp_path, "[Dd]irectory")


def test_a_cycle(write):
    nodes = [node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"], name="loop")]
    refused(write(nodes, {}, outputs=("b",)), "the graph has a cycle")


def test_one_tensor_made_twice(write):
    refused(write([*NODES, node("Tanh", ["z"], ["y"])], {"w": WEIGHTS}), "two nodes make the tensor 'y'")


def test_no_activation(write):
    refused(write(NODES[:1], {"w": WEIGHTS}, outputs=("z",)), "holds no activation that is known")


def test_an_activation_without_a_known_unit_axis_is_reported(write):
    model = open_model(write([node("Relu", ["x"], ["y"])], {}, shape=("N", 3, 4, 5)))
    assert not model.layers
    assert "unit axis is not known" in model.unobserved[0].reason


def test_the_reduction_names_may_be_taken(write, watched):
    nodes = [node("Conv", ["x", "w"], ["actcli/ReduceMax_1"]), node("Relu", ["actcli/ReduceMax_1"], ["y"])]
    w = np.ones((2, 3, 1, 1), np.float32)
    (state,) = watched(
        write(nodes, {"w": w}, shape=("N", 3, 2, 2)), np.ones((3, 3, 2, 2), np.float32)
    ).values()
    assert state.fired.tolist() == [3, 3]


def test_local_functions_are_looked_into(tmp_path):
    function = helper.make_function(
        "mine",
        "Gate",
        ["a"],
        ["b"],
        [node("Sigmoid", ["a"], ["s"]), node("Mul", ["a", "s"], ["b"])],
        [helper.make_opsetid("", 17)],
    )
    graph = helper.make_graph(
        [NODES[0], node("Gate", ["z"], ["y"], domain="mine")],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("N", 3))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ("N", 4))],
        [numpy_helper.from_array(WEIGHTS, "w")],
    )
    domains = [helper.make_opsetid("", 17), helper.make_opsetid("mine", 1)]
    path = tmp_path / "f.onnx"
    model = helper.make_model(graph, functions=[function], opset_imports=domains, ir_version=8)
    path.write_bytes(model.SerializeToString())
    assert [layer.function for layer in open_model(str(path)).layers] == ["silu"]
