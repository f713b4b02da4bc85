"""Change since earlier statistics: the units that died, revived, or are still dead."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.unit_state import LayerState
from actcli.analysis.deadness.verdict import Settings, dead_units
from actcli.dataclass import dataclass
from actcli.exits import DataError

_MOST_NAMES = 5
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SilenceTest:
    """A unit that is dead now or was dead before, not both: whether one that did not change would look so by chance.

    Attributes:
        unit: its number, from 0.
        fired_before, fired_now: the samples on which it fired then, and those on which it fires now; one is 0.
        p_value: the probability of such silence, before or now, without any change.
        holm: the same, adjusted by Holm for the units of all layers.

    """

    unit: int
    fired_before: int
    fired_now: int
    p_value: float
    holm: float


@dataclass(frozen=True, slots=True)
class LayerChange:
    """The change in one layer; units by number, from 0, in order.

    Attributes:
        name: the layer's name.
        units: the number of units.
        newly_dead: dead now and not before, which chance does not explain.
        revived: dead before, and now neither dead nor giving NaN or inf, which chance does not explain.
        still_dead: dead before and now.
        unclear: dead now and not before, which may be chance.
        unclear_revived: dead before, and now neither dead nor giving NaN or inf, which may be chance.
        tests: the test of each unit that is dead only now, then of each that was dead only before; in order of units.

    """

    name: str
    units: int
    newly_dead: tuple[int, ...]
    revived: tuple[int, ...]
    still_dead: tuple[int, ...]
    unclear: tuple[int, ...] = ()
    unclear_revived: tuple[int, ...] = ()
    tests: tuple[SilenceTest, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelChange:
    """The change in all layers, in the order of the new statistics. The properties count the units of all layers."""

    layers: tuple[LayerChange, ...]

    @property
    def newly_dead(self) -> int:
        """Units that are dead now and not before, which chance does not explain."""
        return sum(len(layer.newly_dead) for layer in self.layers)

    @property
    def unclear(self) -> int:
        """Units that are dead now and not before, which may be chance."""
        return sum(len(layer.unclear) for layer in self.layers)

    @property
    def revived(self) -> int:
        """Units that were dead before and are not now, which chance does not explain."""
        return sum(len(layer.revived) for layer in self.layers)

    @property
    def unclear_revived(self) -> int:
        """Units that were dead before and are not now, which may be chance."""
        return sum(len(layer.unclear_revived) for layer in self.layers)

    @property
    def still_dead(self) -> int:
        """Units that are dead before and now."""
        return sum(len(layer.still_dead) for layer in self.layers)


def find_change(old: Sequence[LayerState], new: Sequence[LayerState], settings: Settings) -> ModelChange:
    """Compare two sets of statistics of the same layers, both classified by the same settings.

    A unit that fired k times before and never now has died where chance does not explain it: a unit that did not
    change has all its firings in the older samples with probability C(N_old, k) / C(N_old + N_new, k). If there are as
    many samples, they may be the same ones, and the probability is 2**-k, which is larger. A unit that was silent and
    fires now has revived by the same rule, with the samples exchanged. Holm's procedure over all units keeps the
    probability that any unit is wrongly called newly dead below 1 - confidence, and so for revived.

    A unit that gives NaN or inf now has not revived. Raises DataError, naming the difference, unless names, unit
    counts and firing rules of the layers agree; and if a layer has no samples.
    """
    before = {state.name: state for state in old}
    after = {state.name: state for state in new}
    _require_same_names(before.keys() - after.keys(), after.keys() - before.keys())
    pairs = [_Pair.of(before[state.name], state, settings) for state in new]
    units = sum(pair.new.units for pair in pairs)
    died = _adjust([pair.died() for pair in pairs], units)
    revived = _adjust([pair.revived() for pair in pairs], units)
    alpha = 1.0 - settings.confidence
    return ModelChange(tuple(map(_Pair.change, pairs, died, revived, repeat(alpha))))


def silence_p_value(fired: int, before: int, now: int) -> float:
    """Return the probability that a unit with `fired` firings has them all in the `before` samples, none in the others.

    2**-fired if there are as many samples now: they may be the same ones.
    """
    if before == now:
        return 2.0**-fired
    logarithm = (
        math.lgamma(before + 1)
        - math.lgamma(before - fired + 1)
        - math.lgamma(before + now + 1)
        + math.lgamma(before + now - fired + 1)
    )
    return min(1.0, math.exp(logarithm))


def holm(p_values: NDArray[np.float64], family: int) -> NDArray[np.float64]:
    """Return p-values adjusted by Holm's procedure for a family of tests, of which those left out have p = 1."""
    order = np.argsort(p_values, kind="stable")
    factors = family - np.arange(order.size)
    adjusted = np.empty(order.size)
    adjusted[order] = np.minimum(np.maximum.accumulate(factors * p_values[order]), 1.0)
    return adjusted


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    """A layer before and now: units dead then, dead now, and neither dead nor NaN or inf now. bool (units,)."""

    old: LayerState
    new: LayerState
    then: Flags
    now: Flags
    alive: Flags

    @classmethod
    def of(cls, old: LayerState, new: LayerState, settings: Settings) -> "_Pair":
        """Classify both. Raises DataError unless they are of the same layer."""
        _require_same_layer(old, new)
        then, now = dead_units(old, settings), dead_units(new, settings)
        return cls(old, new, then, now, ~now & (new.nan == 0) & (new.infinite == 0))

    def died(self) -> list[SilenceTest]:
        """Return the tests of the units that are dead now and were not before, not yet adjusted."""
        samples = self.old.samples, self.new.samples
        fired = ((unit, int(self.old.fired[unit])) for unit in _numbers(self.now & ~self.then))
        return [SilenceTest(unit, k, 0, p := silence_p_value(k, *samples), p) for unit, k in fired]

    def revived(self) -> list[SilenceTest]:
        """Return the tests of the units that were dead before and are not now, not yet adjusted."""
        samples = self.new.samples, self.old.samples
        fired = ((unit, int(self.new.fired[unit])) for unit in _numbers(self.then & self.alive))
        return [SilenceTest(unit, 0, k, p := silence_p_value(k, *samples), p) for unit, k in fired]

    def change(self, died: list[SilenceTest], revived: list[SilenceTest], alpha: float) -> LayerChange:
        """Return the change of the layer, by adjusted tests at level alpha."""
        return LayerChange(
            self.new.name,
            self.new.units,
            newly_dead=tuple(test.unit for test in died if test.holm <= alpha),
            revived=tuple(test.unit for test in revived if test.holm <= alpha),
            still_dead=tuple(_numbers(self.then & self.now)),
            unclear=tuple(test.unit for test in died if test.holm > alpha),
            unclear_revived=tuple(test.unit for test in revived if test.holm > alpha),
            tests=(*died, *revived),
        )


def _adjust(tests: list[list[SilenceTest]], family: int) -> list[list[SilenceTest]]:
    """Return the tests of each layer with their p-values adjusted by Holm for as many units."""
    p_values = np.array([test.p_value for layer in tests for test in layer])
    adjusted = iter(holm(p_values, family).tolist())
    return [[replace(test, holm=next(adjusted)) for test in layer] for layer in tests]


def _numbers(flags: Flags) -> list[int]:
    units: list[int] = np.flatnonzero(flags).tolist()
    return units


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
    # inputs or outputs may be recorded: a unit fires on the same samples; and parameters may be learned
    same = old.rule.function_name == new.rule.function_name
    other = (old.rule.function, old.rule.recorded) != (new.rule.function, new.rule.recorded)
    if old.rule != new.rule and not (same and other):
        then, now = (f"{state.rule.recorded} of {state.rule.function}" for state in (old, new))
        differs = f"is {now}, but {then}" if then != now else f"({now}) has another definition of firing than"
        raise DataError(f"layer '{new.name}' {differs} in the older statistics")
