"""Change since earlier statistics, as lines for a person and as a record for programs."""

from collections.abc import Sequence
from typing import Any

from actcli.analysis.deadness.since import LayerChange, ModelChange
from actcli.render.text.notation import thousands
from actcli.terminal import printable

NEWLY, REVIVED, STILL = "newly dead", "revived", "still dead"
"""The changes of a unit."""
_FEW = 12
"""Units that a line names."""


def change_lines(change: ModelChange) -> list[str]:
    """Return one line per layer in which a unit is or was dead: `conv1: 2 newly dead (5, 6), 1 revived (3)`."""
    return [
        f"{printable(layer.name)}: {change_line(layer)}" for layer in change.layers if changes_by_unit(layer)
    ]


def change_line(layer: LayerChange) -> str:
    """Return one layer's counts with the units' numbers: `2 newly dead (5, 6), 1 revived (3)`."""
    groups = ((NEWLY, layer.newly_dead), (REVIVED, layer.revived), (STILL, layer.still_dead))
    return ", ".join(f"{thousands(len(units))} {what}{_list_units(units)}" for what, units in groups if units)


def change_summary(change: ModelChange) -> str:
    """Return the counts of all layers as a sentence."""
    newly, revived, still = change.newly_dead, change.revived, change.still_dead
    if not (newly or revived or still):
        return "Since the earlier statistics nothing changed: no unit is dead, and none was."
    died = f"{thousands(newly)} {'unit' if newly == 1 else 'units'}" if newly else "no unit"
    is_dead = "is" if still == 1 else "are"
    return (
        f"Since the earlier statistics {died} died, {thousands(revived) if revived else 'none'} revived, and "
        f"{thousands(still) if still else 'none'} {is_dead if still else 'is'} still dead."
    )


def changes_by_unit(layer: LayerChange) -> dict[int, str]:
    """Return the change of each unit that is or was dead, by its number."""
    groups = ((layer.newly_dead, NEWLY), (layer.revived, REVIVED), (layer.still_dead, STILL))
    return {unit: what for units, what in groups for unit in units}


def change_record(change: ModelChange) -> list[dict[str, Any]]:
    """Return every layer with its units' numbers, from 0: `{"layer", "newly_dead", "revived", "still_dead"}`."""
    return [
        {
            "layer": layer.name,
            "newly_dead": list(layer.newly_dead),
            "revived": list(layer.revived),
            "still_dead": list(layer.still_dead),
        }
        for layer in change.layers
    ]


def _list_units(units: Sequence[int]) -> str:
    more = f" and {len(units) - _FEW} more" if len(units) > _FEW else ""
    return f" ({', '.join(map(str, units[:_FEW]))}{more})"
