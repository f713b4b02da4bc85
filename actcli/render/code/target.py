"""What a table says of one place that code is written for."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Native:
    """The place's own function for one of the catalogue: how it is called, and at which parameters it is the same.

    Attributes:
        call: the call, with `{x}` and, for each parameter that it takes, `{name}`, by our names.
        fixed: the values that parameters must have which it does not take.

    """

    call: str
    fixed: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Body:
    """A function of the catalogue written out by hand, since no expression of the language says it as well.

    Attributes:
        lines: the lines of its body, of `x`, its parameters by our names, and what `arguments` adds.
        arguments: further arguments with their defaults: `axis=-1`.
        needs: functions of the catalogue that the lines call by their names.

    """

    lines: tuple[str, ...]
    arguments: str = ""
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One place that code is written for: tables of texts.

    Attributes:
        array: its module of array functions, as it is written: `np`.
        imports: what a text needs that holds this word: `np` -> `import numpy as np`. In the order of writing.
        argument: the line that makes an array of x, or "".
        only_for_type: whether that line is needed only where the type of x is asked for.
        quiet: the decorator of a function that overflows on its way to a result, or "".
        parameter: the right side of a line that makes an array of a parameter `{p}`.
        calls: the language's functions, `{0}` their first argument.
        natives: the place's own functions, by our names.
        bodies: functions written out by hand, by our names; the language's too, where one is not in `calls`.
        with_constant: `min` and `max` of `{0}`, which has x in it, and `{1}`, which has not.
        arrays_only: functions of the language that take no plain numbers.
        number: the 1 or 0 of a condition `{0}`.
        differentiates: whether it differentiates what it runs, so that no branch may have an infinite slope.
        numbers_only: whether its own functions take plain numbers alone as parameters.
        has_own_kinks: whether it may differ from PyTorch's autograd there, which `Kink.jax` says.

    """

    array: str
    imports: Mapping[str, str]
    argument: str = ""
    only_for_type: bool = False
    quiet: str = ""
    parameter: str
    calls: Mapping[str, str]
    natives: Mapping[str, Native]
    bodies: Mapping[str, Body]
    with_constant: Mapping[str, str] = field(default_factory=dict)
    arrays_only: frozenset[str] = frozenset()
    number: str
    differentiates: bool = True
    numbers_only: bool = False
    has_own_kinks: bool = False
