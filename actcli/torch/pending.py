"""Numbers of the last passes that wait to be put together in one step, on the device.

Small steps are what watching every pass of a model of many layers costs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import torch

from actcli.analysis.deadness.unit_state import NEVER

Tensor: TypeAlias = torch.Tensor

MOST_PENDING = 32
"""Pieces that wait at most."""
_SUMS = ("fired", "firing_elements", "sum", "squares")


@dataclass(frozen=True, slots=True)
class PendingPiece:
    """Numbers of one piece.

    Attributes:
        offset: samples before the piece.
        sums: of each unit: the samples and the positions at which it fired, the values' distances from a number near
            their mean, and their squares. (4, units).
        latest: the number of the sample in which each unit fired last, from 1; 0 if it did not fire.
        low, high: the extremes; None where they were noted at once.

    """

    offset: int | Tensor
    sums: Tensor
    latest: Tensor
    low: Tensor | None
    high: Tensor | None


class Pending:
    """The pieces that wait, and the sums of |h| of pieces of outputs."""

    def __init__(self) -> None:
        self.pieces: list[PendingPiece] = []
        self.sizes: list[Tensor] = []

    def settle(self, counts: Mapping[str, Tensor], numbers: Mapping[str, Tensor]) -> None:
        """Add what waits to the counts and numbers of a layer, by name."""
        pieces, sizes, wide = self.pieces, self.sizes, numbers["sum"].dtype
        self.pieces, self.sizes = [], []
        if sizes:
            numbers["absolute"].add_(torch.stack([size.to(wide) for size in sizes]).sum(0))
        if not pieces:
            return
        sums = torch.stack([piece.sums.to(wide) for piece in pieces]).sum(0)
        for name, row in zip(_SUMS, sums, strict=True):
            add_counts(counts[name] if name in counts else numbers[name], row)
        lows = [piece.low.to(wide) for piece in pieces if piece.low is not None]
        highs = [piece.high.to(wide) for piece in pieces if piece.high is not None]
        if lows:
            stretch(numbers, "minimum", torch.stack(lows).amin(0))
            stretch(numbers, "maximum", torch.stack(highs).amax(0))
        _note_last(counts["last"], pieces)


def add_counts(row: Tensor, counts: Tensor) -> None:
    """Add numbers of each unit to a row, in the row's type."""
    row.add_(counts if row.dtype.is_floating_point else counts.to(row.dtype))


def stretch(numbers: Mapping[str, Tensor], name: str, extreme: Tensor) -> None:
    """Widen a row of extremes, whose name ends in `maximum` or `minimum`."""
    wider = torch.maximum if name.endswith("maximum") else torch.minimum
    wider(numbers[name], extreme, out=numbers[name])


def _note_last(last: Tensor, pieces: list[PendingPiece]) -> None:
    """Note in which sample each unit fired last; later pieces have later samples."""
    latest = torch.stack([piece.latest.to(last.dtype) for piece in pieces])
    offsets = torch.stack([_on_device(piece.offset, last) for piece in pieces]).unsqueeze(1)
    places = torch.where(latest > 0, latest + (offsets - 1), NEVER)
    torch.maximum(last, places.amax(0), out=last)


def _on_device(offset: int | Tensor, like: Tensor) -> Tensor:
    if isinstance(offset, int):
        return torch.full((), offset, dtype=like.dtype, device=like.device)
    return offset.to(like.dtype)
