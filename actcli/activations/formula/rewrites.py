"""Forms that lose digits, and the same functions written so that they do not: `log(1 + u)` is log1p(u).

Each row is proved by a test at points where the plain form fails. In a pattern u and v stand for anything; sums and
products match in either order, constants by their value.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

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
    Number,
    Span,
    Variable,
    children,
    with_children,
)
from actcli.activations.formula.write import written

# The more special row stands before the more general one.
ROWS = (
    ("log(1 + exp(u))", "softplus(u)"),
    ("log(exp(u) + exp(v))", "logaddexp(u, v)"),
    ("log(sigmoid(u))", "log_sigmoid(u)"),
    ("log(1 + u)", "log1p(u)"),
    ("log(1 - u)", "log1p(-u)"),
    ("log1p(exp(u))", "softplus(u)"),
    ("(exp(u) - exp(-u))/(exp(u) + exp(-u))", "tanh(u)"),
    ("(exp(u) - 1)/(exp(u) + 1)", "tanh(u/2)"),
    ("(1 - exp(u))/(1 + exp(u))", "-tanh(u/2)"),
    ("(exp(u) - exp(-u))/2", "sinh(u)"),
    ("0.5*(exp(u) - exp(-u))", "sinh(u)"),
    ("exp(u) - 1", "expm1(u)"),
    ("-1 + exp(u)", "expm1(u)"),
    ("1 - exp(u)", "-expm1(u)"),
    ("u/(1 + exp(-u))", "silu(u)"),
    ("1/(1 + exp(-u))", "sigmoid(u)"),
    ("exp(u)/(1 + exp(u))", "sigmoid(u)"),
    ("v*exp(u)/(1 + exp(u))", "v*sigmoid(u)"),
    ("v/(1 + exp(-u))", "v*sigmoid(u)"),
    ("1 - sigmoid(u)", "sigmoid(-u)"),
    ("1 - tanh(u)^2", "(1/cosh(u))^2"),
    ("1 - tanh(u)*tanh(u)", "(1/cosh(u))^2"),
    ("0.5*u*(1 + tanh(sqrt(2/pi)*(u + 0.044715*u^3)))", "gelu_tanh(u)"),
    ("u*(0.5*(1 + tanh(sqrt(2/pi)*(u + 0.044715*u^3))))", "gelu_tanh(u)"),
    ("u/2*(1 + tanh(sqrt(2/pi)*(u + 0.044715*u^3)))", "gelu_tanh(u)"),
    ("0.5*v*(1 + tanh(u))", "v*sigmoid(2*u)"),
    ("v/2*(1 + tanh(u))", "v*sigmoid(2*u)"),
    ("0.5*(1 + tanh(u))", "sigmoid(2*u)"),
    ("(1 + tanh(u))/2", "sigmoid(2*u)"),
    ("1 + tanh(u)", "2*sigmoid(2*u)"),
    ("u*tanh(softplus(u))", "mish(u)"),
    ("u - tanh(u)", "tanhshrink(u)"),
    ("0.5*v*(1 + erf(u/sqrt(2)))", "v*normcdf(u)"),
    ("v/2*(1 + erf(u/sqrt(2)))", "v*normcdf(u)"),
    ("v*(1 + erf(u/sqrt(2)))/2", "v*normcdf(u)"),
    ("0.5*(1 + erf(u/sqrt(2)))", "normcdf(u)"),
    ("(1 + erf(u/sqrt(2)))/2", "normcdf(u)"),
    ("0.5*erfc(-u/sqrt(2))", "normcdf(u)"),
    ("u*normcdf(u)", "gelu(u)"),
    ("1 + erf(u)", "erfc(-u)"),
    ("1 - erf(u)", "erfc(u)"),
    ("1 - normcdf(u)", "normcdf(-u)"),
    ("1 - cos(u)", "2*sin(u/2)^2"),
    ("log(cosh(u))", "log1p(2*sinh(u/2)^2)"),
    # far out it would be inf/inf
    ("sqrt(1 + u^2) - 1", "where(abs(u) < 1, u^2/(sqrt(1 + u^2) + 1), plain(sqrt(1 + u^2) - 1))"),
)
_PASSES = 8
"""One rewriting may make another possible: log(1/(1 + exp(-x))) is log(sigmoid(x)), then log_sigmoid(x)."""
_SAME_CONSTANT = 4.0 * 2.0**-52

Bindings = dict[str, Node]


@dataclass(frozen=True, slots=True)
class Rewriting:
    """One part of a formula that is computed in another form: as typed, and as computed."""

    before: str
    after: str


def rewritten(tree: Node, text: str) -> tuple[Node, tuple[Rewriting, ...]]:
    """The tree without the forms that lose digits, and what was changed; what stands in plain(...) is left alone."""
    changed: dict[Span, Node] = {}
    for _ in range(_PASSES):
        new = _pass(tree, changed)
        if new is tree:
            break
        tree = new
    outermost = [
        span
        for span in changed
        if not any(other != span and other[0] <= span[0] and span[1] <= other[1] for other in changed)
    ]
    said = (Rewriting(text[a:b], written(changed[a, b])) for a, b in sorted(outermost))
    return tree, tuple(dict.fromkeys(said))


def _pass(node: Node, changed: dict[Span, Node]) -> Node:
    """The tree with each matching part replaced once, inner parts of what is kept too."""
    if isinstance(node, Call) and node.name == "plain":
        return node
    for pattern, replacement in _table().get(_root(node), ()):
        found = next(_matches(pattern, node, {}), None)
        if found is not None:
            new = _filled(replacement, found, node.span)
            changed[node.span] = new
            return new
    parts = children(node)
    new_parts = tuple(_pass(part, changed) for part in parts)
    if all(new is old for new, old in zip(new_parts, parts, strict=True)):
        return node
    made = with_children(node, new_parts)
    if node.span in changed:
        changed[node.span] = made
    return made


@cache
def _table() -> dict[tuple[str, str], list[tuple[Node, Node]]]:
    """The rows as trees, by the kind of their outermost operation."""
    from actcli.activations.formula.parse import parse
    from actcli.activations.specification import catalogued_definition

    table: dict[tuple[str, str], list[tuple[Node, Node]]] = {}
    for before, after in ROWS:
        pattern, replacement = (parse(text, catalogued_definition) for text in (before, after))
        table.setdefault(_root(pattern), []).append((pattern, replacement))
    return table


def _root(node: Node) -> tuple[str, str]:
    match node:
        case Binary(operator) | Compare(operator) | Logic(operator):
            return type(node).__name__, operator
        case Call(name) | Catalogued(name):
            return type(node).__name__, name
        case _:
            return type(node).__name__, ""


def _matches(pattern: Node, node: Node, known: Bindings) -> Iterator[Bindings]:
    """Every way in which the pattern is the node, as what its letters stand for."""
    if isinstance(pattern, Free):
        yield from _bind(pattern.name, node, known)
        return
    constant = _constant(pattern)
    if constant is not None:
        value = _constant(node)
        if value is not None and abs(value - constant) <= _SAME_CONSTANT * abs(constant):
            yield known
        return
    if isinstance(pattern, Negative) and isinstance(pattern.operand, Free):
        yield from _bind(pattern.operand.name, _negated(node), known)
        return
    if _root(pattern) != _root(node) or (isinstance(node, Catalogued) and node.parameters):
        return
    wanted, given = children(pattern), children(node)
    orders = [given]
    if isinstance(pattern, Binary) and pattern.operator in "+*":
        orders.append(given[::-1])
    for order in orders:
        yield from _all_match(wanted, order, known)


def _all_match(wanted: tuple[Node, ...], given: tuple[Node, ...], known: Bindings) -> Iterator[Bindings]:
    if not wanted:
        yield known
        return
    for found in _matches(wanted[0], given[0], known):
        yield from _all_match(wanted[1:], given[1:], found)


def _bind(name: str, node: Node, known: Bindings) -> Iterator[Bindings]:
    if name in known:
        if known[name] == node:
            yield known
    else:
        yield {**known, name: node}


def _negated(node: Node) -> Node:
    """−node, with the sign taken into a leading factor where there is one: −(−2·x) is 2·x."""
    match node:
        case Negative(operand):
            return operand
        case Number(value):
            return Number(-value, node.span)
        case Binary("*" | "/", left, _) if _has_sign(left):
            return replace(node, left=_negated(left))
        case _:
            return Negative(node, node.span)


def _has_sign(node: Node) -> bool:
    match node:
        case Negative():
            return True
        case Number(value):
            return value < 0
        case Binary("*" | "/", left, _):
            return _has_sign(left)
        case _:
            return False


def _constant(node: Node) -> float | None:
    """The value of a part that is made of numbers alone."""
    if isinstance(node, Number):
        return node.value
    parts = children(node)
    if not parts or not all(_is_constant(part) for part in parts):
        return None
    from actcli.activations.formula.program import compiled

    with np.errstate(all="ignore"):
        return float(compiled(node).scalars({})[-1])


def _is_constant(node: Node) -> bool:
    if isinstance(node, (Free, Variable, Conditional)):
        return False
    return all(_is_constant(part) for part in children(node))


def _filled(template: Node, found: Bindings, span: Span) -> Node:
    """The replacement with what the letters stand for; the whole of it stands where the plain form stood."""
    if isinstance(template, Free):
        return found[template.name]
    parts = tuple(_filled(part, found, span) for part in children(template))
    made = with_children(template, parts) if parts else template
    match made:
        case Binary("*", Number(1.0), right):
            return right
        case Negative(operand) if isinstance(operand, Negative):
            return operand.operand
        case _:
            return replace(made, span=span)
