"""The values or derivatives of one activation along one array: what `eval` and `grad` return."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activations.resolve import is_name

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Numbers:
    """A stream of numbers on its way in.

    Attributes:
        origin: where it comes from, for messages: `stdin`, `acts.npy`, `acts.npz:conv1`, `arguments`.
        array: the name of the array in its file, where a file holds several; else None.
        dtype: float16, float32 or float64, native byte order.
        shape: the whole array's shape, or None when it is not known before the end (text).
        blocks: consecutive pieces of the array. Elementwise: 1-D. By rows: 2-D, a row a line.
        axis: by rows: the axis of `shape` along which a row lies; None is the last.
        fortran: the pieces follow the columns (Fortran order), as the file does.
        among_others: the run has several arrays, and each must be told from the others.
        live: a person or a program may be waiting for each block: pass every one on at once.

    """

    origin: str
    array: str | None
    dtype: np.dtype[Any]
    shape: tuple[int, ...] | None
    blocks: Iterator[Array]
    axis: int | None = None
    fortran: bool = False
    among_others: bool = False
    live: bool = False


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A stream of results on its way out: pairs of blocks x, y in the order of the input.

    Attributes:
        function: the specification as the user typed it.
        quantity: what y is: `f(x)`, `f'(x)`, `f''(x)`, `df/dalpha`.
        array: the name of the array in its file, where a file holds several; else None.
        dtype: of y: float16, float32 or float64.
        shape: of the whole y, or None when it is not known before the end.
        by_rows: a block's last axis (Jacobian: last two) is one row, and a row is one line of text.
        blocks: x and y. Elementwise: both 1-D, of one length. By rows: x (rows, n), y (rows, m).
            A Jacobian: x (rows, n), y (rows, m, n).
        axis: by rows: the axis of `shape` along which a row of y lies; None is the last.
        fortran: the blocks follow the columns of `shape` (Fortran order).
        among_others: the run has several arrays, and each must be told from the others.
        derivative: y is a derivative.
        live: pass every block on at once.

    """

    function: str
    quantity: str
    array: str | None
    dtype: np.dtype[Any]
    shape: tuple[int, ...] | None
    blocks: Iterator[tuple[Array, Array]]
    by_rows: bool = False
    axis: int | None = None
    fortran: bool = False
    among_others: bool = False
    derivative: bool = False
    live: bool = False

    @property
    def label(self) -> str | None:
        """The array's name, where it must be told from others."""
        return self.array if self.among_others else None


def value_name(spec: str) -> str:
    """How the value is written: `gelu(x)`, or the formula as it stands."""
    return f"{spec}(x)" if is_name(spec) else spec


def derivative_name(spec: str, order: int = 1, wrt: str = "x") -> str:
    """How a derivative is written: `gelu'(x)`, `(silu:2)''(x)`, `gelu^(7)(x)`, `dprelu/dalpha`."""
    plain = all(character.isalnum() or character in "_.-" for character in spec)
    function = spec if plain else f"({spec})"
    if wrt != "x":
        return f"d{spec if is_name(spec) else function}/d{wrt}"
    return f"{function}{chr(39) * order if order < 4 else f'^({order})'}(x)"
