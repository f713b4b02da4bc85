"""Networks as people build them: a transformer's encoder, and a residual network with channels last."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from architectures import DEAD, HIDDEN, LENGTH, WORDS, encoder, residual_network, rng  # noqa: E402
from onnx import TensorProto, helper  # noqa: E402


@pytest.mark.parametrize("tokens", [LENGTH, 3])
def test_an_encoder_loses_the_dead_units_of_its_dense_layers(write, prune, tokens):
    net = encoder(DEAD)
    inputs = [helper.make_tensor_value_info("x", TensorProto.INT64, ["N", "T"])]
    path = write(net.nodes, net.constants, inputs=inputs, outputs=(net.nodes[-1].output[0],))
    answer = prune(path, rng.integers(0, WORDS, (60, tokens)))
    assert answer.removed["gelu"] == DEAD
    assert answer.difference <= 2e-6 * answer.result.promise.largest
    lengths = sorted(max(dims) for dims in answer.shapes.values() if HIDDEN - len(DEAD) in dims)
    assert lengths == [HIDDEN - len(DEAD)] * 3


@pytest.mark.parametrize("size", [8, 11])
def test_a_residual_network_loses_the_dead_units_inside_its_blocks_alone(write, prune, size):
    net = residual_network()
    path = write(net.nodes, net.constants, shape=("N", "H", "W", 3), outputs=(net.nodes[-1].output[0],))
    answer = prune(path, rng.standard_normal((30, size, size, 3)).astype(np.float32))
    assert set(answer.removed["one/inner"]) >= {1, 3}
    assert set(answer.removed["two/inner"]) >= {1, 3}
    assert answer.removed["stem"] == ()
    assert answer.removed["one/sum"] == answer.removed["two/sum"] == ()
    assert "they are added to the units of another tensor" in answer.reasons[0]
    assert answer.difference <= 2e-6
