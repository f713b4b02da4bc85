"""Operators that take more than a tree to recognise: bounds from inputs, slopes by channel, gates kept inside."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from actcli.sources.onnx.graph import Graph, Node


@dataclass(frozen=True, slots=True)
class Identified:
    """The activation that an operator computes.

    Attributes:
        function: the activation's specification; None where its units cannot be watched, for `reason`.
        reason: why not.
        same_everywhere: whether every unit has exactly this function.

    """

    function: str | None
    reason: str = ""
    same_everywhere: bool = True


def number_text(value: float) -> str:
    """A parameter as it was probably typed: the shortest decimal of the same float32, else of the same float64."""
    with np.errstate(over="ignore"):
        single = np.float32(value)
    return str(single) if float(single) == value or math.isinf(value) else repr(value)


def clip_bounds(graph: Graph, node: Node) -> tuple[float, float] | None:
    """The bounds of a Clip, from its attributes or its inputs; None when they are computed."""
    bounds = [-math.inf, math.inf]
    for place, name in enumerate(("min", "max")):
        if name in node.attributes:
            bounds[place] = node.real(name, bounds[place])
        elif node.input(place + 1):
            number = graph.number(node.input(place + 1))
            if number is None:
                return None
            bounds[place] = number
    return bounds[0], bounds[1]


def _clip(graph: Graph, node: Node) -> Identified | None:
    bounds = clip_bounds(graph, node)
    if bounds is None:
        return None
    low, high = bounds
    if low == 0 and high == 6:
        return Identified("relu6")
    if low == 0 and high >= 1e30:
        return Identified("relu")
    if abs(low) < 1e30 and abs(high) < 1e30 and low < high and low in {0.0, -high}:
        return Identified(f"hard_tanh:min={number_text(low)},max={number_text(high)}")
    return None


def _prelu(graph: Graph, node: Node) -> Identified:
    slopes = graph.constant(node.input(1))
    if slopes is None or not slopes.size:
        return Identified(None, "its slopes are computed, not stored")
    slopes = slopes.astype(np.float64)
    # A unit of negative z fires where |slope| is at least 1e-3 of the larger of |slope| and 1.
    fires = np.abs(slopes) >= 1e-3 * np.maximum(np.abs(slopes), 1.0)
    if not (fires.all() or not slopes.any()):
        return Identified(None, "its units follow different rules: some of its slopes are 0 and some are not")
    median = float(np.sort(slopes, axis=None)[slopes.size // 2])
    return Identified(f"prelu:alpha={number_text(median)}", "", bool((slopes == slopes.flat[0]).all()))


def _gelu(graph: Graph, node: Node) -> Identified:  # noqa: ARG001 - as the others
    return Identified("gelu_tanh" if node.text("approximate") == "tanh" else "gelu")


def _fast_gelu(graph: Graph, node: Node) -> Identified:  # noqa: ARG001
    if node.input(1):
        return Identified(
            None, "its bias is added inside the operator, so its pre-activation is not a tensor"
        )
    return Identified("gelu_tanh")


def _shrink(graph: Graph, node: Node) -> Identified:  # noqa: ARG001
    threshold, bias = node.real("lambd", 0.5), node.real("bias", 0.0)
    if threshold > 0 and bias in {0.0, threshold}:
        return Identified(f"{'soft' if bias else 'hard'}_shrink:lambd={number_text(threshold)}")
    return Identified(
        None, f"Shrink with lambd {threshold:g} and bias {bias:g} is no activation that is known"
    )


def _fused(graph: Graph, node: Node) -> Identified | None:  # noqa: ARG001
    if not node.text("activation"):
        return None
    return Identified(None, "it is fused into its layer: export the model without that optimization")


def _recurrent(graph: Graph, node: Node) -> Identified:  # noqa: ARG001
    return Identified(None, "its gates are computed inside the operator and are not tensors of the graph")


OPERATORS: Mapping[str, Callable[[Graph, Node], Identified | None]] = {
    "Clip": _clip,
    "PRelu": _prelu,
    "Gelu": _gelu,
    "FastGelu": _fast_gelu,
    "BiasGelu": _fast_gelu,
    "Shrink": _shrink,
    **dict.fromkeys(("FusedConv", "NhwcFusedConv", "FusedGemm"), _fused),
    **dict.fromkeys(("LSTM", "GRU", "RNN", "DynamicQuantizeLSTM"), _recurrent),
}
"""By operator; a result of None: this node is not an activation."""
