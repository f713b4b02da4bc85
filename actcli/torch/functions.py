"""The activations among PyTorch's functions, and the class of each function that moves or makes units."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

NONZERO = "hard_shrink:lambd=1e-45"
"""The function of a product: what comes out is 0 or passes, as deadcheck reads it in ONNX models."""

_OURS: dict[str, tuple[str, tuple[tuple[str, str, float], ...]]] = {
    "relu": ("relu", ()),
    "relu6": ("relu6", ()),
    "leaky_relu": ("leaky_relu", (("negative_slope", "alpha", 0.01),)),
    "rrelu": ("rrelu", (("lower", "lower", 1 / 8), ("upper", "upper", 1 / 3))),
    "prelu": ("prelu", ()),
    "elu": ("elu", (("alpha", "alpha", 1.0),)),
    "celu": ("celu", (("alpha", "alpha", 1.0),)),
    "selu": ("selu", ()),
    "silu": ("silu", ()),
    "mish": ("mish", ()),
    "sigmoid": ("sigmoid", ()),
    "expit": ("sigmoid", ()),
    "special_expit": ("sigmoid", ()),
    "tanh": ("tanh", ()),
    "softplus": ("softplus", (("beta", "beta", 1.0), ("threshold", "threshold", 20.0))),
    "softsign": ("softsign", ()),
    "logsigmoid": ("log_sigmoid", ()),
    "log_sigmoid": ("log_sigmoid", ()),
    "tanhshrink": ("tanhshrink", ()),
    "softshrink": ("softshrink", (("lambd", "lambda", 0.5),)),
    "hardshrink": ("hardshrink", (("lambd", "lambda", 0.5),)),
    "hardtanh": ("hard_tanh", (("min_val", "min", -1.0), ("max_val", "max", 1.0))),
    "hardswish": ("hard_swish", ()),
    "hardsigmoid": ("hard_sigmoid", ()),
    "_threshold": ("thresholded_relu", (("threshold", "theta", math.nan), ("value", "value", 0.0))),
}
"""By the function's name in PyTorch: our name; the arguments after x with our names for them and their defaults."""

_CLAMPS = ("clamp", "clip", "clamp_min")
_SPELLINGS = {spelling: name for name in (*_OURS, "gelu", *_CLAMPS) for spelling in (name, f"{name}_")} | {
    "threshold": "_threshold",
    "threshold_": "_threshold",
}
"""Every activation's name and that of its form in place."""

PRODUCTS = frozenset({"mul", "multiply", "__mul__", "__rmul__", "__imul__", "mul_", "multiply_"})
GLU = "glu"
ROWS = frozenset({"softmax", "log_softmax", "softmin", "gumbel_softmax"})
FUSED = frozenset({"lstm", "gru", "rnn_tanh", "rnn_relu", "_transformer_encoder_layer_fwd"})
"""Functions that compute activations inside one kernel, where nothing can be watched."""
_MODULES = frozenset(
    {None, "torch", "torch.nn.functional", "torch._C._nn", "torch.special", "torch._C._special"}
)

_NO_RESULT = frozenset(
    {"__get__", "size", "dim", "numel", "is_floating_point", "stride", "__len__", "__bool__"}
)
"""Functions that compute no tensor, called between all others."""


@lru_cache(maxsize=4096)
def plain_name(function: Callable[..., Any]) -> str:
    """Return the name of a function of PyTorch or a method of its tensors; empty for any other function.

    Empty too for functions that ask a tensor for its shape and the like.
    """
    name = getattr(function, "__name__", "")
    if (
        getattr(function, "__module__", None) not in _MODULES
        or not isinstance(name, str)
        or name in _NO_RESULT
    ):
        return ""
    return name


def input_of(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Return the argument x of a function of PyTorch."""
    return args[0] if args else kwargs.get("input", kwargs.get("self"))


def in_place(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Return whether a call may overwrite its input."""
    return name.endswith("_") or bool(kwargs.get("inplace")) or any(value is True for value in args[1:])


def activation_of(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str | None:
    """Return the activation that a call computes, as `activation` takes it; None for any other call.

    `torch.clamp(x, min=0)` is relu, and relu6 with `max=6`.
    """
    name = _SPELLINGS.get(name, "")
    if not name:
        return None
    if name == "gelu":
        tanh = kwargs.get("approximate", args[1] if len(args) > 1 else "none") == "tanh"
        return "gelu_tanh" if tanh else "gelu"
    if name in _CLAMPS:
        return _clamp(name, args, kwargs)
    known = _OURS.get(name)
    if known is None:
        return None
    ours, parameters = known
    values = tuple(
        (own, args[place] if place < len(args) else kwargs.get(theirs, default), default)
        for place, (theirs, own, default) in enumerate(parameters, 1)
    )
    if not all(isinstance(value, int | float) for _, value, _ in values):
        return None
    if ours == "hard_tanh" and [value for _, value, _ in values] == [0, 6]:
        return "relu6"  # nn.ReLU6 calls F.hardtanh
    return specification(ours, values)


def _clamp(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str | None:
    low = args[1] if len(args) > 1 else kwargs.get("min")
    high = args[2] if len(args) > 2 and name != "clamp_min" else kwargs.get("max")
    if not isinstance(low, int | float) or low != 0:
        return None
    if high is None:
        return "relu"
    return "relu6" if isinstance(high, int | float) and high == 6 else None


def specification(name: str, values: Sequence[tuple[str, float, float]] = ()) -> str:
    """Return an activation's text, `leaky_relu:alpha=0.2`, without the parameters that have PyTorch's default.

    values: our name of a parameter, its value, and PyTorch's default, which is ours too; only softplus has a threshold
    in PyTorch, above which it is x to the last digit of float32.
    """
    parts = [
        f"{parameter}={value:g}" if float(f"{value:g}") == value else f"{parameter}={value!r}"
        for parameter, value, default in values
        if value != default
    ]
    return name + (":" + ",".join(parts) if parts else "")
