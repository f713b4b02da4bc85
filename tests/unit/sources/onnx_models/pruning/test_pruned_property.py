"""Random networks: whatever is removed, the answers stay the same, on the data and on images of other sizes."""

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from planted_networks import PlantedNetwork
from pruned_outputs import outputs

NETWORKS = 24


@pytest.mark.parametrize("seed", range(NETWORKS))
def test_the_answers_of_a_random_network_stay_the_same(write, prune, seed):
    net = PlantedNetwork(seed)
    path = write(net.nodes, net.constants, shape=("N", 3, "H", "W"), outputs=net.outputs, opset=20)
    x = net.rng.standard_normal((30, 3, 9, 9)).astype(np.float32)
    answer = prune(path, x)
    assert all(answer.reasons)
    if answer.data is None:
        assert not any(answer.removed.values())
        return
    # on other sizes too, with images that wake nothing: the first ones, cut
    for images in (x, x[:5, :, :7, :8]):
        for old, new in zip(outputs(path, images), outputs(answer.data, images), strict=True):
            assert old.shape == new.shape
            assert np.abs(old - new).max() <= 2e-5 * max(1.0, np.abs(old).max())
