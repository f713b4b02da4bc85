"""Other libraries: found where they are installed, and timed only where they compute the same function."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from actcli import activation
from actcli.exits import DataError, UsageError
from actcli.sources import peers as module
from actcli.sources.peers import peers


@pytest.fixture
def torch_peer():
    pytest.importorskip("torch")
    return peers(["torch"])[0]


@pytest.fixture
def jax_peer():
    pytest.importorskip("jax")
    return peers(["jax"])[0]


def test_an_unknown_library_is_wrong_use():
    with pytest.raises(UsageError, match="torch and jax, not 'tensorflow'"):
        peers(["tensorflow"])


@pytest.mark.parametrize("name", ["torch", "jax"])
def test_a_missing_library_names_its_package(name, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(DataError, match=f"pip install {name}"):
        peers([name])


def test_no_library():
    assert peers([]) == ()


def run_now(function, x):
    return lambda: function(x)


def prepared(functional, spec):
    """What is found of a function in a library that has only these under nn.functional."""
    library = SimpleNamespace(nn=SimpleNamespace(functional=SimpleNamespace(**functional)))
    f = activation(spec)
    ways = (run_now, lambda _, x: lambda: f.grad(x))
    return module._prepare(library, "torch", lambda x: x, ways, f, 0)


def leaky(x, slope=0.01):
    return np.where(x > 0, x, slope * x)


def fixed(x):
    return leaky(x)


def test_parameters_are_handed_on():
    run = prepared({"leaky_relu": leaky}, "leaky_relu:0.2")
    assert run(np.array([-1.0, 2.0]))().tolist() == [-0.2, 2.0]


def test_a_function_of_other_values_is_not_timed():
    assert prepared({"leaky_relu": lambda x, _=0: np.maximum(x, 0)}, "leaky_relu:0.2") is None
    assert prepared({}, "leaky_relu") is None


def test_a_function_that_overwrites_its_input_is_not_timed():
    assert prepared({"relu": lambda x: np.maximum(x, 0, out=x)}, "relu") is None


def test_a_function_that_takes_no_such_parameters_is_not_timed():
    assert prepared({"leaky_relu": fixed}, "leaky_relu:0.2") is None


@pytest.mark.parametrize(
    "spec", ["relu", "gelu", "gelu_tanh", "elu:2", "softplus:2,20", "hard_tanh:-2,2", "erf"]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_torch_computes_the_same(torch_peer, spec, dtype):
    _agrees(torch_peer, spec, dtype)


@pytest.mark.parametrize("spec", ["relu", "gelu", "gelu_tanh", "elu:2", "squareplus", "erf"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_jax_computes_the_same(jax_peer, spec, dtype):
    _agrees(jax_peer, spec, dtype)


def _agrees(peer, spec, dtype):
    f, x = activation(spec), np.linspace(-3.1, 3.3, 65).astype(dtype)
    for order, expected in enumerate((f(x), f.grad(x))):
        y = np.asarray(peer.prepare(f, order)(peer.load(x))())
        assert y.dtype == dtype
        np.testing.assert_allclose(y, expected, rtol=1e-3, atol=1e-5)


def test_a_parameter_that_torch_does_not_have(torch_peer):
    assert torch_peer.prepare(activation("silu:2"), 0) is None


def test_versions_are_short():
    assert module._short("2.13.0+cpu") == "2.13"
