"""Other tools' definitions of dead units, applied to the same statistics."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.confidence import firing_bound
from actcli.analysis.deadness.unit_state import LayerState
from actcli.exits import UsageError

Flags = NDArray[np.bool_]

_FIRES_RARELY, _MOST_NONPOSITIVE = 0.01, 0.7


@dataclass(frozen=True, slots=True)
class Preset:
    """Another tool's definition.

    Attributes:
        name: how it is chosen.
        wording: the definition in a sentence.
        source: its origin.
        flags: maps statistics and tau to the units it flags. bool (units,).
        density: whether more samples can add units: it asks for a share or a mean, not for silence.
        flags_layer: maps the share of flagged units to whether it flags the layer; None without such a rule.

    """

    name: str
    wording: str
    source: str
    flags: Callable[[LayerState, float], Flags]
    flags_layer: Callable[[float], bool] | None = None
    density: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A layer read by another tool's definition.

    Attributes:
        layer: its name.
        definition: the preset's name.
        wording: the definition in a sentence.
        flags: the units it flags, bool (units,). A definition of whole layers flags all units or none.
        layer_flagged: whether it flags the layer as a whole; False without such a rule.

    """

    layer: str
    definition: str
    wording: str
    flags: Flags
    layer_flagged: bool

    @property
    def share(self) -> float:
        """Flagged units / units; 0 for a layer without units."""
        return float(self.flags.mean()) if self.flags.size else 0.0


def apply_definition(state: LayerState, definition: str, tau: float = 0.025) -> Reading:
    """Read a layer by a definition of PRESETS; nothing is flagged without samples.

    Raises UsageError for an unknown definition.
    """
    require_definition(definition)
    preset = PRESETS[definition]
    none = np.zeros(state.units, np.bool_)
    flags = preset.flags(state, tau) if state.samples and state.elements else none
    share = float(flags.mean()) if flags.size else 0.0
    flagged = preset.flags_layer is not None and preset.flags_layer(share)
    return Reading(state.name, definition, preset.wording, flags, flagged)


def require_definition(definition: str) -> None:
    """Raise UsageError unless the definition is the name of a preset."""
    if definition not in PRESETS:
        raise UsageError(f"unknown definition {definition!r}; there are {', '.join(PRESETS)}")


def is_density(definition: str | None) -> bool:
    """Return whether more samples can add units to those that the definition flags; False for ours."""
    return definition is not None and PRESETS[definition].density


def certain_flags(
    state: LayerState, definition: str, alpha: float, *, rare: float, tau: float, times: int = 1
) -> tuple[Flags, Flags]:
    """Return the units that a density definition certainly flags, and those it certainly does not. bool (units,).

    Certain at level alpha each, for a number of samples fixed in advance: a firing share by Clopper-Pearson, a share
    of elements by Hoeffding over the samples. The mean of |h| has no bound that holds for every distribution: `redo`
    counts as it is, from the samples on that bound a silent unit below p0 (rare).

    times: as if these samples had come so many times, to find how many samples would decide.
    """
    samples = state.samples * times
    flags = apply_definition(state, definition, tau).flags
    if samples < 2:
        return np.zeros(state.units, np.bool_), np.zeros(state.units, np.bool_)
    if definition == "deepdiagnosis":
        share = _outputs_up_to_zero(state) / (state.elements * state.units) if state.units else 0.0
        sure = abs(share - _MOST_NONPOSITIVE) > math.sqrt(math.log(1 / alpha) / (2 * samples))
        return flags & sure, ~flags & sure
    if definition == "redo":
        sure = samples * -math.log1p(-rare) >= -math.log(alpha)
        return flags & sure, ~flags & sure
    fired, confidence = state.fired * times, min(1.0 - alpha, math.nextafter(1.0, 0.0))
    upper = firing_bound(fired, samples, confidence)
    lower = 1.0 - firing_bound(samples - fired, samples, confidence)
    return np.asarray(upper < _FIRES_RARELY, np.bool_), np.asarray(lower >= _FIRES_RARELY, np.bool_)


def _hardly_fires(state: LayerState, tau: float) -> Flags:  # noqa: ARG001 - same signature for all
    return np.asarray(state.fired * 100 < state.samples, np.bool_)


def _sums_to_zero(state: LayerState, tau: float) -> Flags:  # noqa: ARG001 - same signature for all
    # the detector is made for ReLU, whose outputs sum up to the sum of |h|
    return np.asarray((state.absolute == 0) & (state.finite == state.elements), np.bool_)


def _mostly_nonpositive(state: LayerState, tau: float) -> Flags:  # noqa: ARG001 - same signature for all
    share = _outputs_up_to_zero(state) / (state.elements * state.units) if state.units else 0.0
    return np.full(state.units, share >= _MOST_NONPOSITIVE)


def _outputs_up_to_zero(state: LayerState) -> int:
    """Return the number of elements with h <= 0; where z was recorded, its sign may differ from that of h."""
    if state.rule.recorded == "post" or state.rule.lowest < 0:
        return int(state.nonpositive.sum())
    return int(state.low.sum()) if state.rule.kind == "relu_like" else 0


def _tau_dormant(state: LayerState, tau: float) -> Flags:
    finite = state.finite == state.elements
    if not finite.any():
        return np.zeros(state.units, np.bool_)
    mean = state.absolute / state.elements
    return np.asarray(finite & (mean <= tau * mean[finite].mean()), np.bool_)


PRESETS: Mapping[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            "sagemaker",
            "a unit is active in less than 1 % of samples; a layer is flagged when more than 50 % of its units are",
            "Amazon SageMaker Debugger, rule DeadRelu",
            _hardly_fires,
            lambda share: share > 0.5,
        ),
        Preset(
            "keras-contrib",
            "a channel's sum over the whole data is 0; a layer is flagged from 10 % of its channels on",
            "keras-contrib, callback DeadReluDetector",
            _sums_to_zero,
            lambda share: share >= 0.1,
            density=False,
        ),
        Preset(
            "deepdiagnosis",
            "a layer is flagged, with all its units, when at least 70 % of its elements are <= 0",
            "Wardat et al. 2022, DeepDiagnosis",
            _mostly_nonpositive,
            lambda share: share > 0,
        ),
        Preset(
            "redo",
            "a unit is tau-dormant: its mean |h| is at most tau times the layer's mean; layers are not flagged",
            "Sokar et al. 2023, ReDo",
            _tau_dormant,
        ),
        Preset(
            "loss-of-plasticity",
            "a unit fires in less than 1 % of samples; layers are not flagged",
            "Dohare et al. 2024, loss of plasticity",
            _hardly_fires,
        ),
    )
}
"""The definitions by name."""
