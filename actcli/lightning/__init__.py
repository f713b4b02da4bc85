"""Dead units of Lightning modules while they train: the callback `DeadUnits`."""

from actcli.lightning.dead_units import DeadUnits

__all__ = ["DeadUnits"]
