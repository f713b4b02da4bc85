"""Functions that a person defines for good: entries of a file to definitions, the wrong ones set aside."""

import math
import re
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from actcli.activations.definition import Definition, Parameter
from actcli.activations.formula import FormulaError, definition_of, expression_of
from actcli.activations.formula.functions import BY_NAME, CONSTANTS, GREEK
from actcli.activations.formula.parse import MOST_OPERATIONS, WORDS
from actcli.activations.formula.tokens import tokens
from actcli.activations.formula.tree import Catalogued, walk
from actcli.activations.specification import DIALECTS, catalogued_definition, normalised
from actcli.exits import UsageError

MOST_LEVELS = 20
"""Functions that use one another, in a row."""
LONGEST_NAME = 40
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)
_LETTERS = {name: letter for letter, name in GREEK.items()}


@dataclass(frozen=True, slots=True)
class Entry:
    """One function as a file defines it.

    Attributes:
        name, aliases: as they are written.
        file: where it stands.
        formula: a formula in x.
        parameters: as far as they are listed; a default of NaN is none.
        about: what is said of it.
        fault: what is wrong with how it is written, file and name in front; None where nothing is.

    """

    name: str
    file: str
    formula: str = ""
    parameters: tuple[Parameter, ...] = ()
    aliases: tuple[str, ...] = ()
    about: str = ""
    fault: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """All names, normalised, each once."""
        return tuple(dict.fromkeys(normalised(name) for name in (self.name, *self.aliases)))


@dataclass(frozen=True, slots=True)
class Found:
    """What came of entries beside the definitions.

    Attributes:
        faults: what is wrong, a sentence an entry, in their order.
        faulty: the names of these entries, normalised, and their sentences.
        hiding: the names that a later file defines anew, normalised, and a sentence that says so.

    """

    faults: tuple[str, ...]
    faulty: Mapping[str, str]
    hiding: Mapping[str, str]


@cache
def known_to_formulas() -> frozenset[str]:
    """The names, normalised, that mean something in a formula and so can be nobody's."""
    return frozenset(normalised(name) for name in ("x", *CONSTANTS, *WORDS, "where", *BY_NAME))


def refused_name(name: str) -> str | None:
    """Why a function cannot have that name; None where it can."""
    key = normalised(name)
    if not _NAME.fullmatch(name):
        other = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")
        offer = f"; write {other}" if _NAME.fullmatch(other) and name.isascii() else ""
        return f"a name has letters of a to z, digits and _, and begins with a letter{offer}"
    if len(name) > LONGEST_NAME:
        return f"a name has {LONGEST_NAME} characters at most"
    catalogued = catalogued_definition(name)
    if catalogued:
        known = catalogued.name
        return f"it is {known} already" if known == name else f"it is {known} already, by another name"
    if key in known_to_formulas():
        return "it means something in formulas already"
    if key in _LETTERS:
        return f"it is a parameter in formulas already, {_LETTERS[key]}"
    if key in DIALECTS:
        return f"{key}. stands before the names of a framework"
    if key in {"nan", "inf", "infinity"}:
        return "it is a number"
    return None


def defined(entries: Sequence[Entry], definitions: MutableMapping[str, Definition]) -> Found:
    """Put what the entries define into `definitions`, by their names, normalised; what is wrong is left out.

    An entry may use others, in any order. Where two files define a name the later one's holds. `definitions` must
    be where names are looked for beside the catalogue: the formulas are read while it is filled.
    """
    wrong: dict[int, str] = {}
    owners: dict[str, int] = {}
    hiding: dict[str, str] = {}
    for place, entry in enumerate(entries):
        fault = entry.fault or _wrong_name(entry) or _taken(entry, entries, owners)
        if fault:
            wrong[place] = fault
        for key in entry.names:
            other = owners.get(key)
            if other is not None and entries[other].file == entry.file:
                continue
            if other is not None:
                earlier = entries[other]
                hiding[key] = f"{earlier.name} is that of {entry.file}, not that of {earlier.file}"
            owners[key] = place
    uses = {place: _used(entry, owners) for place, entry in enumerate(entries)}
    levels: dict[int, int] = {}
    for place in _in_order(entries, uses, wrong):
        entry = entries[place]
        levels[place] = 1 + max((levels.get(one, 0) for one in uses[place]), default=0)
        fault = wrong.get(place) or _wrong_use(entry, entries, uses[place], wrong)
        if not fault and levels[place] > MOST_LEVELS:
            fault = _at(entry, f"more than {MOST_LEVELS} functions in a row use one another")
        definition = None
        if not fault:
            definition, fault = _definition(entry)
        if definition:
            definitions.update({key: definition for key in entry.names if owners[key] == place})
        elif fault:
            wrong[place] = fault
    in_file_order = {
        key: definition for entry in entries for key in entry.names if (definition := definitions.get(key))
    }
    definitions.clear()
    definitions.update(in_file_order)
    faulty = {key: wrong[place] for key, place in owners.items() if place in wrong}
    return Found(tuple(wrong[place] for place in sorted(wrong)), faulty, hiding)


def _at(entry: Entry, sentence: str) -> str:
    return f"{entry.file}: {entry.name}: {sentence}"


def _wrong_name(entry: Entry) -> str | None:
    for name in (entry.name, *entry.aliases):
        refusal = refused_name(name)
        if refusal:
            what = "cannot be defined" if name == entry.name else f"cannot have the alias {name}"
            return _at(entry, f"{what}: {refusal}")
    return None


def _taken(entry: Entry, entries: Sequence[Entry], owners: Mapping[str, int]) -> str | None:
    for key in entry.names:
        other = entries[owners[key]] if key in owners else entry
        if other is not entry and other.file == entry.file:
            return _at(entry, f"{other.name} has that name already")
    return None


def _used(entry: Entry, owners: Mapping[str, int]) -> frozenset[int]:
    """The entries whose names stand in the formula and are no parameters of its own."""
    try:
        words = tokens(entry.formula)
    except FormulaError:  # it is said where the formula is read
        return frozenset()
    own = {parameter.name for parameter in entry.parameters}
    called = (
        normalised(word.text)
        for word, follower in pairwise(words)
        if word.kind == "name" and follower.text != "=" and (word.text not in own or follower.text == "(")
    )
    return frozenset(owners[key] for key in called if key in owners)


def _in_order(
    entries: Sequence[Entry], uses: Mapping[int, frozenset[int]], wrong: dict[int, str]
) -> list[int]:
    """The entries, each after those that it uses; those that use one another in a circle are wrong."""
    graph = dict(uses)
    while True:
        try:
            return list(TopologicalSorter(graph).static_order())
        except CycleError as error:
            circle = error.args[1][:-1]
            for at, place in enumerate(circle):
                # each uses the one before it; said from the entry itself on
                names = [entries[one].name for one in (*circle[at::-1], *circle[:at:-1], place)]
                wrong.setdefault(place, _at(entries[place], f"uses itself: {' -> '.join(names)}"))
                graph[place] = frozenset()


def _wrong_use(
    entry: Entry, entries: Sequence[Entry], uses: frozenset[int], wrong: Mapping[int, str]
) -> str | None:
    for one in sorted(uses):
        if one in wrong:
            other = entries[one]
            return _at(entry, f"uses {other.name}, which is wrong in {other.file}")
    return None


def _definition(entry: Entry) -> tuple[Definition | None, str | None]:
    """The definition, or what is wrong with the formula and its parameters."""
    try:
        made = definition_of(entry.name, entry.formula, entry.parameters, entry.file)
    except UsageError as error:
        return None, _at(entry, str(error))
    if made.parts > MOST_OPERATIONS:
        return None, _at(entry, f"with the functions that it uses it has more than {MOST_OPERATIONS} parts")
    known: dict[str, str] = {}
    for parameter in made.parameters:
        other = known.setdefault(normalised(parameter.name), parameter.name)
        if other != parameter.name:
            return None, _at(entry, f"the parameters {other} and {parameter.name} differ by case or _ alone")
    values = {parameter.name: parameter.default for parameter in made.parameters}
    sets_any = any(
        isinstance(node, Catalogued) and node.parameters for node in walk(expression_of(made).tree)
    )
    unmet = made.relation(**values) if sets_any and not any(map(math.isnan, values.values())) else None
    if unmet:
        return None, _at(entry, f"its parameters' defaults must meet {unmet}")
    return replace(made, aliases=entry.aliases, about=entry.about), None
