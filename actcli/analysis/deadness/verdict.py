"""Verdicts on the units of a layer: the class of each, and how sure it is."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.confidence import firing_bound, samples_needed
from actcli.analysis.deadness.other_definitions import Thresholds, require_definition, require_used
from actcli.analysis.deadness.unit_class import CLASSES, DEAD, unit_classes
from actcli.analysis.deadness.unit_state import LayerState
from actcli.dataclass import dataclass
from actcli.exits import UsageError

__all__ = ["CLASSES", "DEAD", "LayerVerdict", "Settings", "Unobserved", "classify"]

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

_DEAD_CODES = np.array([name in DEAD for name in CLASSES])


@dataclass(frozen=True, slots=True)
class Settings:
    """Thresholds of a verdict. Raises UsageError for values out of bounds.

    Attributes:
        confidence: 1 - alpha of the bounds, between 0 and 1.
        rare: the firing probability p0 below which a unit counts as rare, and as good as dead.
        tau: the share of the layer's mean |h| up to which a unit is dormant (Sokar et al. 2023).
        definition: another tool's definition, applied to the same statistics; None for ours alone.
        window: the samples of a definition with a window; None for its own.
        density_below: the share of samples of a definition of densities; None for its own.

    """

    confidence: float = 0.95
    rare: float = 0.01
    tau: float = 0.025
    definition: str | None = None
    window: int | None = None
    density_below: float | None = None

    @property
    def thresholds(self) -> Thresholds:
        """The numbers of a definition."""
        return Thresholds(self.tau, self.rare, self.window, self.density_below)

    def __post_init__(self) -> None:
        samples_needed(1, self.rare, self.confidence)
        if not 0 <= self.tau < math.inf:
            raise UsageError(f"tau {self.tau:g}: must be 0 or more")
        if self.definition is not None:
            require_definition(self.definition, self.thresholds)
        require_used(self.definition, self.thresholds)


@dataclass(frozen=True, slots=True)
class Unobserved:
    """An activation of a model that could not be observed: its layer's name, its operator, and the reason."""

    name: str
    op: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class LayerVerdict:
    """The units of a layer with their classes and evidence. Every array is (units,).

    Attributes:
        state: the statistics.
        op: the operator in a model, else the activation.
        classes: indices into CLASSES, uint8.
        bounds: upper bounds of the firing probability, each at the settings' confidence; NaN for units that gave NaN or
            inf, whose number of samples is unknown.
        bounded: whether the samples suffice for the settings: then every silent unit of the report has p < p0.
        causes: why each dead unit is dead, in a word; blank if unknown.
        locked: dead units that nothing upstream can revive (first layer).

    """

    state: LayerState
    op: str
    classes: NDArray[np.uint8]
    bounds: Numbers
    bounded: bool
    causes: tuple[str, ...]
    locked: Flags

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.state.name

    @property
    def units(self) -> int:
        """The number of units."""
        return self.state.units

    @property
    def samples(self) -> int:
        """The number of samples."""
        return self.state.samples

    @property
    def counts(self) -> dict[str, int]:
        """Units by class: every class, in the order of CLASSES."""
        counted = np.bincount(self.classes, minlength=len(CLASSES))
        return {name: int(count) for name, count in zip(CLASSES, counted, strict=True)}

    @property
    def dead_units(self) -> Flags:
        """Flags of the dead units, silent or gate_dead. bool (units,)."""
        return np.asarray(_DEAD_CODES[self.classes], np.bool_)

    @property
    def dead(self) -> int:
        """The number of dead units."""
        return int(self.dead_units.sum())

    @property
    def dead_share(self) -> float:
        """Dead units / units; 0 for a layer without units."""
        return self.dead / self.units if self.units else 0.0

    @property
    def nonfinite_units(self) -> Flags:
        """Flags of the units that gave NaN or inf. bool (units,)."""
        return np.asarray(self.classes == CLASSES.index("nonfinite"), np.bool_)

    @property
    def nonfinite(self) -> int:
        """The number of units that gave NaN or inf."""
        return int(self.nonfinite_units.sum())

    @property
    def evidence(self) -> str | None:
        """`bounded` if the samples suffice for the settings' p0, else `observed`.

        None if every unit gave NaN or inf: units that produced NaN or inf get no bound.
        """
        if self.units and self.nonfinite == self.units:
            return None
        return "bounded" if self.bounded else "observed"

    @property
    def firing_rates(self) -> Numbers:
        """Firings / samples. float64 (units,); NaN without samples, and for a unit that gave nothing but NaN."""
        state = self.state
        rates = np.full(self.units, np.nan)
        np.divide(state.fired, state.samples, out=rates, where=state.nan < state.elements)
        return rates

    @property
    def sparsity(self) -> float:
        """Share of outputs that the activation's zero branch made 0, from 0 to 1; the same for both recorded values.

        NaN without elements, and for activations where it has no meaning: those without a zero branch, and those that
        fire on both sides of it (hard_shrink). Sparsity is not death.
        """
        state = self.state
        if state.rule.kind != "relu_like" or state.rule.flat_below == -math.inf:
            return math.nan
        low, elements = state.low, state.elements - state.nan
        if state.counted is not None and not state.rule.low_decides:
            # of a unit with NaN it is unknown how many of the counted elements were NaN
            low = low[~self.nonfinite_units]
            elements = np.full(low.size, state.counted.elements)
        total = int(elements.sum())
        return float(low.sum() / total) if total else math.nan

    @property
    def margins(self) -> Numbers:
        """The smallest change of its bias that would make each dead unit fire; for relu -max z.

        In general the distance of the observed pre-activations to the nearest interval in which the activation
        fires. float64 (units,); NaN for units that are not dead, and if z was not recorded.
        """
        state = self.state
        margin = np.full(state.units, np.inf)
        if state.rule.recorded == "pre":
            for part in state.rule.fires:
                # a unit without a finite value has inf at both ends; inf - inf needs no warning
                with np.errstate(invalid="ignore"):
                    away = np.maximum(part.low - state.maximum, state.minimum - part.high)
                margin = np.minimum(margin, np.where(away >= 0, away, np.inf))
        return np.where(self.dead_units & np.isfinite(margin), margin, np.nan)


def dead_units(state: LayerState, settings: Settings) -> Flags:
    """Return the units of a layer that are dead, silent or gate_dead. bool (units,)."""
    return np.asarray(_DEAD_CODES[unit_classes(state, settings.rare, settings.tau)], np.bool_)


def classify_layers(
    states: Sequence[LayerState], settings: Settings, ops: Mapping[str, str] | None = None
) -> tuple[LayerVerdict, ...]:
    """Classify the units of all layers of a report, which are judged together, and bound their firing probabilities.

    ops: the operators' names by layer.
    """
    units = [state.units for state in states]
    fired = np.concatenate([state.fired for state in states]) if states else np.zeros(0, np.int64)
    samples = np.repeat(np.array([state.samples for state in states], np.int64), units)
    # thousands of layers at once: each would take half a millisecond of its own
    bounds = np.split(firing_bound(fired, samples, settings.confidence), np.cumsum(units)[:-1])
    ops, total = ops or {}, sum(units)
    return tuple(
        _classify(state, settings, ops.get(state.name), total, own)
        for state, own in zip(states, bounds, strict=False)
    )


def classify(
    state: LayerState, settings: Settings, *, op: str | None = None, units: int | None = None
) -> LayerVerdict:
    """Classify the units of a layer, and bound their firing probabilities.

    units: the number of units judged together; by default those of the layer. Without samples every bound is 1.
    """
    bounds = firing_bound(state.fired, state.samples, settings.confidence)
    return _classify(state, settings, op, state.units if units is None else units, bounds)


def _classify(
    state: LayerState, settings: Settings, op: str | None, units: int, bounds: Numbers
) -> LayerVerdict:
    needed = samples_needed(max(units, 1), settings.rare, settings.confidence)
    classes = unit_classes(state, settings.rare, settings.tau)
    return LayerVerdict(
        state=state,
        op=state.rule.function if op is None else op,
        classes=classes,
        bounds=np.where(classes == CLASSES.index("nonfinite"), np.nan, bounds),
        bounded=state.samples >= needed,
        causes=("",) * state.units,
        locked=np.zeros(state.units, np.bool_),
    )
