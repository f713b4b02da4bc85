"""Writes the normal form as the tree of a formula, in the order in which people write."""

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
from actcli.activations.registry import find_definition
from actcli.activations.symbolic.terms import BeyondFloat64, Term, TooLong

LONGEST = 500
"""Terms: the language reads formulas of twice as many operations."""
_SMALL = 12
_NUMBERS = {"pi": 3.141592653589793, "e": 2.718281828459045, "inf": float("inf"), "-inf": float("-inf")}
_SMALLEST_NORMAL = 2.0**-1022
_FIRST = {"free": 0, "constant": 1, "x": 2, "call": 3, "catalogued": 3}


def write_term(term: Term) -> Node:
    """Return the tree of a term. Raises TooLong for more than LONGEST terms, BeyondFloat64 for a number as 1e640."""
    if term.size > LONGEST:
        raise TooLong(term.size)
    return _write(term)


def _write(term: Term) -> Node:
    match term.kind:
        case "x":
            return Variable()
        case "free":
            return Free(term.parts[0])
        case "constant":
            return Number(_NUMBERS.get(term.parts[0], float("nan")))
        case "sum":
            return _sum(term)
        case "product":
            return _product(term, Fraction(1))
        case "call":
            return Call(term.parts[0], tuple(map(_write, term.parts[1:])))
        case "catalogued":
            name, argument, parameters = term.parts
            values = tuple((own, _write(value)) for own, value in parameters)
            definition = find_definition(name)
            if definition is None:  # read from a tree, so that it exists
                raise TooLong(term.size)
            return Catalogued(name, _write(argument), values, definition=definition)
        case "if":
            condition, then, otherwise = term.parts
            return Conditional(_condition(condition), _write(then), _write(otherwise))
        case "%" | "^":
            left, right = term.parts
            return Binary(term.kind, _write(left), _write(right))
        case _:
            return _condition(term)


def _condition(term: Term) -> Node:
    match term.kind, term.parts:
        case "compare", (operator, left, right):
            return Compare(operator, _write(left), _bound(right))
        case "and", (
            Term(kind="compare", parts=(">=", low_x, low)),
            Term(kind="compare", parts=("<=", x, high)),
        ) if low_x is x and _is_opposite(low, high):
            return Compare("<=", Call("abs", (_write(x),)), _bound(high))
        case "and" | "or", (left, right):
            return Logic(term.kind, _condition(left), _condition(right))
        case "not", (operand,):
            return Not(_condition(operand))
        case _:
            return _write(term)


def _bound(term: Term) -> Node:
    """Return the side of a comparison: a number as a decimal, 0.5 rather than 1/2."""
    coefficient = _coefficient(term)
    return _write(term) if coefficient is None or not _is_decimal(coefficient) else _number(coefficient)


def _coefficient(term: Term) -> Fraction | None:
    """Return the number that a term is; None for any other."""
    is_number = term.kind == "sum" and len(term.parts) == 1 and term.parts[0][0].size == 1
    return term.parts[0][1] if is_number and term.parts[0][0].kind == "product" else None


def _is_opposite(low: Term, high: Term) -> bool:
    values = _coefficient(low), _coefficient(high)
    return values[1] is not None and values[1] > 0 and values[0] == -values[1]


def _sum(term: Term) -> Node:
    if not term.parts:
        return Number(0.0)
    terms = sorted(term.parts, key=lambda part: _place(part[0], all_powers=_is_polynomial(term)))
    first = next((i for i, (_, c) in enumerate(terms) if c > 0), 0)
    terms.insert(0, terms.pop(first))
    result: Node | None = None
    for product, coefficient in terms:
        if result is None:
            result = _product(product, coefficient)
        else:
            sign = "-" if coefficient < 0 else "+"
            result = Binary(sign, result, _product(product, abs(coefficient)))
    return result or Number(0.0)


def _is_polynomial(term: Term) -> bool:
    return all(product.kind == "x" or _degree(product) is not None for product, _ in term.parts)


def _degree(product: Term) -> Fraction | None:
    if product.kind == "x":
        return Fraction(1)
    if product.kind != "product" or any(base.kind != "x" for base, _ in product.parts):
        return None
    return product.parts[0][1] if product.parts else Fraction(0)


def _place(product: Term, *, all_powers: bool) -> tuple[float, ...]:
    """Return the place of a term in a sum: powers of x fall, else numbers stand first."""
    if all_powers:
        return (-float(_degree(product) or 0),)
    return (0 if product.kind == "product" and not product.parts else 1, product.rank)


def _product(product: Term, coefficient: Fraction) -> Node:
    factors = product.parts if product.kind == "product" else ((product, Fraction(1)),)
    if coefficient < 0:
        return _signed(product, factors, coefficient)
    above: list[Node] = []
    below: list[Node] = []
    top, bottom = _ratio(coefficient)
    for base, n in sorted(factors, key=_factor_place):
        power = _write(base) if abs(n) == 1 else Binary("^", _write(base), Number(float(abs(n))))
        (above if n > 0 else below).append(power)
    if top != Number(1.0) or not above:
        above.insert(0, top)
    if bottom is not None:
        below.insert(0, bottom)
    numerator = _chain(above)
    return Binary("/", numerator, _chain(below)) if below else numerator


def _signed(product: Term, factors: tuple[tuple[Term, Fraction], ...], coefficient: Fraction) -> Node:
    """Return a product with a minus sign; −(1 − x)·y as (x − 1)·y."""
    for base, n in factors:
        if base.kind == "sum" and n == 1 and any(c < 0 for _, c in base.parts):
            turned = Term("sum", tuple((term, -c) for term, c in base.parts), base.rank, base.size)
            others = tuple((turned if b is base else b, m) for b, m in factors)
            return _product(Term("product", others, product.rank, product.size), -coefficient)
    tree = _product(product, -coefficient)
    match tree:
        case Number(value):
            return Number(-value)
        case Binary("*" | "/", left, right):
            return Binary(tree.operator, _negate_first(left), right)
        case _:
            return Negative(tree)


def _negate_first(node: Node) -> Node:
    """Return a product with a minus sign at its first factor."""
    match node:
        case Binary("*" | "/" as operator, left, right):
            return Binary(operator, _negate_first(left), right)
        case Number(value):
            return Number(-value)
        case _:
            return Negative(node)


def _chain(factors: list[Node]) -> Node:
    result = factors[0]
    for factor in factors[1:]:
        result = Binary("*", result, factor)
    return result


def _factor_place(factor: tuple[Term, Fraction]) -> tuple[int, int]:
    base, _ = factor
    return (_FIRST.get(base.kind, 4), base.rank)


def _ratio(value: Fraction) -> tuple[Node, Node | None]:
    """Return a number as it is written above and below a fraction bar: 1.702, or 2 and 3."""
    if value.denominator == 1:
        return _number(value), None
    if value.denominator <= _SMALL and (value.numerator == 1 or not _is_decimal(value)):
        return _number(value.numerator), _number(value.denominator)
    if _is_decimal(value) or value.denominator > 10**6:
        return _number(value), None
    return _number(value.numerator), _number(value.denominator)


def _number(value: int | Fraction) -> Number:
    try:
        nearest = float(value)
    except OverflowError:
        raise BeyondFloat64 from None
    if abs(nearest) < _SMALLEST_NORMAL and value != nearest:  # few of its digits, or none
        raise BeyondFloat64
    return Number(nearest)


def _is_decimal(value: Fraction) -> bool:
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1
