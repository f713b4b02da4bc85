"""Runs a formula, as a list of instructions.

Numbers go through the list a chunk at a time. The intermediate results are in a few rows of scratch that stay in the
cache, and every step is one NumPy call that writes into a free row.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activations.definition import Array, Definition
from actcli.activations.formula.fast_kernels import FAST_KERNELS, logaddexp
from actcli.activations.formula.functions import BY_NAME

CHUNK = 65536
"""Numbers in a row of scratch: the fewest at which two threads do not wait for each other (measured)."""
_FAR = np.array([1e150, 1e300])

SECOND = "u"
"""The name of the second input of a pair: its numbers are passed among the parameters."""

CONDITIONS: dict[str, Callable[..., Any]] = {
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


@dataclass(frozen=True, slots=True)
class Instruction:
    """One step: an operation on the results of earlier ones.

    Attributes:
        operation: `x` (of a pair g, or u where that is the name), `number`, `parameter`, `negative`, `+ - * / % ^`, a
            comparison, `and or not`, `where`, `as number` (a condition's 1 or 0), `catalogued`, or a function's name.
        inputs: the places of the results that it works on; for a catalogued function its argument and parameters.
        value: the number, for `number`.
        name: the parameter's name, for `parameter`; the second input's for `x`.
        definition: the catalogued function.
        parameters: the names of the catalogued function's parameters.
        varies: whether it depends on x; otherwise it is one number for the whole array.

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
        """Whether the result is true or false."""
        return self.operation in CONDITIONS


@dataclass(frozen=True)
class Program:
    """The instructions of one formula; the result of the last one is f."""

    instructions: tuple[Instruction, ...]

    def value(self, x: Array, /, **parameters: float) -> Array:
        """Return f(x): x of any shape, float64, to the same shape; NaN stays NaN. A kernel, as in a Definition.

        Where the arithmetic gives NaN at ±inf (inf·0), f(x) is the limit if f is constant far out.
        """
        shape, x = x.shape, np.ascontiguousarray(x, np.float64).reshape(-1)
        with np.errstate(all="ignore"):
            constants = self.constants(parameters)
            y = np.empty_like(x)
            rows = np.empty((self._scratch.rows, min(CHUNK, max(1, x.size))))
            masks = np.empty((self._scratch.masks, rows.shape[1]), np.bool_)
            for start in range(0, x.size, CHUNK):
                piece, result = x[start : start + CHUNK], y[start : start + CHUNK]
                self._run(piece, result, constants, rows, masks)
                # the minimum is NaN if one number is, and costs a third of a look at each
                if self.loses_nan and np.isnan(piece.min()):
                    np.copyto(result, piece, where=np.isnan(piece))
                if np.isnan(result.min()):
                    settle_ends(piece, result, lambda far: self.value(far, **parameters))
        return y.reshape(shape)

    def constants(self, parameters: Mapping[str, float]) -> list[Any]:
        """Return the results that do not depend on x, by place; None for the others."""
        results: list[Any] = []
        for step in self.instructions:
            results.append(None if step.varies else run_on_numbers(step, results, parameters))
        return results

    @cached_property
    def loses_nan(self) -> bool:
        """Whether NaN may become a number: in a comparison, and as NaN to the power of 0."""
        return any(step.is_condition or step.operation == "^" for step in self.instructions)

    @cached_property
    def last_uses(self) -> tuple[int, ...]:
        """For each result the place of the last instruction that uses it."""
        last = list(range(len(self.instructions)))
        for place, step in enumerate(self.instructions):
            for used in step.inputs:
                last[used] = place
        last[-1] = len(last)
        return tuple(last)

    @cached_property
    def _scratch(self) -> "_Scratch":
        return _assign_rows(self)

    def _run(self, x: Array, y: Array, constants: list[Any], rows: Array, masks: NDArray[np.bool_]) -> None:
        n = x.size
        results = list(constants)
        for place, step in enumerate(self.instructions):
            if step.operation == "x":
                results[place] = x
            elif step.varies:
                row = self._scratch.row_of[place]
                out = y if row is None else (masks if step.is_condition else rows)[row, :n]
                results[place] = run_step(step, results, out)
        if results[-1] is not y:
            np.copyto(y, results[-1])


def settle_ends(x: Array, y: Array, function: Callable[[Array], Array]) -> None:
    """Replace NaN in y at x = ±inf by the limit: the value at 1e150 and 1e300, or −1e150 and −1e300, if it is one."""
    lost = np.flatnonzero(np.isinf(x) & np.isnan(y))
    if not lost.size:
        return
    for sign in (-1.0, 1.0):
        near, far = function(sign * _FAR)
        here = lost[x[lost] == sign * np.inf]
        if near == far:
            y[here] = far


@dataclass(frozen=True, slots=True)
class _Scratch:
    """The row of scratch for each result (None: the array of the final result), and how many rows there are."""

    row_of: tuple[int | None, ...]
    rows: int
    masks: int


def _assign_rows(program: Program) -> _Scratch:
    """Assign rows of scratch; a row is free again after the last use of its result, so that a chain runs in place."""
    steps, last = program.instructions, program.last_uses
    row_of: list[int | None] = [None] * len(steps)
    spare: tuple[list[int], list[int]] = ([], [])
    made = [0, 0]

    def free(place: int, used: int) -> None:
        row = row_of[used]
        if row is not None and last[used] == place:
            spare[steps[used].is_condition].append(row)

    for place, step in enumerate(steps):
        if step.operation == "x" or not step.varies or place == len(steps) - 1:
            continue
        for used in dict.fromkeys(step.inputs):
            free(place, used)
        kind = int(step.is_condition)
        if spare[kind]:
            row_of[place] = spare[kind].pop()
        else:
            row_of[place] = made[kind]
            made[kind] += 1
    return _Scratch(tuple(row_of), *made)


def run_step(step: Instruction, results: list[Any], out: Any) -> Any:
    """Return the step's result for one chunk, in `out` wherever the operation can write there."""
    inputs = [results[i] for i in step.inputs]
    operation = step.operation
    if operation in CONDITIONS:
        return CONDITIONS[operation](*inputs, out=out)
    if operation == "^":
        return _power(inputs[0], inputs[1], out)
    if operation in _ARITHMETIC:
        return _ARITHMETIC[operation](*inputs, out=out)
    if operation == "where":
        return _select(inputs[0], inputs[1], inputs[2], out)
    if operation == "as number":
        np.copyto(out, inputs[0])
        return out
    if step.definition is not None:
        parameters = dict(zip(step.parameters, inputs[1:], strict=True))
        fast = FAST_KERNELS.get(step.definition.name)
        result = fast(inputs[0], parameters, out) if fast and np.size(inputs[0]) else None
        return step.definition.value(inputs[0], **parameters) if result is None else result
    if operation == "logaddexp":
        return logaddexp(inputs[0], inputs[1], out)
    compute = BY_NAME[operation].compute
    if isinstance(compute, np.ufunc) or operation == "clip":
        return compute(*inputs, out=out)
    return compute(*inputs)


def _select(condition: Any, then: Any, otherwise: Any, out: Any) -> Any:
    """Return `then` where the condition holds, `otherwise` elsewhere; `out` may be the row of any of them.

    It is computed on the bits, as otherwise ^ ((then ^ otherwise) & −condition): three times as fast as a copy under
    a mask, which takes one jump per element and is mispredicted half of the time (measured).
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
    """Return base**exponent; small whole exponents by products, ten times as fast, and square roots by sqrt."""
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


def run_on_numbers(step: Instruction, results: list[Any], parameters: Mapping[str, float]) -> Any:
    """Return the result of a step that does not depend on x: a number, or a condition as a truth value."""
    inputs = [results[i] for i in step.inputs]
    match step.operation:
        case "number":
            return step.value
        case "parameter":
            return float(parameters[step.name])
        case "where":
            return inputs[1] if inputs[0] else inputs[2]
        case "as number":
            return float(inputs[0])
        case operation if operation in CONDITIONS:
            return CONDITIONS[operation](*inputs)
        case operation if operation in _ARITHMETIC:
            return float(_ARITHMETIC[operation](*(np.float64(v) for v in inputs)))
    if step.definition is not None:
        chosen = dict(zip(step.parameters, inputs[1:], strict=True))
        return float(step.definition.value(np.array([inputs[0]]), **chosen)[0])
    return float(np.ravel(BY_NAME[step.operation].compute(*(np.array([v]) for v in inputs)))[0])
