"""Reads trees of formulas into the normal form."""

import math
from collections.abc import Mapping
from fractions import Fraction

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
from actcli.activations.symbolic.terms import Algebra, Term

_OPPOSITE = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
HOLDS = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


class Reader:
    """Turns trees into terms of one algebra; parameters with a value in `values` become numbers."""

    __slots__ = ("algebra", "values")

    def __init__(self, algebra: Algebra, values: Mapping[str, float] | None = None) -> None:
        self.algebra = algebra
        self.values = dict(values or {})

    def read(self, node: Node, x: Term | None = None, names: Mapping[str, Term] | None = None) -> Term:
        """Return the term of a tree; x and the parameters in `names` are replaced by terms."""
        a = self.algebra
        match node:
            case Number(value):
                return self.number(value)
            case Variable():
                return a.x if x is None else x
            case Free(name):
                if names is not None and name in names:
                    return names[name]
                return self.number(self.values[name]) if name in self.values else a.atom("free", name)
        if isinstance(node, Catalogued):
            parameters = tuple((name, self.read(value, x, names)) for name, value in node.parameters)
            return a.atom("catalogued", node.definition.name, self.read(node.argument, x, names), parameters)
        match node:
            case Negative(operand):
                return a.negate(self.read(operand, x, names))
            case Not(operand):
                return a.atom("not", self.condition(operand, x, names))
            case Binary(operator, left, right):
                return self._binary(operator, self.read(left, x, names), self.read(right, x, names))
            case Conditional(condition, then, otherwise):
                branches = self.read(then, x, names), self.read(otherwise, x, names)
                return a.choose(self.condition(condition, x, names), *branches)
            case Call("plain", (operand,)):
                return self.read(operand, x, names)
            case Call(name, arguments):
                return self._call(name, [self.read(argument, x, names) for argument in arguments])
            case _:
                return a.choose(self.condition(node, x, names), a.one, a.zero)

    def number(self, value: float) -> Term:
        """Return a number by its shortest decimal; pi, e and infinity by name."""
        if value in {math.pi, math.e}:
            return self.algebra.atom("constant", "pi" if value == math.pi else "e")
        if not math.isfinite(value):
            return self.algebra.atom("constant", repr(value))
        return self.algebra.number(Fraction(repr(value)))

    def _binary(self, operator: str, left: Term, right: Term) -> Term:
        a = self.algebra
        match operator:
            case "+":
                return a.add(left, right)
            case "-":
                return a.subtract(left, right)
            case "*":
                return a.multiply(left, right)
            case "/":
                return a.divide(left, right)
            case "^":
                return a.power(left, right)
        return a.atom("%", left, right)

    def _call(self, name: str, operands: list[Term]) -> Term:
        a = self.algebra
        infinite = {"min": "inf", "max": "-inf"}.get(name)
        if infinite:
            operands = [u for u in operands if not (u.kind == "constant" and u.parts[0] == infinite)]
            if len(operands) == 1 or operands[0] is operands[1]:
                return operands[0]
            operands.sort(key=lambda u: a.value(u) is not None)
        if name == "clip" and any(u.kind == "constant" and "inf" in u.parts[0] for u in operands[1:]):
            operand, low, high = operands
            return self._call("min", [self._call("max", [operand, low]), high])
        return a.call(name, *operands)

    def condition(self, node: Node, x: Term | None, names: Mapping[str, Term] | None) -> Term:
        """Return the term of a condition: 1 or 0 where it is known."""
        match node:
            case Compare(operator, left, right):
                return self.compare(operator, self.read(left, x, names), self.read(right, x, names))
            case Logic(operator, left, right):
                return self.join(operator, self.condition(left, x, names), self.condition(right, x, names))
            case Not(operand):
                return self.algebra.atom("not", self.condition(operand, x, names))
            case _:
                return self.compare("!=", self.read(node, x, names), self.algebra.zero)

    def join(self, operator: str, left: Term, right: Term) -> Term:
        """Return `left and right`, or `left or right`."""
        decides = 0 if operator == "and" else 1
        for one, other in ((left, right), (right, left)):
            value = self.algebra.value(one)
            if value is not None:
                return one if value == decides else other
        return left if left is right else self.algebra.atom(operator, left, right)

    def compare(self, operator: str, left: Term, right: Term) -> Term:
        """Return a comparison, solved for x where it is of the first degree with numbers: x + 3 > 0 is x > −3."""
        a = self.algebra
        for one, other, sign in ((left, right, 1), (right, left, -1)):
            if one.kind == "constant" and "inf" in one.parts[0] and other is not one:
                holds = HOLDS[operator](sign * float(one.parts[0]), 0.0)
                return a.one if holds else a.zero
        line = self.line(a.subtract(left, right))
        if line is None:
            return a.atom("compare", operator, left, right)
        slope, offset = line
        if not slope:
            return a.one if HOLDS[operator](offset, 0) else a.zero
        return a.atom(
            "compare", operator if slope > 0 else _OPPOSITE[operator], a.x, a.number(-offset / slope)
        )

    def line(self, term: Term) -> tuple[Fraction, Fraction] | None:
        """Return slope and offset of a·x + b; None for anything else."""
        a = self.algebra
        slope = offset = Fraction(0)
        for product, coefficient in a.terms(term):
            if product is a.x:
                slope = coefficient
            elif product is a.one:
                offset = coefficient
            else:
                return None
        return slope, offset
