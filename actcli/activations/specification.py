"""`leaky_relu:0.2`, `torch.LeakyReLU:negative_slope=0.2`: a specification to an activation, or what would be right."""

import difflib
import re
from collections.abc import Iterator
from functools import cache
from types import MappingProxyType

from actcli.activations import exponentials, gated, normal, rectifiers, rows, shrinkage, sigmoids, waves
from actcli.activations.activation import Activation
from actcli.activations.definition import Definition, Names, Parameter
from actcli.exits import UsageError

DIALECTS = ("torch", "jax", "keras", "onnx")
_FAMILIES = (rectifiers, exponentials, gated, normal, sigmoids, shrinkage, waves, rows)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@cache
def catalogue() -> tuple[Definition, ...]:
    """Every definition, family by family; those with a dotted name exist in one framework only."""
    return tuple(definition for family in _FAMILIES for definition in family.DEFINITIONS)


def activation(spec: str) -> Activation:
    """The activation that a specification names: `[dialect.]name[:parameters]`.

    Parameters are numbers, by position or `name=number`, separated by commas. Case, `-` and `_` do not matter.
    Raises UsageError that offers what would be right: for an unknown function, framework or parameter, or a
    value out of its bounds.
    """
    if not isinstance(spec, str):
        raise UsageError(f"a function is named by a text such as 'relu', not by {type(spec).__name__}")
    head, colon, tail = spec.partition(":")
    dialect, definition, names = _look_up(head.strip(), spec)
    values = {p.name: p.default for p in definition.parameters} | dict(names.defaults if names else {})
    if colon:
        values |= _given(tail, definition, names, dialect, spec)
    complaint = definition.relation(**values)
    if complaint:
        raise UsageError(f"{spec}: the parameters must meet {complaint}")
    return Activation(spec, definition, MappingProxyType(values), dialect)


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
    return name.strip().lower().replace("-", "").replace("_", "")


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
    first, dot, rest = head.partition(".")
    dialect = first.strip().lower() if dot else None
    if dialect is None:
        found = _index().get(_key(head))
        if found:
            return None, *found
        raise UsageError(f"unknown function {spec!r}{_offer(_key(head), None)}")
    if dialect not in DIALECTS:
        raise UsageError(f"unknown framework {first!r} in {spec!r}; known: {', '.join(DIALECTS)}")
    key = _key(rest.rpartition(".")[2])
    found = _index().get(f"{dialect}.{_key(rest)}")
    if found:
        return dialect, *found
    ours = _index().get(key)
    aside = f"; {ours[0].name} is known without {dialect + '.'!r}" if ours else ""
    raise UsageError(f"{dialect} has no function {rest!r}{aside or _offer(key, dialect)}")


def _offer(key: str, dialect: str | None) -> str:
    """`; did you mean relu or relu6?`, from the names of that dialect, or of all."""
    names: dict[str, str] = {}
    for name, _ in spellings():
        prefix, dot, rest = name.rpartition(".")
        if (dialect or "") == prefix:
            names.setdefault(_key(rest if dot else name), name)
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
