"""The tables of a functions file as entries: their keys, parameters and bounds, each fault with its line."""

import math
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from actcli.activations import Parameter
from actcli.activations.formula.functions import CONSTANTS, GREEK
from actcli.activations.formula.parse import WORDS
from actcli.activations.personal import Entry
from actcli.exits import DataError
from actcli.sources.functions.key_lines import key_lines

MOST_ENTRIES = 1000
LONGEST_ABOUT = 200

_KEYS = ("formula", "about", "aliases", "parameters")
_BOUNDS = ("default", "above", "at_least", "below", "at_most", "nonzero", "whole")
_PARAMETER = re.compile(r"[A-Za-z]([A-Za-z0-9_]*[A-Za-z0-9])?", re.ASCII)
_KINDS = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "a table",
}

Path = tuple[str, ...]


class _Fault(Exception):  # noqa: N818 - it never leaves this file
    """What is wrong with an entry, and the key that it stands at."""

    def __init__(self, sentence: str, *path: str) -> None:
        super().__init__(sentence)
        self.path = path


def entries_of(tables: Mapping[str, Any], text: str, file: str) -> list[Entry]:
    """The entries of a functions file, in its order, from its content parsed and its text.

    `[NAME]` with `formula`, and perhaps `about`, `aliases` and `[NAME.parameters]`; or `NAME = "formula"`. What
    is wrong with one is its fault, with FILE:LINE in front. Raises DataError for more than 1000 entries.
    """
    if len(tables) > MOST_ENTRIES:
        raise DataError(f"{file}: defines {len(tables)} functions; {MOST_ENTRIES} at most")
    lines = key_lines(text)
    return [_entry(name, value, lines, file) for name, value in tables.items()]


def _entry(name: str, value: Any, lines: Mapping[Path, int], file: str) -> Entry:
    line = lines.get((name,), 1)
    try:
        keys = {"formula": value} if isinstance(value, str) else _table(value, name)
        return Entry(
            name=name,
            file=file,
            line=line,
            formula=_formula(keys),
            formula_line=lines.get((name, "formula"), line),
            parameters=tuple(_parameters(keys.get("parameters", {}))),
            aliases=_aliases(keys.get("aliases", [])),
            about=_about(keys.get("about", "")),
        )
    except _Fault as fault:
        path = (name, *fault.path)
        while path not in lines and len(path) > 1:
            path = path[:-1]
        return Entry(name, file, line, fault=f"{file}:{lines.get(path, line)}: {name}: {fault}")


def _table(value: Any, name: str) -> dict[str, Any]:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        raise _Fault(f"stands in double brackets; write [{name}], once")
    if not isinstance(value, dict):
        raise _Fault(f"is {_kind(value)}; write a table [{name}] with a formula, or the formula in quotes")
    if value and all(isinstance(inner, dict) and key not in _KEYS for key, inner in value.items()):
        inner = next(iter(value))
        raise _Fault(f"a name has no dot; write [{name}_{inner}] for [{name}.{inner}]", inner)
    _require_known(value, _KEYS, "an entry", ())
    return value


def _require_known(keys: Mapping[str, Any], known: Sequence[str], what: str, path: Path) -> None:
    for key in keys:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            right = f"did you mean {near[0]}?" if near else f"{what} has {', '.join(known)}"
            raise _Fault(f"there is no key {key!r}; {right}", *path, key)


def _formula(keys: Mapping[str, Any]) -> str:
    formula = keys.get("formula")
    if formula is None:
        raise _Fault('has no formula; write formula = "x*sigmoid(x)"')
    if not isinstance(formula, str):
        raise _Fault(f"its formula is {_kind(formula)}; write it in quotes", "formula")
    return " ".join(formula.split())


def _about(about: Any) -> str:
    if not isinstance(about, str):
        raise _Fault(f"about is {_kind(about)}; write it in quotes", "about")
    said = "".join(c for c in " ".join(about.split()) if c.isprintable())
    if len(said) > LONGEST_ABOUT:
        raise _Fault(f"about has {LONGEST_ABOUT} characters at most", "about")
    return said


def _aliases(aliases: Any) -> tuple[str, ...]:
    if not isinstance(aliases, list) or not all(isinstance(alias, str) for alias in aliases):
        raise _Fault('aliases are a list of names: ["gate2"]', "aliases")
    return tuple(aliases)


def _parameters(table: Any) -> list[Parameter]:
    if not isinstance(table, dict):
        raise _Fault(f"parameters are {_kind(table)}; write them as a table, b = 1.5 a line", "parameters")
    found: dict[str, Parameter] = {}
    for written, said in table.items():
        parameter = _parameter(written, said)
        if parameter.name in found:
            raise _Fault(f"the parameter {parameter.name} is listed twice", "parameters", written)
        found[parameter.name] = parameter
    return list(found.values())


def _parameter(written: str, said: Any) -> Parameter:
    name = GREEK.get(written, written)
    path = ("parameters", written)
    if not _PARAMETER.fullmatch(name):
        right = "one begins with a letter and has letters and digits, with _ between them"
        raise _Fault(f"{written!r} is no name for a parameter; {right}", *path)
    if name in {"x", "X", *CONSTANTS, *WORDS}:
        raise _Fault(f"{name} is no name for a parameter: it means something in formulas already", *path)
    if not isinstance(said, dict):
        return Parameter(name, _number(said, f"the default of {name}", path))
    _require_known(said, _BOUNDS, f"the parameter {name}", path)
    for open_bound, closed_bound in (("above", "at_least"), ("below", "at_most")):
        if open_bound in said and closed_bound in said:
            raise _Fault(f"{name} has both {open_bound} and {closed_bound}; one of them bounds it", *path)
    numbers = {
        key: _number(said[key], f"{key} of {name}", (*path, key)) for key in _BOUNDS[:5] if key in said
    }
    for key in _BOUNDS[5:]:
        if not isinstance(said.get(key, False), bool):
            raise _Fault(f"{key} of {name} is {_kind(said[key])}; write true", *path, key)
    parameter = Parameter(
        name,
        numbers.get("default", math.nan),
        low=numbers.get("above", numbers.get("at_least", -math.inf)),
        high=numbers.get("below", numbers.get("at_most", math.inf)),
        open_low="above" in said,
        open_high="below" in said,
        nonzero=said.get("nonzero", False),
        whole=said.get("whole", False),
    )
    is_open = parameter.open_low or parameter.open_high
    if parameter.low > parameter.high or (parameter.low == parameter.high and is_open):
        raise _Fault(f"no number is within the bounds of {name}", *path)
    refusal = None if math.isnan(parameter.default) else parameter.refusal(parameter.default)
    if refusal:
        raise _Fault(f"the default of {name} must be {refusal}, not {parameter.default:g}", *path)
    return parameter


def _number(said: Any, what: str, path: Path) -> float:
    if isinstance(said, bool) or not isinstance(said, int | float):
        raise _Fault(f"{what} is {_kind(said)}; write a finite number", *path)
    try:
        number = float(said)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _Fault(f"{what} must be a finite number", *path)
    return number


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "a date")
