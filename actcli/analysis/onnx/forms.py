"""The forms in which ONNX models hold activations, single operators and compositions: one table to read and write by.

A form is a tree of operators from the output back to x. When a model is read, operands of Add, Mul, Max and Min match
in both orders, and Cast, Identity, Transpose, Squeeze and the like are looked through. When a model is written, the
first tree of each `Either` is used. Operators whose reading takes more than a tree (Clip, PRelu, Gelu) are in
sources/onnx/operators.py.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class X:
    """The pre-activation: the same tensor wherever it stands in a tree."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant all of whose elements are this number, to float16's precision."""

    value: float


@dataclass(frozen=True, slots=True)
class Slot:
    """A constant number or an attribute that is a parameter of the activation."""

    name: str


@dataclass(frozen=True, slots=True)
class Op:
    """An operator, its operands and its attributes."""

    op: str
    operands: tuple["Tree", ...]
    attributes: tuple[tuple[str, Constant | Slot], ...] = ()


@dataclass(frozen=True, slots=True)
class Either:
    """One of several trees."""

    trees: tuple["Tree", ...]


Tree = X | Constant | Slot | Op | Either


@dataclass(frozen=True, slots=True)
class Form:
    """One form of an activation.

    Attributes:
        function: the activation's name here.
        tree: its operators; the parameters in it are the activation's.
        title: what reports call it: the operator, or a name for the composition.
        read: whether models are read by it.
        written: whether models are written by it.
        fixed: parameters that the tree does not hold, and the values that it computes.

    """

    function: str
    tree: Op
    title: str
    read: bool = True
    written: bool = False
    fixed: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_operator(self) -> bool:
        """Whether the form is a single operator on x."""
        return self.tree.operands == (x,)


DEFAULTS = {
    ("LeakyRelu", "alpha"): 0.01,
    ("Elu", "alpha"): 1.0,
    ("Celu", "alpha"): 1.0,
    ("Selu", "alpha"): 1.67326319217681884765625,
    ("Selu", "gamma"): 1.05070102214813232421875,
    ("HardSigmoid", "alpha"): 0.2,
    ("HardSigmoid", "beta"): 0.5,
    ("ThresholdedRelu", "alpha"): 1.0,
    ("Swish", "alpha"): 1.0,
    ("QuickGelu", "alpha"): 1.702,
}
"""The values of attributes that a node leaves out."""

x = X()


def _op(op: str, *operands: Tree | float, **attributes: str | float) -> Op:
    return Op(
        op,
        tuple(Constant(operand) if isinstance(operand, (int, float)) else operand for operand in operands),
        tuple(
            (name, Slot(value) if isinstance(value, str) else Constant(value))
            for name, value in attributes.items()
        ),
    )


def _either(*trees: Tree) -> Either:
    return Either(trees)


def _operator(function: str, op: str, *, written: bool = True, **attributes: str) -> Form:
    return Form(function, _op(op, x, **attributes), op, written=written)


def _halved(function: Op) -> tuple[Op, ...]:
    """0.5·x·(1 + function), in the orders in which exporters write it."""
    gate = _op("Add", function, 1.0)
    half_x = _either(_op("Mul", x, 0.5), _op("Div", x, 2.0))
    half_gate = _either(_op("Mul", gate, 0.5), _op("Div", gate, 2.0))
    return (
        _op("Mul", _op("Mul", x, gate), 0.5),
        _op("Mul", half_x, gate),
        _op("Mul", x, half_gate),
        _op("Div", _op("Mul", x, gate), 2.0),
        _op("Mul", x, _op("Add", _either(_op("Mul", function, 0.5), _op("Div", function, 2.0)), 0.5)),
    )


def _forms(function: str, title: str, *trees: Op) -> tuple[Form, ...]:
    """Forms of one function that are read; the first is written too."""
    return tuple(Form(function, tree, title, written=not i) for i, tree in enumerate(trees))


_RELU = _either(_op("Relu", x), _op("Max", x, 0.0), _op("Clip", x, 0.0, math.inf))
_SOFTPLUS = _either(_op("Softplus", x), _op("Log", _op("Add", _op("Exp", x), 1.0)))
_SIXTH = _either(_op("Div", x, 6.0), _op("Mul", x, 1 / 6))
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
    _op("Clip", _op("Add", _SIXTH, 0.5), 0.0, 1.0),
)
_SQUARE = _either(_op("Mul", x, x), _op("Pow", x, 2.0))
_CUBE = _either(_op("Pow", x, 3.0), _op("Mul", _SQUARE, x))
_ERF = _op("Erf", _either(_op("Mul", x, math.sqrt(0.5)), _op("Div", x, math.sqrt(2))))
_ROOT = math.sqrt(2 / math.pi)
_BENT = _op("Add", _op("Mul", _SQUARE, 0.044715), 1.0)
_TANH = _op(
    "Tanh",
    _either(
        _op("Mul", _op("Add", x, _op("Mul", _CUBE, 0.044715)), _ROOT),
        _op("Mul", _op("Mul", x, _BENT), _ROOT),
        _op("Mul", _op("Mul", x, _ROOT), _BENT),
    ),
)


def _above(bound: Tree | float) -> Either:
    """The comparison of x with a bound, true above it."""
    return _either(
        _op("Greater", x, bound),
        _op("GreaterOrEqual", x, bound),
        _op("Less", bound, x),
        _op("LessOrEqual", bound, x),
        _op("Not", _below(bound)),
    )


def _below(bound: Tree | float) -> Either:
    return _either(
        _op("Less", x, bound),
        _op("LessOrEqual", x, bound),
        _op("Greater", bound, x),
        _op("GreaterOrEqual", bound, x),
    )


_THETA, _VALUE = Slot("theta"), Slot("value")

FORMS: tuple[Form, ...] = (
    Form("hard_swish", _op("Mul", x, _GATE), "HardSwish"),
    Form("hard_swish", _op("Div", _op("Mul", x, _CLIPPED), 6.0), "HardSwish"),
    Form("hard_swish", _op("Mul", _op("Mul", x, _CLIPPED), 1 / 6), "HardSwish"),
    Form("hard_swish", _op("Mul", _SIXTH, _CLIPPED), "HardSwish"),
    Form("silu", _op("Mul", x, _op("Sigmoid", x)), "Swish", written=True, fixed={"beta": 1.0}),
    Form("silu", _op("Mul", x, _op("Sigmoid", _op("Mul", x, Slot("beta")))), "Swish", written=True),
    Form("silu", _op("Div", x, _op("Add", _op("Exp", _op("Neg", x)), 1.0)), "Swish"),
    Form(
        "quick_gelu",
        _op("Mul", x, _op("Sigmoid", _op("Mul", x, Slot("alpha")))),
        "Swish",
        read=False,  # read as silu, which it is
        written=True,
    ),
    *_forms("gelu", "Gelu", *_halved(_ERF)),
    *_forms("gelu_tanh", "Gelu (tanh)", *_halved(_TANH)),
    *_forms("mish", "Mish", _op("Mul", x, _op("Tanh", _SOFTPLUS))),
    Form("softplus", _op("Log", _op("Add", _op("Exp", x), 1.0)), "Softplus"),
    Form("log_sigmoid", _op("Log", _op("Sigmoid", x)), "LogSigmoid"),
    Form("log_sigmoid", _op("Neg", _op("Softplus", _op("Neg", x))), "LogSigmoid"),
    Form("tanhshrink", _op("Sub", x, _op("Tanh", x)), "Tanhshrink"),
    Form("softsign", _op("Div", x, _op("Add", _op("Abs", x), 1.0)), "Softsign"),
    Form("hard_sigmoid", _op("Div", _CLIPPED, 6.0), "HardSigmoid"),
    Form("hard_sigmoid", _op("Mul", _CLIPPED, 1 / 6), "HardSigmoid"),
    Form(
        "hard_sigmoid",
        _op("HardSigmoid", x, alpha=1 / 6, beta=0.5),
        "HardSigmoid",
        read=False,  # read as onnx.hard_sigmoid, with the slope that the model has
        written=True,
    ),
    *_forms("relu_squared", "Relu squared", _op("Mul", _RELU, _RELU), _op("Pow", _RELU, 2.0)),
    Form("relu6", _op("Min", _RELU, 6.0), "Relu6"),
    Form("relu6", _op("Max", _op("Min", x, 6.0), 0.0), "Relu6"),
    Form("relu6", _op("Clip", x, 0.0, 6.0), "Clip", read=False, written=True),
    Form("hard_tanh", _op("Clip", x, Slot("min"), Slot("max")), "Clip", read=False, written=True),
    Form("relu", _op("Max", x, 0.0), "Relu"),
    Form("relu", _op("Where", _above(0.0), x, 0.0), "Relu"),
    Form("relu", _op("Where", _below(0.0), 0.0, x), "Relu"),
    Form("relu", _op("Mul", x, _above(0.0)), "Relu"),
    Form("leaky_relu", _op("Where", _above(0.0), x, _op("Mul", x, Slot("alpha"))), "LeakyRelu"),
    Form("leaky_relu", _op("Where", _below(0.0), _op("Mul", x, Slot("alpha")), x), "LeakyRelu"),
    Form("leaky_relu", _op("Max", x, _op("Mul", x, Slot("alpha"))), "LeakyRelu"),
    Form("thresholded_relu", _op("Mul", x, _above(_THETA)), "JumpRelu"),
    Form("thresholded_relu", _op("Where", _above(_THETA), x, _VALUE), "ThresholdedRelu"),
    Form("thresholded_relu", _op("Where", _below(_THETA), _VALUE, x), "ThresholdedRelu"),
    Form("prelu", _op("PRelu", x, Slot("alpha")), "PRelu", read=False, written=True),
    _operator("relu", "Relu"),
    _operator("leaky_relu", "LeakyRelu", alpha="alpha"),
    _operator("elu", "Elu", alpha="alpha"),
    _operator("celu", "Celu", alpha="alpha"),
    _operator("selu", "Selu", alpha="alpha", gamma="scale"),
    _operator("sigmoid", "Sigmoid"),
    _operator("tanh", "Tanh"),
    _operator("softsign", "Softsign"),
    _operator("hard_swish", "HardSwish"),
    _operator("onnx.hard_sigmoid", "HardSigmoid", alpha="alpha", beta="beta"),
    Form(
        "softplus",
        _op("Softplus", x),
        "Softplus",
        written=True,
        fixed={"beta": 1.0, "threshold": math.inf},
    ),
    Form(
        "thresholded_relu",
        _op("ThresholdedRelu", x, alpha="theta"),
        "ThresholdedRelu",
        written=True,
        fixed={"value": 0.0},
    ),
    _operator("mish", "Mish", written=False),
    _operator("silu", "Swish", written=False, alpha="beta"),
    _operator("silu", "QuickGelu", written=False, alpha="beta"),
)
"""In the order in which they are tried; a composition before the operators that it is made of."""


def written_form(function: str, parameters: Mapping[str, float]) -> Form | None:
    """The form by which models hold an activation, by its name and parameters; None where ONNX has none."""
    forms = (form for form in FORMS if form.written and form.function == function)
    return next((form for form in forms if form.fixed.items() <= parameters.items()), None)
