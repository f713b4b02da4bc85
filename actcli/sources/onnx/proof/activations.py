"""Activations of a graph as steps: operators, and compositions whose constants are those of the function."""

import math

import numpy as np

from actcli.analysis.onnx.forms import DEFAULTS
from actcli.analysis.proof.activation_step import Apply, Elementwise
from actcli.analysis.proof.piecewise import ABSOLUTE, RELU, HardSigmoid, clip, leaky
from actcli.analysis.proof.smooth import Smooth
from actcli.sources.onnx.graph import Node
from actcli.sources.onnx.match import FoundActivation
from actcli.sources.onnx.proof.reading import EndOfProofError, GraphReading, Handlers, require

_INFINITE = 1e38
_COMPOSED = {
    "hard_swish", "silu", "gelu", "gelu_tanh", "mish", "softplus", "log_sigmoid", "tanhshrink", "softsign", "relu",
}  # fmt: skip
"""Compositions whose error is known, other than the sum of the errors of their operators."""
_ON_THE_WAY = {"Identity", "Dropout"}


def _apply(reading: GraphReading, node: Node, function: Elementwise) -> None:
    reading.place(node, Apply(function), reading.shape(node.input(0)))


def _relu(reading: GraphReading, node: Node) -> None:
    _apply(reading, node, RELU)


def _absolute(reading: GraphReading, node: Node) -> None:
    _apply(reading, node, ABSOLUTE)


def _leaky_relu(reading: GraphReading, node: Node) -> None:
    slope = node.real("alpha", DEFAULTS["LeakyRelu", "alpha"])
    require(math.isfinite(slope), "its slope is not finite")
    # the default is rounded to float32 by a runtime
    _apply(reading, node, leaky(float(np.float32(slope))))


def _prelu(reading: GraphReading, node: Node) -> None:
    shape, slopes = reading.shape(node.input(0)), reading.numbers(node.input(1))
    require(np.broadcast_shapes(shape, slopes.shape) == shape, "its slopes do not fit its input")
    require(bool(np.isfinite(slopes).all()), "its slopes are not finite")
    _apply(reading, node, leaky(slopes))


def _clip(reading: GraphReading, node: Node) -> None:
    bounds = [-math.inf, math.inf]
    for place, name in enumerate(("min", "max")):
        if name in node.attributes:
            bounds[place] = node.real(name, bounds[place])
        elif node.input(place + 1):
            bounds[place] = _one_number(reading, node.input(place + 1))
    _between(reading, node, node.input(0), *bounds)


def _one_number(reading: GraphReading, tensor: str) -> float:
    numbers = reading.numbers(tensor).reshape(-1)
    require(numbers.size > 0 and bool((numbers == numbers[0]).all()), "its bound is not one number")
    return float(numbers[0])


def _between(reading: GraphReading, node: Node, tensor: str, low: float, high: float) -> None:
    require(not math.isnan(low) and not math.isnan(high) and low <= high, "its bounds are in the wrong order")
    low, high = (math.copysign(math.inf, end) if abs(end) >= _INFINITE else end for end in (low, high))
    shape = reading.shape(tensor)
    require(math.isfinite(low) or math.isfinite(high), "it has no bounds")
    reading.place(node, Apply(clip(low, high)), shape, tensor)


def _largest(reading: GraphReading, node: Node) -> None:
    tensor, bound = _with_bound(reading, node)
    _between(reading, node, tensor, bound, math.inf)


def _smallest(reading: GraphReading, node: Node) -> None:
    tensor, bound = _with_bound(reading, node)
    _between(reading, node, tensor, -math.inf, bound)


def _with_bound(reading: GraphReading, node: Node) -> tuple[str, float]:
    require(len(node.inputs) == 2, "it does not have two operands")
    for place in (0, 1):
        tensor, bound = node.input(1 - place), node.input(place)
        if bound in reading.constants:
            shape = reading.shape(tensor)
            whole = np.broadcast_shapes(shape, reading.constants[bound].shape)
            require(whole == shape, "its constant has more axes than its tensor")
            return tensor, _one_number(reading, bound)
    raise EndOfProofError("both operands are computed")


def _hard_sigmoid(reading: GraphReading, node: Node) -> None:
    alpha, beta = (node.real(name, DEFAULTS["HardSigmoid", name]) for name in ("alpha", "beta"))
    require(0 < alpha < math.inf and math.isfinite(beta), "its slope is not positive")
    _apply(reading, node, HardSigmoid(float(np.float32(alpha)), float(np.float32(beta))))


PIECEWISE: Handlers = {
    "Relu": _relu,
    "Abs": _absolute,
    "LeakyRelu": _leaky_relu,
    "PRelu": _prelu,
    "Clip": _clip,
    "Max": _largest,
    "Min": _smallest,
    "HardSigmoid": _hard_sigmoid,
}


def place_smooth(reading: GraphReading, node: Node, found: FoundActivation | None) -> bool:
    """Add the step of an operator that is a function of the catalogue; return False for any other node."""
    if found is None or found.parts or found.spec is None or found.before != node.input(0):
        return False
    if not found.same_everywhere or found.recorded != "pre" or found.quantisation is not None:
        return False
    _apply(reading, node, Smooth(found.spec))
    return True


def place_composition(reading: GraphReading, found: FoundActivation) -> bool:
    """Add the step of a composition that is a function of the catalogue with exactly its constants.

    Returns False for any other, whose operators are steps of their own.
    """
    name = (found.spec or "").partition(":")[0]
    if not found.parts or name not in _COMPOSED or found.before not in reading.shapes:
        return False
    if not found.same_everywhere or not _is_direct(reading, found):
        return False
    shape = reading.shapes[found.before]
    function: Elementwise = RELU if name == "relu" else Smooth(found.spec or "", composed=True)
    reading.place_at(found.after, Apply(function), shape, found.before)
    return True


def _is_direct(reading: GraphReading, found: FoundActivation) -> bool:
    """Return whether nothing but the composition's own operators and float32 constants lies between its ends."""
    parts = {id(part) for part in (found.node, *found.parts)}
    waiting, seen = [found.after], set()
    while waiting:
        tensor = waiting.pop()
        if tensor == found.before or tensor in seen:
            continue
        seen.add(tensor)
        constant = reading.constants.get(tensor)
        if constant is not None:
            if constant.dtype != np.float32 or constant.size != 1:
                return False
            continue
        node = reading.graph.producer.get(tensor)
        if node is None or (id(node) not in parts and node.op not in _ON_THE_WAY):
            return False
        waiting += [name for name in node.inputs if name]
    return True
