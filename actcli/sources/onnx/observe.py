"""A model run on its inputs, and what its units did: onnxruntime computes, few numbers leave it.

Batches run side by side, each on one thread: the numbers do not depend on how many threads there are, and small
operators do not wait for each other.
"""

import math
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.reductions import from_reductions
from actcli.analysis.deadness.unit_state import LayerState, empty_state, merge, place_at
from actcli.analysis.deadness.unit_statistics import observe
from actcli.analysis.deadness.verdict import Unobserved
from actcli.analysis.deadness.watching import Watch
from actcli.exits import DataError, UsageError
from actcli.sources.onnx.inputs import Batch, Inputs
from actcli.sources.onnx.model import Model, ModelLayer
from actcli.sources.onnx.outputs import Arrays, Outputs, units_first
from actcli.sources.onnx.quantities import by_unit, is_clear
from actcli.sources.onnx.reductions import Extension
from actcli.sources.onnx.running import Run, Whole

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

_INPUT = 1 << 18
"""Numbers of input in a batch: enough that starting an operator costs little, few enough for the cache (measured)."""
_MOST_BATCH = 256
_TOKEN = 768
"""A whole number in an input stands for a row of about so many numbers in the model."""
_MOST_HELD = 32
"""Batches whose reductions are put together before they are added to the state."""


def observe_model(
    model: Model, inputs: Inputs, *, batch: int | None = None, threads: int = 1, start: int | None = 0
) -> "Observation":
    """Run a model and watch its layers: an iterator of Watch, whose states grow.

    batch: samples a run; None is chosen by their size. A length that the model fixes is honoured: what is left
    over is filled up and not counted. start: the place of the first sample in the whole data. The first batch
    runs at once, so that what does not fit is said here. Raises UsageError for a batch that the model does not
    take, DataError when the model cannot be run on these inputs.
    """
    return Observation(model, inputs, batch_size(model, inputs, batch), threads, start)


def batch_size(model: Model, inputs: Inputs, asked: int | None) -> int:
    """Samples a run: what the model fixes, what is asked for, or what suits their size."""
    fixed = {size for wanted in model.inputs if (size := wanted.fixed_batch) is not None}
    if len(fixed) > 1:
        raise DataError(
            f"{model.path}: its inputs fix batches of {' and '.join(map(str, sorted(fixed)))} samples, "
            "so that it is not known which axis is the sample"
        )
    if asked is not None and asked < 1:
        raise UsageError(f"--batch {asked}: at least 1 sample is wanted")
    if fixed:
        size = fixed.pop()
        if asked is not None and asked != size:
            raise UsageError(f"--batch {asked}: the model takes batches of {size}, leave --batch out")
        return size
    if asked is not None:
        return min(asked, inputs.samples)
    whole = any(wanted.dtype is not None and wanted.dtype.kind in "iu" for wanted in model.inputs)
    elements = max(inputs.elements, 1) * (_TOKEN if whole else 1)
    return max(1, min(_INPUT // elements, _MOST_BATCH, inputs.samples))


class Observation:
    """The run of a model: drawn from as an iterator of Watch.

    Attributes:
        layers: those that are watched.
        unobserved: the model's own, and layers whose first axis turned out not to be the sample.
        batch: samples a run.

    """

    def __init__(self, model: Model, inputs: Inputs, batch: int, threads: int, start: int | None) -> None:
        self._model, self._inputs, self._start = model, inputs, start
        self.batch = batch
        runs = -(-inputs.samples // batch)
        self._workers = max(1, min(threads, runs))
        # a single run has all threads to itself
        inner = max(1, threads // self._workers)
        with Extension(model.proto, model.opset, set(model.tensors)) as extension:
            self._outputs = extension.all_of(model.watched)
            self._run = Run(model, inputs.origin, self._outputs, inner)
        self._whole = Whole(model, inputs.origin, inner)
        self._batches = inputs.batches(batch)
        count, feed = next(self._batches)
        feed = feed_of(feed, count, batch, model)
        # the other threads need not wait for what the first batch tells of the layers
        self._pool = _pool_of(self._workers)
        self._ahead = [] if self._pool is None else list(self._run_ahead(self._pool))
        self.unobserved: tuple[Unobserved, ...] = model.unobserved
        self.layers: tuple[ModelLayer, ...] = model.layers
        try:
            found = self._run(feed)
        except DataError:
            self._stop()
            raise
        self._leave_out(found, batch)
        self._run.ask_for([outputs.tensor for outputs in self._outputs])
        self._positions = {
            outputs.layer.name: math.prod(outputs.shape_in(found)) // (batch * outputs.layer.units)
            for outputs in self._outputs
        }
        self._first = (count, self._told(feed, count, found))
        self._steps = self._watch()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Watch:
        return next(self._steps)

    def close(self) -> None:
        """Stop; batches on their way are finished and not counted."""
        self._steps.close()
        self._stop()

    def _leave_out(self, found: Arrays, rows: int) -> None:
        """Go on without the layers whose first axis is not the sample, or whose units are others than expected."""
        wrong = {}
        ops = {layer.name: layer.op for layer in self._model.layers}
        for outputs in self._outputs:
            layer, shape = outputs.layer, outputs.shape_in(found)
            place = layer.before
            if len(shape) != (place.rank or 3) or shape[place.axis] != layer.units:
                reason = (
                    f"its shape is {tuple(shape)}, and {layer.units} units on axis {place.axis} were expected"
                )
            elif shape[0] != rows:
                reason = f"its first axis is not the sample: it has {shape[0]} rows for {rows} samples"
            else:
                continue
            wrong[layer.name] = Unobserved(layer.name, ops[layer.name], reason)
        if wrong:
            self._outputs = tuple(outputs for outputs in self._outputs if outputs.layer.name not in wrong)
            self.layers = tuple(layer for layer in self.layers if layer.name not in wrong)
            self.unobserved = (*self.unobserved, *wrong.values())

    def _told(self, feed: Batch, count: int, found: Arrays) -> "list[_Part]":
        """What a run says of each layer; layers of which it does not say enough are run again, whole."""
        parts: list[_Part] = []
        unclear: list[int] = []
        for i, outputs in enumerate(self._outputs):
            layer, array = outputs.layer, found[outputs.tensor][:count]
            positions = self._positions[layer.name]
            if not outputs.quantities and positions == 1:
                parts.append(_Part(numbers=array.reshape(count, layer.units)))
            elif not outputs.quantities:
                parts.append(_Part(state=observe(layer.rule, layer.name, units_first(outputs, array), 0)))
            elif is_clear(outputs, array, positions):
                parts.append(_Part(packed=array))
            else:
                unclear.append(i)
                parts.append(_Part())
        if unclear:
            layers = [self._outputs[i].layer.name for i in unclear]
            for i, state in zip(unclear, self._whole(layers, feed, count), strict=True):
                parts[i] = _Part(state=state)
        return parts

    def _work(self, feed: Batch, count: int) -> "list[_Part]":
        full = feed_of(feed, count, self.batch, self._model)
        return self._told(full, count, self._run(full))

    def _watch(self) -> Generator[Watch, None, None]:
        states = {
            outputs.layer.name: empty_state(outputs.layer.name, outputs.layer.rule, outputs.layer.units)
            for outputs in self._outputs
        }
        held: list[tuple[int, int, list[_Part]]] = []
        done, asked, total = 0, 1, self._inputs.samples
        for count, parts in self._in_order():
            held.append((done, count, parts))
            done += count
            # the first answers come soon, later ones in fewer, larger steps
            if len(held) >= asked or done == total:
                self._add(states, held)
                held, asked = [], min(2 * asked, _MOST_HELD)
            yield Watch(done, total, self._model.path, dict(states))

    def _in_order(self) -> "Iterator[tuple[int, list[_Part]]]":
        """What each batch says, in order; as many run at once as there are workers."""
        pool = self._pool
        if pool is None:
            yield self._first
            for count, feed in self._batches:
                yield count, self._work(feed, count)
            return
        try:
            waiting = deque(self._submitted(pool, self._workers + 1))
            yield self._first
            for count, feed, future in self._ahead:
                yield count, self._told(feed, count, future.result())
            while waiting:
                count, parts = waiting.popleft()
                told = parts.result()
                waiting.extend(self._submitted(pool, 1))
                yield count, told
        finally:
            self._stop()

    def _submitted(
        self, pool: "ThreadPoolExecutor", batches: int
    ) -> "Iterator[tuple[int, Future[list[_Part]]]]":
        for count, feed in islice(self._batches, batches):
            yield count, pool.submit(self._work, feed, count)

    def _run_ahead(self, pool: "ThreadPoolExecutor") -> "Iterator[tuple[int, Batch, Future[Arrays]]]":
        """The next batches on their way, one for each thread but this."""
        for count, feed in islice(self._batches, self._workers - 1):
            full = feed_of(feed, count, self.batch, self._model)
            yield count, full, pool.submit(self._run, full)

    def _stop(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def _add(self, states: dict[str, LayerState], held: "Sequence[tuple[int, int, list[_Part]]]") -> None:
        """Add what some consecutive batches said to the states."""
        for i, outputs in enumerate(self._outputs):
            name = outputs.layer.name
            run: list[_Part] = []
            first = 0
            for at, _, parts in held:
                part = parts[i]
                if part.state is None:
                    first = first if run else at
                    run.append(part)
                    continue
                states[name] = merge(states[name], self._together(outputs, run, first))
                run = []
                states[name] = merge(states[name], place_at(part.state, self._place(at)))
            states[name] = merge(states[name], self._together(outputs, run, first))

    def _together(self, outputs: Outputs, run: "Sequence[_Part]", first: int) -> LayerState:
        """The state of consecutive batches of one layer, by their numbers or quantities."""
        layer = outputs.layer
        if not run:
            return empty_state(layer.name, layer.rule, layer.units)
        if run[0].numbers is not None:
            numbers = np.concatenate([part.numbers for part in run if part.numbers is not None])
            return observe(layer.rule, layer.name, numbers, self._place(first))
        positions = self._positions[layer.name]
        packed = np.concatenate([part.packed for part in run if part.packed is not None])
        quantities = by_unit(outputs, packed, positions)
        state = from_reductions(layer.rule, layer.name, quantities, positions, self._place(first))
        return state if positions == 1 else replace(state, m2=np.full(layer.units, np.nan))

    def _place(self, at: int) -> int | None:
        return None if self._start is None else self._start + at


@dataclass(frozen=True, slots=True)
class _Part:
    """What one batch says of one layer: its state, its quantities side by side, or the numbers of a single position."""

    state: LayerState | None = None
    numbers: NDArray[Any] | None = None
    packed: NDArray[Any] | None = None


def _pool_of(workers: int) -> "ThreadPoolExecutor | None":
    if workers == 1:
        return None
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(workers, "actcli")


def feed_of(batch: Batch, count: int, size: int, model: Model) -> Batch:
    """A batch as long as the model fixes it: the last sample is repeated, and not counted."""
    if count == size or all(wanted.fixed_batch is None for wanted in model.inputs):
        return batch
    scalars = {wanted.name for wanted in model.inputs if wanted.is_scalar}
    return {
        name: array
        if name in scalars
        else np.concatenate([array, np.repeat(array[-1:], size - count, axis=0)])
        for name, array in batch.items()
    }
