"""A formula's tree as a Python expression for one place, with no unnecessary brackets."""

from collections.abc import Callable, Mapping, Sequence
from math import isinf, isnan

from actcli.activations import Definition
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
from actcli.render.code.lowering import MATH, all_parameters
from actcli.render.code.target import Native, Target

_COMPARE, _OR, _AND, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(8)
"""Python's precedence, low to high; `|` and `&`, which join conditions of arrays, bind tighter than `<`."""
_BINARY = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "%": _PRODUCT}
_NAMED = {3.141592653589793: "math.pi", 2.718281828459045: "math.e"}
_WHOLE = 2.0**53

Text = tuple[str, int]
"""An expression, and the precedence of its outermost operation."""


class Writer:
    """Writes the expressions of one function.

    Attributes:
        target: the place for which it writes.
        names: identifiers of the function's parameters, by our names.
        arrays: the parameters that may be arrays: without a value, or converted to an array.
        function: returns the identifier of another function that the text needs.
        like: the name of an array that has the shape of the result.
        asks_type: whether the text written so far uses the type of x.

    """

    __slots__ = ("arrays", "asks_type", "function", "like", "names", "target")

    def __init__(
        self,
        target: Target,
        names: Mapping[str, str],
        arrays: frozenset[str],
        function: Callable[[Definition | str], str],
    ) -> None:
        self.target = target
        self.names = names
        self.arrays = arrays
        self.function = function
        self.like = "x"
        self.asks_type = False

    def text(self, node: Node) -> str:
        """Return the expression of a number."""
        return self._write(node)[0]

    def native(self, definition: Definition, parameters: Mapping[str, Node], argument: str) -> str | None:
        """Return a call of the place's own function, or None if it has none with these parameters."""
        native = self.target.natives.get(definition.name)
        if native is None or not self._is_same(native, parameters):
            return None
        texts = {name: self.text(value) for name, value in parameters.items()}
        return native.call.format_map({**texts, "x": argument})

    def stays_a_call(self, node: Catalogued) -> bool:
        """Return whether the place has the function itself, or it is written by hand."""
        native = self.target.natives.get(node.definition.name)
        by_hand = node.definition.name in self.target.bodies
        return by_hand or (native is not None and self._is_same(native, all_parameters(node)))

    def _is_same(self, native: Native, parameters: Mapping[str, Node]) -> bool:
        for name, value in parameters.items():
            infinite = isinstance(value, Number) and isinf(value.value)
            if name in native.fixed:
                if not (isinstance(value, Number) and value.value == native.fixed[name]):
                    return False
            elif infinite or (self.target.numbers_only and self._may_be_array(value)):
                return False
        return True

    def _may_be_array(self, value: Node) -> bool:
        return any(isinstance(part, Free) and part.name in self.arrays for part in walk(value))

    def _write(self, node: Node) -> Text:
        match node:
            case Number(value):
                return _number(value)
            case Variable(_, name):
                return name, _ATOM
            case Free(name):
                return self.names[name], _ATOM
            case Negative(operand):
                text, level = self._write(operand)
                # -x**2 means -(x**2), which not every reader knows
                return (f"-({text})" if level == _POWER or level < _SIGN else f"-{text}"), _SIGN
            case Binary("^", base, exponent):
                return self._power(base, exponent), _POWER
            case Binary(operator, left, right):
                level = _BINARY[operator]
                return (
                    f"{self._bracket(left, level)} {operator} {self._bracket(right, level + 1)}",
                    level,
                )
            case Conditional(condition, then, otherwise):
                return self._where(condition, then, otherwise), _ATOM
            case Call(name, arguments):
                return self._call(name, arguments), _ATOM
            case Catalogued():
                return self._catalogued(node), _ATOM
            case Compare() | Logic() | Not():
                self.asks_type = True
                text, level = self._condition(node)
                is_argument = level == _ATOM or not self.target.number.startswith("{0}")
                return self.target.number.format(text if is_argument else f"({text})"), _ATOM

    def _bracket(self, node: Node, level: int) -> str:
        text, own = self._write(node)
        return text if own >= level else f"({text})"

    def _power(self, base: Node, exponent: Node) -> str:
        left, right = self._bracket(base, _ATOM), self._bracket(exponent, _SIGN)
        # Python's formatters write ** without blanks between names and numbers
        simple = all(side.replace(".", "").replace("_", "").lstrip("-").isalnum() for side in (left, right))
        return f"{left}**{right}" if simple else f"{left} ** {right}"

    def _where(self, condition: Node, then: Node, otherwise: Node) -> str:
        first = self._first(then) if contains_x(then) or contains_x(otherwise) else self._array(then)
        return f"{self.target.array}.where({self._condition(condition)[0]}, {first}, {self.text(otherwise)})"

    def _first(self, then: Node) -> str:
        if contains_x(then) or not self.target.constant:
            return self.text(then)
        self.asks_type = True
        return self.target.constant.format(self.text(then))

    def _call(self, name: str, arguments: Sequence[Node]) -> str:
        if not any(isinstance(part, Free | Variable) for argument in arguments for part in walk(argument)):
            if name not in MATH:
                return _number(next(reversed([*constant_parts(Call(name, tuple(arguments)))]))[1])[0]
            return f"math.{MATH[name]}({', '.join(map(self.text, arguments))})"
        if name in self.target.with_constant and not all(map(contains_x, arguments)):
            a, b = sorted(arguments, key=contains_x, reverse=True)
            if isinstance(a, Number):
                a, b = b, a
            return self.target.with_constant[name].format(self.text(a), self.text(b))
        if (
            name == "clip"
            and (
                not contains_x(arguments[0])  # np.clip takes the type of a constant operand
                or (self.target.with_constant and not all(isinstance(p, Number) for p in arguments[1:]))
            )
        ):  # torch.clamp takes two numbers or two tensors
            operand, low, high = arguments
            return self._call("min", (Call("max", (operand, low)), high))
        write = self._array if name in self.target.arrays_only else self.text
        texts = [write(argument) for argument in arguments]
        form = self.target.calls.get(name)
        return f"{self.function(name)}({', '.join(texts)})" if form is None else form.format(*texts)

    def _array(self, node: Node) -> str:
        """Return the expression as an array, even where it contains no x."""
        if contains_x(node):
            return self.text(node)
        array = self.target.array
        if node in {Number(0.0), Number(1.0)}:
            return f"{array}.{'zeros' if node == Number(0.0) else 'ones'}_like({self.like})"
        if isinstance(node, Number) and not self.target.constant:
            return f"{array}.full_like({self.like}, {self.text(node)})"
        return f"{array}.zeros_like({self.like}) + {self._bracket(node, _PRODUCT)}"

    def _catalogued(self, node: Catalogued) -> str:
        argument = self.text(node.argument)
        native = self.native(node.definition, all_parameters(node), argument)
        if native is not None:
            return native
        called = self.function(node.definition)
        values = [f"{name}={self.text(value)}" for name, value in node.parameters]
        return f"{called}({', '.join([argument, *values])})"

    def _condition(self, node: Node) -> Text:
        """Return the expression of a condition."""
        match node:
            case Call("isnan", (operand,)):
                return self.target.calls["isnan"].format(self.text(operand)), _ATOM
            case Compare(operator, left, right):
                return f"{self._bracket(left, _OR)} {operator} {self._bracket(right, _OR)}", _COMPARE
            case Logic(operator, left, right):
                level = _AND if operator == "and" else _OR
                sign = "&" if operator == "and" else "|"
                return (
                    f"{self._bracket_condition(left, level)} {sign} {self._bracket_condition(right, level + 1)}",
                    level,
                )
            case Not(operand):
                return f"~{self._bracket_condition(operand, _SIGN)}", _SIGN
            case _:
                return f"{self._bracket(node, _OR)} != 0", _COMPARE

    def _bracket_condition(self, node: Node, level: int) -> str:
        text, own = self._condition(node)
        return text if own >= level else f"({text})"


def _number(value: float) -> Text:
    if value in _NAMED:
        return _NAMED[value], _ATOM
    if isnan(value) or isinf(value):
        text = f"math.{abs(value)}"
    elif value.is_integer() and abs(value) < _WHOLE:
        text = str(int(abs(value)))
    else:
        text = repr(abs(value))
    return (f"-{text}", _SIGN) if value < 0 else (text, _ATOM)
