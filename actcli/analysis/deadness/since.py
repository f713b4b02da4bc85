"""Change since earlier statistics: the units that died, revived, or are still dead."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actcli.analysis.deadness.unit_state import LayerState
from actcli.analysis.deadness.verdict import Settings, classify
from actcli.exits import DataError

_MOST_NAMES = 5


@dataclass(frozen=True, slots=True)
class LayerChange:
    """The change in one layer; units by number, from 0, in order.

    Attributes:
        name: the layer's name.
        units: the number of units.
        newly_dead: dead now and not before.
        revived: dead before, and now neither dead nor giving NaN or inf.
        still_dead: dead before and now.

    """

    name: str
    units: int
    newly_dead: tuple[int, ...]
    revived: tuple[int, ...]
    still_dead: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ModelChange:
    """The change in all layers, in the order of the new statistics."""

    layers: tuple[LayerChange, ...]

    @property
    def newly_dead(self) -> int:
        """Units of all layers that are dead now and not before."""
        return sum(len(layer.newly_dead) for layer in self.layers)

    @property
    def revived(self) -> int:
        """Units of all layers that were dead before and are not now."""
        return sum(len(layer.revived) for layer in self.layers)

    @property
    def still_dead(self) -> int:
        """Units of all layers that are dead before and now."""
        return sum(len(layer.still_dead) for layer in self.layers)


def find_change(old: Sequence[LayerState], new: Sequence[LayerState], settings: Settings) -> ModelChange:
    """Compare two sets of statistics of the same layers, both classified by the same settings.

    A unit that gives NaN or inf now has not revived. Raises DataError, naming the difference, unless names, unit
    counts and firing rules of the layers agree; and if a layer has no samples.
    """
    before = {state.name: state for state in old}
    after = {state.name: state for state in new}
    _require_same_names(before.keys() - after.keys(), after.keys() - before.keys())
    return ModelChange(tuple(_find_layer_change(before[state.name], state, settings) for state in new))


def _find_layer_change(old: LayerState, new: LayerState, settings: Settings) -> LayerChange:
    _require_same_layer(old, new)
    then, verdict = classify(old, settings).dead_units, classify(new, settings)
    now, alive = verdict.dead_units, ~verdict.dead_units & ~verdict.nonfinite_units
    newly, revived, still = (
        tuple(int(unit) for unit in np.flatnonzero(which))
        for which in (now & ~then, then & alive, then & now)
    )
    return LayerChange(new.name, new.units, newly, revived, still)


def _require_same_names(gone: set[str], added: set[str]) -> None:
    differences = [
        f"{_list_names(names)} {'is' if len(names) == 1 else 'are'} only in the {whose}"
        for names, whose in ((gone, "older statistics"), (added, "new ones"))
        if names
    ]
    if differences:
        raise DataError(f"the layers are not the same: {', and '.join(differences)}")


def _list_names(names: set[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(f"'{name}'" for name in sorted(names)[:_MOST_NAMES]) + more


def _require_same_layer(old: LayerState, new: LayerState) -> None:
    for state, whose in ((old, "older statistics"), (new, "new ones")):
        if not state.samples:
            raise DataError(f"layer '{state.name}' has no samples in the {whose}: nothing can be compared")
    if old.units != new.units:
        raise DataError(f"layer '{new.name}' has {new.units} units, but {old.units} in the older statistics")
    if old.rule != new.rule:
        then, now = (f"{state.rule.recorded} of {state.rule.function}" for state in (old, new))
        differs = f"is {now}, but {then}" if then != now else f"({now}) has another definition of firing than"
        raise DataError(f"layer '{new.name}' {differs} in the older statistics")
