"""Results as one array: its shape, and its numbers in the order in which a file keeps them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from math import prod

import numpy as np

from actcli.analysis.stream.evaluation import Array, Evaluation
from actcli.exits import DataError

_NUMBERS_AT_ONCE = 1 << 18


@dataclass(slots=True)
class Extent:
    """The shape of an array that comes in blocks: declared and then checked, or counted."""

    name: str
    declared: tuple[int, ...] | None
    by_rows: bool
    numbers: int = 0
    rows: int = 0
    row_shape: tuple[int, ...] | None = None

    def count(self, y: Array) -> None:
        """Count one block; raises DataError at the first row whose length differs from the first row's."""
        if self.declared is not None:
            if self.numbers + y.size > prod(self.declared):
                raise DataError(f"more results came than shape {self.declared} needs")
        elif self.by_rows:
            if self.row_shape is None:
                self.row_shape = y.shape[1:]
            elif self.row_shape != y.shape[1:]:
                raise DataError(
                    f"row {self.rows + 1} has {y.shape[-1]} numbers, the first row {self.row_shape[-1]}: "
                    f"{self.name} needs rows of one length; --format plain or jsonl does not"
                )
        self.rows += len(y)
        self.numbers += y.size

    @property
    def shape(self) -> tuple[int, ...]:
        """The whole array's shape; where none was declared, the shape of the blocks so far."""
        if self.declared is not None:
            return self.declared
        return (self.rows, *(self.row_shape or (0,))) if self.by_rows else (self.numbers,)

    def check_complete(self) -> None:
        """Raise DataError unless the blocks had as many numbers as the shape needs."""
        if self.numbers != prod(self.shape):
            raise DataError(f"{self.numbers} results came, but shape {self.shape} needs {prod(self.shape)}")


def extent_of(evaluation: Evaluation, name: str) -> Extent:
    """Return an extent with nothing counted yet; `name` is the format, for messages."""
    return Extent(name, evaluation.shape, evaluation.by_rows)


def file_blocks(evaluation: Evaluation, extent: Extent, *, fortran: bool) -> Iterator[Array]:
    """Yield the contiguous blocks of y as a file keeps them, counted by `extent`.

    C order; with `fortran`, blocks that follow the columns are passed on as they are. Rows along another axis than
    the last are collected first. A block is valid until the next one is pulled. Raises DataError for rows of
    several lengths, and when the count of numbers does not fit the shape.
    """
    blocks: Iterator[Array] = (y for _, y in evaluation.blocks)
    first = next(blocks, None)
    if first is None:
        extent.check_complete()
        return
    blocks = chain([first], blocks)
    if _is_in_file_order(evaluation, first, fortran=fortran):
        for y in blocks:
            extent.count(y)
            yield np.ascontiguousarray(y, dtype=evaluation.dtype)
        extent.check_complete()
        return
    whole = _collect(evaluation, blocks, extent)
    flags = ["external_loop", "buffered", "zerosize_ok"]
    yield from np.nditer(whole, flags=flags, order="C", buffersize=_NUMBERS_AT_ONCE)  # type: ignore[call-overload]


def _is_in_file_order(evaluation: Evaluation, y: Array, *, fortran: bool) -> bool:
    if evaluation.shape is None:
        return True
    if evaluation.fortran:
        return fortran
    return evaluation.axis in {None, len(evaluation.shape) - _axes_of_a_row(y)}


def _collect(evaluation: Evaluation, blocks: Iterable[Array], extent: Extent) -> Array:
    """Return the whole array with its axes in their own order; it needs memory for all results."""
    shape = extent.shape
    flat = np.empty(prod(shape), dtype=evaluation.dtype)
    row_axes = 1
    for y in blocks:
        start = extent.numbers
        extent.count(y)
        flat[start : extent.numbers] = y.reshape(-1)
        row_axes = _axes_of_a_row(y)
    extent.check_complete()
    if evaluation.fortran:
        return flat.reshape(shape, order="F")
    axis = evaluation.axis
    if axis is None:
        return flat.reshape(shape)
    # A row's results lie along `axis`; a Jacobian has the row's inputs along one more axis, the last.
    others = [length for at, length in enumerate(shape[: len(shape) - row_axes + 1]) if at != axis]
    tail = [shape[axis], *shape[len(shape) - row_axes + 1 :]]
    return np.moveaxis(flat.reshape(others + tail), -row_axes, axis)


def _axes_of_a_row(y: Array) -> int:
    return max(1, y.ndim - 1)
