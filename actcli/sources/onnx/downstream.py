"""Units judged where their values leave: after TopK, after a threshold, after the product with another branch.

A unit of an activation may be alive while nothing of it gets through: TopK chooses others, a threshold cuts it off, the
other branch of a gated product (SwiGLU, GEGLU) is 0. What follows watches the tensor that goes on.
"""

from dataclasses import dataclass, replace
from typing import Any

from actcli.sources.onnx.graph import Graph, Node
from actcli.sources.onnx.match import FoundActivation
from actcli.sources.onnx.quantised import is_signed, output_quantisation

NONZERO = "hard_shrink:lambd=1e-45"
"""An output that is 0 or passes: of it, a unit fires where it is not 0."""
_SAME = frozenset({"Cast", "Identity", "Dropout", "QuantizeLinear", "DequantizeLinear"})
_MOVES = frozenset({"Transpose", "Squeeze", "Unsqueeze", "Reshape", "Flatten", "Expand", "Split", "Slice"})
_COMPARISONS = frozenset({"Greater", "GreaterOrEqual", "Less", "LessOrEqual"})
_LOGIC = frozenset({"Equal", "Not", "And", "Or", "Xor"})
_MOST_NODES = 64


def follow_downstream(graph: Graph, activations: tuple[FoundActivation, ...]) -> tuple[FoundActivation, ...]:
    """Return the activations as they are judged: replaced by what is left of them, and with the products added."""
    return _Downstream(graph, activations).all


@dataclass(frozen=True, slots=True)
class _Passed:
    """Nodes that let a part of a tensor pass.

    Attributes:
        source: the tensor whose values pass; it has the units.
        parts: the nodes.
        title: how reports call it.
        activation: the activation of the values; None where there is none.
        is_inside: whether the activation acts on the values that were chosen, so that nobody else sees it.

    """

    source: str
    parts: tuple[Node, ...]
    title: str
    activation: FoundActivation | None
    is_inside: bool = False


class _Downstream:
    def __init__(self, graph: Graph, activations: tuple[FoundActivation, ...]) -> None:
        self._graph = graph
        self._by_output = {found.after: found for found in activations}
        self._claimed = {id(part) for found in activations for part in (found.node, *found.parts)}
        self._consumers: dict[str, list[Node]] = {}
        for node in graph.nodes:
            for name in node.inputs:
                self._consumers.setdefault(name, []).append(node)
        instead: dict[int, FoundActivation] = {}
        added: list[FoundActivation] = []
        for node in graph.nodes:
            if id(node) in self._claimed or not node.outputs:
                continue
            passed = self._selection(node) or self._threshold(node) or self._own_gate(node)
            if passed is None:
                for product, gate in self._product(node):
                    self._by_output[product.after] = product
                    if _is_glu(node) and gate.node.call == node.call:
                        instead[id(gate)] = product  # PyTorch sees one function, whose gate is inside
                    else:
                        added.append(product)
                continue
            source = passed.activation
            if source is None:
                if passed.title == "threshold" and not is_signed(graph, passed.source):
                    continue
                added.append(self._watch(node, passed.title, NONZERO, passed.source))
                continue
            kept = self._watch(
                source.node, f"{source.op}, {passed.title}", NONZERO, passed.source, node.outputs[0]
            )
            if passed.title == "product":
                kept = replace(kept, quantisation=output_quantisation(node))
            elif _is_positive(source):
                kept = replace(kept, spec="relu")
            self._by_output[kept.after] = kept
            if passed.is_inside or self._only_for(source.after, passed):
                instead[id(source)] = kept
            else:
                added.append(replace(kept, node=node))
        order = {id(node): i for i, node in enumerate(graph.nodes)}
        judged = [instead.get(id(found), found) for found in activations] + added
        self.all = tuple(sorted(judged, key=lambda found: order[id(found.node)]))

    def _watch(
        self, node: Node, op: str, spec: str, units_of: str, tensor: str | None = None
    ) -> FoundActivation:
        tensor = node.outputs[0] if tensor is None else tensor
        return FoundActivation(node, op, spec, tensor, tensor, recorded="post", units_like=units_of)

    def _selection(self, node: Node) -> _Passed | None:
        """ScatterElements that puts the values of a TopK back to their places among zeros."""
        if node.op != "ScatterElements" or node.text("reduction") not in {"", "none"}:
            return None
        if not self._is_zero(node.input(0)):
            return None
        indices = self._behind(node.input(1))
        top = self._graph.producer.get(indices)
        if top is None or top.op != "TopK" or indices not in top.outputs[1:]:
            return None
        values, parts = self._behind(node.input(2)), (node, top)
        found = self._by_output.get(values)
        if found is not None and self._behind(found.before) == top.outputs[0]:
            # the activation acts on the chosen values: its units are those of TopK's input
            return _Passed(top.input(0), parts, "TopK", found, is_inside=True)
        if values != top.outputs[0]:
            return None
        return _Passed(top.input(0), parts, "TopK", self._activation_of(top.input(0)))

    def _threshold(self, node: Node) -> _Passed | None:
        """A product with a comparison, or a choice between a value and 0 by one: values beyond a bound pass."""
        if node.op == "Mul" and len(node.inputs) == 2:
            for mask, source in (node.inputs, node.inputs[::-1]):
                compared = self._comparison(mask, self._behind(source))
                if compared is not None:
                    return _Passed(source, (node, compared), "threshold", self._activation_of(source))
            for mask, source in (node.inputs, node.inputs[::-1]):
                found = self._activation_of(source)
                if found is not None and self._is_mask(mask):
                    return _Passed(source, (node,), "mask", found)
        if node.op == "Where" and len(node.inputs) == 3:
            for source, other in (node.inputs[1:], node.inputs[:0:-1]):
                if not self._is_zero(other) or self._graph.constant(source) is not None:
                    continue
                compared = self._comparison(node.inputs[0], self._behind(source))
                if compared is not None:
                    return _Passed(source, (node, compared), "threshold", self._activation_of(source))
                found = self._activation_of(source)
                if found is not None:
                    return _Passed(source, (node,), "Where", found)
        return None

    def _activation_of(self, tensor: str) -> FoundActivation | None:
        """The activation that a tensor comes from, through moves of axes and parts too."""
        for _ in range(_MOST_NODES):
            tensor = self._behind(tensor)
            node = self._graph.producer.get(tensor)
            if tensor in self._by_output or node is None or node.op not in _MOVES:
                break
            tensor = node.input(0)
        return self._by_output.get(tensor)

    def _comparison(self, mask: str, source: str) -> Node | None:
        """The comparison of a value, or of the z that it is made of, that makes a mask."""
        node = self._graph.producer.get(self._behind(mask))
        if node is not None and node.op == "Not":
            node = self._graph.producer.get(self._behind(node.input(0)))
        if node is None or node.op not in _COMPARISONS or len(node.inputs) != 2:
            return None
        found = self._by_output.get(source)
        wanted = {source, self._behind(found.before)} if found is not None else {source}
        return node if any(self._behind(name) in wanted for name in node.inputs) else None

    def _is_mask(self, tensor: str) -> bool:
        """Return whether a tensor holds 0 and 1 (or a scale): a comparison, or ones at the places of a TopK."""
        for _ in range(_MOST_NODES):
            node = self._graph.producer.get(self._behind(tensor))
            if node is None or node.op not in _MOVES:
                break
            tensor = node.input(0)
        if node is not None and node.op == "ScatterElements":
            return self._is_zero(node.input(0)) and bool(self._fill(node.input(2)))
        return node is not None and node.op in _COMPARISONS | _LOGIC

    def _factors(self, node: Node) -> tuple[str, str] | None:
        """The two factors of a product that differ and are not constant."""
        if node.op not in {"Mul", "QLinearMul"}:
            return None
        factors = node.input(0), node.input(3 if node.op == "QLinearMul" else 1)
        if not all(factors) or factors[0] == factors[1]:
            return None
        return None if any(self._graph.constant(name) is not None for name in factors) else factors

    def _own_gate(self, node: Node) -> _Passed | None:
        """The product of x with its own gate in a quantised model: silu, or hard_swish with its Clip folded away.

        In hard_swish the gate is a ReLU of x + c.
        """
        factors = self._factors(node)
        for gate, source in (factors, factors[::-1]) if factors is not None else ():
            found = self._activation_of(gate)
            if found is None or found.quantisation is None:
                continue
            if found.spec == "sigmoid" and self._behind(source) == self._behind(found.before):
                return _Passed(source, (node,), "product", found)
            if not _is_positive(found):
                continue
            folded = found.node.input(0)
            shift = self._graph.producer.get(folded) if found.node.op == "QuantizeLinear" else found.node
            if shift is not None and shift.op in {"Add", "QLinearAdd"}:
                behind = {self._behind(name) for name in shift.inputs if name}
                if self._behind(source) in behind:
                    return _Passed(source, (node,), "product", found)
        return None

    def _product(self, node: Node) -> list[tuple[FoundActivation, FoundActivation]]:
        """The product of an activation with another branch, and the activation.

        None where the other is a constant or scales a channel.
        """
        factors = self._factors(node)
        if factors is None:
            return []
        branches = [self._activation_of(name) for name in factors]
        gate = next((found for found in branches if found is not None), None)
        if gate is None or (all(branches) and self._broadcasts(factors)):
            return []
        product = self._watch(node, "glu" if _is_glu(node) else f"{gate.op} product", NONZERO, "")
        return [(replace(product, quantisation=output_quantisation(node)), gate)]

    def _broadcasts(self, factors: tuple[str, str]) -> bool:
        """Return whether a factor has fewer numbers than the product: the scale of a channel, judged by itself."""
        shapes = [self._graph.shapes.get(name) for name in factors]
        if any(shape is None for shape in shapes):
            return False
        first, second = (shape for shape in shapes if shape is not None)
        return len(first) != len(second) or any(
            (one == 1) != (other == 1) for one, other in zip(first[1:], second[1:], strict=True)
        )

    def _only_for(self, tensor: str, passed: _Passed) -> bool:
        """Return whether every way from a tensor leads through the nodes that let a part of it pass."""
        if self._graph.rank(tensor) != self._graph.rank(passed.source):
            return False  # chosen in the whole batch, where the units cannot be followed
        own = {id(part) for part in passed.parts}
        waiting, seen = [tensor], {tensor}
        while waiting and len(seen) <= _MOST_NODES:
            name = waiting.pop()
            if name in self._graph.outputs:
                return False
            for node in self._consumers.get(name, ()):
                if id(node) not in own and node.op != "Shape":
                    further = [output for output in node.outputs if output and output not in seen]
                    waiting += further
                    seen.update(further)
        return not waiting

    def _behind(self, tensor: str) -> str:
        """The tensor behind changes of type, quantisations, and scaling by a constant."""
        for _ in range(_MOST_NODES):
            node = self._graph.producer.get(tensor)
            if tensor in self._by_output or node is None:
                break
            source = node.input(0) if node.op in _SAME else self._scaled(node)
            if not source:
                break
            tensor = source
        return tensor

    def _scaled(self, node: Node) -> str:
        """The tensor that a node multiplies or divides by a number; empty for any other node."""
        if node.op not in {"Mul", "Div"} or len(node.inputs) != 2:
            return ""
        left, right = node.inputs
        if self._graph.number(right):
            return left
        return right if node.op == "Mul" and self._graph.number(left) else ""

    def _is_zero(self, tensor: str) -> bool:
        return self._fill(tensor) == 0

    def _fill(self, tensor: str) -> float | None:
        """The one number that a tensor is filled with; None for any other tensor."""
        for _ in range(_MOST_NODES):
            number = self._graph.number(tensor)
            node = self._graph.producer.get(tensor)
            if number is not None or node is None:
                return number
            if node.op == "Mul":
                return 0.0 if any(self._graph.number(name) == 0 for name in node.inputs) else None
            if node.op == "ConstantOfShape":
                return _stored_number(node.attributes["value"]) if "value" in node.attributes else 0.0
            if node.op not in _SAME | {"Expand"} or not node.input(0):
                return None
            tensor = node.input(0)
        return None


def _is_glu(node: Node) -> bool:
    return node.call.rstrip("_0123456789") == "glu"


def _is_positive(found: FoundActivation) -> bool:
    """Return whether an activation is 0 or positive, and fires where it is positive."""
    return found.spec is not None and found.spec.split(":")[0] in {"relu", "relu6", "relu_squared"}


def _stored_number(tensor: Any) -> float | None:
    """Return the value of a ConstantOfShape; None for a damaged one."""
    from onnx import numpy_helper

    try:
        return float(numpy_helper.to_array(tensor).reshape(()))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
