"""The tree of a formula: one node per operation, each with the columns of the text that it comes from."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from actcli.activations.definition import Definition

Span = tuple[int, int]
"""First column and the one after the last, counted from 0, in the text as it was typed."""


@dataclass(frozen=True, slots=True)
class Number:
    """A finite constant, also for `pi` and `e`."""

    value: float
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Variable:
    """The argument x, or one of the two inputs g and u of a formula for pairs."""

    span: Span = field(default=(0, 0), compare=False)
    name: str = "x"


@dataclass(frozen=True, slots=True)
class Free:
    """A parameter of the formula, by its name (`alpha`, also for α)."""

    name: str
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Negative:
    """−operand."""

    operand: "Node"
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """left operator right, with one of `+ - * / ^ %`; % is Python's and has the sign of the divisor."""

    operator: str
    left: "Node"
    right: "Node"
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Compare:
    """left operator right, with one of `< <= > >= == !=`: 1 or 0."""

    operator: str
    left: "Node"
    right: "Node"
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Logic:
    """left and right, or left or right: 1 or 0. `0 < x < 6` is `0 < x and x < 6`."""

    operator: str
    left: "Node"
    right: "Node"
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """Not operand: 1 or 0."""

    operand: "Node"
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Conditional:
    """then if condition else otherwise, also for `where(condition, then, otherwise)`."""

    condition: "Node"
    then: "Node"
    otherwise: "Node"
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """One of the language's own functions (functions.py), by its canonical name, with all of its arguments.

    `min` and `max` have two arguments here: calls with more are nested.
    """

    name: str
    arguments: tuple["Node", ...]
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Catalogued:
    """A function of the catalogue at an argument: `leaky_relu(u, alpha=0.2)`.

    `parameters` holds those in the text, by their canonical names; none of them contains x.
    """

    name: str
    argument: "Node"
    parameters: tuple[tuple[str, "Node"], ...] = ()
    span: Span = field(default=(0, 0), compare=False)
    definition: Definition = field(kw_only=True, compare=False, repr=False)


Node = Number | Variable | Free | Negative | Binary | Compare | Logic | Not | Conditional | Call | Catalogued


def children(node: Node) -> tuple[Node, ...]:
    """Return the operands of a node, from left to right."""
    match node:
        case Number() | Variable() | Free():
            return ()
        case Negative(operand) | Not(operand):
            return (operand,)
        case Binary(_, left, right) | Compare(_, left, right) | Logic(_, left, right):
            return (left, right)
        case Conditional(condition, then, otherwise):
            return (condition, then, otherwise)
        case Call(_, arguments):
            return arguments
        case Catalogued(_, argument, parameters):
            return (argument, *(value for _, value in parameters))


def walk(node: Node) -> Iterator[Node]:
    """Yield the node and all below it in the order of the text, without recursion: the tree may have any depth."""
    waiting = [node]
    while waiting:
        top = waiting.pop()
        yield top
        waiting.extend(reversed(children(top)))


def free_names(node: Node) -> tuple[str, ...]:
    """Return the names of the formula's parameters, in the order of the text."""
    return tuple(dict.fromkeys(part.name for part in walk(node) if isinstance(part, Free)))


def contains_x(node: Node) -> bool:
    """Return whether x, or an input of a pair, is anywhere in the tree."""
    return any(isinstance(part, Variable) for part in walk(node))


def with_children(node: Node, parts: tuple[Node, ...]) -> Node:
    """Return the same operation, at the same columns, on other operands: as many as `children` returns."""
    match node, parts:
        case Negative() | Not(), (operand,):
            return replace(node, operand=operand)
        case Binary() | Compare() | Logic(), (left, right):
            return replace(node, left=left, right=right)
        case Conditional(), (condition, then, otherwise):
            return replace(node, condition=condition, then=then, otherwise=otherwise)
        case Call(), _:
            return replace(node, arguments=parts)
        case Catalogued(), (argument, *values):
            names = (name for name, _ in node.parameters)
            return replace(node, argument=argument, parameters=tuple(zip(names, values, strict=True)))
        case _:
            return node
