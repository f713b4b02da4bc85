"""Dead units taken out of a model: the smaller model as bytes, and what is known about it."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from actcli.analysis.pruning.result import ModelSize, PrunedLayer, Pruning, Staying
from actcli.exits import DataError
from actcli.sources.budget import require_memory
from actcli.sources.onnx.axes import unit_axes
from actcli.sources.onnx.external import is_external, require_inside, take_in
from actcli.sources.onnx.graph import Graph, Node, read_graph
from actcli.sources.onnx.inputs import Samples
from actcli.sources.onnx.load import MOST_BYTES, folder_of, one_line
from actcli.sources.onnx.model import Model
from actcli.sources.onnx.model_input import Batch, feed_of
from actcli.sources.onnx.observe import batch_size
from actcli.sources.onnx.outputs import Watched
from actcli.sources.onnx.pruning.choosing import LAST_UNIT, Range, choose_units, extend_ranges
from actcli.sources.onnx.pruning.comparison import compare
from actcli.sources.onnx.pruning.consumers import Consumers, find_consumers
from actcli.sources.onnx.pruning.cutting import ModelChanges, described_biases, described_cuts, node_key
from actcli.sources.onnx.pruning.following import follow_units, require_one_way
from actcli.sources.onnx.pruning.layers import LINEAR
from actcli.sources.onnx.pruning.runner import Runner
from actcli.sources.onnx.pruning.sums import ChangedSums
from actcli.sources.onnx.pruning.surgery import operand_names, smaller_model
from actcli.sources.onnx.pruning.timing import time_in_turn
from actcli.sources.onnx.pruning.unit_path import StaysError, Taker, UnitPath

_COPIES = 8
"""The model, the smaller one, and both as they are serialized and parsed in two sessions each."""


def prune_model(
    model: Model,
    samples: Samples,
    dead: Mapping[str, Sequence[int]],
    target: str,
    *,
    batch: int | None = None,
    threads: int = 1,
    memory: int | None = None,
    on_box: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[bytes | None, Pruning]:
    """Take dead units out of a model, and compare both models on the samples.

    dead: the dead units of each layer, by its name. target: the name of the file, which is not written here.
    on_box: whether the units are proved dead on a box: then their values must reach the next weights through the
    activation alone. progress: is told how many samples are done, of how many: each is run twice. Returns the bytes of
    the smaller model, None where no unit can go. Raises DataError where the smaller model gives other answers than
    rounding explains, or does not pass onnx.checker; for a model larger than 1 GB; and for memory.
    """
    whole = _with_weights(model, memory)
    graph = read_graph(whole, folder_of(model.path), model.path)
    consumers = find_consumers(graph)
    paths, staying = _paths(model, graph, consumers, dead, on_box=on_box)
    size = batch_size(model, samples, batch)

    def feeds(done: int) -> Iterator[Batch]:
        for count, feed in samples.batches(size):
            yield feed_of(feed, count, size, samples.inputs)
            done += count
            progress(done, 2 * samples.samples)

    outputs = {layer.name: _output(layer) for layer in model.watched}
    ranges = _measure(model, whole, paths, outputs, feeds(0), threads)
    changes, gone = ModelChanges(), dict[str, set[int]]()
    layers = []
    for name, units in dead.items():
        if name in staying:
            layers.append(PrunedLayer(name, _units(model, name), (), (Staying(tuple(units), staying[name]),)))
            continue
        path = paths[name]
        removed, stay = choose_units(
            graph,
            consumers,
            path,
            outputs[name],
            units,
            gone.setdefault(node_key(path.maker), set()),
            ranges,
            changes,
        )
        layers.append(PrunedLayer(name, _units(model, name), removed, stay))
    if not changes.operands:
        return None, Pruning(target, tuple(layers))
    smaller = smaller_model(model, whole, graph, consumers, changes)
    _require_valid(model.path, whole, smaller)
    reverse = ModelChanges()
    for path in {node_key(path.maker): path for path in paths.values()}.values():
        if gone.get(node_key(path.maker)):
            reverse.reverse(path)
    reordered = smaller_model(model, whole, graph, consumers, reverse)
    takers = _changed_takers(paths.values(), changes)
    sums = ChangedSums(model, graph, consumers, changes, takers, threads)
    count = samples.samples
    promise = compare(model, whole, smaller, reordered, sums, feeds(count), count, size, threads)
    seconds, ratio = time_in_turn(
        Runner(model, whole, threads), Runner(model, smaller, threads), next(feeds(0))
    )
    data = smaller.SerializeToString()
    before, after = (
        ModelSize(_parameters(proto), nbytes, taken)
        for proto, nbytes, taken in zip((whole, smaller), (whole.ByteSize(), len(data)), seconds, strict=True)
    )
    names = operand_names(whole, changes)
    cuts, biases = described_cuts(changes, names), described_biases(changes, names)
    return data, Pruning(target, tuple(layers), cuts, biases, before, after, promise, ratio)


def _with_weights(model: Model, memory: int | None) -> Any:
    """Return a copy of a model with the weights of other files inside. Raises DataError for more than 2 GB."""
    folder = folder_of(model.path)
    external = [tensor for tensor in model.proto.graph.initializer if is_external(tensor)]
    total = model.proto.ByteSize() + sum(require_inside(tensor, folder, model.path) for tensor in external)
    if total > MOST_BYTES // 2:
        raise DataError(
            f"{model.path}: has {total:,} bytes with its weights; --prune takes models up to 1 GB"
        )
    require_memory(_COPIES * total, memory, f"{model.path}: taking units out")
    whole = type(model.proto)()
    whole.CopyFrom(model.proto)
    for tensor in whole.graph.initializer:
        if is_external(tensor):
            take_in(tensor, folder)
    return whole


def _paths(
    model: Model,
    graph: Graph,
    consumers: Consumers,
    dead: Mapping[str, Sequence[int]],
    *,
    on_box: bool,
) -> tuple[dict[str, UnitPath], dict[str, str]]:
    """Return the way of each layer's units, or the reason why all of them stay."""
    axes = unit_axes(graph)
    layers = {layer.name: layer for layer in model.watched}
    paths: dict[str, UnitPath] = {}
    reasons: dict[str, str] = {}
    for name in dead:
        layer = layers[name]
        units = axes.get(layer.before.tensor)
        maker: Node | None = None if units is None else units.layer
        if layer.units == 1:
            reasons[name] = LAST_UNIT
        elif maker is None or maker.op not in LINEAR:
            reasons[name] = "no single Conv, Gemm or MatMul makes its units"
        else:
            try:
                path = follow_units(graph, consumers, maker, layer.units)
                _require_same_units(path, layer)
                if on_box:
                    require_one_way(graph, path, _output(layer))
            except StaysError as reason:
                reasons[name] = str(reason)
            else:
                paths[name] = path
    return paths, reasons


def _require_same_units(path: UnitPath, layer: Watched) -> None:
    """Check that a layer's units are those of the weights, in the same order. Raises StaysError."""
    own = path.tensors.get(layer.before.tensor)
    if _output(layer) not in path.tensors:
        raise StaysError("its outputs are not on the way from its weights to the next ones")
    axis = layer.before.axis % max(layer.before.rank, 1) if layer.before.rank else -1
    if own is None or (axis not in {-1, own.axis}) or own.places.shape != (layer.units, 1):
        raise StaysError(f"its units are not those of {path.maker.title!r} ({path.maker.op})")
    if own.length != layer.units or not np.array_equal(own.places[:, 0], np.arange(layer.units)):
        raise StaysError(f"its units are not those of {path.maker.title!r} ({path.maker.op}) in their order")


def _output(layer: Watched) -> str:
    """The tensor h of a layer; z where that is what was recorded."""
    return (layer.before if layer.after is None else layer.after).tensor


def _units(model: Model, name: str) -> int:
    return next(layer.units for layer in model.layers if layer.name == name)


def _measure(
    model: Model,
    whole: Any,
    paths: Mapping[str, UnitPath],
    outputs: Mapping[str, str],
    feeds: Iterator[Batch],
    threads: int,
) -> dict[str, Range]:
    """Return the ranges of the layers' outputs and of what weights take on these ways, over all samples."""
    taken = {taker.node.inputs[0]: taker.taken for path in paths.values() for taker in path.takers}
    taken |= {outputs[name]: path.tensors[outputs[name]] for name, path in paths.items()}
    ranges = {name: Range.none(own.length) for name, own in taken.items()}
    if ranges:
        run = Runner(model, whole, threads, list(ranges))
        axes = {name: own.axis for name, own in taken.items()}
        for feed in feeds:
            extend_ranges(ranges, axes, run(feed))
    return ranges


def _changed_takers(paths: Any, changes: ModelChanges) -> list[Taker]:
    """The nodes whose weights lose something that they take, each once."""
    takers = {node_key(taker.node): taker for path in paths for taker in path.takers}
    return [taker for key, taker in takers.items() if taker.axis in changes.operands.get((key, 1), {})]


def _require_valid(path: str, whole: Any, smaller: Any) -> None:
    """Check the smaller model as strictly as the old one holds. Raises DataError where either fails onnx.checker."""
    from onnx import checker

    for proto, what in ((whole, "the model"), (smaller, "the model without its dead units")):
        try:
            checker.check_model(proto)
        except Exception as error:  # onnx's errors have no common class
            raise DataError(f"{path}: {what} does not pass onnx.checker: {one_line(error)}") from error
    try:
        checker.check_model(whole, full_check=True)
    except Exception:  # noqa: BLE001 - its shapes were wrong before
        return
    try:
        checker.check_model(smaller, full_check=True)
    except Exception as error:
        raise DataError(
            f"{path}: the shapes of the model without its dead units do not fit: {one_line(error)}"
        ) from error


def _parameters(proto: Any) -> int:
    """The floating-point numbers that a model stores."""
    from onnx import TensorProto

    floats = {TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.BFLOAT16}
    made = (
        attribute.t
        for node in proto.graph.node
        if node.op_type == "Constant"
        for attribute in node.attribute
        if attribute.HasField("t")
    )
    tensors = (*proto.graph.initializer, *made)
    return sum(math.prod(tensor.dims) for tensor in tensors if tensor.data_type in floats)
