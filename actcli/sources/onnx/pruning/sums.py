"""The sums that lost terms, in both models, and the bound of rounding for each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.pruning.rounding import reordering_bound
from actcli.exits import DataError
from actcli.sources.onnx.graph import Graph
from actcli.sources.onnx.model import Model
from actcli.sources.onnx.pruning.consumers import Consumers
from actcli.sources.onnx.pruning.cutting import Cuts, ModelChanges, OperandKey, bias_of, cut, node_key
from actcli.sources.onnx.pruning.runner import Runner
from actcli.sources.onnx.pruning.unit_path import Taker

_IR = 8


class ChangedSums:
    """The sums of the nodes whose weights lose something that they take."""

    def __init__(
        self,
        model: Model,
        graph: Graph,
        consumers: Consumers,
        changes: ModelChanges,
        takers: Sequence[Taker],
        threads: int,
    ) -> None:
        self._path = model.path
        self._layers = [_layer(graph, consumers, changes, taker, f"{i}") for i, taker in enumerate(takers)]
        self._old, self._new = (
            Runner(model, _absolute_model(graph, which, self._layers), threads) for which in ("old", "new")
        )

    @property
    def tensors(self) -> list[str]:
        """The tensors of both models that `difference` needs."""
        return [name for layer in self._layers for name in (layer.taken, layer.made)]

    def difference(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[float, float]:
        """Return the largest difference of a sum, and its bound. Raises DataError where a bound is exceeded.

        before, after: the tensors of both models.
        """
        absolute = self._old({layer.name: _single(np.abs(before[layer.taken])) for layer in self._layers})
        moved = self._new(
            {
                layer.name: _single(
                    np.abs(cut(before[layer.taken], layer.cuts).astype(np.float64) - after[layer.taken])
                )
                for layer in self._layers
            }
        )
        return max(
            self._of_layer(layer, before, after, absolute[layer.sums], moved[layer.sums])
            for layer in self._layers
        )

    def _of_layer(
        self,
        layer: "_Layer",
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        absolute: NDArray[np.float32],
        moved: NDArray[np.float32],
    ) -> tuple[float, float]:
        bound = reordering_bound(
            absolute.astype(np.float64) + layer.biases, moved.astype(np.float64), layer.terms, layer.dtype
        )
        old, new = cut(before[layer.made], layer.made_cuts).astype(np.float64), after[layer.made]
        with np.errstate(invalid="ignore"):
            # NaN or inf in both is the same answer, as it is among the outputs
            same = (old == new) | (np.isnan(old) & np.isnan(new))
            difference = np.where(same, 0.0, np.abs(old - new))
            if not (same | (difference <= bound)).all():
                raise DataError(
                    f"{self._path}: without its dead units the sums of {layer.title!r} move by "
                    f"{np.nanmax(difference):.2g}, more than the bound of rounding; nothing is written"
                )
        if not difference.any():
            return 0.0, 0.0
        place = int(difference.argmax())
        return float(difference.flat[place]), float(np.broadcast_to(bound, difference.shape).flat[place])


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """The sums of one node.

    Attributes:
        taker: the node.
        name: of its input in the models of absolute sums.
        made: the tensor that its sums are in, with the bias where that changed.
        cuts, made_cuts: the positions that its input and its sums lose.
        biases: |b| + |b'|, shaped for the sums.
        old, new: absolute weights, without the outputs that go; new without the inputs that go, too.
        terms: the products of a sum.
        dtype: of the weights.

    """

    taker: Taker
    name: str
    made: str
    cuts: Cuts
    made_cuts: Cuts
    biases: NDArray[np.float64]
    old: NDArray[Any]
    new: NDArray[Any]
    terms: int
    dtype: np.dtype[np.floating]

    @property
    def title(self) -> str:
        """The name of the node."""
        return self.taker.node.title

    @property
    def taken(self) -> str:
        """The tensor that the node takes."""
        return self.taker.node.inputs[0]

    @property
    def sums(self) -> str:
        """The output of the models of absolute sums."""
        return f"sums{self.name}"


def _layer(graph: Graph, consumers: Consumers, changes: ModelChanges, taker: Taker, name: str) -> _Layer:
    node = taker.node
    weights = graph.constant(node.inputs[1])
    if weights is None:
        raise AssertionError(node.title)
    bias = bias_of(graph, consumers, taker)
    folded = changes.folded.get(bias[0]) if bias is not None else None
    made = bias[1] if bias is not None and folded is not None else node.outputs[0]
    own_cuts = changes.operands.get((node_key(node), 1), {})
    input_cuts = {axis: places for axis, places in own_cuts.items() if axis == taker.axis}
    output_cuts = {axis: places for axis, places in own_cuts.items() if axis != taker.axis}
    stored = graph.constant(_bias_name(graph, bias, made, node.outputs[0], node.input(2)))
    old_bias = np.zeros(1) if stored is None else np.abs(stored.astype(np.float64))
    biases = 2 * old_bias + (0 if folded is None else np.abs(folded))
    outputs = weights.shape[1 - taker.axis]
    absolute = cut(np.abs(weights), output_cuts)
    return _Layer(
        taker,
        name,
        made,
        changes.tensors[node.inputs[0]],
        changes.tensors.get(made, {}),
        _shaped(biases, outputs, output_cuts.values(), taker),
        absolute,
        cut(absolute, input_cuts),
        weights.size // outputs,
        weights.dtype,
    )


def _shaped(
    biases: NDArray[np.float64], outputs: int, cuts: Iterable[set[int]], taker: Taker
) -> NDArray[np.float64]:
    """Return |b| + |b'| shaped for the sums: one for each output that stays, or the largest of all."""
    node = taker.node
    if node.op == "Gemm":
        biases = biases * abs(node.real("beta", 1.0))
    if biases.shape != (outputs,):
        return np.asarray(biases.max())
    for places in cuts:
        biases = np.delete(biases, sorted(places))
    if node.op in {"Conv", "ConvTranspose"}:
        return biases.reshape(-1, *[1] * (taker.taken.rank - 2))
    return biases


def _bias_name(graph: Graph, bias: tuple[OperandKey, str] | None, made: str, output: str, own: str) -> str:
    """The stored bias that is inside the sums which are compared; empty for none."""
    if bias is None or made == output:
        return own
    (_, operand), _ = bias
    return graph.producer[made].inputs[operand]


def _single(array: NDArray[Any]) -> NDArray[np.float32]:
    return np.ascontiguousarray(array, np.float32)


def _absolute_model(graph: Graph, which: str, layers: Sequence[_Layer]) -> Any:
    """Return a model of sum |w| |x| of each layer, as its node computes its sums, in float32.

    Of nonnegative terms a sum in float32 is at most gamma too small, which the bound has room for.
    """
    from onnx import TensorProto, helper, numpy_helper

    nodes, inputs, outputs, weights = [], [], [], []
    for layer in layers:
        node = layer.taker.node
        attributes = {key: value for key, value in node.attributes.items() if key not in {"alpha", "beta"}}
        if node.op == "Gemm":
            attributes["alpha"] = abs(node.real("alpha", 1.0))
        own = f"weights{layer.name}"
        nodes.append(helper.make_node(node.op, [layer.name, own], [layer.sums], **attributes))
        lengths = [None] * layer.taker.taken.rank
        inputs.append(helper.make_tensor_value_info(layer.name, TensorProto.FLOAT, lengths))
        outputs.append(helper.make_tensor_value_info(layer.sums, TensorProto.FLOAT, lengths))
        weights.append(numpy_helper.from_array(_single(layer.old if which == "old" else layer.new), own))
    proto = helper.make_graph(nodes, "sums", inputs, outputs, weights)
    return helper.make_model(proto, opset_imports=[helper.make_opsetid("", graph.opset)], ir_version=_IR)
