"""Dead units of models that the Trainer of transformers trains: the callback `DeadUnits`."""

from actcli.transformers.dead_units import DeadUnits

__all__ = ["DeadUnits"]
