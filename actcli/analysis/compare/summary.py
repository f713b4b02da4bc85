"""Activation functions side by side by what is on their cards: every property, or the numbers that decide."""

import math
from collections.abc import Sequence

from actcli.activations import Activation
from actcli.analysis.card.landmarks import Interval
from actcli.analysis.card.properties import SATURATED_BELOW, Properties, measure
from actcli.analysis.compare.result import Chart, Column, Comparison, Contender, Step, Steps, Value
from actcli.analysis.figure.curves import Quantity, figure
from actcli.analysis.figure.plot_range import usual_range
from actcli.exits import UsageError

_POINTS = 601
_SAME = 1e-12

_ALL = (
    Column("infimum", "infimum", group="range"),
    Column("supremum", "supremum", group="range"),
    Column("bounded", "bounded", group="range"),
    Column("limit_left", "limit at -inf", group="range"),
    Column("limit_right", "limit at inf", group="range"),
    Column("smoothness", "smoothness", group="shape"),
    Column("monotone", "monotone", group="shape"),
    Column("convexity", "convexity", group="shape"),
    Column("symmetry", "symmetry", group="shape"),
    Column("value_at_zero", "f(0)", group="shape"),
    Column("slope_at_zero", "f'(0)", group="gradient"),
    Column("largest_slope", "sup |f'|", group="gradient"),
    Column("lipschitz", "Lipschitz constant", group="gradient"),
    Column("zero_gradient", "f' = 0 on", group="gradient"),
    Column("zero_gradient_share", "share of z with f' = 0", "small", "gradient"),
    Column("saturation_left", "saturated left of", group="gradient"),
    Column("saturation_right", "saturated right of", group="gradient"),
    Column("saturated_share", "share of z saturated", "small", "gradient"),
    Column("value_mean", "mean of f(z)", group="N(0, 1)"),
    Column("off_centre", "|mean of f(z)|", "small", "N(0, 1)"),
    Column("value_variance", "variance of f(z)", group="N(0, 1)"),
    Column("slope_mean", "mean of f'(z)", group="N(0, 1)"),
    Column("slope_variance", "variance of f'(z)", group="N(0, 1)"),
    Column("gradient_factor", "gradient factor of a layer", group="N(0, 1)"),
    Column("gradient_drift", "gradient drift of a layer", "small", "N(0, 1)", "decades"),
    Column("gain_second_moment", "gain, second moment", group="gains"),
    Column("gain_standard_deviation", "gain, standard deviation", group="gains"),
    Column("gain_gradient", "gain, gradient", group="gains"),
    Column("gain_torch", "gain in torch", group="gains"),
)
_KEY = (
    "infimum",
    "supremum",
    "smoothness",
    "monotone",
    "largest_slope",
    "zero_gradient_share",
    "saturated_share",
    "value_mean",
    "off_centre",
    "value_variance",
    "gradient_factor",
    "gradient_drift",
    "gain_second_moment",
)
_MEANING = (
    "z is a preactivation from N(0, 1). A side is saturated from where |f'| stays below "
    f"{SATURATED_BELOW:g} of its largest value."
)
_FACTOR = (
    "The gradient factor, E f'(z)² / E f(z)², is what one wide layer does to the second moment of the gradient "
    "when its weights keep that of the signal at 1; the drift is |log10| of it, and 0 is best."
)


def compare_properties(functions: Sequence[Activation]) -> Steps:
    """Every property on the cards, a column each, computed from the functions as `measure` does.

    Shares and moments are of z ~ N(0, 1); None where z may leave the domain. Raises UsageError for fewer than
    two functions, and for one over rows.
    """
    return _compared("properties", functions, _ALL)


def compare_summary(functions: Sequence[Activation]) -> Steps:
    """The properties that tell activations apart most: the columns of `compare_properties` in short.

    Raises UsageError for fewer than two functions, and for one over rows.
    """
    columns = {column.name: column for column in _ALL}
    return _compared("summary", functions, tuple(columns[name] for name in _KEY))


def normal_mass(interval: Interval) -> float:
    """P(z in the interval), z ~ N(0, 1); full relative precision in the tails."""
    low, high = interval.low, interval.high
    if low > 0:
        low, high = -high, -low
    root = math.sqrt(0.5)
    return (math.erfc(-high * root) - math.erfc(-low * root)) / 2


def _compared(by: str, functions: Sequence[Activation], columns: tuple[Column, ...]) -> Steps:
    if len(functions) < 2:
        what = "a comparison" if by == "summary" else f"a comparison by {by}"
        raise UsageError(f"{what} needs at least two functions")
    for f in functions:
        if f.by_rows:
            raise UsageError(f"{f.spec} works over rows: it has no single curve whose properties to compare")
    return _measured(by, tuple(functions), columns)


def _measured(by: str, functions: tuple[Activation, ...], columns: tuple[Column, ...]) -> Steps:
    contenders: list[Contender] = []
    total = len(functions) + 1
    for f in functions:
        yield Step(len(contenders), total, f.spec, _comparison(by, columns, contenders, None))
        found = _values(measure(f))
        contenders.append(Contender(f.spec, {column.name: found[column.name] for column in columns}))
    yield Step(total - 1, total, "the curves", _comparison(by, columns, contenders, None))
    chart = Chart(figure(functions, (Quantity(), Quantity(1)), usual_range(functions), _POINTS))
    yield Step(total, total, "done", _comparison(by, columns, contenders, chart))


def _comparison(
    by: str, columns: tuple[Column, ...], contenders: Sequence[Contender], chart: Chart | None
) -> Comparison:
    return Comparison(by, columns, tuple(contenders), notes=(_MEANING, _FACTOR), chart=chart)


def _values(found: Properties) -> dict[str, Value]:
    value, slope, gains = found.value_moments, found.slope_moments, found.gains
    everywhere = value is not None
    numbers: dict[str, Value] = {
        "infimum": found.lowest.value,
        "supremum": found.highest.value,
        "bounded": found.bounded,
        "limit_left": _known(found.limits[0]),
        "limit_right": _known(found.limits[1]),
        "smoothness": found.smoothness if math.isinf(found.smoothness) else int(found.smoothness),
        "monotone": found.direction,
        "convexity": found.bend,
        "symmetry": found.symmetry,
        "value_at_zero": _known(found.at_zero[0]),
        "slope_at_zero": _known(found.at_zero[1]),
        "largest_slope": found.largest_slope,
        "lipschitz": found.lipschitz,
        "zero_gradient": found.zero_gradient,
        "zero_gradient_share": math.fsum(map(normal_mass, found.zero_gradient)) if everywhere else None,
        "saturation_left": found.saturation[0],
        "saturation_right": found.saturation[1],
        "saturated_share": _saturated_share(found) if everywhere else None,
    }
    factor = _ratio(slope.second, value.second) if slope and value else None
    numbers |= {
        "value_mean": _known(value.mean) if value else None,
        "off_centre": _known(abs(value.mean)) if value else None,
        "value_variance": _known(value.variance) if value else None,
        "slope_mean": _known(slope.mean) if slope else None,
        "slope_variance": _known(slope.variance) if slope else None,
        "gradient_factor": factor,
        "gradient_drift": None if factor is None else abs(math.log10(factor)) if factor else math.inf,
        "gain_second_moment": _known(gains.second_moment) if gains else None,
        "gain_standard_deviation": _known(gains.standard_deviation) if gains else None,
        "gain_gradient": _known(gains.gradient) if gains else None,
        "gain_torch": gains.torch if gains else None,
    }
    return numbers


def _saturated_share(found: Properties) -> float | None:
    """The mass beyond the points of saturation; None where there is no largest slope to compare with."""
    if not 0 < found.largest_slope < math.inf:
        return None
    left, right = found.saturation
    tails = [Interval(-math.inf, left)] if left is not None else []
    tails += [Interval(right, math.inf)] if right is not None else []
    return math.fsum(map(normal_mass, tails))


def _ratio(upper: float, lower: float) -> float | None:
    if not (math.isfinite(upper) and math.isfinite(lower)) or lower <= 0:
        return None
    ratio = upper / lower
    # what rounding leaves of 1 must not decide which function is the best
    return 1.0 if abs(ratio - 1) <= _SAME else ratio


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
