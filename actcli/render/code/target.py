"""The tables that describe a place for which code is written."""

from collections.abc import Mapping
from dataclasses import field

from actcli.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Native:
    """The place's own version of a catalogued function: how to call it, and at which parameters it is the same.

    Attributes:
        call: the call, with `{x}` and, for each parameter that it takes, `{name}`, by our names.
        fixed: the values that the parameters it does not take must have.
        fails: where its value or gradient in float32 is inf or NaN although that of the function is finite.

    """

    call: str
    fixed: Mapping[str, float] = field(default_factory=dict)
    fails: str = ""


@dataclass(frozen=True, slots=True)
class Body:
    """A catalogued function written by hand, because no formula expresses it as well.

    Attributes:
        lines: the lines of its body; they use `x`, its parameters by our names, and `arguments`.
        arguments: further arguments with their defaults: `axis=-1`.
        needs: catalogued functions that the lines call by name.

    """

    lines: tuple[str, ...]
    arguments: str = ""
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A place for which code is written: tables of texts.

    Attributes:
        array: the name of its module of array functions: `np`.
        imports: the import that a word needs, `np` -> `import numpy as np`, in the order of writing.
        argument: the line that makes an array of x, or "".
        only_for_type: whether that line is needed only where the code uses the type of x.
        quiet: the decorator of a function in which an intermediate result may overflow, or "".
        parameter: the right side of a line that makes an array of a parameter `{p}`.
        halves: the line that takes the two halves `{0}` and `{1}` of each row of x.
        calls: the functions of the formula language, `{0}` their first argument.
        natives: the place's own functions, by our names.
        bodies: functions written by hand, by our names; also those of the language that are not in `calls`.
        with_constant: `min` and `max` of `{0}`, which contains x, and `{1}`, which does not.
        arrays_only: functions of the language that accept no plain numbers.
        number: turns a condition `{0}` into 1 or 0.
        differentiates: whether the code will be differentiated, so that no branch may have an infinite slope.
        numbers_only: whether its own functions accept only plain numbers as parameters.
        constant: the number `{0}` in the type of x, if a choice between a number and an array needs it; else "".
        has_own_kinks: whether its derivative at a kink may differ from PyTorch's (see `Kink.jax`).

    """

    array: str
    imports: Mapping[str, str]
    argument: str = ""
    only_for_type: bool = False
    quiet: str = ""
    parameter: str
    halves: str
    calls: Mapping[str, str]
    natives: Mapping[str, Native]
    bodies: Mapping[str, Body]
    with_constant: Mapping[str, str] = field(default_factory=dict)
    arrays_only: frozenset[str] = frozenset()
    number: str
    differentiates: bool = True
    numbers_only: bool = False
    constant: str = ""
    has_own_kinks: bool = False
