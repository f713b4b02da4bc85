"""Planted dead units are removed through every chain of operators, and the answers stay the same."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper  # noqa: E402

node = helper.make_node
rng = np.random.default_rng(7)
DEAD = [1, 4]
FEATURES, IMAGES = ("N", 5), ("N", 3, 8, 8)


def numbers(*shape):
    return (rng.standard_normal(shape) / np.sqrt(max(shape[-1], 1))).astype(np.float32)


def bias(units, dead=DEAD, low=-100.0):
    values = np.abs(numbers(units))
    values[dead] = low
    return values


def dense(act="Relu", units=6, **kwargs):
    """Gemm, an activation, Gemm."""
    nodes = [
        node("Gemm", ["x", "w1", "b1"], ["z"], "fc1", transB=1),
        node(act, ["z"], ["h"], "act", **kwargs),
        node("Gemm", ["h", "w2", "b2"], ["y"], "fc2"),
    ]
    return nodes, {"w1": numbers(units, 5), "b1": bias(units), "w2": numbers(units, 3), "b2": numbers(3)}


def conv(*between, taker=("Conv", (4, 6, 3, 3)), last="h", pads=(1, 1, 1, 1), **constants):
    """Conv, Relu, what stands between, and a node that takes the units."""
    op, shape = taker
    nodes = [
        node("Conv", ["x", "w1", "b1"], ["z"], "conv1", pads=pads),
        node("Relu", ["z"], ["h"], "act"),
        *between,
        node(op, [last, "w2", "b2"], ["y"], "taker"),
    ]
    outputs = shape[1] if op in {"Gemm", "ConvTranspose"} else shape[0]
    weights = {"w1": numbers(6, 3, 3, 3), "b1": bias(6), "w2": numbers(*shape), "b2": numbers(outputs)}
    return nodes, {**weights, **constants}


def flat(*between, columns=6 * 64, **constants):
    return conv(*between, taker=("Gemm", (columns, 2)), last="f", **constants)


def integers(*values):
    return np.array(values, np.int64)


BN = {name: np.abs(numbers(6)) + 0.5 for name in ("g", "v")} | {"m": numbers(6), "e": np.zeros(6, np.float32)}

CHAINS = {
    "Gemm": (FEATURES, *dense()),
    "MatMul and Add": (
        ("N", 4, 5),
        [
            node("MatMul", ["x", "w1"], ["m"], "mm1"),
            node("Add", ["b1", "m"], ["z"], "add1"),
            node("Relu", ["z"], ["h"], "act"),
            node("MatMul", ["h", "w2"], ["y"], "mm2"),
        ],
        {"w1": numbers(5, 6), "b1": bias(6), "w2": numbers(6, 3)},
    ),
    "Conv": (IMAGES, *conv()),
    "Conv, BatchNormalization": (
        IMAGES,
        [
            node("Conv", ["x", "w1"], ["c"], "conv1"),
            node("BatchNormalization", ["c", "g", "b1", "m", "v"], ["z"], "bn"),
            node("Relu", ["z"], ["h"], "act"),
            node("Conv", ["h", "w2"], ["y"], "taker", pads=(1, 1, 1, 1)),
        ],
        {**BN, "b1": bias(6), "w1": numbers(6, 3, 3, 3), "w2": numbers(4, 6, 3, 3)},
    ),
    "MaxPool": (IMAGES, *conv(node("MaxPool", ["h"], ["p"], kernel_shape=(2, 2)), last="p")),
    "AveragePool": (
        IMAGES,
        *conv(
            node("AveragePool", ["h"], ["p"], kernel_shape=(3, 3), pads=(1, 1, 1, 1), count_include_pad=1),
            last="p",
        ),
    ),
    "GlobalAveragePool, Flatten": (
        IMAGES,
        *flat(node("GlobalAveragePool", ["h"], ["p"]), node("Flatten", ["p"], ["f"]), columns=6),
    ),
    "ReduceMean": (
        IMAGES,
        *flat(node("ReduceMean", ["h"], ["f"], axes=(2, -1), keepdims=0), columns=6),
    ),
    "Squeeze": (
        IMAGES,
        *flat(
            node("GlobalMaxPool", ["h"], ["p"]),
            node("Squeeze", ["p", "axes"], ["f"]),
            columns=6,
            axes=integers(2, 3),
        ),
    ),
    "Flatten": (IMAGES, *flat(node("Flatten", ["h"], ["f"]))),
    "Reshape 0, -1": (IMAGES, *flat(node("Reshape", ["h", "s"], ["f"]), s=integers(0, -1))),
    "Reshape to a written length": (
        IMAGES,
        *flat(node("Reshape", ["h", "s"], ["f"]), s=integers(-1, 6 * 64)),
    ),
    "Reshape to a computed length": (
        IMAGES,
        *flat(
            node("Shape", ["h"], ["lengths"]),
            node("Gather", ["lengths", "zero"], ["n"], axis=0),
            node("Unsqueeze", ["n", "axes"], ["n1"]),
            node("Concat", ["n1", "rest"], ["s"], axis=0),
            node("Reshape", ["h", "s"], ["f"]),
            zero=np.array(0, np.int64),
            axes=integers(0),
            rest=integers(-1),
        ),
    ),
    "channels last, Reshape": (
        IMAGES,
        *flat(
            node("Transpose", ["h"], ["t"], perm=(0, 2, 3, 1)),
            node("Reshape", ["t", "s"], ["f"]),
            s=integers(-1, 6 * 64),
        ),
    ),
    "Resize": (
        IMAGES,
        *conv(
            node("Resize", ["h", "", "scales"], ["p"], mode="nearest"),
            last="p",
            scales=np.array([1, 1, 2, 2], np.float32),
        ),
    ),
    "Pad": (
        IMAGES,
        *conv(node("Pad", ["h", "p"], ["q"]), last="q", p=integers(0, 0, 2, 2, 0, 0, 2, 2)),
    ),
    "a product with a constant of each unit": (
        IMAGES,
        *conv(node("Mul", ["h", "s"], ["q"]), last="q", s=np.abs(numbers(6, 1, 1))),
    ),
    "a bias behind Reshape": (
        IMAGES,
        [
            node("Conv", ["x", "w1"], ["c"], "conv1"),
            node("Reshape", ["b1", "s"], ["b"]),
            node("Add", ["c", "b"], ["z"]),
            node("Relu", ["z"], ["h"], "act"),
            node("Conv", ["h", "w2"], ["y"], "taker"),
        ],
        {"b1": bias(6), "s": integers(1, 6, 1, 1), "w1": numbers(6, 3, 3, 3), "w2": numbers(4, 6, 3, 3)},
    ),
    "ConvTranspose": (IMAGES, *conv(taker=("ConvTranspose", (6, 4, 3, 3)))),
    "two that take them": (
        IMAGES,
        [
            *conv()[0][:2],
            node("Conv", ["h", "w2", "b2"], ["l"], "left"),
            node("Conv", ["h", "w3"], ["r"], "right"),
            node("Add", ["l", "r"], ["y"]),
        ],
        {**conv()[1], "w3": numbers(4, 6, 3, 3)},
    ),
    "Concat": (
        IMAGES,
        [
            node("Conv", ["x", "w0"], ["a"], "conv0", pads=(1, 1, 1, 1)),
            *conv()[0][:2],
            node("Concat", ["a", "h", "x"], ["j"], axis=1),
            node("Conv", ["j", "w2"], ["y"], "taker"),
        ],
        {**conv()[1], "w0": numbers(2, 3, 3, 3), "w2": numbers(4, 11, 3, 3)},
    ),
    "SiLU": (
        FEATURES,
        [
            dense()[0][0],
            node("Sigmoid", ["z"], ["s"], "gate"),
            node("Mul", ["z", "s"], ["h"], "act"),
            dense()[0][2],
        ],
        {**dense()[1], "b1": bias(6, low=-300.0)},
    ),
    "Gelu": (FEATURES, *dense("Gelu")),
}


@pytest.mark.parametrize("chain", CHAINS)
def test_planted_dead_units_are_removed(write, prune, chain):
    shape, nodes, constants = CHAINS[chain]
    opset = 20 if chain == "Gelu" else 17
    x = rng.standard_normal((40, *shape[1:])).astype(np.float32)
    answer = prune(write(nodes, constants, shape=shape, opset=opset), x)
    assert list(answer.removed.values()) == [tuple(DEAD)], answer.reasons
    assert answer.difference <= 2e-6 * answer.result.promise.largest
    assert answer.shapes["w1"] != list(constants["w1"].shape)
    assert answer.shapes["w2"] != list(constants["w2"].shape)
    assert answer.result.after.parameters < answer.result.before.parameters
    promise = answer.result.promise
    assert promise.sum_difference <= promise.sum_bound


def test_a_unit_that_fires_once_stays(write, prune):
    nodes, constants = dense()
    constants["b1"][2] = -30.0
    x = rng.standard_normal((200, 5)).astype(np.float32)
    x[77] = 40 * constants["w1"][2] / np.square(constants["w1"][2]).sum()
    path = write(nodes, constants, shape=FEATURES)
    assert prune(path, x).removed == {"act": (1, 4)}
    answer = prune(path, x, dead={"act": [2]})
    assert answer.removed == {"act": (1, 4)}
    assert "its output moves between 0 and 1" in answer.reasons[0]


def test_the_cuts_are_those_of_the_old_tensors(write, prune):
    nodes, constants = dense()
    x = rng.standard_normal((40, 5)).astype(np.float32)
    answer = prune(write(nodes, constants, shape=FEATURES), x)
    by_hand = {name: constants[name] for name in constants}
    for cut in answer.result.cuts:
        by_hand[cut.tensor] = np.delete(by_hand[cut.tensor], cut.indices, cut.axis)
    for tensor in answer.proto.graph.initializer:
        assert np.array_equal(onnx.numpy_helper.to_array(tensor), by_hand[tensor.name])
    assert {(cut.tensor, cut.axis, cut.indices) for cut in answer.result.cuts} == {
        ("w1", 0, (1, 4)), ("b1", 0, (1, 4)), ("w2", 0, (1, 4))
    }  # fmt: skip


def test_layers_behind_each_other_are_cut_on_both_sides(write, prune):
    nodes = [
        node("Gemm", ["x", "w1", "b1"], ["z1"], "fc1", transB=1),
        node("Relu", ["z1"], ["h1"], "act1"),
        node("Gemm", ["h1", "w2", "b2"], ["z2"], "fc2", alpha=0.5, beta=2.0),
        node("Relu", ["z2"], ["h2"], "act2"),
        node("Gemm", ["h2", "w3"], ["y"], "fc3"),
    ]
    constants = {
        "w1": numbers(6, 5), "b1": bias(6), "w2": numbers(6, 7), "b2": bias(7, [0, 6]), "w3": numbers(7, 2)
    }  # fmt: skip
    answer = prune(write(nodes, constants, shape=FEATURES), rng.standard_normal((40, 5)).astype(np.float32))
    assert answer.removed["act1"] == (1, 4)
    assert {0, 6} <= set(answer.removed["act2"])
    assert answer.shapes["w2"] == [4, 7 - len(answer.removed["act2"])]
    assert answer.difference <= 2e-6 * answer.result.promise.largest


SATURATED = 60.0


@pytest.mark.parametrize("with_bias", [True, False])
def test_a_constant_other_than_0_goes_into_the_next_bias(write, prune, with_bias):
    nodes, constants = dense("Sigmoid")
    constants["b1"] = bias(6, low=SATURATED)
    if not with_bias:
        nodes[2] = node("Gemm", ["h", "w2"], ["y"], "fc2", alpha=0.5)
    answer = prune(write(nodes, constants, shape=FEATURES), rng.standard_normal((40, 5)).astype(np.float32))
    assert answer.removed == {"act": (1, 4)}
    assert answer.difference <= 2e-6 * answer.result.promise.largest
    old = constants["b2"] if with_bias else np.zeros(3)
    name = answer.proto.graph.node[2].input[2]
    (change,) = answer.result.biases
    assert change.node == "y"
    assert change.tensor == ("b2" if with_bias else "")
    assert np.allclose(change.added, (1.0 if with_bias else 0.5) * constants["w2"][[1, 4]].sum(axis=0))
    stored = {t.name: onnx.numpy_helper.to_array(t) for t in answer.proto.graph.initializer}
    scale = 1.0 if with_bias else 0.5
    assert np.allclose(stored[name], old + scale * constants["w2"][[1, 4]].sum(axis=0), rtol=1e-6, atol=1e-7)


def test_behind_a_matmul_the_constant_goes_into_the_bias_that_is_added(write, prune):
    nodes = [
        *dense("Sigmoid")[0][:2],
        node("MatMul", ["h", "w2"], ["m"], "mm"),
        node("Add", ["m", "b2"], ["y"], "add"),
    ]
    constants = {**dense()[1], "b1": bias(6, low=SATURATED)}
    x = rng.standard_normal((40, 5)).astype(np.float32)
    answer = prune(write(nodes, constants, shape=FEATURES), x)
    assert answer.removed == {"act": (1, 4)}
    assert answer.difference <= 2e-6 * answer.result.promise.largest
    answer = prune(write(nodes[:3], constants, shape=FEATURES, outputs=("m",)), x)
    assert answer.data is None
    assert "has no bias to add it to" in answer.reasons[0]


def test_the_beta_of_a_later_batch_normalization_is_folded(write, prune):
    nodes, constants = conv(
        node("BatchNormalization", ["h", "g", "beta", "m", "v"], ["n"], "bn"),
        last="n",
        **BN,
        beta=numbers(6),
    )
    x = rng.standard_normal((20, 3, 8, 8)).astype(np.float32)
    answer = prune(write(nodes, constants, shape=IMAGES), x)
    assert answer.removed == {"act": (1, 4)}
    assert answer.difference <= 2e-6 * answer.result.promise.largest


@pytest.mark.parametrize(
    ("border", "word"),
    [
        ({"pads": (1, 1, 1, 1)}, "(Conv) pads with zeros"),
        ({"auto_pad": "SAME_UPPER"}, "(Conv) pads with zeros"),
        ("AveragePool", "(AveragePool) pads with zeros"),
        ("Pad", "(Pad) pads"),
        ("ConvTranspose", "(ConvTranspose) adds fewer terms at its borders"),
    ],
)
def test_a_constant_other_than_0_stays_where_zeros_are_put_around_it(write, prune, border, word):
    nodes, constants = conv(last="n", **BN, beta=np.full(6, 0.5, np.float32), m0=np.zeros(6, np.float32))
    nodes.insert(2, node("BatchNormalization", ["h", "g", "beta", "m0", "v"], ["n"], "bn"))
    if isinstance(border, dict):
        nodes[-1] = node("Conv", ["n", "w2", "b2"], ["y"], "taker", **border)
    elif border == "AveragePool":
        pool = {"kernel_shape": (3, 3), "pads": (1, 1, 1, 1), "count_include_pad": 1}
        nodes.insert(3, node("AveragePool", ["n"], ["p"], "pool", **pool))
        nodes[-1] = node("Conv", ["p", "w2", "b2"], ["y"], "taker")
    elif border == "Pad":
        nodes.insert(3, node("Pad", ["n", "pads"], ["p"], "pad"))
        constants["pads"] = integers(0, 0, 1, 1, 0, 0, 1, 1)
        nodes[-1] = node("Conv", ["p", "w2", "b2"], ["y"], "taker")
    else:
        constants["w2"] = numbers(6, 4, 3, 3)
        nodes[-1] = node("ConvTranspose", ["n", "w2", "b2"], ["y"], "taker")
    answer = prune(
        write(nodes, constants, shape=IMAGES), rng.standard_normal((20, 3, 8, 8)).astype(np.float32)
    )
    assert answer.data is None
    assert word in answer.reasons[0] or (
        border in ("AveragePool", "Pad") and "moves between" in answer.reasons[0]
    )


def test_one_unit_of_a_layer_is_left(write, prune):
    nodes, constants = dense()
    constants["b1"][:] = -100
    answer = prune(write(nodes, constants, shape=FEATURES), rng.standard_normal((40, 5)).astype(np.float32))
    assert answer.removed == {"act": (0, 1, 2, 3, 4)}
    assert answer.reasons == ["a layer keeps at least one unit"]
    assert answer.difference == 0
    assert answer.shapes["w1"] == [1, 5]


def test_float16(write, prune):
    nodes, constants = dense()
    halves = {name: array.astype(np.float16) for name, array in constants.items()}
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT16, FEATURES)]
    path = write(nodes, halves, inputs=inputs)
    answer = prune(path, rng.standard_normal((40, 5)).astype(np.float16))
    assert answer.removed == {"act": (1, 4)}
    assert answer.difference <= 2e-3
