"""Activations side by side along a stream: how far each is from the first, and where. One pass, flat memory."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation, Kink
from actcli.activations.activation import HIGHEST_ORDER
from actcli.analysis.compare.result import Chart, Column, Comparison, Contender, Record, Step, Steps, Value
from actcli.analysis.figure.curves import Curve, Figure, Panel, Quantity, sampled
from actcli.analysis.stream.blocks import in_order
from actcli.analysis.stream.evaluation import Array, Numbers
from actcli.exits import DataError, UsageError

Stats = NDArray[np.float64]

KEPT = 1000
"""So many numbers, or fewer, are kept one by one with what each function makes of them."""
_SHOWN = 50
_CHART_POINTS = 801
_FARTHEST = 1e300
_NARROWEST = 1e-9

_COLUMNS = (
    Column("lowest", "lowest", group="values"),
    Column("highest", "highest", group="values"),
    Column("mean", "mean", group="values"),
    Column("nan", "not a number", group="values"),
    Column("max_difference", "largest", "small", "difference from the first"),
    Column("max_difference_at", "at x", group="difference from the first"),
    Column("mean_difference", "mean", "small", "difference from the first"),
    Column("max_relative_difference", "largest relative", "small", "difference from the first"),
    Column("max_relative_difference_at", "at x (relative)", group="difference from the first"),
    Column("differing", "how many differ", "small", "difference from the first"),
    Column("nan_disagreements", "nan in one only", "small", "difference from the first"),
)
# A block's findings, one row a function.
_LOWEST, _HIGHEST, _SUM, _NAN, _LARGEST, _LARGEST_AT, _TOTAL, _COMPARED = range(8)
_RELATIVE, _RELATIVE_AT, _DIFFERING, _DISAGREEING = range(8, 12)
_FIELDS = 12


def compare_values(
    functions: Sequence[Activation], numbers: Iterable[Numbers], order: int, threads: int
) -> Steps:
    """The values of all functions along all streams, in the streams' types as `eval` gives them, from the first's.

    The difference is |y - y₁|, and relative to the larger of |y| and |y₁|: 0 where both are nan or the same
    infinity, inf and at most 2 where only one is infinite or the signs differ. Where one alone is nan there is no
    difference: such x are counted. Of several x with the largest difference the first is named. `order` 0
    compares f, n its n-th derivative. The findings do not depend on `threads`. Raises UsageError for fewer than two
    functions, one over rows, and an order that does not exist; DataError when the streams hold no numbers.
    """
    if len(functions) < 2:
        raise UsageError("a comparison by values needs at least two functions: the first is the reference")
    if not 0 <= order <= HIGHEST_ORDER:
        raise UsageError(f"--order is 0 for f, 1 to {HIGHEST_ORDER} for a derivative, not {order}")
    for f in functions:
        if f.by_rows:
            raise UsageError(f"{f.spec} works over rows; --by values compares functions of one number")
    return _compared(_Tally(tuple(functions), Quantity(order)), numbers, threads)


def _compared(tally: "_Tally", streams: Iterable[Numbers], threads: int) -> Steps:
    doing = tally.quantity.name
    yield Step(0, 1, doing, tally.comparison())
    # how long streams of text are is not known before their end
    expected: int | None = 0
    for numbers in streams:
        size = None if numbers.shape is None else math.prod(numbers.shape)
        expected = None if expected is None or size is None else expected + size
        tally.meet(numbers)
        for block, stats in in_order(tally.measured, numbers.blocks, 1 if numbers.live else threads):
            tally.add(block, stats)
            total = 0 if expected is None else max(expected, tally.numbers) + 1
            yield Step(tally.numbers, total, doing, tally.comparison())
    if not tally.numbers:
        raise DataError(f"{', '.join(tally.origins) or 'the input'}: holds no numbers")
    tally.draw()
    done = tally.numbers + 1
    yield Step(done, done, doing, tally.comparison())


@dataclass(slots=True)
class _Tally:
    """What is known of the stream so far; blocks are measured on several threads and added in their order."""

    functions: tuple[Activation, ...]
    quantity: Quantity
    numbers: int = 0
    smallest: float = math.inf
    largest: float = -math.inf
    origins: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    found: Stats = field(init=False)
    carried: Stats = field(init=False)
    records: list[list[Record]] = field(init=False)
    chart: Chart | None = None

    def __post_init__(self) -> None:
        self.found = np.zeros((len(self.functions), _FIELDS))
        self.found[:, _LOWEST], self.found[:, _HIGHEST] = math.inf, -math.inf
        self.found[:, [_LARGEST, _RELATIVE]] = -1.0
        self.found[:, [_LARGEST_AT, _RELATIVE_AT]] = math.nan
        self.carried = np.zeros_like(self.found)
        self.records = [[] for _ in self.functions]

    def meet(self, numbers: Numbers) -> None:
        """Remember where a stream is from, and its type."""
        origin, kind = numbers.origin.partition(":")[0], str(numbers.dtype)
        self.origins += [origin] if origin not in self.origins else []
        self.types += [kind] if kind not in self.types else []

    def measured(self, block: Array) -> Stats:
        """The findings of one block, a row a function."""
        with np.errstate(all="ignore"):
            values = [self._of(f, block).astype(np.float64) for f in self.functions]
            return np.stack([_measured(block, y, values[0]) for y in values])

    def _of(self, f: Activation, block: Array) -> Array:
        return f.grad(block, order=self.quantity.order) if self.quantity.order else f(block)

    def add(self, block: Array, stats: Array) -> None:
        """Take the findings of the next block in."""
        self.numbers += block.size
        for f, records in zip(self.functions, self.records, strict=True):
            if self.numbers > KEPT:
                records.clear()
                continue
            y = self._of(f, block)
            records += [
                {"x": float(a), "y": float(b)} for a, b in zip(block.tolist(), y.tolist(), strict=True)
            ]
        finite = block[np.isfinite(block)]
        if finite.size:
            self.smallest = min(self.smallest, float(finite.min()))
            self.largest = max(self.largest, float(finite.max()))
        found = self.found
        found[:, _LOWEST] = np.minimum(found[:, _LOWEST], stats[:, _LOWEST])
        found[:, _HIGHEST] = np.maximum(found[:, _HIGHEST], stats[:, _HIGHEST])
        for size, at in ((_LARGEST, _LARGEST_AT), (_RELATIVE, _RELATIVE_AT)):
            more = stats[:, size] > found[:, size]
            found[more, size], found[more, at] = stats[more, size], stats[more, at]
        sums = [_NAN, _COMPARED, _DIFFERING, _DISAGREEING]
        found[:, sums] += stats[:, sums]
        with np.errstate(all="ignore"):
            for at in (_SUM, _TOTAL):
                self._sum(at, stats[:, at])

    def _sum(self, at: int, more: Array) -> None:
        """Add with the rounding carried along (Neumaier 1974), so that many blocks lose nothing."""
        before = self.found[:, at]
        after = before + more
        lost = np.where(np.abs(before) >= np.abs(more), (before - after) + more, (more - after) + before)
        self.found[:, at] = after
        self.carried[:, at] += np.where(np.isfinite(lost), lost, 0.0)

    def draw(self) -> None:
        """The differences along the part of the line where the numbers lie; nothing where that is a point."""
        low, high = max(self.smallest, -_FARTHEST), min(self.largest, _FARTHEST)
        if high - low > max(_NARROWEST * max(abs(low), abs(high)), 1 / _FARTHEST):
            with np.errstate(all="ignore"):
                self.chart = Chart(_differences(self.functions, self.quantity, (low, high)))

    def comparison(self) -> Comparison:
        """All that is known by now."""
        few = 0 < self.numbers <= KEPT
        contenders = tuple(
            Contender(f.spec, self._row(i), {"values": tuple(self.records[i])} if few else {})
            for i, f in enumerate(self.functions)
        )
        shown = ("values",) if few and self.numbers <= _SHOWN else ()
        return Comparison("values", _COLUMNS, contenders, notes=self._notes(), shown=shown, chart=self.chart)

    def _row(self, i: int) -> Mapping[str, Value]:
        if not self.numbers:
            return {}
        found, carried = self.found[i].tolist(), self.carried[i].tolist()
        present = self.numbers - int(found[_NAN])
        row: dict[str, Value] = {"nan": int(found[_NAN])}
        if present:
            total = _known(found[_SUM] + carried[_SUM])
            row |= {
                "lowest": found[_LOWEST] + 0.0,
                "highest": found[_HIGHEST] + 0.0,
                "mean": None if total is None else total / present,
            }
        if not i:
            return row
        row |= {"differing": int(found[_DIFFERING]), "nan_disagreements": int(found[_DISAGREEING])}
        if found[_COMPARED]:
            row |= {
                "max_difference": found[_LARGEST],
                "max_difference_at": found[_LARGEST_AT] if found[_LARGEST] else None,
                "mean_difference": (found[_TOTAL] + carried[_TOTAL]) / found[_COMPARED],
                "max_relative_difference": found[_RELATIVE],
                "max_relative_difference_at": found[_RELATIVE_AT] if found[_RELATIVE] else None,
            }
        return row

    def _notes(self) -> tuple[str, ...]:
        if not self.numbers:
            return ()
        name, first = self.quantity.name, self.functions[0].spec
        counted = "1 number" if self.numbers == 1 else f"{self.numbers} numbers"
        where = ", ".join(self.origins)
        measured = (
            f"{name} of {counted} ({where}; {', '.join(self.types)}), each compared with {first}; "
            "of several x with the same difference the first is named."
        )
        return (
            measured,
            "A relative difference is relative to the larger of the two values, so it is at most 2.",
        )


def _measured(x: Array, y: Stats, reference: Stats) -> Stats:
    found = np.zeros(_FIELDS)
    found[_LOWEST], found[_HIGHEST] = math.inf, -math.inf
    found[[_LARGEST, _RELATIVE]] = -1.0
    absent = np.isnan(y)
    found[_NAN] = np.count_nonzero(absent)
    present = y[~absent] if found[_NAN] else y
    if present.size:
        found[_LOWEST], found[_HIGHEST], found[_SUM] = present.min(), present.max(), present.sum()
    if y is reference:
        return found
    absent_there = np.isnan(reference)
    found[_DISAGREEING] = np.count_nonzero(absent != absent_there)
    compared = ~(absent != absent_there)
    found[_COMPARED] = np.count_nonzero(compared)
    same = (y == reference) | (absent & absent_there)
    found[_DIFFERING] = y.size - np.count_nonzero(same)
    if not found[_COMPARED]:
        return found
    difference = np.where(same, 0.0, np.abs(y - reference))
    larger = np.maximum(np.abs(y), np.abs(reference))
    # the quotients of infinities are taken as the limits they are
    relative = np.where(same, 0.0, difference / np.where(np.isfinite(larger), larger, 1.0))
    wide = ~same & np.isinf(difference)
    if wide.any():
        relative[wide] = np.abs(_part(y[wide], larger[wide]) - _part(reference[wide], larger[wide]))
    for size, at, of in ((_LARGEST, _LARGEST_AT, difference), (_RELATIVE, _RELATIVE_AT, relative)):
        place = int(np.argmax(np.where(compared, of, -1.0)))
        found[size], found[at] = of[place], x[place]
    found[_TOTAL] = difference[compared].sum()
    return found


def _part(value: Stats, of: Stats) -> Stats:
    """value/of, where both may be infinite."""
    return np.where(np.isinf(value), np.sign(value), np.where(np.isinf(of), 0.0, value / of))


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _differences(
    functions: tuple[Activation, ...], quantity: Quantity, between: tuple[float, float]
) -> Figure:
    first = functions[0]
    name = f"difference of {quantity.name} from {first.spec}"
    curves = tuple(_difference(f, first, quantity, between) for f in functions[1:])
    return Figure((Panel(name, curves),), between)


def _difference(f: Activation, first: Activation, quantity: Quantity, between: tuple[float, float]) -> Curve:
    one, other = quantity.of(f), quantity.of(first)
    segments = sampled(
        lambda x: np.asarray(one(x) - other(x), np.float64),
        tuple(_joined(f.kinks, first.kinks)),
        between,
        _CHART_POINTS,
        order=quantity.order,
    )
    return Curve(f.spec, quantity.name, f.spec, segments)


def _joined(mine: Sequence[Kink], theirs: Sequence[Kink]) -> Iterator[Kink]:
    """The kinks of a difference: one a point, which jumps or bends where either does."""
    kinks = (*mine, *theirs)
    for at in sorted({kink.at for kink in kinks}):
        here = [kink for kink in kinks if kink.at == at]
        bends = any(kink.slopes[0] != kink.slopes[1] for kink in here)
        yield Kink(at, (0.0, float(bends)), jump=any(kink.jump for kink in here))
