"""Time per element of the core's f and f', relative to relu's and other libraries'."""

import math
import time
from collections.abc import Sequence
from contextlib import closing
from itertools import product

import numpy as np

from actcli.activations import Activation
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
    numbers_in,
)
from actcli.analysis.compare.timing import (
    FEWEST_ROUNDS,
    QUANTITIES,
    ROUNDS,
    SIZES,
    TYPES,
    Cell,
    Clock,
    Peer,
    TimedContender,
    Times,
    core_calls,
    prepare_entries,
    time_rounds,
)
from actcli.analysis.stream.evaluation import require_elementwise
from actcli.analysis.wording import counted, group_equal, listed, rounded, verb
from actcli.exits import UsageError

_MOST_RATIOS = 4
"""With more distinct ratios the answer names the fastest and the slowest function only."""


def compare_speed(
    functions: Sequence[Activation],
    peers: Sequence[Peer],
    threads: int,
    seed: int,
    *,
    clock: Clock = time.perf_counter,
    sizes: Sequence[int] = SIZES,
) -> Steps:
    """Time f and f' on numbers from N(0, 1), for each size in float32 and float64, with relu always among them.

    In each round every contender runs once, in an order drawn anew from `seed`. The time is the median of the
    rounds, `low` and `high` the fastest and the slowest, `relative` the median of the rounds' quotients by relu. The
    core works on `threads` threads where an array has several pieces of 262,144. The columns hold the largest size
    that was measured, the details `sizes` hold all. Results in between are of complete rounds, at least three.
    `clock` gives seconds. Raises UsageError for no function, a function over rows, and fewer than one thread.
    """
    if not functions:
        raise UsageError("a comparison by speed needs a function")
    if threads < 1:
        raise UsageError(f"`threads={threads}`: a whole number of at least 1")
    require_elementwise(functions)
    return _steps(tuple(functions), tuple(peers), threads, seed, clock, tuple(sizes))


def _steps(
    functions: tuple[Activation, ...],
    peers: tuple[Peer, ...],
    threads: int,
    seed: int,
    clock: Clock,
    sizes: tuple[int, ...],
) -> Steps:
    cells = tuple(Cell(dtype, size) for size, dtype in product(sorted(sizes), TYPES))
    yield Step(0, 1, "preparing", Comparison("speed", _COLUMNS, (), seed=seed))
    with core_calls(threads) as prepare:
        entries, lacking = prepare_entries(functions, peers, prepare)
        for peer in peers:
            peer.use_threads(threads)
        notes = _notes(peers, threads)

        def report() -> Comparison:
            return _comparison(entries, times, cells, notes, lacking, seed)

        total = sum(cell.rounds * cell.repeats * cell.size for cell in cells) * len(entries)
        names = [f.name for f in functions]
        times, done = Times(names.index("relu") if "relu" in names else 0), 0
        so_far, reported = report(), dict[Cell, int]()
        with closing(time_rounds(entries, cells, times, seed, clock)) as rounds:
            for cell, label, more in rounds:
                done += more
                if times.rounds != reported:
                    so_far, reported = report(), dict(times.rounds)
                yield Step(done, total, f"{label}, {cell}", so_far)


def _columns(dtype: str) -> tuple[Column, ...]:
    return (
        Column(f"{dtype}_ns", "f", "small", dtype, "ns", digits=3),
        Column(f"{dtype}_relative", "f, times relu", "small", dtype, digits=2),
        Column(f"{dtype}_spread", "f, spread of the rounds", "neither", dtype, "ns", digits=2),
        Column(f"{dtype}_gradient_ns", "f'", "small", dtype, "ns", digits=3),
        Column(f"{dtype}_gradient_relative", "f', times relu's", "small", dtype, digits=2),
        Column(f"{dtype}_gradient_spread", "f', spread of the rounds", "neither", dtype, "ns", digits=2),
    )


_COLUMNS = tuple(column for dtype in TYPES for column in _columns(dtype))


def _comparison(
    entries: Sequence[TimedContender],
    times: Times,
    cells: Sequence[Cell],
    notes: tuple[str, ...],
    lacking: tuple[str, ...],
    seed: int,
) -> Comparison:
    contenders = []
    for i, entry in enumerate(entries):
        records = [times.record(i, cell, what) for cell in cells for what in QUANTITIES]
        measured = [record for record in records if record is not None]
        if measured:
            contenders.append(Contender(entry.label, _values(measured), {"sizes": tuple(measured)}))
    return Comparison(
        "speed",
        _COLUMNS,
        tuple(contenders),
        seed=seed,
        answer=_answer(entries, contenders, cells, times),
        warnings=(*lacking, *times.unfinished()),
        notes=notes,
        chart=_chart(contenders),
    )


def _answer(
    entries: Sequence[TimedContender], contenders: Sequence[Contender], cells: Sequence[Cell], times: Times
) -> str:
    """Return how many times as long as relu's each f takes, and whose code that is.

    All in the first type, at the largest size measured: ours first, then every library beside its own relu.
    """
    cell = max(
        (cell for cell in cells if cell.dtype == TYPES[0] and times.has_enough(cell)),
        key=lambda cell: cell.size,
        default=None,
    )
    if cell is None:
        return ""
    base, peer_of = contenders[times.base], {entry.label: _whose(entry) for entry in entries}
    sentences: list[str] = []
    for name in dict.fromkeys(peer_of.values()):
        own = [one for one in contenders if peer_of[one.function] == name]
        label = f"{base.function} in {name}" if name else base.function
        relu = next((one for one in own if one.function == label), None)
        if relu is not None:
            sentences.append(_say_ratios(own, relu, cell, where="" if sentences else f" (f, {cell})"))
    sentences.append(
        "Names without a framework are actcli's NumPy code; all times are of this CPU, not of a GPU."
        if len(sentences) > 1
        else "These are times of actcli's NumPy code on this CPU, not of a framework's kernels or a GPU."
    )
    return " ".join(sentences)


def _whose(entry: TimedContender) -> str:
    """Return the library and its version; blank for ours."""
    return f"{entry.peer.name} {entry.peer.version}" if entry.peer else ""


def _say_ratios(contenders: Sequence[Contender], base: Contender, cell: Cell, where: str) -> str:
    """Return the times of contenders as multiples of the base's; of the base alone its time."""
    sizes = {name: size for size, name in numbers_in(contenders, f"{cell.dtype}_relative")}
    own = sizes.pop(base.function, math.nan)
    if not sizes:
        ns = base.value(f"{cell.dtype}_ns")
        return f"{base.function} takes {rounded(ns if isinstance(ns, float) else math.nan)} ns per element{where}."
    groups = group_equal(
        [(size / own, name) for name, size in sizes.items()], lambda ratio: rounded(ratio, 2)
    )
    parts = [f"{listed(names)} {ratio} times" for ratio, names in groups]
    (ratio, names), rest = groups[0], parts[1:]
    rest = rest if len(parts) <= _MOST_RATIOS else [f"the slowest, {rest[-1]}"]
    takes = f"{listed(names)} {verb(names, 'takes', 'take')}"
    first = f"{takes} {'' if ratio == '1' else f'{ratio} times '}as long as {base.function}"
    return f"{', '.join([first, *rest])}{where}."


def _values(records: Sequence[Record]) -> dict[str, Value]:
    """Return the columns: for each type and quantity the largest size that was measured."""
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
        (f"{dtype}_{middle}ns", f"ns per element of {name}, {dtype}")
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


def _notes(peers: Sequence[Peer], threads: int) -> tuple[str, ...]:
    rounds = f"{FEWEST_ROUNDS} rounds at the largest sizes, up to {max(ROUNDS.values())} at the smallest"
    return (
        f"Median ns per element on {counted(threads, 'thread')}, numpy {np.__version__}; {rounds}.",
        *(f"{peer.name} {peer.version}: {peer.note}" for peer in peers if peer.note),
    )
