"""What is known while a graph is read for a proof: steps so far, shapes, constants, and where the proof ended."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.proof.box import Numbers
from actcli.analysis.proof.linear import Linear
from actcli.analysis.proof.network import Placed
from actcli.analysis.proof.steps import BoundStep
from actcli.sources.onnx.graph import Graph, Node
from actcli.sources.onnx.outputs import FLOAT

Shape = tuple[int, ...]
_MOST_NUMBERS = 1 << 27


class EndOfProofError(Exception):
    """No bounds of a node's output can be proved; the message says why."""


@dataclass(slots=True, eq=False)
class GraphReading:
    """The state of reading a graph.

    Attributes:
        graph: the graph.
        shapes: of the tensors that have bounds.
        constants: tensors that depend on no number of an input.
        batch: the length of the axis of the samples, which is the first one.
        times: 2 where any batch is possible: lengths must be right for twice the samples too; 1 where it is fixed.
        doubled: constants computed of the lengths of tensors, as they are with so many times the samples.
        steps: in order.
        ended: the reason why a tensor has no bounds.
        linear: dot products, each with the tensor that it takes.
        terms: how many numbers a sum of a tensor may have, where a runtime may take more into it.
        factors: absolute numbers by which a tensor was multiplied, where a runtime may do so after the next product:
            the product of those below 1, and of those above.

    """

    graph: Graph
    shapes: dict[str, Shape]
    constants: dict[str, NDArray[Any]]
    batch: int
    times: int = 1
    doubled: dict[str, NDArray[Any]] = field(default_factory=dict)
    steps: list[Placed] = field(default_factory=list)
    ended: dict[str, str] = field(default_factory=dict)
    linear: dict[str, tuple[str, Linear]] = field(default_factory=dict)
    terms: dict[str, int] = field(default_factory=dict)
    factors: dict[str, tuple[float, float]] = field(default_factory=dict)

    def place(self, node: Node, step: BoundStep, shape: Shape, *inputs: str) -> None:
        """Add a step that makes the node's first output, of its first input or of these."""
        self.place_at(node.outputs[0], step, shape, *(inputs or (node.input(0),)))

    def place_at(self, output: str, step: BoundStep, shape: Shape, *inputs: str) -> None:
        """Add a step that makes a tensor."""
        require(0 not in shape, "its output is empty")
        require_size(math.prod(shape))
        self.steps.append(Placed(output, inputs, step))
        self.shapes[output] = shape

    def shape(self, tensor: str) -> Shape:
        """Return the shape of a tensor with bounds. Raises EndOfProofError for any other."""
        if tensor not in self.shapes:
            raise EndOfProofError("it takes a constant where a tensor is expected")
        return self.shapes[tensor]

    def numbers(self, tensor: str) -> Numbers:
        """Return a float32 constant. Raises EndOfProofError for a tensor that is none."""
        array = self.constants.get(tensor)
        if array is None:
            raise EndOfProofError("what should be constant is computed")
        if tensor in self.doubled:
            raise EndOfProofError("it computes with the lengths of a tensor")
        if array.dtype != np.float32:
            raise EndOfProofError(f"its constants are {array.dtype}, not float32")
        return array.astype(np.float64)

    def integers(self, tensor: str) -> list[int]:
        """Return a constant of whole numbers. Raises EndOfProofError for a tensor that is none."""
        numbers, doubled = self.lengths(tensor)
        require(numbers == doubled, "a length depends on the number of samples")
        return numbers

    def lengths(self, tensor: str) -> tuple[list[int], list[int]]:
        """Return a constant of whole numbers, and the same for `times` the samples. Raises EndOfProofError."""
        array = self.constants.get(tensor)
        if array is None:
            raise EndOfProofError("a length is computed from the numbers of the input")
        require(array.dtype.kind in "iu", "lengths are not whole numbers")
        return array.reshape(-1).tolist(), self.doubled.get(tensor, array).reshape(-1).tolist()

    def require_float(self, tensor: str) -> None:
        """Raise EndOfProofError for a tensor that is known not to hold float32."""
        kind = self.graph.types.get(tensor)
        if kind not in {None, FLOAT}:
            from onnx import TensorProto

            raise EndOfProofError(f"its numbers are {TensorProto.DataType.Name(kind).lower()}, not float32")


Handler = Callable[[GraphReading, Node], None]
Handlers = Mapping[str, Handler]


def require_size(numbers: int) -> None:
    """Raise EndOfProofError for a tensor that is too large to be bounded."""
    require(numbers <= _MOST_NUMBERS, f"its output has {numbers:,} numbers, too many to bound")


def require(holds: bool, otherwise: str) -> None:
    """Raise EndOfProofError with a reason where a condition does not hold."""
    if not holds:
        raise EndOfProofError(otherwise)
