"""Proofs about models that others trained: what onnxruntime computes lies in the bounds, and no unit proved dead fires.

Run where what requirements.txt lists is installed, or unpacked below ACTCLI_MODELS; whoever sets that wants them run.
"""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from shipped import plucked_strings  # noqa: E402
from test_shipped_models import OCR, PITCH, images, needed, raw  # noqa: E402

from actcli.analysis.deadness.firing_rule import fires  # noqa: E402
from actcli.analysis.proof.box import make_box  # noqa: E402
from actcli.analysis.proof.prove import prove  # noqa: E402
from actcli.sources.onnx import open_model  # noqa: E402
from actcli.sources.onnx.proof.read import read_network  # noqa: E402


def require_no_false_proof(path, x, reach, budget=2e8):
    """Prove over the box of x, widened by `reach`, and run points of it; return the proof."""
    model = open_model(path)
    (one,) = model.inputs
    low, high = x.min(axis=0, keepdims=True) - reach, x.max(axis=0, keepdims=True) + reach
    boxes = {one.name: make_box(low.astype(float), high.astype(float))}
    network = read_network(model, {one.name: low.shape})
    proof = prove(network.steps, boxes, network.targets, budget)
    rng = np.random.default_rng(7)
    corners = np.where(rng.random((3, *low.shape[1:])) < 0.5, low, high).astype(np.float32)
    points = np.concatenate([x, np.clip(corners, low.astype(np.float32), high.astype(np.float32))])
    bounded = [
        (watched, layer)
        for watched, layer in zip(model.watched, proof.layers, strict=True)
        if not layer.reason
    ]
    assert bounded
    for tensors in raw(path, [watched.before.tensor for watched, _ in bounded], points, 1):
        for watched, layer in bounded:
            z = np.moveaxis(tensors[watched.before.tensor], watched.before.axis, 0).reshape(layer.units, -1)
            known = np.isfinite(layer.lower)
            assert (z.min(axis=1) >= layer.lower)[known].all(), layer.name
            assert (z.max(axis=1) <= layer.upper)[known].all(), layer.name
            assert not fires(layer.rule, z[layer.proved_dead]).any()
    return proof


@pytest.mark.parametrize("reach", [0.0, 1e-3])
def test_text_direction(reach):
    path = needed(f"{OCR}/ch_ppocr_mobile_v2.0_cls_infer.onnx")
    proof = require_no_false_proof(path, images(1, 48, 192), reach)
    # every layer has bounds, and those of the first ones are narrow enough to decide some units
    assert not any(layer.reason for layer in proof.layers)
    assert sum(int(layer.decided.sum()) for layer in proof.layers) > 0


def test_text_detection():
    path = needed(f"{OCR}/ch_PP-OCRv4_det_infer.onnx")
    proof = require_no_false_proof(path, images(1, 64, 64), 1e-4)
    assert sum(int(layer.decided.sum()) for layer in proof.layers) > 0


def test_pitches_end_at_the_spectrogram():
    path = needed(PITCH)
    model = open_model(path)
    (one,) = model.inputs
    sound = plucked_strings(1, 43844).astype(float)
    network = read_network(model, {one.name: sound.shape})
    assert network.targets
    assert {target.reason.split()[0] for target in network.targets} == {"ReduceSum"}
