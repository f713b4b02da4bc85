"""Files that are not models, and models that reach for what is not theirs: one line each."""

from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from actcli.exits import DataError  # noqa: E402
from actcli.sources.onnx import observe_model, open_model, random_inputs  # noqa: E402

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
    refused(folder / "m.onnx", "outside the model")


def test_a_link_out_of_the_folder_is_refused(write, tmp_path):
    (tmp_path / "secret").write_bytes(WEIGHTS.tobytes())
    folder = external(write, tmp_path, "w.bin")
    (folder / "w.bin").symlink_to(tmp_path / "secret")
    refused(folder / "m.onnx", "outside the model")


@pytest.mark.parametrize(
    ("entries", "size", "words"),
    [
        ({}, 47, "byte 48 of 'w.bin'.*47"),
        ({"offset": 1}, 48, "ends at byte 49"),
        ({"length": 47}, 48, "48 bytes.*47"),
        ({"offset": "-4"}, 48, "offset '-4'"),
        ({"offset": "9" * 5000}, 48, "offset '9+'"),
    ],
)
def test_external_weights_of_a_wrong_size(write, tmp_path, entries, size, words):
    folder = external(write, tmp_path, "w.bin", **entries)
    (folder / "w.bin").write_bytes(bytes(size))
    refused(folder / "m.onnx", words)


def test_external_weights_that_are_missing(write, tmp_path):
    refused(external(write, tmp_path, "w.bin") / "m.onnx", "w.bin.*no such file")


PLACE = "../secret.bin"


def elsewhere(name, dims, data_type=TensorProto.FLOAT):
    """A tensor whose numbers lie in a file outside the model's folder."""
    tensor = TensorProto(name=name, dims=dims, data_type=data_type, data_location=TensorProto.EXTERNAL)
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", PLACE
    return tensor


def sparse_elsewhere(part):
    """A sparse tensor with its values or its indices outside the model's folder."""
    values = numpy_helper.from_array(np.float32([1, 2]), "s")
    indices = numpy_helper.from_array(np.int64([0, 5]), "s_indices")
    sparse = helper.make_sparse_tensor(values, indices, [3, 4])
    if part == "values":
        sparse.values.CopyFrom(elsewhere("s", [2]))
    else:
        sparse.indices.CopyFrom(elsewhere("s_indices", [2], TensorProto.INT64))
    return sparse


def branch_with(constant):
    value = helper.make_empty_tensor_value_info("out")
    inner = helper.make_graph([constant, node("Relu", ["c"], ["out"])], "inner", [], [value])
    return node("If", ["yes"], ["y2"], then_branch=inner, else_branch=inner)


REACHES = {
    "a sparse initializer's values": lambda g: g.sparse_initializer.append(sparse_elsewhere("values")),
    "a sparse initializer's indices": lambda g: g.sparse_initializer.append(sparse_elsewhere("indices")),
    "a constant": lambda g: g.node.insert(0, node("Constant", [], ["c"], value=elsewhere("c", [2]))),
    "a sparse constant": lambda g: g.node.insert(
        0, node("Constant", [], ["c"], sparse_value=sparse_elsewhere("values"))
    ),
    "a branch's constant": lambda g: g.node.append(
        branch_with(node("Constant", [], ["c"], value=elsewhere("c", [2])))
    ),
    "a branch's sparse constant": lambda g: g.node.append(
        branch_with(node("Constant", [], ["c"], sparse_value=sparse_elsewhere("indices")))
    ),
    "a list of tensors": lambda g: g.node.append(node("Mine", ["z"], ["q"], values=[elsewhere("c", [2])])),
}


@pytest.mark.parametrize("reach", REACHES.values(), ids=REACHES)
def test_every_tensor_of_a_model_stays_in_its_folder(write, tmp_path, reach):
    (tmp_path / "secret.bin").write_bytes(bytes(400))
    (tmp_path / "model").mkdir()
    model = onnx.load(write(NODES, {"w": WEIGHTS, "yes": np.bool_(True)}))
    reach(model.graph)
    (tmp_path / "model" / "m.onnx").write_bytes(model.SerializeToString())
    refused(tmp_path / "model" / "m.onnx", "secret.bin.*outside the model")


def test_a_local_function_stays_in_its_folder(tmp_path):
    nodes = [
        node("Constant", [], ["c"], value=elsewhere("c", [1])),
        node("Add", ["a", "c"], ["s"]),
        node("Relu", ["s"], ["b"]),
    ]
    path = tmp_path / "f.onnx"
    path.write_bytes(with_function(nodes).SerializeToString())
    (tmp_path.parent / "secret.bin").write_bytes(bytes(400))
    refused(path, "secret.bin.*outside the model")


def test_a_tensor_at_an_address_in_memory_is_refused(write, tmp_path):
    folder = external(write, tmp_path, "*/_ORT_MEM_ADDR_/*", offset=4096)
    (folder / "*" / "_ORT_MEM_ADDR_").mkdir(parents=True)
    (folder / "*" / "_ORT_MEM_ADDR_" / "*").write_bytes(bytes(8192))
    refused(folder / "m.onnx", "outside the model")


def test_a_constant_in_a_file_beside_the_model_is_used(write, watched, tmp_path):
    nodes = [node("Constant", [], ["w"], value=elsewhere("w", WEIGHTS.shape)), *NODES]
    nodes[0].attribute[0].t.external_data[0].value = "w.bin"
    path = write(nodes)
    (tmp_path / "w.bin").write_bytes(WEIGHTS.tobytes())
    x = np.random.default_rng(1).normal(size=(9, 3)).astype(np.float32)
    (state,) = watched(path, x).values()
    np.testing.assert_array_equal(state.fired, (x @ WEIGHTS > 0).sum(axis=0))


def test_a_truncated_model(write, tmp_path):
    data = Path(write(NODES, {"w": WEIGHTS})).read_bytes()
    for length in (1, 10, len(data) // 2, len(data) - 1):
        path = tmp_path / "cut.onnx"
        path.write_bytes(data[:length])
        refused(path, "not an ONNX model|graph is empty|no activation")


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
    refused(write(nodes, {}, outputs=("b",)), "cycle")


def test_one_tensor_made_twice(write):
    refused(write([*NODES, node("Tanh", ["z"], ["y"])], {"w": WEIGHTS}), "two nodes.*'y'")


def test_no_activation(write):
    refused(write(NODES[:1], {"w": WEIGHTS}, outputs=("z",)), "no activation")


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


def with_function(nodes, calls=1):
    """A model with a local function `Gate` from a to b, called some times in a row."""
    domains = [helper.make_opsetid("", 17), helper.make_opsetid("mine", 1)]
    function = helper.make_function("mine", "Gate", ["a"], ["b"], nodes, domains)
    tensors = ["z", *(f"t{i}" for i in range(calls - 1)), "y"]
    gates = [node("Gate", [a], [b], domain="mine") for a, b in pairwise(tensors)]
    graph = helper.make_graph(
        [NODES[0], *gates],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("N", 3))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ("N", 4))],
        [numpy_helper.from_array(WEIGHTS, "w")],
    )
    return helper.make_model(graph, functions=[function], opset_imports=domains, ir_version=8)


@pytest.mark.parametrize("name", [b"Relu", b"x", b"w", b"N"])
def test_names_that_are_no_text(write, name):
    """An operator, an input, an initializer, the name of an axis."""
    shape = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("N", 3))]
    path = Path(write(NODES, {"w": WEIGHTS}, inputs=shape))
    text = path.read_bytes()
    field = bytes([len(name)]) + name
    assert field in text
    path.write_bytes(text.replace(field, field[:-1] + b"\xff"))
    refused(path, "UTF-8")


def test_local_functions_are_expanded(tmp_path):
    path = tmp_path / "f.onnx"
    gate = [node("Sigmoid", ["a"], ["s"]), node("Mul", ["a", "s"], ["b"])]
    path.write_bytes(with_function(gate, calls=2).SerializeToString())
    assert [layer.function for layer in open_model(str(path)).layers] == ["silu", "silu"]


def test_a_function_that_calls_itself(tmp_path):
    path = tmp_path / "f.onnx"
    path.write_bytes(with_function([node("Gate", ["a"], ["b"], domain="mine")]).SerializeToString())
    refused(path, "calls itself")


def test_functions_that_double_are_not_expanded(tmp_path):
    model = with_function([node("Relu", ["a"], ["t"]), node("Relu", ["t"], ["b"])])
    for level in range(40):
        nodes = [
            node(f"Gate{level - 1}" if level else "Gate", [a], [b], domain="mine")
            for a, b in (("a", "t"), ("t", "b"))
        ]
        function = helper.make_function("mine", f"Gate{level}", ["a"], ["b"], nodes, model.opset_import)
        model.functions.append(function)
    model.graph.node[1].op_type = "Gate39"
    path = tmp_path / "f.onnx"
    path.write_bytes(model.SerializeToString())
    refused(path, "more than .* nodes")


def test_units_of_unknown_rank_in_a_scalar(write):
    """The model states that a reshaped tensor is one number, which the layer before it denies."""
    nodes = [node("MatMul", ["x", "w"], ["z"]), node("Relu", ["z"], ["y"])]
    path = write(nodes, {"w": WEIGHTS}, inputs=[helper.make_tensor_value_info("x", TensorProto.FLOAT, None)])
    model = onnx.load(path)
    model.graph.value_info.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, ()))
    Path(path).write_bytes(model.SerializeToString())
    assert open_model(path).unobserved[0].name == "y"


def test_a_negative_length_is_an_unknown_one(write):
    path = write([node("Slice", ["x", "s", "e"], ["z"]), NODES[1]], {"s": [0], "e": [1]}, shape=(-5, 3))
    model = open_model(path)
    assert model.inputs[0].shape == (None, 3)


@pytest.mark.parametrize("shape", [("N", 1 << 29), ("N", 1 << 62)], ids=str)
def test_more_units_than_memory_are_refused_before_anything_is_allocated(write, shape):
    with pytest.raises(DataError, match=r"units.*of memory"):
        open_model(write([node("Relu", ["x"], ["y"])], {}, shape=shape), memory=1 << 30)


def test_a_batch_larger_than_memory_is_refused(write):
    model = open_model(write([node("Relu", ["x"], ["y"])], {}, shape=(1 << 62, 3)))
    with pytest.raises(DataError, match=r"batch.*of memory"):
        observe_model(model, random_inputs(model.inputs, 1, 0))


def test_a_model_without_inputs(write):
    model = open_model(write(NODES, {"w": WEIGHTS, "x": np.ones((2, 3), np.float32)}, inputs=[]))
    with pytest.raises(DataError, match="no inputs"):
        random_inputs(model.inputs, 1, 0)


ODD = {
    "perm is a string": node("Transpose", ["z"], ["t"], perm="abc"),
    "perm is a number": node("Transpose", ["z"], ["t"], perm=1),
    "perm is out of range": node("Transpose", ["z"], ["t"], perm=[7, -9]),
    "axes are floats": node("Squeeze", ["z"], ["t"], axes=[0.5]),
    "group is a list": node("Conv", ["z", "w"], ["t"], group=[1, 2]),
    "group is huge": node("Conv", ["z", "w"], ["t"], group=1 << 62),
    "group is negative": node("ConvTranspose", ["z", "w"], ["t"], group=-3),
    "alpha is a list": node("LeakyRelu", ["z"], ["t"], alpha=[1.0]),
    "alpha is nan": node("Elu", ["z"], ["t"], alpha=float("nan")),
    "bounds are strings": node("Clip", ["z"], ["t"], min="low", max="high"),
    "approximate is a number": node("Gelu", ["z"], ["t"], approximate=3),
    "axis is a float": node("Concat", ["z", "z"], ["t"], axis=0.5),
    "epsilon is a string": node("BatchNormalization", ["z"], ["t"], epsilon="e"),
    "nothing goes in": node("Relu", [], ["t"]),
    "nothing goes in or out": node("Transpose", [], []),
    "an input is left out": node("Mul", ["", "z"], ["t"]),
    "a constant of strings": node("Constant", [], ["t"], value_strings=["a"]),
    "a constant without a value": node("Constant", [], ["t"]),
}


@pytest.mark.parametrize("opset", [11, 20])
@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_an_odd_node_is_read_or_refused(write, odd, opset):
    """It may raise a DataError, and nothing else."""
    after = [node("Transpose", ["t"], ["u"]), node("Relu", ["u"], ["r"]), node("Mul", ["z", "t"], ["m"])]
    path = write([NODES[0], odd, *after, NODES[1]], {"w": WEIGHTS}, opset=opset)
    with suppress(DataError):
        model = open_model(path)
        list(observe_model(model, random_inputs(model.inputs, 3, 0)))
