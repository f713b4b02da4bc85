"""Models that others trained, on real pictures and on sound: the dead units are those of the raw tensors, exactly.

Run where what requirements.txt lists is installed, or unpacked below ACTCLI_MODELS; whoever sets that wants them run.
"""

from collections import Counter

import numpy as np
import pytest
from shipped import OCR, PITCH, images, needed, plucked_strings

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from actcli.analysis.deadness.unit_class import unit_classes  # noqa: E402
from actcli.sources.onnx import observe_model, open_model, recorded_inputs  # noqa: E402


def states(path, x, tmp_path, **options):
    np.save(tmp_path / "x.npy", x)
    model = open_model(path)
    assert {one.op for one in model.unobserved} <= {"Softmax"}
    inputs = recorded_inputs(model.inputs, str(tmp_path / "x.npy"))
    observation = observe_model(model, inputs, threads=2, **options)
    last = list(observation)[-1]
    assert observation.unobserved == model.unobserved
    assert last.done == last.total == len(x)
    return model, last.states


def raw(path, tensors, x, batch):
    """Tensors inside a model, as onnxruntime gives them without any of our operators, a batch at a time."""
    proto = onnx.load(path)
    del proto.graph.output[:]
    for tensor in dict.fromkeys(tensors):
        proto.graph.output.add().name = tensor
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    (wanted,) = session.get_inputs()
    for start in range(0, len(x), batch):
        yield dict(zip(names, session.run(names, {wanted.name: x[start : start + batch]}), strict=True))


def require_same_dead_units(path, x, tmp_path, batch):
    model, found = states(path, x, tmp_path, batch=batch)
    edges = {"relu": (0.0, np.inf), "hard_swish": (-3.0, np.inf)}
    fired = {}
    for tensors in raw(path, [layer.before.tensor for layer in model.watched], x, batch):
        for layer in model.watched:
            if layer.rule.kind != "relu_like":
                continue
            if layer.rule.recorded == "post":  # a product fires where it is not 0
                h = np.moveaxis(tensors[layer.before.tensor], layer.before.axis, 1)
                times = (h != 0).reshape(*h.shape[:2], -1).any(axis=2).sum(axis=0)
                fired[layer.name] = fired.get(layer.name, 0) + times
                continue
            # hard_sigmoid has its own slope: its bounds are the rule's
            low, high = edges.get(layer.rule.function) or (layer.rule.fires[0].low, layer.rule.fires[0].high)
            z = np.moveaxis(tensors[layer.before.tensor], layer.before.axis, 1)
            z = z.reshape(*z.shape[:2], -1).astype(np.float64)
            times = ((z > low) & (z < high)).any(axis=2).sum(axis=0)
            fired[layer.name] = fired.get(layer.name, 0) + times
    assert fired
    for name, times in fired.items():
        np.testing.assert_array_equal(found[name].fired, times, err_msg=name)
    return model, {name: int((times == 0).sum()) for name, times in fired.items()}


def test_text_detection(tmp_path):
    path = needed(f"{OCR}/ch_PP-OCRv4_det_infer.onnx")
    model, dead = require_same_dead_units(path, images(6, 160, 160), tmp_path, 1)
    operators = Counter(node.op_type for node in onnx.load(path).graph.node)
    found = Counter(layer.op for layer in model.layers)
    assert found["HardSwish"] == operators["Clip"] == 24
    assert found["Relu"] == operators["Relu"] == 12
    assert found["HardSigmoid"] == operators["HardSigmoid"] == 10
    assert found["Sigmoid"] == 1
    assert found["HardSigmoid product"] == 10  # channels of a convolution without activation, scaled
    assert len(model.layers) == 57
    assert 0 < sum(dead.values()) < sum(layer.units for layer in model.layers) / 2


def test_text_direction(tmp_path):
    path = needed(f"{OCR}/ch_ppocr_mobile_v2.0_cls_infer.onnx")
    model, dead = require_same_dead_units(path, images(40, 48, 192), tmp_path, 8)
    found = Counter(layer.op for layer in model.layers)
    assert found == {"HardSwish": 18, "Relu": 15, "HardSigmoid": 9}
    assert sum(dead.values()) > 0


def test_text_recognition_has_swish_behind_a_rank_that_is_not_written(tmp_path):
    path = needed(f"{OCR}/ch_PP-OCRv4_rec_infer.onnx")
    model, _ = require_same_dead_units(path, images(4, 48, 320), tmp_path, 1)
    assert Counter(layer.function for layer in model.layers)["silu"] == 7


def test_pitches_of_plucked_strings(tmp_path):
    path = needed(PITCH)
    model, _ = require_same_dead_units(path, plucked_strings(4, 43844), tmp_path, 1)
    found = Counter((layer.op, layer.units) for layer in model.layers)
    assert found == {("Relu", 8): 1, ("Relu", 32): 2, ("Sigmoid", 1): 3}


@pytest.mark.parametrize("threads", [1, 3])
def test_batches_and_threads_change_no_firing(tmp_path, threads):
    path = needed(f"{OCR}/ch_ppocr_mobile_v2.0_cls_infer.onnx")
    x = images(20, 48, 192)
    _, one = states(path, x, tmp_path, batch=8)
    np.save(tmp_path / "x.npy", x)
    model = open_model(path)
    watch = list(
        observe_model(model, recorded_inputs(model.inputs, str(tmp_path / "x.npy")), batch=8, threads=threads)
    )[-1]
    for name, state in one.items():
        np.testing.assert_array_equal(state.fired, watch.states[name].fired)
        np.testing.assert_array_equal(state.maximum, watch.states[name].maximum)


@pytest.mark.parametrize(
    ("path", "x"),
    [
        (f"{OCR}/ch_ppocr_mobile_v2.0_cls_infer.onnx", lambda: images(40, 48, 192)),
        (f"{OCR}/ch_PP-OCRv4_det_infer.onnx", lambda: images(10, 96, 96)),
        (f"{OCR}/ch_PP-OCRv4_rec_infer.onnx", lambda: images(10, 48, 160)),
        (PITCH, lambda: plucked_strings(10, 43844)),
    ],
    ids=["direction", "detection", "recognition", "pitches"],
)
def test_counting_zeros_on_few_samples_changes_no_class(tmp_path, path, x):
    x, batch = x(), 4
    _, full = states(needed(path), x, tmp_path, batch=batch)
    _, quick = states(needed(path), x, tmp_path, batch=batch, quick=0)
    assert any(state.counted is not None for state in quick.values())
    for name, state in full.items():
        np.testing.assert_array_equal(
            unit_classes(quick[name], 0.01, 0.025), unit_classes(state, 0.01, 0.025), err_msg=name
        )
        for field in ("fired", "first", "last", "minimum", "maximum", "value_minimum", "value_maximum"):
            np.testing.assert_array_equal(getattr(quick[name], field), getattr(state, field), err_msg=name)
