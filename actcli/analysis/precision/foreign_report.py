"""The report on results computed elsewhere: columns, sentences and the chart."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from actcli.activations import Activation
from actcli.activations.definition import FORMULA
from actcli.analysis.compare.result import Bars, Chart, Column, Comparison, Contender, Record
from actcli.analysis.figure.curves import Curve, Figure, Panel, Quantity
from actcli.analysis.number_types import Floats, LowType, narrow, numpy_type
from actcli.analysis.precision.regions import RegionStatistics
from actcli.analysis.precision.rounding_loss import columnwise_largest
from actcli.analysis.precision.ulp import Measure, Rules
from actcli.analysis.precision.ulp_statistics import KEPT, UlpStatistics
from actcli.analysis.stream.evaluation import Array, Numbers, derivative_name, value_name
from actcli.analysis.wording import counted, file_named, percent, rounded

_KEYS = 1 << 16
_FARTHEST_DRAWN = 40.0
_LOG_FROM = 16.0
_LEAST_DRAWN = 2.0**-6
_BOUND_OF_THE_CORE = 1
_BOUND_OF_FORMULAS = (4, 8, 8)
"""ULP of the float64 core, for named functions and for formulas by the order of the derivative."""


@dataclass(frozen=True, slots=True)
class Against:
    """What is asked of results computed elsewhere.

    Attributes:
        order: 0 for f, 1 for f', 2 for f''.
        max_ulp: the largest distance that passes; None without a limit.
        unit: the type in whose ULP distances are counted; None means that of the results.
        measure: the definition of the distance.
        flush_results, flush_inputs, ignore_zero_sign: as of `Rules`.
        regions: whether errors are shown by regions of x.

    """

    order: int = 0
    max_ulp: float | None = None
    unit: LowType | None = None
    measure: Measure = "error"
    flush_results: bool = False
    flush_inputs: bool = False
    ignore_zero_sign: bool = False
    regions: bool = False


@dataclass(frozen=True, slots=True)
class Results:
    """Somebody's results, and the function that they are of.

    Attributes:
        f: the function.
        x, theirs: the streams of numbers and of results.
        request: what is asked.
        rules: how a result is judged, with the unit.
        widened: whether the results are numbers of a narrower type than that of their file.

    """

    f: Activation
    x: Numbers
    theirs: Numbers
    request: Against
    rules: Rules
    widened: bool = False

    @property
    def quantity(self) -> str:
        """Return what theirs holds: `gelu(x)`, `gelu'(x)`."""
        order = self.request.order
        return derivative_name(self.f.spec, order) if order else value_name(self.f.spec)

    @property
    def x_kind(self) -> LowType:
        """Return the type of x."""
        return self.x.kind or numpy_type(self.x.dtype)

    def exact(self, x: Floats) -> Floats:
        """Return what theirs should be, before rounding."""
        return np.asarray(Quantity(self.request.order).of(self.f)(x), np.float64)


@dataclass(slots=True)
class StreamErrors:
    """The errors of a stream so far; for the chart the largest at each x as a float16, and those by regions of x."""

    errors: UlpStatistics = field(default_factory=UlpStatistics)
    along_x: Array = field(default_factory=lambda: np.full(_KEYS, -np.inf))
    regions: RegionStatistics | None = None

    def add(self, later: "StreamErrors") -> None:
        """Add the errors of the next piece."""
        self.errors.add(later.errors)
        np.maximum(self.along_x, later.along_x, out=self.along_x)
        if self.regions is None:
            self.regions = later.regions
        elif later.regions is not None:
            self.regions.add(later.regions)


def largest_along(x: Array, errors: Array) -> Array:
    """Return the largest error at each x as a float16, by its bit pattern; -inf where there is no x."""
    along_x = np.full(_KEYS, -np.inf)
    with np.errstate(over="ignore"):
        np.maximum.at(along_x, x.astype(np.float16).view(np.uint16), errors)
    return along_x


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
    Column("flushed", "zeros instead of subnormal numbers", "small"),
    Column("zero_sign_disagreements", "zeros of the other sign", "small"),
)


def compare_results(results: Results, so_far: StreamErrors) -> Comparison:
    """Return the comparison of the results so far."""
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
        "flushed": errors.flushed,
        "zero_sign_disagreements": errors.zero_signs,
    }
    details: dict[str, Sequence[Record]] = {
        "histogram": [
            {
                "steps_from": one.low,
                "steps_to": one.high,
                "count": one.count,
                "share": one.count / errors.count,
            }
            for one in errors.histogram()
        ],
        "worst": [
            {
                "index": wrong.index,
                "x": wrong.x,
                "x_bits": _pattern(wrong.x, results.x_kind),
                "theirs": wrong.theirs,
                "exact": wrong.exact,
                "ulp": wrong.ulp,
            }
            for wrong in errors.worst
        ],
    }
    if so_far.regions is not None:
        details["regions"] = [
            {
                "from": one.low,
                "to": one.high,
                "count": one.count,
                "correctly_rounded": one.right / one.count,
                "max_ulp": one.largest,
                "at_x": one.x,
                "x_bits": _pattern(one.x, results.x_kind),
            }
            for one in so_far.regions.regions()
        ]
    rules = results.rules
    return Comparison(
        by="precision",
        columns=_COLUMNS,
        contenders=(Contender(results.f.spec, values, details),),
        settings={
            "type": rules.unit.name,
            "ulp": rules.measure,
            "max_ulp": results.request.max_ulp,
            "ftz": rules.flush_results,
            "daz": rules.flush_inputs,
            "ignore_zero_sign": rules.ignore_zero_sign,
        },
        answer=_answer(results, errors),
        warnings=tuple(_warnings(results, errors)),
        notes=(_note(rules),),
        shown=tuple(name for name in ("histogram", "regions", "worst") if name in details),
        chart=_chart(results, so_far),
        over_limit=_is_over(results, errors),
    )


def _pattern(x: float, kind: LowType) -> str:
    (pattern,) = narrow(kind, np.array([x])).tolist()
    return f"0x{pattern:0{kind.bits // 4}x}"


def _is_over(results: Results, errors: UlpStatistics) -> bool:
    """Return whether a distance is above the limit, or a zero has the other sign although that counts."""
    limit = results.request.max_ulp
    signs = errors.zero_signs and not results.rules.ignore_zero_sign
    return limit is not None and (errors.largest > limit or bool(signs))


def _note(rules: Rules) -> str:
    if rules.measure == "steps":
        return f"1 ULP is one step from a {rules.unit.name} number to the next; the histogram counts steps."
    return (
        f"1 ULP is the distance of the {rules.unit.name} numbers around the exact result; the histogram counts steps "
        "between numbers."
    )


def _answer(results: Results, errors: UlpStatistics) -> str:
    """Return the largest error, where it is, and how many results are correctly rounded."""
    what = f"{file_named(results.theirs.origin)} against {results.quantity}"
    if errors.worst:
        top, share = errors.worst[0], percent(errors.rounded_right / errors.count)
        sentence = (
            f"{what}: the largest error is {rounded(errors.largest, 4)} ULP, at x = {top.x:.9g} (index {top.index:,}); "
            f"{share} of {counted(errors.count, 'result')} {'is' if errors.count == 1 else 'are'} correctly rounded"
        )
    else:
        sentence = f"{what}: every result is exact"
    limit = results.request.max_ulp
    if limit is not None:
        if errors.largest <= limit and _is_over(results, errors):
            sentence += f"; within the limit of {limit:g} ULP, but {_zeros(errors)} of the other sign"
        else:
            word = "above" if errors.largest > limit else "within"
            sentence += f"; {word} the limit of {limit:g} ULP"
    return f"{sentence}."


def _zeros(errors: UlpStatistics) -> str:
    return counted(errors.zero_signs, "zero")


def _warnings(results: Results, errors: UlpStatistics) -> Iterator[str]:
    unit, order, kinks = results.rules.unit, results.request.order, results.f.kinks
    if results.widened:
        yield f"{file_named(results.theirs.origin)} holds {unit.name} numbers as {results.theirs.dtype.name}"
    if unit.digits > 24:
        named = results.f.definition.family != FORMULA
        bound = _BOUND_OF_THE_CORE if named else _BOUND_OF_FORMULAS[order]
        yield f"the float64 core is exact to {bound} ULP itself, so errors up to {bound} ULP mean nothing"
    if results.x_kind.digits > unit.digits:
        yield (
            f"x is {results.x_kind.name} and the results are {unit.name}; if the kernel rounded x first, save the "
            "rounded x"
        )
    if errors.infinite:
        finite = "" if results.rules.measure == "steps" else ", or a finite result instead of inf"
        yield f"{counted(errors.infinite, 'result')} off without bound: nan on one side only{finite}"
    if errors.flushed and not results.rules.flush_results:
        yield f"{counted(errors.flushed, 'result')} 0 instead of a subnormal number; --ftz lets them pass"
    if errors.zero_signs and not results.rules.ignore_zero_sign:
        yield f"{_zeros(errors)} of the other sign; --ignore-zero-sign lets them pass"
    if not errors.exact_median:
        yield f"with more than {KEPT:,} errors the median is an upper bound"
    if order and kinks:
        at = ", ".join(f"{kink.at:.6g}" for kink in kinks[:4])
        yield f"at the kinks (x = {at}) the exact derivative is that of PyTorch's autograd"


def _chart(results: Results, so_far: StreamErrors) -> Chart | None:
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
    curve = Curve(results.f.spec, "ULP", results.f.spec, segments)
    panel = Panel(f"error of {results.quantity} in ULP of {results.rules.unit.name}", (curve,))
    top = max(float(y.max()) for _, y in segments)
    return Chart(Figure((panel,), between), log=top > _LOG_FROM)


def _histogram(so_far: StreamErrors) -> Chart | None:
    buckets = so_far.errors.histogram()
    if not buckets:
        return None
    labels = tuple(
        "without bound"
        if b.low == math.inf
        else f"{b.low:g}"
        if b.low == b.high
        else f"{b.low:g} to {b.high:g}"
        if b.high <= 100
        else "more than 100"
        for b in buckets
    )
    return Chart(
        (Bars("results by their distance in steps", labels, tuple(float(b.count) for b in buckets)),)
    )
