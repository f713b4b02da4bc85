"""Dead units of Keras 3 models while they train: the callback `DeadUnits`, on every backend."""

from actcli.keras.dead_units import DeadUnits

__all__ = ["DeadUnits"]
