"""The tensors of a layer in a model, and the outputs by which a run reports on it."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.firing_rule import Rule
from actcli.sources.onnx.quantised import Quantisation

FLOAT, FLOAT16, DOUBLE, BFLOAT16 = 1, 10, 11, 16
Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Place:
    """A tensor of a layer.

    Attributes:
        tensor: its name.
        axis: the axis of the units.
        rank: the number of axes; 0 where it is unknown, and the units lie along the last one.
        type: the ONNX element type; None where it is unknown.
        units: the number of units.
        single: whether each unit surely has one number per sample.
        quantisation: how its numbers are quantised; None for numbers as they are.

    """

    tensor: str
    axis: int
    rank: int
    type: int | None
    units: int
    single: bool = False
    quantisation: Quantisation | None = None


@dataclass(frozen=True, slots=True)
class Watched:
    """A layer to observe.

    Attributes:
        name: of the layer.
        units: how many it has.
        rule: when a unit fires.
        before: the tensor z.
        after: the tensor h; None where its units cannot be told apart. z itself becomes an output then.
        same_everywhere: whether h is exactly the rule's function of z, in every unit.

    """

    name: str
    units: int
    rule: Rule
    before: Place
    after: Place | None
    same_everywhere: bool


@dataclass(frozen=True, slots=True)
class Outputs:
    """The outputs by which a run reports on a layer.

    Attributes:
        layer: the layer.
        tensor: the output that holds z itself, or the quantities side by side, (samples, units · quantities).
        quantities: their names, in order; empty where the output is z.
        shape: the output that holds the shape of z; None where the output is z, and where nobody asks.
        deciding: how many of the quantities, the first ones, decide classes and firing.

    """

    layer: Watched
    tensor: str
    quantities: tuple[str, ...] = ()
    shape: str | None = None
    deciding: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The outputs that a first run has to fetch."""
        return (self.tensor,) if self.shape is None else (self.shape, self.tensor)

    def shape_in(self, arrays: Arrays) -> tuple[int, ...]:
        """The shape of z, from the outputs of a run."""
        return arrays[self.tensor].shape if self.shape is None else tuple(arrays[self.shape].tolist())


def units_first(outputs: Outputs, z: NDArray[Any]) -> NDArray[Any]:
    """Return z as (samples, units, positions)."""
    axis = outputs.layer.before.axis
    moved = z if axis == 1 else np.moveaxis(z, axis, 1)
    return moved.reshape(*moved.shape[:2], math.prod(moved.shape[2:]))
