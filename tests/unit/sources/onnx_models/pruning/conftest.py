"""What the tests of smaller models share: a network with planted dead units, pruned and run beside its like."""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from pruned_outputs import outputs  # noqa: E402

from actcli.analysis.deadness.verdict import Settings, dead_units  # noqa: E402
from actcli.sources.onnx import observe_model, open_model, recorded_inputs  # noqa: E402
from actcli.sources.onnx.pruning.prune import prune_model  # noqa: E402


@pytest.fixture
def write(write) -> Callable[..., str]:
    """Write a model as the tests of models do, with all shapes and types, which onnx.checker wants of outputs."""

    def model(*arguments, **options):
        path = write(*arguments, **options)
        onnx.save(onnx.shape_inference.infer_shapes(onnx.load(path), data_prop=True), path)
        return path

    return model


@pytest.fixture
def prune(tmp_path) -> Callable[..., SimpleNamespace]:
    """Prune a model by the samples of an array: the result, the model, and the largest difference of its outputs.

    `dead` names units beside those that are dead in these samples.
    """

    def run(path, x, dead=None, **options):
        np.save(tmp_path / "x.npy", x)
        model = open_model(path)
        inputs = recorded_inputs(model.inputs, str(tmp_path / "x.npy"))
        *_, last = observe_model(model, inputs)
        found = {name: np.flatnonzero(dead_units(s, Settings())).tolist() for name, s in last.states.items()}
        for name, units in (dead or {}).items():
            found[name] = sorted({*found[name], *units})
        found = {name: units for name, units in found.items() if units}
        data, result = prune_model(model, inputs, found, "smaller.onnx", **options)
        answer = SimpleNamespace(
            data=data,
            result=result,
            removed={layer.layer: layer.removed for layer in result.layers},
            reasons=[one.reason for layer in result.layers for one in layer.staying],
        )
        if data is not None:
            answer.proto = onnx.load_from_string(data)
            onnx.checker.check_model(answer.proto, full_check=True)
            pairs = zip(outputs(path, x), outputs(data, x), strict=True)
            answer.difference = max(float(np.abs(one - other).max()) for one, other in pairs)
            answer.shapes = {tensor.name: list(tensor.dims) for tensor in answer.proto.graph.initializer}
        return answer

    return run
