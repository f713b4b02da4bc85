"""From a specification to an activation: `leaky_relu:0.2`, `torch.LeakyReLU:negative_slope=0.2`, `x*tanh(b*x):b=2`.

A text that is no name is read as a formula. Errors offer what would be right.
"""

import copyreg
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from actcli.activations.activation import Activation
from actcli.activations.catalogue import find_catalogued, index, spellings
from actcli.activations.definition import FORMULA, Definition, Names, Parameter
from actcli.activations.names import (
    DIALECTS,
    NAME,
    NUMBER,
    WORDS,
    expand_module,
    is_bracketed,
    normalise,
    offer,
    split_parameters,
    split_slashes,
    strip_brackets,
)
from actcli.activations.registry import REGISTRY, Notices, find_definition, registered
from actcli.exits import UsageError

if TYPE_CHECKING:
    from actcli.activations.personal import Entry

_RESERVED = ("x", "e", "pi")
_NEARLY_SAME = 0.85
_WITH_INPUTS = ("hard_tanh", "prelu")
"""Functions whose parameters ONNX takes as inputs (Clip, PRelu), in the type of x, and not as attributes."""


def activation(spec: str, free: Collection[str] = ()) -> Activation:
    """Return the activation that a specification names: `[dialect.]name[:parameters]`, or a formula in x.

    Parameters are numbers, by position or `name=number`, separated by commas. Case, `-` and `_` do not matter.
    A formula's parameters are its names other than x, e and pi. `free` are parameters that need no value here: they
    are set later. Raises UsageError, which offers what would be right, for an unknown function, framework or
    parameter, a value out of its bounds, a parameter without a value, or a text that is no formula.
    """
    if not isinstance(spec, str):
        raise UsageError(f"a function is named by a text such as 'relu', not by {type(spec).__name__}")
    head, tail = split_parameters(spec)
    dialect, definition, names = _look_up(head.strip(), spec)
    if tail is not None:
        from actcli.activations.forms import choose_form

        form = choose_form(definition, tail, spec)
        if form:
            definition, names, tail = form, None, None
    values = {p.name: p.default for p in definition.parameters} | dict(names.defaults if names else {})
    if tail is not None:
        values |= _read_values(tail, definition, names, spec)
    if dialect == "onnx" and definition.name not in _WITH_INPUTS:
        values = {name: _as_attribute(name, value, spec) for name, value in values.items()}
    _require_values(values, definition, free, spec)
    if not any(math.isnan(value) for value in values.values()):
        complaint = definition.relation(**values)
        if complaint:
            raise UsageError(f"{spec}: the parameters must meet {complaint}")
    if definition.family == FORMULA or definition.is_pair_formula:
        from actcli.activations.define import settle

        definition = settle(definition, values)
    return Activation(spec, definition, MappingProxyType(values), dialect)


def _as_attribute(name: str, value: float, spec: str) -> float:
    """Return the number that an attribute of an ONNX operator holds: a float32, 0.01 as 0.009999999776482582.

    Raises UsageError for a number that is too large for it.
    """
    with np.errstate(over="ignore"):
        attribute = float(np.float32(value))
    if math.isinf(attribute) and math.isfinite(value):
        raise UsageError(f"{spec}: ONNX holds {name} in float32, and {value:g} is too large for it")
    return attribute


def _reduce(f: Activation) -> tuple[Callable[[str], Activation], tuple[str]]:
    """Return how a pickle or a copy is made: from the specification, since kernels cannot be stored."""
    return activation, (f.spec,)


copyreg.pickle(Activation, _reduce)


def parameter_of(spec: str, name: str) -> str | None:
    """Return our name of the function's parameter that has this name, or None; values in `spec` are not looked at.

    Raises UsageError for a text that is no function.
    """
    _, definition, _ = _look_up(split_parameters(spec)[0].strip(), spec)
    try:
        return definition.parameter_name(name, spec)
    except UsageError:
        return None


def parameter_names(spec: str) -> tuple[str, ...]:
    """Return the names of a function's parameters. Raises UsageError for a text that is no function."""
    return tuple(p.name for p in _look_up(split_parameters(spec)[0].strip(), spec)[1].parameters)


def is_name(text: str) -> bool:
    """Return whether a specification names a function, whatever its parameters: `relu`, `torch.gelu:...`."""
    head, _ = split_parameters(text)
    if not (NAME.fullmatch(head) or WORDS.fullmatch(head)):
        return False
    framework, dot, name = expand_module(head.strip()).partition(".")
    if dot:
        return f"{framework.lower()}.{normalise(name)}" in index()
    return find_definition(head) is not None


def split_layers(spec: str) -> tuple[str, ...]:
    """Return the layers of a stack, `relu/relu/tanh` taken apart at `/` outside brackets; one part is no stack.

    All parts are names of functions, or formulas in brackets (returned without them), and one at least is a name.
    Raises UsageError for a stack with a misspelt layer.
    """
    parts = split_slashes(spec)
    named = [is_name(part) for part in parts]
    if len(parts) == 1 or not any(named):
        return (spec,)
    for place, (part, is_named) in enumerate(zip(parts, named, strict=True), 1):
        if is_named or is_bracketed(part):
            continue
        head = split_parameters(part)[0].strip()
        if not head:
            raise UsageError(
                f"{spec!r}: layer {place} has no function; write one per layer, as in relu/relu/tanh"
            )
        if not NAME.fullmatch(head) or head in _RESERVED:
            return (spec,)
        near = _offer(normalise(head), None)
        raise UsageError(f"unknown function {head!r} in layer {place} of the stack {spec}{near}")
    return tuple(
        part.strip() if is_named else strip_brackets(part)
        for part, is_named in zip(parts, named, strict=True)
    )


def register(definitions: Iterable[Definition]) -> None:
    """Make functions known by name beside the catalogue, in place of those known before.

    Raises UsageError for a name that the catalogue or the formula language has; then nothing is changed.
    """
    from actcli.activations.personal import refuse_name

    by_name: dict[str, Definition] = {}
    for definition in definitions:
        for name in (definition.name, *definition.aliases):
            refusal = refuse_name(name)
            if refusal:
                raise UsageError(f"{name} cannot be defined: {refusal}")
            by_name[normalise(name)] = definition
    REGISTRY.replace(by_name)


def await_functions(load: "Callable[[], Sequence[Entry]]", tell: Callable[[str], None]) -> None:
    """Take a person's functions from `load` when one is first looked for, in place of those known before.

    One is looked for when a name is not in the catalogue, or `registered` is called. `tell` gets one sentence for
    each entry that is wrong, except the one that is looked for: its use raises the error. The others work.
    """

    def define(definitions: dict[str, Definition]) -> Notices:
        entries = load()
        if not entries:
            return Notices()
        from actcli.activations.personal import define_entries

        return define_entries(entries, definitions)

    def is_reserved(key: str) -> bool:
        from actcli.activations.formula.functions import reserved_names

        return key in reserved_names()

    REGISTRY.wait_for(define, is_reserved, tell)


def _look_up(head: str, spec: str) -> tuple[str | None, Definition, Names | None]:
    """Return the dialect, the definition, and the dialect's names for it. Raises UsageError for an unknown name."""
    if not NAME.fullmatch(head) and not (WORDS.fullmatch(head) and is_name(head)):
        _refuse_misspelt_words(head, spec)
        return None, _read_definition(head, spec), None
    framework, dot, rest = expand_module(head).partition(".")
    if dot:
        return _look_up_dialect(framework, rest, spec)
    found = find_definition(head)
    if found:
        return None, found, None
    if head == "x" or ("-" in head and "x" in head.split("-")):
        return None, _read_definition(head, spec), None
    raise UsageError(f"unknown function {spec!r}{_offer_call(head) or _offer(normalise(head), None)}")


def _refuse_misspelt_words(head: str, spec: str) -> None:
    """Raise UsageError for words such as `Leaky Rleu` that are nearly a name; other words are a formula's."""
    if WORDS.fullmatch(head) and any(len(word) > 1 and not is_name(word) for word in head.split()):
        near = _offer(normalise(head), None, _NEARLY_SAME)
        if near:
            raise UsageError(f"unknown function {spec!r}{near}")


def _look_up_dialect(framework: str, name: str, spec: str) -> tuple[str, Definition, Names | None]:
    dialect = framework.strip().lower()
    last = normalise(name.rpartition(".")[2])
    if dialect not in DIALECTS:
        raise UsageError(f"unknown framework {framework!r} in {spec!r}; known: {', '.join(DIALECTS)}")
    entry = index().get(f"{dialect}.{normalise(name)}")
    if entry:
        return dialect, *entry
    ours = find_catalogued(last)
    aside = f"; {ours.name} is known without '{dialect}.'" if ours else ""
    raise UsageError(f"{dialect} has no function {name!r}{aside or _offer(last, dialect)}")


def _offer_call(name: str) -> str:
    """Return how to write a function that only formulas have: `; as a formula: abs(x)`."""
    from actcli.activations.formula.functions import BY_NAME

    function = BY_NAME.get(name)
    return f"; as a formula: {name}({', '.join(('x', '0', '1')[: function.arity])})" if function else ""


def _offer(key: str, dialect: str | None, cutoff: float = 0.6) -> str:
    """Return `; did you mean relu or relu6?`, from the names of that dialect, or of all."""
    import difflib

    names: dict[str, str] = {}
    for name, _ in spellings():
        prefix, dot, rest = name.rpartition(".")
        if (dialect or "") == prefix:
            names.setdefault(normalise(rest if dot else name), name)
    if dialect is None:
        names |= {normalise(name): name for one in registered() for name in (one.name, *one.aliases)}
    near = difflib.get_close_matches(key, names, n=3, cutoff=cutoff)
    return offer([names[k] for k in near])


def _read_definition(head: str, spec: str) -> Definition:
    """Return the definition of a formula. Raises UsageError for a text that is none."""
    from actcli.activations.define import define

    if NUMBER.fullmatch(head):
        raise UsageError(f"{spec!r} is a number; a function is needed here: relu, or a formula in x")
    if not head.strip():
        raise UsageError(f"unknown function {spec!r}; write one such as relu, or a formula in x")
    if len(split_layers(spec)) > 1:
        raise UsageError(
            f"{spec} is a stack of layers; one function is needed here, and in a formula write relu(x)"
        )
    return define(head, head)


def _require_values(
    values: Mapping[str, float], definition: Definition, free: Collection[str], spec: str
) -> None:
    """Raise UsageError for parameters that have no value and are not set later."""
    later = {normalise(name) for name in free}
    missing = [name for name, value in values.items() if math.isnan(value) and normalise(name) not in later]
    if missing:
        shown = ",".join(f"{name}=1" for name in missing)
        noun = "parameter" if len(missing) == 1 else "parameters"
        pair = "; a formula for pairs has g and u, but no x" if {"g", "u"} & {*missing} else ""
        raise UsageError(
            f"{spec}: the {noun} {', '.join(missing)} of {definition.name} must have a value: "
            f"write '{split_parameters(spec)[0].strip()}:{shown}'{pair}"
        )


def _read_values(tail: str, definition: Definition, names: Names | None, spec: str) -> dict[str, float]:
    """Return the values after the colon, by our names. Raises UsageError for a name or value that is wrong."""
    by_name = {p.name: p for p in definition.parameters}
    order = tuple(by_name[name] for name in names.order) if names and names.order else definition.parameters
    values: dict[str, float] = {}
    named = False
    for position, item in enumerate(tail.split(",")):
        name, equals, text = item.partition("=")
        if equals:
            parameter, named = by_name[definition.parameter_name(name, spec)], True
        elif named:
            raise UsageError(f"{spec}: {item!r} stands after a named parameter; name it too")
        else:
            parameter, text = _at_position(position, order, definition, spec), name
        if parameter.name in values:
            raise UsageError(f"{spec}: {parameter.name} is given twice")
        values[parameter.name] = _read_number(text.strip(), parameter, spec)
    return values


def _at_position(position: int, order: tuple[Parameter, ...], definition: Definition, spec: str) -> Parameter:
    if not order:
        raise UsageError(f"{spec}: {definition.name} has no parameters")
    if position >= len(order):
        own = ", ".join(p.name for p in order)
        raise UsageError(f"{spec}: {definition.name} takes {len(order)} at most: {own}")
    return order[position]


def _read_number(text: str, parameter: Parameter, spec: str) -> float:
    value = float(text) if NUMBER.fullmatch(text) else _read_written(text)
    if value is None:
        raise UsageError(f"{spec}: {parameter.name} must be a finite number, not {text!r}")
    complaint = parameter.refusal(value)
    if complaint:
        raise UsageError(f"{spec}: {parameter.name} must be {complaint}, not {text}")
    return value


def _read_written(text: str) -> float | None:
    from actcli.activations.written_numbers import read_number

    return read_number(text)
