"""Change since earlier statistics, as lines for a person and as a record for programs."""

from collections.abc import Sequence
from typing import Any

from actcli.analysis.deadness.since import LayerChange, ModelChange
from actcli.render.text.notation import number, thousands
from actcli.terminal import printable

NEWLY, UNCLEAR, REVIVED, STILL = "newly dead", "unclear", "revived", "still dead"
"""The changes of a unit. Unclear: dead now and not before, which may be chance."""
_FEW = 12
"""Units that a line names."""


def change_lines(change: ModelChange) -> list[str]:
    """Return one line per layer in which a unit is or was dead: `conv1: 2 newly dead (5, 6), 1 revived (3)`."""
    return [
        f"{printable(layer.name)}: {change_line(layer)}" for layer in change.layers if changes_by_unit(layer)
    ]


def change_line(layer: LayerChange) -> str:
    """Return one layer's counts with the units' numbers: `2 newly dead (5, 6; p-value 4e-05), 1 revived (3)`.

    The p-value is the largest of the newly dead units, and the smallest of the unclear ones.
    """
    p_values = p_values_by_unit(layer)
    most = max((p_values[unit] for unit in layer.newly_dead), default=0.0)
    least = min((p_values[unit] for unit in layer.unclear), default=0.0)
    groups = (
        (NEWLY, layer.newly_dead, f"; p-value {'up to ' * (len(layer.newly_dead) > 1)}{number(most, 2)}"),
        (UNCLEAR, layer.unclear, f"; p-value {'from ' * (len(layer.unclear) > 1)}{number(least, 2)}"),
        (REVIVED, layer.revived, ""),
        (STILL, layer.still_dead, ""),
    )
    return ", ".join(
        f"{thousands(len(units))} {what}{_list_units(units, more)}" for what, units, more in groups if units
    )


def change_summary(change: ModelChange) -> str:
    """Return the counts of all layers as a sentence."""
    newly, revived, still = change.newly_dead, change.revived, change.still_dead
    unclear = change.unclear
    if not (newly or revived or still or unclear):
        return "Since the earlier statistics nothing changed: no unit is dead, and none was."
    died = f"{thousands(newly)} {'unit' if newly == 1 else 'units'}" if newly else "no unit"
    is_dead = "is" if still == 1 else "are"
    chance = ""
    if unclear:
        are = "is" if unclear == 1 else "are"
        fewer = (
            "fired too rarely before to say that it died"
            if unclear == 1
            else "fired too rarely before to say so"
        )
        chance = f"; {thousands(unclear)} more {are} silent now, but {fewer}"
    return (
        f"Since the earlier statistics {died} died, {thousands(revived) if revived else 'none'} revived, and "
        f"{thousands(still) if still else 'none'} {is_dead if still else 'is'} still dead{chance}."
    )


def changes_by_unit(layer: LayerChange) -> dict[int, str]:
    """Return the change of each unit that is or was dead, by its number."""
    groups = (
        (layer.newly_dead, NEWLY),
        (layer.unclear, UNCLEAR),
        (layer.revived, REVIVED),
        (layer.still_dead, STILL),
    )
    return {unit: what for units, what in groups for unit in units}


def p_values_by_unit(layer: LayerChange) -> dict[int, float]:
    """Return the p-value, adjusted for all units, of each unit that is dead now and was not before."""
    return {test.unit: test.holm for test in layer.tests}


def change_record(change: ModelChange) -> list[dict[str, Any]]:
    """Return every layer with its units' numbers, from 0, and the tests of those that are dead only now.

    `{"layer", "newly_dead", "revived", "still_dead", "unclear", "tests"}`; a test is
    `{"unit", "fired_before", "p_value", "holm"}`.
    """
    return [
        {
            "layer": layer.name,
            "newly_dead": list(layer.newly_dead),
            "revived": list(layer.revived),
            "still_dead": list(layer.still_dead),
            "unclear": list(layer.unclear),
            "tests": [
                {"unit": test.unit, "fired_before": test.fired, "p_value": test.p_value, "holm": test.holm}
                for test in layer.tests
            ],
        }
        for layer in change.layers
    ]


def _list_units(units: Sequence[int], behind: str) -> str:
    more = f" and {len(units) - _FEW} more" if len(units) > _FEW else ""
    return f" ({', '.join(map(str, units[:_FEW]))}{more}{behind})"
