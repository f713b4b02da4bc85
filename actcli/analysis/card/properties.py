"""The numbers on an activation's card, each measured from the function itself, at any values of its parameters."""

import math
from dataclasses import fields, replace
from typing import TypeVar

import numpy as np

from actcli.activations import Activation, Definition
from actcli.activations.definition import FORMULA
from actcli.analysis.card.extremes import Extreme, find_extremes, find_largest_slope, find_zeros, nearest_zero
from actcli.analysis.card.landmarks import Interval, zero_gradient
from actcli.analysis.card.limited import limit_effort
from actcli.analysis.card.moments import Gains, Moments, gains, moments
from actcli.analysis.card.profile import Profile
from actcli.analysis.card.shape import (
    Bend,
    Direction,
    Symmetry,
    bend,
    direction,
    saturation,
    small_slope_share,
    smoothness,
    symmetry,
)
from actcli.analysis.stream.evaluation import require_elementwise
from actcli.dataclass import dataclass
from actcli.exits import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedProperties:
    """The measured properties that elementwise activations are compared by, at their parameters.

    Attributes:
        lowest, highest: infimum and supremum.
        limits: at −inf and inf, or at the ends of the domain; nan where there is none.
        limits_certain: False for a limit that is extrapolated from where f still has digits.
        stationary: points where f' changes its sign, nearest 0.
        largest_slope: sup |f'|; not `slope_certain` where a larger one may lie elsewhere.
        steepest: where |f'| is largest: points, intervals, and inf for a limit.
        lipschitz: the smallest L with |f(x) − f(y)| <= L·|x − y|: sup |f'|, or inf where f jumps.
        direction, bend, symmetry: increasing or decreasing, convex or concave, odd or even; direction `none` where f
            has no value on any interval.
        period: of a function that repeats, else None.
        smoothness: -1 where the value jumps, 0 for C0, 1 for C1, inf.
        zero_gradient: the intervals on which f' is 0.
        saturation: the x to the left and to the right of which |f'| stays below 1e-3·sup |f'|; None for never.
        small_slope_share: P(|f'(z)| < 0.01), z ~ N(0, 1); None where z may leave the domain.
        at_zero: f(0) and autograd's f'(0).
        value_moments, slope_moments: of f(z) and f'(z), z ~ N(0, 1); None where z may leave the domain.
        gains: those of the initial weights that follow from them; None likewise.
        approximate: whether the effort that goes into lost digits was spent: all figures but those at 0 then are what
            float64 shows, and nothing is certain.

    """

    lowest: Extreme
    highest: Extreme
    limits: tuple[float, float]
    limits_certain: tuple[bool, bool]
    stationary: tuple[float, ...]
    largest_slope: float
    slope_certain: bool
    steepest: tuple[Interval, ...]
    lipschitz: float
    direction: Direction
    bend: Bend
    symmetry: Symmetry
    period: float | None
    smoothness: float
    zero_gradient: tuple[Interval, ...]
    saturation: tuple[float | None, float | None]
    small_slope_share: float | None
    at_zero: tuple[float, float]
    value_moments: Moments | None
    slope_moments: Moments | None
    gains: Gains | None
    approximate: bool = False

    @property
    def bounded(self) -> bool:
        """Return whether f has a finite range."""
        return math.isfinite(self.lowest.value) and math.isfinite(self.highest.value)

    @property
    def monotone(self) -> bool:
        """Return whether f is monotone."""
        return self.direction != "neither"


@dataclass(frozen=True, slots=True, kw_only=True)
class Properties(ComparedProperties):
    """All measured properties of an elementwise activation at its parameters.

    Attributes:
        zeros: points and intervals where f is 0; with `endless_zeros` those nearest 0.
        endless_zeros: whether there are more zeros than are listed.
        largest_curvature, curvature_certain, most_curved: as those of the slope, of f'' between the kinks.

    """

    zeros: tuple[Interval, ...] = ()
    endless_zeros: bool = False
    largest_curvature: float = math.nan
    curvature_certain: bool = True
    most_curved: tuple[Interval, ...] = ()


Measured = TypeVar("Measured", bound=ComparedProperties)


def measure(f: Activation) -> Properties:
    """Return the properties of an elementwise activation, with limited effort where it loses digits.

    Raises UsageError for a function over rows.
    """
    profile, compared = _follow(f)
    properties = Properties(**{one.name: getattr(compared, one.name) for one in fields(compared)})
    if not profile.has_values:
        return properties
    with np.errstate(all="ignore"):
        curvature, most_curved, certain = find_largest_slope(profile, order=2)
        zeros, endless = find_zeros(profile)
    approximate = profile.function.is_approximate
    properties = replace(
        properties,
        zeros=zeros,
        endless_zeros=endless,
        largest_curvature=curvature,
        curvature_certain=certain and not approximate,
        most_curved=most_curved,
    )
    return _approximate(properties) if approximate else properties


def measure_compared(f: Activation) -> ComparedProperties:
    """Return the properties that activations are compared by, as `measure` does, in two thirds of its time."""
    profile, compared = _follow(f)
    return _approximate(compared) if profile.has_values and profile.function.is_approximate else compared


def _follow(f: Activation) -> tuple[Profile, ComparedProperties]:
    """Return the profile of an elementwise activation, with limited effort, and what it is compared by."""
    require_elementwise([f])
    f = limit_effort(f)
    with np.errstate(all="ignore"):
        at_zero = (float(f(0.0)) + 0.0, float(f.grad(0.0)) + 0.0)
        profile = Profile.of(f)
        if not profile.has_values:
            return profile, _without_values(f)
        slope, steepest, slope_certain = find_largest_slope(profile)
        smooth = smoothness(profile, slope, steepest)
        lowest, highest = find_extremes(profile)
        ends = saturation(profile, slope, -1), saturation(profile, slope, 1)
        stationary = nearest_zero(profile.turns)
        breaks = [edge.at for edge in profile.edges] + [end for end in ends if end is not None]
        value, derivative = moments(f, [*breaks, *stationary, *(place.low for place in steepest)])
        return profile, ComparedProperties(
            lowest=lowest,
            highest=highest,
            limits=(profile.limits[0].value, profile.limits[1].value),
            limits_certain=(profile.limits[0].certain, profile.limits[1].certain),
            stationary=stationary,
            largest_slope=slope,
            slope_certain=slope_certain,
            steepest=steepest,
            lipschitz=math.inf if smooth < 0 else slope,
            direction=direction(profile),
            bend=bend(profile),
            symmetry=symmetry(profile),
            period=profile.period,
            smoothness=smooth,
            zero_gradient=zero_gradient(f),
            saturation=ends,
            small_slope_share=None if value is None else small_slope_share(profile),
            at_zero=at_zero,
            value_moments=value,
            slope_moments=derivative,
            gains=gains(f, value, derivative),
        )


def _approximate(properties: Measured) -> Measured:
    return replace(
        properties,
        lowest=replace(properties.lowest, certain=False),
        highest=replace(properties.highest, certain=False),
        limits_certain=(False, False),
        slope_certain=False,
        approximate=True,
    )


def _without_values(f: Activation) -> ComparedProperties:
    """Return the properties of a formula that has no value on any interval."""
    nowhere = Extreme(math.nan, reached=False)
    return ComparedProperties(
        lowest=nowhere,
        highest=nowhere,
        limits=(math.nan, math.nan),
        limits_certain=(True, True),
        stationary=(),
        largest_slope=math.nan,
        slope_certain=True,
        steepest=(),
        lipschitz=math.nan,
        direction="none",
        bend="none",
        symmetry="neither",
        period=None,
        smoothness=math.nan,
        zero_gradient=(),
        saturation=(None, None),
        small_slope_share=None,
        at_zero=(float(f(0.0)) + 0.0, math.nan),
        value_moments=None,
        slope_moments=None,
        gains=None,
    )


def with_facts(definition: Definition) -> Definition:
    """Return a formula's definition with its measured range, monotony and smoothness at its defaults.

    Definitions of the catalogue state these facts and are returned unchanged. A formula whose parameter has no
    default, or that is real nowhere, gets NaN and is not monotone.
    """
    if definition.family != FORMULA:
        return definition
    from actcli.activations.define import settle

    values = {parameter.name: parameter.default for parameter in definition.parameters}
    unknown = replace(definition, range=(math.nan, math.nan), smoothness=math.nan)
    if any(map(math.isnan, values.values())):
        return unknown
    try:
        f = limit_effort(Activation(definition.name, settle(definition, values), values))
    except UsageError:  # real nowhere
        return unknown
    with np.errstate(all="ignore"):
        profile = Profile.of(f)
        if not profile.has_values:
            return unknown
        lowest, highest = find_extremes(profile)
        facts = replace(
            f.definition,
            range=(lowest.value, highest.value),
            monotone=direction(profile) != "neither",
            smoothness=smoothness(profile, *find_largest_slope(profile)[:2]),
        )
    return unknown if f.is_approximate else facts
