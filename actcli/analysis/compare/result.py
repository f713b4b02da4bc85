"""What a comparison finds: named columns, one contender a line, and steps in which it becomes complete.

Every way to compare yields steps. Each carries all that is known so far, so that a progress bar, a result cut
short by Ctrl-C and the complete one are read from the same stream.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from actcli.analysis.card.curves import Figure
from actcli.analysis.card.landmarks import Interval
from actcli.exits import UsageError

Better = Literal["small", "large", "neither"]
Value = float | int | str | bool | tuple[Interval, ...] | None
"""None: there is no such number, or it is not known (yet)."""
Record = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Column:
    """One thing that is measured of every contender.

    Attributes:
        name: for programs: the key in JSON, the heading in TSV, the word of --sort and --best. Stable.
        heading: for a person.
        better: which values are good.
        group: what it belongs to with its neighbours (`float16`), where columns come in groups; else blank.
        unit: what stands behind the number for a person: `ns`, `%`.
        unlike: the name of another column, without whose difference this one tells a person nothing new.

    """

    name: str
    heading: str
    better: Better = "neither"
    group: str = ""
    unit: str = ""
    unlike: str = ""


@dataclass(frozen=True, slots=True)
class Contender:
    """One function, or one stack of them, and what was measured of it.

    Attributes:
        function: the specification as typed, or as a sweep made it.
        values: by the columns' names; a missing one is None.
        details: longer findings, by name: records of equal keys (`layers`, `worst`, `histogram`). JSON holds all.

    """

    function: str
    values: Mapping[str, Value] = field(default_factory=dict)
    details: Mapping[str, Sequence[Record]] = field(default_factory=dict)

    def value(self, column: str) -> Value:
        """The value in a column; None where there is none."""
        return self.values.get(column)


@dataclass(frozen=True, slots=True)
class Bars:
    """A chart of one bar a contender.

    Attributes:
        quantity: what the bars are of.
        labels: the contenders.
        values: finite, from 0 on.

    """

    quantity: str
    labels: tuple[str, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """What --plot draws.

    Attributes:
        content: curves or bars.
        axis: what lies along x, for curves.
        log: whether y is logarithmic.

    """

    content: Figure | tuple[Bars, ...]
    axis: str = "x"
    log: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """All contenders by one measure.

    Attributes:
        by: properties, values, gradients, information, precision, speed; or summary.
        columns: what was measured, in order.
        contenders: in the order asked for.
        seed: of the random numbers; None where none were drawn.
        notes: sentences for a person: on what it was measured, what it shows.
        shown: the names of the details that a person sees below the table.
        chart: what --plot draws; None where there is nothing to draw yet.
        found: what was to fail on was found (--max-ulp).

    """

    by: str
    columns: tuple[Column, ...]
    contenders: tuple[Contender, ...]
    seed: int | None = None
    notes: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    chart: Chart | None = None
    found: bool = False

    def column(self, name: str) -> Column:
        """The column of this name; `-` and `_`, and case, do not matter. Raises UsageError with the known ones."""
        wanted = _key(name)
        for column in self.columns:
            if _key(column.name) == wanted:
                return column
        known = ", ".join(column.name for column in self.columns)
        where = "the summary" if self.by == "summary" else f"a comparison by {self.by}"
        raise UsageError(f"no column {name!r} in {where}; it has {known}")


@dataclass(frozen=True, slots=True)
class Step:
    """A moment of a comparison.

    Attributes:
        done, total: how far it is, in any unit; complete when they are equal.
        doing: what is being measured, in a few words.
        so_far: everything that is known by now.

    """

    done: int
    total: int
    doing: str
    so_far: Comparison


Steps = Iterator[Step]
_NUMBER = re.compile(r"((?<![\w.])-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|(?<=[a-z_])\d+)", re.ASCII)


def best(comparison: Comparison, column: Column) -> tuple[int, ...]:
    """The places of the best contenders in a column, several where they tie; none where nothing is better."""
    if column.better == "neither":
        return ()
    sizes = [_size(contender.value(column.name)) for contender in comparison.contenders]
    known = [size for size in sizes if size is not None]
    if len(known) < 2 or len(set(known)) == 1:
        return ()
    top = min(known) if column.better == "small" else max(known)
    return tuple(place for place, size in enumerate(sizes) if size == top)


def is_name(name: str) -> bool:
    """Whether this is what the first column of all comparisons is called: the specification."""
    return _key(name) == "function"


def by_name(comparison: Comparison) -> tuple[Contender, ...]:
    """The contenders in the order of their specifications; numbers in these by their size: 2 before 10."""

    def key(contender: Contender) -> list[tuple[bool, float, str]]:
        parts = _NUMBER.split(contender.function.lower())
        return [
            (bool(place % 2), float(part) if place % 2 else 0.0, part) for place, part in enumerate(parts)
        ]

    return tuple(sorted(comparison.contenders, key=key))


def ranked(comparison: Comparison, column: Column) -> tuple[Contender, ...]:
    """The contenders, best first where a column knows what is good, else ascending; unknown values last."""
    sign = -1.0 if column.better == "large" else 1.0

    def key(contender: Contender) -> tuple[bool, float, str]:
        value = contender.value(column.name)
        size = _size(value)
        return size is None and not isinstance(value, str), sign * (size or 0.0), str(value)

    return tuple(sorted(comparison.contenders, key=key))


def _size(value: Value) -> float | None:
    """The value as a number to compare; None where it is none, or nan."""
    if isinstance(value, bool | int | float) and not math.isnan(value):
        return float(value)
    return None


def _key(name: str) -> str:
    return name.strip().lower().replace("-", "").replace("_", "")
