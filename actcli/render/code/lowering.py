"""Prepares a formula's tree for array code, in which both branches of a condition are computed.

The branch that is not taken must not overflow and must not have an infinite slope: 0·inf is NaN, and the gradient would
pass it on. So the argument of a dangerous function is replaced by a harmless number where its branch is not taken:
`x if x > 0 else expm1(x)` becomes `x if x > 0 else expm1(0 if x > 0 else x)`.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from actcli.activations.definition import FORMULA, Definition
from actcli.activations.formula import read_expression, read_formula
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
    children,
    contains_x,
    walk,
    with_children,
)
from actcli.render.code.exponents import cap_exponents
from actcli.render.code.nan import keep_nan_of_pair, keeps_nan

_HARMLESS = {
    "exp": 0.0,
    "expm1": 0.0,
    "sinh": 0.0,
    "cosh": 0.0,
    "tan": 0.0,
    "log": 1.0,
    "log1p": 0.0,
    "log2": 1.0,
    "log10": 1.0,
    "acosh": 2.0,
    "atanh": 0.0,
    "erfinv": 0.0,
    "sqrt": 1.0,
    "cbrt": 1.0,
}
"""Functions of the language with an infinite value or slope somewhere, and a point at which they have neither."""
_MILD_POWERS = (1.0, 2.0, 3.0)
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_DEEPEST_CHOICE = 2
"""How deep min and max are written as conditions: each one doubles the code inside it."""
_LARGEST_INLINE = 200
_TAILS = {
    "sqrt_softplus": "exp(x/2) if x < -80 else sqrt(softplus(x))",
}
"""Formulas with the same results whose gradient is no 0·inf far out."""

Guard = tuple[Node, bool]
"""A condition, and whether it holds where the branch is taken."""


def substitute(tree: Node, values: Mapping[str, Node], x: Node | None = None) -> Node:
    """Return the tree with nodes in place of parameters, and of x."""
    match tree:
        case Free(name):
            return values.get(name, tree)
        case Variable():
            return tree if x is None else x
        case _:
            parts = children(tree)
            return (
                with_children(tree, tuple(substitute(part, values, x) for part in parts)) if parts else tree
            )


def inline(tree: Node, stays_a_call: Callable[[Catalogued], bool]) -> Node:
    """Return the tree with catalogued functions replaced by their expressions, where that repeats little."""
    parts = children(tree)
    if parts:
        tree = with_children(tree, tuple(inline(part, stays_a_call) for part in parts))
    if not isinstance(tree, Catalogued) or stays_a_call(tree) or not contains_x(tree):
        return tree
    body = simplify(substitute(expression(tree.definition), all_parameters(tree)))
    if not _may_be_inlined(tree.argument, body):
        return tree
    return inline(substitute(body, {}, tree.argument), stays_a_call)


def expression(definition: Definition) -> Node:
    """Return the tree to write: for a catalogued function its own expression, for a formula its stable form."""
    if definition.family != FORMULA and definition.name in _TAILS:
        return read_formula(_TAILS[definition.name]).tree
    read = read_expression(definition)
    return read.stable[0] if definition.family == FORMULA else read.tree


def all_parameters(node: Catalogued) -> dict[str, Node]:
    """Return all parameters of a function in a formula, including its defaults."""
    defaults: dict[str, Node] = {p.name: Number(p.default) for p in node.definition.parameters}
    return defaults | dict(node.parameters)


def _may_be_inlined(argument: Node, body: Node) -> bool:
    places = sum(isinstance(part, Variable) for part in walk(body))
    sizes = [sum(1 for _ in walk(part)) for part in (argument, body)]
    if isinstance(argument, Variable) or places == 1:
        return sum(sizes) <= _LARGEST_INLINE
    # inside a branch, only inlined code can be guarded
    return _is_dangerous(body) and sizes[0] * sizes[1] <= _LARGEST_INLINE


def lower(tree: Node, *, gradients: bool) -> Node:
    """Return the tree for array code; with `gradients`, for code that will be differentiated."""
    tree = simplify(tree)
    if gradients:
        tree = _choose_by_condition(cap_exponents(_divide_by_cosh(tree)), _DEEPEST_CHOICE)
    tree = _turn_condition(tree)
    tree = _guard(tree, (), gradients=gradients)
    inputs = {node.name: node for node in walk(tree) if isinstance(node, Variable)}
    if len(inputs) == 2:  # NaN of one input must not be lost behind the other
        return keep_nan_of_pair(tree, *inputs.values())
    if not keeps_nan(tree):
        tree = Conditional(Call("isnan", (Variable(),)), Variable(), tree)
    return tree


def simplify(tree: Node) -> Node:
    """Return the tree without parts that an infinite parameter switches off, without 1·u, with constants folded."""
    parts = children(tree)
    if parts:
        tree = with_children(tree, tuple(simplify(part) for part in parts))
    match tree:
        case Call("plain", (operand,)):
            return operand
        case Binary("*", Number(1.0), kept) | Binary("*" | "/", kept, Number(1.0)):
            return kept
        case Binary("+", Number(0.0), kept) | Binary("+" | "-", kept, Number(0.0)):
            return kept
        case Call("min", (kept, Number(math.inf))) | Call("min", (Number(math.inf), kept)):
            return kept
        case Call("max", (kept, Number(value))) | Call("max", (Number(value), kept)) if value == -math.inf:
            return kept
        case Call("clip", (operand, low, high)) if _is_infinite(low) or _is_infinite(high):
            above = operand if _is_infinite(low) else Call("max", (operand, low))
            return above if _is_infinite(high) else Call("min", (above, high))
        case Conditional(Number(value), then, otherwise):
            return then if value else otherwise
        case Conditional(Compare(">" | "<" as operator, left, right), _, otherwise):
            limit = right if operator == ">" else left
            return otherwise if limit == Number(math.inf) else tree
        case _:
            return _fold_constant(tree)


def can_overflow(tree: Node) -> bool:
    """Return whether something unguarded may overflow, or be computed where it is not defined."""
    return any(_has_infinite_slope(part) and not _is_guarded(part) for part in walk(tree))


def _is_guarded(node: Node) -> bool:
    """Return whether `_make_harmless` has replaced one of its arguments."""
    return any(
        isinstance(part, Conditional)
        and (isinstance(part.then, Number) or isinstance(part.otherwise, Number))
        for part in children(node)
    )


def _is_infinite(node: Node) -> bool:
    return isinstance(node, Number) and math.isinf(node.value)


def _fold_constant(tree: Node) -> Node:
    """Return the number of a constant that Python's `math` would compute differently; any other tree as it is."""
    if isinstance(tree, Number | Negative | Variable | Free) or not _is_constant(tree):
        return tree
    values = [value for _, value in constant_parts(tree)]
    if all(map(math.isfinite, values)) and _is_writable(tree):
        return tree
    return Number(values[-1])


def _is_constant(tree: Node) -> bool:
    return not any(isinstance(part, Free | Variable) for part in walk(tree))


def _is_writable(tree: Node) -> bool:
    """Return whether a constant can be written as it is: without a power, because Python's integers are unbounded."""
    return all(
        isinstance(part, Number | Negative)
        or (isinstance(part, Binary) and part.operator in "+-*/")
        or (isinstance(part, Call) and part.name in MATH)
        for part in walk(tree)
    )


MATH = {
    "exp": "exp",
    "log": "log",
    "log2": "log2",
    "log10": "log10",
    "asinh": "asinh",
    "acosh": "acosh",
    "atanh": "atanh",
    "sqrt": "sqrt",
    "sin": "sin",
    "cos": "cos",
    "tanh": "tanh",
    "arctan": "atan",
    "erf": "erf",
}
"""The functions of Python's `math` that constants are written with."""


def _choose_by_condition(tree: Node, depth: int) -> Node:
    """Return min, max and clip of arguments with infinite slopes as conditions, which can be guarded."""
    match tree if depth else None:
        case Call("clip", (operand, Number(low), Number(high))) if _is_dangerous(operand) and low <= high:
            operand = _choose_by_condition(operand, depth - 1)
            inside = Conditional(Compare(">", operand, Number(high)), Number(high), operand)
            return Conditional(Compare("<", operand, Number(low)), Number(low), inside)
        case Call("clip", (operand, low, high)) if _is_dangerous(operand):
            return _choose_by_condition(Call("min", (Call("max", (operand, low)), high)), depth)
        case Call("min" | "max" as name, (a, b)) if _is_dangerous(a) or _is_dangerous(b):
            if not contains_x(b):
                a, b = b, a
            a, b = _choose_by_condition(a, depth - 1), _choose_by_condition(b, depth - 1)
            # b is taken where the comparison fails: it has x in it, so that NaN stays
            return Conditional(Compare(">" if name == "min" else "<", b, a), a, b)
    parts = children(tree)
    return with_children(tree, tuple(_choose_by_condition(part, depth) for part in parts)) if parts else tree


def _divide_by_cosh(tree: Node) -> Node:
    """Return the tree with v/cosh(u) as v·2e**-|u|/(1 + e**-2|u|): where cosh overflows, its gradient would be NaN."""
    parts = children(tree)
    if parts:
        tree = with_children(tree, tuple(_divide_by_cosh(part) for part in parts))
    match tree:
        case Binary("/", numerator, Call("cosh", (argument,))) if contains_x(argument):
            exponent = Negative(Call("abs", (argument,)))
            powers = Call("exp", (exponent,)), Call("exp", (Binary("*", Number(2.0), exponent),))
            above = Binary("*", Binary("*", Number(2.0), numerator), powers[0])
            return simplify(Binary("/", above, Binary("+", Number(1.0), powers[1])))
        case _:
            return tree


def _turn_condition(tree: Node) -> Node:
    """Return conditions reversed where that keeps NaN: `x if x > 1 else 0` as `0 if x <= 1 else x`."""
    parts = children(tree)
    if parts:
        tree = with_children(tree, tuple(_turn_condition(part) for part in parts))
    match tree:
        case Conditional(Compare(operator, left, right) as condition, then, otherwise):
            if operator in _OPPOSITE and contains_x(then) and not contains_x(otherwise):
                opposite = replace(condition, operator=_OPPOSITE[operator], left=left, right=right)
                return Conditional(opposite, otherwise, then)
    return tree


def _guard(tree: Node, guards: tuple[Guard, ...], *, gradients: bool) -> Node:
    """Return the tree in which no branch overflows where it is not taken.

    With `gradients` the conditions themselves stay as they are: no gradient passes through them.
    """
    match tree:
        case Conditional(condition, then, otherwise) if contains_x(condition):
            return Conditional(
                condition if gradients else _guard(condition, guards, gradients=False),
                _guard(then, (*guards, (condition, True)), gradients=gradients),
                _guard(otherwise, (*guards, (condition, False)), gradients=gradients),
            )
    parts = children(tree)
    made = (
        with_children(tree, tuple(_guard(part, guards, gradients=gradients) for part in parts))
        if parts
        else tree
    )
    if not guards:
        return made
    match made:
        case Call(name, (argument,)) if name in _HARMLESS:
            return replace(made, arguments=(_make_harmless(argument, guards, _HARMLESS[name]),))
        case Binary("^", base, exponent) if _is_steep(base, exponent):
            return replace(
                made, left=_make_harmless(base, guards, 1.0), right=_make_harmless(exponent, guards, 1.0)
            )
        case Binary("/" | "%", _, divisor) if not _is_positive(divisor):
            return replace(made, right=_make_harmless(divisor, guards, 1.0))
        case _:
            return made


def _make_harmless(argument: Node, guards: tuple[Guard, ...], harmless: float) -> Node:
    if not contains_x(argument):
        return argument
    for condition, holds in reversed(guards):
        branches = (argument, Number(harmless)) if holds else (Number(harmless), argument)
        argument = Conditional(condition, *branches)
    return argument


def _is_steep(base: Node, exponent: Node) -> bool:
    """Return whether a power of x has a pole, or overflows soon."""
    mild = isinstance(exponent, Number) and exponent.value in _MILD_POWERS
    return not mild and (contains_x(base) or contains_x(exponent))


def _is_dangerous(tree: Node) -> bool:
    return any(_has_infinite_slope(part) for part in walk(tree))


def _has_infinite_slope(node: Node) -> bool:
    match node:
        case Call(name, (argument,)):
            return name in _HARMLESS and contains_x(argument)
        case Binary("^", base, exponent):
            return _is_steep(base, exponent)
        case Binary("/" | "%", _, divisor):
            return contains_x(divisor) and not _is_positive(divisor)
        case _:
            return False


def _is_positive(node: Node) -> bool:
    """Return whether it is certainly above 0 by more than a rounding error."""
    match node:
        case Number(value):
            return value > 0.0
        case Call("cosh"):
            return True
        case Binary("+", left, right):
            sides = ((left, right), (right, left))
            return any(
                _is_positive(one) and (_is_positive(two) or _is_not_negative(two)) for one, two in sides
            )
        case _:
            return False


def _is_not_negative(node: Node) -> bool:
    match node:
        case Call("abs" | "exp" | "sqrt" | "normcdf", _) | Binary("^", _, Number(2.0)):
            return True
        case _:
            return False


def depends_on_calls(tree: Node) -> Iterator[str]:
    """Yield the parameters used by a function or a condition without x: they must be arrays there."""
    if not contains_x(tree):
        needs = any(
            isinstance(p, Call | Catalogued | Compare | Logic | Not | Conditional) for p in walk(tree)
        )
        if needs:
            yield from (part.name for part in walk(tree) if isinstance(part, Free))
        return
    for part in children(tree):
        yield from depends_on_calls(part)
