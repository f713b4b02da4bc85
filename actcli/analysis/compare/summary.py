"""The properties on the cards of several functions: all of them, or those that tell functions apart most."""

import math
from collections.abc import Callable, Iterator, Sequence

from actcli.activations import Activation
from actcli.analysis.card.landmarks import Interval, normal_mass
from actcli.analysis.card.limited import limit_effort
from actcli.analysis.card.properties import ComparedProperties, measure_compared
from actcli.analysis.compare.result import (
    Chart,
    Column,
    Comparison,
    Contender,
    Step,
    Steps,
    Value,
    numbers_in,
    warn_of_float64,
)
from actcli.analysis.stream.evaluation import require_elementwise
from actcli.analysis.wording import group_equal, listed, percent, rounded, verb
from actcli.exits import UsageError

_POINTS = 601
_SAME = 1e-12
_TELLING = 2.0
"""Times that the largest mean of f'² must be the smallest one for the answer to name both."""

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
    Column("saturated_share", "share with |f'| < 0.001 sup |f'|", "small", "gradient"),
    Column("small_slope_share", "share with |f'| < 0.01", "small", "gradient"),
    Column("slope_second_moment", "mean of f'(z)²", "large", "gradient"),
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
    "small_slope_share",
    "slope_second_moment",
    "value_mean",
    "off_centre",
    "value_variance",
    "gradient_factor",
    "gradient_drift",
    "gain_second_moment",
)
_AT_ZERO = {"value_at_zero", "slope_at_zero"}
"""Known to the last digit whatever the others are."""
_NOTE = "z is a preactivation from N(0, 1)."


def compare_properties(functions: Sequence[Activation]) -> Steps:
    """Compare every property on the cards, a column each, as `measure_compared` finds it.

    Shares and moments are those of z ~ N(0, 1), None where z may leave the domain. The gradient factor of a layer,
    E f'(z)² / E f(z)², is the factor by which one wide layer changes the second moment of the gradient when its
    weights keep that of the signal at 1; the drift is |log10| of it. A side is saturated from where |f'| stays below
    0.001 of its largest value; small slopes are below 0.01 whatever the largest is. Raises UsageError for fewer than
    two functions, and for a function over rows.
    """
    return _compare("properties", functions, _ALL)


def compare_summary(functions: Sequence[Activation]) -> Steps:
    """Compare the properties that tell activations apart most: some columns of `compare_properties`.

    Raises UsageError for fewer than two functions, and for a function over rows.
    """
    columns = {column.name: column for column in _ALL}
    return _compare("summary", functions, tuple(columns[name] for name in _KEY))


def _compare(by: str, functions: Sequence[Activation], columns: tuple[Column, ...]) -> Steps:
    if len(functions) < 2:
        what = "a comparison" if by == "summary" else f"a comparison by {by}"
        raise UsageError(f"{what} needs at least two functions")
    require_elementwise(functions)
    return _steps(by, tuple(map(limit_effort, functions)), columns)


def _steps(by: str, functions: tuple[Activation, ...], columns: tuple[Column, ...]) -> Steps:
    contenders: list[Contender] = []
    total = len(functions)
    for f in functions:
        yield Step(len(contenders), total, f.spec, _comparison(by, columns, contenders, None))
        contenders.append(_contender(f.spec, measure_compared(f), columns))
    yield Step(total, total, "done", _comparison(by, columns, contenders, lambda: _chart(functions)))


def _chart(functions: tuple[Activation, ...]) -> Chart:
    from actcli.analysis.figure.curves import Quantity, build_figure
    from actcli.analysis.figure.plot_range import usual_range

    return Chart(build_figure(functions, (Quantity(), Quantity(1)), usual_range(functions), _POINTS))


def _comparison(
    by: str, columns: tuple[Column, ...], contenders: Sequence[Contender], chart: Callable[[], Chart] | None
) -> Comparison:
    return Comparison(
        by,
        columns,
        tuple(contenders),
        answer=_answer(contenders),
        warnings=tuple(warn_of_float64(contenders)),
        notes=(_NOTE,),
        chart=chart,
    )


def _contender(spec: str, properties: ComparedProperties, columns: Sequence[Column]) -> Contender:
    values = _values(properties)
    shown = {column.name: values[column.name] for column in columns}
    return Contender(
        spec, shown, approximate=frozenset(set(shown) - _AT_ZERO if properties.approximate else ())
    )


def _answer(contenders: Sequence[Contender]) -> str:
    """Return who has no gradient for how many inputs, and which layers change the gradient's size least and most."""
    parts = [*_no_gradient(contenders), *_passed_on(contenders), *_drift(contenders)]
    return f"{'; '.join(parts)}." if parts else ""


def _no_gradient(contenders: Sequence[Contender]) -> Iterator[str]:
    groups = group_equal(numbers_in(contenders, "zero_gradient_share"), percent, descending=True)
    if not groups:
        return
    (most, names), (least, others) = groups[0], groups[-1]
    if most == "none":
        yield f"{listed(names)} {verb(names, 'has', 'have')} a gradient for all N(0, 1) inputs"
        return
    sentence = f"{listed(names)} {verb(names, 'has', 'have')} no gradient for {most} of N(0, 1) inputs"
    if least == "none":
        sentence += f", {listed(others)} always {verb(others, 'has', 'have')} one"
    elif len(groups) > 1:
        sentence += f", {listed(others)} for {least}"
    yield sentence


def _passed_on(contenders: Sequence[Contender]) -> Iterator[str]:
    sizes = numbers_in(contenders, "slope_second_moment")
    groups = group_equal(sizes, lambda size: rounded(size, 2))
    if sizes and max(sizes)[0] > _TELLING * min(sizes)[0]:
        (least, names), (most, others) = groups[0], groups[-1]
        yield (
            f"the mean of f'² is smallest in {listed(names)} ({least}) and largest in {listed(others)} ({most})"
        )


def _drift(contenders: Sequence[Contender]) -> Iterator[str]:
    factors = {c.function: c.value("gradient_factor") for c in contenders}
    groups = group_equal(numbers_in(contenders, "gradient_drift"), lambda drift: rounded(drift, 2))
    if len(groups) < 2:
        return
    (_, least), (_, most) = groups[0], groups[-1]
    times = [
        f" (× {rounded(factor)})" if isinstance(factor := factors[names[0]], float) else ""
        for names in (least, most)
    ]
    yield (
        f"per layer, {listed(least)} {verb(least, 'changes', 'change')} the gradient's size least{times[0]}, "
        f"{listed(most)} most{times[1]}"
    )


def _values(properties: ComparedProperties) -> dict[str, Value]:
    value, slope, gains = properties.value_moments, properties.slope_moments, properties.gains
    everywhere, smooth = value is not None, properties.smoothness
    numbers: dict[str, Value] = {
        "infimum": properties.lowest.value,
        "supremum": properties.highest.value,
        "bounded": properties.bounded,
        "limit_left": _number(properties.limits[0]),
        "limit_right": _number(properties.limits[1]),
        "smoothness": int(smooth) if math.isfinite(smooth) else _number(smooth),
        "monotone": properties.direction,
        "convexity": properties.bend,
        "symmetry": properties.symmetry,
        "value_at_zero": _number(properties.at_zero[0]),
        "slope_at_zero": _number(properties.at_zero[1]),
        "largest_slope": properties.largest_slope,
        "lipschitz": properties.lipschitz,
        "zero_gradient": properties.zero_gradient,
        "zero_gradient_share": math.fsum(map(normal_mass, properties.zero_gradient)) if everywhere else None,
        "saturation_left": properties.saturation[0],
        "saturation_right": properties.saturation[1],
        "saturated_share": _saturated_share(properties) if everywhere else None,
        "small_slope_share": properties.small_slope_share,
        "slope_second_moment": _number(slope.second) if slope else None,
    }
    factor = _ratio(slope.second, value.second) if slope and value else None
    numbers |= {
        "value_mean": _number(value.mean) if value else None,
        "off_centre": _number(abs(value.mean)) if value else None,
        "value_variance": _number(value.variance) if value else None,
        "slope_mean": _number(slope.mean) if slope else None,
        "slope_variance": _number(slope.variance) if slope else None,
        "gradient_factor": factor,
        "gradient_drift": None if factor is None else abs(math.log10(factor)) if factor else math.inf,
        "gain_second_moment": _number(gains.second_moment) if gains else None,
        "gain_standard_deviation": _number(gains.standard_deviation) if gains else None,
        "gain_gradient": _number(gains.gradient) if gains else None,
        "gain_torch": gains.torch if gains else None,
    }
    return numbers


def _saturated_share(properties: ComparedProperties) -> float | None:
    """Return the mass beyond the points of saturation; None without a finite largest slope."""
    if not 0 < properties.largest_slope < math.inf:
        return None
    left, right = properties.saturation
    tails = [Interval(-math.inf, left)] if left is not None else []
    tails += [Interval(right, math.inf)] if right is not None else []
    return math.fsum(map(normal_mass, tails))


def _ratio(upper: float, lower: float) -> float | None:
    if not (math.isfinite(upper) and math.isfinite(lower)) or lower <= 0:
        return None
    ratio = upper / lower
    # a rounding error in a ratio of 1 must not decide which function is the best
    return 1.0 if abs(ratio - 1) <= _SAME else ratio


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
