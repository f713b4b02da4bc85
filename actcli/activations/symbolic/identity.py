"""Proofs that two functions are the same: piece by piece, in normal form."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from actcli.activations.activation import Activation
from actcli.activations.formula.formula import read_expression
from actcli.activations.registry import find_definition
from actcli.activations.symbolic.derive import parse_rule
from actcli.activations.symbolic.rational import Quotient, Unclear, quotient
from actcli.activations.symbolic.reading import HOLDS, Reader
from actcli.activations.symbolic.terms import Algebra, Term, TooLong

_MOST_BREAKS = 32
_INCREASING = ("expm1", "log1p", "tanh", "sinh", "arctan", "erf", "cbrt", "sign")
"""Functions with the sign of their argument."""


def is_same(f: Activation, g: Activation) -> bool:
    """Return whether f(x) = g(x) is proven for all x where both have a value; False where no proof is found.

    Numbers in formulas are taken as the decimals that are written.
    """
    try:
        reader = Reader(Algebra())
        one, other = (_Piecewise(reader, _read(reader, h)) for h in (f, g))
        breaks = sorted({*one.breaks, *other.breaks})
        if len(breaks) > _MOST_BREAKS:
            return False
        return all(one.at(place).equals(other.at(place)) for place in _places(breaks))
    except (TooLong, Unclear, RecursionError, ZeroDivisionError, OverflowError):
        return False


@dataclass(frozen=True, slots=True)
class _Place:
    """A point, or an interval that `inside` stands for."""

    inside: Fraction
    is_point: bool


def _places(breaks: list[Fraction]) -> Iterable[_Place]:
    edges = [breaks[0] - 2, *breaks, breaks[-1] + 2] if breaks else [Fraction(-1), Fraction(1)]
    for low, high in pairwise(edges):
        yield _Place((low + high) / 2, is_point=False)
    for point in breaks:
        yield _Place(point, is_point=True)


def _read(reader: Reader, f: Activation) -> Term:
    own = Reader(reader.algebra, f.parameters)
    return own.read(read_expression(f.definition).tree)


class _Piecewise:
    """A function without catalogued functions, and the points between which each of its conditions holds or not."""

    __slots__ = ("breaks", "known", "reader", "term")

    def __init__(self, reader: Reader, term: Term) -> None:
        self.reader = reader
        self.known: dict[Term, Term] = {}
        self.term = self._expand(term)
        self.breaks: set[Fraction] = set()
        self._find_breaks(self.term, set())

    def at(self, place: _Place) -> Quotient:
        """Return the function on an interval, or at a point, as a quotient."""
        x = self.reader.algebra.number(place.inside) if place.is_point else None
        return quotient(self._decide(self.term, place.inside, x, {}), self.reader, parse_rule)

    def _expand(self, term: Term) -> Term:
        """Return the term with catalogued functions, min, max, clip, abs and sign by choices and other functions."""
        if term not in self.known:
            self.known[term] = self._expand_new(term)
        return self.known[term]

    def _expand_new(self, term: Term) -> Term:
        a, reader = self.reader.algebra, self.reader
        match term.kind:
            case "catalogued":
                name, argument, parameters = term.parts
                definition = find_definition(name)
                if definition is None or not definition.expression or definition.by_rows:
                    raise Unclear
                values = {p.name: reader.number(p.default) for p in definition.parameters}
                values |= {own: self._expand(value) for own, value in parameters}
                body = read_expression(definition).tree
                return self._expand(reader.read(body, self._expand(argument), values))
            case "call":
                name, *operands = term.parts
                operands = [self._expand(operand) for operand in operands]
                if name in {"min", "max"}:
                    return a.choose(self._compare("<" if name == "min" else ">", *operands), *operands)
                if name == "clip":
                    u, low, high = operands
                    inside = a.choose(self._compare(">", u, high), high, u)
                    return a.choose(self._compare("<", u, low), low, inside)
                if name in {"abs", "sign"}:
                    (u,) = operands
                    sides = (u, a.negate(u)) if name == "abs" else (a.one, a.number(-1))
                    below = a.choose(self._compare("<", u, a.zero), sides[1], a.zero)
                    return a.choose(self._compare(">", u, a.zero), sides[0], below)
                return a.call(name, *operands)
        return self._with_parts(term, self._expand)

    def _with_parts(self, term: Term, change: Callable[[Term], Term]) -> Term:
        """Return the same operation on other operands."""
        a = self.reader.algebra
        match term.kind:
            case "sum":
                return a.weigh([(change(product), c) for product, c in term.parts])
            case "product":
                return a.multiply(*(a.power(change(base), n) for base, n in term.parts))
            case "if":
                condition, then, otherwise = term.parts
                return a.choose(change(condition), change(then), change(otherwise))
            case "compare":
                operator, left, right = term.parts
                return self._compare(operator, change(left), change(right))
            case "and" | "or":
                return self.reader.join(term.kind, *map(change, term.parts))
            case "not" | "%":
                return a.atom(term.kind, *map(change, term.parts))
            case "^":
                return a.power(*map(change, term.parts))
            case "call":
                return a.call(term.parts[0], *map(change, term.parts[1:]))
        return term

    def _compare(self, operator: str, left: Term, right: Term) -> Term:
        """Return a comparison; of a choice one in each branch, of an increasing function with h(0) = 0 one of u."""
        a = self.reader.algebra
        for one, other in ((left, right), (right, left)):
            if one.kind == "if":
                condition, *branches = one.parts
                pairs = [(branch, other) if one is left else (other, branch) for branch in branches]
                return a.choose(condition, *(self._compare(operator, *pair) for pair in pairs))
        terms = dict(a.terms(a.subtract(left, right)))
        constant = terms.pop(a.one, Fraction(0))
        if len(terms) == 1:
            ((term, weight),) = terms.items()
            name = term.parts[0] if term.kind == "call" else ""
            if (name in _INCREASING and not constant) or (name == "exp" and constant == -weight):
                return self._compare(operator, a.weigh([(term.parts[1], weight)]), a.zero)
        return self.reader.compare(operator, left, right)

    def _find_breaks(self, term: Term, seen: set[Term]) -> None:
        if term in seen:
            return
        seen.add(term)
        if term.kind == "compare":
            _, left, right = term.parts
            bound = self.reader.algebra.value(right)
            if left is not self.reader.algebra.x or bound is None:
                raise Unclear
            self.breaks.add(bound)
        for part in _inner(term):
            self._find_breaks(part, seen)

    def _decide(self, term: Term, inside: Fraction, x: Term | None, known: dict[Term, Term]) -> Term:
        """Return the term with its conditions decided at a number, and x replaced where it is a point."""
        if term not in known:
            a = self.reader.algebra
            match term.kind:
                case "x":
                    known[term] = x or term
                case "compare":
                    bound = a.value(term.parts[2])
                    holds = bound is not None and HOLDS[term.parts[0]](inside, bound)
                    known[term] = a.one if holds else a.zero
                case "not":
                    value = a.value(self._decide(term.parts[0], inside, x, known))
                    known[term] = a.zero if value else a.one
                case "if":
                    condition = self._decide(term.parts[0], inside, x, known)
                    if a.value(condition) is None:
                        raise Unclear
                    taken = term.parts[1] if a.value(condition) else term.parts[2]
                    known[term] = self._decide(taken, inside, x, known)
                case _:
                    known[term] = self._with_parts(term, lambda part: self._decide(part, inside, x, known))
        return known[term]


def _inner(term: Term) -> Iterable[Term]:
    for part in term.parts:
        if isinstance(part, Term):
            yield part
        elif isinstance(part, tuple):
            yield from (one for one in part if isinstance(one, Term))
