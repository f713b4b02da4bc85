"""How far a result is from the true one, by both usual definitions, and when it is right.

By `error`: |y − t| / ulp(y) for a result t and the exact y. ulp(y) is the distance of the numbers of t's type in the
binade of y, 2**e <= |y| < 2**(e+1): Goldberg's (1991) and, except at powers of two, Muller's (2005) unit; below the
normal numbers, and at 0, it is the distance of the subnormal numbers. A result rounded to nearest has an error of at
most 0.5. An infinite t is right (error 0) where y rounds to it; otherwise it counts as the first power of two beyond
the type's largest number.

By `steps`: how many numbers of the type lie from t to the correctly rounded y, counting the last. The subnormal numbers
count as all others, inf is one step beyond the largest number, and both zeros are one number, so that the smallest
numbers of either sign are two steps apart.

In both NaN for NaN is right, and NaN on one side only is infinitely far.
"""

import math
from dataclasses import fields
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.number_types import Floats, LowType
from actcli.dataclass import dataclass

Measure = Literal["error", "steps"]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rules:
    """What a result is compared with, and what passes as right.

    Attributes:
        unit: the type of the results, in whose ULP distances are counted.
        measure: the definition of the distance.
        flush_results: a zero is right where the exact result is smaller than the normal numbers (FTZ).
        flush_inputs: the result for ±0 is right where x is subnormal (DAZ).
        ignore_zero_sign: a zero of the other sign is right.

    """

    unit: LowType
    measure: Measure = "error"
    flush_results: bool = False
    flush_inputs: bool = False
    ignore_zero_sign: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """Results and what was found of them, arrays of one shape.

    Attributes:
        theirs, exact: the results, and the exact ones that they were compared with.
        errors: the distances by the chosen definition.
        steps: the distances in steps.
        right: whether the result is the exact one rounded to nearest, or passes as it.
        zero_signs: whether it is a zero of the other sign.
        flushed: whether it is 0 instead of a subnormal number.

    """

    theirs: Floats
    exact: Floats
    errors: Floats
    steps: Floats
    right: Mask
    zero_signs: Mask
    flushed: Mask

    def or_better(self, other: "Judged") -> "Judged":
        """Return for each result the reading with the smaller distance, ours where they are equal."""
        better = (other.errors < self.errors) | (other.right & ~self.right)
        parts = {
            field.name: np.where(better, getattr(other, field.name), getattr(self, field.name))
            for field in fields(self)
        }
        return Judged(**parts)


def judge(theirs: Floats, exact: Floats, rules: Rules) -> Judged:
    """Return the distances of results from the exact ones; all float64 and of one shape."""
    unit = rules.unit
    least = 2.0**unit.smallest_exponent
    with np.errstate(all="ignore"):
        rounded = unit.round(exact)
        steps = _steps(theirs, _infinite(rounded, exact), unit)
        errors = steps if rules.measure == "steps" else ulp_errors(theirs, exact, unit)
        right = ((steps == 0) & (_infinite(unit.round(theirs), theirs) == theirs)) | (
            np.isnan(theirs) & np.isnan(exact)
        )
        flushed = (theirs == 0) & (np.abs(exact) < least)
        if rules.flush_results:
            errors, steps = np.where(flushed, 0.0, errors), np.where(flushed, 0.0, steps)
            right = right | flushed
        signs = (np.signbit(theirs) != np.signbit(exact)) & (theirs == 0) & ((rounded == 0) | flushed & right)
        right = right if rules.ignore_zero_sign else right & ~signs
        return Judged(theirs, exact, errors, steps, right, signs, flushed & (rounded != 0))


def _steps(theirs: Floats, rounded: Floats, unit: LowType) -> Floats:
    missing = np.isnan(theirs), np.isnan(rounded)
    ours, own = (
        unit.place(np.where(nan, 0.0, _infinite(unit.round(y), y)))
        for nan, y in zip(missing, (theirs, rounded), strict=True)
    )
    # in float64 two places may be farther apart than int64 reaches
    apart = np.where(ours > own, ours, own).view(np.uint64) - np.where(ours > own, own, ours).view(np.uint64)
    steps = np.where(missing[0] | missing[1], np.inf, apart.astype(np.float64))
    return np.where(missing[0] & missing[1], 0.0, steps)


def ulp_errors(theirs: Floats, exact: Floats, unit: LowType) -> Floats:
    """Return |exact − theirs| / ulp(exact) as defined above; all float64 and of one shape.

    NaN for NaN is 0; NaN for a number, a number for NaN, and a finite number for an exact result that is infinite
    even in float64 are inf. The sign of zero is ignored.
    """
    with np.errstate(all="ignore"):
        # halved, so that the power of two beyond the largest float64 is finite
        infinite = np.isinf(theirs)
        half = np.where(infinite | (np.abs(exact) > 1) | (np.abs(theirs) > 1), 0.5, 1.0)
        beyond = np.copysign(math.ldexp(1.0, unit.largest_exponent), theirs)
        distance = np.abs(half * exact - np.where(infinite, beyond, half * theirs))
        errors = distance / unit.ulp(exact) / half
        rounded = unit.round(exact)
        right = (theirs == exact) | (infinite & (theirs == _infinite(rounded, exact)))
        errors = np.where(right, 0.0, errors)
        errors = np.where(np.isinf(exact) & (theirs != exact), np.inf, errors)
        theirs_nan, exact_nan = np.isnan(theirs), np.isnan(exact)
        errors = np.where(theirs_nan | exact_nan, np.inf, errors)
        return np.where(theirs_nan & exact_nan, 0.0, errors)


def _infinite(rounded: Floats, exact: Floats) -> Floats:
    """Return the rounded results, infinite where a type without infinity has NaN for a too large value."""
    return np.where(np.isnan(rounded) & ~np.isnan(exact), np.copysign(np.inf, exact), rounded)
