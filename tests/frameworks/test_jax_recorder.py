"""`Recorder` fed from inside jit with the real JAX, and from a Flax model that trains."""

from functools import partial

import numpy as np
import pytest

from actcli import Recorder

jax = pytest.importorskip("jax", exc_type=ImportError)
jnp = pytest.importorskip("jax.numpy", exc_type=ImportError)

WEIGHTS = np.random.default_rng(0).normal(size=(8, 16)).astype(np.float32)
X = np.random.default_rng(1).normal(size=(64, 8)).astype(np.float32)
SILENT = np.zeros(16, np.float32)
SILENT[3] = -1e3


@pytest.fixture
def recorder():
    return Recorder()


def layer_of(recorder):
    """The only layer, once JAX has made all its calls."""
    jax.effects_barrier()
    (layer,) = recorder.epoch().report.layers
    return layer


def same_as_outside(layer, repeats=1):
    """Whether the counts are those of the same activations recorded outside of jit."""
    outside = Recorder()
    for _ in range(repeats):
        outside.add("h", np.asarray(jax.jit(lambda x: jax.nn.relu(x @ WEIGHTS + SILENT))(X)))
    (other,) = outside.epoch().report.layers
    assert layer.dead_units.tolist() == other.dead_units.tolist()
    return (layer.state.fired == other.state.fired).all() and layer.samples == other.samples


def forward(recorder, x, callback=jax.debug.callback):
    h = jax.nn.relu(x @ WEIGHTS + SILENT)
    callback(partial(recorder.add, "h"), h)
    return h


def test_a_gradient_step_in_jit_counts_each_sample_once(recorder):
    step = jax.jit(jax.value_and_grad(lambda x: forward(recorder, x).sum()))
    for _ in range(3):
        step(X)
    layer = layer_of(recorder)
    assert same_as_outside(layer, 3)
    assert np.flatnonzero(layer.dead_units).tolist() == [3]


def test_an_ordered_io_callback_knows_where_each_unit_fired_last(recorder):
    from jax.experimental import io_callback

    def callback(function, values):
        io_callback(function, None, values, ordered=True)

    step = jax.jit(lambda x: forward(recorder, x, callback).sum())
    for part in np.split(X, 4):
        step(part)
    layer = layer_of(recorder)
    assert same_as_outside(layer)
    rows = np.asarray(jax.nn.relu(X @ WEIGHTS + SILENT)) > 0
    assert layer.state.last[0] == np.flatnonzero(rows[:, 0])[-1]


def test_the_body_of_a_scan_counts_each_step(recorder):
    def body(carry, x):
        return carry, forward(recorder, x).sum()

    jax.jit(lambda x: jax.lax.scan(body, 0.0, x))(X.reshape(8, 8, 8))
    assert same_as_outside(layer_of(recorder))


def test_every_tenth_step_is_recorded_by_a_condition(recorder):
    @jax.jit
    def step(x, number):
        h = jax.nn.relu(x @ WEIGHTS + SILENT)
        jax.lax.cond(
            number % 10 == 0, lambda h: jax.debug.callback(partial(recorder.add, "h"), h), lambda _: None, h
        )
        return h.sum()

    for number in range(30):
        step(X, number)
    assert layer_of(recorder).samples == 3 * 64


def test_recomputation_counts_again(recorder):
    """As the page says: shares stay, samples double."""
    jax.jit(jax.grad(lambda x: jax.checkpoint(partial(forward, recorder))(x).sum()))(X)
    assert layer_of(recorder).samples == 2 * 64


def test_under_vmap_an_example_needs_its_axis(recorder):
    def one(x):
        h = jax.nn.relu(x @ WEIGHTS + SILENT)
        jax.debug.callback(partial(recorder.add, "h"), h[None])
        return h

    jax.jit(jax.vmap(one))(X)
    assert same_as_outside(layer_of(recorder))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
def test_short_floats_are_counted_exactly(recorder, dtype):
    z = jnp.asarray(X @ WEIGHTS).astype(dtype)
    recorder.add("h", jax.nn.relu(z))
    layer = layer_of(recorder)
    exact = np.asarray(z.astype(jnp.float32))
    assert (layer.state.fired == (exact > 0).sum(axis=0)).all()
    assert (layer.state.maximum == np.maximum(exact, 0).max(axis=0)).all()


def test_a_wrong_call_inside_jit_names_the_layer(recorder, capfd):
    def run():
        jax.jit(lambda x: jax.debug.callback(partial(recorder.add, "logits"), x @ WEIGHTS))(X)
        jax.effects_barrier()

    with pytest.raises(Exception, match="layer 'logits' goes down to"):
        run()
    capfd.readouterr()


def test_a_flax_model_that_trains_in_jit_shows_at_which_epoch_its_units_die():
    nnx = pytest.importorskip("flax.nnx", exc_type=ImportError)
    optax = pytest.importorskip("optax", exc_type=ImportError)
    recorder = Recorder()

    class Network(nnx.Module):
        def __init__(self, rngs):
            self.first, self.last = nnx.Linear(8, 16, rngs=rngs), nnx.Linear(16, 1, rngs=rngs)

        def __call__(self, x):
            h = nnx.relu(self.first(x))
            jax.debug.callback(partial(recorder.add, "first"), h)
            return self.last(h)

    @nnx.jit
    def train_step(model, optimizer, x):
        loss, gradients = nnx.value_and_grad(lambda model: ((model(x) - 1) ** 2).mean())(model)
        optimizer.update(model, gradients)
        return loss

    model = Network(nnx.Rngs(0))
    optimizer = nnx.Optimizer(model, optax.sgd(1e-3), wrt=nnx.Param)
    reports = []
    for epoch in range(3):
        if epoch == 1:
            bias = np.array(model.first.bias[...])
            bias[5] = -1e3
            model.first.bias[...] = jnp.asarray(bias)
        for _ in range(4):
            train_step(model, optimizer, X)
        jax.effects_barrier()
        reports.append(recorder.epoch())
    assert [report.newly_dead for report in reports] == [0, 1, 0]
    assert np.flatnonzero(reports[-1].report.layers[0].dead_units).tolist() == [5]
    assert reports[-1].report.layers[0].samples == 4 * 64
