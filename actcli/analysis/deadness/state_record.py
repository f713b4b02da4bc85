"""Statistics of layers as three arrays (a description, all counts, all numbers) and back, every value checked."""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal, TypeGuard

import numpy as np
from numpy.typing import NDArray

from actcli.activations import activation
from actcli.analysis.deadness import quick
from actcli.analysis.deadness.consistency import require_consistent
from actcli.analysis.deadness.firing_rule import Rule, firing_rule, require_affordable
from actcli.analysis.deadness.unit_state import COUNTS, MOST, NUMBERS, Counted, LayerState
from actcli.dataclass import dataclass
from actcli.exits import DataError, UsageError

VERSION, PARTLY_COUNTED = 1, 2
"""Versions of the format: they change with the layout, the meaning of a field, and the definition of firing.

The second one is written where elements were counted on some samples only; what reads the first alone refuses it.
"""

MEMBERS = ("actcli_statistics.npy", "counts.npy", "numbers.npy")
"""Names of the three arrays in a file; the first distinguishes it from other archives."""

MOST_IDENTITY = 1000
"""Characters of what statistics are a part of."""

_KIND = "actcli unit statistics"


Packed = tuple[bytes, NDArray[np.int64], NDArray[np.float64]]
"""A description, counts and numbers: the three arrays of a file."""


@dataclass(frozen=True, slots=True)
class LayerDescription:
    """One layer of a description: a LayerState without its arrays, which are `units` long."""

    name: str
    rule: Rule
    units: int
    samples: int
    elements: int
    start: int | None
    counted: Counted | None = None


def pack(states: Sequence[LayerState], part_of: str = "") -> Packed:
    """Return the description as JSON, counts (8, all units) and numbers (8, all units), one row per field.

    Layers follow one another along the columns, so that a name may hold any character. part_of: the identity of the
    network whose samples these are; blank if it is unknown.
    """
    content: dict[str, Any] = {"layers": describe_layers(states)}
    if part_of:
        content["part_of"] = part_of
    version = VERSION if all(state.counted is None for state in states) else PARTLY_COUNTED
    return write_description(_KIND, version, content), *pack_arrays(states)


def write_description(kind: str, version: int, content: dict[str, Any]) -> bytes:
    """Return the JSON of a description in ASCII: its kind and version, the names of the rows, and its content."""
    fields = {"kind": kind, "version": version, "counts": COUNTS, "numbers": NUMBERS}
    return json.dumps({**fields, **content}).encode("ascii")


def describe_layers(states: Sequence[LayerState]) -> list[dict[str, Any]]:
    """Return the layers without their arrays, as `read_layers` reads them."""
    return [
        {
            "name": state.name,
            "function": state.rule.function,
            "recorded": state.rule.recorded,
            "units": state.units,
            "samples": state.samples,
            "elements": state.elements,
            "start": state.start,
            **_describe_counted(state.counted),
        }
        for state in states
    ]


def _describe_counted(counted: Counted | None) -> dict[str, Any]:
    if counted is None:
        return {}
    rule = {"first": quick.FIRST, "of_every": quick.EVERY}
    return {"counted": {"samples": counted.samples, "elements": counted.elements, **rule}}


def pack_arrays(states: Sequence[LayerState]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return counts (8, all units) and numbers (8, all units) of layers that follow one another."""
    counts = [np.concatenate([getattr(state, field) for state in states]) for field in COUNTS]
    numbers = [np.concatenate([getattr(state, field) for state in states]) for field in NUMBERS]
    return np.array(counts, np.int64), np.array(numbers, np.float64)


def read_description(description: bytes, origin: str) -> tuple[tuple[LayerDescription, ...], str]:
    """Return the layers of a description, and what they are a part of; blank if that is unknown.

    Raises DataError for another version and for damage.
    """
    content = parse_description(description, origin, _KIND, PARTLY_COUNTED)
    part_of = content.get("part_of", "")
    if not isinstance(part_of, str) or len(part_of) > MOST_IDENTITY:
        raise DataError(
            f"{origin}: the description of its statistics is damaged: its part_of is no short text"
        )
    return read_layers([content.get("layers")], origin)[0], part_of


def parse_description(description: bytes, origin: str, kind: str, version: int) -> dict[str, Any]:
    """Return the JSON of a description. Raises DataError for damage, another kind or rows, and a newer version."""
    try:
        content = json.loads(description)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{origin}: the description of its statistics is damaged") from error
    if not isinstance(content, dict) or content.get("kind") != kind:
        raise DataError(f"{origin}: not a statistics file of actcli")
    written = content.get("version")
    if not is_count(written) or written < 1:
        raise DataError(f"{origin}: the description of its statistics is damaged: it has no version")
    if written > version:
        raise DataError(
            f"{origin}: statistics of version {written}, written by a newer actcli; "
            f"this one reads version {version}"
        )
    if content.get("counts") != list(COUNTS) or content.get("numbers") != list(NUMBERS):
        raise DataError(f"{origin}: the description of its statistics is damaged: it has other fields")
    return content


def read_layers(entries: Sequence[Any], origin: str) -> list[tuple[LayerDescription, ...]]:
    """Return the layers of one or several sets, each described by `describe_layers`.

    Raises DataError for damage, a set without layers or with one twice, and functions that are too long to derive.
    """
    for layers in entries:
        if not isinstance(layers, list) or not layers:
            raise DataError(f"{origin}: holds statistics of no layer")
    try:
        require_affordable(filter(None, (_function(layer) for layers in entries for layer in layers)))
    except UsageError as error:
        raise DataError(f"{origin}: {error}") from error
    read = [tuple(_read_layer(layer, origin) for layer in layers) for layers in entries]
    for layers in read:
        if len({layer.name for layer in layers}) < len(layers):
            raise DataError(f"{origin}: the description of its statistics is damaged: it has a layer twice")
    return read


def unpack(
    layers: Sequence[LayerDescription], counts: NDArray[np.int64], numbers: NDArray[np.float64], origin: str
) -> tuple[LayerState, ...]:
    """Return the statistics, whose columns are the layers' units in order. Raises DataError for impossible values."""
    states = []
    at = 0
    for layer in layers:
        columns = slice(at, at + layer.units)
        at += layer.units
        arrays: dict[str, Any] = {field: counts[row, columns] for row, field in enumerate(COUNTS)}
        arrays |= {field: numbers[row, columns] for row, field in enumerate(NUMBERS)}
        state = LayerState(
            name=layer.name,
            rule=layer.rule,
            start=layer.start,
            samples=layer.samples,
            elements=layer.elements,
            **arrays,
            counted=layer.counted,
        )
        states.append(state)
    try:
        require_consistent(states)
    except DataError as error:
        raise DataError(f"{origin}: {error}") from error
    return tuple(states)


def _function(entry: Any) -> str | None:
    """Return a layer's function, at most 1,000 characters; None where the entry has none."""
    function = entry.get("function") if isinstance(entry, dict) else None
    return function if isinstance(function, str) and len(function) <= 1000 else None


def _read_layer(entry: Any, origin: str) -> LayerDescription:
    damaged = DataError(f"{origin}: the description of its statistics is damaged: a layer is incomplete")
    if not isinstance(entry, dict):
        raise damaged
    name, function, recorded = entry.get("name"), _function(entry), entry.get("recorded")
    if not isinstance(name, str) or function is None:
        raise damaged
    if recorded not in {"pre", "post"}:
        raise damaged
    start = entry.get("start")
    units, samples, elements = (entry.get(key) for key in ("units", "samples", "elements"))
    if not (is_count(units) and is_count(samples) and is_count(elements)):
        raise damaged
    if not (start is None or is_count(start)):
        raise damaged
    try:
        rule = _rule(function, "pre" if recorded == "pre" else "post")
    except UsageError as error:
        raise DataError(f"{origin}: layer '{name}': {error}") from error
    counted = None
    if "counted" in entry:
        part = entry["counted"] if isinstance(entry["counted"], dict) else {}
        few, of_them = part.get("samples"), part.get("elements")
        if not (is_count(few) and is_count(of_them) and few <= samples and few <= of_them <= elements):
            raise damaged
        counted = Counted(few, of_them)
    return LayerDescription(name, rule, units, samples, elements, start, counted)


# a thousand parts of one run share a few rules, and a rule of a formula takes up to a second to find
@lru_cache(maxsize=1024)
def _rule(function: str, recorded: Literal["pre", "post"]) -> Rule:
    return firing_rule(activation(function), recorded)


def is_count(value: Any) -> TypeGuard[int]:
    """Return whether a value of a description is a whole number from 0 to below 2**62."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST
