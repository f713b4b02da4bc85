"""A limit to the work that goes into the digits that a formula loses, for whatever measures one."""

from dataclasses import replace

from actcli.activations import Activation
from actcli.activations.definition import FORMULA


def limit_effort(f: Activation) -> Activation:
    """Return the function with a limit to what goes into the digits that a formula loses, unless it has one."""
    if f.definition.family != FORMULA or f.effort is not None:
        return f
    from actcli.activations.calculus.effort import UNITS, Effort

    return replace(f, effort=Effort(UNITS))
