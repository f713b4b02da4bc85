"""The cells of the number line in which a formula loses digits, and the grid of points at which they are looked for."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actcli.activations.definition import Array
from actcli.activations.families.exact import LARGEST

_MOST_COMPARED = 8


@dataclass(frozen=True)
class LosingCells:
    """Intervals in which digits are lost, in ascending order, apart from each other."""

    low: Array
    high: Array

    def hold(self, x: Array) -> NDArray[np.bool_]:
        """Return where x lies in such an interval."""
        if self.low.size > _MOST_COMPARED:
            place = np.searchsorted(self.low, x, side="right")
            inside: NDArray[np.bool_] = (place > 0) & (x <= self.high[place - 1])
            return inside
        held = np.zeros(x.shape, np.bool_)
        for low, high in zip(self.low, self.high, strict=True):
            held |= (x >= low) & (x <= high)
        return held


def _grid() -> Array:
    """Return the points of the grid: quarters to 8, then powers of 2, more and more of them left out."""
    # powers of 2 themselves would be exact too often
    far = math.sqrt(2) * 2.0 ** np.concatenate(
        [np.arange(3.0, 10, 0.25), np.arange(10.0, 64, 6), np.arange(64.0, 1023, 60)]
    )
    near = math.sqrt(2) * 2.0 ** np.concatenate([np.arange(-1020.0, -64, 60), np.arange(-64.0, -3, 2)])
    side = np.concatenate([near, np.arange(1.0, 32) / 4 + 1 / 61, far])
    side = np.sort(np.append(side, LARGEST))
    return np.concatenate([-side[::-1], [0.0], side])


GRID = _grid()
