"""Where the tensors of a layer are in a model, and what of it leaves the graph."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.firing_rule import Rule

FLOAT, FLOAT16, DOUBLE, BFLOAT16 = 1, 10, 11, 16
Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Place:
    """A tensor of a layer: its name, unit axis and rank, and its ONNX element type, None when not known.

    A rank of 0 is not known; the units lie along the last axis then. single: each unit is known to have one number
    a sample.
    """

    tensor: str
    axis: int
    rank: int
    type: int | None
    units: int
    single: bool = False


@dataclass(frozen=True, slots=True)
class Watched:
    """A layer to observe: its rule, where z and h are, and whether h is exactly the rule's function of z.

    `after` is None where only z can be had; then, and where the rule asks for it, z leaves the graph whole.
    """

    name: str
    units: int
    rule: Rule
    before: Place
    after: Place | None
    same_everywhere: bool


@dataclass(frozen=True, slots=True)
class Outputs:
    """What leaves the graph of a layer.

    Attributes:
        layer: the layer.
        tensor: the output that holds z itself, or side by side the quantities, (samples, units · quantities).
        quantities: their names, in order; none where they are not made.
        shape: the output that holds the shape of z, where z itself does not leave the graph.

    """

    layer: Watched
    tensor: str
    quantities: tuple[str, ...] = ()
    shape: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """What a first run has to give."""
        return (self.tensor,) if self.shape is None else (self.shape, self.tensor)

    def shape_in(self, found: Arrays) -> tuple[int, ...]:
        """The shape of z in what a run gave."""
        return found[self.tensor].shape if self.shape is None else tuple(found[self.shape].tolist())


def units_first(outputs: Outputs, z: NDArray[Any]) -> NDArray[Any]:
    """z as (samples, units, positions)."""
    axis = outputs.layer.before.axis
    return np.moveaxis(z, axis, 1).reshape(z.shape[0], z.shape[axis], -1)
