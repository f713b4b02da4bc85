"""Dead units of Keras 3 models while they train: the callback `DeadUnits`, on every backend."""

from actcli.sources.optional import require_library

require_library("keras", "actcli.keras")

from actcli.keras.dead_units import DeadUnits  # noqa: E402

__all__ = ["DeadUnits"]
