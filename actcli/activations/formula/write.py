"""A tree as text again, in the formula language, with no bracket that it does not need."""

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
)

_CONDITIONAL, _OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(10)
_BINARY = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "%": _PRODUCT}
_NAMED = {3.141592653589793: "pi", 2.718281828459045: "e"}


def written(node: Node) -> str:
    """The formula of a tree; reading it gives the same tree, but that a negative number may become a sign."""
    return _written(node)[0]


def _written(node: Node) -> tuple[str, int]:
    """The text, and how tightly its outermost operation binds."""
    match node:
        case Number(value):
            return _number(value)
        case Variable():
            return "x", _ATOM
        case Free(name):
            return name, _ATOM
        case Negative(operand):
            return f"-{_bound(operand, _SIGN)}", _SIGN
        case Binary("^", left, right):
            return f"{_bound(left, _ATOM)}^{_bound(right, _SIGN)}", _POWER
        case Binary(operator, left, right):
            level = _BINARY[operator]
            space = " " if level == _SUM else ""
            return f"{_bound(left, level)}{space}{operator}{space}{_bound(right, level + 1)}", level
        case Compare(operator, left, right):
            return f"{_bound(left, _SUM)} {operator} {_bound(right, _SUM)}", _COMPARE
        case Logic(operator, left, right):
            level = _AND if operator == "and" else _OR
            return f"{_bound(left, level)} {operator} {_bound(right, level + 1)}", level
        case Not(operand):
            return f"not {_bound(operand, _NOT)}", _NOT
        case Conditional(condition, then, otherwise):
            parts = _bound(then, _OR), _bound(condition, _OR), _bound(otherwise, _CONDITIONAL)
            return f"{parts[0]} if {parts[1]} else {parts[2]}", _CONDITIONAL
        case Call(name, arguments):
            return f"{name}({', '.join(written(argument) for argument in arguments)})", _ATOM
        case Catalogued(name, argument, parameters):
            given = [f"{parameter}={written(value)}" for parameter, value in parameters]
            return f"{name}({', '.join([written(argument), *given])})", _ATOM


def _bound(node: Node, level: int) -> str:
    text, own = _written(node)
    return text if own >= level else f"({text})"


def _number(value: float) -> tuple[str, int]:
    name = _NAMED.get(value)
    if name:
        return name, _ATOM
    text = repr(value).removesuffix(".0")
    return text, _SIGN if text.startswith("-") else _ATOM
