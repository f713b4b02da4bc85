"""The uses of each tensor of a graph: nodes, branches inside nodes, outputs of the model."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from actcli.sources.onnx.graph import Graph, Node, as_node, subgraphs


@dataclass(frozen=True, slots=True)
class Consumers:
    """Who takes each tensor.

    Attributes:
        by_tensor: the nodes that take a tensor, each with the number of the input.
        captured: tensors that are named inside branches and loop bodies.
        outputs: tensors that the model returns.

    """

    by_tensor: dict[str, list[tuple[Node, int]]]
    captured: frozenset[str]
    outputs: frozenset[str]

    def of(self, tensor: str) -> list[tuple[Node, int]]:
        """The nodes that take a tensor."""
        return self.by_tensor.get(tensor, [])

    def is_shared(self, tensor: str) -> bool:
        """Return whether a constant has more than one use, so that it cannot be changed for one alone."""
        return len(self.of(tensor)) > 1 or tensor in self.captured or tensor in self.outputs


def find_consumers(graph: Graph) -> Consumers:
    """Find the uses of all tensors, in one pass over the nodes."""
    by_tensor: dict[str, list[tuple[Node, int]]] = {}
    captured: set[str] = set()
    for node in graph.nodes:
        for place, name in enumerate(node.inputs):
            if name:
                by_tensor.setdefault(name, []).append((node, place))
        for _, inner in subgraphs(node):
            captured |= set(_names_inside(inner))
    return Consumers(by_tensor, frozenset(captured), graph.outputs)


def _names_inside(graph: Any) -> Iterator[str]:
    """Yield every tensor that a branch names; some are its own, which does no harm."""
    yield from (value.name for value in graph.output)
    for proto in graph.node:
        yield from proto.input
        for _, inner in subgraphs(as_node(proto)):
            yield from _names_inside(inner)
