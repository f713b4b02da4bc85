"""The `hf.` names are those of transformers, and mean what they compute there; so do the formulas of recent papers."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
activations = pytest.importorskip("transformers.activations")

from actcli import activation, catalogue  # noqa: E402 - only where transformers is installed

X = np.concatenate([np.linspace(-9.0, 12.0, 4201), [-1e-7, 1e-7]])
NAMES = sorted(activations.ACT2CLS)
OURS = {
    name: definition.name
    for definition in catalogue()
    for names in definition.frameworks
    if names.framework == "hf"
    for name in names.names
}
LOOSER = {"gelu_fast": 1e-9}
"""Its √(2/π) has ten digits."""


def computed_there(function, x):
    """Return value and gradient of a module or a function in float64."""
    leaf = torch.from_numpy(x.copy()).requires_grad_()
    y = function(leaf)
    (slope,) = torch.autograd.grad(y.sum(), leaf)
    return y.detach().numpy(), slope.numpy()


def test_every_name_of_act2fn_is_known_and_no_other():
    assert sorted(OURS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_name_computes_what_transformers_does(name):
    module = activations.ACT2FN[name].double() if name == "prelu" else activations.ACT2FN[name]
    value, slope = computed_there(module, X)
    f = activation(f"hf.{name}")
    near = LOOSER.get(name, 1e-11)
    np.testing.assert_allclose(f(X), value, rtol=near, atol=near)
    np.testing.assert_allclose(f.grad(X), slope, rtol=near, atol=near)


def test_the_kinks_of_xielu_are_those_of_transformers():
    module = activations.ACT2FN["xielu"]
    epsilon = module.eps.item()
    x = np.array([epsilon, 0.0])
    value, slope = computed_there(module, x)
    f = activation("hf.xielu")
    np.testing.assert_allclose(f(x), value, rtol=1e-9)
    np.testing.assert_allclose(f.grad(x), slope, rtol=1e-6)
    assert {kink.at for kink in f.kinks} == {epsilon, 0.0}


def test_the_raw_parameters_of_xielu_become_ours_as_its_note_says():
    raw = activations.XIELUActivation(alpha_p_init=0.3, alpha_n_init=1.7, beta=0.25, dtype=torch.float64)
    soft = torch.nn.functional.softplus
    alpha_p, alpha_n = soft(raw.alpha_p).item(), 0.25 + soft(raw.alpha_n).item()
    f = activation(f"xielu:{alpha_p!r},{alpha_n!r},0.25")
    value, slope = computed_there(raw, X)
    np.testing.assert_allclose(f(X), value, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(f.grad(X), slope, rtol=1e-11, atol=1e-11)


F = torch.nn.functional
PAPERS = {
    "golu": lambda x: x * torch.exp(-torch.exp(-x)),
    "telu": lambda x: x * torch.tanh(torch.exp(x)),
    "serf": lambda x: x * torch.erf(F.softplus(x, threshold=50)),
    "logish": lambda x: x * torch.log1p(torch.sigmoid(x)),
    "smish": lambda x: x * torch.tanh(torch.log1p(torch.sigmoid(x))),
    "phish": lambda x: x * torch.tanh(F.gelu(x)),
    "lisht": lambda x: x * torch.tanh(x),
    "elish": lambda x: torch.where(x >= 0, x, torch.expm1(x)) * torch.sigmoid(x),
    "hard_elish": lambda x: torch.where(x >= 0, x, torch.expm1(x)) * torch.clamp((x + 1) / 2, 0, 1),
    "acon_c:1.2,-0.3,0.7": lambda x: 1.5 * x * torch.sigmoid(0.7 * 1.5 * x) - 0.3 * x,
    "softcap:30": lambda x: 30 * torch.tanh(x / 30),
    "dyt:0.5,1.5,0.1": lambda x: 1.5 * torch.tanh(0.5 * x) + 0.1,
    "derf:0.5,0.2,1.5,0.1": lambda x: 1.5 * torch.erf(0.5 * x + 0.2) + 0.1,
    "isru:0.5": lambda x: x / torch.sqrt(1 + 0.5 * x * x),
    "isrlu:0.5": lambda x: torch.where(x >= 0, x, x / torch.sqrt(1 + 0.5 * x * x)),
    "star_relu": lambda x: 0.8944 * F.relu(x) ** 2 - 0.4472,
    "leaky_relu_squared": lambda x: F.leaky_relu(x, 0.5).square(),
    "clipped_relu": lambda x: torch.clamp(x, 0, 1),
    "squared_clipped_relu": lambda x: torch.clamp(x, 0, 1).square(),
    "pelu:1.5,0.5": lambda x: torch.where(x >= 0, 3.0 * x, 1.5 * torch.expm1(x / 0.5)),
    "shifted_softplus": lambda x: F.softplus(x, threshold=50) - np.log(2.0),
}


@pytest.mark.parametrize("spec", PAPERS)
def test_value_gradient_and_kinks_are_those_of_autograd(spec):
    f = activation(spec)
    x = np.concatenate([X, [kink.at for kink in f.kinks]])
    value, slope = computed_there(PAPERS[spec], x)
    np.testing.assert_allclose(f(x), value, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(f.grad(x), slope, rtol=1e-10, atol=1e-11)
