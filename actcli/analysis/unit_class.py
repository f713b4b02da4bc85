"""The classes of units: dead, or on the way, or alive; each by the first definition that applies."""

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.unit_state import LayerState

CLASSES: tuple[str, ...] = (
    "nonfinite",
    "silent",
    "gate_dead",
    "rare",
    "negative_only",
    "dormant",
    "saturated",
    "constant",
    "always_active",
    "alive",
)
"""The classes of units; the first that applies is a unit's."""

DEAD = frozenset({"silent", "gate_dead"})

Flags = NDArray[np.bool_]

_NARROW = 1e-2
"""Of the layer's median range: a unit whose output moves less, and that never fires, is dead."""
_SATURATED = 0.95


def unit_classes(state: LayerState, rare: float, tau: float) -> NDArray[np.uint8]:
    """The class of each unit, the first that applies, as an index into CLASSES. uint8 (units,).

    rare: the share of samples below which firing is rare. tau: of the layer's mean |h|, up to which a unit is
    dormant. A unit of which nothing was seen has not fired.
    """
    with np.errstate(invalid="ignore"):
        applies = _conditions(state, rare, tau)
    classes = np.full(state.units, CLASSES.index("alive"), np.uint8)
    for name in reversed(CLASSES):
        if name in applies:
            classes[applies[name]] = CLASSES.index(name)
    return classes


def can_be_dead(state: LayerState) -> Flags:
    """Units that have not fired and could still be found dead: those with NaN or inf, and leaky ones, cannot.

    bool (units,).
    """
    if state.rule.kind == "leaky":
        return np.zeros(state.units, np.bool_)
    return np.asarray((state.fired == 0) & ~_nonfinite(state), np.bool_)


def _nonfinite(state: LayerState) -> Flags:
    return np.asarray((state.nan > 0) | (state.infinite > 0), np.bool_)


def _conditions(state: LayerState, rare: float, tau: float) -> dict[str, Flags]:
    kind, finite = state.rule.kind, ~_nonfinite(state)
    never = state.fired == 0
    saturated = state.high if kind == "relu_like" else state.low + state.high
    applies = {
        "nonfinite": ~finite,
        "rare": ~never & (state.fired / max(state.samples, 1) < rare),
        "dormant": _dormant(state, finite, tau),
        # A ReLU's zeros are sparsity: only a ceiling, as that of relu6, saturates it.
        "saturated": (saturated >= _SATURATED * state.elements) & (state.elements > 0),
        "constant": state.value_maximum == state.value_minimum,
    }
    if kind == "relu_like":
        applies["silent"] = never
        seen = np.isfinite(state.minimum)
        applies["always_active"] = seen & (state.minimum > 0) & (state.low == 0)
    elif kind == "leaky":
        applies["negative_only"] = state.maximum <= 0
    else:
        # Where phi turns, as gelu at -0.75, the slope is as small, but a step either way brings it back.
        resting = (state.low + state.high == 0) & (state.elements > 0)
        applies["gate_dead"] = never & ~resting & _narrow(state, finite)
    return applies


def _narrow(state: LayerState, finite: Flags) -> Flags:
    """Whether a unit's output hardly moves, against the layer's median; one that never moves never does."""
    spread = np.maximum(state.value_maximum - state.value_minimum, 0.0)
    if not finite.any():
        return np.zeros(state.units, np.bool_)
    # In a layer of which more than half does not move, the median says nothing.
    return np.asarray((spread == 0) | (spread < _NARROW * np.median(spread[finite])), np.bool_)


def _dormant(state: LayerState, finite: Flags, tau: float) -> Flags:
    if not finite.any() or not state.elements:
        return np.zeros(state.units, np.bool_)
    mean = state.absolute / state.elements
    return np.asarray(mean <= tau * mean[finite].mean(), np.bool_)
