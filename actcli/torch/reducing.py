"""Reductions of a tensor to its units, and masks of an interval: the few kernels that the statistics are made of."""

import math
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import torch

from actcli.analysis.card.landmarks import Interval
from actcli.analysis.deadness.firing_rule import INF, round_to_type
from actcli.torch.scratch import Scratch

Tensor: TypeAlias = torch.Tensor

HOST_TYPES: dict[Any, np.dtype[Any]] = {
    torch.float32: np.dtype(np.float32),
    torch.float64: np.dtype(np.float64),
}
"""The types in which values are counted, and NumPy's."""


_SMALL = 1 << 18
"""Elements from which on two steps, positions and samples, take less time than one (measured)."""


def over_positions(values: Tensor, axis: int) -> Tensor:
    """Return the sums over positions, (samples, units); the values themselves where there is one position."""
    positions = [i for i in range(1, values.ndim) if i != axis]
    return values.sum(positions) if positions else values


def extreme(values: Tensor, axis: int, *, largest: bool) -> Tensor:
    """Return the largest or the smallest value of each unit; NaN if there is one. Infinite without values."""
    if not values.numel():
        shape = (values.shape[axis],)
        return values.new_full(shape, -math.inf if largest else math.inf)
    extreme = torch.amax if largest else torch.amin
    if values.numel() < _SMALL:
        return extreme(values, [i for i in range(values.ndim) if i != axis])
    positions = [i for i in range(1, values.ndim) if i != axis]
    per_sample = extreme(values, positions) if positions else values
    return extreme(per_sample, 0)


def within(interval: Interval, x: Tensor, scratch: Scratch, place: int) -> Tensor:
    """Return 1 where values lie in an interval, exactly as if compared in float64, else 0; NaN does not."""
    inside = scratch.like(x, place)
    low, high = interval.low, interval.high
    if low == -INF and high == INF:
        return torch.eq(x, x, out=inside)
    if low > -INF:
        bound = _bound(low, x.dtype, up=interval.holds_low)
        (torch.ge if interval.holds_low else torch.gt)(x, bound, out=inside)
        if high == INF:
            return inside
    below = scratch.like(x, place + 1) if low > -INF else inside
    bound = _bound(high, x.dtype, up=not interval.holds_high)
    (torch.le if interval.holds_high else torch.lt)(x, bound, out=below)
    return inside.mul_(below) if low > -INF else below


@lru_cache(maxsize=1024)
def _bound(bound: float, dtype: torch.dtype, *, up: bool) -> float:
    return float(round_to_type(bound, HOST_TYPES[dtype], up=up))
