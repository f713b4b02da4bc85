"""What has changed since older statistics: which units died, which woke, which are dead still."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actcli.analysis.deadness.unit_state import LayerState
from actcli.analysis.deadness.verdict import Settings, classify
from actcli.exits import DataError


@dataclass(frozen=True, slots=True)
class LayerChange:
    """One layer then and now; units by number, from 0 on, in order.

    Attributes:
        name: the layer's.
        units: how many it has.
        newly_dead: dead now and not then.
        revived: dead then, and now neither dead nor giving NaN or inf.
        still_dead: dead then and now.

    """

    name: str
    units: int
    newly_dead: tuple[int, ...]
    revived: tuple[int, ...]
    still_dead: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ModelChange:
    """All layers, in the order of the new statistics."""

    layers: tuple[LayerChange, ...]

    @property
    def newly_dead(self) -> int:
        """Units dead now and not then, of all layers."""
        return sum(len(layer.newly_dead) for layer in self.layers)

    @property
    def revived(self) -> int:
        """Units dead then and not now, of all layers."""
        return sum(len(layer.revived) for layer in self.layers)

    @property
    def still_dead(self) -> int:
        """Units dead then and now, of all layers."""
        return sum(len(layer.still_dead) for layer in self.layers)


def find_change(old: Sequence[LayerState], new: Sequence[LayerState], settings: Settings) -> ModelChange:
    """Compare two sets of statistics of the same layers, both classified by the same settings.

    A unit that gives NaN or inf now has not revived. Raises DataError, saying what differs, when the layers are
    not the same: other names, another number of units, or another rule of firing; and where one has no samples.
    """
    before = {state.name: state for state in old}
    after = {state.name: state for state in new}
    _require_same_names(before.keys() - after.keys(), after.keys() - before.keys())
    return ModelChange(tuple(_changed(before[state.name], state, settings) for state in new))


def _changed(old: LayerState, new: LayerState, settings: Settings) -> LayerChange:
    _require_same_layer(old, new)
    then, verdict = classify(old, settings).dead_units, classify(new, settings)
    now, alive = verdict.dead_units, ~verdict.dead_units & ~verdict.nonfinite_units
    newly, revived, still = (
        tuple(int(unit) for unit in np.flatnonzero(which))
        for which in (now & ~then, then & alive, then & now)
    )
    return LayerChange(new.name, new.units, newly, revived, still)


def _require_same_names(gone: set[str], came: set[str]) -> None:
    said = [
        f"{_some(names)} {'is' if len(names) == 1 else 'are'} only in the {whose}"
        for names, whose in ((gone, "older statistics"), (came, "new ones"))
        if names
    ]
    if said:
        raise DataError(f"the layers are not the same: {', and '.join(said)}")


def _some(names: set[str]) -> str:
    shown = sorted(names)
    more = f" and {len(shown) - 5} more" if len(shown) > 5 else ""
    return ", ".join(f"'{name}'" for name in shown[:5]) + more


def _require_same_layer(old: LayerState, new: LayerState) -> None:
    for state, whose in ((old, "older statistics"), (new, "new ones")):
        if not state.samples:
            raise DataError(f"layer '{state.name}' has no sample in the {whose}: nothing can be compared")
    if old.units != new.units:
        raise DataError(
            f"layer '{new.name}' has {new.units} units, and had {old.units} in the older statistics"
        )
    if old.rule != new.rule:
        then, now = (f"{state.rule.recorded} of {state.rule.function}" for state in (old, new))
        differs = (
            f"is {now}, and was {then}" if then != now else f"({now}) has another definition of firing than"
        )
        raise DataError(f"layer '{new.name}' {differs} in the older statistics")
