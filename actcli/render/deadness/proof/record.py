"""A proof for programs: JSON, and a word for each unit."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from actcli.analysis.proof.prove import Proof
    from actcli.analysis.proof.units import LayerProof
    from actcli.analysis.proof.waking import WakeSearch


_MOST_NUMBERS = 1000
"""An input of more numbers is not written out."""
COLUMNS = ("layer", "unit", "proof", "by", "lower", "upper")
"""Columns of the lines of a proof without data, one per unit."""


def proof_record(proof: "Proof") -> dict[str, Any]:
    """Return a proof for JSON. Units count from 0; null is an unknown bound."""
    decided = sum(int(layer.decided.sum()) for layer in proof.layers)
    lines = sum(int(layer.by_lines.sum()) for layer in proof.layers)
    return {
        "box": proof.box,
        "units": proof.units,
        "proved_dead": sum(int(layer.proved_dead.sum()) for layer in proof.layers),
        "proved_constant": sum(int(layer.proved_constant.sum()) for layer in proof.layers),
        "proved_active": sum(int(layer.proved_active.sum()) for layer in proof.layers),
        "decided_by_intervals": decided - lines,
        "decided_by_linear_bounds": lines,
        "open": proof.units - decided,
        "seconds": {"intervals": proof.seconds_of_intervals, "linear_bounds": proof.seconds_of_lines},
        "too_costly": list(proof.skipped),
        "search": None if proof.search is None else _search_record(proof.search),
        "layers": [layer_record(layer) for layer in proof.layers],
    }


def _search_record(search: "WakeSearch") -> dict[str, Any]:
    """Return a search; inputs of many numbers are left to --wakes."""
    return {
        "tried": search.tried,
        "left": search.left,
        "woken": [
            {
                "layer": wake.layer,
                "unit": wake.unit,
                "sample": wake.sample,
                "value": wake.value,
                "changed": wake.changed,
                "largest_change": wake.largest,
                "inputs": {name: array.tolist() for name, array in wake.inputs.items()}
                if wake.numbers <= _MOST_NUMBERS
                else None,
            }
            for wake in search.wakes
        ],
    }


def layer_record(layer: "LayerProof") -> dict[str, Any]:
    """Return what is proved about a layer, for JSON."""
    flags = {
        "proved_dead": layer.proved_dead,
        "proved_constant": layer.proved_constant,
        "proved_active": layer.proved_active,
        "by_linear_bounds": layer.by_lines,
    }
    return {
        "layer": layer.name,
        "function": layer.rule.function,
        "units": layer.units,
        **{name: np.flatnonzero(own).tolist() for name, own in flags.items()},
        "not_proved": layer.reason or None,
        "lower": [_finite(value) for value in layer.lower.tolist()],
        "upper": [_finite(value) for value in layer.upper.tolist()],
    }


def words_by_unit(layer: "LayerProof") -> list[str]:
    """Return `dead`, `constant`, `active` or `open` for each unit."""
    words = np.full(layer.units, "open", "U8")
    words[layer.proved_active], words[layer.proved_constant], words[layer.proved_dead] = (
        "active",
        "constant",
        "dead",
    )
    return list(words.tolist())


def unit_lines(proof: "Proof") -> Iterator[tuple[str | float | int | None, ...]]:
    """Yield the fields of each unit of a proof, in the order of COLUMNS."""
    for layer in proof.layers:
        for unit, word in enumerate(words_by_unit(layer)):
            by = "" if word == "open" else "linear bounds" if layer.by_lines[unit] else "intervals"
            lower, upper = (_finite(float(ends[unit])) for ends in (layer.lower, layer.upper))
            yield layer.name, unit, word, by, lower, upper


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
