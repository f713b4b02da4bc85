"""The values or derivatives of one activation along one array: what `eval` and `grad` return."""

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.activations import Activation
from actcli.activations.resolve import is_name
from actcli.analysis.number_types import LowType
from actcli.dataclass import dataclass
from actcli.exits import UsageError

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Numbers:
    """An input stream of numbers.

    Attributes:
        origin: where it comes from, for messages: `stdin`, `acts.npy`, `acts.npz:conv1`, `arguments`.
        array: the name of the array in a file of several; else None.
        dtype: float16, float32 or float64, native byte order.
        kind: the type of the numbers where NumPy lacks it (bfloat16, held as float32); else None.
        reference: whether results are computed by the kernels of float64 in any type, as a reference for others.
        shape: the whole array's shape, or None when it is unknown before the end (text).
        blocks: consecutive pieces of the array, 1-D; by rows 2-D with one row per line.
        axis: by rows, the axis of `shape` along which a row lies; None for the last.
        fortran: whether the pieces follow the columns (Fortran order), as in the file.
        among_others: whether the run has several arrays, so that results must name theirs.
        live: whether a person or a program may wait for each block, so that it must be passed on at once.
        on_disk: whether the blocks are read from a file on a disk, as they lie there.
        whole: whether the array holds integers.
        columns: the names of several columns of a table that are read together; each line is then a row of them.

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
    on_disk: bool = False
    kind: LowType | None = None
    reference: bool = False
    whole: bool = False
    columns: tuple[str, ...] = ()

    @property
    def size(self) -> int | None:
        """Return the count of numbers; None when it is unknown before the end."""
        return None if self.shape is None else math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """An output stream of results: pairs of blocks x, y in the order of the input.

    Attributes:
        function: the specification as the user typed it.
        quantity: the name of y: `f(x)`, `f'(x)`, `f''(x)`, `df/dalpha`.
        array: the name of the array in a file of several; else None.
        dtype: that of y, float16, float32 or float64.
        kind: the type of x and y where NumPy lacks it (bfloat16, held as float32); else None.
        shape: that of the whole y, or None when it is unknown before the end.
        by_rows: whether a block's last axis (Jacobian: last two) is one row, printed as one line.
        blocks: x and y. Elementwise: both 1-D, of equal length. By rows: x (rows, n), y (rows, m).
            A Jacobian: x (rows, n), y (rows, m, n).
        axis: by rows, the axis of `shape` along which a row of y lies; None for the last.
        fortran: whether the blocks follow the columns of `shape` (Fortran order).
        among_others: whether the run has several arrays, so that results must name theirs.
        derivative: whether y is a derivative.
        live: whether every block must be passed on at once.
        columns: the names of the columns of a table that x holds side by side, and the results in the same order.

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
    kind: LowType | None = None
    columns: tuple[str, ...] = ()

    @property
    def type_name(self) -> str:
        """Return the name of the type of x and y: `float64`, `bfloat16`."""
        return self.dtype.name if self.kind is None else self.kind.name

    @property
    def label(self) -> str | None:
        """Return the array's name in a run with several arrays; else None."""
        return self.array if self.among_others else None


def require_elementwise(functions: Iterable[Activation]) -> None:
    """Raise UsageError for a function over rows: it has no curve."""
    for f in functions:
        if f.by_rows:
            raise UsageError(f"{f.spec} works over rows; name functions of one number")


def value_name(spec: str) -> str:
    """Return the name of the value: `gelu(x)`, or the formula itself."""
    return f"{spec}(x)" if is_name(spec) else spec


def derivative_name(spec: str, order: int = 1, wrt: str = "x") -> str:
    """Return the name of a derivative: `gelu'(x)`, `(silu:2)''(x)`, `gelu^(7)(x)`, `dprelu/dalpha`."""
    plain = all(character.isalnum() or character in "_.-" for character in spec)
    function = spec if plain else f"({spec})"
    if wrt != "x":
        return f"d{spec if is_name(spec) else function}/d{wrt}"
    return f"{function}{chr(39) * order if order < 4 else f'^({order})'}(x)"


def quantity_of(quantity: str, column: str) -> str:
    """Return the name of a quantity at a column of a table: `relu(price)`, `relu'(price)`, `x*tanh(x) at price`."""
    if quantity.endswith("(x)") and quantity.find("(x)") == len(quantity) - 3:
        return f"{quantity[:-3]}({column})"
    return quantity if column == "x" else f"{quantity} at {column}"
