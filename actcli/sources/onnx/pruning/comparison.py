"""A smaller model beside the model that it came from, on the same samples: outputs, and the sums that changed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.pruning.result import Promise
from actcli.analysis.pruning.rounding import reordering_bound
from actcli.exits import DataError
from actcli.sources.onnx.graph import Graph
from actcli.sources.onnx.load import one_line
from actcli.sources.onnx.model import Model
from actcli.sources.onnx.model_input import Batch
from actcli.sources.onnx.pruning.consumers import Consumers
from actcli.sources.onnx.pruning.cutting import ModelChanges, OperandKey, bias_of, cut, node_key
from actcli.sources.onnx.pruning.unit_path import Taker
from actcli.sources.onnx.running import open_session

_GUARD = 64
"""Times by which an output may move further than it does when the same units stand in another order, or than the
distance of neighbouring floats at its largest value: more is no rounding, but a changed answer."""
Feeds = Callable[[], Iterator[Batch]]


class Runner:
    """A model in onnxruntime, with tensors inside it as further outputs."""

    def __init__(self, model: Model, proto: Any, threads: int, inside: Sequence[str] = ()) -> None:
        own = type(proto)()
        own.CopyFrom(proto)
        outputs = [value.name for value in own.graph.output]
        for name in dict.fromkeys(inside):
            if name not in outputs:
                own.graph.output.add().name = name
                outputs.append(name)
        self._path, self._outputs = model.path, outputs
        self._session = open_session(replace(model, proto=own), threads)

    def __call__(self, feed: Batch) -> dict[str, Any]:
        """Return the outputs by name. Raises DataError with onnxruntime's message when it fails."""
        try:
            return dict(zip(self._outputs, self._session.run(self._outputs, feed), strict=True))
        except Exception as error:  # onnxruntime's errors have no common class
            raise DataError(
                f"{self._path}: does not run without its dead units: {one_line(error)}"
            ) from error


def compare(
    model: Model,
    whole: Any,
    smaller: Any,
    reordered: Any,
    checks: "Sequence[SumCheck]",
    feeds: Feeds,
    samples: int,
    batch: int,
    threads: int,
) -> Promise:
    """Run both models on all samples and compare them.

    reordered: the model with the same units in another order, which says how far rounding moves the outputs. Raises
    DataError where the difference of a changed sum exceeds the bound of rounding, where whole numbers, truths or texts
    among the outputs differ, and where an output moves by more than rounding explains.
    """
    inside = [name for check in checks for name in (check.taken, check.made)]
    old, new, other = (Runner(model, proto, threads) for proto in (whole, smaller, reordered))
    old_inside, new_inside = (Runner(model, proto, threads, inside) for proto in (whole, smaller))
    sums, same_bits = (0.0, 0.0), True
    moved, noise, largest, least = (dict[str, float]() for _ in range(4))
    for feed in feeds():
        before, after, again = old(feed), new(feed), other(feed)
        for name, values in before.items():
            label = f"{model.path}: without its dead units the output {name!r}"
            _raise(moved, name, _difference(label, values, after[name]))
            same_bits = same_bits and _bits(values) == _bits(after[name])
            if isinstance(values, np.ndarray) and values.dtype.kind == "f":
                _raise(noise, name, _largest(values.astype(np.float64) - again[name]))
                _raise(largest, name, _largest(values))
                least[name] = float(np.finfo(values.dtype).eps) * largest[name]
        before, after = old_inside(feed), new_inside(feed)
        for check in checks:
            sums = max(sums, check.difference(before, after))
    for name, own in moved.items():
        if own > _GUARD * max(noise.get(name, 0.0), least.get(name, 0.0)):
            raise DataError(
                f"{model.path}: without its dead units the output {name!r} moves by {own:.2g}, but with the same "
                f"units in another order by {noise[name]:.2g}: more than rounding; nothing is written"
            )
    return Promise(
        samples,
        batch,
        difference=max(moved.values(), default=0.0),
        largest=max(largest.values(), default=0.0),
        reordered=max(noise.values(), default=0.0),
        same_bits=same_bits,
        sum_difference=sums[0],
        sum_bound=sums[1],
    )


def _raise(values: dict[str, float], name: str, value: float) -> None:
    values[name] = max(values.get(name, 0.0), value)


def _bits(values: Any) -> Any:
    return values.tobytes() if isinstance(values, np.ndarray) and values.dtype.kind != "O" else repr(values)


def _difference(label: str, before: Any, after: Any) -> float:
    """Return the largest difference of an output. Raises DataError where rounding cannot explain it."""
    if not isinstance(before, np.ndarray) or before.dtype.kind != "f":
        if _bits(before) != _bits(after):
            raise DataError(f"{label} differs: rounding decides a tie otherwise; nothing is written")
        return 0.0
    if before.shape != after.shape:
        raise DataError(f"{label} has the shape {after.shape}, not {before.shape}; nothing is written")
    finite = np.isfinite(before)
    if not np.array_equal(
        np.where(finite, 0, before), np.where(np.isfinite(after), 0, after), equal_nan=True
    ):
        raise DataError(f"{label} has NaN or inf at other places; nothing is written")
    return _largest(np.where(finite, before, 0).astype(np.float64) - np.where(finite, after, 0))


def _largest(array: NDArray[Any]) -> float:
    """Return the largest absolute value that is finite."""
    finite = np.abs(array[np.isfinite(array)].astype(np.float64))
    return float(finite.max()) if finite.size else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class SumCheck:
    """The sums of one taker, in both models.

    Attributes:
        path: of the model, for messages.
        taker: the node.
        taken, made: the tensor that it takes, and the one that its sums are in, with the bias.
        cuts, made_cuts: the positions that the two lose.
        biases: |b| + |b'|, shaped for the sums.
        old, new: make sum |w| |x| by both models' weights.
        terms: the products of a sum.
        dtype: of the weights.

    """

    path: str
    taker: Taker
    taken: str
    made: str
    cuts: Mapping[int, set[int]]
    made_cuts: Mapping[int, set[int]]
    biases: NDArray[np.float64]
    old: Callable[[NDArray[Any]], NDArray[np.float64]]
    new: Callable[[NDArray[Any]], NDArray[np.float64]]
    terms: int
    dtype: np.dtype[np.floating]

    @classmethod
    def of(
        cls,
        model: Model,
        graph: Graph,
        consumers: Consumers,
        changes: ModelChanges,
        taker: Taker,
        threads: int,
    ) -> "SumCheck":
        """Return the check of a taker whose weights lose something that they take."""
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
        if node.op == "Gemm":
            biases = biases * abs(node.real("beta", 1.0))
        if biases.ndim == 1 and biases.size > 1:
            units = weights.shape[1 - taker.axis]
            biases = np.broadcast_to(biases, units)
            for places in output_cuts.values():
                biases = np.delete(biases, sorted(places))
            if node.op in {"Conv", "ConvTranspose"}:
                biases = biases.reshape(-1, *[1] * (taker.taken.rank - 2))
        elif biases.ndim > 1:
            biases = biases.max()
        absolute = cut(np.abs(weights), output_cuts)
        return cls(
            model.path,
            taker,
            node.inputs[0],
            made,
            changes.tensors[node.inputs[0]],
            changes.tensors.get(made, {}),
            np.asarray(biases),
            _absolute_sums(model, graph, taker, absolute, threads),
            _absolute_sums(model, graph, taker, cut(absolute, input_cuts), threads),
            weights.size // weights.shape[1 - taker.axis],
            weights.dtype,
        )

    def difference(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[float, float]:
        """Return the largest difference of a sum, and its bound. Raises DataError where a bound is exceeded."""
        x, other = before[self.taken], after[self.taken]
        moved = self.new(np.abs(cut(x, self.cuts).astype(np.float64) - other))
        bound = reordering_bound(self.old(np.abs(x)) + self.biases, moved, self.terms, self.dtype)
        sums = cut(before[self.made], self.made_cuts).astype(np.float64)
        with np.errstate(invalid="ignore"):
            # NaN or inf in both is the same answer, as it is among the outputs
            same = (sums == after[self.made]) | (np.isnan(sums) & np.isnan(after[self.made]))
            difference = np.where(same, 0.0, np.abs(sums - after[self.made]))
            if not (same | (difference <= bound)).all():
                where = f"{self.path}: without its dead units the sums of {self.taker.node.title!r}"
                raise DataError(
                    f"{where} move by {np.nanmax(difference):.2g}, more than the bound of rounding; nothing is written"
                )
        if not difference.any():
            return 0.0, 0.0
        place = int(difference.argmax())
        return float(difference.flat[place]), float(np.broadcast_to(bound, difference.shape).flat[place])


def _bias_name(graph: Graph, bias: tuple[OperandKey, str] | None, made: str, output: str, own: str) -> str:
    """The stored bias that is inside the sums which are compared; empty for none."""
    if bias is None or made == output:
        return own
    (_, operand), _ = bias
    return graph.producer[made].inputs[operand]


def _absolute_sums(
    model: Model, graph: Graph, taker: Taker, weights: NDArray[Any], threads: int
) -> Callable[[NDArray[Any]], NDArray[np.float64]]:
    """Return what computes sum |w| |x| as the node computes its sums, in float32, for |x|."""
    from onnx import TensorProto, helper, numpy_helper

    node = taker.node
    attributes = {key: value for key, value in node.attributes.items() if key not in {"alpha", "beta"}}
    if node.op == "Gemm":
        attributes["alpha"] = abs(node.real("alpha", 1.0))
    own = helper.make_node(node.op, ["x", "w"], ["y"], **attributes)
    floats = TensorProto.FLOAT
    # upwards: of nonnegative terms a sum in float32 is at most gamma too small, which the bound has room for
    proto = helper.make_model(
        helper.make_graph(
            [own],
            "sums",
            [helper.make_tensor_value_info("x", floats, [None] * taker.taken.rank)],
            [helper.make_tensor_value_info("y", floats, [None] * taker.taken.rank)],
            [numpy_helper.from_array(weights.astype(np.float32), "w")],
        ),
        opset_imports=[helper.make_opsetid("", graph.opset)],
        ir_version=8,
    )
    run = Runner(model, proto, threads)
    return lambda x: run({"x": x.astype(np.float32)})["y"].astype(np.float64)
