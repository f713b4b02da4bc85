"""A model proved and run: what onnxruntime computes lies in the bounds."""

import numpy as np

from actcli.analysis.proof.prove import prove
from actcli.sources.onnx import open_model
from actcli.sources.onnx.proof.boxes import interval_boxes
from actcli.sources.onnx.proof.read import read_network

F = np.float32


def proof_of(path, low=-1.0, high=1.0):
    model = open_model(path)
    boxes = interval_boxes(model.inputs, low, high)
    network = read_network(model, {name: box.shape for name, box in boxes.items()})
    return model, prove(network.steps, boxes, network.targets)


def require_values_inside(path, low=-1.0, high=1.0, samples=40):
    """Run the model on random points and corners; every value that a layer takes lies between its bounds."""
    model, proof = proof_of(path, low, high)
    import onnx
    import onnxruntime

    proto = onnx.load(path)
    for watched in model.watched:
        if watched.before.tensor not in {one.name for one in proto.graph.output}:
            proto.graph.output.add().name = watched.before.tensor
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(3)
    for i in range(samples):
        feed = {}
        for one in model.inputs:
            shape = (1, *one.shape[1:])
            inside = rng.uniform(low, high, shape)
            feed[one.name] = (
                np.where(rng.random(shape) < 0.5, low, high).astype(F) if i % 2 else inside.astype(F)
            )
        names = [watched.before.tensor for watched in model.watched]
        for watched, layer, z in zip(model.watched, proof.layers, session.run(names, feed), strict=True):
            assert not layer.reason, layer.reason
            values = np.moveaxis(z, watched.before.axis, 0).reshape(layer.units, -1).astype(float)
            assert (values.min(axis=1) >= layer.lower).all()
            assert (values.max(axis=1) <= layer.upper).all()
            assert np.isfinite(layer.lower).all()
    return proof
