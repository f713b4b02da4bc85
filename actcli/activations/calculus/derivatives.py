"""Derivatives of any order: a program's instructions on Taylor series instead of numbers."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from actcli.activations.calculus import series_rules
from actcli.activations.calculus.flat_parts import is_flat
from actcli.activations.calculus.series_rules import Side, apply_kernel
from actcli.activations.calculus.taylor import (
    Jet,
    add,
    coefficient,
    compose,
    derivative_of,
    direction,
    divide,
    multiply,
    negate,
    select,
    subtract,
)
from actcli.activations.definition import FORMULA, Array, Definition
from actcli.activations.formula.formula import read_expression
from actcli.activations.formula.program import Instruction, Program, settle_ends
from actcli.exits import UsageError

PIECE = 8192
"""Numbers that are differentiated at a time: a series holds many arrays of this size."""


def differentiate(
    program: Program,
    order: int,
    x: Array,
    parameters: Mapping[str, float],
    wrt: str = "x",
    side: Side = None,
) -> Array:
    """Return the derivative of a program by x or by a parameter: x of any shape, float64, to the same shape.

    Where f breaks, `side` None gives what PyTorch's autograd returns, −1 and +1 the derivative from the left and from
    the right. NaN stays NaN. Raises UsageError when a function in the program has no derivative of that order.
    """
    return _in_pieces(
        x, lambda piece: derivative_of(expand(program, order, piece, parameters, wrt, side), order)
    )


def _in_pieces(x: Array, compute: Callable[[Array], Any]) -> Array:
    """Return the results for x of any shape, computed a piece at a time; NaN stays NaN."""
    flat = np.ascontiguousarray(x, np.float64).reshape(-1)
    y = np.empty_like(flat)
    with np.errstate(all="ignore"):
        for start in range(0, flat.size, PIECE):
            y[start : start + PIECE] = compute(flat[start : start + PIECE])
    np.copyto(y, flat, where=np.isnan(flat))
    return y.reshape(x.shape)


def expand(
    program: Program,
    order: int,
    x: Array,
    parameters: Mapping[str, float],
    wrt: str = "x",
    side: Side = None,
) -> Jet:
    """Return the Taylor coefficients of f at each x, from 0 to the order: by x, or by a parameter."""
    first: Jet = [x, 1.0] if wrt == "x" else [x]
    values: dict[str, Jet] = {
        name: [np.float64(value), 1.0] if name == wrt else [np.float64(value)]
        for name, value in parameters.items()
    }
    result = run(program, first, values, order, side)
    return _flatten(result, program, x, values, side) if wrt == "x" else result


def _flatten(u: Jet, program: Program, x: Array, parameters: Mapping[str, Jet], side: Side) -> Jet:
    """Return the series, computed again where it is NaN with slope 0 for the parts of the formula that are flat there.

    sqrt(max(x, 0)) at x = -1 is the root of a constant, and its slope comes out as inf·0.
    """
    lost = np.zeros(x.shape, np.bool_)
    for part in u[1:]:
        lost |= np.isnan(part)
    lost &= np.isfinite(x)
    if not lost.any():
        return u
    again = run(program, [x[lost], 1.0], parameters, len(u) - 1, side, flatten=True)
    filled = [u[0]]
    for k, part in enumerate(u[1:], 1):
        whole = np.array(np.broadcast_to(part, x.shape))
        whole[lost] = coefficient(again, k)
        filled.append(whole)
    return filled


def differentiate_at_kinks(
    definition: Definition, order: int, at_kink: str, x: Array, /, **parameters: float
) -> Array:
    """Return a derivative of any order by a function's expression: x of any shape, float64, to the same shape.

    Where the function breaks, `at_kink` chooses: `default`, `left`, `right`, `mean`, or `nan`, which is NaN where the
    two sides differ in this derivative or a lower one. NaN stays NaN; at ±inf it is the limit, as the value is.
    Raises UsageError where there is no such derivative.
    """
    y = _in_pieces(x, lambda piece: _at_kink(definition, order, at_kink, piece, parameters))
    settle_ends(
        x.reshape(-1),
        y.reshape(-1),
        lambda far: differentiate_at_kinks(definition, order, at_kink, far, **parameters),
    )
    return y


def _at_kink(
    definition: Definition, order: int, at_kink: str, x: Array, parameters: Mapping[str, float]
) -> Any:
    values = {name: [np.float64(value)] for name, value in parameters.items()}

    def from_side(side: Side) -> Jet:
        if definition.family == FORMULA:
            return expand(read_expression(definition).program, order, x, parameters, side=side)
        return _by_expression(definition, [x, 1.0], values, order, side)

    if at_kink == "default":
        return derivative_of(from_side(None), order)
    if at_kink in {"left", "right"}:
        return derivative_of(from_side(-1 if at_kink == "left" else 1), order)
    left, right = from_side(-1), from_side(1)
    if at_kink == "mean":
        return derivative_of(left, order) / 2 + derivative_of(right, order) / 2
    differ = np.zeros(x.shape, np.bool_)
    for k in range(order + 1):
        differ |= coefficient(left, k) != coefficient(right, k)
    return np.where(differ, np.nan, derivative_of(left, order))


def run(
    program: Program,
    x: Jet,
    parameters: Mapping[str, Jet],
    order: int,
    side: Side,
    *,
    flatten: bool = False,
) -> Jet:
    """Return the series of f where x and the parameters are series; `flatten` makes the slopes of flat parts 0."""
    results: list[Any] = []
    masks: list[Any] = []
    for place, step in enumerate(program.instructions):
        inputs = [results[i] for i in step.inputs]
        result = _run_step(step, inputs, x, parameters, order, side)
        if flatten:
            flat = is_flat(step, inputs, [masks[i] for i in step.inputs], result, order, side)
            masks.append(flat)
            if not step.is_condition:
                result = [result[0], *(np.where(flat, 0.0, part) for part in result[1:])]
        results.append(result)
        for i in step.inputs:
            if program.last_uses[i] == place:
                results[i] = None
    last: Jet = results[-1]
    return last


def _run_step(
    step: Instruction, inputs: list[Any], x: Jet, parameters: Mapping[str, Jet], order: int, side: Side
) -> Any:
    match step.operation:
        case "x":
            return parameters[step.name] if step.name else x
        case "number":
            return [np.float64(step.value)]
        case "parameter":
            return parameters[step.name]
        case "negative":
            return negate(inputs[0])
        case "+":
            return add(*inputs)
        case "-":
            return subtract(*inputs)
        case "*":
            return multiply(inputs[0], inputs[1], order)
        case "/":
            return divide(inputs[0], inputs[1], order)
        case "%":
            return series_rules.remainder(inputs[0], inputs[1], side)
        case "^":
            return series_rules.power(inputs[0], inputs[1], order)
        case "and":
            return np.logical_and(*inputs)
        case "or":
            return np.logical_or(*inputs)
        case "not":
            return np.logical_not(inputs[0])
        case "where":
            return select(*inputs)
        case "as number":
            return [np.asarray(inputs[0], np.float64)]
    if step.is_condition:
        return series_rules.compare(step.operation, inputs[0], inputs[1], side)
    if step.definition is None:
        result = series_rules.apply_function(step.operation, inputs, order, side)
    else:
        values = dict(zip(step.parameters, inputs[1:], strict=True))
        result = _apply_catalogued(step.definition, inputs[0], values, order, side)
    return _saturate(inputs[0][0], result)


def _saturate(argument: Any, result: Jet) -> Jet:
    """Return the series with derivatives 0, not 0·inf, where the argument overflows and the value stays finite."""
    if len(result) == 1 or not np.any(np.isinf(argument)):
        return result
    ends = np.isinf(argument) & np.isfinite(result[0])
    return [result[0], *(np.where(ends & np.isnan(part), 0.0, part) for part in result[1:])]


def _apply_catalogued(
    definition: Definition, u: Jet, parameters: Mapping[str, Jet], order: int, side: Side
) -> Jet:
    """Return a catalogued function of u; to the second order by its own kernels, which lose nothing."""
    if any(len(value) > 1 for value in parameters.values()):
        return _by_parameters(definition, u, parameters, side)
    if order > 2 and len(u) > 1:
        return _by_expression(definition, u, parameters, order, side)
    return compose(_outer(definition, u, _constants(parameters), order, side), u, order)


def _constants(parameters: Mapping[str, Jet]) -> dict[str, float]:
    return {name: float(value[0]) for name, value in parameters.items()}


def _outer(definition: Definition, u: Jet, parameters: Mapping[str, float], order: int, side: Side) -> Jet:
    """Return f, f' and f''/2 at u₀; at a kink those of the side that u moves to."""
    kernels = (definition.value, _kernel(definition.slope), _kernel(definition.curvature))
    series: Jet = [apply_kernel(kernel, u[0], **parameters) for kernel in kernels[: order + 1]]
    for kink in definition.kinks(**parameters):
        here = u[0] == kink.at
        if not np.any(here):
            continue
        for k in range(1, len(series)):
            if side is None:
                there: Any = kink.derivative(k, "default")
            else:
                left = direction(subtract(u, [kink.at]), side) < 0
                there = np.where(left, kink.derivative(k, "left"), kink.derivative(k, "right"))
            series[k] = np.where(here, there, series[k])
        if side is not None and kink.jump:
            left = direction(subtract(u, [kink.at]), side) < 0
            beside = np.where(left, np.nextafter(u[0], -np.inf), np.nextafter(u[0], np.inf))
            series[0] = np.where(here, apply_kernel(definition.value, beside, **parameters), series[0])
    return [*series[:2], *(part / 2.0 for part in series[2:])]


def _kernel(kernel: Callable[..., Any] | None) -> Callable[..., Any]:
    if kernel is None:  # pragma: no cover - functions over rows are refused in formulas
        raise UsageError("a function over rows has no derivative in a formula")
    return kernel


def _by_parameters(definition: Definition, u: Jet, parameters: Mapping[str, Jet], side: Side) -> Jet:
    """Return f of u to the first order, where f's own parameters are series too."""
    constants = _constants(parameters)
    series = compose(_outer(definition, u, constants, 1, side), u, 1)
    change = coefficient(series, 1)
    for name, value in parameters.items():
        if len(value) > 1:
            kernel = definition.by_parameter.get(name)
            if kernel is None:
                raise UsageError(f"{definition.name} has no derivative by {name}")
            change = change + apply_kernel(kernel, u[0], **constants) * value[1]
    return [series[0], change]


def _by_expression(
    definition: Definition, u: Jet, parameters: Mapping[str, Jet], order: int, side: Side
) -> Jet:
    """Return f of u by f's expression; sigmoid and softplus, which others are made of, have series of their own."""
    if definition.name == "sigmoid":
        return series_rules.sigmoid(u, order)
    if definition.name == "softplus" and not np.isfinite(parameters["threshold"][0]):
        beta = parameters["beta"]
        return divide(series_rules.softplus(multiply(u, beta, order), order), beta, order)
    if not definition.expression:
        raise UsageError(f"`order={order}`: {definition.name} has derivatives to order 2 only")
    expression = read_expression(definition)
    # a catalogued expression is inputs literally: rewritten, that of silu would be silu again
    program = expression.program if definition.family == FORMULA else expression.literal
    result = run(program, u, parameters, order, side)
    value = apply_kernel(definition.value, u[0], **_constants(parameters))
    return result if side is not None else [value, *result[1:]]
