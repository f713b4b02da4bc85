"""Units that cannot be removed stay, with the reason; what is shared is kept right."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from onnx import TensorProto, external_data_helper, helper, numpy_helper  # noqa: E402
from pruned_outputs import outputs  # noqa: E402

from actcli.exits import DataError  # noqa: E402

node = helper.make_node
rng = np.random.default_rng(8)
FEATURES, IMAGES = ("N", 5), ("N", 3, 8, 8)


def numbers(*shape):
    return (rng.standard_normal(shape) / np.sqrt(max(shape[-1], 1))).astype(np.float32)


def bias(units, dead=(1, 4)):
    values = np.abs(numbers(units))
    values[list(dead)] = -100.0
    return values


def first(units=6):
    """A dense layer with a ReLU, whose units 1 and 4 are dead."""
    nodes = [node("Gemm", ["x", "w1", "b1"], ["z"], "fc1"), node("Relu", ["z"], ["h"], "act")]
    return nodes, {"w1": numbers(5, units), "b1": bias(units), "w2": numbers(units, 3)}


LAST = node("Gemm", ["t", "w2"], ["y"], "fc2")


def images(*behind, **constants):
    nodes = [
        node("Conv", ["x", "w1", "b1"], ["z"], "conv1", pads=(1, 1, 1, 1)),
        node("Relu", ["z"], ["h"], "act"),
        *behind,
    ]
    return nodes, {"w1": numbers(6, 3, 3, 3), "b1": bias(6), **constants}


def dense(*behind, **constants):
    nodes, own = first()
    return [*nodes, *behind], {**own, **constants}


BARRED = {
    "(LayerNormalization) needs all units": (
        FEATURES,
        *dense(node("LayerNormalization", ["h", "s"], ["t"], "ln"), LAST, s=np.ones(6, np.float32)),
    ),
    "(Softmax) needs all units": (FEATURES, *dense(node("Softmax", ["h"], ["t"], "sm"), LAST)),
    "(TopK) needs all units": (
        FEATURES,
        *dense(node("TopK", ["h", "k"], ["y", "i"], "top"), k=np.array([2], np.int64)),
    ),
    "(ReduceMean) needs all units": (
        FEATURES,
        *dense(node("ReduceMean", ["h"], ["y"], "mean", axes=(1,))),
    ),
    "(Add): they are added to the units of another tensor": (
        FEATURES,
        *dense(
            node("Gemm", ["x", "w3"], ["u"], "side"),
            node("Add", ["h", "u"], ["t"], "sum"),
            LAST,
            w3=numbers(5, 6),
        ),
    ),
    "(Mul): they are combined with the units of another tensor": (
        FEATURES,
        *dense(
            node("Gemm", ["x", "w3"], ["u"], "side"),
            node("Mul", ["h", "u"], ["t"], "gate"),
            LAST,
            w3=numbers(5, 6),
        ),
    ),
    "is an output of the model": (FEATURES, *dense(node("Identity", ["h"], ["t"]), LAST)),
    "(Gemm) takes them beside its weights": (
        FEATURES,
        *dense(node("Gemm", ["x", "w4", "h"], ["y"], "late"), w4=numbers(5, 6)),
    ),
    "(Conv) has groups": (
        IMAGES,
        *images(node("Conv", ["h", "w2"], ["y"], "groups", group=2), w2=numbers(4, 3, 3, 3)),
    ),
    "(Conv) multiplies them by a tensor that is not a stored constant": (
        IMAGES,
        *images(
            node("Conv", ["x", "w3"], ["k"], "other"),
            node("ReduceMean", ["k"], ["one"], axes=(0, 2, 3), keepdims=1),
            node("Mul", ["one", "w2"], ["dynamic"]),
            node("Conv", ["h", "dynamic"], ["y"], "taker"),
            w2=numbers(4, 6, 3, 3),
            w3=numbers(6, 3, 1, 1),
        ),
    ),
    "(Shape) tells the graph how many there are": (
        IMAGES,
        *images(
            node("Shape", ["h"], ["lengths"], "shape"),
            node("Gather", ["lengths", "one"], ["count"], axis=0),
            node("Cast", ["count"], ["number"], to=TensorProto.FLOAT),
            node("Conv", ["h", "w2"], ["c"], "taker"),
            node("Mul", ["c", "number"], ["y"]),
            one=np.array(1, np.int64),
            w2=numbers(4, 6, 3, 3),
        ),
    ),
    "(Einsum) is not known to act on each unit by itself": (
        FEATURES,
        *dense(node("Einsum", ["h", "w2"], ["y"], "einsum", equation="nu,uo->no")),
    ),
    "(Reshape) mixes them with other axes": (
        FEATURES,
        *dense(node("Reshape", ["h", "s"], ["t"], "mix"), node("Gemm", ["t", "w4"], ["y"]),
               s=np.array([-1, 4], np.int64), w4=numbers(4, 2)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("reason", BARRED)
def test_units_stay_and_the_reason_says_what_bars_them(write, prune, reason):
    shape, nodes, constants = BARRED[reason]
    used = {name for one in nodes for name in one.input}
    outputs = ("y", "h") if reason.startswith("is an output") else ("y",)
    path = write(nodes, {k: v for k, v in constants.items() if k in used}, shape=shape, outputs=outputs)
    answer = prune(path, rng.standard_normal((36, *shape[1:])).astype(np.float32), batch=36)
    assert answer.data is None
    assert set(answer.removed.values()) == {()}
    assert any(reason in one for one in answer.reasons), answer.reasons


def test_a_proof_about_an_activation_is_none_about_a_way_around_it(write, prune):
    nodes, constants = first()
    nodes += [
        node("Sigmoid", ["z"], ["s"], "side"),
        node("Mul", ["h", "s"], ["t"], "both"),
        node("Gemm", ["t", "w2"], ["y"], "fc2"),
    ]
    path = write(nodes, constants, shape=FEATURES)
    x = rng.standard_normal((40, 5)).astype(np.float32)
    assert prune(path, x).removed["act"] == (1, 4)
    answer = prune(path, x, on_box=True)
    assert answer.removed["act"] == ()
    assert "a way around the activation" in answer.reasons[0]


@pytest.mark.parametrize("op", ["Add", "Mul", "Pow", "Max"])
def test_a_number_that_is_the_same_in_the_data_may_be_another_in_the_box(write, prune, op):
    nodes, constants = first()
    nodes += [
        node("Exp", ["h"], ["e"]),
        node("ReduceMean", ["x"], ["s"], axes=[1], keepdims=1),
        node(op, ["e", "s"], ["t"], "mixed"),
        LAST,
    ]
    path = write(nodes, constants, shape=FEATURES)
    answer = prune(path, rng.standard_normal((1, 5)).astype(np.float32), dead={"act": [1, 4]}, on_box=True)
    assert answer.removed["act"] == ()
    assert "combines them with 's', which is computed" in answer.reasons[0]


def test_weights_in_other_types_stay(write, prune):
    nodes, constants = first()
    nodes.append(node("Gemm", ["h", "w2"], ["y"], "fc2"))
    doubles = {name: array.astype(np.float64) for name, array in constants.items()}
    inputs = [helper.make_tensor_value_info("x", TensorProto.DOUBLE, FEATURES)]
    answer = prune(write(nodes, doubles, inputs=inputs), rng.standard_normal((40, 5)))
    assert answer.removed == {"act": ()}
    assert "neither float32 nor float16" in answer.reasons[0]


def test_weights_that_a_branch_names_stay(write, prune):
    def branch(name, op):
        inner = [node(op, ["w2"], [name])]
        return helper.make_graph(inner, name, [], [helper.make_tensor_value_info(name, 1, [6, 3])])

    nodes, constants = first()
    nodes += [
        node("Gemm", ["h", "w2"], ["y"], "fc2"),
        node("ReduceSum", ["x"], ["total"], keepdims=0),
        node("Cast", ["total"], ["truth"], to=TensorProto.BOOL),
        node("If", ["truth"], ["v"], then_branch=branch("p", "Identity"), else_branch=branch("q", "Neg")),
    ]
    path = write(nodes, constants, shape=FEATURES, outputs=("y", "v"))
    answer = prune(path, rng.standard_normal((40, 5)).astype(np.float32), batch=40)
    assert answer.data is None
    assert "have another use" in answer.reasons[0]


def test_weights_of_two_layers_stay_and_a_bias_of_two_is_copied(write, prune):
    nodes = [
        node("Gemm", ["x", "w1", "b1"], ["z1"], "fc1"),
        node("Relu", ["z1"], ["h1"], "act1"),
        node("Gemm", ["h1", "w2", "b1"], ["z2"], "fc2"),
        node("LeakyRelu", ["z2"], ["h2"], "act2"),
        node("Gemm", ["h2", "w3"], ["y"], "fc3"),
    ]
    constants = {"w1": numbers(5, 6), "b1": bias(6), "w2": numbers(6, 6), "w3": numbers(6, 2)}
    x = rng.standard_normal((40, 5)).astype(np.float32)
    answer = prune(write(nodes, constants, shape=FEATURES), x)
    assert answer.removed == {"act1": (1, 4)}
    assert answer.shapes["b1"] == [6]
    assert answer.shapes["b1_pruned"] == [4]
    assert answer.difference <= 2e-5
    nodes[4] = node("Gemm", ["h2", "w2"], ["y"], "fc3")
    answer = prune(write(nodes, constants, shape=FEATURES), x)
    assert answer.data is None
    assert answer.reasons == ["the weights 'w2' of 'fc2' have another use"]


def test_weights_in_a_file_beside_the_model_are_inside_the_smaller_one(write, prune, tmp_path):
    nodes, constants = first()
    nodes.append(node("Gemm", ["h", "w2"], ["y"], "fc2"))
    path = write(nodes, constants, shape=FEATURES)
    x = rng.standard_normal((40, 5)).astype(np.float32)
    inside = prune(path, x)
    proto = onnx.load(path)
    external_data_helper.convert_model_to_external_data(proto, True, "weights.bin", size_threshold=0)
    onnx.save(proto, path)
    assert (tmp_path / "weights.bin").exists()
    answer = prune(path, x)
    assert answer.removed == {"act": (1, 4)}
    assert not any(t.external_data for t in answer.proto.graph.initializer)
    assert [t.SerializeToString() for t in answer.proto.graph.initializer] == [
        t.SerializeToString() for t in inside.proto.graph.initializer
    ]


def test_what_the_model_says_of_itself_is_kept(write, prune):
    nodes, constants = first()
    nodes.append(node("Gemm", ["h", "w2"], ["y"], "fc2"))
    path = write(nodes, constants, shape=FEATURES)
    proto = onnx.load(path)
    proto.producer_name, proto.model_version, proto.doc_string = "me", 7, "about"
    helper.set_model_props(proto, {"labels": "a,b"})
    onnx.save(proto, path)
    smaller = prune(path, rng.standard_normal((40, 5)).astype(np.float32)).proto
    for field in (
        "producer_name",
        "model_version",
        "doc_string",
        "ir_version",
        "opset_import",
        "metadata_props",
    ):
        assert getattr(smaller, field) == getattr(proto, field)
    assert [one.name for one in smaller.graph.node] == ["fc1", "act", "fc2"]
    assert smaller.graph.input == proto.graph.input
    assert smaller.graph.output == proto.graph.output
    dims = {v.name: v.type.tensor_type.shape.dim for v in smaller.graph.value_info}
    assert [(d.dim_param or d.dim_value) for d in dims["h"]] == ["N", 4]


def test_initializers_that_are_listed_as_inputs_keep_their_entries_right(write, prune):
    nodes, constants = first()
    constants["b1"][[1, 4]] = 60.0
    nodes[1] = node("Sigmoid", ["z"], ["h"], "act")
    nodes.append(node("Gemm", ["h", "w2"], ["y"], "fc2"))
    values = [helper.make_tensor_value_info(k, TensorProto.FLOAT, v.shape) for k, v in constants.items()]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, FEATURES), *values]
    path = write(nodes, constants, inputs=inputs)
    proto = onnx.load(path)
    proto.ir_version = 3
    onnx.save(proto, path)
    answer = prune(path, rng.standard_normal((40, 5)).astype(np.float32))
    listed = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in answer.proto.graph.input}
    assert answer.removed == {"act": (1, 4)}
    assert listed["w1"] == [5, 4]
    assert set(answer.shapes) <= set(listed)
    assert all(listed[name] == lengths for name, lengths in answer.shapes.items())


def test_weights_in_constant_nodes_are_cut_there(write, prune):
    nodes, constants = first()
    nodes.append(node("Gemm", ["h", "w2"], ["y"], "fc2"))
    made = [node("Constant", [], [k], value=numpy_helper.from_array(v, k)) for k, v in constants.items()]
    answer = prune(write([*made, *nodes], shape=FEATURES), rng.standard_normal((40, 5)).astype(np.float32))
    assert answer.removed == {"act": (1, 4)}
    stored = {
        n.output[0]: list(n.attribute[0].t.dims) for n in answer.proto.graph.node if n.op_type == "Constant"
    }
    assert stored == {"w1": [5, 4], "b1": [4], "w2": [4, 3]}
    assert answer.difference <= 1e-5


def test_weights_that_are_not_finite_stay_since_zero_times_infinity_is_no_number(write, prune):
    nodes, constants = first()
    nodes.append(node("Gemm", ["h", "w2"], ["y"], "fc2"))
    constants["w2"][4, 1] = np.inf
    answer = prune(write(nodes, constants, shape=FEATURES), rng.standard_normal((40, 5)).astype(np.float32))
    assert answer.removed == {"act": (1,)}
    assert answer.reasons == ["the weights of 'fc2' that take it are not finite"]


def test_a_model_that_onnx_checker_refuses_is_not_pruned(write, prune):
    nodes, constants = first()
    nodes.append(node("Gemm", ["h", "w2"], ["y"], "fc2"))
    path = write(nodes, constants, shape=FEATURES)
    proto = onnx.load(path)
    proto.graph.output[0].ClearField("type")
    onnx.save(proto, path)
    with pytest.raises(DataError, match=r"does not pass onnx\.checker"):
        prune(path, rng.standard_normal((40, 5)).astype(np.float32))


@pytest.mark.parametrize(
    ("behind", "word"), [((), "differs"), (("Cast",), "more than rounding|another answer")]
)
def test_a_near_tie_that_rounding_decides_otherwise_is_another_answer(write, prune, behind, word):
    nodes, constants = first(64)
    nodes[1] = node("Sigmoid", ["z"], ["h"], "act")
    constants["b1"][::3] = 60.0  # constants go into the bias, where they are rounded in another way
    nodes.append(node("Gemm", ["h", "w2"], ["s"], "fc2"))
    x = rng.standard_normal((300, 5)).astype(np.float32)
    path = write(nodes, constants, shape=FEATURES, outputs=("s",))
    data = prune(path, x).data
    old, new = (outputs(model, x)[0] for model in (path, data))
    tie = np.argwhere(new < old)[0]
    nodes.append(node("GreaterOrEqual", ["s", "t"], ["truth"], "tie"))
    nodes += [node(op, ["truth"], ["number"], to=TensorProto.FLOAT) for op in behind]
    constants["t"] = old[tuple(tie)]
    path = write(nodes, constants, shape=FEATURES, outputs=("number" if behind else "truth",))
    with pytest.raises(DataError, match=word):
        prune(path, x)


@pytest.mark.parametrize(
    ("spoil", "word"),
    [("weights", "bound of rounding"), ("behind", "with the same units in another order")],
)
def test_a_smaller_model_with_other_answers_is_refused(write, prune, monkeypatch, spoil, word):
    from actcli.sources.onnx.pruning import prune as module

    real = module.smaller_model
    made = []

    def spoilt(*arguments):
        proto = real(*arguments)
        made.append(proto)
        if len(made) > 1:  # the second is the one in another order
            return proto
        name = "w2" if spoil == "weights" else "w3"
        tensor = next(t for t in proto.graph.initializer if t.name == name)
        array = numpy_helper.to_array(tensor) * np.float32(1.001)
        tensor.CopyFrom(numpy_helper.from_array(array, name))
        return proto

    monkeypatch.setattr(module, "smaller_model", spoilt)
    nodes, constants = first()
    nodes += [node("Gemm", ["h", "w2"], ["u"], "fc2"), node("Gemm", ["u", "w3"], ["y"], "fc3")]
    path = write(nodes, {**constants, "w3": numbers(3, 2)}, shape=FEATURES)
    with pytest.raises(DataError, match=word):
        prune(path, rng.standard_normal((40, 5)).astype(np.float32))
