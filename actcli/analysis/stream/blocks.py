"""Activations evaluated over streams of blocks: on several threads, in constant memory, in the stream's order."""

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, count
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from actcli.activations import Activation
from actcli.analysis.number_types import LowType, round_to
from actcli.analysis.stream.evaluation import Array, Evaluation, Numbers, derivative_name, value_name
from actcli.analysis.stream.memory import keep_freed_memory
from actcli.exits import ActcliError, DataError, UsageError

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

_ON_THE_COMMAND_LINE = ("arguments", "--range")
_WORTH_A_THREAD = 16384
"""Handing a smaller block to a thread costs more than computing it."""
_LARGE = 1 << 20
"""Elements of a block whose own temporaries are worth being kept."""


def evaluate(f: Activation, numbers: Numbers, threads: int) -> Evaluation:
    """Evaluate f along a stream. Raises UsageError when f does not take the stream's rows."""
    return _along(f, value_name(f.spec), f, numbers, threads, derivative=False)


def differentiate(
    f: Activation,
    numbers: Numbers,
    threads: int,
    *,
    order: int = 1,
    wrt: str = "x",
    at_kink: str = "default",
    jacobian: bool = False,
) -> Evaluation:
    """Evaluate a derivative of f along a stream; by rows the Jacobian's diagonal, or the whole Jacobian.

    Raises UsageError for a derivative that does not exist (see Activation.grad).
    """
    if jacobian:
        f.jacobian(np.ones((1, 0)))  # raises for a function without one, before anything is read
        return _along(f, f"d{f.spec}ᵢ/dxⱼ", f.jacobian, numbers, threads, derivative=True, jacobian=True)
    derivative = partial(f.grad, order=order, wrt=wrt, at_kink=at_kink)
    derivative(np.ones((1, 0)) if f.by_rows else np.ones(1))  # raises for an impossible one
    quantity = derivative_name(f.spec, order, wrt if wrt == "x" else f.resolve_parameter(wrt))
    return _along(f, quantity, derivative, numbers, threads, derivative=True)


def _along(
    f: Activation,
    quantity: str,
    function: Callable[[Array], Array],
    numbers: Numbers,
    threads: int,
    *,
    derivative: bool,
    jacobian: bool = False,
) -> Evaluation:
    shape, width = numbers.shape, f.width
    if numbers.kind is not None:
        function = partial(_call_and_round, function, numbers.kind)
    elif numbers.reference:
        function = partial(_call_in_float64, function)
    if f.by_rows and numbers.origin not in _ON_THE_COMMAND_LINE:
        function, width = (
            partial(_call_on_data, function, numbers.origin),
            partial(_call_on_data, width, numbers.origin),
        )
    if f.by_rows and shape is not None:
        shape = _row_shape(width, shape, numbers.axis, jacobian=jacobian)
    return Evaluation(
        function=f.spec,
        quantity=quantity,
        array=numbers.array,
        dtype=numbers.dtype,
        shape=shape,
        # waiting for more of a live stream would hold an answer back
        blocks=in_order(function, numbers.blocks, 1 if numbers.live else threads, on_disk=numbers.on_disk),
        by_rows=f.by_rows or bool(numbers.columns),
        columns=numbers.columns,
        axis=numbers.axis,
        fortran=numbers.fortran,
        among_others=numbers.among_others,
        derivative=derivative,
        live=numbers.live,
        kind=numbers.kind,
    )


def _call_in_float64(function: Callable[[Array], Array], x: Array) -> Array:
    """Return function(x) computed in float64 and rounded once to the type of x."""
    with np.errstate(invalid="ignore", over="ignore"):
        return function(x.astype(np.float64)).astype(x.dtype)


def _call_and_round(function: Callable[[Array], Array], kind: LowType, x: Array) -> Array:
    """Return function(x) computed in float64 and rounded once to a type that NumPy lacks."""
    with np.errstate(invalid="ignore"):  # of signalling NaN
        exact = x.astype(np.float64)
    return round_to(kind, function(exact))


def _call_on_data(function: Callable[[Any], Any], origin: str, x: Any) -> Any:
    """Return function(x); rows from a file or a stream that it does not take are wrong data."""
    try:
        return function(x)
    except UsageError as error:
        raise DataError(f"{origin}: {error}") from error


def _row_shape(
    width: Callable[[int], int], shape: tuple[int, ...], axis: int | None, *, jacobian: bool
) -> tuple[int, ...]:
    """Return the result's shape: the rows have its length; a Jacobian adds the input's length at the end."""
    at = len(shape) - 1 if axis is None else axis
    result = list(shape)
    result[at] = width(shape[at])
    return (*result, shape[at]) if jacobian else tuple(result)


def in_order(
    function: Callable[[Array], Array], blocks: Iterator[Array], threads: int, *, on_disk: bool = False
) -> Iterator[tuple[Array, Array]]:
    """Yield (block, function(block)) in the blocks' order, computed ahead by at most threads + 1 blocks.

    When the stream fails, the results of the blocks before are yielded before its error is raised. `on_disk`: drawing
    a block waits for nobody; then each thread draws the blocks that it computes.
    """
    if on_disk and threads > 1:
        first = next(blocks, None)
        second, ended_by = _next_or_failure(blocks)
        if first is not None and second is not None and first.size >= _WORTH_A_THREAD:
            yield from _drawn_by_threads(function, chain((first, second), blocks), threads)
            return
        blocks = chain((block for block in (first, second) if block is not None), _failing(ended_by), blocks)
        threads = 1
    if threads == 1:
        for place, values in enumerate(blocks):
            if place or values.size >= _LARGE:  # not worth its time for a single small block
                keep_freed_memory()
            yield values, function(values)
        return
    pool: ThreadPoolExecutor | None = None
    waiting: deque[tuple[Array, Future[Any]]] = deque()
    failure: ActcliError | None = None
    try:
        while failure is None:
            try:
                block = next(blocks, None)
            except ActcliError as error:
                failure = error
                break
            if block is None:
                break
            if block.size < _WORTH_A_THREAD and not waiting:
                yield block, function(block)
                continue
            if pool is None:
                pool = _pool(threads)
            waiting.append((block, pool.submit(function, block)))
            if len(waiting) > threads:
                yield _finished(waiting)
        while waiting:
            yield _finished(waiting)
        if failure is not None:
            raise failure
    finally:
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)


class _Drawn(NamedTuple):
    """A block by its number, and its result or an error; no block after the end."""

    number: int
    block: Array | None
    result: Any
    error: Exception | None


def _drawn_by_threads(
    function: Callable[[Array], Array], blocks: Iterator[Array], threads: int
) -> Iterator[tuple[Array, Array]]:
    """Yield as `in_order` does; each thread draws a block, which then lies in its core's cache, and computes it.

    Where one thread drew for all, a second one gained nothing (measured: 0.19 s for 400 MB instead of 0.09). This
    thread is one of them: with one more, they wait for the interpreter's lock instead.
    """
    from threading import Lock, Semaphore, Thread  # concurrent.futures also loads the logging module

    drawing, finished, stopped = Lock(), deque[_Drawn](), False
    room, ready = Semaphore(threads + 1), Semaphore(0)
    drawn = 0

    def draw() -> _Drawn:
        nonlocal drawn
        with drawing:
            number, drawn = drawn, drawn + 1
            try:
                block = next(blocks, None)
            except Exception as error:  # noqa: BLE001 - raised in its turn, by the thread that yields
                return _Drawn(number, None, None, error)
        try:
            return _Drawn(number, block, None if block is None else function(block), None)
        except Exception as error:  # noqa: BLE001
            return _Drawn(number, block, None, error)

    def work() -> None:
        while room.acquire() and not stopped:
            finished.append(draw())
            ready.release()

    keep_freed_memory()
    others = [Thread(target=work, name="actcli", daemon=True) for _ in range(threads - 1)]
    for other in others:
        other.start()
    found: dict[int, _Drawn] = {}
    try:
        for due in count():
            while due not in found:
                # what the others finished comes first, since it takes the room for more
                if not ready.acquire(blocking=False):
                    if drawn - due < threads and room.acquire(blocking=False):
                        one = draw()
                        found[one.number] = one
                        continue
                    ready.acquire()
                one = finished.popleft()
                found[one.number] = one
            one = found.pop(due)
            if one.error is not None:
                raise one.error
            if one.block is None:
                return
            yield one.block, one.result
            room.release()
    finally:
        stopped = True
        room.release(len(others))
        for other in others:  # a file must not be closed while a thread reads it
            other.join()


def _next_or_failure(blocks: Iterator[Array]) -> tuple[Array | None, ActcliError | None]:
    try:
        return next(blocks, None), None
    except ActcliError as error:
        return None, error


def _failing(failure: ActcliError | None) -> Iterator[Array]:
    """Yield nothing, or raise the error."""
    if failure is not None:
        raise failure
    return
    yield


def _pool(threads: int) -> "ThreadPoolExecutor":
    # this import also loads the logging module, which a few numbers need not wait for
    from concurrent.futures import ThreadPoolExecutor

    keep_freed_memory()
    return ThreadPoolExecutor(threads, "actcli")


def _finished(waiting: "deque[tuple[Array, Future[Any]]]") -> tuple[Array, Array]:
    block, future = waiting.popleft()
    return block, future.result()
