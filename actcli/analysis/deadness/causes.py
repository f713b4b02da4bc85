"""Causes of death, and whether a unit can come back, from the weights that feed it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.verdict import LayerVerdict

Flags = NDArray[np.bool_]

ZERO_WEIGHTS = "zero weights"
DEAD_UPSTREAM = "dead upstream"
BIAS = "bias"
DATA = "data"
UNKNOWN = ""


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """The weights that feed a layer: z = W x + b, with batch normalisation folded in.

    Attributes:
        bias: b, (units,); zeros for a layer without one, None if unknown.
        zero: whether all incoming weights of a unit are 0, bool (units,); None if unknown.
        upstream: the name of the layer whose units are the inputs; None if there is none or it is unknown.
        reaches: whether a unit has a nonzero weight on a unit upstream, bool (units, upstream units).
        first: whether the inputs are the model's own, z has no other path, no batch statistics change it, and no other
            layer shares the weights: then nothing but the data can change z of a dead unit.

    """

    bias: NDArray[np.floating] | None = None
    zero: Flags | None = None
    upstream: str | None = None
    reaches: Flags | None = None
    first: bool = False


def explain(layers: Sequence[LayerVerdict], weights: Mapping[str, Weights]) -> tuple[LayerVerdict, ...]:
    """Return the verdicts with a cause for each dead unit, and with the locked units.

    The first that applies: `zero weights` (all incoming weights are 0), `dead upstream` (every unit upstream that
    reaches it is dead), `bias` (b + max Wx <= 0 though max Wx > 0), else `data` (its inputs never drive it up). Blank
    if weights and max z do not tell, and for a unit at the upper end of its activation.

    A dead unit of the first layer is locked: no gradient reaches it while the samples stay as they are. Augmentation
    changes them, and weight decay the weights.
    """
    by_name = {layer.name: layer for layer in layers}
    return tuple(
        layer if layer.name not in weights else _explain_layer(layer, weights[layer.name], by_name)
        for layer in layers
    )


def _explain_layer(
    layer: LayerVerdict, weights: Weights, by_name: Mapping[str, LayerVerdict]
) -> LayerVerdict:
    words = np.full(layer.units, UNKNOWN, object)
    positive = _is_driven_up(layer, weights)
    if positive is not None:
        # neither word is true of a hard sigmoid that rests at its upper end
        low = np.asarray(layer.state.maximum <= layer.state.rule.flat_below, np.bool_)
        words[low] = np.where(positive, BIAS, DATA)[low]
    fed_by_dead = _is_fed_by_dead(layer, weights, by_name)
    if fed_by_dead is not None:
        words[fed_by_dead] = DEAD_UPSTREAM
    if weights.zero is not None and weights.zero.shape == (layer.units,):
        words[weights.zero] = ZERO_WEIGHTS
    words[~layer.dead_units] = UNKNOWN
    locked = layer.dead_units if weights.first else np.zeros(layer.units, np.bool_)
    return replace(layer, causes=tuple(str(word) for word in words), locked=locked)


def _is_driven_up(layer: LayerVerdict, weights: Weights) -> Flags | None:
    """Return whether max Wx = max z - b > 0; None if z or b is unknown, or if death is not on the negative side."""
    state = layer.state
    if weights.bias is None or weights.bias.shape != (layer.units,):
        return None
    if state.rule.recorded != "pre" or state.rule.kind == "leaky" or not state.samples:
        return None
    # compared, not subtracted: the difference of two close numbers of a narrow type may vanish
    return np.asarray(state.maximum > weights.bias, np.bool_)


def _is_fed_by_dead(
    layer: LayerVerdict, weights: Weights, by_name: Mapping[str, LayerVerdict]
) -> Flags | None:
    """Return whether all units upstream that reach a unit are dead; None if the weights do not tell."""
    upstream = None if weights.upstream is None else by_name.get(weights.upstream)
    reaches = weights.reaches
    if upstream is None or reaches is None or reaches.shape != (layer.units, upstream.units):
        return None
    return np.asarray(reaches.any(axis=1) & ~reaches[:, ~upstream.dead_units].any(axis=1), np.bool_)
