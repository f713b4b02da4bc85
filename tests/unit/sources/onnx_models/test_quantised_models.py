"""Quantised models: ReLUs folded into ranges, operators on quantised numbers, and what is said where none is seen."""

import numpy as np
import pytest

pytest.importorskip("onnx")
from onnx import TensorProto, helper

from actcli.exits import DataError
from actcli.sources.onnx import open_model

quantization = pytest.importorskip("onnxruntime.quantization")
node = helper.make_node
RNG = np.random.default_rng(11)
X = RNG.normal(size=(60, 3, 6, 6)).astype(np.float32)
DEAD = [1, 4]


class Samples(quantization.CalibrationDataReader):
    """The samples by which a quantiser measures ranges."""

    def __init__(self, x=X):
        self.rest = iter([{"x": x[i : i + 10]} for i in range(0, len(x), 10)])

    def get_next(self):
        return next(self.rest, None)


def network(activation="Relu"):
    """A convolution and a dense layer, each with two dead units."""
    bias, other = np.full(8, 0.5, np.float32), np.full(6, 0.5, np.float32)
    bias[DEAD] = other[DEAD] = -200
    constants = {
        "W": RNG.normal(size=(8, 3, 3, 3)).astype(np.float32),
        "B": bias,
        "V": np.abs(RNG.normal(size=(8, 6))).astype(np.float32),
        "C": other,
        "U": np.float32([[1, -1]] * 6),
    }
    nodes = [
        node("Conv", ["x", "W", "B"], ["z"], name="conv"),
        node(activation, ["z"], ["h"], name="act1"),
        node("GlobalAveragePool", ["h"], ["p"], name="pool"),
        node("Flatten", ["p"], ["f"], name="flat"),
        node("Gemm", ["f", "V", "C"], ["q"], name="dense"),
        node(activation, ["q"], ["g"], name="act2"),
        node("Gemm", ["g", "U"], ["y"], name="last"),
    ]
    return nodes, constants


def silent(state):
    return np.flatnonzero(state.fired == 0).tolist()


@pytest.mark.parametrize("form", ["QDQ", "QOperator"])
@pytest.mark.parametrize("kind", ["QUInt8", "QInt8"])
def test_relus_folded_by_a_static_quantiser_are_read(write, watched, tmp_path, form, kind):
    nodes, constants = network()
    path = write(nodes, constants, shape=("N", 3, 6, 6))
    small = str(tmp_path / "small.onnx")
    quantization.quantize_static(
        path,
        small,
        Samples(),
        quant_format=quantization.QuantFormat[form],
        activation_type=quantization.QuantType[kind],
        weight_type=quantization.QuantType.QInt8,
    )
    model = open_model(small)
    assert [(layer.units, "Relu" in layer.op) for layer in model.layers] == [(8, True), (6, True)]
    assert not model.unobserved
    if form == "QDQ":
        first, second = model.layers
        assert first.weights.first
        assert second.weights.upstream == first.name
    for plain, state in zip(watched(path, X).values(), watched(small, X).values(), strict=True):
        assert silent(state) == silent(plain) == DEAD
        np.testing.assert_allclose(state.value_maximum, plain.value_maximum, rtol=0.2, atol=0.2)
        np.testing.assert_allclose(state.fired, plain.fired, atol=6)


def test_a_dynamic_quantisation_keeps_its_relus(write, watched, tmp_path):
    nodes, constants = network()
    path = write(nodes, constants, shape=("N", 3, 6, 6))
    small = str(tmp_path / "small.onnx")
    quantization.quantize_dynamic(path, small)
    assert not open_model(small).unobserved
    assert [silent(state) for state in watched(small, X).values()] == [DEAD, DEAD]


@pytest.mark.parametrize("form", ["QDQ", "QOperator"])
@pytest.mark.parametrize("activation", ["Sigmoid", "LeakyRelu"])
def test_activations_on_quantised_numbers_are_read(write, watched, tmp_path, form, activation):
    nodes, constants = network(activation)
    path = write(nodes, constants, shape=("N", 3, 6, 6))
    small = str(tmp_path / "small.onnx")
    quantization.quantize_static(path, small, Samples(), quant_format=quantization.QuantFormat[form])
    model = open_model(small)
    assert [layer.units for layer in model.layers] == [8, 6]
    assert not model.unobserved
    for plain, state in zip(watched(path, X).values(), watched(small, X).values(), strict=True):
        np.testing.assert_allclose(state.fired, plain.fired, atol=6)


def test_a_low_zero_point_behind_a_relu_or_an_input_is_only_a_range(write):
    constants = {"W": np.ones((3, 2), np.float32), "s": np.float32(0.1), "o": np.uint8(0)}
    nodes = [
        node("QuantizeLinear", ["x", "s", "o"], ["xq"]),
        node("DequantizeLinear", ["xq", "s", "o"], ["xd"]),
        node("Gemm", ["xd", "W"], ["z"]),
        node("Relu", ["z"], ["h"]),
        node("QuantizeLinear", ["h", "s", "o"], ["hq"]),
        node("DequantizeLinear", ["hq", "s", "o"], ["y"]),
    ]
    model = open_model(write(nodes, constants))
    assert [layer.op for layer in model.layers] == ["Relu"]
    assert not model.unobserved


def test_a_sum_of_a_layer_and_a_residual_is_folded_too(write, watched):
    constants = {"W": np.float32([[-9, 1], [-9, 1], [-9, 1]]), "s": np.float32(0.1), "o": np.int8(-128)}
    nodes = [
        node("Gemm", ["x", "W"], ["z"]),
        node("Add", ["z", "z"], ["sum"]),
        node("QuantizeLinear", ["sum", "s", "o"], ["q"]),
        node("DequantizeLinear", ["q", "s", "o"], ["y"]),
    ]
    path = write(nodes, constants)
    assert [layer.op for layer in open_model(path).layers] == ["Relu in QuantizeLinear"]
    (state,) = watched(path, np.ones((5, 3), np.float32)).values()
    assert state.fired.tolist() == [0, 5]


def test_a_model_without_activations_says_that_quantisation_may_be_why(write):
    constants = {"W": np.ones((3, 2), np.float32), "s": np.float32(0.1), "o": np.int8(3)}
    nodes = [
        node("Gemm", ["x", "W"], ["z"]),
        node("QuantizeLinear", ["z", "s", "o"], ["q"]),
        node("DequantizeLinear", ["q", "s", "o"], ["y"]),
    ]
    with pytest.raises(DataError, match="quantised"):
        open_model(write(nodes, constants))
    with pytest.raises(DataError) as caught:
        open_model(write(nodes[:1], {"W": constants["W"]}, outputs=("z",)))
    assert "quantised" not in str(caught.value)


def test_units_of_a_sequence_with_quantised_weights(write, watched):
    weights = RNG.integers(-100, 100, (4, 6)).astype(np.int8)
    weights[:, 2] = 0
    constants = {"W": weights, "s": np.float32(np.linspace(0.01, 0.06, 6)), "o": np.zeros(6, np.int8)}
    nodes = [
        node("DequantizeLinear", ["W", "s", "o"], ["w"], axis=1),
        node("MatMul", ["x", "w"], ["z"]),
        node("Relu", ["z"], ["y"]),
    ]
    path = write(nodes, constants, shape=("N", 7, 4))
    (layer,) = open_model(path).layers
    assert np.flatnonzero(layer.weights.zero).tolist() == [2]
    (state,) = watched(path, RNG.normal(size=(9, 7, 4)).astype(np.float32)).values()
    assert silent(state) == [2]


def test_a_float16_network_is_judged_as_its_float32_one(write, watched):
    constants = {"W": RNG.normal(size=(3, 5)).astype(np.float16)}
    constants["W"][:, 3] = 0
    nodes = [
        node("Cast", ["x"], ["half"], to=TensorProto.FLOAT16),
        node("MatMul", ["half", "W"], ["z"]),
        node("Relu", ["z"], ["y"]),
    ]
    (state,) = watched(write(nodes, constants), RNG.normal(size=(20, 3)).astype(np.float32)).values()
    assert silent(state) == [3]


@pytest.mark.parametrize("form", ["QDQ", "QOperator"])
def test_the_product_of_a_gated_layer_is_watched_when_it_is_quantised(write, watched, tmp_path, form):
    gate, up = RNG.normal(size=(3, 5)).astype(np.float32), RNG.normal(size=(3, 5)).astype(np.float32)
    up[:, 3] = 0
    nodes = [
        node("MatMul", ["x", "G"], ["g"], name="gate"),
        node("MatMul", ["x", "U"], ["u"], name="up"),
        node("Sigmoid", ["g"], ["s"], name="sigmoid"),
        node("Mul", ["s", "u"], ["p"], name="product"),
        node("MatMul", ["p", "D"], ["y"], name="down"),
    ]
    x = RNG.normal(size=(60, 3)).astype(np.float32)
    path = write(nodes, {"G": gate, "U": up, "D": np.float32([[1, -1]] * 5)})
    small = str(tmp_path / "small.onnx")
    quantization.quantize_static(path, small, Samples(x=x), quant_format=quantization.QuantFormat[form])
    model = open_model(small)
    assert not model.unobserved
    assert model.layers[-1].op.endswith("product")
    assert [silent(state) for state in watched(small, x).values()] == [[], [3]]


@pytest.mark.parametrize("form", ["QDQ", "QOperator"])
def test_a_hard_swish_whose_clip_is_folded_is_judged_as_a_whole(write, watched, tmp_path, form):
    weights = RNG.normal(size=(3, 5)).astype(np.float32)
    nodes = [
        node("Gemm", ["x", "W", "B"], ["z"], name="dense"),
        node("Add", ["z", "three"], ["a"], name="add"),
        node("Clip", ["a", "zero", "six"], ["c"], name="clip"),
        node("Mul", ["z", "c"], ["m"], name="mul"),
        node("Div", ["m", "six"], ["h"], name="div"),
        node("Gemm", ["h", "D"], ["y"], name="last"),
    ]
    constants = {
        "W": weights,
        "B": np.float32([0, 0, -40, 0, 0]),
        "three": np.float32(3),
        "zero": np.float32(0),
        "six": np.float32(6),
        "D": np.float32([[1, -1]] * 5),
    }
    x = RNG.normal(size=(60, 3)).astype(np.float32)
    path, small = write(nodes, constants), str(tmp_path / "small.onnx")
    quantization.quantize_static(path, small, Samples(x=x), quant_format=quantization.QuantFormat[form])
    assert not open_model(small).unobserved
    assert [silent(state) for state in watched(path, x).values()] == [[2]]
    assert [silent(state) for state in watched(small, x).values()] == [[2]]


@pytest.mark.parametrize("form", ["QDQ", "QOperator"])
def test_a_silu_written_as_two_operators_is_one_layer_when_it_is_quantised(write, watched, tmp_path, form):
    nodes = [
        node("Gemm", ["x", "W", "B"], ["z"], name="dense"),
        node("Sigmoid", ["z"], ["s"], name="sigmoid"),
        node("Mul", ["z", "s"], ["h"], name="silu"),
        node("Gemm", ["h", "D"], ["y"], name="last"),
    ]
    constants = {
        "W": RNG.normal(size=(3, 5)).astype(np.float32),
        "B": np.float32([0, 0, -40, 0, 0]),
        "D": np.float32([[1, -1]] * 5),
    }
    x = RNG.normal(size=(60, 3)).astype(np.float32)
    path, small = write(nodes, constants), str(tmp_path / "small.onnx")
    quantization.quantize_static(path, small, Samples(x=x), quant_format=quantization.QuantFormat[form])
    assert not open_model(small).unobserved
    assert [silent(state) for state in watched(small, x).values()] == [[2]]
