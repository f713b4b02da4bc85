"""The catalogue: every definition, and the index from names to definitions."""

from collections.abc import Iterator
from functools import cache

from actcli.activations.definition import Definition, Names
from actcli.activations.families import (
    exponentials,
    gated,
    hard,
    normal,
    pairs,
    rectifiers,
    rows,
    self_gated,
    shrinkage,
    sigmoids,
    squares,
    squashes,
    waves,
)
from actcli.activations.names import normalise

_FAMILIES = (
    rectifiers,
    hard,
    squares,
    exponentials,
    gated,
    self_gated,
    normal,
    sigmoids,
    squashes,
    shrinkage,
    waves,
    rows,
    pairs,
)


@cache
def catalogue() -> tuple[Definition, ...]:
    """Return every definition, family by family; those with a dotted name exist in one framework only."""
    return tuple(definition for family in _FAMILIES for definition in family.DEFINITIONS)


def find_catalogued(name: str) -> Definition | None:
    """Return the catalogue's function of that name, or None. Names of frameworks are not looked up."""
    entry = index().get(normalise(name)) if "." not in name else None
    return entry[0] if entry else None


def spellings() -> Iterator[tuple[str, Definition]]:
    """Yield every name that a shell completes, with its definition: ours, the aliases, and the frameworks' own."""
    for definition in catalogue():
        if "." not in definition.name:
            yield from ((name, definition) for name in (definition.name, *definition.aliases))
        for names in definition.frameworks:
            short = {name.rpartition(".")[2] for name in names.names}
            yield from ((f"{names.framework}.{name}", definition) for name in sorted(short))


@cache
def index() -> dict[str, tuple[Definition, Names | None]]:
    """Return the definition, and the framework's names for it, by normalised name: `relu`, `torch.leakyrelu`."""
    entries: dict[str, tuple[Definition, Names | None]] = {}
    for definition in catalogue():
        if "." not in definition.name:
            for name in (definition.name, *definition.aliases):
                entries[normalise(name)] = (definition, None)
        for names in definition.frameworks:
            for name in names.names:
                # a bare name is the first of its kind, a name with its path that one: keras.layers.LeakyReLU
                bare = name.rpartition(".")[2]
                entries.setdefault(f"{names.framework}.{normalise(bare)}", (definition, names))
                entries[f"{names.framework}.{normalise(name)}"] = (definition, names)
    return entries
