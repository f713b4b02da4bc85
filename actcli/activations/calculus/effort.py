"""A limit to the work that goes into lost digits, counted in units, so that results are the same on every machine.

A unit is about a microsecond of one core of 2024. What is found once for a formula, and kept, is charged again to
every limit that uses it: a second card of the same formula has the figures of the first.
"""

from collections import Counter
from collections.abc import Hashable, Mapping

import numpy as np

from actcli.activations.formula.formula import read_expression
from actcli.activations.formula.program import Instruction, Program

UNITS = 5_500_000
"""Enough for the card of a formula that loses digits in some places, as activations do."""
_INPUTS = dict.fromkeys(("x", "number", "parameter"), 0.0)
_ARITHMETIC = ("+", "-", "*", "/", "%", "negative", "abs", "min", "max", "where", "sqrt")
_LOGARITHMS = ("^", "log", "log1p", "log2", "log10", "asinh", "acosh", "atanh")
_ERROR_FUNCTIONS = ("erf", "erfc", "normcdf")
_ARRAY_UNITS = {
    **_INPUTS,
    **dict.fromkeys(_ARITHMETIC, 200.0),
    **dict.fromkeys(("exp", "expm1", "sin", "cos"), 700.0),
    **dict.fromkeys((*_LOGARITHMS, *_ERROR_FUNCTIONS), 6000.0),
    "erfinv": 25_000.0,
    "logaddexp": 9000.0,
}
"""Units of an operation on an array of few 106-bit numbers (measured, like the others)."""
_OTHER_ARRAYS = 1600.0
_NUMBER_UNITS = {
    **_INPUTS,
    **dict.fromkeys(_ARITHMETIC, 0.1),
    **dict.fromkeys(_LOGARITHMS, 4.0),
    **dict.fromkeys(_ERROR_FUNCTIONS, 15.0),
    "erfinv": 16.0,
    "logaddexp": 5.0,
}
"""Units of an operation on each number of the array."""
_OTHER_NUMBERS = 0.7
_BALL_UNITS = {
    **_INPUTS,
    **dict.fromkeys(_ARITHMETIC, 0.3),
    **dict.fromkeys(_ERROR_FUNCTIONS, 4.0),
    **dict.fromkeys(("sin", "cos"), 1.6),
    "tan": 3.2,
    "^": 2.2,
    "logaddexp": 2.6,
    "atan": 1.8,
    "erfinv": 20.0,
}
"""How much longer than an exponential an operation takes on a number of many bits, at least."""
_FLOAT_UNITS = {**_INPUTS, "+": 0.01, "%": 0.2}
"""Units of an operation on a float64 number."""
_OTHER_FLOATS, _OF_A_CALL = 0.02, 20.0
_OTHER_BALLS, _OF_A_BALL, _SQUARE_BITS = 1.0, 20.0, 17_000.0


class Effort:
    """Units of work that are left for one function's digits; without a limit they are only counted."""

    def __init__(self, units: float = np.inf) -> None:
        self._units = units
        self._known: dict[Hashable, None] = {}
        self.used = 0.0
        self.calls: Counter[Hashable] = Counter()

    @property
    def is_limited(self) -> bool:
        """Whether the effort can be spent."""
        return self._units < np.inf

    @property
    def is_spent(self) -> bool:
        """Whether nothing is left: from here on results are those of float64."""
        return self.used >= self._units

    def take_floats(self, program: Program, order: int, size: int) -> None:
        """Charge a program on an array of so many float64 numbers."""
        self.used += _OF_A_CALL + _sum(program, _FLOAT_UNITS, _OTHER_FLOATS) * (1 + order) * size

    def take_arrays(self, program: Program, order: int, size: int) -> None:
        """Charge a program on an array of so many 106-bit numbers."""
        units = _sum(program, _ARRAY_UNITS, _OTHER_ARRAYS)
        units += _sum(program, _NUMBER_UNITS, _OTHER_NUMBERS) * size
        self.used += units * (1 + order / 2)

    def take_ball(self, program: Program, order: int, bits: int, counted: float = 0.0) -> None:
        """Charge a program on one number of so many bits, or what was `counted` of it, if that is more."""
        units = _OF_A_BALL + bits * bits / _SQUARE_BITS
        self.used += max(_sum(program, _BALL_UNITS, _OTHER_BALLS) * (1 + order / 2) * units, counted)

    @property
    def found(self) -> tuple[Hashable, ...]:
        """The keys of what was found, in order."""
        return tuple(self._known)

    def note(self, *keys: Hashable) -> None:
        """Note that what is found under these keys has been charged."""
        self._known.update(dict.fromkeys(keys))

    def take_again(self, key: Hashable, units: float, parts: tuple[Hashable, ...]) -> None:
        """Charge what was found before, once, and with it what was found on the way."""
        if key not in self._known:
            self.note(key, *parts)
            self.used += units


def _sum(program: Program, units: Mapping[str, float], others: float) -> float:
    """Return the sum of the units of the instructions, with those of the functions in it."""
    steps = program.instructions
    total = units["+"]
    for step in steps:
        if step.definition is not None:
            total += _sum(read_expression(step.definition).unfolded_literal, units, others)
        else:
            product = step.operation == "^" and _is_whole(steps[step.inputs[1]])
            total += units.get("*" if product else step.operation, others)
    return total


def _is_whole(step: Instruction) -> bool:
    return step.operation == "number" and step.value.is_integer()
