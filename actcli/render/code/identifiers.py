"""Names and remarks in code: whatever people call things, only identifiers and harmless text are written."""

import keyword
import math
import re
import unicodedata
from collections.abc import Mapping

from actcli.activations import Definition, Parameter
from actcli.activations.definition import FORMULA
from actcli.activations.registry import find_definition
from actcli.activations.symbolic.derive import PRIME
from actcli.terminal import printable

_HARMLESS = {'"': "'", "\\": "/"}
"""Replacements of characters that would end a string, also of wide letters that become them in ASCII."""


_ORDERS = {1: "slope", 2: "curvature"}


class Identifiers:
    """The identifiers of one text: each is used once."""

    __slots__ = ("taken",)

    def __init__(self, reserved: set[str]) -> None:
        self.taken = set(reserved)

    def new(self, wanted: str) -> str:
        """Return an identifier like `wanted` that nothing else has."""
        name = re.sub(r"[^A-Za-z0-9_]", "_", wanted)
        if not name or name[0].isdigit():
            name = f"_{name}"
        while keyword.iskeyword(name) or name in self.taken:
            name += "_"
        self.taken.add(name)
        return name


def has_name(definition: Definition) -> bool:
    """Return whether it is a function with a name, and not just a formula."""
    is_formula = definition.family == FORMULA or definition.is_pair_formula
    return not is_formula or find_definition(definition.name) is not None


def function_name(definition: Definition) -> str:
    """Return the function's name in code: `leaky_relu`, `onnx_shrink`; `f` for a formula, `f_slope` for f'."""
    base, order = of_derivative(definition)
    if order:
        return f"{base}_{_ORDERS.get(order, f'derivative_{order}')}"
    return definition.name if has_name(definition) else "f"


def of_derivative(definition: Definition) -> tuple[str, int]:
    """Return the name without primes, and how many it has: gelu'' is the derivative of order 2 of gelu."""
    base = definition.name.rstrip(PRIME)
    order = len(definition.name) - len(base)
    return base, order if base.isidentifier() or find_definition(base) is not None else 0


def parameter_identifier(parameter: Parameter) -> str:
    """Return the parameter's name, or its first alias that is no keyword: `lambd` for `lambda`."""
    for name in (parameter.name, *parameter.aliases):
        if name.isidentifier() and not keyword.iskeyword(name):
            return name
    return parameter.name


def remark(text: str) -> str:
    """Return the text for a comment or a docstring: on one line, without characters that could end it."""
    return "".join(_HARMLESS.get(unicodedata.normalize("NFKD", c), c) for c in printable(text))


def variant(definition: Definition, values: Mapping[str, float]) -> str:
    """Return the name under which tables hold the code of a function, with the parameters that were switched on.

    A parameter whose default is inf is switched on by a value: `swiglu`, and `swiglu:limit`.
    """
    on = [p.name for p in definition.parameters if math.isinf(p.default) and not math.isinf(values[p.name])]
    return ":".join([definition.name, *on])
