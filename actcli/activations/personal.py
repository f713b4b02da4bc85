"""A person's own functions: turns the entries of a file into definitions, and says what is wrong with the others."""

import math
import re
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from actcli.activations.catalogue import find_catalogued
from actcli.activations.define import define
from actcli.activations.definition import Definition, Parameter
from actcli.activations.formula import FormulaError, read_expression
from actcli.activations.formula.functions import reserved_names
from actcli.activations.formula.limits import MOST_OPERATIONS
from actcli.activations.formula.tokens import tokenize
from actcli.activations.formula.tree import Catalogued, walk
from actcli.activations.names import DIALECTS, GREEK, normalise
from actcli.activations.registry import Notices
from actcli.exits import UsageError

MOST_LEVELS = 20
"""The longest chain of functions that use one another."""
LONGEST_NAME = 40
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)
_LETTERS = {name: letter for letter, name in GREEK.items()}


@dataclass(frozen=True, slots=True)
class Entry:
    """One function as a file defines it.

    Attributes:
        name, aliases: as they are written.
        file: the file's name.
        formula: a formula in x.
        parameters: the parameters that the entry lists; a default of NaN means that there is none.
        about: a description in the person's words.
        fault: what is wrong with the entry as it is written, after the file and the name; None if it can be read.

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
        return tuple(dict.fromkeys(normalise(name) for name in (self.name, *self.aliases)))


def refuse_name(name: str) -> str | None:
    """Return why a function cannot have that name; None where it can."""
    key = normalise(name)
    if not _NAME.fullmatch(name):
        other = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")
        offer = f"; write {other}" if _NAME.fullmatch(other) and name.isascii() else ""
        return f"a name is made of the letters a to z, digits and _, and begins with a letter{offer}"
    if len(name) > LONGEST_NAME:
        return f"a name has {LONGEST_NAME} characters at most"
    catalogued = find_catalogued(name)
    if catalogued:
        owner = catalogued.name
        return f"{name} is in the catalogue already" if owner == name else f"{owner} has that name already"
    if key in reserved_names():
        return "it has a meaning in formulas already"
    if key in _LETTERS:
        return f"in formulas it is the parameter {_LETTERS[key]} already"
    if key in DIALECTS:
        return f"{key}. stands before the names of a framework"
    if key in {"nan", "inf", "infinity"}:
        return "it is a number"
    return None


def define_entries(entries: Sequence[Entry], definitions: MutableMapping[str, Definition]) -> Notices:
    """Put the functions of the entries into `definitions`, by normalised names, and return what is wrong with others.

    An entry may use others, in any order. Where two files define a name, the later one wins. The formulas are read
    while `definitions` is filled: it must be where `find_definition` looks for names beside the catalogue.
    """
    wrong: dict[int, str] = {}
    owners: dict[str, int] = {}
    overridden: dict[str, str] = {}
    for place, entry in enumerate(entries):
        fault = entry.fault or _refuse_names(entry) or _refuse_duplicate(entry, entries, owners)
        if fault:
            wrong[place] = fault
        for key in entry.names:
            other = owners.get(key)
            if other is not None and entries[other].file == entry.file:
                continue
            if other is not None:
                earlier = entries[other]
                overridden[key] = f"{earlier.name} is taken from {entry.file}, not from {earlier.file}"
            owners[key] = place
    uses = {place: _find_uses(entry, owners) for place, entry in enumerate(entries)}
    levels: dict[int, int] = {}
    for place in _sort_by_use(entries, uses, wrong):
        entry = entries[place]
        levels[place] = 1 + max((levels.get(one, 0) for one in uses[place]), default=0)
        fault = wrong.get(place) or _refuse_wrong_use(entry, entries, uses[place], wrong)
        if not fault and levels[place] > MOST_LEVELS:
            fault = _at(entry, f"more than {MOST_LEVELS} functions use one another in a chain")
        definition = None
        if not fault:
            definition, fault = _define_entry(entry)
        if definition:
            definitions.update({key: definition for key in entry.names if owners[key] == place})
        elif fault:
            wrong[place] = fault
    in_file_order = {
        key: definition for entry in entries for key in entry.names if (definition := definitions.get(key))
    }
    definitions.clear()
    definitions.update(in_file_order)
    faulty = {
        key: wrong[place] for key, place in owners.items() if place in wrong and key not in reserved_names()
    }
    return Notices(tuple(wrong[place] for place in sorted(wrong)), faulty, overridden)


def _at(entry: Entry, sentence: str) -> str:
    return f"{entry.file}: {entry.name}: {sentence}"


def _refuse_names(entry: Entry) -> str | None:
    for name in (entry.name, *entry.aliases):
        refusal = refuse_name(name)
        if refusal:
            what = "cannot be defined" if name == entry.name else f"cannot have the alias {name}"
            return _at(entry, f"{what}: {refusal}")
    return None


def _refuse_duplicate(entry: Entry, entries: Sequence[Entry], owners: Mapping[str, int]) -> str | None:
    for key in entry.names:
        other = entries[owners[key]] if key in owners else entry
        if other is not entry and other.file == entry.file:
            return _at(entry, f"{other.name} has the same name")
    return None


def _find_uses(entry: Entry, owners: Mapping[str, int]) -> frozenset[int]:
    """Return the entries whose names are in the formula and are not parameters of its own."""
    try:
        words = tokenize(entry.formula)
    except FormulaError:  # reported when the formula is read
        return frozenset()
    own = {parameter.name for parameter in entry.parameters}
    called = (
        normalise(word.text)
        for word, follower in pairwise(words)
        if word.kind == "name" and follower.text != "=" and (word.text not in own or follower.text == "(")
    )
    return frozenset(owners[key] for key in called if key in owners)


def _sort_by_use(
    entries: Sequence[Entry], uses: Mapping[int, frozenset[int]], wrong: dict[int, str]
) -> list[int]:
    """Return the entries, each after those that it uses; mark those that use one another in a circle as wrong."""
    graph = dict(uses)
    while True:
        try:
            return list(TopologicalSorter(graph).static_order())
        except CycleError as error:
            circle = error.args[1][:-1]
            for at, place in enumerate(circle):
                # each uses the one before it; the sentence begins with the entry itself
                names = [entries[one].name for one in (*circle[at::-1], *circle[:at:-1], place)]
                wrong.setdefault(place, _at(entries[place], f"uses itself: {' -> '.join(names)}"))
                graph[place] = frozenset()


def _refuse_wrong_use(
    entry: Entry, entries: Sequence[Entry], uses: frozenset[int], wrong: Mapping[int, str]
) -> str | None:
    for one in sorted(uses):
        if one in wrong:
            other = entries[one]
            return _at(entry, f"uses {other.name}, which is wrong in {other.file}")
    return None


def _define_entry(entry: Entry) -> tuple[Definition | None, str | None]:
    """Return the definition, or what is wrong with the formula and its parameters."""
    try:
        made = define(entry.name, entry.formula, entry.parameters, entry.file.rpartition("/")[2])
    except UsageError as error:
        return None, _at(entry, str(error))
    if made.parts > MOST_OPERATIONS:
        return None, _at(entry, f"with the functions that it uses it has more than {MOST_OPERATIONS:,} parts")
    names: dict[str, str] = {}
    for parameter in made.parameters:
        other = names.setdefault(normalise(parameter.name), parameter.name)
        if other != parameter.name:
            return None, _at(entry, f"the parameters {other} and {parameter.name} differ by case or _ alone")
    values = {parameter.name: parameter.default for parameter in made.parameters}
    sets_any = any(
        isinstance(node, Catalogued) and node.parameters for node in walk(read_expression(made).tree)
    )
    unmet = made.relation(**values) if sets_any and not any(map(math.isnan, values.values())) else None
    if unmet:
        return None, _at(entry, f"its parameters' defaults must meet {unmet}")
    return replace(made, aliases=entry.aliases, about=entry.about), None
