"""Where a part of a formula is one number beside x, since a branch that is taken holds no x: its slope is 0 there."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from actcli.activations.formula.program import Instruction
from actcli.activations.formula.series_rules import Side, compared
from actcli.activations.formula.taylor import Jet, at, direction, minus


def is_level(
    step: Instruction, taken: Sequence[Any], masks: Sequence[Any], result: Jet, order: int, side: Side
) -> Any:
    """Where an instruction is level, as booleans of x's shape or one for all.

    `taken` are the series, or truths, that it works on, `masks` where those are level, `result` is its own series.
    A function of the catalogue is level too where its slope is 0 on a piece, as relu below 0; at a kink it is not.
    """
    if step.definition is not None:
        stays = at(taken[0], 1) != 0
        for k in range(1, order + 1):
            stays = stays & (at(result, k) == 0)
        if side is None:
            values = {name: float(u[0]) for name, u in zip(step.parameters, taken[1:], strict=True)}
            for kink in step.definition.kinks(**values):
                stays = stays & (taken[0][0] != kink.at)
        return _all(masks) | stays & _all(masks[1:])
    match step.operation:
        case "x":
            return False
        case "sign" | "floor" | "as number":
            return True
        case "*":
            a, b = taken
            return _all(masks) | masks[0] & (a[0] == 0) | masks[1] & (b[0] == 0)
        case "where":
            return np.where(taken[0], masks[1], masks[2])
        case "min" | "max":
            a, b = taken
            ahead = minus(a, b) if step.operation == "min" else minus(b, a)
            sign = np.sign(ahead[0]) if side is None else direction(ahead, side)
            return np.where(sign == 0, _all(masks), np.where(sign < 0, *masks))
        case "clip":
            u, low, high = taken
            above = compared(">", u, high, side) | compared(">", low, high, side)
            return np.where(above, masks[2], np.where(compared("<", u, low, side), masks[1], masks[0]))
    return _all(masks)


def _all(masks: Sequence[Any]) -> Any:
    still: Any = True
    for mask in masks:
        still = still & mask
    return still
