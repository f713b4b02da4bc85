"""Dead units of models that the Trainer of transformers trains: the callback `DeadUnits`."""

from actcli.sources.optional import require_library

require_library("transformers", "actcli.transformers")

from actcli.transformers.dead_units import DeadUnits  # noqa: E402

__all__ = ["DeadUnits"]
