"""The words of the formula language: its own functions and how they are computed, its constants."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from actcli.activations.families.erf_inverse import erfinv
from actcli.activations.families.normal import erf, erfc, normal_cdf
from actcli.activations.names import normalise

Compute = Callable[..., Any]
"""A ufunc (or np.clip), which takes floats and `out=`, or a kernel of the core, which takes an array alone."""


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the language: its name, its number of arguments, what computes it, and its other names."""

    name: str
    arity: int
    compute: Compute
    aliases: tuple[str, ...] = ()
    variadic: bool = False


FUNCTIONS = (
    Function("abs", 1, np.absolute, ("absolute",)),
    Function("sign", 1, np.sign, ("sgn",)),
    Function("floor", 1, np.floor),
    Function("exp", 1, np.exp),
    Function("expm1", 1, np.expm1),
    Function("log", 1, np.log, ("ln",)),
    Function("log1p", 1, np.log1p),
    Function("log2", 1, np.log2),
    Function("log10", 1, np.log10),
    Function("sqrt", 1, np.sqrt),
    Function("cbrt", 1, np.cbrt),
    Function("sin", 1, np.sin),
    Function("cos", 1, np.cos),
    Function("tan", 1, np.tan),
    Function("sinh", 1, np.sinh),
    Function("cosh", 1, np.cosh),
    Function("tanh", 1, np.tanh),
    Function("arctan", 1, np.arctan, ("atan",)),
    Function("asinh", 1, np.arcsinh, ("arcsinh", "arsinh")),
    Function("acosh", 1, np.arccosh, ("arccosh", "arcosh")),
    Function("atanh", 1, np.arctanh, ("arctanh", "artanh")),
    Function("erf", 1, erf),
    Function("erfc", 1, erfc),
    Function("erfinv", 1, erfinv, ("erf_inv",)),
    Function("normcdf", 1, normal_cdf, ("ndtr",)),
    Function("min", 2, np.minimum, ("minimum",), variadic=True),
    Function("max", 2, np.maximum, ("maximum",), variadic=True),
    Function("logaddexp", 2, np.logaddexp),
    Function("clip", 3, np.clip, ("clamp",)),
    Function("plain", 1, np.positive),
)
"""`clip(u, low, high)` has slope 1 at its bounds, as torch.clamp; `plain(u)` is u, computed as it is written."""

BY_NAME = {name: function for function in FUNCTIONS for name in (function.name, *function.aliases)}

CONSTANTS = {"pi": np.pi, "e": np.e}

WORDS = ("if", "else", "and", "or", "not")

INSTEAD = {
    "exp2": "2^x",
    "pow": "a^b",
    "power": "a^b",
    "square": "x^2",
    "rsqrt": "1/sqrt(x)",
    "reciprocal": "1/x",
    "sec": "1/cos(x)",
    "csc": "1/sin(x)",
    "cot": "1/tan(x)",
    "sech": "1/cosh(x)",
    "csch": "1/sinh(x)",
    "coth": "1/tanh(x)",
    "sinc": "sin(x)/x",
    "ceil": "-floor(-x)",
    "round": "floor(x + 0.5)",
    "trunc": "sign(x)*floor(abs(x))",
    "erfcx": "exp(x^2)*erfc(x)",
    "erfcinv": "erfinv(1 - x)",
    "probit": "sqrt(2)*erfinv(2*x - 1)",
    "normpdf": "exp(-x^2/2)/sqrt(2*pi)",
}
"""Functions that other languages have, and how to write them here."""

LETTER_FUNCTIONS = {"σ": "sigmoid", "Φ": "normcdf"}
"""A paper's letters for functions, where a bracket follows."""


@cache
def reserved_names() -> frozenset[str]:
    """Return the names, normalised, that mean something in every formula: no function can be defined under them."""
    return frozenset(normalise(name) for name in ("x", *CONSTANTS, *WORDS, "where", *BY_NAME))
