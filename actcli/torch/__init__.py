"""Watch the units of a PyTorch model while it trains: `from actcli.torch import Watch`."""

from actcli.sources.optional import require_library

require_library("torch", "actcli.torch")

from actcli.torch.watch import Watch  # noqa: E402

__all__ = ["Watch"]
