"""The units of a layer followed through a graph: from the weights that make them to all weights that take them.

Every operator in between must act on each unit by itself. Then a unit can be taken out along the whole way.
"""

from actcli.sources.onnx.graph import Graph, Node
from actcli.sources.onnx.pruning.consumers import Consumers
from actcli.sources.onnx.pruning.layers import made_units, taker_of
from actcli.sources.onnx.pruning.passing import pass_units
from actcli.sources.onnx.pruning.unit_path import StaysError, UnitPath


def follow_units(graph: Graph, consumers: Consumers, maker: Node, units: int) -> UnitPath:
    """Follow the units of a layer from the node that makes them. Raises StaysError with the reason where it is barred.

    maker: a Conv, ConvTranspose, Gemm or MatMul.
    """
    path = UnitPath(maker)
    path.tensors[maker.outputs[0]] = made_units(graph, consumers, path, units)
    for node in graph.nodes:
        inside = [place for place, name in enumerate(node.inputs) if name in path.tensors]
        if not inside:
            continue
        taker = taker_of(graph, consumers, path, node) if inside == [0] else None
        if taker is None:
            pass_units(graph, consumers, path, node)
        else:
            path.takers.append(taker)
    for name in path.tensors:
        if name in consumers.outputs:
            raise StaysError(f"{name!r} is an output of the model")
        if name in consumers.captured:
            raise StaysError(f"{name!r} is used inside a branch or a loop")
    if not path.takers:
        raise StaysError("no weights take them")
    return path


def require_one_way(graph: Graph, path: UnitPath, output: str) -> None:
    """Check that a constant in one tensor is one in all that the next weights take. Raises StaysError.

    It is not where there is a way around the tensor, or where other numbers are added or multiplied on the way.
    """
    if path.mover:
        raise StaysError(path.mover)
    around = {path.maker.outputs[0]} - {output}
    takers = {taker.node.outputs[0] for taker in path.takers}
    for node in graph.nodes:
        if not any(name in around for name in node.inputs):
            continue
        if node.outputs[0] in takers:
            raise StaysError("its values reach the next weights by a way around the activation")
        around |= {name for name in node.outputs if name in path.tensors and name != output}
