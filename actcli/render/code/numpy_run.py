"""The NumPy code of a function, run without its text, in the type of x, and how far it is from the function.

The emitted text is not executed. The same tree is walked, with the same functions in the same order; a test compares
the bits with those of the text.
"""

import importlib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation, Definition
from actcli.activations.formula.compile import constant_parts
from actcli.activations.formula.tree import (
    Binary,
    Call,
    Catalogued,
    Compare,
    Conditional,
    Free,
    Logic,
    Negative,
    Node,
    Not,
    Number,
    Variable,
    contains_x,
    walk,
)
from actcli.analysis.card.landmarks import zeros
from actcli.analysis.number_types import numpy_type
from actcli.analysis.precision.ulp import Rules, judge
from actcli.dataclass import dataclass
from actcli.exits import DataError
from actcli.render.code.lowering import (
    MATH,
    all_parameters,
    depends_on_calls,
    expression,
    inline,
    lower,
    substitute,
)
from actcli.render.code.numpy import NUMPY

USUAL = 8.0
"""The code's error is told for |x| up to it, and everywhere."""
POINTS = 4096
_TAILS = (40.0, 800.0)
_BESIDE = 16
_SEED = 1
_MODULES = {"np": "numpy", "special": "scipy.special"}
_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "%": lambda a, b: a % b,
    "^": lambda a, b: a**b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
}


@dataclass(frozen=True, slots=True)
class CodeError:
    """The largest distances of the code's results from the true ones, in ULP of the type, and where.

    Attributes:
        usual, usual_at: for |x| up to USUAL.
        largest, largest_at: for numbers of all sizes, and beside kinks and zeros; inf where it gives NaN or inf
            although the function is finite.

    """

    usual: float
    usual_at: float
    largest: float
    largest_at: float


def code_errors(f: Activation) -> dict[str, CodeError]:
    """Return the measured errors of the NumPy code in float64 and float32.

    Raises DataError where the code needs SciPy, and there is none.
    """
    return {kind: _measure(f, np.dtype(kind)) for kind in ("float64", "float32")}


def run_numpy_code(f: Activation, x: NDArray[Any]) -> NDArray[Any]:
    """Return what the emitted NumPy code gives for x, float32 or float64, bit for bit."""
    with np.errstate(all="ignore"):
        return np.asarray(_run(f.definition, f.parameters, x), x.dtype)


def _measure(f: Activation, dtype: np.dtype[Any]) -> CodeError:
    unit = numpy_type(dtype)
    random = np.random.default_rng(_SEED)
    usual = random.uniform(-USUAL, USUAL, POINTS)
    tails = random.uniform(-1, 1, POINTS) * np.where(np.arange(POINTS) % 2, *_TAILS)
    smallest = unit.smallest_exponent - unit.digits
    sizes = np.ldexp(random.uniform(-2, 2, POINTS), random.integers(smallest, unit.largest_exponent, POINTS))
    special = np.array([0.0, *(kink.at for kink in f.kinks), *zeros(f)])
    places = np.add.outer(np.arange(-_BESIDE, _BESIDE + 1), unit.place(unit.round(special))).ravel()
    beside = unit.at(np.clip(places, 1 - unit.count, unit.count - 1))
    x = np.concatenate([usual, tails, sizes, beside]).astype(dtype)
    theirs, exact = run_numpy_code(f, x).astype(np.float64), f(x.astype(np.float64))
    with np.errstate(all="ignore"):
        errors = judge(theirs, exact, Rules(unit, ignore_zero_sign=True)).errors
    first, worst = int(np.argmax(errors[:POINTS])), int(np.argmax(errors))
    return CodeError(float(errors[first]), float(x[first]), float(errors[worst]), float(x[worst]))


def _run(definition: Definition, values: Mapping[str, Any], x: Any) -> Any:
    x = np.asarray(x) * 1.0
    if definition.name == "sigmoid":  # written by hand
        e = np.exp(-np.abs(x))
        return np.where(x < 0, e, 1) / (1 + e)
    off = {name: Number(v) for name, v in values.items() if isinstance(v, float) and math.isinf(v)}
    tree = lower(
        inline(substitute(expression(definition), off), lambda node: node.definition.name in NUMPY.bodies),
        gradients=False,
    )
    arrays = {*depends_on_calls(tree)}
    values = {name: np.asarray(v, dtype=x.dtype) if name in arrays else v for name, v in values.items()}
    return _Operations(x, values).of(tree)


class _Operations:
    """Runs a tree for an array x, in its type."""

    __slots__ = ("values", "x")

    def __init__(self, x: NDArray[Any], values: Mapping[str, Any]) -> None:
        self.x, self.values = x, values

    def of(self, node: Node) -> Any:
        """Return the array, or the Python number, that the code of a tree gives."""
        match node:
            case Number(value):
                return value
            case Variable():
                return self.x
            case Free(name):
                return self.values[name]
            case Negative(operand):
                return -self.of(operand)
            case Binary(operator, left, right):
                return _OPERATORS[operator](self.of(left), self.of(right))
            case Conditional(condition, then, otherwise):
                first = self.of(then)
                if not contains_x(then) and not contains_x(otherwise):
                    first = np.zeros_like(self.x) + first
                return np.where(self._condition(condition), first, self.of(otherwise))
            case Call(name, arguments):
                return self._call(name, arguments)
            case Catalogued(_, argument):
                own = {name: self.of(value) for name, value in all_parameters(node).items()}
                return _run(node.definition, own, self.of(argument))
            case _:
                return self._condition(node).astype(self.x.dtype)

    def _call(self, name: str, arguments: Sequence[Node]) -> Any:
        if not any(isinstance(part, Free | Variable) for argument in arguments for part in walk(argument)):
            if name in MATH:
                return getattr(math, MATH[name])(*map(self.of, arguments))
            return [*constant_parts(Call(name, tuple(arguments)))][-1][1]
        if name == "clip" and not contains_x(arguments[0]):
            operand, low, high = arguments
            return self._call("min", (Call("max", (operand, low)), high))
        module, _, function = NUMPY.calls[name].partition("(")[0].partition(".")
        return getattr(_module(_MODULES[module]), function)(*map(self.of, arguments))

    def _condition(self, node: Node) -> Any:
        match node:
            case Call("isnan", (operand,)):
                return np.isnan(self.of(operand))
            case Compare(operator, left, right):
                return _OPERATORS[operator](self.of(left), self.of(right))
            case Logic(operator, left, right):
                return _OPERATORS[operator](self._condition(left), self._condition(right))
            case Not(operand):
                return ~self._condition(operand)
            case _:
                return self.of(node) != 0


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise DataError(
            "--accuracy runs the NumPy code, which needs one more package here: pip install scipy"
        ) from None
