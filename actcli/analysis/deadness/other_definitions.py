"""Other tools' definitions of dead units, applied to the same statistics."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.confidence import firing_bound
from actcli.analysis.deadness.unit_state import NEVER, UNKNOWN, LayerState
from actcli.dataclass import dataclass
from actcli.exits import DataError, UsageError

Flags = NDArray[np.bool_]
DENSITY, WINDOW = "density", "window"
"""Definitions without numbers of their own."""

_FIRES_RARELY, _MOST_NONPOSITIVE = 0.01, 0.7
_SAELENS_WINDOW, _DICTIONARY_LEARNING_WINDOW = 1000 * 4096, 10_000_000


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The numbers of a definition that can be chosen.

    Attributes:
        tau: the share of the layer's mean |h| up to which a unit is dormant.
        rare: the firing probability from which on a bound is small enough.
        window: the samples in which a unit has to fire; None for the definition's own.
        density_below: the share of samples below which a unit counts; None for the definition's own.

    """

    tau: float = 0.025
    rare: float = 0.01
    window: int | None = None
    density_below: float | None = None


_NONE = Thresholds()


@dataclass(frozen=True, slots=True)
class Preset:
    """Another tool's definition.

    Attributes:
        name: how it is chosen.
        wording: the definition in a sentence; {window} and {below} stand for its numbers.
        source: its origin.
        flags: maps statistics and thresholds to the units it flags. bool (units,).
        density: whether more samples can add units: it asks for a share, a mean or a window, not for silence.
        flags_layer: maps the share of flagged units to whether it flags the layer; None without such a rule.
        window: the samples in which a unit has to fire; None where it looks at all samples.
        below: the share of samples below which a unit counts; None where it asks for something else.

    """

    name: str
    wording: str
    source: str
    flags: Callable[[LayerState, Thresholds], Flags]
    flags_layer: Callable[[float], bool] | None = None
    density: bool = True
    window: int | None = None
    below: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A layer read by another tool's definition.

    Attributes:
        layer: its name.
        definition: the preset's name.
        wording: the definition in a sentence.
        flags: the units it flags, bool (units,). A definition of whole layers flags all units or none.
        layer_flagged: whether it flags the layer as a whole; False without such a rule.
        window: the samples in which a unit has to fire; None without a window.
        below: the share of samples below which a unit counts; None where it asks for something else.

    """

    layer: str
    definition: str
    wording: str
    flags: Flags
    layer_flagged: bool
    window: int | None = None
    below: float | None = None

    @property
    def share(self) -> float:
        """Flagged units / units; 0 for a layer without units."""
        return float(self.flags.mean()) if self.flags.size else 0.0


def apply_definition(state: LayerState, definition: str, thresholds: Thresholds = _NONE) -> Reading:
    """Read a layer by a definition of PRESETS; nothing is flagged without samples.

    Raises UsageError for an unknown definition, DataError for a window where it is unknown when units fired last.
    """
    require_definition(definition, thresholds)
    preset, chosen = PRESETS[definition], _with_own(definition, thresholds)
    none = np.zeros(state.units, np.bool_)
    flags = preset.flags(state, chosen) if state.samples and state.elements else none
    share = float(flags.mean()) if flags.size else 0.0
    flagged = preset.flags_layer is not None and preset.flags_layer(share)
    window = chosen.window if _has_window(definition) else None
    below = chosen.density_below if preset.below is not None or definition == DENSITY else None
    wording = preset.wording.format(window=f"{window or 0:,}", below=f"{below or 0:g}")
    return Reading(state.name, definition, wording, flags, flagged, window, below)


def require_definition(definition: str, thresholds: Thresholds = _NONE) -> None:
    """Raise UsageError unless the definition is the name of a preset, and its thresholds are there."""
    if definition not in PRESETS:
        raise UsageError(f"unknown definition {definition!r}; there are {', '.join(PRESETS)}")
    chosen = _with_own(definition, thresholds)
    if _has_window(definition) and chosen.window is None:
        raise UsageError(f"definition {definition!r} needs `window`, the samples in which a unit has to fire")
    if definition == DENSITY and chosen.density_below is None:
        raise UsageError(f"definition {definition!r} needs `density_below`, a share of the samples")


def require_used(definition: str | None, thresholds: Thresholds) -> None:
    """Raise UsageError for a threshold that the definition does not look at."""
    if thresholds.window is not None and (definition is None or not _has_window(definition)):
        raise UsageError(
            f"`window` goes with saelens, dictionary-learning or no definition, not {definition}"
        )
    if thresholds.density_below is not None and definition != DENSITY:
        raise UsageError(f"`density_below` goes with the definition {DENSITY}, not {definition}")


def _has_window(definition: str) -> bool:
    return definition == WINDOW or PRESETS[definition].window is not None


def _with_own(definition: str, thresholds: Thresholds) -> Thresholds:
    """Return the thresholds with the definition's own where none is chosen."""
    preset = PRESETS[definition]
    return replace(
        thresholds,
        window=preset.window if thresholds.window is None else thresholds.window,
        density_below=preset.below if thresholds.density_below is None else thresholds.density_below,
    )


def is_density(definition: str | None) -> bool:
    """Return whether more samples can add units to those that the definition flags; False for ours."""
    return definition is not None and PRESETS[definition].density


def certain_flags(
    state: LayerState, definition: str, alpha: float, thresholds: Thresholds, times: int = 1
) -> tuple[Flags, Flags]:
    """Return the units that a density definition certainly flags, and those it certainly does not. bool (units,).

    Certain at level alpha each, for a number of samples fixed in advance: a firing share by Clopper-Pearson, a share
    of elements by Hoeffding over the samples. The mean of |h| has no bound that holds for every distribution: `redo`
    counts as it is, from the samples on that bound a silent unit below p0 (rare). What a window holds is seen, from as
    many samples on.

    times: as if these samples had come so many times, to find how many samples would decide.
    """
    samples, chosen = state.samples * times, _with_own(definition, thresholds)
    flags = apply_definition(state, definition, thresholds).flags
    none = np.zeros(state.units, np.bool_)
    if samples < 2:
        return none, none
    if _has_window(definition):
        return (flags, ~flags) if samples >= (chosen.window or 0) else (none, none)
    if definition == "deepdiagnosis":
        share = _outputs_up_to_zero(state) / (state.elements * state.units) if state.units else 0.0
        sure = abs(share - _MOST_NONPOSITIVE) > math.sqrt(math.log(1 / alpha) / (2 * samples))
        return flags & sure, ~flags & sure
    if definition == "redo":
        sure = samples * -math.log1p(-chosen.rare) >= -math.log(alpha)
        return flags & sure, ~flags & sure
    below = chosen.density_below or 0.0
    fired, confidence = state.fired * times, min(1.0 - alpha, math.nextafter(1.0, 0.0))
    upper = firing_bound(fired, samples, confidence)
    lower = 1.0 - firing_bound(samples - fired, samples, confidence)
    return np.asarray(upper < below, np.bool_), np.asarray(lower >= below, np.bool_)


def samples_since_firing(state: LayerState) -> NDArray[np.int64]:
    """Return how many samples came after the last one in which each unit fired; all of them for a silent one.

    Raises DataError where the parts of merged statistics do not say where they begin.
    """
    if (state.last == UNKNOWN).any():
        raise DataError(
            f"layer '{state.name}': its parts do not say where they begin, so it is unknown which samples were the "
            "last; save each with --start"
        )
    end = (state.start or 0) + state.samples
    return np.where(state.last == NEVER, state.samples, end - 1 - state.last)


def _fires_below(state: LayerState, thresholds: Thresholds) -> Flags:
    return np.asarray(state.fired < (thresholds.density_below or 0.0) * state.samples, np.bool_)


def _quiet_for_a_window(state: LayerState, thresholds: Thresholds) -> Flags:
    return np.asarray(samples_since_firing(state) >= (thresholds.window or 0), np.bool_)


def _quiet_for_more(state: LayerState, thresholds: Thresholds) -> Flags:
    return np.asarray(samples_since_firing(state) > (thresholds.window or 0), np.bool_)


def _hardly_fires(state: LayerState, thresholds: Thresholds) -> Flags:  # noqa: ARG001 - same signature for all
    return np.asarray(state.fired * 100 < state.samples, np.bool_)


def _sums_to_zero(state: LayerState, thresholds: Thresholds) -> Flags:  # noqa: ARG001 - same signature for all
    # the detector is made for ReLU, whose outputs sum up to the sum of |h|
    return np.asarray((state.absolute == 0) & (state.finite == state.elements), np.bool_)


def _mostly_nonpositive(state: LayerState, thresholds: Thresholds) -> Flags:  # noqa: ARG001 - same signature for all
    share = _outputs_up_to_zero(state) / (state.elements * state.units) if state.units else 0.0
    return np.full(state.units, share >= _MOST_NONPOSITIVE)


def _outputs_up_to_zero(state: LayerState) -> int:
    """Return the number of elements with h <= 0; where z was recorded, its sign may differ from that of h.

    Raises DataError where the elements of some samples were not counted.
    """
    if state.counted is not None:
        raise DataError(
            f"layer '{state.name}': zeros were counted on {state.counted_samples:,} of {state.samples:,} samples, by "
            "--quick; deepdiagnosis needs them all: watch the model without --quick"
        )
    if state.rule.recorded == "post" or state.rule.lowest < 0:
        return int(state.nonpositive.sum())
    return int(state.low.sum()) if state.rule.kind == "relu_like" else 0


def _tau_dormant(state: LayerState, thresholds: Thresholds) -> Flags:
    finite = state.finite == state.elements
    if not finite.any():
        return np.zeros(state.units, np.bool_)
    mean = state.absolute / state.elements
    return np.asarray(finite & (mean <= thresholds.tau * mean[finite].mean()), np.bool_)


PRESETS: Mapping[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            "sagemaker",
            "a unit is active in less than 1 % of samples; a layer is flagged when more than 50 % of its units are",
            "Amazon SageMaker Debugger, rule DeadRelu",
            _hardly_fires,
            lambda share: share > 0.5,
            below=_FIRES_RARELY,
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
            below=_FIRES_RARELY,
        ),
        Preset(
            "saelens",
            "a latent has not fired in the last {window} samples (by default 1,000 batches of 4,096); layers are not "
            "flagged",
            "SAELens, dead_feature_window of the trainer",
            _quiet_for_more,
            window=_SAELENS_WINDOW,
        ),
        Preset(
            "dictionary-learning",
            "a latent has not fired in the last {window} samples; layers are not flagged",
            "Marks et al., dictionary_learning, dead_feature_threshold of the trainers, after Gao et al. 2024",
            _quiet_for_a_window,
            window=_DICTIONARY_LEARNING_WINDOW,
        ),
        Preset(
            DENSITY,
            "a unit fires in less than {below} of the samples; layers are not flagged",
            "the density of latents, as in Bricken et al. 2023",
            _fires_below,
        ),
        Preset(
            WINDOW,
            "a unit has not fired in the last {window} samples; layers are not flagged",
            "--window",
            _quiet_for_a_window,
        ),
    )
}
"""The definitions by name."""
