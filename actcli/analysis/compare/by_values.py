"""The values of several activations along a stream: how far each is from the first, and where. Flat memory."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation, Kink
from actcli.activations.activation import HIGHEST_ORDER
from actcli.analysis.compare.result import (
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
from actcli.analysis.figure.curves import Curve, Figure, Panel, Quantity, Series, sample_curve
from actcli.analysis.stream.blocks import in_order
from actcli.analysis.stream.evaluation import Array, Numbers, require_elementwise
from actcli.analysis.wording import counted, file_named, group_equal, listed, rounded, verb
from actcli.exits import DataError, UsageError

KEPT = 1000
"""With no more numbers than this, each number and its values stand in the details."""
_SHOWN = 50
_CHART_POINTS = 801
_FARTHEST = 1e300
_NARROWEST = 1e-9

_COLUMNS = (
    Column("lowest", "lowest", group="values"),
    Column("highest", "highest", group="values"),
    Column("mean", "mean", group="values"),
    Column("nan", "not a number", group="values"),
    Column("max_difference", "largest", "small", "difference from the first", digits=3),
    Column("max_difference_at", "at x", group="difference from the first"),
    Column("mean_difference", "mean", "small", "difference from the first", digits=3),
    Column("max_relative_difference", "largest relative", "small", "difference from the first", digits=3),
    Column("max_relative_difference_at", "at x (relative)", group="difference from the first"),
    Column("differing", "how many differ", "small", "difference from the first"),
    Column("nan_disagreements", "nan in one only", "small", "difference from the first"),
)
# the rows of a block's statistics, one row per function
_LOWEST, _HIGHEST, _SUM, _NAN, _LARGEST, _LARGEST_AT, _TOTAL, _COMPARED = range(8)
_RELATIVE, _RELATIVE_AT, _DIFFERING, _DISAGREEING = range(8, 12)
_FIELDS = 12


def compare_values(
    functions: Sequence[Activation], numbers: Iterable[Numbers], order: int, threads: int
) -> Steps:
    """Compare the values of all functions along all streams with the first function's, in the streams' types.

    The difference is |y - y₁|, and relative to the larger of |y| and |y₁|: 0 where both are nan or the same
    infinity, inf and at most 2 where only one is infinite or the signs differ. Numbers at which only one is nan have
    no difference and are counted apart. Of several x with the largest difference the first is named. `order` 0
    compares f, n its n-th derivative. The results do not depend on `threads`. Raises UsageError for fewer than two
    functions, a function over rows, and an order that does not exist; DataError when the streams hold no numbers.
    """
    if len(functions) < 2:
        raise UsageError("a comparison by values needs at least two functions: the first is the reference")
    if not 0 <= order <= HIGHEST_ORDER:
        raise UsageError(f"`order={order}`: 0 for f, 1 to {HIGHEST_ORDER} for a derivative")
    require_elementwise(functions)
    return _compare(_ValueStatistics(tuple(functions), Quantity(order)), numbers, threads)


def _compare(statistics: "_ValueStatistics", streams: Iterable[Numbers], threads: int) -> Steps:
    doing = statistics.quantity.name
    yield Step(0, 1, doing, statistics.comparison())
    # the length of a stream of text is unknown until its end
    expected: int | None = 0
    for numbers in streams:
        expected = None if expected is None or numbers.size is None else expected + numbers.size
        statistics.note_source(numbers)
        for block, rows in in_order(statistics.measure, numbers.blocks, 1 if numbers.live else threads):
            statistics.add(block, rows)
            total = 0 if expected is None else max(expected, statistics.numbers) + 1
            yield Step(statistics.numbers, total, doing, statistics.comparison())
    if not statistics.numbers:
        raise DataError(f"{', '.join(statistics.origins) or 'the input'}: holds no numbers")
    statistics.draw()
    done = statistics.numbers + 1
    yield Step(done, done, doing, statistics.comparison())


@dataclass(slots=True)
class _ValueStatistics:
    """Statistics of the stream so far; blocks are measured on several threads and added in their order."""

    functions: tuple[Activation, ...]
    quantity: Quantity
    numbers: int = 0
    smallest: float = math.inf
    largest: float = -math.inf
    origins: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    rows: Series = field(init=False)
    carried: Series = field(init=False)
    records: list[list[Record]] = field(init=False)
    chart: Chart | None = None

    def __post_init__(self) -> None:
        self.rows = np.zeros((len(self.functions), _FIELDS))
        self.rows[:, _LOWEST], self.rows[:, _HIGHEST] = math.inf, -math.inf
        self.rows[:, [_LARGEST, _RELATIVE]] = -1.0
        self.rows[:, [_LARGEST_AT, _RELATIVE_AT]] = math.nan
        self.carried = np.zeros_like(self.rows)
        self.records = [[] for _ in self.functions]

    def note_source(self, numbers: Numbers) -> None:
        """Remember where a stream comes from, and its type."""
        origin, kind = file_named(numbers.origin.partition(":")[0]), str(numbers.dtype)
        self.origins += [origin] if origin not in self.origins else []
        self.types += [kind] if kind not in self.types else []

    def measure(self, block: Array) -> Series:
        """Return the statistics of one block, a row per function."""
        with np.errstate(all="ignore"):
            values = [self._values(f, block).astype(np.float64) for f in self.functions]
            return np.stack([_measure(block, y, values[0]) for y in values])

    def _values(self, f: Activation, block: Array) -> Array:
        return f.grad(block, order=self.quantity.order) if self.quantity.order else f(block)

    def add(self, block: Array, statistics: Array) -> None:
        """Add the statistics of the next block."""
        self.numbers += block.size
        for f, records in zip(self.functions, self.records, strict=True):
            if self.numbers > KEPT:
                records.clear()
                continue
            y = self._values(f, block)
            records += [
                {"x": float(a), "y": float(b)} for a, b in zip(block.tolist(), y.tolist(), strict=True)
            ]
        finite = block[np.isfinite(block)]
        if finite.size:
            self.smallest = min(self.smallest, float(finite.min()))
            self.largest = max(self.largest, float(finite.max()))
        rows = self.rows
        rows[:, _LOWEST] = np.minimum(rows[:, _LOWEST], statistics[:, _LOWEST])
        rows[:, _HIGHEST] = np.maximum(rows[:, _HIGHEST], statistics[:, _HIGHEST])
        for size, at in ((_LARGEST, _LARGEST_AT), (_RELATIVE, _RELATIVE_AT)):
            more = statistics[:, size] > rows[:, size]
            rows[more, size], rows[more, at] = statistics[more, size], statistics[more, at]
        sums = [_NAN, _COMPARED, _DIFFERING, _DISAGREEING]
        rows[:, sums] += statistics[:, sums]
        with np.errstate(all="ignore"):
            for at in (_SUM, _TOTAL):
                self._sum(at, statistics[:, at])

    def _sum(self, at: int, more: Array) -> None:
        """Add and carry the rounding error along (Neumaier 1974), so that many blocks lose nothing."""
        before = self.rows[:, at]
        after = before + more
        lost = np.where(np.abs(before) >= np.abs(more), (before - after) + more, (more - after) + before)
        self.rows[:, at] = after
        self.carried[:, at] += np.where(np.isfinite(lost), lost, 0.0)

    def draw(self) -> None:
        """Draw the differences over the range of the numbers; nothing where that range is a point."""
        low, high = max(self.smallest, -_FARTHEST), min(self.largest, _FARTHEST)
        if high - low > max(_NARROWEST * max(abs(low), abs(high)), 1 / _FARTHEST):
            with np.errstate(all="ignore"):
                self.chart = Chart(_differences(self.functions, self.quantity, (low, high)))

    def comparison(self) -> Comparison:
        """Return the result so far."""
        few = 0 < self.numbers <= KEPT
        contenders = tuple(
            Contender(f.spec, self._row(i), {"values": tuple(self.records[i])} if few else {})
            for i, f in enumerate(self.functions)
        )
        return Comparison(
            "values",
            _COLUMNS,
            contenders,
            answer=_answer(contenders, self.quantity.name, self.numbers) if self.numbers else "",
            notes=self._notes(),
            shown=("values",) if few and self.numbers <= _SHOWN else (),
            chart=self.chart,
        )

    def _row(self, i: int) -> Mapping[str, Value]:
        if not self.numbers:
            return {}
        own, carried = self.rows[i].tolist(), self.carried[i].tolist()
        present = self.numbers - int(own[_NAN])
        row: dict[str, Value] = {"nan": int(own[_NAN])}
        if present:
            total = own[_SUM] + carried[_SUM]
            row |= {
                "lowest": own[_LOWEST] + 0.0,
                "highest": own[_HIGHEST] + 0.0,
                "mean": None if math.isnan(total) else total / present,
            }
        if not i:
            return row
        row |= {"differing": int(own[_DIFFERING]), "nan_disagreements": int(own[_DISAGREEING])}
        if own[_COMPARED]:
            row |= {
                "max_difference": own[_LARGEST],
                "max_difference_at": own[_LARGEST_AT] if own[_LARGEST] else None,
                "mean_difference": (own[_TOTAL] + carried[_TOTAL]) / own[_COMPARED],
                "max_relative_difference": own[_RELATIVE],
                "max_relative_difference_at": own[_RELATIVE_AT] if own[_RELATIVE] else None,
            }
        return row

    def _notes(self) -> tuple[str, ...]:
        if not self.numbers:
            return ()
        where, first = ", ".join(self.origins), self.functions[0].spec
        where += f"; {', '.join(self.types)}"
        return (
            f"{self.quantity.name} at {counted(self.numbers, 'number')} ({where}), compared with {first}.",
        )


def _answer(contenders: Sequence[Contender], quantity: str, numbers: int) -> str:
    """Return how far the others are from the first: the one distance, or the nearest and the farthest."""
    first, *others = contenders
    what = first.function if quantity == "f(x)" else f"{quantity} of {first.function}"
    where = f"at all {counted(numbers, 'number')}" if numbers > 1 else "at the one number"
    groups = group_equal(numbers_in(others, "max_difference"), rounded)
    if not groups:
        return f"{what} and {listed([one.function for one in others])} are nowhere both a number."
    (low, nearest), (high, farthest) = groups[0], groups[-1]
    if len(groups) == 1 and low == "0":
        sentence = f"{listed(nearest)} {verb(nearest, 'equals', 'equal')} {what} {where}"
    elif len(groups) == 1:
        at = others[0].value("max_difference_at") if len(others) == 1 else None
        place = f", at x = {rounded(at, 4)}" if isinstance(at, float) else ""
        sentence = (
            f"{listed(nearest)} {verb(nearest, 'differs', 'differ')} from {what} by at most {low}{place}"
        )
    else:
        apart = "equal" if low == "0" else f"at most {low} apart"
        sentence = (
            f"nearest to {what} {verb(nearest, 'is', 'are')} {listed(nearest)} ({apart}), "
            f"farthest {listed(farthest)} ({high})"
        )
        sentence = sentence[:1].upper() + sentence[1:]
    count, name = max(numbers_in(others, "nan_disagreements"))
    if count:
        only = f"only one of {name} and {first.function} is nan at {counted(int(count), 'number')}"
        sentence += f"; {only}"
    return f"{sentence}."


def _measure(x: Array, y: Series, reference: Series) -> Series:
    row = np.zeros(_FIELDS)
    row[_LOWEST], row[_HIGHEST] = math.inf, -math.inf
    row[[_LARGEST, _RELATIVE]] = -1.0
    absent = np.isnan(y)
    row[_NAN] = np.count_nonzero(absent)
    present = y[~absent] if row[_NAN] else y
    if present.size:
        row[_LOWEST], row[_HIGHEST], row[_SUM] = present.min(), present.max(), present.sum()
    if y is reference:
        return row
    absent_there = np.isnan(reference)
    compared = absent == absent_there
    row[_COMPARED] = np.count_nonzero(compared)
    row[_DISAGREEING] = y.size - row[_COMPARED]
    same = (y == reference) | (absent & absent_there)
    row[_DIFFERING] = y.size - np.count_nonzero(same)
    if not row[_COMPARED]:
        return row
    difference = np.where(same, 0.0, np.abs(y - reference))
    larger = np.maximum(np.abs(y), np.abs(reference))
    # quotients of infinities are taken as their limits
    relative = np.where(same, 0.0, difference / np.where(np.isfinite(larger), larger, 1.0))
    wide = ~same & np.isinf(difference)
    if wide.any():
        relative[wide] = np.abs(_divide(y[wide], larger[wide]) - _divide(reference[wide], larger[wide]))
    for size, at, of in ((_LARGEST, _LARGEST_AT, difference), (_RELATIVE, _RELATIVE_AT, relative)):
        place = int(np.argmax(np.where(compared, of, -1.0)))
        row[size], row[at] = of[place], x[place]
    row[_TOTAL] = difference[compared].sum()
    return row


def _divide(value: Series, by: Series) -> NDArray[np.float64]:
    """Return value/by, where both may be infinite."""
    return np.where(np.isinf(value), np.sign(value), np.where(np.isinf(by), 0.0, value / by))


def _differences(
    functions: tuple[Activation, ...], quantity: Quantity, between: tuple[float, float]
) -> Figure:
    first = functions[0]
    name = f"difference of {quantity.name} from {first.spec}"
    curves = tuple(_difference(f, first, quantity, between) for f in functions[1:])
    return Figure((Panel(name, curves),), between)


def _difference(f: Activation, first: Activation, quantity: Quantity, between: tuple[float, float]) -> Curve:
    one, other = quantity.of(f), quantity.of(first)
    segments = sample_curve(
        lambda x: np.asarray(one(x) - other(x), np.float64),
        tuple(_merge_kinks(f.kinks, first.kinks)),
        between,
        _CHART_POINTS,
        order=quantity.order,
    )
    return Curve(f.spec, quantity.name, f.spec, segments)


def _merge_kinks(kinks: Sequence[Kink], others: Sequence[Kink]) -> Iterator[Kink]:
    """Yield the kinks of a difference, one per point; it jumps or bends where either function does."""
    both = (*kinks, *others)
    for at in sorted({kink.at for kink in both}):
        here = [kink for kink in both if kink.at == at]
        bends = any(kink.slopes[0] != kink.slopes[1] for kink in here)
        yield Kink(at, (0.0, float(bends)), jump=any(kink.jump for kink in here))
