"""`--code torch --module`: trained parameters, buffers, bounds, and gradients, run where torch is installed."""

import io

import numpy as np
import pytest
from invocation import invoke, refused

from actcli import activation, catalogue

WITH_PARAMETERS = [d.name for d in catalogue() if d.parameters and not d.by_rows]
SPECS = [*WITH_PARAMETERS, "x*tanh(softplus(b*x)):b=1.5", "gelu(a*x)+leaky_relu(x,alpha=b):a=2,b=0.3"]
ROWS = ["swiglu:limit=0.6", "swiglu_oai:1.5,0.8", "swiglu_step:0.4", "silu(min(g,c))*clip(u,-c,c):c=0.7"]
X = np.array([-30.3, -5.7, -2.3, -0.4, -0.1, 0.05, 0.6, 1.3, 3.1, 6.7, 21.2])


def module(spec: str, *arguments: str):
    """The class that the code ends in, and the module that it makes."""
    pytest.importorskip("torch", exc_type=ImportError)
    names = {}
    text = invoke("info", spec, "--code", "torch", "--module", *arguments).out
    exec(compile(text, "<emitted>", "exec"), names)  # noqa: S102 - the code is what is tested
    made = [value for value in names.values() if isinstance(value, type)][-1]
    return made, made


def built(spec: str):
    return module(spec)[0]().double()


@pytest.mark.parametrize("spec", SPECS)
def test_values_and_gradients_by_parameters_are_ours(spec: str) -> None:
    net, f = built(spec), activation(spec)
    torch = pytest.importorskip("torch", exc_type=ImportError)
    state = {name.rstrip("_"): float(value) for name, value in net.state_dict().items()}
    f = activation(spec.partition(":")[0] + ":" + ",".join(f"{n}={v!r}" for n, v in state.items()))
    x = torch.tensor(X, requires_grad=True)
    y = net(x)
    np.testing.assert_allclose(y.detach().numpy(), f(X), rtol=1e-13, atol=1e-13)
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), f.grad(X), rtol=1e-12, atol=1e-12)
    for name, value in net.named_parameters():
        assert value.grad.item() == pytest.approx(f.grad(X, wrt=name).sum(), rel=1e-11, abs=1e-11), name


@pytest.mark.parametrize("spec", ROWS)
def test_gradients_by_parameters_over_rows_are_those_of_differences(spec: str) -> None:
    net = built(spec)
    torch = pytest.importorskip("torch", exc_type=ImportError)
    x = torch.tensor([[1.0, 1.7, -3.0, 0.5], [-0.2, 0.3, 2.0, -1.0]], dtype=torch.float64)
    parameters = list(net.parameters())
    assert parameters
    net(x).sum().backward()
    for value in parameters:
        with torch.no_grad():
            start = value.clone()
            value.copy_(start + 1e-6)
            above = net(x).sum()
            value.copy_(start - 1e-6)
            below = net(x).sum()
            value.copy_(start)
        assert value.grad.item() == pytest.approx(float((above - below) / 2e-6), rel=1e-6, abs=1e-8)


@pytest.mark.parametrize(
    "spec", [*SPECS, *ROWS, "topk:3", "maxout:2", "batch_topk:k=1,width=2", "torch.softplus"]
)
def test_a_state_is_saved_and_loaded(spec: str) -> None:
    torch = pytest.importorskip("torch", exc_type=ImportError)
    made, _ = module(spec)
    one, other = made(), made()
    with torch.no_grad():
        for value in one.parameters():
            value.mul_(1.25).add_(0.125)
    file = io.BytesIO()
    torch.save(one.state_dict(), file)
    file.seek(0)
    assert other.load_state_dict(torch.load(file, weights_only=True)).missing_keys == []
    x = torch.linspace(-3, 3, 12).reshape(3, 4)
    assert torch.equal(one(x), other(x))


@pytest.mark.parametrize(
    ("spec", "trained", "buffers"),
    [
        ("prelu", ["alpha"], []),
        ("torch.softplus", ["beta"], ["threshold"]),
        ("thresholded_relu", ["value"], ["theta"]),
        ("topk:3", [], ["k"]),
        ("gelu", [], []),
        ("dyt", ["alpha", "gamma", "beta"], []),
        ("swiglu", [], []),
        ("swiglu:limit=7", ["limit"], []),
        ("x*sigmoid(type*x):type=2", ["type_"], []),
        ("x*sigmoid(self*x)+super*x:self=2,super=1", ["self_", "super_"], []),
    ],
)
def test_what_a_gradient_reaches_is_trained(spec: str, trained: list[str], buffers: list[str]) -> None:
    net = built(spec)
    assert [name for name, _ in net.named_parameters()] == trained
    assert [name for name, _ in net.named_buffers()] == buffers
    for name in buffers:
        assert f"reaches {name}" in type(net).__doc__


def test_a_parameter_out_of_its_bounds_is_kept_inside_and_comes_back() -> None:
    torch = pytest.importorskip("torch", exc_type=ImportError)
    net = built("laplace")
    with torch.no_grad():
        net.sigma.fill_(-0.5)
    x = torch.tensor([-1.0, 0.2, 2.0], dtype=torch.float64)
    y = net(x)
    assert torch.isfinite(y).all()
    assert torch.equal(y.detach(), torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64))
    isrlu = built("isrlu")
    with torch.no_grad():
        isrlu.alpha.fill_(-0.5)
    isrlu(-x.abs()).sum().backward()
    assert isrlu.alpha.grad.item() == pytest.approx(
        activation("isrlu:0").grad(-x.abs().numpy(), wrt="alpha").sum()
    )
    assert "alpha is kept ≥ 0" in type(isrlu).__doc__
    assert "b must not become 0" not in type(built("pelu")).__doc__
    assert "a must not become 0" in type(built("snake")).__doc__
    assert "min < max is not enforced" in type(built("hard_tanh")).__doc__


def test_a_parameter_may_have_a_value_for_each_channel_and_train() -> None:
    torch = pytest.importorskip("torch", exc_type=ImportError)
    made, _ = module("x*sigmoid(b*x)")
    with pytest.raises(TypeError, match="b"):
        made()
    net = made(b=torch.ones(3, 1))
    x = torch.linspace(-2, 2, 30).reshape(2, 3, 5)
    wanted = x * torch.sigmoid(torch.tensor([0.5, 1.0, 1.5]).reshape(3, 1) * x)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    for _ in range(400):
        optimizer.zero_grad()
        ((net(x) - wanted) ** 2).sum().backward()
        optimizer.step()
    assert net.b.detach().flatten().tolist() == pytest.approx([0.5, 1.0, 1.5], abs=0.02)


def test_rows_take_a_dimension() -> None:
    torch = pytest.importorskip("torch", exc_type=ImportError)
    made, _ = module("swiglu:limit=0.6")
    x = torch.linspace(-3, 3, 12).reshape(3, 4)
    assert torch.equal(made(dim=0)(x.T), made()(x).T)


def test_no_attribute_of_a_module_is_overwritten() -> None:
    torch = pytest.importorskip("torch", exc_type=ImportError)
    from actcli.render.code.torch_module import _TAKEN

    own = {name for name in dir(torch.nn.Module()) if not name.startswith("_")} - {
        "smart_apply"
    }  # of transformers
    assert len(own) > 50
    assert own <= _TAKEN


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["prelu", "--module"], "--module needs --code"),
        (["prelu", "--module", "--order", "1"], "needs --code"),
        *[
            (["prelu", "--code", place, "--module"], f"use --code torch, not {place}")
            for place in ("python", "jax", "tensorflow", "latex", "c", "triton")
        ],
        (["prelu", "--code", "torch", "--module", "--module"], "--module is given twice"),
        (["prelu", "--code", "torch", "--module", "--cost"], "--cost"),
        (["prelu", "--code", "torch", "--module", "-o", "x.tex"], "writes a .py file"),
        (["nothing", "--code", "torch", "--module"], "unknown function 'nothing'"),
        (["swiglu:limit=-1", "--code", "torch", "--module"], "limit"),
    ],
)
def test_what_cannot_be_a_module_is_refused_in_one_line(arguments: list[str], said: str) -> None:
    assert said in refused("info", *arguments)
