"""Compiles the tree of a formula into its program, in which every common part is computed once."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from actcli.activations.formula.program import SECOND, Instruction, Program, run_on_numbers
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
    with_children,
)


def compile_tree(tree: Node, *, fold: bool = True) -> Program:
    """Return the program of a tree; parts that occur twice, or contain only numbers, are computed once.

    Without `fold` constants stay as they are written: sqrt(2) is a step, not a float64.
    """
    compiler = _Compiler(fold=fold)
    last = compiler.number(tree)
    steps = compiler.steps
    if last != len(steps) - 1:  # the result is one of an earlier step
        steps.append(Instruction("+", (last, compiler.constant(0.0)), varies=steps[last].varies))
    return Program(tuple(steps))


class _Compiler:
    """The instructions so far, and the place of each."""

    __slots__ = ("fold", "places", "steps")

    def __init__(self, *, fold: bool) -> None:
        self.fold = fold
        self.steps: list[Instruction] = []
        self.places: dict[tuple[object, ...], int] = {}

    def add(self, operation: str, *inputs: int, **more: Any) -> int:
        definition = more.get("definition")
        key = (operation, inputs, more.get("value"), more.get("name"), id(definition), more.get("parameters"))
        if key not in self.places:
            varies = operation == "x" or any(self.steps[i].varies for i in inputs)
            step = Instruction(operation, inputs, varies=varies, **more)
            constant = all(self.steps[i].operation == "number" for i in inputs)
            if self.fold and inputs and constant and not step.is_condition:
                with np.errstate(all="ignore"):
                    value = run_on_numbers(step, [s.value for s in self.steps], {})
                if np.isfinite(value):
                    return self.constant(float(value))
            self.steps.append(step)
            self.places[key] = len(self.steps) - 1
        return self.places[key]

    def constant(self, value: float) -> int:
        # by its bits: -0.0 is not 0.0
        key = ("number", value.hex())
        if key not in self.places:
            self.steps.append(Instruction("number", value=value, varies=False))
            self.places[key] = len(self.steps) - 1
        return self.places[key]

    def truth(self, node: Node) -> int:
        """Return the place of a condition's result."""
        match node:
            case Compare(operator, left, right):
                return self.add(operator, self.number(left), self.number(right))
            case Logic(operator, left, right):
                return self.add(operator, self.truth(left), self.truth(right))
            case Not(operand):
                return self.add("not", self.truth(operand))
            case _:
                return self.add("!=", self.number(node), self.constant(0.0))

    def number(self, node: Node) -> int:
        """Return the place of a number's result."""
        match node:
            case Number(value):
                return self.constant(value)
            case Variable(_, name):
                return self.add("x", name=SECOND if name == SECOND else "")
            case Free(name):
                return self.add("parameter", name=name)
            case Negative(operand):
                return self.add("negative", self.number(operand))
            case Binary(operator, left, right):
                return self.add(operator, self.number(left), self.number(right))
            case Conditional(condition, then, otherwise):
                return self.add("where", self.truth(condition), self.number(then), self.number(otherwise))
            case Call("plain", (operand,)):
                return self.number(operand)
            case Call(name, arguments):
                return self.add(name, *(self.number(argument) for argument in arguments))
            case Catalogued(_, argument, parameters):
                return self.catalogued(node, self.number(argument), parameters)
            case _:
                return self.add("as number", self.truth(node))

    def catalogued(self, node: Catalogued, argument: int, parameters: tuple[tuple[str, Node], ...]) -> int:
        own = dict(parameters)
        values = [
            self.number(own[p.name]) if p.name in own else self.constant(p.default)
            for p in node.definition.parameters
        ]
        names = tuple(p.name for p in node.definition.parameters)
        return self.add("catalogued", argument, *values, definition=node.definition, parameters=names)


def constant_parts(tree: Node) -> Iterator[tuple[Node, float]]:
    """Yield the parts of a tree that contain only numbers, with their values, inner parts first."""
    values: dict[int, float | None] = {}
    waiting: list[tuple[Node, bool]] = [(tree, False)]
    while waiting:
        node, ready = waiting.pop()
        if not ready:
            waiting.append((node, True))
            waiting.extend((child, False) for child in children(node))
            continue
        parts = children(node)
        if isinstance(node, (Free, Variable)) or any(values[id(part)] is None for part in parts):
            values[id(node)] = None
            continue
        # of plain numbers, so that a part is computed once and not again in every part around it
        numbers = tuple(Number(value) for part in parts if (value := values[id(part)]) is not None)
        value = float(compile_tree(with_children(node, numbers)).constants({})[-1])
        values[id(node)] = value
        yield node, value
