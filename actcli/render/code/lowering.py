"""A formula's tree made ready to be written as array code, where both branches of a condition are computed.

What is not to be taken must not overflow, and its slope must not be infinite: 0·inf is NaN, and it would come back
through the gradient. So the argument of what can do so is replaced, on the other side of the condition, by a harmless
number: `x if x > 0 else expm1(x)` becomes `x if x > 0 else expm1(0 if x > 0 else x)`.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from actcli.activations.definition import FORMULA, Definition
from actcli.activations.formula import read_expression
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

_HARMLESS = {
    "exp": 0.0,
    "expm1": 0.0,
    "sinh": 0.0,
    "cosh": 0.0,
    "tan": 0.0,
    "log": 1.0,
    "log1p": 0.0,
    "sqrt": 1.0,
    "cbrt": 1.0,
}
"""Functions of the language with an infinite value or slope somewhere, and where they have neither."""
_MILD_POWERS = (1.0, 2.0, 3.0)
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_DEEPEST_CHOICE = 2
"""Each min or max that is written as a condition doubles what is in it."""
_LARGEST_INLINE = 200

Guard = tuple[Node, bool]
"""A condition, and whether it holds where the branch is taken."""


def substituted(tree: Node, found: Mapping[str, Node], x: Node | None = None) -> Node:
    """The tree with nodes in the place of parameters, and in that of x."""
    match tree:
        case Free(name):
            return found.get(name, tree)
        case Variable():
            return tree if x is None else x
        case _:
            parts = children(tree)
            return (
                with_children(tree, tuple(substituted(part, found, x) for part in parts)) if parts else tree
            )


def inlined(tree: Node, stays_a_call: Callable[[Catalogued], bool]) -> Node:
    """The tree with the expressions of catalogued functions in their places, where that repeats little."""
    parts = children(tree)
    if parts:
        tree = with_children(tree, tuple(inlined(part, stays_a_call) for part in parts))
    if not isinstance(tree, Catalogued) or stays_a_call(tree) or not contains_x(tree):
        return tree
    found = simplified(substituted(expression(tree.definition), given_parameters(tree)))
    if not _may_be_inlined(tree.argument, found):
        return tree
    return inlined(substituted(found, {}, tree.argument), stays_a_call)


def expression(definition: Definition) -> Node:
    """What is written for a function: of the catalogue its expression as it is, which loses nothing."""
    read = read_expression(definition)
    return read.stable[0] if definition.family == FORMULA else read.tree


def given_parameters(node: Catalogued) -> dict[str, Node]:
    """All parameters of a function in a formula, also those that it has by default."""
    defaults: dict[str, Node] = {p.name: Number(p.default) for p in node.definition.parameters}
    return defaults | dict(node.parameters)


def _may_be_inlined(argument: Node, found: Node) -> bool:
    places = sum(isinstance(part, Variable) for part in walk(found))
    sizes = [sum(1 for _ in walk(part)) for part in (argument, found)]
    if isinstance(argument, Variable) or places == 1:
        return sum(sizes) <= _LARGEST_INLINE
    # in a branch only what is inlined can be guarded
    return _is_dangerous(found) and sizes[0] * sizes[1] <= _LARGEST_INLINE


def lowered(tree: Node, *, gradients: bool) -> Node:
    """The tree for array code; with `gradients` for code that is to be differentiated, too."""
    tree = simplified(tree)
    if gradients:
        tree = _chosen(tree, _DEEPEST_CHOICE)
    tree = _turned(tree)
    tree = _guarded(tree, (), gradients=gradients)
    if not _keeps_nan(tree):
        tree = Conditional(Call("isnan", (Variable(),)), Variable(), tree)
    return tree


def simplified(tree: Node) -> Node:
    """The tree without what is switched off by an infinite parameter, without 1·u, and with its constants folded."""
    parts = children(tree)
    if parts:
        tree = with_children(tree, tuple(simplified(part) for part in parts))
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
            return _folded(tree)


def can_overflow(tree: Node) -> bool:
    """Whether something may overflow, or be asked for what it is not defined at, that no condition guards."""
    return any(_has_infinite_slope(part) and not _is_guarded(part) for part in walk(tree))


def _is_guarded(node: Node) -> bool:
    """Whether `_wrapped` has been at what it takes."""
    return any(
        isinstance(part, Conditional)
        and (isinstance(part.then, Number) or isinstance(part.otherwise, Number))
        for part in children(node)
    )


def _is_infinite(node: Node) -> bool:
    return isinstance(node, Number) and math.isinf(node.value)


def _folded(tree: Node) -> Node:
    """A constant that Python's `math` would not compute as we do becomes its number."""
    if isinstance(tree, Number | Negative | Variable | Free) or not _is_constant(tree):
        return tree
    values = [value for _, value in constant_parts(tree)]
    if all(map(math.isfinite, values)) and _is_writable(tree):
        return tree
    return Number(values[-1])


def _is_constant(tree: Node) -> bool:
    return not any(isinstance(part, Free | Variable) for part in walk(tree))


def _is_writable(tree: Node) -> bool:
    """Whether a constant can be written as it is: with no power, since Python's whole numbers have no end."""
    return all(
        isinstance(part, Number | Negative)
        or (isinstance(part, Binary) and part.operator in "+-*/")
        or (isinstance(part, Call) and part.name in MATH)
        for part in walk(tree)
    )


MATH = {
    "exp": "exp",
    "log": "log",
    "sqrt": "sqrt",
    "sin": "sin",
    "cos": "cos",
    "tanh": "tanh",
    "arctan": "atan",
    "erf": "erf",
}
"""What constants are written with: functions of Python's `math`."""


def _chosen(tree: Node, depth: int) -> Node:
    """min, max and clip of what has infinite slopes as a condition, so that it can be guarded."""
    match tree if depth else None:
        case Call("clip", (operand, Number(low), Number(high))) if _is_dangerous(operand) and low <= high:
            operand = _chosen(operand, depth - 1)
            inside = Conditional(Compare(">", operand, Number(high)), Number(high), operand)
            return Conditional(Compare("<", operand, Number(low)), Number(low), inside)
        case Call("clip", (operand, low, high)) if _is_dangerous(operand):
            return _chosen(Call("min", (Call("max", (operand, low)), high)), depth)
        case Call("min" | "max" as name, (a, b)) if _is_dangerous(a) or _is_dangerous(b):
            if not contains_x(b):
                a, b = b, a
            a, b = _chosen(a, depth - 1), _chosen(b, depth - 1)
            # b is taken where the comparison fails: it has x in it, so that NaN stays
            return Conditional(Compare(">" if name == "min" else "<", b, a), a, b)
    parts = children(tree)
    return with_children(tree, tuple(_chosen(part, depth) for part in parts)) if parts else tree


def _turned(tree: Node) -> Node:
    """Conditions the other way round where that keeps NaN: `x if x > 1 else 0` as `0 if x <= 1 else x`."""
    parts = children(tree)
    if parts:
        tree = with_children(tree, tuple(_turned(part) for part in parts))
    match tree:
        case Conditional(Compare(operator, left, right) as condition, then, otherwise):
            if operator in _OPPOSITE and contains_x(then) and not contains_x(otherwise):
                opposite = replace(condition, operator=_OPPOSITE[operator], left=left, right=right)
                return Conditional(opposite, otherwise, then)
    return tree


def _guarded(tree: Node, guards: tuple[Guard, ...], *, gradients: bool) -> Node:
    """The tree in which nothing overflows under conditions where it is not taken.

    With `gradients` a condition itself is left as it is: nothing comes back through it.
    """
    match tree:
        case Conditional(condition, then, otherwise) if contains_x(condition):
            return Conditional(
                condition if gradients else _guarded(condition, guards, gradients=False),
                _guarded(then, (*guards, (condition, True)), gradients=gradients),
                _guarded(otherwise, (*guards, (condition, False)), gradients=gradients),
            )
    parts = children(tree)
    made = (
        with_children(tree, tuple(_guarded(part, guards, gradients=gradients) for part in parts))
        if parts
        else tree
    )
    if not guards:
        return made
    match made:
        case Call(name, (argument,)) if name in _HARMLESS:
            return replace(made, arguments=(_wrapped(argument, guards, _HARMLESS[name]),))
        case Binary("^", base, exponent) if _is_steep(base, exponent):
            return replace(made, left=_wrapped(base, guards, 1.0), right=_wrapped(exponent, guards, 1.0))
        case Binary("/" | "%", _, divisor) if not _is_positive(divisor):
            return replace(made, right=_wrapped(divisor, guards, 1.0))
        case _:
            return made


def _wrapped(argument: Node, guards: tuple[Guard, ...], harmless: float) -> Node:
    if not contains_x(argument):
        return argument
    for condition, holds in reversed(guards):
        branches = (argument, Number(harmless)) if holds else (Number(harmless), argument)
        argument = Conditional(condition, *branches)
    return argument


def _is_steep(base: Node, exponent: Node) -> bool:
    """Whether a power of x has a pole, or outgrows the type soon."""
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
    """Whether it is surely above 0, and further from it than a rounding."""
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


def _keeps_nan(node: Node) -> bool:
    """Whether the result is surely NaN where x is."""
    match node:
        case Variable():
            return True
        case Conditional(condition, then, otherwise):
            return _keeps_nan(otherwise) and (_fails_at_nan(condition) or _keeps_nan(then))
        case Binary("^", base, exponent):
            of_exponent = base != Number(1.0) and _keeps_nan(exponent)
            return exponent != Number(0.0) and (_keeps_nan(base) or of_exponent)
        case Compare() | Logic() | Not() | Call("sign"):
            return False
        case Catalogued(_, argument):
            return _keeps_nan(argument)
        case _:
            return any(_keeps_nan(part) for part in children(node))


def _fails_at_nan(condition: Node) -> bool:
    match condition:
        case Compare(operator, left, right):
            return operator != "!=" and (_keeps_nan(left) or _keeps_nan(right))
        case Logic("and", left, right):
            return _fails_at_nan(left) or _fails_at_nan(right)
        case Logic("or", left, right):
            return _fails_at_nan(left) and _fails_at_nan(right)
        case _:
            return False


def depends_on_calls(tree: Node) -> Iterator[str]:
    """The parameters that a function or a condition takes where there is no x: they must be arrays there."""
    if not contains_x(tree):
        needs = any(
            isinstance(p, Call | Catalogued | Compare | Logic | Not | Conditional) for p in walk(tree)
        )
        if needs:
            yield from (part.name for part in walk(tree) if isinstance(part, Free))
        return
    for part in children(tree):
        yield from depends_on_calls(part)
