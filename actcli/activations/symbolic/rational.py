"""Expressions as quotients of polynomials in x, exponentials, roots and other functions, to prove that two are equal.

Every step is an identity of real numbers, so equal quotients are equal functions. The reverse does not hold: what is
not found to be equal may still be.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from actcli.activations.formula.tree import Node
from actcli.activations.symbolic.reading import Reader
from actcli.activations.symbolic.terms import Term

Atom = tuple[Any, ...]
Monomial = frozenset[tuple[Atom, Fraction]]
Polynomial = Mapping[Monomial, Fraction]

_ONE: Monomial = frozenset()
_MOST_MONOMIALS = 400
_LARGEST_POWER = 12
_BY_EXP = {
    "expm1": "exp(x) - 1",
    "log1p": "log(1 + x)",
    "sinh": "(exp(x) - exp(-x))/2",
    "cosh": "(exp(x) + exp(-x))/2",
    "tanh": "1 - 2/(exp(2*x) + 1)",
    "erfc": "1 - erf(x)",
    "normcdf": "(1 + erf(x/sqrt(2)))/2",
    "tan": "sin(x)/cos(x)",
}
"""Functions by those that are left."""
_ODD, _EVEN = ("erf", "sin", "arctan", "cbrt"), ("cos",)


class Unclear(Exception):  # noqa: N818 - an answer: nothing can be said
    """An expression is not brought to this form."""


@dataclass(frozen=True, slots=True)
class Quotient:
    """above/below."""

    above: Polynomial
    below: Polynomial

    def equals(self, other: "Quotient") -> bool:
        """Return whether two quotients are the same function."""
        return _times(self.above, other.below) == _times(other.above, self.below)

    @property
    def key(self) -> Atom:
        """The quotient as a part of an atom: equal keys are equal functions."""
        return frozenset(self.above.items()), frozenset(self.below.items())


def quotient(term: Term, reader: Reader, parse: Callable[[str], Node]) -> Quotient:
    """Return a term without choices as a quotient. Raises Unclear where it has none."""
    return _Normaliser(reader, parse).of(term)


def _number(value: Fraction | int) -> Quotient:
    return Quotient({_ONE: Fraction(value)} if value else {}, {_ONE: Fraction(1)})


def _power_of(atom: Atom, exponent: Fraction = Fraction(1)) -> Quotient:
    return Quotient({frozenset({(atom, exponent)}): Fraction(1)}, {_ONE: Fraction(1)})


def _clean(total: Mapping[Monomial, Fraction]) -> Polynomial:
    kept = {m: c for m, c in total.items() if c}
    if len(kept) > _MOST_MONOMIALS:
        raise Unclear
    return kept


def _join(a: Monomial, b: Monomial) -> Monomial:
    exponents = dict(a)
    for atom, n in b:
        exponents[atom] = exponents.get(atom, Fraction(0)) + n
    return frozenset((atom, n) for atom, n in exponents.items() if n)


def _times(a: Polynomial, b: Polynomial) -> Polynomial:
    if len(a) * len(b) > _MOST_MONOMIALS**2:
        raise Unclear
    total: dict[Monomial, Fraction] = {}
    for m, c in a.items():
        for n, d in b.items():
            joined, factor = _reduce(_join(m, n))
            total[joined] = total.get(joined, Fraction(0)) + c * d * factor
    return _clean(total)


def _reduce(monomial: Monomial) -> tuple[Monomial, Fraction]:
    """Return a monomial with whole powers of primes as a number."""
    factor, kept = Fraction(1), []
    for atom, n in monomial:
        if atom[0] == "prime":
            whole = n.numerator // n.denominator
            factor *= Fraction(atom[1]) ** whole
            if n != whole:
                kept.append((atom, n - whole))
        else:
            kept.append((atom, n))
    return frozenset(kept), factor


def _plus(a: Polynomial, b: Polynomial) -> Polynomial:
    total = dict(a)
    for m, c in b.items():
        total[m] = total.get(m, Fraction(0)) + c
    return _clean(total)


def _add(a: Quotient, b: Quotient) -> Quotient:
    if a.below == b.below:
        return Quotient(_plus(a.above, b.above), a.below)
    return Quotient(_plus(_times(a.above, b.below), _times(b.above, a.below)), _times(a.below, b.below))


def _multiply(a: Quotient, b: Quotient) -> Quotient:
    if a.above == b.below:
        return Quotient(b.above, a.below)
    if b.above == a.below:
        return Quotient(a.above, b.below)
    return Quotient(_times(a.above, b.above), _times(a.below, b.below))


class _Normaliser:
    """Brings terms to the form; each term once."""

    __slots__ = ("known", "parse", "reader", "squares")

    def __init__(self, reader: Reader, parse: Callable[[str], Node]) -> None:
        self.reader, self.parse = reader, parse
        self.known: dict[Term, Quotient] = {}
        self.squares: dict[Atom, Quotient] = {}

    def of(self, term: Term) -> Quotient:
        if term not in self.known:
            self.known[term] = self._of(term)
        return self.known[term]

    def _of(self, term: Term) -> Quotient:
        match term.kind:
            case "x" | "free":
                return _power_of((term.kind, *term.parts))
            case "constant":
                if term.parts[0] == "e":
                    return self._exp(_number(1))
                if term.parts[0] != "pi":
                    raise Unclear
                return _power_of(("pi",))
            case "sum":
                total = _number(0)
                for product, coefficient in term.parts:
                    total = _add(total, _multiply(_number(coefficient), self.of(product)))
                return total
            case "product":
                result = _number(1)
                for base, exponent in term.parts:
                    result = _multiply(result, self._power(self.of(base), exponent))
                return result
            case "^":
                exponent = self.reader.algebra.value(term.parts[1])
                if exponent is None:
                    raise Unclear
                return self._power(self.of(term.parts[0]), exponent)
            case "call":
                return self._call(term.parts[0], term.parts[1:])
        raise Unclear

    def _power(self, base: Quotient, exponent: Fraction) -> Quotient:
        if exponent < 0:
            if not base.above:
                raise Unclear
            base, exponent = Quotient(base.below, base.above), -exponent
        if exponent.denominator == 1:
            if exponent > _LARGEST_POWER and max(len(base.above), len(base.below)) > 1:
                raise Unclear
            return self._whole_power(base, int(exponent))
        if _is_positive_constant(base.above) and _is_positive_constant(base.below):
            return Quotient(_root(base.above, exponent), _root(base.below, exponent))
        raise Unclear

    def _whole_power(self, base: Quotient, n: int) -> Quotient:
        atom = _lone_atom(base)
        if atom in self.squares and n > 1:  # sqrt(u)^2 is u
            rest = self._whole_power(base, n % 2)
            return _multiply(self._whole_power(self.squares[atom], n // 2), rest)
        result = _number(1)
        for _ in range(n):
            result = _multiply(result, base)
        return result

    def _call(self, name: str, operands: tuple[Term, ...]) -> Quotient:
        if name in _BY_EXP:
            return self.of(self.reader.read(self.parse(_BY_EXP[name]), operands[0]))
        if name == "logaddexp":
            return self._log(_add(*(self._exp(self.of(one)) for one in operands)))
        if len(operands) != 1:
            raise Unclear
        u = self.of(operands[0])
        match name:
            case "exp":
                return self._exp(u)
            case "log":
                return self._log(u)
            case "sqrt":
                if _is_positive_constant(u.above) and _is_positive_constant(u.below):
                    return self._power(u, Fraction(1, 2))
                atom = ("sqrt", *u.key)
                self.squares[atom] = u
                return _power_of(atom)
        if name in _ODD or name in _EVEN:
            turned = Quotient({m: -c for m, c in u.above.items()}, u.below)
            if _leads(turned) < _leads(u):
                u = turned
                if name in _ODD:
                    return _multiply(_number(-1), _power_of((name, *u.key)))
        return _power_of((name, *u.key))

    def _exp(self, u: Quotient) -> Quotient:
        """Return e**u as a product of powers: of e**m for each monomial m in u; e**log(v) is v."""
        if len(u.below) != 1:
            return _power_of(("exp", u.key))
        ((below, divisor),) = u.below.items()
        inverse = frozenset((atom, -n) for atom, n in below)
        result = _number(1)
        for m, c in u.above.items():
            monomial, weight = _join(m, inverse), c / divisor
            atom = next(iter(monomial))[0] if len(monomial) == 1 else ("",)
            if atom[0] == "log" and monomial == frozenset({(atom, Fraction(1))}) and weight.denominator == 1:
                inner = Quotient(dict(atom[1]), dict(atom[2]))
                result = _multiply(result, self._power(inner, weight))
            else:
                result = _multiply(result, _power_of(("exp", monomial), weight))
        return result

    def _log(self, u: Quotient) -> Quotient:
        """Return log(u): of a positive quotient as a difference, with powers of e in front."""
        if not (_is_positive(u.above) and _is_positive(u.below)):
            return _power_of(("log", *u.key))
        parts = []
        for polynomial, sign in ((u.above, 1), (u.below, -1)):
            front, rest = _take_out(polynomial)
            total = _number(0)
            for atom, n in front:
                exponent = Quotient({atom[1]: n}, {_ONE: Fraction(1)})
                total = _add(total, exponent)
            if rest != {_ONE: Fraction(1)}:
                total = _add(
                    total, _power_of(("log", frozenset(rest.items()), frozenset({(_ONE, Fraction(1))})))
                )
            parts.append(_multiply(_number(sign), total))
        return _add(*parts)


def _lone_atom(base: Quotient) -> Atom:
    if len(base.above) != 1 or base.below != {_ONE: Fraction(1)}:
        return ("",)
    ((monomial, coefficient),) = base.above.items()
    return next(iter(monomial))[0] if len(monomial) == 1 and coefficient == 1 else ("",)


def _is_positive(polynomial: Polynomial) -> bool:
    """Return whether it is a sum of positive numbers times powers of e and pi."""
    return bool(polynomial) and all(
        c > 0 and all(atom[0] in {"exp", "pi", "prime"} for atom, _ in m) for m, c in polynomial.items()
    )


def _is_positive_constant(polynomial: Polynomial) -> bool:
    return len(polynomial) == 1 and all(
        c > 0 and all(atom[0] in {"pi", "prime"} for atom, _ in m) for m, c in polynomial.items()
    )


def _root(polynomial: Polynomial, exponent: Fraction) -> Polynomial:
    """Return a power of a positive number, by its primes."""
    ((monomial, coefficient),) = polynomial.items()
    powers = {atom: n * exponent for atom, n in monomial}
    for number, sign in ((coefficient.numerator, 1), (coefficient.denominator, -1)):
        for prime in _primes(number):
            atom = ("prime", prime)
            powers[atom] = powers.get(atom, Fraction(0)) + sign * exponent
    kept, factor = _reduce(frozenset((atom, n) for atom, n in powers.items() if n))
    return {kept: factor}


def _primes(number: int) -> Iterable[int]:
    """Yield the prime factors; of a large number itself, which is as good for comparing."""
    for prime in (2, 3, 5, 7, 11, 13):
        while number % prime == 0:
            yield prime
            number //= prime
    if number > 1:
        yield number


def _take_out(polynomial: Polynomial) -> tuple[list[tuple[Atom, Fraction]], Polynomial]:
    """Return the powers of e that all terms share, and the rest with 0 as the lowest exponent of each."""
    atoms = {atom for m in polynomial for atom, _ in m if atom[0] == "exp" and isinstance(atom[1], frozenset)}
    least = {atom: min(dict(m).get(atom, Fraction(0)) for m in polynomial) for atom in atoms}
    front = [(atom, n) for atom, n in least.items() if n]
    inverse = frozenset((atom, -n) for atom, n in front)
    return front, {_join(m, inverse): c for m, c in polynomial.items()}


def _leads(u: Quotient) -> tuple[int, ...]:
    """Return an order between a quotient and its negative: fewer minus signs, then a positive first term."""
    minus = sum(c < 0 for c in u.above.values())
    lowest = min(u.above.items(), key=lambda one: (len(one[0]), _text(one[0])), default=None)
    return minus, int(lowest is not None and lowest[1] < 0)


def _text(part: Any) -> str:
    """Return a part of an atom as text that does not depend on the order inside of sets."""
    if isinstance(part, frozenset | tuple):
        texts = [_text(one) for one in part]
        return f"({', '.join(sorted(texts) if isinstance(part, frozenset) else texts)})"
    return str(part)
