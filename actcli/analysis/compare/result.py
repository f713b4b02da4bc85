"""The result of a comparison: named columns, one row per contender, and the steps in which it becomes complete.

Every way to compare yields steps. Each step carries the result so far, so that a progress bar, a result that
Ctrl-C cut short and the complete one are read from the same stream.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Literal

from actcli.analysis.card.landmarks import Interval
from actcli.analysis.figure.curves import Figure
from actcli.analysis.wording import listed, verb
from actcli.dataclass import dataclass
from actcli.exits import UsageError

Better = Literal["small", "large", "neither"]
Value = float | int | str | bool | tuple[Interval, ...] | None
"""None: the number does not exist, or has not been measured yet."""
Record = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Column:
    """One quantity that is measured for every contender.

    Attributes:
        name: for programs: the key in JSON, the header in TSV, the name to sort and choose by. Stable.
        heading: for a person.
        better: which values are good.
        group: the group of neighbouring columns that it belongs to (`float16`); else blank.
        unit: the unit, for a person: `ns`, `%`.
        unlike: the name of another column. Where both hold the same values, tables leave this one out.
        error: the name of the column that holds the standard error. Tables show both in one cell.
        digits: significant digits that are meaningful for a person; 0 leaves the choice to the table.

    """

    name: str
    heading: str
    better: Better = "neither"
    group: str = ""
    unit: str = ""
    unlike: str = ""
    error: str = ""
    digits: int = 0


@dataclass(frozen=True, slots=True)
class Contender:
    """One function, or one stack of layers, and its measured values.

    Attributes:
        function: the specification, as typed or as made by a sweep.
        values: by column name; a missing one is None.
        details: longer results by name, records with equal keys (`layers`, `worst`, `histogram`). JSON holds all.
        approximate: the names of the columns whose values are those of float64, because a formula loses its digits.

    """

    function: str
    values: Mapping[str, Value] = field(default_factory=dict)
    details: Mapping[str, Sequence[Record]] = field(default_factory=dict)
    approximate: frozenset[str] = frozenset()

    def value(self, column: str) -> Value:
        """Return the value in a column; None where there is none."""
        return self.values.get(column)


@dataclass(frozen=True, slots=True)
class Bars:
    """A chart with one bar per contender.

    Attributes:
        quantity: what the bars show.
        labels: the contenders.
        values: finite and not negative.

    """

    quantity: str
    labels: tuple[str, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart of a comparison.

    Attributes:
        content: curves or bars.
        axis: the name of the x axis, for curves.
        log: whether y is logarithmic.

    """

    content: Figure | tuple[Bars, ...]
    axis: str = "x"
    log: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """All contenders, compared by one measure.

    Attributes:
        by: properties, values, gradients, training, information, precision, speed; or summary.
        columns: the measured quantities, in order.
        contenders: in the order of the request.
        seed: of the random numbers; None where none were drawn.
        settings: the settings of a training, by name; JSON holds them.
        answer: one sentence that answers the reader's question from the numbers; blank while there are none.
        warnings: sentences about this input or run that limit what the numbers mean.
        notes: sentences that say on what the numbers were measured.
        shown: the names of the details that a table shows below itself.
        chart: or what makes it when it is drawn; None where there is nothing to draw yet.
        over_limit: whether an error is above the limit that was set.

    """

    by: str
    columns: tuple[Column, ...]
    contenders: tuple[Contender, ...]
    seed: int | None = None
    settings: Record = field(default_factory=dict)
    answer: str = ""
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    chart: Chart | Callable[[], Chart] | None = None
    over_limit: bool = False

    @property
    def drawing(self) -> Chart | None:
        """The chart, made now where it is not yet."""
        return self.chart() if callable(self.chart) else self.chart

    def column(self, name: str) -> Column:
        """Return the column of this name; `-`, `_` and case do not matter. Raises UsageError that lists the columns."""
        key = _key(name)
        for column in self.columns:
            if _key(column.name) == key:
                return column
        names = ", ".join(column.name for column in self.columns)
        where = "the summary" if self.by == "summary" else f"a comparison by {self.by}"
        raise UsageError(f"no column {name!r} in {where}; it has {names}")


@dataclass(frozen=True, slots=True)
class Step:
    """The state of a comparison while it runs.

    Attributes:
        done, total: the progress in any unit; equal when the comparison is complete.
        doing: what is being measured, in a few words.
        result: the result so far, or what computes it; then it costs nothing until somebody looks.

    """

    done: int
    total: int
    doing: str
    result: Comparison | Callable[[], Comparison]

    @property
    def so_far(self) -> Comparison:
        """The result so far."""
        return self.result if isinstance(self.result, Comparison) else self.result()


Steps = Iterator[Step]
_NUMBER = re.compile(r"((?<![\w.])-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|(?<=[a-z_])\d+)", re.ASCII)


def best(comparison: Comparison, column: Column) -> tuple[int, ...]:
    """Return the indices of the best contenders in a column: several for a tie, none where no value is better."""
    if column.better == "neither":
        return ()
    sizes = [comparable(contender.value(column.name)) for contender in comparison.contenders]
    numbers = [size for size in sizes if size is not None]
    if len(numbers) < 2 or len(set(numbers)) == 1:
        return ()
    top = min(numbers) if column.better == "small" else max(numbers)
    return tuple(i for i, size in enumerate(sizes) if size == top)


def is_function_column(name: str) -> bool:
    """Return whether this names the first column of every comparison, the specification."""
    return _key(name) == "function"


def sort_by_name(comparison: Comparison) -> tuple[Contender, ...]:
    """Return the contenders sorted by specification, with numbers in it by size: 2 before 10."""

    def key(contender: Contender) -> list[tuple[bool, float, str]]:
        parts = _NUMBER.split(contender.function.lower())
        return [(bool(i % 2), float(part) if i % 2 else 0.0, part) for i, part in enumerate(parts)]

    return tuple(sorted(comparison.contenders, key=key))


def sort_by_column(comparison: Comparison, column: Column) -> tuple[Contender, ...]:
    """Return the contenders, best first where the column says what is good, else ascending; missing values last."""
    sign = -1.0 if column.better == "large" else 1.0

    def key(contender: Contender) -> tuple[bool, float, str]:
        value = contender.value(column.name)
        size = comparable(value)
        return size is None and not isinstance(value, str), sign * (size or 0.0), str(value)

    return tuple(sorted(comparison.contenders, key=key))


def numbers_in(contenders: Sequence[Contender], column: str) -> list[tuple[float, str]]:
    """Return (number, specification) of the contenders that have a number in the column."""
    sizes = ((comparable(contender.value(column)), contender.function) for contender in contenders)
    return [(size, function) for size, function in sizes if size is not None]


def warn_of_float64(contenders: Sequence[Contender]) -> Iterator[str]:
    """Yield the warning about contenders with approximate figures, if there are any."""
    names = [contender.function for contender in contenders if contender.approximate]
    if names:
        yield (
            f"{listed(names)} {verb(names, 'loses', 'lose')} digits at so many x that they were not all computed "
            "again: figures with ≈ are those of float64"
        )


def comparable(value: Value) -> float | None:
    """Return the value as a number that can be better than another; None where it is no number, or NaN."""
    if isinstance(value, bool | int | float) and not math.isnan(value):
        return float(value)
    return None


def _key(name: str) -> str:
    return name.strip().lower().replace("-", "").replace("_", "")
