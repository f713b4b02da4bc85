"""Emitted code, run in a namespace of its own, and the functions that it is emitted for."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from actcli import activation, catalogue
from actcli.render.code import code_for

VARIANTS = (
    "leaky_relu:0.2",
    "prelu:-0.5",
    "torch.softplus",
    "softplus:beta=2",
    "keras.leaky_relu",
    "keras.ReLU:max_value=6,negative_slope=0.1,threshold=1",
    "onnx.Selu",
    "onnx.Clip",
    "onnx.shrink:bias=0.3",
    "celu:0.4",
    "elu:-0.5",
    "hard_tanh:-2,0.5",
    "thresholded_relu:0.5,-2",
    "silu:1.7",
    "snake:2.5",
    "squareplus:0.5",
    "softshrink:1.5",
    "laplace:mu=0,sigma=1",
)
FORMULAS = (
    "x*tanh(softplus(b*x)):b=1.5",
    "x/(1+exp(-x))",
    "max(0,x)+min(0,a*(exp(x)-1)):a=1.5",  # as PyTorch's documentation writes elu
    "sqrt(x) if x > 1 else 0.5*(x+1)",
    "x if x > 2 else (1 if x > 0 else 0.1)",
    "(x>0)*x^2",
    "(x > 1 and not x > 3 or x < -2)*x",
    "exp(x) if x < 0 else 1+sin(x)",
    "x % 3",
    "floor(x/2)*2",
    "a*(x>0) - tanh(a)*x:a=2",
    "x if b>0 else -x:b=1",
    "clip(x,-b,2):b=3",
    "clip(1,0,x)",
    "min(max(x,b),7):b=2",
    "log(1+exp(-abs(x)))",
    "0.5*x*(1+erf(x/sqrt(2)))",
    "1-tanh(x)^2",
    "b*x/cosh(x):b=2",
    "sigmoid(x)*(1-sigmoid(x))",
    "2^x",
    "x^3/(1+x^2)",
    "(1/x if x > 1 else 1) + x",
    "gelu(2*x)+mish(b*x)*leaky_relu(x,alpha=0.3):b=0.5",
    "logaddexp(x, 2*x)",
    "logaddexp(b,x):b=1",
    "softplus(x,beta=3)-log(2)/3",
    "exponential(-x*x)",
    "exp(min(x,1))",
    "clip(exp(x),0.5,2)",
    "exp(exp(x)) if x < 1 else x",
    "x if x > 5 else (exp(x) if x > -5 else 0)",
    "min(1/abs(x),2)",
    "x if x <= 1 else 7",
    "x if x >= 1 else 7",
    "x if x < 1 else 7",
    "abs(x)*sign(x)",
    "erfc(x)+normcdf(x/2)",
    "elu(x-1,alpha=b):b=0.7",
    "arctan(x)*pi + cosh(x/800)",
    "asinh(x) - asinh(2)*log2(|x|+1)*log10(|x|+3)",
    "acosh(x) if x > 1 else atanh(x/4) if x > -2 else |x|",
    "erfinv(x/(1+|x|)) if |x| < 40 else 0",
    "silu(x,beta=b):b=3",
    "leaky_relu(x,alpha=tanh(b))+elu(x,alpha=b):b=0.3",
    "leaky_relu(x,alpha=tanh(2))",
    "lambda*relu(x):lambda=2",
    "x*exp(-x^2/2)/sqrt(2*pi)",
    "relu6(x)*hard_sigmoid(x)",
    "tan(x/2) if abs(x)<3 else 0",
    "x^b if x > 0 else 0:b=0.5",
    "x^-2 if x^2 > 4 else 2^-2",
    "-x^2-(-x)^2 + (x-1)-(x-(2-x))/4",
)
ROWS = (
    *(d.name for d in catalogue() if d.by_rows),
    *("topk:3", "batch_topk:k=1,width=2", "swiglu:limit=0.6", "swiglu_oai:1.5,0.8", "swiglu_step:0.4"),
)
NAMES = tuple(d.name for d in catalogue() if not d.by_rows)
ELEMENTWISE = (*NAMES, *VARIANTS, *FORMULAS)

_HALF = (1e-3, 0.4, 1.0, 1.5, 3.0, 6.0, 9.0, 30.0, 800.0)


def emitted(place: str, spec: str, free: tuple[str, ...] = ()) -> Callable[..., Any]:
    """The function that a spec's code defines last."""
    code = code_for(place, activation(spec, free=free))
    if "from scipy" in code:
        pytest.importorskip("scipy", exc_type=ImportError)
    return run(code)


def run(code: str) -> Callable[..., Any]:
    names: dict[str, Any] = {}
    exec(compile(code, "<emitted>", "exec"), names)  # noqa: S102 - the code is what is tested
    own = [v for v in names.values() if getattr(v, "__globals__", None) is names or hasattr(v, "__wrapped__")]
    return own[-1]


def grid(spec: str) -> Any:
    """Numbers of the middle and of both tails, both zeros, and the function's kinks.

    Kinks beside 0 are left out: half of the smallest number is 0 for a framework, which the core knows better.
    """
    at = [kink.at for kink in activation(spec).kinks if not 0 < abs(kink.at) < np.finfo(np.float64).tiny]
    return np.array([*(-v for v in _HALF[::-1]), -0.0, 0.0, *_HALF, *at])


def off_kinks(spec: str) -> Any:
    x = grid(spec)
    return x[~np.isin(x, [kink.at for kink in activation(spec).kinks])]


def wrong(got: Any, wanted: Any, x: Any, relative: float) -> list[tuple[float, float, float]]:
    """Where got is further from wanted than `relative`, by the largest of 1, |x| and |wanted|."""
    got, wanted = np.asarray(got, np.float64), np.asarray(wanted, np.float64)
    assert got.shape == wanted.shape
    with np.errstate(all="ignore"):
        far = np.abs(got - wanted) > relative * np.maximum(np.maximum(1.0, np.abs(x)), np.abs(wanted))
    same = (got == wanted) | (np.isnan(got) & np.isnan(wanted))
    bad = ~same & (far | ~np.isfinite(got) | ~np.isfinite(wanted))
    return list(zip(np.asarray(x)[bad].tolist(), got[bad].tolist(), wanted[bad].tolist(), strict=True))
