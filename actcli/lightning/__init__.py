"""Dead units of Lightning modules while they train: the callback `DeadUnits`."""

from actcli.sources.optional import require_library

require_library("lightning", "actcli.lightning")

from actcli.lightning.dead_units import DeadUnits  # noqa: E402

__all__ = ["DeadUnits"]
