"""`--code tensorflow`, run where TensorFlow is installed: in eager mode, in tf.function, and by GradientTape."""

import os

import numpy as np
import pytest
from emitted import ELEMENTWISE, ROWS, emitted, grid, off_kinks, wrong

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tf = pytest.importorskip("tensorflow", exc_type=ImportError)

from actcli import activation  # noqa: E402 - TensorFlow may be missing

EXACT = 32 * 2.0**-52
"""float64: a few roundings, by the largest of 1, |x| and the result."""


def gradient(f, x, **parameters):
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x, **parameters)
    slope = tape.gradient(y, x)
    return np.zeros(x.shape) if slope is None else slope.numpy()


@pytest.mark.parametrize("spec", ELEMENTWISE)
def test_agrees(spec):
    x = grid(spec)
    assert wrong(emitted("tensorflow", spec)(tf.constant(x)), activation(spec)(x), x, EXACT) == []


@pytest.mark.parametrize("spec", ELEMENTWISE)
def test_gradient(spec):
    x = off_kinks(spec)
    wanted = activation(spec).grad(x)
    known = np.isfinite(wanted)  # outside its domain f has no derivative, and tf's log has one
    got = gradient(emitted("tensorflow", spec), x)
    assert wrong(got[known], wanted[known], x[known], EXACT) == []


@pytest.mark.parametrize("spec", ELEMENTWISE)
def test_value_and_gradient_of_single_precision_are_finite_at_kinks_and_in_the_tails(spec):
    x = grid(spec)
    with np.errstate(over="ignore"):
        slopes, values = (y.astype(np.float32) for y in (activation(spec).grad(x), activation(spec)(x)))
    f = emitted("tensorflow", spec)
    assert f(tf.constant(x, tf.float32)).dtype == tf.float32
    got = gradient(f, x.astype(np.float32))
    wanted = np.isfinite(slopes) & np.isfinite(values)
    assert x[wanted & ~np.isfinite(got)].tolist() == []


@pytest.mark.parametrize("spec", ELEMENTWISE)
def test_nan_stays_nan(spec):
    assert np.isnan(emitted("tensorflow", spec)(tf.constant([np.nan, 1.0]))[0])


@pytest.mark.parametrize("spec", ELEMENTWISE)
def test_compiles_to_a_graph(spec):
    x, f = grid(spec), emitted("tensorflow", spec)
    made = tf.function(f, input_signature=[tf.TensorSpec([None], tf.float64)])
    assert wrong(made(tf.constant(x)), f(tf.constant(x)), x, EXACT) == []


@pytest.mark.parametrize("spec", ROWS)
def test_rows(spec):
    x = np.array([[1.0, 2.0, -3.0, 0.5], [800.0, -800.0, 0.0, 799.0], [0.1, 0.1, 0.1, 0.1]])
    f = emitted("tensorflow", spec)
    wanted = activation(spec)(x)
    assert wrong(f(tf.constant(x)), wanted, np.zeros_like(wanted), EXACT) == []
    assert np.allclose(f(tf.constant(x.T), axis=0), f(tf.constant(x)).numpy().T)
    x = tf.constant(np.array([1.0, 1.7, -3.0, 0.5]))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    jacobian = tape.jacobian(y, x)
    wanted = activation(spec).jacobian(x.numpy())
    jacobian = np.zeros(wanted.shape) if jacobian is None else jacobian.numpy()
    assert wrong(jacobian, wanted, np.zeros(wanted.shape), EXACT) == []


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("x*tanh(softplus(b*x))", "b"),
        ("leaky_relu(x, alpha=b)", "b"),
        ("tanh(b)*x + (x > b)", "b"),
        ("x if b > 0 else b*x", "b"),
        ("logaddexp(b, x)", "b"),
        ("b if x > 1 else 2*b", "b"),
        ("snake:2", "a"),
    ],
)
def test_a_parameter_can_be_learned(spec, name):
    ours = activation(f"{spec}:{name}=0.7" if ":" not in spec else spec)
    f = emitted("tensorflow", spec, free=(name,))
    x = np.array([-2.3, -0.4, 0.6, 3.1])
    value = tf.Variable(ours.parameters[name], dtype=tf.float64)
    with tf.GradientTape() as tape:
        y = f(tf.constant(x), **{name: value})
    assert float(tape.gradient(y, value)) == pytest.approx(ours.grad(x, wrt=name).sum(), rel=1e-12)
