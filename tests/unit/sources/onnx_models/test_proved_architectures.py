"""Proofs about networks as people build them: planted units are proved dead, and what is not supported is named."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from architectures import LENGTH, encoder, residual_network  # noqa: E402
from onnx import TensorProto, helper  # noqa: E402

from actcli.analysis.proof.prove import prove  # noqa: E402
from actcli.sources.onnx import open_model  # noqa: E402
from actcli.sources.onnx.proof.boxes import interval_boxes  # noqa: E402
from actcli.sources.onnx.proof.read import read_network  # noqa: E402


def test_a_residual_network_with_channels_last(write):
    net = residual_network()
    path = write(net.nodes, net.constants, shape=("N", 5, 5, 3), outputs=(net.nodes[-1].output[0],))
    model = open_model(path)
    boxes = interval_boxes(model.inputs, -1.0, 1.0)
    network = read_network(model, {name: box.shape for name, box in boxes.items()})
    proof = {layer.name: layer for layer in prove(network.steps, boxes, network.targets).layers}
    for name in ("stem", "one/inner"):
        assert {1, 3} <= set(np.flatnonzero(proof[name].proved_dead).tolist())
    proto = onnx.load(path)
    for name in proof:
        proto.graph.output.add().name = next(n.output[0] for n in proto.graph.node if n.name == name)
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(5)
    corners = np.where(rng.random((200, 5, 5, 3)) < 0.5, -1, 1).astype(np.float32)
    inside = rng.uniform(-1, 1, (200, 5, 5, 3)).astype(np.float32)
    names = [one.name for one in session.get_outputs()][1:]
    for x in (corners, inside):
        for (name, layer), h in zip(proof.items(), session.run(names, {"x": x}), strict=True):
            assert not (h[:, layer.proved_dead] > 0).any(), name


def test_of_a_sentence_encoder_nothing_is_proved(write):
    net = encoder((0, 5))
    inputs = [helper.make_tensor_value_info("x", TensorProto.INT64, ["N", LENGTH])]
    model = open_model(write(net.nodes, net.constants, inputs=inputs, outputs=(net.nodes[-1].output[0],)))
    boxes = interval_boxes(model.inputs, 0.0, 1.0)
    network = read_network(model, {name: box.shape for name, box in boxes.items()})
    (layer,) = prove(network.steps, boxes, network.targets).layers
    assert "Gather" in layer.reason
    assert not layer.decided.any()
