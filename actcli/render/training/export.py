"""A trained network as a file, an ONNX model or its weights as .npz, and the samples to run it on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation
from actcli.analysis.onnx.forms import Constant, Either, Op, Slot, Tree, X, written_form
from actcli.exits import DataError, UsageError
from actcli.render.output.archive_members import open_member
from actcli.render.output.outfile import atomic_file

Array = NDArray[Any]
FORMS = ("onnx", "npz")
_OPSET, _IR = 17, 8
"""Old enough for every onnxruntime since 1.12, and with every operator that is written here."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainedNetwork:
    """A multilayer perceptron.

    Attributes:
        weights, biases: (fan_in, fan_out) and (fan_out,) per layer; the last layer has no activation.
        functions: the activation of each hidden layer, with trained parameters at their last value.
        residual: whether a skip connection goes around each hidden layer but the first.

    """

    weights: Sequence[Array]
    biases: Sequence[Array]
    functions: Sequence[Activation]
    residual: bool = False


def require_form(path: str, functions: Sequence[Activation]) -> str:
    """Return a file's form, by its suffix.

    Raises UsageError for another suffix and for functions that ONNX cannot hold, DataError when a package is missing.
    """
    form = path.rpartition(".")[2].lower() if "." in path else ""
    if form not in FORMS:
        raise UsageError(f"--export {path!r}: a network goes to a file that ends in .onnx or .npz")
    if form == "onnx":
        for f in functions:
            if written_form(f.name, f.parameters) is None:
                raise UsageError(f"--export {path}: ONNX has no operator for {f.spec}; export it as .npz")
        try:
            import onnx  # noqa: F401
        except ImportError as error:
            raise DataError(
                f"{path}: models need one more package: pip install onnx (the extra onnx)"
            ) from error
    return form


def write_network(network: TrainedNetwork, path: str) -> None:
    """Write a network in the form of the suffix, whole or not at all; the same network gives the same bytes.

    .onnx: input x (samples, features), output y (samples, outputs), float32; the activations are called layer1,
    layer2. .npz: weights1, bias1, weights2, ..., and `functions`, the specifications of the hidden layers, and
    `residual` (true) if a skip connection goes around each but the first.
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
    from zipfile import ZIP_STORED, ZipFile

    arrays: dict[str, Array] = {}
    for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True), 1):
        arrays[f"weights{layer}"], arrays[f"bias{layer}"] = weights, biases
    specifications = [
        ":".join(
            filter(None, [f.name, ",".join(f"{name}={value!r}" for name, value in f.parameters.items())])
        )
        for f in network.functions
    ]
    arrays["functions"] = np.array(specifications)
    if network.residual:
        arrays["residual"] = np.array(True)
    with ZipFile(file, "w", ZIP_STORED) as archive:
        for name, array in arrays.items():
            with open_member(archive, name) as member:
                np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)


@dataclass(slots=True)
class _Graph:
    """A graph under construction: its nodes and constants."""

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

    def activation(self, f: Activation, z: str, name: str) -> str:
        """Add the nodes that apply an activation to the tensor z, the last called `name`; return its output."""
        form = written_form(f.name, f.parameters)
        if form is None:
            raise UsageError(f"ONNX has no operator for {f.spec}")
        outputs: dict[Tree, str] = {X(): z}
        numbers = count(1)

        def value(leaf: Constant | Slot) -> float:
            return leaf.value if isinstance(leaf, Constant) else f.parameters[leaf.name]

        def add(tree: Tree, output: str | None = None) -> str:
            if isinstance(tree, Either):
                return add(tree.trees[0], output)
            if isinstance(tree, Op) and tree not in outputs:
                inputs = [add(operand) for operand in tree.operands]
                attributes = {key: value(leaf) for key, leaf in tree.attributes}
                made = output or f"{name}_{tree.op.lower()}{next(numbers)}"
                outputs[tree] = self.node(tree.op, inputs, made, attributes)
            elif isinstance(tree, (Constant, Slot)) and tree not in outputs:
                outputs[tree] = self.constant(f"{name}_constant{next(numbers)}", value(tree))
            return outputs[tree]

        return add(form.tree, name)


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
        after = graph.activation(f, z, f"layer{layer}")
        around = network.residual and layer > 1
        h = graph.node("Add", [h, after], f"sum{layer}") if around else after
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
