"""A function as code for one number, for kernels: C and Triton.

The formula is computed in float64. For float32 it is rounded once, so that the result is the correctly rounded one but
for rare near ties. Where the formula itself cancels, another form of it stands in `_FORMS`.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from actcli.activations import Activation, Definition
from actcli.activations.definition import FORMULA
from actcli.activations.formula import read_formula
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
from actcli.exits import UsageError
from actcli.render.code.identifiers import Identifiers, function_name, parameter_identifier, remark
from actcli.render.code.lowering import all_parameters, expression, simplify, substitute
from actcli.render.code.nan import keeps_nan

STATED_ULP = 0.501
"""The largest error in float32 of the C form of a named function; tests/unit/render/code/test_code_c.py measures it."""
STATED_WIDE = 3
"""The same in float64, in units of 2^-52 of the largest of 1, |x| and the result; far out in a tail digits are lost."""
ScalarType = Literal["float32", "float64"]
_FORMS = {
    "tanhshrink": "x^3*(1/3 - x^2*(2/15 - x^2*(17/315 - x^2*(62/2835 - x^2*1382/155925)))) if abs(x) < 0.1 "
    "else x - tanh(x)",
    "shifted_softplus": "log1p(expm1(x)/2) if abs(x) < 1 else softplus(x) - log(2)",
    "isru": "x/sqrt(1 + alpha*x^2) if abs(x) < 1e100 else sign(x)/sqrt(alpha)",
    "isrlu": "x if x >= 0 else x/sqrt(1 + alpha*x^2) if x > -1e100 else -1/sqrt(alpha)",
    "snake": "x if abs(x) > 1e300 else x + sin(a*x)^2/a",
    "squareplus": "max(x, 0) - min(b/x/4, 0) if x^2 > 1e40*b else b/(sqrt(x^2 + b) - x)/2 if x < 0 "
    "else (x + sqrt(x^2 + b))/2",
    "hard_swish": "x*(clip(x + 3, 0, 6)/6)",
}
"""Formulas that keep their digits, or their limit at inf, in place of those that do not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Syntax:
    """How a language writes expressions of one float64 number.

    Attributes:
        calls: the functions of the formula language, `{0}` their first argument.
        where: a choice by `{0}` of `{1}` or `{2}`.
        joins: `and` and `or` of the conditions `{0}` and `{1}`.
        negation: the condition that `{0}` does not hold.
        infinity, nan: these numbers.
        helpers: the text of each function that a call names, and which the text then needs.
        reserved: words that are no names.
        function: the text of a helper for a catalogued function: its name, its parameters, its expression.

    """

    calls: Mapping[str, str]
    where: str
    joins: Mapping[str, str]
    negation: str
    infinity: str
    nan: str
    helpers: Mapping[str, str]
    reserved: frozenset[str]
    function: Callable[[str, list[str], str], str]


@dataclass(frozen=True, slots=True)
class ScalarCode:
    """The parts of a function's code.

    Attributes:
        name: the function's name: `gelu_f32`.
        about: what it is, for a comment.
        helpers: the texts of the functions that it calls, in the order of their use.
        values: the parameters with a value, and their numbers as text.
        arguments: the parameters without one.
        result: the expression of x and the parameters.
        cuts_infinity: whether x = ±inf is to be replaced by ±1e300, which has the same result in float32, since an
            operation of two infinite parts, or of inf and 0, would give NaN.
        accuracy: how exact the result is, for a comment.

    """

    name: str
    about: str
    helpers: tuple[str, ...]
    values: Mapping[str, str]
    arguments: tuple[str, ...]
    result: str
    cuts_infinity: bool
    accuracy: str


def write_scalar(f: Activation, syntax: Syntax, dtype: ScalarType) -> ScalarCode:
    """Return the code of a function in a syntax. Raises UsageError for a function over rows."""
    if f.by_rows:
        raise UsageError(
            f"{f.spec} works over rows; a kernel of one number is written for elementwise functions"
        )
    return _Writer(syntax).write(f, dtype)


class _Writer:
    """Writes the expressions of one text, and keeps the functions that they need."""

    __slots__ = ("functions", "helpers", "names", "syntax", "texts")

    def __init__(self, syntax: Syntax) -> None:
        self.syntax = syntax
        self.names = Identifiers({*syntax.reserved, *syntax.helpers, "x"})
        self.helpers: set[str] = set()
        self.functions: dict[str, str] = {}
        self.texts: list[str] = []

    def write(self, f: Activation, dtype: ScalarType) -> ScalarCode:
        definition = f.definition
        name = self.names.new(f"{function_name(definition)}_{'f32' if dtype == 'float32' else 'f64'}")
        parameters = {p.name: self.names.new(parameter_identifier(p)) for p in definition.parameters}
        switched_off: dict[str, Node] = {
            one: Number(value) for one, value in f.parameters.items() if math.isinf(value)
        }
        tree = simplify(substitute(_tree(definition), switched_off))
        if not keeps_nan(tree):
            tree = Conditional(Call("isnan", (Variable(),)), Variable(), tree)
        result = self.text(tree, parameters)
        cuts_infinity = _meets_infinity(tree, f.parameters)
        if cuts_infinity and dtype == "float64":
            result, cuts_infinity = self._with_limits(f, result), False
        known = {one: value for one, value in f.parameters.items() if one not in switched_off}
        source = f" ({definition.source})" if definition.source else ""
        return ScalarCode(
            name=name,
            about=remark(f"{definition.name}: {definition.formula}{source}"),
            helpers=(
                *(text for name, text in self.syntax.helpers.items() if name in self.helpers),
                *self.texts,
            ),
            values={parameters[one]: self._number(v) for one, v in known.items() if not math.isnan(v)},
            arguments=tuple(parameters[one] for one, v in known.items() if math.isnan(v)),
            result=result,
            cuts_infinity=cuts_infinity,
            accuracy=_accuracy(f, dtype),
        )

    def _with_limits(self, f: Activation, result: str) -> str:
        """Return an expression with the function's own values at ±inf; they are not known with open parameters."""
        if any(map(math.isnan, f.parameters.values())):
            return result
        infinity, where = self.syntax.infinity, self.syntax.where
        right, left = (self._number(value) for value in f([math.inf, -math.inf]).tolist())
        return where.format(f"(x == {infinity})", right, where.format(f"(x == (-{infinity}))", left, result))

    def text(self, node: Node, names: Mapping[str, str]) -> str:
        """Return an expression, with brackets around every operation."""
        syntax = self.syntax
        match node:
            case Number(value):
                return self._number(value)
            case Variable():
                return "x"
            case Free(name):
                return names[name]
            case Negative(operand):
                return f"(-{self.text(operand, names)})"
            case Binary("^", base, Number(2.0 | 3.0 as power)) if isinstance(base, Variable | Free):
                return f"({' * '.join([self.text(base, names)] * int(power))})"
            case Binary("^" | "%" as operator, left, right):
                return self._call("pow" if operator == "^" else "mod", (left, right), names)
            case Binary(operator, left, right):
                return f"({self.text(left, names)} {operator} {self.text(right, names)})"
            case Conditional(condition, then, otherwise):
                branches = self.text(then, names), self.text(otherwise, names)
                return syntax.where.format(self._condition(condition, names), *branches)
            case Call("plain", (operand,)):
                return self.text(operand, names)
            case Call("clip", (operand, low, high)):
                return self._call("min", (Call("max", (operand, low)), high), names)
            case Call(name, arguments):
                return self._call(name, arguments, names)
            case Catalogued(_, argument):
                values = [self.text(value, names) for value in all_parameters(node).values()]
                return (
                    f"{self._function(node.definition)}({', '.join([self.text(argument, names), *values])})"
                )
            case _:
                return syntax.where.format(self._condition(node, names), "1.0", "0.0")

    def _call(self, name: str, arguments: tuple[Node, ...], names: Mapping[str, str]) -> str:
        form = self.syntax.calls[name]
        self._need(form)
        return form.format(*(self.text(argument, names) for argument in arguments))

    def _need(self, text: str) -> None:
        """Keep the helpers that a text calls, and those that they call."""
        for helper, own in self.syntax.helpers.items():
            if f"{helper}(" in text and helper not in self.helpers:
                self.helpers.add(helper)
                self._need(own)

    def _condition(self, node: Node, names: Mapping[str, str]) -> str:
        match node:
            case Call("isnan", (operand,)):
                operand_text = self.text(operand, names)
                return f"({operand_text} != {operand_text})"
            case Compare(operator, left, right):
                return f"({self.text(left, names)} {operator} {self.text(right, names)})"
            case Logic(operator, left, right):
                sides = self._condition(left, names), self._condition(right, names)
                return self.syntax.joins[operator].format(*sides)
            case Not(operand):
                return self.syntax.negation.format(self._condition(operand, names))
            case _:
                return f"({self.text(node, names)} != 0.0)"

    def _function(self, definition: Definition) -> str:
        """Return the name of a catalogued function, which the text then contains."""
        if definition.name not in self.functions:
            name = self.functions[definition.name] = self.names.new(f"{function_name(definition)}_f64")
            parameters = {p.name: parameter_identifier(p) for p in definition.parameters}
            body = self.text(_tree(definition), parameters)
            self.texts.append(self.syntax.function(name, list(parameters.values()), body))
        return self.functions[definition.name]

    def _number(self, value: float) -> str:
        if math.isnan(value):
            return self.syntax.nan
        if math.isinf(value):
            return self.syntax.infinity if value > 0 else f"(-{self.syntax.infinity})"
        return repr(value) if value >= 0 and math.copysign(1.0, value) > 0 else f"({value!r})"


def _accuracy(f: Activation, dtype: ScalarType) -> str:
    if f.definition.family == FORMULA:
        return "Computed in float64 and rounded once" if dtype == "float32" else "Computed in float64"
    if dtype == "float32":
        return f"Computed in float64 and rounded once: at most {STATED_ULP} ULP"
    return (
        f"Computed in float64: off by at most {STATED_WIDE} * 2^-52 of the largest of 1, |x| and the result"
    )


def _meets_infinity(tree: Node, values: Mapping[str, float]) -> bool:
    """Return whether an operation joins two parts with x in them, or x and a parameter that is 0.

    Not for waves, which have no value at inf.
    """
    tree = substitute(tree, {name: Variable() for name, value in values.items() if value == 0})
    parts = [*walk(tree)]
    for part in parts:
        if isinstance(part, Catalogued):
            parts += walk(_tree(part.definition))
    if any(isinstance(part, Call) and part.name in {"sin", "cos", "tan"} for part in parts):
        return False
    return any(
        isinstance(part, Binary) and contains_x(part.left) and contains_x(part.right) for part in parts
    )


def _tree(definition: Definition) -> Node:
    form = _FORMS.get(definition.name)
    return expression(definition) if form is None else read_formula(form).tree
