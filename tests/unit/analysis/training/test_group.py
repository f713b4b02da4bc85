"""The engine that trains: gradients against differences and PyTorch, optimizers against scalars, the first weights."""

import math
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from actcli import activation, catalogue
from actcli.analysis.training.dataset import Dataset, split
from actcli.analysis.training.group import Group
from actcli.analysis.training.hidden_layer import learned_parameters
from actcli.analysis.training.initial import draw_weights, second_moment_gain, weight_std
from actcli.analysis.training.optimizers import TrainedArray
from actcli.analysis.training.plan import OPTIMIZERS, TrainingPlan
from actcli.analysis.training.stack import parse_stack
from actcli.exits import UsageError

ELEMENTWISE = tuple(one.name for one in catalogue() if not one.by_rows)


@pytest.fixture(autouse=True)
def quiet():
    with np.errstate(all="ignore"):  # as on the threads that train
        yield


def classes(seed=0, samples=24, features=3, dtype="float64"):
    rng = np.random.default_rng(seed)
    data = split("points", rng.normal(size=(samples, features)), np.arange(samples) % 3, 0)
    return data.in_dtype(dtype)


def numbers(samples=24):
    rng = np.random.default_rng(1)
    return split("numbers", rng.normal(size=(samples, 3)), rng.normal(size=(samples, 2)), 0)


def group(spec, data, members=2, rates=None, **plan):
    plan = TrainingPlan(**{"hidden": (5, 4), "batch": 6, "dtype": "float64", "init": "lecun", **plan})
    return Group([parse_stack(spec)] * members, rates or [0.1] * members, range(members), plan, data)


def batch(one):
    places = one.batches(1)[0]
    return one.data.train_x[places], one.data.train_y[places]


def learnable(name):
    f = activation(name)
    return tuple(
        p.name for p in f.definition.parameters if p.name in f.definition.by_parameter and not p.whole
    )


def arrays(one, found):
    """Every trained array (P, ...), beside its gradient."""
    pairs = [*zip(one.weights, found.weights, strict=True), *zip(one.biases, found.biases, strict=True)]
    pairs += zip((norm.gains for norm in one.norms), found.gains, strict=True)
    for values, gradients in zip(one.learned, found.parameters, strict=True):
        pairs += [(values[name], gradients[name]) for name in gradients]
    return pairs


def along(one, array, direction, x, y, step):
    """The loss (P,) with one array moved along a direction."""
    before = array.copy()
    array += step * direction
    loss = one.gradients(x, y).loss
    array[...] = before
    return loss


def require_true_gradients(one, x, y, tolerance=2e-7):
    rng = np.random.default_rng(3)
    found = one.gradients(x, y)
    for array, gradient in arrays(one, found):
        direction = rng.normal(size=array.shape)
        change = [
            (along(one, array, direction, x, y, h) - along(one, array, direction, x, y, -h)) / (2 * h)
            for h in (1e-5, 2e-5)
        ]
        numerical = (4 * change[0] - change[1]) / 3
        exact = (gradient * direction).reshape(len(gradient), -1).sum(axis=1)
        assert np.allclose(exact, numerical, rtol=tolerance, atol=tolerance), array.shape


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_the_gradients_are_those_of_differences(name):
    f = activation(name)
    low, high = f.definition.domain
    one = group(name, classes(), learn=learnable(name), hidden=(5,) if math.isfinite(high - low) else (5, 4))
    for array in (*one.weights[:-1], *one.biases[:-1]):
        array[...] = 0.5 * array + 0.03  # away from the kinks
        if math.isfinite(high - low):
            array[...] *= 0.1
    if math.isfinite(high - low):
        one.biases[0] += (low + high) / 2
    assert set(one.learned[0]) == set(learnable(name))
    require_true_gradients(one, *batch(one))


@pytest.mark.parametrize("name", ["tanh", "swish"])
def test_the_gradients_of_the_squared_error(name):
    one = group(name, numbers(), learn=learnable(name))
    require_true_gradients(one, *batch(one))


def test_a_stack_has_a_function_a_layer():
    one = group("tanh/sin/softplus", classes(), hidden=(4, 4, 4))
    require_true_gradients(one, *batch(one))
    preactivations, activations, _ = one.forward(batch(one)[0])
    for f, z, h in zip(
        (np.tanh, np.sin, lambda v: np.logaddexp(v, 0)), preactivations, activations, strict=True
    ):
        assert np.allclose(h, f(z), rtol=1e-14)


NETWORKS = [{"batch_norm": True}, {"residual": True}, {"batch_norm": True, "residual": True}]


@pytest.mark.parametrize("parts", NETWORKS)
@pytest.mark.parametrize("spec", ["tanh", "swish", "softplus/sin/tanh", "relu"])
def test_the_gradients_with_batch_norm_and_residuals(spec, parts):
    one = group(spec, classes(), learn=("beta",) if spec == "swish" else (), hidden=(5, 5, 5), **parts)
    for norm in one.norms:
        norm.gains[...] = np.random.default_rng(4).uniform(0.5, 2, norm.gains.shape)
    for biases in one.biases:
        biases[...] = np.random.default_rng(5).normal(size=biases.shape)
    require_true_gradients(one, *batch(one))


def test_the_formulas_of_a_network_with_batch_norm_and_residuals():
    one = group("tanh", classes(), hidden=(5, 5, 5), batch_norm=True, residual=True)
    x, y = batch(one)
    before = [(norm.mean.copy(), norm.variance.copy()) for norm in one.norms]
    loss = one.gradients(x, y).loss
    for member in range(one.size):
        h = x[member]
        for layer in range(3):
            a = h @ one.weights[layer][member]
            norm, (mean, variance) = one.norms[layer], before[layer]
            assert np.allclose(norm.mean[member, 0], 0.9 * mean[member, 0] + 0.1 * a.mean(axis=0))
            assert np.allclose(
                norm.variance[member, 0], 0.9 * variance[member, 0] + 0.1 * a.var(axis=0, ddof=1)
            )
            z = (a - a.mean(axis=0)) / np.sqrt(a.var(axis=0) + 1e-5)
            h = np.tanh(z) + (h if layer else 0)
        outputs = h @ one.weights[3][member]
        own = -np.log(np.exp(outputs)[np.arange(len(h)), y[member]] / np.exp(outputs).sum(axis=1))
        assert loss[member] == pytest.approx(own.mean())


def test_inference_takes_the_running_averages():
    one = group("tanh", classes(), hidden=(5, 5), batch_norm=True, residual=True)
    for _ in range(3):
        one.step(*batch(one))
    x = one.data.test_x
    preactivations, _, outputs = one.forward(x[None])
    for member in range(one.size):
        h = x
        for layer, norm in enumerate(one.norms):
            a = h @ one.weights[layer][member]
            z = (a - norm.mean[member, 0]) / np.sqrt(norm.variance[member, 0] + 1e-5)
            z = z * norm.gains[member, 0] + one.biases[layer][member, 0]
            assert np.allclose(preactivations[layer][member], z)
            h = np.tanh(z) + (h if layer else 0)
        assert np.allclose(outputs[member], h @ one.weights[2][member] + one.biases[2][member, 0])


def test_a_batch_of_one_sample_has_finite_gradients():
    one = group("relu", classes(), batch_norm=True)
    x, y = batch(one)
    found = one.gradients(x[:, :1], y[:, :1])
    assert all(np.isfinite(gradient).all() for _, gradient in arrays(one, found))


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-9), ("float32", 1e-4)])
def test_batch_norm_is_that_of_pytorch(dtype, tolerance):
    torch = pytest.importorskip("torch")
    one = group("tanh", classes(dtype=dtype), hidden=(5, 5), batch_norm=True, residual=True, dtype=dtype)
    x, y = batch(one)
    found = one.gradients(x, y)
    for member in range(one.size):
        w = [torch.tensor(a[member], requires_grad=True) for a in one.weights]
        gains = [torch.tensor(norm.gains[member, 0], requires_grad=True) for norm in one.norms]
        h = torch.tensor(x[member])
        for layer, gain in enumerate(gains):
            z = torch.nn.functional.batch_norm(h @ w[layer], None, None, gain, training=True)
            h = torch.tanh(z) + (h if layer else 0)
        loss = torch.nn.functional.cross_entropy(h @ w[-1], torch.tensor(y[member].astype(np.int64)))
        loss.backward()
        for ours, theirs in [*zip(found.weights, w, strict=True), *zip(found.gains, gains, strict=True)]:
            assert np.abs(ours[member].squeeze() - theirs.grad.numpy().squeeze()).max() <= tolerance


PEERS = {
    "relu": "relu", "leaky_relu": "leaky_relu", "silu": "silu", "gelu": "gelu", "tanh": "tanh",
    "sigmoid": "sigmoid", "elu": "elu", "mish": "mish", "softplus": "softplus", "hard_swish": "hardswish",
}  # fmt: skip


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-9), ("float32", 1e-5)])
@pytest.mark.parametrize("name", PEERS)
def test_the_gradients_are_those_of_pytorch(name, dtype, tolerance):
    torch = pytest.importorskip("torch")
    one = group(name, classes(dtype=dtype), dtype=dtype)
    x, y = batch(one)
    found = one.gradients(x, y)
    act = getattr(torch.nn.functional, PEERS[name])
    for member in range(one.size):
        w = [torch.tensor(a[member], requires_grad=True) for a in one.weights]
        b = [torch.tensor(a[member], requires_grad=True) for a in one.biases]
        h = torch.tensor(x[member])
        for layer in range(len(w)):
            z = h @ w[layer] + b[layer]
            h = act(z) if layer < len(w) - 1 else z
        loss = torch.nn.functional.cross_entropy(h, torch.tensor(y[member].astype(np.int64)))
        loss.backward()
        assert abs(loss.item() - found.loss[member]) <= tolerance * max(1, loss.item())
        for ours, theirs in [*zip(found.weights, w, strict=True), *zip(found.biases, b, strict=True)]:
            assert np.abs(ours[member] - theirs.grad.numpy()).max() <= tolerance


def test_float32_is_close_to_float64():
    for name in ELEMENTWISE:
        if math.isfinite(activation(name).definition.domain[1]):
            continue
        fine, coarse = (group(name, classes(dtype=dtype), dtype=dtype) for dtype in ("float64", "float32"))
        for ours, theirs in zip(fine.gradients(*batch(fine)).weights, coarse.gradients(*batch(coarse)).weights,
                                strict=True):  # fmt: skip
            assert theirs.dtype == np.float32
            assert np.allclose(ours, theirs, rtol=1e-4, atol=1e-5), name


def stepped(optimizer, gradients, start=1.0, rate=0.01, decay=0.0, factors=(1.0,) * 6):
    """The value of one weight after these gradients, by the formulas of the papers."""
    value, velocity, first, second, smooth = start, 0.0, 0.0, 0.0, 0.0
    for t, (gradient, factor) in enumerate(zip(gradients, factors, strict=True), 1):
        if optimizer == "adamw":
            value *= 1 - rate * factor * decay
        else:
            gradient += decay * value  # noqa: PLW2901 - as the penalty enters
        smooth = 0.99 * smooth + 0.01 * gradient**2
        velocity = 0.9 * velocity + gradient
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        value -= (
            rate
            * factor
            * {
                "sgd": gradient,
                "momentum": velocity,
                "rmsprop": gradient / (math.sqrt(smooth) + 1e-8),
                "adam": first / (1 - 0.9**t) / (math.sqrt(second / (1 - 0.999**t)) + 1e-8),
            }[optimizer.removesuffix("w")]
        )
    return value


FACTORS = {
    "constant": [1.0] * 6,
    # 3 steps an epoch: 2 rise, the rest of 6 fall along half a cosine
    "cosine": [0.5, 1.0, *(0.5 + 0.5 * math.cos(math.pi * t / 4) for t in range(4))],
}


@pytest.mark.parametrize("schedule", FACTORS)
@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_optimizers_are_those_of_the_papers(optimizer, decay, schedule, monkeypatch):
    warmup = {"constant": 0.0, "cosine": 2 / 3}[schedule]
    one = group("tanh", classes(), rates=[0.01, 0.1], optimizer=optimizer, decay=decay, epochs=2,
                schedule=schedule, warmup=warmup)  # fmt: skip
    assert one.steps_per_epoch == len(one.batches(1)) == 3
    factors = FACTORS[schedule]
    start = one.weights[1][:, 2, 3].copy()
    bias = one.biases[0][:, 0, 1].copy()
    given = np.random.default_rng(5).normal(size=(6, 2))
    step = iter(given)

    def planted(_, __):
        size = next(step)
        return SimpleNamespace(
            loss=np.zeros(2),
            weights=[np.ones_like(w) * size[:, None, None] for w in one.weights],
            biases=[np.ones_like(b) * size[:, None, None] for b in one.biases],
            gains=[],
            parameters=[{}, {}],
        )

    monkeypatch.setattr(one, "gradients", planted)
    for expected in given:
        _, squares = one.step(None, None)
        assert np.allclose(squares[:, 1], expected**2 * one.weights[1][0].size)
    for member, rate in enumerate((0.01, 0.1)):
        wanted = stepped(optimizer, given[:, member], start[member], rate, decay, factors)
        assert one.weights[1][member, 2, 3] == pytest.approx(wanted, rel=1e-12)
        # a penalty is on weights only
        wanted = stepped(optimizer, given[:, member], bias[member], rate, factors=factors)
        assert one.biases[0][member, 0, 1] == pytest.approx(wanted, rel=1e-12, abs=1e-15)


def test_the_learning_rate_rises_and_falls():
    plan = TrainingPlan(epochs=10, warmup=2, schedule="cosine")
    factors = [plan.rate_factor(step, 5) for step in range(50)]
    assert factors[:10] == pytest.approx([0.1 * i for i in range(1, 11)])
    assert factors[10] == 1.0
    assert factors[30] == pytest.approx(0.5)
    assert all(a > b > 0 for a, b in pairwise(factors[10:]))
    assert {TrainingPlan().rate_factor(step, 5) for step in (0, 7, 99)} == {1.0}
    only = TrainingPlan(epochs=2, warmup=2)
    assert only.rate_factor(9, 5) == 1.0


def test_the_optimizers_are_those_of_pytorch():
    torch = pytest.importorskip("torch")
    for optimizer, make in {
        "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01, weight_decay=0.1),
        "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1),
    }.items():
        plan = TrainingPlan(optimizer=optimizer, decay=0.1)
        ours = TrainedArray.of(np.ones((1, 1, 3)), slice(0, 1), plan, decays=True)
        theirs = torch.nn.Parameter(torch.ones(3, dtype=torch.float64))
        stepper = make([theirs])
        for t, gradient in enumerate(np.random.default_rng(2).normal(size=(5, 3)), 1):
            theirs.grad = torch.tensor(gradient)
            stepper.step()
            ours.move(gradient[None, None].copy(), np.full((1, 1, 1), 0.01), t, plan)
        assert np.allclose(ours.value[0, 0], theirs.detach().numpy(), rtol=1e-12)


def test_a_learned_parameter_follows_its_gradient_and_stays_in_its_bounds():
    one = group("swish", classes(), learn=("beta",))
    x, y = batch(one)
    gradient = one.gradients(x, y).parameters[0]["beta"]
    one.step(x, y)
    assert np.allclose(one.learned[0]["beta"], 1 - 0.1 * gradient, rtol=1e-14)
    narrow = group("softplus", classes(), learn=("beta",))
    narrow.learned[0]["beta"][:] = -3
    narrow.activations[0].parts[0].keep_in_bounds()
    assert (narrow.learned[0]["beta"] > 0).all()


def test_what_cannot_be_learned():
    assert learned_parameters(activation("relu"), ("alpha",)) == ()
    assert [p.name for p in learned_parameters(activation("torch.leaky_relu"), ("negative_slope",))] == [
        "alpha"
    ]
    f = activation("swish")
    without = replace(f, definition=replace(f.definition, by_parameter={}))
    with pytest.raises(UsageError, match=r"learn=beta.*swish has no derivative"):
        learned_parameters(without, ("beta",))


@pytest.mark.parametrize("shape", [(40, 12), (12, 40), (20, 20)])
def test_orthogonal_weights_are_orthogonal(shape):
    w = draw_weights("orthogonal", *shape, activation("tanh"), 7, 1)
    scale = weight_std("orthogonal", *shape, activation("tanh")) ** 2 * max(shape)
    product = w.T @ w if shape[0] >= shape[1] else w @ w.T
    assert np.allclose(product, scale * np.eye(min(shape)), atol=1e-12)
    assert np.var(w) == pytest.approx(scale / max(shape), rel=0.05)


@pytest.mark.parametrize(
    ("init", "variance"),
    [
        ("he", 2 / 300),
        ("xavier", 2 / 500),
        ("lecun", 1 / 300),
        ("gain", second_moment_gain(activation("tanh")) ** 2 / 300),
    ],
)
def test_the_variance_of_the_first_weights(init, variance):
    w = draw_weights(init, 300, 200, activation("tanh"), 1, 2)
    assert abs(np.mean(w)) < 4 * math.sqrt(variance / w.size)
    assert np.var(w) == pytest.approx(variance, rel=5 * math.sqrt(2 / w.size))


def test_the_gain_keeps_the_second_moment():
    assert second_moment_gain(activation("relu")) == pytest.approx(math.sqrt(2), rel=1e-9)
    assert second_moment_gain(activation("identity")) == pytest.approx(1, rel=1e-9)


def test_each_network_has_weights_and_batches_of_its_seed_whatever_the_function():
    one, other = (group(name, classes(), members=3) for name in ("relu", "tanh"))
    assert all((a == b).all() for a, b in zip(one.weights, other.weights, strict=True))
    assert all((a == b).all() for a, b in zip(one.batches(4), other.batches(4), strict=True))
    assert not (one.weights[0][0] == one.weights[0][1]).any()
    every = np.concatenate(one.batches(4), axis=1)
    assert (np.sort(every, axis=1) == np.arange(len(one.data.train_y))).all()


def test_the_loss_of_large_outputs_is_exact():
    data = Dataset("two", np.zeros((1, 1)), np.array([1]), np.zeros((1, 1)), np.array([1]), ("a", "b"))
    loss, error = data.loss_and_error(np.array([[[800.0, 0.0]], [[0.0, 800.0]]]), np.array([[1]]))
    assert loss.tolist() == [800.0, 0.0]
    assert error.tolist() == [[[1.0, -1.0]], [[0.0, 0.0]]]
