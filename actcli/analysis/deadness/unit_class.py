"""Classes of units: dead, on the way to it, or alive. A unit has the first class whose condition holds."""

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
"""The classes in order of precedence."""

DEAD = frozenset({"silent", "gate_dead"})

Flags = NDArray[np.bool_]

_NARROW = 1e-2
"""Fraction of the activation's span: an output that moves less is as good as constant."""
_BULK = 2.0
"""95 % of a standard normal lie between -2 and 2, where a well-scaled layer has its pre-activations."""
_SATURATED = 0.95


def unit_classes(state: LayerState, rare: float, tau: float) -> NDArray[np.uint8]:
    """Return the class of each unit as an index into CLASSES. uint8 (units,).

    rare: the firing share below which a unit is rare. tau: the share of the layer's mean |h| up to which a unit is
    dormant. In a layer without samples no condition holds, and every unit is alive.
    """
    with np.errstate(invalid="ignore"):
        conditions = _conditions(state, rare, tau)
    classes = np.full(state.units, CLASSES.index("alive"), np.uint8)
    for name in reversed(CLASSES):
        if name in conditions:
            classes[conditions[name]] = CLASSES.index(name)
    return classes


def can_be_dead(state: LayerState) -> Flags:
    """Return the units that are dead so far and may stay so; later samples never add a unit. bool (units,).

    A unit that once fired, moved, changed its side or gave NaN or inf is not dead, whatever follows.
    """
    if state.rule.kind == "leaky":
        return np.zeros(state.units, np.bool_)
    with np.errstate(invalid="ignore"):
        still = (state.fired == 0) & ~_nonfinite(state)
        return np.asarray(still if state.rule.kind == "relu_like" else still & _is_stuck(state), np.bool_)


def span(rule: Rule) -> float:
    """Return how far the activation's output can move: its highest less its lowest value.

    If that is infinite (gelu), how far it moves between z = -2 and z = 2.
    """
    whole = rule.highest - rule.lowest
    return whole if np.isfinite(whole) else _bulk_span(rule.function)


def is_narrow(moves: NDArray[np.floating], rule: Rule) -> Flags:
    """Return whether outputs that move so much hardly move, compared with the activation's own span."""
    return np.asarray(moves <= _NARROW * span(rule), np.bool_)


@lru_cache(maxsize=256)
def _bulk_span(function: str) -> float:
    f = activation(function)
    low, high = f.definition.domain
    with np.errstate(all="ignore"):
        h = f(np.linspace(max(low, -_BULK), min(high, _BULK), 401))
    finite = h[np.isfinite(h)]
    return float(np.ptp(finite)) if finite.size else 0.0


def _nonfinite(state: LayerState) -> Flags:
    return np.asarray((state.nan > 0) | (state.infinite > 0), np.bool_)


def _conditions(state: LayerState, rare: float, tau: float) -> dict[str, Flags]:
    kind, finite = state.rule.kind, ~_nonfinite(state)
    never_fired = (state.fired == 0) & (state.samples > 0)
    conditions = {
        "nonfinite": ~finite,
        "rare": (state.fired > 0) & (state.fired / max(state.samples, 1) < rare),
        "dormant": _is_dormant(state, finite, tau),
        "saturated": (_flat(state) >= _SATURATED * state.elements) & (state.elements > 0),
        "constant": _is_constant(state),
    }
    if kind == "relu_like":
        conditions["silent"] = never_fired
        above_zero = np.isfinite(state.minimum) & (state.minimum > 0)
        conditions["always_active"] = above_zero & (state.low == 0) & (state.high == 0)
    elif kind == "leaky":
        conditions["negative_only"] = (state.maximum <= 0) & (state.samples > 0)
    else:
        conditions["gate_dead"] = never_fired & _is_stuck(state)
    return conditions


def _flat(state: LayerState) -> Counts:
    """Return how many elements of each unit have no gradient. A ReLU's zeros are sparsity: only a ceiling counts.

    Where phi turns (gelu at z = -0.75) the slope vanishes too, on neither flat side. Such elements can be counted only
    for a unit that never fired, and where a sample is one element.
    """
    if state.rule.kind == "relu_like":
        return state.high
    if state.elements == state.samples:
        return state.elements - state.fired
    return np.where(state.fired == 0, state.elements, state.low + state.high)


def _is_stuck(state: LayerState) -> Flags:
    """Return the units whose values all lie on one flat side of the activation and whose output hardly moves.

    A unit that rests where phi turns has a gradient one step away, and a unit that jumps between the two sides
    carries information: neither is stuck. Movement is compared with the activation's own span, never with other units:
    the median of a mostly dead layer means nothing, and as it grows with the samples, more data could kill a unit.
    """
    one_side = (state.low == state.elements) | (state.high == state.elements)
    moves = np.maximum(state.value_maximum - state.value_minimum, 0.0)
    return np.asarray(one_side & is_narrow(moves, state.rule), np.bool_)


def _is_constant(state: LayerState) -> Flags:
    """Return the units with one output. One input makes one, even where f and a model round it differently."""
    one_input = state.minimum == state.maximum
    if not state.rule.outputs_decide:
        return np.asarray(one_input, np.bool_)
    return np.asarray(one_input | (state.value_minimum == state.value_maximum), np.bool_)


def _is_dormant(state: LayerState, finite: Flags, tau: float) -> Flags:
    if not finite.any() or not state.elements:
        return np.zeros(state.units, np.bool_)
    mean = state.absolute / state.elements
    return np.asarray(mean <= tau * mean[finite].mean(), np.bool_)
