"""A trained network as a file: an ONNX model, or its weights as .npz; and the samples it is to be fed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation
from actcli.exits import DataError, UsageError
from actcli.render.output.outfile import atomic_file

Array = NDArray[Any]
FORMS = ("onnx", "npz")
_OPSET, _IR = 17, 8
"""Of ONNX: old enough for every onnxruntime since 1.12, and with all operators that are needed here."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainedNetwork:
    """A multilayer perceptron.

    Attributes:
        weights, biases: (fan_in, fan_out) and (fan_out,) a layer, the last without an activation.
        functions: the activation of each hidden layer, parameters that were trained at their last value.

    """

    weights: Sequence[Array]
    biases: Sequence[Array]
    functions: Sequence[Activation]


def require_form(path: str, functions: Sequence[Activation]) -> str:
    """The form that a file's suffix says. Raises UsageError for another suffix, and for what ONNX cannot hold.

    DataError when a package is missing.
    """
    form = path.rpartition(".")[2].lower() if "." in path else ""
    if form not in FORMS:
        raise UsageError(f"--export {path!r}: a network goes to a file that ends in .onnx or .npz")
    if form == "onnx":
        for f in functions:
            missing = any(f.parameters[name] != value for name, value in _ONLY.get(f.name, {}).items())
            if f.name not in _OPERATORS or missing:
                raise UsageError(f"--export {path}: ONNX has no operator for {f.spec}; export it as .npz")
        try:
            import onnx  # noqa: F401
        except ImportError as error:
            raise DataError(
                f"{path}: models need one more package: pip install onnx (the extra onnx)"
            ) from error
    return form


def write_network(network: TrainedNetwork, path: str) -> None:
    """Write a network as the suffix says, whole or not at all; the same network gives the same bytes.

    .onnx: input x (samples, features), output y (samples, outputs), float32; the activations are called layer1,
    layer2. .npz: weights1, bias1, weights2, ..., and `functions`, the specifications of the hidden layers.
    Raises what `require_form` raises, and DataError when it cannot be written.
    """
    form = require_form(path, network.functions)
    data = _model(network).SerializeToString(deterministic=True) if form == "onnx" else b""
    with atomic_file(path) as file:
        if form == "onnx":
            file.write(data)
        else:
            _write_archive(network, file)


def write_samples(samples: Array, path: str) -> None:
    """Write samples (n, features) as float32 to an .npy file. Raises DataError when it cannot be written."""
    with atomic_file(path) as file:
        np.lib.format.write_array(file, np.ascontiguousarray(samples, np.float32), allow_pickle=False)


def _write_archive(network: TrainedNetwork, file: BinaryIO) -> None:
    from zipfile import ZIP_STORED, ZipFile, ZipInfo

    arrays: dict[str, Array] = {}
    for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True), 1):
        arrays[f"weights{layer}"], arrays[f"bias{layer}"] = weights, biases
    said = [
        ":".join(
            filter(None, [f.name, ",".join(f"{name}={value!r}" for name, value in f.parameters.items())])
        )
        for f in network.functions
    ]
    arrays["functions"] = np.array(said)
    with ZipFile(file, "w", ZIP_STORED) as archive:
        for name, array in arrays.items():
            # ZipInfo's own date, 1980, makes equal networks equal files.
            with archive.open(ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)


@dataclass(slots=True)
class _Graph:
    """The nodes and constants of a graph while it is written."""

    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)

    def constant(self, name: str, value: Array | float | Sequence[float]) -> str:
        from onnx import numpy_helper

        array = np.ascontiguousarray(value, np.float32).reshape(np.shape(value))
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def node(
        self, op: str, inputs: Sequence[str], output: str, attributes: Mapping[str, float] | None = None
    ) -> str:
        from onnx import helper

        node = helper.make_node(op, list(inputs), [output], name=output)
        node.attribute.extend(helper.make_attribute(key, value) for key, value in (attributes or {}).items())
        self.nodes.append(node)
        return output


def _model(network: TrainedNetwork) -> Any:
    from onnx import TensorProto, helper

    graph = _Graph()
    h, last = "x", len(network.weights)
    for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True), 1):
        product = graph.node("MatMul", [h, graph.constant(f"weights{layer}", weights)], f"product{layer}")
        bias = graph.constant(f"bias{layer}", biases)
        if layer == last:
            graph.node("Add", [product, bias], "y")
            break
        z = graph.node("Add", [product, bias], f"z{layer}")
        f = network.functions[layer - 1]
        h = _OPERATORS[f.name](graph, z, f"layer{layer}", f.parameters)
    features, outputs = network.weights[0].shape[0], network.weights[-1].shape[1]
    whole = helper.make_graph(
        graph.nodes,
        "actcli",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["samples", features])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["samples", outputs])],
        graph.constants,
    )
    opset = helper.make_opsetid("", _OPSET)
    return helper.make_model(whole, opset_imports=[opset], producer_name="actcli", ir_version=_IR)


_Operator = Callable[[_Graph, str, str, Mapping[str, float]], str]
"""Adds what applies an activation to the tensor z, the last node called `name`; returns the output's name."""


def _one(op: str, **attributes: str) -> _Operator:
    """One operator; its attributes take the values of our parameters with these names."""

    def add(graph: _Graph, z: str, name: str, parameters: Mapping[str, float]) -> str:
        return graph.node(op, [z], name, {own: parameters[ours] for own, ours in attributes.items()})

    return add


def _prelu(graph: _Graph, z: str, name: str, parameters: Mapping[str, float]) -> str:
    return graph.node("PRelu", [z, graph.constant(f"{name}_slope", [parameters["alpha"]])], name)


def _clip(graph: _Graph, z: str, name: str, parameters: Mapping[str, float]) -> str:
    low = graph.constant(f"{name}_low", parameters.get("min", 0.0))
    high = graph.constant(f"{name}_high", parameters.get("max", 6.0))
    return graph.node("Clip", [z, low, high], name)


def _hard_sigmoid(graph: _Graph, z: str, name: str, parameters: Mapping[str, float]) -> str:
    said = {"alpha": parameters.get("alpha", 1 / 6), "beta": parameters.get("beta", 0.5)}
    return graph.node("HardSigmoid", [z], name, said)


def _swish(graph: _Graph, z: str, name: str, parameters: Mapping[str, float]) -> str:
    (beta,) = parameters.values()
    scaled = (
        z if beta == 1 else graph.node("Mul", [z, graph.constant(f"{name}_beta", beta)], f"{name}_scaled")
    )
    return graph.node("Mul", [z, graph.node("Sigmoid", [scaled], f"{name}_gate")], name)


def _gelu(graph: _Graph, z: str, name: str, parameters: Mapping[str, float]) -> str:  # noqa: ARG001 - as the others
    scaled = graph.node("Mul", [z, graph.constant(f"{name}_scale", 0.5**0.5)], f"{name}_scaled")
    return _half(graph, z, graph.node("Erf", [scaled], f"{name}_erf"), name)


def _gelu_tanh(graph: _Graph, z: str, name: str, parameters: Mapping[str, float]) -> str:  # noqa: ARG001 - as the others
    cube = graph.node("Pow", [z, graph.constant(f"{name}_three", 3.0)], f"{name}_cube")
    bent = graph.node("Mul", [cube, graph.constant(f"{name}_bend", 0.044715)], f"{name}_bent")
    inside = graph.node("Add", [z, bent], f"{name}_sum")
    scaled = graph.node(
        "Mul", [inside, graph.constant(f"{name}_scale", (2 / np.pi) ** 0.5)], f"{name}_scaled"
    )
    return _half(graph, z, graph.node("Tanh", [scaled], f"{name}_tanh"), name)


def _half(graph: _Graph, z: str, gate: str, name: str) -> str:
    """z (1 + gate) / 2, in the order in which exporters write it."""
    one = graph.node("Add", [gate, graph.constant(f"{name}_one", 1.0)], f"{name}_gate")
    product = graph.node("Mul", [z, one], f"{name}_product")
    return graph.node("Mul", [product, graph.constant(f"{name}_half", 0.5)], name)


def _mish(graph: _Graph, z: str, name: str, parameters: Mapping[str, float]) -> str:  # noqa: ARG001 - as the others
    soft = graph.node("Softplus", [z], f"{name}_softplus")
    return graph.node("Mul", [z, graph.node("Tanh", [soft], f"{name}_tanh")], name)


def _squared(graph: _Graph, z: str, name: str, parameters: Mapping[str, float]) -> str:  # noqa: ARG001 - as the others
    positive = graph.node("Relu", [z], f"{name}_relu")
    return graph.node("Mul", [positive, positive], name)


_OPERATORS: Mapping[str, _Operator] = {
    "relu": _one("Relu"),
    "leaky_relu": _one("LeakyRelu", alpha="alpha"),
    "prelu": _prelu,
    "relu6": _clip,
    "hard_tanh": _clip,
    "relu_squared": _squared,
    "thresholded_relu": _one("ThresholdedRelu", alpha="theta"),
    "elu": _one("Elu", alpha="alpha"),
    "celu": _one("Celu", alpha="alpha"),
    "selu": _one("Selu", alpha="alpha", gamma="scale"),
    "sigmoid": _one("Sigmoid"),
    "tanh": _one("Tanh"),
    "softsign": _one("Softsign"),
    "softplus": _one("Softplus"),
    "hard_sigmoid": _hard_sigmoid,
    "onnx.hard_sigmoid": _hard_sigmoid,
    "hard_swish": _one("HardSwish"),
    "silu": _swish,
    "quick_gelu": _swish,
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "mish": _mish,
}
"""By our names, what ONNX has for them: an operator, or a composition that exporters write too."""
_ONLY: Mapping[str, Mapping[str, float]] = {
    "softplus": {"beta": 1.0, "threshold": float("inf")},
    "thresholded_relu": {"value": 0.0},
}
"""Parameters that ONNX's operators do not have, and the values at which they are not missed."""
