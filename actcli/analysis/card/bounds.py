"""Proofs that a formula grows far out, and in which direction, by interval arithmetic that rounds outwards.

Each part of a formula is enclosed on quarters of octaves of x by floats that are a little farther apart than the
rounded results (R. E. Moore, Interval Analysis, 1966). Products and sums of x with bounded parts are decided so, as
cos(x) - x. What the enclosures leave open is not decided here.
"""

import math
from collections.abc import Callable

import numpy as np

from actcli.activations import Activation
from actcli.activations.formula import read_expression
from actcli.activations.formula.program import Instruction, Program
from actcli.analysis.card.gaussian import Floats

Enclosure = tuple[Floats, Floats]
"""The lower and upper ends of intervals; -inf and inf where nothing is known."""

_STEP = 0.25
_ENDS = np.exp2(np.arange(8.0, 500.0, _STEP))
_APART = int(8 / _STEP)
_LARGE = 1e300
_WIDER, _TINY = 2.0**-50, 1e-320
"""How far ends are moved outwards, relative and absolute: more than NumPy's rounding."""
_LARGEST = float(np.finfo(np.float64).max)
_GROWS = 1.5


def growth(f: Activation, side: float) -> float:
    """Return inf or -inf where a formula f is proven to exceed every bound towards side·inf, else NaN.

    The proof covers 2**8 to 2**500: f lies on one side of 0, and eight octaves on half as far again from 0, or
    beyond 1e300.
    """
    near, far = _ENDS[:-1], _ENDS[1:]
    ends = (near, far) if side > 0 else (-far, -near)
    with np.errstate(all="ignore"):
        found = _enclose(read_expression(f.definition).literal, ends, dict(f.parameters))
    if found is None:
        return math.nan
    low, high = found
    for sign, inner in ((1.0, low), (-1.0, -high)):
        with np.errstate(all="ignore"):
            farther = np.minimum(_GROWS * inner[:-_APART], _LARGE)
            if (inner > 0).all() and (inner[_APART:] >= farther).all():
                return sign * math.inf
    return math.nan


def _enclose(program: Program, x: Enclosure, parameters: dict[str, float]) -> Enclosure | None:
    """Return the enclosure of a program's result; None where an instruction has none."""
    results: list[Enclosure] = []
    for step in program.instructions:
        taken = [results[i] for i in step.inputs]
        match step.operation:
            case "x":
                results.append(x)
            case "number":
                results.append(_constant(step.value, x))
            case "parameter":
                results.append(_constant(parameters[step.name], x))
            case _:
                found = _step(step, taken)
                if found is None:
                    return None
                results.append(found)
    return results[-1]


def _step(step: Instruction, taken: list[Enclosure]) -> Enclosure | None:
    rule = _RULES.get(step.operation)
    if rule is not None:
        return _known(*rule(*taken))
    if step.definition is not None and step.definition.expression:
        constants = [low[0] for low, _ in taken[1:]]
        if all(np.array_equal(low, high) for low, high in taken[1:]):
            return _catalogued(step, taken[0], constants)
    if step.operation == "^" and np.array_equal(*taken[1]) and taken[1][0][0] in {2.0, 3.0, 4.0}:
        return _known(*_whole_power(taken[0], int(taken[1][0][0])))
    return None


def _catalogued(step: Instruction, u: Enclosure, constants: list[float]) -> Enclosure | None:
    """Return a function of the catalogue: by its ends where it never falls, else by its range."""
    definition = step.definition
    assert definition is not None  # noqa: S101 - for the type checker
    parameters = dict(zip(step.parameters, map(float, constants), strict=True))
    if any(parameters[p.name] != p.default for p in definition.parameters):
        return None
    bottom, top = definition.range
    if definition.monotone:
        rising = definition.value(np.array([-1.0, 1.0]), **parameters)
        if rising[0] > rising[1]:
            return None
        low, high = (definition.value(np.ascontiguousarray(end), **parameters) for end in u)
        low, high = _outwards(low, high)
    else:
        low, high = np.full_like(u[0], -math.inf), np.full_like(u[0], math.inf)
    slack = 1e-12 * max(1.0, abs(bottom) if math.isfinite(bottom) else 1.0)
    return _known(np.maximum(low, bottom - slack), np.minimum(high, top + slack))


def _constant(value: float, x: Enclosure) -> Enclosure:
    return np.full_like(x[0], value), np.full_like(x[0], value)


def _outwards(low: Floats, high: Floats) -> Enclosure:
    """Return the ends moved outwards; an overflow to inf stands for any number beyond the largest."""
    low, high = np.minimum(low, _LARGEST), np.maximum(high, -_LARGEST)
    return low - (np.abs(low) * _WIDER + _TINY), high + (np.abs(high) * _WIDER + _TINY)


def _known(low: Floats, high: Floats) -> Enclosure:
    """Return the interval, the whole line where an end is NaN."""
    lost = np.isnan(low) | np.isnan(high)
    return np.where(lost, -math.inf, low), np.where(lost, math.inf, high)


def _add(a: Enclosure, b: Enclosure) -> Enclosure:
    return _outwards(a[0] + b[0], a[1] + b[1])


def _subtract(a: Enclosure, b: Enclosure) -> Enclosure:
    return _outwards(a[0] - b[1], a[1] - b[0])


def _multiply(a: Enclosure, b: Enclosure) -> Enclosure:
    products = np.stack([p * q for p in a for q in b])
    return _outwards(products.min(axis=0), products.max(axis=0))


def _divide(a: Enclosure, b: Enclosure) -> Enclosure:
    quotients = np.stack([p / q for p in a for q in b])
    crosses = (b[0] <= 0) & (b[1] >= 0)
    low, high = _outwards(quotients.min(axis=0), quotients.max(axis=0))
    return np.where(crosses, -math.inf, low), np.where(crosses, math.inf, high)


def _whole_power(a: Enclosure, n: int) -> Enclosure:
    low, high = a[0] ** n, a[1] ** n
    if n % 2:
        return _outwards(low, high)
    crosses = (a[0] <= 0) & (a[1] >= 0)
    return _outwards(np.where(crosses, 0.0, np.minimum(low, high)), np.maximum(low, high))


def _rising(function: Callable[[Floats], Floats]) -> Callable[[Enclosure], Enclosure]:
    return lambda a: _outwards(function(a[0]), function(a[1]))


def _wave(a: Enclosure) -> Enclosure:
    return np.full_like(a[0], -1.0), np.full_like(a[0], 1.0)


def _absolute(a: Enclosure) -> Enclosure:
    low, high = np.abs(a[0]), np.abs(a[1])
    crosses = (a[0] <= 0) & (a[1] >= 0)
    return np.where(crosses, 0.0, np.minimum(low, high)), np.maximum(low, high)


_RULES: dict[str, Callable[..., Enclosure]] = {
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
    "negative": lambda a: (-a[1], -a[0]),
    "abs": _absolute,
    "sin": _wave,
    "cos": _wave,
    "exp": _rising(np.exp),
    "expm1": _rising(np.expm1),
    "log": _rising(np.log),
    "log1p": _rising(np.log1p),
    "log2": _rising(np.log2),
    "log10": _rising(np.log10),
    "asinh": _rising(np.arcsinh),
    "acosh": _rising(np.arccosh),
    "sqrt": _rising(np.sqrt),
    "cbrt": _rising(np.cbrt),
    "tanh": _rising(np.tanh),
    "sinh": _rising(np.sinh),
    "arctan": _rising(np.arctan),
    "floor": _rising(np.floor),
    "min": lambda a, b: (np.minimum(a[0], b[0]), np.minimum(a[1], b[1])),
    "max": lambda a, b: (np.maximum(a[0], b[0]), np.maximum(a[1], b[1])),
}
