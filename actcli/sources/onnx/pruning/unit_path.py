"""The way of a layer's units through a graph: where they lie in tensors and in constants."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from actcli.sources.onnx.graph import Node

Indices = NDArray[np.int64]


class StaysError(Exception):
    """The units of a layer cannot be taken out; the message is the reason, without a subject."""


@dataclass(frozen=True, slots=True, eq=False)
class UnitPlaces:
    """Where the units lie in a tensor.

    Attributes:
        axis: the axis, from 0.
        rank: the number of axes.
        length: the length of the axis.
        places: the positions of each unit along the axis, (units, positions).

    """

    axis: int
    rank: int
    length: int
    places: Indices

    def is_like(self, other: "UnitPlaces") -> bool:
        """Return whether the units lie in the same places."""
        mine, theirs = (self.axis, self.rank, self.length), (other.axis, other.rank, other.length)
        return mine == theirs and np.array_equal(self.places, other.places)


class ConstantUse(NamedTuple):
    """A constant operand that has numbers of each unit.

    The node, which of its inputs, the axis of the units, its length, and the places of the units along it.
    """

    node: Node
    operand: int
    axis: int
    length: int
    places: Indices


@dataclass(frozen=True, slots=True, eq=False)
class Taker:
    """A node whose weights take the units.

    Attributes:
        node: the Conv, ConvTranspose, Gemm or MatMul.
        axis: the axis of its weights along which the units lie.
        taken: the places of the units in its input.

    """

    node: Node
    axis: int
    taken: UnitPlaces


@dataclass(slots=True)
class UnitPath:
    """The way of a layer's units.

    Attributes:
        maker: the node that makes them.
        tensors: the places of the units in every tensor on the way.
        constants: the constants on the way that have numbers of each unit, the maker's among them.
        reshapes: the nodes that reshape, each with the entry of the new shape that counts the units.
        takers: the nodes that take them.
        border: what would make a constant other than 0 differ at a border; empty for nothing.
        mover: what puts the units together with a number that is no constant; empty for nothing.

    """

    maker: Node
    tensors: dict[str, UnitPlaces] = field(default_factory=dict)
    constants: list[ConstantUse] = field(default_factory=list)
    reshapes: list[tuple[Node, int]] = field(default_factory=list)
    takers: list[Taker] = field(default_factory=list)
    border: str = ""
    mover: str = ""
