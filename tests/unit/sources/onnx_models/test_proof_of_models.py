"""Models read for a proof: what onnxruntime computes lies in the bounds, operator by operator; unknown ones end it."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from onnx import TensorProto, helper  # noqa: E402
from proved_values import proof_of, require_values_inside  # noqa: E402

from actcli.analysis.proof.prove import prove  # noqa: E402
from actcli.exits import DataError, UsageError  # noqa: E402
from actcli.sources.onnx import open_model  # noqa: E402
from actcli.sources.onnx.proof.boxes import interval_boxes  # noqa: E402
from actcli.sources.onnx.proof.read import read_network  # noqa: E402

F = np.float32
node = helper.make_node


def numbers(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(F)


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"strides": [2, 1], "pads": [1, 2, 0, 1]},
        {"dilations": [2, 1], "pads": [2, 1, 2, 1]},
        {"group": 2},
        {"group": 4},
        {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
        {"auto_pad": "SAME_LOWER"},
    ],
)
def test_convolutions(write, attributes):
    constants = {"w": numbers(4, 4 // attributes.get("group", 1), 3, 3), "b": numbers(4)}
    nodes = [node("Conv", ["x", "w", "b"], ["z"], **attributes), node("Relu", ["z"], ["y"])]
    require_values_inside(write(nodes, constants, shape=("N", 4, 7, 6)))


def test_a_convolution_of_one_and_of_three_dimensions(write):
    nodes = [node("Conv", ["x", "w"], ["z"], pads=[1, 1]), node("Relu", ["z"], ["y"])]
    require_values_inside(write(nodes, {"w": numbers(3, 2, 3)}, shape=("N", 2, 9)))
    nodes = [node("Conv", ["x", "w"], ["z"]), node("Relu", ["z"], ["y"])]
    require_values_inside(write(nodes, {"w": numbers(3, 2, 2, 2, 2)}, shape=("N", 2, 3, 4, 3)))


@pytest.mark.parametrize("alpha", [1.0, 0.3])
@pytest.mark.parametrize("transposed", [0, 1])
def test_dense_layers(write, alpha, transposed):
    weights = numbers(5, 3) if transposed else numbers(3, 5)
    nodes = [
        node("Gemm", ["x", "w", "b"], ["z"], alpha=alpha, beta=alpha, transB=transposed),
        node("Sigmoid", ["z"], ["h"]),
        node("MatMul", ["h", "v"], ["m"]),
        node("Add", ["m", "c"], ["a"]),
        node("Tanh", ["a"], ["y"]),
    ]
    require_values_inside(write(nodes, {"w": weights, "b": numbers(5), "v": numbers(5, 4), "c": numbers(4)}))


def test_batch_normalisation_is_folded_or_not(write):
    norm = {"g": numbers(4), "s": numbers(4), "m": numbers(4), "v": np.abs(numbers(4))}
    nodes = [
        node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]),
        node("BatchNormalization", ["c", *norm], ["z"]),
        node("Relu", ["z"], ["h"]),
        node("BatchNormalization", ["h", *norm], ["n"]),
        node("Relu", ["n"], ["y"]),
    ]
    require_values_inside(write(nodes, {"w": numbers(4, 2, 3, 3), **norm}, shape=("N", 2, 5, 5)))


@pytest.mark.parametrize(
    ("op", "attributes"),
    [
        ("MaxPool", {"kernel_shape": [2, 3], "strides": [2, 1], "pads": [1, 0, 0, 1]}),
        ("AveragePool", {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}),
        ("AveragePool", {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1}),
        ("GlobalAveragePool", {}),
        ("GlobalMaxPool", {}),
    ],
)
def test_pooling(write, op, attributes):
    nodes = [
        node("Conv", ["x", "w"], ["c"]),
        node("Relu", ["c"], ["h"]),
        node(op, ["h"], ["p"], **attributes),
        node("Conv", ["p", "v"], ["z"]),
        node("Relu", ["z"], ["y"]),
    ]
    require_values_inside(
        write(nodes, {"w": numbers(4, 2, 3, 3), "v": numbers(3, 4, 1, 1)}, shape=("N", 2, 7, 7))
    )


def test_flatten_pad_transpose_concat_and_sums(write):
    nodes = [
        node("Conv", ["x", "w"], ["c"]),
        node("Relu", ["c"], ["h"]),
        node("Pad", ["h", "pads", "half"], ["p"]),
        node("Conv", ["p", "v"], ["r"]),
        node("Add", ["r", "c"], ["s"]),
        node("Relu", ["s"], ["t"]),
        node("Concat", ["t", "h"], ["k"], axis=1),
        node("Mul", ["k", "scale"], ["q"]),
        node("Sub", ["one", "q"], ["o"]),
        node("Transpose", ["o"], ["n"], perm=[0, 2, 3, 1]),
        node("Flatten", ["n"], ["f"]),
        node("Gemm", ["f", "u"], ["z"]),
        node("Relu", ["z"], ["y"]),
    ]
    constants = {
        "w": numbers(3, 2, 2, 2),
        "v": numbers(3, 3, 3, 3),
        "pads": np.array([0, 0, 1, 1, 0, 0, 1, 1]),
        "half": np.array(0.5, F),
        "scale": numbers(6, 1, 1),
        "one": np.array(1, F),
        "u": numbers(6 * 4 * 4, 5),
    }
    require_values_inside(write(nodes, constants, shape=("N", 2, 5, 5)))


def test_parts_of_a_tensor_and_reflections(write):
    nodes = [
        node("Conv", ["x", "w"], ["c"]),
        node("Slice", ["c", "from", "to", "axes"], ["s"]),
        node("Split", ["s", "parts"], ["p", "q"], axis=1),
        node("Pad", ["p", "pads"], ["r"], mode="reflect"),
        node("Gather", ["q", "places"], ["g"], axis=2),
        node("GlobalMaxPool", ["r"], ["t"]),
        node("Sub", ["g", "t"], ["d"]),
        node("Unsqueeze", ["d", "two"], ["u"]),
        node("Squeeze", ["u", "two"], ["e"]),
        node("Conv", ["e", "v"], ["z"]),
        node("Relu", ["z"], ["y"]),
    ]
    constants = {
        "w": numbers(4, 2, 2, 2),
        "from": np.array([0, 0, -1]),
        "to": np.array([2**31 - 1, 2**31 - 1, -5]),
        "axes": np.array([0, 1, 3]),
        "parts": np.array([2, 2]),
        "pads": np.array([0, 0, 1, 2, 0, 0, 2, 1]),
        "places": np.array([3, 0, 0, 1]),
        "two": np.array([2]),
        "v": numbers(3, 2, 2, 2),
    }
    constants["steps"] = np.array([1, 1, -1])
    nodes[1] = node("Slice", ["c", "from", "to", "axes", "steps"], ["s"])
    require_values_inside(write(nodes, constants, shape=("N", 2, 5, 6)))


def test_a_gate_by_channel_and_a_computed_shape(write):
    nodes = [
        node("Conv", ["x", "w"], ["c"]),
        node("GlobalAveragePool", ["c"], ["g"]),
        node("HardSigmoid", ["g"], ["s"], alpha=0.2, beta=0.5),
        node("Mul", ["c", "s"], ["m"]),
        node("Shape", ["m"], ["lengths"]),
        node("Slice", ["lengths", "zero", "one"], ["first"]),
        node("Concat", ["first", "minus"], ["wanted"], axis=0),
        node("Reshape", ["m", "wanted"], ["f"]),
        node("MatMul", ["f", "u"], ["z"]),
        node("Relu", ["z"], ["y"]),
    ]
    constants = {
        "w": numbers(3, 2, 2, 2),
        "zero": np.array([0]),
        "one": np.array([1]),
        "minus": np.array([-1]),
        "u": numbers(3 * 16, 5),
    }
    require_values_inside(write(nodes, constants, shape=("N", 2, 5, 5)))


@pytest.mark.parametrize(
    ("op", "attributes"),
    [
        ("Relu", {}),
        ("LeakyRelu", {"alpha": 0.1}),
        ("Elu", {"alpha": 1.5}),
        ("Selu", {}),
        ("Celu", {"alpha": 0.7}),
        ("Sigmoid", {}),
        ("Tanh", {}),
        ("Softplus", {}),
        ("Softsign", {}),
        ("HardSigmoid", {"alpha": 0.3, "beta": 0.4}),
        ("HardSwish", {}),
        ("ThresholdedRelu", {"alpha": 0.6}),
        ("Mish", {}),
        ("Gelu", {}),
        ("Gelu", {"approximate": "tanh"}),
    ],
)
def test_activations(write, op, attributes):
    nodes = [
        node("Gemm", ["x", "w", "b"], ["a"]),
        node(op, ["a"], ["h"], **attributes),
        node("Gemm", ["h", "v"], ["z"]),
        node("Relu", ["z"], ["y"]),
    ]
    constants = {"w": 4 * numbers(3, 5), "b": numbers(5), "v": numbers(5, 6)}
    require_values_inside(write(nodes, constants, opset=20), samples=120)


def test_a_composition_is_bounded_as_the_function_that_it_is(write):
    def silu(factor):
        return [
            node("Gemm", ["x", "w"], ["a"]),
            node("Sigmoid", ["a"], ["g"]),
            node("Mul", ["a", "g"], ["h"]),
            node("Mul", ["h", factor], ["k"]),
            node("Gemm", ["k", "v"], ["z"]),
            node("Relu", ["z"], ["y"]),
        ]

    constants = {"w": 5 * numbers(3, 4), "v": np.eye(4, dtype=F), "one": np.array(1, F)}
    proof = require_values_inside(write(silu("one"), constants))
    # intervals of x and sigmoid(x) alone would allow -6
    assert proof.layers[-1].lower.min() > -0.3


def test_an_unknown_operator_ends_the_proof_with_its_name(write):
    nodes = [
        node("Gemm", ["x", "w"], ["a"]),
        node("Relu", ["a"], ["h"]),
        node("CumSum", ["h", "axis"], ["c"], name="running"),
        node("Gemm", ["c", "v"], ["z"]),
        node("Relu", ["z"], ["y"]),
    ]
    constants = {"w": -np.eye(3, dtype=F), "axis": np.array(1), "v": -np.eye(3, dtype=F)}
    _, proof = proof_of(write(nodes, constants), 1.0, 2.0)
    first, second = proof.layers
    assert first.proved_dead.all()
    assert second.reason == "CumSum 'running': the operator is not supported"
    assert not second.decided.any()
    assert np.isnan(second.lower).all()


@pytest.mark.parametrize(
    ("nodes", "word"),
    [
        ([node("Transpose", ["x"], ["t"], perm=[1, 0])], "axis of the samples"),
        ([node("Concat", ["x", "x"], ["t"], axis=0)], "axis of the samples"),
        ([node("Dropout", ["x", "", "training"], ["t"])], "training mode"),
        (
            [
                node("Shape", ["x"], ["n"]),
                node("Gather", ["n", "zero"], ["i"]),
                node("Cast", ["i"], ["f"], to=1),
                node("Div", ["x", "f"], ["t"]),
            ],
            "lengths of a tensor",
        ),
        ([node("Cast", ["x"], ["d"], to=TensorProto.DOUBLE), node("Cast", ["d"], ["t"], to=1)], "float32"),
    ],
)
def test_what_mixes_samples_or_changes_the_numbers_ends_the_proof(write, nodes, word):
    nodes = [*nodes, node("Gemm", ["t", "w"], ["z"]), node("Relu", ["z"], ["y"])]
    constants = {"w": numbers(3, 3), "training": np.array(True), "zero": np.array(0)}
    _, proof = proof_of(write(nodes, constants, shape=("N", 3)))
    assert word in proof.layers[0].reason


@pytest.mark.parametrize(
    ("nodes", "word"),
    [
        ([node("Conv", ["x", "w"], ["z"], pads=[2**40] * 4)], "too many to bound"),
        ([node("Conv", ["x", "w"], ["z"], pads=[1])], "pads do not fit"),
        ([node("Conv", ["x", "w"], ["z"], strides=[0, 1])], "attributes do not fit"),
        ([node("MaxPool", ["x"], ["p"], kernel_shape=[2**31, 2]), node("Conv", ["p", "w"], ["z"])], "window"),
        (
            [node("Pad", ["x", "pads"], ["p"], mode="reflect"), node("Conv", ["p", "w"], ["z"])],
            "too many to bound",
        ),
        ([node("Gather", ["x", "far"], ["p"], axis=2), node("Conv", ["p", "w"], ["z"])], "do not fit"),
        ([node("Reshape", ["x", "wild"], ["p"]), node("Conv", ["p", "w"], ["z"])], "do not fit"),
    ],
)
def test_hostile_attributes_end_the_proof(write, nodes, word):
    constants = {
        "w": numbers(3, 2, 1, 1),
        "pads": np.array([0, 0, 2**40, 0, 0, 0, 2**40, 0]),
        "far": np.array([7, -9]),
        "wild": np.array([0, 2**62, 2**62, 4]),
    }
    path = write([*nodes, node("Relu", ["z"], ["y"])], constants, shape=("N", 2, 5, 5))
    try:
        model = open_model(path)
    except DataError:
        return  # onnx refuses it before anything is read
    boxes = interval_boxes(model.inputs, 0.0, 1.0)
    (target,) = read_network(model, {name: box.shape for name, box in boxes.items()}).targets
    assert word in target.reason or "axis" in target.reason


def test_a_box_that_is_larger_than_the_memory_is_refused(write):
    nodes = [node("Flatten", ["x"], ["f"]), node("Gemm", ["f", "w"], ["z"]), node("Relu", ["z"], ["y"])]
    model = open_model(write(nodes, {"w": numbers(3, 3)}, shape=("N", 10**5, 10**5)))
    with pytest.raises(DataError, match="the box of input 'x' needs about 400 GB"):
        interval_boxes(model.inputs, 0.0, 1.0)


def test_free_lengths_need_data(write):
    nodes = [node("Conv", ["x", "w"], ["z"]), node("Relu", ["z"], ["y"])]
    with pytest.raises(UsageError, match=r"x\.lower"):
        proof_of(write(nodes, {"w": numbers(2, 3, 1, 1)}, shape=("N", 3, "H", "W")))


def test_a_batch_that_the_model_fixes_is_bounded_as_a_whole(write):
    nodes = [node("Gemm", ["x", "w"], ["z"]), node("Relu", ["z"], ["y"])]
    model = open_model(write(nodes, {"w": np.eye(3, dtype=F)}, shape=(4, 3)))
    boxes = interval_boxes(model.inputs, -2.0, -1.0)
    network = read_network(model, {name: box.shape for name, box in boxes.items()})
    assert prove(network.steps, boxes, network.targets).layers[0].proved_dead.all()


def test_linear_bounds_reach_every_layer_also_the_last(write):
    """On so small a box a network without a kink is a straight line, of which intervals see little in deep layers."""
    nodes, constants = [], {}
    for i in range(5):
        constants[f"w{i}"] = numbers(20, 20, seed=i) * F(0.3)
        nodes += [node("MatMul", [f"a{i}", f"w{i}"], [f"z{i}"]), node("Relu", [f"z{i}"], [f"a{i + 1}"])]
    nodes[0].input[0] = "x"
    path = write(nodes, constants, shape=("N", 20), outputs=("a5",))
    proof = require_values_inside(path, 0.5, 0.501)
    assert all((layer.upper - layer.lower)[~layer.decided].max(initial=0) < 0.01 for layer in proof.layers)
    assert proof.layers[-1].decided.mean() > 0.9
