"""A model run on its inputs, and the statistics of its units: onnxruntime computes, few numbers leave it.

Batches run side by side, each on one thread: the numbers do not depend on the number of threads, and small operators do
not wait for each other. Groups of batches merge in a tree, so that one machine and many give the same bits.
"""

import math
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, Self

import numpy as np

from actcli.analysis.deadness.batches import BatchedLayer, BatchPart, kept_samples
from actcli.analysis.deadness.unit_state import LayerState, merge
from actcli.analysis.deadness.verdict import Unobserved
from actcli.analysis.deadness.watching import Snapshot
from actcli.analysis.stream.merge_tree import MergeTree
from actcli.exits import DataError, UsageError
from actcli.sources.budget import require_memory
from actcli.sources.onnx.inputs import Samples
from actcli.sources.onnx.model import Model, ModelLayer
from actcli.sources.onnx.model_input import Batch, ModelInput, cut_batches, fed_rows, feed_of
from actcli.sources.onnx.outputs import Arrays, units_first
from actcli.sources.onnx.reductions import Extension
from actcli.sources.onnx.running import ModelRun, Whole

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

_INPUT = 1 << 18
"""Numbers of input per batch: enough that starting an operator costs little, few enough for the cache (measured)."""
_MOST_BATCH = 256
_TOKEN = 768
"""A whole number in an input, a token, stands for a row of about so many numbers in the model."""
_MOST_IN_GROUP, _GROUP_BYTES = 256, 1 << 25
"""Batches, and bytes, of results that are put together before they are added to the state."""
_BYTES = 16
"""Bytes for each number of input in a batch: drawn in float64, converted, stacked (measured)."""


def observe_model(
    model: Model,
    inputs: Samples,
    *,
    batch: int | None = None,
    threads: int = 1,
    start: int | None = 0,
    memory: int | None = None,
    mask: str | None = None,
    quick: int | None = None,
) -> "Observation":
    """Run a model and watch its layers: an iterator of Snapshot with growing states.

    batch: samples per run; None chooses by their size. Where the model fixes the length of a batch, the last one is
    filled up with samples that are not counted. start: the place of the first sample in the whole data. memory: the
    bytes that may be used; None for half of what is available. mask: the input that holds 1 for each position that
    counts and 0 for padding; then the values themselves leave the model. quick: the place of the first sample in the
    whole data, by which the elements of few samples are counted (`deadness.quick`); None to count those of all. The
    first batch runs at once, so that errors are raised here: UsageError for a batch that the model does not take, or a
    mask that is no input of it; DataError when it cannot be run on these inputs.
    """
    if mask is not None:
        _require_input(mask, inputs.inputs)
    size = batch_size(model, inputs, batch)
    if quick is not None and batch is None:
        size = 1 << (size.bit_length() - 1)  # the rule cuts no such batch
    copies = min(threads, -(-inputs.samples // size)) + 1
    remedy = "" if batch is None else f"use a smaller batch than {batch}"
    require_memory(
        _BYTES * size * max(inputs.elements, 1) * copies,
        memory,
        f"{model.path}: a batch of {size:,} samples",
        remedy,
    )
    try:
        return Observation(model, inputs, size, threads, start, mask, quick)
    except DataError:
        states = any(one.axis is None and not one.is_scalar for one in inputs.inputs)
        if batch is not None or size == 1 or not states:
            raise
    # a recurrent state of one sample takes one sample at a time
    return Observation(model, inputs, 1, threads, start, mask, quick)


def _require_input(mask: str, inputs: Sequence[ModelInput]) -> None:
    """Raise UsageError for a mask that is no input with samples."""
    names = [one.name for one in inputs if one.axis == 0]
    if mask not in names:
        raise UsageError(
            f"--mask {mask}: the model has no input of that name; its inputs are {', '.join(names)}"
        )


def batch_size(model: Model, inputs: Samples, batch: int | None) -> int:
    """Samples per run: as the model fixes them, else `batch`, else by their size. Raises what observe_model raises."""
    fixed = {size for model_input in inputs.inputs if (size := model_input.fixed_batch) is not None}
    if len(fixed) > 1:
        raise DataError(
            f"{model.path}: its inputs take batches of {' and '.join(map(str, sorted(fixed)))}, "
            "so it is not clear which axis holds the samples"
        )
    if batch is not None and batch < 1:
        raise UsageError(f"--batch {batch}: at least 1 sample is needed")
    if fixed:
        size = fixed.pop()
        if batch is not None and batch != size:
            raise UsageError(f"--batch {batch}: the model takes batches of {size}; leave --batch out")
        return size
    if batch is not None:
        return min(batch, inputs.samples)
    whole = any(
        model_input.dtype is not None and model_input.dtype.kind in "iu" for model_input in model.inputs
    )
    elements = max(inputs.elements, 1) * (_TOKEN if whole else 1)
    return max(1, min(_INPUT // elements, _MOST_BATCH, inputs.samples))


class ModelObserver:
    """A model with its sessions; `run_first` must be called before `parts`.

    Attributes:
        layers: the layers that are watched.
        unobserved: the model's own, and layers whose first axis turned out not to hold the samples.
        batched: the watched layers, as their batches arrive.

    """

    def __init__(
        self, model: Model, origin: str, threads: int, mask: str | None = None, *, quick: bool = False
    ) -> None:
        self._model, self._mask = model, mask
        with Extension(model.proto, model.opset, set(model.tensors)) as extension:
            # of masked samples no quantity over all positions tells anything
            self._outputs = (
                extension.all_of(model.watched)
                if mask is None
                else tuple(extension.whole(layer) for layer in model.watched)
            )
            self.run = ModelRun(model, origin, self._outputs, threads)
        # where elements are counted on few samples, the others have a session of their own, without those counts
        self._few, self.few_run = self._outputs, self.run
        if quick and any(outputs.quantities for outputs in self._outputs):
            with Extension(model.proto, model.opset, set(model.tensors)) as extension:
                self._few = extension.all_of(model.watched, describe=False)
                self.few_run = ModelRun(model, origin, self._few, threads)
        self._whole = Whole(model, origin, threads)
        self.unobserved: tuple[Unobserved, ...] = model.unobserved
        self.layers: tuple[ModelLayer, ...] = model.layers
        self.batched: list[BatchedLayer] = []
        self._settling = Lock()

    def run_of(self, counted: bool) -> ModelRun:
        """Return the session for samples that are counted, or for others."""
        return self.run if counted else self.few_run

    def run_first(self, feed: Batch, rows: int) -> Arrays:
        """Run the first batch, which tells the layers' shapes. Raises DataError where the model does not run."""
        arrays = self.run(feed)
        self._leave_out(arrays, rows, None if self._mask is None else math.prod(feed[self._mask].shape[1:]))
        self.run.ask_for([outputs.tensor for outputs in self._outputs])
        if self.few_run is not self.run:
            self.few_run.ask_for([outputs.tensor for outputs in self._few])
        self.batched = [
            BatchedLayer(
                outputs.layer.name,
                outputs.layer.rule,
                outputs.layer.units,
                math.prod(outputs.shape_in(arrays)) // (rows * outputs.layer.units),
                outputs.quantities,
                outputs.deciding,
            )
            for outputs in self._outputs
        ]
        return arrays

    def _leave_out(self, arrays: Arrays, rows: int, positions: int | None) -> None:
        """Drop the layers whose first axis does not hold the samples, or whose shape differs from the expected one.

        `positions` are those of the mask, None without one; layers of several others are dropped too.
        """
        wrong = {}
        ops = {layer.name: layer.op for layer in self._model.layers}
        for outputs in self._outputs:
            layer, shape = outputs.layer, outputs.shape_in(arrays)
            place = layer.before
            if len(shape) != (place.rank or 3) or shape[place.axis] != layer.units:
                reason = (
                    f"its shape is {tuple(shape)}; {layer.units} units on axis {place.axis} were expected"
                )
            elif shape[0] != rows:
                reason = (
                    f"its first axis does not hold the samples: it has {shape[0]} rows for {rows} samples"
                )
            elif positions is not None and math.prod(shape) // (rows * layer.units) not in {1, positions}:
                reason = f"its shape is {tuple(shape)}; the mask has {positions} positions for each sample"
            else:
                continue
            wrong[layer.name] = Unobserved(layer.name, ops[layer.name], reason)
        if wrong:
            self._outputs, self._few = (
                tuple(outputs for outputs in each if outputs.layer.name not in wrong)
                for each in (self._outputs, self._few)
            )
            self.layers = tuple(layer for layer in self.layers if layer.name not in wrong)
            self.unobserved = (*self.unobserved, *wrong.values())

    def parts(
        self, feed: Batch, count: int, arrays: Arrays, *, counted: bool = True, first: bool = False
    ) -> list[BatchPart]:
        """A batch's part of the statistics of each layer; layers whose quantities do not suffice are run again.

        counted: whether the elements of these samples count. first: whether the arrays are those of `run_first`.
        """
        fetched = self._outputs if counted or first else self._few
        packed = [arrays[outputs.tensor] for outputs in fetched if outputs.quantities]
        # one look at all layers costs less than many
        finite = bool(packed) and bool(np.isfinite(np.concatenate(packed, axis=1)).all())
        parts = []
        for outputs, layer in zip(fetched, self.batched, strict=True):
            array = arrays[outputs.tensor]
            if self._mask is not None:
                parts.append(
                    layer.part_of_masked(units_first(outputs, array)[:count], feed[self._mask][:count])
                )
                continue
            if not outputs.quantities:
                values = units_first(outputs, array)
            else:
                values = array if counted else array[:, : outputs.deciding * layer.units]
            part = layer.part(values[:count], finite=finite)
            parts.append(part or layer.part_of_values(self._whole(layer.name, feed)[:count], counted=counted))
        return parts

    def groups(
        self, samples: Samples, size: int, groups: Sequence[range], start: int, quick: int | None = None
    ) -> Iterator[tuple[LayerState, ...]]:
        """Yield the statistics of consecutive groups of batches, which begin with the first of the samples.

        start: the place of that sample in the whole data; with a mask, each group's places count from its own first.
        quick: the place by which the elements of few samples are counted; None to count those of all.
        """
        batches = cut_batches(samples.batches(size), samples.inputs, quick)
        for group in groups:
            held: list[tuple[int, list[BatchPart]]] = []
            left = min(len(group) * size, samples.samples - (group.start - groups[0].start) * size)
            place = start if self._mask is None else 0
            while left:
                count, feed, counted = next(batches)
                full = feed_of(feed, count, size, samples.inputs)
                with self._settling:  # several threads of a worker share it
                    first = not self.batched
                    arrays = self.run_first(full, fed_rows(count, size, samples.inputs)) if first else {}
                arrays = arrays if first else self.run_of(counted)(full)
                parts = self.parts(full, count, arrays, counted=counted, first=first)
                held.append((place, parts))
                place += count if self._mask is None else kept_samples(parts)
                start += count
                left -= count
            yield tuple(
                layer.state((begin, parts[i]) for begin, parts in held)
                for i, layer in enumerate(self.batched)
            )


class Observation:
    """The run of a model, an iterator of Snapshot.

    Attributes:
        layers: the layers that are watched.
        unobserved: the model's own, and layers whose first axis turned out not to hold the samples.
        batch: samples per run.
        most_in_group: batches whose results are put together, at most.

    """

    def __init__(
        self,
        model: Model,
        inputs: Samples,
        batch: int,
        threads: int,
        start: int | None,
        mask: str | None = None,
        quick: int | None = None,
    ) -> None:
        self._path, self._inputs, self._start, self._masked = model.path, inputs, start, mask is not None
        self.batch = batch
        self._runs = -(-inputs.samples // batch)
        self._workers = max(1, min(threads, self._runs))
        # a single run has all threads to itself
        inner = max(1, threads // self._workers)
        self._observer = ModelObserver(model, inputs.origin, inner, mask, quick=quick is not None)
        self._batches = cut_batches(inputs.batches(batch), inputs.inputs, quick)
        count, feed, counted = next(self._batches)
        feed = feed_of(feed, count, batch, inputs.inputs)
        # the other threads need not wait for the first batch, which tells the layers' shapes
        self._pool = _thread_pool(self._workers)
        self._ahead = [] if self._pool is None else list(self._run_ahead(self._pool))
        try:
            arrays = self._observer.run_first(feed, fed_rows(count, batch, inputs.inputs))
        except DataError:
            self._stop()
            raise
        self.unobserved: tuple[Unobserved, ...] = self._observer.unobserved
        self.layers: tuple[ModelLayer, ...] = self._observer.layers
        first = self._observer.parts(feed, count, arrays, counted=counted, first=True)
        nbytes = sum(part.nbytes for part in first)
        self.most_in_group = max(1, min(_GROUP_BYTES // max(nbytes, 1), _MOST_IN_GROUP))
        self._first = (count, first)
        self._steps = self._watch()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Snapshot:
        return next(self._steps)

    def close(self) -> None:
        """Stop; batches under way are finished and not counted."""
        self._steps.close()
        self._stop()

    def _work(self, feed: Batch, count: int, counted: bool) -> list[BatchPart]:
        full = feed_of(feed, count, self.batch, self._inputs.inputs)
        return self._observer.parts(full, count, self._observer.run_of(counted)(full), counted=counted)

    def _watch(self) -> Generator[Snapshot, None, None]:
        layers = self._observer.batched
        trees = {layer.name: MergeTree(merge) for layer in layers}
        states = {layer.name: layer.state([]) for layer in layers}
        held: list[tuple[int | None, list[BatchPart]]] = []
        done, counted, total = 0, 0, self._inputs.samples
        groups = groups_of_batches(self._runs, self.most_in_group)
        end = next(groups).stop * self.batch
        for count, parts in self._in_order():
            held.append((None if self._start is None else self._start + counted, parts))
            done += count
            counted += kept_samples(parts) if self._masked else count
            if done in {end, total}:
                for i, layer in enumerate(layers):
                    trees[layer.name].append(layer.state((place, batch[i]) for place, batch in held))
                    states[layer.name] = trees[layer.name].total or states[layer.name]
                held, end = [], next(groups, range(0)).stop * self.batch
            yield Snapshot(done, total, self._path, dict(states))

    def _in_order(self) -> "Iterator[tuple[int, list[BatchPart]]]":
        """Yield each batch's parts in order; as many batches run at once as there are workers."""
        pool = self._pool
        if pool is None:
            yield self._first
            for count, feed, counted in self._batches:
                yield count, self._work(feed, count, counted)
            return
        try:
            waiting = deque(self._submit(pool, self._workers + 1))
            yield self._first
            for count, feed, counted, future in self._ahead:
                yield count, self._observer.parts(feed, count, future.result(), counted=counted)
            while waiting:
                count, future_parts = waiting.popleft()
                parts = future_parts.result()
                waiting.extend(self._submit(pool, 1))
                yield count, parts
        finally:
            self._stop()

    def _submit(
        self, pool: "ThreadPoolExecutor", batches: int
    ) -> "Iterator[tuple[int, Future[list[BatchPart]]]]":
        for count, feed, counted in islice(self._batches, batches):
            yield count, pool.submit(self._work, feed, count, counted)

    def _run_ahead(self, pool: "ThreadPoolExecutor") -> "Iterator[tuple[int, Batch, bool, Future[Arrays]]]":
        """Start the next batches, one for each other thread."""
        for count, feed, counted in islice(self._batches, self._workers - 1):
            full = feed_of(feed, count, self.batch, self._inputs.inputs)
            yield count, full, counted, pool.submit(self._observer.run_of(counted), full)

    def _stop(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)


def groups_of_batches(batches: int, most: int) -> Iterator[range]:
    """Yield the batches in groups of 1, 2, 4 and so on to `most`: the first results come soon, others in few steps."""
    first, size = 0, 1
    while first < batches:
        yield range(first, min(first + size, batches))
        first, size = first + size, min(2 * size, most)


def _thread_pool(workers: int) -> "ThreadPoolExecutor | None":
    if workers == 1:
        return None
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(workers, "actcli")
