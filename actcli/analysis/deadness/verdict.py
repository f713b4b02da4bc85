"""Verdicts on the units of a layer: the class of each, and how sure it is."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.confidence import firing_bound, samples_needed
from actcli.analysis.deadness.other_definitions import require_definition
from actcli.analysis.deadness.unit_class import CLASSES, DEAD, unit_classes
from actcli.analysis.deadness.unit_state import LayerState
from actcli.exits import UsageError

__all__ = ["CLASSES", "DEAD", "LayerVerdict", "Settings", "Unobserved", "classify"]

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

_DEAD_CODES = np.array([name in DEAD for name in CLASSES])


@dataclass(frozen=True, slots=True)
class Settings:
    """What is asked of the evidence. Raises UsageError for what is out of bounds.

    Attributes:
        confidence: 1 - alpha of the bounds, between 0 and 1.
        rare: the firing probability p0 below which a unit counts as rare, and as good as dead.
        tau: the share of the layer's mean |h| up to which a unit is dormant (Sokar et al. 2023).
        definition: another tool's, by which the same statistics are read again; None for ours.

    """

    confidence: float = 0.95
    rare: float = 0.01
    tau: float = 0.025
    definition: str | None = None

    def __post_init__(self) -> None:
        samples_needed(1, self.rare, self.confidence)
        if not 0 <= self.tau < math.inf:
            raise UsageError(f"tau {self.tau:g}: a share of 0 or more is wanted")
        if self.definition is not None:
            require_definition(self.definition)


@dataclass(frozen=True, slots=True)
class Unobserved:
    """An activation of a model that could not be watched: its layer's name, its operator, and why."""

    name: str
    op: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class LayerVerdict:
    """A layer's units, each with its class and its evidence. Every array is (units,).

    Attributes:
        state: the statistics.
        op: the operator of a model, else the activation.
        classes: an index into CLASSES, uint8.
        bounds: the upper bound of the firing probability, each at the confidence of the settings; NaN for a unit
            that gave NaN or inf, of which it is not known on how many samples it was seen.
        bounded: whether the samples reach what the settings need: then a silent unit's p is below p0,
            for all units of the report together.
        causes: why a dead unit is dead, a word a unit; blank where nothing is known.
        locked: whether a unit is dead and nothing upstream can change that (first layer).

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
        """How many units the layer has."""
        return self.state.units

    @property
    def samples(self) -> int:
        """On how many samples they were seen."""
        return self.state.samples

    @property
    def counts(self) -> dict[str, int]:
        """Units by class, every class named, in the order of CLASSES."""
        counted = np.bincount(self.classes, minlength=len(CLASSES))
        return {name: int(count) for name, count in zip(CLASSES, counted, strict=True)}

    @property
    def dead_units(self) -> Flags:
        """Which units are dead: silent or gate_dead. bool (units,)."""
        return np.asarray(_DEAD_CODES[self.classes], np.bool_)

    @property
    def dead(self) -> int:
        """How many units are dead."""
        return int(self.dead_units.sum())

    @property
    def dead_share(self) -> float:
        """Dead units / units; 0 for a layer without units."""
        return self.dead / self.units if self.units else 0.0

    @property
    def nonfinite_units(self) -> Flags:
        """Which units gave NaN or inf. bool (units,)."""
        return np.asarray(self.classes == CLASSES.index("nonfinite"), np.bool_)

    @property
    def nonfinite(self) -> int:
        """How many units gave NaN or inf."""
        return int(self.nonfinite_units.sum())

    @property
    def evidence(self) -> str | None:
        """`bounded` where the samples suffice for the p0 asked, `observed` where they do not.

        None where every unit gave NaN or inf: of none anything is bounded.
        """
        if self.units and self.nonfinite == self.units:
            return None
        return "bounded" if self.bounded else "observed"

    @property
    def firing_rates(self) -> Numbers:
        """Firings / samples. float64 (units,); NaN without samples, and of a unit that gave nothing but NaN."""
        state = self.state
        rates = np.full(self.units, np.nan)
        np.divide(state.fired, state.samples, out=rates, where=state.nan < state.elements)
        return rates

    @property
    def sparsity(self) -> float:
        """The share of outputs that are 0 because the activation's zero branch gave them; 0 <= share <= 1.

        The same of inputs and of outputs recorded. NaN where that says nothing: for an activation without such
        a branch, for one that fires on both sides of it (hard_shrink), and without elements. Sparsity is not
        death: it is reported beside it.
        """
        state = self.state
        total = int((state.elements - state.nan).sum())
        on_the_left = state.rule.kind == "relu_like" and state.rule.flat_below > -math.inf
        return float(state.low.sum() / total) if total and on_the_left else math.nan

    @property
    def margins(self) -> Numbers:
        """How far a dead unit is from waking: the smallest change of its bias that would make it fire.

        -max z for relu; in general the distance of the pre-activations seen to the nearest part on which
        the activation fires. float64 (units,); NaN for units that are not dead, and where z was not recorded.
        """
        state = self.state
        margin = np.full(state.units, np.inf)
        if state.rule.recorded == "pre":
            for part in state.rule.fires:
                # a unit without a finite value has inf at both ends, and inf - inf is nothing to warn of
                with np.errstate(invalid="ignore"):
                    away = np.maximum(part.low - state.maximum, state.minimum - part.high)
                margin = np.minimum(margin, np.where(away >= 0, away, np.inf))
        return np.where(self.dead_units & np.isfinite(margin), margin, np.nan)


def classify(
    state: LayerState, settings: Settings, *, op: str | None = None, units: int | None = None
) -> LayerVerdict:
    """Each unit's class, the first that applies, with the upper bound of its firing probability.

    `units` is how many units are judged together, the layer's own where it is None. Where nothing was seen,
    no unit has fired: bounds are 1 and nothing is bounded.
    """
    needed = samples_needed(max(units or state.units, 1), settings.rare, settings.confidence)
    classes = unit_classes(state, settings.rare, settings.tau)
    bounds = firing_bound(state.fired, state.samples, settings.confidence)
    return LayerVerdict(
        state=state,
        op=state.rule.function if op is None else op,
        classes=classes,
        bounds=np.where(classes == CLASSES.index("nonfinite"), np.nan, bounds),
        bounded=state.samples >= needed,
        causes=("",) * state.units,
        locked=np.zeros(state.units, np.bool_),
    )
