"""Units are judged after TopK, thresholds and gates, and what looks like an activation is never passed over."""

import numpy as np
import pytest

pytest.importorskip("onnx")
from onnx import helper

from actcli.sources.onnx import open_model

node = helper.make_node
RNG = np.random.default_rng(7)
X = RNG.normal(size=(50, 6)).astype(np.float32)
W = RNG.normal(size=(6, 40)).astype(np.float32)
W[:, 10:] *= 0.05  # alive in z, never among the largest
K = 4


def silent(state):
    return np.flatnonzero(state.fired == 0).tolist()


def chosen(h, k=K):
    """What TopK leaves of each row."""
    kept = np.zeros_like(h)
    places = np.argsort(-h, axis=1, kind="stable")[:, :k]
    np.put_along_axis(kept, places, np.take_along_axis(h, places, axis=1), axis=1)
    return kept


def autoencoder(*between):
    """A sparse autoencoder: z, what leads to TopK's values `v`, and back among zeros."""
    constants = {"W": W, "k": np.int64([K]), "D": RNG.normal(size=(40, 6)).astype(np.float32)}
    nodes = [
        node("Gemm", ["x", "W"], ["z"]),
        *between,
        node("Shape", ["z"], ["s"]),
        node("ConstantOfShape", ["s"], ["zeros"]),
        node("ScatterElements", ["zeros", "i", "v"], ["sparse"], axis=1, name="scatter"),
        node("MatMul", ["sparse", "D"], ["y"]),
    ]
    return nodes, constants


BEFORE = [node("Relu", ["z"], ["h"], name="relu"), node("TopK", ["h", "k"], ["v", "i"], axis=1)]
AFTER = [node("TopK", ["z", "k"], ["t", "i"], axis=1), node("Relu", ["t"], ["v"], name="relu")]
NONE = [node("TopK", ["z", "k"], ["v", "i"], axis=1)]


@pytest.mark.parametrize(
    ("between", "name"),
    [(BEFORE, "relu"), (AFTER, "relu"), (NONE, "scatter")],
    ids=["before", "after", "without"],
)
def test_a_sparse_autoencoder_is_judged_after_topk(write, watched, between, name):
    path = write(*autoencoder(*between), shape=("N", 6))
    (layer,) = open_model(path).layers
    assert (layer.name, layer.units) == (name, 40)
    assert "TopK" in layer.op
    (state,) = watched(path, X).values()
    z = X @ W
    kept = chosen(z if name == "scatter" else np.maximum(z, 0))
    np.testing.assert_array_equal(state.fired, (kept != 0).sum(axis=0))
    assert len(silent(state)) > 10 > len(np.flatnonzero((z <= 0).all(axis=0)))


def test_a_relu_that_is_used_beside_topk_is_judged_itself_too(write):
    nodes, constants = autoencoder(*BEFORE)
    nodes.append(node("ReduceMax", ["h"], ["norm"], axes=[1]))
    path = write(nodes, constants, shape=("N", 6), outputs=("y", "norm"))
    assert [layer.op for layer in open_model(path).layers] == ["Relu", "Relu, TopK"]


@pytest.mark.parametrize("op", ["Greater", "GreaterOrEqual"])
@pytest.mark.parametrize("source", ["z", "h"])
def test_jump_relu_with_a_threshold_per_unit(write, watched, op, source):
    theta = np.float32(np.linspace(0, 9, 40))
    nodes = [
        node("Gemm", ["x", "W"], ["z"]),
        *([node("Relu", ["z"], ["h"], name="relu")] if source == "h" else []),
        node(op, [source, "theta"], ["g"]),
        node("Cast", ["g"], ["c"], to=1),
        node("Mul", [source, "c"], ["y"]),
    ]
    path = write(nodes, {"W": W, "theta": theta}, shape=("N", 6))
    (layer,) = open_model(path).layers
    assert "threshold" in layer.op
    (state,) = watched(path, X).values()
    z = X @ W
    above = z > theta if op == "Greater" else z >= theta
    np.testing.assert_array_equal(state.fired, (above & (z > 0 if source == "h" else z != 0)).sum(axis=0))
    assert silent(state)


def test_a_threshold_by_where_with_a_bound_per_unit(write, watched):
    theta = np.float32(np.linspace(0, 9, 40))
    nodes = [
        node("Gemm", ["x", "W"], ["z"]),
        node("Greater", ["z", "theta"], ["g"]),
        node("Where", ["g", "z", "zero"], ["y"]),
    ]
    path = write(nodes, {"W": W, "theta": theta, "zero": np.float32(0)}, shape=("N", 6))
    (state,) = watched(path, X).values()
    np.testing.assert_array_equal(state.fired, (theta < X @ W).sum(axis=0))


def gated(up):
    """A gated layer of 3 positions: silu(x G) · (x U), as a SwiGLU writes it."""
    gate = RNG.normal(size=(6, 8)).astype(np.float32)
    nodes = [
        node("MatMul", ["x", "G"], ["g"]),
        node("MatMul", ["x", "U"], ["u"]),
        node("Sigmoid", ["g"], ["s"]),
        node("Mul", ["g", "s"], ["a"], name="silu"),
        node("Mul", ["a", "u"], ["p"], name="product"),
        node("MatMul", ["p", "D"], ["y"]),
    ]
    return nodes, {"G": gate, "U": up, "D": RNG.normal(size=(8, 6)).astype(np.float32)}


def test_the_product_of_a_gated_layer_is_watched(write, watched):
    up = RNG.normal(size=(6, 8)).astype(np.float32)
    up[:, [1, 5]] = 0
    path = write(*gated(up), shape=("N", 3, 6))
    states = watched(path, RNG.normal(size=(40, 3, 6)).astype(np.float32))
    assert list(states) == ["silu", "product"]
    assert silent(states["silu"]) == []
    assert silent(states["product"]) == [1, 5]
    assert open_model(path).layers[1].op == "Swish product"


def test_a_gated_layer_may_split_one_product(write, watched):
    both = RNG.normal(size=(6, 16)).astype(np.float32)
    both[:, [8 + 2, 8 + 7]] = 0
    nodes = [
        node("MatMul", ["x", "B"], ["both"]),
        node("Split", ["both"], ["g", "u"], axis=-1),
        node("Sigmoid", ["g"], ["s"]),
        node("Mul", ["s", "u"], ["y"], name="product"),
    ]
    path = write(nodes, {"B": both}, shape=("N", 3, 6))
    model = open_model(path)
    assert [(layer.op, layer.units) for layer in model.layers] == [("Sigmoid", 8), ("Sigmoid product", 8)]
    assert silent(watched(path, RNG.normal(size=(40, 3, 6)).astype(np.float32))["product"]) == [2, 7]


def test_a_gate_is_found_behind_moves_of_axes(write, watched):
    up = RNG.normal(size=(6, 8)).astype(np.float32)
    up[:, [1, 5]] = 0
    nodes, constants = gated(up)
    nodes[4:5] = [
        node("Transpose", ["a"], ["t"], perm=[0, 2, 1]),
        node("Transpose", ["t"], ["b"], perm=[0, 2, 1]),
        node("Mul", ["b", "u"], ["p"], name="product"),
    ]
    states = watched(
        write(nodes, constants, shape=("N", 3, 6)), RNG.normal(size=(40, 3, 6)).astype(np.float32)
    )
    assert silent(states["product"]) == [1, 5]


def test_a_scale_of_channels_after_an_activation_is_no_product(write):
    """Squeeze and excitation: the gate is judged itself, and so is what it scales."""
    nodes = [
        node("Conv", ["x", "w"], ["z"]),
        node("Relu", ["z"], ["h"]),
        node("GlobalAveragePool", ["h"], ["p"]),
        node("Conv", ["p", "v"], ["q"]),
        node("Sigmoid", ["q"], ["s"]),
        node("Mul", ["h", "s"], ["y"]),
    ]
    w = RNG.normal(size=(4, 3, 1, 1)).astype(np.float32)
    path = write(nodes, {"w": w, "v": RNG.normal(size=(4, 4, 1, 1)).astype(np.float32)}, shape=("N", 3, 5, 5))
    assert [layer.op for layer in open_model(path).layers] == ["Relu", "Sigmoid"]


@pytest.mark.parametrize("op", ["Sin", "Erf", "Exp", "Abs", "Softmax", "LogSoftmax"])
def test_what_looks_like_an_activation_is_listed(write, op):
    nodes = [node("Gemm", ["x", "W"], ["z"]), node("Relu", ["z"], ["h"]), node("Gemm", ["h", "V"], ["q"])]
    nodes.append(node(op, ["q"], ["y"], name="last"))
    path = write(nodes, {"W": W, "V": np.ones((40, 3), np.float32)}, shape=("N", 6))
    model = open_model(path)
    assert [layer.op for layer in model.layers] == ["Relu"]
    assert [(one.name, one.op) for one in model.unobserved] == [("last", op)]
    assert ("over rows" in model.unobserved[0].reason) == op.endswith("oftmax")


def test_a_norm_and_a_mask_are_no_activations(write):
    nodes = [
        node("Gemm", ["x", "W"], ["z"]),
        node("Pow", ["z", "two"], ["s"]),
        node("ReduceMean", ["s"], ["m"], axes=[1]),
        node("Sqrt", ["m"], ["r"]),
        node("Div", ["z", "r"], ["n"]),
        node("Where", ["mask", "n", "low"], ["w"]),
        node("Relu", ["w"], ["y"]),
    ]
    constants = {"W": W, "two": np.float32(2), "mask": np.ones((1, 40), bool), "low": np.float32(-9)}
    model = open_model(write(nodes, constants, shape=("N", 6)))
    assert [layer.op for layer in model.layers] == ["Relu"]
    assert not model.unobserved


def test_activations_inside_operators_and_branches_are_listed(write):
    def branch(name):
        inside = node("Softmax", ["z"], [name + "_out"], name=name)
        return helper.make_graph([inside], name, [], [helper.make_empty_tensor_value_info(name + "_out")])

    nodes = [
        node("Gemm", ["x", "W"], ["z"]),
        node("MoE", ["z", "z", "W"], ["m"], name="experts", domain="com.microsoft"),
        node("GroupNorm", ["m", "W", "W"], ["n"], name="norm", domain="com.microsoft", activation=1),
        node("If", ["yes"], ["y"], name="gate", then_branch=branch("a"), else_branch=branch("b")),
    ]
    model = open_model(write(nodes, {"W": W, "yes": np.array(True)}, shape=("N", 6)))
    assert {one.name for one in model.unobserved} == {"experts", "norm", "a", "b"}


def test_a_threshold_that_cannot_be_watched_is_listed_once(write):
    nodes = [
        node("Gemm", ["x", "W"], ["z"]),
        node("Reshape", ["z", "shape"], ["r"]),
        node("Greater", ["r", "theta"], ["g"]),
        node("Where", ["g", "r", "zero"], ["y"], name="jump"),
    ]
    constants = {
        "W": W,
        "shape": np.int64([-1, 2, 20]),
        "theta": np.float32(np.arange(20)),
        "zero": np.float32(0),
    }
    model = open_model(write(nodes, constants, shape=("N", 6)))
    assert not model.layers
    assert [one.name for one in model.unobserved] == ["jump"]


MASKS = {
    "the k-th value": [
        node("TopK", ["h", "k"], ["v", "i"], axis=1),
        node("Slice", ["v", "last", "end"], ["least"]),
        node("GreaterOrEqual", ["h", "least"], ["m"]),
        node("Where", ["m", "h", "zero"], ["sparse"]),
    ],
    "ones at the places of TopK": [
        node("TopK", ["h", "k"], ["v", "i"], axis=1),
        node("Mul", ["z", "zero"], ["zeros"]),
        node("Shape", ["i"], ["s"]),
        node("ConstantOfShape", ["s"], ["ones"], value=helper.make_tensor("ones", 1, [1], [1.0])),
        node("ScatterElements", ["zeros", "i", "ones"], ["m"], axis=1),
        node("Mul", ["h", "m"], ["sparse"]),
    ],
    "a gate of its own": [
        node("MatMul", ["x", "G"], ["g"]),
        node("Greater", ["g", "zero"], ["c"]),
        node("Cast", ["c"], ["m"], to=1),
        node("Mul", ["m", "h"], ["sparse"]),
    ],
}


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
def test_units_behind_a_mask_are_judged_after_it_alone(write, watched, mask):
    gates = RNG.normal(size=(6, 40)).astype(np.float32)
    gates[:, 12:] = 0
    ends = {"last": np.int64([0, K - 1]), "end": np.int64([1 << 40, K]), "k": np.int64([K])}
    weights = {"W": W, "G": gates, "D": RNG.normal(size=(40, 6)).astype(np.float32)}
    constants = {**weights, **ends, "zero": np.float32(0)}
    nodes = [
        node("Gemm", ["x", "W"], ["z"]),
        node("Relu", ["z"], ["h"], name="relu"),
        *mask,
        node("MatMul", ["sparse", "D"], ["y"]),
    ]
    path = write(nodes, constants, shape=("N", 6))
    (layer,) = open_model(path).layers
    assert (layer.name, layer.units) == ("relu", 40)
    h = np.maximum(X @ W, 0)
    left = h * (X @ gates > 0) if any(one.op_type == "MatMul" for one in mask) else chosen(h)
    (state,) = watched(path, X).values()
    assert silent(state) == np.flatnonzero(~(left > 0).any(0)).tolist()
    assert len(silent(state)) > 12
    # where the model returns what the ReLU gives, it is judged too
    path = write(nodes, constants, shape=("N", 6), outputs=("y", "h"))
    assert len(open_model(path).layers) == 2
