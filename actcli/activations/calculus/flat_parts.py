"""Finds where a part of a formula is flat: where the branch taken does not contain x, so that the slope is 0."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from actcli.activations.calculus.series_rules import Side, compare
from actcli.activations.calculus.taylor import Jet, coefficient, direction, subtract
from actcli.activations.formula.program import Instruction


def is_flat(
    step: Instruction, inputs: Sequence[Any], masks: Sequence[Any], result: Jet, order: int, side: Side
) -> Any:
    """Return where an instruction is flat: booleans of x's shape, or one for all x.

    `inputs` are the series, or conditions, that it works on, `masks` say where those are flat, `result` is its own
    series. A function of the catalogue is also flat on a piece with slope 0, as relu below 0, but not at a kink.
    """
    if step.definition is not None:
        flat = coefficient(inputs[0], 1) != 0
        for k in range(1, order + 1):
            flat = flat & (coefficient(result, k) == 0)
        if side is None:
            values = {name: float(u[0]) for name, u in zip(step.parameters, inputs[1:], strict=True)}
            for kink in step.definition.kinks(**values):
                flat = flat & (inputs[0][0] != kink.at)
        return _all(masks) | flat & _all(masks[1:])
    match step.operation:
        case "x":
            return False
        case "sign" | "floor" | "as number":
            return True
        case "*":
            a, b = inputs
            return _all(masks) | masks[0] & (a[0] == 0) | masks[1] & (b[0] == 0)
        case "where":
            return np.where(inputs[0], masks[1], masks[2])
        case "min" | "max":
            a, b = inputs
            ahead = subtract(a, b) if step.operation == "min" else subtract(b, a)
            sign = np.sign(ahead[0]) if side is None else direction(ahead, side)
            return np.where(sign == 0, _all(masks), np.where(sign < 0, *masks))
        case "clip":
            u, low, high = inputs
            above = compare(">", u, high, side) | compare(">", low, high, side)
            return np.where(above, masks[2], np.where(compare("<", u, low, side), masks[1], masks[0]))
    return _all(masks)


def _all(masks: Sequence[Any]) -> Any:
    everywhere: Any = True
    for mask in masks:
        everywhere = everywhere & mask
    return everywhere
