"""The catalogue: every definition, and the index from names to definitions. A family is loaded when it is reached."""

from collections.abc import Iterator
from functools import cache
from importlib import import_module

from actcli.activations.definition import Definition, Names
from actcli.activations.names import normalise

_FAMILIES = (
    "rectifiers",
    "hard",
    "squares",
    "exponentials",
    "gated",
    "self_gated",
    "normal",
    "sigmoids",
    "squashes",
    "shrinkage",
    "waves",
    "rows",
    "pairs",
)


@cache
def catalogue() -> tuple[Definition, ...]:
    """Return every definition, family by family; those with a dotted name exist in one framework only."""
    return tuple(definition for family in _FAMILIES for definition in _definitions(family))


def is_catalogued(definition: Definition) -> bool:
    """Return whether a definition is one of the catalogue's own, and no copy."""
    return any(definition is one for family in _FAMILIES for one in _definitions(family))


def find_catalogued(name: str) -> Definition | None:
    """Return the catalogue's function of that name, or None. Names of frameworks are not looked up."""
    key = normalise(name)
    return next((found for family in _FAMILIES if (found := _by_name(family).get(key))), None)


@cache
def _definitions(family: str) -> tuple[Definition, ...]:
    definitions: tuple[Definition, ...] = import_module(f"actcli.activations.families.{family}").DEFINITIONS
    return definitions


@cache
def _by_name(family: str) -> dict[str, Definition]:
    """Return the definitions of a family by their normalised names, except those of one framework only."""
    return {
        normalise(name): definition
        for definition in _definitions(family)
        if "." not in definition.name
        for name in (definition.name, *definition.aliases)
    }


def spellings() -> Iterator[tuple[str, Definition]]:
    """Yield every name that a shell completes, with its definition: ours, the aliases, and the frameworks' own."""
    for definition in catalogue():
        if "." not in definition.name:
            yield from ((name, definition) for name in (definition.name, *definition.aliases))
        for names in definition.frameworks:
            short = {name.rpartition(".")[2] for name in names.names}
            yield from ((f"{names.framework}.{name}", definition) for name in sorted(short))


@cache
def index() -> dict[str, tuple[Definition, Names]]:
    """Return the definition by a framework's normalised name, `torch.leakyrelu`, and its names in the framework."""
    entries: dict[str, tuple[Definition, Names]] = {}
    for definition in catalogue():
        for names in definition.frameworks:
            for name in names.names:
                # a bare name is the first of its kind, a name with its path that one: keras.layers.LeakyReLU
                bare = name.rpartition(".")[2]
                entries.setdefault(f"{names.framework}.{normalise(bare)}", (definition, names))
                entries[f"{names.framework}.{normalise(name)}"] = (definition, names)
    return entries
