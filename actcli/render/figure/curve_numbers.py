"""Numbers on curves that neither colours nor characters tell apart."""

from collections.abc import Sequence

import numpy as np

from actcli.analysis.figure.curves import Curve
from actcli.render.figure.chart import Cells, Frame, Places
from actcli.render.figure.scale import Scale

NUMERALS = "123456789abcdefghijklmnopqrstuvwxyz"


def heights_by_column(curve: Curve, frame: Frame, x: Scale, y: Scale, marker: str) -> Places:
    """Return, shape (columns,), the curve's line in the block at each column; NaN where it has a gap."""
    places = np.linspace(0, 1, frame.columns)
    rows = np.full(frame.columns, np.nan)
    for a, b in curve.segments:
        at, to = x.place(a), y.place(b)
        inside = (places >= at[0] - 0.5 / frame.columns) & (places <= at[-1] + 0.5 / frame.columns)
        rows[inside] = np.interp(places[inside], at, to)
    return np.array([frame.row(p, marker) if np.isfinite(p) else np.nan for p in rows.tolist()])


def number_curves(block: Cells, frame: Frame, heights: Sequence[Places]) -> None:
    """Write each curve's number on it, once in each half: alone, or beside those of its line."""
    middle = frame.columns // 2
    for low, high in ((2, middle - 1), (middle + 2, frame.columns - 2)):
        hidden = [i for i in range(len(heights)) if not _number_alone(block, frame, heights, i, low, high)]
        while hidden:
            group, at = _find_group(heights, hidden[0], low, high)
            for place, i in enumerate(group):
                block.put(int(heights[i][at + place]), frame.left + at + place, NUMERALS[i], i + 1)
            hidden = [i for i in hidden[1:] if i not in group]


def _number_alone(block: Cells, frame: Frame, heights: Sequence[Places], i: int, low: int, high: int) -> bool:
    """Write a curve's number where it is a line or more from all others; return whether there is such a place."""
    own = heights[i]
    others = [height for j, height in enumerate(heights) if j != i]
    apart = np.min([np.where(np.isnan(o), 99.0, np.abs(own - o)) for o in others], axis=0)
    part = np.where(np.isnan(own), -1.0, np.minimum(apart, 3.0))[low:high]
    if not part.size or part.max() < 1:
        return False
    # among the places that are far enough from the others, each curve takes a different one
    best = np.flatnonzero(part == part.max())
    at = low + int(best[int((i + 0.5) / len(heights) * len(best))])
    block.put(int(own[at]), frame.left + at, NUMERALS[i], i + 1)
    return True


def _find_group(heights: Sequence[Places], i: int, low: int, high: int) -> tuple[tuple[int, ...], int]:
    """Return the curves that share curve i's line over the longest stretch, and the first column for their numbers."""
    longest: tuple[tuple[int, ...], int] = ((), 0)
    room = start = 0
    before: tuple[int, ...] = ()
    for column in range(low, high):
        group = tuple(j for j, other in enumerate(heights) if other[column] == heights[i][column])
        start = start if group == before else column
        before = group
        if len(group) > 1 and column - start - len(group) > room:
            room = column - start - len(group)
            longest = group, start + room // 2 + 1
    return longest
