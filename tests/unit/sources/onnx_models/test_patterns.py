"""Every operator and every composition is found once, with the right function and parameters."""

import math

import numpy as np
import pytest

pytest.importorskip("onnx")
from onnx import helper

from actcli.activations import activation
from actcli.sources.onnx import open_model

node = helper.make_node


def single(op, **attributes):
    domain = attributes.pop("domain", "")
    return [node(op, ["z"], ["y"], domain=domain, **attributes)], {}


OPERATORS = [
    (single("Relu"), "relu", 7),
    (single("LeakyRelu"), "leaky_relu", 7),
    (single("LeakyRelu", alpha=0.2), "leaky_relu:alpha=0.2", 17),
    (([node("PRelu", ["z", "s"], ["y"])], {"s": np.float32([0.3])}), "prelu:alpha=0.3", 17),
    (single("Elu"), "elu", 17),
    (single("Elu", alpha=0.5), "elu:alpha=0.5", 17),
    (single("Selu"), "selu", 17),
    (single("Celu", alpha=2.0), "celu:alpha=2.0", 17),
    (single("Gelu"), "gelu", 20),
    (single("Gelu", approximate="tanh"), "gelu_tanh", 20),
    (single("Gelu", domain="com.microsoft"), "gelu", 17),
    (single("QuickGelu", domain="com.microsoft"), "silu:beta=1.702", 17),
    (single("Sigmoid"), "sigmoid", 17),
    (single("Tanh"), "tanh", 17),
    (single("HardSigmoid"), "onnx.hard_sigmoid", 17),
    (single("HardSigmoid", alpha=0.25), "onnx.hard_sigmoid:alpha=0.25", 17),
    (single("HardSwish"), "hard_swish", 17),
    (single("Softplus"), "softplus", 17),
    (single("Softsign"), "softsign", 17),
    (single("ThresholdedRelu", alpha=0.7), "thresholded_relu:theta=0.7", 17),
    (single("Mish"), "mish", 18),
    (single("Shrink", lambd=0.7), "hard_shrink:lambd=0.7", 17),
    (single("Shrink", lambd=0.7, bias=0.7), "soft_shrink:lambd=0.7", 17),
    (([node("Clip", ["z"], ["y"], min=0.0, max=6.0)], {}), "relu6", 7),
    # far below 0 onnxruntime's sigmoid has few digits, so that it is not among those that are run
    (([node("Sigmoid", ["z"], ["s"]), node("Log", ["s"], ["y"])], {}), "log_sigmoid", 17),
    (([node("Clip", ["z", "lo", "hi"], ["y"])], {"lo": np.float32(0), "hi": np.float32(6)}), "relu6", 17),
    (([node("Clip", ["z", "lo"], ["y"])], {"lo": np.float32(0)}), "relu", 17),
]

C = {
    "three": np.float32(3),
    "zero": np.float32(0),
    "six": np.float32(6),
    "sixth": np.float32(1 / 6),
    "one": np.float32(1),
    "two": np.float32(2),
    "cube": np.float32(3),
    "half": np.float32(0.5),
    "root2": np.float32(math.sqrt(2)),
    "beta": np.float32(1.5),
    "c": np.float32(0.044715),
    "k": np.float32(math.sqrt(2 / math.pi)),
    "slope": np.float32(0.1),
}
CLIPPED = [node("Add", ["z", "three"], ["a"]), node("Clip", ["a", "zero", "six"], ["b"])]
ERF = [node("Div", ["z", "root2"], ["a"]), node("Erf", ["a"], ["b"]), node("Add", ["one", "b"], ["e"])]
TANH = [
    node("Pow", ["z", "cube"], ["a"]),
    node("Mul", ["c", "a"], ["b"]),
    node("Add", ["z", "b"], ["d"]),
    node("Mul", ["d", "k"], ["f"]),
    node("Tanh", ["f"], ["g"]),
    node("Add", ["g", "one"], ["e"]),
]
COMPOSITIONS = [
    ([*CLIPPED, node("Mul", ["z", "b"], ["m"]), node("Div", ["m", "six"], ["y"])], "hard_swish"),
    ([*CLIPPED, node("Mul", ["b", "z"], ["m"]), node("Mul", ["m", "sixth"], ["y"])], "hard_swish"),
    ([*CLIPPED, node("Div", ["b", "six"], ["m"]), node("Mul", ["z", "m"], ["y"])], "hard_swish"),
    ([*CLIPPED, node("Div", ["b", "six"], ["y"])], "hard_sigmoid"),
    (
        [node("HardSigmoid", ["z"], ["s"], alpha=0.16666667, beta=0.5), node("Mul", ["s", "z"], ["y"])],
        "hard_swish",
    ),
    ([node("Sigmoid", ["z"], ["s"]), node("Mul", ["z", "s"], ["y"])], "silu"),
    (
        [node("Mul", ["beta", "z"], ["b"]), node("Sigmoid", ["b"], ["s"]), node("Mul", ["s", "z"], ["y"])],
        "silu:beta=1.5",
    ),
    (
        [
            node("Neg", ["z"], ["n"]),
            node("Exp", ["n"], ["e"]),
            node("Add", ["e", "one"], ["d"]),
            node("Div", ["z", "d"], ["y"]),
        ],
        "silu",
    ),
    ([*ERF, node("Mul", ["z", "e"], ["m"]), node("Mul", ["m", "half"], ["y"])], "gelu"),
    ([*ERF, node("Mul", ["z", "half"], ["m"]), node("Mul", ["m", "e"], ["y"])], "gelu"),
    ([*ERF, node("Mul", ["e", "half"], ["m"]), node("Mul", ["m", "z"], ["y"])], "gelu"),
    ([*TANH, node("Mul", ["z", "half"], ["m"]), node("Mul", ["m", "e"], ["y"])], "gelu_tanh"),
    ([*TANH, node("Mul", ["z", "e"], ["m"]), node("Mul", ["half", "m"], ["y"])], "gelu_tanh"),
    ([node("Softplus", ["z"], ["s"]), node("Tanh", ["s"], ["t"]), node("Mul", ["z", "t"], ["y"])], "mish"),
    (
        [
            node("Exp", ["z"], ["e"]),
            node("Add", ["e", "one"], ["a"]),
            node("Log", ["a"], ["s"]),
            node("Tanh", ["s"], ["t"]),
            node("Mul", ["t", "z"], ["y"]),
        ],
        "mish",
    ),
    ([node("Max", ["z", "zero"], ["y"])], "relu"),
    ([node("Relu", ["z"], ["r"]), node("Min", ["r", "six"], ["y"])], "relu6"),
    ([node("Mul", ["z", "slope"], ["m"]), node("Max", ["m", "z"], ["y"])], "leaky_relu:alpha=0.1"),
    ([node("Relu", ["z"], ["r"]), node("Mul", ["r", "r"], ["y"])], "relu_squared"),
    ([node("Neg", ["z"], ["n"]), node("Softplus", ["n"], ["s"]), node("Neg", ["s"], ["y"])], "log_sigmoid"),
    ([node("Tanh", ["z"], ["t"]), node("Sub", ["z", "t"], ["y"])], "tanhshrink"),
    ([node("Greater", ["z", "zero"], ["g"]), node("Where", ["g", "z", "zero"], ["y"])], "relu"),
    ([node("LessOrEqual", ["z", "zero"], ["g"]), node("Where", ["g", "zero", "z"], ["y"])], "relu"),
    (
        [
            node("Greater", ["z", "half"], ["g"]),
            node("Cast", ["g"], ["w"], to=1),
            node("Mul", ["z", "w"], ["y"]),
        ],
        "thresholded_relu:theta=0.5",
    ),
    (
        [
            node("Less", ["half", "z"], ["g"]),
            node("Cast", ["g"], ["w"], to=1),
            node("Mul", ["w", "z"], ["y"]),
        ],
        "thresholded_relu:theta=0.5",
    ),
    (
        [node("Greater", ["z", "half"], ["g"]), node("Where", ["g", "z", "zero"], ["y"])],
        "thresholded_relu:theta=0.5",
    ),
    (
        [
            node("LessOrEqual", ["z", "half"], ["g"]),
            node("Not", ["g"], ["n"]),
            node("Where", ["n", "z", "one"], ["y"]),
        ],
        "thresholded_relu:theta=0.5,value=1.0",
    ),
    (
        [
            node("Greater", ["z", "zero"], ["g"]),
            node("Mul", ["z", "slope"], ["m"]),
            node("Where", ["g", "z", "m"], ["y"]),
        ],
        "leaky_relu:alpha=0.1",
    ),
]
BEHIND = [
    (
        "cast",
        [node("Cast", ["z"], ["w"], to=11), node("Sigmoid", ["w"], ["s"]), node("Cast", ["s"], ["t"], to=1)],
    ),
    ("identity", [node("Identity", ["z"], ["w"]), node("Sigmoid", ["w"], ["t"])]),
    (
        "transpose",
        [
            node("Transpose", ["z"], ["w"], perm=[1, 0]),
            node("Sigmoid", ["w"], ["s"]),
            node("Transpose", ["s"], ["t"], perm=[1, 0]),
        ],
    ),
    (
        "squeeze",
        [
            node("Unsqueeze", ["z", "ax"], ["w"]),
            node("Sigmoid", ["w"], ["s"]),
            node("Squeeze", ["s", "ax"], ["t"]),
        ],
    ),
]


def dense(nodes, constants):
    rng = np.random.default_rng(1)
    weights = {"W0": rng.normal(size=(3, 5)).astype(np.float32), "V0": rng.normal(size=5).astype(np.float32)}
    return [node("Gemm", ["x", "W0", "V0"], ["z"]), *nodes], {**weights, **constants}


@pytest.mark.parametrize(("built", "spec", "opset"), OPERATORS, ids=lambda v: v if isinstance(v, str) else "")
def test_an_operator_is_found_with_its_parameters(write, built, spec, opset):
    model = open_model(write(*dense(*built), opset=opset))
    assert [(layer.function, layer.units) for layer in model.layers] == [(spec, 5)]
    assert activation(model.layers[0].function)(0.0) is not None


@pytest.mark.parametrize(
    ("nodes", "spec"), COMPOSITIONS, ids=[f"{s}-{i}" for i, (_, s) in enumerate(COMPOSITIONS)]
)
def test_a_composition_is_one_activation(write, watched, nodes, spec):
    path = write(*dense(nodes, C))
    model = open_model(path)
    assert [(layer.function, layer.units) for layer in model.layers] == [(spec, 5)]
    x = np.random.default_rng(2).normal(size=(40, 3)).astype(np.float32) * 4
    import onnxruntime

    (y,) = onnxruntime.InferenceSession(path).run(["y"], {"x": x})
    (state,) = watched(path, x).values()
    # the function that was named is the one the graph computes
    np.testing.assert_allclose(state.value_maximum, y.max(axis=0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(state.value_minimum, y.min(axis=0), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("nodes", [nodes for _, nodes in BEHIND], ids=[what for what, _ in BEHIND])
def test_a_composition_is_found_behind(write, nodes):
    built = dense([*nodes, node("Mul", ["z", "t"], ["y"])], {"ax": np.int64([2])})
    assert [layer.function for layer in open_model(write(*built)).layers] == ["silu"]


def test_two_inputs_are_not_one_x(write):
    built = dense(
        [node("Relu", ["z"], ["r"]), node("Sigmoid", ["r"], ["s"]), node("Mul", ["z", "s"], ["y"])], {}
    )
    assert [layer.op for layer in open_model(write(*built)).layers] == ["Relu", "Sigmoid", "Sigmoid product"]


def test_a_transposed_gate_is_not_a_swish(write):
    built = dense(
        [
            node("Transpose", ["z"], ["t"], perm=[1, 0]),
            node("Sigmoid", ["t"], ["s"]),
            node("MatMul", ["z", "s"], ["q"]),
            node("Mul", ["t", "s"], ["p"]),
            node("MatMul", ["p", "q"], ["r"]),
            node("Transpose", ["s"], ["u"], perm=[0, 1]),
            node("Mul", ["z", "u"], ["y"]),
        ],
        {},
    )
    found = [layer.function for layer in open_model(write(*built)).layers]
    assert found == ["silu"]  # t * s, and not z * u


def test_prelu_with_slopes_that_disagree_is_reported(write):
    built = dense([node("PRelu", ["z", "s"], ["y"])], {"s": np.float32([0, 0.1, 0.1, 0.2, 0.1])})
    model = open_model(write(*built))
    assert not model.layers
    assert "different rules" in model.unobserved[0].reason


@pytest.mark.parametrize("op", ["LSTM", "GRU", "RNN"])
def test_the_gates_of_a_recurrent_layer_are_reported_as_not_observed(write, op):
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[op]
    weights = {"W": np.ones((1, gates * 2, 3), np.float32), "R": np.ones((1, gates * 2, 2), np.float32)}
    nodes = [node(op, ["x", "W", "R"], ["z"], hidden_size=2), node("Relu", ["z"], ["y"])]
    model = open_model(write(nodes, weights, shape=("T", "N", 3)))
    assert {one.op for one in model.unobserved} == {op, "Relu"}
    assert "inside the operator" in next(one.reason for one in model.unobserved if one.op == op)


def test_names_are_unique_and_keep_every_character(write):
    nodes, constants = dense([node("Relu", ["z"], ["a;b [x]"], name="r")], {})
    nodes += [node("Sigmoid", ["z"], ["y"], name="r")]
    assert [layer.name for layer in open_model(write(nodes, constants)).layers] == ["r", "y"]
    nodes[1] = node("Relu", ["z"], ["a;b [x]\t{é}"])
    assert open_model(write(nodes, constants)).layers[0].name == "a;b [x]\t{é}"
