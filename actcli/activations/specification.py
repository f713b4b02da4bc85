"""`leaky_relu:0.2`, `torch.LeakyReLU:negative_slope=0.2`: a specification to an activation, or what would be right.

What is no name is a formula: `x*tanh(b*x):b=2`.
"""

import difflib
import math
import re
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from types import MappingProxyType

from actcli.activations import exponentials, gated, normal, rectifiers, rows, shrinkage, sigmoids, waves
from actcli.activations.activation import Activation
from actcli.activations.definition import FORMULA, Definition, Names, Parameter
from actcli.exits import UsageError

DIALECTS = ("torch", "jax", "keras", "onnx")
_FAMILIES = (rectifiers, exponentials, gated, normal, sigmoids, shrinkage, waves, rows)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_NAME = re.compile(r"\s*[A-Za-z_][A-Za-z0-9_.-]*\s*")
_RESERVED = ("x", "e", "pi")
_registered: dict[str, Definition] = {}
"""Functions that a person has defined, by normalised names."""


@cache
def catalogue() -> tuple[Definition, ...]:
    """Every definition, family by family; those with a dotted name exist in one framework only."""
    return tuple(definition for family in _FAMILIES for definition in family.DEFINITIONS)


def register(definitions: Iterable[Definition]) -> None:
    """Make functions known by name beside the catalogue, in place of those registered before.

    Raises UsageError for a name that the catalogue has, or that a formula reserves; then nothing is changed.
    """
    found: dict[str, Definition] = {}
    for definition in definitions:
        for name in (definition.name, *definition.aliases):
            taken = _index().get(_key(name))
            if taken or name in _RESERVED:
                meaning = taken[0].name if taken else "reserved in formulas"
                raise UsageError(f"{name} cannot be defined: it is {meaning} already")
            found[_key(name)] = definition
    if found != _registered:
        from actcli.activations.formula import forget

        forget()  # the same text may mean another function now
    _registered.clear()
    _registered.update(found)


def registered() -> tuple[Definition, ...]:
    """The functions that `register` made known."""
    return tuple({id(definition): definition for definition in _registered.values()}.values())


def catalogued_definition(name: str) -> Definition | None:
    """The function of that name in the catalogue; None where there is none. No framework's."""
    found = _index().get(_key(name)) if "." not in name else None
    return found[0] if found else None


def named_definition(name: str) -> Definition | None:
    """The function of that name in the catalogue, or registered; None where there is none. No framework's."""
    return catalogued_definition(name) or _registered.get(_key(name))


def activation(spec: str, free: Collection[str] = ()) -> Activation:
    """The activation that a specification names: `[dialect.]name[:parameters]`, or a formula in x.

    Parameters are numbers, by position or `name=number`, separated by commas. Case, `-` and `_` do not matter.
    A formula's parameters are its names other than x, e and pi. `free` are names that need no value here: they
    are set later. Raises UsageError that offers what would be right: for an unknown function, framework or
    parameter, a value out of its bounds, a parameter without one, or a text that is no formula.
    """
    if not isinstance(spec, str):
        raise UsageError(f"a function is named by a text such as 'relu', not by {type(spec).__name__}")
    head, tail = split_parameters(spec)
    dialect, definition, names = _look_up(head.strip(), spec)
    values = {p.name: p.default for p in definition.parameters} | dict(names.defaults if names else {})
    if tail is not None:
        values |= _given(tail, definition, names, dialect, spec)
    _require_values(values, definition, free, spec)
    settled_later = any(math.isnan(value) for value in values.values())
    complaint = None if settled_later else definition.relation(**values)
    if complaint:
        raise UsageError(f"{spec}: the parameters must meet {complaint}")
    if definition.family == FORMULA:
        from actcli.activations.formula import settled

        definition = settled(definition, values)
    return Activation(spec, definition, MappingProxyType(values), dialect)


def parameter_of(spec: str, name: str) -> str | None:
    """Our name of the parameter that the function has by that name, whatever values it is given; None without one.

    Raises UsageError for what is no function.
    """
    dialect, definition, _ = _look_up(split_parameters(spec)[0].strip(), spec)
    try:
        return parameter_name(definition, dialect, name, spec)
    except UsageError:
        return None


def split_parameters(spec: str) -> tuple[str, str | None]:
    """The function and what stands after the last colon outside brackets; None without one."""
    depth = 0
    for place in range(len(spec) - 1, -1, -1):
        depth += (spec[place] == ")") - (spec[place] == "(")
        if spec[place] == ":" and depth == 0:
            # a name has its parameters after the first: relu:1:2 is a bad number, no formula
            first = spec.find(":")
            place = first if _NAME.fullmatch(spec[:first]) else place  # noqa: PLW2901 - found: the loop ends
            return spec[:place], spec[place + 1 :]
    return spec, None


def is_name(text: str) -> bool:
    """Whether a part of a specification names a function, whatever its parameters: `relu`, `torch.gelu:...`."""
    head, _ = split_parameters(text)
    if not _NAME.fullmatch(head):
        return False
    first, dot, rest = head.strip().partition(".")
    if dot:
        return f"{first.lower()}.{_key(rest)}" in _index()
    return named_definition(head) is not None


def split_layers(spec: str) -> tuple[str, ...]:
    """The layers of a stack: `relu/relu/tanh` taken apart at `/` outside brackets; one part is no stack.

    All parts are names of functions, or formulas in brackets (those come without their brackets), and one at
    least is a name. Raises UsageError for what is a stack but for a misspelt layer.
    """
    parts = _outside_brackets(spec)
    named = [is_name(part) for part in parts]
    if len(parts) == 1 or not any(named):
        return (spec,)
    for place, (part, known) in enumerate(zip(parts, named, strict=True), 1):
        if known or _is_bracketed(part):
            continue
        head = split_parameters(part)[0].strip()
        if not head:
            raise UsageError(
                f"{spec!r}: no function for layer {place}; write one function a layer, relu/relu/tanh"
            )
        if not _NAME.fullmatch(head) or head in _RESERVED:
            return (spec,)
        offer = _offer(_key(head), None)
        raise UsageError(f"unknown function {head!r} in layer {place} of the stack {spec}{offer}")
    return tuple(
        part.strip() if known else _unwrapped(part.strip()) for part, known in zip(parts, named, strict=True)
    )


def _outside_brackets(spec: str) -> list[str]:
    """The text between the slashes that are in no bracket."""
    parts, depth, start = [], 0, 0
    for place, character in enumerate(spec):
        depth += (character == "(") - (character == ")")
        if character == "/" and depth == 0:
            parts.append(spec[start:place])
            start = place + 1
    return [*parts, spec[start:]]


def _is_bracketed(part: str) -> bool:
    head = split_parameters(part)[0].strip()
    if not (head.startswith("(") and head.endswith(")")):
        return False
    depth = 0
    for place, character in enumerate(head):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return place == len(head) - 1
    return False


def _unwrapped(part: str) -> str:
    head, tail = split_parameters(part)
    return head.strip()[1:-1] + ("" if tail is None else f":{tail}")


def _require_values(
    values: dict[str, float], definition: Definition, free: Collection[str], spec: str
) -> None:
    """Raise UsageError for parameters that have no value and are not to get one later."""
    later = {_key(name) for name in free}
    missing = [name for name, value in values.items() if math.isnan(value) and _key(name) not in later]
    if missing:
        shown = ",".join(f"{name}=1" for name in missing)
        noun = "parameter" if len(missing) == 1 else "parameters"
        raise UsageError(
            f"{spec}: the {noun} {', '.join(missing)} of {definition.name} must have a value: "
            f"write '{split_parameters(spec)[0].strip()}:{shown}'"
        )


def parameter_name(definition: Definition, dialect: str | None, given: str, spec: str) -> str:
    """Our name of a parameter that is given by any of its names. Raises UsageError with the nearest right ones."""
    key = _key(given)
    known = {_key(name): p.name for p in definition.parameters for name in (p.name, *p.aliases)}
    for names in definition.frameworks:
        if names.framework == dialect:
            known |= {_key(theirs): ours for theirs, ours in names.renames.items()}
    if key in known:
        return known[key]
    if key == "approximate" and definition.name in {"gelu", "gelu_tanh"}:
        raise UsageError(
            f"{spec}: the two forms have names here: gelu is the exact one, gelu_tanh the approximate"
        )
    where = "" if spec == definition.name else f"{spec}: "
    if not definition.parameters:
        raise UsageError(f"{where}{definition.name} has no parameters")
    own = ", ".join(p.name for p in definition.parameters)
    raise UsageError(f"{where}{definition.name} has no parameter {given!r}; it has {own}")


def spellings() -> Iterator[tuple[str, Definition]]:
    """Every name that a shell should complete: ours, the aliases, and the frameworks' own."""
    for definition in catalogue():
        if "." not in definition.name:
            yield from ((name, definition) for name in (definition.name, *definition.aliases))
        for names in definition.frameworks:
            short = {name.rpartition(".")[2] for name in names.names}
            yield from ((f"{names.framework}.{name}", definition) for name in sorted(short))


def _key(name: str) -> str:
    name = name.strip()
    if not name.isascii():
        from actcli.activations.formula.functions import GREEK

        name = GREEK.get(name, name)
    return name.lower().replace("-", "").replace("_", "")


@cache
def _index() -> dict[str, tuple[Definition, Names | None]]:
    """Normalised names, with the framework in front for a framework's own, to definitions."""
    index: dict[str, tuple[Definition, Names | None]] = {}
    for definition in catalogue():
        if "." not in definition.name:
            for name in (definition.name, *definition.aliases):
                index[_key(name)] = (definition, None)
        for names in definition.frameworks:
            for name in names.names:
                # a bare name is the first of its kind, with its path it is that one: keras.layers.LeakyReLU
                index.setdefault(f"{names.framework}.{_key(name.rpartition('.')[2])}", (definition, names))
                index[f"{names.framework}.{_key(name)}"] = (definition, names)
    return index


def _look_up(head: str, spec: str) -> tuple[str | None, Definition, Names | None]:
    if not _NAME.fullmatch(head):
        return None, _formula(head, spec), None
    first, dot, rest = head.partition(".")
    dialect = first.strip().lower() if dot else None
    if dialect is None:
        found = _index().get(_key(head))
        if found:
            return None, *found
        if _key(head) in _registered:
            return None, _registered[_key(head)], None
        if head == "x" or ("-" in head and "x" in head.split("-")):
            return None, _formula(head, spec), None
        raise UsageError(f"unknown function {spec!r}{_as_formula(head) or _offer(_key(head), None)}")
    if dialect not in DIALECTS:
        raise UsageError(f"unknown framework {first!r} in {spec!r}; known: {', '.join(DIALECTS)}")
    key = _key(rest.rpartition(".")[2])
    found = _index().get(f"{dialect}.{_key(rest)}")
    if found:
        return dialect, *found
    ours = _index().get(key)
    aside = f"; {ours[0].name} is known without {dialect + '.'!r}" if ours else ""
    raise UsageError(f"{dialect} has no function {rest!r}{aside or _offer(key, dialect)}")


def _as_formula(name: str) -> str:
    """What to write for a name that only formulas know: `abs(x)`."""
    from actcli.activations.formula.functions import BY_NAME

    own = BY_NAME.get(name)
    if own is None:
        return ""
    return f"; as a formula: {name}({', '.join(('x', '0', '1')[: own.arity])})"


def _formula(head: str, spec: str) -> Definition:
    """The definition that a text which is no name stands for. Raises UsageError for what is no formula either."""
    from actcli.activations.formula import definition_of

    if not head.strip() or _NUMBER.fullmatch(head):
        raise UsageError(f"unknown function {spec!r}; write one such as relu, or a formula in x")
    if len(split_layers(spec)) > 1:
        raise UsageError(
            f"{spec} is a stack of layers, and here stands one function; in a formula write relu(x)"
        )
    return definition_of(head, head)


def _offer(key: str, dialect: str | None) -> str:
    """`; did you mean relu or relu6?`, from the names of that dialect, or of all."""
    names: dict[str, str] = {}
    for name, _ in spellings():
        prefix, dot, rest = name.rpartition(".")
        if (dialect or "") == prefix:
            names.setdefault(_key(rest if dot else name), name)
    if dialect is None:
        names |= {name: definition.name for name, definition in _registered.items()}
    near = difflib.get_close_matches(key, names, n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(names[k] for k in near)}?" if near else ""


def _given(
    tail: str, definition: Definition, names: Names | None, dialect: str | None, spec: str
) -> dict[str, float]:
    """The parameters after the colon, checked."""
    by_name = {p.name: p for p in definition.parameters}
    order = tuple(by_name[name] for name in names.order) if names and names.order else definition.parameters
    given: dict[str, float] = {}
    named = False
    for position, item in enumerate(tail.split(",")):
        name, equals, text = item.partition("=")
        if equals:
            parameter, named = by_name[parameter_name(definition, dialect, name, spec)], True
        elif named:
            raise UsageError(f"{spec}: {item!r} stands after a named parameter; name it too")
        else:
            parameter, text = _at_position(position, order, definition, spec), name
        if parameter.name in given:
            raise UsageError(f"{spec}: {parameter.name} is given twice")
        given[parameter.name] = _number(text, parameter, spec)
    return given


def _at_position(position: int, order: tuple[Parameter, ...], definition: Definition, spec: str) -> Parameter:
    if not order:
        raise UsageError(f"{spec}: {definition.name} has no parameters")
    if position >= len(order):
        own = ", ".join(p.name for p in order)
        raise UsageError(f"{spec}: {definition.name} takes {len(order)} at most: {own}")
    return order[position]


def _number(text: str, parameter: Parameter, spec: str) -> float:
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        raise UsageError(f"{spec}: {parameter.name} must be a finite number, not {text!r}")
    value = float(text)
    complaint = parameter.refusal(value)
    if complaint:
        raise UsageError(f"{spec}: {parameter.name} must be {complaint}, not {text}")
    return value
