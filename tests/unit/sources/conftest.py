"""What the tests of the sources share: a terminal around some bytes, and streams drawn to their end."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from actcli.exits import ActcliError
from actcli.sources import NumberRequest, open_numbers
from actcli.terminal import Terminal


@dataclass
class Drawn:
    """One stream drawn to its end, or to its error."""

    origin: str
    array: str | None
    dtype: np.dtype
    shape: tuple[int, ...] | None
    axis: int | None
    fortran: bool
    live: bool
    blocks: list[np.ndarray] = field(default_factory=list)
    error: ActcliError | None = None

    @property
    def values(self) -> np.ndarray:
        return np.concatenate(self.blocks) if self.blocks else np.empty(0, self.dtype)


class Trickle(io.RawIOBase):
    """A pipe that hands on its bytes in the given pieces, and nothing ever twice."""

    def __init__(self, pieces):
        self._pieces = [piece for piece in pieces if piece]

    def readable(self):
        return True

    def readinto(self, buffer):
        if not self._pieces:
            return 0
        piece = self._pieces.pop(0)
        count = min(len(buffer), len(piece))
        buffer[:count] = piece[:count]
        if count < len(piece):
            self._pieces.insert(0, piece[count:])
        return count


def _terminal(stdin: object = b"", *, tty: bool = False) -> Terminal:
    source = io.BytesIO(stdin) if isinstance(stdin, bytes) else stdin
    return Terminal(stdin=source, stdout=None, stderr=None, stdin_is_tty=tty)


def _draw_all(request: NumberRequest, stdin: object = b"") -> list[Drawn]:
    streams = []
    for numbers in open_numbers(request, _terminal(stdin)):
        fields = ("origin", "array", "dtype", "shape", "axis", "fortran", "live")
        drawn = Drawn(*(getattr(numbers, name) for name in fields))
        streams.append(drawn)
        try:
            drawn.blocks.extend(numbers.blocks)
        except ActcliError as error:
            drawn.error = error
    return streams


def _draw(request: NumberRequest, stdin: object = b"") -> Drawn:
    (drawn,) = _draw_all(request, stdin)
    return drawn


@pytest.fixture(scope="session")
def terminal() -> Callable[..., Terminal]:
    return _terminal


@pytest.fixture(scope="session")
def draw() -> Callable[..., Drawn]:
    return _draw


@pytest.fixture(scope="session")
def draw_all() -> Callable[..., list[Drawn]]:
    return _draw_all


@pytest.fixture(scope="session")
def trickle() -> type[Trickle]:
    return Trickle
