"""Watch the units of a PyTorch model while it trains: `from actcli.torch import Watch`."""

from actcli.torch.watch import Watch

__all__ = ["Watch"]
