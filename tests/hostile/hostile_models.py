"""Five small models, and what chance makes of them: damaged bytes, and well-formed models that make no sense."""

import random

import numpy as np
from hostile_bytes import mutate
from onnx import TensorProto, helper, numpy_helper

node = helper.make_node
LENGTHS = [-(2**63), -5, -1, 0, 1, 3, 2**16, 2**31, 2**33, 2**62, 2**63 - 1]
VALUES = [0, -1, 1 << 62, 1.5, float("nan"), float("inf"), "abc", b"", [1, 0], [7, -9], [0.5], ["a"]]
OPERATORS = (
    "Relu LeakyRelu Clip PRelu Selu Transpose Reshape Squeeze Unsqueeze Concat Slice Gather Expand Tile Range Pad "
    "ConstantOfShape MatMul Gemm Conv ConvTranspose BatchNormalization LSTM If Loop Scan Cast Split Resize Where "
    "NonZero SequenceConstruct Gelu Shape Softmax Max Mul Add QuantizeLinear Einsum TopK Attention"
).split()


def model_of(nodes, shape, constants, *, functions=(), inputs=None) -> bytes:
    domains = [
        helper.make_opsetid("", 20),
        helper.make_opsetid("com.microsoft", 1),
        helper.make_opsetid("mine", 1),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        inputs or [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_empty_tensor_value_info("y")],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, functions=functions, opset_imports=domains, ir_version=9)
    return model.SerializeToString()


def models() -> dict[str, bytes]:
    rng = np.random.default_rng(0)

    def weights(*shape):
        return rng.normal(size=shape).astype(np.float32)

    branch = helper.make_graph(
        [node("Relu", ["z"], ["b"])], "branch", [], [helper.make_empty_tensor_value_info("b")]
    )
    gate = helper.make_function(
        "mine",
        "Gate",
        ["a"],
        ["b"],
        [node("Sigmoid", ["a"], ["s"]), node("Mul", ["a", "s"], ["b"])],
        [helper.make_opsetid("", 20)],
    )
    return {
        "dense": model_of(
            [
                node("Gemm", ["x", "w", "c"], ["z"]),
                node("Relu", ["z"], ["h"]),
                node("MatMul", ["h", "v"], ["u"]),
                node("LeakyRelu", ["u"], ["y"], alpha=0.2),
            ],
            ("N", 4),
            {"w": weights(4, 5), "c": weights(5), "v": weights(5, 3)},
        ),
        "convolution": model_of(
            [
                node("Conv", ["x", "w"], ["z"], group=1),
                node("BatchNormalization", ["z", "g", "b", "m", "s"], ["n"]),
                node("HardSwish", ["n"], ["h"]),
                node("Transpose", ["h"], ["t"], perm=[0, 2, 3, 1]),
                node("PRelu", ["t", "slope"], ["y"]),
            ],
            ("N", 3, 6, 6),
            {
                "w": weights(4, 3, 3, 3),
                **{name: np.abs(weights(4)) for name in "gbms"},
                "slope": np.float32([0.1] * 4),
            },
        ),
        "sequence": model_of(
            [
                node("LSTM", ["x", "w", "r"], ["l"], hidden_size=2),
                node("Squeeze", ["l", "one"], ["q"]),
                node("MatMul", ["q", "v"], ["z"]),
                node("Mul", ["z", "half"], ["a"]),
                node("Erf", ["a"], ["e"]),
                node("Add", ["e", "unit"], ["p"]),
                node("Mul", ["z", "p"], ["m"]),
                node("Mul", ["m", "k"], ["y"]),
            ],
            (5, "N", 3),
            {
                "w": weights(1, 8, 3),
                "r": weights(1, 8, 2),
                "one": np.int64([1]),
                "v": weights(2, 6),
                "half": np.float32(0.5**0.5),
                "unit": np.float32(1),
                "k": np.float32(0.5),
            },
        ),
        "branches": model_of(
            [
                node("Gemm", ["x", "w"], ["z"]),
                node("Gate", ["z"], ["g"], domain="mine"),
                node("If", ["yes"], ["f"], then_branch=branch, else_branch=branch),
                node("Concat", ["g", "f"], ["k"], axis=1),
                node("Clip", ["k", "low", "high"], ["y"]),
            ],
            ("N", 4),
            {"w": weights(4, 5), "yes": np.bool_(True), "low": np.float32(0), "high": np.float32(6)},
            functions=[gate],
        ),
        "tokens": model_of(
            [
                node("Gather", ["w", "x"], ["e"]),
                node("Add", ["e", "p"], ["s"]),
                node("MatMul", ["s", "v"], ["z"]),
                node("Gelu", ["z"], ["h"], approximate="tanh"),
                node("Reshape", ["h", "shape"], ["y"]),
            ],
            None,
            {"w": weights(7, 4), "p": weights(3, 4), "v": weights(4, 6), "shape": np.int64([-1, 6])},
            inputs=[helper.make_tensor_value_info("x", TensorProto.INT64, ("N", 3))],
        ),
    }


def damaged(data: bytes, rng: random.Random) -> bytes:
    """A model's bytes with damage, or a model that parses and is wrong."""
    return mutate(data, rng) if rng.random() < 0.4 else _wrong(data, rng)


def _wrong(data: bytes, rng: random.Random) -> bytes:
    from onnx import ModelProto

    model = ModelProto()
    model.ParseFromString(data)
    graph = model.graph
    for _ in range(rng.choice([1, 1, 2, 3])):
        rng.choice([_attribute, _attribute, _operator, _wiring, _input, _tensor, _shape, _add])(graph, rng)
    return model.SerializeToString()


def _attribute(graph, rng: random.Random) -> None:
    chosen = rng.choice(graph.node)
    names = [attribute.name for attribute in chosen.attribute] or [
        "perm axes axis group alpha beta min max transB epsilon to keepdims value".split()[rng.randrange(13)]
    ]
    name = rng.choice(names)
    kept = [attribute for attribute in chosen.attribute if attribute.name != name]
    del chosen.attribute[:]
    chosen.attribute.extend(kept)
    if rng.random() < 0.8:
        chosen.attribute.append(helper.make_attribute(name, rng.choice(VALUES)))


def _operator(graph, rng: random.Random) -> None:
    rng.choice(graph.node).op_type = rng.choice(OPERATORS)


def _wiring(graph, rng: random.Random) -> None:
    chosen = rng.choice(graph.node)
    names = [name for one in graph.node for name in (*one.input, *one.output)] + ["", "nowhere"]
    side = rng.choice([chosen.input, chosen.output])
    if side and rng.random() < 0.7:
        side[rng.randrange(len(side))] = rng.choice(names)
    elif side and rng.random() < 0.5:
        del side[rng.randrange(len(side))]
    else:
        side.append(rng.choice(names))


def _input(graph, rng: random.Random) -> None:
    if not graph.input:
        return
    value = rng.choice(graph.input)
    tensor = value.type.tensor_type
    if rng.random() < 0.2:
        graph.input.remove(value)
    elif rng.random() < 0.3:
        tensor.elem_type = rng.randrange(0, 30)
    elif rng.random() < 0.2 or not tensor.shape.dim:
        tensor.ClearField("shape")
    else:
        rng.choice(tensor.shape.dim).dim_value = rng.choice(LENGTHS)


def _tensor(graph, rng: random.Random) -> None:
    if not graph.initializer:
        return
    tensor = rng.choice(graph.initializer)
    change = rng.randrange(5)
    if change == 0 and tensor.dims:
        tensor.dims[rng.randrange(len(tensor.dims))] = rng.choice(LENGTHS)
    elif change == 1:
        tensor.data_type = rng.randrange(0, 30)
    elif change == 2:
        tensor.raw_data = tensor.raw_data[: rng.randrange(len(tensor.raw_data) + 1)]
    elif change == 3:
        tensor.data_location = TensorProto.EXTERNAL
        entry = tensor.external_data.add()
        entry.key, entry.value = (
            "location",
            rng.choice(["../x.npy", "/etc/passwd", ".", "", "m.onnx", "x\0y"]),
        )
    else:
        graph.initializer.remove(tensor)


def _shape(graph, rng: random.Random) -> None:
    """What the model says of a tensor in between."""
    names = [name for one in graph.node for name in one.output if name]
    shape = [rng.choice(LENGTHS) for _ in range(rng.randrange(5))]
    graph.value_info.append(
        helper.make_tensor_value_info(rng.choice(names or ["z"]), TensorProto.FLOAT, shape)
    )


def _add(graph, rng: random.Random) -> None:
    names = [name for one in graph.node for name in one.output] + [value.name for value in graph.input]
    inputs = [rng.choice(names or [""]) for _ in range(rng.randrange(4))]
    graph.node.append(node(rng.choice(OPERATORS), inputs, [f"extra{rng.randrange(3)}"]))
