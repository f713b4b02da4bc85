"""How many ULP somebody else's results are off: a kernel's values or gradients against the float64 core."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation
from actcli.analysis.compare.result import Bars, Chart, Column, Comparison, Contender, Record, Step, Steps
from actcli.analysis.figure.curves import Curve, Figure, Panel
from actcli.analysis.precision.number_types import LowType, numpy_type
from actcli.analysis.precision.rounding_loss import columnwise_largest, derivative
from actcli.analysis.precision.ulp import UlpTally, ulp_errors
from actcli.analysis.stream.blocks import in_order
from actcli.analysis.stream.evaluation import Array, Numbers, derivative_name, value_name
from actcli.exits import DataError, UsageError

_BLOCK = 1 << 17
_A_STEP = 4
"""Blocks between two steps."""
_KEYS = 1 << 16
_FARTHEST_DRAWN = 40.0
_LOG_FROM = 16.0
_LEAST_DRAWN = 2.0**-6
_BOUND_OF_THE_CORE = (4, 8, 8)

_COLUMNS = (
    Column("count", "results compared"),
    Column("max_ulp", "largest error", "small", unit="ULP"),
    Column("max_ulp_x", "at x"),
    Column("max_ulp_index", "at index"),
    Column("max_finite_ulp", "largest finite error", "small", unit="ULP", unlike="max_ulp"),
    Column("max_finite_ulp_x", "at x", unlike="max_ulp_x"),
    Column("mean_ulp", "mean error", "small", unit="ULP"),
    Column("mean_finite_ulp", "mean of the finite errors", "small", unit="ULP", unlike="mean_ulp"),
    Column("median_ulp", "median error", "small", unit="ULP"),
    Column("correctly_rounded", "share correctly rounded", "large"),
    Column("over_half_ulp", "results off by more than 0.5 ULP", "small"),
    Column("over_1_ulp", "more than 1 ULP", "small"),
    Column("over_2_ulp", "more than 2 ULP", "small"),
    Column("over_4_ulp", "more than 4 ULP", "small"),
    Column("infinite_ulp", "off without bound", "small"),
    Column("nan_disagreements", "of these NaN on one side only", "small"),
    Column("zero_sign_disagreements", "zeros of the other sign", "small"),
)


def compare_against(
    f: Activation,
    x: Numbers,
    theirs: Numbers,
    order: int,
    max_ulp: float | None,
    threads: int,
    unit: LowType | None = None,
) -> Steps:
    """The error of given results in ULP of their type, |theirs − f(x)| / ulp(f(x)); see `ulp` for the unit.

    x and theirs are streams of equally many numbers, in blocks of any sizes; theirs stands for f (order 0), f'
    or f'' at the same place of x. The exact result is the float64 core's at x as the stream has it. The unit is
    that of the type of `theirs`, or of `unit` where they were widened (bfloat16 as float32). In bounded memory.

    Values as in `_COLUMNS`: max_ulp, mean_ulp and median_ulp are of all errors, inf ones too, and max_finite_ulp and
    mean_finite_ulp of the finite ones. The counts are nested: those above 4 ULP hold the infinite ones, and these
    the disagreements about NaN. Details `histogram` (from, to, count: above from, up to to) and `worst` (index in
    C order, x, theirs, exact, ulp). At a kink f' is what PyTorch's autograd returns. `found` when an error exceeds
    max_ulp.

    Raises UsageError for a function over rows, an order other than 0, 1, 2 and a max_ulp that is no number from
    0 on; DataError when the counts differ, or there are no numbers, and what the streams raise.
    """
    if f.by_rows:
        raise UsageError(f"{f.spec} works over rows; --against compares functions of one number")
    if order not in {0, 1, 2}:
        raise UsageError(
            f"--order {order}: by precision 1 or 2; from the third on no derivative is exact enough to measure by"
        )
    if max_ulp is not None and not max_ulp >= 0:
        raise UsageError(f"--max-ulp {max_ulp:g}: a number of ULP from 0 on")
    counts = _size(x), _size(theirs)
    if None not in counts:
        _require_equal(x, theirs, *cast("tuple[int, int]", counts))
    setting = _Setting(f, x, theirs, order, max_ulp, unit or numpy_type(theirs.dtype))
    return _steps(setting, threads)


@dataclass(frozen=True, slots=True)
class _Setting:
    f: Activation
    x: Numbers
    theirs: Numbers
    order: int
    max_ulp: float | None
    unit: LowType

    @property
    def quantity(self) -> str:
        """What theirs stands for: `gelu(x)`, `gelu'(x)`."""
        return derivative_name(self.f.spec, self.order) if self.order else value_name(self.f.spec)


@dataclass(slots=True)
class _Known:
    """What is kept of the stream: errors, and the largest along x by x as a float16, for the chart."""

    errors: UlpTally = field(default_factory=UlpTally)
    along_x: Array = field(default_factory=lambda: np.full(_KEYS, -np.inf))


def _steps(setting: _Setting, threads: int) -> Steps:
    known = _Known()
    size = _size(setting.x)
    size = _size(setting.theirs) if size is None else size
    tallied = cast("Any", partial(_tallied, setting))
    live = setting.x.live or setting.theirs.live
    for number, (_, result) in enumerate(in_order(tallied, _pairs(setting), 1 if live else threads), 1):
        errors, along_x = cast("Any", result)
        known.errors.add(errors)
        np.maximum(known.along_x, along_x, out=known.along_x)
        done = known.errors.count
        if number % _A_STEP == 0 and done != size:
            yield Step(done, size or done + 1, setting.theirs.origin, _comparison(setting, known))
    done = known.errors.count
    if not done:
        raise DataError(f"{setting.x.origin} and {setting.theirs.origin}: hold no numbers")
    yield Step(done, done, setting.theirs.origin, _comparison(setting, known))


def _size(numbers: Numbers) -> int | None:
    return None if numbers.shape is None else math.prod(numbers.shape)


def _require_equal(x: Numbers, theirs: Numbers, x_count: int, their_count: int) -> None:
    if x_count != their_count:
        raise DataError(
            f"{theirs.origin}: {_counted(their_count, 'result')} for {_counted(x_count, 'number')} of {x.origin}; "
            "it takes one result for each"
        )


def _pairs(setting: _Setting) -> Iterator[NDArray[np.float64]]:
    """x and theirs beneath each other, (2, n): blocks of both streams, cut to one length."""
    streams = _Pieces(setting.x.blocks), _Pieces(setting.theirs.blocks)
    count = 0
    while ready := min(stream.waiting() for stream in streams):
        n = min(ready, _BLOCK)
        yield np.stack([stream.take(n) for stream in streams]).astype(np.float64)
        count += n
    x_count, their_count = (count + stream.drained() for stream in streams)
    _require_equal(setting.x, setting.theirs, x_count, their_count)


class _Pieces:
    """A stream of blocks, to be taken in pieces of any size up to the rest of its block."""

    def __init__(self, blocks: Iterator[Array]) -> None:
        self._blocks = blocks
        self._left: Array = np.empty(0)

    def waiting(self) -> int:
        """How many numbers can be taken now; 0 at the end."""
        while not self._left.size:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._left = block.reshape(-1)
        return int(self._left.size)

    def take(self, count: int) -> Array:
        """The next numbers, no more than are waiting."""
        taken, self._left = self._left[:count], self._left[count:]
        return taken

    def drained(self) -> int:
        """Read to the end: how many numbers were left."""
        count = 0
        while waiting := self.waiting():
            count += waiting
            self._left = self._left[:0]
        return count


def _tallied(setting: _Setting, block: NDArray[np.float64]) -> tuple[UlpTally, Array]:
    x, theirs = block
    exact = np.asarray(derivative(setting.f, setting.order)(x), np.float64)
    errors = ulp_errors(theirs, exact, setting.unit)
    along_x = np.full(_KEYS, -np.inf)
    with np.errstate(over="ignore"):
        np.maximum.at(along_x, x.astype(np.float16).view(np.uint16), errors)
    return UlpTally.of(x, theirs, exact, errors, setting.unit), along_x


def _comparison(setting: _Setting, known: _Known) -> Comparison:
    errors = known.errors
    top = errors.worst[0] if errors.worst else None
    half, one, two, four = errors.over
    values = {
        "count": errors.count,
        "max_ulp": errors.largest,
        "max_ulp_x": top.x if top else None,
        "max_ulp_index": top.index if top else None,
        "max_finite_ulp": errors.largest_finite,
        "max_finite_ulp_x": None if math.isnan(errors.largest_finite_x) else errors.largest_finite_x,
        "mean_ulp": errors.mean,
        "mean_finite_ulp": errors.finite_mean,
        "median_ulp": errors.median,
        "correctly_rounded": errors.rounded_right / errors.count if errors.count else None,
        "over_half_ulp": half,
        "over_1_ulp": one,
        "over_2_ulp": two,
        "over_4_ulp": four,
        "infinite_ulp": errors.infinite,
        "nan_disagreements": errors.nan_disagreements,
        "zero_sign_disagreements": errors.zero_signs,
    }
    histogram: list[Record] = [
        {"from": bucket.low, "to": bucket.high, "count": bucket.count} for bucket in errors.histogram()
    ]
    worst: list[Record] = [
        {"index": wrong.index, "x": wrong.x, "theirs": wrong.theirs, "exact": wrong.exact, "ulp": wrong.ulp}
        for wrong in errors.worst
    ]
    return Comparison(
        by="precision",
        columns=_COLUMNS,
        contenders=(Contender(setting.f.spec, values, {"histogram": histogram, "worst": worst}),),
        notes=_notes(setting, errors),
        shown=("histogram", "worst"),
        chart=_chart(setting, known),
        over_limit=setting.max_ulp is not None and errors.largest > setting.max_ulp,
    )


def _notes(setting: _Setting, errors: UlpTally) -> tuple[str, ...]:
    unit, order = setting.unit, setting.order
    notes = [_verdict(setting, errors)]
    notes.append(f"1 ULP is the distance of the {unit.name} numbers around the exact result")
    if unit.digits > 24:
        notes.append(
            f"the exact results are those of the float64 core, itself within {_BOUND_OF_THE_CORE[order]} ULP: "
            "errors up to that size say nothing"
        )
    if setting.x.dtype.itemsize > setting.theirs.dtype.itemsize:
        notes.append(
            f"x is {setting.x.dtype.name}, the results are {unit.name}: if they were computed from rounded x, "
            "save x as it was given to the kernel"
        )
    if errors.infinite:
        notes.append(
            f"{_counted(errors.infinite, 'result')} off without bound: NaN on one side only, or not the inf that "
            "is exact"
        )
    if not errors.exact_median:
        notes.append(
            "of so many errors the median is an upper bound: to 1/256 ULP, above 64 ULP the next power of two"
        )
    kinks = setting.f.kinks
    if order and kinks:
        at = ", ".join(f"{kink.at:.6g}" for kink in kinks[:4])
        notes.append(f"at the kinks (x = {at}) the exact derivative is what autograd returns")
    return tuple(notes)


def _verdict(setting: _Setting, errors: UlpTally) -> str:
    share = errors.rounded_right / errors.count if errors.count else 0.0
    sentence = f"{setting.theirs.origin} against {setting.quantity}: "
    if not errors.worst:
        sentence += "every result is exact"
    else:
        top = errors.worst[0]
        sentence += (
            f"the largest error is {errors.largest:.4g} ULP, at x = {top.x:.9g} (index {top.index}); "
            f"{_percent(share)} of {_counted(errors.count, 'result')} are correctly rounded"
        )
    if setting.max_ulp is not None:
        word = "above" if errors.largest > setting.max_ulp else "within"
        sentence += f"; {word} the limit of {setting.max_ulp:g} ULP"
    return sentence


def _percent(share: float) -> str:
    """100 % only of all."""
    return "100 %" if share == 1 else f"{min(100 * share, 99.9999):.6g} %"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _chart(setting: _Setting, known: _Known) -> Chart | None:
    """The largest error in each column of x, over the data's range as far as it shows the function.

    Where that shows none (x in one place, or errors next to nothing) the histogram stands in: a bar a bucket.
    """
    with np.errstate(invalid="ignore"):
        x = np.arange(_KEYS, dtype=np.uint16).view(np.float16).astype(np.float64)
    there = np.isfinite(x) & (known.along_x >= 0) & (np.abs(x) <= _FARTHEST_DRAWN)
    x, errors = x[there], known.along_x[there]
    if not x.size or not x.min() < x.max():
        return _histogram(known)
    between = float(x.min()), float(x.max())
    segments = columnwise_largest(x, np.asarray(errors, np.float64), between, _LEAST_DRAWN)
    if not segments:
        return _histogram(known)
    curve = Curve(setting.f.spec, "ULP", setting.f.spec, segments)
    panel = Panel(f"error of {setting.quantity} in ULP of {setting.unit.name}", (curve,))
    top = max(float(y.max()) for _, y in segments)
    return Chart(Figure((panel,), between), log=top > _LOG_FROM)


def _histogram(known: _Known) -> Chart | None:
    buckets = known.errors.histogram()
    if not buckets:
        return None
    labels = tuple(
        "exact" if not b.high else "without bound" if b.low == math.inf else f"up to {b.high:.6g} ULP"
        for b in buckets
    )
    return Chart((Bars("results by their error", labels, tuple(float(b.count) for b in buckets)),))
