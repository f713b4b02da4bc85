"""`--code jax`, run where jax is installed: under jit, grad and vmap."""

import numpy as np
import pytest
from emitted import ELEMENTWISE, NAMES, ROWS, emitted, grid, off_kinks, wrong

jax = pytest.importorskip("jax", exc_type=ImportError)

from actcli import activation  # noqa: E402 - jax may be missing

jax.config.update("jax_enable_x64", True)
jnp = jax.numpy

EXACT = 32 * 2.0**-52
"""float64: a few roundings, and those of XLA's logarithms, by the largest of 1, |x| and the result."""


@pytest.mark.parametrize("spec", ELEMENTWISE)
def test_agrees_under_jit(spec):
    x = grid(spec)
    assert wrong(jax.jit(emitted("jax", spec))(x), activation(spec)(x), x, EXACT) == []


@pytest.mark.parametrize("spec", ELEMENTWISE)
def test_gradient_under_vmap(spec):
    x = grid(spec)
    wanted = activation(spec).grad(x)
    known = np.isfinite(wanted)  # outside its domain f has no derivative, and log has one
    got = np.asarray(jax.jit(jax.vmap(jax.grad(emitted("jax", spec))))(x))
    assert x[known & ~np.isfinite(got)].tolist() == []
    known &= np.isin(x, off_kinks(spec))
    assert wrong(got[known], wanted[known], x[known], EXACT) == []


@pytest.mark.parametrize("spec", ELEMENTWISE)
def test_gradient_of_single_precision_is_finite_at_kinks_and_in_the_tails(spec):
    x = grid(spec)
    with np.errstate(over="ignore"):
        slopes, values = (y.astype(np.float32) for y in (activation(spec).grad(x), activation(spec)(x)))
    single = jnp.asarray(x, np.float32)
    f = emitted("jax", spec)
    assert jax.eval_shape(f, single).dtype == np.float32
    got = np.asarray(jax.jit(jax.vmap(jax.grad(f)))(single))
    wanted = np.isfinite(slopes) & np.isfinite(values)
    assert x[wanted & ~np.isfinite(got)].tolist() == []


@pytest.mark.parametrize("spec", [s for s in NAMES if activation(s).kinks])
def test_what_is_said_of_kinks_is_so(spec):
    f = (
        activation(f"jax.{spec}")
        if any(n.framework == "jax" for n in activation(spec).definition.frameworks)
        else None
    )
    if f is None:
        return
    at = np.array([kink.at for kink in f.kinks])
    got = jax.vmap(jax.grad(emitted("jax", spec)))(at)
    assert np.asarray(got).tolist() == pytest.approx(f.grad(at).tolist())


@pytest.mark.parametrize("spec", ELEMENTWISE)
def test_nan_stays_nan(spec):
    assert np.isnan(emitted("jax", spec)(jnp.array([jnp.nan, 1.0]))[0])


@pytest.mark.parametrize("spec", ELEMENTWISE)
def test_takes_a_number(spec):
    assert wrong([emitted("jax", spec)(0.5)], activation(spec)(np.array([0.5])), [0.5], EXACT) == []


@pytest.mark.parametrize("spec", ROWS)
def test_rows(spec):
    x = np.array([[1.0, 2.0, -3.0, 0.5], [800.0, -800.0, 0.0, 799.0], [0.1, 0.1, 0.1, 0.1]])
    f = emitted("jax", spec)
    wanted = activation(spec)(x)
    assert wrong(jax.jit(f)(x), wanted, np.zeros_like(wanted), EXACT) == []
    assert np.allclose(f(x.T, axis=0), f(x).T)
    x = np.array([1.0, 1.7, -3.0, 0.5])
    jacobian = jax.jacobian(f)(jnp.asarray(x))
    assert wrong(jacobian, activation(spec).jacobian(x), np.zeros(jacobian.shape), EXACT) == []


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("x*tanh(softplus(b*x))", "b"),
        ("leaky_relu(x, alpha=b)", "b"),
        ("tanh(b)*x + (x > b)", "b"),
        ("x if b > 0 else b*x", "b"),
        ("b if x > 1 else 2*b", "b"),
        ("snake:2", "a"),
    ],
)
def test_a_parameter_can_be_learned(spec, name):
    ours = activation(f"{spec}:{name}=0.7" if ":" not in spec else spec)
    f = emitted("jax", spec, free=(name,))
    x = np.array([-2.3, -0.4, 0.6, 3.1])
    slope = jax.jit(jax.grad(lambda value: f(x, **{name: value}).sum()))(ours.parameters[name])
    assert float(slope) == pytest.approx(ours.grad(x, wrt=name).sum(), rel=1e-12)
