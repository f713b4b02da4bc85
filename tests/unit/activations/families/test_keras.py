"""Against Keras 3 on PyTorch, where both are installed: values on a grid, slopes off the kinks, defaults of layers."""

import os
from importlib.util import find_spec

import numpy as np
import pytest

if find_spec("torch") is None or find_spec("keras") is None:
    pytest.skip("Keras and PyTorch are not both installed", allow_module_level=True)
os.environ.setdefault("KERAS_BACKEND", "torch")
torch = pytest.importorskip("torch", exc_type=ImportError)
keras = pytest.importorskip("keras", exc_type=ImportError)
if keras.backend.backend() != "torch":
    pytest.skip("Keras runs on another backend here", allow_module_level=True)

from actcli import activation, catalogue  # noqa: E402 - Keras may be missing

A, L = keras.activations, keras.layers
PEERS = {
    "keras.linear": A.linear,
    "keras.relu": A.relu,
    "keras.ReLU:max_value=6,negative_slope=0.1,threshold=1": L.ReLU(6.0, 0.1, 1.0, dtype="float64"),
    "keras.ReLU": L.ReLU(dtype="float64"),
    "keras.leaky_relu": A.leaky_relu,
    "keras.LeakyReLU:negative_slope=0.3": L.LeakyReLU(0.3, dtype="float64"),
    "keras.layers.LeakyReLU": L.LeakyReLU(dtype="float64"),
    "keras.relu6": A.relu6,
    "keras.threshold:threshold=0.5,default_value=-2": lambda x: A.threshold(x, 0.5, -2.0),
    "keras.hard_tanh": A.hard_tanh,
    "keras.hard_sigmoid": A.hard_sigmoid,
    "keras.hard_swish": A.hard_swish,
    "keras.hard_silu": A.hard_silu,
    "keras.elu": A.elu,
    "keras.ELU:alpha=0.4": L.ELU(0.4, dtype="float64"),
    "keras.selu": A.selu,
    "keras.celu": A.celu,
    "keras.exponential": A.exponential,
    "keras.silu": A.silu,
    "keras.swish": A.swish,
    "keras.mish": A.mish,
    "keras.gelu": A.gelu,
    "gelu_tanh": lambda x: A.gelu(x, approximate=True),
    "keras.sigmoid": A.sigmoid,
    "keras.log_sigmoid": A.log_sigmoid,
    "keras.tanh": A.tanh,
    "keras.softsign": A.softsign,
    "keras.softplus": A.softplus,
    "keras.squareplus": A.squareplus,
    "keras.sparse_plus": A.sparse_plus,
    "keras.sparse_sigmoid": A.sparse_sigmoid,
    "keras.soft_shrink": A.soft_shrink,
    "keras.hard_shrink": A.hard_shrink,
    "keras.tanh_shrink": A.tanh_shrink,
    "keras.softmax": A.softmax,
    "keras.log_softmax": A.log_softmax,
    "keras.sparsemax": A.sparsemax,
    "keras.glu": A.glu,
}
UNLIKE = {"prelu"}
"""Of a learned parameter: the layer PReLU."""
ROWS = {"keras.softmax", "keras.log_softmax", "keras.sparsemax", "keras.glu"}
ELEMENTWISE = [spec for spec in PEERS if spec not in ROWS]


@pytest.fixture(autouse=True)
def float64():
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    yield
    keras.config.set_floatx(before)


def test_every_function_that_keras_has_is_compared():
    named = {d.name for d in catalogue() if any(names.framework == "keras" for names in d.frameworks)}
    assert {activation(spec).name for spec in PEERS} - {"gelu_tanh"} == named - UNLIKE


@pytest.mark.parametrize("spec", ELEMENTWISE)
def test_value_and_slope_agree_on_a_grid(spec):
    f = activation(spec)
    x = np.linspace(-6.01, 6.0, 1202)
    for kink in f.kinks:
        x = x[np.abs(x - kink.at) > 1e-9]
    leaf = torch.tensor(x, requires_grad=True)
    y = PEERS[spec](leaf)
    y.sum().backward()
    np.testing.assert_allclose(f(x), y.detach().numpy(), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(f.grad(x), leaf.grad.numpy(), rtol=1e-7, atol=2e-13)


@pytest.mark.parametrize("spec", sorted(ROWS - {"keras.sparsemax"}))
def test_rows_agree(spec):
    x = np.random.default_rng(1).normal(size=(5, 6)) * 3
    theirs = PEERS[spec](torch.tensor(x)).numpy()
    np.testing.assert_allclose(activation(spec)(x), theirs, rtol=1e-12, atol=1e-15)


def test_sparsemax_agrees_where_one_entry_is_left():
    """Keras 3.15 adds up the cumulative sums of the support: with two entries or more its rows do not sum to 1."""
    x = np.array([[5.0, 1.0, 0.0], [0.0, -3.0, 9.0]])
    np.testing.assert_allclose(
        activation("keras.sparsemax")(x), A.sparsemax(torch.tensor(x)).numpy(), atol=1e-15
    )
