"""Writes a tree as a formula, with no bracket that it does not need."""

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


def write(node: Node) -> str:
    """Return the formula of a tree; parsed again it gives the same tree, or a sign for a negative number."""
    return _write(node)[0]


def _write(node: Node) -> tuple[str, int]:
    """Return the text, and how tightly its outermost operation binds."""
    match node:
        case Number(value):
            return _number(value)
        case Variable(_, name):
            return name, _ATOM
        case Free(name):
            return name, _ATOM
        case Negative(operand):
            return f"-{_enclose(operand, _SIGN)}", _SIGN
        case Binary("^", left, right):
            return f"{_enclose(left, _ATOM)}^{_enclose(right, _SIGN)}", _POWER
        case Binary(operator, left, right):
            level = _BINARY[operator]
            space = " " if level == _SUM else ""
            return f"{_enclose(left, level)}{space}{operator}{space}{_enclose(right, level + 1)}", level
        case Compare(operator, left, right):
            return f"{_enclose(left, _SUM)} {operator} {_enclose(right, _SUM)}", _COMPARE
        case Logic(operator, left, right):
            level = _AND if operator == "and" else _OR
            return f"{_enclose(left, level)} {operator} {_enclose(right, level + 1)}", level
        case Not(operand):
            return f"not {_enclose(operand, _NOT)}", _NOT
        case Conditional(condition, then, otherwise):
            parts = _enclose(then, _OR), _enclose(condition, _OR), _enclose(otherwise, _CONDITIONAL)
            return f"{parts[0]} if {parts[1]} else {parts[2]}", _CONDITIONAL
        case Call(name, arguments):
            return f"{name}({', '.join(write(argument) for argument in arguments)})", _ATOM
        case Catalogued(name, argument, parameters):
            named = [f"{parameter}={write(value)}" for parameter, value in parameters]
            return f"{name}({', '.join([write(argument), *named])})", _ATOM


def _enclose(node: Node, level: int) -> str:
    """Return the text, in brackets if the operation binds less tightly than the level."""
    text, own = _write(node)
    return text if own >= level else f"({text})"


def _number(value: float) -> tuple[str, int]:
    name = _NAMED.get(value)
    if name:
        return name, _ATOM
    text = repr(value).removesuffix(".0")
    return text, _SIGN if text.startswith("-") else _ATOM
