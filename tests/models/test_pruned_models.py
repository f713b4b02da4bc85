"""Models that others trained, without the units that are dead on pictures or sound: the answers stay the same."""

import numpy as np
import pytest
from shipped import OCR, PITCH, images, needed, plucked_strings

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
from onnx import numpy_helper  # noqa: E402

from actcli.analysis.deadness.verdict import Settings, dead_units  # noqa: E402
from actcli.sources.onnx import observe_model, open_model, recorded_inputs  # noqa: E402
from actcli.sources.onnx.pruning.prune import prune_model  # noqa: E402

MODELS = {
    "cls": (f"{OCR}/ch_ppocr_mobile_v2.0_cls_infer.onnx", lambda: images(60, 48, 192), True),
    "det": (f"{OCR}/ch_PP-OCRv4_det_infer.onnx", lambda: images(8, 96, 96), True),
    "rec": (f"{OCR}/ch_PP-OCRv4_rec_infer.onnx", lambda: images(8, 48, 96), False),
    "pitch": (PITCH, lambda: plucked_strings(2, 43844), False),
}
PLANTED = -1e4


def outputs(model, x):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})


def prune(path, x, tmp_path):
    np.save(tmp_path / "x.npy", x)
    model = open_model(path)
    inputs = recorded_inputs(model.inputs, str(tmp_path / "x.npy"))
    *_, last = observe_model(model, inputs, threads=2)
    dead = {name: np.flatnonzero(dead_units(s, Settings())).tolist() for name, s in last.states.items()}
    return prune_model(model, inputs, {name: u for name, u in dead.items() if u}, "s.onnx", threads=2)


def require_same_answers(path, data, result, x):
    smaller = onnx.load_from_string(data)
    onnx.checker.check_model(smaller, full_check=True)
    assert result.after.parameters < result.before.parameters
    for old, new in zip(outputs(path, x), outputs(data, x), strict=True):
        assert np.abs(old - new).max() <= 1e-5 * max(1.0, np.abs(old).max())


@pytest.mark.parametrize("name", MODELS)
def test_a_real_model_without_its_dead_units_gives_the_same_answers(name, tmp_path):
    package, make, has_dead = MODELS[name]
    path, x = needed(package), make()
    data, result = prune(path, x, tmp_path)
    assert all(
        len(set(layer.removed)) + sum(len(s.units) for s in layer.staying) == layer.dead
        for layer in result.layers
    )
    assert all(one.reason for layer in result.layers for one in layer.staying)
    assert (data is not None) >= has_dead
    if data is not None:
        require_same_answers(path, data, result, x)


def bias_of(proto, tensor):
    """The stored bias that was added last to a tensor: of a Conv, a BatchNormalization or an Add; None for none."""
    makers = {output: node for node in proto.graph.node for output in node.output}
    stored = {one.name: one for one in proto.graph.initializer}
    stored |= {n.output[0]: n.attribute[0].t for n in proto.graph.node if n.op_type == "Constant"}
    node = makers.get(tensor)
    if node is None or node.op_type not in {"Conv", "BatchNormalization", "Add"}:
        return None
    for name in node.input[1:] if node.op_type == "Add" else node.input[2:3]:
        behind_reshape = name not in stored and name in makers
        own = stored.get(makers[name].input[0] if behind_reshape else name)
        if own is not None and own.dims:
            return own
    return None


@pytest.mark.parametrize("name", ["cls", "det", "pitch"])
def test_units_that_are_planted_in_a_real_model_are_removed_or_stay_with_a_reason(name, tmp_path):
    package, make, _ = MODELS[name]
    proto, x = onnx.load(needed(package)), make()[:8]
    planted = 0
    for relu in [node for node in proto.graph.node if node.op_type == "Relu"]:
        stored = bias_of(proto, relu.input[0])
        if stored is not None:
            bias = numpy_helper.to_array(stored).copy()
            bias.reshape(-1)[0] = PLANTED
            stored.CopyFrom(numpy_helper.from_array(bias, stored.name))
            planted += 1
    path = str(tmp_path / "planted.onnx")
    onnx.save(proto, path)
    data, result = prune(path, x, tmp_path)
    assert planted
    assert data is not None
    fates = [(0 in layer.removed, [one.reason for one in layer.staying]) for layer in result.layers]
    assert sum(gone for gone, _ in fates) >= planted // 2
    assert all(gone or reasons for gone, reasons in fates)
    require_same_answers(path, data, result, x)
