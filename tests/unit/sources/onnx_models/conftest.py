"""What the tests of models share: a model of a few nodes, written to a file, watched to its end."""

from collections.abc import Callable

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from actcli.sources.onnx import observe_model, open_model, recorded_inputs  # noqa: E402


@pytest.fixture
def write(tmp_path) -> Callable[..., str]:
    """Write a model: nodes, constants by name, the input's shape and the output's name."""

    def model(nodes, constants=None, *, shape=("N", 3), outputs=("y",), opset=17, inputs=None, name="m.onnx"):
        arrays = [numpy_helper.from_array(np.asarray(v), k) for k, v in (constants or {}).items()]
        values = inputs or [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
        graph = helper.make_graph(
            nodes,
            "g",
            values,
            [helper.make_empty_tensor_value_info(output) for output in outputs],
            initializer=arrays,
        )
        domains = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
        proto = helper.make_model(graph, opset_imports=domains, ir_version=8)
        path = tmp_path / name
        path.write_bytes(proto.SerializeToString())
        return str(path)

    return model


@pytest.fixture
def watched(tmp_path) -> Callable[..., dict]:
    """The states of a model's layers after all samples of an array."""

    def run(path, x, **options):
        model = open_model(path)
        data = str(tmp_path / ("x.npz" if isinstance(x, dict) else "x.npy"))
        np.savez(data, **x) if isinstance(x, dict) else np.save(data, x)
        limit = options.pop("limit", None)
        states = {}
        for watch in observe_model(model, recorded_inputs(model.inputs, data, limit), **options):
            states = watch.states
        return dict(states)

    return run
