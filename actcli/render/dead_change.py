"""What has changed since older statistics, as lines for a person and as a record for a program."""

from collections.abc import Sequence
from typing import Any

from actcli.analysis.change import Change
from actcli.render.cells import printable

_FEW = 12
"""How many units a line names."""


def change_lines(change: Change) -> list[str]:
    """A line a layer in which something is or was dead, and one for all of them where there are several.

    Counts stand before the units' numbers: `conv1: 2 newly dead (5, 6), 1 revived (3), 0 still dead`.
    """
    changed = [layer for layer in change.layers if layer.newly_dead or layer.revived or layer.still_dead]
    lines = [
        f"{printable(layer.name)}: "
        + ", ".join(
            f"{len(units)} {what}{_listed(units)}"
            for what, units in (
                ("newly dead", layer.newly_dead),
                ("revived", layer.revived),
                ("still dead", layer.still_dead),
            )
        )
        for layer in changed
    ]
    if not changed:
        return ["no unit is dead, and none was"]
    if len(changed) > 1:
        total = f"{change.newly_dead} newly dead, {change.revived} revived, {change.still_dead} still dead"
        lines.append(f"all layers: {total}")
    return lines


def change_record(change: Change) -> list[dict[str, Any]]:
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
