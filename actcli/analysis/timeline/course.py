"""The course of a run: which units were dead in which epoch, when they died, and whether they revived."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.since import holm, silence_p_value
from actcli.analysis.deadness.unit_class import CLASSES, DEAD, unit_classes
from actcli.analysis.deadness.verdict import Settings
from actcli.analysis.timeline.timeline import Timeline

Flags = NDArray[np.bool_]
Counts = NDArray[np.int64]
UnitFate = Literal["died", "unclear", "from the start", "revived", "NaN or inf"]

_DEAD_CODES = np.array([name in DEAD for name in CLASSES])
_BROKEN = CLASSES.index("nonfinite")


@dataclass(frozen=True, slots=True)
class UnitCourse:
    """A unit that was dead in some epoch.

    Attributes:
        layer, unit: its layer, and its number from 0.
        fate: `died`: dead at the end, which chance does not explain; `unclear`: dead at the end, but it fired so
            rarely before that chance may explain it; `from the start`: never alive; `revived`: dead once, but not at
            the end; `NaN or inf`: dead once, and at the end it gives NaN or inf.
        died: the number of the epoch from which on it is dead; of a unit that revived, of its last death.
        revived: the number of the epoch in which it last revived; None if it never did.
        epochs: the epochs in which it was dead.
        p_value: the probability that a unit that did not change is silent that long, by Holm's procedure for all units;
            None for one that revived or was never alive.

    """

    layer: str
    unit: int
    fate: UnitFate
    died: int
    revived: int | None
    epochs: int
    p_value: float | None


@dataclass(frozen=True, eq=False)
class LayerCourse:
    """A layer in the epochs in which it had samples.

    Attributes:
        name: the layer's name.
        numbers: the numbers of these epochs. int64 (epochs,)
        samples: samples in each. int64 (epochs,)
        dead, broken: units that were dead, and that gave NaN or inf. bool (epochs, units)
        fired: samples on which each unit fired. int64 (epochs, units)

    """

    name: str
    numbers: Counts
    samples: Counts
    dead: Flags
    broken: Flags
    fired: Counts

    @property
    def units(self) -> int:
        """The number of units."""
        return int(self.dead.shape[1])

    @cached_property
    def counts(self) -> Counts:
        """Dead units in each epoch. int64 (epochs,)."""
        return np.asarray(self.dead.sum(1), np.int64)

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        """Dead units / units in each epoch. float64 (epochs,)."""
        return np.asarray(self.counts / max(self.units, 1), np.float64)

    @property
    def last_share(self) -> float:
        """The dead share in the layer's last epoch; 0 if it never had samples."""
        return float(self.shares[-1]) if self.shares.size else 0.0

    @cached_property
    def deaths(self) -> Counts:
        """Units that are dead in an epoch and were not in the one before. int64 (epochs,); 0 in the first."""
        return self._turns(~self.dead[:-1] & self.dead[1:])

    @cached_property
    def revivals(self) -> Counts:
        """Units that were dead in the epoch before and are not any more. int64 (epochs,)."""
        return self._turns(self.dead[:-1] & ~self.dead[1:] & ~self.broken[1:])

    def _turns(self, turned: Flags) -> Counts:
        return np.concatenate([np.zeros(1, np.int64), turned.sum(1, dtype=np.int64)])[: len(self.numbers)]

    @cached_property
    def onset(self) -> Counts:
        """The place of the epoch from which on a unit is dead to the end; the number of epochs if it is not dead."""
        alive = ~self.dead
        if not alive.shape[0]:
            return np.zeros(self.units, np.int64)
        ends = alive.shape[0] - np.argmax(alive[::-1], axis=0)
        return np.where(alive.any(0), ends, 0).astype(np.int64)


@dataclass(frozen=True, eq=False)
class RunCourse:
    """The course of all layers of a run.

    Attributes:
        timeline: the statistics.
        layers: in order of appearance; a layer that never had samples has no epochs.
        units: every unit that was dead in some epoch, in the order of the layers.

    """

    timeline: Timeline
    layers: tuple[LayerCourse, ...]
    units: tuple[UnitCourse, ...]

    def of_fate(self, *fates: UnitFate) -> list[UnitCourse]:
        """Return the units of these fates."""
        return [unit for unit in self.units if unit.fate in fates]

    @cached_property
    def beginning(self) -> tuple[int, str, int] | None:
        """The epoch and the layer in which units first died, with their number there; None if none died.

        Only units that stay dead and whose silence chance does not explain. The layer is that with the most of them.
        """
        died = self.of_fate("died")
        if not died:
            return None
        first = min(unit.died for unit in died)
        counts: dict[str, int] = {}
        for unit in died:
            if unit.died == first:
                counts[unit.layer] = counts.get(unit.layer, 0) + 1
        layer = max(counts, key=counts.__getitem__)
        return first, layer, counts[layer]

    def worst_first(self) -> list[LayerCourse]:
        """Return the layers by their dead share in the last epoch, the largest first."""
        return sorted(self.layers, key=lambda layer: (-layer.last_share, -int(layer.counts.sum())))


def follow_units(timeline: Timeline, settings: Settings) -> RunCourse:
    """Classify the units of every epoch, and find out when each died and revived.

    A unit counts as `died` where its silence since then is not due to chance: with k firings in the N samples before,
    a unit that did not change is silent in the M samples since with probability C(N, k) / C(N + M, k), or 2**-k if
    N = M. Holm's procedure over all units keeps the probability of any false report below 1 - confidence.
    """
    layers = tuple(_follow_layer(timeline, name, settings) for name in timeline.layers)
    p_values = np.array([p for layer in layers for p in _p_values(layer)], np.float64)
    adjusted = iter(holm(p_values, sum(layer.units for layer in layers)).tolist())
    alpha = 1.0 - settings.confidence
    units = tuple(unit for layer in layers for unit in _unit_courses(layer, adjusted, alpha))
    return RunCourse(timeline, layers, units)


def _follow_layer(timeline: Timeline, name: str, settings: Settings) -> LayerCourse:
    seen = [(epoch.number, epoch.state(name)) for epoch in timeline.epochs]
    present = [(number, state) for number, state in seen if state is not None and state.samples]
    units = next(state.units for _, state in seen if state is not None)
    shape = (len(present), units)
    classes = np.array(
        [unit_classes(state, settings.rare, settings.tau) for _, state in present], np.uint8
    ).reshape(shape)
    return LayerCourse(
        name=name,
        numbers=np.array([number for number, _ in present], np.int64),
        samples=np.array([state.samples for _, state in present], np.int64),
        dead=np.asarray(_DEAD_CODES[classes], np.bool_),
        broken=np.asarray(classes == _BROKEN, np.bool_),
        fired=np.array([state.fired for _, state in present], np.int64).reshape(shape),
    )


def _tested(layer: LayerCourse) -> list[int]:
    """Return the units that are dead at the end and were alive before."""
    last = len(layer.numbers)
    units: list[int] = np.flatnonzero((layer.onset > 0) & (layer.onset < last)).tolist()
    return units


def _p_values(layer: LayerCourse) -> Iterator[float]:
    fired, samples = np.cumsum(layer.fired, axis=0), np.cumsum(layer.samples)
    for unit in _tested(layer):
        onset = int(layer.onset[unit])
        before = int(samples[onset - 1])
        yield silence_p_value(int(fired[onset - 1, unit]), before, int(samples[-1]) - before)


def _unit_courses(layer: LayerCourse, adjusted: Iterator[float], alpha: float) -> Iterator[UnitCourse]:
    last = len(layer.numbers)
    tested = set(_tested(layer))
    for unit in np.flatnonzero(layer.dead.any(0)).tolist():
        dead = layer.dead[:, unit]
        turns = np.flatnonzero(dead[1:] != dead[:-1]) + 1
        broken = layer.broken[:, unit]
        revivals_at = [int(turn) for turn in turns if not dead[turn] and not broken[turn]]
        fallen = [0] * bool(dead[0]) + [int(turn) for turn in turns if dead[turn]]
        p_value = next(adjusted) if unit in tested else None
        onset = int(layer.onset[unit])
        fate: UnitFate = (
            "NaN or inf" if broken[-1] else "revived" if onset == last else "from the start" if not onset else
            "died" if p_value is not None and p_value <= alpha else "unclear"
        )  # fmt: skip
        yield UnitCourse(
            layer=layer.name,
            unit=unit,
            fate=fate,
            died=int(layer.numbers[fallen[-1]]),
            revived=int(layer.numbers[revivals_at[-1]]) if revivals_at else None,
            epochs=int(dead.sum()),
            p_value=p_value,
        )
