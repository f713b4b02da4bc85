"""Recorded outputs that an activation cannot give: then it is another one, or these are its inputs."""

import numpy as np

from actcli.analysis.deadness.firing_rule import INF
from actcli.analysis.deadness.unit_state import LayerState, Numbers
from actcli.exits import UsageError

_BEYOND = 0.05
"""The part of a bound that values may lie beyond it: quantised outputs overstep it by a step. 0 is always exact."""


def require_possible(state: LayerState) -> None:
    """Raise UsageError where a layer's finite outputs lie outside the range of its activation.

    A verdict about such a layer would be wrong whatever the numbers: a gelu taken for a relu has no dead unit.
    Nothing is required of recorded inputs. What lies beyond a bound other than 0 by less than a twentieth of
    it is let pass.
    """
    rule = state.rule
    if rule.recorded != "post":
        return
    lowest = float(np.min(_finite(state.minimum), initial=INF))
    highest = float(np.max(_finite(state.maximum), initial=-INF))
    if lowest < rule.lowest - _BEYOND * abs(rule.lowest):
        found = f"goes down to {lowest:.3g}, and {rule.function} gives nothing below {rule.lowest:.4g}"
    elif highest > rule.highest + _BEYOND * abs(rule.highest):
        found = f"goes up to {highest:.3g}, and {rule.function} gives nothing above {rule.highest:.4g}"
    else:
        return
    raise UsageError(
        f"layer '{state.name}' {found}: if these are its inputs say --recorded pre, if outputs of another "
        f"function --activation {state.name}=NAME; of gelu, silu and mish only inputs tell: "
        f"--activation {state.name}=gelu --recorded pre"
    )


def hint_out_of_range(state: LayerState) -> str | None:
    """A hint, where the recorded outputs cannot be this activation's; None when they can, up to rounding."""
    rule = state.rule
    if rule.recorded != "post" or not state.samples:
        return None
    lowest, highest = float(np.min(state.minimum, initial=INF)), float(np.max(state.maximum, initial=-INF))
    # float16 keeps three digits of -1.7581, and 0 as it is
    if lowest < rule.lowest - 1e-3 * abs(rule.lowest):
        found = f"goes down to {lowest:.3g}, {rule.function} has no output below {rule.lowest:.4g}"
    elif highest > rule.highest + 1e-3 * abs(rule.highest):
        found = f"goes up to {highest:.3g}, {rule.function} has no output above {rule.highest:.4g}"
    else:
        return None
    return f"layer '{state.name}' {found}: recorded before it (--recorded pre), or of another --activation?"


def _finite(values: Numbers) -> Numbers:
    # what gave NaN or inf is reported as such
    return values[np.isfinite(values)]
