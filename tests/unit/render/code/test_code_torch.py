"""`--code torch`, run where torch is installed: values, gradients by autograd, finite also where f breaks."""

import numpy as np
import pytest
from emitted import ELEMENTWISE, ROWS, emitted, grid, off_kinks, wrong

torch = pytest.importorskip("torch", exc_type=ImportError)

from actcli import activation  # noqa: E402 - torch may be missing
from actcli.activations import Parameter  # noqa: E402
from actcli.activations.define import define  # noqa: E402
from actcli.activations.resolve import register  # noqa: E402

EXACT = 8 * 2.0**-52
"""float64: a few roundings, by the largest of 1, |x| and the result."""
SINGLE_INSIDE = 2.0**-23
"""torch rounds 1/6, and alpha in celu, to float32 in the slopes of its own functions."""
ROUNDED = ("hard_sigmoid", "celu:0.4", "relu6(x)*hard_sigmoid(x)")


def gradient(f, x, **parameters):
    x = torch.tensor(x, requires_grad=True)
    y = f(x, **parameters)
    if y.requires_grad:
        y.sum().backward()
        return x.grad.numpy()
    return np.zeros(x.shape)


@pytest.mark.parametrize("spec", ELEMENTWISE)
def test_agrees(spec):
    x = grid(spec)
    assert wrong(emitted("torch", spec)(torch.tensor(x)), activation(spec)(x), x, EXACT) == []


@pytest.mark.parametrize("spec", ELEMENTWISE)
def test_gradient(spec):
    x = off_kinks(spec)
    wanted = activation(spec).grad(x)
    known = np.isfinite(wanted)  # outside its domain f has no derivative, and torch's log has one
    bound = SINGLE_INSIDE if spec in ROUNDED else EXACT
    got = gradient(emitted("torch", spec), x)
    assert wrong(got[known], wanted[known], x[known], bound) == []


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("spec", ELEMENTWISE)
def test_gradient_is_finite_at_kinks_and_in_the_tails(spec, dtype):
    x = grid(spec)
    with np.errstate(over="ignore"):
        slopes = activation(spec).grad(x).astype(str(dtype).removeprefix("torch."))
        values = activation(spec)(x).astype(slopes.dtype)
    x = torch.tensor(x, dtype=dtype, requires_grad=True)
    y = emitted("torch", spec)(x)
    assert y.dtype == dtype
    if not y.requires_grad:
        return
    y.sum().backward()
    wanted = np.isfinite(slopes) & np.isfinite(values)
    assert x.detach().numpy()[wanted & ~np.isfinite(x.grad.numpy())].tolist() == []


@pytest.mark.parametrize("spec", ELEMENTWISE)
def test_nan_stays_nan(spec):
    assert torch.isnan(emitted("torch", spec)(torch.tensor([float("nan"), 1.0]))[0])


@pytest.mark.parametrize("spec", ROWS)
def test_rows(spec):
    x = np.array([[1.0, 2.0, -3.0, 0.5], [800.0, -800.0, 0.0, 799.0], [0.1, 0.1, 0.1, 0.1]])
    f = emitted("torch", spec)
    wanted = activation(spec)(x)
    assert wrong(f(torch.tensor(x)), wanted, np.zeros_like(wanted), EXACT) == []
    assert torch.allclose(f(torch.tensor(x.T), dim=0), f(torch.tensor(x)).T)
    x = np.array([1.0, 1.7, -3.0, 0.5])
    jacobian = torch.autograd.functional.jacobian(f, torch.tensor(x)).numpy()
    assert wrong(jacobian, activation(spec).jacobian(x), np.zeros_like(jacobian), EXACT) == []


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("x*tanh(softplus(b*x))", "b"),
        ("leaky_relu(x, alpha=b)", "b"),
        ("prelu:0.3", "alpha"),
        ("leaky_relu(x,alpha=tanh(b))+elu(x,alpha=b)", "b"),
        ("tanh(b)*x + (x > b)", "b"),
        ("x if b > 0 else b*x", "b"),
        ("min(x, b) + softplus(x, beta=b)", "b"),
        ("logaddexp(b, x)", "b"),
        ("b if x > 1 else 2*b", "b"),
        ("snake:2", "a"),
    ],
)
def test_a_parameter_can_be_learned(spec, name):
    given = f"{spec}:{name}=0.7" if ":" not in spec else spec
    ours = activation(given)
    f = emitted("torch", spec, free=(name,))
    value = torch.tensor(ours.parameters[name], dtype=torch.float64, requires_grad=True)
    x = np.array([-2.3, -0.4, 0.6, 3.1])
    f(torch.tensor(x), **{name: value}).sum().backward()
    assert value.grad.item() == pytest.approx(ours.grad(x, wrt=name).sum(), rel=1e-12)


def test_a_learned_parameter_reaches_a_function_of_ones_own():
    register([define("mine", "leaky_relu(x, alpha=k)*sin(x)", (Parameter("k", 0.5),))])
    try:
        f = emitted("torch", "mine(x + 1, k=b)", free=("b",))
    finally:
        register([])
    value = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    f(torch.tensor([-2.5, 0.5], dtype=torch.float64), b=value).sum().backward()
    assert value.grad.item() == pytest.approx(-1.5 * np.sin(-1.5), rel=1e-12)
