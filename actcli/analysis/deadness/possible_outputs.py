"""Recorded outputs that an activation cannot give: they belong to another one, or are its inputs."""

import numpy as np

from actcli.analysis.deadness.firing_rule import INF
from actcli.analysis.deadness.unit_state import LayerState, Numbers
from actcli.exits import UsageError

_ROUNDING = 1e-3
"""Fraction of a bound by which outputs may overstep it: float16 keeps three digits of -1.7581. 0 is always exact."""
_IMPOSSIBLE = 0.05
"""Fraction of a bound beyond which outputs are refused: quantised outputs overstep it by a step."""


def require_possible(state: LayerState) -> None:
    """Raise UsageError if a layer's finite outputs lie outside the range of its activation.

    A verdict on such a layer would be wrong whatever the numbers: a gelu taken for a relu has no dead unit. Recorded
    inputs are never refused, nor are outputs that overstep a bound other than 0 by less than a twentieth of it.
    """
    wrong = describe_impossible(state)
    if wrong is not None:
        raise UsageError(
            f"layer '{state.name}' {wrong}: for its inputs say `recorded=pre`, for outputs of another function "
            f"`activation={state.name}=NAME`; gelu, silu and mish need both: "
            f"`activation={state.name}=gelu` `recorded=pre`"
        )


def describe_impossible(state: LayerState) -> str | None:
    """Return how a layer's finite outputs leave the range of its activation; None if they do not."""
    return _overstep(state, _finite(state.minimum), _finite(state.maximum), _IMPOSSIBLE)


def hint_out_of_range(state: LayerState) -> str | None:
    """Return a hint if the recorded outputs cannot be this activation's, up to rounding; else None."""
    wrong = _overstep(state, state.minimum, state.maximum, _ROUNDING) if state.samples else None
    if wrong is None:
        return None
    return f"layer '{state.name}' {wrong}: are these its inputs, or another activation's outputs?"


def _overstep(state: LayerState, minimum: Numbers, maximum: Numbers, tolerance: float) -> str | None:
    """Return how recorded outputs leave the activation's range; None if they do not."""
    rule = state.rule
    if rule.recorded != "post":
        return None
    lowest, highest = float(np.min(minimum, initial=INF)), float(np.max(maximum, initial=-INF))
    if lowest < rule.lowest - tolerance * abs(rule.lowest):
        return f"goes down to {lowest:.3g}, and {rule.function} has no output below {rule.lowest:.4g}"
    if highest > rule.highest + tolerance * abs(rule.highest):
        return f"goes up to {highest:.3g}, and {rule.function} has no output above {rule.highest:.4g}"
    return None


def _finite(values: Numbers) -> Numbers:
    # units that gave NaN or inf are reported as such
    return values[np.isfinite(values)]
