"""Against JAX, where it is installed: values on a grid, and its derivatives on and off the kinks."""

import numpy as np
import pytest

jax = pytest.importorskip("jax", exc_type=ImportError)

from actcli import activation, catalogue  # noqa: E402 - jax may be missing

jax.config.update("jax_enable_x64", True)
PEERS = {
    "jax.identity": jax.nn.identity,
    "jax.relu": jax.nn.relu,
    "jax.relu6": jax.nn.relu6,
    "jax.leaky_relu": jax.nn.leaky_relu,
    "jax.leaky_relu:negative_slope=0.2": lambda x: jax.nn.leaky_relu(x, 0.2),
    "jax.hard_tanh": jax.nn.hard_tanh,
    "jax.hard_sigmoid": jax.nn.hard_sigmoid,
    "jax.hard_swish": jax.nn.hard_swish,
    "jax.elu": jax.nn.elu,
    "jax.elu:alpha=0.4": lambda x: jax.nn.elu(x, 0.4),
    "jax.selu": jax.nn.selu,
    "jax.celu": jax.nn.celu,
    "jax.celu:alpha=0.4": lambda x: jax.nn.celu(x, 0.4),
    "jax.exp": jax.numpy.exp,
    "jax.gelu": jax.nn.gelu,
    "gelu": lambda x: jax.nn.gelu(x, approximate=False),
    "jax.silu": jax.nn.silu,
    "jax.mish": jax.nn.mish,
    "jax.sigmoid": jax.nn.sigmoid,
    "jax.log_sigmoid": jax.nn.log_sigmoid,
    "jax.tanh": jax.numpy.tanh,
    "jax.soft_sign": jax.nn.soft_sign,
    "jax.arctan": jax.numpy.arctan,
    "jax.softplus": jax.nn.softplus,
    "jax.squareplus": jax.nn.squareplus,
    "jax.squareplus:b=0": lambda x: jax.nn.squareplus(x, 0),
    "jax.squareplus:b=0.5": lambda x: jax.nn.squareplus(x, 0.5),
    "jax.sparse_plus": jax.nn.sparse_plus,
    "jax.sparse_sigmoid": jax.nn.sparse_sigmoid,
    "jax.sin": jax.numpy.sin,
    "jax.erf": jax.scipy.special.erf,
    "jax.logit": jax.scipy.special.logit,
    "jax.softmax": jax.nn.softmax,
    "jax.log_softmax": jax.nn.log_softmax,
    "jax.glu": jax.nn.glu,
}
ROWS = {"jax.softmax", "jax.log_softmax", "jax.glu"}
ELEMENTWISE = [spec for spec in PEERS if spec not in ROWS]
KINKED = [spec for spec in ELEMENTWISE if activation(spec).kinks]


def derivatives(peer, x):
    first = jax.grad(lambda x: peer(x) * 1.0)
    return [np.asarray(jax.vmap(g)(x)) for g in (peer, first, jax.grad(first))]


def test_every_function_that_jax_has_is_compared():
    named = {d.name for d in catalogue() if any(names.framework == "jax" for names in d.frameworks)}
    assert {activation(spec).name for spec in PEERS} - {"gelu"} == named


@pytest.mark.parametrize("spec", ELEMENTWISE)
def test_value_and_derivatives_agree_on_a_grid(spec):
    f = activation(spec)
    x = np.linspace(0.001, 0.999, 998) if f.name == "logit" else np.linspace(-6.01, 6.0, 1202)
    for kink in f.kinks:
        x = x[np.abs(x - kink.at) > 1e-9]
    value, first, second = derivatives(PEERS[spec], x)
    np.testing.assert_allclose(f(x), value, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(f.grad(x), first, rtol=1e-12, atol=2e-13)
    np.testing.assert_allclose(f.grad(x, order=2), second, rtol=1e-12, atol=2e-13)


@pytest.mark.parametrize("spec", KINKED)
def test_the_default_at_a_kink_is_what_jax_returns(spec):
    f = activation(spec)
    at = np.array([kink.at for kink in f.kinks])
    value, first, second = derivatives(PEERS[spec], at)
    np.testing.assert_allclose(f(at), value, rtol=1e-15)
    np.testing.assert_allclose(f.grad(at), first, rtol=1e-15)
    np.testing.assert_allclose(f.grad(at, order=2), second, rtol=1e-15)


@pytest.mark.parametrize("spec", sorted(ROWS))
def test_rows_and_their_jacobians_agree(spec):
    f, peer = activation(spec), PEERS[spec]
    x = np.random.default_rng(1).normal(size=(5, 6)) * 3
    np.testing.assert_allclose(f(x), np.asarray(peer(x)), rtol=1e-13)
    for row in x:
        np.testing.assert_allclose(
            f.jacobian(row), np.asarray(jax.jacobian(peer)(row)), rtol=1e-12, atol=1e-15
        )
