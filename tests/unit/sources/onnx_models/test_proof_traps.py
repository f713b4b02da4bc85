"""Models whose numbers are not those of the obvious formula: nothing that is proved about them is wrong."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from onnx import helper  # noqa: E402
from proved_values import F, proof_of, require_values_inside  # noqa: E402

node = helper.make_node
RELU = node("Relu", ["z"], ["y"])


def integers(*values):
    return np.array(values, np.int64)


@pytest.mark.parametrize(
    ("first", "constants", "low", "high"),
    [
        # x · w overflows before alpha makes it small
        (
            [node("Gemm", ["x", "w"], ["z"], alpha=1e-30)],
            {"w": np.array([[3e38], [3e38], [-3e38]], F)},
            1,
            1.5,
        ),
        # or before the factor, which onnxruntime takes out of the product
        (
            [node("Mul", ["x", "c"], ["m"]), node("MatMul", ["m", "w"], ["z"])],
            {"c": np.array(1e-30, F), "w": np.array([[1e25], [1e25], [-1e25]], F)},
            1e15,
            2e15,
        ),
        (
            [node("Div", ["x", "c"], ["m"]), node("MatMul", ["m", "w"], ["z"])],
            {"c": np.array(1e38, F), "w": np.full((3, 1), 1e20, F)},
            1e19,
            2e19,
        ),
    ],
)
def test_where_a_product_overflows_on_the_way_nothing_is_proved(write, first, constants, low, high):
    _, proof = proof_of(write([*first, RELU], constants), low, high)
    assert not proof.layers[0].decided.any()


def test_what_underflows_before_a_large_factor_is_allowed_for(write):
    constants = {"w": np.full((3, 1), 1e-20, F), "b": np.array([-5e-13], F)}
    nodes = [node("Gemm", ["x", "w", "b"], ["z"], alpha=1e38), RELU]
    assert not require_values_inside(write(nodes, constants), 1e-30, 2e-30).layers[0].decided.any()
    nodes = [node("Gemm", ["x", "w", "b"], ["z"], beta=1e-10), RELU]
    constants = {"w": np.zeros((3, 1), F), "b": np.array([1e-40], F)}
    assert not require_values_inside(write(nodes, constants), 0, 1).layers[0].proved_active.any()


@pytest.mark.parametrize(
    ("nodes", "constants"),
    [
        # unit by unit if there is one sample, and across samples if there are more
        (
            [node("Reshape", ["x", "s"], ["r"]), node("Conv", ["r", "w"], ["z"])],
            {"s": integers(1, 3, -1), "w": np.eye(3, dtype=F)[:, :, None]},
        ),
        (
            [
                node("Shape", ["x"], ["lengths"]),
                node("Gather", ["lengths", "zero"], ["n"]),
                node("Concat", ["s", "n"], ["wanted"], axis=0),
                node("Reshape", ["x", "wanted"], ["r"]),
                node("Conv", ["r", "w"], ["z"]),
            ],
            {"zero": integers(0), "s": integers(-1, 3), "w": np.eye(3, dtype=F)[:, :, None]},
        ),
        # every sample less the first one
        (
            [
                node("Slice", ["x", "zero", "one", "zero"], ["s"]),
                node("MatMul", ["x", "w"], ["p"]),
                node("MatMul", ["s", "w"], ["q"]),
                node("Sub", ["p", "q"], ["z"]),
            ],
            {"zero": integers(0), "one": integers(1), "w": np.eye(3, dtype=F)},
        ),
    ],
)
def test_what_depends_on_the_number_of_samples_ends_the_proof(write, nodes, constants):
    _, proof = proof_of(write([*nodes, RELU], constants))
    assert "axis of the samples" in proof.layers[0].reason


@pytest.mark.parametrize("near", [0.1665, 0.16675])
def test_a_composition_with_other_constants_is_not_the_function_that_it_resembles(write, near):
    nodes = [
        node("HardSigmoid", ["x"], ["g"], alpha=near, beta=0.5),
        node("Mul", ["x", "g"], ["h"], "act"),
        node("MatMul", ["h", "w"], ["z"]),
        RELU,
    ]
    path = write(nodes, {"w": np.eye(3, dtype=F)})
    model, proof = proof_of(path, -3.002, -3.001)
    assert model.layers[0].op == "HardSwish"
    assert proof.layers[0].reason == "its constants are near to those of hard_swish, and not the same"
    assert proof.layers[1].lower.min() < -3e-4 or near > 1 / 6


def test_a_bound_that_is_nearly_that_of_relu6_proves_nothing(write):
    nodes = [node("Relu", ["x"], ["r"]), node("Min", ["r", "six"], ["y"])]
    _, proof = proof_of(write(nodes, {"six": np.array(6.01, F)}), 6.001, 6.009)
    assert not any(layer.proved_dead.any() for layer in proof.layers)


def test_a_slice_that_starts_before_its_axis_and_goes_back(write):
    nodes = [
        node("Slice", ["x", "start", "end", "axis", "step"], ["s"]),
        node("ReduceMean", ["s"], ["m"], axes=[1]),
        node("MatMul", ["m", "w"], ["z"]),
        RELU,
    ]
    constants = {"start": integers(-5), "end": integers(-9), "axis": integers(1), "step": integers(-1)}
    _, proof = proof_of(write(nodes, {**constants, "w": np.ones((1, 1), F)}), 0, 1)
    assert proof.layers[0].upper[0] == pytest.approx(1, rel=1e-5)


def test_an_old_opset_whose_sums_broadcast_by_another_rule(write):
    nodes = [node("Add", ["x", "b"], ["z"], axis=0, broadcast=1), RELU]
    _, proof = proof_of(write(nodes, {"b": np.array([-5, 5, 0], F)}, shape=("N", 3), opset=6))
    assert "opset 6, before 7" in proof.layers[0].reason
