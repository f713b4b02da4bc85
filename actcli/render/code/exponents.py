"""Exponentials inside functions that flatten out: their slopes must not overflow."""

from dataclasses import replace

from actcli.activations.formula.tree import (
    Binary,
    Call,
    Free,
    Negative,
    Node,
    Number,
    children,
    contains_x,
    with_children,
)

_LARGEST_EXPONENT, _SMALL_FACTOR = 80.0, 1e-3
"""Of e in float32, where the function around it has long arrived at its limit."""


def cap_exponents(tree: Node) -> Node:
    """Return the tree with exp(u) inside exp, tanh or erf as exp(min(u, 80)): inf times a slope of 0 would be NaN."""
    parts = tuple(cap_exponents(part) for part in children(tree))
    tree = with_children(tree, parts) if parts else tree
    match tree:
        case Call("exp" | "tanh" | "erf" | "normcdf" | "arctan", (argument,)):
            return replace(tree, arguments=(_cap_inner(argument),))
        case _:
            return tree


def _cap_inner(tree: Node) -> Node:
    """Return a term of an argument with its exponential capped; not below a factor that could be very small."""
    match tree:
        case Call("exp", (exponent,)) if contains_x(exponent):
            return replace(tree, arguments=(Call("min", (exponent, Number(_LARGEST_EXPONENT))),))
        case Negative(operand):
            return replace(tree, operand=_cap_inner(operand))
        case Binary("*", (Free() | Number()) as factor, operand) if _is_plain(factor):
            return replace(tree, right=_cap_inner(operand))
        case _:
            return tree


def _is_plain(factor: Node) -> bool:
    return not isinstance(factor, Number) or abs(factor.value) > _SMALL_FACTOR
