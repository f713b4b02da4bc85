"""Expressions in a normal form: sums of products with rational coefficients, in which like terms are one term."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

Number = Fraction
ZERO, UNIT = Fraction(0), Fraction(1)
_MOST_BITS = 4096
_LARGEST_POWER = 64
_ODD = frozenset({"tanh", "sinh", "sin", "tan", "arctan", "asinh", "atanh", "erfinv", "erf", "cbrt", "sign"})
_EVEN = frozenset({"cosh", "cos", "abs"})


class TooLong(Exception):  # noqa: N818 - no error, but an answer: it is not shown
    """An expression has too many terms; `terms` says how many at least."""

    def __init__(self, terms: int) -> None:
        super().__init__(terms)
        self.terms = terms

    @property
    def reason(self) -> str:
        """Why it is not shown."""
        return f"too long to print: {self.terms:,} terms"


class BeyondFloat64(TooLong):
    """An expression has a number that is too large for float64, or too small."""

    def __init__(self) -> None:
        super().__init__(0)

    @property
    def reason(self) -> str:
        """Why it is not shown."""
        return "not printed: it has numbers that float64 does not hold"


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """One expression; an algebra makes equal ones once, so that they are compared by identity.

    Attributes:
        kind: `sum` of (product, coefficient), `product` of (base, exponent), `x`, `free` and `constant` of a name,
            `call` of a function, `catalogued` of a function, its argument and parameters, `if`, `compare`, `and`,
            `or`, `not`, `%`, `^` of two expressions.
        parts: as the kind says.
        rank: counts up as terms are made, for an order.
        size: how many terms it has as a tree.

    """

    kind: str
    parts: tuple[Any, ...]
    rank: int
    size: int


class Algebra:
    """Makes terms in normal form; no more than `most` of them."""

    __slots__ = ("made", "most", "one", "x", "zero")

    def __init__(self, most: int = 20_000) -> None:
        self.most = most
        self.made: dict[tuple[Any, ...], Term] = {}
        self.zero = self._make("sum", ())
        self.one = self._make("product", ())
        self.x = self._make("x", ())

    def _make(self, kind: str, parts: tuple[Any, ...]) -> Term:
        key = (kind, parts)
        if key not in self.made:
            if len(self.made) >= self.most:
                raise TooLong(self.most)
            size = 1 + sum(part.size for part in _terms_in(parts))
            self.made[key] = Term(kind, parts, len(self.made), size)
        return self.made[key]

    def number(self, value: Fraction | int) -> Term:
        """Return a rational number."""
        value = Fraction(value)
        if max(value.numerator.bit_length(), value.denominator.bit_length()) > _MOST_BITS:
            raise TooLong(len(self.made))
        if value == 1:
            return self.one
        return self._make("sum", ((self.one, value),)) if value else self.zero

    def atom(self, kind: str, *parts: Any) -> Term:
        """Return an expression that is no sum and no product."""
        return self._make(kind, parts)

    def terms(self, term: Term) -> tuple[tuple[Term, Fraction], ...]:
        """Return an expression as a sum: products and their coefficients."""
        return term.parts if term.kind == "sum" else ((term, UNIT),)

    def factors(self, product: Term) -> tuple[tuple[Term, Fraction], ...]:
        """Return a product's bases and exponents; any other expression is its own base."""
        return product.parts if product.kind == "product" else ((product, UNIT),)

    def value(self, term: Term) -> Fraction | None:
        """Return the number that an expression is; None for any other."""
        if term is self.zero:
            return ZERO
        terms = self.terms(term)
        return terms[0][1] if len(terms) == 1 and terms[0][0] is self.one else None

    def split(self, term: Term) -> tuple[Fraction, Term]:
        """Return the coefficient and the rest: 2·x·y is 2 and x·y; a sum of several has 1, or −1 by its sign."""
        terms = self.terms(term)
        if len(terms) == 1:
            return terms[0][1], terms[0][0]
        if not terms:
            return ZERO, self.one
        sign = -1 if self._leads_with_minus(terms) else 1
        return Fraction(sign), self._of_terms(dict(terms), sign) if sign < 0 else term

    def _leads_with_minus(self, terms: tuple[tuple[Term, Fraction], ...]) -> bool:
        constant = next((c for t, c in terms if t is self.one), None)
        return (constant if constant is not None else min(terms, key=lambda one: one[0].rank)[1]) < 0

    def _of_terms(self, terms: Mapping[Term, Fraction], factor: Fraction | int = 1) -> Term:
        kept = [(t, c * factor) for t, c in terms.items() if c]
        for _, c in kept:
            if max(c.numerator.bit_length(), c.denominator.bit_length()) > _MOST_BITS:
                raise TooLong(len(self.made))
        if len(kept) == 1 and kept[0][1] == 1:
            return kept[0][0]
        return self._make("sum", tuple(sorted(kept, key=lambda one: one[0].rank)))

    def add(self, *terms: Term) -> Term:
        """Return the sum, with common factors in front."""
        return self.weigh([(term, UNIT) for term in terms])

    def subtract(self, a: Term, b: Term) -> Term:
        """Return a − b."""
        return self.weigh([(a, UNIT), (b, -UNIT)])

    def negate(self, a: Term) -> Term:
        """Return −a."""
        return self.weigh([(a, -UNIT)])

    def weigh(self, weighted: Iterable[tuple[Term, Fraction]]) -> Term:
        """Return a sum of terms times numbers."""
        weighted = [(term, weight) for term, weight in weighted if weight and term is not self.zero]
        whole: dict[Term, Fraction] = {}
        for term, weight in weighted:
            coefficient, rest = self.split(term)
            whole[rest] = whole.get(rest, ZERO) + weight * coefficient
        if len(whole) > 1 and all(whole.values()):
            factored = self._factor(whole)  # before a sum that is a factor is taken apart
            if factored is not None:
                return factored
        total: dict[Term, Fraction] = {}
        for term, weight in weighted:
            for product, coefficient in self.terms(term):
                inner = self.terms(product)
                for part, own in inner if len(inner) > 1 else ((product, UNIT),):
                    total[part] = total.get(part, ZERO) + weight * coefficient * own
        total = {term: c for term, c in total.items() if c}
        if len(total) > 1:
            total = self._merge_choices(total)
        if len(total) == 1:
            ((product, coefficient),) = total.items()
            if product.kind == "if" and coefficient != 1:
                sides = (self.weigh([(side, coefficient)]) for side in product.parts[1:])
                return self.choose(product.parts[0], *sides)
        if len(total) < 2:
            return self._of_terms(total)
        return self._factor(total) or self._of_terms(self._multiply_out(total))

    def _multiply_out(self, total: dict[Term, Fraction]) -> dict[Term, Fraction]:
        """Return the sum with brackets multiplied out, if that makes no more terms: −x·s + x·(1 − s) is x − 2·x·s."""
        wide: dict[Term, Fraction] = {}
        for product, coefficient in total.items():
            inner = next((b for b, n in self.factors(product) if n == 1 and len(self.terms(b)) > 1), None)
            if inner is None:
                wide[product] = wide.get(product, ZERO) + coefficient
                continue
            rest = self.divide(product, inner)
            for part, own in self.terms(inner):
                for term, c in self.terms(self.multiply(rest, part)):
                    wide[term] = wide.get(term, ZERO) + coefficient * own * c
        wide = {term: c for term, c in wide.items() if c}
        return wide if len(wide) <= len(total) else total

    def _merge_choices(self, total: dict[Term, Fraction]) -> dict[Term, Fraction]:
        """Return a sum in which a choice by each condition occurs once."""
        choices: dict[Term, list[Term]] = {}
        for product in total:
            for base, exponent in self.factors(product):
                if base.kind == "if" and exponent == 1:
                    choices.setdefault(base.parts[0], []).append(product)
                    break
        for condition, products in choices.items():
            if len(products) < 2:
                continue
            sides = []
            for side in (1, 2):
                weighted = []
                for product in products:
                    choice = next(
                        b
                        for b, n in self.factors(product)
                        if b.kind == "if" and b.parts[0] is condition and n == 1
                    )
                    rest = self.divide(product, choice)
                    weighted.append((self.multiply(rest, choice.parts[side]), total[product]))
                sides.append(self.weigh(weighted))
            for product in products:
                del total[product]
            for part, c in self.terms(self.choose(condition, *sides)):
                total[part] = total.get(part, ZERO) + c
        return {term: c for term, c in total.items() if c}

    def _factor(self, total: dict[Term, Fraction]) -> Term | None:
        """Return a sum as a product of what all terms share and the rest; None where that is x alone, or nothing."""
        shared: dict[Term, list[Fraction]] = {}
        for product in total:
            for base, exponent in self.factors(product):
                shared.setdefault(base, []).append(exponent)
        common = {
            base: min(exponents)
            for base, exponents in shared.items()
            if len(exponents) == len(total) and (min(exponents) > 0 or max(exponents) < 0)
        }
        if not any(base.kind not in {"x", "constant"} or n < 0 for base, n in common.items()):
            return None
        outside = self._product(common)
        inside = [(self.divide(product, outside), c) for product, c in total.items()]
        odd_root = any(b.kind == "call" and b.parts[0] == "sqrt" and n % 2 for b, n in common.items())
        rest = self.weigh([(self._square_roots(part) if odd_root else part, c) for part, c in inside])
        return self.multiply(outside, rest)

    def _square_roots(self, product: Term) -> Term:
        """Return a product in which sqrt(u)^2 is u: where another root stands beside it, u < 0 is NaN anyway."""
        result = self.one
        for base, exponent in self.factors(product):
            is_root = base.kind == "call" and base.parts[0] == "sqrt" and exponent % 2 == 0
            factor = self.power(base.parts[1], exponent / 2) if is_root else self.power(base, exponent)
            result = self.multiply(result, factor)
        return result

    def multiply(self, *terms: Term) -> Term:
        """Return the product."""
        coefficient = UNIT
        exponents: dict[Term, Fraction] = {}
        for term in terms:
            own, rest = self.split(term)
            coefficient *= own
            for base, exponent in self.factors(rest):
                exponents[base] = exponents.get(base, ZERO) + exponent
        if not coefficient:
            return self.zero
        product = self._product(exponents)
        return self.weigh([(product, coefficient)]) if coefficient != 1 else product

    def divide(self, a: Term, b: Term) -> Term:
        """Return a/b."""
        return self.multiply(a, self.power(b, -UNIT))

    def _product(self, exponents: Mapping[Term, Fraction]) -> Term:
        """Return a product of powers, with one exponential, and without what a sign or an absolute value repeats."""
        kept = {base: n for base, n in exponents.items() if n}
        for base in [b for b in kept if b.kind == "call" and b.parts[0] in {"sign", "abs"}]:
            self._absorb(kept, base)
        coefficient = UNIT
        powers = [(b.parts[1], n) for b, n in kept.items() if b.kind == "call" and b.parts[0] == "exp"]
        if len(powers) > 1 or any(n != 1 for _, n in powers):
            kept = {b: n for b, n in kept.items() if not (b.kind == "call" and b.parts[0] == "exp")}
            together = self.call("exp", self.weigh(powers))
            if together is not self.one:
                kept[together] = UNIT
        choice = next((b for b, n in kept.items() if b.kind == "if" and n == 1), None)
        if choice is not None and len(kept) > 1 and self.zero in choice.parts[1:]:
            del kept[choice]
            rest = self._product(kept)
            return self.choose(choice.parts[0], *(self.multiply(rest, side) for side in choice.parts[1:]))
        items = tuple(sorted(((b, n) for b, n in kept.items() if n), key=lambda one: one[0].rank))
        if len(items) == 1 and items[0][1] == 1:
            return items[0][0]
        product = self._make("product", items)
        return product if coefficient == 1 else self.weigh([(product, coefficient)])

    def _absorb(self, kept: dict[Term, Fraction], base: Term) -> None:
        name, operand = base.parts
        n = kept.get(base, ZERO)
        if n.denominator != 1:
            return
        if name == "sign" and n > 0:
            size = self.call("abs", operand)
            for other, gives in ((operand, size), (size, operand)):
                if kept.get(other, ZERO) >= 1 and n % 2:
                    kept[other] -= 1
                    kept[gives] = kept.get(gives, ZERO) + 1
                    del kept[base]
                    return
        elif name == "abs" and abs(n) >= 2:
            even = Fraction(2 * int(n / 2))
            kept[base] = n - even
            for inner, exponent in self.factors(operand):
                kept[inner] = kept.get(inner, ZERO) + exponent * even

    def power(self, base: Term, exponent: Fraction | Term) -> Term:
        """Return a power; whole powers of products and numbers are multiplied out."""
        if isinstance(exponent, Term):
            value = self.value(exponent)
            if value is None:
                if base.kind == "constant" and base.parts[0] == "e":
                    return self.call("exp", exponent)
                return self.atom("^", base, exponent)
            exponent = value
        if exponent == 1:
            return base
        coefficient, rest = self.split(base)
        if exponent.denominator != 1:
            return self.atom("^", base, self.number(exponent))
        if not coefficient:
            return self.zero if exponent > 0 else self.atom("^", base, self.number(exponent))
        if coefficient != 1:
            if abs(exponent) > _LARGEST_POWER and abs(coefficient) != 1:
                return self.atom("^", base, self.number(exponent))
            number = self.number(coefficient ** int(exponent))
            return self.multiply(number, self.power(rest, exponent))
        if rest.kind == "^" and (own := self.value(rest.parts[1])) is not None:
            return self.power(rest.parts[0], own * exponent)
        return self._product({b: n * exponent for b, n in self.factors(rest)})

    def call(self, name: str, *operands: Term) -> Term:
        """Return a function of the formula language."""
        first = operands[0]
        if first is self.zero and name in {*_ODD, "expm1", "log1p", "sqrt", "abs"}:
            return self.zero
        if (first is self.zero and name in {"exp", "cos", "cosh"}) or (name == "log" and first is self.one):
            return self.one if name != "log" else self.zero
        if name in _ODD | _EVEN and len(self.terms(first)) == 1 and self.terms(first)[0][1] < 0:
            made = self.call(name, self.negate(first))
            return self.negate(made) if name in _ODD else made
        if name == "exp" and first.kind == "call" and first.parts[0] == "log":
            inner: Term = first.parts[1]
            return inner
        if name in {"abs", "sign"} and (value := self.value(first)) is not None:
            return self.number(abs(value) if name == "abs" else (value > 0) - (value < 0))
        return self.atom("call", name, *operands)

    def choose(self, condition: Term, then: Term, otherwise: Term) -> Term:
        """Return `then if condition else otherwise`."""
        value = self.value(condition)
        if value is not None:
            return then if value else otherwise
        if then is otherwise:
            return then
        # the condition of an inner choice is known in the outer one's branches
        if then.kind == "if" and then.parts[0] is condition:
            then = then.parts[1]
        if otherwise.kind == "if" and otherwise.parts[0] is condition:
            otherwise = otherwise.parts[2]
        return self.atom("if", condition, then, otherwise)


def _terms_in(parts: tuple[Any, ...]) -> Iterable[Term]:
    for part in parts:
        if isinstance(part, Term):
            yield part
        elif isinstance(part, tuple):
            yield from _terms_in(part)
