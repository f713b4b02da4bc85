"""Graphs that read the shape of a tensor: harmless where they do not read how many units it has."""

from actcli.sources.onnx.graph import Graph, Node
from actcli.sources.onnx.pruning.consumers import Consumers
from actcli.sources.onnx.pruning.unit_path import StaysError, UnitPlaces

_ENDLESS = 1 << 31


def require_other_lengths(graph: Graph, consumers: Consumers, units: UnitPlaces, node: Node) -> None:
    """Check that nothing takes the number of units from a Shape. Raises StaysError where something does."""
    start, end = node.integer("start", 0), node.integer("end", _ENDLESS)
    read = list(range(units.rank))[start:end]
    output = node.outputs[0]
    if units.axis not in read:
        return
    entry = read.index(units.axis)
    is_hidden = output not in consumers.outputs and output not in consumers.captured
    if is_hidden and all(
        _leaves_out(graph, taker, place, entry, len(read)) for taker, place in consumers.of(output)
    ):
        return
    raise StaysError(f"{node.title!r} (Shape) tells the graph how many there are")


def _leaves_out(graph: Graph, node: Node, place: int, entry: int, length: int) -> bool:
    """Return whether a node reads other entries of a shape than this one."""
    if place or node.op not in {"Gather", "Slice"}:
        return False
    if node.op == "Gather":
        chosen = graph.constant(node.input(1))
        return chosen is not None and entry not in {int(one) % length for one in chosen.reshape(-1)}
    bounds = [graph.constant(name) for name in node.inputs[1:3]]
    steps = graph.constant(node.input(4)) if node.input(4) else None
    if len(bounds) < 2 or any(one is None or one.size != 1 for one in bounds):
        return False
    if node.input(4) and (steps is None or steps.size != 1 or int(steps.reshape(-1)[0]) != 1):
        return False
    first, last = (int(one.reshape(-1)[0]) for one in bounds if one is not None)
    return entry not in range(length)[first:last]
