"""The compositions that exporters write for an activation, as a table of trees; single operators are in match.py.

A tree names operators from the output back to x. Operands of Add and Mul match in both orders, and between two
nodes Cast, Identity, Transpose, Squeeze and the like are looked through.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class X:
    """The pre-activation: the same tensor wherever it stands in a tree."""


@dataclass(frozen=True, slots=True)
class Number:
    """A constant all of whose elements are this number, to float16's precision."""

    value: float


@dataclass(frozen=True, slots=True)
class Parameter:
    """A constant of one number, which becomes a parameter of the activation."""

    name: str


@dataclass(frozen=True, slots=True)
class Op:
    """An operator on operands; `attributes` must have these values."""

    op: str
    operands: tuple["Tree", ...]
    attributes: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Either:
    """One tree or another."""

    trees: tuple["Tree", ...]


Tree = X | Number | Parameter | Op | Either


@dataclass(frozen=True, slots=True)
class Pattern:
    """A composition: what it is called, the activation's specification from its parameters, the tree."""

    name: str
    spec: Callable[[Mapping[str, float]], str]
    tree: Op


x = X()


def _op(op: str, *operands: Tree | float, **attributes: float) -> Op:
    return Op(
        op,
        tuple(Number(operand) if isinstance(operand, (int, float)) else operand for operand in operands),
        tuple(attributes.items()),
    )


def _either(*trees: Tree) -> Either:
    return Either(trees)


def _is(spec: str) -> Callable[[Mapping[str, float]], str]:
    return lambda _: spec


def number_text(value: float) -> str:
    """A parameter as it was meant: the shortest decimal that gives the same float32, else the same float64."""
    import numpy as np

    single = np.float32(value)
    return str(single) if float(single) == value or math.isinf(value) else repr(value)


_SHIFTED = _op("Add", x, 3.0)
_CLIPPED = _either(
    _op("Clip", _SHIFTED, 0.0, 6.0),
    _op("Min", _op("Max", _SHIFTED, 0.0), 6.0),
    _op("Max", _op("Min", _SHIFTED, 6.0), 0.0),
    _op("Min", _op("Relu", _SHIFTED), 6.0),
)
_GATE = _either(
    _op("Div", _CLIPPED, 6.0),
    _op("Mul", _CLIPPED, 1 / 6),
    _op("HardSigmoid", x, alpha=1 / 6, beta=0.5),
    _op("Clip", _op("Add", _either(_op("Div", x, 6.0), _op("Mul", x, 1 / 6)), 0.5), 0.0, 1.0),
)
_HARD_SWISH = (
    _op("Mul", x, _GATE),
    _op("Div", _op("Mul", x, _CLIPPED), 6.0),
    _op("Mul", _op("Mul", x, _CLIPPED), 1 / 6),
    _op("Mul", _either(_op("Div", x, 6.0), _op("Mul", x, 1 / 6)), _CLIPPED),
)

_SCALED = _op("Mul", x, Parameter("beta"))
_SWISH = (
    (_op("Mul", x, _op("Sigmoid", x)), False),
    (_op("Mul", x, _op("Sigmoid", _SCALED)), True),
    (_op("Div", x, _op("Add", _op("Exp", _op("Neg", x)), 1.0)), False),
)

_SQUARE = _either(_op("Mul", x, x), _op("Pow", x, 2.0))
_CUBE = _either(_op("Pow", x, 3.0), _op("Mul", _SQUARE, x))
_ERF = _op("Erf", _either(_op("Div", x, math.sqrt(2)), _op("Mul", x, math.sqrt(0.5))))
_TANH_INSIDE = _either(
    _op("Mul", _op("Add", x, _op("Mul", _CUBE, 0.044715)), math.sqrt(2 / math.pi)),
    _op("Mul", _op("Mul", x, _op("Add", _op("Mul", _SQUARE, 0.044715), 1.0)), math.sqrt(2 / math.pi)),
    _op("Mul", _op("Mul", x, math.sqrt(2 / math.pi)), _op("Add", _op("Mul", _SQUARE, 0.044715), 1.0)),
)


def _half(function: Op) -> tuple[Op, ...]:
    """0.5·x·(1 + function), in the orders in which it is written."""
    gate = _op("Add", function, 1.0)
    half_x = _either(_op("Mul", x, 0.5), _op("Div", x, 2.0))
    half_gate = _either(_op("Mul", gate, 0.5), _op("Div", gate, 2.0))
    return (
        _op("Mul", half_x, gate),
        _op("Mul", x, half_gate),
        _op("Mul", _op("Mul", x, gate), 0.5),
        _op("Div", _op("Mul", x, gate), 2.0),
        _op("Mul", x, _op("Add", _either(_op("Mul", function, 0.5), _op("Div", function, 2.0)), 0.5)),
    )


_SOFTPLUS = _either(_op("Softplus", x), _op("Log", _op("Add", _op("Exp", x), 1.0)))
_RELU = _either(_op("Relu", x), _op("Max", x, 0.0), _op("Clip", x, 0.0, math.inf))

TABLE: tuple[Pattern, ...] = (
    *(Pattern("HardSwish", _is("hard_swish"), tree) for tree in _HARD_SWISH),
    *(
        Pattern("Swish", _swish_spec, tree)
        for tree, scaled in _SWISH
        for _swish_spec in [(lambda found: _with("silu", "beta", found)) if scaled else _is("silu")]
    ),
    *(Pattern("Gelu", _is("gelu"), tree) for tree in _half(_ERF)),
    *(Pattern("Gelu (tanh)", _is("gelu_tanh"), tree) for tree in _half(_op("Tanh", _TANH_INSIDE))),
    Pattern("Mish", _is("mish"), _op("Mul", x, _op("Tanh", _SOFTPLUS))),
    Pattern("Softplus", _is("softplus"), _op("Log", _op("Add", _op("Exp", x), 1.0))),
    Pattern("LogSigmoid", _is("log_sigmoid"), _op("Log", _op("Sigmoid", x))),
    Pattern("LogSigmoid", _is("log_sigmoid"), _op("Neg", _op("Softplus", _op("Neg", x)))),
    Pattern("Tanhshrink", _is("tanhshrink"), _op("Sub", x, _op("Tanh", x))),
    Pattern("Softsign", _is("softsign"), _op("Div", x, _op("Add", _op("Abs", x), 1.0))),
    Pattern("HardSigmoid", _is("hard_sigmoid"), _op("Div", _CLIPPED, 6.0)),
    Pattern("HardSigmoid", _is("hard_sigmoid"), _op("Mul", _CLIPPED, 1 / 6)),
    Pattern("Relu squared", _is("relu_squared"), _op("Pow", _RELU, 2.0)),
    Pattern("Relu squared", _is("relu_squared"), _op("Mul", _RELU, _RELU)),
    Pattern("Relu6", _is("relu6"), _op("Min", _RELU, 6.0)),
    Pattern("Relu6", _is("relu6"), _op("Max", _op("Min", x, 6.0), 0.0)),
    Pattern("Relu", _is("relu"), _op("Max", x, 0.0)),
    Pattern("Relu", _is("relu"), _op("Where", _op("Greater", x, 0.0), x, 0.0)),
    Pattern(
        "LeakyRelu",
        lambda found: _with("leaky_relu", "alpha", found),
        _op("Max", x, _op("Mul", x, Parameter("alpha"))),
    ),
)


def _with(name: str, parameter: str, found: Mapping[str, float]) -> str:
    value = number_text(found[parameter])
    return name if (name, value) == ("silu", "1.0") else f"{name}:{parameter}={value}"
