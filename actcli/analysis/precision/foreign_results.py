"""The errors in ULP of results computed elsewhere: a kernel's values or gradients against the float64 core."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation
from actcli.analysis.compare.result import Bars, Chart, Column, Comparison, Contender, Record, Step, Steps
from actcli.analysis.figure.curves import Curve, Figure, Panel, Quantity
from actcli.analysis.number_types import LowType, numpy_type
from actcli.analysis.precision.rounding_loss import columnwise_largest
from actcli.analysis.precision.ulp import KEPT, UlpStatistics, ulp_errors
from actcli.analysis.stream.blocks import in_order
from actcli.analysis.stream.evaluation import Array, Numbers, derivative_name, require_elementwise, value_name
from actcli.analysis.wording import counted, percent, rounded
from actcli.exits import DataError, UsageError

_BLOCK = 1 << 17
_A_STEP = 4
"""Blocks from one step to the next."""
_KEYS = 1 << 16
_FARTHEST_DRAWN = 40.0
_LOG_FROM = 16.0
_LEAST_DRAWN = 2.0**-6
_BOUND_OF_THE_CORE = (4, 8, 8)

_COLUMNS = (
    Column("count", "results compared"),
    Column("max_ulp", "largest error", "small", unit="ULP", digits=4),
    Column("max_ulp_x", "at x"),
    Column("max_ulp_index", "at index"),
    Column("max_finite_ulp", "largest finite error", "small", unit="ULP", unlike="max_ulp"),
    Column("max_finite_ulp_x", "at x", unlike="max_ulp_x"),
    Column("mean_ulp", "mean error", "small", unit="ULP", digits=3),
    Column("mean_finite_ulp", "mean of the finite errors", "small", unit="ULP", unlike="mean_ulp", digits=3),
    Column("median_ulp", "median error", "small", unit="ULP", digits=3),
    Column("correctly_rounded", "share correctly rounded", "large", digits=3),
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
    """Measure the error of results in ULP of their type, |theirs − f(x)| / ulp(f(x)); see `ulp` for the unit.

    x and theirs are streams of equally many numbers, in blocks of any sizes; theirs holds f (order 0), f' or f'' at
    the same place of x. The exact result is that of the float64 core at x as the stream holds it. The unit is that
    of the type of `theirs`, or `unit` where they were widened (bfloat16 as float32). Memory is bounded.

    The columns: max_ulp, mean_ulp and median_ulp include infinite errors, max_finite_ulp and mean_finite_ulp do not.
    The counts are nested: those above 4 ULP include the infinite errors, and these the disagreements about NaN.
    Details are `histogram` (from, to, count: above from and up to to) and `worst` (index in C order, x, theirs, exact,
    ulp). At a kink f' is the derivative of PyTorch's autograd. An error above max_ulp sets `over_limit`.

    Raises UsageError for a function over rows, an order other than 0, 1 and 2, and a max_ulp that is not a number of
    at least 0; DataError when the counts differ or there are no numbers; and what the streams raise.
    """
    require_elementwise([f])
    if order not in {0, 1, 2}:
        raise UsageError(
            f"`order={order}`: at most 2; higher derivatives are not exact enough to measure errors by"
        )
    if max_ulp is not None and not max_ulp >= 0:
        raise UsageError(f"`max_ulp={max_ulp:g}`: a number of ULP of at least 0")
    counts = x.size, theirs.size
    if None not in counts:
        _require_equal(x, theirs, *cast("tuple[int, int]", counts))
    setting = _Results(f, x, theirs, order, max_ulp, unit or numpy_type(theirs.dtype))
    return _steps(setting, threads)


@dataclass(frozen=True, slots=True)
class _Results:
    f: Activation
    x: Numbers
    theirs: Numbers
    order: int
    max_ulp: float | None
    unit: LowType

    @property
    def quantity(self) -> str:
        """Return what theirs holds: `gelu(x)`, `gelu'(x)`."""
        return derivative_name(self.f.spec, self.order) if self.order else value_name(self.f.spec)


@dataclass(slots=True)
class _StreamErrors:
    """The errors of the stream so far, and for the chart the largest error at each x as a float16."""

    errors: UlpStatistics = field(default_factory=UlpStatistics)
    along_x: Array = field(default_factory=lambda: np.full(_KEYS, -np.inf))


def _steps(setting: _Results, threads: int) -> Steps:
    so_far = _StreamErrors()
    size = setting.x.size
    size = setting.theirs.size if size is None else size
    measure = cast("Any", partial(_measure, setting))
    live = setting.x.live or setting.theirs.live
    for number, (_, result) in enumerate(in_order(measure, _pairs(setting), 1 if live else threads), 1):
        errors, along_x = cast("Any", result)
        so_far.errors.add(errors)
        np.maximum(so_far.along_x, along_x, out=so_far.along_x)
        done = so_far.errors.count
        if number % _A_STEP == 0 and done != size:
            yield Step(done, size or done + 1, setting.theirs.origin, _comparison(setting, so_far))
    done = so_far.errors.count
    if not done:
        raise DataError(f"{setting.x.origin} and {setting.theirs.origin}: hold no numbers")
    yield Step(done, done, setting.theirs.origin, _comparison(setting, so_far))


def _require_equal(x: Numbers, theirs: Numbers, x_count: int, their_count: int) -> None:
    if x_count != their_count:
        raise DataError(
            f"{theirs.origin}: {counted(their_count, 'result')} for {counted(x_count, 'number')} of {x.origin}; "
            "one result per number is needed"
        )


def _pairs(setting: _Results) -> Iterator[NDArray[np.float64]]:
    """Yield x and theirs stacked, (2, n): blocks of both streams, cut to equal lengths."""
    streams = _Pieces(setting.x.blocks), _Pieces(setting.theirs.blocks)
    count = 0
    while ready := min(stream.waiting() for stream in streams):
        n = min(ready, _BLOCK)
        yield np.stack([stream.take(n) for stream in streams]).astype(np.float64)
        count += n
    x_count, their_count = (count + stream.drain() for stream in streams)
    _require_equal(setting.x, setting.theirs, x_count, their_count)


class _Pieces:
    """A stream of blocks, read in pieces of any size up to the rest of the current block."""

    def __init__(self, blocks: Iterator[Array]) -> None:
        self._blocks = blocks
        self._left: Array = np.empty(0)

    def waiting(self) -> int:
        """Return how many numbers can be taken now; 0 at the end."""
        while not self._left.size:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._left = block.reshape(-1)
        return int(self._left.size)

    def take(self, count: int) -> Array:
        """Return the next numbers, at most as many as are waiting."""
        piece, self._left = self._left[:count], self._left[count:]
        return piece

    def drain(self) -> int:
        """Read to the end and return how many numbers were left."""
        count = 0
        while waiting := self.waiting():
            count += waiting
            self._left = self._left[:0]
        return count


def _measure(setting: _Results, block: NDArray[np.float64]) -> tuple[UlpStatistics, Array]:
    x, theirs = block
    exact = np.asarray(Quantity(setting.order).of(setting.f)(x), np.float64)
    errors = ulp_errors(theirs, exact, setting.unit)
    along_x = np.full(_KEYS, -np.inf)
    with np.errstate(over="ignore"):
        np.maximum.at(along_x, x.astype(np.float16).view(np.uint16), errors)
    return UlpStatistics.of(x, theirs, exact, errors, setting.unit), along_x


def _comparison(setting: _Results, so_far: _StreamErrors) -> Comparison:
    errors = so_far.errors
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
    over_limit = setting.max_ulp is not None and errors.largest > setting.max_ulp
    return Comparison(
        by="precision",
        columns=_COLUMNS,
        contenders=(Contender(setting.f.spec, values, {"histogram": histogram, "worst": worst}),),
        answer=_answer(setting, errors),
        warnings=tuple(_warnings(setting, errors)),
        notes=(f"1 ULP is the distance of the {setting.unit.name} numbers around the exact result.",),
        shown=("histogram", "worst"),
        chart=_chart(setting, so_far),
        over_limit=over_limit,
    )


def _answer(setting: _Results, errors: UlpStatistics) -> str:
    """Return the largest error, where it is, and how many results are correctly rounded."""
    what = f"{setting.theirs.origin} against {setting.quantity}"
    if errors.worst:
        top, share = errors.worst[0], percent(errors.rounded_right / errors.count)
        sentence = (
            f"{what}: the largest error is {rounded(errors.largest, 4)} ULP, at x = {top.x:.9g} (index {top.index:,}); "
            f"{share} of {counted(errors.count, 'result')} {'is' if errors.count == 1 else 'are'} correctly rounded"
        )
    else:
        sentence = f"{what}: every result is exact"
    if setting.max_ulp is not None:
        word = "above" if errors.largest > setting.max_ulp else "within"
        sentence += f"; {word} the limit of {setting.max_ulp:g} ULP"
    return f"{sentence}."


def _warnings(setting: _Results, errors: UlpStatistics) -> Iterator[str]:
    unit, order, kinks = setting.unit, setting.order, setting.f.kinks
    if unit.digits > 24:
        bound = _BOUND_OF_THE_CORE[order]
        yield f"the float64 core is exact to {bound} ULP itself, so errors up to {bound} ULP mean nothing"
    if setting.x.dtype.itemsize > setting.theirs.dtype.itemsize:
        yield (
            f"x is {setting.x.dtype.name} and the results are {unit.name}; if the kernel rounded x first, save the "
            "rounded x"
        )
    if errors.infinite:
        yield (
            f"{counted(errors.infinite, 'result')} off without bound: nan on one side only, or a finite result "
            "instead of inf"
        )
    if not errors.exact_median:
        yield f"with more than {KEPT:,} errors the median is an upper bound"
    if order and kinks:
        at = ", ".join(f"{kink.at:.6g}" for kink in kinks[:4])
        yield f"at the kinks (x = {at}) the exact derivative is that of PyTorch's autograd"


def _chart(setting: _Results, so_far: _StreamErrors) -> Chart | None:
    """Return the largest error in each column of x, over the part of the data's range that shows the function.

    Where there is no curve (x in one place, or hardly any errors), return the histogram, a bar per bucket.
    """
    with np.errstate(invalid="ignore"):
        x = np.arange(_KEYS, dtype=np.uint16).view(np.float16).astype(np.float64)
    there = np.isfinite(x) & (so_far.along_x >= 0) & (np.abs(x) <= _FARTHEST_DRAWN)
    x, errors = x[there], so_far.along_x[there]
    if not x.size or not x.min() < x.max():
        return _histogram(so_far)
    between = float(x.min()), float(x.max())
    segments = columnwise_largest(x, np.asarray(errors, np.float64), between, _LEAST_DRAWN)
    if not segments:
        return _histogram(so_far)
    curve = Curve(setting.f.spec, "ULP", setting.f.spec, segments)
    panel = Panel(f"error of {setting.quantity} in ULP of {setting.unit.name}", (curve,))
    top = max(float(y.max()) for _, y in segments)
    return Chart(Figure((panel,), between), log=top > _LOG_FROM)


def _histogram(so_far: _StreamErrors) -> Chart | None:
    buckets = so_far.errors.histogram()
    if not buckets:
        return None
    labels = tuple(
        "exact" if not b.high else "without bound" if b.low == math.inf else f"up to {b.high:.6g} ULP"
        for b in buckets
    )
    return Chart((Bars("results by their error", labels, tuple(float(b.count) for b in buckets)),))
