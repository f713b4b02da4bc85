"""Derivatives of any order: a program's instructions on series instead of numbers."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from actcli.activations.definition import FORMULA, Array, Definition
from actcli.activations.formula import series_rules
from actcli.activations.formula.flat_parts import is_level
from actcli.activations.formula.program import Instruction, Program, settle_ends
from actcli.activations.formula.series_rules import Side, kernel_at
from actcli.activations.formula.taylor import (
    Jet,
    at,
    composed,
    derivative_of,
    direction,
    minus,
    negative,
    over,
    plus,
    selected,
    times,
)
from actcli.exits import UsageError

PIECE = 8192
"""Numbers that are differentiated at once: a series holds many arrays of them."""


def derivative(
    program: Program,
    order: int,
    x: Array,
    parameters: Mapping[str, float],
    wrt: str = "x",
    side: Side = None,
) -> Array:
    """The order-th derivative of a program at numbers x of any shape, in float64, by x or by a parameter.

    `side` is None for what PyTorch's autograd would return where f breaks, −1 and +1 for the derivative from the
    left and from the right. NaN stays NaN. Raises UsageError when a function in it has no derivative of that order.
    """
    shape, x = x.shape, np.ascontiguousarray(x, np.float64).reshape(-1)
    y = np.empty_like(x)
    with np.errstate(all="ignore"):
        for start in range(0, x.size, PIECE):
            piece = x[start : start + PIECE]
            y[start : start + PIECE] = derivative_of(
                series(program, order, piece, parameters, wrt, side), order
            )
        np.copyto(y, x, where=np.isnan(x))
    return y.reshape(shape)


def series(
    program: Program,
    order: int,
    x: Array,
    parameters: Mapping[str, float],
    wrt: str = "x",
    side: Side = None,
) -> Jet:
    """The Taylor coefficients of f at each x, from 0 to the order: by x, or by a parameter."""
    first: Jet = [x, 1.0] if wrt == "x" else [x]
    given: dict[str, Jet] = {
        name: [np.float64(value), 1.0] if name == wrt else [np.float64(value)]
        for name, value in parameters.items()
    }
    found = run(program, first, given, order, side)
    return _levelled(found, program, x, given, side) if wrt == "x" else found


def _levelled(u: Jet, program: Program, x: Array, given: Mapping[str, Jet], side: Side) -> Jet:
    """The series, computed again where it is NaN: with slope 0 for the parts of the formula that are level there.

    sqrt(max(x, 0)) at x = -1 is the root of a constant, and its slope comes as inf·0.
    """
    lost = np.zeros(x.shape, np.bool_)
    for part in u[1:]:
        lost |= np.isnan(part)
    lost &= np.isfinite(x)
    if not lost.any():
        return u
    again = run(program, [x[lost], 1.0], given, len(u) - 1, side, level=True)
    filled = [u[0]]
    for k, part in enumerate(u[1:], 1):
        whole = np.array(np.broadcast_to(part, x.shape))
        whole[lost] = at(again, k)
        filled.append(whole)
    return filled


def at_kink(definition: Definition, order: int, rule: str, x: Array, **parameters: float) -> Array:
    """A derivative of a function by its expression, of any order, by a rule for the points where it breaks.

    At ±inf it is the limit, as the value is.

    `rule` is `default`, `left`, `right`, `mean`, or `nan`: NaN where the two sides differ in it or in a lower
    derivative. x of any shape, the result float64; NaN stays NaN. Raises UsageError where there is no such derivative.
    """
    shape, x = x.shape, np.ascontiguousarray(x, np.float64).reshape(-1)
    y = np.empty_like(x)
    with np.errstate(all="ignore"):
        for start in range(0, x.size, PIECE):
            piece = x[start : start + PIECE]
            y[start : start + PIECE] = _by_rule(definition, order, rule, piece, parameters)
        np.copyto(y, x, where=np.isnan(x))
        settle_ends(x, y, lambda far: at_kink(definition, order, rule, far, **parameters))
    return y.reshape(shape)


def _by_rule(definition: Definition, order: int, rule: str, x: Array, parameters: Mapping[str, float]) -> Any:
    given = {name: [np.float64(value)] for name, value in parameters.items()}

    def from_side(side: Side) -> Jet:
        if definition.family == FORMULA:
            from actcli.activations.formula.formula import expression_of

            return series(expression_of(definition).program, order, x, parameters, side=side)
        return _by_expression(definition, [x, 1.0], given, order, side)

    if rule == "default":
        return derivative_of(from_side(None), order)
    if rule in {"left", "right"}:
        return derivative_of(from_side(-1 if rule == "left" else 1), order)
    left, right = from_side(-1), from_side(1)
    if rule == "mean":
        return derivative_of(left, order) / 2 + derivative_of(right, order) / 2
    differ = np.zeros(x.shape, np.bool_)
    for k in range(order + 1):
        differ |= at(left, k) != at(right, k)
    return np.where(differ, np.nan, derivative_of(left, order))


def run(
    program: Program,
    x: Jet,
    parameters: Mapping[str, Jet],
    order: int,
    side: Side,
    *,
    level: bool = False,
) -> Jet:
    """The series of f where x and the parameters are series; with `level` 0 for the slopes of parts that are level."""
    results: list[Any] = []
    masks: list[Any] = []
    for place, step in enumerate(program.instructions):
        taken = [results[i] for i in step.inputs]
        result = _step(step, taken, x, parameters, order, side)
        if level:
            still = is_level(step, taken, [masks[i] for i in step.inputs], result, order, side)
            masks.append(still)
            if not step.is_condition:
                result = [result[0], *(np.where(still, 0.0, part) for part in result[1:])]
        results.append(result)
        for i in step.inputs:
            if program.last_uses[i] == place:
                results[i] = None
    last: Jet = results[-1]
    return last


def _step(
    step: Instruction, taken: list[Any], x: Jet, parameters: Mapping[str, Jet], order: int, side: Side
) -> Any:
    match step.operation:
        case "x":
            return x
        case "number":
            return [np.float64(step.value)]
        case "parameter":
            return parameters[step.name]
        case "negative":
            return negative(taken[0])
        case "+":
            return plus(*taken)
        case "-":
            return minus(*taken)
        case "*":
            return times(taken[0], taken[1], order)
        case "/":
            return over(taken[0], taken[1], order)
        case "%":
            return series_rules.remainder(taken[0], taken[1], side)
        case "^":
            return series_rules.power(taken[0], taken[1], order)
        case "and":
            return np.logical_and(*taken)
        case "or":
            return np.logical_or(*taken)
        case "not":
            return np.logical_not(taken[0])
        case "where":
            return selected(*taken)
        case "as number":
            return [np.asarray(taken[0], np.float64)]
    if step.is_condition:
        return series_rules.compared(step.operation, taken[0], taken[1], side)
    if step.definition is None:
        return series_rules.function(step.operation, taken, order, side)
    given = dict(zip(step.parameters, taken[1:], strict=True))
    return _catalogued(step.definition, taken[0], given, order, side)


def _catalogued(definition: Definition, u: Jet, given: Mapping[str, Jet], order: int, side: Side) -> Jet:
    """A function of the catalogue: to the second order by its own kernels, which lose nothing."""
    if any(len(value) > 1 for value in given.values()):
        return _by_parameters(definition, u, given, side)
    if order > 2 and len(u) > 1:
        return _by_expression(definition, u, given, order, side)
    return composed(_outer(definition, u, _plain(given), order, side), u, order)


def _plain(given: Mapping[str, Jet]) -> dict[str, float]:
    return {name: float(value[0]) for name, value in given.items()}


def _outer(definition: Definition, u: Jet, parameters: Mapping[str, float], order: int, side: Side) -> Jet:
    """f, f' and f''/2 at u₀; at a kink those of the side that u goes to."""
    kernels = (definition.value, _kernel(definition.slope), _kernel(definition.curvature))
    series: Jet = [kernel_at(kernel, u[0], **parameters) for kernel in kernels[: order + 1]]
    for kink in definition.kinks(**parameters):
        here = u[0] == kink.at
        if not np.any(here):
            continue
        for k in range(1, len(series)):
            if side is None:
                there: Any = kink.derivative(k, "default")
            else:
                left = direction(minus(u, [kink.at]), side) < 0
                there = np.where(left, kink.derivative(k, "left"), kink.derivative(k, "right"))
            series[k] = np.where(here, there, series[k])
        if side is not None and kink.jump:
            left = direction(minus(u, [kink.at]), side) < 0
            beside = np.where(left, np.nextafter(u[0], -np.inf), np.nextafter(u[0], np.inf))
            series[0] = np.where(here, kernel_at(definition.value, beside, **parameters), series[0])
    return [*series[:2], *(part / 2.0 for part in series[2:])]


def _kernel(kernel: Callable[..., Any] | None) -> Callable[..., Any]:
    if kernel is None:  # pragma: no cover - functions over rows are refused in formulas
        raise UsageError("a function over rows has no derivative in a formula")
    return kernel


def _by_parameters(definition: Definition, u: Jet, given: Mapping[str, Jet], side: Side) -> Jet:
    """The first order, where the function's own parameters change."""
    parameters = _plain(given)
    series = composed(_outer(definition, u, parameters, 1, side), u, 1)
    change = at(series, 1)
    for name, value in given.items():
        if len(value) > 1:
            kernel = definition.by_parameter.get(name)
            if kernel is None:
                raise UsageError(f"{definition.name} has no derivative by {name}")
            change = change + kernel_at(kernel, u[0], **parameters) * value[1]
    return [series[0], change]


def _by_expression(definition: Definition, u: Jet, given: Mapping[str, Jet], order: int, side: Side) -> Jet:
    """By the function's expression; sigmoid and softplus, which others are made of, have series of their own."""
    if definition.name == "sigmoid":
        return series_rules.sigmoid(u, order)
    if definition.name == "softplus" and not np.isfinite(given["threshold"][0]):
        beta = given["beta"]
        return over(series_rules.softplus(times(u, beta, order), order), beta, order)
    if not definition.expression:
        raise UsageError(f"derivatives of {definition.name} are known to order 2, not {order}")
    from actcli.activations.formula.formula import expression_of

    read = expression_of(definition)
    # a catalogued expression as it stands: rewritten, silu's would be silu again
    found = run(read.program if definition.family == FORMULA else read.literal, u, given, order, side)
    value = kernel_at(definition.value, u[0], **_plain(given))
    return found if side is not None else [value, *found[1:]]
