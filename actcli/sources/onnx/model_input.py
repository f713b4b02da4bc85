"""The inputs of a model, and the axis along which each holds the samples."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np


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
    So is one that is fixed at 1 while others are longer. Else every first axis holds the samples of a batch.
    """
    firsts = [one.fixed_length(0) for one in inputs if not one.is_scalar]
    names = [one.shape[0] for one in inputs if one.shape and isinstance(one.shape[0], str)]
    return tuple(replace(one, axis=_axis_of(one, names[0] if names else None, firsts)) for one in inputs)


def _axis_of(one: ModelInput, batch: int | str | None, firsts: Sequence[int | None]) -> int | None:
    first = one.fixed_length(0)
    if one.is_scalar:
        return None
    if first is None:
        return 0
    if batch is not None and one.shape is not None and batch in one.shape:
        return one.shape.index(batch)
    return None if None in firsts or (first == 1 and set(firsts) != {1}) else 0
