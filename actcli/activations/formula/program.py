"""A tree as a straight list of instructions, every common part once, and the values that it computes.

Blocks of numbers go through the list a chunk at a time: the intermediate results lie in a few rows of scratch that
stay in the cache, and every step is one NumPy call into a row that is free.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activations.definition import Array, Definition
from actcli.activations.formula.fast_kernels import lean, logaddexp
from actcli.activations.formula.functions import BY_NAME
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

CHUNK = 65536
"""Numbers in a row of scratch: the fewest for which two threads do not wait for each other (measured)."""
_FAR = np.array([1e150, 1e300])

_TRUTH = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
    "and": np.logical_and,
    "or": np.logical_or,
    "not": np.logical_not,
}
_ARITHMETIC = {
    "negative": np.negative,
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.true_divide,
    "%": np.mod,
    "^": np.power,
}
_CONDITIONS = ("<", "<=", ">", ">=", "==", "!=", "and", "or", "not")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One step: an operation on the results of earlier ones.

    Attributes:
        operation: `x`, `number`, `parameter`, `negative`, `+ - * / % ^`, a comparison, `and or not`, `where`,
            `as number` (a condition's 1 or 0), `catalogued`, or a function's name.
        inputs: the places of the results that it takes. Catalogued: its argument, then its parameters.
        value: of a number.
        name: of a parameter.
        definition: of what is catalogued.
        parameters: their names, where it is catalogued.
        varies: it depends on x; else it is one number for the whole array.

    """

    operation: str
    inputs: tuple[int, ...] = ()
    value: float = 0.0
    name: str = ""
    definition: Definition | None = None
    parameters: tuple[str, ...] = ()
    varies: bool = True

    @property
    def is_condition(self) -> bool:
        """Whether its result is true or false."""
        return self.operation in _CONDITIONS


@dataclass(frozen=True)
class Program:
    """The instructions of one formula; the last one's result is f."""

    instructions: tuple[Instruction, ...]

    def value(self, x: Array, **parameters: float) -> Array:
        """F at numbers x of any shape, in float64; NaN stays NaN. A kernel as the catalogue's definitions have them.

        At ±inf, where the arithmetic knows no answer (inf·0), it is the limit if f has come to rest far out.
        """
        shape, x = x.shape, np.ascontiguousarray(x, np.float64).reshape(-1)
        with np.errstate(all="ignore"):
            known = self.scalars(parameters)
            y = np.empty_like(x)
            rows = np.empty((self._plan.rows, min(CHUNK, max(1, x.size))))
            masks = np.empty((self._plan.masks, rows.shape[1]), np.bool_)
            for start in range(0, x.size, CHUNK):
                piece, result = x[start : start + CHUNK], y[start : start + CHUNK]
                self._run(piece, result, known, rows, masks)
                # a minimum is NaN where one number is, and costs a third of looking at each
                if self.loses_nan and np.isnan(piece.min()):
                    np.copyto(result, piece, where=np.isnan(piece))
                if np.isnan(result.min()):
                    settle_ends(piece, result, lambda far: self.value(far, **parameters))
        return y.reshape(shape)

    def scalars(self, parameters: Mapping[str, float]) -> list[Any]:
        """The results that do not depend on x, by place; None at the others."""
        results: list[Any] = []
        for step in self.instructions:
            results.append(None if step.varies else _scalar(step, results, parameters))
        return results

    @cached_property
    def loses_nan(self) -> bool:
        """Whether an operation makes a number of NaN: a comparison does, and NaN to the power of 0."""
        return any(step.is_condition or step.operation == "^" for step in self.instructions)

    @cached_property
    def last_uses(self) -> tuple[int, ...]:
        """For each result the place of the last instruction that takes it."""
        last = list(range(len(self.instructions)))
        for place, step in enumerate(self.instructions):
            for taken in step.inputs:
                last[taken] = place
        last[-1] = len(last)
        return tuple(last)

    @cached_property
    def _plan(self) -> "_Plan":
        return _plan(self)

    def _run(self, x: Array, y: Array, known: list[Any], rows: Array, masks: NDArray[np.bool_]) -> None:
        n = x.size
        results = list(known)
        for place, step in enumerate(self.instructions):
            if step.operation == "x":
                results[place] = x
            elif step.varies:
                row = self._plan.row_of[place]
                out = y if row is None else (masks if step.is_condition else rows)[row, :n]
                results[place] = step_result(step, results, out)
        if results[-1] is not y:
            np.copyto(y, results[-1])


def settle_ends(x: Array, y: Array, function: Callable[[Array], Array]) -> None:
    """Where y is NaN at x = ±inf, the function's limit: what it is at ±1e150 and ±1e300, if that is one number."""
    lost = np.flatnonzero(np.isinf(x) & np.isnan(y))
    if not lost.size:
        return
    for sign in (-1.0, 1.0):
        near, far = function(sign * _FAR)
        here = lost[x[lost] == sign * np.inf]
        if near == far:
            y[here] = far


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which row of scratch each result lies in (None: the result itself), and how many there are."""

    row_of: tuple[int | None, ...]
    rows: int
    masks: int


def _plan(program: Program) -> _Plan:
    """Rows are handed on as soon as their number is needed no more, so that a chain runs in place."""
    steps, last = program.instructions, program.last_uses
    row_of: list[int | None] = [None] * len(steps)
    spare: tuple[list[int], list[int]] = ([], [])
    made = [0, 0]

    def free(place: int, taken: int) -> None:
        row = row_of[taken]
        if row is not None and last[taken] == place:
            spare[steps[taken].is_condition].append(row)

    for place, step in enumerate(steps):
        if step.operation == "x" or not step.varies or place == len(steps) - 1:
            continue
        for taken in dict.fromkeys(step.inputs):
            free(place, taken)
        kind = int(step.is_condition)
        if spare[kind]:
            row_of[place] = spare[kind].pop()
        else:
            row_of[place] = made[kind]
            made[kind] += 1
    return _Plan(tuple(row_of), *made)


def step_result(step: Instruction, results: list[Any], out: Any) -> Any:
    """The step's result for one chunk, in `out` wherever the operation can write there."""
    taken = [results[i] for i in step.inputs]
    operation = step.operation
    if operation in _TRUTH:
        return _TRUTH[operation](*taken, out=out)
    if operation == "^":
        return _power(taken[0], taken[1], out)
    if operation in _ARITHMETIC:
        return _ARITHMETIC[operation](*taken, out=out)
    if operation == "where":
        return _selected(taken[0], taken[1], taken[2], out)
    if operation == "as number":
        np.copyto(out, taken[0])
        return out
    if step.definition is not None:
        parameters = dict(zip(step.parameters, taken[1:], strict=True))
        form = lean(step.definition.name)
        done = form(taken[0], parameters, out) if form and np.size(taken[0]) else None
        return step.definition.value(taken[0], **parameters) if done is None else done
    if operation == "logaddexp":
        return logaddexp(taken[0], taken[1], out)
    compute = BY_NAME[operation].compute
    if isinstance(compute, np.ufunc) or operation == "clip":
        return compute(*taken, out=out)
    return compute(*taken)


def _selected(condition: Any, then: Any, otherwise: Any, out: Any) -> Any:
    """Then where the condition holds, otherwise elsewhere, by the numbers' bits; `out` may be any of their rows.

    A copy under a mask takes a jump an element, which a processor foresees wrongly every other time: three times
    as long as otherwise ^ ((then ^ otherwise) & −condition), measured.
    """
    if np.ndim(condition) == 0:
        np.copyto(out, then if condition else otherwise)
        return out
    chosen = np.negative(condition.view(np.int8), dtype=np.int64)
    bits = _bits(otherwise)
    chosen &= np.bitwise_xor(_bits(then), bits)
    np.bitwise_xor(chosen, bits, out=out.view(np.int64))
    return out


def _bits(number: Any) -> Any:
    return number.view(np.int64) if isinstance(number, np.ndarray) else np.float64(number).view(np.int64)


def _power(base: Any, exponent: Any, out: Any) -> Any:
    """base**exponent; small whole exponents by products, which are ten times as fast, and roots by roots."""
    if np.ndim(exponent) == 0 and np.ndim(base):
        if exponent == 2.0:
            return np.multiply(base, base, out=out)
        if exponent == 3.0:
            square = base * base
            return np.multiply(square, base, out=out)
        if exponent == 4.0:
            np.multiply(base, base, out=out)
            return np.multiply(out, out, out=out)
        if exponent == -1.0:
            return np.true_divide(1.0, base, out=out)
        if exponent == 0.5:
            return np.sqrt(base, out=out)
    return np.power(base, exponent, out=out)


def _scalar(step: Instruction, results: list[Any], parameters: Mapping[str, float]) -> Any:
    taken = [results[i] for i in step.inputs]
    match step.operation:
        case "number":
            return step.value
        case "parameter":
            return float(parameters[step.name])
        case "where":
            return taken[1] if taken[0] else taken[2]
        case "as number":
            return float(taken[0])
        case operation if operation in _TRUTH:
            return _TRUTH[operation](*taken)
        case operation if operation in _ARITHMETIC:
            return float(_ARITHMETIC[operation](*(np.float64(v) for v in taken)))
    if step.definition is not None:
        chosen = dict(zip(step.parameters, taken[1:], strict=True))
        return float(step.definition.value(np.array([taken[0]]), **chosen)[0])
    return float(np.ravel(BY_NAME[step.operation].compute(*(np.array([v]) for v in taken)))[0])


def compiled(tree: Node) -> Program:
    """The instructions for a tree; what occurs twice, or is made of numbers alone, is computed once."""
    builder = _Builder()
    last = builder.number(tree)
    steps = builder.steps
    if last != len(steps) - 1:  # the formula is a part of itself that stood before: 1*x never, x alone does
        steps.append(Instruction("+", (last, builder.constant(0.0)), varies=steps[last].varies))
    return Program(tuple(steps))


class _Builder:
    """Instructions so far, and where each is."""

    __slots__ = ("known", "steps")

    def __init__(self) -> None:
        self.steps: list[Instruction] = []
        self.known: dict[tuple[object, ...], int] = {}

    def add(self, operation: str, *inputs: int, **more: Any) -> int:
        definition = more.get("definition")
        key = (operation, inputs, more.get("value"), more.get("name"), id(definition), more.get("parameters"))
        if key not in self.known:
            varies = operation == "x" or any(self.steps[i].varies for i in inputs)
            step = Instruction(operation, inputs, varies=varies, **more)
            if inputs and all(self.steps[i].operation == "number" for i in inputs) and not step.is_condition:
                with np.errstate(all="ignore"):
                    value = _scalar(step, [s.value for s in self.steps], {})
                if np.isfinite(value):
                    return self.constant(float(value))
            self.steps.append(step)
            self.known[key] = len(self.steps) - 1
        return self.known[key]

    def constant(self, value: float) -> int:
        # by its bits: -0.0 is not 0.0
        key = ("number", value.hex())
        if key not in self.known:
            self.steps.append(Instruction("number", value=value, varies=False))
            self.known[key] = len(self.steps) - 1
        return self.known[key]

    def truth(self, node: Node) -> int:
        """The place of a condition's result."""
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
        """The place of a number's result."""
        match node:
            case Number(value):
                return self.constant(value)
            case Variable():
                return self.add("x")
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
        given = dict(parameters)
        values = [
            self.number(given[p.name]) if p.name in given else self.constant(p.default)
            for p in node.definition.parameters
        ]
        names = tuple(p.name for p in node.definition.parameters)
        return self.add("catalogued", argument, *values, definition=node.definition, parameters=names)


def constant_value(tree: Node) -> Iterator[tuple[Node, float]]:
    """The parts of a tree that are made of numbers alone, with their values, inner ones first."""
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
        # over plain numbers, so that a part is computed once and not again in all around it
        numbers = tuple(Number(value) for part in parts if (value := values[id(part)]) is not None)
        value = float(compiled(with_children(node, numbers)).scalars({})[-1])
        values[id(node)] = value
        yield node, value
