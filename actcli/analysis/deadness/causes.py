"""Why a dead unit is dead, and whether it can come back, where the weights that feed it are known."""

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
    """What feeds a layer: z = W x + b, with batch normalisation folded in where there is one.

    Attributes:
        bias: b, (units,); None where it is not known. A layer without a bias has zeros.
        zero: whether all incoming weights of a unit are 0, bool (units,); None where they are not known.
        upstream: the name of the layer whose units are the inputs; None where there is none or it is not known.
        reaches: whether a unit has a weight other than 0 on a unit upstream, bool (units, upstream units).
        first: whether the inputs are the model's own: nothing upstream can change.

    """

    bias: NDArray[np.floating] | None = None
    zero: Flags | None = None
    upstream: str | None = None
    reaches: Flags | None = None
    first: bool = False


def explain(layers: Sequence[LayerVerdict], weights: Mapping[str, Weights]) -> tuple[LayerVerdict, ...]:
    """The same verdicts with a cause for each dead unit, and with those that are locked.

    The first that applies: `zero weights` (all incoming ones are 0), `dead upstream` (every unit upstream that
    reaches it is dead), `bias` (b + max Wx <= 0 though max Wx > 0), else `data` (its inputs never drive it up).
    Blank where the weights, or max z, do not tell, and for a unit at the upper end of its activation.

    A dead unit of the first layer is locked: no change upstream can wake it.
    """
    by_name = {layer.name: layer for layer in layers}
    return tuple(
        layer if layer.name not in weights else _explained(layer, weights[layer.name], by_name)
        for layer in layers
    )


def _explained(layer: LayerVerdict, known: Weights, by_name: Mapping[str, LayerVerdict]) -> LayerVerdict:
    words = np.full(layer.units, UNKNOWN, object)
    positive = _driven_up(layer, known)
    if positive is not None:
        # a hard sigmoid that rests at its upper end was driven up all too well: neither word is true of it
        low = np.asarray(layer.state.maximum <= layer.state.rule.flat_below, np.bool_)
        words[low] = np.where(positive, BIAS, DATA)[low]
    fed_by_dead = _fed_by_dead(layer, known, by_name)
    if fed_by_dead is not None:
        words[fed_by_dead] = DEAD_UPSTREAM
    if known.zero is not None and known.zero.shape == (layer.units,):
        words[known.zero] = ZERO_WEIGHTS
    words[~layer.dead_units] = UNKNOWN
    locked = layer.dead_units if known.first else np.zeros(layer.units, np.bool_)
    return replace(layer, causes=tuple(str(word) for word in words), locked=locked)


def _driven_up(layer: LayerVerdict, known: Weights) -> Flags | None:
    """Whether max Wx = max z - b > 0; None where z or b is not known, or where death is not the negative side."""
    state = layer.state
    if known.bias is None or known.bias.shape != (layer.units,):
        return None
    if state.rule.recorded != "pre" or state.rule.kind != "relu_like" or not state.samples:
        return None
    # Compared, not subtracted: the difference of two close numbers of a narrow type may vanish.
    return np.asarray(state.maximum > known.bias, np.bool_)


def _fed_by_dead(layer: LayerVerdict, known: Weights, by_name: Mapping[str, LayerVerdict]) -> Flags | None:
    upstream = None if known.upstream is None else by_name.get(known.upstream)
    if upstream is None or known.reaches is None:
        return None
    if known.reaches.shape != (layer.units, upstream.units):
        return None
    return np.asarray(
        known.reaches.any(axis=1) & ~known.reaches[:, ~upstream.dead_units].any(axis=1), np.bool_
    )
