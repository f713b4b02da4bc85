"""Entries of a functions file: the tables that TOML holds, with every key, parameter and bound checked."""

import math
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from actcli.activations import Parameter
from actcli.activations.formula.functions import CONSTANTS, WORDS
from actcli.activations.names import GREEK
from actcli.activations.personal import Entry
from actcli.exits import DataError

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


class _Fault(Exception):  # noqa: N818 - it never leaves this file
    """A sentence about a wrong entry. It names the key, and so needs no line."""


def entries_of(tables: Mapping[str, Any], file: str) -> list[Entry]:
    """Return the entries of a functions file in its order, from its parsed content.

    An entry is `[NAME]` with `formula`, and perhaps `about`, `aliases` and `[NAME.parameters]`; or
    `NAME = "formula"`. A wrong entry carries its fault, `FILE: NAME: sentence`. Raises DataError for more than
    1,000 entries.
    """
    if len(tables) > MOST_ENTRIES:
        raise DataError(f"{file}: defines {len(tables):,} functions; {MOST_ENTRIES:,} at most")
    return [_entry(name, value, file) for name, value in tables.items()]


def _entry(name: str, value: Any, file: str) -> Entry:
    try:
        keys = {"formula": value} if isinstance(value, str) else _table(value, name)
        return Entry(
            name=name,
            file=file,
            formula=_formula(keys),
            parameters=tuple(_parameters(keys.get("parameters", {}))),
            aliases=_aliases(keys.get("aliases", [])),
            about=_about(keys.get("about", "")),
        )
    except _Fault as fault:
        return Entry(name, file, fault=f"{file}: {name}: {fault}")


def _table(value: Any, name: str) -> dict[str, Any]:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        raise _Fault(f"stands in double brackets; write [{name}], once")
    if not isinstance(value, dict):
        raise _Fault(f"is {_kind(value)}; write a table [{name}] with a formula, or the formula in quotes")
    if value and all(isinstance(inner, dict) and key not in _KEYS for key, inner in value.items()):
        inner = next(iter(value))
        raise _Fault(f"a name has no dot; write [{name}_{inner}] for [{name}.{inner}]")
    _require_known(value, _KEYS, "an entry")
    return value


def _require_known(keys: Mapping[str, Any], known: Sequence[str], owner: str) -> None:
    for key in keys:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            right = f"did you mean {near[0]}?" if near else f"{owner} has {', '.join(known)}"
            raise _Fault(f"there is no key {key!r}; {right}")


def _formula(keys: Mapping[str, Any]) -> str:
    formula = keys.get("formula")
    if formula is None:
        raise _Fault('has no formula; write formula = "x*sigmoid(x)"')
    if not isinstance(formula, str):
        raise _Fault(f"formula is {_kind(formula)}; write it in quotes")
    return " ".join(formula.split())


def _about(about: Any) -> str:
    if not isinstance(about, str):
        raise _Fault(f"about is {_kind(about)}; write it in quotes")
    text = "".join(c for c in " ".join(about.split()) if c.isprintable())
    if len(text) > LONGEST_ABOUT:
        raise _Fault(f"about has {len(text):,} characters; {LONGEST_ABOUT} at most")
    return text


def _aliases(aliases: Any) -> tuple[str, ...]:
    if not isinstance(aliases, list) or not all(isinstance(alias, str) for alias in aliases):
        raise _Fault('aliases is not a list of names; write aliases = ["gate2"]')
    return tuple(aliases)


def _parameters(table: Any) -> list[Parameter]:
    if not isinstance(table, dict):
        raise _Fault(f"parameters is {_kind(table)}; write a table with one line per parameter, b = 1.5")
    parameters: dict[str, Parameter] = {}
    for key, value in table.items():
        parameter = _parameter(key, value)
        if parameter.name in parameters:
            raise _Fault(f"the parameter {parameter.name} is listed twice")
        parameters[parameter.name] = parameter
    return list(parameters.values())


def _parameter(key: str, value: Any) -> Parameter:
    name = GREEK.get(key, key)
    if not _PARAMETER.fullmatch(name):
        right = "one begins with a letter and has letters and digits, with _ between them"
        raise _Fault(f"{key!r} is no name for a parameter; {right}")
    if name in {"x", "X", *CONSTANTS, *WORDS}:
        raise _Fault(f"{name} is no name for a parameter: formulas use it already")
    if not isinstance(value, dict):
        return Parameter(name, _number(value, f"the default of {name}"))
    _require_known(value, _BOUNDS, f"the parameter {name}")
    for open_bound, closed_bound in (("above", "at_least"), ("below", "at_most")):
        if open_bound in value and closed_bound in value:
            raise _Fault(f"{name} has both {open_bound} and {closed_bound}; leave one out")
    numbers = {bound: _number(value[bound], f"{bound} of {name}") for bound in _BOUNDS[:5] if bound in value}
    for flag in _BOUNDS[5:]:
        if not isinstance(value.get(flag, False), bool):
            raise _Fault(f"{flag} of {name} is {_kind(value[flag])}; write true")
    parameter = Parameter(
        name,
        numbers.get("default", math.nan),
        low=numbers.get("above", numbers.get("at_least", -math.inf)),
        high=numbers.get("below", numbers.get("at_most", math.inf)),
        open_low="above" in value,
        open_high="below" in value,
        nonzero=value.get("nonzero", False),
        whole=value.get("whole", False),
    )
    is_open = parameter.open_low or parameter.open_high
    if parameter.low > parameter.high or (parameter.low == parameter.high and is_open):
        raise _Fault(f"no number is within the bounds of {name}")
    refusal = None if math.isnan(parameter.default) else parameter.refusal(parameter.default)
    if refusal:
        raise _Fault(f"the default of {name} must be {refusal}, not {parameter.default:g}")
    return parameter


def _number(value: Any, owner: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Fault(f"{owner} is {_kind(value)}; write a finite number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _Fault(f"{owner} must be a finite number")
    return number


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "a date")
