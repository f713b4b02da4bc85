"""Timing activations and their counterparts in other libraries: cells of type and size, in interleaved rounds."""

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation, activation
from actcli.analysis.compare.result import Record
from actcli.analysis.stream.memory import keep_freed_memory

What = Literal["f", "gradient"]
Clock = Callable[[], float]
Timed = Callable[[], object]

SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
TYPES = ("float32", "float64")
QUANTITIES: tuple[What, ...] = ("f", "gradient")
ROUNDS = {1_000: 31, 10_000: 21, 100_000: 11, 1_000_000: 5}
FEWEST_ROUNDS = 3
"""Rounds of the largest arrays; where fewer were completed, nothing is reported."""
_AT_ONCE = 10_000
"""One reading of the clock covers at least so many elements: small arrays are run several times."""
_WARMED_UP = 1_000_000
"""On larger arrays only functions that compile for each size are warmed up."""
_PIECE = 1 << 18
"""Elements handed to a thread at a time, as for arrays from files."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Another library to time.

    Attributes:
        name, version: `torch`, `2.13`.
        load: turns a NumPy array into what the library's functions take; done once, not timed.
        prepare: takes an activation and the order (0 for f, 1 for f') and returns a maker of the timed call; None
            where the library lacks the function.
        use_threads: sets the number of threads.
        note: a sentence on how it is timed.
        compiles: whether it compiles at the first call with an array of another size.

    """

    name: str
    version: str
    load: Callable[[NDArray[Any]], Any]
    prepare: Callable[[Activation, int], Callable[[Any], Timed] | None]
    use_threads: Callable[[int], None]
    note: str = ""
    compiles: bool = False


@dataclass(frozen=True, slots=True)
class TimedContender:
    """One contender: its label, and for f and f' the maker of its timed call on an array."""

    label: str
    peer: Peer | None
    makers: dict[What, Callable[[Any], Timed]]


@dataclass(frozen=True, slots=True)
class Cell:
    """One type and size of arrays."""

    dtype: str
    size: int

    def __str__(self) -> str:
        """Return its name in a sentence."""
        return f"{self.dtype}, {self.size:,} elements"

    @property
    def rounds(self) -> int:
        """Return how many rounds are run: more for small arrays."""
        return next((ROUNDS[size] for size in sorted(ROUNDS) if self.size <= size), FEWEST_ROUNDS)

    @property
    def repeats(self) -> int:
        """Return how many runs one reading of the clock covers."""
        return max(1, _AT_ONCE // self.size)


@dataclass(slots=True)
class Times:
    """Seconds per element, one number per round, by contender, cell and quantity; `base` is relu's index.

    `rounds` holds the count of complete rounds of each cell that was started.
    """

    base: int = 0
    seconds: dict[tuple[int, Cell, What], list[float]] = field(default_factory=dict)
    rounds: dict[Cell, int] = field(default_factory=dict)

    def add(self, entry: int, cell: Cell, what: What, seconds: float) -> None:
        """Add the time of one round."""
        self.seconds.setdefault((entry, cell, what), []).append(seconds)

    def has_enough(self, cell: Cell) -> bool:
        """Return whether the cell has enough rounds to report."""
        return self.rounds.get(cell, 0) >= FEWEST_ROUNDS

    def unfinished(self) -> tuple[str, ...]:
        """Return a sentence on each cell that was started and has not had all its rounds."""
        return tuple(
            f"{cell}: {done} of {cell.rounds} rounds"
            + ("" if self.has_enough(cell) else ", too few to report")
            for cell, done in self.rounds.items()
            if done < cell.rounds
        )

    def record(self, entry: int, cell: Cell, what: What) -> Record | None:
        """Return the median in ns, the fastest and slowest round, and the ratio to relu; None until measured."""
        if not self.has_enough(cell):
            return None
        complete = slice(self.rounds[cell])
        mine = self.seconds.get((entry, cell, what), [])[complete]
        if not mine:
            return None
        base = self.seconds.get((self.base, cell, what), [])[complete]
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


Prepare = Callable[[Callable[[NDArray[Any]], NDArray[Any]], NDArray[Any]], Timed]
"""Takes a function of the core and an array, and returns the call that runs one over the other."""


@contextmanager
def core_calls(threads: int) -> Iterator[Prepare]:
    """Yield the maker of timed calls of the core, with pieces of large arrays on threads, as `eval` runs them."""
    keep_freed_memory()
    if threads == 1:
        yield partial
        return
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(threads, "actcli")

    def prepare(function: Callable[[NDArray[Any]], NDArray[Any]], x: NDArray[Any]) -> Timed:
        if x.size <= _PIECE:
            return partial(function, x)
        pieces = [x[start : start + _PIECE] for start in range(0, x.size, _PIECE)]
        return lambda: deque(pool.map(function, pieces), maxlen=0)

    try:
        yield prepare
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def prepare_entries(
    functions: Sequence[Activation], peers: Sequence[Peer], prepare: Prepare
) -> tuple[tuple[TimedContender, ...], tuple[str, ...]]:
    """Return relu, the functions and their counterparts in the peers, and a sentence on each peer that lacks some."""
    has_relu = any(f.name == "relu" for f in functions)
    ours = functions if has_relu else [activation("relu"), *functions]
    entries = [
        TimedContender(f.spec, None, {"f": partial(prepare, f), "gradient": partial(prepare, f.grad)})
        for f in ours
    ]
    lacking = []
    for peer in peers:
        absent = []
        for f in ours:
            prepared = {what: peer.prepare(f, order) for order, what in enumerate(QUANTITIES)}
            makers = {what: maker for what, maker in prepared.items() if maker is not None}
            if makers:
                entries.append(TimedContender(f"{f.spec} in {peer.name} {peer.version}", peer, makers))
            else:
                absent.append(f.spec)
        if absent:
            lacking.append(f"{peer.name} has no {', '.join(absent)} with the same values")
    return tuple(entries), tuple(lacking)


def time_rounds(
    entries: Sequence[TimedContender], cells: Sequence[Cell], times: Times, seed: int, clock: Clock
) -> Generator[tuple[Cell, str, int], None, None]:
    """Time cell after cell; yield the cell, the contender and the count of elements timed after each."""
    rng = np.random.default_rng(seed)
    for cell in cells:
        x = rng.standard_normal(cell.size, np.float64).astype(cell.dtype)
        loaded = {
            peer.name: peer.load(x) for peer in {e.peer.name: e.peer for e in entries if e.peer}.values()
        }
        ready = [
            {what: make(loaded[one.peer.name] if one.peer else x) for what, make in one.makers.items()}
            for one in entries
        ]
        times.rounds[cell] = 0
        for one, calls in zip(entries, ready, strict=True):
            compiled = one.peer is not None and one.peer.compiles
            for run in calls.values() if compiled or cell.size <= _WARMED_UP else ():
                run()  # compiling and allocating at the first call is not timed
                yield cell, one.label, 0
        for complete in range(1, cell.rounds + 1):
            order = rng.permutation(len(entries)).tolist()
            for entry in order:
                for what, run in ready[entry].items():
                    start = clock()
                    for _ in range(cell.repeats):
                        run()
                    times.add(entry, cell, what, (clock() - start) / (cell.repeats * cell.size))
                if entry == order[-1]:
                    times.rounds[cell] = complete
                yield cell, entries[entry].label, cell.repeats * cell.size
