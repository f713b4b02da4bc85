"""What has changed since older statistics, as lines for a person and as a record for a program."""

from collections.abc import Sequence
from typing import Any

from actcli.analysis.deadness.since import LayerChange, ModelChange
from actcli.terminal import printable

NEWLY, REVIVED, STILL = "newly dead", "revived", "still dead"
"""What may have become of a unit."""
_FEW = 12
"""How many units a line names."""


def change_lines(change: ModelChange) -> list[str]:
    """A line a layer in which something is or was dead, and one for all of them where there are several.

    Counts stand before the units' numbers: `conv1: 2 newly dead (5, 6), 1 revived (3), 0 still dead`.
    """
    changed = [layer for layer in change.layers if named(layer)]
    lines = [f"{printable(layer.name)}: {change_line(layer)}" for layer in changed]
    if not changed:
        return ["no unit is dead, and none was"]
    if len(changed) > 1:
        lines.append(f"all layers: {change_total(change)}")
    return lines


def change_line(layer: LayerChange) -> str:
    """One layer's counts with the units' numbers: `2 newly dead (5, 6), 1 revived (3), 0 still dead`."""
    groups = ((NEWLY, layer.newly_dead), (REVIVED, layer.revived), (STILL, layer.still_dead))
    return ", ".join(f"{len(units)} {what}{_listed(units)}" for what, units in groups)


def change_total(change: ModelChange) -> str:
    """All layers' counts: `2 newly dead, 1 revived, 0 still dead`."""
    return f"{change.newly_dead} {NEWLY}, {change.revived} {REVIVED}, {change.still_dead} {STILL}"


def change_summary(change: ModelChange) -> str:
    """All layers' counts as a sentence."""
    return f"Against the earlier statistics: {change_total(change)}."


def named(layer: LayerChange) -> dict[int, str]:
    """The units that are or were dead, by number, with what has become of them."""
    groups = ((layer.newly_dead, NEWLY), (layer.revived, REVIVED), (layer.still_dead, STILL))
    return {unit: what for units, what in groups for unit in units}


def change_record(change: ModelChange) -> list[dict[str, Any]]:
    """Every layer with the numbers of its units, from 0 on: `{"layer", "newly_dead", "revived", "still_dead"}`."""
    return [
        {
            "layer": layer.name.encode("utf-8", "backslashreplace").decode(),
            "newly_dead": list(layer.newly_dead),
            "revived": list(layer.revived),
            "still_dead": list(layer.still_dead),
        }
        for layer in change.layers
    ]


def _listed(units: Sequence[int]) -> str:
    if not units:
        return ""
    more = f" and {len(units) - _FEW} more" if len(units) > _FEW else ""
    return f" ({', '.join(map(str, units[:_FEW]))}{more})"
