"""Curves of a picture that lie on one another: the later one has gaps there, so that the earlier one is seen."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.float64]
Line = tuple[Places, Places]
"""The pixels of points that are joined; x ascends."""

_NEAR = 1.3
"""Pixels between two curves of which the later one would hide the earlier one."""
_SHORTEST = 24
"""Pixels of a shared part; shorter ones are crossings."""
_DASH = 9


def split_by_sharing(line: Line, earlier: Sequence[Sequence[Line]]) -> Iterator[tuple[Line, int]]:
    """Yield the parts of a line, end to end, each with the number of earlier curves that it lies on."""
    x, y = line
    ranks = np.zeros(len(x), np.int64)
    for curve in earlier:
        ranks += np.any([_is_near(x, y, *other) for other in curve], axis=0)
    _drop_crossings(x, ranks)
    # a step belongs to a shared part if both its ends do
    steps = np.minimum(ranks[:-1], ranks[1:])
    ends = [0, *(np.flatnonzero(np.diff(steps)) + 1).tolist(), len(steps)]
    for first, last in pairwise(ends):
        yield (x[first : last + 1], y[first : last + 1]), int(steps[first])


def dashes_of(rank: int) -> str:
    """Return the style of a line on so many earlier ones; blank for none. Each of them is seen in the gaps."""
    return f"stroke-dasharray:{_DASH} {_DASH * rank};stroke-linecap:butt" if rank else ""


def _is_near(x: Places, y: Places, others_x: Places, others_y: Places) -> NDArray[np.bool_]:
    inside = (x >= others_x[0]) & (x <= others_x[-1])
    return np.asarray(inside & (np.abs(np.interp(x, others_x, others_y) - y) < _NEAR))


def _drop_crossings(x: Places, ranks: NDArray[np.int64]) -> None:
    """Set to 0 the ranks of parts that are too short for dashes."""
    edges = np.flatnonzero(np.diff(np.r_[0, ranks > 0, 0]))
    for first, last in zip(edges[::2], edges[1::2] - 1, strict=True):
        if x[last] - x[first] < _SHORTEST:
            ranks[first : last + 1] = 0
