"""Change since earlier statistics, as lines for a person and as a record for programs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from actcli.render.text.notation import number, thousands
from actcli.terminal import printable

if TYPE_CHECKING:
    from actcli.analysis.deadness.since import LayerChange, ModelChange

NEWLY, UNCLEAR, REVIVED, STILL = "newly dead", "unclear", "revived", "still dead"
"""The changes of a unit. Unclear: dead only now or only before, which may be chance."""
_FEW = 12
"""Units that a line names."""


def change_lines(change: "ModelChange") -> list[str]:
    """Return one line per layer in which a unit is or was dead: `conv1: 2 newly dead (5, 6), 1 revived (3)`."""
    return [
        f"{printable(layer.name)}: {change_line(layer)}" for layer in change.layers if changes_by_unit(layer)
    ]


def change_line(layer: "LayerChange") -> str:
    """Return one layer's counts with the units' numbers: `2 newly dead (5, 6; p-value 4e-05), 1 revived (3)`.

    The p-value is the largest of those that chance does not explain, and the smallest of the unclear ones.
    """
    p_values = p_values_by_unit(layer)
    groups = (
        (NEWLY, layer.newly_dead, ("up to ", max)),
        (f"{UNCLEAR} if dead", layer.unclear, ("from ", min)),
        (REVIVED, layer.revived, ("up to ", max)),
        (f"{UNCLEAR} if revived", layer.unclear_revived, ("from ", min)),
        (STILL, layer.still_dead, None),
    )
    parts = []
    for what, units, extreme in groups:
        behind = ""
        if units and extreme is not None:
            word, choose = extreme
            p_value = number(choose(p_values[unit] for unit in units), 2)
            behind = f"; p-value {word * (len(units) > 1)}{p_value}"
        if units:
            parts.append(f"{thousands(len(units))} {what}{_list_units(units, behind)}")
    return ", ".join(parts)


def change_summary(change: "ModelChange") -> str:
    """Return the counts of all layers as a sentence."""
    newly, revived, still = change.newly_dead, change.revived, change.still_dead
    silent, awake = change.unclear, change.unclear_revived
    if not (newly or revived or still or silent or awake):
        return "Since the earlier statistics nothing changed: no unit is dead, and none was."
    died = f"{thousands(newly)} {'unit' if newly == 1 else 'units'}" if newly else "no unit"
    chance = ""
    if silent:
        what = f"{'is' if silent == 1 else 'are'} silent now"
        died_too = "that it died" if silent == 1 else "so"
        chance += f"; {thousands(silent)} more {what}, but fired too rarely before to say {died_too}"
    if awake:
        fires, was = ("fires", "it was") if awake == 1 else ("fire", "they were")
        chance += f"; {thousands(awake)} more {fires} now, but too rarely to say that {was} dead before"
    return (
        f"Since the earlier statistics {died} died, {thousands(revived) if revived else 'none'} revived, and "
        f"{thousands(still) if still else 'none'} {'are' if still > 1 else 'is'} still dead{chance}."
    )


def changes_by_unit(layer: "LayerChange") -> dict[int, str]:
    """Return the change of each unit that is or was dead, by its number."""
    groups = (
        (layer.newly_dead, NEWLY),
        (layer.unclear, UNCLEAR),
        (layer.revived, REVIVED),
        (layer.unclear_revived, UNCLEAR),
        (layer.still_dead, STILL),
    )
    return {unit: what for units, what in groups for unit in units}


def p_values_by_unit(layer: "LayerChange") -> dict[int, float]:
    """Return the p-value, adjusted for all units, of each unit that is dead now or was before, not both."""
    return {test.unit: test.holm for test in layer.tests}


def change_record(change: "ModelChange") -> list[dict[str, Any]]:
    """Return every layer with its units' numbers, from 0, and the tests of those that are dead only now or only before.

    `{"layer", "newly_dead", "revived", "still_dead", "unclear", "unclear_revived", "tests"}`; a test is
    `{"unit", "fired_before", "fired_now", "p_value", "holm"}`.
    """
    return [
        {
            "layer": layer.name,
            "newly_dead": list(layer.newly_dead),
            "revived": list(layer.revived),
            "still_dead": list(layer.still_dead),
            "unclear": list(layer.unclear),
            "unclear_revived": list(layer.unclear_revived),
            "tests": [
                {
                    "unit": test.unit,
                    "fired_before": test.fired_before,
                    "fired_now": test.fired_now,
                    "p_value": test.p_value,
                    "holm": test.holm,
                }
                for test in layer.tests
            ],
        }
        for layer in change.layers
    ]


def _list_units(units: Sequence[int], behind: str) -> str:
    more = f" and {len(units) - _FEW} more" if len(units) > _FEW else ""
    return f" ({', '.join(map(str, units[:_FEW]))}{more}{behind})"
