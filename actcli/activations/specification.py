"""`leaky_relu:0.2`, `torch.LeakyReLU:negative_slope=0.2`: a specification to an activation, or what would be right.

What is no name is a formula: `x*tanh(b*x):b=2`.
"""

import difflib
import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from actcli.activations.activation import Activation
from actcli.activations.definition import FORMULA, Definition, Names, Parameter
from actcli.activations.families import (
    exponentials,
    gated,
    normal,
    rectifiers,
    rows,
    shrinkage,
    sigmoids,
    waves,
)
from actcli.activations.registry import Registry
from actcli.exits import UsageError

if TYPE_CHECKING:
    from actcli.activations.personal import Entry

DIALECTS = ("torch", "jax", "keras", "onnx")
_FAMILIES = (rectifiers, exponentials, gated, normal, sigmoids, shrinkage, waves, rows)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_NAME = re.compile(r"\s*[A-Za-z_][A-Za-z0-9_.-]*\s*")
_RESERVED = ("x", "e", "pi")
_SAID_FOR = {
    "nn": "torch", "f": "torch", "pytorch": "torch", "functional": "torch",
    "tf": "keras", "tensorflow": "keras", "activations": "keras", "flax": "jax", "jnn": "jax",
}  # fmt: skip
"""How frameworks are called in code, and what they are here."""
_registry = Registry()
"""Functions that a person has defined."""


@cache
def catalogue() -> tuple[Definition, ...]:
    """Every definition, family by family; those with a dotted name exist in one framework only."""
    return tuple(definition for family in _FAMILIES for definition in family.DEFINITIONS)


def register(definitions: Iterable[Definition]) -> None:
    """Make functions known by name beside the catalogue, in place of those known before.

    Raises UsageError for a name that the catalogue or the formula language has; then nothing is changed.
    """
    from actcli.activations.personal import refused_name

    found: dict[str, Definition] = {}
    for definition in definitions:
        for name in (definition.name, *definition.aliases):
            refusal = refused_name(name)
            if refusal:
                raise UsageError(f"{name} cannot be defined: {refusal}")
            found[normalised(name)] = definition
    _registry.replace(found)


def await_functions(load: "Callable[[], Sequence[Entry]]", tell: Callable[[str], None]) -> None:
    """Take a person's functions from `load`, in place of those known before, when one is first looked for.

    That is when a name is not in the catalogue, or `registered` is asked. `tell` gets a sentence for each entry
    that is wrong, but for the one that is looked for: its use is the error. The others work.
    """
    _registry.wait_for(load, tell)


def registered() -> tuple[Definition, ...]:
    """The functions that a person has defined, in the order of their definitions."""
    return _registry.all()


def catalogued_definition(name: str) -> Definition | None:
    """The function of that name in the catalogue; None where there is none. No framework's."""
    found = _index().get(normalised(name)) if "." not in name else None
    return found[0] if found else None


def named_definition(name: str) -> Definition | None:
    """The function of that name in the catalogue, or a person's; None where there is none. No framework's.

    Raises UsageError for a name that a person has defined wrongly.
    """
    return catalogued_definition(name) or _registry.find(normalised(name))


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


def parameter_names(spec: str) -> tuple[str, ...]:
    """Our names of the parameters that a function has, whatever values it is given; raises UsageError for none."""
    return tuple(p.name for p in _look_up(split_parameters(spec)[0].strip(), spec)[1].parameters)


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
        return f"{first.lower()}.{normalised(rest)}" in _index()
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
        offer = _offer(normalised(head), None)
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
    later = {normalised(name) for name in free}
    missing = [name for name, value in values.items() if math.isnan(value) and normalised(name) not in later]
    if missing:
        shown = ",".join(f"{name}=1" for name in missing)
        noun = "parameter" if len(missing) == 1 else "parameters"
        raise UsageError(
            f"{spec}: the {noun} {', '.join(missing)} of {definition.name} must have a value: "
            f"write '{split_parameters(spec)[0].strip()}:{shown}'"
        )


def parameter_name(definition: Definition, dialect: str | None, given: str, spec: str) -> str:
    """Our name of a parameter that is given by any of its names. Raises UsageError with the nearest right ones."""
    key = normalised(given)
    known = {normalised(name): p.name for p in definition.parameters for name in (p.name, *p.aliases)}
    for names in definition.frameworks:
        if names.framework == dialect:
            known |= {normalised(theirs): ours for theirs, ours in names.renames.items()}
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


def normalised(name: str) -> str:
    """The name as names are compared: case, `-` and `_` do not matter, and `β` is beta."""
    name = name.strip()
    if not name.isascii():
        from actcli.activations.formula.functions import GREEK

        name = GREEK.get(name, name)
    return name.lower().replace("-", "").replace("_", "")


def spellings() -> Iterator[tuple[str, Definition]]:
    """Every name that a shell should complete: ours, the aliases, and the frameworks' own."""
    for definition in catalogue():
        if "." not in definition.name:
            yield from ((name, definition) for name in (definition.name, *definition.aliases))
        for names in definition.frameworks:
            short = {name.rpartition(".")[2] for name in names.names}
            yield from ((f"{names.framework}.{name}", definition) for name in sorted(short))


@cache
def _index() -> dict[str, tuple[Definition, Names | None]]:
    """Normalised names, with the framework in front for a framework's own, to definitions."""
    index: dict[str, tuple[Definition, Names | None]] = {}
    for definition in catalogue():
        if "." not in definition.name:
            for name in (definition.name, *definition.aliases):
                index[normalised(name)] = (definition, None)
        for names in definition.frameworks:
            for name in names.names:
                # a bare name is the first of its kind, with its path it is that one: keras.layers.LeakyReLU
                index.setdefault(
                    f"{names.framework}.{normalised(name.rpartition('.')[2])}", (definition, names)
                )
                index[f"{names.framework}.{normalised(name)}"] = (definition, names)
    return index


def _look_up(head: str, spec: str) -> tuple[str | None, Definition, Names | None]:
    if not _NAME.fullmatch(head):
        return None, _formula(head, spec), None
    first, dot, rest = head.partition(".")
    dialect = first.strip().lower() if dot else None
    if dialect is None:
        found = _index().get(normalised(head))
        if found:
            return None, *found
        own = _registry.find(normalised(head))
        if own:
            return None, own, None
        if head == "x" or ("-" in head and "x" in head.split("-")):
            return None, _formula(head, spec), None
        raise UsageError(f"unknown function {spec!r}{_as_formula(head) or _offer(normalised(head), None)}")
    if dialect not in DIALECTS:
        raise UsageError(f"unknown framework {first!r} in {spec!r}; {_right_framework(first, rest)}")
    key = normalised(rest.rpartition(".")[2])
    found = _index().get(f"{dialect}.{normalised(rest)}")
    if found:
        return dialect, *found
    ours = _index().get(key)
    aside = f"; {ours[0].name} is known without {dialect + '.'!r}" if ours else ""
    raise UsageError(f"{dialect} has no function {rest!r}{aside or _offer(key, dialect)}")


def _right_framework(first: str, rest: str) -> str:
    """What to write for a name with its path in a framework's own code, `nn.GELU` or `tf.nn.relu`."""
    meant = _SAID_FOR.get(first.strip().lower())
    name = rest.rpartition(".")[2].strip()
    if meant and f"{meant}.{normalised(name)}" in _index():
        return f"did you mean {meant}.{name}?"
    return f"known: {', '.join(DIALECTS)}"


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

    if _NUMBER.fullmatch(head):
        raise UsageError(f"{spec!r} is a number, and here stands a function: relu, or a formula in x")
    if not head.strip():
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
            names.setdefault(normalised(rest if dot else name), name)
    if dialect is None:
        names |= {normalised(name): name for one in registered() for name in (one.name, *one.aliases)}
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
