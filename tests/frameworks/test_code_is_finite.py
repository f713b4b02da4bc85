"""Code for frameworks: in float32 finite wherever the true value and gradient are, or a comment says where not."""

import importlib.util
import re

import numpy as np
import pytest

from actcli import activation, catalogue
from actcli.render.code import code_for

FORMULAS = (
    "x*exp(-x)", "exp(-x^2)", "x/(1+x^2)", "x/sqrt(1+x^2)", "1/(1+exp(x)^2)", "sqrt(1+x^2)-1", "log(1+exp(x))",
    "exp(x)/(1+exp(x))", "x^2*exp(-abs(x))", "tanh(x^3)", "1/cosh(x)", "x*sin(1/x)", "sinh(x)/cosh(x)",
    "(exp(x)-exp(-x))/(exp(x)+exp(-x))", "x/(1+abs(x)^3)", "log(cosh(x))", "x*tanh(softplus(b*x)):b=1.5",
    "x/(1+exp(-x))", "max(0,x)+min(0,a*(exp(x)-1)):a=1.5", "sqrt(x) if x > 1 else 0.5*(x+1)", "relu(x)^2",
    "x if x > 2 else (1 if x > 0 else 0.1)", "exp(x) if x < 0 else 1+sin(x)", "floor(x/2)*2", "x % 3",
    "a*(x>0) - tanh(a)*x:a=2", "clip(x,-b,2):b=3", "log(1+exp(-abs(x)))", "0.5*x*(1+erf(x/sqrt(2)))", "1-tanh(x)^2",
    "b*x/cosh(x):b=2", "sigmoid(x)*(1-sigmoid(x))", "2^x", "x^3/(1+x^2)", "(1/x if x > 1 else 1) + x",
    "logaddexp(x, 2*x)", "softplus(x,beta=3)-log(2)/3", "exponential(-x*x)", "exp(min(x,1))", "clip(exp(x),0.5,2)",
    "x if x > 5 else (exp(x) if x > -5 else 0)", "min(1/abs(x),2)", "abs(x)*sign(x)", "erfc(x)+normcdf(x/2)",
    "elu(x-1,alpha=b):b=0.7", "arctan(x)*pi", "silu(x,beta=b):b=3", "x*exp(-x^2/2)/sqrt(2*pi)",
    "relu6(x)*hard_sigmoid(x)", "tan(x/2) if abs(x)<3 else 0", "x^b if x > 0 else 0:b=0.5", "x*tanh(exp(x))",
    "exp(-exp(-x))", "tanh(exp(x))*x", "x*sigmoid(x)^2", "log(1/(1+exp(-x)))", "asinh(x)", "x/(1+abs(x))",
    "erf(exp(x))", "x*arctan(x)", "(x+sqrt(x^2+4))/2", "sinh(x)", "1/x", "log(x)", "x^5-x", "softsign(x)*sin(x)",
)  # fmt: skip
SPECS = (*(d.name for d in catalogue() if not d.by_rows), *FORMULAS)
SIZES = np.concatenate(
    [
        np.arange(88.0, 105.0),
        [1e4, 1e10, 1e18, 1e20, 1e30, 3e38, 0.5, 1, 1.5, 3, 20, 1e-3, 1e-30, 1e-38, 1e-41, 1e-45],
    ]
)
PLACES = ["torch", "jax", *(["tensorflow"] if importlib.util.find_spec("tensorflow") else [])]
"""TensorFlow is not installed for a usual run of the tests."""
INSIDE = {
    "jax": {"phish": 1e19, "lisht": 1e19, "x*arctan(x)": 1e19, "x*sigmoid(x)^2": 1e38},
    "torch": {"x*sigmoid(x)^2": 1e38, "sinh(x)": 88.5},
    "tensorflow": {"phish": 1e19, "x*sigmoid(x)^2": 1e38},
}
"""The frameworks multiply by x before the slope of the inner function vanishes, and torch.sinh overflows early."""
NORMAL = float(np.finfo(np.float32).tiny)


def numbers(f, place):
    kinks = np.array([kink.at for kink in f.kinks])
    x = np.concatenate([SIZES, -SIZES, [0.0], kinks[np.abs(kinks) < 1e38]]).astype(np.float32)
    # XLA rounds smaller numbers to 0 on CPU
    return np.unique(x if place == "torch" else x[(np.abs(x) >= 2 * NORMAL) | (x == 0)])


def run(code):
    names = {}
    exec(compile(code, "<emitted>", "exec"), names)  # noqa: S102 - the code is what is tested
    own = [v for v in names.values() if getattr(v, "__globals__", None) is names or hasattr(v, "__wrapped__")]
    return own[-1]


def in_torch(f, x):
    torch = pytest.importorskip("torch", exc_type=ImportError)
    x = torch.tensor(x, requires_grad=True)
    y = f(x)
    if not y.requires_grad:
        return y.numpy(), np.zeros(x.shape)
    y.sum().backward()
    return y.detach().numpy(), x.grad.numpy()


def in_jax(f, x):
    jax = pytest.importorskip("jax", exc_type=ImportError)
    x = jax.numpy.asarray(x)
    return np.asarray(jax.jit(f)(x)), np.asarray(jax.jit(jax.vmap(jax.grad(f)))(x))


def in_tensorflow(f, x):
    tf = pytest.importorskip("tensorflow", exc_type=ImportError)
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    slope = tape.gradient(y, x)
    return y.numpy(), np.zeros(x.shape) if slope is None else slope.numpy()


RUN = {"torch": in_torch, "jax": in_jax, "tensorflow": in_tensorflow}


def said(code, x):
    """Return at which x a comment says that the code may fail."""
    about = np.zeros(x.shape, bool)
    for line in re.findall(r"may be inf or NaN at (.*)", code):
        for size, sign, bound in re.findall(r"(\|?x\|?) ([<>]) ([-+.\de]+)", line):
            where = np.abs(x) if "|" in size else x
            about |= where < float(bound) if sign == "<" else where > float(bound)
        about |= (np.abs(x) > 1e37) & ("beta*x" in line)
    return about


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("spec", SPECS)
def test_value_and_gradient_are_finite_where_the_true_ones_are(spec, place):
    pytest.importorskip(place, exc_type=ImportError)
    f = activation(spec)
    x = numbers(f, place)
    with np.errstate(all="ignore"):
        true = [y.astype(np.float32) for y in (f(x.astype(np.float64)), f.grad(x.astype(np.float64)))]
    wanted = np.isfinite(true[0]) & np.isfinite(true[1])
    code = code_for(place, f)
    got = RUN[place](run(code), x)
    wanted &= ~said(code, x)
    wanted &= np.abs(x) < INSIDE.get(place, {}).get(spec, np.inf)
    assert x[wanted & ~(np.isfinite(got[0]) & np.isfinite(got[1]))].tolist() == []
    off = wanted & (np.abs(x) > NORMAL) & ~np.isin(x, np.array([k.at for k in f.kinks]).astype(np.float32))
    with np.errstate(all="ignore"):
        apart = np.abs(got[0] - true[0]) / np.maximum(1, np.maximum(np.abs(x), np.abs(true[0])))
    assert x[off & (apart > 1e-5)].tolist() == []
