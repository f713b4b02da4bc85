"""Nanoseconds an element: the core's f and f' beside relu's, and beside other libraries', in interleaved rounds."""

import math
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from statistics import median
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation, activation
from actcli.analysis.compare.result import (
    Bars,
    Chart,
    Column,
    Comparison,
    Contender,
    Record,
    Step,
    Steps,
    Value,
)
from actcli.analysis.stream.memory import keep_freed_memory
from actcli.exits import UsageError

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

What = Literal["f", "gradient"]
Clock = Callable[[], float]
Timed = Callable[[], object]

SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
TYPES = ("float32", "float64")
_WHAT: tuple[What, ...] = ("f", "gradient")
_ROUNDS = {1_000: 31, 10_000: 21, 100_000: 11, 1_000_000: 5}
_FEWEST_ROUNDS = 3
"""Of the largest arrays; and of fewer complete ones, where it was cut short, nothing is told."""
_AT_ONCE = 10_000
"""Elements that one reading of the clock covers at least: small arrays are run several times."""
_WARMED_UP = 1_000_000
"""For larger arrays only what is compiled for each size needs warming up."""
_PIECE = 1 << 18
"""How much of a large array is handed to a thread at a time, as arrays come from files."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Another library that is timed.

    Attributes:
        name, version: `torch`, `2.13`.
        load: a NumPy array to what the library's functions take; done once, not timed.
        prepare: an activation and the order (0 for f, 1 for f') to a maker of what is timed; None where the
            library has no such function.
        use_threads: tell it how many threads to use.
        note: how it is timed, in a sentence.
        compiles: it does so at the first call with an array of another size.

    """

    name: str
    version: str
    load: Callable[[NDArray[Any]], Any]
    prepare: Callable[[Activation, int], Callable[[Any], Timed] | None]
    use_threads: Callable[[int], None]
    note: str = ""
    compiles: bool = False


def compare_speed(
    functions: Sequence[Activation],
    peers: Sequence[Peer],
    threads: int,
    seed: int,
    *,
    clock: Clock = time.perf_counter,
    sizes: Sequence[int] = SIZES,
) -> Steps:
    """Time f and f' on numbers from N(0, 1), for each size in float32 and float64; relu is always there to compare.

    In each round every contender runs once, in an order drawn anew from `seed`. The time is the median of the
    rounds, `low` and `high` the fastest and the slowest, `relative` the median of the rounds' quotients by relu. The
    core works on `threads` threads where an array has several pieces of 262144. The columns are those of the
    largest size that was measured; `sizes` in the details holds all. What is known in between is of complete
    rounds, three at least. `clock` gives seconds. Raises UsageError for no function, one over rows, and fewer than
    one thread.
    """
    if not functions:
        raise UsageError("a comparison by speed needs a function")
    if threads < 1:
        raise UsageError(f"--threads is a whole number from 1 on, not {threads}")
    for f in functions:
        if f.by_rows:
            raise UsageError(f"{f.spec} works over rows; --by speed compares functions of one number")
    return _compared(tuple(functions), tuple(peers), threads, seed, clock, tuple(sizes))


@dataclass(frozen=True, slots=True)
class _Entry:
    """One contender: how it is called, and for each of f and f' what makes it ready for an array."""

    label: str
    peer: Peer | None
    makers: dict[What, Callable[[Any], Timed]]


@dataclass(frozen=True, slots=True)
class _Cell:
    """What is timed together: arrays of one type and size."""

    dtype: str
    size: int

    def __str__(self) -> str:
        """How it is called in a sentence."""
        return f"{self.dtype}, {self.size} elements"

    @property
    def rounds(self) -> int:
        return next((_ROUNDS[size] for size in sorted(_ROUNDS) if self.size <= size), _FEWEST_ROUNDS)

    @property
    def repeats(self) -> int:
        return max(1, _AT_ONCE // self.size)


@dataclass(slots=True)
class _Times:
    """Seconds an element, by contender, cell and quantity, a number a round; `base` is relu's place.

    `rounds` holds how many are complete in each cell that was begun.
    """

    base: int = 0
    found: dict[tuple[int, _Cell, What], list[float]] = field(default_factory=dict)
    rounds: dict[_Cell, int] = field(default_factory=dict)

    def add(self, entry: int, cell: _Cell, what: What, seconds: float) -> None:
        self.found.setdefault((entry, cell, what), []).append(seconds)

    def is_known(self, cell: _Cell) -> bool:
        """Whether there are rounds enough to tell."""
        return self.rounds.get(cell, 0) >= _FEWEST_ROUNDS

    def unfinished(self) -> tuple[str, ...]:
        """Sentences on the cells that were begun and have not had all their rounds."""
        return tuple(
            f"{cell}: {done} of {cell.rounds} rounds" + ("." if self.is_known(cell) else ", too few to tell.")
            for cell, done in self.rounds.items()
            if done < cell.rounds
        )

    def record(self, entry: int, cell: _Cell, what: What) -> Record | None:
        """The median in ns, the fastest and slowest round, and relative to relu; None where not yet measured."""
        if not self.is_known(cell):
            return None
        complete = slice(self.rounds[cell])
        mine = self.found.get((entry, cell, what), [])[complete]
        if not mine:
            return None
        base = self.found.get((self.base, cell, what), [])[complete]
        quotients = [own / relu for own, relu in zip(mine, base, strict=False) if relu > 0]
        return {
            "dtype": cell.dtype,
            "size": cell.size,
            "what": what,
            "ns": 1e9 * median(mine),
            "low": 1e9 * min(mine),
            "high": 1e9 * max(mine),
            "relative": median(quotients) if quotients else None,
            "rounds": len(mine),
        }


class _Core:
    """The core on arrays of any size: pieces of a large one on threads, as `eval` has it."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.pool: ThreadPoolExecutor | None = None

    def __enter__(self) -> Self:
        if self.threads > 1:
            from concurrent.futures import ThreadPoolExecutor

            self.pool = ThreadPoolExecutor(self.threads, "actcli")
        keep_freed_memory()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.pool is not None:
            self.pool.shutdown(wait=False, cancel_futures=True)

    def ready(self, function: Callable[[NDArray[Any]], NDArray[Any]], x: NDArray[Any]) -> Timed:
        """What runs the function over all of x."""
        if self.pool is None or x.size <= _PIECE:
            return partial(function, x)
        pieces = [x[start : start + _PIECE] for start in range(0, x.size, _PIECE)]
        return partial(_over, self.pool, function, pieces)


def _over(
    pool: "ThreadPoolExecutor",
    function: Callable[[NDArray[Any]], NDArray[Any]],
    pieces: Sequence[NDArray[Any]],
) -> None:
    for _ in pool.map(function, pieces):
        pass


def _compared(
    functions: tuple[Activation, ...],
    peers: tuple[Peer, ...],
    threads: int,
    seed: int,
    clock: Clock,
    sizes: tuple[int, ...],
) -> Steps:
    cells = tuple(_Cell(dtype, size) for size, dtype in product(sorted(sizes), TYPES))
    yield Step(0, 1, "preparing", _comparison((), _Times(), cells, (), seed))
    with _Core(threads) as core:
        entries, lacking = _entries(functions, peers, core)
        for peer in peers:
            peer.use_threads(threads)
        notes = _notes(peers, threads, lacking)
        total = sum(cell.rounds * cell.repeats * cell.size for cell in cells) * len(entries)
        names = [f.name for f in functions]
        times, done = _Times(names.index("relu") if "relu" in names else 0), 0
        so_far, known = _comparison(entries, times, cells, notes, seed), dict[_Cell, int]()
        with closing(_rounds(entries, cells, times, seed, clock)) as rounds:
            for cell, label, more in rounds:
                done += more
                if times.rounds != known:
                    so_far, known = _comparison(entries, times, cells, notes, seed), dict(times.rounds)
                yield Step(done, total, f"{label}, {cell}", so_far)


def _entries(
    functions: Sequence[Activation], peers: Sequence[Peer], core: _Core
) -> tuple[tuple[_Entry, ...], tuple[str, ...]]:
    """relu and the functions; what the peers have of them. And sentences on what they have not."""
    asked = any(f.name == "relu" for f in functions)
    ours = functions if asked else [activation("relu"), *functions]
    entries = [
        _Entry(f.spec, None, {"f": partial(core.ready, f), "gradient": partial(core.ready, f.grad)})
        for f in ours
    ]
    lacking = []
    for peer in peers:
        absent = []
        for f in ours:
            found = {what: peer.prepare(f, order) for order, what in enumerate(_WHAT)}
            makers = {what: maker for what, maker in found.items() if maker is not None}
            if makers:
                entries.append(_Entry(f"{f.spec} in {peer.name} {peer.version}", peer, makers))
            else:
                absent.append(f.spec)
        if absent:
            lacking.append(f"{peer.name} has no {', '.join(absent)} of the same values.")
    return tuple(entries), tuple(lacking)


def _rounds(
    entries: Sequence[_Entry], cells: Sequence[_Cell], times: _Times, seed: int, clock: Clock
) -> Generator[tuple[_Cell, str, int], None, None]:
    """Time cell after cell; cell, contender and how many elements more were timed, whenever one is done."""
    rng = np.random.default_rng(seed)
    for cell in cells:
        x = rng.standard_normal(cell.size, np.float64).astype(cell.dtype)
        loaded = {
            peer.name: peer.load(x) for peer in {e.peer.name: e.peer for e in entries if e.peer}.values()
        }
        ready = [
            {what: make(loaded[entry.peer.name] if entry.peer else x) for what, make in entry.makers.items()}
            for entry in entries
        ]
        times.rounds[cell] = 0
        for entry, timed in zip(entries, ready, strict=True):
            compiled = entry.peer is not None and entry.peer.compiles
            for run in timed.values() if compiled or cell.size <= _WARMED_UP else ():
                run()  # what is compiled, or allocated, at the first call is not timed
                yield cell, entry.label, 0
        for complete in range(1, cell.rounds + 1):
            order = rng.permutation(len(entries)).tolist()
            for place in order:
                for what, run in ready[place].items():
                    start = clock()
                    for _ in range(cell.repeats):
                        run()
                    times.add(place, cell, what, (clock() - start) / (cell.repeats * cell.size))
                if place == order[-1]:
                    times.rounds[cell] = complete
                yield cell, entries[place].label, cell.repeats * cell.size


def _columns(dtype: str) -> tuple[Column, ...]:
    return (
        Column(f"{dtype}_ns", "f", "small", dtype, "ns"),
        Column(f"{dtype}_relative", "f, times relu", "small", dtype),
        Column(f"{dtype}_spread", "f, spread of the rounds", "neither", dtype, "ns"),
        Column(f"{dtype}_gradient_ns", "f'", "small", dtype, "ns"),
        Column(f"{dtype}_gradient_relative", "f', times relu's", "small", dtype),
        Column(f"{dtype}_gradient_spread", "f', spread of the rounds", "neither", dtype, "ns"),
    )


_COLUMNS = tuple(column for dtype in TYPES for column in _columns(dtype))


def _comparison(
    entries: Sequence[_Entry], times: _Times, cells: Sequence[_Cell], notes: tuple[str, ...], seed: int
) -> Comparison:
    contenders = []
    for place, entry in enumerate(entries):
        records = [times.record(place, cell, what) for cell in cells for what in _WHAT]
        known = [record for record in records if record is not None]
        if known:
            contenders.append(Contender(entry.label, _values(known), {"sizes": tuple(known)}))
    largest = max((cell.size for cell in times.rounds if times.is_known(cell)), default=0)
    at = (
        (
            f"The table shows the largest size each was timed at, up to {largest} elements; the details hold all.",
        )
        if largest
        else ()
    )
    return Comparison(
        "speed",
        _COLUMNS,
        tuple(contenders),
        seed=seed,
        notes=(*notes, *at, *times.unfinished()),
        chart=_chart(contenders),
    )


def _values(records: Sequence[Record]) -> dict[str, Value]:
    """The columns: for each type and quantity the largest size that was measured."""
    values: dict[str, Value] = {}
    for record in records:
        stem = f"{record['dtype']}_" + ("" if record["what"] == "f" else "gradient_")
        values[f"{stem}ns"] = record["ns"]
        values[f"{stem}relative"] = record["relative"]
        high, low = record["high"], record["low"]
        values[f"{stem}spread"] = high - low if isinstance(high, float) and isinstance(low, float) else None
    return values


def _chart(contenders: Sequence[Contender]) -> Chart | None:
    if not contenders:
        return None
    labels = tuple(contender.function for contender in contenders)
    drawn = [
        (f"{dtype}_{middle}ns", f"ns an element of {name}, {dtype}")
        for dtype in TYPES
        for middle, name in (("", "f"), ("gradient_", "f'"))
    ]
    return Chart(
        tuple(
            Bars(name, labels, tuple(_height(c.value(column)) for c in contenders)) for column, name in drawn
        )
    )


def _height(value: Value) -> float:
    return value if isinstance(value, float) and math.isfinite(value) else 0.0


def _notes(peers: Sequence[Peer], threads: int, lacking: tuple[str, ...]) -> tuple[str, ...]:
    used = "1 thread" if threads == 1 else f"{threads} threads"
    rounds = f"{_FEWEST_ROUNDS} rounds at the largest sizes, up to {max(_ROUNDS.values())} at the smallest"
    return (
        f"Median ns an element on {used}, numpy {np.__version__}; {rounds}, all contenders in turn in each.",
        "The spread is the slowest round less the fastest; relative is the median of the rounds' quotients.",
        *(f"{peer.name} {peer.version}: {peer.note}" for peer in peers if peer.note),
        *lacking,
    )
