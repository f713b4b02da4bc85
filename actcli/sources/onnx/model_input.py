"""The inputs of a model, and the axis along which each holds the samples."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actcli.analysis.deadness.quick import is_counted, runs
from actcli.exits import DataError

Batch = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class ModelInput:
    """An input that a run needs.

    Attributes:
        name: of the tensor.
        dtype: of its numbers; None for strings and types that NumPy does not have.
        shape: lengths; a name or None for a free one; None as a whole where the rank is free too.
        axis: the axis of the samples; None where the same value goes along with every batch.

    """

    name: str
    dtype: np.dtype[Any] | None
    shape: tuple[int | str | None, ...] | None
    axis: int | None = 0

    @property
    def is_scalar(self) -> bool:
        """Whether it is a single number."""
        return self.shape == ()

    @property
    def shown(self) -> str:
        """The shape in messages: `(N, 3, any, any)`."""
        if self.shape is None:
            return "any shape"
        lengths = [
            str(length) if isinstance(length, int) else "N" if axis == self.axis else "any"
            for axis, length in enumerate(self.shape)
        ]
        return f"({', '.join(lengths)}{',' if len(lengths) == 1 else ''})"

    @property
    def fixed_batch(self) -> int | None:
        """The length of the axis of the samples; None where it is free, or there is none."""
        return self.fixed_length(self.axis)

    def fixed_length(self, axis: int | None) -> int | None:
        """Return the length of an axis; None where it is free, or there is none."""
        if axis is None or self.shape is None or axis >= len(self.shape):
            return None
        length = self.shape[axis]
        return length if isinstance(length, int) else None


def place_samples(inputs: Sequence[ModelInput]) -> tuple[ModelInput, ...]:
    """Return the inputs, each with the axis of its samples.

    That is the first axis where it is free, or the one with the same symbolic name: B of (2, B, 128) beside (B, 64).
    An input whose first axis is fixed while another's is free has no samples: it is a constant or a recurrent state.
    Where every first axis is fixed, those as long as that of the first input hold the samples of a batch.
    """
    firsts = [one.fixed_length(0) for one in inputs if not one.is_scalar]
    batch = None if None in firsts else next(iter(firsts), None)
    names = [one.shape[0] for one in inputs if one.shape and isinstance(one.shape[0], str)]
    return tuple(replace(one, axis=_axis_of(one, names[0] if names else None, batch)) for one in inputs)


def require_numbers(model_input: ModelInput) -> None:
    """Raise DataError for an input of strings, or of a type that NumPy does not have."""
    if model_input.dtype is None:
        raise DataError(
            f"the model's input '{model_input.name}' holds no numbers, so no array can be its value"
        )


def _axis_of(one: ModelInput, name: int | str | None, batch: int | None) -> int | None:
    first = one.fixed_length(0)
    if one.is_scalar:
        return None
    if first is None:
        return 0
    if name is not None and one.shape is not None and name in one.shape:
        return one.shape.index(name)
    return 0 if first == batch else None


def take_samples(batch: Batch, inputs: Sequence[ModelInput], samples: slice) -> Batch:
    """Return some of a batch's samples; inputs without samples go along as they are."""
    axes = {one.name: one.axis for one in inputs}
    return {
        name: array if (axis := axes[name]) is None else array[(*(slice(None),) * axis, samples)]
        for name, array in batch.items()
    }


def cut_batches(
    batches: Iterable[tuple[int, Batch]], inputs: Sequence[ModelInput], place: int | None
) -> Iterator[tuple[int, Batch, bool]]:
    """Yield batches whose samples are alike: whether their elements are counted by the rule of `deadness.quick`.

    place: that of the first sample in all the data; None where the elements of all samples are counted.
    """
    for count, batch in batches:
        if place is None:
            yield count, batch, True
            continue
        at = 0
        for length in runs(place, count):
            part = batch if length == count else take_samples(batch, inputs, slice(at, at + length))
            yield length, part, is_counted(place)
            at, place = at + length, place + length


def feed_of(batch: Batch, count: int, size: int, inputs: Sequence[ModelInput]) -> Batch:
    """A batch of the length that the model fixes: the last sample is repeated."""
    rows = fed_rows(count, size, inputs)
    if count == rows:
        return batch
    axes = {model_input.name: model_input.axis for model_input in inputs}
    return {name: _lengthen(array, axes[name], rows - count) for name, array in batch.items()}


def fed_rows(count: int, size: int, inputs: Sequence[ModelInput]) -> int:
    """Return the length of a batch of `count` samples that is fed: `size` where the model fixes it."""
    return count if all(one.fixed_batch is None for one in inputs) else size


def _lengthen(array: NDArray[Any], axis: int | None, more: int) -> NDArray[Any]:
    if axis is None:
        return array
    last = array.take([-1], axis=axis)
    return np.concatenate([array, np.repeat(last, more, axis=axis)], axis=axis)
