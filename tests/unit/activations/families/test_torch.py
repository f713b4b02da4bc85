"""Against PyTorch, where it is installed: values on a grid, and autograd's derivatives on and off the kinks."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", exc_type=ImportError)

from actcli import activation, catalogue  # noqa: E402 - torch may be missing

F = torch.nn.functional
PEERS = {
    "torch.Identity": torch.nn.Identity(),
    "torch.relu": F.relu,
    "torch.leaky_relu": F.leaky_relu,
    "torch.LeakyReLU:negative_slope=-0.3": torch.nn.LeakyReLU(-0.3),
    "torch.PReLU": lambda x: F.prelu(x, torch.tensor([0.25], dtype=x.dtype)),
    "torch.RReLU": torch.nn.RReLU().eval(),
    "torch.RReLU:0.2,0.4": torch.nn.RReLU(0.2, 0.4).eval(),
    "torch.relu6": F.relu6,
    "torch.Threshold:threshold=1,value=0": torch.nn.Threshold(1, 0),
    "torch.Threshold:threshold=0.25,value=-2": torch.nn.Threshold(0.25, -2.0),
    "torch.hardtanh": F.hardtanh,
    "torch.Hardtanh:min_val=-0.5,max_val=2": torch.nn.Hardtanh(-0.5, 2.0),
    "torch.hardsigmoid": F.hardsigmoid,
    "torch.hardswish": F.hardswish,
    "torch.elu": F.elu,
    "torch.ELU:alpha=0.4": torch.nn.ELU(0.4),
    "torch.selu": F.selu,
    "torch.celu": F.celu,
    "torch.exp": torch.exp,
    "torch.gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "torch.silu": F.silu,
    "torch.mish": F.mish,
    "torch.sigmoid": torch.sigmoid,
    "torch.logsigmoid": F.logsigmoid,
    "torch.tanh": torch.tanh,
    "torch.softsign": F.softsign,
    "torch.atan": torch.atan,
    "torch.softplus": F.softplus,
    "torch.Softplus:beta=2,threshold=1": torch.nn.Softplus(2, 1),
    "torch.tanhshrink": F.tanhshrink,
    "torch.softshrink": F.softshrink,
    "torch.Softshrink:lambd=2": torch.nn.Softshrink(2.0),
    "torch.hardshrink": F.hardshrink,
    "torch.Hardshrink:lambd=2": torch.nn.Hardshrink(2.0),
    "torch.sin": torch.sin,
    "torch.erf": torch.erf,
    "torch.logit": torch.logit,
    "torch.softmax": lambda x: F.softmax(x, -1),
    "torch.log_softmax": lambda x: F.log_softmax(x, -1),
    "torch.softmin": lambda x: F.softmin(x, -1),
    "torch.glu": F.glu,
}
ROWS = {"torch.softmax", "torch.log_softmax", "torch.softmin", "torch.glu"}
ELEMENTWISE = [spec for spec in PEERS if spec not in ROWS]
KINKED = [spec for spec in ELEMENTWISE if activation(spec).kinks]


def autograd(peer, x):
    """f, f', f'' as PyTorch computes them; what it says does not depend on x is 0."""
    leaf = torch.tensor(np.asarray(x), dtype=torch.float64, requires_grad=True)
    y = peer(leaf)
    (first,) = torch.autograd.grad(y.sum(), leaf, create_graph=True)
    second = torch.zeros_like(leaf)
    if first.requires_grad and peer is not F.hardsigmoid:  # whose second derivative torch does not have
        (computed,) = torch.autograd.grad(first.sum(), leaf, allow_unused=True)
        second = second if computed is None else computed
    return [t.detach().numpy() for t in (y, first, second)]


def test_every_function_that_torch_has_is_compared():
    named = {d.name for d in catalogue() if any(names.framework == "torch" for names in d.frameworks)}
    assert {activation(spec).name for spec in PEERS} - {"gelu_tanh"} == named


@pytest.mark.parametrize("spec", ELEMENTWISE)
def test_value_and_derivatives_agree_on_a_grid(spec):
    f = activation(spec)
    x = np.linspace(0.001, 0.999, 998) if f.name == "logit" else np.linspace(-6.01, 6.0, 1202)
    for kink in f.kinks:
        x = x[np.abs(x - kink.at) > 1e-9]
    value, first, second = autograd(PEERS[spec], x)
    # 1e-12 of what torch keeps: 1 − tanh² has no relative digits left where it is small
    np.testing.assert_allclose(f(x), value, rtol=1e-12, atol=1e-14)
    # its hardsigmoid takes the slope 1/6 from a float32
    rtol = 3e-8 if f.name == "hard_sigmoid" else 1e-12
    np.testing.assert_allclose(f.grad(x), first, rtol=rtol, atol=2e-13)
    np.testing.assert_allclose(f.grad(x, order=2), second, rtol=1e-12, atol=2e-13)


@pytest.mark.parametrize("spec", KINKED)
def test_the_default_at_a_kink_is_what_autograd_returns(spec):
    f = activation(spec)
    at = np.array([kink.at for kink in f.kinks])
    value, first, second = autograd(PEERS[spec], at)
    np.testing.assert_allclose(f(at), value, rtol=1e-15)
    np.testing.assert_allclose(f.grad(at), first, rtol=1e-15)
    np.testing.assert_allclose(f.grad(at, order=2), second, rtol=1e-15)


@pytest.mark.parametrize("alpha", [0.3, 2.0])
def test_celu_is_torchs_but_for_its_alpha_of_32_bits(alpha):
    f, peer = activation(f"torch.CELU:alpha={alpha}"), torch.nn.CELU(alpha)
    x = np.linspace(-5, 5, 101)
    value, first, _ = autograd(peer, x)
    np.testing.assert_allclose(f(x), value, rtol=1e-6)
    np.testing.assert_allclose(f.grad(x), first, rtol=1e-6)


@pytest.mark.parametrize("spec", ELEMENTWISE)
def test_zeros_have_torchs_sign_with_four_exceptions(spec):
    f = activation(spec)
    x = np.array([-0.0, 0.0])
    ours, theirs = f(x), autograd(PEERS[spec], x)[0]
    np.testing.assert_allclose(ours, theirs, atol=1e-16)
    if f.name in {"relu", "relu6"}:  # +0 here, as everywhere but in torch
        theirs = np.zeros(2)
    if f.name in {"hardshrink", "tanhshrink"}:  # odd functions keep the sign here
        theirs = x
    np.testing.assert_array_equal(np.signbit(ours), np.signbit(theirs))


@pytest.mark.parametrize("spec", sorted(ROWS))
def test_rows_and_their_jacobians_agree(spec):
    f, peer = activation(spec), PEERS[spec]
    x = np.random.default_rng(1).normal(size=(5, 6)) * 3
    np.testing.assert_allclose(f(x), peer(torch.tensor(x)).numpy(), rtol=1e-13)
    for row in x:
        expected = torch.autograd.functional.jacobian(peer, torch.tensor(row)).numpy()
        np.testing.assert_allclose(f.jacobian(row), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "softmin"])
def test_infinities_and_nan_do_to_a_row_what_they_do_in_torch(name):
    inf, nan = np.inf, np.nan
    rows = np.array(
        [
            [-inf, 1, 2],
            [inf, 1, 2],
            [inf, inf, 0],
            [-inf, -inf, -inf],
            [nan, 1, 2],
            [inf, -inf, 0],
            [-inf, -inf, 1],
        ]
    )
    expected = getattr(F, name)(torch.tensor(rows), -1).numpy()
    np.testing.assert_allclose(activation(name)(rows), expected, rtol=1e-15)
