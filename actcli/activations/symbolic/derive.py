"""Derivatives in symbols: the rules of differentiation on the normal form."""

import math
from collections.abc import Mapping
from fractions import Fraction
from functools import cache

from actcli.activations.activation import Activation
from actcli.activations.catalogue import find_catalogued
from actcli.activations.define import define
from actcli.activations.definition import Parameter
from actcli.activations.formula.formula import read_expression
from actcli.activations.formula.parse import parse
from actcli.activations.formula.tree import Node, contains_x, free_names, walk
from actcli.activations.formula.write import write
from actcli.activations.registry import find_definition
from actcli.activations.symbolic.reading import Reader
from actcli.activations.symbolic.terms import Algebra, Term, TooLong
from actcli.activations.symbolic.writing import write_term
from actcli.exits import UsageError

PRIME = "'"
LONGEST_SHOWN = 400
"""Characters of a derivative on a card."""
_OF_ONE = {
    "abs": "sign(x)",
    "sign": "0",
    "floor": "0",
    "exp": "exp(x)",
    "expm1": "exp(x)",
    "log": "1/x",
    "log1p": "1/(1 + x)",
    "log2": "1/(x*log(2))",
    "log10": "1/(x*log(10))",
    "sqrt": "1/(2*sqrt(x))",
    "cbrt": "1/(3*cbrt(x)^2)",
    "sin": "cos(x)",
    "cos": "-sin(x)",
    "tan": "1 + tan(x)^2",
    "sinh": "cosh(x)",
    "cosh": "sinh(x)",
    "tanh": "1 - tanh(x)^2",
    "arctan": "1/(1 + x^2)",
    "asinh": "1/sqrt(1 + x^2)",
    "acosh": "1/(sqrt(x - 1)*sqrt(x + 1))",
    "atanh": "1/(1 - x^2)",
    "erfinv": "sqrt(pi)/2*exp(erfinv(x)^2)",
    "erf": "2/sqrt(pi)*exp(-x^2)",
    "erfc": "-2/sqrt(pi)*exp(-x^2)",
    "normcdf": "exp(-x^2/2)/sqrt(2*pi)",
}
"""The derivative of each function of one argument, in x."""
_CATALOGUED = {
    "sigmoid": "sigmoid(x)*(1 - sigmoid(x))",
    "tanh": "1 - tanh(x)^2",
    "relu": "1 if x > 0 else 0",
    "exponential": "exp(x)",
}
"""Derivatives that are shorter than those of the catalogue's expressions."""


def derivatives(f: Activation, orders: int) -> list["Node | TooLong"]:
    """Return f', f'' and so on in symbols, up to an order; TooLong in place of what has too many terms.

    They hold between the kinks of f. Parameters stay letters, unless they are infinite and switch something off.
    """
    read = read_expression(f.definition)
    infinite = {name: value for name, value in f.parameters.items() if math.isinf(value)}
    ways = [_derive(tree, orders, infinite) for tree in dict.fromkeys((read.tree, read.stable[0]))]
    return min(ways, key=lambda found: [_size(one) for one in found][::-1])


def _derive(tree: Node, orders: int, values: Mapping[str, float]) -> list["Node | TooLong"]:
    rules = _Rules(Reader(Algebra(), values))
    found: list[Node | TooLong] = []
    try:
        term = rules.reader.read(tree)
        for _ in range(orders):
            term = rules.of(term)
            found.append(write_term(term))
    except TooLong as too_long:
        found += [too_long] * (orders - len(found))
    return found


def derivative(f: Activation, order: int) -> Activation:
    """Return a derivative of an elementwise function as a function of its own, named f', gelu'', and so on.

    Raises UsageError where its symbols are too many.
    """
    found = derivatives(f, order)[-1]
    if isinstance(found, TooLong):
        raise UsageError(f"the derivative of order {order} is {found.reason}")
    text = write(found)
    text = text if contains_x(found) else f"{text} if x == x else x"
    parameters = [Parameter(name, f.parameters[name]) for name in free_names(found)]
    named = f.name if f.is_named else "f"
    definition = define(f"{named}{PRIME * order}", text, parameters, f"a derivative of {f.spec}")
    return Activation(text, definition, {p.name: p.default for p in parameters})


def shown(found: "Node | TooLong") -> str:
    """Return a derivative as text for a card, or how long it would be."""
    if not isinstance(found, TooLong):
        text = write(found)
        if len(text) <= LONGEST_SHOWN:
            return text
        found = TooLong(sum(1 for _ in walk(found)))
    return found.reason


def _size(derivative: "Node | TooLong") -> float:
    return math.inf if isinstance(derivative, TooLong) else sum(1 for _ in walk(derivative))


@cache
def parse_rule(text: str) -> Node:
    """Return the tree of a formula of ours."""
    return parse(text, find_catalogued)


def rule_of(name: str) -> Node:
    """Return the derivative of a function of the language of one argument, in x."""
    return parse_rule(_OF_ONE[name])


class _Rules:
    """Derivatives by x, each computed once."""

    __slots__ = ("known", "reader")

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.known: dict[Term, Term] = {}

    def of(self, term: Term) -> Term:
        """Return the derivative of a term."""
        if term not in self.known:
            self.known[term] = self._of(term)
        return self.known[term]

    def _of(self, term: Term) -> Term:
        a = self.reader.algebra
        match term.kind:
            case "x":
                return a.one
            case "sum":
                return a.weigh([(self.of(product), weight) for product, weight in term.parts])
            case "product":
                return a.add(*(self._of_factor(term, base, n) for base, n in term.parts))
            case "if":
                condition, then, otherwise = term.parts
                return a.choose(condition, self.of(then), self.of(otherwise))
            case "^":
                base, exponent = term.parts
                change = a.multiply(exponent, a.divide(self.of(base), base))
                growth = a.multiply(self.of(exponent), a.call("log", base))
                if growth is a.zero:
                    lower = a.power(base, a.subtract(exponent, a.one))
                    return a.multiply(exponent, lower, self.of(base))
                return a.multiply(term, a.add(growth, change))
            case "%":
                left, right = term.parts
                times = a.call("floor", a.divide(left, right))
                return a.subtract(self.of(left), a.multiply(times, self.of(right)))
            case "call":
                return self._of_call(term.parts[0], term.parts[1:])
            case "catalogued":
                return self._of_catalogued(*term.parts)
            case _:
                return a.zero

    def _of_factor(self, product: Term, base: Term, n: Fraction) -> Term:
        a = self.reader.algebra
        change = self.of(base)
        if change is a.zero:
            return change
        rest = a.multiply(a.divide(product, a.power(base, n)), a.power(base, n - 1))
        return a.multiply(a.number(n), change, rest)

    def _of_call(self, name: str, operands: tuple[Term, ...]) -> Term:
        a, reader = self.reader.algebra, self.reader
        if name in {"min", "max"}:
            left, right = operands
            condition = reader.compare("<" if name == "min" else ">", left, right)
            return a.choose(condition, self.of(left), self.of(right))
        if name == "clip":
            operand, low, high = operands
            above = a.choose(reader.compare(">", operand, high), self.of(high), self.of(operand))
            if self.of(low) is self.of(high):
                inside = reader.join(
                    "and", reader.compare(">=", operand, low), reader.compare("<=", operand, high)
                )
                return a.choose(inside, self.of(operand), self.of(low))
            return a.choose(reader.compare("<", operand, low), self.of(low), above)
        if name == "logaddexp":
            return a.add(
                *(
                    a.multiply(a.atom("catalogued", "sigmoid", a.subtract(one, other), ()), self.of(one))
                    for one, other in (operands, operands[::-1])
                )
            )
        (operand,) = operands
        change = self.of(operand)
        return (
            change
            if change is a.zero
            else a.multiply(reader.read(parse_rule(_OF_ONE[name]), operand), change)
        )

    def _of_catalogued(self, name: str, argument: Term, parameters: tuple[tuple[str, Term], ...]) -> Term:
        a, reader = self.reader.algebra, self.reader
        change = self.of(argument)
        if change is a.zero:
            return change
        text = _CATALOGUED.get(name)
        if text:
            return a.multiply(reader.read(parse_rule(text), argument), change)
        definition = find_definition(name)
        if definition is None or not definition.expression:
            raise TooLong(len(a.made))
        names = {p.name: reader.number(p.default) for p in definition.parameters} | dict(parameters)
        return self.of(reader.read(read_expression(definition).tree, argument, names))
