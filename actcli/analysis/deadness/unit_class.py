"""The classes of units: dead, or on the way, or alive; each by the first definition that applies."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from actcli.activations import activation
from actcli.analysis.deadness.firing_rule import Rule
from actcli.analysis.deadness.unit_state import Counts, LayerState

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
"""Of the activation's span: an output that moves less than that is as good as constant."""
_BULK = 2.0
"""Between -2 and 2 lie 95 % of a standard normal: where the pre-activations of a well-scaled layer are."""
_SATURATED = 0.95


def unit_classes(state: LayerState, rare: float, tau: float) -> NDArray[np.uint8]:
    """The class of each unit, the first that applies, as an index into CLASSES. uint8 (units,).

    rare: the share of samples below which firing is rare. tau: of the layer's mean |h|, up to which a unit is
    dormant. Of a layer without samples nothing is known: none of the classes applies, and its units pass as
    alive.
    """
    with np.errstate(invalid="ignore"):
        applies = _conditions(state, rare, tau)
    classes = np.full(state.units, CLASSES.index("alive"), np.uint8)
    for name in reversed(CLASSES):
        if name in applies:
            classes[applies[name]] = CLASSES.index(name)
    return classes


def can_be_dead(state: LayerState) -> Flags:
    """Units that are dead by what was seen, and may be so at the end: no sample to come can add one to them.

    bool (units,). A unit that has fired, moved, changed its side or given NaN or inf once has done so for good.
    """
    if state.rule.kind == "leaky":
        return np.zeros(state.units, np.bool_)
    with np.errstate(invalid="ignore"):
        still = (state.fired == 0) & ~_nonfinite(state)
        return np.asarray(still if state.rule.kind == "relu_like" else still & _stuck(state), np.bool_)


def span(rule: Rule) -> float:
    """How far the activation's output can move: its highest less its lowest value where both are finite.

    Where they are not (gelu), what it moves between z = -2 and z = 2.
    """
    whole = rule.highest - rule.lowest
    return whole if np.isfinite(whole) else _bulk(rule.function)


@lru_cache(maxsize=256)
def _bulk(function: str) -> float:
    f = activation(function)
    low, high = f.definition.domain
    with np.errstate(all="ignore"):
        h = f(np.linspace(max(low, -_BULK), min(high, _BULK), 401))
    known = h[np.isfinite(h)]
    return float(np.ptp(known)) if known.size else 0.0


def _nonfinite(state: LayerState) -> Flags:
    return np.asarray((state.nan > 0) | (state.infinite > 0), np.bool_)


def _conditions(state: LayerState, rare: float, tau: float) -> dict[str, Flags]:
    kind, finite = state.rule.kind, ~_nonfinite(state)
    # silence in no sample is no silence
    never = (state.fired == 0) & (state.samples > 0)
    applies = {
        "nonfinite": ~finite,
        "rare": ~never & (state.fired / max(state.samples, 1) < rare),
        "dormant": _dormant(state, finite, tau),
        "saturated": (_flat(state) >= _SATURATED * state.elements) & (state.elements > 0),
        "constant": state.value_maximum == state.value_minimum,
    }
    if kind == "relu_like":
        applies["silent"] = never
        seen = np.isfinite(state.minimum)
        applies["always_active"] = seen & (state.minimum > 0) & (state.low == 0) & (state.high == 0)
    elif kind == "leaky":
        applies["negative_only"] = (state.maximum <= 0) & (state.samples > 0)
    else:
        applies["gate_dead"] = never & _stuck(state)
    return applies


def _flat(state: LayerState) -> Counts:
    """How many elements of each unit have no gradient. A ReLU's zeros are sparsity: only a ceiling counts.

    Where phi turns (gelu at z = -0.75) the slope vanishes too. Such elements are counted on neither side; they
    are known of a unit that never fired, and where a sample is one element.
    """
    if state.rule.kind == "relu_like":
        return state.high
    if state.elements == state.samples:
        return state.elements - state.fired
    return np.where(state.fired == 0, state.elements, state.low + state.high)


def _stuck(state: LayerState) -> Flags:
    """Whether all that was seen of a unit lies on one flat side of the activation, and its output hardly moves.

    Beside a unit that rests where phi turns there is a gradient a step either way, and one that jumps between
    the two sides says something: neither is stuck. The measure is the activation's own span, not the other
    units': in a layer of which most is dead their median says nothing, and as it grows with the samples a unit
    could die of them. Measured so, more data can only wake a unit.
    """
    one_side = (state.low == state.elements) | (state.high == state.elements)
    moves = np.maximum(state.value_maximum - state.value_minimum, 0.0)
    return np.asarray(one_side & (moves <= _NARROW * span(state.rule)), np.bool_)


def _dormant(state: LayerState, finite: Flags, tau: float) -> Flags:
    if not finite.any() or not state.elements:
        return np.zeros(state.units, np.bool_)
    mean = state.absolute / state.elements
    return np.asarray(mean <= tau * mean[finite].mean(), np.bool_)
