"""Rewrites forms that lose digits into forms that do not: `log(1 + u)` into log1p(u).

A test proves each row at points where the plain form fails. In a pattern u and v stand for anything; sums and products
match in either order, constants by their value.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from actcli.activations.catalogue import find_catalogued
from actcli.activations.formula.compile import compile_tree
from actcli.activations.formula.parse import parse
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
from actcli.activations.formula.write import write

# special rows stand before more general ones
ROWS = (
    ("log(1 + exp(u))", "softplus(u)"),
    ("log(exp(u) + exp(v))", "logaddexp(u, v)"),
    ("log(sigmoid(u))", "log_sigmoid(u)"),
    # near 1 the logarithm of a sum keeps the digits, near 0 that of the function that the sum is
    ("log(1 - tanh(u))", "where(u < 1, log1p(-tanh(u)), log(2) + log_sigmoid(-2*u))"),
    ("log(1 + tanh(u))", "where(u > -1, log1p(tanh(u)), log(2) + log_sigmoid(2*u))"),
    ("log(normcdf(u))", "where(u > 0, log1p(-normcdf(-u)), plain(log(normcdf(u))))"),
    ("log(erfc(u))", "where(u < 0.5, log1p(-erf(u)), plain(log(erfc(u))))"),
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
    ("1 - tanh(u)", "2*sigmoid(-2*u)"),
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
    ("erfinv(erf(u))", "u"),
    ("atanh(tanh(u))", "u"),
    ("asinh(sinh(u))", "u"),
    ("acosh(cosh(u))", "abs(u)"),
    ("log(cosh(u))", "log1p(2*sinh(u/2)^2)"),
    # the quotient would be inf/inf far out
    ("sqrt(1 + u^2) - 1", "where(abs(u) < 1, u^2/(sqrt(1 + u^2) + 1), plain(sqrt(1 + u^2) - 1))"),
)
_PASSES = 8
"""One rewriting may allow another: log(1/(1 + exp(-x))) becomes log(sigmoid(x)), then log_sigmoid(x)."""
_EXACT = ("erfc", "normcdf")
_SAME_CONSTANT = 4.0 * 2.0**-52

Bindings = dict[str, Node]


@dataclass(frozen=True, slots=True)
class Rewriting:
    """One part of a formula that is computed in another form: as it was typed, and as it is computed."""

    before: str
    after: str


def rewrite(tree: Node, text: str) -> tuple[Node, tuple[Rewriting, ...]]:
    """Return the tree without the forms that lose digits, and the changes; parts in plain(...) are left alone."""
    changed: dict[Span, Node] = {}
    for _ in range(_PASSES):
        new = _rewrite_once(tree, changed)
        if new is tree:
            break
        tree = new
    outermost = [
        span
        for span in changed
        if not any(other != span and other[0] <= span[0] and span[1] <= other[1] for other in changed)
    ]
    rewritings = (Rewriting(text[a:b], write(changed[a, b])) for a, b in sorted(outermost))
    return tree, tuple(dict.fromkeys(rewritings))


def _rewrite_once(node: Node, changed: dict[Span, Node]) -> Node:
    """Return the tree with each matching part replaced once, from the outside in, and note the parts in `changed`."""
    if isinstance(node, Call) and node.name == "plain":
        return node
    if isinstance(node, Call) and node.name == "log":
        node = _rewrite_argument(node, changed)
    for pattern, replacement in _table().get(_root(node), ()):
        bindings = next(_matches(pattern, node, {}), None)
        if bindings is not None:
            new = _fill(replacement, bindings, node.span)
            changed[node.span] = new
            return new
    parts = children(node)
    new_parts = tuple(_rewrite_once(part, changed) for part in parts)
    if all(new is old for new, old in zip(new_parts, parts, strict=True)):
        return node
    new = with_children(node, new_parts)
    if node.span in changed:
        changed[node.span] = new
    return new


def _rewrite_argument(node: Call, changed: dict[Span, Node]) -> Node:
    """Return log(1 ± u) with its sum rewritten where that is exact and no sum any more: log(1 - erf(x)).

    log1p(-erf(x)) would keep the rounding error of erf(x), which is all that is left of 1 - erf(x) far out.
    """
    (sum_,) = node.arguments
    if not (isinstance(sum_, Binary) and sum_.operator in "+-"):
        return node
    inner: dict[Span, Node] = {}
    new: Node = sum_
    for _ in range(_PASSES):
        before, new = new, _rewrite_once(new, inner)
        if new is before:
            break
    if not (isinstance(new, Catalogued) or (isinstance(new, Call) and new.name in _EXACT)):
        return node
    changed |= inner
    changed[node.span] = replace(node, arguments=(new,))
    return changed[node.span]


@cache
def _table() -> dict[tuple[str, str], list[tuple[Node, Node]]]:
    """Return the rows as trees, by the kind of their outermost operation."""
    table: dict[tuple[str, str], list[tuple[Node, Node]]] = {}
    for before, after in ROWS:
        pattern, replacement = (parse(text, find_catalogued) for text in (before, after))
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


def _matches(pattern: Node, node: Node, bindings: Bindings) -> Iterator[Bindings]:
    """Yield every way in which the pattern matches the node, as the parts that its letters stand for."""
    if isinstance(pattern, Free):
        yield from _bind(pattern.name, node, bindings)
        return
    constant = _constant(pattern)
    if constant is not None:
        value = _constant(node)
        if value is not None and abs(value - constant) <= _SAME_CONSTANT * abs(constant):
            yield bindings
        return
    if isinstance(pattern, Negative) and isinstance(pattern.operand, Free):
        yield from _bind(pattern.operand.name, _negate(node), bindings)
        return
    if _root(pattern) != _root(node) or (isinstance(node, Catalogued) and node.parameters):
        return
    patterns, parts = children(pattern), children(node)
    yield from _all_match(patterns, parts, bindings)
    if isinstance(pattern, Binary) and pattern.operator in "+*":
        yield from _all_match(patterns, parts[::-1], bindings)


def _all_match(patterns: tuple[Node, ...], parts: tuple[Node, ...], bindings: Bindings) -> Iterator[Bindings]:
    if not patterns:
        yield bindings
        return
    for more in _matches(patterns[0], parts[0], bindings):
        yield from _all_match(patterns[1:], parts[1:], more)


def _bind(name: str, node: Node, bindings: Bindings) -> Iterator[Bindings]:
    if name not in bindings:
        yield {**bindings, name: node}
    elif bindings[name] == node:
        yield bindings


def _negate(node: Node) -> Node:
    """Return −node, without a double sign: −(−2·x) is 2·x."""
    match node:
        case Negative(operand):
            return operand
        case Number(value):
            return Number(-value, node.span)
        case Binary("*" | "/", left, _) if _has_sign(left):
            return replace(node, left=_negate(left))
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
    """Return the value of a part that contains only numbers; None for any other."""
    if isinstance(node, Number):
        return node.value
    parts = children(node)
    if not parts or not all(_is_constant(part) for part in parts):
        return None
    with np.errstate(all="ignore"):
        return float(compile_tree(node).constants({})[-1])


def _is_constant(node: Node) -> bool:
    if isinstance(node, (Free, Variable, Conditional)):
        return False
    return all(_is_constant(part) for part in children(node))


def _fill(template: Node, bindings: Bindings, span: Span) -> Node:
    """Return the replacement with the parts that its letters stand for, at the columns of the plain form."""
    if isinstance(template, Free):
        return bindings[template.name]
    parts = tuple(_fill(part, bindings, span) for part in children(template))
    made = with_children(template, parts) if parts else template
    match made:
        case Binary("*", Number(1.0), right):
            return right
        case Negative(operand) if isinstance(operand, Negative):
            return operand.operand
        case _:
            return replace(made, span=span)
